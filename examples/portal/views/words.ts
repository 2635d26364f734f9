/** How dates, times and numbers are said. Everything is in the company's time zone, which is named beside it. */

export const TIME_ZONE = 'Europe/Berlin'
export const ZONE_NAME = 'Berlin time'

export const DAY = 86_400_000

const fullDay = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: TIME_ZONE })
const shortDay = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: TIME_ZONE,
})
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: TIME_ZONE })
const isoDay = new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', timeZone: TIME_ZONE })

/** Friday 18 December 2026 */
export const day = (instant: number): string => fullDay.format(instant).replace(',', '')

/** Fri 18 Dec 2026 */
export const briefDay = (instant: number): string => shortDay.format(instant).replaceAll(',', '')

/** Fri 18 Dec 2026, 14:05 */
export const moment = (instant: number): string => `${briefDay(instant)}, ${time.format(instant)}`

/** 2026-12-18, as date fields have it */
export const dateValue = (instant: number): string => isoDay.format(instant)

/** Whether a local day begins at this instant. */
const isMidnight = (instant: number): boolean => time.format(instant) === '00:00'

/** How long somebody has had an authenticator. */
export const lifeOf = ({ boundAt, lastUsedAt }: { boundAt: number; lastUsedAt: number | null }): string =>
  `Since ${briefDay(boundAt)} · ${lastUsedAt === null ? 'not used yet' : `last used ${moment(lastUsedAt)}`}`

/** A deadline is the first instant outside the period; people are told the last day inside. */
export function lastDay(deadline: number): string {
  return isMidnight(deadline) ? `${day(deadline - 1)}, end of the day` : `${day(deadline)}, ${time.format(deadline)}`
}

/** The same where there is little room. */
export function briefLastDay(deadline: number): string {
  return isMidnight(deadline) ? briefDay(deadline - 1) : moment(deadline)
}

export const many = (count: number, one: string, more = `${one}s`): string =>
  `${count.toLocaleString('en-GB')} ${count === 1 ? one : more}`

/** "12 days left", "1 day left"; within the last day in hours. */
export function timeLeft(deadline: number, now: number): string {
  const left = deadline - now
  if (left <= 0) return 'time is up'
  if (left > DAY) return `${many(Math.ceil(left / DAY), 'day')} left`
  if (left > 3_600_000) return `${many(Math.ceil(left / 3_600_000), 'hour')} left`
  return `${many(Math.ceil(left / 60_000), 'minute')} left`
}

const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' })

/** "in 12 days", "yesterday", by the days on the wall calendar */
export function daysFrom(instant: number, now: number): string {
  return relative.format(dayNumber(instant) - dayNumber(now), 'day')
}

const dayNumber = (instant: number): number => Date.parse(`${dateValue(instant)}T00:00Z`) / DAY

/** "5 minutes", "24 hours" */
export function duration(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / 60_000)
  if (minutes < 90) return many(minutes, 'minute')
  const hours = Math.ceil(minutes / 60)
  return hours < 48 ? many(hours, 'hour') : many(Math.ceil(hours / 24), 'day')
}

/** Where today began. */
export function startOfDay(now: number): number {
  let at = Math.floor(now / 900_000) * 900_000
  while (dayNumber(at - 1) === dayNumber(now)) at -= 900_000
  return at
}

/** The first instant after a local day of this millennium, given as a date field has it; null for what is none. */
export function endOfDay(date: string): number | null {
  const utc = /^2\d{3}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00Z`) : Number.NaN
  // A day too many would run into the next month.
  if (Number.isNaN(utc) || !new Date(utc).toISOString().startsWith(date)) return null
  let at = utc + DAY
  while (dateValue(at - 1) !== date) at -= 900_000
  while (dateValue(at) === date) at += 900_000
  return at
}
