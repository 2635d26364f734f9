import type { EnrollmentStatus, Instant, Phase, SignInDecision } from '../../index.js'
import { lockAt } from './proving.js'
import { DAY, type UserModel } from './user-model.js'

/** What is told of a requirement, but for how it came about: of that a law is checked. */
type Told = Omit<EnrollmentStatus, 'requirement'> & {
  requirement: null | Omit<NonNullable<EnrollmentStatus['requirement']>, 'because'>
}

/** The first row of the table that holds. */
export function phaseAt({ stoppedAt, authenticators, exemption, requirement }: UserModel, now: Instant): Phase {
  if (stoppedAt !== null) return 'suspended'
  if (authenticators.length > 0) return 'enrolled'
  if (exemption !== null && now < exemption.until) return 'exempt'
  if (requirement === null) return 'optional'
  if (now >= requirement.deadline) return 'overdue'
  return requirement.startsAt !== null && now < requirement.startsAt ? 'scheduled' : 'enrollment-period'
}

/** Whether a password alone no longer sets MFA up. */
export function needsPass({ requirement, signedInAt }: UserModel, now: Instant): boolean {
  if (requirement === null) return false
  const { selfEnrollment, deadline, assignedAt } = requirement
  const neverCame = signedInAt === null || signedInAt >= deadline
  const missed = selfEnrollment === 'during-period' || (deadline > assignedAt && neverCame)
  return selfEnrollment === 'with-pass' || (now >= deadline && missed)
}

/**
 * Terms that were changed so that set-up needs a pass end one that was begun with a password alone. Where a calendar rounds
 * their deadline, that cannot be told before it is seen.
 */
export function askForPass(user: UserModel, now: Instant): void {
  user.passAskedAt = user.requirement?.calendar === 'rounds' ? now : null
  if (user.passAskedAt === null && user.setup?.proven === false && needsPass(user, now)) user.setup = null
}

/** How often "not now" is still taken; null: without limit. */
export function postponementsLeft({ requirement }: UserModel): number | null {
  if (requirement === null || requirement.postponements === null) return null
  return Math.max(0, requirement.postponements - requirement.postponed)
}

/** What may happen next, by the table of decisions. */
export function decisionAt(
  user: UserModel,
  now: Instant,
  asked: { occasion: 'sign-in' | 'session'; sensitive?: boolean },
): SignInDecision {
  const phase = phaseAt(user, now)
  const deadline = user.requirement?.deadline ?? null
  const daysLeft = deadline === null ? null : daysLeftAt(user, deadline, now)
  const facts = { phase, deadline, daysLeft, sessionsValidFrom: user.sessionsValidFrom }
  const left = postponementsLeft(user)
  const setup = { ...facts, action: 'require-setup', passRequired: needsPass(user, now) } as const
  if (phase === 'suspended') return { ...facts, action: 'deny', reason: 'suspended' }
  if (phase === 'enrolled') return { ...facts, action: 'challenge', methods: methodsAt(user, now) }
  if (phase === 'overdue') return { ...setup, reason: 'overdue' }
  if (asked.sensitive) return { ...setup, reason: 'sensitive' }
  if (phase !== 'enrollment-period') return { ...facts, action: 'allow' }
  if (left === 0 && asked.occasion === 'sign-in') return { ...setup, reason: 'postponements-used' }
  return { ...facts, action: 'offer-setup', postponementsLeft: left, passRequired: setup.passRequired }
}

function methodsAt(
  { failures, recoveryCodes }: UserModel,
  now: Instant,
): Extract<SignInDecision, { action: 'challenge' }>['methods'] {
  const has = { totp: true, 'recovery-code': recoveryCodes.some(({ used }) => !used) }
  return (['totp', 'recovery-code'] as const).flatMap((method) => {
    const lock = lockAt(failures[method], now)
    if (!has[method] || lock.state === 'disabled') return []
    return [{ method, lockedUntil: lock.state === 'locked' ? lock.until : null }]
  })
}

/** All that may be shown. */
export function statusAt(user: UserModel, now: Instant): Told {
  const { userId, requirement, exemption, setup } = user
  return {
    userId,
    phase: phaseAt(user, now),
    requirement: requirement && {
      assignedAt: requirement.assignedAt,
      startsAt: requirement.startsAt,
      deadline: requirement.deadline,
      daysLeft: daysLeftAt(user, requirement.deadline, now),
      selfEnrollment: requirement.selfEnrollment,
      postponementsLeft: postponementsLeft(user),
    },
    exemption: exemption !== null && now < exemption.until ? exemption : null,
    authenticators: user.authenticators.map(({ id, label, boundAt, lastUsedAt }) => ({
      id: String(id),
      label,
      boundAt,
      lastUsedAt,
    })),
    recoveryCodesLeft: user.recoveryCodes.filter(({ used }) => !used).length,
    setup: setup !== null && now < setup.expiresAt ? { expiresAt: setup.expiresAt } : null,
    lock: { totp: lockAt(user.failures.totp, now), recovery: lockAt(user.failures['recovery-code'], now) },
  }
}

function daysLeftAt({ stoppedAt }: UserModel, deadline: Instant, now: Instant): number {
  return Math.max(0, Math.ceil((deadline - (stoppedAt ?? now)) / DAY))
}

/** When something of a user changes by itself: times at which a clock is worth setting. */
export function edgesOf(user: UserModel, now: Instant): Instant[] {
  const { requirement, exemption, setup, pass } = user
  const locks = lockEndsOf(user, now).flatMap((until) => [until, until + DAY])
  const dates = [requirement?.startsAt, requirement?.deadline, exemption?.until, setup?.expiresAt, pass?.expiresAt]
  return [...dates, ...locks].filter((at) => typeof at === 'number' && at > now - DAY) as Instant[]
}

/** When codes of a kind are looked at again; null where none is locked. */
export function lockEnd(user: UserModel, now: Instant): Instant | null {
  return lockEndsOf(user, now)[0] ?? null
}

function lockEndsOf({ failures }: UserModel, now: Instant): Instant[] {
  const locks = [lockAt(failures.totp, now), lockAt(failures['recovery-code'], now)]
  return locks.flatMap((lock) => (lock.state === 'locked' ? [lock.until] : []))
}
