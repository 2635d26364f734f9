import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { decodeRecord } from '../../src/record/codec.js'
import { arbitraries } from '../../src/testing/index.js'
import { changes, withChanges } from './hostile.js'
import type { Target } from './target.js'

/* What a record of schema version 1 is, without a line of the codec. */

type Is = (value: unknown) => boolean

const text: Is = (value) => typeof value === 'string'
const flag: Is = (value) => value === true || value === false
const whole =
  (least: number, most: number): Is =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most && value % 1 === 0
const one =
  (...of: unknown[]): Is =>
  (value) =>
    of.includes(value)
const either =
  (...of: Is[]): Is =>
  (value) =>
    of.some((is) => is(value))
const orNull = (is: Is): Is => either(one(null), is)
const list =
  (is: Is): Is =>
  (value) =>
    Array.isArray(value) && Array.from(value).every(is)

/** An object of exactly these properties; those whose name ends with '?' may be missing. */
function object(shape: Record<string, Is>): Is {
  const properties = new Map(Object.entries(shape).map(([name, is]) => [name.replace('?', ''), is]))
  const needed = Object.keys(shape).filter((name) => !name.endsWith('?'))
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const has = (name: string): boolean => Object.hasOwn(value, name)
    return needed.every(has) && Object.entries(value).every(([name, own]) => properties.get(name)?.(own) === true)
  }
}

const instant = whole(0, 8_640_000_000_000_000)
const count = whole(0, 2 ** 53 - 1)
const days = whole(1, 365)
const maybe = (is: Is): Is => either(one(undefined), is)

const calendar = object({
  timeZone: text,
  'avoid?': maybe(list(one('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'))),
  'holidays?': maybe(list(text)),
})
const period = either(
  one('none'),
  object({
    days,
    'start?': maybe(either(one('now', 'first-sign-in'), instant)),
    'capDays?': maybe(days),
    'calendar?': maybe(calendar),
  }),
  object({ deadline: instant, 'start?': maybe(either(one('now'), instant)) }),
)
const parameters = object({
  algorithm: one('SHA1', 'SHA256', 'SHA512'),
  digits: one(6, 7, 8),
  period: whole(1, 3600),
  t0: whole(0, 8_640_000_000_000),
})
const sealed = { id: text, label: text, secret: text, parameters }
const digested = { id: text, digest: text }
const lock = object({
  failures: count,
  ladder: count,
  lockedUntil: orNull(instant),
  disabled: flag,
  recent: list(instant),
})
const explanation = object({
  source: text,
  scope: one('user', 'group', 'organization', 'rule'),
  deadline: orNull(instant),
  outcome: one('applied', 'overridden'),
  text,
})

const isRecord = object({
  schemaVersion: one(1),
  userId: text,
  eventCount: count,
  requirement: orNull(
    object({
      assignedAt: instant,
      period,
      since: instant,
      selfEnrollment: one('always', 'during-period', 'with-pass'),
      postponements: orNull(count),
      postponementsUsed: count,
      postponedSignIns: list(text),
      startsAt: orNull(instant),
      deadline: instant,
      daysOnceStarted: orNull(days),
      calendar: orNull(calendar),
      because: list(explanation),
    }),
  ),
  exemption: orNull(object({ until: instant, reason: text })),
  suspension: orNull(object({ stoppedAt: instant })),
  signedInAt: orNull(instant),
  sessionsValidFrom: orNull(instant),
  enrolledAt: orNull(instant),
  authenticators: list(
    object({ ...sealed, boundAt: instant, lastUsedAt: orNull(instant), lastTimeStep: orNull(count) }),
  ),
  setup: orNull(object({ ...sealed, expiresAt: instant, triesLeft: count, proven: flag })),
  recoveryCodes: list(object({ ...digested, usedAt: orNull(instant), imported: flag })),
  pass: orNull(object({ ...digested, expiresAt: instant, triesLeft: count })),
  lock: object({ totp: lock, recovery: lock }),
  granted: object({ usedMs: count, countedTo: instant }),
  reminders: object({
    at: orNull(instant),
    claim: orNull(object({ deadline: instant, daysBefore: count, id: text, until: instant })),
    sent: list(object({ deadline: instant, daysBefore: count })),
  }),
})

interface Stored {
  record: unknown
  userId: string
}

/** Records that stories of users came to, some places of each changed: read as they are, or ERR_RECORD. */
export function recordTarget(): Target<Stored> {
  const lived = fc.sample(arbitraries(fc).enrollment(), { numRuns: 300, seed: 1 })
  const ids = lived.map(({ userId }) => userId)
  const texts = lived.map((record) => JSON.stringify(record))
  return {
    name: 'stored records',
    inputs: fc.tuple(fc.nat(texts.length - 1), changes, fc.nat(texts.length - 1), fc.nat(49)).map(
      ([at, made, other, whose]): Stored => ({
        record: withChanges(texts[at] as string, made),
        // Another user's, now and then.
        userId: ids[whose === 0 ? other : at] as string,
      }),
    ),
    parse: ({ record, userId }) => ({ accepted: decodeRecord(record, userId) }),
    throws: ['ERR_RECORD'],
    check(outcome, { record, userId }) {
      const isWhole = isRecord(record) && (record as { userId: string }).userId === userId
      assert.deepStrictEqual(outcome, isWhole ? { accepted: record } : { refused: 'ERR_RECORD' })
    },
  }
}
