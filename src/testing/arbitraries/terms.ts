import type { Arbitrary, default as fastCheck } from 'fast-check'
import { LAST_INSTANT } from '../../assert.js'
import type {
  Calendar,
  Instant,
  Leeway,
  Period,
  Phase,
  Policy,
  ResolvedTerms,
  RolloutFilter,
  SelfEnrollment,
  Terms,
  TermsLayer,
  Weekday,
} from '../../index.js'
import { resolveTerms } from '../../index.js'
import { labels, userIds } from './text.js'

const DAY = 86_400_000
const YEAR_2000 = Date.UTC(2000)
const YEAR_2100 = Date.UTC(2100)

const TIME_ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
] as const
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
const PHASES = ['optional', 'exempt', 'scheduled', 'enrollment-period', 'overdue', 'enrolled', 'suspended'] as const
const SELF_ENROLLMENT = ['always', 'during-period', 'with-pass'] as const

/** How a deadline is moved. */
export type DeadlineChange = Parameters<Leeway['changeDeadline']>[1]
/** What an exemption is granted with. */
export type Exemption = Parameters<Leeway['exempt']>[1]
/** What a reset leaves somebody. */
export type Grace = Parameters<Leeway['resetMfa']>[1]['grace']

/** Instants from the year 2000 to 2100. */
export const ofOurDays = (fc: typeof fastCheck): Arbitrary<Instant> => fc.integer({ min: YEAR_2000, max: YEAR_2100 })

/** Any instant, of our days mostly. */
export function instants(fc: typeof fastCheck): Arbitrary<Instant> {
  return fc.oneof(
    { weight: 4, arbitrary: ofOurDays(fc) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: LAST_INSTANT }) },
  )
}

/** Calendars of the places and days that are hard to reckon with. */
export function calendars(fc: typeof fastCheck): Arbitrary<Calendar> {
  const date = fc.date({ min: new Date(YEAR_2000), max: new Date(YEAR_2100), noInvalidDate: true })
  return fc.record(
    {
      timeZone: fc.constantFrom(...TIME_ZONES),
      avoid: fc.subarray<Weekday>([...WEEKDAYS], { maxLength: WEEKDAYS.length - 1 }),
      holidays: fc.array(
        date.map((day) => day.toISOString().slice(0, 10)),
        { maxLength: 10 },
      ),
    },
    { requiredKeys: ['timeZone'] },
  )
}

/** Periods of every kind; the instants they name are taken from `near`. */
export function periods(fc: typeof fastCheck, near: Arbitrary<Instant> = ofOurDays(fc)): Arbitrary<Period> {
  const days = fc.integer({ min: 1, max: 365 })
  const calendar = calendars(fc)
  const fromNow = fc.record(
    { days, start: fc.oneof(fc.constant('now' as const), near), calendar },
    { requiredKeys: ['days'] },
  )
  const fromFirstSignIn = fc.record(
    { days, start: fc.constant('first-sign-in' as const), capDays: days, calendar },
    { requiredKeys: ['days', 'start'] },
  )
  const untilDeadline = fc
    .tuple(near, fc.oneof(fc.constantFrom('now' as const, undefined), fc.integer({ min: 1, max: 365 * DAY })))
    .map(([deadline, start]) => ({ deadline, start: typeof start === 'number' ? deadline - start : start }))
  return fc.oneof(fc.constant('none' as const), fromNow, fromFirstSignIn, untilDeadline)
}

/** Terms around periods of every kind. */
export function termsOf(fc: typeof fastCheck, near?: Arbitrary<Instant>): Arbitrary<Terms> {
  return fc.record(
    {
      period: periods(fc, near),
      selfEnrollment: fc.constantFrom<SelfEnrollment>(...SELF_ENROLLMENT),
      postponements: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1000 })),
    },
    { requiredKeys: ['period'] },
  )
}

/** What `resolveTerms` takes: nothing, and up to eight layers of which several tie. */
export function layersOf(fc: typeof fastCheck): Arbitrary<readonly TermsLayer[]> {
  const since = fc.oneof(fc.constant(YEAR_2000), ofOurDays(fc))
  const layer = fc.record({
    source: labels(fc),
    scope: fc.constantFrom('user', 'group', 'organization'),
    terms: fc.oneof(fc.constant('optional' as const), termsOf(fc)),
    since,
  })
  return fc.array<TermsLayer>(layer, { maxLength: 8 })
}

/** What `resolveTerms` answers for such layers. */
export function resolvedTermsOf(fc: typeof fastCheck): Arbitrary<ResolvedTerms> {
  return fc.tuple(layersOf(fc), ofOurDays(fc)).map(([layers, now]) => resolveTerms(layers, { now }))
}

/** Moves by days, and to instants. */
export function deadlineChanges(fc: typeof fastCheck, near: Arbitrary<Instant>): Arbitrary<DeadlineChange> {
  return fc.oneof(
    fc.record({ addDays: fc.oneof(fc.constantFrom(-365, -1, 0, 1, 365), fc.integer({ min: -365, max: 365 })) }),
    fc.record({ deadline: near }),
  )
}

/** Exemptions, of which some are over at once. */
export function exemptions(fc: typeof fastCheck, near: Arbitrary<Instant>): Arbitrary<Exemption> {
  return fc.record({ until: near, reason: labels(fc) })
}

/** Whatever a reset may leave. */
export function graces(fc: typeof fastCheck, near?: Arbitrary<Instant>): Arbitrary<Grace> {
  return fc.oneof(fc.constant('remaining' as const), periods(fc, near))
}

/** Policies with any of their parts, but for `protect`, which is a function. */
export function policies(fc: typeof fastCheck): Arbitrary<Policy> {
  const lock = fc
    .record({ afterFailures: fc.integer({ min: 1, max: 10 }), more: fc.nat(90) })
    .chain(({ afterFailures, more }) =>
      fc.record({
        afterFailures: fc.constant(afterFailures),
        forMs: fc.array(fc.integer({ min: 1000, max: 365 * DAY }), { minLength: 1, maxLength: 20 }),
        disableAfterFailures: fc.constant(afterFailures + more),
        rollingCap: fc.record(
          { failures: fc.integer({ min: 1, max: 200 }), days: fc.integer({ min: 1, max: 365 }) },
          { requiredKeys: [] },
        ),
      }),
    )
  const window = fc.oneof(fc.integer({ min: 0, max: 5 }), driftWindows(fc))
  return fc.record(
    {
      totp: fc.record(
        {
          algorithm: fc.constantFrom('SHA1', 'SHA256', 'SHA512'),
          digits: fc.constantFrom(6, 7, 8),
          period: fc.integer({ min: 1, max: 3600 }),
          window,
        },
        { requiredKeys: [] },
      ),
      newUsers: fc.oneof(fc.constant('optional' as const), termsOf(fc)),
      setup: fc.record(
        { expiresAfterMs: fc.integer({ min: 60_000, max: DAY }), tries: fc.integer({ min: 1, max: 20 }) },
        { requiredKeys: [] },
      ),
      lock,
      recoveryCodes: fc.record({ count: fc.integer({ min: 0, max: 50 }) }),
      maxAuthenticators: fc.integer({ min: 1, max: 20 }),
      pass: fc.record(
        { expiresAfterMs: fc.integer({ min: 60_000, max: 30 * DAY }), tries: fc.integer({ min: 1, max: 20 }) },
        { requiredKeys: [] },
      ),
      reminders: fc.record(
        {
          daysBefore: fc.array(fc.integer({ min: 0, max: 365 }), { maxLength: 20 }),
          leaseMs: fc.integer({ min: 1000, max: DAY }),
        },
        { requiredKeys: [] },
      ),
      maxGrantedDays: fc.integer({ min: 1, max: 3650 }),
    },
    { requiredKeys: [] },
  )
}

/** Windows of up to ten time steps in all. */
export function driftWindows(fc: typeof fastCheck): Arbitrary<{ past: number; future: number }> {
  return fc
    .record({ past: fc.nat(10), future: fc.nat(10) })
    .map(({ past, future }) => ({ past, future: Math.min(future, 10 - past) }))
}

/** Filters of lists, with any of their parts. */
export function filters(fc: typeof fastCheck): Arbitrary<RolloutFilter> {
  return fc.record(
    {
      phase: fc.constantFrom<Phase>(...PHASES),
      deadlineBefore: ofOurDays(fc),
      locked: fc.boolean(),
      userIdPrefix: userIds(fc),
    },
    { requiredKeys: [] },
  )
}
