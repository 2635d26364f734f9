import type { Instant } from '../totp/instant.js'
import type { ResolvedTotp } from '../totp/parameters.js'
import type { Calendar } from './calendar.js'
import type { EnrollmentIndex } from './phase.js'
import type { Explanation, Period, SelfEnrollment } from './terms.js'
import type { UserId } from './user.js'

/** A requirement that stands, and the dates it came to. */
export interface Requirement {
  assignedAt: Instant
  /** as it was assigned: the same period again keeps the dates */
  period: Period
  /** what the period counts from */
  since: Instant
  selfEnrollment: SelfEnrollment
  /** null: without limit */
  postponements: number | null
  postponementsUsed: number
  /** the last sign-ins that were postponed, by the host's names for them: each counts once */
  postponedSignIns: readonly string[]
  /** null while waiting for the first sign-in */
  startsAt: Instant | null
  /** the first instant outside the period; while waiting for the first sign-in, the cap */
  deadline: Instant
  /** how long the period will be once the first sign-in starts it; null when nothing is waited for */
  daysOnceStarted: number | null
  /** what moves of the deadline follow */
  calendar: Calendar | null
  because: readonly Explanation[]
}

/** A TOTP secret that was proven to be in the user's hands. */
export interface Authenticator {
  id: string
  label: string
  /** sealed */
  secret: string
  parameters: ResolvedTotp
  boundAt: Instant
  lastUsedAt: Instant | null
  /** the highest time step accepted (RFC 6238 5.2); null: none yet */
  lastTimeStep: number | null
}

/** A set-up that waits for its first code. Its secret verifies nothing but itself. */
export interface Setup {
  /** known to the session that began it alone: whoever holds it sees the secret */
  id: string
  label: string
  /** sealed */
  secret: string
  parameters: ResolvedTotp
  expiresAt: Instant
  triesLeft: number
  /** begun with a proof by a bound authenticator or recovery code */
  proven: boolean
}

/** The digest of one recovery code. A used one is kept, to tell a replay from a guess. */
export interface RecoveryCode {
  id: string
  digest: string
  usedAt: Instant | null
  /** brought over from another system, whose codes have another form */
  imported: boolean
}

/** The digest of a code that an administrator handed over; opens set-up once. */
export interface Pass {
  id: string
  digest: string
  expiresAt: Instant
  triesLeft: number
}

/** The failures of one kind of factor. */
export interface FactorLock {
  /** consecutive: since the last success */
  failures: number
  /** since the ladder started; from the policy's `afterFailures` on, each locks for the next rung */
  ladder: number
  lockedUntil: Instant | null
  disabled: boolean
  /** when the failures of the rolling cap's days were; success does not clear them */
  recent: readonly Instant[]
}

/** A reminder, told from all others of its user: so many days before a deadline. */
export interface ReminderId {
  deadline: Instant
  daysBefore: number
}

/** What is known of the reminders of one user. */
export interface Reminders {
  /** when the next one is due or the claim ends, by the policy of the last write; null: none will be */
  at: Instant | null
  /** which one a process is sending, and until when nobody else does */
  claim: (ReminderId & { id: string; until: Instant }) | null
  /** the last ones sent: a deadline that moves away and back brings none of them back */
  sent: readonly ReminderId[]
}

/** Everything known of one user, in one record: what must change together is written together. */
export interface EnrollmentRecord {
  readonly schemaVersion: number
  readonly userId: UserId
  /** how many events were stored: the sequence that orders them */
  readonly eventCount: number
  readonly requirement: Requirement | null
  readonly exemption: { until: Instant; reason: string } | null
  /** `stoppedAt`: when the period's clock was stopped */
  readonly suspension: { stoppedAt: Instant } | null
  /** the first sign-in of all, for the dormant-account rule alone */
  readonly signedInAt: Instant | null
  readonly sessionsValidFrom: Instant | null
  /** since when an authenticator has been bound without a break */
  readonly enrolledAt: Instant | null
  readonly authenticators: readonly Authenticator[]
  readonly setup: Setup | null
  readonly recoveryCodes: readonly RecoveryCode[]
  readonly pass: Pass | null
  readonly lock: { readonly totp: FactorLock; readonly recovery: FactorLock }
  /** how long periods have run for this user, and until when that is counted; for `policy.maxGrantedDays` */
  readonly granted: { readonly usedMs: number; readonly countedTo: Instant }
  readonly reminders: Reminders
}

/** The shape of the records that this version writes. */
export const SCHEMA_VERSION = 1

/** A factor that never failed. */
export const UNLOCKED: FactorLock = Object.freeze({
  failures: 0,
  ladder: 0,
  lockedUntil: null,
  disabled: false,
  recent: Object.freeze([]),
})

/** The record of a user of whom nothing is known. */
export function emptyRecord(userId: UserId): EnrollmentRecord {
  return {
    schemaVersion: SCHEMA_VERSION,
    userId,
    eventCount: 0,
    requirement: null,
    exemption: null,
    suspension: null,
    signedInAt: null,
    sessionsValidFrom: null,
    enrolledAt: null,
    authenticators: [],
    setup: null,
    recoveryCodes: [],
    pass: null,
    lock: { totp: UNLOCKED, recovery: UNLOCKED },
    granted: { usedMs: 0, countedTo: 0 },
    reminders: { at: null, claim: null, sent: [] },
  }
}

/** Whether it is stored, and not what its user would have under `policy.newUsers`: every stored record has an event. */
export function isStored({ eventCount }: EnrollmentRecord): boolean {
  return eventCount > 0
}

/** Where a disabled factor stands in an index: locked for ever. */
const FOR_EVER = 8.64e15

/** The facts of a record that stores index and phases are made of. */
export function indexOf(record: EnrollmentRecord): EnrollmentIndex {
  const { requirement, lock } = record
  const ends = [lock.totp, lock.recovery].map((factor) => (factor.disabled ? FOR_EVER : factor.lockedUntil))
  const locked = ends.filter((end) => end !== null)
  return {
    required: requirement !== null,
    startsAt: requirement?.startsAt ?? null,
    deadline: requirement?.deadline ?? null,
    exemptUntil: record.exemption?.until ?? null,
    suspended: record.suspension !== null,
    enrolledAt: record.enrolledAt,
    lockedUntil: locked.length > 0 ? Math.max(...locked) : null,
    remindAt: record.reminders.at,
  }
}
