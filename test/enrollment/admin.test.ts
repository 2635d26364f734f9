import { describe, expect, it } from 'vitest'
import { LAST_INSTANT } from '../../src/assert.js'
import { decisionAt, passRequiredAt, phaseAt } from '../../src/enrollment/decision.js'
import type { Phase } from '../../src/enrollment/phase.js'
import { type EnrollmentRecord, type Requirement, UNLOCKED } from '../../src/enrollment/record.js'
import { statusAt } from '../../src/enrollment/status.js'
import type { Period } from '../../src/enrollment/terms.js'
import {
  beginSetup,
  binding,
  codeOf,
  DAY,
  DEADLINE,
  digestOf,
  given,
  HOUR,
  importOf,
  inPhase,
  NOW,
  PHONE,
  recordOf,
  requiring,
  type Story,
  sealedSecret,
} from './given.js'

const at = (text: string): number => Date.parse(text)
const WORKING = { timeZone: 'Europe/Berlin', avoid: ['saturday', 'sunday'] } as const
const SUSPEND = { type: 'suspend', note: {} } as const
const RESUME = { type: 'resume', note: {} } as const

function requirementOf(story: Story): Requirement {
  const { requirement } = recordOf(story)
  if (requirement === null) throw new Error('nothing is required')
  return requirement
}

function phaseNow(story: Story): Phase {
  return phaseAt(recordOf(story), story.now)
}

describe('changing a deadline', () => {
  const change = (record: EnrollmentRecord, to: { addDays: number } | { deadline: number }) =>
    given(record).when({ type: 'change-deadline', change: to, note: { actor: 'root', reason: 'on holiday' } })

  it('adds days to the old deadline, not to now', () => {
    const told = change(inPhase['enrollment-period'], { addDays: 5 })
    expect(requirementOf(told).deadline).toBe(DEADLINE + 5 * DAY)
    expect(requirementOf(change(inPhase['enrollment-period'], { addDays: -5 })).deadline).toBe(DEADLINE - 5 * DAY)
    expect(told.events).toMatchObject([
      {
        type: 'deadline-changed',
        actor: 'root',
        reason: 'on holiday',
        details: { deadline: DEADLINE + 5 * DAY, previousDeadline: DEADLINE, startsAt: NOW - 10 * DAY },
      },
    ])
  })

  it('is explained in the record, over what was there', () => {
    const told = change(inPhase['enrollment-period'], { addDays: 5 })
    expect(requirementOf(told).because).toEqual([
      { source: 'terms', scope: 'user', deadline: DEADLINE, outcome: 'overridden', text: '30 days from assignment' },
      { source: 'root', scope: 'rule', deadline: DEADLINE + 5 * DAY, outcome: 'applied', text: 'on holiday' },
    ])
    const unnamed = given(inPhase.overdue).when({ type: 'change-deadline', change: { deadline: NOW + DAY }, note: {} })
    expect(requirementOf(unnamed).because.at(-1)).toMatchObject({
      source: 'administrator',
      text: 'The deadline was changed by hand',
    })
  })

  it('keeps twenty explanations, the newest', () => {
    let story: Story = given(inPhase['enrollment-period'])
    for (let day = 1; day <= 30; day++) {
      story = story.when({ type: 'change-deadline', change: { addDays: 1 }, note: { reason: `day ${day}` } })
    }
    const { because } = requirementOf(story)
    expect(because.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, day) => `day ${day + 11}`))
    expect(because.filter(({ outcome }) => outcome === 'applied')).toEqual([because.at(-1)])
  })

  it('reopens a period that was over', () => {
    const told = change(inPhase.overdue, { deadline: NOW + DAY })
    expect(phaseNow(told)).toBe('enrollment-period')
    // From the old deadline, ten days ago: still overdue.
    expect(phaseNow(change(inPhase.overdue, { addDays: 5 }))).toBe('overdue')
  })

  it.each<[Phase, Phase]>([
    ['scheduled', 'overdue'],
    ['enrollment-period', 'overdue'],
    ['overdue', 'overdue'],
    ['exempt', 'exempt'],
    ['enrolled', 'enrolled'],
    ['suspended', 'suspended'],
  ])('to an instant gone by takes effect at once: %s becomes %s', (phase, becomes) => {
    const told = change(inPhase[phase], { deadline: NOW - 1 })
    expect(phaseNow(told)).toBe(becomes)
    const { startsAt, deadline } = requirementOf(told)
    expect(deadline).toBe(NOW - 1)
    expect(startsAt).toBeLessThanOrEqual(deadline)
  })

  it('moves a scheduled end, and its start only where it would come after', () => {
    expect(requirementOf(change(inPhase.scheduled, { addDays: 1 }))).toMatchObject({
      startsAt: NOW + 5 * DAY,
      deadline: NOW + 36 * DAY,
    })
    const before = change(inPhase.scheduled, { deadline: NOW + 2 * DAY })
    expect(requirementOf(before)).toMatchObject({ startsAt: NOW + 2 * DAY, deadline: NOW + 2 * DAY })
    expect(phaseNow(before)).toBe('scheduled')
  })

  it('of a period that waits for the first sign-in moves the cap', () => {
    const waiting = given(null).when(requiring({ period: { days: 10, start: 'first-sign-in', capDays: 30 } }))
    const told = waiting.when({ type: 'change-deadline', change: { addDays: -25 }, note: {} })
    expect(requirementOf(told)).toMatchObject({ startsAt: null, deadline: NOW + 5 * DAY })
    expect(requirementOf(told.when({ type: 'sign-in' }))).toMatchObject({ startsAt: NOW, deadline: NOW + 5 * DAY })
  })

  it('of somebody suspended counts from what is left now, and that goes on standing still', () => {
    // Suspended a day ago with 21 days left: by now the deadline stands at 21 days from now.
    const told = change(inPhase.suspended, { addDays: 2 })
    expect(requirementOf(told).deadline).toBe(NOW + 23 * DAY)
    expect(told.events[0]?.details).toMatchObject({ previousDeadline: DEADLINE, deadline: NOW + 23 * DAY })
    expect(statusAt(recordOf(told), NOW + 9 * DAY).requirement?.daysLeft).toBe(23)
    const resumed = told.when(RESUME, { at: NOW + 9 * DAY })
    expect(requirementOf(resumed).deadline).toBe(NOW + 32 * DAY)
    const asIfResumed = given(inPhase.suspended)
      .when(RESUME)
      .when({ type: 'change-deadline', change: { addDays: 2 }, note: {} })
    const again = asIfResumed.when(SUSPEND).when(RESUME, { at: NOW + 9 * DAY })
    expect(requirementOf(again).deadline).toBe(requirementOf(resumed).deadline)
  })

  it('to where it stands already is unchanged, suspended or not', () => {
    for (const same of [{ addDays: 0 }, { deadline: DEADLINE }]) {
      expect(change(inPhase['enrollment-period'], same)).toMatchObject({ outcome: { changed: false }, written: false })
    }
    expect(change(inPhase.suspended, { addDays: 0 }).written).toBe(false)
    expect(change(inPhase.suspended, { deadline: DEADLINE + DAY }).written).toBe(false)
  })

  it('adds working days where the terms have a calendar, and takes a date as it is', () => {
    const friday = given(null).when(requiring({ period: { days: 3, calendar: WORKING } }))
    expect(requirementOf(friday).deadline).toBe(at('2026-11-28T00:00+01:00'))
    const moved = (addDays: number) =>
      requirementOf(friday.when({ type: 'change-deadline', change: { addDays }, note: {} })).deadline
    // Saturday and Sunday are no days to end on.
    expect(moved(1)).toBe(at('2026-12-01T00:00+01:00'))
    expect(moved(3)).toBe(at('2026-12-01T00:00+01:00'))
    expect(moved(4)).toBe(at('2026-12-02T00:00+01:00'))
    expect(moved(-1)).toBe(at('2026-11-27T00:00+01:00'))
    const saturday = at('2026-11-28T12:00+01:00')
    const dated = friday.when({ type: 'change-deadline', change: { deadline: saturday }, note: {} })
    expect(requirementOf(dated).deadline).toBe(saturday)
    // No days more leave it where it was put, be it in the middle of a day off.
    expect(dated.when({ type: 'change-deadline', change: { addDays: 0 }, note: {} }).written).toBe(false)
  })

  it('never moves later by days that are taken away, though the search for a working day goes forward', () => {
    const sunday = at('2026-11-29T12:00+01:00')
    const dated = given(null)
      .when(requiring({ period: { days: 3, calendar: WORKING } }))
      .when({ type: 'change-deadline', change: { deadline: sunday }, note: {} })
    const told = dated.when({ type: 'change-deadline', change: { addDays: -1 }, note: {} })
    expect(told).toMatchObject({ outcome: { changed: false }, written: false })
    const further = dated.when({ type: 'change-deadline', change: { addDays: -2 }, note: {} })
    expect(requirementOf(further).deadline).toBe(at('2026-11-28T00:00+01:00'))
  })

  it('to the end of time means never, and nothing later throws for it', () => {
    const never = given(null)
      .when(requiring({ period: { days: 3, calendar: WORKING } }))
      .when({ type: 'change-deadline', change: { deadline: LAST_INSTANT }, note: {} })
    const resumed = never.when(SUSPEND).when(RESUME, { at: NOW + DAY })
    expect(requirementOf(resumed).deadline).toBe(LAST_INSTANT)
    expect(never.when({ type: 'change-deadline', change: { addDays: 9 }, note: {} }).written).toBe(false)
    const earlier = never.when({ type: 'change-deadline', change: { addDays: -9 }, note: {} })
    expect(requirementOf(earlier).deadline).toBe(LAST_INSTANT - 9 * DAY)
  })

  it('without a requirement is unchanged', () => {
    expect(change(inPhase.optional, { addDays: 5 })).toMatchObject({ outcome: { changed: false }, written: false })
  })
})

describe('suspending and resuming', () => {
  const suspendedFor = (period: Period, { from, days }: { from: number; days: number }) =>
    given(null)
      .when(requiring({ period }))
      .when(SUSPEND, { at: NOW + from * DAY })
      .when(RESUME, { at: NOW + (from + days) * DAY })

  it('ends sessions, and denies every sign-in', () => {
    const told = given(inPhase['enrollment-period']).when({ ...SUSPEND, note: { actor: 'root', reason: 'left' } })
    expect(recordOf(told)).toMatchObject({ suspension: { stoppedAt: NOW }, sessionsValidFrom: NOW })
    expect(told.events).toMatchObject([{ type: 'suspended', actor: 'root', reason: 'left' }])
    expect(decisionAt(recordOf(told), NOW, { occasion: 'session', sensitive: true })).toMatchObject({
      action: 'deny',
      sessionsValidFrom: NOW,
    })
  })

  it('a running period runs on with what was left', () => {
    const told = suspendedFor({ days: 30 }, { from: 10, days: 50 })
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW, deadline: NOW + 80 * DAY })
    expect(statusAt(recordOf(told), told.now).requirement?.daysLeft).toBe(20)
    expect(told.events).toMatchObject([
      { type: 'resumed', details: { startsAt: NOW, deadline: NOW + 80 * DAY, previousDeadline: NOW + 30 * DAY } },
    ])
    expect(requirementOf(told).because.at(-1)).toMatchObject({
      ...{ source: 'suspension', outcome: 'applied', deadline: NOW + 80 * DAY },
      text: 'The period stood still while the account was suspended',
    })
  })

  it.each<[string, Period, { from: number; days: number }, { startsAt: number | null; deadline: number }]>([
    [
      'a start that is still ahead stays',
      { days: 30, start: NOW + 20 * DAY },
      { from: 1, days: 9 },
      { startsAt: 20, deadline: 50 },
    ],
    [
      'a start that passed meanwhile is now',
      { days: 30, start: NOW + 5 * DAY },
      { from: 1, days: 9 },
      { startsAt: 10, deadline: 40 },
    ],
    [
      'a start at the very resume is now',
      { days: 30, start: NOW + 10 * DAY },
      { from: 1, days: 9 },
      { startsAt: 10, deadline: 40 },
    ],
    [
      'a start at the very suspension ran already',
      { days: 30, start: NOW + DAY },
      { from: 1, days: 9 },
      { startsAt: 1, deadline: 40 },
    ],
    ['a date moves too', { deadline: NOW + 30 * DAY }, { from: 1, days: 9 }, { startsAt: 0, deadline: 39 }],
    [
      'the cap of who has not signed in yet moves',
      { days: 3, start: 'first-sign-in', capDays: 30 },
      { from: 1, days: 9 },
      { startsAt: null, deadline: 39 },
    ],
    ['what was over stays over', { days: 1 }, { from: 2, days: 9 }, { startsAt: 0, deadline: 1 }],
    ['what was over that very instant stays over', { days: 2 }, { from: 2, days: 9 }, { startsAt: 0, deadline: 2 }],
    ['a period of no length stays over', 'none', { from: 2, days: 9 }, { startsAt: 0, deadline: 0 }],
  ])('%s', (_, period, suspension, { startsAt, deadline }) => {
    expect(requirementOf(suspendedFor(period, suspension))).toMatchObject({
      startsAt: startsAt === null ? null : NOW + startsAt * DAY,
      deadline: NOW + deadline * DAY,
    })
  })

  it('to the millisecond', () => {
    const story = given(null).when(requiring({ period: { days: 1 } }))
    const resumed = story.when(SUSPEND, { at: NOW + DAY - 1 }).when(RESUME, { at: NOW + 9 * DAY })
    expect(phaseAt(recordOf(resumed), NOW + 9 * DAY)).toBe('enrollment-period')
    expect(phaseAt(recordOf(resumed), NOW + 9 * DAY + 1)).toBe('overdue')
  })

  it('to the end of a local day that is no day off, where the terms have a calendar', () => {
    const friday = suspendedFor({ days: 1, calendar: WORKING }, { from: 0, days: 2 })
    expect(requirementOf(friday).deadline).toBe(at('2026-11-28T00:00+01:00'))
    const weekend = suspendedFor({ days: 1, calendar: WORKING }, { from: 0, days: 3 })
    expect(requirementOf(weekend).deadline).toBe(at('2026-12-01T00:00+01:00'))
  })

  it('a clock that stands back at the resume moves nothing', () => {
    const told = given(null)
      .when(requiring({ period: { days: 30 } }))
      .when(SUSPEND, { at: NOW + 5 * DAY })
      .when(RESUME, { at: NOW + 3 * DAY })
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW, deadline: NOW + 30 * DAY })
    expect(recordOf(told).suspension).toBeNull()
  })

  it('resuming at the same instant moves nothing', () => {
    const told = given(inPhase['enrollment-period']).when(SUSPEND).when(RESUME)
    expect(requirementOf(told)).toEqual(inPhase['enrollment-period'].requirement)
  })

  it('a period that starts at the very resume stood still for nothing, and nothing says so', () => {
    const told = suspendedFor({ days: 30, start: NOW + 10 * DAY }, { from: 1, days: 9 })
    expect(requirementOf(told).because.map(({ source }) => source)).toEqual(['terms'])
  })

  it('goes without a requirement', () => {
    const told = given(inPhase.optional)
      .when(SUSPEND)
      .when(RESUME, { at: NOW + DAY })
    expect(told.events[0]?.details).toEqual({ startsAt: null, deadline: null, previousDeadline: null })
    expect(phaseNow(told)).toBe('optional')
  })

  it('keeps the exemption, whose end is a date', () => {
    const told = given(inPhase.exempt)
      .when(SUSPEND)
      .when(RESUME, { at: NOW + 5 * DAY })
    expect(phaseNow(told)).toBe('enrollment-period')
    expect(recordOf(told).exemption).toEqual(inPhase.exempt.exemption)
  })

  it('becoming optional and being required again while suspended both wait for the resume', () => {
    const told = given(inPhase.suspended).when({ type: 'make-optional', note: {} })
    expect(phaseNow(told)).toBe('suspended')
    expect(recordOf(told.when(RESUME)).requirement).toBeNull()
  })
})

describe('exempting', () => {
  const exempt = (until: number, note = {}) => ({ type: 'exempt', until, reason: 'on leave', note }) as const

  it('lies over whatever there is until its end, to the millisecond', () => {
    const told = given(inPhase.overdue).when(exempt(NOW + DAY))
    expect(phaseAt(recordOf(told), NOW + DAY - 1)).toBe('exempt')
    expect(phaseAt(recordOf(told), NOW + DAY)).toBe('overdue')
    expect(recordOf(told).requirement).toEqual(inPhase.overdue.requirement)
  })

  it('tells its reason as the event’s, not among details; an administrator’s own words go first', () => {
    expect(given(inPhase.overdue).when(exempt(NOW + DAY, { actor: 'root' })).events).toMatchObject([
      { type: 'exempted', actor: 'root', reason: 'on leave', details: { until: NOW + DAY, previousUntil: null } },
    ])
    const told = given(inPhase.exempt).when(exempt(NOW + 9 * DAY, { reason: 'longer leave' }))
    expect(told.events).toMatchObject([
      { reason: 'longer leave', details: { until: NOW + 9 * DAY, previousUntil: NOW + 5 * DAY } },
    ])
  })

  it('until an instant that is not ahead ends the one that stands', () => {
    for (const until of [NOW, NOW - DAY]) {
      const told = given(inPhase.exempt).when(exempt(until))
      expect(recordOf(told).exemption).toBeNull()
      expect(told.events[0]?.details).toEqual({ until: null, previousUntil: NOW + 5 * DAY })
      expect(given(inPhase.optional).when(exempt(until)).written).toBe(false)
    }
    expect(recordOf(given(inPhase.exempt).when(exempt(NOW + 1))).exemption?.until).toBe(NOW + 1)
  })

  it('another reason is another exemption', () => {
    const told = given(inPhase.exempt).when({ type: 'exempt', until: NOW + 5 * DAY, reason: 'ill', note: {} })
    expect(told.outcome).toEqual({ changed: true })
    expect(recordOf(told).exemption).toEqual({ until: NOW + 5 * DAY, reason: 'ill' })
  })

  it('one that is over already cannot be ended', () => {
    const over = given(inPhase.exempt).when({ type: 'end-exemption', note: {} }, { at: NOW + 5 * DAY })
    expect(over).toMatchObject({ outcome: { changed: false }, written: false })
    const justBefore = given(inPhase.exempt).when({ type: 'end-exemption', note: {} }, { at: NOW + 5 * DAY - 1 })
    expect(justBefore.outcome).toEqual({ changed: true })
  })
})

describe('resetting', () => {
  const reset = (record: EnrollmentRecord, grace: 'none' | 'remaining' | Exclude<Period, 'none'>, now = NOW) =>
    given(record, now).when({ type: 'reset-mfa', grace, note: { actor: 'help desk', reason: 'lost phone' } })
  const enrolled = inPhase.enrolled

  it('drops authenticators, recovery codes and a pending set-up, and ends sessions', () => {
    const pending = given(enrolled).when(beginSetup('new', { proof: 'totp' }), {
      handed: { code: codeOf(sealedSecret(PHONE), NOW) },
    })
    const told = reset(recordOf(pending), 'remaining')
    expect(recordOf(told)).toMatchObject({
      authenticators: [],
      recoveryCodes: [],
      setup: null,
      enrolledAt: null,
      sessionsValidFrom: NOW,
    })
    expect(told.events).toMatchObject([
      {
        type: 'mfa-reset',
        actor: 'help desk',
        reason: 'lost phone',
        details: {
          grace: 'remaining',
          authenticators: 1,
          enrolled: false,
          deadline: DEADLINE,
          previousDeadline: DEADLINE,
        },
      },
    ])
    // It was required before, and still is.
    expect(told.events[0]?.details).not.toHaveProperty('required')
  })

  it('keeps terms, exemption, suspension, pass, counters and the first sign-in', () => {
    const failures = { failures: 7, ladder: 7, lockedUntil: NOW + HOUR, disabled: true, recent: [NOW - HOUR] }
    const pass = { id: 'pass', digest: digestOf('pass'), expiresAt: NOW + HOUR, triesLeft: 5 }
    const exemption = { until: NOW + DAY, reason: 'on leave' }
    const record = { ...inPhase.suspended, exemption, pass, lock: { totp: failures, recovery: failures } }
    const after = recordOf(reset(record, 'remaining'))
    const { suspension, requirement, signedInAt, lock } = record
    expect(after).toMatchObject({ suspension, requirement, signedInAt, lock, exemption, pass })
  })

  it("with grace 'none' is to be set up at the next sign-in", () => {
    const told = reset(enrolled, 'none')
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW - 10 * DAY, deadline: NOW })
    expect(decisionAt(recordOf(told), NOW, { occasion: 'sign-in' })).toMatchObject({
      action: 'require-setup',
      reason: 'overdue',
      passRequired: false,
    })
    expect(told.events[0]?.details).toMatchObject({ grace: 'none', deadline: NOW, previousDeadline: DEADLINE })
    const text = 'After a reset: to be set up at the next sign-in'
    expect(requirementOf(told).because.at(-1)).toMatchObject({ source: 'reset', text, deadline: NOW })
  })

  it("with grace 'none' leaves what was over as it was", () => {
    const told = reset(enrolled, 'none', DEADLINE)
    expect(requirementOf(told)).toEqual(enrolled.requirement)
    expect(told.outcome).toEqual({ changed: true })
  })

  it("with grace 'none' ends a period that has not started, or waits", () => {
    expect(requirementOf(reset(inPhase.scheduled, 'none'))).toMatchObject({ startsAt: NOW, deadline: NOW })
    const waiting = given(null).when(requiring({ period: { days: 3, start: 'first-sign-in' } }))
    const told = reset(recordOf(waiting), 'none')
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW, deadline: NOW, daysOnceStarted: null })
  })

  it("with grace 'none' leaves nothing of a period that stands still: the help desk was told none", () => {
    // Suspended with 21 days left, and only seen long after its old deadline.
    const late = NOW + 300 * DAY
    const told = reset(inPhase.suspended, 'none', late)
    expect(requirementOf(told).deadline).toBe(late)
    const resumed = told.when(RESUME, { at: late + DAY })
    expect(phaseNow(resumed)).toBe('overdue')
    const over = given(inPhase.overdue).when(SUSPEND).when({ type: 'reset-mfa', grace: 'none', note: {} }, { at: late })
    expect(over).toMatchObject({ outcome: { changed: false }, written: false })
  })

  it("with grace 'remaining' is left what was left, and that is nothing once over", () => {
    expect(requirementOf(reset(enrolled, 'remaining'))).toEqual(enrolled.requirement)
    expect(phaseNow(reset(enrolled, 'remaining'))).toBe('enrollment-period')
    expect(phaseNow(reset(enrolled, 'remaining', DEADLINE))).toBe('overdue')
  })

  it.each<[string, Exclude<Period, 'none'>, { startsAt: number | null; deadline: number }]>([
    ['days', { days: 3 }, { startsAt: NOW, deadline: NOW + 3 * DAY }],
    ['a date', { deadline: NOW + 5 * DAY }, { startsAt: NOW, deadline: NOW + 5 * DAY }],
    [
      'days from the next sign-in',
      { days: 3, start: 'first-sign-in', capDays: 9 },
      { startsAt: null, deadline: NOW + 9 * DAY },
    ],
  ])('with a fresh period of %s keeps the terms', (_, grace, dates) => {
    const strict = given(enrolled).when(
      requiring({ period: { days: 30 }, selfEnrollment: 'with-pass', postponements: 2 }),
    )
    const told = reset(recordOf(strict), grace)
    expect(requirementOf(told)).toMatchObject({
      ...dates,
      period: { days: 30 },
      selfEnrollment: 'with-pass',
      postponements: 2,
      postponementsUsed: 0,
      assignedAt: NOW - 10 * DAY,
    })
    expect(told.events[0]?.details).toMatchObject({ grace: 'period', deadline: dates.deadline })
    const again = told.when(requiring({ period: { days: 30 }, selfEnrollment: 'with-pass', postponements: 2 }))
    expect(again.outcome).toEqual({ changed: false })
  })

  it('with a fresh period gives back the postponements, by whatever sign-in', () => {
    const used = given(null)
      .when(requiring({ period: { days: 30 }, postponements: 1 }))
      .when({ type: 'sign-in' })
      .when({ type: 'postpone-setup', signInId: 'one' })
    const fresh = reset(recordOf(used), { days: 3 })
    const text = 'After a reset: 3 days from assignment'
    expect(requirementOf(fresh).because.at(-1)).toMatchObject({ source: 'reset', text, deadline: NOW + 3 * DAY })
    expect(requirementOf(fresh).postponedSignIns).toEqual([])
    const told = fresh.when({ type: 'postpone-setup', signInId: 'one' })
    expect(told).toMatchObject({ written: true, outcome: { action: 'offer-setup', postponementsLeft: 0 } })
  })

  it('a fresh period from the next sign-in waits for it, though its user has signed in before', () => {
    const waiting = reset(enrolled, { days: 3, start: 'first-sign-in', capDays: 9 })
    const told = waiting.when({ type: 'sign-in' }, { at: NOW + DAY })
    expect(told.types).toEqual(['period-started'])
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW + DAY, deadline: NOW + 4 * DAY })
    expect(recordOf(told).signedInAt).toBe(enrolled.signedInAt)
  })

  describe('without a requirement', () => {
    const free = recordOf(given(enrolled).when({ type: 'make-optional', note: {} }))

    it("grace 'none' makes one that is over", () => {
      const told = reset(free, 'none')
      expect(phaseNow(told)).toBe('overdue')
      expect(passRequiredAt(recordOf(told), NOW)).toBe(false)
      expect(told.events[0]?.details).toMatchObject({ required: true, deadline: NOW, previousDeadline: null })
    })

    it('a period makes one', () => {
      const told = reset(free, { days: 3 })
      expect(requirementOf(told)).toMatchObject({ assignedAt: NOW, deadline: NOW + 3 * DAY, period: { days: 3 } })
    })

    it("grace 'remaining' makes none", () => {
      const told = reset(free, 'remaining')
      expect(recordOf(told).requirement).toBeNull()
      expect(told.events[0]?.details).toMatchObject({ enrolled: false, deadline: null, previousDeadline: null })
      expect(told.events[0]?.details).not.toHaveProperty('required')
    })
  })

  it('with nothing to drop but a set-up that is over is unchanged, and ends no session', () => {
    const begun = given(inPhase['enrollment-period']).when(beginSetup('new'))
    const reset = { type: 'reset-mfa', grace: 'remaining', note: {} } as const
    expect(begun.when(reset, { at: NOW + HOUR })).toMatchObject({ written: false, outcome: { changed: false } })
    expect(begun.when(reset)).toMatchObject({ written: true, record: { setup: null } })
  })

  it('with nothing to drop and nothing to move is unchanged', () => {
    expect(reset(inPhase['enrollment-period'], 'remaining')).toMatchObject({
      outcome: { changed: false },
      written: false,
    })
    expect(reset(inPhase.overdue, 'none').written).toBe(false)
    expect(given(null).when({ type: 'reset-mfa', grace: 'remaining', note: {} }).written).toBe(false)
  })

  it('while suspended waits for the resume', () => {
    const told = reset(inPhase.suspended, { days: 3 }).when(RESUME, { at: NOW + 7 * DAY })
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW, deadline: NOW + 10 * DAY })
  })
})

describe('revoking', () => {
  const revoke = (record: EnrollmentRecord, authenticatorId: string) =>
    given(record).when({ type: 'revoke-authenticator', authenticatorId, note: {} })

  it('the last authenticator takes recovery codes and a pending set-up with it', () => {
    const pending = given(inPhase.enrolled).when(beginSetup('new', { proof: 'totp' }), {
      handed: { code: codeOf(sealedSecret(PHONE), NOW) },
    })
    const told = revoke(recordOf(pending), PHONE)
    expect(recordOf(told)).toMatchObject({ authenticators: [], recoveryCodes: [], setup: null, enrolledAt: null })
    expect(recordOf(told).sessionsValidFrom).toBe(NOW)
    expect(told.events[0]?.details).toEqual({ authenticatorId: PHONE, authenticators: 0, enrolled: false })
  })

  it('one of two leaves the user enrolled since the first, with the codes', () => {
    const two = given(inPhase.enrolled).when(importOf('tablet'), {
      finding: { bound: false, pending: false, recoveryCodes: [] },
    })
    const told = revoke(recordOf(two), PHONE)
    expect(recordOf(told).authenticators.map(({ id }) => id)).toEqual(['tablet'])
    expect(recordOf(told)).toMatchObject({ enrolledAt: NOW - 5 * DAY, sessionsValidFrom: NOW })
    expect(recordOf(told).recoveryCodes).toEqual(inPhase.enrolled.recoveryCodes)
  })

  it('one of two ends a pending set-up', () => {
    // Whoever found the phone began a set-up of his own with its code; the owner calls the help desk before he confirms.
    const two = given(inPhase.enrolled).when(importOf('tablet'), {
      finding: { bound: false, pending: false, recoveryCodes: [] },
    })
    const pending = two.when(beginSetup('stolen', { proof: 'totp' }), {
      handed: { code: codeOf(sealedSecret(PHONE), NOW) },
    })
    expect(recordOf(pending).setup).not.toBeNull()
    expect(recordOf(revoke(recordOf(pending), PHONE)).setup).toBeNull()
  })
})

describe('sessions end', () => {
  it('at the first authenticator, a reset, a revocation and a suspension, never earlier than they were', () => {
    const first = binding(given(inPhase['enrollment-period']), 'phone')
    expect(recordOf(first).sessionsValidFrom).toBe(NOW)
    // A clock that stands back must not let sessions in that were ended.
    for (const command of [
      SUSPEND,
      { type: 'reset-mfa', grace: 'none', note: {} } as const,
      { type: 'revoke-authenticator', authenticatorId: 'phone', note: {} } as const,
    ]) {
      expect(recordOf(first.when(command, { at: NOW - DAY })).sessionsValidFrom).toBe(NOW)
      expect(recordOf(first.when(command, { at: NOW + DAY })).sessionsValidFrom).toBe(NOW + DAY)
    }
  })

  it('not at an import', () => {
    const told = given(inPhase.optional).when(importOf('phone'), {
      finding: { bound: false, pending: false, recoveryCodes: [] },
    })
    expect(recordOf(told).sessionsValidFrom).toBeNull()
  })
})

describe('unlocking', () => {
  it('clears every counter of both factors, and tells how many failures there were', () => {
    const totp = { failures: 50, ladder: 50, lockedUntil: NOW + HOUR, disabled: true, recent: [NOW] }
    const recovery = { ...UNLOCKED, failures: 2, ladder: 2, recent: [NOW, NOW] }
    const told = given({ ...inPhase.enrolled, lock: { totp, recovery } }).when({
      type: 'unlock',
      note: { actor: 'root', reason: 'was it you?' },
    })
    expect(recordOf(told).lock).toEqual({ totp: UNLOCKED, recovery: UNLOCKED })
    expect(told.events).toMatchObject([
      { type: 'unlocked', actor: 'root', reason: 'was it you?', details: { failures: 50, recoveryFailures: 2 } },
    ])
  })

  it.each(['totp', 'recovery'] as const)('clears failures of long ago too, which lock nothing: %s', (factor) => {
    const lock = { totp: UNLOCKED, recovery: UNLOCKED, [factor]: { ...UNLOCKED, failures: 3 } }
    const told = given({ ...inPhase.enrolled, lock }).when({ type: 'unlock', note: {} })
    expect(recordOf(told).lock).toEqual({ totp: UNLOCKED, recovery: UNLOCKED })
    expect(told.types).toEqual(['unlocked'])
  })
})

describe('issuing a pass', () => {
  it('replaces an older one, with tries of its own', () => {
    const one = given(inPhase.overdue).when({ type: 'issue-pass', id: 'one', digest: digestOf('one'), note: {} })
    expect(one.outcome).toEqual({ expiresAt: NOW + HOUR })
    expect(one.events[0]?.details).toEqual({ expiresAt: NOW + HOUR, replaced: false })
    const other = one.when({ type: 'issue-pass', id: 'other', digest: digestOf('other'), note: {} }, { at: NOW + 1 })
    expect(recordOf(other).pass).toEqual({
      id: 'other',
      digest: digestOf('other'),
      expiresAt: NOW + HOUR + 1,
      triesLeft: 5,
    })
    expect(other.events[0]?.details).toEqual({ expiresAt: NOW + HOUR + 1, replaced: true })
  })
})
