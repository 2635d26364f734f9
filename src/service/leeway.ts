import type { SignInDecision } from '../enrollment/decision.js'
import type { EnrollmentEvent } from '../enrollment/events.js'
import type {
  BeginSetupResult,
  CodeResult,
  ConfirmSetupResult,
  Proof,
  RemoveAuthenticatorResult,
  ReplaceRecoveryCodesResult,
} from '../enrollment/results.js'
import type { AdminResult, EnrollmentStatus } from '../enrollment/status.js'
import type { Period, ResolvedTerms, Terms } from '../enrollment/terms.js'
import type { Note, UserId } from '../enrollment/user.js'
import type { Clock, EnrollmentRepository, Random, SecretCipher } from '../ports/index.js'
import type { Instant } from '../totp/instant.js'
import type { TotpParameters } from '../totp/parameters.js'
import type { Policy } from './policy.js'
import type { Rollout } from './rollout.js'

/** What {@link createLeeway} is made of. */
export interface LeewayOptions {
  /** the service's name in authenticator apps: 1 to 255 characters, no colon */
  issuer: string
  repository: EnrollmentRepository
  cipher: SecretCipher
  policy?: Policy | undefined
  /** by default the system's; read once in each call */
  clock?: Clock | undefined
  /**
   * Feeds secrets, codes, passes and ids; by default the platform's generator. Versions always come from the platform's,
   * so that two seeded services never repeat one.
   */
  random?: Random | undefined
  /** told after the commit; a listener that throws, rejects or hangs changes nothing */
  onEvents?: ((events: readonly EnrollmentEvent[]) => void | Promise<void>) | undefined
}

/** The service over a repository that can also be asked about everybody. */
export interface LeewayWithRollout extends Leeway {
  readonly rollout: Rollout
}

/**
 * MFA for users with different leeway. Every method is one atomic, durable write at most, decided on the latest record and
 * revealed only once it is saved; so every limit is exact however many processes share the store.
 *
 * A method rejects with a TypeError or RangeError that names the argument before anything is read or written, and with a
 * `LeewayError` where the store, the cipher or a record fails. An expected "no" is a returned `reason`.
 */
export interface Leeway {
  /**
   * Requires MFA under these terms from now on. The same terms again are unchanged and never restart a running period;
   * terms that differ but have the same period keep its dates; others replace the requirement. Terms resolved to
   * 'optional' act as {@link Leeway.makeOptional}.
   */
  requireEnrollment(userId: UserId, terms: Terms | ResolvedTerms, note?: Note): Promise<AdminResult>
  /**
   * Moves the deadline by -365 to 365 days, along the terms' calendar where they have one, or to an instant, which is
   * taken as it is. Reopens a period that is over; while a first sign-in is waited for it moves the cap; while suspended
   * it counts from now; an instant gone by makes the user overdue at once. Unchanged without a requirement.
   */
  changeDeadline(userId: UserId, change: { addDays: number } | { deadline: Instant }, note?: Note): Promise<AdminResult>
  /** Lays an exemption over whatever stands, for a reason of 1 to 1000 characters; `until` not ahead of now ends one. */
  exempt(userId: UserId, exemption: { until: Instant; reason: string }, note?: Note): Promise<AdminResult>
  /** Ends an exemption, uncovering the requirement with its old deadline. */
  endExemption(userId: UserId, note?: Note): Promise<AdminResult>
  /** Drops the requirement, not an exemption. */
  makeOptional(userId: UserId, note?: Note): Promise<AdminResult>
  /** Refuses every sign-in and stops the period's clock. */
  suspend(userId: UserId, note?: Note): Promise<AdminResult>
  /** Lets sign-ins happen again and the period run on with what was left. */
  resume(userId: UserId, note?: Note): Promise<AdminResult>
  /**
   * For a lost phone: drops authenticators, recovery codes and a pending set-up; keeps terms, exemption, suspension, an
   * unused pass and all failure counters (a disabled factor needs {@link Leeway.unlock} too). `grace` is chosen each time:
   * 'none' is set-up at the next sign-in, 'remaining' what is left of the old period, or a fresh period.
   */
  resetMfa(
    userId: UserId,
    options: { grace: 'none' | 'remaining' | Exclude<Period, 'none'> },
    note?: Note,
  ): Promise<AdminResult>
  /** Drops one authenticator without the user's proof; with the last one go the recovery codes. An unknown id: unchanged. */
  revokeAuthenticator(userId: UserId, authenticatorId: string, note?: Note): Promise<AdminResult>
  /** Clears locks and every counter, disabled factors and the rolling cap included. */
  unlock(userId: UserId, note?: Note): Promise<AdminResult>
  /** Makes a single-use code for the user, to be handed over out of band. It opens set-up only and replaces an older one. */
  issuePass(userId: UserId, note?: Note): Promise<{ pass: string; expiresAt: Instant }>

  /**
   * Decides what a right password leads to, and records the first sign-in under a requirement. Call it on every path that
   * makes a session: password, SSO callback, password reset, remember-me, token exchange. `sensitive`: what is asked for
   * must not be reached without MFA, inside the period either.
   */
  signIn(userId: UserId, options?: { sensitive?: boolean | undefined }): Promise<SignInDecision>
  /** The same for a session that exists; writes nothing. Ask it on every request: terms change while sessions live. */
  decide(userId: UserId, options?: { sensitive?: boolean | undefined }): Promise<SignInDecision>
  /**
   * "Not now". Answers for this sign-in, so that the last one accepted still lets it in (`offer-setup`, 0 left); the next
   * sign-in is `require-setup`, 'postponements-used'. `signInId` is the host's name for the sign-in, 1 to 255 characters:
   * the same one counts once (the last twenty are remembered).
   */
  postponeSetup(userId: UserId, options?: { signInId?: string | undefined }): Promise<SignInDecision>
  /**
   * Checks a code against every bound authenticator. Call it only for somebody whose password was right: then a lock is a
   * sign that the password is known, and nobody else can cause one. A code is accepted at most once.
   */
  verifyCode(userId: UserId, code: unknown): Promise<CodeResult>
  /** Checks a recovery code and uses it up. */
  useRecoveryCode(userId: UserId, recoveryCode: unknown): Promise<CodeResult>

  /**
   * Begins a set-up with a fresh secret, which ends an older one; with the `setupId` of the pending set-up: the same
   * secret again (`resumed`), neither pass nor proof needed. `accountName` is what the app shows (1 to 255 characters, no
   * colon), `label` (1 to 100 characters) what the user knows the authenticator by. `proof` is needed once an
   * authenticator is bound and is used up in the same write.
   */
  beginSetup(
    userId: UserId,
    options: {
      accountName: string
      label?: string | undefined
      setupId?: string | undefined
      pass?: unknown
      proof?: Proof | undefined
    },
  ): Promise<BeginSetupResult>
  /** Binds the pending set-up by its first code; with `setupId` only that one. Five wrong codes drop it and lock nothing. */
  confirmSetup(userId: UserId, code: unknown, options?: { setupId?: string | undefined }): Promise<ConfirmSetupResult>
  /** Drops the pending set-up; with `setupId` only that one. */
  cancelSetup(userId: UserId, options?: { setupId?: string | undefined }): Promise<void>
  /** Changes an authenticator's label, 1 to 100 characters. An unknown id: unchanged. */
  renameAuthenticator(userId: UserId, authenticatorId: string, label: string): Promise<AdminResult>
  /** Removes one of the user's own authenticators. The last one under a standing requirement stays. */
  removeAuthenticator(userId: UserId, authenticatorId: string, proof: Proof): Promise<RemoveAuthenticatorResult>
  /** Makes the recovery codes anew; the old ones are worth nothing from then on. */
  replaceRecoveryCodes(userId: UserId, proof: Proof): Promise<ReplaceRecoveryCodesResult>

  /**
   * Brings an authenticator over from another system, already proven there. `secret` is 10 to 128 bytes, `boundAt` not
   * ahead of now, `lastTimeStep` the last one used there, so that its code is not accepted again here. Recovery codes come
   * in the clear, 8 to 64 letters and digits each, at most 50 each time, and are digested; one that is there already is not
   * added. A secret already bound is unchanged: an import may be run twice.
   */
  importAuthenticator(
    userId: UserId,
    authenticator: {
      secret: Uint8Array
      label?: string | undefined
      boundAt?: Instant | undefined
      lastTimeStep?: number | undefined
      parameters?: TotpParameters | undefined
      recoveryCodes?: readonly string[] | undefined
    },
    note?: Note,
  ): Promise<AdminResult>

  /** All that may be shown of a user. */
  status(userId: UserId): Promise<EnrollmentStatus>
  /** Erases everything stored about the user, audit events included; a later sign-in is a new user's. */
  forget(userId: UserId): Promise<void>
}
