import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import { LeewayError } from '../../src/errors.js'
import type { Enrollment, EnrollmentRepository, SecretCipher } from '../../src/ports/index.js'
import { createLeeway } from '../../src/service/create-leeway.js'
import type { Leeway, LeewayOptions } from '../../src/service/leeway.js'
import { resolvePolicy } from '../../src/service/policy.js'
import type { Rollout } from '../../src/service/rollout.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { fixedClock } from '../../src/testing/index.js'
import {
  counting,
  DAY,
  enroll,
  HOUR,
  K1,
  K2,
  MINUTE,
  masterKey,
  NOW,
  recording,
  rejection,
  rolloutSetting,
  STEP,
  type Store,
  settingOf,
  WRONG_RECOVERY_CODE,
  wrongCode,
} from './setting.js'

/** Every method with arguments that it takes. */
const CALLS: { [Method in keyof Leeway]: (leeway: Leeway, userId: string) => Promise<unknown> } = {
  requireEnrollment: (leeway, id) => leeway.requireEnrollment(id, { period: { days: 30 } }),
  changeDeadline: (leeway, id) => leeway.changeDeadline(id, { addDays: 1 }),
  exempt: (leeway, id) => leeway.exempt(id, { until: NOW + DAY, reason: 'at sea' }),
  endExemption: (leeway, id) => leeway.endExemption(id),
  makeOptional: (leeway, id) => leeway.makeOptional(id),
  suspend: (leeway, id) => leeway.suspend(id),
  resume: (leeway, id) => leeway.resume(id),
  resetMfa: (leeway, id) => leeway.resetMfa(id, { grace: 'none' }),
  revokeAuthenticator: (leeway, id) => leeway.revokeAuthenticator(id, 'phone'),
  unlock: (leeway, id) => leeway.unlock(id),
  issuePass: (leeway, id) => leeway.issuePass(id),
  signIn: (leeway, id) => leeway.signIn(id),
  decide: (leeway, id) => leeway.decide(id),
  postponeSetup: (leeway, id) => leeway.postponeSetup(id),
  verifyCode: (leeway, id) => leeway.verifyCode(id, '123456'),
  useRecoveryCode: (leeway, id) => leeway.useRecoveryCode(id, WRONG_RECOVERY_CODE),
  beginSetup: (leeway, id) => leeway.beginSetup(id, { accountName: 'ada' }),
  confirmSetup: (leeway, id) => leeway.confirmSetup(id, '123456'),
  cancelSetup: (leeway, id) => leeway.cancelSetup(id),
  renameAuthenticator: (leeway, id) => leeway.renameAuthenticator(id, 'phone', 'Phone'),
  removeAuthenticator: (leeway, id) => leeway.removeAuthenticator(id, 'phone', { code: '123456' }),
  replaceRecoveryCodes: (leeway, id) => leeway.replaceRecoveryCodes(id, { code: '123456' }),
  importAuthenticator: (leeway, id) => leeway.importAuthenticator(id, { secret: masterKey(3) }),
  status: (leeway, id) => leeway.status(id),
  forget: (leeway, id) => leeway.forget(id),
}
const METHODS = Object.keys(CALLS) as (keyof Leeway)[]

/** A repository that nobody may call: what is refused is refused before it. */
const untouchable: EnrollmentRepository = {
  find: () => Promise.reject(new Error('the repository was read')),
  save: () => Promise.reject(new Error('the repository was written')),
  remove: () => Promise.reject(new Error('the repository was cleared')),
}

/** A cipher that nobody may call either. */
const untouchableCipher: SecretCipher = {
  seal: () => Promise.reject(new Error('the cipher was called')),
  open: () => Promise.reject(new Error('the cipher was called')),
  needsReseal: () => {
    throw new Error('the cipher was called')
  },
  digest: () => Promise.reject(new Error('the cipher was called')),
  matches: () => Promise.reject(new Error('the cipher was called')),
}

const { leeway: guardedLeeway } = settingOf({ repository: untouchable, cipher: untouchableCipher })
type Bad = Record<string, (leeway: Record<keyof Leeway, (...given: unknown[]) => Promise<unknown>>) => Promise<unknown>>

/** That each of these calls rejects with an error that names the argument, with nothing read or written. */
function refusedWith(cases: Record<string, Bad>): void {
  for (const [message, calls] of Object.entries(cases)) {
    for (const [what, call] of Object.entries(calls)) {
      it(`${what}: ${message}`, async () => {
        const error = await rejection(() => call(guardedLeeway as never))
        expect(error.message).toContain(message)
        expect(['TypeError', 'RangeError']).toContain(error.name)
        expect(error.cause).toBeUndefined()
      })
    }
  }
}

const throwing = Object.defineProperty({}, 'days', {
  enumerable: true,
  get() {
    throw new Error('a getter threw')
  },
})

const notStrings: unknown[] = [123456, 123456n, ['123456'], { toString: () => '123456' }, Object('123456'), null, true]
const notCodes: unknown[] = [
  ...notStrings,
  undefined,
  Symbol('123456'),
  () => '123456',
  new Uint8Array([49, 50, 51, 52, 53, 54]),
  Buffer.from('123456'),
  new Date(NOW),
  new Proxy({}, { get: () => '123456' }),
  '',
  ' ',
  '12345',
  '1234567',
  '1'.repeat(1_000_000),
  ' '.repeat(1_000_000),
  '１２３４５６',
  '١٢٣٤٥٦',
  '१२३४५६',
  '12345\uD800',
  '\uDC00123456',
  '123456\u0000',
  '12\n3456',
  '123456\u200B',
  '+12345',
  '1e5000',
  '0x1234',
  '123.456',
]

describe('codes of any type and size', () => {
  it('are refused as any wrong code is, with no write and no count', async () => {
    const repository = counting(memoryRepository())
    const { leeway, clock } = settingOf({ repository })
    await enroll({ leeway, clock }, 'ada')
    await leeway.beginSetup('bob', { accountName: 'bob' })
    await leeway.requireEnrollment('eve', { period: { days: 1 }, selfEnrollment: 'with-pass' })
    await leeway.issuePass('eve')
    const stored = await Promise.all(['ada', 'bob', 'eve'].map((id) => repository.find(id)))
    const saves = repository.calls.save
    const invalid = { ok: false, reason: 'invalid-code' }
    for (const code of notCodes) {
      expect(await leeway.verifyCode('ada', code)).toEqual(invalid)
      expect(await leeway.useRecoveryCode('ada', code)).toEqual(invalid)
      expect(await leeway.verifyCode('nobody', code)).toEqual(invalid)
      expect(await leeway.confirmSetup('bob', code)).toEqual({ ...invalid, triesLeft: 5, clockOffsetSeconds: null })
      // A pass that is left out is none, which is another answer.
      const reason = code === undefined ? 'pass-required' : 'invalid-pass'
      expect(await leeway.beginSetup('eve', { accountName: 'eve', pass: code })).toEqual({ ok: false, reason })
      expect(await leeway.replaceRecoveryCodes('ada', { code })).toEqual(invalid)
      expect(await leeway.replaceRecoveryCodes('ada', { recoveryCode: code })).toEqual(invalid)
    }
    expect(repository.calls.save).toBe(saves)
    expect(await Promise.all(['ada', 'bob', 'eve'].map((id) => repository.find(id)))).toEqual(stored)
  })

  it('are never accepted, whatever text they are', async () => {
    const repository = counting(memoryRepository())
    const { leeway, clock } = settingOf({ repository })
    const { phone: app, recoveryCodes } = await enroll({ leeway, clock }, 'ada')
    const live = [-1, 0, 1].map((steps) => app.codeAt(clock() + steps * STEP))
    const canonical = (text: string) => text.replace(/[ -]/g, '').toUpperCase()
    const known = recoveryCodes.map(canonical)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.anything()), async (code) => {
        fc.pre(
          typeof code !== 'string' || (!live.includes(code.replace(/[ -]/g, '')) && !known.includes(canonical(code))),
        )
        expect((await leeway.verifyCode('ada', code)).ok).toBe(false)
        expect((await leeway.useRecoveryCode('ada', code)).ok).toBe(false)
      }),
    )
  })
})

describe('user ids', () => {
  const ids = [
    '__proto__',
    'constructor',
    'toString',
    'a}:{b',
    "'; drop table leeway; --",
    'alice',
    'ALICE',
    'alice ',
    ' alice',
    'àlice',
    'a\u0300lice',
    'ali ce',
    '*',
    '%',
    '愛麗絲',
    '👩‍💻',
    'x'.repeat(255),
    `${'x'.repeat(254)}y`,
  ]

  it('that differ anyhow are separate records', async () => {
    const { leeway } = settingOf()
    for (const [at, id] of ids.entries()) await leeway.requireEnrollment(id, { period: { days: at + 1 } })
    for (const [at, id] of ids.entries()) {
      expect(await leeway.status(id)).toMatchObject({ userId: id, requirement: { deadline: NOW + (at + 1) * DAY } })
    }
    for (const id of ids.slice(1)) await leeway.forget(id)
    expect(await leeway.status('__proto__')).toMatchObject({ requirement: { deadline: NOW + DAY } })
    expect(await leeway.status('alice')).toMatchObject({ requirement: null })
    expect(({} as Record<string, unknown>)['period']).toBeUndefined()
  })

  const refused: Record<string, unknown> = {
    'an empty one': '',
    'one of 256 characters': 'x'.repeat(256),
    'one of 256 bytes': 'é'.repeat(128),
    'one with U+0000': 'a\u0000b',
    'one with a lone surrogate': 'a\uD800',
    'a number': 7,
    'an array': ['ada'],
    nothing: undefined,
    null: null,
    'a String object': Object('ada'),
  }
  for (const [what, id] of Object.entries(refused)) {
    it(`such as ${what} are refused by every method, before anything is read or written`, async () => {
      for (const method of METHODS) {
        const error = await rejection(() => CALLS[method](guardedLeeway, id as string))
        expect([method, error.name]).toEqual([method, typeof id === 'string' ? 'RangeError' : 'TypeError'])
        expect(error.message).toContain('userId')
      }
    })
  }
})

describe('arguments that are wrong reject with an error that names them, before anything is read or written', () => {
  const note = (given: unknown): Bad =>
    Object.fromEntries(
      (
        [
          ['requireEnrollment', [{ period: 'none' }]],
          ['changeDeadline', [{ addDays: 1 }]],
          ['exempt', [{ until: NOW, reason: 'x' }]],
          ['endExemption', []],
          ['makeOptional', []],
          ['suspend', []],
          ['resume', []],
          ['resetMfa', [{ grace: 'none' }]],
          ['revokeAuthenticator', ['phone']],
          ['unlock', []],
          ['issuePass', []],
          ['importAuthenticator', [{ secret: masterKey(1) }]],
        ] as const
      ).map(([method, args]) => [`${method} with a note`, (leeway) => leeway[method]('ada', ...args, given)]),
    )
  const terms = (given: unknown): Bad => ({ terms: (leeway) => leeway.requireEnrollment('ada', given) })
  const period = (given: unknown): Bad => terms({ period: given })
  const calendar = (given: unknown): Bad => period({ days: 3, calendar: given })
  const grace = (given: unknown): Bad => ({ grace: (leeway) => leeway.resetMfa('ada', given) })
  const change = (given: unknown): Bad => ({ change: (leeway) => leeway.changeDeadline('ada', given) })
  const exemption = (given: unknown): Bad => ({ exemption: (leeway) => leeway.exempt('ada', given) })
  const begin = (given: unknown): Bad => ({ 'set-up': (leeway) => leeway.beginSetup('ada', given) })
  const proof = (given: unknown): Bad => ({
    'proof of a removal': (leeway) => leeway.removeAuthenticator('ada', 'phone', given),
    'proof of a replacement': (leeway) => leeway.replaceRecoveryCodes('ada', given),
    ...(given === undefined ? {} : begin({ accountName: 'ada', proof: given })),
  })
  const imported = (given: unknown): Bad => ({ import: (leeway) => leeway.importAuthenticator('ada', given) })
  const secret = masterKey(1)
  const merged = (...cases: Bad[]): Bad =>
    Object.fromEntries(
      cases.flatMap((one, at) => Object.entries(one).map(([key, call]) => [`${key} (${at + 1})`, call])),
    )

  refusedWith({
    'note must be an object': merged(note(null), note('root'), note(['root'])),
    'note has a property that is not known': merged(note({ who: 'root' }), note({ forced: true })),
    'note.force must be a boolean': merged(...['yes', 1, null].map((force) => note({ force, reason: 'they insist' }))),
    'note.force needs note.reason': merged(
      ...[undefined, ''].map((reason) => note({ actor: 'root', reason, force: true })),
    ),
    'note.actor must be': merged(note({ actor: 7 }), note({ actor: 'x'.repeat(256) }), note({ actor: '\uD800' })),
    'note.reason must be': merged(
      note({ reason: null }),
      note({ reason: 'x'.repeat(1001) }),
      note({ reason: '\u0000' }),
    ),

    'terms must be an object': merged(terms(undefined), terms('optional'), terms([]), terms(7)),
    'terms has a property': merged(
      terms({ period: 'none', deadline: NOW }),
      terms({ terms: 'optional', because: [], x: 1 }),
    ),
    'terms.period must be': merged(terms({}), period('some'), period(null), period(7), period([])),
    'terms.period.days must be': merged(
      ...[0, 366, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', -1, null].map((days) => period({ days })),
      period({}),
    ),
    'terms.period.start must be': merged(
      period({ days: 3, start: 'soon' }),
      period({ days: 3, start: -1 }),
      period({ deadline: NOW, start: NOW }),
      period({ deadline: NOW, start: 'first-sign-in' }),
      period({ deadline: NOW, start: new Date(0) }),
    ),
    'terms.period.capDays': merged(
      period({ days: 3, capDays: 3 }),
      ...[0, 366, 1.5, '3'].map((capDays) => period({ days: 3, start: 'first-sign-in', capDays })),
    ),
    'terms.period.deadline must be': merged(
      ...[-1, 1.5, Number.NaN, 8.64e15 + 1, '2026-01-01', new Date(NOW), null].map((deadline) => period({ deadline })),
    ),
    'terms.period has a property': merged(period({ days: 3, hours: 1 }), period({ deadline: NOW, days: 3 })),
    'terms.period.calendar.timeZone': merged(
      ...['Europe/Atlantis', '', 7, undefined, '../etc'].map((timeZone) => calendar({ timeZone })),
    ),
    'terms.period.calendar.holidays': merged(
      ...['2026-02-30', '2026-2-3', 'christmas', 7, null].map((day) =>
        calendar({ timeZone: 'Europe/Berlin', holidays: [day] }),
      ),
      calendar({ timeZone: 'Europe/Berlin', holidays: 'all' }),
    ),
    'terms.period.calendar.avoid': merged(
      calendar({ timeZone: 'Europe/Berlin', avoid: ['someday'] }),
      calendar({ timeZone: 'Europe/Berlin', avoid: 'sunday' }),
    ),
    'terms.selfEnrollment must be': merged(
      terms({ period: 'none', selfEnrollment: 'never' }),
      terms({ period: 'none', selfEnrollment: 1 }),
    ),
    'terms.postponements must be': merged(
      ...[-1, 1001, 1.5, Number.NaN, '3'].map((postponements) => terms({ period: 'none', postponements })),
    ),
    'terms.terms': merged(
      terms({ terms: 'none', because: [] }),
      terms({ terms: { period: { days: 0 } }, because: [] }),
    ),
    'terms.since must be': terms({ terms: 'optional', since: -1, because: [] }),
    'terms.because': merged(
      terms({ terms: 'optional' }),
      terms({ terms: 'optional', because: ['x'] }),
      terms({
        terms: 'optional',
        because: [{ source: '', scope: 'user', deadline: null, outcome: 'applied', text: '' }],
      }),
    ),
    'a getter threw': {},

    'change must be': merged(change(undefined), change(3), change({ addDays: 1, deadline: NOW })),
    'change has a property': change({ days: 3 }),
    'change.addDays must be': merged(
      ...[-366, 366, 0.5, Number.NaN, '3', null].map((addDays) => change({ addDays })),
      change({}),
    ),
    'change.deadline must be': merged(...[-1, 0.5, 8.64e15 + 1, '3', null].map((deadline) => change({ deadline }))),

    'exemption must be an object': merged(exemption(undefined), exemption(NOW)),
    'exemption has a property': exemption({ until: NOW, reason: 'x', from: NOW }),
    'exemption.until must be': merged(
      ...[-1, Number.NaN, undefined, '3'].map((until) => exemption({ until, reason: 'x' })),
    ),
    'exemption.reason must be': merged(
      ...['', 'x'.repeat(1001), undefined, 7].map((reason) => exemption({ until: NOW, reason })),
    ),

    'options must be an object': merged(grace(undefined), grace('none'), begin('ada'), {
      signIn: (leeway) => leeway.signIn('ada', 'sensitive'),
      decide: (leeway) => leeway.decide('ada', null),
      postponeSetup: (leeway) => leeway.postponeSetup('ada', 'monday'),
      confirmSetup: (leeway) => leeway.confirmSetup('ada', '123456', 'an id'),
      cancelSetup: (leeway) => leeway.cancelSetup('ada', 'an id'),
    }),
    'options has a property': merged(grace({ grace: 'none', days: 1 }), begin({ accountName: 'ada', name: 'x' }), {
      signIn: (leeway) => leeway.signIn('ada', { sensible: true }),
      postponeSetup: (leeway) => leeway.postponeSetup('ada', { id: 'x' }),
      confirmSetup: (leeway) => leeway.confirmSetup('ada', '123456', { id: 'x' }),
    }),
    'options.sensitive must be a boolean': {
      signIn: (leeway) => leeway.signIn('ada', { sensitive: 1 }),
      decide: (leeway) => leeway.decide('ada', { sensitive: 'yes' }),
    },
    'options.signInId must be': merged(
      ...['', 'x'.repeat(256), 7, null, '\uD800'].map(
        (signInId): Bad => ({ postponeSetup: (leeway) => leeway.postponeSetup('ada', { signInId }) }),
      ),
    ),
    'options.setupId must be a string': merged(begin({ accountName: 'ada', setupId: 7 }), {
      confirmSetup: (leeway) => leeway.confirmSetup('ada', '123456', { setupId: null }),
      cancelSetup: (leeway) => leeway.cancelSetup('ada', { setupId: ['x'] }),
    }),
    'options.grace must be': merged(grace({}), grace({ grace: 'some' }), grace({ grace: 7 })),
    "options.grace must be 'none', 'remaining' or a period": grace({ grace: 'some' }),
    'options.grace.days must be': merged(grace({ grace: { days: 0 } }), grace({ grace: { days: 366 } })),

    'options.accountName must be': merged(begin(undefined), begin({}), begin({ accountName: 7 })),
    accountName: merged(
      ...['', 'x'.repeat(256), 'ada:root', 'ada\u0000', '\uD800', 'line\nbreak'].map((accountName) =>
        begin({ accountName }),
      ),
    ),
    'options.label must be': merged(
      ...['', 'x'.repeat(101), 7, null, '\uDC00'].map((label) => begin({ accountName: 'ada', label })),
    ),
    'label must be': merged(
      ...['', 'x'.repeat(101), 7, undefined].map(
        (label): Bad => ({ rename: (leeway) => leeway.renameAuthenticator('ada', 'phone', label) }),
      ),
    ),
    'authenticatorId must be a string': {
      rename: (leeway) => leeway.renameAuthenticator('ada', 7, 'Phone'),
      remove: (leeway) => leeway.removeAuthenticator('ada', null, { code: '123456' }),
      revoke: (leeway) => leeway.revokeAuthenticator('ada'),
    },
    'proof must be { code } or { recoveryCode }': merged(
      ...[undefined, null, '123456', {}, ['123456'], { pass: 'x' }, { code: '123456', recoveryCode: 'x' }].map(proof),
    ),

    'authenticator must be an object': merged(imported(undefined), imported([secret]), imported('x')),
    'authenticator has a property': imported({ secret, id: 'x' }),
    'secret must be': merged(
      ...[undefined, 'JBSWY3DPEHPK3PXP', [1, 2, 3], new Uint8Array(9), new Uint8Array(129)].map((bytes) =>
        imported({ secret: bytes }),
      ),
    ),
    'authenticator.label must be': merged(...['', 'x'.repeat(101), 7].map((label) => imported({ secret, label }))),
    'authenticator.boundAt must': merged(
      ...[-1, NOW + 1, Number.NaN, '3'].map((boundAt) => imported({ secret, boundAt })),
    ),
    'authenticator.lastTimeStep must be': merged(
      ...[-1, 0.5, 2 ** 53, '3', null].map((lastTimeStep) => imported({ secret, lastTimeStep })),
      // Seconds, and a step more than a day ahead.
      ...[NOW / 1000, (NOW + DAY) / STEP + 1].map((lastTimeStep) => imported({ secret, lastTimeStep })),
    ),
    'authenticator.parameters must be': merged(
      ...['SHA1', null, []].map((parameters) => imported({ secret, parameters })),
    ),
    'digits must be': merged(...[5, 9, 6.5, '6'].map((digits) => imported({ secret, parameters: { digits } }))),
    'algorithm must be': merged(
      ...['MD5', 'sha1', 1].map((algorithm) => imported({ secret, parameters: { algorithm } })),
    ),
    'authenticator.parameters.t0 must not be ahead of now': imported({ secret, parameters: { t0: NOW / 1000 + 1 } }),
    'authenticator.recoveryCodes must be': merged(
      imported({ secret, recoveryCodes: 'abcdefgh' }),
      imported({ secret, recoveryCodes: Array.from({ length: 51 }, (_, at) => `ABCDEF${10 + at}`) }),
    ),
    'authenticator.recoveryCodes[1] must be': merged(
      ...['short', 'x'.repeat(65), 7, null, undefined, 'ｆｕｌｌｗｉｄｔｈ', 'under_score'].map((code) =>
        imported({ secret, recoveryCodes: ['abcdefgh', code] }),
      ),
    ),
  })

  it('a place left out of an array is looked at like any other', async () => {
    const holes = ['abcdefgh', 'hgfedcba']
    delete holes[0]
    const error = await rejection(() => guardedLeeway.importAuthenticator('ada', { secret, recoveryCodes: holes }))
    expect(error.message).toContain('authenticator.recoveryCodes[0] must be')
    const rungs = [1000, 1000]
    delete rungs[0]
    expect(() => settingOf({ policy: { lock: { forMs: rungs } } })).toThrow('policy.lock.forMs[0] must be a number')
  })

  it('the error of a getter is the rejection, and no throw', async () => {
    for (const call of Object.values(merged(period(throwing), change(throwing), exemption(throwing), note(throwing)))) {
      expect(await rejection(() => call(guardedLeeway as never))).toMatchObject({ message: 'a getter threw' })
    }
  })

  it('an object that holds itself is refused', async () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['period'] = cyclic
    const error = await rejection(() => guardedLeeway.requireEnrollment('ada', cyclic as never))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain('terms.period')
  })

  it('every limit of a text holds to the character', async () => {
    const { leeway, told } = settingOf()
    const longest = { actor: 'x'.repeat(255), reason: 'y'.repeat(1000) }
    expect(await leeway.suspend('ada', longest)).toMatchObject({ changed: true })
    expect(told[0]).toMatchObject(longest)
    expect(await leeway.resume('ada', { actor: '', reason: undefined, force: false })).toMatchObject({ changed: true })
    expect(await leeway.unlock('ada', { reason: 'y', force: true })).toMatchObject({ changed: false })
    expect(await leeway.exempt('ada', { until: NOW + 1, reason: 'z'.repeat(1000) })).toMatchObject({ changed: true })
    const begun = await leeway.beginSetup('ada', { accountName: 'n'.repeat(255), label: 'l'.repeat(100) })
    expect(begun.ok).toBe(true)
    expect(await leeway.postponeSetup('ada', { signInId: 's'.repeat(255) })).toMatchObject({ action: 'allow' })
    const imported = await leeway.importAuthenticator('ada', {
      secret: new Uint8Array(128).fill(1),
      label: 'l'.repeat(100),
      boundAt: NOW,
      recoveryCodes: Array.from({ length: 50 }, (_, at) => `ABCDEF${10 + at}`),
    })
    expect(imported).toMatchObject({ changed: true, recoveryCodesLeft: 50 })
    expect(
      await leeway.importAuthenticator('eve', { secret: masterKey(3), lastTimeStep: (NOW + DAY) / STEP }),
    ).toMatchObject({ changed: true })
    const short = { secret: new Uint8Array(10).fill(2), boundAt: 0, parameters: { t0: NOW / 1000 } }
    expect(await leeway.importAuthenticator('ada', short)).toMatchObject({ changed: true })
    expect(await leeway.importAuthenticator('ben', short)).toMatchObject({ changed: true, recoveryCodesLeft: 0 })
  })

  it('an account name with anything but a colon comes back from the key URI', async () => {
    const { leeway } = settingOf()
    for (const accountName of [
      'ada@example.com',
      'ada & eve',
      'a?b=c#d',
      '100 % ada+x',
      'ádà 愛',
      '👩‍💻',
      '"<script>',
    ]) {
      const begun = await leeway.beginSetup('ada', { accountName })
      if (!begun.ok) throw new Error(begun.reason)
      const label = new URL(begun.setup.keyUri).pathname.split('/').pop() ?? ''
      expect(decodeURIComponent(label)).toBe(`Example:${accountName}`)
    }
  })
})

describe('arguments of a roll-out that are wrong reject, and name them, before anything is read or written', () => {
  const methods = Object.keys(memoryRepository())
  const untouchableStore = Object.fromEntries(
    methods.map((method) => [method, () => Promise.reject(new Error(`the repository was asked: ${method}`))]),
  ) as unknown as Store
  const { leeway } = rolloutSetting({ repository: untouchableStore, cipher: untouchableCipher })
  type Calls = Record<string, (rollout: Record<keyof Rollout, (...given: unknown[]) => unknown>) => unknown>
  const TERMS = { period: { days: 30 } }
  /** A stream that nobody may open. */
  const unread: Iterable<string> = {
    [Symbol.iterator]() {
      throw new Error('the stream was opened')
    },
  }
  const send = () => Promise.reject(new Error('it was sent'))

  const ids = (given: unknown): Calls => ({
    assign: (rollout) => rollout.assign(given, TERMS),
    preview: (rollout) => rollout.preview(given, TERMS),
  })
  const terms = (given: unknown): Calls => ({
    assign: (rollout) => rollout.assign(unread, given),
    preview: (rollout) => rollout.preview(unread, given),
  })
  const assignment = (given: unknown): Calls => ({ assign: (rollout) => rollout.assign(unread, TERMS, given) })
  const preview = (given: unknown): Calls => ({ preview: (rollout) => rollout.preview(unread, TERMS, given) })
  const reminders = (given: unknown): Calls => ({ sendReminders: (rollout) => rollout.sendReminders(send, given) })
  const rotation = (given: unknown): Calls => ({ rotateKeys: (rollout) => rollout.rotateKeys(given) })
  const filter = (given: unknown): Calls => ({
    list: (rollout) => rollout.list(given),
    exportCsv: (rollout) => rollout.exportCsv(given),
  })
  const page = (given: unknown): Calls => ({
    list: (rollout) => rollout.list(undefined, given),
    history: (rollout) => rollout.history('ada', given),
  })
  const days = (given: unknown): Calls => ({
    forecast: (rollout) => rollout.forecast(given),
    progress: (rollout) => rollout.progress(given),
  })
  const pruning = (given: unknown): Calls => ({ pruneHistory: (rollout) => rollout.pruneHistory(given) })
  const each = (given: unknown): Calls[] => [assignment(given), preview(given), reminders(given), rotation(given)]
  const timeZone = 'Europe/Berlin'

  const cases: Record<string, Calls[]> = {
    'userIds must be an iterable': [undefined, null, 'ada', 7, {}, Promise.resolve(['ada'])].map(ids),
    'userId must be': [undefined, 7, '', 'x'.repeat(256), '\uD800'].map((id) => ({
      history: (rollout) => rollout.history(id),
    })),
    'terms must be an object': [undefined, null, 'optional', 7, [TERMS]].map(terms),
    'terms has a property': [terms({ ...TERMS, grace: 3 })],
    'terms.period must be': [terms({}), terms({ period: 'some' })],
    'terms.period.days must be': [terms({ period: { days: 0 } }), terms({ terms: { period: {} }, because: [] })],
    'terms.because': [terms({ terms: 'optional' })],

    'options must be an object': [...[null, 'all', [], 7].flatMap(each), days(undefined), pruning(undefined)],
    'options has a property that is not known': [
      ...each({ silent: true }),
      preview({ actor: 'root' }),
      preview({ reason: 'x' }),
      reminders({ onProgress: send }),
      days({ days: 3, timeZone, from: NOW }),
      pruning({ before: NOW, userId: 'ada' }),
    ],
    'options.applyTo must be one of': ['all', 7, null].flatMap((applyTo) => [
      assignment({ applyTo }),
      preview({ applyTo }),
    ]),
    'options.actor must be': [assignment({ actor: 7 }), assignment({ actor: 'x'.repeat(256) })],
    'options.reason must be': [assignment({ reason: null }), assignment({ reason: 'x'.repeat(1001) })],
    'options.force must be a boolean': [
      assignment({ force: 'yes', reason: 'x' }),
      ...[1, 'yes', null].map((force) => preview({ force })),
    ],
    'options.force needs options.reason': [assignment({ force: true }), assignment({ force: true, reason: '' })],
    'options.onUser must be a function': [assignment({ onUser: 1 }), preview({ onUser: null })],
    'options.onProgress must be a function': [assignment({ onProgress: {} }), rotation({ onProgress: 'often' })],
    'options.signal must be an AbortSignal': [
      ...[null, true, {}, new AbortController()],
      ...[{ aborted: false }, { addEventListener() {} }, { aborted: 'no', addEventListener() {} }],
    ].flatMap((signal) => each({ signal })),
    'options.concurrency must be': [0, 101, 1.5, '8', null, Number.NaN].map((concurrency) =>
      reminders({ concurrency }),
    ),
    'send must be a function': [undefined, null, {}, 'mail'].map((given) => ({
      sendReminders: (rollout) => rollout.sendReminders(given),
    })),

    'filter must be an object': [null, 'overdue', ['overdue']].map(filter),
    'filter has a property': [filter({ status: 'overdue' }), filter({ now: NOW }), filter({ limit: 1 })],
    'filter.phase must be one of': ['late', '', 7, null].map((phase) => filter({ phase })),
    'filter.deadlineBefore must be': [-1, 0.5, 8.64e15 + 1, '3', null, new Date(NOW)].map((deadlineBefore) =>
      filter({ deadlineBefore }),
    ),
    'filter.locked must be a boolean': [1, 'yes', null].map((locked) => filter({ locked })),
    'filter.userIdPrefix must be': [7, null, 'x'.repeat(256), '\uD800', 'a\u0000'].map((userIdPrefix) =>
      filter({ userIdPrefix }),
    ),

    'page must be an object': [null, 50, 'ada'].map(page),
    'page has a property': [page({ offset: 3 })],
    'page.after must be': ['', 7, null, 'x'.repeat(256), '\uDC00'].map((after) => page({ after })),
    'page.limit must be': [0, 1001, 1.5, '50', null, Number.POSITIVE_INFINITY].map((limit) => page({ limit })),

    'options.days must be': [undefined, 0, 367, 1.5, '7', null].map((count) => days({ days: count, timeZone })),
    'options.timeZone must be': [undefined, null, 7, '', 'Europe/Atlantis', '+01:00'].map((zone) =>
      days({ days: 7, timeZone: zone }),
    ),
    'options.before must be': [undefined, null, -1, 0.5, '3', new Date(NOW)].map((before) => pruning({ before })),
    'options.before must not be ahead of now': [pruning({ before: NOW + 1 })],
  }
  for (const [message, all] of Object.entries(cases)) {
    it(message, async () => {
      for (const [at, calls] of all.entries()) {
        for (const [method, call] of Object.entries(calls)) {
          const error = await rejection(async () => call(leeway.rollout as never))
          expect([method, at, error.message]).toEqual([method, at, expect.stringContaining(message)])
          expect(['TypeError', 'RangeError']).toContain(error.name)
          expect(error.cause).toBeUndefined()
        }
      }
    })
  }

  it('no method throws where it promises a promise', () => {
    for (const [method, given] of Object.entries({
      assign: ['ada'],
      preview: ['ada'],
      list: [7],
      forecast: [],
      progress: [],
      history: [7],
      pruneHistory: [],
      sendReminders: [],
      rotateKeys: [7],
    })) {
      const calls = leeway.rollout as unknown as Record<string, (...some: unknown[]) => Promise<unknown>>
      const answer = calls[method]?.(...given)
      expect([method, answer]).toEqual([method, expect.any(Promise)])
      answer?.catch(() => undefined)
    }
  })
})

describe('what a caller changes after the call has begun', () => {
  it('does not matter', async () => {
    const repository = recording(memoryRepository())
    const { leeway, clock } = settingOf({ repository })
    const terms = { period: { days: 30, calendar: { timeZone: 'UTC', avoid: ['sunday' as const] } }, postponements: 3 }
    const requiring = leeway.requireEnrollment('ada', terms)
    terms.period.days = 1
    terms.postponements = 0
    terms.period.calendar.timeZone = 'Nowhere'
    expect(await requiring).toMatchObject({ requirement: { postponementsLeft: 3 } })
    expect((await requiring).requirement?.deadline).toBeGreaterThan(NOW + 29 * DAY)

    const { phone: app } = await enroll({ leeway, clock }, 'ada')
    const proof: { code: string } = { code: app.codeAt(clock()) }
    const options = { accountName: 'ada', label: 'Tablet', proof }
    const beginning = leeway.beginSetup('ada', options)
    proof.code = 'nothing'
    options.accountName = 'e:ve'
    expect(await beginning).toMatchObject({ ok: true, setup: { keyUri: expect.stringContaining('Example:ada?') } })

    clock.advance(STEP)
    const other: { code: string } = { code: app.codeAt(clock()) }
    const replacing = leeway.replaceRecoveryCodes('ada', other)
    other.code = 'nothing'
    expect(await replacing).toMatchObject({ ok: true })

    const authenticator = { secret: masterKey(9), label: 'Old', recoveryCodes: ['ABCDEFGH'] }
    const note = { actor: 'root' }
    const importing = leeway.importAuthenticator('bob', authenticator, note)
    authenticator.secret.fill(0)
    authenticator.recoveryCodes[0] = 'HGFEDCBA'
    note.actor = 'eve'
    await importing
    expect(await leeway.importAuthenticator('bob', { secret: masterKey(9) })).toMatchObject({ changed: false })
    expect(await leeway.useRecoveryCode('bob', 'ABCDEFGH')).toMatchObject({ ok: true })
    expect(repository.saved.flatMap(({ events }) => events).find(({ userId }) => userId === 'bob')?.actor).toBe('root')
  })

  it('does not matter to a roll-out either', async () => {
    const { leeway, told } = rolloutSetting()
    const terms = { period: { days: 30 } }
    const options = { actor: 'root', applyTo: 'new' as 'new' | 'replace', onUser: () => undefined }
    await leeway.requireEnrollment('ben', { period: { days: 3 } })
    const assigning = leeway.rollout.assign(['ada', 'ben'], terms, options)
    terms.period.days = 1
    options.actor = 'eve'
    options.applyTo = 'replace'
    expect(await assigning).toMatchObject({ changed: 1, unchanged: 1 })
    expect(told.at(-1)).toMatchObject({ userId: 'ada', actor: 'root', details: { deadline: NOW + 30 * DAY } })
    const page = { limit: 1 }
    const listing = leeway.rollout.list({}, page)
    page.limit = 2
    expect((await listing).users).toHaveLength(1)
  })

  it('does not matter in the policy either', async () => {
    const newUsers = { period: { days: 30 } }
    const policy = { newUsers, maxAuthenticators: 2, lock: { forMs: [MINUTE] } }
    const { leeway, clock } = settingOf({ policy })
    newUsers.period.days = 1
    policy.lock.forMs[0] = HOUR
    policy.maxAuthenticators = 1
    expect(await leeway.status('ada')).toMatchObject({ requirement: { deadline: NOW + 30 * DAY } })
    const { phone: app } = await enroll({ leeway, clock }, 'ada')
    for (let failure = 0; failure < 5; failure++) await leeway.verifyCode('ada', wrongCode(app, clock()))
    expect((await leeway.status('ada')).lock.totp).toEqual({ state: 'locked', until: clock() + MINUTE })
  })

  it('the bytes of an import stay those of whoever handed them in, be they a Buffer', async () => {
    const { leeway } = settingOf()
    const secret = Buffer.from(masterKey(40))
    await leeway.importAuthenticator('ada', { secret })
    expect(new Uint8Array(secret)).toEqual(masterKey(40))
  })

  it('each property is read once, so that what was checked is what is used', async () => {
    const { leeway, clock } = settingOf()
    const turning = <Value>(good: Value, bad: unknown) => {
      let reads = 0
      return { enumerable: true, get: () => (reads++ === 0 ? good : bad) }
    }
    const period = Object.defineProperties({}, { days: turning(30, 'many') })
    const terms = Object.defineProperties({}, { period: turning(period, 'sometime') })
    expect(await leeway.requireEnrollment('ada', terms as never)).toMatchObject({
      requirement: { deadline: NOW + 30 * DAY },
    })
    const change = Object.defineProperties({}, { addDays: turning(1, Number.NaN) })
    expect(await leeway.changeDeadline('ada', change as never)).toMatchObject({
      requirement: { deadline: NOW + 31 * DAY },
    })
    const exemption = Object.defineProperties({}, { until: turning(NOW + 5, -1), reason: turning('x', 7) })
    expect(await leeway.exempt('ada', exemption as never)).toMatchObject({ exemption: { until: NOW + 5, reason: 'x' } })
    const { phone: app } = await enroll({ leeway, clock }, 'ada')
    const proof = Object.defineProperties({}, { code: turning(app.codeAt(clock()), 'nothing') })
    expect(await leeway.replaceRecoveryCodes('ada', proof as never)).toMatchObject({ ok: true })
  })
})

describe('a clock that does not tell the time', () => {
  const times: [unknown, string][] = [
    [Number.NaN, 'RangeError'],
    [-1, 'RangeError'],
    [0.5, 'RangeError'],
    [Number.POSITIVE_INFINITY, 'RangeError'],
    [8.64e15 + 1, 'RangeError'],
    [`${NOW}`, 'TypeError'],
    [new Date(NOW), 'TypeError'],
    [undefined, 'TypeError'],
    [BigInt(NOW), 'TypeError'],
  ]
  for (const [time, name] of times) {
    it(`such as ${typeof time === 'bigint' ? 'a bigint' : JSON.stringify(time)} (${typeof time}) is refused by every method that needs it`, async () => {
      const repository = counting(memoryRepository())
      const { leeway } = settingOf({ repository, clock: (() => time) as never })
      for (const method of METHODS) {
        // Forgetting knows no time.
        if (method === 'forget') continue
        const error = await rejection(() => CALLS[method](leeway, 'ada'))
        expect([method, error.name]).toEqual([method, name])
        expect(error.message).toContain('options.clock')
      }
      expect(repository.calls).toEqual({ find: 0, save: 0, remove: 0 })
    })
  }

  it('is refused by every method of a roll-out that needs it', async () => {
    const timeZone = 'UTC'
    const calls: Record<string, (rollout: Rollout) => Promise<unknown>> = {
      assign: (rollout) => rollout.assign(['ada'], { period: { days: 3 } }),
      preview: (rollout) => rollout.preview(['ada'], { period: { days: 3 } }),
      list: (rollout) => rollout.list(),
      counts: (rollout) => rollout.counts(),
      forecast: (rollout) => rollout.forecast({ days: 3, timeZone }),
      progress: (rollout) => rollout.progress({ days: 3, timeZone }),
      pruneHistory: (rollout) => rollout.pruneHistory({ before: 0 }),
      sendReminders: (rollout) => rollout.sendReminders(async () => undefined),
      rotateKeys: (rollout) => rollout.rotateKeys(),
      async exportCsv(rollout) {
        for await (const _part of rollout.exportCsv());
      },
    }
    for (const [time, name] of times) {
      const { leeway } = rolloutSetting({ clock: (() => time) as never })
      for (const [method, call] of Object.entries(calls)) {
        const error = await rejection(() => call(leeway.rollout))
        expect([method, error.name]).toEqual([method, name])
        expect(error.message).toContain('options.clock')
      }
    }
  })

  it('is read once in each call', async () => {
    for (const method of METHODS) {
      let reads = 0
      const clock = Object.assign(() => NOW + 31_000 * reads++, fixedClock(NOW))
      const { leeway } = settingOf({ clock: clock as never })
      await CALLS[method](leeway, 'ada')
      expect([method, reads]).toEqual([method, method === 'forget' ? 0 : 1])
    }
  })
})

describe('a random source', () => {
  const sources: Record<string, unknown> = {
    'too few bytes': (byteLength: number) => new Uint8Array(byteLength - 1),
    'too many bytes': (byteLength: number) => new Uint8Array(byteLength + 1),
    'an array': (byteLength: number) => Array.from({ length: byteLength }, () => 1),
    nothing: () => undefined,
    'a promise': async (byteLength: number) => new Uint8Array(byteLength),
  }
  for (const [what, random] of Object.entries(sources)) {
    it(`that gives ${what} is refused before anything is written`, async () => {
      const repository = counting(memoryRepository())
      const { leeway } = settingOf({ repository, random: random as never })
      for (const method of ['beginSetup', 'issuePass', 'replaceRecoveryCodes', 'importAuthenticator'] as const) {
        const error = await rejection(() => CALLS[method](leeway, 'ada'))
        expect([method, error.name]).toEqual([method, 'TypeError'])
        expect(error.message).toContain('options.random')
      }
      expect(repository.calls.save).toBe(0)
    })
  }

  it('that hands out the same array again does not put a secret into an id', async () => {
    const array = new Uint8Array(64)
    let calls = 0
    const random = (byteLength: number) => array.fill(++calls).subarray(0, byteLength)
    const { leeway } = settingOf({ random })
    const begun = await leeway.beginSetup('ada', { accountName: 'ada' })
    expect(begun).toMatchObject({ setup: { secret: 'AEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIB', id: '02'.repeat(16) } })
  })
})

describe('options that are wrong', () => {
  const good = (): LeewayOptions => ({
    issuer: 'Example',
    repository: memoryRepository(),
    cipher: aesGcmCipher({ keys: [K1] }),
  })
  const cases: [string, Record<string, unknown> | unknown, string][] = [
    ['no object', undefined, 'options must be an object'],
    ['an array', [], 'options must be an object'],
    ['a property that nobody knows', { ...good(), store: 1 }, 'options has a property that is not known'],
    ['no issuer', { ...good(), issuer: undefined }, 'issuer'],
    ['an empty issuer', { ...good(), issuer: '' }, 'issuer'],
    ['an issuer with a colon', { ...good(), issuer: 'Example: the service' }, 'issuer'],
    ['no repository', { ...good(), repository: undefined }, 'options.repository must be an object'],
    ['a repository without save', { ...good(), repository: { find: () => null } }, 'options.repository.save'],
    [
      'a repository without remove',
      { ...good(), repository: { ...memoryRepository(), remove: null } },
      'options.repository.remove',
    ],
    ['a cipher that is a key', { ...good(), cipher: masterKey(1) }, 'options.cipher.seal must be a function'],
    ['a cipher without matches', { ...good(), cipher: { ...good().cipher, matches: 1 } }, 'options.cipher.matches'],
    ['a clock that is a time', { ...good(), clock: NOW }, 'options.clock must be a function'],
    ['a clock that is null', { ...good(), clock: null }, 'options.clock must be a function'],
    ['randomness that is bytes', { ...good(), random: masterKey(1) }, 'options.random must be a function'],
    ['a listener that is null', { ...good(), onEvents: null }, 'options.onEvents must be a function'],
    ['a policy that is null', { ...good(), policy: null }, 'policy must be an object'],
  ]
  for (const [what, options, message] of cases) {
    it(`such as ${what} throw at once: ${message}`, () => {
      expect(() => createLeeway(options as LeewayOptions)).toThrow(message)
      expect(() => createLeeway(options as LeewayOptions)).toThrow(/^(?!.*undefined is)/)
    })
  }

  const edges: [string, (value: unknown) => unknown, number, number][] = [
    ['policy.setup.expiresAfterMs', (expiresAfterMs) => ({ setup: { expiresAfterMs } }), MINUTE, DAY],
    ['policy.setup.tries', (tries) => ({ setup: { tries } }), 1, 20],
    ['policy.pass.expiresAfterMs', (expiresAfterMs) => ({ pass: { expiresAfterMs } }), MINUTE, 30 * DAY],
    ['policy.pass.tries', (tries) => ({ pass: { tries } }), 1, 20],
    ['policy.recoveryCodes.count', (count) => ({ recoveryCodes: { count } }), 0, 50],
    ['policy.maxAuthenticators', (maxAuthenticators) => ({ maxAuthenticators }), 1, 20],
    ['policy.lock.afterFailures', (afterFailures) => ({ lock: { afterFailures } }), 1, 10],
    ['policy.lock.disableAfterFailures', (disableAfterFailures) => ({ lock: { disableAfterFailures } }), 5, 100],
    ['policy.lock.forMs[1]', (rung) => ({ lock: { forMs: [1000, rung] } }), 1000, 365 * DAY],
    ['policy.lock.rollingCap.failures', (failures) => ({ lock: { rollingCap: { failures } } }), 1, 200],
    ['policy.lock.rollingCap.days', (days) => ({ lock: { rollingCap: { days } } }), 1, 365],
    ['policy.reminders.leaseMs', (leaseMs) => ({ reminders: { leaseMs } }), 1000, DAY],
    ['policy.reminders.daysBefore[1]', (days) => ({ reminders: { daysBefore: [7, days] } }), 0, 365],
    ['policy.maxGrantedDays', (maxGrantedDays) => ({ maxGrantedDays }), 1, 3650],
    ['policy.newUsers.period.days', (days) => ({ newUsers: { period: { days } } }), 1, 365],
    ['period', (period) => ({ totp: { period } }), 1, 3600],
    ['digits', (digits) => ({ totp: { digits } }), 6, 8],
    ['window', (window) => ({ totp: { window } }), 0, 5],
    ['window.past', (past) => ({ totp: { window: { past, future: 0 } } }), 0, 10],
  ]
  for (const [name, policyOf, least, most] of edges) {
    it(`${name} is a whole number from ${least} to ${most}`, () => {
      const make = (value: unknown) => () => createLeeway({ ...good(), policy: policyOf(value) as never })
      expect(make(least)).not.toThrow()
      expect(make(most)).not.toThrow()
      for (const bad of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(make(bad)).toThrow(RangeError)
        expect(make(bad)).toThrow(name)
      }
      for (const bad of [`${least}`, null, [least], true]) {
        expect(make(bad)).toThrow(TypeError)
        expect(make(bad)).toThrow(name)
      }
    })
  }

  const policies: [string, unknown][] = [
    ['policy must be an object', 7],
    ['policy has a property that is not known', { locks: {} }],
    ['policy.protect must be a function', { protect: true }],
    ['policy.protect must be a function', { protect: ['root'] }],
    ['policy.protect must be a function', { protect: null }],
    ['policy.reminders must be an object', { reminders: [7, 1] }],
    ['policy.reminders has a property', { reminders: { days: [7, 1] } }],
    ['policy.reminders.daysBefore must be an array', { reminders: { daysBefore: 7 } }],
    [
      'policy.reminders.daysBefore must have at most 20 entries',
      { reminders: { daysBefore: Array.from({ length: 21 }, (_, day) => day) } },
    ],
    [
      'policy.reminders.daysBefore[1] must be a number',
      { reminders: { daysBefore: Object.assign([7, 3, 1], { 1: undefined }) } },
    ],
    ['policy.setup must be an object', { setup: [] }],
    ['policy.setup has a property', { setup: { attempts: 3 } }],
    ['policy.pass must be an object', { pass: 'x' }],
    ['policy.lock has a property', { lock: { after: 3 } }],
    ['policy.lock.forMs must be an array', { lock: { forMs: 1000 } }],
    ['policy.lock.forMs must have 1 to 20 rungs', { lock: { forMs: [] } }],
    ['policy.lock.forMs must have 1 to 20 rungs', { lock: { forMs: Array.from({ length: 21 }, () => 1000) } }],
    ['policy.lock.forMs[1] must be a number', { lock: { forMs: Object.assign([1000, 1000, 1000], { 1: undefined }) } }],
    ['policy.lock.rollingCap has a property', { lock: { rollingCap: { months: 1 } } }],
    ['policy.recoveryCodes must be an object', { recoveryCodes: 10 }],
    ['policy.newUsers must be an object', { newUsers: 'required' }],
    ['policy.newUsers.period must be', { newUsers: { period: 'soon' } }],
    ['policy.totp has a property', { totp: { step: 30 } }],
    ['policy.totp.t0 must be 0', { totp: { t0: 1 } }],
    ['algorithm must be one of', { totp: { algorithm: 'MD5' } }],
    ['window must be at most 10 steps', { totp: { window: { past: 6, future: 5 } } }],
  ]
  for (const [message, policy] of policies) {
    it(`${message}: ${JSON.stringify(policy)}`, () => {
      expect(() => createLeeway({ ...good(), policy: policy as never })).toThrow(message)
    })
  }

  it('a lock may have twenty rungs, and what is granted has no limit where none is said', () => {
    const forMs = Array.from({ length: 20 }, (_, at) => 1000 * (at + 1))
    expect(resolvePolicy({ lock: { forMs } }).lock.forMs).toEqual(forMs)
    expect(resolvePolicy().maxGrantedDays).toBeNull()
  })

  it('days to remind on are kept once each, the most first, and may be none', () => {
    const daysOf = (daysBefore?: readonly number[]) => resolvePolicy({ reminders: { daysBefore } }).reminders.daysBefore
    expect(daysOf()).toEqual([14, 7, 3, 1, 0])
    expect(daysOf([1, 365, 0, 7, 1, 0])).toEqual([365, 7, 1, 0])
    expect(daysOf([])).toEqual([])
    const twenty = Array.from({ length: 20 }, (_, day) => 19 - day)
    expect(daysOf(twenty)).toEqual(twenty)
  })

  it('what is undefined is left out', () => {
    const nothing = { clock: undefined, random: undefined, onEvents: undefined }
    expect(() => createLeeway({ ...good(), ...nothing, policy: undefined })).not.toThrow()
    const sections = {
      totp: undefined,
      newUsers: undefined,
      reminders: undefined,
      maxGrantedDays: undefined,
      protect: undefined,
      setup: { tries: undefined },
      lock: { rollingCap: undefined },
    }
    expect(() => createLeeway({ ...good(), policy: sections })).not.toThrow()
    expect(() =>
      createLeeway({ ...good(), policy: { newUsers: 'optional', lock: { forMs: undefined } } }),
    ).not.toThrow()
  })
})

/** A repository whose record somebody changes by hand. */
function tampered(
  repository: EnrollmentRepository,
  change: (record: Record<string, unknown>) => unknown,
): EnrollmentRepository {
  return {
    ...repository,
    async find(userId) {
      const found = await repository.find(userId)
      return found && { ...found, enrollment: change(structuredClone(found.enrollment) as never) as Enrollment }
    },
  }
}

/** Every way to an own property of plain data. */
function pathsOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, key]))].filter(
    ({ length }) => length > 0,
  )
}

function put(record: Record<string, unknown>, path: readonly (string | number)[], value: unknown): unknown {
  let at: Record<string, unknown> = record
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>
  at[path.at(-1) as string] = value
  return record
}

describe('a record that was corrupted', () => {
  it('is a LeewayError or an ordinary answer wherever it was, never another error, and nothing is written over it unread', async () => {
    const store = memoryRepository()
    const { leeway, clock } = settingOf({ repository: store })
    const calendar = { timeZone: 'Europe/Berlin', avoid: ['sunday'], holidays: ['2026-12-25'] } as const
    await leeway.requireEnrollment('ada', { period: { days: 30, start: 'first-sign-in', calendar } })
    const { phone: app, recoveryCodes } = await enroll({ leeway, clock }, 'ada')
    await leeway.beginSetup('ada', { accountName: 'ada', proof: { recoveryCode: recoveryCodes[0] } })
    await leeway.issuePass('ada')
    await leeway.exempt('ada', { until: NOW + DAY, reason: 'x' })
    await leeway.verifyCode('ada', wrongCode(app, clock()))
    const stored = await store.find('ada')
    const record = stored?.enrollment as unknown as Record<string, unknown>
    const code = app.codeAt(clock())
    const calls: Record<string, (one: Leeway) => Promise<unknown>> = {
      ...Object.fromEntries(
        METHODS.filter((method) => method !== 'forget').map((method) => [
          method,
          (one: Leeway) => CALLS[method](one, 'ada'),
        ]),
      ),
      verifyCode: (one) => one.verifyCode('ada', code),
      useRecoveryCode: (one) => one.useRecoveryCode('ada', recoveryCodes[1]),
      resumeSetup: (one) => one.beginSetup('ada', { accountName: 'ada', setupId: 'x', proof: { code } }),
    }
    const found: string[] = []
    for (const path of pathsOf(record)) {
      for (const value of [undefined, null, 0, 1.5, 8e12, 9e15, 'nonsense', {}]) {
        const repository = counting(tampered(store, (one) => put(one, path, value)))
        repository.save = async () => {
          repository.calls.save++
          return 'saved'
        }
        const broken = settingOf({ repository, clock })
        for (const [method, call] of Object.entries(calls)) {
          const saves = repository.calls.save
          const error = await call(broken.leeway).then(
            () => null,
            (thrown: unknown) => thrown,
          )
          if (error === null) continue
          const wrote = repository.calls.save > saves
          if (wrote || !(error instanceof LeewayError))
            found.push(`${path.join('.')} = ${JSON.stringify(value)}: ${method}: ${error}`)
        }
      }
    }
    expect(found).toEqual([])
  }, 120_000)

  const unreadable: Record<string, (record: Record<string, unknown>) => unknown> = {
    'is no object': () => 'a record',
    'is null': () => null,
    'is missing': () => undefined,
    'is an array': () => [],
    'has a property that nobody knows': (record) => ({ ...record, extra: 1 }),
    'lost a property': ({ lock: _, ...record }) => record,
    'is of a newer version': (record) => ({ ...record, schemaVersion: 2 }),
    'is of no version': (record) => ({ ...record, schemaVersion: 0 }),
    "is another user's": (record) => ({ ...record, userId: 'eve' }),
    'is of a user of another case': (record) => ({ ...record, userId: 'ADA' }),
  }
  for (const [what, change] of Object.entries(unreadable)) {
    it(`that ${what} is ERR_RECORD for every method but forget`, async () => {
      const store = memoryRepository()
      const honest = settingOf({ repository: store })
      await enroll(honest, 'ada')
      const before = await store.find('ada')
      const { leeway, told } = settingOf({ repository: tampered(store, change) })
      for (const method of METHODS) {
        if (method === 'forget') continue
        const error = await rejection(() => CALLS[method](leeway, 'ada'))
        expect([method, error.code]).toEqual([method, 'ERR_RECORD'])
        expect(error).toBeInstanceOf(LeewayError)
      }
      expect(told).toEqual([])
      expect(await store.find('ada')).toEqual(before)
      await leeway.forget('ada')
      expect(await store.find('ada')).toBeNull()
    })
  }
})

describe('a token that does not belong where it is', () => {
  it("moved from another user's row is ERR_CIPHER; nothing is counted and nothing overwritten", async () => {
    const store = memoryRepository()
    const { leeway, clock } = settingOf({ repository: store })
    // The attacker can write to the database: he gives Ada the authenticator of Eve, whose codes he has.
    await enroll({ leeway, clock }, 'ada')
    const eve = await enroll({ leeway, clock }, 'eve')
    const evesRecord = (await store.find('eve'))?.enrollment as unknown as Record<string, unknown>
    for (const part of ['authenticators', 'recoveryCodes'] as const) {
      const { leeway: attacked, told } = settingOf({
        repository: tampered(store, (record) => ({ ...record, [part]: evesRecord[part] })),
        clock,
      })
      const before = await store.find('ada')
      if (part === 'authenticators') {
        expect(await rejection(() => attacked.verifyCode('ada', eve.phone.codeAt(clock())))).toMatchObject({
          name: 'LeewayError',
          code: 'ERR_CIPHER',
        })
        expect(told).toEqual([])
        expect(await store.find('ada')).toEqual(before)
      } else {
        // A digest of another user is a digest of nothing that Ada could type.
        expect(await attacked.useRecoveryCode('ada', eve.recoveryCodes[0])).toEqual({
          ok: false,
          reason: 'invalid-code',
        })
      }
    }
  })

  it('altered, or under a key that is gone, is ERR_CIPHER; nothing is counted and nothing overwritten', async () => {
    const store = memoryRepository()
    const { leeway, clock } = settingOf({ repository: store })
    const { phone: app, recoveryCodes } = await enroll({ leeway, clock }, 'ada')
    const before = await store.find('ada')
    const replaceTokens = (text: string, change: (token: string) => string) =>
      JSON.parse(text.replace(/(?:seal1|digest1)\.[\w.-]+/g, (token) => change(token)))
    const altered = tampered(store, (record) =>
      replaceTokens(
        JSON.stringify(record),
        (token) => `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`,
      ),
    )
    const garbage = tampered(store, (record) => replaceTokens(JSON.stringify(record), () => 'garbage'))
    const services = [
      settingOf({ repository: garbage, clock }),
      settingOf({ repository: store, clock, cipher: aesGcmCipher({ keys: [K2] }) }),
      // The same name, another key.
      settingOf({ repository: store, clock, cipher: aesGcmCipher({ keys: [{ id: 'k1', key: K2.key }] }) }),
      settingOf({ repository: altered, clock }),
    ]
    for (const [at, { leeway: broken, told }] of services.entries()) {
      for (const code of [app.codeAt(clock()), wrongCode(app, clock())]) {
        expect(await rejection(() => broken.verifyCode('ada', code))).toMatchObject({ code: 'ERR_CIPHER' })
        expect(await rejection(() => broken.replaceRecoveryCodes('ada', { code }))).toMatchObject({
          code: 'ERR_CIPHER',
        })
        // What cannot be a code opens no secret.
        expect(await broken.verifyCode('ada', `${code}0`)).toEqual({ ok: false, reason: 'invalid-code' })
      }
      // A digest has nothing by which an altered one could be told from that of another code.
      if (at < 2) {
        expect(await rejection(() => broken.useRecoveryCode('ada', recoveryCodes[0]))).toMatchObject({
          code: 'ERR_CIPHER',
        })
      }
      expect(told).toEqual([])
    }
    expect(await store.find('ada')).toEqual(before)
  })
})
