import { assertInstant, assertKnownKeys, assertObject, assertOneOf, assertWhole, LAST_INSTANT } from '../assert.js'
import type { Instant } from '../totp/instant.js'

/** A day of the week, in English and lower case. */
export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday'

/**
 * How a deadline is made kind to people: it falls at the end of a local day, and never on a day off.
 *
 * @example
 * ```ts
 * const calendar: Calendar = { timeZone: 'Europe/Berlin', avoid: ['saturday', 'sunday'], holidays: ['2026-12-25'] }
 * await leeway.requireEnrollment('ada', { period: { days: 30, calendar } })
 * ```
 */
export interface Calendar {
  /** an IANA name that the platform knows, such as Europe/Berlin or UTC; an offset such as +01:00 is refused */
  timeZone: string
  /** weekdays on which no period ends; not all seven */
  avoid?: readonly Weekday[] | undefined
  /** further days on which no period ends, as YYYY-MM-DD, 1970 to 9999, at most 400 */
  holidays?: readonly string[] | undefined
}

const DAY_MS = 86_400_000
/** The day, counted from 1970-01-01, that begins at the last instant in UTC. */
const LAST_DAY = LAST_INSTANT / DAY_MS
/** The Gregorian calendar repeats itself, weekdays included, every 400 years. */
const GREGORIAN_CYCLE_MS = 146_097 * DAY_MS
const MOST_HOLIDAYS = 400
/** In the order of `Date.prototype.getUTCDay`. */
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/**
 * Refuses all but a {@link Calendar} that this platform can compute with, naming the part at fault as in
 * `terms.period.calendar.holidays[3]` and never its value.
 *
 * @throws TypeError for a wrong kind of value or a property that is not known
 * @throws RangeError for a time zone that the platform does not know, an offset in place of a name, something that is no
 *   weekday, all seven weekdays, a date that does not exist, or more than 400 holidays
 */
export function assertCalendar(value: unknown, name: string): asserts value is Calendar {
  assertObject(value, name)
  assertKnownKeys(value, ['timeZone', 'avoid', 'holidays'], name)
  const { timeZone, avoid, holidays } = value as { [Key in keyof Calendar]: unknown }
  if (typeof timeZone !== 'string') throw new TypeError(`${name}.timeZone must be a string`)
  if (!isTimeZone(timeZone)) {
    throw new RangeError(`${name}.timeZone must be the IANA name of a time zone that this platform knows`)
  }
  if (avoid !== undefined) {
    assertList(avoid, `${name}.avoid`, WEEKDAYS.length)
    for (const [at, weekday] of avoid.entries()) assertOneOf(weekday, `${name}.avoid[${at}]`, WEEKDAYS)
    if (new Set(avoid).size === WEEKDAYS.length)
      throw new RangeError(`${name}.avoid must leave a weekday to end a period on`)
  }
  if (holidays !== undefined) {
    assertList(holidays, `${name}.holidays`, MOST_HOLIDAYS)
    for (const [at, date] of holidays.entries()) assertDate(date, `${name}.holidays[${at}]`)
  }
}

/**
 * The first instant after the local day that lies `days` calendar days after the local day of `start`, moved forward to
 * the end of the next working day if that day is a day off: `start` on 1 December and 23 days is "until the end of 24
 * December", 25 December 00:00.
 *
 * Days are calendar days: clocks that change neither shorten nor lengthen them. A local day ends for good:
 * - where its end does not exist (clocks go forward over midnight) at the first instant of the next day;
 * - where its end comes twice (clocks go back over midnight) at the second, when nobody has that date any more;
 * - a day that a time zone skipped (Apia, 30 December 2011) counts as a day and is a day off.
 *
 * `days` is a whole number from -366; with a negative one the search for a working day still goes forward, and nothing
 * lies before the instant 0. An end of a day belongs to the next: to move a deadline, start from the instant before it.
 * The calendar is taken to have passed {@link assertCalendar}.
 *
 * @throws RangeError where the deadline would lie beyond the last instant, 8.64e15, and where this platform, unlike the
 *   one that accepted the calendar, does not know the time zone
 */
export function endOfDayAfter(start: Instant, days: number, calendar: Calendar): Instant {
  assertInstant(start, 'start')
  assertWhole(days, 'days', -366, LAST_DAY)
  const { timeZone } = calendar
  for (let day = localDay(start, timeZone) + days; day < LAST_DAY; day++) {
    if (isDayOff(day, calendar)) continue
    const end = endOfLocalDay(day, timeZone)
    if (end > LAST_INSTANT) break
    // a day that was skipped ends when the day before it did
    if (localDay(end - 1, timeZone) === day) return Math.max(end, 0)
  }
  throw new RangeError('days must be fewer: the deadline lies beyond the last instant')
}

/**
 * The first instant after the local day of `instant`, moved forward off days off: {@link endOfDayAfter} with no days
 * between. With a time zone alone it walks from day to day, skipped ones left out.
 */
export function endOfDay(instant: Instant, calendar: Calendar): Instant {
  return endOfDayAfter(instant, 0, calendar)
}

/**
 * The local day that lies `days` days before the one of `instant`: from its first instant to the first after it. One that
 * the time zone skipped is empty.
 */
export function localDayBefore(instant: Instant, days: number, timeZone: string): { from: Instant; to: Instant } {
  const day = localDay(instant, timeZone) - days
  return { from: Math.max(0, endOfLocalDay(day - 1, timeZone)), to: Math.max(0, endOfLocalDay(day, timeZone)) }
}

/**
 * The date in a time zone at an instant, as YYYY-MM-DD; beyond the year 9999 as ISO 8601 expands it, +YYYYYY-MM-DD.
 *
 * @throws RangeError for a time zone that the platform does not know
 */
export function localDate(instant: Instant, timeZone: string): string {
  assertInstant(instant, 'instant')
  return dateOf(localDay(instant, timeZone))
}

function isDayOff(day: number, { avoid, holidays }: Calendar): boolean {
  const weekday = WEEKDAYS[new Date(day * DAY_MS).getUTCDay()] as Weekday
  return avoid?.includes(weekday) || holidays?.includes(dateOf(day)) || false
}

/**
 * The instant from which on no local date is `day` or an earlier one. The offsets decide that stand a day to either side
 * of the day's last second: no time zone has changed twice within 48 hours since 1970, nearly all have months between.
 */
function endOfLocalDay(day: number, timeZone: string): number {
  const lastSecond = (day + 1) * DAY_MS - 1000
  const offset = offsetAt(lastSecond + DAY_MS, timeZone)
  const last = lastSecond - offset
  if (offsetAt(last, timeZone) === offset) return last + 1000
  const earlierOffset = offsetAt(lastSecond - DAY_MS, timeZone)
  const earlierLast = lastSecond - earlierOffset
  if (offsetAt(earlierLast, timeZone) === earlierOffset) return earlierLast + 1000
  // The last second does not exist: the clocks go forward over it onto midnight, as in Nuuk, or over the whole day. From
  // before midnight to after it they last went in 1919, in Toronto; such a day would end early, by less than they jump.
  return last + 1000
}

/** Milliseconds that local time is ahead of UTC, whole seconds. */
function offsetAt(instant: number, timeZone: string): number {
  // platforms format nothing beyond the last instant, and nothing changes in the last two days before it
  const second = Math.floor(Math.min(instant, LAST_INSTANT) / 1000) * 1000
  return localTime(second, timeZone) - second
}

/** The local day that holds an instant, counted from 1970-01-01. */
function localDay(instant: number, timeZone: string): number {
  return Math.floor(localTime(instant, timeZone) / DAY_MS)
}

/** What the clocks of a time zone show, to the second, as the milliseconds that UTC shows it at. */
function localTime(instant: number, timeZone: string): number {
  const fields = formatterOf(timeZone).format(instant).split(/\D+/).map(Number)
  const [month, day, year, hour, minute, second] = fields as [number, number, number, number, number, number]
  // a cycle earlier, because local time may run past the last instant, where Date.UTC answers NaN
  return Date.UTC(year - 400, month - 1, day, hour, minute, second) + GREGORIAN_CYCLE_MS
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, -'T00:00:00.000Z'.length)
}

/** Making a formatter takes several hundred times as long as using it. */
const formatters: Map<string, Intl.DateTimeFormat> = new Map()
const MOST_FORMATTERS = 100

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  // names are compared without regard to case, so spellings of one zone could fill any map
  if (formatters.size === MOST_FORMATTERS) formatters.clear()
  formatters.set(timeZone, formatter)
  return formatter
}

function isTimeZone(name: string): boolean {
  // newer platforms know offsets too, which have no daylight saving and would surprise in summer
  if (!/^[a-z][\w+/-]{0,63}$/i.test(name)) return false
  try {
    formatterOf(name)
    return true
  } catch {
    return false
  }
}

function assertList(value: unknown, name: string, most: number): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array`)
  if (value.length > most) throw new RangeError(`${name} must have at most ${most} entries`)
}

function assertDate(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
  const parts = /^(19[7-9]\d|[2-9]\d{3})-(\d\d)-(\d\d)$/.exec(value)
  // a day too many runs into the next month
  if (parts === null || dateOf(Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])) / DAY_MS) !== value) {
    throw new RangeError(`${name} must be a date that exists, YYYY-MM-DD, from 1970 to 9999`)
  }
}
