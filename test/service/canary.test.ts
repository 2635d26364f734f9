import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import type { EnrollmentRepository, SecretCipher, StoredEnrollment } from '../../src/ports/index.js'
import { createLeeway } from '../../src/service/create-leeway.js'
import type { Leeway } from '../../src/service/leeway.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { fixedClock, phone } from '../../src/testing/index.js'
import { decodeBase32 } from '../../src/totp/index.js'
import { DAY, NOW, STEP, wrongCode } from './setting.js'

/** Everything that must stay where it is, by what it is. */
type Canaries = Map<string, string>

/** Every way in which bytes end up in a text. */
function spellings(name: string, bytes: Uint8Array): [string, string][] {
  const buffer = Buffer.from(bytes)
  return [
    [`${name} in hexadecimal`, buffer.toString('hex')],
    [`${name} in base64`, buffer.toString('base64').replace(/=+$/, '')],
    [`${name} in base64url`, buffer.toString('base64url')],
    [`${name} as latin1`, buffer.toString('latin1')],
    [`${name} as a list`, [...bytes].join(',')],
    [`${name} as a list with spaces`, [...bytes].join(', ')],
    [`${name} as JSON of an array`, JSON.stringify(bytes).slice(1, -1)],
    [`${name} as Node shows a Buffer`, (buffer.toString('hex').match(/../g) ?? []).join(' ')],
  ]
}

/** All that anybody could see of a value: as text, as JSON, as Node shows it, with its chain of causes. */
function seen(value: unknown): string {
  const parts = [
    inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null }),
  ]
  if (value instanceof Error) {
    parts.push(
      value.message,
      value.stack ?? '',
      String(value),
      JSON.stringify(value),
      JSON.stringify(Object.getOwnPropertyDescriptors(value)),
    )
    if (value.cause !== undefined) parts.push(seen(value.cause))
  } else {
    parts.push(JSON.stringify(value) ?? '', String(value))
  }
  return parts.join('\n')
}

/** Where canaries are found: nothing is, if all is well. Spelling in another case is found as well. */
function leaks(canaries: Canaries, where: string, text: string): string[] {
  const lower = text.toLowerCase()
  return [...canaries].flatMap(([name, canary]) =>
    lower.includes(canary.toLowerCase()) ? [`${name} in ${where}`] : [],
  )
}

const MASTER = Uint8Array.from({ length: 32 }, (_, at) => (at * 73 + 29) & 0xff)

let printed: string
beforeEach(() => {
  printed = ''
  const write = (chunk: unknown): boolean => {
    printed += String(chunk)
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(write)
  vi.spyOn(process.stderr, 'write').mockImplementation(write)
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const) {
    vi.spyOn(console, method).mockImplementation((...given: unknown[]) => void write(given.map(seen).join(' ')))
  }
})
afterEach(() => vi.restoreAllMocks())

/** A store that keeps everything it was ever given, and fails when it is told to. */
function watched(): EnrollmentRepository & { written: string[]; failing: boolean } {
  const store = memoryRepository()
  const watching = {
    written: [] as string[],
    failing: false,
    find: (userId: string): Promise<StoredEnrollment | null> => {
      if (watching.failing) return Promise.reject(new Error('the store is away'))
      return store.find(userId)
    },
    save: (change: Parameters<EnrollmentRepository['save']>[0]) => {
      watching.written.push(JSON.stringify(change), inspect(change, { depth: 20 }))
      return store.save(change)
    },
    remove: store.remove,
  }
  return watching
}

describe('secrets, codes, recovery codes, passes and keys', () => {
  it('are in no error, event, status, output or inspection, and in clear in no record', async () => {
    const canaries: Canaries = new Map(spellings('the master key', MASTER))
    const clock = fixedClock(NOW)
    const repository = watched()
    const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: MASTER }] })
    const events: EnrollmentEvent[] = []
    const onEvents = (told: readonly EnrollmentEvent[]) => void events.push(...told)
    const leeway = createLeeway({ issuer: 'Example', repository, cipher, clock, onEvents })
    const found: string[] = []
    const look = (where: string, value: unknown) => found.push(...leaks(canaries, where, seen(value)))
    const know = (name: string, secret: string) => void canaries.set(name, secret)
    const knowSecret = (name: string, base32: string) => {
      know(`${name} in base32`, base32)
      for (const [spelling, text] of spellings(name, decodeBase32(base32))) know(spelling, text)
    }
    const knowCode = (name: string, code: string) => {
      know(name, code)
      know(`${name} without hyphens`, code.replaceAll('-', ''))
    }
    const answers: unknown[] = []
    const told = <Answer>(answer: Answer): Answer => {
      answers.push(answer)
      return answer
    }
    /** What is refused with an error: the error is looked at, with its causes. */
    const refuse = async (work: () => Promise<unknown>) => {
      const error = await work().then(
        () => new Error('it was accepted'),
        (thrown: unknown) => thrown,
      )
      expect(String(error)).not.toContain('it was accepted')
      look('an error', error)
    }

    told(await leeway.requireEnrollment('ada', { period: { days: 9 }, selfEnrollment: 'with-pass' }))
    const issued = await leeway.issuePass('ada', { actor: 'desk' })
    knowCode('the pass', issued.pass)
    knowCode('a pass that was wrong', 'ZZZZZ-YYYYY-XXXXX-WWWWW-VVVVV')
    told(await leeway.beginSetup('ada', { accountName: 'ada', pass: 'ZZZZZ-YYYYY-XXXXX-WWWWW-VVVVV' }))
    const begun = await leeway.beginSetup('ada', { accountName: 'ada', pass: issued.pass })
    if (!begun.ok) throw new Error(begun.reason)
    knowSecret("the set-up's secret", begun.setup.secret)
    // The id shows the secret to whoever has it: it is a secret until it is the authenticator's.
    const setupId = begun.setup.id
    look('the events until then', events)
    look('a status', await leeway.status('ada'))
    found.push(
      ...leaks(
        new Map([['the id of the set-up', setupId]]),
        'events or a status',
        seen([events, await leeway.status('ada')]),
      ),
    )
    const app = phone(begun.setup.keyUri)
    know('the code that confirmed', app.codeAt(clock()))
    know('a wrong code', wrongCode(app, clock()))
    told(await leeway.confirmSetup('ada', wrongCode(app, clock())))
    const confirmed = await leeway.confirmSetup('ada', app.codeAt(clock()))
    if (!confirmed.ok) throw new Error(confirmed.reason)
    for (const [at, code] of (confirmed.recoveryCodes ?? []).entries()) knowCode(`recovery code ${at}`, code)
    const [first = '', second = ''] = confirmed.recoveryCodes ?? []

    clock.advance(STEP)
    know('a right code', app.codeAt(clock()))
    told(await leeway.verifyCode('ada', wrongCode(app, clock())))
    told(await leeway.verifyCode('ada', app.codeAt(clock())))
    told(await leeway.verifyCode('ada', app.codeAt(clock())))
    told(await leeway.useRecoveryCode('ada', first))
    told(await leeway.useRecoveryCode('ada', first))
    told(await leeway.signIn('ada', { sensitive: true }))
    told(await leeway.renameAuthenticator('ada', confirmed.authenticatorId, 'Phone'))
    told(await leeway.exempt('ada', { until: NOW + DAY, reason: 'at sea' }, { actor: 'root' }))
    const replaced = await leeway.replaceRecoveryCodes('ada', { recoveryCode: second })
    if (!replaced.ok) throw new Error(replaced.reason)
    for (const [at, code] of replaced.recoveryCodes.entries()) knowCode(`new recovery code ${at}`, code)
    const secret = Uint8Array.from({ length: 20 }, (_, at) => (at * 91 + 7) & 0xff)
    for (const [spelling, text] of spellings('an imported secret', secret)) know(spelling, text)
    knowCode('an imported recovery code', 'QQQQ7777')
    told(await leeway.importAuthenticator('ada', { secret, recoveryCodes: ['QQQQ7777'] }))

    // Errors of every kind: arguments, store, cipher, record, contention aside.
    await refuse(() => leeway.importAuthenticator('bob', { secret: secret.subarray(0, 9) }))
    await refuse(() => leeway.importAuthenticator('bob', { secret, recoveryCodes: ['QQQQ7777', 'QQQQ7777_'] }))
    await refuse(() => leeway.beginSetup('ada', { accountName: 'a:b', pass: issued.pass }))
    await refuse(() => leeway.removeAuthenticator('ada', 'x', { code: first, recoveryCode: second } as never))
    await refuse(() => leeway.verifyCode(app.codeAt(clock()).repeat(50), app.codeAt(clock())))
    repository.failing = true
    await refuse(() => leeway.verifyCode('ada', app.codeAt(clock())))
    await refuse(() => leeway.useRecoveryCode('ada', first))
    repository.failing = false
    const withoutKey = createLeeway({
      issuer: 'Example',
      repository,
      cipher: aesGcmCipher({ keys: [{ id: 'k2', key: MASTER.toReversed() }] }),
      clock,
      onEvents,
    })
    await refuse(() => withoutKey.verifyCode('ada', app.codeAt(clock())))
    await refuse(() => withoutKey.useRecoveryCode('ada', replaced.recoveryCodes[0]))
    const garbled: EnrollmentRepository = {
      ...repository,
      async find(userId) {
        const stored = await repository.find(userId)
        return stored && { ...stored, enrollment: { ...stored.enrollment, [first]: second } }
      },
    }
    await refuse(() => createLeeway({ issuer: 'Example', repository: garbled, cipher, clock }).status('ada'))

    look('an answer', answers)
    look('an event', events)
    look('a status', await leeway.status('ada'))
    look('a decision', await leeway.decide('ada'))
    look('the service', leeway)
    look('the cipher', cipher)
    look('the methods of the service', Object.values(leeway).map(String))
    found.push(...leaks(canaries, 'a record or event as it was stored', repository.written.join('\n')))
    found.push(...leaks(canaries, 'the output', printed))
    expect(found).toEqual([])
    // The nets would hold: each canary is found where it is put.
    for (const [name, canary] of canaries)
      expect(leaks(canaries, 'a text', `<${canary}>`)).toContain(`${name} in a text`)
    expect(canaries.size).toBeGreaterThan(60)
    expect(events.length).toBeGreaterThan(12)
  })

  it('after its confirmation a secret is in no result of any method again', async () => {
    const clock = fixedClock(NOW)
    const leeway = createLeeway({
      issuer: 'Example',
      repository: memoryRepository(),
      cipher: aesGcmCipher({ keys: [{ id: 'k1', key: MASTER }] }),
      clock,
    })
    const begun = await leeway.beginSetup('ada', { accountName: 'ada' })
    if (!begun.ok) throw new Error(begun.reason)
    const app = phone(begun.setup.keyUri)
    const { id: setupId, secret } = begun.setup
    const canaries: Canaries = new Map([['base32', secret], ...spellings('the secret', decodeBase32(secret))])
    const results: unknown[] = [await leeway.confirmSetup('ada', app.codeAt(clock()), { setupId })]
    const code = () => {
      clock.advance(STEP)
      return app.codeAt(clock())
    }
    const calls: ((one: Leeway) => Promise<unknown>)[] = [
      (one) => one.beginSetup('ada', { accountName: 'ada', setupId }),
      (one) => one.beginSetup('ada', { accountName: 'ada', setupId, proof: { code: code() } }),
      (one) => one.confirmSetup('ada', code(), { setupId }),
      (one) => one.verifyCode('ada', code()),
      (one) => one.replaceRecoveryCodes('ada', { code: code() }),
      (one) => one.renameAuthenticator('ada', setupId, 'Phone'),
      (one) => one.importAuthenticator('ada', { secret: decodeBase32(secret) }),
      (one) => one.status('ada'),
      (one) => one.decide('ada'),
      (one) => one.signIn('ada'),
      (one) => one.issuePass('ada'),
      (one) => one.suspend('ada'),
      (one) => one.resume('ada'),
      (one) => one.removeAuthenticator('ada', setupId, { code: code() }),
      (one) => one.beginSetup('ada', { accountName: 'ada', setupId }),
      (one) => one.resetMfa('ada', { grace: 'none' }),
      (one) => one.forget('ada'),
      (one) => one.beginSetup('ada', { accountName: 'ada', setupId }),
    ]
    for (const call of calls) results.push(await call(leeway))
    for (const [at, result] of results.entries()) expect(leaks(canaries, `result ${at}`, seen(result))).toEqual([])
  })

  it('are in nothing that a roll-out tells: reports, previews, reminders, histories, rotations, errors', async () => {
    const clock = fixedClock(NOW)
    const repository = memoryRepository()
    const events: EnrollmentEvent[] = []
    const options = {
      issuer: 'Example',
      repository,
      clock,
      onEvents: (told: readonly EnrollmentEvent[]) => void events.push(...told),
    }
    const cipherOf = (...masters: [string, Uint8Array][]) =>
      aesGcmCipher({ keys: masters.map(([id, key]) => ({ id, key })) })
    const leeway = createLeeway({ ...options, cipher: cipherOf(['k1', MASTER]) })
    const canaries: Canaries = new Map(spellings('the master key', MASTER))
    const know = (name: string, secret: string) => {
      canaries.set(name, secret)
      canaries.set(`${name} without hyphens`, secret.replaceAll('-', ''))
    }

    // Ada is enrolled and adds another; Ben is in the middle of it; Carol has a pass.
    const begun = await leeway.beginSetup('ada', { accountName: 'ada' })
    if (!begun.ok) throw new Error(begun.reason)
    const app = phone(begun.setup.keyUri)
    const confirmed = await leeway.confirmSetup('ada', app.codeAt(clock()))
    if (!confirmed.ok) throw new Error(confirmed.reason)
    clock.advance(STEP)
    const proof = { code: app.codeAt(clock()) }
    const setups = [
      begun,
      await leeway.beginSetup('ada', { accountName: 'ada', proof }),
      await leeway.beginSetup('ben', { accountName: 'ben' }),
    ]
    for (const [at, one] of setups.entries()) {
      if (!one.ok) throw new Error(one.reason)
      canaries.set(`secret ${at} in base32`, one.setup.secret)
      for (const [spelling, text] of spellings(`secret ${at}`, decodeBase32(one.setup.secret)))
        canaries.set(spelling, text)
      // Once it is bound the id is the authenticator's, and no secret any more.
      if (at > 0) know(`the id of set-up ${at}`, one.setup.id)
    }
    for (const [at, code] of (confirmed.recoveryCodes ?? []).entries()) know(`recovery code ${at}`, code)
    know('the pass', (await leeway.issuePass('carol')).pass)
    for (const { enrollment } of await repository.list({ now: NOW, after: null, limit: 9 })) {
      for (const [at, token] of (JSON.stringify(enrollment).match(/(?:seal1|digest1)\.[\w.-]+/g) ?? []).entries())
        know(`what is stored of ${enrollment.userId}, ${at}`, token)
    }

    const told: unknown[] = []
    const { rollout } = leeway
    const users = ['ada', 'ben', 'carol', 'dave', '']
    const terms = { period: { days: 1 } }
    const onUser = (user: unknown) => void told.push(user)
    const onProgress = onUser
    told.push(await rollout.preview(users, terms, { onUser }))
    told.push(await rollout.assign(users, terms, { onUser, onProgress }))
    const send = async (...given: unknown[]) => void told.push(given)
    told.push(await rollout.sendReminders(send))
    for (const userId of ['ada', 'ben', 'carol', 'dave']) told.push(await rollout.history(userId))
    told.push(await rollout.list(), await rollout.counts())
    told.push(
      await rollout.forecast({ days: 9, timeZone: 'UTC' }),
      await rollout.progress({ days: 9, timeZone: 'UTC' }),
    )
    for await (const part of rollout.exportCsv()) told.push(part)
    const other = MASTER.toReversed()
    const rotating = createLeeway({ ...options, cipher: cipherOf(['k2', other], ['k1', MASTER]) })
    told.push(await rotating.rollout.rotateKeys({ onProgress }))
    expect(told.at(-1)).toMatchObject({ resealed: 3 })
    told.push(await rollout.pruneHistory({ before: NOW }))

    const refuse = async (work: () => Promise<unknown>) => {
      const error = await work().then(
        () => new Error('it was accepted'),
        (thrown: unknown) => thrown,
      )
      expect(String(error)).not.toContain('it was accepted')
      told.push(error)
    }
    const [code = ''] = confirmed.recoveryCodes ?? []
    await refuse(() => rollout.assign(code as never, terms))
    await refuse(() => rollout.list({ phase: code as never }))
    await refuse(() => rollout.history(code.repeat(9)))
    await refuse(() => createLeeway({ ...options, cipher: cipherOf(['k3', other]) }).rollout.rotateKeys())
    const broken = { ...repository, list: () => Promise.reject(new Error('the store is away')) }
    await refuse(() =>
      createLeeway({ ...options, repository: broken, cipher: cipherOf(['k1', MASTER]) }).rollout.list(),
    )

    const found = told.flatMap((one, at) => leaks(canaries, `what was told, ${at}`, seen(one)))
    found.push(...leaks(canaries, 'the events', seen(events)), ...leaks(canaries, 'the output', printed))
    expect(found).toEqual([])
    expect(told.length).toBeGreaterThan(30)
    expect(canaries.size).toBeGreaterThan(60)
  })

  it('what was opened or drawn is wiped once it was used', async () => {
    const clock = fixedClock(NOW)
    const inner = aesGcmCipher({ keys: [{ id: 'k1', key: MASTER }] })
    const handed: Uint8Array[] = []
    const cipher: SecretCipher = {
      ...inner,
      seal(plain, context) {
        handed.push(plain)
        return inner.seal(plain, context)
      },
      async open(token, context) {
        const secret = await inner.open(token, context)
        handed.push(secret)
        return secret
      },
    }
    const leeway = createLeeway({ issuer: 'Example', repository: memoryRepository(), cipher, clock })
    const begun = await leeway.beginSetup('ada', { accountName: 'ada' })
    if (!begun.ok) throw new Error(begun.reason)
    const app = phone(begun.setup.keyUri)
    await leeway.beginSetup('ada', { accountName: 'ada', setupId: begun.setup.id })
    await leeway.confirmSetup('ada', wrongCode(app, clock()))
    await leeway.confirmSetup('ada', app.codeAt(clock()))
    clock.advance(STEP)
    await leeway.verifyCode('ada', app.codeAt(clock()))
    const secret = Uint8Array.from({ length: 20 }, (_, at) => at + 1)
    await leeway.importAuthenticator('ada', { secret })
    await expect(leeway.beginSetup('ada', { accountName: 'a:b' })).rejects.toThrow(RangeError)
    expect(handed).toHaveLength(8)
    for (const bytes of handed) expect(bytes.every((byte) => byte === 0)).toBe(true)
    // What the caller handed in is his.
    expect(secret[19]).toBe(20)
  })
})
