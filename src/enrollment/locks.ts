import type { Instant } from '../totp/instant.js'
import type { LockPolicy } from './policy.js'
import { type FactorLock, UNLOCKED } from './record.js'
import { DAY_MS, instantAfter } from './time.js'

/** Whether a factor's codes are looked at. `until` is the first instant at which they are again. */
export type LockState = { state: 'open' } | { state: 'locked'; until: Instant } | { state: 'disabled' }

/** A factor's lock at `now`: at its end it is open (`now >= until`). */
export function lockStateAt(lock: FactorLock, now: Instant): LockState {
  if (lock.disabled) return { state: 'disabled' }
  if (lock.lockedUntil !== null && now < lock.lockedUntil) return { state: 'locked', until: lock.lockedUntil }
  return { state: 'open' }
}

/**
 * The lock after one more failure. The ladder goes on where it was: a lock that ends gives no new tries, and only a
 * success or a day without failure after the last lock starts it over. The total caps follow NIST SP 800-63B-4 3.2.2 and
 * are not reached by way of time: 5 tries every 15 minutes for ever would be 41 % a year against one account.
 *
 * Accepted: a failure too old to count is dropped here, so that a clock that goes back past the cap's days afterwards does
 * not count it again. The consecutive count, which has no time in it, still does.
 */
export function afterFailure(lock: FactorLock, now: Instant, policy: LockPolicy): FactorLock {
  const quiet = lock.lockedUntil !== null && now >= lock.lockedUntil + DAY_MS
  const failures = lock.failures + 1
  const ladder = (quiet ? 0 : lock.ladder) + 1
  const recent = [...lock.recent.filter((at) => now < at + policy.rollingCap.days * DAY_MS), now]
  const rung = Math.min(ladder - policy.afterFailures, policy.forMs.length - 1)
  const forMs = rung < 0 ? undefined : policy.forMs[rung]
  return {
    failures,
    ladder,
    lockedUntil: forMs === undefined ? (quiet ? null : lock.lockedUntil) : instantAfter(now, forMs),
    disabled: failures >= policy.disableAfterFailures || recent.length >= policy.rollingCap.failures,
    recent,
  }
}

/** The lock after a success: the rolling cap alone remembers. */
export function afterSuccess(lock: FactorLock): FactorLock {
  return { ...UNLOCKED, recent: lock.recent }
}
