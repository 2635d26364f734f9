import type * as leeway from '../../src/index.js'
import type * as totp from '../../src/totp/index.js'
import type * as Contract from './contract.js'

// No test runs here: the compiler accepts this file if and only if the sources keep the contract.

type Agrees<Ours, Agreed> = [Ours] extends [Agreed]
  ? [Agreed] extends [Ours]
    ? true
    : 'the contract allows what the sources refuse'
  : 'the sources allow what the contract refuses'

// Options may be taken more freely than was agreed.
type Accepts<Ours, Agreed> = [Agreed] extends [Ours] ? true : 'the contract allows what the sources refuse'

type All<Checks extends Record<string, true>> = Checks

/** Every type of the contract means the same in the sources. */
export type Types = All<{
  AdminResult: Agrees<leeway.AdminResult, Contract.AdminResult>
  ApplyTo: Agrees<leeway.ApplyTo, Contract.ApplyTo>
  AssignFailure: Agrees<leeway.AssignFailure, Contract.AssignFailure>
  AssignProgress: Agrees<leeway.AssignProgress, Contract.AssignProgress>
  AssignedUser: Agrees<leeway.AssignedUser, Contract.AssignedUser>
  BeginSetupResult: Agrees<leeway.BeginSetupResult, Contract.BeginSetupResult>
  Calendar: Agrees<leeway.Calendar, Contract.Calendar>
  CodeResult: Agrees<leeway.CodeResult, Contract.CodeResult>
  ConfirmSetupResult: Agrees<leeway.ConfirmSetupResult, Contract.ConfirmSetupResult>
  Enrollment: Agrees<leeway.Enrollment, Contract.Enrollment>
  EnrollmentChange: Agrees<leeway.EnrollmentChange, Contract.EnrollmentChange>
  EnrollmentDirectory: Agrees<leeway.EnrollmentDirectory, Contract.EnrollmentDirectory>
  EnrollmentEvent: Agrees<leeway.EnrollmentEvent, Contract.EnrollmentEvent>
  EnrollmentEventType: Agrees<leeway.EnrollmentEventType, Contract.EnrollmentEventType>
  EnrollmentIndex: Agrees<leeway.EnrollmentIndex, Contract.EnrollmentIndex>
  EnrollmentRepository: Agrees<leeway.EnrollmentRepository, Contract.EnrollmentRepository>
  EnrollmentStatus: Agrees<leeway.EnrollmentStatus, Contract.EnrollmentStatus>
  Explanation: Agrees<leeway.Explanation, Contract.Explanation>
  Instant: Agrees<leeway.Instant, Contract.Instant>
  KeyRotation: Agrees<leeway.KeyRotation, Contract.KeyRotation>
  Leeway: Agrees<leeway.Leeway, Contract.Leeway>
  LeewayOptions: Accepts<leeway.LeewayOptions, Contract.LeewayOptions>
  LeewayWithRollout: Agrees<leeway.LeewayWithRollout, Contract.LeewayWithRollout>
  LockState: Agrees<leeway.LockState, Contract.LockState>
  Note: Agrees<leeway.Note, Contract.Note>
  Period: Agrees<leeway.Period, Contract.Period>
  Phase: Agrees<leeway.Phase, Contract.Phase>
  Policy: Accepts<leeway.Policy, Contract.Policy>
  Proof: Agrees<leeway.Proof, Contract.Proof>
  Refusal: Agrees<leeway.Refusal, Contract.Refusal>
  Reminder: Agrees<leeway.Reminder, Contract.Reminder>
  RemoveAuthenticatorResult: Agrees<leeway.RemoveAuthenticatorResult, Contract.RemoveAuthenticatorResult>
  ReplaceRecoveryCodesResult: Agrees<leeway.ReplaceRecoveryCodesResult, Contract.ReplaceRecoveryCodesResult>
  ResolvedTerms: Agrees<leeway.ResolvedTerms, Contract.ResolvedTerms>
  Rollout: Agrees<leeway.Rollout, Contract.Rollout>
  RolloutFilter: Agrees<leeway.RolloutFilter, Contract.RolloutFilter>
  RolloutPreview: Agrees<leeway.RolloutPreview, Contract.RolloutPreview>
  SecretCipher: Agrees<leeway.SecretCipher, Contract.SecretCipher>
  SecretContext: Agrees<leeway.SecretContext, Contract.SecretContext>
  SignInDecision: Agrees<leeway.SignInDecision, Contract.SignInDecision>
  Terms: Agrees<leeway.Terms, Contract.Terms>
  TermsFor: Agrees<leeway.TermsFor, Contract.TermsFor>
  TermsLayer: Agrees<leeway.TermsLayer, Contract.TermsLayer>
  UserId: Agrees<leeway.UserId, Contract.UserId>
  UserIds: Agrees<leeway.UserIds, Contract.UserIds>
  Weekday: Agrees<leeway.Weekday, Contract.Weekday>
  DriftWindow: Agrees<totp.DriftWindow, Contract.DriftWindow>
  HashAlgorithm: Agrees<totp.HashAlgorithm, Contract.HashAlgorithm>
  HotpParameters: Agrees<totp.HotpParameters, Contract.HotpParameters>
  KeyUri: Agrees<totp.KeyUri, Contract.KeyUri>
  TotpCheck: Agrees<totp.TotpCheck, Contract.TotpCheck>
  TotpParameters: Agrees<totp.TotpParameters, Contract.TotpParameters>
  TotpVerification: Agrees<totp.TotpVerification, Contract.TotpVerification>
}>

type Fits<Ours extends Agreed, Agreed> = Ours

/** Every value can be used as the contract says. */
export type Values = [
  Fits<
    typeof leeway,
    Pick<typeof Contract, 'LeewayError' | 'aesGcmCipher' | 'createLeeway' | 'phaseOf' | 'resolveTerms'>
  >,
  Fits<
    typeof totp,
    Pick<
      typeof Contract,
      | 'decodeBase32'
      | 'encodeBase32'
      | 'formatKeyUri'
      | 'generateHotp'
      | 'generateSecret'
      | 'generateTotp'
      | 'parseKeyUri'
      | 'prepareTotp'
      | 'timeStepAt'
      | 'verifyHotp'
      | 'verifyTotp'
    >
  >,
]
