import fc, * as namespace from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertCalendar } from '../../src/enrollment/calendar.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import { assertPeriod, assertResolvedTerms, assertTerms, type Period } from '../../src/enrollment/terms.js'
import { assertUserId } from '../../src/enrollment/user.js'
import { createGuard, createHandler, levelFor, openApiDocument, returnTo } from '../../src/http/index.js'
import {
  aesGcmCipher,
  createLeeway,
  type EnrollmentEvent,
  type EnrollmentStatus,
  movementOf,
  phaseOf,
  resolveTerms,
  type SignInDecision,
} from '../../src/index.js'
import { decodeRecord } from '../../src/record/codec.js'
import { resolvePolicy } from '../../src/service/policy.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import {
  type Arbitraries,
  arbitraries,
  type CodeOf,
  fixedClock,
  givenWith,
  phone,
  type StoryStep,
} from '../../src/testing/index.js'
import { formatKeyUri, generateTotp, parseKeyUri, verifyTotp } from '../../src/totp/index.js'
import { enroll, rolloutSetting, settingOf } from '../service/setting.js'

const { instant, period, terms, userId, keyUri } = arbitraries(fc)
const any = arbitraries(fc)
const key = Uint8Array.from({ length: 32 }, (_, at) => at)
const secret = Uint8Array.from({ length: 20 }, (_, at) => at)
/** A secret checked at an instant, with parameters and a window of all kinds. */
const checked: fc.Arbitrary<CodeOf & { window: number | { past: number; future: number } }> = fc
  .record({
    secret: any.secret(),
    now: fc.oneof(fc.constantFrom(0, 30_000, 8.64e15), any.instant()),
    window: fc.oneof(fc.nat(5), any.driftWindow()),
    parameters: any.totpParameters(),
  })
  .map(({ parameters, ...of }) => ({ ...of, ...parameters }))

const PHASES = ['optional', 'exempt', 'scheduled', 'enrollment-period', 'overdue', 'enrolled', 'suspended']

/** Whether values of each kind come up among a thousand. */
function comesUp<Value>(arbitrary: fc.Arbitrary<Value>, ...kinds: ((value: Value) => boolean)[]): void {
  const values = fc.sample(arbitrary, { numRuns: 1000, seed: 1 })
  for (const kind of kinds) expect(values.some(kind), String(kind)).toBe(true)
}

describe('arbitrary instants', () => {
  it('are whole milliseconds from 0 to 8.64e15, of our days and of others', () => {
    fc.assert(fc.property(instant(), (now) => fixedClock(now)() === now))
    comesUp(
      instant(),
      (now) => now > Date.UTC(2100),
      (now) => now < Date.UTC(2100) && now > Date.UTC(2000),
    )
  })
})

describe('arbitrary periods and terms', () => {
  it('are all taken', () => {
    fc.assert(fc.property(period(), (value) => assertPeriod(value, 'period')))
    fc.assert(fc.property(terms(), (value) => assertTerms(value)))
  })

  it('are of every kind', () => {
    const has = (name: string, value?: unknown) => (from: Period) =>
      from !== 'none' && name in from && (value === undefined || from[name as keyof typeof from] === value)
    comesUp(
      period(),
      (value) => value === 'none',
      has('days'),
      has('deadline'),
      has('start', 'now'),
      has('start', 'first-sign-in'),
      has('capDays'),
      has('calendar'),
      (value) => value !== 'none' && 'days' in value && typeof value.start === 'number',
      (value) => value !== 'none' && 'deadline' in value && typeof value.start === 'number',
      (value) => value !== 'none' && !('calendar' in value),
    )
    comesUp(
      terms(),
      (value) => value.selfEnrollment === 'with-pass',
      (value) => value.selfEnrollment === undefined,
      (value) => value.postponements === undefined,
      (value) => value.postponements !== undefined,
    )
  })

  it('can be required of a user at any instant of our days', async () => {
    const ours = fc.integer({ min: Date.UTC(2000), max: Date.UTC(2100) })
    await fc.assert(
      fc.asyncProperty(terms(), ours, userId(), async (required, now, user) => {
        const cipher = aesGcmCipher({ keys: [{ id: 'k1', key }] })
        const leeway = createLeeway({ issuer: 'Test', repository: memoryRepository(), cipher, clock: fixedClock(now) })
        const { requirement } = await leeway.requireEnrollment(user, required)
        expect(requirement).not.toBe(null)
      }),
    )
  })
})

describe('arbitrary user ids', () => {
  it('are all taken, and some trip stores up', () => {
    fc.assert(fc.property(userId(), (id) => assertUserId(id)))
    comesUp(
      userId(),
      (id) => id === '__proto__',
      (id) => id !== id.trim(),
      (id) => id !== id.normalize('NFC'),
      (id) => id !== id.toLowerCase(),
      (id) => /[\u{10000}-\u{10ffff}]/u.test(id),
      (id) => id.length === 36,
    )
  })
})

describe('arbitrary key URIs', () => {
  it('can be written and read back, and put on a phone', () => {
    fc.assert(
      fc.property(keyUri(), fc.integer({ min: 0, max: 8.64e15 }), (written, now) => {
        const uri = formatKeyUri(written)
        expect(parseKeyUri(uri)).toEqual({ algorithm: 'SHA1', digits: 6, period: 30, ...written })
        const { secret, algorithm, digits, period: seconds } = written
        expect(phone(uri).codeAt(now)).toBe(generateTotp(secret, now, { algorithm, digits, period: seconds }))
      }),
    )
  })

  it('leave parameters to their defaults, or do not', () => {
    comesUp(
      keyUri(),
      (written) => written.algorithm === undefined && written.digits === undefined && written.period === undefined,
      (written) => written.algorithm === 'SHA512' && written.digits === 8 && written.period !== undefined,
    )
  })
})

describe('arbitrary arguments of administrators', () => {
  it('are all taken', () => {
    fc.assert(fc.property(any.calendar(), (value) => assertCalendar(value, 'calendar')))
    fc.assert(fc.property(any.resolvedTerms(), (value) => assertResolvedTerms(value)))
    fc.assert(
      fc.property(any.policy(), (value) => {
        resolvePolicy(value)
      }),
    )
    fc.assert(
      fc.property(any.termsLayers(), any.instant(), (layers, now) => {
        expect(resolveTerms(layers, { now }).because).toHaveLength(layers.length)
      }),
    )
  })

  it('are taken by the service, whatever the user', async () => {
    const call = fc.oneof(
      fc.tuple(fc.constant('changeDeadline' as const), any.deadlineChange(), any.note()),
      fc.tuple(fc.constant('exempt' as const), any.exemption(), any.note()),
      fc.tuple(
        fc.constant('resetMfa' as const),
        any.grace().map((grace) => ({ grace })),
        any.note(),
      ),
      fc.tuple(fc.constant('requireEnrollment' as const), any.resolvedTerms(), any.note()),
    )
    await fc.assert(
      fc.asyncProperty(any.userId(), call, any.rolloutFilter(), async (id, [method, given, note], filter) => {
        const { leeway } = rolloutSetting()
        await leeway.requireEnrollment(id, { period: 'none' })
        const change = leeway[method] as (...given: readonly unknown[]) => Promise<unknown>
        await change(id, given, note)
        const begun = await leeway.beginSetup(id, { accountName: 'x', label: note.reason?.slice(0, 100) })
        expect(begun).toHaveProperty('ok')
        const { users } = await leeway.rollout.list(filter)
        expect(users.length).toBeLessThan(2)
      }),
    )
  })

  it('are of every kind', () => {
    comesUp(
      any.termsLayers(),
      (layers) => layers.length === 0,
      (layers) => layers.some((one) => layers.some((other) => one !== other && one.scope === other.scope)),
      (layers) => layers.some((one, at) => layers[at + 1]?.since === one.since),
      (layers) => layers.some((one) => one.terms === 'optional'),
    )
    comesUp(
      any.deadlineChange(),
      (change) => 'addDays' in change && change.addDays === -365,
      (change) => 'deadline' in change,
    )
    comesUp(
      any.grace(),
      (grace) => grace === 'none',
      (grace) => grace === 'remaining',
      (grace) => typeof grace === 'object' && 'deadline' in grace,
    )
    comesUp(
      any.policy(),
      (policy) => policy.lock?.rollingCap?.days !== undefined,
      (policy) => policy.lock === undefined,
      (policy) => typeof policy.newUsers === 'object',
      (policy) => policy.recoveryCodes?.count === 0,
      (policy) => policy.totp?.digits === 8,
    )
    comesUp(
      any.note(),
      (note) => note.force === true,
      (note) => note.actor === undefined,
    )
    comesUp(
      any.rolloutFilter(),
      (filter) => filter.locked === false,
      (filter) => filter.phase === 'overdue' && filter.userIdPrefix !== undefined,
    )
    comesUp(
      any.driftWindow(),
      ({ past, future }) => past + future === 10,
      ({ past, future }) => past + future === 0,
    )
  })
})

describe('arbitrary codes', () => {
  it('that are right are accepted, in every way people type them', () => {
    fc.assert(
      fc.property(
        checked.chain((of) => fc.tuple(fc.constant(of), any.rightCode(of))),
        ([of, code]) => {
          expect(verifyTotp(of.secret, code, of).ok).toBe(true)
        },
      ),
    )
    const of = { secret, now: Date.UTC(2026, 0, 5) }
    comesUp(
      any.rightCode(of),
      (code) => code === generateTotp(secret, of.now),
      (code) => code.replace(/\D/g, '') === generateTotp(secret, of.now - 30_000),
      (code) => code.replace(/\D/g, '') === generateTotp(secret, of.now + 30_000),
      (code) => /^\d{3} \d{3}$/.test(code),
      (code) => code.includes('-'),
    )
  })

  it('that are wrong are a mismatch, and those that are hostile malformed', () => {
    fc.assert(
      fc.property(
        checked.chain((of) => fc.tuple(fc.constant(of), any.wrongCode(of))),
        ([of, code]) => {
          expect(verifyTotp(of.secret, code, of)).toEqual({ ok: false, reason: 'mismatch' })
        },
      ),
    )
    fc.assert(
      fc.property(checked, any.hostileCode(), (of, code) => {
        expect(verifyTotp(of.secret, code, of)).toEqual({ ok: false, reason: 'malformed' })
      }),
    )
    comesUp(
      any.hostileCode(),
      (code) => typeof code === 'string' && /^[\uff10-\uff19]{6}$/.test(code),
      (code) => typeof code === 'string' && code.length > 100_000,
      (code) => typeof code === 'string' && code.slice(3).startsWith('\u0000'),
      (code) => typeof code === 'string' && /^\d{65,99}$/.test(code),
      (code) => typeof code === 'number' && code > 99_999,
      (code) => typeof code === 'bigint',
      (code) => code instanceof String,
    )
  })

  it('of recovery are of the right form, and accepted however they are spelt once they are right', async () => {
    const { leeway, clock, told } = settingOf({ policy: { lock: { afterFailures: 10 } } })
    const { recoveryCodes } = await enroll({ leeway, clock }, 'ada')
    for (const [at, code] of recoveryCodes.entries()) {
      const [spelt = ''] = fc.sample(any.spelling(code), { numRuns: 1, seed: at })
      expect(await leeway.useRecoveryCode('ada', spelt)).toMatchObject({ ok: true })
    }
    expect(fc.sample(any.spelling('AB01C'), { numRuns: 200, seed: 1 })).toEqual(
      expect.arrayContaining(['AB01C', 'aboic', 'ABOlC']),
    )
    for (const code of fc.sample(any.recoveryCode(), { numRuns: 5, seed: 1 })) {
      expect(await leeway.useRecoveryCode('ada', code)).toEqual({ ok: false, reason: 'invalid-code' })
      expect(told.at(-1)?.type).toBe('recovery-code-rejected')
    }
    await fc.assert(
      fc.asyncProperty(any.importedRecoveryCode(), any.secret(), async (code, brought) => {
        const fresh = settingOf().leeway
        const imported = await fresh.importAuthenticator('bob', { secret: brought, recoveryCodes: [code] })
        expect(imported.recoveryCodesLeft).toBe(1)
      }),
    )
  })
})

describe('hostile values', () => {
  it('are refused by every method that takes text, as it is documented, and change nothing', async () => {
    const { leeway, clock, repository } = settingOf()
    await enroll({ leeway, clock }, 'ada')
    const before = JSON.stringify(await repository.find('ada'))
    await fc.assert(
      fc.asyncProperty(fc.oneof(any.hostileText(), any.hostileValue()), any.hostileCode(), async (value, code) => {
        for (const call of [
          () => leeway.status(value as string),
          () => leeway.renameAuthenticator('ada', 'nobody', value as string),
          () => leeway.suspend('nobody', value as object),
          () => leeway.requireEnrollment('ada', value as never),
        ]) {
          const error = await call().then(
            () => null,
            (thrown: unknown) => thrown,
          )
          if (error !== null) expect(['TypeError', 'RangeError']).toContain((error as Error).name)
        }
        expect(await leeway.verifyCode('ada', code)).toEqual({ ok: false, reason: 'invalid-code' })
        expect(await leeway.useRecoveryCode('ada', code)).toEqual({ ok: false, reason: 'invalid-code' })
      }),
    )
    expect(JSON.stringify(await repository.find('ada'))).toBe(before)
  })

  it('are of every kind', () => {
    comesUp(
      any.hostileText(),
      (text) => text === '',
      (text) => text.includes('\u0000'),
      (text) => /\p{Surrogate}/u.test(text),
      (text) => text.length === 1_000_000,
      (text) => text === '__proto__',
    )
    comesUp(
      any.hostileValue(),
      (value) => typeof value === 'symbol',
      (value) => Array.isArray(value),
      (value) => value === null,
      (value) => typeof value === 'function' && value() === '__proto__',
      (value) => typeof value === 'object' && value !== null && Object.hasOwn(value, 'toString') && `${value}` === '%',
      (value) => typeof value === 'string',
    )
  })
})

describe('arbitrary enrollments', () => {
  it('are read by the codec as they are, once they were stored as JSON', () => {
    fc.assert(
      fc.property(any.enrollment(), (enrollment) => {
        expect(decodeRecord(JSON.parse(JSON.stringify(enrollment)), enrollment.userId)).toEqual(enrollment)
      }),
    )
  })

  it('are in every state', () => {
    const has = (test: (record: EnrollmentRecord) => boolean) => (enrollment: object) =>
      test(enrollment as EnrollmentRecord)
    comesUp(
      any.enrollment(),
      has(({ setup }) => setup !== null),
      has(({ authenticators }) => authenticators.length > 1),
      has(({ lock }) => lock.totp.lockedUntil !== null),
      has(({ lock }) => lock.totp.disabled),
      has(({ lock }) => lock.recovery.failures > 0),
      has(({ reminders }) => reminders.claim !== null),
      has(({ reminders }) => reminders.sent.length > 0),
      has(({ granted }) => granted.usedMs > 0),
      has(({ recoveryCodes }) => recoveryCodes.some(({ usedAt }) => usedAt !== null)),
      has(({ recoveryCodes }) => recoveryCodes.some(({ imported }) => imported)),
      has(({ pass }) => pass !== null),
      has(({ requirement }) => requirement !== null && requirement.startsAt === null),
      has(({ requirement }) => requirement?.calendar !== null),
      has(({ suspension, exemption }) => suspension !== null && exemption !== null),
    )
    comesUp(any.status(), ...PHASES.map((phase) => (status: EnrollmentStatus) => status.phase === phase))
  })

  it('come by changes, each over the one before, which a store takes in their order', async () => {
    await fc.assert(
      fc.asyncProperty(any.changes(), async (changes) => {
        const store = memoryRepository()
        for (const change of changes) {
          expect(change.version).toMatch(/^[0-9a-f]{32}$/)
          expect(change.index.enrolledAt !== null || phaseOf(change.index, 0) !== 'enrolled').toBe(true)
          expect(await store.save(change)).toBe('saved')
        }
        const last = changes.at(-1)
        expect(await store.find(last?.userId ?? '')).toEqual({ enrollment: last?.enrollment, version: last?.version })
        const history = await store.history(last?.userId ?? '', { after: null, limit: 1000 })
        expect(history).toEqual(changes.flatMap(({ events }) => events))
        const totals = await store.totals()
        const moved = history.map(movementOf)
        expect(moved.reduce((sum, one) => sum + (one?.enrolled ?? 0), 0)).toBe(totals.enrolled)
      }),
    )
  })

  it('lead to every decision, at which a session is made or not, and tell events of every kind', () => {
    fc.assert(
      fc.property(any.decision(), (decision) => {
        expect(levelFor(decision) === null).toBe(decision.phase === 'suspended')
        expect(decision.action === 'challenge').toBe(decision.phase === 'enrolled')
      }),
    )
    const actions = ['allow', 'offer-setup', 'require-setup', 'challenge', 'deny']
    comesUp(
      any.decision(),
      ...actions.map((action) => (decision: SignInDecision) => decision.action === action),
      (decision) => decision.action === 'require-setup' && decision.reason === 'postponements-used',
      (decision) => decision.action === 'challenge' && decision.methods.some(({ lockedUntil }) => lockedUntil !== null),
    )
    const types = [
      'locked',
      'disabled',
      'reminder-sent',
      'pass-used',
      'period-started',
      'setup-failed',
      'secret-resealed',
    ]
    comesUp(
      any.events(),
      ...types.map((type) => (events: readonly EnrollmentEvent[]) => events.some((event) => event.type === type)),
    )
  })

  it('shrink to the shortest story that has what was looked for', () => {
    const suspended = (steps: readonly StoryStep[]) =>
      steps.some((step) => Array.isArray(step) && step[0] === 'suspend')
    const { counterexample } = fc.check(
      fc.property(any.story(), (steps) => !suspended(steps)),
      { seed: 1, numRuns: 1000 },
    )
    expect(counterexample).toEqual([[['suspend', {}]]])
    const least = fc.check(
      fc.property(any.status(), ({ phase }) => phase !== 'suspended'),
      { seed: 4, numRuns: 1000 },
    )
    expect(least.numShrinks).toBeGreaterThan(0)
    expect(least.counterexample?.[0]).toMatchObject({ authenticators: [], requirement: null, setup: null })
  })
})

describe('arbitrary stories', () => {
  it('can be told of the service, and never let an overdue user in', async () => {
    await fc.assert(
      fc.asyncProperty(any.story(), any.lapse(), any.command(), async (steps, lapse, command) => {
        const told = await givenWith({ mayBeRefused: true })(...steps, lapse, command)
          .when('signIn')
          .outcome()
        if (told.status.phase === 'overdue') expect(told.answer.action).toBe('require-setup')
        if (told.status.phase === 'enrolled') expect(told.answer.action).toBe('challenge')
      }),
    )
  })

  it('happen around the instant that is asked for', () => {
    const around = Date.UTC(2050, 0)
    const month = 90 * 86_400_000
    const until = fc
      .sample(any.story(around), { numRuns: 300, seed: 1 })
      .flatMap((steps) => steps.flatMap((step) => (Array.isArray(step) && step[0] === 'exempt' ? [step[1].until] : [])))
    expect(until.length).toBeGreaterThan(10)
    expect(until.every((instantOf) => Math.abs(instantOf - around) < month)).toBe(true)
  })
})

describe('arbitrary requests', () => {
  const origin = 'https://example.com'

  it('are answered by the handler and the guard, whoever asks, and never with 5xx', async () => {
    const document = openApiDocument()
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(any.identity(), any.request(document), async (identity, { path, ...init }) => {
        const { leeway } = settingOf()
        const options = { leeway, identify: () => identity, origin }
        const sessions = { raise: async () => ({}), endOthers: async () => {}, rememberSetup: async () => {} }
        const handler = createHandler({ ...options, sessions })
        const answer = await handler(new Request(origin + path, init), undefined)
        statuses.add(answer.status)
        expect(answer.status).toBeLessThan(500)
        const guard = createGuard({ leeway, identify: () => identity })
        const checkedBy = await guard(new Request(origin + path, init), undefined)
        expect(checkedBy.pass || checkedBy.response.status < 500).toBe(true)
      }),
      { numRuns: 500 },
    )
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401, 403]))
  })

  it('have every method and path of the document, and nothing else', () => {
    const document = openApiDocument({ basePath: '/auth' })
    comesUp(
      any.request(document),
      ({ method, path }) => method === 'GET' && path === '/auth/me',
      ({ method }) => method === 'PATCH',
      ({ path }) => path.startsWith('/auth/users/%'),
      ({ path }) => path.includes('?'),
      ({ body }) => body?.includes('"code"') ?? false,
      ({ headers }) => headers['content-type'] === 'text/plain',
    )
    expect(() => any.request({})).toThrow('document.paths must be an object')
  })

  it('are made of any JSON, also of an object that cannot be made a text', () => {
    const odd = { ...fc, jsonValue: () => fc.constant({ toString: 0 }) } as unknown as typeof fc
    const paths = fc
      .sample(arbitraries(odd).request(openApiDocument()), { numRuns: 500, seed: 1 })
      .map(({ path }) => path)
    expect(paths.some((path) => path.includes(encodeURIComponent('{"toString":0}')))).toBe(true)
  })

  it('go on to a path of this site, wherever their link leads', () => {
    fc.assert(
      fc.property(any.returnPath(), (path) => {
        const query = encodeURIComponent(path.replace(/\p{Surrogate}/gu, '?'))
        const to = returnTo(new Request(`${origin}/login?return_to=${query}`))
        expect(new URL(to, origin).origin).toBe(origin)
        expect(to).toMatch(/^\/(?![/\\])/)
      }),
    )
    comesUp(
      any.returnPath(),
      (path) => path.startsWith('//evil'),
      (path) => path.startsWith('/\\'),
      (path) => path.startsWith('/inbox'),
      (path) => path.includes('\t'),
    )
  })
})

describe('every arbitrary', () => {
  const whole: { [Name in keyof Arbitraries]: fc.Arbitrary<unknown> } = {
    ...(Object.fromEntries(
      Object.entries(any)
        .filter(([name]) => !['rightCode', 'wrongCode', 'spelling', 'request'].includes(name))
        .map(([name, make]) => [name, (make as () => fc.Arbitrary<unknown>)()]),
    ) as { [Name in keyof Arbitraries]: fc.Arbitrary<unknown> }),
    rightCode: any.rightCode({ secret, now: 1e12 }),
    wrongCode: any.wrongCode({ secret, now: 1e12, digits: 8 }),
    spelling: any.spelling('00000-11111-AAAAA-BBBBB-CCCCC'),
    request: any.request(openApiDocument()),
  }

  it.each(Object.entries(whole))('%s shrinks', (_, arbitrary) => {
    const failures = [1, 2, 3, 4, 5].map((seed) =>
      fc.check(
        fc.property(arbitrary, () => false),
        { seed },
      ),
    )
    expect(failures.some(({ numShrinks }) => numShrinks > 0)).toBe(true)
  })
})

describe('arbitraries', () => {
  it('are made of the fast-check that is handed in, however it was imported', () => {
    expect(fc.sample(arbitraries(namespace).instant(), { numRuns: 5, seed: 7 })).toEqual(
      fc.sample(instant(), { numRuns: 5, seed: 7 }),
    )
    expect(Object.isFrozen(arbitraries(fc))).toBe(true)
    expect(() => arbitraries(undefined as never)).toThrow(TypeError)
  })
})
