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
  return reaches(from, days, calendar) ? endOfDayAfter(from, days, calendar) : instantAfter(from, days * DAY_MS)
}

/** A deadline some days later or earlier. With a calendar it is the end of a local day before and after. */
export function moveDeadline(deadline: Instant, days: number, calendar: Calendar | null): Instant {
  if (!reaches(deadline, days, calendar)) return instantAfter(deadline, days * DAY_MS)
  // A deadline is the first instant outside: the day it ends is the one of the instant before.
  const moved = endOfDayAfter(Math.max(0, deadline - 1), days, calendar)
  // One that was set by hand inside days off would otherwise go forward over them, though days were taken away.
  return days < 0 ? Math.min(moved, deadline) : moved
}

/** A deadline put off by a stretch of time, to the end of that local day where a calendar says so. */
export function putOff(deadline: Instant, byMs: number, calendar: Calendar | null): Instant {
  const later = instantAfter(deadline, byMs)
  return reaches(later, 0, calendar) ? endOfDay(Math.max(0, later - 1), calendar) : later
}

/** Whole days until an instant, rounded up; 0 once it is there. For display only. */
export function daysUntil(instant: Instant, now: Instant): number {
  return Math.max(0, Math.ceil((instant - now) / DAY_MS))
}

/** More days than can be off in a row: 400 holidays, each on the one weekday of its week that is not off. */
const MOST_DAYS_OFF = 3000

/**
 * Whether there is a calendar, and a local day for it to find. A deadline at the end of time means never to whoever set
 * it, and must not be what makes every later command of its user throw.
 */
export function reaches(from: Instant, days: number, calendar: Calendar | null): calendar is Calendar {
  return calendar !== null && from + (days + MOST_DAYS_OFF) * DAY_MS < LAST_INSTANT
}
