import type {
  AdminResult,
  BeginSetupResult,
  ConfirmSetupResult,
  EnrollmentEventType,
  Instant,
  Proof,
  RemoveAuthenticatorResult,
  ReplaceRecoveryCodesResult,
} from '../../index.js'
import { decodeBase32, type TotpParameters } from '../../totp/index.js'
import { equal } from '../repository-bench.js'
import { administered, answered, type Move } from './move.js'
import { prove, signedIn, stepOf } from './proving.js'
import { needsPass } from './seeing.js'
import { type AppModel, LIMITS, type Moment, type UserModel } from './user-model.js'

/** What is done to authenticators and recovery codes. */

/** What apps show of the account. */
export const ACCOUNT_NAME = 'ada@example.com'

type Events = EnrollmentEventType[]

/** How a set-up is begun. */
export interface Begin {
  label: string
  setupId?: string | undefined
  pass?: string | undefined
  proof?: Proof | undefined
}

export const beginSetup = (options: Begin): Move<BeginSetupResult> => ({
  call: (leeway, userId) => leeway.beginSetup(userId, { accountName: ACCOUNT_NAME, ...options }),
  follow(user, answer, moment) {
    const { now, key } = moment
    const { setup: pending } = user
    const { setupId, label } = options
    if (user.stoppedAt === null && pending?.app && pending.id === setupId && now < pending.expiresAt) {
      const { id, expiresAt } = pending
      const { secret, keyUri } = pending.app
      answered(answer, { ok: true, setup: { id, secret, keyUri, expiresAt, resumed: true } }, 'resuming a set-up')
      return []
    }
    const { refusal, events } = mayBegin(user, options, moment)
    if (refusal !== null) {
      answered(answer, { ok: false, ...refusal }, 'beginning a set-up')
      return events
    }
    const expiresAt = now + LIMITS.setup.expiresAfterMs
    const told = answer?.ok === true ? answer.setup : null
    answered(answer, { ok: true, setup: { ...told, expiresAt, resumed: false } }, 'beginning a set-up')
    const app: AppModel | null = told && { secret: told.secret, keyUri: told.keyUri, digits: 6, period: 30 }
    const proven = user.authenticators.length > 0
    user.setup = { id: told?.id ?? null, label, app, expiresAt, triesLeft: LIMITS.setup.tries, proven, key }
    return [...events, 'setup-begun']
  },
})

/** Whether a fresh set-up may begin: what refuses it, or null, and what was used up or counted on the way. */
function mayBegin(
  user: UserModel,
  { pass, proof }: Begin,
  moment: Moment,
): { refusal: { reason: string; retryAt?: Instant } | null; events: Events } {
  const refused = (reason: string, ...events: Events) => ({ refusal: { reason }, events })
  if (user.stoppedAt !== null) return refused('suspended')
  if (user.authenticators.length >= LIMITS.maxAuthenticators) return refused('too-many-authenticators')
  if (user.authenticators.length > 0) {
    if (proof === undefined) return refused('proof-required')
    const { answer, events } = prove(user, proof, moment)
    return { refusal: answer.ok ? null : answer, events }
  }
  if (!needsPass(user, moment.now)) return { refusal: null, events: [] }
  if (pass === undefined) return refused('pass-required')
  const issued = user.pass
  if (issued === null || moment.now >= issued.expiresAt) return refused('invalid-pass')
  if (pass === issued.code) {
    user.pass = null
    return { refusal: null, events: ['pass-used'] }
  }
  if (pass.replaceAll('-', '').length !== 25) return refused('invalid-pass')
  issued.triesLeft--
  if (issued.triesLeft === 0) user.pass = null
  return refused('invalid-pass', 'pass-rejected')
}

export const confirmSetup = (code: string, setupId: string | undefined): Move<ConfirmSetupResult> => ({
  call: (leeway, userId) => leeway.confirmSetup(userId, code, { setupId }),
  follow(user, answer, { now, key }) {
    const { setup } = user
    const refused = (refusal: object, ...events: Events): Events => {
      answered(answer, { ok: false, ...refusal }, 'confirming a set-up')
      return events
    }
    if (user.stoppedAt !== null) return refused({ reason: 'suspended' })
    if (setup === null || (setupId !== undefined && setup.id !== setupId)) return refused({ reason: 'no-setup' })
    if (now >= setup.expiresAt) return refused({ reason: 'expired' })
    const { app, id, label } = setup
    const step = app && stepOf(app, code, now)
    if (app === null || step === null) {
      const isCode = /^\d{6}$/.test(code)
      if (isCode) setup.triesLeft--
      if (setup.triesLeft === 0) user.setup = null
      // A law: how far a phone's clock is off is told where the code is right there. It is not accepted for that.
      const { clockOffsetSeconds = null } = { ...answer } as { clockOffsetSeconds?: number | null }
      const there = now + (clockOffsetSeconds ?? 0) * 1000
      const isThere = clockOffsetSeconds === null || (app !== null && stepOf(app, code, there) !== null)
      equal(isThere, true, 'whether a phone whose clock is so far off shows this code')
      const refusal = { reason: 'invalid-code', triesLeft: setup.triesLeft, clockOffsetSeconds }
      return refused(refusal, ...(isCode ? (['setup-failed'] as const) : []))
    }
    const isFirst = user.authenticators.length === 0
    const { recoveryCodes = null } = answer?.ok === true ? answer : {}
    const told = { ok: true, authenticatorId: id, recoveryCodes, revokeOtherSessions: true }
    answered(answer, told, 'confirming a set-up')
    // The key of the set-up: what sealed its secret sealed the authenticator's.
    user.authenticators.push({ id, label, app, boundAt: now, lastUsedAt: null, lastStep: step, key: setup.key })
    user.setup = null
    if (isFirst) {
      endSessions(user, now)
      takeRecoveryCodes(user, recoveryCodes ?? undefined, key)
    } else answered(answer, { ...told, recoveryCodes: null }, 'confirming a further set-up')
    return [...signedIn(user, now), 'authenticator-bound']
  },
})

/** Fresh recovery codes; those of an answer that was lost are there, and nobody has them. */
function takeRecoveryCodes(user: UserModel, told: readonly string[] | undefined, key: number): void {
  const { count } = LIMITS.recoveryCodes
  const codes = told ?? Array.from({ length: count }, () => null)
  if (told !== undefined) equal(new Set(told).size, count, 'how many different recovery codes are told')
  user.recoveryCodes = codes.map((code) => ({ code, used: false, imported: false, key }))
}

/** Whoever is signed in must sign in again. This never moves back, whatever the clock does. */
export function endSessions(user: UserModel, now: Instant): void {
  user.sessionsValidFrom = Math.max(user.sessionsValidFrom ?? 0, now)
}

export const cancelSetup = (setupId: string | undefined): Move<null> => ({
  async call(leeway, userId) {
    await leeway.cancelSetup(userId, { setupId })
    return null
  },
  follow(user) {
    if (user.setup === null || (setupId !== undefined && user.setup.id !== setupId)) return []
    user.setup = null
    return ['setup-cancelled']
  },
})

export const renameAuthenticator = (authenticatorId: string, label: string): Move<AdminResult> => ({
  call: (leeway, userId) => leeway.renameAuthenticator(userId, authenticatorId, label),
  follow(user, answer, { now }) {
    const known = user.authenticators.find(({ id }) => id === authenticatorId)
    const changed = known !== undefined && known.label !== label
    if (known !== undefined) known.label = label
    administered(user, answer, { changed, now, what: 'another label' })
    return changed ? ['authenticator-renamed'] : []
  },
})

export const removeAuthenticator = (authenticatorId: string, proof: Proof): Move<RemoveAuthenticatorResult> => ({
  call: (leeway, userId) => leeway.removeAuthenticator(userId, authenticatorId, proof),
  follow(user, answer, moment) {
    const refused = (refusal: object, ...events: Events): Events => {
      answered(answer, { ok: false, ...refusal }, 'removing an authenticator')
      return events
    }
    if (user.stoppedAt !== null) return refused({ reason: 'suspended' })
    const isBound = user.authenticators.some(({ id }) => id === authenticatorId)
    if (!isBound) return refused({ reason: 'unknown-authenticator' })
    const isLast = user.authenticators.length === 1
    if (isLast && user.requirement !== null) return refused({ reason: 'last-authenticator' })
    const { answer: proven, events } = prove(user, proof, moment)
    if (!proven.ok) return refused(proven, ...events)
    unbind(user, authenticatorId)
    answered(answer, { ok: true }, 'removing an authenticator')
    return [...events, 'authenticator-removed']
  },
})

/** An authenticator is taken away, and a set-up that it may have proven; with the last one go the recovery codes. */
export function unbind(user: UserModel, authenticatorId: string): void {
  user.authenticators = user.authenticators.filter(({ id }) => id !== authenticatorId)
  user.setup = null
  if (user.authenticators.length === 0) user.recoveryCodes = []
}

export const replaceRecoveryCodes = (proof: Proof): Move<ReplaceRecoveryCodesResult> => ({
  call: (leeway, userId) => leeway.replaceRecoveryCodes(userId, proof),
  follow(user, answer, moment) {
    const { answer: proven, events } = prove(user, proof, moment)
    const told = answer?.ok === true ? answer.recoveryCodes : undefined
    answered(answer, proven.ok ? { ok: true, recoveryCodes: told } : proven, 'replacing recovery codes')
    if (!proven.ok) return events
    takeRecoveryCodes(user, told, moment.key)
    user.setup = null
    return [...events, 'recovery-codes-replaced']
  },
})

/** What is brought over from another system. */
export interface Import {
  app: AppModel
  parameters: TotpParameters
  lastStep: number | undefined
  recoveryCodes: readonly string[]
}

/** How the service says that one more is too many, which is the caller's mistake. */
const ONE_TOO_MANY = 'one too many'

export const importAuthenticator = (imported: Import): Move<AdminResult | typeof ONE_TOO_MANY> => ({
  async call(leeway, userId) {
    const { app, parameters, lastStep: lastTimeStep, recoveryCodes } = imported
    try {
      const authenticator = { secret: decodeBase32(app.secret), parameters, lastTimeStep, recoveryCodes }
      return await leeway.importAuthenticator(userId, authenticator)
    } catch (error) {
      if (error instanceof RangeError) return ONE_TOO_MANY
      throw error
    }
  },
  follow(user, answer, { now, key }) {
    const { app, lastStep = null } = imported
    const isBound = user.authenticators.some((one) => one.app.secret === app.secret)
    if (!isBound && user.authenticators.length >= LIMITS.maxAuthenticators) {
      answered(answer, ONE_TOO_MANY, 'an import')
      return []
    }
    if (!isBound) {
      const label = 'Authenticator app'
      user.authenticators.push({ id: null, label, app, boundAt: now, lastUsedAt: null, lastStep, key })
      const isFull = user.authenticators.length >= LIMITS.maxAuthenticators
      const isOver = user.setup !== null && now >= user.setup.expiresAt
      if (isOver || user.setup?.proven !== true || user.setup.app?.secret === app.secret || isFull) user.setup = null
      for (const code of imported.recoveryCodes) {
        const isKnown = user.recoveryCodes.some((one) => one.code === code)
        if (!isKnown) user.recoveryCodes.push({ code, used: false, imported: true, key })
      }
    }
    administered(user, answer as AdminResult | undefined, { changed: !isBound, now, what: 'an import' })
    return isBound ? [] : ['authenticator-imported']
  },
})
