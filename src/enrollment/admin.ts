import type { Circumstances } from './circumstances.js'
import type { Change, Command } from './commands.js'
import { liveSetup, withoutAuthenticator } from './factor.js'
import { leftToRun, startedWithinGrant, withinGrant } from './granted.js'
import { protecting } from './protection.js'
import { type EnrollmentRecord, isStored, type Requirement, UNLOCKED } from './record.js'
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
  flips,
  type Handlers,
  movedFact,
  type Step,
  unchanged,
  underItsTerms,
  withRequirement,
} from './step.js'
import type { ApplyTo } from './terms.js'
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
  'require-enrollment': protecting<Command<'require-enrollment'>>((record, command, setting) => {
    const { terms, since, because, applyTo = 'replace', note } = command
    const old = record.requirement
    if (old !== null && isUnder(old, terms, since)) return unchanged(record)
    if (old !== null && hasPeriod(old, terms, since)) {
      // The dates stay, so nothing gets shorter or longer.
      if (applyTo !== 'replace') return unchanged(record)
      const kept: Requirement = {
        ...old,
        selfEnrollment: terms.selfEnrollment ?? 'always',
        postponements: terms.postponements ?? null,
      }
      return changed(underItsTerms({ ...record, requirement: kept }, setting.now), assignedFact(kept, old, note))
    }
    const requirement = withinGrant(record, newRequirement(terms, { now: setting.now, since, because }), setting)
    if (!applies(applyTo, record, requirement, setting)) return unchanged(record)
    return changed(withRequirement(record, requirement, setting.now), assignedFact(requirement, old, note))
  }),

  'make-optional': (record, { applyTo = 'replace', note }, setting) => {
    if (record.requirement === null || !applies(applyTo, record, null, setting)) return unchanged(record)
    const details = { previousDeadline: record.requirement.deadline, ...(isStored(record) && { required: false }) }
    return changed(withRequirement(record, null, setting.now), fact('made-optional', details, note))
  },

  'change-deadline': protecting<Command<'change-deadline'>>((record, { change, note }, setting) => {
    const { now } = setting
    const old = record.requirement
    if (old === null) return unchanged(record)
    const why = { source: note.actor ?? 'administrator', text: note.reason ?? 'The deadline was changed by hand' }
    const standing = standingAt(record, old, setting)
    const asked = withDeadline(standing, change, why)
    if (asked === standing) return unchanged(record)
    const left = leftToRun(record, standing, now)
    const moved = asked.deadline > standing.deadline ? withinGrant(record, asked, setting, left) : asked
    // Where nothing more can be granted the deadline stays where it is, be it over or not.
    if (moved !== asked && leftToRun(record, moved, now) === left) return unchanged(record)
    return changed(withRequirement(record, moved, now), movedFact(moved, old, note))
  }),

  exempt: protecting<Command<'exempt'>>((record, { until, reason, note }, setting) => {
    if (until <= setting.now) return exempting(record, null, note, setting)
    const old = record.exemption
    if (old !== null && old.until === until && old.reason === reason) return unchanged(record)
    // The reason is an administrator's word: it is the event's reason, not one of the details that users may see.
    return exempting(record, { until, reason }, { ...note, reason: note.reason ?? reason }, setting)
  }),

  'end-exemption': protecting<Command<'end-exemption'>>((record, { note }, setting) =>
    exempting(record, null, note, setting),
  ),

  suspend: (record, { note }, { now }) => {
    if (record.suspension !== null) return unchanged(record)
    // A pending set-up is over too, as sessions are.
    const stopped = { ...record, suspension: { stoppedAt: now }, setup: null }
    return changed(endingSessions(stopped, now), fact('suspended', {}, note))
  },

  resume: (record, { note }, setting) => {
    if (record.suspension === null) return unchanged(record)
    const old = record.requirement
    const requirement = old && standingAt(record, old, setting)
    return changed(
      { ...record, suspension: null, requirement },
      fact('resumed', { ...datesOf(requirement), previousDeadline: old?.deadline ?? null }, note),
    )
  },

  'reset-mfa': protecting<Command<'reset-mfa'>>((record, { grace, note }, setting) => {
    const { now } = setting
    const old = record.requirement
    const requirement = afterReset(record, grace, setting)
    const nothingBound =
      record.authenticators.length === 0 && liveSetup(record, now) === null && record.recoveryCodes.length === 0
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
          ...datesOf(requirement),
          previousDeadline: old?.deadline ?? null,
          ...flips(record, bare),
        },
        note,
      ),
    )
  }),

  'revoke-authenticator': protecting<Command<'revoke-authenticator'>>((record, { authenticatorId, note }, { now }) => {
    if (!record.authenticators.some(({ id }) => id === authenticatorId)) return unchanged(record)
    const left = withoutAuthenticator(record, authenticatorId)
    const details = { authenticatorId, authenticators: left.authenticators.length, ...flips(record, left) }
    return changed(endingSessions(left, now), fact('authenticator-removed', details, note))
  }),

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

/**
 * Whether terms replace the requirement that there is. Both ways of ending count, with a first sign-in now and without
 * one ever: the deadline of terms that wait for it is the earlier or the later only where it is so in both.
 */
function applies(
  applyTo: ApplyTo,
  record: EnrollmentRecord,
  next: Requirement | null,
  setting: Circumstances,
): boolean {
  const { requirement: old } = record
  if (applyTo === 'replace' || old === null || !isStored(record)) return true
  if (applyTo === 'new') return false
  const standing = standingAt(record, old, setting)
  const started = (requirement: Requirement) => startedWithinGrant(record, requirement, setting)
  const moves =
    next === null
      ? [1]
      : [next.deadline - standing.deadline, started(next).deadline - started(standing).deadline].map(Math.sign)
  const wanted = applyTo === 'shorten' ? -1 : 1
  return moves.includes(wanted) && !moves.includes(-wanted)
}

/** The record with this exemption, or with none. What it no longer covers runs, for as long as may still be granted. */
function exempting(
  record: EnrollmentRecord,
  exemption: EnrollmentRecord['exemption'],
  note: Note,
  setting: Circumstances,
): Step<Change> {
  const old = record.exemption
  if (exemption === null && (old === null || old.until <= setting.now)) return unchanged(record)
  const details = { until: exemption?.until ?? null, previousUntil: old?.until ?? null }
  const after = { ...record, exemption }
  const told = fact('exempted', details, note)
  const { requirement } = record
  const isShorter = old !== null && (exemption?.until ?? 0) < old.until
  if (!isShorter || requirement === null) return changed(after, told)
  const standing = standingAt(record, requirement, setting)
  const cut = withinGrant(after, standing, setting, leftToRun(record, standing, setting.now))
  if (cut === standing) return changed(after, told)
  return changed(withRequirement(after, cut, setting.now), told, movedFact(cut, requirement, note))
}

function afterReset(
  record: EnrollmentRecord,
  grace: Command<'reset-mfa'>['grace'],
  setting: Circumstances,
): Requirement | null {
  const { now } = setting
  const old = record.requirement
  if (grace === 'remaining') return old
  if (old === null) return withinGrant(record, newRequirement({ period: grace }, { now }), setting)
  if (grace !== 'none') return withinGrant(record, withFreshPeriod(old, grace, now), setting)
  const standing = standingAt(record, old, setting)
  const ended = endedAt(standing, now)
  return ended === standing ? old : ended
}

/**
 * The requirement as a change finds it, and as it runs on after a suspension: what was left is left now. A calendar, and an
 * exemption that ended meanwhile, may make that more only as far as may be granted.
 */
function standingAt(record: EnrollmentRecord, requirement: Requirement, setting: Circumstances): Requirement {
  if (record.suspension === null) return requirement
  const { stoppedAt } = record.suspension
  const standing = afterStandstill(requirement, stoppedAt, setting.now)
  if (standing === requirement) return requirement
  return withinGrant(record, standing, setting, leftToRun(record, requirement, stoppedAt))
}
