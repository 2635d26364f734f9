import { LAST_INSTANT } from '../assert.js'
import type { Instant } from '../totp/instant.js'
import { type Calendar, endOfDay, endOfDayAfter } from './calendar.js'

/** A day of 24 hours. */
export const DAY_MS = 86_400_000

/** An instant some milliseconds away, kept inside the range that instants have. */
export function instantAfter(from: Instant, ms: number): Instant {
  return Math.min(Math.max(0, from + ms), LAST_INSTANT)
}

/** What lies `days` after an instant: 24 hours each, or to the end of that local day where a calendar says so. */
export function daysAfter(from: Instant, days: number, calendar: Calendar | null): Instant {
  return calendar === null ? instantAfter(from, days * DAY_MS) : endOfDayAfter(from, days, calendar)
}

/** A deadline some days later or earlier. With a calendar it is the end of a local day before and after. */
export function moveDeadline(deadline: Instant, days: number, calendar: Calendar | null): Instant {
  // A deadline is the first instant outside: the day it ends is the one of the instant before.
  return calendar === null ? instantAfter(deadline, days * DAY_MS) : endOfDayAfter(Math.max(0, deadline - 1), days, calendar)
}

/** A deadline put off by a stretch of time, to the end of that local day where a calendar says so. */
export function putOff(deadline: Instant, byMs: number, calendar: Calendar | null): Instant {
  const later = instantAfter(deadline, byMs)
  return calendar === null ? later : endOfDay(Math.max(0, later - 1), calendar)
}

/** Whole days until an instant, rounded up; 0 once it is there. For display only. */
export function daysUntil(instant: Instant, now: Instant): number {
  return Math.max(0, Math.ceil((instant - now) / DAY_MS))
}

