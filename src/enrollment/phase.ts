import type { Instant } from '../totp/instant.js'

/** Where a user stands. Always computed from the record and now; never stored, and no timer makes it. */
export type Phase = 'optional' | 'exempt' | 'scheduled' | 'enrollment-period' | 'overdue' | 'enrolled' | 'suspended'

/**
 * The few facts of a record that a store may index, so that phases, deadlines and locks can be asked of it without
 * reading records. May grow.
 */
export interface EnrollmentIndex {
  required: boolean
  /** null while the period waits for the first sign-in, and where nothing is required */
  startsAt: Instant | null
  /** the first instant outside the period; null where nothing is required */
  deadline: Instant | null
  exemptUntil: Instant | null
  suspended: boolean
  /** since when an authenticator has been bound without a break */
  enrolledAt: Instant | null
  /** the later of both factors' locks; 8.64e15 where one is disabled */
  lockedUntil: Instant | null
  /** when the next reminder is due, or the claim on it ends */
  remindAt: Instant | null
}

/**
 * The phase that the facts mean at `now`: the one definition, which sign-in, reports and stores' filters share. The
 * first row that holds wins; all intervals are half-open, so that at its deadline a period is over.
 *
 * @example
 * ```ts
 * const facts = { required: true, startsAt: 0, deadline: 1000, exemptUntil: null, suspended: false, enrolledAt: null }
 * console.log(phaseOf({ ...facts, lockedUntil: null, remindAt: null }, 999)) // enrollment-period
 * ```
 */
export function phaseOf(index: EnrollmentIndex, now: Instant): Phase {
  if (index.suspended) return 'suspended'
  if (index.enrolledAt !== null) return 'enrolled'
  if (index.exemptUntil !== null && now < index.exemptUntil) return 'exempt'
  if (!index.required || index.deadline === null) return 'optional'
  if (now >= index.deadline) return 'overdue'
  return index.startsAt !== null && now < index.startsAt ? 'scheduled' : 'enrollment-period'
}
