import type { EnrollmentIndex, Phase } from '../../enrollment/phase.js'
import { phaseOf } from '../../index.js'
import { platform } from '../../platform.js'
import type { PhaseCounts } from '../../ports/directory.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { Instant } from '../../totp/index.js'

/** All phases, in no particular order. */
export const ALL_PHASES: readonly Phase[] = [
  'optional',
  'exempt',
  'scheduled',
  'enrollment-period',
  'overdue',
  'enrolled',
  'suspended',
]

/** What is counted where there is nobody. */
export const NOBODY: PhaseCounts = {
  ...(Object.fromEntries(ALL_PHASES.map((phase) => [phase, 0])) as Record<Phase, number>),
  total: 0,
  locked: 0,
}

/** Who is in this phase. */
export function inPhase(everybody: readonly EnrollmentChange[], phase: Phase, now: Instant): EnrollmentChange[] {
  return everybody.filter(({ index }) => phaseOf(index, now) === phase)
}

/** Whose id begins so. */
export function beginning(everybody: readonly EnrollmentChange[], prefix: string): EnrollmentChange[] {
  return everybody.filter(({ userId }) => userId.startsWith(prefix))
}

/** Whether a lock holds. */
export function isLocked({ lockedUntil }: EnrollmentIndex, now: Instant): boolean {
  return lockedUntil !== null && now < lockedUntil
}

/** Whose deadline, in `[from, before)`, can still stop them. */
export function stoppableBefore(before: Instant, from: Instant = 0): (change: EnrollmentChange) => boolean {
  return ({ index: { required, suspended, enrolledAt, deadline } }) =>
    required && !suspended && enrolledAt === null && deadline !== null && from <= deadline && deadline < before
}

/** How many are in each phase, in all, and locked. */
export function countOf(everybody: readonly EnrollmentChange[], now: Instant): PhaseCounts {
  const counts = { ...NOBODY, total: everybody.length }
  for (const { index } of everybody) {
    counts[phaseOf(index, now)]++
    if (isLocked(index, now)) counts.locked++
  }
  return counts
}

/** By the UTF-8 bytes of the ids, of which no two are the same. */
export function inByteOrder(changes: readonly EnrollmentChange[]): readonly EnrollmentChange[] {
  return changes
    .map((change) => ({ change, bytes: String.fromCharCode(...utf8.encode(change.userId)) }))
    .sort((one, other) => (one.bytes < other.bytes ? -1 : 1))
    .map(({ change }) => change)
}

const utf8 = new platform.TextEncoder()
