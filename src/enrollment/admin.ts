import type { Command } from './commands.js'
import { withoutAuthenticator } from './factor.js'
import { type EnrollmentRecord, type Requirement, UNLOCKED } from './record.js'
import {
  afterStandstill,
  endedAt,
  hasPeriod,
  isUnder,
  newRequirement,
  withDeadline,
  withFreshPeriod,
} from './requirement.js'
import {
  assignedFact,
  changed,
  datesOf,
  endingSessions,
  fact,
  type Handlers,
  unchanged,
  withRequirement,
} from './step.js'
import { instantAfter } from './time.js'
import type { Note } from './user.js'

/** What administrators do: terms, exemptions, suspensions, resets, locks and passes. */
export const adminHandlers: Handlers<
  | 'require-enrollment'
  | 'make-optional'
  | 'change-deadline'
  | 'exempt'
  | 'end-exemption'
  | 'suspend'
  | 'resume'
  | 'reset-mfa'
  | 'revoke-authenticator'
  | 'unlock'
  | 'issue-pass'
> = {
  'require-enrollment': (record, { terms, since, because, note }, { now }) => {
    const old = record.requirement
    if (old !== null && isUnder(old, terms, since)) return unchanged(record)
    if (old !== null && hasPeriod(old, terms, since)) {
      const kept: Requirement = {
        ...old,
        selfEnrollment: terms.selfEnrollment ?? 'always',
        postponements: terms.postponements ?? null,
      }
      return changed({ ...record, requirement: kept }, assignedFact(kept, old, note))
    }
    const requirement = newRequirement(terms, { now, since, because })
    return changed(withRequirement(record, requirement, now), assignedFact(requirement, old, note))
  },

  'make-optional': (record, { note }, { now }) => {
    if (record.requirement === null) return unchanged(record)
    const previousDeadline = record.requirement.deadline
    return changed(withRequirement(record, null, now), fact('made-optional', { previousDeadline }, note))
  },

  'change-deadline': (record, { change, note }, { now }) => {
    const old = record.requirement
    if (old === null) return unchanged(record)
    const why = { source: note.actor ?? 'administrator', text: note.reason ?? 'The deadline was changed by hand' }
    const standing = standingAt(record, old, now)
    const moved = withDeadline(standing, change, why)
    if (moved === standing) return unchanged(record)
    return changed(
      withRequirement(record, moved, now),
      fact('deadline-changed', { ...datesOf(moved), previousDeadline: old.deadline }, note),
    )
  },

  exempt: (record, { until, reason, note }, { now }) => {
    if (until <= now) return withoutExemption(record, note, now)
    const old = record.exemption
    if (old !== null && old.until === until && old.reason === reason) return unchanged(record)
    // The reason is an administrator's word: it is the event's reason, not one of the details that users may see.
    const told = fact(
      'exempted',
      { until, previousUntil: old?.until ?? null },
      { ...note, reason: note.reason ?? reason },
    )
    return changed({ ...record, exemption: { until, reason } }, told)
  },

  'end-exemption': (record, { note }, { now }) => withoutExemption(record, note, now),

  suspend: (record, { note }, { now }) => {
    if (record.suspension !== null) return unchanged(record)
    return changed(endingSessions({ ...record, suspension: { stoppedAt: now } }, now), fact('suspended', {}, note))
  },

  resume: (record, { note }, { now }) => {
    if (record.suspension === null) return unchanged(record)
    const old = record.requirement
    const requirement = old && afterStandstill(old, record.suspension.stoppedAt, now)
    return changed(
      { ...record, suspension: null, requirement },
      fact('resumed', { ...datesOf(requirement), previousDeadline: old?.deadline ?? null }, note),
    )
  },

  'reset-mfa': (record, { grace, note }, { now }) => {
    const old = record.requirement
    const requirement = afterReset(record, grace, now)
    const nothingBound =
      record.authenticators.length === 0 && record.setup === null && record.recoveryCodes.length === 0
    if (nothingBound && requirement === old) return unchanged(record)
    const dated = requirement === old ? record : withRequirement(record, requirement, now)
    const bare = { ...dated, authenticators: [], recoveryCodes: [], setup: null, enrolledAt: null }
    return changed(
      endingSessions(bare, now),
      fact(
        'mfa-reset',
        {
          grace: typeof grace === 'string' ? grace : 'period',
          authenticators: record.authenticators.length,
          required: requirement !== null,
          ...datesOf(requirement),
          previousDeadline: old?.deadline ?? null,
        },
        note,
      ),
    )
  },

  'revoke-authenticator': (record, { authenticatorId, note }, { now }) => {
    if (!record.authenticators.some(({ id }) => id === authenticatorId)) return unchanged(record)
    // A pending set-up too, which the lost phone may have proven: whoever holds that must not confirm another.
    const left = { ...withoutAuthenticator(record, authenticatorId), setup: null }
    return changed(
      endingSessions(left, now),
      fact('authenticator-removed', { authenticatorId, authenticators: left.authenticators.length }, note),
    )
  },

  unlock: (record, { note }) => {
    const { totp, recovery } = record.lock
    const clean = [totp, recovery].every((lock) => lock.failures === 0 && lock.recent.length === 0 && !lock.disabled)
    if (clean) return unchanged(record)
    const told = fact('unlocked', { failures: totp.failures, recoveryFailures: recovery.failures }, note)
    return changed({ ...record, lock: { totp: UNLOCKED, recovery: UNLOCKED } }, told)
  },

  'issue-pass': (record, { id, digest, note }, { now, policy }) => {
    const expiresAt = instantAfter(now, policy.pass.expiresAfterMs)
    const pass = { id, digest, expiresAt, triesLeft: policy.pass.tries }
    const told = fact('pass-issued', { expiresAt, replaced: record.pass !== null }, note)
    return { record: { ...record, pass }, facts: [told], outcome: { expiresAt } }
  },
}

function withoutExemption(record: EnrollmentRecord, note: Note, now: number) {
  if (record.exemption === null || record.exemption.until <= now) return unchanged(record)
  const previousUntil = record.exemption.until
  return changed({ ...record, exemption: null }, fact('exempted', { until: null, previousUntil }, note))
}

function afterReset(record: EnrollmentRecord, grace: Command<'reset-mfa'>['grace'], now: number): Requirement | null {
  const old = record.requirement
  if (grace === 'remaining') return old
  if (old === null) return newRequirement({ period: grace }, { now })
  if (grace !== 'none') return withFreshPeriod(old, grace, now)
  const standing = standingAt(record, old, now)
  const ended = endedAt(standing, now)
  return ended === standing ? old : ended
}

/**
 * The requirement as a change finds it. While suspended the change counts from now: what was left is left now, and goes on
 * standing still.
 */
function standingAt({ suspension }: EnrollmentRecord, requirement: Requirement, now: number): Requirement {
  return suspension === null ? requirement : afterStandstill(requirement, suspension.stoppedAt, now)
}
