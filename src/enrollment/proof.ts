import type { Circumstances } from './circumstances.js'
import type { CodeFinding, CodeOutcome, ProofMethod, Question, RecoveryFinding } from './commands.js'
import { afterFailure, afterSuccess, lockStateAt } from './locks.js'
import type { EnrollmentRecord } from './record.js'
import type { Refusal } from './results.js'
import { recoveryCodesLeft } from './status.js'
import { type Fact, fact, type Step, unwritten } from './step.js'

/** A code that was right, with the record in which it is used up. */
export interface Proven {
  record: EnrollmentRecord
  facts: readonly Fact[]
  outcome: Extract<CodeOutcome, { ok: true }>
}

const INVALID: Refusal = { ok: false, reason: 'invalid-code' }

/**
 * Checks a code of either kind, in this order: suspended, locked or disabled, and only then the code. `proven` decides what
 * a right one does, in the write that uses it up.
 */
export function askForCode<Outcome>(
  record: EnrollmentRecord,
  method: ProofMethod,
  circumstances: Circumstances,
  proven: (proof: Proven) => Step<Outcome>,
): Step<Outcome | Refusal> | Question<Step<Outcome | Refusal>> {
  if (record.suspension !== null) return unwritten(record, { ok: false, reason: 'suspended' })
  const lock = lockStateAt(record.lock[lockOf(method)], circumstances.now)
  if (lock.state === 'disabled') return unwritten(record, { ok: false, reason: 'disabled' })
  if (lock.state === 'locked') return unwritten(record, { ok: false, reason: 'locked', retryAt: lock.until })
  if (method === 'totp') {
    const answer = (finding: CodeFinding) => {
      if (finding.found === 'match') return proven(withCodeUsed(record, finding, circumstances))
      if (finding.found === 'replayed') return replayed(record, { method, authenticatorId: finding.authenticatorId })
      return refused(record, method, finding.found, circumstances)
    }
    return { ask: 'code', authenticators: record.authenticators, answer }
  }
  const answer = (finding: RecoveryFinding) => {
    if (finding.found === 'match') return proven(withRecoveryCodeUsed(record, finding.recoveryCodeId, circumstances))
    if (finding.found === 'replayed') return replayed(record, { method })
    return refused(record, method, finding.found, circumstances)
  }
  return { ask: 'recovery-code', codes: record.recoveryCodes, answer }
}

/** A replay is no guess: counted it would punish a double click, and answered otherwise it would tell a code was right. */
function replayed(record: EnrollmentRecord, details: Fact['details']): Step<Refusal> {
  return { record, facts: [fact('code-replayed', details)], outcome: INVALID }
}

function refused(
  record: EnrollmentRecord,
  method: ProofMethod,
  found: 'malformed' | 'mismatch',
  { now, policy }: Circumstances,
): Step<Refusal> {
  const bound = method === 'totp' ? record.authenticators.length > 0 : record.recoveryCodes.length > 0
  if (found === 'malformed' || !bound) return unwritten(record, INVALID)
  const factor = lockOf(method)
  const lock = afterFailure(record.lock[factor], now, policy.lock)
  const type = method === 'totp' ? 'code-rejected' : 'recovery-code-rejected'
  const facts = [fact(type, { failures: lock.failures })]
  const state = lockStateAt(lock, now)
  if (state.state === 'disabled') facts.push(fact('disabled', { method, failures: lock.failures }))
  if (state.state === 'locked') facts.push(fact('locked', { method, until: state.until, failures: lock.failures }))
  return { record: { ...record, lock: { ...record.lock, [factor]: lock } }, facts, outcome: INVALID }
}

function withCodeUsed(
  record: EnrollmentRecord,
  { matches, resealed }: Extract<CodeFinding, { found: 'match' }>,
  { now }: Circumstances,
): Proven {
  const failuresSinceLastSuccess = record.lock.totp.failures
  const authenticators = record.authenticators.map((authenticator) => {
    const match = matches.find(({ authenticatorId }) => authenticatorId === authenticator.id)
    const sealed = resealed.find(({ authenticatorId }) => authenticatorId === authenticator.id)
    return {
      ...authenticator,
      ...(match && { lastTimeStep: match.timeStep, lastUsedAt: now }),
      ...(sealed && { secret: sealed.secret }),
    }
  })
  // A match is of one authenticator at least; of several the highest step wins, and of equals the first bound.
  const { authenticatorId } = matches.reduce((one, other) => (other.timeStep > one.timeStep ? other : one))
  return {
    record: signedIn(
      { ...record, authenticators, lock: { ...record.lock, totp: afterSuccess(record.lock.totp) } },
      now,
    ),
    facts: [
      ...firstSignInFacts(record),
      fact('code-accepted', { authenticatorId, failuresSinceLastSuccess }),
      ...resealed.map((sealed) => fact('secret-resealed', { authenticatorId: sealed.authenticatorId })),
    ],
    outcome: {
      ok: true,
      method: 'totp',
      authenticatorId,
      recoveryCodesLeft: recoveryCodesLeft(record),
      failuresSinceLastSuccess,
    },
  }
}

function withRecoveryCodeUsed(record: EnrollmentRecord, recoveryCodeId: string, { now }: Circumstances): Proven {
  const failuresSinceLastSuccess = record.lock.recovery.failures
  const recoveryCodes = record.recoveryCodes.map((code) =>
    code.id === recoveryCodeId ? { ...code, usedAt: now } : code,
  )
  const lock = { ...record.lock, recovery: afterSuccess(record.lock.recovery) }
  const used = signedIn({ ...record, recoveryCodes, lock }, now)
  const left = recoveryCodesLeft(used)
  return {
    record: used,
    facts: [
      ...firstSignInFacts(record),
      fact('recovery-code-used', { recoveryCodesLeft: left, failuresSinceLastSuccess }),
    ],
    outcome: {
      ok: true,
      method: 'recovery-code',
      authenticatorId: null,
      recoveryCodesLeft: left,
      failuresSinceLastSuccess,
    },
  }
}

/** The record of somebody who has signed in: a fact that is kept once it is known. */
export function signedIn(record: EnrollmentRecord, now: number): EnrollmentRecord {
  return record.signedInAt === null ? { ...record, signedInAt: now } : record
}

/** Tells the first sign-in of all, where this is it. */
export function firstSignInFacts(record: EnrollmentRecord): readonly Fact[] {
  return record.signedInAt === null ? [fact('first-sign-in')] : []
}

function lockOf(method: ProofMethod): 'totp' | 'recovery' {
  return method === 'totp' ? 'totp' : 'recovery'
}
