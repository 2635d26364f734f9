import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, it } from 'vitest'
import { LAST_INSTANT } from '../../src/assert.js'
import { localDate } from '../../src/enrollment/calendar.js'
import { phaseAt } from '../../src/enrollment/decision.js'
import type { ResolvedPolicy } from '../../src/enrollment/policy.js'
import { type EnrollmentRecord, indexOf, type ReminderId, type Requirement } from '../../src/enrollment/record.js'
import type { Period } from '../../src/enrollment/terms.js'
import { resolvePolicy } from '../../src/service/policy.js'
import { life, live } from './actions.js'
import { DAY, given, HOUR, inPhase, MINUTE, NOW, POLICY, recordOf, requiring, type Story } from './given.js'

const at = (text: string): number => Date.parse(text)
const BERLIN = { timeZone: 'Europe/Berlin' } as const
/** How long a reminder is held by default. */
const LEASE = 10 * MINUTE
const DEADLINE = NOW + 30 * DAY

const remindingOn = (...daysBefore: number[]): ResolvedPolicy => resolvePolicy({ reminders: { daysBefore } })
const claimAs = (id: string) => ({ type: 'claim-reminder', id }) as const
const settleAs = (id: string, reminder: ReminderId, sent = true) =>
  ({ type: 'settle-reminder', id, reminder, sent }) as const

const under = (period: Period, policy = POLICY): Story => given(null).when(requiring({ period }), { policy })

/** What a job that comes by then would be given to send. */
function claimedAt(story: Story, now: number, policy: ResolvedPolicy = POLICY) {
  return story.when(claimAs('job'), { at: now, policy }).outcome.claimed
}

/** That the reminder of so many days before is due from the one instant, up to but not at the other. */
function expectDue(story: Story, daysBefore: number, [from, to]: readonly [from: number, to: number]): void {
  const policy = remindingOn(daysBefore)
  const due = { deadline: recordOf(story).requirement?.deadline, daysBefore }
  expect(claimedAt(story, from - 1, policy)).toBeNull()
  expect(claimedAt(story, from, policy)).toMatchObject(due)
  expect(claimedAt(story, to - 1, policy)).toMatchObject(due)
  expect(claimedAt(story, to, policy)).toBeNull()
}

/** That no instant near this deadline has such a reminder due. */
function expectNever(story: Story, daysBefore: number): void {
  const { deadline } = recordOf(story).requirement ?? { deadline: NOW }
  for (let hour = -24 * (daysBefore + 3); hour <= 72; hour++) {
    expect(claimedAt(story, deadline + hour * HOUR, remindingOn(daysBefore))).toBeNull()
  }
}

describe('the day of a reminder', () => {
  it('without a calendar is the 24 hours that begin so many days before the deadline', () => {
    const story = under({ days: 30 })
    for (const days of [30, 14, 7, 3, 1]) expectDue(story, days, [DEADLINE - days * DAY, DEADLINE - (days - 1) * DAY])
  })

  it('that begins with the deadline is the one of 0 days', () => {
    expectDue(under({ days: 30 }), 0, [DEADLINE, DEADLINE + DAY])
  })

  it('is told with the days that are left', () => {
    const story = under({ days: 30 })
    expect(claimedAt(story, DEADLINE - 3 * DAY)).toEqual({ deadline: DEADLINE, daysBefore: 3, daysLeft: 3 })
    expect(claimedAt(story, DEADLINE - 3 * DAY + 1)).toEqual({ deadline: DEADLINE, daysBefore: 3, daysLeft: 3 })
    expect(claimedAt(story, DEADLINE)).toEqual({ deadline: DEADLINE, daysBefore: 0, daysLeft: 0 })
  })

  it('with a calendar is a local day, counted from the one that ends at the deadline', () => {
    const story = under({ days: 30, calendar: BERLIN })
    expect(recordOf(story).requirement?.deadline).toBe(at('2026-12-25T00:00+01:00'))
    expectDue(story, 0, [at('2026-12-24T00:00+01:00'), at('2026-12-25T00:00+01:00')])
    expectDue(story, 1, [at('2026-12-23T00:00+01:00'), at('2026-12-24T00:00+01:00')])
    expectDue(story, 14, [at('2026-12-10T00:00+01:00'), at('2026-12-11T00:00+01:00')])
  })

  it('with a deadline inside a local day is counted from that whole day, and goes on after the deadline', () => {
    const deadline = at('2026-12-24T10:00+01:00')
    const moved = under({ days: 30, calendar: BERLIN }).when({
      type: 'change-deadline',
      change: { deadline },
      note: {},
    })
    expectDue(moved, 0, [at('2026-12-24T00:00+01:00'), at('2026-12-25T00:00+01:00')])
    expect(phaseAt(recordOf(moved), at('2026-12-24T12:00+01:00'))).toBe('overdue')
    const midnight = moved.when({
      type: 'change-deadline',
      change: { deadline: at('2026-12-24T00:00+01:00') },
      note: {},
    })
    expectDue(midnight, 0, [at('2026-12-23T00:00+01:00'), at('2026-12-24T00:00+01:00')])
  })

  it.each<[string, string, string, number, string, string]>([
    ['of 23 hours', 'Europe/Berlin', '2027-03-30T12:00Z', 2, '2027-03-28T00:00+01:00', '2027-03-29T00:00+02:00'],
    ['of 25 hours', 'Europe/Berlin', '2026-10-27T12:00Z', 2, '2026-10-25T00:00+02:00', '2026-10-26T00:00+01:00'],
    [
      'after clocks changed',
      'Europe/Berlin',
      '2027-04-04T12:00Z',
      7,
      '2027-03-28T00:00+01:00',
      '2027-03-29T00:00+02:00',
    ],
    ['without a midnight', 'Asia/Beirut', '2026-03-30T12:00Z', 1, '2026-03-29T01:00+03:00', '2026-03-30T00:00+03:00'],
    [
      'west of Greenwich',
      'America/New_York',
      '2026-12-25T02:00Z',
      1,
      '2026-12-23T00:00-05:00',
      '2026-12-24T00:00-05:00',
    ],
  ])('%s is that day from its first instant to its last', (_, timeZone, start, days, from, to) => {
    const calendar = { timeZone }
    const assigned = given(null, at(start) - 9 * DAY)
    const story = assigned.when(requiring({ period: { days: 9, calendar } }), { at: at(start) - 9 * DAY })
    expectDue(story, days, [at(from), at(to)])
  })

  it('is not moved off days off: the deadline is', () => {
    const calendar = { ...BERLIN, avoid: ['saturday', 'sunday'] } as const
    const story = under({ days: 13, calendar })
    // Monday, 7 December; a day before it is a Sunday.
    expect(recordOf(story).requirement?.deadline).toBe(at('2026-12-08T00:00+01:00'))
    expectDue(story, 1, [at('2026-12-06T00:00+01:00'), at('2026-12-07T00:00+01:00')])
  })

  it('that a time zone skipped is none', () => {
    const assigned = given(null, at('2011-12-20T12:00Z'))
    const story = assigned.when(requiring({ period: { days: 12, calendar: { timeZone: 'Pacific/Apia' } } }))
    // The end of 1 January, local; 30 December never was.
    expect(recordOf(story).requirement?.deadline).toBe(at('2012-01-02T00:00+14:00'))
    expectNever(story, 2)
    expectDue(story, 3, [at('2011-12-29T00:00-10:00'), at('2011-12-31T00:00+14:00')])
  })

  it('at either end of time is as much of it as there is', () => {
    const start = given(null, 0).when(requiring({ period: { deadline: DAY / 2 } }))
    expectNever(given(recordOf(start), 0), 2)
    expect(claimedAt(start, 0, remindingOn(1))).toMatchObject({ daysBefore: 1 })
    const local = given(null, 0).when(requiring({ period: { days: 1, calendar: BERLIN } }))
    expect(claimedAt(local, 0, remindingOn(1))).toMatchObject({ daysBefore: 1 })
    expect(claimedAt(local, 0, remindingOn(2, 3))).toBeNull()
    const end = given(null).when(requiring({ period: { deadline: LAST_INSTANT } }))
    expect(claimedAt(end, LAST_INSTANT, remindingOn(0))).toMatchObject({ daysBefore: 0 })
    const never = under({ days: 30, start: LAST_INSTANT - 60 * DAY, calendar: BERLIN })
    expect(claimedAt(never, LAST_INSTANT - 31 * DAY, remindingOn(1))).toMatchObject({ daysBefore: 1 })
  })
})

describe('nobody is reminded', () => {
  it.each(['optional', 'enrolled', 'suspended'] as const)('who is %s', (phase) => {
    for (const days of [0, 1, 14]) expectNever(given(inPhase[phase]), days)
    expect(indexOf(inPhase[phase]).remindAt).toBeNull()
  })

  it('before the period starts: what is left of the day is enough, and none of it is none', () => {
    const start = (from: number) => under({ deadline: DEADLINE, start: from })
    expectDue(start(DEADLINE - 7 * DAY + 5 * HOUR), 7, [DEADLINE - 7 * DAY + 5 * HOUR, DEADLINE - 6 * DAY])
    expectDue(start(DEADLINE - 6 * DAY - 1), 7, [DEADLINE - 6 * DAY - 1, DEADLINE - 6 * DAY])
    expectNever(start(DEADLINE - 6 * DAY), 7)
    expectDue(start(DEADLINE - 7 * DAY), 7, [DEADLINE - 7 * DAY, DEADLINE - 6 * DAY])
  })

  it('while exempt: what is left of the day is enough, and none of it is none', () => {
    const exempt = (until: number) => under({ days: 30 }).when({ type: 'exempt', until, reason: 'on leave', note: {} })
    expectDue(exempt(DEADLINE - 7 * DAY + 5 * HOUR), 7, [DEADLINE - 7 * DAY + 5 * HOUR, DEADLINE - 6 * DAY])
    expectNever(exempt(DEADLINE - 6 * DAY), 7)
    expectDue(exempt(DEADLINE + HOUR), 0, [DEADLINE + HOUR, DEADLINE + DAY])
  })

  it('by a day that an exemption covers: the store is told of the next that it does not', () => {
    const policy = remindingOn(7, 3)
    const exempt = (until: number) =>
      indexOf(
        recordOf(under({ days: 30 }, policy).when({ type: 'exempt', until, reason: 'on leave', note: {} }, { policy })),
      )
    expect(exempt(DEADLINE - 6 * DAY - 1).remindAt).toBe(DEADLINE - 6 * DAY - 1)
    expect(exempt(DEADLINE - 6 * DAY).remindAt).toBe(DEADLINE - 3 * DAY)
    expect(exempt(DEADLINE - 5 * DAY).remindAt).toBe(DEADLINE - 3 * DAY)
  })

  it('of days that the policy does not name', () => {
    const story = under({ days: 30 })
    expect(claimedAt(story, DEADLINE - 2 * DAY)).toBeNull()
    expect(indexOf(recordOf(under({ days: 30 }, remindingOn()))).remindAt).toBeNull()
  })

  it('who waits for the first sign-in but of the cap; and from then on of the deadline', () => {
    const waiting = under({ days: 10, start: 'first-sign-in', capDays: 30 })
    expectDue(waiting, 7, [DEADLINE - 7 * DAY, DEADLINE - 6 * DAY])
    const started = waiting.when({ type: 'sign-in' })
    expectDue(started, 7, [NOW + 3 * DAY, NOW + 4 * DAY])
  })
})

describe('a reminder that was sent', () => {
  const day = DEADLINE - 3 * DAY
  const reminder = { deadline: DEADLINE, daysBefore: 3 }
  const claimed = under({ days: 30 }).when(claimAs('one'), { at: day })
  const sent = claimed.when(settleAs('one', reminder), { at: day + MINUTE })
  const moveTo = (deadline: number) => ({ type: 'change-deadline', change: { deadline }, note: {} }) as const

  it('is recorded with an event, and not sent again', () => {
    expect(sent).toMatchObject({ outcome: { recorded: true }, types: ['reminder-sent'] })
    expect(sent.events[0]).toMatchObject({ actor: null, reason: null, details: reminder })
    expect(recordOf(sent).reminders).toEqual({ at: DEADLINE - DAY, claim: null, sent: [reminder] })
    expect(claimedAt(sent, day + HOUR)).toBeNull()
  })

  it('is not sent again by settling it twice', () => {
    const again = sent.when(settleAs('one', reminder), { at: day + HOUR })
    expect(again).toMatchObject({ outcome: { recorded: false }, written: false, events: [] })
  })

  it('is not sent again once the deadline moved away and back; the one of the other deadline is', () => {
    const away = sent.when(moveTo(DEADLINE + HOUR), { at: day + HOUR })
    expect(claimedAt(away, day + HOUR)).toMatchObject({ deadline: DEADLINE + HOUR, daysBefore: 3 })
    const back = away.when(moveTo(DEADLINE), { at: day + 2 * HOUR })
    expect(claimedAt(back, day + 2 * HOUR)).toBeNull()
    expect(claimedAt(back, DEADLINE - DAY)).toMatchObject({ deadline: DEADLINE, daysBefore: 1 })
  })

  it('is remembered while forty others are sent', () => {
    let story: Story = sent
    const others = Array.from({ length: 40 }, (_, other) => ({ deadline: DEADLINE + other + 1, daysBefore: 3 }))
    for (const other of others) story = story.when(settleAs('one', other))
    expect(recordOf(story).reminders.sent).toEqual(others)
  })
})

describe('a claim', () => {
  const day = DEADLINE - 3 * DAY
  const reminder = { deadline: DEADLINE, daysBefore: 3 }
  const held = under({ days: 30 }).when(claimAs('one'), { at: day })

  it('is stored without an event, until its lease ends', () => {
    expect(held).toMatchObject({ outcome: { claimed: reminder }, written: true, events: [] })
    expect(recordOf(held).reminders).toEqual({
      at: day + LEASE,
      claim: { ...reminder, id: 'one', until: day + LEASE },
      sent: [],
    })
  })

  it('lasts as long as the policy says, and never beyond the end of time', () => {
    const policy = resolvePolicy({ reminders: { daysBefore: [0], leaseMs: HOUR } })
    const told = under({ deadline: LAST_INSTANT }).when(claimAs('one'), { at: LAST_INSTANT, policy })
    expect(recordOf(told).reminders.claim?.until).toBe(LAST_INSTANT)
    const usual = under({ days: 30 }).when(claimAs('one'), { at: DEADLINE, policy })
    expect(recordOf(usual).reminders.claim?.until).toBe(DEADLINE + HOUR)
  })

  it('that lives keeps all others away, even its own', () => {
    for (const id of ['one', 'two']) {
      const told = held.when(claimAs(id), { at: day + LEASE - 1 })
      expect(told).toMatchObject({ outcome: { claimed: null }, written: false })
    }
  })

  it('that has ended unsettled is the next one’s', () => {
    const told = held.when(claimAs('two'), { at: day + LEASE })
    expect(told.outcome.claimed).toMatchObject(reminder)
    expect(recordOf(told).reminders.claim).toEqual({ ...reminder, id: 'two', until: day + 2 * LEASE })
  })

  it('that has ended with its day is nobody’s: the store is told of the next day', () => {
    const late = under({ days: 30 }).when(claimAs('one'), { at: day + DAY - 1 })
    const told = late.when(claimAs('two'), { at: day + DAY - 1 + LEASE })
    expect(told).toMatchObject({ outcome: { claimed: null }, written: true, events: [] })
    expect(recordOf(told).reminders.at).toBe(DEADLINE - DAY)
  })

  it('whose reminder was not sent gives it back at once', () => {
    const told = held.when(settleAs('one', reminder, false), { at: day + MINUTE })
    expect(told).toMatchObject({ outcome: { recorded: false }, written: true, events: [] })
    expect(recordOf(told).reminders).toEqual({ at: day, claim: null, sent: [] })
    expect(claimedAt(told, day + MINUTE)).toMatchObject(reminder)
  })

  it('that ended before its reminder was sent is recorded all the same', () => {
    const told = held.when(settleAs('one', reminder), { at: day + HOUR })
    expect(told.outcome).toEqual({ recorded: true })
    expect(claimedAt(told, day + HOUR)).toBeNull()
  })

  it('that is another’s by then stays so, and is told once that it was sent already', () => {
    const lost = held.when(claimAs('two'), { at: day + LEASE })
    const first = lost.when(settleAs('one', reminder), { at: day + LEASE + 1 })
    expect(first.outcome).toEqual({ recorded: true })
    expect(recordOf(first).reminders.claim?.id).toBe('two')
    const second = first.when(settleAs('two', reminder), { at: day + LEASE + 2 })
    expect(second).toMatchObject({ outcome: { recorded: false }, written: true, events: [] })
    expect(recordOf(second).reminders).toEqual({ at: DEADLINE - DAY, claim: null, sent: [reminder] })
  })

  it('that is another’s by then is not given back by the one who lost it', () => {
    const lost = held.when(claimAs('two'), { at: day + LEASE })
    expect(lost.when(settleAs('one', reminder, false), { at: day + LEASE + 1 }).written).toBe(false)
  })

  it('is on what is due by then: a deadline that was moved meanwhile is looked at again', () => {
    const moved = under({ days: 30 }).when({ type: 'change-deadline', change: { addDays: 30 }, note: {} }, { at: day })
    expect(claimedAt(moved, day)).toBeNull()
    expect(indexOf(recordOf(moved)).remindAt).toBe(DEADLINE + 16 * DAY)
  })
})

describe('who has no record', () => {
  const policy = resolvePolicy({ newUsers: { period: { days: 1 } } })

  it('gets none by a reminder, whether never seen or forgotten', () => {
    const reminder = { deadline: NOW + DAY, daysBefore: 1 }
    const unseen = given(null)
    for (const told of [
      unseen.when(claimAs('one'), { policy }),
      unseen.when(settleAs('one', reminder), { policy }),
      unseen.when(settleAs('one', reminder, false), { policy }),
      unseen.when({ type: 'reseal-secrets' }, { policy, handed: {} }),
    ]) {
      expect(told).toMatchObject({ written: false, events: [], record: null })
    }
    expect(unseen.when(claimAs('one'), { policy }).outcome).toEqual({ claimed: null })
  })

  it('has reminders from the first command that writes on', () => {
    const seen = given(null).when({ type: 'sign-in' }, { policy })
    expect(claimedAt(seen, NOW, policy)).toMatchObject({ daysBefore: 1 })
  })
})

describe('a policy that has changed', () => {
  const story = under({ days: 30 })

  it('reaches a record at its next write', () => {
    expect(recordOf(story).reminders.at).toBe(DEADLINE - 14 * DAY)
    const told = story.when({ type: 'postpone-setup' }, { policy: remindingOn(20) })
    expect(recordOf(told).reminders.at).toBe(DEADLINE - 20 * DAY)
  })

  it('reaches it by a key rotation too, without an event, and once', () => {
    const policy = remindingOn(20)
    const told = story.when({ type: 'reseal-secrets' }, { policy, handed: {} })
    expect(told).toMatchObject({ outcome: { resealed: 0 }, written: true, events: [] })
    expect(recordOf(told).reminders.at).toBe(DEADLINE - 20 * DAY)
    expect(told.when({ type: 'reseal-secrets' }, { policy, handed: {} }).written).toBe(false)
  })
})

/* --------------------------------------------------------------------------------------------- properties */

/** Whether a calendar finds a day near this deadline; where time ends days are 24 hours. */
const hasLocalDays = ({ deadline, calendar }: Requirement): boolean =>
  calendar !== null && deadline + 3000 * DAY < LAST_INSTANT

/** How many days before the deadline an instant is: by what calendars show, or in whole days of 24 hours. */
function daysBefore(requirement: Requirement, now: number): number {
  const { deadline, calendar } = requirement
  if (calendar === null || !hasLocalDays(requirement)) return Math.floor((deadline - now + DAY - 1) / DAY)
  const [last, today] = [Math.max(0, deadline - 1), now].map((instant) =>
    Date.parse(localDate(instant, calendar.timeZone)),
  )
  return ((last ?? 0) - (today ?? 0)) / DAY
}

/** When the day begins that is so many days before the deadline. */
function dayBegins(requirement: Requirement, days: number): number {
  const { deadline, calendar } = requirement
  if (calendar === null || !hasLocalDays(requirement)) return Math.max(0, deadline - days * DAY)
  const last = Temporal.Instant.fromEpochMilliseconds(Math.max(0, deadline - 1))
  const date = last.toZonedDateTimeISO(calendar.timeZone).toPlainDate().subtract({ days })
  return Math.max(0, date.toZonedDateTime(calendar.timeZone).epochMilliseconds)
}

/** The reminder whose day it is, by the prose alone: of a period that runs or is over, and not sent yet. */
function dueAt(record: EnrollmentRecord, now: number, policy: ResolvedPolicy): ReminderId | null {
  const { requirement, reminders } = record
  if (requirement === null || !['enrollment-period', 'overdue'].includes(phaseAt(record, now))) return null
  const due = { deadline: requirement.deadline, daysBefore: daysBefore(requirement, now) }
  if (!policy.reminders.daysBefore.includes(due.daysBefore)) return null
  return reminders.sent.some((one) => one.deadline === due.deadline && one.daysBefore === due.daysBefore) ? null : due
}

/** Instants from now on at which a reminder may begin to be due. */
function beginnings(
  { requirement, exemption }: EnrollmentRecord,
  now: number,
  { reminders }: ResolvedPolicy,
): number[] {
  if (requirement === null) return []
  const days = reminders.daysBefore.map((one) => dayBegins(requirement, one))
  return [now, requirement.startsAt ?? 0, exemption?.until ?? 0, ...days]
    .filter((instant) => now <= instant && instant <= LAST_INSTANT)
    .sort((one, other) => one - other)
}

const isLive = ({ reminders: { claim } }: EnrollmentRecord, now: number): boolean => claim !== null && now < claim.until

it('what is claimed is what is due, on its day and at no other time', () => {
  const others = fc.array(fc.integer({ min: -3 * DAY, max: 40 * DAY }), { maxLength: 3 })
  fc.assert(
    fc.property(life, others, (one, later) => {
      const { policy } = one
      for (const { after, now } of live(one)) {
        if (after === null) continue
        const instants = [...beginnings(after, now, policy), ...later.map((ms) => now + ms)].flatMap((instant) => [
          instant - 1,
          instant,
        ])
        for (const instant of instants.filter((some) => some >= 0 && some <= LAST_INSTANT)) {
          const { claimed } = given(after).when(claimAs('job'), { at: instant, policy }).outcome
          const due = isLive(after, instant) ? null : dueAt(after, instant, policy)
          expect(claimed && { deadline: claimed.deadline, daysBefore: claimed.daysBefore }).toEqual(due)
        }
      }
    }),
    { numRuns: 200 },
  )
})

it('whatever happens between, and whatever the clock does, a reminder is sent at most once', () => {
  fc.assert(
    fc.property(life, (one) => {
      const { policy } = one
      const sent: string[] = []
      const job = (record: EnrollmentRecord | null, now: number): EnrollmentRecord | null => {
        const told = given(record, now).when(claimAs('job'), { policy })
        const { claimed } = told.outcome
        if (claimed === null) return told.record
        sent.push(`${claimed.deadline} ${claimed.daysBefore}`)
        return told.when(settleAs('job', claimed), { policy }).record
      }
      live(one, null, job)
      expect(sent).toEqual([...new Set(sent)])
    }),
    { numRuns: 500 },
  )
})

it('the store is told when the next one is due, and of none where none will be', () => {
  fc.assert(
    fc.property(life, (one) => {
      for (const { decided, now } of live(one)) {
        const { record } = decided
        if (record === null) continue
        const { remindAt } = indexOf(record)
        if (isLive(record, now)) {
          expect(remindAt).toBe(record.reminders.claim?.until)
          continue
        }
        const next = beginnings(record, now, one.policy).find((instant) => dueAt(record, instant, one.policy) !== null)
        expect(remindAt === null ? null : Math.max(remindAt, now)).toBe(next ?? null)
      }
    }),
    { numRuns: 500 },
  )
})

it('a job that comes by at least once in every hour sends whatever is due for that long', () => {
  const delays = fc.array(fc.integer({ min: 0, max: HOUR - 1 }), { minLength: 20, maxLength: 20 })
  fc.assert(
    fc.property(life, delays, (one, late) => {
      const { policy } = one
      const last = live(one).at(-1)
      if (last === undefined || last.after === null) return
      // Up to date with this very instant, whatever the clock did before.
      const begun = given(last.after, last.now).when({ type: 'reseal-secrets' }, { policy, handed: {} })
      const sent: ReminderId[] = []
      let story: Story = begun
      for (const ms of late) {
        const { remindAt } = indexOf(recordOf(story))
        if (remindAt === null) break
        // Until then it finds nothing, however often it comes by.
        const told = story.when(claimAs('job'), {
          at: Math.min(Math.max(story.now, remindAt) + ms, LAST_INSTANT),
          policy,
        })
        const { claimed } = told.outcome
        if (claimed !== null) sent.push({ deadline: claimed.deadline, daysBefore: claimed.daysBefore })
        story = claimed === null ? told : told.when(settleAs('job', claimed), { policy })
      }
      expect(indexOf(recordOf(story)).remindAt).toBeNull()
      const { claim } = recordOf(begun).reminders
      for (const begins of beginnings(recordOf(begun), last.now, policy)) {
        const from = Math.max(begins, claim?.until ?? 0)
        if (from + HOUR > LAST_INSTANT) continue
        const [due, still] = [from, from + HOUR].map((now) => dueAt(recordOf(begun), now, policy))
        if (due && still && due.daysBefore === still.daysBefore) expect(sent).toContainEqual(due)
      }
    }),
    { numRuns: 500 },
  )
})
