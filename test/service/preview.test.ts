import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EnrollmentRecord, indexOf } from '../../src/enrollment/record.js'
import type { ApplyTo, Explanation, ResolvedTerms, Terms } from '../../src/enrollment/terms.js'
import type { AssignedUser } from '../../src/service/assign.js'
import type { Leeway } from '../../src/service/leeway.js'
import type { Policy } from '../../src/service/policy.js'
import type { RolloutPreview } from '../../src/service/preview.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { arbitraries, fixedClock } from '../../src/testing/index.js'
import {
  contentsOf,
  DAY,
  enroll,
  HOUR,
  NOW,
  type RolloutSetting,
  rejection,
  rolloutSetting,
  type Store,
  users,
} from './setting.js'

const NOBODY: RolloutPreview = {
  users: 0,
  changed: 0,
  unchanged: 0,
  failedCount: 0,
  failed: [],
  byPhase: {
    optional: 0,
    exempt: 0,
    scheduled: 0,
    'enrollment-period': 0,
    overdue: 0,
    enrolled: 0,
    suspended: 0,
  },
  alreadyEnrolled: 0,
  stoppedNow: [],
  stoppedNowCount: 0,
  stoppedWithinSevenDays: 0,
  warnings: [],
}
const AT_ONCE: Terms = { period: 'none' }

/** A store with the same records, so that what one is asked changes nothing for the other. */
async function copyOf(store: Store): Promise<Store> {
  const copy = memoryRepository()
  for (const { enrollment, version } of await store.list({ now: 0, after: null, limit: 1000 })) {
    const index = indexOf(enrollment as EnrollmentRecord)
    await copy.save({ userId: enrollment.userId, enrollment, version, index, expected: null, events: [] })
  }
  return copy
}

/* --------------------------------------------------------------------------------------------- arbitraries */

const { terms: anyTerms, userId } = arbitraries(fc)
const days = fc.integer({ min: 1, max: 40 })
const instant = fc.integer({ min: -20, max: 40 }).map((day) => NOW + day * DAY)

/** Terms whose dates are near. */
const nearTerms: fc.Arbitrary<Terms> = fc.record(
  {
    period: fc.oneof(
      fc.constant('none' as const),
      fc.record({ days }),
      fc.record({ days, start: fc.constant('first-sign-in' as const), capDays: days }),
      fc.record({ days, start: instant }),
      fc.record({ days, calendar: fc.record({ timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia') }) }),
      instant.map((deadline) => ({ deadline })),
    ),
    selfEnrollment: fc.constantFrom('always', 'during-period', 'with-pass'),
    postponements: fc.integer({ min: 0, max: 2 }),
  },
  { requiredKeys: ['period'] },
)
const terms = fc.oneof({ weight: 4, arbitrary: nearTerms }, { weight: 1, arbitrary: anyTerms() })
const because: Explanation[] = [{ source: 'it', scope: 'group', deadline: null, outcome: 'applied', text: 'a group' }]
const resolved: fc.Arbitrary<ResolvedTerms> = fc.record({
  terms: fc.oneof(terms, fc.constant('optional' as const)),
  since: fc.oneof(fc.constant(undefined), instant),
  because: fc.constant(because),
})
/** What a function for terms does: answers, or not. */
const answer = fc.oneof(
  { weight: 6, arbitrary: terms },
  { weight: 3, arbitrary: resolved },
  { weight: 1, arbitrary: fc.constant('throws' as const) },
)

/** What happens to a user before the roll-out. */
type Act = (setting: Pick<RolloutSetting, 'leeway' | 'clock'>, id: string) => Promise<unknown>
const requires = terms.map(
  (given): Act =>
    ({ leeway }, id) =>
      leeway.requireEnrollment(id, given),
)
const exempts = instant.map(
  (until): Act =>
    ({ leeway }, id) =>
      leeway.exempt(id, { until, reason: 'at sea' }),
)
const moves = instant.map(
  (deadline): Act =>
    ({ leeway }, id) =>
      leeway.changeDeadline(id, { deadline }),
)
const others = fc.constantFrom<Act>(
  (setting, id) => enroll(setting, id).catch(() => undefined),
  ({ leeway }, id) => leeway.signIn(id),
  ({ leeway }, id) => leeway.postponeSetup(id),
  ({ leeway }, id) => leeway.suspend(id),
  ({ leeway }, id) => leeway.resume(id),
  ({ leeway }, id) => leeway.makeOptional(id),
)
const act = fc.oneof({ weight: 4, arbitrary: requires }, exempts, moves, { weight: 2, arbitrary: others })

const PEOPLE = 6
const rollout = fc.record({
  ids: fc.uniqueArray(userId(), { minLength: PEOPLE, maxLength: PEOPLE }),
  lives: fc.array(fc.tuple(fc.nat(PEOPLE - 1), act, fc.integer({ min: 0, max: 12 * 24 })), { maxLength: 14 }),
  policy: fc.record(
    {
      newUsers: fc.oneof(fc.constant('optional' as const), nearTerms),
      maxGrantedDays: fc.integer({ min: 1, max: 60 }),
    },
    { requiredKeys: [] },
  ),
  protectedOnes: fc.uniqueArray(fc.nat(PEOPLE - 1), { maxLength: 3 }),
  force: fc.boolean(),
  applyTo: fc.constantFrom<ApplyTo>('new', 'shorten', 'extend', 'replace'),
  /** the same for everybody, or each user's own */
  given: fc.oneof(terms, resolved, fc.array(answer, { minLength: PEOPLE, maxLength: PEOPLE })),
  /** or what whoever is new has anyhow */
  asNewUsers: fc.constantFrom(true, false, false, false),
  /** who comes in which order, some twice, some that are nobody */
  stream: fc.array(fc.integer({ min: -1, max: PEOPLE - 1 }), { maxLength: 16 }),
})

describe('a preview', () => {
  it('equals the assignment that follows at the same instant, and what sign-in answers then; and writes nothing', async () => {
    const met = { changed: 0, unchanged: 0, failed: 0, stopped: 0, soon: 0, phases: new Set<string>() }
    await fc.assert(
      fc.asyncProperty(rollout, async (one) => {
        const { ids, lives, policy, protectedOnes, force, applyTo, stream } = one
        const { newUsers = 'optional' } = policy
        const given = one.asNewUsers && newUsers !== 'optional' ? newUsers : one.given
        const store = memoryRepository()
        const clock = fixedClock(NOW - 30 * DAY)
        const before = rolloutSetting({ repository: store, clock, policy })
        for (const [who, happens, hours] of lives) {
          await happens(before, ids[who] as string)
          clock.set(Math.min(NOW, clock() + hours * HOUR))
        }
        clock.set(NOW)

        const asPolicy: Policy = { ...policy, protect: (id) => protectedOnes.some((who) => ids[who] === id) }
        const setting = rolloutSetting({ repository: store, clock, policy: asPolicy })
        const { leeway } = setting
        const termsFor = Array.isArray(given)
          ? (id: string) => {
              const own = given[ids.indexOf(id)]
              if (own === 'throws' || own === undefined) throw new Error('no terms')
              return own
            }
          : given
        const userIds = stream.map((who) => (who < 0 ? '' : (ids[who] as string)))

        const contents = await contentsOf(store)
        const previewed: AssignedUser[] = []
        const preview = await leeway.rollout.preview(userIds, termsFor, {
          applyTo,
          force,
          onUser: (user) => previewed.push(user),
        })
        expect(await contentsOf(store)).toEqual(contents)
        expect(setting.told).toEqual([])

        const told: AssignedUser[] = []
        const note = force ? { force, reason: 'a drill' } : {}
        const report = await leeway.rollout.assign(userIds, termsFor, {
          ...note,
          applyTo,
          onUser: (user) => told.push(user),
        })
        expect(previewed).toEqual(told)
        const { done, stoppedBy: _, ...sums } = report
        expect(preview).toMatchObject({ users: done, ...sums })

        // Everybody once, as they are after the assignment.
        const worked = new Map(told.flatMap((user) => (user.outcome === 'failed' ? [] : [[user.userId, user.status]])))
        const byPhase = { ...NOBODY.byPhase }
        for (const { phase } of worked.values()) byPhase[phase]++
        expect(preview.byPhase).toEqual(byPhase)

        const ask = async <Answer>(at: number, call: (one: Leeway, id: string) => Promise<Answer>) => {
          const asked = rolloutSetting({ repository: await copyOf(store), clock: fixedClock(at), policy })
          const answers = new Map<string, Answer>()
          for (const id of worked.keys()) answers.set(id, await call(asked.leeway, id))
          return answers
        }
        const isStopped = async (one: Leeway, id: string) => (await one.signIn(id)).action === 'require-setup'
        const now = await ask(NOW, isStopped)
        const later = await ask(NOW + 7 * DAY, isStopped)
        const begun = await ask(NOW, (one, id) => one.beginSetup(id, { accountName: 'ada' }))
        const stoppedNow = [...now].flatMap(([id, stopped]) => (stopped ? [id] : []))
        expect(preview.stoppedNow).toEqual(stoppedNow)
        expect(preview.stoppedNowCount).toBe(stoppedNow.length)
        const soon = [...later].filter(([id, stopped]) => stopped || now.get(id))
        expect(preview.stoppedWithinSevenDays).toBe(soon.length)

        const enrolled = [...worked.values()].filter(({ authenticators }) => authenticators.length > 0)
        expect(preview.alreadyEnrolled).toBe(enrolled.length)
        const open = [...worked.values()].filter(
          ({ authenticators, phase }) => authenticators.length === 0 && phase !== 'suspended',
        )
        const needPass = open.filter(({ userId: id }) => {
          const setup = begun.get(id)
          return setup?.ok === false && setup.reason === 'pass-required'
        })
        expect(preview.warnings).toEqual([
          ...(open.length > 0 && stoppedNow.length === open.length ? ['everyone-stopped'] : []),
          ...(open.length > 0 && needPass.length === open.length ? ['everyone-needs-a-pass'] : []),
        ])

        for (const { outcome } of told) met[outcome]++
        met.stopped += stoppedNow.length
        met.soon += soon.length - stoppedNow.length
        for (const { phase } of worked.values()) met.phases.add(phase)
      }),
      { numRuns: 200 },
    )
    // All of it came up, so that something was shown.
    for (const one of [met.changed, met.unchanged, met.failed, met.stopped, met.soon]) expect(one).toBeGreaterThan(20)
    expect([...met.phases].toSorted()).toEqual(Object.keys(NOBODY.byPhase).toSorted())
  })

  it('of nobody comes to nothing', async () => {
    expect(await rolloutSetting().leeway.rollout.preview([], AT_ONCE)).toEqual(NOBODY)
  })

  it('tells where everybody would stand, and who changes', async () => {
    const setting = rolloutSetting()
    const { leeway } = setting
    await enroll(setting, 'enrolled')
    await leeway.requireEnrollment('as before', { period: { days: 8 } })
    const outcomes: [string, string][] = []
    const ids = ['as before', 'enrolled', 'new', 'new', 'soon']
    const preview = await leeway.rollout.preview(ids, (id) => ({ period: { days: id === 'soon' ? 7 : 8 } }), {
      onUser: ({ userId: id, outcome }) => outcomes.push([id, outcome]),
    })
    expect(outcomes).toEqual([
      ['as before', 'unchanged'],
      ['enrolled', 'changed'],
      ['new', 'changed'],
      ['new', 'unchanged'],
      ['soon', 'changed'],
    ])
    expect(preview).toEqual({
      ...NOBODY,
      ...{ users: 5, changed: 3, unchanged: 2, alreadyEnrolled: 1, stoppedWithinSevenDays: 1 },
      byPhase: { ...NOBODY.byPhase, enrolled: 1, 'enrollment-period': 3 },
    })
  })

  it('of more users than fit into a batch counts those who come twice once, wherever that is', async () => {
    const setting = rolloutSetting()
    const ids = [...users(1200), ...users(1200), 'user 000000', 'user 000000']
    const preview = await setting.leeway.rollout.preview(ids, { period: { days: 3 } })
    expect(preview).toEqual({
      ...NOBODY,
      users: 2402,
      changed: 1200,
      unchanged: 1202,
      byPhase: { ...NOBODY.byPhase, 'enrollment-period': 1200 },
      stoppedWithinSevenDays: 1200,
    })
  })

  it('names the first 1,000 of those stopped, in the order of the stream, and counts all', async () => {
    const setting = rolloutSetting()
    const ids = users(2100).toReversed()
    const preview = await setting.leeway.rollout.preview(ids, AT_ONCE)
    expect(preview.stoppedNow).toEqual(ids.slice(0, 1000))
    expect(preview).toMatchObject({ stoppedNowCount: 2100, stoppedWithinSevenDays: 2100 })
    expect(preview.warnings).toEqual(['everyone-stopped'])
  })

  it('names the first 1,000 of those who fail, and counts all', async () => {
    const setting = rolloutSetting()
    const ids = users(1100)
    const preview = await setting.leeway.rollout.preview(ids, () => ({}) as Terms)
    expect(preview.failed).toEqual(ids.slice(0, 1000).map((id) => ({ userId: id, code: 'ERR_TERMS' })))
    expect(preview).toMatchObject({ users: 1100, failedCount: 1100, byPhase: NOBODY.byPhase, warnings: [] })
  })

  it('of whom nothing is stored, gives the terms even where they are those of whoever is new: they start now', async () => {
    const newUsers = { period: { days: 3 } }
    const setting = rolloutSetting({ policy: { newUsers } })
    const preview = await setting.leeway.rollout.preview(['ada'], newUsers)
    expect(preview).toMatchObject({ changed: 1, stoppedNowCount: 0, stoppedWithinSevenDays: 1 })
    await setting.leeway.rollout.assign(['ada'], newUsers)
    setting.clock.advance(7 * DAY)
    expect(await setting.leeway.signIn('ada')).toMatchObject({ action: 'require-setup' })
  })

  it('tells protected accounts as assign would, without force and with it', async () => {
    const setting = rolloutSetting({ policy: { protect: (id) => id === 'root' } })
    const outcomes = async (force?: boolean) => {
      const told: AssignedUser[] = []
      await setting.leeway.rollout.preview(['ada', 'root'], AT_ONCE, { force, onUser: (user) => told.push(user) })
      return told.map((user) => (user.outcome === 'failed' ? user.code : user.outcome))
    }
    expect(await outcomes()).toEqual(['changed', 'ERR_PROTECTED'])
    expect(await outcomes(false)).toEqual(['changed', 'ERR_PROTECTED'])
    expect(await outcomes(true)).toEqual(['changed', 'changed'])
  })
})

describe('the warnings', () => {
  const warningsFor = async (
    { leeway }: Pick<RolloutSetting, 'leeway'>,
    ids: readonly string[],
    given: Terms | ResolvedTerms = AT_ONCE,
  ) => (await leeway.rollout.preview(ids, given, { applyTo: 'replace' })).warnings

  it('are given where all who could be stopped are', async () => {
    const setting = rolloutSetting()
    await enroll(setting, 'enrolled')
    await setting.leeway.suspend('suspended')
    await setting.leeway.exempt('exempt', { until: NOW + DAY, reason: 'at sea' })
    expect(await warningsFor(setting, ['ada', 'enrolled', 'suspended'])).toEqual(['everyone-stopped'])
    expect(await warningsFor(setting, ['ada', 'exempt'])).toEqual([])
    expect(await warningsFor(setting, ['ada', 'ben'], { period: { days: 1 } })).toEqual([])
  })

  it('are given where all would need a pass', async () => {
    const setting = rolloutSetting()
    const withPass = { period: { days: 1 }, selfEnrollment: 'with-pass' } as const
    expect(await warningsFor(setting, ['ada', 'ben'], withPass)).toEqual(['everyone-needs-a-pass'])
    expect(await warningsFor(setting, ['ada'], { ...withPass, period: 'none' })).toEqual([
      'everyone-stopped',
      'everyone-needs-a-pass',
    ])
  })

  it('are not given where nobody is left to be warned of', async () => {
    const setting = rolloutSetting()
    await enroll(setting, 'enrolled')
    await setting.leeway.suspend('suspended')
    expect(await warningsFor(setting, ['enrolled', 'suspended', ''])).toEqual([])
  })
})

describe('what ends a preview', () => {
  it('an abort, with its reason, and the stream is closed', async () => {
    const { leeway } = rolloutSetting()
    for (const at of [0, 1, 700]) {
      const controller = new AbortController()
      const reason = new Error('enough')
      let closed = false
      function* stream(): Generator<string> {
        try {
          for (const [place, id] of users(1200).entries()) {
            if (place === at) controller.abort(reason)
            yield id
          }
        } finally {
          closed = true
        }
      }
      await expect(leeway.rollout.preview(stream(), AT_ONCE, { signal: controller.signal })).rejects.toBe(reason)
      expect(closed).toBe(true)
    }
    const aborted = AbortSignal.abort('a text')
    await expect(leeway.rollout.preview(users(3), AT_ONCE, { signal: aborted })).rejects.toBe('a text')
  })

  it('a store that cannot be read', async () => {
    const repository: Store = { ...memoryRepository(), findMany: () => Promise.reject(new Error('gone')) }
    const { leeway } = rolloutSetting({ repository })
    expect(await rejection(() => leeway.rollout.preview(['ada'], AT_ONCE))).toMatchObject({
      name: 'LeewayError',
      code: 'ERR_STORE',
    })
  })

  it('a stream and a listener that throw', async () => {
    const { leeway } = rolloutSetting()
    const failure = new Error('the file is gone')
    function* failing(): Generator<string> {
      yield 'ada'
      throw failure
    }
    await expect(leeway.rollout.preview(failing(), AT_ONCE)).rejects.toBe(failure)
    const onUser = () => {
      throw failure
    }
    await expect(leeway.rollout.preview(['ada'], AT_ONCE, { onUser })).rejects.toBe(failure)
  })
})
