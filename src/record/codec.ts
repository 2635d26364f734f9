import * as z from 'zod/mini'
import { $ZodObjectJIT } from 'zod/v4/core'
import { LAST_INSTANT } from '../assert.js'
import { type EnrollmentRecord, SCHEMA_VERSION } from '../enrollment/record.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import type { Enrollment } from '../ports/index.js'
import { upgrade } from './upgrade.js'

const instant = whole(0, LAST_INSTANT)
const instantOrNull = z.nullable(instant)
const count = whole(0, Number.MAX_SAFE_INTEGER)
const days = whole(1, 365)
const text = z.string()

const calendar = strictObject({
  timeZone: text,
  avoid: z.optional(z.array(z.enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']))),
  holidays: z.optional(z.array(text)),
})

const period = z.union([
  z.literal('none'),
  strictObject({
    days,
    start: z.optional(z.union([z.literal('now'), z.literal('first-sign-in'), instant])),
    capDays: z.optional(days),
    calendar: z.optional(calendar),
  }),
  strictObject({ deadline: instant, start: z.optional(z.union([z.literal('now'), instant])) }),
])

const explanation = strictObject({
  source: text,
  scope: z.enum(['user', 'group', 'organization', 'rule']),
  deadline: instantOrNull,
  outcome: z.enum(['applied', 'overridden']),
  text,
})

const requirement = strictObject({
  assignedAt: instant,
  period,
  since: instant,
  selfEnrollment: z.enum(['always', 'during-period', 'with-pass']),
  postponements: z.nullable(count),
  postponementsUsed: count,
  postponedSignIns: z.array(text),
  startsAt: instantOrNull,
  deadline: instant,
  daysOnceStarted: z.nullable(days),
  calendar: z.nullable(calendar),
  because: z.array(explanation),
})

const parameters = strictObject({
  algorithm: z.enum(['SHA1', 'SHA256', 'SHA512']),
  digits: z.union([z.literal(6), z.literal(7), z.literal(8)]),
  period: whole(1, 3600),
  t0: whole(0, LAST_INSTANT / 1000),
})

const authenticator = strictObject({
  id: text,
  label: text,
  secret: text,
  parameters,
  boundAt: instant,
  lastUsedAt: instantOrNull,
  lastTimeStep: z.nullable(count),
})

const setup = strictObject({
  id: text,
  label: text,
  secret: text,
  parameters,
  expiresAt: instant,
  triesLeft: count,
  proven: z.boolean(),
})

const recoveryCode = strictObject({ id: text, digest: text, usedAt: instantOrNull, imported: z.boolean() })

const factorLock = strictObject({
  failures: count,
  ladder: count,
  lockedUntil: instantOrNull,
  disabled: z.boolean(),
  recent: z.array(instant),
})

const reminderId = { deadline: instant, daysBefore: count }

/** A record as this version writes it. Strict: a property that nobody knows is a record that nobody understands. */
const record = strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  userId: text,
  eventCount: count,
  requirement: z.nullable(requirement),
  exemption: z.nullable(strictObject({ until: instant, reason: text })),
  suspension: z.nullable(strictObject({ stoppedAt: instant })),
  signedInAt: instantOrNull,
  sessionsValidFrom: instantOrNull,
  enrolledAt: instantOrNull,
  authenticators: z.array(authenticator),
  setup: z.nullable(setup),
  recoveryCodes: z.array(recoveryCode),
  pass: z.nullable(strictObject({ id: text, digest: text, expiresAt: instant, triesLeft: count })),
  lock: strictObject({ totp: factorLock, recovery: factorLock }),
  granted: strictObject({ usedMs: count, countedTo: instant }),
  reminders: strictObject({
    at: instantOrNull,
    claim: z.nullable(strictObject({ ...reminderId, id: text, until: instant })),
    sent: z.array(strictObject(reminderId)),
  }),
})

/** One check instead of the three of `z.int()` with limits: most of a record is instants and counts. */
function whole(least: number, most: number): z.ZodMiniCustom<number, number> {
  return z.custom((value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most)
}

/**
 * `z.strictObject`, read by a parser that zod writes for the very shape: reading a record takes less than half the time.
 * Where the platform lets no code be made from text, zod goes over the shape instead, as `z.strictObject` always does.
 */
function strictObject<Shape extends z.core.$ZodShape>(shape: Shape): z.core.$ZodObject<Shape, z.core.$strict> {
  return new $ZodObjectJIT({ type: 'object', shape, catchall: z.never() }) as z.core.$ZodObject<Shape, z.core.$strict>
}

/**
 * Reads a stored record, upgrading one that an older version wrote. Throws `ERR_RECORD` for one that cannot be read or
 * that is another user's: nothing is counted or written over it then, and no part of it but whose it is, which a list of
 * many would not tell, is repeated in the error.
 */
export function decodeRecord(stored: unknown, userId: UserId): EnrollmentRecord {
  const parsed = z.safeParse(record, upgrade(stored))
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path }) => path.join('.') || 'the record').join(', ')
    throw new LeewayError('ERR_RECORD', `the stored record of ${nameOf(userId)} cannot be read; look at ${where}`)
  }
  if (parsed.data.userId !== userId) {
    throw new LeewayError(
      'ERR_RECORD',
      'the repository answered the record of another user; it must compare ids byte for byte',
    )
  }
  return parsed.data
}

/** A user as errors name him among many: as JSON, so that nothing in an id reads as something else in a log. */
export function nameOf(userId: unknown): string {
  return JSON.stringify(typeof userId === 'string' ? userId.slice(0, 255) : typeof userId)
}

/** The stored form of a record: it is plain JSON already. */
export function encodeRecord(decoded: EnrollmentRecord): Enrollment {
  return decoded
}
