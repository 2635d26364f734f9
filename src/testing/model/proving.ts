import type { CodeResult, EnrollmentEventType, Instant, LockState, Proof } from '../../index.js'
import { phone } from '../phone.js'
import { type AppModel, DAY, type FailuresModel, LIMITS, type Moment, type UserModel } from './user-model.js'

/**
 * The part of the model that security rests on, whole: which code is accepted, that none is twice, and which failures
 * lock. Read it first.
 */

type Found = 'accepted' | 'replayed' | 'wrong' | 'uncounted'

/** A code of either kind is looked at: what is answered, what is told, and the user as it leaves him. */
export function prove(
  user: UserModel,
  proof: Proof,
  moment: Moment,
): { answer: CodeResult; events: EnrollmentEventType[] } {
  const method = 'code' in proof ? 'totp' : 'recovery-code'
  const failures = user.failures[method]
  const lock = lockAt(failures, moment.now)
  if (user.stoppedAt !== null) return { answer: { ok: false, reason: 'suspended' }, events: [] }
  if (lock.state === 'disabled') return { answer: { ok: false, reason: 'disabled' }, events: [] }
  if (lock.state === 'locked') return { answer: { ok: false, reason: 'locked', retryAt: lock.until }, events: [] }

  const { found, authenticatorId } =
    'code' in proof ? useCode(user, proof.code, moment) : useRecoveryCode(user, proof.recoveryCode)
  const invalid = { ok: false, reason: 'invalid-code' } as const
  if (found === 'uncounted') return { answer: invalid, events: [] }
  if (found === 'replayed') return { answer: invalid, events: ['code-replayed'] }
  if (found === 'wrong') return { answer: invalid, events: fail(failures, method, moment.now) }

  const failuresSinceLastSuccess = failures.inARow.length
  failures.inARow = []
  const recoveryCodesLeft = user.recoveryCodes.filter(({ used }) => !used).length
  const resealed = method === 'totp' ? reseal(user.authenticators, moment.key) : []
  return {
    answer: { ok: true, method, authenticatorId, recoveryCodesLeft, failuresSinceLastSuccess },
    events: [...signedIn(user, moment.now), method === 'totp' ? 'code-accepted' : 'recovery-code-used', ...resealed],
  }
}

/** A code is good for each authenticator that shows it in the drift window, in a step later than any used before. */
function useCode(user: UserModel, code: unknown, { now }: Moment): { found: Found; authenticatorId: string | null } {
  const isCode = user.authenticators.some(({ app }) => new RegExp(`^\\d{${app.digits}}$`).test(String(code)))
  const showing = user.authenticators.flatMap((authenticator) => {
    const step = stepOf(authenticator.app, code, now)
    return step === null ? [] : [{ authenticator, step }]
  })
  const fresh = showing.filter(({ authenticator, step }) => step > (authenticator.lastStep ?? -1))
  for (const { authenticator, step } of fresh) Object.assign(authenticator, { lastStep: step, lastUsedAt: now })
  const latest = Math.max(...fresh.map(({ step }) => step))
  const best = fresh.find(({ step }) => step === latest)
  if (best !== undefined) return { found: 'accepted', authenticatorId: best.authenticator.id }
  return { found: showing.length > 0 ? 'replayed' : isCode ? 'wrong' : 'uncounted', authenticatorId: null }
}

/** The time step, of those next to now, in which an app shows this code: the latest one. */
export function stepOf({ keyUri, period }: AppModel, code: unknown, now: Instant): number | null {
  const ms = period * 1000
  const current = Math.floor(now / ms)
  const app = phone(keyUri)
  return [current + 1, current, current - 1].find((step) => app.codeAt(step * ms) === code) ?? null
}

function useRecoveryCode(user: UserModel, typed: unknown): { found: Found; authenticatorId: null } {
  const symbols = String(typed).replaceAll('-', '').length
  const isCode = symbols === 25 || (symbols >= 8 && user.recoveryCodes.some(({ imported }) => imported))
  const same = user.recoveryCodes.find(({ code }) => code === typed)
  const known = same !== undefined
  const found = known ? (same.used ? 'replayed' : 'accepted') : 'wrong'
  if (known) same.used = true
  return { found: isCode && user.recoveryCodes.length > 0 ? found : 'uncounted', authenticatorId: null }
}

function fail({ inARow, recent }: FailuresModel, method: string, now: Instant): EnrollmentEventType[] {
  inARow.push(now)
  const young = recent.filter((at) => now < at + LIMITS.lock.rollingCap.days * DAY)
  recent.splice(0, recent.length, ...young, now)
  const { state } = lockAt({ inARow, recent }, now)
  return [method === 'totp' ? 'code-rejected' : 'recovery-code-rejected', ...(state === 'open' ? [] : [state])]
}

/** A lock follows from the failures alone: the third in a row begins it, each further one makes it longer. */
export function lockAt({ inARow, recent }: FailuresModel, now: Instant): LockState {
  const { afterFailures, forMs, disableAfterFailures, rollingCap } = LIMITS.lock
  if (inARow.length >= disableAfterFailures || recent.length >= rollingCap.failures) return { state: 'disabled' }
  let until = 0
  let rung = -afterFailures
  for (const at of inARow) {
    // After a day without a failure the first rung is the lowest again.
    const rested = until > 0 && at >= until + DAY
    rung = (rested ? -afterFailures : rung) + 1
    if (rested) until = 0
    if (rung >= 0) until = at + (forMs[Math.min(rung, forMs.length - 1)] as number)
  }
  return now < until ? { state: 'locked', until } : { state: 'open' }
}

/** The first sign of a user is kept, and told. */
export function signedIn(user: UserModel, now: Instant): EnrollmentEventType[] {
  if (user.signedInAt !== null) return []
  user.signedInAt = now
  return ['first-sign-in']
}

/** What is under an old key goes under the first one. */
export function reseal(sealed: readonly { key: number }[], key: number): EnrollmentEventType[] {
  const old = sealed.filter((one) => one.key !== key)
  for (const one of old) one.key = key
  return old.map(() => 'secret-resealed')
}
