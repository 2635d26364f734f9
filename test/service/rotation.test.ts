import { beforeEach, describe, expect, it } from 'vitest'
import { aesGcmCipher, type CipherKey } from '../../src/cipher/aes-gcm.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { type FixedClock, fixedClock, type Phone, phone, seededRandom } from '../../src/testing/index.js'
import { recordOf } from './operations.js'
import { enroll, K1, K2, masterKey, NOW, type Setting, STEP, settingOf, wrongCode } from './setting.js'

let repository: EnrollmentRepository
let clock: FixedClock
let processes: number
beforeEach(() => {
  repository = memoryRepository()
  clock = fixedClock(NOW)
  processes = 0
})

/** A process that has these keys, the first of which seals. */
function under(...keys: CipherKey[]): Setting {
  const random = seededRandom(processes++)
  return settingOf({ repository, clock, cipher: aesGcmCipher({ keys }), random })
}

const keysOf = async (): Promise<{ secrets: string[]; codes: string[]; pass: string | null }> => {
  const { authenticators, recoveryCodes, pass }: EnrollmentRecord = await recordOf(repository)
  const keyOf = (token: string) => token.split('.')[1] as string
  return {
    secrets: authenticators.map(({ secret }) => keyOf(secret)),
    codes: [...new Set(recoveryCodes.map(({ digest }) => keyOf(digest)))],
    pass: pass && keyOf(pass.digest),
  }
}

async function addSecond(setting: Setting, first: Phone): Promise<Phone> {
  const proof = { code: first.codeAt(clock()) }
  const begun = await setting.leeway.beginSetup('ada', { accountName: 'ada', proof })
  if (!begun.ok) throw new Error(begun.reason)
  const second = phone(begun.setup.keyUri)
  await setting.leeway.confirmSetup('ada', second.codeAt(clock()))
  clock.advance(STEP)
  return second
}

describe('a key rotated', () => {
  it('takes every secret of a user along with his next right code, in the same write', async () => {
    const { phone: first } = await enroll(under(K1), 'ada')
    const second = await addSecond(under(K1), first)
    const rotated = under(K2, K1)
    expect(await keysOf()).toMatchObject({ secrets: ['k1', 'k1'] })
    expect(await rotated.leeway.verifyCode('ada', wrongCode(first, clock()))).toMatchObject({ ok: false })
    expect(await keysOf()).toMatchObject({ secrets: ['k1', 'k1'] })

    expect(await rotated.leeway.verifyCode('ada', first.codeAt(clock()))).toMatchObject({ ok: true })
    expect(await keysOf()).toMatchObject({ secrets: ['k2', 'k2'] })
    expect(rotated.told.map(({ type }) => type)).toEqual([
      'code-rejected',
      'code-accepted',
      'secret-resealed',
      'secret-resealed',
    ])

    // The old key may go: both authenticators work on, and what was used stays used.
    const after = under(K2)
    expect(await after.leeway.verifyCode('ada', first.codeAt(clock()))).toEqual({ ok: false, reason: 'invalid-code' })
    expect(await after.leeway.verifyCode('ada', second.codeAt(clock()))).toMatchObject({ ok: true })
    clock.advance(STEP)
    expect(await after.leeway.verifyCode('ada', first.codeAt(clock()))).toMatchObject({ ok: true })
    expect(after.told.map(({ type }) => type)).not.toContain('secret-resealed')
  })

  it('takes them along with a code that proves something else, too', async () => {
    const { phone: app } = await enroll(under(K1), 'ada')
    expect(await under(K2, K1).leeway.replaceRecoveryCodes('ada', { code: app.codeAt(clock()) })).toMatchObject({
      ok: true,
    })
    expect(await keysOf()).toMatchObject({ secrets: ['k2'], codes: ['k2'] })
  })

  it('seals nothing anew for a replayed code, nor where the secret is under the first key', async () => {
    const { phone: app } = await enroll(under(K1), 'ada')
    const { leeway, told } = under(K1, K2)
    expect(await leeway.verifyCode('ada', app.codeAt(NOW))).toEqual({ ok: false, reason: 'invalid-code' })
    const before = (await recordOf(repository)).authenticators[0]?.secret
    expect(await leeway.verifyCode('ada', app.codeAt(clock()))).toMatchObject({ ok: true })
    expect((await recordOf(repository)).authenticators[0]?.secret).toBe(before)
    expect(told.map(({ type }) => type)).toEqual(['code-replayed', 'code-accepted'])
    const rotated = under(K2, K1)
    expect(await rotated.leeway.verifyCode('ada', app.codeAt(clock()))).toEqual({ ok: false, reason: 'invalid-code' })
    expect(await keysOf()).toMatchObject({ secrets: ['k1'] })
  })

  it('reads recovery codes and passes under the old key for as long as it is there', async () => {
    const { recoveryCodes } = await enroll(under(K1), 'ada')
    const { pass } = await under(K1).leeway.issuePass('ada')
    expect(await keysOf()).toEqual({ secrets: ['k1'], codes: ['k1'], pass: 'k1' })
    const rotated = under(K2, K1)
    expect(await rotated.leeway.useRecoveryCode('ada', recoveryCodes[0])).toMatchObject({ ok: true })
    expect(await rotated.leeway.useRecoveryCode('ada', recoveryCodes[0])).toEqual({ ok: false, reason: 'invalid-code' })
    await rotated.leeway.requireEnrollment('ada', { period: 'none', selfEnrollment: 'with-pass' })
    await rotated.leeway.resetMfa('ada', { grace: 'remaining' })
    expect(await rotated.leeway.beginSetup('ada', { accountName: 'ada', pass })).toMatchObject({ ok: true })
  })

  it('resumes and confirms a set-up that was begun under the old key', async () => {
    const begun = await under(K1).leeway.beginSetup('ada', { accountName: 'ada' })
    if (!begun.ok) throw new Error(begun.reason)
    const { leeway } = under(K2, K1)
    const resumed = await leeway.beginSetup('ada', { accountName: 'ada', setupId: begun.setup.id })
    expect(resumed).toEqual({ ok: true, setup: { ...begun.setup, resumed: true } })
    expect(await leeway.confirmSetup('ada', phone(begun.setup.keyUri).codeAt(clock()))).toMatchObject({ ok: true })
    expect(await keysOf()).toMatchObject({ secrets: ['k1'], codes: ['k2'] })
    clock.advance(STEP)
    await leeway.verifyCode('ada', phone(begun.setup.keyUri).codeAt(clock()))
    expect(await keysOf()).toMatchObject({ secrets: ['k2'] })
  })

  it('knows a secret that is imported again, whatever key it is under', async () => {
    const secret = masterKey(70)
    await under(K1).leeway.importAuthenticator('ada', { secret, recoveryCodes: ['ABCDEFGH'] })
    const again = { secret, recoveryCodes: ['ABCDEFGH', 'HGFEDCBA'] }
    expect(await under(K2, K1).leeway.importAuthenticator('ada', again)).toMatchObject({ changed: false })
    const other = { secret: masterKey(80), recoveryCodes: ['ABCDEFGH', 'HGFEDCBA'] }
    expect(await under(K2, K1).leeway.importAuthenticator('ada', other)).toMatchObject({ recoveryCodesLeft: 2 })
  })
})

describe('a key that is gone', () => {
  it('is ERR_CIPHER wherever something is under it; nothing is counted, and all is well once it is back', async () => {
    const { phone: app, recoveryCodes, authenticatorId } = await enroll(under(K1), 'ada')
    await under(K1).leeway.requireEnrollment('bob', { period: 'none', selfEnrollment: 'with-pass' })
    const { pass } = await under(K1).leeway.issuePass('bob')
    const begun = await under(K1).leeway.beginSetup('eve', { accountName: 'eve' })
    if (!begun.ok) throw new Error(begun.reason)
    const users = ['ada', 'bob', 'eve']
    const before = await Promise.all(users.map((user) => repository.find(user)))
    const { leeway, told } = under(K2)
    const code = app.codeAt(clock())
    const eves = phone(begun.setup.keyUri).codeAt(clock())
    const gone = { name: 'LeewayError', code: 'ERR_CIPHER' }
    for (let time = 0; time < 6; time++) {
      await expect(leeway.verifyCode('ada', code)).rejects.toMatchObject(gone)
      await expect(leeway.verifyCode('ada', wrongCode(app, clock()))).rejects.toMatchObject(gone)
      await expect(leeway.useRecoveryCode('ada', recoveryCodes[0])).rejects.toMatchObject(gone)
      await expect(leeway.replaceRecoveryCodes('ada', { code })).rejects.toMatchObject(gone)
      await expect(leeway.removeAuthenticator('ada', authenticatorId, { code })).rejects.toMatchObject(gone)
      await expect(leeway.beginSetup('ada', { accountName: 'ada', proof: { code } })).rejects.toMatchObject(gone)
      await expect(leeway.importAuthenticator('ada', { secret: masterKey(90) })).rejects.toMatchObject(gone)
      await expect(leeway.beginSetup('bob', { accountName: 'bob', pass })).rejects.toMatchObject(gone)
      await expect(leeway.confirmSetup('eve', eves)).rejects.toMatchObject(gone)
      await expect(leeway.beginSetup('eve', { accountName: 'eve', setupId: begun.setup.id })).rejects.toMatchObject(
        gone,
      )
    }
    expect(told).toEqual([])
    expect(await Promise.all(users.map((user) => repository.find(user)))).toEqual(before)
    // What needs no key goes on: nobody is locked out of a reset.
    expect(await leeway.decide('ada')).toMatchObject({ action: 'challenge' })
    const back = under(K2, K1)
    expect(await back.leeway.verifyCode('ada', code)).toMatchObject({ ok: true, failuresSinceLastSuccess: 0 })
    expect(await back.leeway.confirmSetup('eve', eves)).toMatchObject({ ok: true })
    expect(await leeway.resetMfa('ada', { grace: 'none' })).toMatchObject({ changed: true })
    expect(await leeway.beginSetup('ada', { accountName: 'ada' })).toMatchObject({ ok: true })
  })
})
