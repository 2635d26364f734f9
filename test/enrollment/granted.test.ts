import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LAST_INSTANT } from '../../src/assert.js'
import { phaseAt } from '../../src/enrollment/decision.js'
import { usedAt } from '../../src/enrollment/granted.js'
import type { EnrollmentRecord, Requirement } from '../../src/enrollment/record.js'
import type { Period } from '../../src/enrollment/terms.js'
import { recordAt } from '../../src/enrollment/transition.js'
import { resolvePolicy } from '../../src/service/policy.js'
import { forwardActions, type Life, life, live, terms } from './actions.js'
import { binding, DAY, given, HOUR, NOW, PHONE, recordOf, requiring, type Story, USER } from './given.js'

const BERLIN = { timeZone: 'Europe/Berlin' } as const
const TEN_DAYS = resolvePolicy({ maxGrantedDays: 10 })
const THREE_DAYS = resolvePolicy({ maxGrantedDays: 3 })
const EXPLAINED = { source: 'max-granted-days', scope: 'rule', outcome: 'applied' } as const

/** Somebody of whom this is required from {@link NOW} on. */
const under = (period: Period, policy = TEN_DAYS): Story => given(null).when(requiring({ period }), { policy })

function requirementOf(story: Story): Requirement {
  const { requirement } = recordOf(story)
  if (requirement === null) throw new Error('nothing is required')
  return requirement
}

/** When the period of a story ends, in days from {@link NOW}. */
const deadlineOf = (story: Story): number => (requirementOf(story).deadline - NOW) / DAY

/** How many days have been used of the grant some days after {@link NOW}. */
const usedOn = (story: Story, day: number): number => usedAt(recordOf(story), NOW + day * DAY) / DAY

const exempting = (day: number) => ({ type: 'exempt', until: NOW + day * DAY, reason: 'on leave', note: {} }) as const
const END_EXEMPTION = { type: 'end-exemption', note: {} } as const
const SUSPEND = { type: 'suspend', note: {} } as const
const RESUME = { type: 'resume', note: {} } as const
const MAKE_OPTIONAL = { type: 'make-optional', note: {} } as const
const onDay = (day: number, policy = TEN_DAYS) => ({ at: NOW + day * DAY, policy })

describe('granted time is the time in which a period runs', () => {
  const free = resolvePolicy()
  const running = under({ days: 30 }, free)

  it('from its start to its deadline, policy or none', () => {
    expect([0, 1, 29, 30, 31, 400].map((day) => usedOn(running, day))).toEqual([0, 1, 29, 30, 30, 30])
  })

  it.each<[string, Story, number[]]>([
    [
      'waiting for the first sign-in',
      under({ days: 30, start: 'first-sign-in' }, free).when({ type: 'sign-in' }, onDay(2, free)),
      [0, 0, 0, 1, 2, 3, 4],
    ],
    ['scheduled', under({ days: 30, start: NOW + 2 * DAY }, free), [0, 0, 0, 1, 2, 3, 4]],
    ['exempt', running.when(exempting(4), onDay(2, free)), [2, 2, 2, 2, 2, 3, 4]],
    [
      'exempt, once it was ended',
      running.when(exempting(9), onDay(2, free)).when(END_EXEMPTION, onDay(4, free)),
      [2, 2, 2, 2, 2, 3, 4],
    ],
    ['suspended', running.when(SUSPEND, onDay(2, free)), [2, 2, 2, 2, 2, 2, 2]],
    [
      'suspended, once it is resumed',
      running.when(SUSPEND, onDay(2, free)).when(RESUME, onDay(4, free)),
      [2, 2, 2, 2, 2, 3, 4],
    ],
    ['enrolled', binding(running, PHONE, onDay(2, free)), [2, 2, 2, 2, 2, 2, 2]],
    [
      'enrolled, once the phone is lost',
      binding(running, PHONE, onDay(2, free)).when({ type: 'reset-mfa', grace: 'remaining', note: {} }, onDay(4, free)),
      [2, 2, 2, 2, 2, 3, 4],
    ],
    ['optional', running.when(MAKE_OPTIONAL, onDay(2, free)), [2, 2, 2, 2, 2, 2, 2]],
    [
      'optional, once it is required again',
      running.when(MAKE_OPTIONAL, onDay(2, free)).when(requiring({ period: { days: 1 } }), onDay(4, free)),
      [2, 2, 2, 2, 2, 3, 3],
    ],
  ])('and not while its user is %s', (_, story, used) => {
    expect([0, 1, 2, 3, 4, 5, 6].map((day) => usedOn(story, day))).toEqual(used)
  })

  it('what another command of the user writes between changes nothing', () => {
    const told = running.when({ type: 'sign-in' }, onDay(3, free)).when({ type: 'postpone-setup' }, onDay(5, free))
    expect(usedOn(told, 6)).toBe(6)
  })

  it('and is counted by the writes that change what it runs under, by no others', () => {
    const told = running.when({ type: 'sign-in' }, onDay(3, free))
    expect(told.types).toEqual(['first-sign-in'])
    expect(recordOf(told).granted).toEqual(recordOf(running).granted)
  })

  it('a clock that was set back counts nothing twice', () => {
    const told = running.when({ type: 'postpone-setup' }, onDay(5, free)).when(exempting(4), onDay(3, free))
    expect(recordOf(told).granted).toEqual({ usedMs: 5 * DAY, countedTo: NOW + 5 * DAY })
    expect([3, 4, 5, 6].map((day) => usedOn(told, day))).toEqual([5, 5, 5, 6])
  })

  it('is forgotten with the user alone', () => {
    const again = running.when(MAKE_OPTIONAL, onDay(8)).when(requiring({ period: { days: 10 } }), onDay(20))
    expect(deadlineOf(again)).toBe(22)
    expect(deadlineOf(given(null, NOW + 20 * DAY).when(requiring({ period: { days: 10 } }), onDay(20)))).toBe(30)
  })
})

describe('a grant beyond what is left', () => {
  it('is cut to the exact instant, and the record and the event say so', () => {
    const told = given(null).when(requiring({ period: { days: 30 } }), { policy: TEN_DAYS })
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW, deadline: NOW + 10 * DAY })
    expect(requirementOf(told).because).toEqual([
      {
        source: 'terms',
        scope: 'user',
        deadline: NOW + 30 * DAY,
        outcome: 'overridden',
        text: '30 days from assignment',
      },
      { ...EXPLAINED, deadline: NOW + 10 * DAY, text: 'A user is granted at most 10 days in all' },
    ])
    expect(told.events[0]?.details).toMatchObject({ startsAt: NOW, deadline: NOW + 10 * DAY })
  })

  it('is none where it is just what is left: nothing is cut, and nothing says so', () => {
    expect(requirementOf(under({ days: 10 })).because).toMatchObject([{ source: 'terms', outcome: 'applied' }])
  })

  it('is cut inside a day and on a day off too: a calendar makes it no longer', () => {
    const calendar = { ...BERLIN, avoid: ['friday', 'saturday', 'sunday'] } as const
    expect(requirementOf(under({ days: 10, calendar })).deadline).toBe(NOW + 10 * DAY)
  })

  it.each<[string, Period, startsAt: number, deadline: number]>([
    ['just what is left is not cut', { days: 10 }, 0, 10],
    ['a date', { deadline: NOW + 11 * DAY }, 0, 10],
    ['no period', 'none', 0, 0],
    ['a start ahead', { days: 30, start: NOW + 5 * DAY }, 5, 15],
    ['a start gone by, of which nothing ran', { days: 30, start: NOW - 15 * DAY }, -15, 10],
    ['the end of time', { deadline: LAST_INSTANT }, 0, 10],
  ])('%s', (_, period, startsAt, deadline) => {
    expect(requirementOf(under(period))).toMatchObject({
      startsAt: NOW + startsAt * DAY,
      deadline: NOW + deadline * DAY,
    })
  })

  it('is less by what ran before, under whatever terms', () => {
    const told = under({ days: 4 }).when(requiring({ period: { days: 30 } }), onDay(20))
    expect(deadlineOf(told)).toBe(26)
  })

  it('where nothing is left ends when it starts', () => {
    const used = under({ days: 10 })
    const now = used.when(requiring({ period: { days: 30 } }), onDay(20))
    expect(requirementOf(now)).toMatchObject({ startsAt: NOW + 20 * DAY, deadline: NOW + 20 * DAY })
    const later = used.when(requiring({ period: { days: 30, start: NOW + 25 * DAY } }), onDay(20))
    expect(requirementOf(later)).toMatchObject({ startsAt: NOW + 25 * DAY, deadline: NOW + 25 * DAY })
    expect([24, 25].map((day) => phaseAt(recordOf(later), NOW + day * DAY))).toEqual(['scheduled', 'overdue'])
  })

  it('after a reset is cut too', () => {
    const told = under({ days: 4 }).when({ type: 'reset-mfa', grace: { days: 9 }, note: {} }, onDay(2))
    expect(deadlineOf(told)).toBe(10)
    expect(requirementOf(told).because.at(-1)).toMatchObject(EXPLAINED)
    const none = given(recordOf(under({ days: 4 }).when(MAKE_OPTIONAL, onDay(2)))).when(
      { type: 'reset-mfa', grace: { days: 9 }, note: {} },
      onDay(3),
    )
    expect(deadlineOf(none)).toBe(11)
  })

  it('to an exempt user counts from the end of the exemption', () => {
    const told = given(null)
      .when(exempting(20), { policy: TEN_DAYS })
      .when(requiring({ period: { days: 40 } }), onDay(0))
    expect(deadlineOf(told)).toBe(30)
  })
})

describe('the first sign-in', () => {
  const waiting = under({ days: 30, start: 'first-sign-in' })

  it('is waited for up to the cap, which is no running time', () => {
    expect(requirementOf(waiting)).toMatchObject({ startsAt: null, deadline: NOW + 90 * DAY })
  })

  it('starts no more than what is left, and says so', () => {
    const told = waiting.when({ type: 'sign-in' }, onDay(50))
    expect(deadlineOf(told)).toBe(60)
    expect(requirementOf(told).because.slice(1)).toMatchObject([
      { source: 'first-sign-in', outcome: 'overridden', deadline: NOW + 80 * DAY },
      { ...EXPLAINED, deadline: NOW + 60 * DAY },
    ])
    expect(told.outcome).toMatchObject({ action: 'offer-setup', daysLeft: 10 })
  })

  it('with nothing left makes its user overdue', () => {
    const told = under({ days: 10 })
      .when(requiring({ period: { days: 5, start: 'first-sign-in' } }), onDay(20))
      .when({ type: 'sign-in' }, onDay(30))
    expect(told.outcome).toMatchObject({ action: 'require-setup', reason: 'overdue', deadline: NOW + 30 * DAY })
  })
})

describe('a sign-in', () => {
  it('takes nothing from a period that runs, whatever the policy says by now', () => {
    const told = under({ days: 30 }, resolvePolicy()).when({ type: 'sign-in' }, onDay(0, THREE_DAYS))
    expect(deadlineOf(told)).toBe(30)
    expect(told.types).toEqual(['first-sign-in'])
  })
})

describe('new users', () => {
  const newUsers = (period: Period) => resolvePolicy({ maxGrantedDays: 10, newUsers: { period } })

  it('get no more either, as reads tell and the first write keeps', () => {
    const policy = newUsers({ days: 30 })
    const seen = recordAt(null, { userId: USER, now: NOW, policy }).requirement
    expect(seen).toMatchObject({ deadline: NOW + 10 * DAY, because: [{}, EXPLAINED] })
    const told = given(null).when({ type: 'sign-in' }, { policy })
    expect(requirementOf(told)).toEqual(seen)
  })

  it('have used nothing of a period that counts from a date gone by', () => {
    const policy = newUsers({ deadline: NOW + 90 * DAY, start: NOW - 90 * DAY })
    const told = given(null).when({ type: 'sign-in' }, { policy })
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW - 90 * DAY, deadline: NOW + 10 * DAY })
    expect([0, 2, 10, 12].map((day) => usedOn(told, day))).toEqual([0, 2, 10, 10])
    const exempt = given(null).when(exempting(4), { policy })
    expect([0, 4, 6].map((day) => usedOn(exempt, day))).toEqual([0, 0, 2])
  })
})

describe('a deadline that is moved by hand', () => {
  const change = (days: number) =>
    ({ type: 'change-deadline', change: { addDays: days }, note: { reason: 'moving' } }) as const

  it('later is cut to what is left, and says so', () => {
    const told = under({ days: 4 }).when(change(30), onDay(1))
    expect(deadlineOf(told)).toBe(10)
    expect(requirementOf(told).because.slice(1)).toMatchObject([
      { outcome: 'overridden', deadline: NOW + 34 * DAY, text: 'moving' },
      { ...EXPLAINED, deadline: NOW + 10 * DAY },
    ])
    expect(told.events[0]?.details).toEqual({
      startsAt: NOW,
      deadline: NOW + 10 * DAY,
      previousDeadline: NOW + 4 * DAY,
    })
  })

  it('later stays where it is if nothing is left, be it over or not', () => {
    const whole = under({ days: 10 })
    for (const day of [0, 5, 10, 40]) {
      const told = whole.when(change(60), onDay(day))
      expect(told).toMatchObject({ outcome: { changed: false }, written: false })
    }
    const exempt = whole.when(exempting(20), onDay(5)).when(change(1), onDay(6))
    expect(deadlineOf(exempt)).toBe(11)
    expect(exempt.when(change(30), onDay(12)).written).toBe(true)
  })

  it('is never made earlier by the cap, whatever the policy says by now', () => {
    const told = under({ days: 9 }).when(change(1), onDay(5, THREE_DAYS))
    expect(told).toMatchObject({ outcome: { changed: false }, written: false })
  })

  it('earlier is as it was asked for, though the policy would allow less by now', () => {
    expect(deadlineOf(under({ days: 9 }).when(change(-1), onDay(5, THREE_DAYS)))).toBe(8)
  })

  it('while its user waits for the first sign-in moves the cap, which is no running time', () => {
    const waiting = under({ days: 5, start: 'first-sign-in', capDays: 20 })
    expect(deadlineOf(waiting.when(change(30), onDay(1)))).toBe(50)
  })
})

describe('an exemption that ends', () => {
  const exempt = under({ days: 4 })
    .when(exempting(20), onDay(2))
    .when(requiring({ period: { days: 40 } }), onDay(3))

  it('uncovers no more than is left, with an event of its own', () => {
    expect(deadlineOf(exempt)).toBe(28)
    const told = exempt.when({ ...END_EXEMPTION, note: { actor: 'root' } }, onDay(5))
    expect(told.types).toEqual(['exempted', 'deadline-changed'])
    expect(told.events[1]).toMatchObject({
      actor: 'root',
      details: { startsAt: NOW + 3 * DAY, deadline: NOW + 13 * DAY, previousDeadline: NOW + 28 * DAY },
    })
    expect(deadlineOf(told)).toBe(13)
    expect(requirementOf(told).because.at(-1)).toMatchObject(EXPLAINED)
  })

  it('sooner than it was to, does so too', () => {
    const told = exempt.when(exempting(12), onDay(5))
    expect(told.types).toEqual(['exempted', 'deadline-changed'])
    expect(deadlineOf(told)).toBe(20)
    expect(exempt.when(exempting(5), onDay(5)).types).toEqual(['exempted', 'deadline-changed'])
  })

  it('later than it was to, or with another reason, moves nothing', () => {
    for (const other of [exempting(25), { ...exempting(20), reason: 'sick' }]) {
      const told = exempt.when(other, onDay(5))
      expect(told.types).toEqual(['exempted'])
      expect(deadlineOf(told)).toBe(28)
    }
  })

  it('inside what is left moves nothing, nor does one over no requirement', () => {
    const told = under({ days: 4 }).when(exempting(3), onDay(1)).when(END_EXEMPTION, onDay(2))
    expect(told.types).toEqual(['exempted'])
    expect(deadlineOf(told)).toBe(4)
    const free = given(null).when(exempting(3), onDay(1)).when(END_EXEMPTION, onDay(2))
    expect(free.types).toEqual(['exempted'])
  })

  it('while suspended is cut for the resume', () => {
    const told = exempt.when(SUSPEND, onDay(4)).when(END_EXEMPTION, onDay(5))
    expect(told.types).toEqual(['exempted', 'deadline-changed'])
    expect(deadlineOf(told.when(RESUME, onDay(9)))).toBe(17)
  })
})

describe('a suspension that ends', () => {
  it('leaves what was left, rounded by a calendar only as far as may be granted', () => {
    let story = under({ days: 8, calendar: BERLIN })
    const deadlines = [requirementOf(story).deadline]
    for (const hour of [1, 3, 5]) {
      story = story
        .when(SUSPEND, { at: NOW + hour * HOUR, policy: TEN_DAYS })
        .when(RESUME, { at: NOW + (hour + 1) * HOUR, policy: TEN_DAYS })
      deadlines.push(requirementOf(story).deadline)
    }
    const inHours = [8 * 24 + 15, 9 * 24 + 15, 10 * 24 + 2, 10 * 24 + 3]
    expect(deadlines).toEqual(inHours.map((hours) => NOW + hours * HOUR))
  })

  it('grants nothing for an exemption that ended meanwhile', () => {
    const exempt = given(null)
      .when(exempting(20), { policy: TEN_DAYS })
      .when(requiring({ period: { days: 40 } }), onDay(0))
    const told = exempt.when(SUSPEND, onDay(1)).when(RESUME, onDay(25))
    // Ten days were to run once the exemption was over, and ten days are left.
    expect(deadlineOf(told)).toBe(35)
    const none = resolvePolicy()
    expect(deadlineOf(exempt.when(SUSPEND, onDay(1, none)).when(RESUME, onDay(25, none)))).toBe(54)
  })
})

describe('lowering the policy', () => {
  const running = under({ days: 10 })
  const exempt = under({ days: 10 }).when(exempting(6), onDay(4))

  it.each<[string, Story, number]>([
    ['a sign-in', running.when({ type: 'sign-in' }, onDay(4, THREE_DAYS)), 10],
    ['a suspension and its end', running.when(SUSPEND, onDay(5, THREE_DAYS)).when(RESUME, onDay(7, THREE_DAYS)), 12],
    ['a longer exemption', exempt.when(exempting(9), onDay(5, THREE_DAYS)), 10],
    [
      'a reset with what remains',
      binding(running, PHONE, onDay(1)).when({ type: 'reset-mfa', grace: 'remaining', note: {} }, onDay(5, THREE_DAYS)),
      10,
    ],
  ])('moves nobody, nor does %s', (_, story, deadline) => {
    expect(deadlineOf(story)).toBe(deadline)
  })

  it('leaves what was still to run where an exemption ends sooner, and no more', () => {
    expect(deadlineOf(exempt.when(END_EXEMPTION, onDay(5, THREE_DAYS)))).toBe(9)
  })

  it('counts for the next grant', () => {
    expect(deadlineOf(running.when(requiring({ period: { days: 5 } }), onDay(1, THREE_DAYS)))).toBe(3)
  })
})

/* --------------------------------------------------------------------------------------------- properties */

/** How long a record's user was in a running period between two instants: step by step, by its phase in each. */
function timeInPeriod(record: EnrollmentRecord, from: number, to: number): number {
  const { requirement, exemption } = record
  if (requirement?.startsAt === null) return 0
  const ends = [requirement?.startsAt, requirement?.deadline, exemption?.until]
  const steps = [from, ...ends.filter((end) => end !== undefined && from < end && end < to), to] as number[]
  steps.sort((one, other) => one - other)
  let total = 0
  for (const [at, step] of steps.entries()) {
    if (phaseAt(record, step) === 'enrollment-period') total += (steps[at + 1] ?? step) - step
  }
  return total
}

const forwardLife: fc.Arbitrary<Life> = fc.record({
  start: fc.constant(NOW),
  policy: fc
    .record({
      maxGrantedDays: fc.integer({ min: 1, max: 60 }),
      newUsers: fc.oneof(fc.constant('optional' as const), terms),
    })
    .map((own) => ({ ...resolvePolicy(), ...own })),
  protected: fc.constant(false),
  actions: forwardActions,
})

it('for any sequence of commands, nobody is in a running period for longer than the policy grants', () => {
  fc.assert(
    fc.property(forwardLife, (one) => {
      let total = 0
      let previous: { record: EnrollmentRecord; now: number } | null = null
      for (const { after, now } of live(one)) {
        if (previous !== null) total += timeInPeriod(previous.record, previous.now, now)
        previous = after && { record: after, now }
        if (after !== null) expect(usedAt(after, now)).toBe(total)
      }
      // And whoever is left alone from then on.
      if (previous !== null) total += timeInPeriod(previous.record, previous.now, LAST_INSTANT)
      expect(total).toBeLessThanOrEqual((one.policy.maxGrantedDays ?? 0) * DAY)
    }),
    { numRuns: 1000 },
  )
})

it('whatever the clock does, no more is counted than went by from its lowest to its highest', () => {
  fc.assert(
    fc.property(life, (one) => {
      let [lowest, highest, used] = [LAST_INSTANT, 0, 0]
      for (const { after, now } of live(one)) {
        ;[lowest, highest] = [Math.min(lowest, now), Math.max(highest, now)]
        if (after === null) continue
        expect(after.granted.usedMs).toBeGreaterThanOrEqual(used)
        used = after.granted.usedMs
        expect(used).toBeLessThanOrEqual(highest - lowest)
      }
    }),
    { numRuns: 500 },
  )
})
