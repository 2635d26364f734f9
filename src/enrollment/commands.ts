import type { Instant } from '../totp/instant.js'
import type { ResolvedTotp } from '../totp/parameters.js'
import type { SignInDecision } from './decision.js'
import type { Authenticator, Pass, RecoveryCode, ReminderId, Setup } from './record.js'
import type { Refusal } from './results.js'
import type { ApplyTo, Explanation, Period, Terms } from './terms.js'
import type { Note } from './user.js'

/** Which kind of proof was handed over. The code itself never reaches the machine. */
export type ProofMethod = 'totp' | 'recovery-code'

/**
 * Everything that can be asked of a record, and what each answers. What needs randomness or a key is handed in already
 * made: fresh ids, sealed secrets, digests.
 */
export interface Commands {
  'require-enrollment': Asked<
    Noted & {
      terms: Terms
      since?: Instant | undefined
      because?: readonly Explanation[] | undefined
      /** by default 'replace' */
      applyTo?: ApplyTo | undefined
    },
    Change
  >
  'make-optional': Asked<Noted & { applyTo?: ApplyTo | undefined }, Change>
  'change-deadline': Asked<Noted & { change: { addDays: number } | { deadline: Instant } }, Change>
  exempt: Asked<Noted & { until: Instant; reason: string }, Change>
  'end-exemption': Asked<Noted, Change>
  suspend: Asked<Noted, Change>
  resume: Asked<Noted, Change>
  'reset-mfa': Asked<Noted & { grace: 'none' | 'remaining' | Exclude<Period, 'none'> }, Change>
  'revoke-authenticator': Asked<Noted & { authenticatorId: string }, Change>
  unlock: Asked<Noted, Change>
  'issue-pass': Asked<Noted & { id: string; digest: string }, { expiresAt: Instant }>
  'import-authenticator': Asked<
    Noted & { authenticator: Omit<Authenticator, 'lastUsedAt'> },
    { ok: true; changed: boolean } | { ok: false; reason: 'too-many-authenticators' }
  >
  /** seals anew what is under an old key; how many secrets that were */
  /** `dropsExpired`: a set-up and a pass whose time is over are under a key that is to go */
  'reseal-secrets': Asked<{ dropsExpired?: boolean | undefined }, { resealed: number }>
  'sign-in': Asked<{ sensitive?: boolean | undefined }, SignInDecision>
  'postpone-setup': Asked<{ signInId?: string | undefined }, SignInDecision>
  'verify-code': Asked<object, CodeOutcome>
  'use-recovery-code': Asked<object, CodeOutcome>
  'begin-setup': Asked<
    {
      setupId?: string | undefined
      pass: 'given' | 'none'
      proof: ProofMethod | 'none'
      fresh: { id: string; label: string; secret: string; parameters: ResolvedTotp }
    },
    | { ok: true; setup: Setup; resumed: boolean }
    | { ok: false; reason: 'pass-required' | 'invalid-pass' | 'proof-required' | 'too-many-authenticators' }
    | Refusal
  >
  'confirm-setup': Asked<{ setupId?: string | undefined }, ConfirmOutcome>
  'cancel-setup': Asked<{ setupId?: string | undefined }, Change>
  'rename-authenticator': Asked<{ authenticatorId: string; label: string }, Change>
  'remove-authenticator': Asked<
    { authenticatorId: string; proof: ProofMethod },
    { ok: true } | { ok: false; reason: 'last-authenticator' | 'unknown-authenticator' } | Refusal
  >
  'replace-recovery-codes': Asked<{ proof: ProofMethod; codes: readonly RecoveryCode[] }, { ok: true } | Refusal>
  /** takes the reminder that is due, under an id of its own, so that nobody else sends it */
  'claim-reminder': Asked<{ id: string }, { claimed: (ReminderId & { daysLeft: number }) | null }>
  /** ends the claim of this id, and records that the reminder was sent, or that it was not */
  'settle-reminder': Asked<{ id: string; reminder: ReminderId; sent: boolean }, { recorded: boolean }>
}

interface Asked<Facts, Outcome> {
  facts: Facts
  outcome: Outcome
}

/** An administrator's words for the audit trail. */
export interface Noted {
  note: Note
}

/** Whether there was anything to do; `refused` where a protected account stood in the way. */
export interface Change {
  changed: boolean
  refused?: 'protected'
}

export type CommandType = keyof Commands

/** One command with its facts. */
export type Command<Type extends CommandType = CommandType> = Type extends CommandType
  ? { type: Type } & Commands[Type]['facts']
  : never

/** What one command answers. */
export type Outcome<Type extends CommandType> = Commands[Type]['outcome']

/** What checking a code came to. */
export type CodeOutcome =
  | {
      ok: true
      method: ProofMethod
      authenticatorId: string | null
      recoveryCodesLeft: number
      failuresSinceLastSuccess: number
    }
  | Refusal

/** What confirming a set-up came to. */
export type ConfirmOutcome =
  /** `recoveryCodes`: whether those that came with the finding were taken */
  | { ok: true; authenticatorId: string; recoveryCodes: boolean }
  | { ok: false; reason: 'invalid-code'; triesLeft: number; clockOffsetSeconds: number | null }
  | { ok: false; reason: 'no-setup' | 'expired' | 'suspended' }

/* ---------------------------------------------------------------------------------------------------- questions */

/** What the service found out about a code against bound authenticators. */
export type CodeFinding =
  | { found: 'malformed' | 'mismatch' }
  | { found: 'replayed'; authenticatorId: string }
  | {
      found: 'match'
      /** every authenticator that the code is new to, with the highest time step it stands for */
      matches: readonly { authenticatorId: string; timeStep: number }[]
      /** secrets sealed again, because their key is not the first any more */
      resealed: readonly { authenticatorId: string; secret: string }[]
    }

/** What the service found out about a recovery code. */
export type RecoveryFinding =
  | { found: 'malformed' | 'mismatch' | 'replayed' }
  | { found: 'match'; recoveryCodeId: string }

/** What the service found out about a pass. */
export type PassFinding = { found: 'malformed' | 'mismatch' | 'match' }

/** Whether `policy.protect` covers the account. */
export type ProtectionFinding = { protected: boolean }

/** What the service found out about the first code of a set-up. */
export type SetupFinding =
  | { found: 'malformed' }
  | { found: 'mismatch'; clockOffsetSeconds: number | null }
  /** `bound`: an authenticator has the very same secret already */
  | { found: 'match'; timeStep: number; bound: boolean; recoveryCodes: readonly RecoveryCode[] }

/** What the service found out about a secret that is brought over. */
export type ImportFinding = {
  bound: boolean
  /** the secret of the pending set-up is the very same */
  pending: boolean
  /** those handed over that the record does not have yet */
  recoveryCodes: readonly RecoveryCode[]
}

/** The secrets that were sealed anew, each by the id of its authenticator or set-up. */
export type ResealFinding = readonly { id: string; secret: string }[]

/**
 * What the machine has to know before it decides, asked only once nothing else can refuse: locks are judged before a code
 * is looked at, and a refusal that does not depend on a proof consumes none.
 */
export type Question<Decided> =
  | { ask: 'code'; authenticators: readonly Authenticator[]; answer(finding: CodeFinding): Decided }
  | { ask: 'recovery-code'; codes: readonly RecoveryCode[]; answer(finding: RecoveryFinding): Decided }
  | { ask: 'pass'; pass: Pass; answer(finding: PassFinding): Decided }
  | { ask: 'protection'; answer(finding: ProtectionFinding): Decided }
  | {
      ask: 'setup-code'
      setup: Setup
      authenticators: readonly Authenticator[]
      recoveryCodesWanted: number
      answer(finding: SetupFinding): Decided
    }
  | {
      ask: 'reseal'
      sealed: readonly (Authenticator | Setup)[]
      answer(finding: ResealFinding): Decided
    }
  | {
      ask: 'import'
      authenticators: readonly Authenticator[]
      setup: Setup | null
      codes: readonly RecoveryCode[]
      answer(finding: ImportFinding): Decided
    }
