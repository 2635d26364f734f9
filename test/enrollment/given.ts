import { LAST_INSTANT } from '../../src/assert.js'
import type {
  CodeFinding,
  Command,
  CommandType,
  ImportFinding,
  Outcome,
  PassFinding,
  ProtectionFinding,
  Question,
  RecoveryFinding,
  ResealFinding,
  SetupFinding,
} from '../../src/enrollment/commands.js'
import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import type { Phase } from '../../src/enrollment/phase.js'
import type { ResolvedPolicy } from '../../src/enrollment/policy.js'
import type { Authenticator, EnrollmentRecord, RecoveryCode } from '../../src/enrollment/record.js'
import type { Terms } from '../../src/enrollment/terms.js'
import { type Decided, transition } from '../../src/enrollment/transition.js'
import { resolvePolicy } from '../../src/service/policy.js'
import { decodeBase32, encodeBase32 } from '../../src/totp/base32.js'
import { generateTotp, verifyTotp } from '../../src/totp/totp.js'

/** A Tuesday morning, from which these tests count. */
export const NOW: number = Date.UTC(2026, 10, 24, 8)
export const SECOND = 1000
export const MINUTE: number = 60 * SECOND
export const HOUR: number = 60 * MINUTE
export const DAY: number = 24 * HOUR
export const USER = 'ada'
/** What applies where a test does not say: the defaults that users get. */
export const POLICY: ResolvedPolicy = resolvePolicy()

/* --------------------------------------------------------------------------------- given, when, then */

/** What a user hands over with a command, in the clear: it is checked for real. */
export interface Handed {
  code?: string
  recoveryCode?: string
  pass?: string
  imported?: { sealed: string; recoveryCodes: readonly string[] }
}

/** What the machine is told that a check came to. */
export type Finding =
  | CodeFinding
  | RecoveryFinding
  | PassFinding
  | ProtectionFinding
  | SetupFinding
  | ImportFinding
  | ResealFinding

/** What surrounds one command: by default the instant of the command before, and the policy's defaults. */
export interface Turn {
  at?: number
  policy?: ResolvedPolicy
  /** what `policy.protect` says, should it be asked; by default that the account is not protected */
  protected?: boolean
  /** answers the machine's question by really checking; it must then ask one */
  handed?: Handed
  /** answers the machine's question as it is told here; it must then ask one */
  finding?: Finding
}

/** A record to which commands are given, one after the other. */
export interface Story {
  /** what is stored now */
  readonly record: EnrollmentRecord | null
  readonly now: number
  when<Type extends CommandType>(command: Command<Type> & { type: Type }, turn?: Turn): Told<Type>
}

/** What a command came to, and the story as it goes on. */
export interface Told<Type extends CommandType> extends Story {
  /** what was stored before */
  readonly before: EnrollmentRecord | null
  readonly outcome: Outcome<Type>
  readonly events: readonly EnrollmentEvent[]
  /** the events' types, in their order */
  readonly types: readonly EnrollmentEvent['type'][]
  /** whether anything was stored */
  readonly written: boolean
  /** what the machine asked before it decided; null where it decided at once */
  readonly asked: Question<unknown> | null
}

/**
 * A story that starts with a record, or with a user of whom nothing is stored. All that the machine is handed is frozen,
 * so that a mutation throws.
 */
export function given(record: EnrollmentRecord | null, now: number = NOW): Story {
  const story: Story = {
    record,
    now,
    when<Type extends CommandType>(command: Command<Type> & { type: Type }, turn: Turn = {}): Told<Type> {
      const at = turn.at ?? now
      const { decided, asked } = decide<Type>(record, command, { ...turn, at })
      return {
        ...given(decided.record ?? record, at),
        before: record,
        outcome: decided.outcome,
        events: decided.events,
        types: decided.events.map(({ type }) => type),
        written: decided.record !== null,
        asked,
      }
    },
  }
  return story
}

/** One transition, with its question answered. */
export function decide<Type extends CommandType>(
  record: EnrollmentRecord | null,
  command: Command<Type> & { type: Type },
  { at = NOW, policy = POLICY, protected: covered = false, handed, finding }: Turn = {},
): { decided: Decided<Type>; asked: Question<unknown> | null } {
  const circumstances = { userId: USER, now: at, policy, stamp: 'cafe0123' }
  const step = transition<Type>(deepFreeze(record), deepFreeze(command), deepFreeze(circumstances))
  if (!('ask' in step)) {
    if (finding !== undefined)
      throw new Error(`${command.type} was decided without the finding that the test has for it`)
    return { decided: step, asked: null }
  }
  if (finding !== undefined) return { decided: (step.answer as (told: Finding) => Decided<Type>)(finding), asked: step }
  if (step.ask === 'protection') return { decided: step.answer({ protected: covered }), asked: step }
  if (handed === undefined) throw new Error(`${command.type} asks for a ${step.ask}, and the test has none`)
  return { decided: answer(step, handed, { at, policy }), asked: step }
}

/** Freezes a value and all that it holds. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

/* ------------------------------------------------------------------------------------------ evidence */

/** The secret of whatever bears an id: sealed, with its key in plain sight. */
export function sealedSecret(id: string): string {
  const bytes = Uint8Array.from(
    { length: 20 },
    (_, at) => (id.charCodeAt(at % id.length) * 31 + at * 17 + id.length) % 256,
  )
  return `sealed:${encodeBase32(bytes)}`
}

function open(sealed: string): Uint8Array {
  return decodeBase32(sealed.slice('sealed:'.length))
}

/** What an authenticator app shows for a sealed secret. */
export function codeOf(sealed: string, now: number): string {
  return generateTotp(open(sealed), Math.min(Math.max(0, now), LAST_INSTANT))
}

/** The digest under which a recovery code or pass is stored here. */
export function digestOf(text: string): string {
  return `digest:${text}`
}

/** A recovery code as it is stored. */
export function recoveryCode(text: string, usedAt: number | null = null): RecoveryCode {
  return { id: `id-of-${text}`, digest: digestOf(text), usedAt, imported: false }
}

/** Checks what was handed over for real, as the service does: TOTP by the library's own, digests by comparing. */
export function answer<Answer>(
  question: Question<Answer>,
  handed: Handed,
  { at, policy }: { at: number; policy: ResolvedPolicy },
): Answer {
  const { code = '', recoveryCode: text = '', pass = '', imported = { sealed: '', recoveryCodes: [] } } = handed
  const { window } = policy.totp
  switch (question.ask) {
    case 'code': {
      if (question.authenticators.length === 0 || !/^\d{6}$/.test(code)) return question.answer({ found: 'malformed' })
      const checks = question.authenticators.map(({ id, secret, parameters, lastTimeStep }) => {
        const check = { ...parameters, now: at, window, afterTimeStep: lastTimeStep ?? undefined }
        return { id, found: verifyTotp(open(secret), code, check) }
      })
      const matches = checks.flatMap(({ id, found }) =>
        found.ok ? [{ authenticatorId: id, timeStep: found.timeStep }] : [],
      )
      if (matches.length > 0) return question.answer({ found: 'match', matches, resealed: [] })
      const replayed = checks.find(({ found }) => !found.ok && found.reason === 'replayed')
      return question.answer(replayed ? { found: 'replayed', authenticatorId: replayed.id } : { found: 'mismatch' })
    }
    case 'recovery-code': {
      if (text.length < 3) return question.answer({ found: 'malformed' })
      const same = question.codes.filter(({ digest }) => digest === digestOf(text))
      const unused = same.find(({ usedAt }) => usedAt === null)
      if (unused !== undefined) return question.answer({ found: 'match', recoveryCodeId: unused.id })
      return question.answer({ found: same.length > 0 ? 'replayed' : 'mismatch' })
    }
    case 'pass':
      if (pass.length < 3) return question.answer({ found: 'malformed' })
      return question.answer({ found: question.pass.digest === digestOf(pass) ? 'match' : 'mismatch' })
    case 'setup-code': {
      const { setup, authenticators, recoveryCodesWanted } = question
      if (!/^\d{6}$/.test(code)) return question.answer({ found: 'malformed' })
      const found = verifyTotp(open(setup.secret), code, { ...setup.parameters, now: at, window })
      if (!found.ok) return question.answer({ found: 'mismatch', clockOffsetSeconds: null })
      return question.answer({
        found: 'match',
        timeStep: found.timeStep,
        bound: authenticators.some(({ secret }) => secret === setup.secret),
        recoveryCodes: Array.from({ length: recoveryCodesWanted }, (_, one) => recoveryCode(`${setup.id}-rc-${one}`)),
      })
    }
    case 'protection':
      throw new Error('whether an account is protected is no matter of what its user hands over')
    case 'reseal':
      // The key ring of these stories has one key.
      return question.answer([])
    case 'import': {
      const known = question.codes.map(({ digest }) => digest)
      const bound = question.authenticators.some(({ secret }) => secret === imported.sealed)
      return question.answer({
        bound,
        pending: question.setup?.secret === imported.sealed,
        recoveryCodes: bound
          ? []
          : imported.recoveryCodes
              .filter((one) => !known.includes(digestOf(one)))
              .map((one) => ({ ...recoveryCode(one), imported: true })),
      })
    }
  }
}

/* ---------------------------------------------------------------------------------- commands, records */

type BeginSetup = Command<'begin-setup'>

/** A set-up under this id, by default with neither pass nor proof. */
export function beginSetup(
  id: string,
  facts: Partial<Pick<BeginSetup, 'setupId' | 'pass' | 'proof'>> & { sealed?: string } = {},
): BeginSetup & { type: 'begin-setup' } {
  const { sealed = sealedSecret(id), ...others } = facts
  const fresh = { id, label: 'Phone', secret: sealed, parameters: POLICY.totp.parameters }
  return { type: 'begin-setup', pass: 'none', proof: 'none', ...others, fresh }
}

/** What an import brings over under this id. */
export function importOf(
  id: string,
  facts: Partial<Pick<Authenticator, 'secret' | 'boundAt' | 'lastTimeStep'>> = {},
): Command<'import-authenticator'> & { type: 'import-authenticator' } {
  const own = { id, label: 'Phone', secret: sealedSecret(id), parameters: POLICY.totp.parameters }
  const authenticator = { ...own, boundAt: NOW - 100 * DAY, lastTimeStep: null, ...facts }
  return { type: 'import-authenticator', note: {}, authenticator }
}

/** A requirement under these terms. */
export function requiring(terms: Terms): Command<'require-enrollment'> & { type: 'require-enrollment' } {
  return { type: 'require-enrollment', terms, note: {} }
}

/** The story with one authenticator more, set up with its first code. */
export function binding(story: Story, id: string, turn: Omit<Turn, 'handed'> = {}): Told<'confirm-setup'> {
  const at = turn.at ?? story.now
  const begun = story.when(beginSetup(id), { ...turn, at })
  return begun.when({ type: 'confirm-setup' }, { ...turn, at, handed: { code: codeOf(sealedSecret(id), at) } })
}

/** The record of a story that has one by now. */
export function recordOf({ record }: Story): EnrollmentRecord {
  if (record === null) throw new Error('nothing is stored yet')
  return record
}

/** The id of the authenticator in {@link inPhase}'s records that have one. */
export const PHONE = 'phone'
/** When {@link inPhase}'s requirements were assigned, but for the scheduled and the overdue one. */
export const ASSIGNED: number = NOW - 10 * DAY
/** When the period that then runs is over. */
export const DEADLINE: number = NOW + 20 * DAY
/** Recovery codes of which the first is used. */
export const RECOVERY_CODES: readonly RecoveryCode[] = [
  recoveryCode('used', NOW - DAY),
  recoveryCode('fresh'),
  recoveryCode('other'),
]

/** One record per phase, each made by commands, as it stands at {@link NOW}. */
export const inPhase: Record<Phase, EnrollmentRecord> = recordsInPhases()

function recordsInPhases(): Record<Phase, EnrollmentRecord> {
  const assigned = given(null, ASSIGNED).when(requiring({ period: { days: 30 } }))
  const period = assigned.when({ type: 'sign-in' }, { at: ASSIGNED + DAY })
  const late = given(null, NOW - 40 * DAY).when(requiring({ period: { days: 30 } }))
  const bound = recordOf(binding(period, PHONE, { at: NOW - 5 * DAY }))
  const enrolled = { ...bound, recoveryCodes: RECOVERY_CODES }
  return {
    optional: recordOf(period.when({ type: 'make-optional', note: {} })),
    exempt: recordOf(period.when({ type: 'exempt', until: NOW + 5 * DAY, reason: 'on leave', note: {} })),
    scheduled: recordOf(
      given(null, ASSIGNED)
        .when(requiring({ period: { days: 30, start: NOW + 5 * DAY } }))
        .when({ type: 'sign-in' }),
    ),
    'enrollment-period': recordOf(period),
    overdue: recordOf(late.when({ type: 'sign-in' }, { at: NOW - 39 * DAY })),
    enrolled,
    suspended: recordOf(given(enrolled, NOW - DAY).when({ type: 'suspend', note: {} })),
  }
}
