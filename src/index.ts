/**
 * MFA for auth servers, rolled out without locking people out: the service, its policy, and the ports that applications
 * plug their persistence into.
 *
 * @module
 */
export { type AesGcmCipherOptions, aesGcmCipher, type CipherKey } from './cipher/aes-gcm.js'
export type { Calendar, Weekday } from './enrollment/calendar.js'
export type { ChallengeMethod, SignInDecision } from './enrollment/decision.js'
export type { EnrollmentEvent, EnrollmentEventType } from './enrollment/events.js'
export type { LockState } from './enrollment/locks.js'
export { type EnrollmentIndex, type Phase, phaseOf } from './enrollment/phase.js'
export { resolveTerms, type TermsLayer } from './enrollment/resolve.js'
export type {
  BeginSetupResult,
  CodeResult,
  ConfirmSetupResult,
  Proof,
  Refusal,
  RemoveAuthenticatorResult,
  ReplaceRecoveryCodesResult,
} from './enrollment/results.js'
export type { AdminResult, EnrollmentStatus } from './enrollment/status.js'
export type { ApplyTo, Explanation, Period, ResolvedTerms, SelfEnrollment, Terms } from './enrollment/terms.js'
export type { Note, UserId } from './enrollment/user.js'
export { LeewayError, type LeewayErrorCode } from './errors.js'
export type { Signal } from './platform.js'
export type {
  DirectoryQuery,
  DueQuery,
  DueReminder,
  EnrollmentDirectory,
  Movement,
  PhaseCounts,
  RolloutFilter,
  Totals,
} from './ports/directory.js'
export type {
  Clock,
  Enrollment,
  EnrollmentChange,
  EnrollmentRepository,
  Random,
  SecretCipher,
  SecretContext,
  StoredEnrollment,
} from './ports/index.js'
export { movementOf } from './record/movements.js'
export type { AssignedUser, AssignProgress } from './service/assign.js'
export { createLeeway } from './service/create-leeway.js'
export type { UserIds } from './service/id-stream.js'
export type { Leeway, LeewayOptions, LeewayWithRollout } from './service/leeway.js'
export type { Policy } from './service/policy.js'
export type { RolloutPreview } from './service/preview.js'
export type { ForecastDay, ProgressDay } from './service/reports.js'
export type { Rollout } from './service/rollout.js'
export type { KeyRotation } from './service/rotate-keys.js'
export type { Reminder, SendReminder } from './service/send-reminders.js'
export type { AssignFailure, TermsFor } from './service/walk.js'
export type { Instant } from './totp/instant.js'
export type { DriftWindow, HashAlgorithm, HotpParameters, TotpParameters } from './totp/parameters.js'
