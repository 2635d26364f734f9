import { assertInstant, assertOneOf, assertText, assertWhole } from '../assert.js'
import { assertCalendar, endOfDay, localDate, localDayBefore } from '../enrollment/calendar.js'
import type { EnrollmentEvent } from '../enrollment/events.js'
import { PHASES } from '../enrollment/phase.js'
import { type EnrollmentStatus, statusAt } from '../enrollment/status.js'
import { instantAfter } from '../enrollment/time.js'
import { assertUserId, type UserId } from '../enrollment/user.js'
import type { EnrollmentDirectory, PhaseCounts, RolloutFilter, Totals } from '../ports/directory.js'
import { decodeRecord } from '../record/codec.js'
import type { Instant } from '../totp/instant.js'
import { readFields } from './fields.js'
import { guarded, type Parts, readClock } from './parts.js'

/** How many deadlines fall on a local day. */
export interface ForecastDay {
  date: string
  deadlines: number
}

/** How far the roll-out had come at the end of a local day. */
export type ProgressDay = Totals & { date: string }

/** One page of a filtered list: what `Rollout.list` does. */
export async function list(
  parts: Parts,
  directory: EnrollmentDirectory,
  filter: unknown,
  page: unknown,
): Promise<{ users: readonly EnrollmentStatus[]; next: UserId | null }> {
  const query = readFilter(filter)
  const { after, limit } = readPage(page, assertUserId)
  const now = readClock(parts)
  const found = await asked(() => directory.list({ ...query, now, after, limit: limit + 1 }))
  const users = found
    .slice(0, limit)
    .map(({ enrollment }) => statusAt(decodeRecord(enrollment, enrollment.userId), now))
  return { users, next: found.length > limit ? (users.at(-1) as EnrollmentStatus).userId : null }
}

/** How many users are in each phase now: what `Rollout.counts` does. */
export function counts(parts: Parts, directory: EnrollmentDirectory): Promise<PhaseCounts> {
  const now = readClock(parts)
  return asked(() => directory.counts(now))
}

/** The deadlines of the days to come: what `Rollout.forecast` does. */
export async function forecast(
  parts: Parts,
  directory: EnrollmentDirectory,
  options: unknown,
): Promise<readonly ForecastDay[]> {
  const { days, timeZone } = readDays(options)
  const now = readClock(parts)
  const ends = [now]
  for (let day = 0; day < days; day++) ends.push(endOfDay(ends.at(-1) as Instant, { timeZone }))
  // A deadline is the first instant outside its period: at midnight it belongs to the day that ends there.
  const edges = ends.map((end) => instantAfter(end, 1))
  const found = await asked(() => directory.deadlines({ edges, now }))
  return found.map((deadlines, at) => ({ date: localDate((ends[at + 1] as Instant) - 1, timeZone), deadlines }))
}

/**
 * The days gone by, today last: what `Rollout.progress` does. From what there is now backwards, over what the events say
 * changed it; what was pruned away cannot be told any more.
 */
export async function progress(
  parts: Parts,
  directory: EnrollmentDirectory,
  options: unknown,
): Promise<readonly ProgressDay[]> {
  const { days, timeZone } = readDays(options)
  const now = readClock(parts)
  const totals = await asked(() => directory.totals())
  const startOfDay = (instant: Instant) => localDayBefore(instant, 0, timeZone).from
  const ends: Instant[] = []
  // From day to day, as one that the time zone skipped is none.
  for (let end = startOfDay(now); end > 0 && ends.length < days - 1; end = startOfDay(end - 1)) ends.push(end)
  const told = [{ end: now, ...totals }]
  const sums = { ...totals }
  const tellBackTo = (instant: number) => {
    while ((ends[0] ?? instant) > instant) told.push({ end: ends.shift() as Instant, ...sums })
  }
  await asked(async () => {
    for await (const { at, enrolled, required } of directory.movements(ends.at(-1) ?? now)) {
      tellBackTo(at)
      sums.enrolled -= enrolled
      sums.required -= required
    }
  })
  tellBackTo(-1)
  // Asked last: what was pruned while it was read is left out too.
  const pruned = (await asked(() => directory.prunedBefore())) ?? 0
  return told
    .filter(({ end }, at) => at === 0 || end >= pruned)
    .map(({ end, ...sums }, at) => ({ date: localDate(at === 0 ? end : end - 1, timeZone), ...sums }))
    .reverse()
}

/** One page of a user's events: what `Rollout.history` does. */
export async function history(
  directory: EnrollmentDirectory,
  userId: UserId,
  page: unknown,
): Promise<{ events: readonly EnrollmentEvent[]; next: string | null }> {
  assertUserId(userId)
  const { after, limit } = readPage(page, (value, name) => assertText(value, name, 1, 255))
  const found = await asked(() => directory.history(userId, { after, limit: limit + 1 }))
  const events = found.slice(0, limit)
  return { events, next: found.length > limit ? (events.at(-1) as EnrollmentEvent).id : null }
}

/** Forgets old events: what `Rollout.pruneHistory` does. */
export async function pruneHistory(
  parts: Parts,
  directory: EnrollmentDirectory,
  options: unknown,
): Promise<{ removed: number }> {
  const { before } = readFields(options, 'options', ['before'])
  assertInstant(before, 'options.before')
  if (before > readClock(parts)) throw new RangeError('options.before must not be ahead of now')
  return { removed: await asked(() => directory.pruneHistory(before)) }
}

/** What a report is of; everybody where nothing is said. */
export function readFilter(filter: unknown): RolloutFilter {
  const known = ['phase', 'deadlineBefore', 'locked', 'userIdPrefix']
  const { phase, deadlineBefore, locked, userIdPrefix } =
    filter === undefined ? {} : readFields(filter, 'filter', known)
  if (phase !== undefined) assertOneOf(phase, 'filter.phase', PHASES)
  if (deadlineBefore !== undefined) assertInstant(deadlineBefore, 'filter.deadlineBefore')
  if (locked !== undefined && typeof locked !== 'boolean') throw new TypeError('filter.locked must be a boolean')
  if (userIdPrefix !== undefined) assertText(userIdPrefix, 'filter.userIdPrefix', 0, 255)
  return { phase, deadlineBefore, locked, userIdPrefix }
}

function readPage(
  page: unknown,
  assertAfter: (value: unknown, name: string) => void,
): { after: string | null; limit: number } {
  const { after, limit = 50 } = page === undefined ? {} : readFields(page, 'page', ['after', 'limit'])
  if (after !== undefined) assertAfter(after, 'page.after')
  assertWhole(limit, 'page.limit', 1, 1000)
  return { after: (after as string | undefined) ?? null, limit }
}

function readDays(options: unknown): { days: number; timeZone: string } {
  const { days, timeZone } = readFields(options, 'options', ['days', 'timeZone'])
  assertWhole(days, 'options.days', 1, 366)
  assertCalendar({ timeZone }, 'options')
  return { days, timeZone: timeZone as string }
}

function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  return guarded('ERR_STORE', 'the repository could not be asked; see the cause', ask)
}
