/**
 * The contract of this release, as it was agreed before the code was written: names, shapes and outcomes. The sources
 * are checked against it in contract.test-d.ts. It changes only together with a note in the CHANGELOG.
 */

export type Instant = number
export type UserId = string
export interface Note {
  actor?: string | undefined
  reason?: string | undefined
  force?: boolean | undefined
}
export type HashAlgorithm = 'SHA1' | 'SHA256' | 'SHA512'
export interface HotpParameters {
  algorithm?: HashAlgorithm | undefined
  digits?: 6 | 7 | 8 | undefined
}
export interface TotpParameters extends HotpParameters {
  period?: number | undefined
  t0?: number | undefined
}
export interface DriftWindow {
  past: number
  future: number
}
export interface TotpCheck extends TotpParameters {
  now: Instant
  window?: DriftWindow | number | undefined
  afterTimeStep?: number | undefined
}
export type TotpVerification =
  | {
      ok: true
      timeStep: number
      delta: number
    }
  | {
      ok: false
      reason: 'malformed' | 'mismatch' | 'replayed'
    }
export declare function generateSecret(byteLength?: number): Uint8Array
export declare function encodeBase32(bytes: Uint8Array): string
export declare function decodeBase32(text: string): Uint8Array
export declare function timeStepAt(now: Instant, parameters?: TotpParameters): number
export declare function generateHotp(secret: Uint8Array, counter: number, parameters?: HotpParameters): string
export declare function verifyHotp(
  secret: Uint8Array,
  code: unknown,
  check: HotpParameters & {
    counter: number
    lookAhead?: number | undefined
  },
):
  | {
      ok: true
      counter: number
    }
  | {
      ok: false
      reason: 'malformed' | 'mismatch'
    }
export declare function generateTotp(secret: Uint8Array, now: Instant, parameters?: TotpParameters): string
export declare function verifyTotp(secret: Uint8Array, code: unknown, check: TotpCheck): TotpVerification
export declare function prepareTotp(
  secret: Uint8Array,
  parameters?: TotpParameters,
): {
  generate(now: Instant): string
  verify(code: unknown, check: Omit<TotpCheck, keyof TotpParameters>): TotpVerification
}
export interface KeyUri extends TotpParameters {
  secret: Uint8Array
  issuer: string
  accountName: string
}
export declare function formatKeyUri(key: KeyUri): string
export declare function parseKeyUri(uri: string): KeyUri
export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday'
export interface Calendar {
  timeZone: string
  avoid?: readonly Weekday[] | undefined
  holidays?: readonly string[] | undefined
}
export type Period =
  | 'none'
  | {
      days: number
      start?: 'now' | 'first-sign-in' | Instant | undefined
      capDays?: number | undefined
      calendar?: Calendar | undefined
    }
  | {
      deadline: Instant
      start?: 'now' | Instant | undefined
    }
export interface Terms {
  period: Period
  selfEnrollment?: 'always' | 'during-period' | 'with-pass' | undefined
  postponements?: number | undefined
}
export interface ResolvedTerms {
  terms: Terms | 'optional'
  since?: Instant | undefined
  because: readonly Explanation[]
}
export type Phase = 'optional' | 'exempt' | 'scheduled' | 'enrollment-period' | 'overdue' | 'enrolled' | 'suspended'
export interface EnrollmentStatus {
  userId: UserId
  phase: Phase
  requirement: null | {
    assignedAt: Instant
    startsAt: Instant | null
    deadline: Instant
    daysLeft: number
    selfEnrollment: 'always' | 'during-period' | 'with-pass'
    postponementsLeft: number | null
    because: readonly Explanation[]
  }
  exemption: null | {
    until: Instant
    reason: string
  }
  authenticators: readonly {
    id: string
    label: string
    boundAt: Instant
    lastUsedAt: Instant | null
  }[]
  recoveryCodesLeft: number
  setup: null | {
    expiresAt: Instant
  }
  lock: {
    totp: LockState
    recovery: LockState
  }
}
export type LockState =
  | {
      state: 'open'
    }
  | {
      state: 'locked'
      until: Instant
    }
  | {
      state: 'disabled'
    }
export interface Explanation {
  source: string
  scope: 'user' | 'group' | 'organization' | 'rule'
  deadline: Instant | null
  outcome: 'applied' | 'overridden'
  text: string
}
export type SignInDecision = {
  phase: Phase
  deadline: Instant | null
  daysLeft: number | null
  sessionsValidFrom: Instant | null
} & (
  | {
      action: 'allow'
    }
  | {
      action: 'offer-setup'
      postponementsLeft: number | null
      passRequired: boolean
    }
  | {
      action: 'require-setup'
      reason: 'overdue' | 'postponements-used' | 'sensitive'
      passRequired: boolean
    }
  | {
      action: 'challenge'
      methods: readonly {
        method: 'totp' | 'recovery-code'
        lockedUntil: Instant | null
      }[]
    }
  | {
      action: 'deny'
      reason: 'suspended'
    }
)
export type CodeResult =
  | {
      ok: true
      method: 'totp' | 'recovery-code'
      authenticatorId: string | null
      recoveryCodesLeft: number
      failuresSinceLastSuccess: number
    }
  | Refusal
export type Refusal =
  | {
      ok: false
      reason: 'invalid-code' | 'disabled' | 'suspended'
    }
  | {
      ok: false
      reason: 'locked'
      retryAt: Instant
    }
export type BeginSetupResult =
  | {
      ok: true
      setup: {
        id: string
        secret: string
        keyUri: string
        expiresAt: Instant
        resumed: boolean
      }
    }
  | {
      ok: false
      reason: 'pass-required' | 'invalid-pass' | 'proof-required' | 'too-many-authenticators'
    }
  | Refusal
export type ConfirmSetupResult =
  | {
      ok: true
      authenticatorId: string
      recoveryCodes: readonly string[] | null
      revokeOtherSessions: true
    }
  | {
      ok: false
      reason: 'invalid-code'
      triesLeft: number
      clockOffsetSeconds: number | null
    }
  | {
      ok: false
      reason: 'no-setup' | 'expired' | 'suspended'
    }
export type RemoveAuthenticatorResult =
  | {
      ok: true
    }
  | {
      ok: false
      reason: 'last-authenticator' | 'unknown-authenticator'
    }
  | Refusal
export type ReplaceRecoveryCodesResult =
  | {
      ok: true
      recoveryCodes: readonly string[]
    }
  | Refusal
export type AdminResult = EnrollmentStatus & {
  changed: boolean
}
export interface Policy {
  totp?:
    | (TotpParameters & {
        window?: DriftWindow | number | undefined
      })
    | undefined
  newUsers?: 'optional' | Terms | undefined
  setup?:
    | {
        expiresAfterMs?: number | undefined
        tries?: number | undefined
      }
    | undefined
  lock?:
    | {
        afterFailures?: number | undefined
        forMs?: readonly number[] | undefined
        disableAfterFailures?: number | undefined
        rollingCap?:
          | {
              failures: number
              days: number
            }
          | undefined
      }
    | undefined
  recoveryCodes?:
    | {
        count?: number | undefined
      }
    | undefined
  maxAuthenticators?: number | undefined
  pass?:
    | {
        expiresAfterMs?: number | undefined
        tries?: number | undefined
      }
    | undefined
  reminders?:
    | {
        daysBefore?: readonly number[] | undefined
        leaseMs?: number | undefined
      }
    | undefined
  maxGrantedDays?: number | undefined
  protect?: ((userId: UserId) => boolean | Promise<boolean>) | undefined
}
export interface LeewayOptions {
  issuer: string
  repository: EnrollmentRepository
  cipher: SecretCipher
  policy?: Policy | undefined
  clock?: (() => Instant) | undefined
  random?: ((byteLength: number) => Uint8Array) | undefined
  onEvents?: ((events: readonly EnrollmentEvent[]) => void | Promise<void>) | undefined
}
export interface LeewayWithRollout extends Leeway {
  readonly rollout: Rollout
}
export declare function createLeeway(
  options: LeewayOptions & { repository: EnrollmentRepository & EnrollmentDirectory },
): LeewayWithRollout
export declare function createLeeway(options: LeewayOptions): Leeway
/** `rotateKeys` alone: the rest of the roll-out comes with a later release. */
export interface Rollout {
  assign(
    userIds: UserIds,
    terms: TermsFor,
    options?: Note & {
      applyTo?: ApplyTo | undefined
      onUser?: ((user: AssignedUser) => void) | undefined
      onProgress?: ((done: AssignProgress) => void) | undefined
      signal?: Signal | undefined
    },
  ): Promise<AssignProgress>
  preview(
    userIds: UserIds,
    terms: TermsFor,
    options?: {
      applyTo?: ApplyTo | undefined
      force?: boolean | undefined
      onUser?: ((user: AssignedUser) => void) | undefined
      signal?: Signal | undefined
    },
  ): Promise<RolloutPreview>
  list(
    filter?: RolloutFilter,
    page?: { after?: UserId | undefined; limit?: number | undefined },
  ): Promise<{ users: readonly EnrollmentStatus[]; next: UserId | null }>
  counts(): Promise<PhaseCounts>
  forecast(options: { days: number; timeZone: string }): Promise<readonly { date: string; deadlines: number }[]>
  progress(options: {
    days: number
    timeZone: string
  }): Promise<readonly { date: string; enrolled: number; required: number }[]>
  history(
    userId: UserId,
    page?: { after?: string | undefined; limit?: number | undefined },
  ): Promise<{ events: readonly EnrollmentEvent[]; next: string | null }>
  pruneHistory(options: { before: Instant }): Promise<{ removed: number }>
  exportCsv(filter?: RolloutFilter): AsyncIterable<string>
  sendReminders(
    send: (reminder: Reminder, context: { signal: Signal }) => Promise<void>,
    options?: { signal?: Signal | undefined; concurrency?: number | undefined },
  ): Promise<{ sent: number; failed: number }>
  rotateKeys(options?: {
    onProgress?: ((done: KeyRotation) => void) | undefined
    signal?: Signal | undefined
  }): Promise<KeyRotation>
}
/** What is used of the platform's `AbortSignal`, which the contract names. */
export interface Signal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}
export type UserIds = Iterable<UserId> | AsyncIterable<UserId>
export type ApplyTo = 'new' | 'shorten' | 'extend' | 'replace'
export type TermsFor =
  | Terms
  | ResolvedTerms
  | ((userId: UserId) => Terms | ResolvedTerms | Promise<Terms | ResolvedTerms>)
export type AssignedUser =
  | { userId: UserId; outcome: 'changed' | 'unchanged'; status: EnrollmentStatus }
  | { userId: UserId; outcome: 'failed'; code: AssignFailure; message: string }
export type AssignFailure = 'ERR_USER_ID' | 'ERR_TERMS' | LeewayError['code']
export interface AssignProgress {
  done: number
  changed: number
  unchanged: number
  failedCount: number
  failed: readonly { userId: UserId; code: AssignFailure }[]
  stoppedBy: null | 'signal' | 'store'
}
export interface RolloutPreview {
  users: number
  changed: number
  unchanged: number
  failedCount: number
  failed: readonly { userId: UserId; code: AssignFailure }[]
  byPhase: Record<Phase, number>
  alreadyEnrolled: number
  stoppedNow: readonly UserId[]
  stoppedNowCount: number
  stoppedWithinSevenDays: number
  warnings: readonly ('everyone-stopped' | 'everyone-needs-a-pass')[]
}
export interface Reminder {
  key: string
  userId: UserId
  deadline: Instant
  daysBefore: number
  daysLeft: number
}
export interface KeyRotation {
  scanned: number
  resealed: number
  digestsUnderOldKeys: number
}
export interface RolloutFilter {
  phase?: Phase | undefined
  deadlineBefore?: Instant | undefined
  locked?: boolean | undefined
  userIdPrefix?: string | undefined
}
export type PhaseCounts = Record<Phase, number> & { total: number; locked: number }
/** What this release asks of a directory; it may grow. */
export interface EnrollmentDirectory {
  findMany(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, { enrollment: Enrollment; version: string }>>
  saveMany(changes: readonly EnrollmentChange[]): Promise<readonly ('saved' | 'conflict')[]>
  list(
    query: RolloutFilter & { now: Instant; after: UserId | null; limit: number },
  ): Promise<readonly { enrollment: Enrollment; version: string }[]>
  counts(now: Instant): Promise<PhaseCounts>
  deadlines(query: { edges: readonly Instant[]; now: Instant }): Promise<readonly number[]>
  due(query: {
    now: Instant
    after: { remindAt: Instant; userId: UserId } | null
    limit: number
  }): Promise<readonly { userId: UserId; remindAt: Instant }[]>
  movements(from: Instant): AsyncIterable<{ at: Instant; enrolled: number; required: number }>
  totals(): Promise<{ enrolled: number; required: number }>
  history(userId: UserId, page: { after: string | null; limit: number }): Promise<readonly EnrollmentEvent[]>
  pruneHistory(before: Instant): Promise<number>
  prunedBefore(): Promise<Instant | null>
}
export interface Leeway {
  requireEnrollment(userId: UserId, terms: Terms | ResolvedTerms, note?: Note): Promise<AdminResult>
  changeDeadline(
    userId: UserId,
    change:
      | {
          addDays: number
        }
      | {
          deadline: Instant
        },
    note?: Note,
  ): Promise<AdminResult>
  exempt(
    userId: UserId,
    exemption: {
      until: Instant
      reason: string
    },
    note?: Note,
  ): Promise<AdminResult>
  endExemption(userId: UserId, note?: Note): Promise<AdminResult>
  makeOptional(userId: UserId, note?: Note): Promise<AdminResult>
  suspend(userId: UserId, note?: Note): Promise<AdminResult>
  resume(userId: UserId, note?: Note): Promise<AdminResult>
  resetMfa(
    userId: UserId,
    options: {
      grace: 'none' | 'remaining' | Exclude<Period, 'none'>
    },
    note?: Note,
  ): Promise<AdminResult>
  revokeAuthenticator(userId: UserId, authenticatorId: string, note?: Note): Promise<AdminResult>
  unlock(userId: UserId, note?: Note): Promise<AdminResult>
  issuePass(
    userId: UserId,
    note?: Note,
  ): Promise<{
    pass: string
    expiresAt: Instant
  }>
  signIn(
    userId: UserId,
    options?: {
      sensitive?: boolean | undefined
    },
  ): Promise<SignInDecision>
  decide(
    userId: UserId,
    options?: {
      sensitive?: boolean | undefined
    },
  ): Promise<SignInDecision>
  postponeSetup(
    userId: UserId,
    options?: {
      signInId?: string | undefined
    },
  ): Promise<SignInDecision>
  verifyCode(userId: UserId, code: unknown): Promise<CodeResult>
  useRecoveryCode(userId: UserId, recoveryCode: unknown): Promise<CodeResult>
  beginSetup(
    userId: UserId,
    options: {
      accountName: string
      label?: string | undefined
      setupId?: string | undefined
      pass?: unknown | undefined
      proof?: Proof | undefined
    },
  ): Promise<BeginSetupResult>
  confirmSetup(
    userId: UserId,
    code: unknown,
    options?: {
      setupId?: string | undefined
    },
  ): Promise<ConfirmSetupResult>
  cancelSetup(
    userId: UserId,
    options?: {
      setupId?: string | undefined
    },
  ): Promise<void>
  renameAuthenticator(
    userId: UserId,
    authenticatorId: string,
    label: string,
  ): Promise<
    EnrollmentStatus & {
      changed: boolean
    }
  >
  removeAuthenticator(userId: UserId, authenticatorId: string, proof: Proof): Promise<RemoveAuthenticatorResult>
  replaceRecoveryCodes(userId: UserId, proof: Proof): Promise<ReplaceRecoveryCodesResult>
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
  status(userId: UserId): Promise<EnrollmentStatus>
  forget(userId: UserId): Promise<void>
}
export type Proof =
  | {
      code: unknown
    }
  | {
      recoveryCode: unknown
    }
export interface EnrollmentRepository {
  find(userId: UserId): Promise<{
    enrollment: Enrollment
    version: string
  } | null>
  save(change: EnrollmentChange): Promise<'saved' | 'conflict'>
  remove(userId: UserId, expected: string): Promise<'removed' | 'conflict'>
}
export interface EnrollmentChange {
  userId: UserId
  enrollment: Enrollment
  index: EnrollmentIndex
  version: string
  expected: string | null
  events: readonly EnrollmentEvent[]
}
export interface EnrollmentIndex {
  required: boolean
  startsAt: Instant | null
  deadline: Instant | null
  exemptUntil: Instant | null
  suspended: boolean
  enrolledAt: Instant | null
  lockedUntil: Instant | null
  remindAt: Instant | null
}
export declare function phaseOf(index: EnrollmentIndex, now: Instant): Phase
export interface Enrollment {
  readonly schemaVersion: number
  readonly userId: UserId
}
export interface EnrollmentEvent {
  id: string
  type: EnrollmentEventType
  userId: UserId
  at: Instant
  actor: string | null
  reason: string | null
  details: Readonly<Record<string, string | number | boolean | null>>
}
export type EnrollmentEventType =
  | 'requirement-assigned'
  | 'first-sign-in'
  | 'period-started'
  | 'deadline-changed'
  | 'exempted'
  | 'made-optional'
  | 'suspended'
  | 'resumed'
  | 'mfa-reset'
  | 'setup-begun'
  | 'setup-cancelled'
  | 'setup-failed'
  | 'setup-postponed'
  | 'pass-issued'
  | 'pass-used'
  | 'pass-rejected'
  | 'authenticator-bound'
  | 'authenticator-renamed'
  | 'authenticator-removed'
  | 'recovery-codes-replaced'
  | 'code-accepted'
  | 'code-rejected'
  | 'code-replayed'
  | 'recovery-code-used'
  | 'recovery-code-rejected'
  | 'locked'
  | 'disabled'
  | 'unlocked'
  | 'reminder-sent'
  | 'secret-resealed'
  | 'authenticator-imported'
export interface SecretCipher {
  seal(plain: Uint8Array, context: SecretContext): Promise<string>
  open(token: string, context: SecretContext): Promise<Uint8Array>
  needsReseal(token: string): boolean
  digest(plain: Uint8Array, context: SecretContext): Promise<string>
  matches(digest: string, plain: Uint8Array, context: SecretContext): Promise<boolean>
}
export interface SecretContext {
  purpose: 'totp-secret' | 'recovery-code' | 'pass'
  userId: UserId
  id: string
}
export declare function aesGcmCipher(options: {
  keys: readonly {
    id: string
    key: Uint8Array
  }[]
}): SecretCipher
export declare class LeewayError extends Error {
  constructor(
    code: LeewayError['code'],
    message: string,
    options?: {
      cause?: unknown | undefined
    },
  )
  readonly code:
    | 'ERR_STORE'
    | 'ERR_CONTENDED'
    | 'ERR_CIPHER'
    | 'ERR_RECORD'
    | 'ERR_DIRECTORY_REQUIRED'
    | 'ERR_PROTECTED'
}
export declare function resolveTerms(layers: readonly TermsLayer[], context: { now: Instant }): ResolvedTerms
export interface TermsLayer {
  source: string
  scope: 'user' | 'group' | 'organization'
  terms: Terms | 'optional'
  since: Instant
}
