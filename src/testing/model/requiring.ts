import type { Instant, Period, Terms } from '../../index.js'
import { equal } from '../repository-bench.js'
import { DAY, type RequirementModel, type UserModel } from './user-model.js'

type Dates = Pick<RequirementModel, 'startsAt' | 'deadline' | 'daysOnceStarted' | 'calendar'>

/** How far a calendar may take a deadline from plain days: an hour of summer time back, some days off forward. */
const ROUNDED = { least: -2 * 3_600_000, most: 8 * DAY }

/** The dates of a period that counts from an instant; a calendar's rounding is left to {@link seeDeadline}. */
function datesOf(period: Period, since: Instant): Dates {
  const plain = { daysOnceStarted: null, calendar: 'none' } as const
  if (period === 'none') return { ...plain, startsAt: since, deadline: since }
  if ('deadline' in period) {
    const { start = 'now' } = period
    return { ...plain, startsAt: start === 'now' ? Math.min(since, period.deadline) : start, deadline: period.deadline }
  }
  const { start = 'now' } = period
  const calendar = period.calendar === undefined ? 'none' : 'rounds'
  if (start === 'first-sign-in') {
    const deadline = since + (period.capDays ?? 90) * DAY
    return { startsAt: null, deadline, daysOnceStarted: period.days, calendar }
  }
  const startsAt = start === 'now' ? since : start
  return { startsAt, deadline: startsAt + period.days * DAY, daysOnceStarted: null, calendar }
}

/** Terms are assigned. */
export function requirementOf(terms: Terms, now: Instant, since: Instant = now): RequirementModel {
  const { period, selfEnrollment = 'always', postponements = null } = terms
  const none = { postponed: 0, postponedSignIns: [] }
  return { period, since, selfEnrollment, postponements, ...none, assignedAt: now, ...datesOf(period, since) }
}

/** Whether these terms have the period that the dates came from. */
export function hasPeriod(requirement: RequirementModel, { period }: Terms, since: Instant | undefined): boolean {
  const same = JSON.stringify(requirement.period) === JSON.stringify(period)
  return same && (since === undefined || since === requirement.since)
}

/** A period that waited for the first sign-in starts, and never ends after its cap. */
export function started(requirement: RequirementModel, now: Instant): RequirementModel {
  const { daysOnceStarted, deadline: cap } = requirement
  if (daysOnceStarted === null) return requirement
  const deadline = Math.min(now + daysOnceStarted * DAY, cap)
  const begun = { ...requirement, startsAt: Math.min(now, deadline), deadline, daysOnceStarted: null }
  return rounding(begun)
}

/** What is required, as it stands once the clock that a suspension stopped runs again. */
export function standing({ requirement, stoppedAt }: UserModel, now: Instant): RequirementModel | null {
  if (requirement === null || stoppedAt === null) return requirement
  const { startsAt, deadline } = requirement
  if (now <= stoppedAt || deadline <= stoppedAt) return requirement
  if (startsAt !== null && startsAt > now) return requirement
  // A start that was ahead when the clock stopped is the resume.
  const waited = startsAt !== null && startsAt > stoppedAt ? startsAt : stoppedAt
  const from = startsAt !== null && startsAt > stoppedAt ? now : startsAt
  return rounding({ ...requirement, startsAt: from, deadline: deadline + (now - waited) })
}

/** A deadline moved by hand takes a start that is later along. */
export function moved(requirement: RequirementModel, deadline: Instant): RequirementModel {
  const { startsAt } = requirement
  return { ...requirement, startsAt: startsAt === null ? null : Math.min(startsAt, deadline), deadline }
}

/** After a reset under the old terms: a fresh period, with all postponements. */
export function afresh(requirement: RequirementModel, period: Period, now: Instant): RequirementModel {
  return { ...requirement, postponed: 0, postponedSignIns: [], ...datesOf(period, now) }
}

/** After a reset without grace: over now. */
export function ended(requirement: RequirementModel, now: Instant): RequirementModel {
  const startsAt = Math.min(requirement.startsAt ?? now, now)
  return { ...requirement, startsAt, deadline: now, daysOnceStarted: null }
}

/** Where a calendar rounds, the deadline is no more than near. */
export function rounding(requirement: RequirementModel): RequirementModel {
  return requirement.calendar === 'none' ? requirement : { ...requirement, calendar: 'rounds' }
}

/**
 * A law in place of a prediction: how a calendar rounds would be its code once more (test/enrollment/calendar.test.ts
 * checks it against Temporal). It must be near; the model goes on with what it was told.
 */
export function seeDeadline({ requirement }: UserModel, told: Instant | undefined): void {
  if (requirement?.calendar !== 'rounds' || told === undefined) return
  const by = told - requirement.deadline
  equal(by >= ROUNDED.least && by <= ROUNDED.most, true, `whether a calendar moves a deadline a little, by ${by} ms,`)
  Object.assign(requirement, { ...moved(requirement, told), calendar: 'seen' })
}
