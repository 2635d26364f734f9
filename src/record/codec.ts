import * as z from 'zod/mini'
import { LAST_INSTANT } from '../assert.js'
import { type EnrollmentRecord, SCHEMA_VERSION } from '../enrollment/record.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import type { Enrollment } from '../ports/index.js'
import { upgrade } from './upgrade.js'

const instant = z.int().check(z.gte(0), z.lte(LAST_INSTANT))
const instantOrNull = z.nullable(instant)
const count = z.int().check(z.gte(0))
const days = z.int().check(z.gte(1), z.lte(365))
const text = z.string()

const calendar = z.strictObject({
  timeZone: text,
  avoid: z.optional(z.array(z.enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']))),
  holidays: z.optional(z.array(text)),
})

const period = z.union([
  z.literal('none'),
  z.strictObject({
    days,
    start: z.optional(z.union([z.literal('now'), z.literal('first-sign-in'), instant])),
    capDays: z.optional(days),
    calendar: z.optional(calendar),
  }),
  z.strictObject({ deadline: instant, start: z.optional(z.union([z.literal('now'), instant])) }),
])

const explanation = z.strictObject({
  source: text,
  scope: z.enum(['user', 'group', 'organization', 'rule']),
  deadline: instantOrNull,
  outcome: z.enum(['applied', 'overridden']),
  text,
})

const requirement = z.strictObject({
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

const parameters = z.strictObject({
  algorithm: z.enum(['SHA1', 'SHA256', 'SHA512']),
  digits: z.union([z.literal(6), z.literal(7), z.literal(8)]),
  period: z.int().check(z.gte(1), z.lte(3600)),
  t0: z.int().check(z.gte(0), z.lte(LAST_INSTANT / 1000)),
})

const authenticator = z.strictObject({
  id: text,
  label: text,
  secret: text,
  parameters,
  boundAt: instant,
  lastUsedAt: instantOrNull,
  lastTimeStep: z.nullable(count),
})

const setup = z.strictObject({
  id: text,
  label: text,
  secret: text,
  parameters,
  expiresAt: instant,
  triesLeft: count,
  proven: z.boolean(),
})

const recoveryCode = z.strictObject({ id: text, digest: text, usedAt: instantOrNull, imported: z.boolean() })

const factorLock = z.strictObject({
  failures: count,
  ladder: count,
  lockedUntil: instantOrNull,
  disabled: z.boolean(),
  recent: z.array(instant),
})

const reminderId = { deadline: instant, daysBefore: count }

/** A record as this version writes it. Strict: a property that nobody knows is a record that nobody understands. */
const record = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  userId: text,
  eventCount: count,
  requirement: z.nullable(requirement),
  exemption: z.nullable(z.strictObject({ until: instant, reason: text })),
  suspension: z.nullable(z.strictObject({ stoppedAt: instant })),
  signedInAt: instantOrNull,
  sessionsValidFrom: instantOrNull,
  enrolledAt: instantOrNull,
  authenticators: z.array(authenticator),
  setup: z.nullable(setup),
  recoveryCodes: z.array(recoveryCode),
  pass: z.nullable(z.strictObject({ id: text, digest: text, expiresAt: instant, triesLeft: count })),
  lock: z.strictObject({ totp: factorLock, recovery: factorLock }),
  granted: z.strictObject({ usedMs: count, countedTo: instant }),
  reminders: z.strictObject({
    at: instantOrNull,
    claim: z.nullable(z.strictObject({ ...reminderId, id: text, until: instant })),
    sent: z.array(z.strictObject(reminderId)),
  }),
})

/**
 * Reads a stored record, upgrading one that an older version wrote. Throws `ERR_RECORD` for one that cannot be read or
 * that is another user's: nothing is counted or written over it then, and no part of it is repeated in the error.
 */
export function decodeRecord(stored: unknown, userId: UserId): EnrollmentRecord {
  const parsed = record.safeParse(upgrade(stored))
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path }) => path.join('.') || 'the record').join(', ')
    throw new LeewayError('ERR_RECORD', `the stored record cannot be read; look at ${where}`)
  }
  if (parsed.data.userId !== userId) {
    throw new LeewayError(
      'ERR_RECORD',
      'the repository answered the record of another user; it must compare ids byte for byte',
    )
  }
  return parsed.data
}

/** The stored form of a record: it is plain JSON already. */
export function encodeRecord(decoded: EnrollmentRecord): Enrollment {
  return decoded
}
