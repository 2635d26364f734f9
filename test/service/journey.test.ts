import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import { createLeeway } from '../../src/service/create-leeway.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { migrate, sqliteRepository } from '../../src/stores/sqlite/index.js'
import { phone } from '../../src/testing/index.js'
import { decodeBase32, prepareTotp } from '../../src/totp/index.js'
import { drivers, temporaryFile } from '../stores/sqlite-drivers.js'
import {
  DAY,
  type Enrolled,
  enroll,
  HOUR,
  K1,
  MINUTE,
  NOW,
  type Options,
  type Setting,
  STEP,
  settingOf,
  WRONG_RECOVERY_CODE,
  wrongCode,
} from './setting.js'

interface Store {
  repository: EnrollmentRepository
  close(): unknown
}

const STORES: Record<string, () => Promise<Store>> = {
  memory: async () => ({ repository: memoryRepository(), close: () => undefined }),
  ...Object.fromEntries(
    drivers
      .filter(({ skip }) => skip === null)
      .map(({ name, open }) => [
        `SQLite through ${name}`,
        async () => {
          const db = open(temporaryFile())
          await migrate(db)
          return { repository: sqliteRepository(db), close: () => db.close() }
        },
      ]),
  ),
}

const MONTH = { period: { days: 30 } } as const
const CODE_FORM = /^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/

for (const [name, open] of Object.entries(STORES)) {
  describe(`the life of a user on ${name}`, () => {
    let store: Store
    let setting: Setting
    beforeEach(async () => {
      store = await open()
      setting = settingOf({ repository: store.repository })
    })
    afterEach(() => store.close())

    const typesTold = (): string[] => setting.told.map(({ type }) => type)
    /** The same store in the hands of another process. */
    const restarted = (options: Options = {}): Setting =>
      settingOf({ repository: store.repository, clock: setting.clock, ...options })

    it('leads from a requirement over "not now" to an authenticator, and from then on to challenges', async () => {
      const { leeway, clock } = setting
      expect(await leeway.signIn('ada')).toEqual({
        action: 'allow',
        phase: 'optional',
        deadline: null,
        daysLeft: null,
        sessionsValidFrom: null,
      })
      const required = await leeway.requireEnrollment(
        'ada',
        { ...MONTH, postponements: 2 },
        { actor: 'root', reason: 'new rule' },
      )
      expect(required).toMatchObject({ changed: true, phase: 'enrollment-period', userId: 'ada' })
      expect(required.requirement).toMatchObject({
        assignedAt: NOW,
        startsAt: NOW,
        deadline: NOW + 30 * DAY,
        daysLeft: 30,
        selfEnrollment: 'always',
        postponementsLeft: 2,
      })
      expect(await leeway.requireEnrollment('ada', { ...MONTH, postponements: 2 })).toMatchObject({ changed: false })

      const offer = { action: 'offer-setup', phase: 'enrollment-period', daysLeft: 30, passRequired: false } as const
      expect(await leeway.signIn('ada')).toMatchObject({ ...offer, postponementsLeft: 2 })
      expect(await leeway.postponeSetup('ada', { signInId: 'monday' })).toMatchObject({
        ...offer,
        postponementsLeft: 1,
      })
      expect(await leeway.postponeSetup('ada', { signInId: 'monday' })).toMatchObject({
        ...offer,
        postponementsLeft: 1,
      })
      expect(await leeway.postponeSetup('ada', { signInId: 'tuesday' })).toMatchObject({
        ...offer,
        postponementsLeft: 0,
      })
      expect(await leeway.decide('ada')).toMatchObject({ ...offer, postponementsLeft: 0 })
      expect(await leeway.signIn('ada')).toMatchObject({ action: 'require-setup', reason: 'postponements-used' })

      const { phone: app, recoveryCodes, authenticatorId } = await enroll(setting, 'ada')
      expect(recoveryCodes).toHaveLength(10)
      for (const code of recoveryCodes) expect(code).toMatch(CODE_FORM)
      expect(new Set(recoveryCodes).size).toBe(10)
      expect(await leeway.signIn('ada')).toEqual({
        action: 'challenge',
        phase: 'enrolled',
        deadline: NOW + 30 * DAY,
        daysLeft: 30,
        sessionsValidFrom: NOW,
        methods: [
          { method: 'totp', lockedUntil: null },
          { method: 'recovery-code', lockedUntil: null },
        ],
      })
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toEqual({
        ok: true,
        method: 'totp',
        authenticatorId,
        recoveryCodesLeft: 10,
        failuresSinceLastSuccess: 0,
      })
      expect((await leeway.status('ada')).authenticators).toEqual([
        { id: authenticatorId, label: 'Authenticator app', boundAt: NOW, lastUsedAt: NOW + STEP },
      ])
      expect(typesTold()).toEqual([
        'requirement-assigned',
        'first-sign-in',
        'setup-postponed',
        'setup-postponed',
        'setup-begun',
        'authenticator-bound',
        'code-accepted',
      ])
      expect(setting.told[0]).toMatchObject({ actor: 'root', reason: 'new rule', userId: 'ada', at: NOW })
      // Past its deadline an authenticator goes on being one.
      clock.advance(40 * DAY)
      expect(await leeway.signIn('ada')).toMatchObject({ action: 'challenge', phase: 'enrolled', daysLeft: 0 })
    })

    it('hands the same secret back to the session that began a set-up, and a fresh one to any other', async () => {
      const { leeway, clock } = setting
      const first = await leeway.beginSetup('ada', { accountName: 'ada@example.com', label: 'Phone' })
      if (!first.ok) throw new Error(first.reason)
      expect(first.setup).toMatchObject({ resumed: false, expiresAt: NOW + 10 * MINUTE })
      expect(decodeBase32(first.setup.secret)).toHaveLength(20)
      expect(first.setup.keyUri).toBe(
        `otpauth://totp/Example:ada%40example.com?secret=${first.setup.secret}&issuer=Example&algorithm=SHA1&digits=6&period=30`,
      )
      expect((await leeway.status('ada')).setup).toEqual({ expiresAt: NOW + 10 * MINUTE })

      clock.advance(MINUTE)
      const events = setting.told.length
      const again = await restarted().leeway.beginSetup('ada', {
        accountName: 'ada@example.com',
        setupId: first.setup.id,
      })
      expect(again).toEqual({ ok: true, setup: { ...first.setup, resumed: true } })
      expect(setting.told).toHaveLength(events)

      const other = await leeway.beginSetup('ada', { accountName: 'ada@example.com' })
      if (!other.ok) throw new Error(other.reason)
      expect(other.setup).toMatchObject({ resumed: false, expiresAt: NOW + 11 * MINUTE })
      expect(other.setup.id).not.toBe(first.setup.id)
      expect(other.setup.secret).not.toBe(first.setup.secret)
      const code = phone(first.setup.secret).codeAt(clock())
      expect(await leeway.confirmSetup('ada', code, { setupId: first.setup.id })).toEqual({
        ok: false,
        reason: 'no-setup',
      })
      const late = await leeway.beginSetup('ada', { accountName: 'ada', setupId: first.setup.id })
      expect(late.ok && late.setup.resumed).toBe(false)
    })

    it('tells how far off the clock of a phone is, and accepts nothing of it', async () => {
      const { leeway, clock } = setting
      const begun = await leeway.beginSetup('ada', { accountName: 'ada' })
      if (!begun.ok) throw new Error(begun.reason)
      const app = phone(begun.setup.keyUri)
      const invalid = { ok: false, reason: 'invalid-code' } as const
      const confirm = (code: unknown) => leeway.confirmSetup('ada', code)
      expect(await confirm(app.codeAt(NOW + 5 * STEP))).toEqual({ ...invalid, triesLeft: 4, clockOffsetSeconds: 150 })
      expect(await confirm(app.codeAt(NOW - 10 * STEP))).toEqual({ ...invalid, triesLeft: 3, clockOffsetSeconds: -300 })
      expect(await confirm(wrongCode(app, NOW))).toEqual({ ...invalid, triesLeft: 2, clockOffsetSeconds: null })
      expect(await confirm('12345')).toEqual({ ...invalid, triesLeft: 2, clockOffsetSeconds: null })
      // A step off is within the drift window.
      expect(await confirm(app.codeAt(NOW - STEP))).toMatchObject({ ok: true })
      clock.set(NOW)
      expect(await leeway.verifyCode('ada', app.codeAt(NOW - STEP))).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await leeway.verifyCode('ada', app.codeAt(NOW))).toMatchObject({ ok: true })
    })

    it('drops a set-up after its tries and after its time, and locks nothing', async () => {
      const { leeway, clock } = setting
      const begin = async () => {
        const begun = await leeway.beginSetup('ada', { accountName: 'ada' })
        if (!begun.ok) throw new Error(begun.reason)
        return phone(begun.setup.keyUri)
      }
      const failing = await begin()
      for (const triesLeft of [4, 3, 2, 1, 0]) {
        expect(await leeway.confirmSetup('ada', wrongCode(failing, NOW))).toMatchObject({ triesLeft })
      }
      expect(await leeway.confirmSetup('ada', failing.codeAt(NOW))).toEqual({ ok: false, reason: 'no-setup' })
      const slow = await begin()
      clock.advance(10 * MINUTE)
      expect(await leeway.confirmSetup('ada', slow.codeAt(clock()))).toEqual({ ok: false, reason: 'expired' })
      expect((await leeway.status('ada')).setup).toBeNull()
      await begin()
      await leeway.cancelSetup('ada', { setupId: 'another' })
      expect((await leeway.status('ada')).setup).not.toBeNull()
      await leeway.cancelSetup('ada')
      expect((await leeway.status('ada')).setup).toBeNull()
      expect((await leeway.status('ada')).lock).toEqual({ totp: { state: 'open' }, recovery: { state: 'open' } })
    })

    it('accepts a code once, be it by another process, after a restart, or with the clock set back', async () => {
      const { leeway, clock } = setting
      const { phone: app } = await enroll(setting, 'ada')
      const code = app.codeAt(clock())
      const refused = { ok: false, reason: 'invalid-code' } as const
      // The code that confirmed the set-up is used up with it.
      expect(await leeway.verifyCode('ada', app.codeAt(NOW))).toEqual(refused)
      expect(await leeway.verifyCode('ada', `${code.slice(0, 3)} ${code.slice(3)}`)).toMatchObject({ ok: true })
      for (const now of [clock(), clock() + STEP - 1, clock() + STEP, clock() - 5 * MINUTE]) {
        clock.set(now)
        for (const spelt of [code, ` ${code}`, code.split('').join('-')]) {
          expect(await restarted().leeway.verifyCode('ada', spelt)).toEqual(refused)
        }
      }
      const { lock } = await leeway.status('ada')
      expect(lock.totp).toEqual({ state: 'open' })
    })

    it('takes a recovery code once, however it is typed, and counts its failures apart', async () => {
      const { leeway, clock } = setting
      const { phone: app, recoveryCodes } = await enroll(setting, 'ada')
      const [first = '', second = ''] = recoveryCodes
      for (let failure = 0; failure < 5; failure++) {
        expect(await leeway.verifyCode('ada', wrongCode(app, clock()))).toEqual({ ok: false, reason: 'invalid-code' })
      }
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toEqual({
        ok: false,
        reason: 'locked',
        retryAt: clock() + MINUTE,
      })
      const typed = first.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')
      expect(await leeway.useRecoveryCode('ada', typed)).toEqual({
        ok: true,
        method: 'recovery-code',
        authenticatorId: null,
        recoveryCodesLeft: 9,
        failuresSinceLastSuccess: 0,
      })
      expect(await leeway.useRecoveryCode('ada', first)).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await leeway.useRecoveryCode('ada', WRONG_RECOVERY_CODE)).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await leeway.useRecoveryCode('ada', second)).toMatchObject({
        ok: true,
        recoveryCodesLeft: 8,
        failuresSinceLastSuccess: 1,
      })
      expect(await leeway.unlock('ada', { actor: 'root' })).toMatchObject({ changed: true })
      expect(await leeway.unlock('ada')).toMatchObject({ changed: false })
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toMatchObject({
        ok: true,
        failuresSinceLastSuccess: 0,
      })
    })

    it('binds a second authenticator only with a proof, which is used up', async () => {
      const { leeway, clock } = setting
      const { phone: app, recoveryCodes, authenticatorId } = await enroll(setting, 'ada')
      const options = { accountName: 'ada', label: 'Tablet' }
      expect(await leeway.beginSetup('ada', options)).toEqual({ ok: false, reason: 'proof-required' })
      const code = app.codeAt(clock())
      const wrong = { code: wrongCode(app, clock()) }
      expect(await leeway.beginSetup('ada', { ...options, proof: wrong })).toEqual({
        ok: false,
        reason: 'invalid-code',
      })
      const begun = await leeway.beginSetup('ada', { ...options, proof: { code } })
      if (!begun.ok) throw new Error(begun.reason)
      expect(await leeway.verifyCode('ada', code)).toEqual({ ok: false, reason: 'invalid-code' })
      const tablet = phone(begun.setup.keyUri)
      expect(await leeway.confirmSetup('ada', tablet.codeAt(clock()), { setupId: begun.setup.id })).toEqual({
        ok: true,
        authenticatorId: begun.setup.id,
        recoveryCodes: null,
        revokeOtherSessions: true,
      })
      clock.advance(STEP)
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toMatchObject({ ok: true, authenticatorId })
      expect(await leeway.verifyCode('ada', tablet.codeAt(clock()))).toMatchObject({ authenticatorId: begun.setup.id })
      const proof = { recoveryCode: recoveryCodes[0] }
      expect(await leeway.beginSetup('ada', { ...options, proof })).toMatchObject({ ok: true })
      expect(await leeway.useRecoveryCode('ada', recoveryCodes[0])).toEqual({ ok: false, reason: 'invalid-code' })
    })

    it('renames and removes authenticators, but not the last one while a requirement stands', async () => {
      const { leeway, clock } = setting
      const { phone: app, authenticatorId: id } = await enroll(setting, 'ada')
      expect(await leeway.renameAuthenticator('ada', id, 'Old phone')).toMatchObject({
        changed: true,
        authenticators: [{ id, label: 'Old phone' }],
      })
      expect(await leeway.renameAuthenticator('ada', id, 'Old phone')).toMatchObject({ changed: false })
      expect(await leeway.renameAuthenticator('ada', 'nobody', 'x')).toMatchObject({ changed: false })
      await leeway.requireEnrollment('ada', MONTH)
      const proof = () => ({ code: app.codeAt(clock()) })
      expect(await leeway.removeAuthenticator('ada', 'nobody', proof())).toEqual({
        ok: false,
        reason: 'unknown-authenticator',
      })
      expect(await leeway.removeAuthenticator('ada', id, proof())).toEqual({ ok: false, reason: 'last-authenticator' })
      await leeway.makeOptional('ada')
      expect(await leeway.removeAuthenticator('ada', id, { code: wrongCode(app, clock()) })).toEqual({
        ok: false,
        reason: 'invalid-code',
      })
      expect(await leeway.removeAuthenticator('ada', id, proof())).toEqual({ ok: true })
      expect(await leeway.status('ada')).toMatchObject({ phase: 'optional', authenticators: [], recoveryCodesLeft: 0 })
    })

    it('replaces recovery codes with a proof, and the old ones are worth nothing', async () => {
      const { leeway, clock } = setting
      const { phone: app, recoveryCodes } = await enroll(setting, 'ada')
      const wrong = { code: wrongCode(app, clock()) }
      expect(await leeway.replaceRecoveryCodes('ada', wrong)).toEqual({ ok: false, reason: 'invalid-code' })
      const replaced = await leeway.replaceRecoveryCodes('ada', { recoveryCode: recoveryCodes[3] })
      if (!replaced.ok) throw new Error(replaced.reason)
      expect(replaced.recoveryCodes).toHaveLength(10)
      expect(new Set([...recoveryCodes, ...replaced.recoveryCodes]).size).toBe(20)
      for (const old of recoveryCodes.slice(0, 4)) {
        expect(await leeway.useRecoveryCode('ada', old)).toEqual({ ok: false, reason: 'invalid-code' })
      }
      expect(await leeway.useRecoveryCode('ada', replaced.recoveryCodes[0])).toMatchObject({ recoveryCodesLeft: 9 })
    })

    it('resets with the grace that was chosen, and keeps the failures', async () => {
      const { leeway, clock } = setting
      await leeway.requireEnrollment('ada', MONTH)
      await leeway.signIn('ada')
      const { phone: app } = await enroll(setting, 'ada')
      for (let failure = 0; failure < 5; failure++) await leeway.verifyCode('ada', wrongCode(app, clock()))
      const remaining = await leeway.resetMfa('ada', { grace: 'remaining' }, { reason: 'lost phone' })
      expect(remaining).toMatchObject({
        changed: true,
        phase: 'enrollment-period',
        authenticators: [],
        recoveryCodesLeft: 0,
      })
      expect(remaining.requirement?.deadline).toBe(NOW + 30 * DAY)
      expect(remaining.lock.totp).toEqual({ state: 'locked', until: clock() + MINUTE })
      expect(await leeway.resetMfa('ada', { grace: 'remaining' })).toMatchObject({ changed: false })
      expect(await leeway.resetMfa('ada', { grace: { days: 3 } })).toMatchObject({
        changed: true,
        requirement: { deadline: clock() + 3 * DAY },
      })
      expect(await leeway.resetMfa('ada', { grace: 'none' })).toMatchObject({ changed: true, phase: 'overdue' })
      expect(await leeway.decide('ada')).toMatchObject({
        action: 'require-setup',
        reason: 'overdue',
        sessionsValidFrom: clock(),
      })
    })

    it('revokes an authenticator without its user, and ends his sessions', async () => {
      const { leeway, clock } = setting
      const { authenticatorId } = await enroll(setting, 'ada')
      clock.advance(HOUR)
      expect(await leeway.revokeAuthenticator('ada', 'nobody')).toMatchObject({ changed: false })
      expect(await leeway.revokeAuthenticator('ada', authenticatorId)).toMatchObject({
        changed: true,
        authenticators: [],
        recoveryCodesLeft: 0,
      })
      expect(await leeway.decide('ada')).toMatchObject({ sessionsValidFrom: clock() })
    })

    it('asks a pass of an account that let its whole period pass without signing in', async () => {
      const { leeway, clock } = setting
      await leeway.requireEnrollment('ada', { period: { days: 7 } })
      clock.advance(8 * DAY)
      expect(await leeway.signIn('ada')).toMatchObject({
        action: 'require-setup',
        reason: 'overdue',
        passRequired: true,
      })
      const begin = (pass?: unknown) => leeway.beginSetup('ada', { accountName: 'ada', pass })
      expect(await begin()).toEqual({ ok: false, reason: 'pass-required' })
      expect(await begin('anything')).toEqual({ ok: false, reason: 'invalid-pass' })
      const older = await leeway.issuePass('ada')
      const issued = await leeway.issuePass('ada', { actor: 'desk' })
      expect(issued.pass).toMatch(CODE_FORM)
      expect(issued.expiresAt).toBe(clock() + HOUR)
      expect(await begin(older.pass)).toEqual({ ok: false, reason: 'invalid-pass' })
      expect(await begin('12345')).toEqual({ ok: false, reason: 'invalid-pass' })
      // It opens set-up and nothing else.
      expect(await leeway.useRecoveryCode('ada', issued.pass)).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await begin(issued.pass.toLowerCase())).toMatchObject({ ok: true })
      expect(await begin(issued.pass)).toEqual({ ok: false, reason: 'invalid-pass' })

      const dropped = await leeway.issuePass('ada')
      for (let failure = 0; failure < 5; failure++)
        expect(await begin(WRONG_RECOVERY_CODE)).toMatchObject({ ok: false })
      expect(await begin(dropped.pass)).toEqual({ ok: false, reason: 'invalid-pass' })
      const late = await leeway.issuePass('ada')
      clock.advance(HOUR)
      expect(await begin(late.pass)).toEqual({ ok: false, reason: 'invalid-pass' })
    })

    it('imports an authenticator once however often it is run, with its recovery codes', async () => {
      const { leeway, clock } = setting
      const secret = Uint8Array.from({ length: 20 }, (_, at) => at + 60)
      const app = phone(secret)
      const step = Math.floor(NOW / STEP)
      const recoveryCodes = ['abcd-efgh', 'ABCDEFGH', '12345678', 'o1234567']
      const authenticator = { secret, label: 'From before', boundAt: NOW - DAY, lastTimeStep: step, recoveryCodes }
      const imported = await leeway.importAuthenticator('ada', authenticator, { actor: 'migration' })
      expect(imported).toMatchObject({
        changed: true,
        phase: 'enrolled',
        recoveryCodesLeft: 3,
        authenticators: [{ label: 'From before', boundAt: NOW - DAY, lastUsedAt: null }],
      })
      expect(secret[0]).toBe(60)
      expect(await leeway.importAuthenticator('ada', authenticator)).toMatchObject({
        changed: false,
        recoveryCodesLeft: 3,
      })
      expect(await leeway.importAuthenticator('ada', { secret })).toMatchObject({ changed: false })
      expect(typesTold()).toEqual(['authenticator-imported'])
      // Its last step was used where it came from, and nobody has to sign in again for an import.
      expect(await leeway.verifyCode('ada', app.codeAt(NOW))).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await leeway.decide('ada')).toMatchObject({ action: 'challenge', sessionsValidFrom: null })
      clock.advance(STEP)
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toMatchObject({ ok: true })
      expect(await leeway.useRecoveryCode('ada', 'ABCD EFGH')).toMatchObject({ ok: true, recoveryCodesLeft: 2 })
      expect(await leeway.useRecoveryCode('ada', 'abcdefgh')).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await leeway.useRecoveryCode('ada', '0l234567')).toMatchObject({ ok: true, recoveryCodesLeft: 1 })

      // A second one adds only the codes that are not there yet.
      const second = await leeway.importAuthenticator('ada', {
        secret: Buffer.from(secret).reverse(),
        parameters: { digits: 8, algorithm: 'SHA256', period: 60 },
        recoveryCodes: ['12345678', 'NEWCODE9'],
      })
      expect(second).toMatchObject({ changed: true, recoveryCodesLeft: 2 })
      expect(second.authenticators.map(({ label, boundAt }) => [label, boundAt])).toEqual([
        ['From before', NOW - DAY],
        ['Authenticator app', clock()],
      ])
    })

    it('checks a code against every authenticator, whatever its digits, period and hash', async () => {
      const { leeway, clock } = setting
      const { phone: app, authenticatorId } = await enroll(setting, 'ada')
      const secret = Uint8Array.from({ length: 32 }, (_, at) => at + 90)
      const parameters = { algorithm: 'SHA256', digits: 8, period: 60 } as const
      await leeway.importAuthenticator('ada', { secret, parameters })
      const other = prepareTotp(secret, parameters)
      const { authenticators } = await leeway.status('ada')
      const code = other.generate(clock())
      expect(code).toHaveLength(8)
      expect(await leeway.verifyCode('ada', code)).toMatchObject({ ok: true, authenticatorId: authenticators[1]?.id })
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toMatchObject({ ok: true, authenticatorId })
      clock.advance(STEP)
      // The longer step lasts on.
      expect(await leeway.verifyCode('ada', code)).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toMatchObject({ ok: true, authenticatorId })
      expect((await leeway.status('ada')).lock.totp).toEqual({ state: 'open' })
    })

    it('binds no secret twice, neither by an import over a set-up nor by a set-up after an import', async () => {
      const { leeway, clock } = setting
      const begun = await leeway.beginSetup('ada', { accountName: 'ada' })
      if (!begun.ok) throw new Error(begun.reason)
      const app = phone(begun.setup.keyUri)
      const secret = decodeBase32(begun.setup.secret)
      expect(await leeway.importAuthenticator('ada', { secret })).toMatchObject({ changed: true, setup: null })
      expect(await leeway.confirmSetup('ada', app.codeAt(clock()))).toEqual({ ok: false, reason: 'no-setup' })
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toMatchObject({ ok: true })
    })

    it('keeps a set-up that was begun with a proof through an import, unless it is of the same secret', async () => {
      const { leeway, clock } = setting
      const { phone: app } = await enroll(setting, 'ada')
      const begun = await leeway.beginSetup('ada', { accountName: 'ada', proof: { code: app.codeAt(clock()) } })
      if (!begun.ok) throw new Error(begun.reason)
      const other = await leeway.importAuthenticator('ada', { secret: new Uint8Array(20).fill(5) })
      expect(other).toMatchObject({ changed: true, setup: { expiresAt: begun.setup.expiresAt } })
      const same = await leeway.importAuthenticator('ada', { secret: decodeBase32(begun.setup.secret) })
      expect(same).toMatchObject({ changed: true, setup: null })
      expect(same.authenticators).toHaveLength(3)
    })

    it('takes a secret that begins like a bound one, or ends earlier, for another', async () => {
      const { leeway } = setting
      const secret = Uint8Array.from({ length: 20 }, (_, at) => at + 1)
      expect(await leeway.importAuthenticator('ada', { secret: secret.slice(0, 16) })).toMatchObject({ changed: true })
      expect(await leeway.importAuthenticator('ada', { secret })).toMatchObject({ changed: true })
      expect(await leeway.importAuthenticator('ada', { secret: secret.slice(0, 10) })).toMatchObject({ changed: true })
    })

    it('exempts until an instant, and the requirement is uncovered with its old deadline', async () => {
      const { leeway, clock } = setting
      await leeway.requireEnrollment('ada', MONTH)
      const until = NOW + 40 * DAY
      expect(await leeway.exempt('ada', { until, reason: 'at sea' })).toMatchObject({
        changed: true,
        phase: 'exempt',
        exemption: { until, reason: 'at sea' },
      })
      expect(await leeway.exempt('ada', { until, reason: 'at sea' })).toMatchObject({ changed: false })
      expect(await leeway.signIn('ada')).toMatchObject({ action: 'allow' })
      expect(await leeway.signIn('ada', { sensitive: true })).toMatchObject({
        action: 'require-setup',
        reason: 'sensitive',
      })
      clock.set(until - 1)
      expect(await leeway.decide('ada')).toMatchObject({ phase: 'exempt' })
      clock.set(until)
      expect(await leeway.decide('ada')).toMatchObject({ phase: 'overdue', deadline: NOW + 30 * DAY })
      expect(await leeway.endExemption('ada')).toMatchObject({ changed: false, exemption: null })
      await leeway.exempt('ada', { until: until + DAY, reason: 'at sea' })
      expect(await leeway.endExemption('ada')).toMatchObject({ changed: true, phase: 'overdue' })
    })

    it("stops the period's clock while the account is suspended", async () => {
      const { leeway, clock } = setting
      await leeway.requireEnrollment('ada', MONTH)
      clock.advance(10 * DAY)
      expect(await leeway.suspend('ada')).toMatchObject({ changed: true, phase: 'suspended' })
      expect(await leeway.suspend('ada')).toMatchObject({ changed: false })
      expect(await leeway.signIn('ada')).toMatchObject({ action: 'deny', reason: 'suspended', daysLeft: 20 })
      expect(await leeway.verifyCode('ada', '123456')).toEqual({ ok: false, reason: 'suspended' })
      expect(await leeway.useRecoveryCode('ada', WRONG_RECOVERY_CODE)).toEqual({ ok: false, reason: 'suspended' })
      expect(await leeway.beginSetup('ada', { accountName: 'ada' })).toEqual({ ok: false, reason: 'suspended' })
      expect(await leeway.confirmSetup('ada', '123456')).toEqual({ ok: false, reason: 'suspended' })
      clock.advance(100 * DAY)
      expect(await leeway.resume('ada')).toMatchObject({
        changed: true,
        phase: 'enrollment-period',
        requirement: { deadline: NOW + 130 * DAY, daysLeft: 20 },
      })
      expect(await leeway.resume('ada')).toMatchObject({ changed: false })
    })

    it('moves deadlines by days and to an instant, and reopens a period that is over', async () => {
      const { leeway, clock } = setting
      expect(await leeway.changeDeadline('ada', { addDays: 3 })).toMatchObject({ changed: false })
      await leeway.requireEnrollment('ada', MONTH)
      expect(await leeway.changeDeadline('ada', { addDays: -20 })).toMatchObject({
        requirement: { deadline: NOW + 10 * DAY },
      })
      clock.advance(11 * DAY)
      const reopened = await leeway.changeDeadline(
        'ada',
        { deadline: NOW + 12 * DAY },
        { actor: 'root', reason: 'ill' },
      )
      expect(reopened).toMatchObject({ changed: true, phase: 'enrollment-period' })
      expect(reopened.requirement?.because.at(-1)).toMatchObject({ source: 'root', text: 'ill', outcome: 'applied' })
      expect(await leeway.changeDeadline('ada', { deadline: NOW })).toMatchObject({ phase: 'overdue' })
    })

    it('takes resolved terms whole, and "optional" among them as no requirement', async () => {
      const { leeway } = setting
      const because = [
        { source: 'staff', scope: 'group', deadline: NOW + DAY, outcome: 'applied', text: 'the staff first' },
      ] as const
      const resolved = { terms: { period: { days: 2 } }, since: NOW - DAY, because }
      expect(await leeway.requireEnrollment('ada', resolved)).toMatchObject({
        changed: true,
        requirement: { deadline: NOW + DAY, because },
      })
      expect(await leeway.requireEnrollment('ada', { terms: 'optional', because: [] })).toMatchObject({
        changed: true,
        phase: 'optional',
        requirement: null,
      })
      expect(await leeway.makeOptional('ada')).toMatchObject({ changed: false })
    })

    it('forgets everything, and then knows a new user', async () => {
      const { leeway, clock } = setting
      await leeway.requireEnrollment('ada', MONTH)
      const { phone: app, recoveryCodes } = await enroll(setting, 'ada')
      expect(await leeway.forget('ada')).toBeUndefined()
      expect(await leeway.forget('ada')).toBeUndefined()
      expect(await store.repository.find('ada')).toBeNull()
      expect(await leeway.status('ada')).toMatchObject({ phase: 'optional', requirement: null, authenticators: [] })
      expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await leeway.useRecoveryCode('ada', recoveryCodes[0])).toEqual({ ok: false, reason: 'invalid-code' })
      expect(await leeway.signIn('ada')).toMatchObject({ action: 'allow', sessionsValidFrom: null })
      const again: Enrolled = await enroll(setting, 'ada')
      expect(await leeway.verifyCode('ada', again.phone.codeAt(clock()))).toMatchObject({ ok: true })
      // Ids of events are issued once even so.
      expect(new Set(setting.told.map(({ id }) => id)).size).toBe(setting.told.length)
    })

    it('assigns the terms for new users when one is first seen, and shows them before', async () => {
      const { leeway, clock, told } = restarted({ policy: { newUsers: { period: { days: 14 }, postponements: 1 } } })
      expect(await leeway.status('ada')).toMatchObject({ requirement: { deadline: NOW + 14 * DAY, assignedAt: NOW } })
      expect(await store.repository.find('ada')).toBeNull()
      clock.advance(DAY)
      expect(await leeway.decide('ada')).toMatchObject({ action: 'offer-setup', deadline: NOW + 15 * DAY })
      expect(await leeway.signIn('ada')).toMatchObject({ action: 'offer-setup', deadline: NOW + 15 * DAY })
      expect(told.map(({ type }) => type)).toEqual(['requirement-assigned', 'first-sign-in'])
      clock.advance(DAY)
      expect(await leeway.signIn('ada')).toMatchObject({ deadline: NOW + 15 * DAY, daysLeft: 13 })
      expect(await leeway.makeOptional('bob')).toMatchObject({ changed: true, requirement: null })
      expect(await leeway.requireEnrollment('eve', { period: 'none' })).toMatchObject({ phase: 'overdue' })
    })

    it('starts a period with the first sign-in and ends it at its cap all the same', async () => {
      const { leeway, clock } = setting
      await leeway.requireEnrollment('ada', { period: { days: 14, start: 'first-sign-in', capDays: 30 } })
      clock.advance(10 * DAY)
      expect(await leeway.decide('ada')).toMatchObject({ action: 'offer-setup', deadline: NOW + 30 * DAY })
      expect(await leeway.signIn('ada')).toMatchObject({ deadline: NOW + 24 * DAY, daysLeft: 14 })
      expect(typesTold()).toEqual(['requirement-assigned', 'first-sign-in', 'period-started'])
    })

    it('refuses an authenticator too many', async () => {
      const { leeway, clock } = restarted({ policy: { maxAuthenticators: 1 } })
      const { phone: app } = await enroll({ leeway, clock }, 'ada')
      const proof = { code: app.codeAt(clock()) }
      expect(await leeway.beginSetup('ada', { accountName: 'ada', proof })).toEqual({
        ok: false,
        reason: 'too-many-authenticators',
      })
      // The refusal did not depend on the proof, and used none up.
      expect(await leeway.verifyCode('ada', proof.code)).toMatchObject({ ok: true })
      await expect(leeway.importAuthenticator('ada', { secret: new Uint8Array(20).fill(7) })).rejects.toThrow(
        new RangeError('authenticator is one too many: policy.maxAuthenticators is 1'),
      )
    })

    it('makes no recovery codes where they are turned off', async () => {
      const { leeway, clock } = restarted({ policy: { recoveryCodes: { count: 0 } } })
      const { phone: app, recoveryCodes } = await enroll({ leeway, clock }, 'ada')
      expect(recoveryCodes).toEqual([])
      expect(await leeway.signIn('ada')).toMatchObject({ methods: [{ method: 'totp', lockedUntil: null }] })
      expect(await leeway.replaceRecoveryCodes('ada', { code: app.codeAt(clock()) })).toEqual({
        ok: true,
        recoveryCodes: [],
      })
    })
  })
}

describe('the clock of a phone', () => {
  // Secrets, found by search, of which one code is right on both sides of NOW.
  for (const [seed, nearer, farther] of [
    [40_893, -5, 9],
    [74_257, 3, -6],
  ] as const) {
    it(`is taken to be off by the lesser of ${nearer} and ${farther} steps where a code is right for both`, async () => {
      const secret = new Uint8Array(20)
      new DataView(secret.buffer).setUint32(0, seed)
      const app = phone(secret)
      const code = app.codeAt(NOW + nearer * STEP)
      expect(app.codeAt(NOW + farther * STEP)).toBe(code)
      const random = (byteLength: number) => (byteLength === 20 ? secret : new Uint8Array(byteLength))
      const { leeway } = settingOf({ random })
      await leeway.beginSetup('ada', { accountName: 'ada' })
      expect(await leeway.confirmSetup('ada', code)).toMatchObject({ ok: false, clockOffsetSeconds: nearer * 30 })
    })
  }
})

describe('a set-up that was begun before the policy changed', () => {
  it('is resumed with its own parameters: what the phone scans then is what is confirmed', async () => {
    const { leeway: before, clock, repository, cipher } = settingOf()
    const begun = await before.beginSetup('ada', { accountName: 'ada' })
    if (!begun.ok) throw new Error(begun.reason)
    for (const totp of [{ digits: 8 as const }, { algorithm: 'SHA256' as const }, { period: 60 }]) {
      const { leeway } = settingOf({ clock, repository, cipher, policy: { totp } })
      const resumed = await leeway.beginSetup('ada', { accountName: 'ada', setupId: begun.setup.id })
      expect(resumed).toEqual({ ok: true, setup: { ...begun.setup, resumed: true } })
      const fresh = await leeway.beginSetup('ben', { accountName: 'ben' })
      if (!fresh.ok) throw new Error(fresh.reason)
      const code = phone(fresh.setup.keyUri).codeAt(clock())
      expect(await leeway.confirmSetup('ben', code)).toMatchObject({ ok: true })
      await leeway.forget('ben')
    }
  })
})

describe('an import that is run again', () => {
  it('compares the secret, and neither compares nor digests its recovery codes', async () => {
    const cipher = aesGcmCipher({ keys: [K1] })
    const digest = vi.fn(cipher.digest)
    const matches = vi.fn(cipher.matches)
    const { leeway } = settingOf({ cipher: { ...cipher, digest, matches } })
    const authenticator = { secret: new Uint8Array(20).fill(3), recoveryCodes: ['ABCDEFGH', 'HGFEDCBA'] }
    expect(await leeway.importAuthenticator('ada', authenticator)).toMatchObject({ changed: true })
    expect(digest).toHaveBeenCalledTimes(2)
    expect(await leeway.importAuthenticator('ada', authenticator)).toMatchObject({ changed: false })
    expect(digest).toHaveBeenCalledTimes(2)
    expect(matches).not.toHaveBeenCalled()
  })
})

describe('a service by default', () => {
  it('reads the clock and the randomness of the platform', async () => {
    const leeway = createLeeway({
      issuer: 'Example',
      repository: memoryRepository(),
      cipher: aesGcmCipher({ keys: [K1] }),
    })
    const before = Date.now()
    const begun = await leeway.beginSetup('ada', { accountName: 'ada' })
    const after = Date.now()
    if (!begun.ok) throw new Error(begun.reason)
    expect(begun.setup.expiresAt).toBeGreaterThanOrEqual(before + 10 * MINUTE)
    expect(begun.setup.expiresAt).toBeLessThanOrEqual(after + 10 * MINUTE)
    expect(Object.isFrozen(leeway)).toBe(true)
    const other = await leeway.beginSetup('bob', { accountName: 'bob' })
    expect(other.ok && other.setup.secret).not.toBe(begun.setup.secret)
  })
})
