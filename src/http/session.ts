import { assertInstant, assertObject, assertOneOf, assertText } from '../assert.js'
import type { Instant, SignInDecision, UserId } from '../index.js'

/**
 * How far the host's session has come:
 * - `password`: the first factor only
 * - `setup`: may reach set-up and nothing else
 * - `challenge`: must show a code first
 * - `mfa`: a code was shown in this session
 */
export type SessionLevel = 'password' | 'setup' | 'challenge' | 'mfa'

/** Who is asking, as the host's session has it. */
export interface Identity {
  userId: UserId
  level: SessionLevel
  /** what authenticator apps show: 1 to 255 characters, no colon */
  accountName: string
  /** when the session was made or last raised; from whole seconds (a token's `iat`), that second's end */
  signedInAt: Instant
  administrator?: boolean | undefined
  /** the pending set-up that this session began, as `sessions.rememberSetup` was told */
  setupId?: string | null | undefined
}

const LEVELS = ['password', 'setup', 'challenge', 'mfa'] as const

/**
 * The level to make a session at, by what `signIn` answered; null: make none. Call `signIn` after every first factor
 * (password, SSO callback, password reset, remember-me, token exchange), and give no session another level.
 *
 * @example
 * ```ts
 * const level = levelFor(await leeway.signIn('ada'))
 * console.log(level) // password
 * ```
 */
export function levelFor(decision: SignInDecision): SessionLevel | null {
  switch (decision.action) {
    case 'deny':
      return null
    case 'challenge':
      return 'challenge'
    case 'require-setup':
      return 'setup'
    case 'offer-setup':
    case 'allow':
      return 'password'
  }
}

/** Refuses what the host's `identify` must not answer: nothing that is unclear may pass for a session. */
export function assertIdentity(value: unknown): asserts value is Identity {
  assertObject(value, 'identity')
  assertText(value['userId'], 'identity.userId', 1, 255)
  assertOneOf(value['level'], 'identity.level', LEVELS)
  assertText(value['accountName'], 'identity.accountName', 1, 255)
  assertInstant(value['signedInAt'], 'identity.signedInAt')
  const { setupId = null } = value
  if (setupId !== null && typeof setupId !== 'string') throw new TypeError('identity.setupId must be a string or null')
}
