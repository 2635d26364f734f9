import type { Instant } from '../totp/instant.js'
import { daysLeftAt, phaseAt, postponementsLeft } from './decision.js'
import { liveSetup } from './factor.js'
import { type LockState, lockStateAt } from './locks.js'
import type { Phase } from './phase.js'
import type { EnrollmentRecord } from './record.js'
import type { Explanation, SelfEnrollment } from './terms.js'
import type { UserId } from './user.js'

/** All that may be shown of a user: no secret, no code, no id of a set-up that is not bound yet. */
export interface EnrollmentStatus {
  userId: UserId
  phase: Phase
  /** null unless a requirement stands. `deadline` is the first instant outside the period. */
  requirement: null | {
    assignedAt: Instant
    /** null while waiting for the first sign-in */
    startsAt: Instant | null
    deadline: Instant
    /** whole days, rounded up, for display only; 0 once over */
    daysLeft: number
    selfEnrollment: SelfEnrollment
    /** null: without limit */
    postponementsLeft: number | null
    /** how this deadline came about: every rule considered and the one that won */
    because: readonly Explanation[]
  }
  /** the one in force; null once it is over */
  exemption: null | { until: Instant; reason: string }
  authenticators: readonly { id: string; label: string; boundAt: Instant; lastUsedAt: Instant | null }[]
  recoveryCodesLeft: number
  setup: null | { expiresAt: Instant }
  lock: { totp: LockState; recovery: LockState }
}

/** What an administrator's change answers; `changed` is false where there was nothing to do, and then there is no event. */
export type AdminResult = EnrollmentStatus & { changed: boolean }

/** The status of a record's user at `now`. */
export function statusAt(record: EnrollmentRecord, now: Instant): EnrollmentStatus {
  const { requirement, exemption } = record
  const setup = liveSetup(record, now)
  return {
    userId: record.userId,
    phase: phaseAt(record, now),
    requirement: requirement && {
      assignedAt: requirement.assignedAt,
      startsAt: requirement.startsAt,
      deadline: requirement.deadline,
      daysLeft: daysLeftAt(record, requirement.deadline, now),
      selfEnrollment: requirement.selfEnrollment,
      postponementsLeft: postponementsLeft(record),
      because: requirement.because,
    },
    exemption: exemption !== null && now < exemption.until ? exemption : null,
    authenticators: record.authenticators.map(({ id, label, boundAt, lastUsedAt }) => ({
      id,
      label,
      boundAt,
      lastUsedAt,
    })),
    recoveryCodesLeft: recoveryCodesLeft(record),
    setup: setup && { expiresAt: setup.expiresAt },
    lock: { totp: lockStateAt(record.lock.totp, now), recovery: lockStateAt(record.lock.recovery, now) },
  }
}

/** How many recovery codes are unused. */
export function recoveryCodesLeft(record: EnrollmentRecord): number {
  return record.recoveryCodes.filter((code) => code.usedAt === null).length
}
