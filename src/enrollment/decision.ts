import type { Instant } from '../totp/instant.js'
import type { Setting } from './circumstances.js'
import { startedWithinGrant } from './granted.js'
import { lockStateAt } from './locks.js'
import { type Phase, phaseOf } from './phase.js'
import { type EnrollmentRecord, indexOf } from './record.js'
import { daysUntil } from './time.js'

/**
 * What may happen next to somebody whose password was right.
 *
 * `sessionsValidFrom`: sessions made before this instant must sign in again (set by a first set-up, a reset, a revocation
 * and a suspension). `deadline` and `daysLeft` are null where nothing is required.
 *
 * - `allow`: nothing to do
 * - `offer-setup`: inside the period: let them in, offer set-up, take "not now" with `postponeSetup`
 * - `require-setup`: no session but a set-up session; nothing else may be reached
 * - `challenge`: a code first. `methods` are what the user has and is not disabled; `lockedUntil` is null when it is open
 * - `deny`: no session at all
 */
export type SignInDecision = {
  phase: Phase
  deadline: Instant | null
  daysLeft: number | null
  sessionsValidFrom: Instant | null
} & (
  | { action: 'allow' }
  | { action: 'offer-setup'; postponementsLeft: number | null; passRequired: boolean }
  | { action: 'require-setup'; reason: 'overdue' | 'postponements-used' | 'sensitive'; passRequired: boolean }
  | { action: 'challenge'; methods: readonly ChallengeMethod[] }
  | { action: 'deny'; reason: 'suspended' }
)

/** One way to answer a challenge. */
export interface ChallengeMethod {
  method: 'totp' | 'recovery-code'
  lockedUntil: Instant | null
}

/** Where a record's user stands at `now`. */
export function phaseAt(record: EnrollmentRecord, now: Instant): Phase {
  return phaseOf(indexOf(record), now)
}

/** How often "not now" is still accepted; null: without limit, or nothing is required. */
export function postponementsLeft(record: EnrollmentRecord): number | null {
  const { requirement } = record
  if (requirement === null || requirement.postponements === null) return null
  return Math.max(0, requirement.postponements - requirement.postponementsUsed)
}

/**
 * Whether set-up needs a pass now. An account that let a whole period pass without ever signing in is the one an attacker
 * finds: whoever holds its old password must not be the one to set MFA up (CISA AA22-074A).
 */
export function passRequiredAt(record: EnrollmentRecord, now: Instant): boolean {
  const { requirement, signedInAt } = record
  if (requirement === null) return false
  if (requirement.selfEnrollment === 'with-pass') return true
  if (now < requirement.deadline) return false
  const missed = requirement.deadline > requirement.assignedAt
  const dormant = signedInAt === null || signedInAt >= requirement.deadline
  return requirement.selfEnrollment === 'during-period' || (missed && dormant)
}

/** The record as a sign-in makes it: one that is not denied starts a period that waited for the first one. */
export function startedAtSignIn(record: EnrollmentRecord, setting: Pick<Setting, 'now' | 'policy'>): EnrollmentRecord {
  if (record.requirement === null || record.suspension !== null) return record
  const requirement = startedWithinGrant(record, record.requirement, setting)
  return requirement === record.requirement ? record : { ...record, requirement }
}

/** Whether a sign-in now would be stopped: nothing but set-up would be reached. */
export function isStoppedAt(record: EnrollmentRecord, setting: Pick<Setting, 'now' | 'policy'>): boolean {
  const { now } = setting
  return decisionAt(startedAtSignIn(record, setting), now, { occasion: 'sign-in' }).action === 'require-setup'
}

/** Whole days left until a deadline, counted from when the user's clock was stopped where it is. */
export function daysLeftAt(record: EnrollmentRecord, deadline: Instant, now: Instant): number {
  return daysUntil(deadline, record.suspension?.stoppedAt ?? now)
}

/**
 * The decision at `now`: for a new sign-in, or for a session that exists, whose last "not now" still holds.
 * Never an `allow` or `offer-setup` once overdue; never anything but a challenge (or `deny`) once enrolled.
 */
export function decisionAt(
  record: EnrollmentRecord,
  now: Instant,
  { occasion, sensitive = false }: { occasion: 'sign-in' | 'session'; sensitive?: boolean | undefined },
): SignInDecision {
  const phase = phaseAt(record, now)
  const deadline = record.requirement?.deadline ?? null
  const facts = {
    phase,
    deadline,
    daysLeft: deadline === null ? null : daysLeftAt(record, deadline, now),
    sessionsValidFrom: record.sessionsValidFrom,
  }
  if (phase === 'suspended') return { ...facts, action: 'deny', reason: 'suspended' }
  if (phase === 'enrolled') return { ...facts, action: 'challenge', methods: methodsAt(record, now) }
  const passRequired = passRequiredAt(record, now)
  if (phase === 'overdue') return { ...facts, action: 'require-setup', reason: 'overdue', passRequired }
  if (sensitive) return { ...facts, action: 'require-setup', reason: 'sensitive', passRequired }
  if (phase !== 'enrollment-period') return { ...facts, action: 'allow' }
  const left = postponementsLeft(record)
  if (left === 0 && occasion === 'sign-in') {
    return { ...facts, action: 'require-setup', reason: 'postponements-used', passRequired }
  }
  return { ...facts, action: 'offer-setup', postponementsLeft: left, passRequired }
}

function methodsAt(record: EnrollmentRecord, now: Instant): ChallengeMethod[] {
  const methods: ChallengeMethod[] = []
  const add = (method: ChallengeMethod['method'], lock: EnrollmentRecord['lock']['totp']) => {
    const state = lockStateAt(lock, now)
    if (state.state !== 'disabled') methods.push({ method, lockedUntil: state.state === 'locked' ? state.until : null })
  }
  add('totp', record.lock.totp)
  if (record.recoveryCodes.some((code) => code.usedAt === null)) add('recovery-code', record.lock.recovery)
  return methods
}
