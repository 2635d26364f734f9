import { describe, expect, expectTypeOf, it } from 'vitest'
import type { CodeResult, EnrollmentEvent, Leeway, SignInDecision } from '../../src/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import {
  type Command,
  faultyRepository,
  given,
  givenWith,
  type Lapse,
  phone,
  type World,
} from '../../src/testing/index.js'

const DAY = 86_400_000
/** When a story begins. */
const START = Date.UTC(2026, 0, 5, 9)
const thirtyDays: Command = ['requireEnrollment', { period: { days: 30 } }]

/** The error that a story ends with. */
async function failure(story: () => Promise<unknown>): Promise<Error & { expected?: unknown; actual?: unknown }> {
  const error = await story().then(
    () => new Error('nothing failed'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error)) throw new Error('what was thrown is no error')
  return error
}

describe('a story', () => {
  it('gives a user thirty days, and sees her stopped after thirty-one', async () => {
    await given(thirtyDays, { days: 31 })
      .when('signIn')
      .expect({ answer: { action: 'require-setup', reason: 'overdue' }, phase: 'overdue' })
  })

  it('goes to the instant at which a period ends, and to the one before', async () => {
    await given(thirtyDays, { to: 'deadline', milliseconds: -1 }).when('signIn').expect({ phase: 'enrollment-period' })
    await given(thirtyDays, { to: 'deadline' }).when('signIn').expect({ phase: 'overdue' })
  })

  it('begins on a Monday morning with nothing stored, or when it is told to', async () => {
    const { world } = await given()
      .when('decide')
      .expect({ answer: { action: 'allow' }, events: [], phase: 'optional' })
    expect(world.clock()).toBe(START)
    expect(world.user.userId).toBe('ada')
    const later = await givenWith({ at: 7, userId: 'bob' })({ at: 9 })
      .when({ milliseconds: 2 })
      .expect({ phase: 'optional' })
    expect(later.world.clock()).toBe(11)
    expect(later.status.userId).toBe('bob')
    expect(later.answer).toBeUndefined()
  })

  it('moves the clock by every unit, backwards too, and to every landmark', async () => {
    const moved = async (...lapses: Lapse[]) =>
      (
        await given(...lapses)
          .when('decide')
          .expect({ events: [] })
      ).world.clock() - START
    expect(await moved({ days: 1, hours: 2, minutes: 3, seconds: 4, milliseconds: 5 })).toBe(DAY + 7_384_005)
    expect(await moved({ hours: 1 }, { minutes: -90 })).toBe(-1_800_000)
    const at = async (to: Extract<Lapse, { to?: unknown }>['to'], ...commands: Command[]) =>
      (
        await given(...commands, { to })
          .when('decide')
          .expect({ status: { userId: 'ada' } })
      ).world.clock() - START
    expect(await at('start', ['requireEnrollment', { period: { days: 5, start: START + DAY } }])).toBe(DAY)
    expect(await at('deadline', thirtyDays)).toBe(30 * DAY)
    expect(await at('exemption-end', ['exempt', { until: START + 3 * DAY, reason: 'at sea' }])).toBe(3 * DAY)
    expect(await at('setup-end', 'beginSetup')).toBe(600_000)
    expect(await at('pass-end', 'issuePass')).toBe(3_600_000)
    const wrong: Command = ['verifyCode', 'wrong']
    expect(await at('lock-end', 'setUp', wrong, wrong, wrong, wrong, wrong)).toBe(60_000)
    await expect(given({ to: 'deadline' }).when('signIn').expect({ phase: 'optional' })).rejects.toThrow(
      'at the deadline, which is given, does not hold: Error: ada has no deadline',
    )
  })

  it('has a world of its own each time', async () => {
    const story = given(thirtyDays).when('postponeSetup')
    const first = await story.expect({ events: ['setup-postponed'] })
    const second = await story.expect({ events: ['setup-postponed'] })
    expect(first.world).not.toBe(second.world)
    expect(await first.world.leeway.status('ada')).toEqual(await second.world.leeway.status('ada'))
  })

  it('tells the events of what was tested, and keeps those of all', async () => {
    const { events, world } = await given(thirtyDays)
      .when('setUp')
      .expect({
        events: ['setup-begun', 'first-sign-in', 'authenticator-bound'],
        phase: 'enrolled',
      })
    expectTypeOf(events).toEqualTypeOf<readonly EnrollmentEvent[]>()
    expect(world.events.map(({ type }) => type)).toEqual([
      'requirement-assigned',
      'setup-begun',
      'first-sign-in',
      'authenticator-bound',
    ])
  })
})

describe('commands', () => {
  it('are each done, and answer as the service does', async () => {
    const until = START + 5 * DAY
    await given(thirtyDays)
      .when('changeDeadline', { addDays: 1 })
      .expect({ answer: { changed: true }, events: ['deadline-changed'] })
    await given(thirtyDays)
      .when('exempt', { until, reason: 'at sea' })
      .expect({ phase: 'exempt', status: { exemption: { until } } })
    await given(['exempt', { until, reason: 'at sea' }])
      .when('endExemption')
      .expect({ phase: 'optional' })
    await given(thirtyDays)
      .when('makeOptional', { actor: 'root' })
      .expect({ phase: 'optional', status: { requirement: null } })
    await given().when('suspend').expect({ phase: 'suspended' })
    await given('suspend')
      .when('resume')
      .expect({ phase: 'optional', events: ['resumed'] })
    await given('setUp')
      .when('resetMfa', { grace: 'none' })
      .expect({ phase: 'overdue', status: { authenticators: [] } })
    await given()
      .when('unlock')
      .expect({ answer: { changed: false } })
    await given(thirtyDays)
      .when('decide', { sensitive: true })
      .expect({ answer: { action: 'require-setup', reason: 'sensitive' } })
    await given('beginSetup')
      .when('cancelSetup')
      .expect({ answer: undefined, events: ['setup-cancelled'] })
    await given('setUp')
      .when('renameAuthenticator', 0, 'used')
      .expect({ status: { authenticators: [{ label: 'used' }] } })
    await given('setUp')
      .when('revokeAuthenticator', 0, { actor: 'root' })
      .expect({ status: { authenticators: [] } })
    await given('setUp')
      .when('revokeAuthenticator', 1)
      .expect({ answer: { changed: false } })
    await given('setUp')
      .when('removeAuthenticator', 0, { code: 'right' })
      .expect({ answer: { ok: true }, phase: 'optional' })
    await given('setUp')
      .when('replaceRecoveryCodes', { recoveryCode: 'right' })
      .expect({ answer: { ok: true } })
    await given('setUp').when('forget').expect({ phase: 'optional', events: [] })
  })

  it('set a second authenticator up with a code of the first, and with a pass where one was issued', async () => {
    const { world } = await given('setUp', ['setUp', { label: 'used' }])
      .when('setUp', { label: 'Third' })
      .expect({ answer: { ok: true, recoveryCodes: null } })
    expect(world.user.phones).toHaveLength(3)
    const [first] = world.user.phones
    await world.leeway.revokeAuthenticator('ada', (await world.leeway.status('ada')).authenticators[0]?.id ?? '')
    expect(world.user.phones).toHaveLength(2)
    expect(world.user.phones).not.toContain(first)
    const withPass: Command = ['requireEnrollment', { period: 'none', selfEnrollment: 'with-pass' }]
    await given(withPass)
      .when('setUp')
      .expect({ answer: { ok: false, reason: 'pass-required' } })
    await given(withPass, 'issuePass')
      .when('setUp')
      .expect({ answer: { ok: true } })
    for (const pass of ['wrong', { exactly: 17 }] as const)
      await given(withPass, 'issuePass')
        .when('beginSetup', { pass })
        .expect({ answer: { ok: false, reason: 'invalid-pass' } })
    await given(withPass)
      .when('beginSetup', { pass: 'right' })
      .expect({ answer: { ok: false, reason: 'invalid-pass' } })
    await given(withPass, 'issuePass', 'setUp', ['resetMfa', { grace: 'none' }])
      .when('beginSetup', { pass: 'used' })
      .expect({ answer: { ok: false, reason: 'invalid-pass' } })
  })

  it('go on with a set-up that was begun, or begin another', async () => {
    const { answer } = await given('beginSetup')
      .when('beginSetup', { resume: true })
      .expect({ answer: { ok: true } })
    expect(answer.ok && answer.setup.resumed).toBe(true)
    await given('beginSetup')
      .when('beginSetup')
      .expect({ answer: { setup: { resumed: false } } })
    await given('beginSetup')
      .when('confirmSetup', 'wrong')
      .expect({ answer: { ok: false, triesLeft: 4 } })
    await given('beginSetup')
      .when('confirmSetup', { driftSeconds: 120 })
      .expect({ answer: { ok: false, clockOffsetSeconds: 120 } })
    await given('beginSetup')
      .when('confirmSetup', { exactly: null })
      .expect({ answer: { ok: false, reason: 'invalid-code' } })
    await given('beginSetup')
      .when('confirmSetup', 'right')
      .expect({ answer: { ok: true }, phase: 'enrolled' })
    await given()
      .when('confirmSetup', 'right')
      .expect({ answer: { ok: false, reason: 'no-setup' } })
  })

  it('bring a phone and recovery codes over from another system, whatever its parameters', async () => {
    const secret = new Uint8Array(20).fill(7)
    const parameters = { digits: 8, period: 60, algorithm: 'SHA256', t0: 5 } as const
    const told = await given(['importAuthenticator', { secret, parameters, recoveryCodes: ['ABCD1234'] }])
      .when('verifyCode', 'right')
      .expect({ answer: { ok: true } })
    expect(told.world.user.nextCode()).toMatch(/^\d{8}$/)
    await given(['importAuthenticator', { secret, parameters, recoveryCodes: ['ABCD1234'] }])
      .when('useRecoveryCode', 'right')
      .expect({ answer: { ok: true, recoveryCodesLeft: 0 } })
    const again = await given(['importAuthenticator', { secret }])
      .when('importAuthenticator', { secret })
      .expect({ answer: { changed: false } })
    expect(again.world.user.phones).toHaveLength(1)
    const plain = await given().when('importAuthenticator', { secret }).expect({ phase: 'enrolled' })
    expect(plain.world.user.phones[0]?.codeAt(START)).toBe(phone(secret).codeAt(START))
  })
})

describe('codes in words', () => {
  it('are right as often as they are asked for, for which the clock waits', async () => {
    const { world } = await given('setUp', ['verifyCode', 'right'])
      .when('verifyCode', 'right')
      .expect({ answer: { ok: true } })
    expect(world.clock()).toBe(START + 60_000)
    const ahead = await given('setUp', { minutes: 1 }, ['verifyCode', { driftSeconds: 30 }])
      .when('verifyCode', 'right')
      .expect({ answer: { ok: true } })
    expect(ahead.world.clock()).toBe(START + 120_000)
  })

  it('are what the phone shows where its clock was set far back, and refused', async () => {
    const { world } = await given('setUp', { days: -1 })
      .when('verifyCode', 'right')
      .expect({ answer: { ok: false } })
    expect(world.clock()).toBe(START - DAY)
  })

  it('are wrong, used, off by the drift of a phone, or anything else', async () => {
    const refused = { answer: { ok: false, reason: 'invalid-code' } } as const
    await given('setUp')
      .when('verifyCode', 'wrong')
      .expect({ ...refused, events: ['code-rejected'] })
    await given('setUp')
      .when('verifyCode', 'used')
      .expect({ ...refused, events: ['code-replayed'] })
    await given('setUp', { days: 1 })
      .when('verifyCode', { driftSeconds: 30 })
      .expect({ answer: { ok: true } })
    await given('setUp', { days: 1 }).when('verifyCode', { driftSeconds: 300 }).expect(refused)
    await givenWith({ at: 0 })('setUp').when('verifyCode', { driftSeconds: -300 }).expect(refused)
    await given('setUp')
      .when('verifyCode', { exactly: { toString: () => '123456' } })
      .expect({ ...refused, events: [] })
    for (const shown of ['right', 'wrong', 'used'] as const) await given().when('verifyCode', shown).expect(refused)
  })

  it('are never right by chance', async () => {
    for (const digits of [6, 8] as const) {
      const { world } = await givenWith({ policy: { totp: { digits } } })('setUp')
        .when('verifyCode', 'wrong')
        .expect({ answer: { ok: false } })
      expect(world.user.nextCode()).toHaveLength(digits)
    }
    // This phone shows 000000 in the very time step.
    const secret = new Uint8Array(20)
    const app = phone(secret)
    let step = 0
    while (app.codeAt(step * 30_000) !== '000000') step++
    await givenWith({ at: step * 30_000 })(['importAuthenticator', { secret }])
      .when('verifyCode', 'wrong')
      .expect({ events: ['code-rejected'] })
  })

  it('are recovery codes too, each good once', async () => {
    const { answer, world } = await given('setUp')
      .when('useRecoveryCode', 'right')
      .expect({ answer: { ok: true, recoveryCodesLeft: 9 } })
    expectTypeOf(answer).toEqualTypeOf<CodeResult>()
    expect(world.user.recoveryCodes).toHaveLength(9)
    const refused = { answer: { ok: false, reason: 'invalid-code' } } as const
    await given('setUp', ['useRecoveryCode', 'right'])
      .when('useRecoveryCode', 'used')
      .expect({ ...refused, events: ['code-replayed'] })
    await given('setUp').when('useRecoveryCode', 'used').expect(refused)
    await given('setUp')
      .when('useRecoveryCode', 'wrong')
      .expect({ ...refused, events: ['recovery-code-rejected'] })
    await given('setUp')
      .when('useRecoveryCode', { exactly: Symbol('no code') })
      .expect(refused)
    await given().when('useRecoveryCode', 'right').expect(refused)
    await given('setUp', ['replaceRecoveryCodes', { code: 'right' }])
      .when('useRecoveryCode', 'right')
      .expect({ answer: { ok: true } })
    await given('setUp').when('replaceRecoveryCodes', { code: 'wrong' }).expect(refused)
    await given('setUp').when('removeAuthenticator', 0, { recoveryCode: 'wrong' }).expect(refused)
    const gone = await given('setUp')
      .when('revokeAuthenticator', 0)
      .expect({ status: { recoveryCodesLeft: 0 } })
    expect(gone.world.user.recoveryCodes).toEqual([])
  })
})

describe('your own code in a story', () => {
  /** Stands in for the sign-in of an auth server. */
  const login = async (leeway: Leeway, userId: string) => `/${(await leeway.signIn(userId)).action}`

  it('is handed the world, and its answer is compared', async () => {
    const { answer } = await given(thirtyDays)
      .when(({ leeway, user }) => login(leeway, user.userId))
      .expect({ answer: '/offer-setup' })
    expectTypeOf(answer).toEqualTypeOf<string>()
    await given()
      .when(() => new Response('no', { status: 403 }))
      .expect({ answer: { status: 403 } })
  })

  it('may set up phones by itself, of the user and of others, and the story knows them', async () => {
    async function enroll({ leeway, clock }: World, userId: string): Promise<void> {
      const begun = await leeway.beginSetup(userId, { accountName: userId })
      if (!begun.ok) throw new Error(begun.reason)
      await leeway.confirmSetup(userId, phone(begun.setup.keyUri).codeAt(clock()), { setupId: begun.setup.id })
    }
    await given(
      (world) => enroll(world, 'ada'),
      (world) => enroll(world, 'bob'),
    )
      .when(async ({ leeway, user, person }) => [
        await leeway.verifyCode('ada', user.nextCode()),
        await leeway.verifyCode('bob', person('bob').nextCode()),
        await leeway.verifyCode('bob', user.nextCode()),
      ])
      .expect({ answer: [{ ok: true }, { ok: true }, { ok: false }] })
  })

  it('is told where there is no phone, and no pass', async () => {
    const { world } = await given().when('decide').expect({ phase: 'optional' })
    expect(() => world.user.nextCode()).toThrow("ada has no phone: give him one with 'setUp'")
    expect(world.user.pass).toBe(null)
    const issued = await given('issuePass').when('decide').expect({ phase: 'optional' })
    expect(issued.world.user.pass).toMatch(/^(\w{5}-){4}\w{5}$/)
  })

  it('confirms set-ups that the story did not see begin', async () => {
    const repository = memoryRepository()
    const story = givenWith({ repository: () => repository })
    const { answer } = await story()
      .when('beginSetup')
      .expect({ answer: { ok: true } })
    if (!answer.ok) throw new Error(answer.reason)
    const { world } = await story()
      .when(({ leeway, clock }) => leeway.confirmSetup('ada', phone(answer.setup.keyUri).codeAt(clock())))
      .expect({ answer: { ok: true } })
    expect(world.user.phones).toEqual([])
  })
})

describe('what is expected', () => {
  it('fails with every difference, and with both sides for the test runner to show', async () => {
    const error = await failure(() =>
      given(thirtyDays, { days: 31 })
        .when('signIn')
        .expect({ answer: { action: 'offer-setup', daysLeft: 30 }, phase: 'overdue', events: [] }),
    )
    expect(error.message).toBe(
      [
        'given requireEnrollment({"period":{"days":30}}), 31 days later, when signIn():',
        '  answer.action should be "offer-setup" and is "require-setup"',
        '  answer.daysLeft should be 30 and is 0',
        '  events should be [] and is ["first-sign-in"]',
      ].join('\n'),
    )
    expect(error.expected).toEqual({ answer: { action: 'offer-setup', daysLeft: 30 }, phase: 'overdue', events: [] })
    expect(error.actual).toEqual({
      answer: { action: 'require-setup', daysLeft: 0 },
      phase: 'overdue',
      events: ['first-sign-in'],
    })
  })

  it('is compared by the properties that are named, and arrays item by item', async () => {
    const value = { list: [{ a: 1, b: 2 }, { a: 3 }], at: new Date(0), none: null, big: 7n }
    const story = given().when(() => value)
    await story.expect({ answer: { list: [{ a: 1 }, {}], at: value.at, none: null, big: 7n } })
    const wrong: Parameters<typeof story.expect>[0]['answer'][] = [
      { list: [{ a: 1 }] },
      { list: [{ a: 2 }, {}] },
      { list: [{}, { b: 1 }] },
      { at: new Date(0) },
      { big: 8n },
      { none: undefined as never },
    ]
    for (const answer of wrong) expect((await failure(() => story.expect({ answer }))).message).toContain('should be')
    /** What is said of an answer where another was expected. */
    const said = async (actual: unknown, answer: unknown): Promise<string> =>
      (
        await failure(() =>
          given()
            .when(() => actual)
            .expect({ answer: answer as never }),
        )
      ).message
    expect(await said(null, { a: 1 })).toContain('should be {"a":1} and is null')
    expect(await said(null, [1])).toContain('should be [1] and is null')
    expect(await said(1n, 2n)).toContain('should be 2n and is 1n')
    const endless: Record<string, unknown> = { long: 'x'.repeat(500) }
    expect(await said(endless, 1)).toContain('xxx…')
    endless['itself'] = endless
    expect(await said(endless, 1)).toContain('[object Object]')
  })

  it('may be an error, and must be where there is one', async () => {
    const faulty = givenWith({ repository: () => faultyRepository(memoryRepository(), () => 'throws-before') })
    const story = faulty().when(async ({ leeway }) => leeway.signIn('ada').finally(() => undefined))
    expect((await failure(() => story.expect({ phase: 'optional' }))).message).toMatch(
      /^given nothing, when your code: it threw LeewayError: /,
    )
    const beyond = given().when('changeDeadline', { addDays: 400 })
    await beyond.expect({
      error: { name: 'RangeError', message: 'change.addDays must be a whole number from -365 to 365' },
    })
    await given()
      .when(() => Promise.reject(Object.assign(new Error('no'), { code: 'ERR_STORE' })))
      .expect({ error: { code: 'ERR_STORE' }, events: [] })
    expect((await failure(() => beyond.expect({ error: { name: 'TypeError' } }))).message).toContain(
      'error.name should be "TypeError"',
    )
    expect((await failure(() => given().when('signIn').expect({ error: {} }))).message).toContain(
      'error should be {} and is undefined',
    )
    async function fails(): Promise<never> {
      throw 'no error'
    }
    expect((await failure(() => given(fails).when(fails).expect({ events: [] }))).message).toBe(
      'fails, which is given, does not hold: no error',
    )
  })

  it('may be left to the test, but not that nothing throws', async () => {
    const { answer, events } = await given(thirtyDays).when('signIn').outcome()
    expect(answer.action).toBe('offer-setup')
    expect(events.map(({ type }) => type)).toEqual(['first-sign-in'])
    await expect(given().when('changeDeadline', { addDays: 400 }).outcome()).rejects.toThrow('it threw RangeError')
  })

  it('must be something, and nothing unknown', async () => {
    const story = given().when('signIn')
    await expect(story.expect({})).rejects.toThrow(TypeError)
    await expect(story.expect({ answer: undefined })).rejects.toThrow('expected must say at least one of answer')
    await expect(story.expect({ anwser: {} } as never)).rejects.toThrow('expected has a property that is not known')
    await expect(story.expect(null as never)).rejects.toThrow('expected must be an object')
  })
})

describe('what is given', () => {
  it('fails the test where it does not hold', async () => {
    const premise = (...steps: Parameters<typeof given>) =>
      failure(() =>
        given(...steps)
          .when('signIn')
          .expect({ phase: 'suspended' }),
      )
    expect((await premise('suspend', 'setUp')).message).toBe(
      'setUp(), which is given, does not hold: Error: it was refused, suspended',
    )
    expect((await premise(['verifyCode', 'right'])).message).toContain('invalid-code')
    expect((await premise(['changeDeadline', { addDays: 400 }])).message).toContain('RangeError: change.addDays')
    expect((await premise({ days: 1e9 })).message).toContain('1000000000 days later, which is given, does not hold')
    expect((await premise({ at: 1.5 })).message).toContain('at 1970-01-01T00:00:00.001Z')
    expect((await premise({ to: 'lock-end', seconds: 1 })).message).toContain('at the lock-end and 1 seconds')
    expect((await premise('signOut' as never)).message).toContain('there is no command signOut')
    expect((await premise(['toString'] as never)).message).toContain('there is no command toString')
    const steps: Command[] = [
      ['verifyCode', 'wrong'],
      ['verifyCode', 'used'],
      ['verifyCode', { exactly: 1 }],
      ['verifyCode', { driftSeconds: 600 }],
    ]
    await given('setUp', ...steps, ['useRecoveryCode', 'wrong'])
      .when('suspend')
      .expect({ phase: 'suspended' })
    await given('setUp')
      .when('setUp', { label: 'used' })
      .expect({ answer: { ok: true } })
  })

  it('may be refused where the story is made up by chance', async () => {
    const anything = givenWith({ mayBeRefused: true, policy: { maxAuthenticators: 1 } })
    const secret = new Uint8Array(20)
    await anything('suspend', 'setUp', { to: 'deadline' }, 'resume', 'setUp', ['importAuthenticator', { secret }])
      .when('signIn')
      .expect({ phase: 'enrolled' })
    expect(
      (
        await failure(() =>
          anything(() => Promise.reject(new Error('no')))
            .when('signIn')
            .expect({ events: [] }),
        )
      ).message,
    ).toContain('no')
  })

  it('is checked at once', () => {
    expect(() => given(7 as never)).toThrow('step 1 of given must be a command, a lapse of time or a function')
    expect(() => given('signIn', null as never)).toThrow('step 2 of given')
    expect(() => given().when(undefined as never)).toThrow('what is given to when must be')
    expect(() => givenWith(null as never)).toThrow('options must be an object')
    expect(() => givenWith({ clock: () => 0 } as never)).toThrow('options has a property that is not known')
    expect(() => givenWith({ at: -1 })).toThrow('options.at')
    expect(() => givenWith({ repository: memoryRepository() as never })).toThrow(
      'options.repository must be a function',
    )
  })

  it('is a lapse of time of which everything is read, or none', () => {
    const lapse = (said: object) => () => given('signIn', said as Lapse)
    const takes = 'it takes at, to, days, hours, minutes, seconds, milliseconds'
    const unknown = new TypeError(`step 2 of given has a property that is not known; ${takes}`)
    for (const wrong of [{ day: 31 }, { days: 1, hour: 1 }, { too: 'deadline' }, { att: START }, { at: START, day: 1 }])
      expect(lapse(wrong)).toThrow(unknown)
    expect(lapse({ to: 'dedline' })).toThrow(
      new RangeError(
        'to of step 2 of given must be one of start, deadline, exemption-end, lock-end, setup-end, pass-end',
      ),
    )
    expect(lapse({ to: null })).toThrow(TypeError)
    for (const more of [{ days: 1 }, { to: 'deadline' }, { milliseconds: 0 }])
      expect(lapse({ at: START, ...more })).toThrow(new TypeError('step 2 of given can have nothing beside at'))
    for (const right of [{ at: START }, { at: START, days: undefined }, { to: undefined, days: 1 }, {}])
      expect(lapse(right)).not.toThrow()
    // What is refused in stories by chance is no word that means nothing.
    const anything = givenWith({ mayBeRefused: true })
    expect(() => anything({ to: 'dedline' } as never)).toThrow(RangeError)
    expect(() => anything().when({ day: 31 } as never)).toThrow(
      'what is given to when has a property that is not known',
    )
  })

  it('is a command whose words all mean something, or none', () => {
    const noWord = (what: string) => new RangeError(`the ${what} of step 1 of given must be one of right, wrong, used`)
    const noObject = (what: string) => new TypeError(`the ${what} of step 1 of given must be an object`)
    const unknown = (what: string, takes: string) =>
      new TypeError(`the ${what} of step 1 of given has a property that is not known; it takes ${takes}`)
    const codes = ['verifyCode', 'confirmSetup'].flatMap((name): [unknown[], Error][] => [
      [[name, 'rihgt'], noWord('code')],
      [[name], new TypeError(noWord('code').message)],
      [[name, { driftSecond: 30 }], unknown('code', 'driftSeconds, exactly')],
    ])
    const proofs = [['removeAuthenticator', 0], ['replaceRecoveryCodes']].flatMap((command): [unknown[], Error][] => [
      [command, noObject('proof')],
      [[...command, { cod: 'right' }], unknown('proof', 'code, recoveryCode')],
      [[...command, { code: 'rihgt' }], noWord('code of the proof')],
      [[...command, { recoveryCode: 'rihgt' }], noWord('recovery code of the proof')],
      [[...command, {}], new TypeError(noWord('recovery code of the proof').message)],
    ])
    const refused: [unknown[], Error][] = [
      ...codes,
      ...proofs,
      [['useRecoveryCode', 'rihgt'], noWord('recovery code')],
      [['useRecoveryCode', { driftSeconds: 30 }], unknown('recovery code', 'exactly')],
      [['setUp', { lable: 'Phone' }], unknown('options', 'label')],
      [['setUp', null], noObject('options')],
      [['beginSetup', { resumed: true }], unknown('options', 'label, resume, pass, proof')],
      [['beginSetup', { pass: 'rihgt' }], noWord('pass')],
      [['beginSetup', { pass: { exactyl: 1 } }], unknown('pass', 'exactly')],
      [['beginSetup', { proof: { code: 'rihgt' } }], noWord('code of the proof')],
    ]
    for (const [command, error] of refused) {
      expect(() => given(command as never)).toThrow(error)
      const when = () => given().when(...(command as ['verifyCode', 'right']))
      expect(when).toThrow(error.message.replace('step 1 of given', 'what is given to when'))
    }
    const taken: Command[] = [
      ['beginSetup', { label: 'rihgt', resume: false, pass: undefined, proof: { recoveryCode: { exactly: null } } }],
      ['signIn', {}],
      ['setUp', undefined as never],
    ]
    for (const command of taken) expect(() => given(command)).not.toThrow()
  })

  it('has its policy, its terms and its notes read by the service', async () => {
    const policy = { lock: { afterFailure: 2 } } as never
    await expect(givenWith({ policy })().when('signIn').outcome()).rejects.toThrow('a property that is not known')
    await expect(
      given(['requireEnrollment', { priod: { days: 1 } }] as never)
        .when('signIn')
        .outcome(),
    ).rejects.toThrow('a property that is not known')
    await expect(
      given(['suspend', { actr: 'root' }] as never)
        .when('signIn')
        .outcome(),
    ).rejects.toThrow('a property that is not known')
  })

  it('is typed: only what there is can be written', () => {
    const story = given(thirtyDays).when('signIn')
    expectTypeOf<Awaited<ReturnType<typeof story.expect>>['answer']>().toEqualTypeOf<SignInDecision>()
    type Steps = Parameters<typeof given>
    expectTypeOf<['signIn', ['verifyCode', 'right'], { days: 1 }]>().toExtend<Steps>()
    expectTypeOf<['verifyCode']>().not.toExtend<Steps>()
    expectTypeOf<[['verifyCode', 'rihgt']]>().not.toExtend<Steps>()
    expectTypeOf<['signOut']>().not.toExtend<Steps>()
    expectTypeOf<[['requireEnrollment', { period: { days: '30' } }]]>().not.toExtend<Steps>()
  })
})
