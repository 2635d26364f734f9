import type { Arbitrary, default as fastCheck } from 'fast-check'
import { assertObject, LAST_INSTANT } from '../assert.js'
import type { Calendar, Weekday } from '../enrollment/calendar.js'
import type { Period, SelfEnrollment, Terms } from '../enrollment/terms.js'
import type { UserId } from '../enrollment/user.js'
import type { HashAlgorithm, Instant, KeyUri } from '../totp/index.js'

/** Values for property tests, all of which leeway takes. */
export interface Arbitraries {
  /** Milliseconds since the Unix epoch: of our days mostly, and from 0 to 8.64e15. */
  instant(): Arbitrary<Instant>
  /** Enrollment periods of every kind; what they name lies from 2000 to 2100. */
  period(): Arbitrary<Period>
  /** Terms around such a period. */
  terms(): Arbitrary<Terms>
  /** User ids, ordinary ones and such as trip stores up: blanks, other forms of one text, names of object properties. */
  userId(): Arbitrary<UserId>
  /** What `formatKeyUri` takes, and `parseKeyUri` gives back; map it with the former for the text. */
  keyUri(): Arbitrary<KeyUri>
}

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
const SELF_ENROLLMENT = ['always', 'during-period', 'with-pass'] as const
const ALGORITHMS = ['SHA1', 'SHA256', 'SHA512'] as const
const TRIPPING_IDS = [
  '__proto__',
  'constructor',
  'Ada',
  'ada',
  'ada ',
  ' ',
  '\u00e9',
  'e\u0301',
  'a}:{b',
  '%',
  "'",
  '0',
  '\u{1f600}'.repeat(63),
]

/**
 * Arbitraries for property tests of what is built on leeway. fast-check is handed in, so that `leeway/testing` can be
 * used without it: `arbitraries(fc)`.
 *
 * Throws a `TypeError` where it is left out.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const { keyUri } = arbitraries(fc)
 * fc.assert(fc.property(keyUri(), (key) => parseKeyUri(formatKeyUri(key)).issuer === key.issuer))
 * ```
 */
export function arbitraries(fc: typeof fastCheck): Arbitraries {
  assertObject(fc, 'fc')

  const ofOurDays = (): Arbitrary<Instant> => fc.integer({ min: YEAR_2000, max: YEAR_2100 })

  function instant(): Arbitrary<Instant> {
    return fc.oneof(
      { weight: 4, arbitrary: ofOurDays() },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: LAST_INSTANT }) },
    )
  }

  function calendar(): Arbitrary<Calendar> {
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

  function period(): Arbitrary<Period> {
    const days = fc.integer({ min: 1, max: 365 })
    const fromNow = fc.record(
      { days, start: fc.oneof(fc.constant('now' as const), ofOurDays()), calendar: calendar() },
      { requiredKeys: ['days'] },
    )
    const fromFirstSignIn = fc.record(
      { days, start: fc.constant('first-sign-in' as const), capDays: days, calendar: calendar() },
      { requiredKeys: ['days', 'start'] },
    )
    const untilDeadline = fc
      .tuple(
        ofOurDays(),
        fc.oneof(fc.constantFrom('now' as const, undefined), fc.integer({ min: 1, max: 365 * 86_400_000 })),
      )
      .map(([deadline, start]) => ({ deadline, start: typeof start === 'number' ? deadline - start : start }))
    return fc.oneof(fc.constant('none' as const), fromNow, fromFirstSignIn, untilDeadline)
  }

  function terms(): Arbitrary<Terms> {
    return fc.record(
      {
        period: period(),
        selfEnrollment: fc.constantFrom<SelfEnrollment>(...SELF_ENROLLMENT),
        postponements: fc.integer({ min: 0, max: 1000 }),
      },
      { requiredKeys: ['period'] },
    )
  }

  function userId(): Arbitrary<UserId> {
    // 63 code points are at most 252 bytes.
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 63 }).filter((id) => !id.includes('\u0000'))
    return fc.oneof(
      fc.uuid(),
      fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 255 }),
      text,
      fc.constantFrom(...TRIPPING_IDS),
    )
  }

  function name(): Arbitrary<string> {
    return fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((text) => !/^\s|:|\p{Cc}/u.test(text) && text.length <= 255)
  }

  function keyUri(): Arbitrary<KeyUri> {
    return fc.record(
      {
        secret: fc.uint8Array({ minLength: 10, maxLength: 128 }),
        issuer: name(),
        accountName: name(),
        algorithm: fc.constantFrom<HashAlgorithm>(...ALGORITHMS),
        digits: fc.constantFrom<6 | 7 | 8>(6, 7, 8),
        period: fc.integer({ min: 1, max: 3600 }),
      },
      { requiredKeys: ['secret', 'issuer', 'accountName'] },
    )
  }

  return Object.freeze({ instant, period, terms, userId, keyUri })
}
