import type { Instant } from '../totp/instant.js'
import type { Calendar } from './calendar.js'
import type { Requirement } from './record.js'
import { DEFAULT_CAP_DAYS, EXPLANATIONS_KEPT, type Explanation, type Period, samePeriod, type Terms } from './terms.js'
import { daysAfter, moveDeadline, putOff } from './time.js'

/** The dates that a period comes to. */
export interface Schedule {
  startsAt: Instant | null
  deadline: Instant
  daysOnceStarted: number | null
  calendar: Calendar | null
}

/** The dates of a period that counts from `since`. */
export function scheduleOf(period: Period, since: Instant): Schedule {
  const fixed = { daysOnceStarted: null, calendar: null }
  if (period === 'none') return { startsAt: since, deadline: since, ...fixed }
  if ('deadline' in period) {
    const { start = 'now' } = period
    // A deadline gone by is allowed: overdue at once. No period starts after its end.
    const startsAt = start === 'now' ? Math.min(since, period.deadline) : start
    return { startsAt, deadline: period.deadline, ...fixed }
  }
  const { start = 'now' } = period
  const calendar = period.calendar ?? null
  if (start === 'first-sign-in') {
    const deadline = daysAfter(since, period.capDays ?? DEFAULT_CAP_DAYS, calendar)
    return { startsAt: null, deadline, daysOnceStarted: period.days, calendar }
  }
  const startsAt = start === 'now' ? since : start
  return { startsAt, deadline: daysAfter(startsAt, period.days, calendar), daysOnceStarted: null, calendar }
}

/** What the terms say of a period in words, for {@link Explanation}s. */
export function periodInWords(period: Period): string {
  if (period === 'none') return 'MFA is required at once'
  if ('deadline' in period) return 'MFA is required by a fixed date'
  const days = `${period.days} ${period.days === 1 ? 'day' : 'days'}`
  const from = period.start === undefined || period.start === 'now' ? 'assignment' : 'a fixed date'
  const text =
    period.start === 'first-sign-in'
      ? `${days} from the first sign-in, at most ${period.capDays ?? DEFAULT_CAP_DAYS} days from assignment`
      : `${days} from ${from}`
  return period.calendar ? `${text}, to the end of a working day in ${period.calendar.timeZone}` : text
}

/** A new requirement under these terms. */
export function newRequirement(
  terms: Terms,
  {
    now,
    since = now,
    because,
  }: { now: Instant; since?: Instant | undefined; because?: readonly Explanation[] | undefined },
): Requirement {
  const schedule = scheduleOf(terms.period, since)
  const own: Explanation = {
    source: 'terms',
    scope: 'user',
    deadline: schedule.deadline,
    outcome: 'applied',
    text: periodInWords(terms.period),
  }
  return {
    assignedAt: now,
    period: terms.period,
    since,
    selfEnrollment: terms.selfEnrollment ?? 'always',
    postponements: terms.postponements ?? null,
    postponementsUsed: 0,
    postponedSignIns: [],
    ...schedule,
    because: (because !== undefined && because.length > 0 ? because : [own]).slice(-EXPLANATIONS_KEPT),
  }
}

/** Whether a requirement is under these very terms already, whatever has happened to its dates since. */
export function isUnder(requirement: Requirement, terms: Terms, since: Instant | undefined): boolean {
  return (
    hasPeriod(requirement, terms, since) &&
    requirement.selfEnrollment === (terms.selfEnrollment ?? 'always') &&
    requirement.postponements === (terms.postponements ?? null)
  )
}

/** Whether a requirement's dates came from the period of these terms. */
export function hasPeriod(requirement: Requirement, terms: Terms, since: Instant | undefined): boolean {
  return samePeriod(requirement.period, terms.period) && (since === undefined || since === requirement.since)
}

/** The requirement once its user has signed in: a period that waited for it starts, and never ends later than its cap. */
export function startAtSignIn(requirement: Requirement, now: Instant): Requirement {
  if (requirement.daysOnceStarted === null) return requirement
  const cap = requirement.deadline
  const own = daysAfter(now, requirement.daysOnceStarted, requirement.calendar)
  const deadline = Math.min(own, cap)
  const started = { ...requirement, startsAt: Math.min(now, deadline), deadline, daysOnceStarted: null }
  if (own >= cap) return started
  return explained(started, {
    source: 'first-sign-in',
    text: `${requirement.daysOnceStarted} days from the first sign-in`,
  })
}

/** The requirement with its deadline moved by hand; a period that has not started yet never starts after its end. */
export function withDeadline(
  requirement: Requirement,
  change: { addDays: number } | { deadline: Instant },
  why: { source: string; text: string },
): Requirement {
  const deadline =
    'deadline' in change
      ? change.deadline
      : change.addDays === 0
        ? requirement.deadline
        : moveDeadline(requirement.deadline, change.addDays, requirement.calendar)
  if (deadline === requirement.deadline) return requirement
  const startsAt = requirement.startsAt === null ? null : Math.min(requirement.startsAt, deadline)
  return explained({ ...requirement, startsAt, deadline }, why)
}

/**
 * The requirement after its clock stood still from `stoppedAt` to `now`: what was left then is left now. A scheduled
 * start stays, unless it passed meanwhile: then it is now. What was over stays over.
 */
export function afterStandstill(requirement: Requirement, stoppedAt: Instant, now: Instant): Requirement {
  const { startsAt, deadline, calendar } = requirement
  if (now <= stoppedAt || deadline <= stoppedAt) return requirement
  const why = { source: 'suspension', text: 'The period stood still while the account was suspended' }
  if (startsAt === null || startsAt <= stoppedAt) {
    return explained({ ...requirement, deadline: putOff(deadline, now - stoppedAt, calendar) }, why)
  }
  // One that starts at this very instant lost nothing.
  if (startsAt >= now) return requirement
  return explained({ ...requirement, startsAt: now, deadline: putOff(deadline, now - startsAt, calendar) }, why)
}

/** The requirement under its old terms, with a fresh period after a reset. */
export function withFreshPeriod(requirement: Requirement, period: Period, now: Instant): Requirement {
  const fresh = { ...requirement, ...scheduleOf(period, now), postponementsUsed: 0, postponedSignIns: [] }
  return explained(fresh, { source: 'reset', text: `After a reset: ${periodInWords(period)}` })
}

/** The requirement, over at `now`. What was over before is left as it was. */
export function endedAt(requirement: Requirement, now: Instant): Requirement {
  if (requirement.deadline <= now) return requirement
  const startsAt = requirement.startsAt === null ? now : Math.min(requirement.startsAt, now)
  const ended = { ...requirement, startsAt, deadline: now, daysOnceStarted: null }
  return explained(ended, { source: 'reset', text: 'After a reset: to be set up at the next sign-in' })
}

/** The requirement with its deadline cut to what `policy.maxGrantedDays` leaves, which is never before its start. */
export function cutAt(requirement: Requirement, deadline: Instant, maxGrantedDays: number): Requirement {
  const text = `A user is granted at most ${maxGrantedDays} days in all`
  return explained({ ...requirement, deadline }, { source: 'max-granted-days', text })
}

/** The requirement with one more rule that made its deadline what it is. */
function explained(requirement: Requirement, why: { source: string; text: string }): Requirement {
  const before = requirement.because.map((one): Explanation => ({ ...one, outcome: 'overridden' }))
  const applied: Explanation = { ...why, scope: 'rule', deadline: requirement.deadline, outcome: 'applied' }
  return { ...requirement, because: [...before, applied].slice(-EXPLANATIONS_KEPT) }
}
