import type { SignInDecision } from '../index.js'
import type { Identity, SessionLevel } from './session.js'

/** Why a session may not go on. */
export type Stop = 'suspended' | 'setup-required' | 'challenge-required' | 'sign-in-again'

/** What a session of each level meets under each decision; null: it may pass. */
const STOPS: Record<SignInDecision['action'], Record<SessionLevel, Stop | null>> = {
  deny: { password: 'suspended', setup: 'suspended', challenge: 'suspended', mfa: 'suspended' },
  challenge: { password: 'challenge-required', setup: 'sign-in-again', challenge: 'challenge-required', mfa: null },
  'require-setup': {
    password: 'setup-required',
    setup: 'setup-required',
    challenge: 'sign-in-again',
    mfa: 'setup-required',
  },
  'offer-setup': { password: null, setup: 'setup-required', challenge: 'sign-in-again', mfa: null },
  allow: { password: null, setup: 'setup-required', challenge: 'sign-in-again', mfa: null },
}

/**
 * Why this session may not go on, or null. One made before `sessionsValidFrom` must sign in again whatever else holds: that
 * is how a reset, a suspension or a first set-up ends sessions that the host cannot reach.
 */
export function stopOf({ level, signedInAt }: Identity, decision: SignInDecision): Stop | null {
  const { action, sessionsValidFrom } = decision
  if (sessionsValidFrom !== null && signedInAt < sessionsValidFrom) return 'sign-in-again'
  return STOPS[action][level]
}
