import type { Instant } from '../totp/instant.js'
import type { Setting } from './circumstances.js'
import type { EnrollmentRecord, Requirement } from './record.js'
import { cutAt, startAtSignIn } from './requirement.js'
import { DAY_MS, instantAfter } from './time.js'

/**
 * How long periods have run for a user until `now`, in milliseconds: not while one waits for the first sign-in or is
 * scheduled, nor while its user is enrolled, exempt or suspended.
 */
export function usedAt(record: EnrollmentRecord, now: Instant): number {
  const { granted, requirement } = record
  if (requirement === null || requirement.startsAt === null) return granted.usedMs
  if (record.suspension !== null || record.enrolledAt !== null) return granted.usedMs
  const from = runsFrom(record, requirement, granted.countedTo)
  return granted.usedMs + Math.max(0, Math.min(now, requirement.deadline) - from)
}

/** How long a period has still to run, looked at from an instant, if nothing holds it up that does not by now. */
export function leftToRun(record: EnrollmentRecord, requirement: Requirement, from: Instant): number {
  return Math.max(0, requirement.deadline - runsFrom(record, requirement, from))
}

function runsFrom({ exemption }: EnrollmentRecord, { startsAt }: Requirement, from: Instant): Instant {
  return Math.max(from, startsAt ?? 0, exemption?.until ?? 0)
}

/**
 * The record after a change, with the time counted that its period had run until then. By the facts before the change:
 * they are what that time was spent under. A clock that was set back counts nothing twice.
 */
export function countedUntil(before: EnrollmentRecord, after: EnrollmentRecord, now: Instant): EnrollmentRecord {
  const same =
    before.requirement === after.requirement &&
    before.exemption === after.exemption &&
    before.suspension === after.suspension &&
    before.enrolledAt === after.enrolledAt
  if (same) return after
  const granted = { usedMs: usedAt(before, now), countedTo: Math.max(before.granted.countedTo, now) }
  return { ...after, granted }
}

/** A requirement once its user has signed in: a period that waited for that starts, within what may still be granted. */
export function startedWithinGrant(
  record: EnrollmentRecord,
  requirement: Requirement,
  setting: Pick<Setting, 'now' | 'policy'>,
): Requirement {
  const started = startAtSignIn(requirement, setting.now)
  return started === requirement ? requirement : withinGrant(record, started, setting)
}

/**
 * A requirement that its user is about to get, its deadline no later than what is left of `policy.maxGrantedDays`. What
 * the user has already is no grant: `keptMs` is how long it was to run in any case, whatever the policy says by now.
 */
export function withinGrant(
  record: EnrollmentRecord,
  requirement: Requirement,
  { now, policy }: Pick<Setting, 'now' | 'policy'>,
  keptMs = 0,
): Requirement {
  if (policy.maxGrantedDays === null || requirement.startsAt === null) return requirement
  const left = Math.max(0, policy.maxGrantedDays * DAY_MS - usedAt(record, now))
  const latest = instantAfter(runsFrom(record, requirement, now), Math.max(left, keptMs))
  if (requirement.deadline <= latest) return requirement
  return cutAt(requirement, latest, policy.maxGrantedDays)
}
