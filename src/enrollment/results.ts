import type { Instant } from '../totp/instant.js'

/** What any check of a code can answer besides yes. A wrong, a replayed, a malformed code and an unknown user look the same. */
export type Refusal =
  | { ok: false; reason: 'invalid-code' | 'disabled' | 'suspended' }
  /** `retryAt`: the first instant at which a code is looked at again */
  | { ok: false; reason: 'locked'; retryAt: Instant }

/** What checking a code answers. `failuresSinceLastSuccess` lets the host warn the user of somebody else's guesses. */
export type CodeResult =
  | {
      ok: true
      method: 'totp' | 'recovery-code'
      /** null for a recovery code */
      authenticatorId: string | null
      recoveryCodesLeft: number
      failuresSinceLastSuccess: number
    }
  | Refusal

/** What beginning a set-up answers. */
export type BeginSetupResult =
  /**
   * `id` stays with the host's set-up session and names the set-up from then on; it becomes the authenticator's id.
   * `secret` is base32; `resumed`: the same secret as before.
   */
  | { ok: true; setup: { id: string; secret: string; keyUri: string; expiresAt: Instant; resumed: boolean } }
  | { ok: false; reason: 'pass-required' | 'invalid-pass' | 'proof-required' | 'too-many-authenticators' }
  | Refusal

/** What confirming a set-up answers. */
export type ConfirmSetupResult =
  /**
   * `recoveryCodes`: shown once, with the first authenticator; null when adding another. The host ends the user's other
   * sessions.
   */
  | { ok: true; authenticatorId: string; recoveryCodes: readonly string[] | null; revokeOtherSessions: true }
  /**
   * `clockOffsetSeconds`: set when the code is right for another time nearby: the phone's clock is off by about this much,
   * fast where it is positive. Never accepted, only told.
   */
  | { ok: false; reason: 'invalid-code'; triesLeft: number; clockOffsetSeconds: number | null }
  | { ok: false; reason: 'no-setup' | 'expired' | 'suspended' }

/** What removing an authenticator answers. */
export type RemoveAuthenticatorResult =
  | { ok: true }
  | { ok: false; reason: 'last-authenticator' | 'unknown-authenticator' }
  | Refusal

/** What replacing the recovery codes answers: the new ones, shown once. */
export type ReplaceRecoveryCodesResult = { ok: true; recoveryCodes: readonly string[] } | Refusal

/** Shows that whoever asks holds a bound authenticator or a recovery code; consumed in the same write. */
export type Proof = { code: unknown } | { recoveryCode: unknown }
