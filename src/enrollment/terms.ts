import { assertInstant, assertKnownKeys, assertObject, assertOneOf, assertText, assertWhole } from '../assert.js'
import type { Instant } from '../totp/instant.js'
import { assertCalendar, type Calendar } from './calendar.js'

/**
 * The enrollment period. Half-open: at the deadline it is over (`now >= deadline`).
 *
 * - `'none'`: MFA is required at once
 * - `{ days }`: 1 to 365 whole days of 24 hours from the start; with a calendar, to the end of that local day, moved
 *   forward off days off
 * - `{ deadline }`: a fixed instant
 *
 * `start` is 'now' (the default), an instant before the deadline, or 'first-sign-in'. With 'first-sign-in' the deadline
 * is the earlier of first sign-in + days and assignment + `capDays` (1 to 365, by default 90), so that a dormant account
 * cannot keep its period for ever.
 */
export type Period =
  | 'none'
  | {
      days: number
      start?: 'now' | 'first-sign-in' | Instant | undefined
      capDays?: number | undefined
      calendar?: Calendar | undefined
    }
  | { deadline: Instant; start?: 'now' | Instant | undefined }

/** What is required of a user, and how much leeway there is until then. */
export interface Terms {
  period: Period
  /**
   * Whether a password alone may set MFA up: always; only until the deadline, afterwards with a pass; or only with a
   * pass. By default 'always'. An account that let a whole period pass without ever signing in always needs a pass;
   * `'none'` gives no period to miss: choose 'with-pass' where that matters.
   */
  selfEnrollment?: SelfEnrollment | undefined
  /** How often "not now" is accepted, 0 to 1000. By default without limit. */
  postponements?: number | undefined
}

/** Whether a password alone may set MFA up. */
export type SelfEnrollment = 'always' | 'during-period' | 'with-pass'

/** One rule that was considered for a deadline, and what became of it. */
export interface Explanation {
  /** the layer's name, or the rule's */
  source: string
  /** 'rule' is a cap, a calendar or a change by hand */
  scope: 'user' | 'group' | 'organization' | 'rule'
  deadline: Instant | null
  outcome: 'applied' | 'overridden'
  text: string
}

/** What `resolveTerms` answers; `requireEnrollment` takes it whole, so that the record can say why. */
export interface ResolvedTerms {
  /** 'optional' acts as `makeOptional` */
  terms: Terms | 'optional'
  /** what the period counts from; by default now */
  since?: Instant | undefined
  /** at most 20 are kept */
  because: readonly Explanation[]
}

/**
 * What new terms do to somebody who has a requirement already; who has none always gets them.
 *
 * - 'new': keeps what there is
 * - 'shorten', 'extend': replaces it where the deadline comes earlier, or later, and cannot move the other way, whether
 *   the first sign-in is now or never. 'optional' counts as the latest deadline of all.
 * - 'replace': always
 *
 * The same terms again change nothing under any of them.
 */
export type ApplyTo = 'new' | 'shorten' | 'extend' | 'replace'

/** How many explanations a record keeps: the newest. */
export const EXPLANATIONS_KEPT = 20
/** How long a period may wait for a first sign-in where the terms do not say, in days. */
export const DEFAULT_CAP_DAYS = 90

const SELF_ENROLLMENT = ['always', 'during-period', 'with-pass'] as const

/** Refuses what are not {@link Terms}, with an error that names the property. */
export function assertTerms(value: unknown, name = 'terms'): asserts value is Terms {
  assertObject(value, name)
  assertKnownKeys(value, ['period', 'selfEnrollment', 'postponements'], name)
  assertPeriod(value['period'], `${name}.period`)
  if (value['selfEnrollment'] !== undefined)
    assertOneOf(value['selfEnrollment'], `${name}.selfEnrollment`, SELF_ENROLLMENT)
  if (value['postponements'] !== undefined) assertWhole(value['postponements'], `${name}.postponements`, 0, 1000)
}

/** Refuses what is no {@link Period}, with an error that names the property. */
export function assertPeriod(value: unknown, name: string): asserts value is Period {
  if (value === 'none') return
  if (typeof value === 'string') throw new RangeError(`${name} must be 'none', { days } or { deadline }`)
  assertObject(value, name)
  const start = value['start']
  if ('deadline' in value) {
    assertKnownKeys(value, ['deadline', 'start'], name)
    const deadline = value['deadline']
    assertInstant(deadline, `${name}.deadline`)
    if (start === undefined || start === 'now') return
    if (typeof start === 'string')
      throw new RangeError(`${name}.start must be 'now' or an instant where there is a deadline`)
    assertInstant(start, `${name}.start`)
    if (start >= deadline) throw new RangeError(`${name}.start must be before ${name}.deadline`)
    return
  }
  assertKnownKeys(value, ['days', 'start', 'capDays', 'calendar'], name)
  assertWhole(value['days'], `${name}.days`, 1, 365)
  if (typeof start === 'string') assertOneOf(start, `${name}.start`, ['now', 'first-sign-in'])
  else if (start !== undefined) assertInstant(start, `${name}.start`)
  if (value['capDays'] !== undefined) {
    if (start !== 'first-sign-in') throw new RangeError(`${name}.capDays goes with start 'first-sign-in'`)
    assertWhole(value['capDays'], `${name}.capDays`, 1, 365)
  }
  if (value['calendar'] !== undefined) assertCalendar(value['calendar'], `${name}.calendar`)
}

/** Refuses what are no {@link ResolvedTerms}, with an error that names the property. */
export function assertResolvedTerms(value: unknown, name = 'terms'): asserts value is ResolvedTerms {
  assertObject(value, name)
  assertKnownKeys(value, ['terms', 'since', 'because'], name)
  if (value['terms'] !== 'optional') assertTerms(value['terms'], `${name}.terms`)
  if (value['since'] !== undefined) assertInstant(value['since'], `${name}.since`)
  const because = value['because']
  if (!Array.isArray(because)) throw new TypeError(`${name}.because must be an array`)
  for (const [at, explanation] of because.entries()) assertExplanation(explanation, `${name}.because[${at}]`)
}

function assertExplanation(value: unknown, name: string): asserts value is Explanation {
  assertObject(value, name)
  // A property that nobody knows would be stored, and the record refused from then on.
  assertKnownKeys(value, ['source', 'scope', 'deadline', 'outcome', 'text'], name)
  assertText(value['source'], `${name}.source`, 1, 255)
  assertOneOf(value['scope'], `${name}.scope`, ['user', 'group', 'organization', 'rule'])
  if (value['deadline'] !== null) assertInstant(value['deadline'], `${name}.deadline`)
  assertOneOf(value['outcome'], `${name}.outcome`, ['applied', 'overridden'])
  assertText(value['text'], `${name}.text`, 0, 1000)
}

/** Whether two periods say the same, whatever is left to a default in either. */
export function samePeriod(one: Period, other: Period): boolean {
  return periodKey(one) === periodKey(other)
}

function periodKey(period: Period): string {
  if (period === 'none') return 'none'
  if ('deadline' in period) return JSON.stringify([period.deadline, period.start ?? 'now'])
  const start = period.start ?? 'now'
  const calendar = period.calendar
  return JSON.stringify([
    period.days,
    start,
    start === 'first-sign-in' ? (period.capDays ?? DEFAULT_CAP_DAYS) : null,
    calendar ? [calendar.timeZone, [...(calendar.avoid ?? [])].sort(), [...(calendar.holidays ?? [])].sort()] : null,
  ])
}
