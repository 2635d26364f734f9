import type {
  AdminResult,
  BeginSetupResult,
  CodeResult,
  ConfirmSetupResult,
  EnrollmentStatus,
  Instant,
  Leeway,
  RemoveAuthenticatorResult,
  ReplaceRecoveryCodesResult,
  SignInDecision,
} from '../../index.js'
import { shown } from './differences.js'

/**
 * A code, in words, since only the user's phone knows it:
 *
 * - 'right': what the newest phone shows; where leeway has accepted that already, the next one, for which the clock waits
 * - 'wrong': of the right form, and of none of the user's phones at any time near
 * - 'used': the last one that was accepted; where there is none, a wrong one
 * - `{ driftSeconds }`: what a phone shows whose clock is so many seconds ahead, or behind
 * - `{ exactly }`: this very value, whatever it is
 */
export type CodeShown = 'right' | 'wrong' | 'used' | { driftSeconds: number } | { exactly: unknown }

/** A recovery code or a pass, in words: one that is there and unused, one that nobody was given, the last one used. */
export type TextShown = 'right' | 'wrong' | 'used' | { exactly: unknown }

/** What a user proves himself with, in words. */
export type ProofShown = { code: CodeShown } | { recoveryCode: TextShown }

/** What a method takes after the user's id. */
type WithoutUser<Method extends keyof Leeway> =
  Parameters<Leeway[Method]> extends [string, ...infer Rest] ? Rest : never

type AsInLeeway = {
  [Method in
    | 'requireEnrollment'
    | 'changeDeadline'
    | 'exempt'
    | 'endExemption'
    | 'makeOptional'
    | 'suspend'
    | 'resume'
    | 'resetMfa'
    | 'unlock'
    | 'issuePass'
    | 'importAuthenticator'
    | 'signIn'
    | 'decide'
    | 'postponeSetup']: WithoutUser<Method>
}

/**
 * What each command takes: the methods of `Leeway` without the user's id, with codes in words, and with an authenticator
 * as its number among those bound, from 0 for the oldest. `setUp` is `beginSetup` and `confirmSetup` as a user does them
 * who has all that is asked for: the pass that was issued, a code of his other phone.
 */
export interface CommandArguments extends AsInLeeway {
  setUp: [options?: { label?: string | undefined }]
  beginSetup: [
    options?: {
      label?: string | undefined
      /** goes on with the set-up that was begun last */
      resume?: boolean | undefined
      pass?: TextShown | undefined
      proof?: ProofShown | undefined
    },
  ]
  /** of the set-up that was begun last */
  confirmSetup: [code: CodeShown]
  cancelSetup: []
  verifyCode: [code: CodeShown]
  useRecoveryCode: [recoveryCode: TextShown]
  revokeAuthenticator: [which: number, ...note: [WithoutUser<'unlock'>[0]?]]
  renameAuthenticator: [which: number, label: string]
  removeAuthenticator: [which: number, proof: ProofShown]
  replaceRecoveryCodes: [proof: ProofShown]
  forget: []
}

/** What each command answers. */
export interface CommandAnswers {
  requireEnrollment: AdminResult
  changeDeadline: AdminResult
  exempt: AdminResult
  endExemption: AdminResult
  makeOptional: AdminResult
  suspend: AdminResult
  resume: AdminResult
  resetMfa: AdminResult
  unlock: AdminResult
  issuePass: { pass: string; expiresAt: Instant }
  importAuthenticator: AdminResult
  signIn: SignInDecision
  decide: SignInDecision
  postponeSetup: SignInDecision
  setUp: ConfirmSetupResult | Extract<BeginSetupResult, { ok: false }>
  beginSetup: BeginSetupResult
  confirmSetup: ConfirmSetupResult
  cancelSetup: undefined
  verifyCode: CodeResult
  useRecoveryCode: CodeResult
  revokeAuthenticator: AdminResult
  renameAuthenticator: AdminResult
  removeAuthenticator: RemoveAuthenticatorResult
  replaceRecoveryCodes: ReplaceRecoveryCodesResult
  forget: undefined
}

/** What can be asked of leeway about one user. */
export type CommandName = keyof CommandArguments

/**
 * One call of leeway as plain data, which prints and shrinks: its name and what it takes, or the name alone where it needs
 * nothing. The codes in it are in words.
 *
 * @example
 * ```ts
 * const commands: Command[] = [['requireEnrollment', { period: { days: 30 } }], 'signIn', 'setUp', ['verifyCode', 'right']]
 * ```
 */
export type Command = {
  [Name in CommandName]: readonly [Name, ...CommandArguments[Name]] | ([] extends CommandArguments[Name] ? Name : never)
}[CommandName]

/** An instant that a user's own life has. */
export type Landmark = 'start' | 'deadline' | 'exemption-end' | 'lock-end' | 'setup-end' | 'pass-end'

/** All of them. */
export const LANDMARKS: readonly Landmark[] = [
  'start',
  'deadline',
  'exemption-end',
  'lock-end',
  'setup-end',
  'pass-end',
]

/** How the clock moves: by a time, backwards below zero; to a landmark, or so long after it; or to an instant. */
export type Lapse =
  | {
      to?: Landmark | undefined
      days?: number | undefined
      hours?: number | undefined
      minutes?: number | undefined
      seconds?: number | undefined
      milliseconds?: number | undefined
    }
  | { at: Instant }

/** One step of a story: a command, or time that goes by. */
export type StoryStep = Command | Lapse

/** A command taken apart. */
export interface NamedCommand {
  name: CommandName
  given: readonly unknown[]
}

/** A command by its name, whichever way it is written; null for a lapse. */
export function commandOf(step: StoryStep): NamedCommand | null {
  if (typeof step === 'string') return { name: step, given: [] }
  if (!isCommand(step)) return null
  const [name, ...given] = step
  return { name, given }
}

function isCommand(step: StoryStep): step is Extract<Command, readonly unknown[]> {
  return Array.isArray(step)
}

/** What time is told in, and how many milliseconds each is. */
export const UNITS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 } as const

/** How long a lapse is, in milliseconds, from its landmark or from now. */
export function lengthOf(lapse: Exclude<Lapse, { at: Instant }>): number {
  return Object.entries(UNITS).reduce((sum, [unit, ms]) => sum + (lapse[unit as keyof typeof UNITS] ?? 0) * ms, 0)
}

/** When a landmark of this user is; null where he has none. */
export function landmarkOf(
  { requirement, exemption, lock, setup }: EnrollmentStatus,
  { to, passEndsAt }: { to: Landmark; passEndsAt: Instant | null },
): Instant | null {
  const locked = [lock.totp, lock.recovery].flatMap((factor) => (factor.state === 'locked' ? [factor.until] : []))
  const landmarks: Record<Landmark, Instant | null> = {
    start: requirement?.startsAt ?? null,
    deadline: requirement?.deadline ?? null,
    'exemption-end': exemption?.until ?? null,
    'lock-end': locked[0] ?? null,
    'setup-end': setup?.expiresAt ?? null,
    'pass-end': passEndsAt,
  }
  return landmarks[to]
}

/** A step as a sentence tells it. */
export function inWords(step: StoryStep): string {
  const command = commandOf(step)
  if (command !== null) return `${command.name}(${command.given.map(shown).join(', ')})`
  const lapse = step as Lapse
  if ('at' in lapse) return `at ${new Date(lapse.at).toISOString()}`
  const { to, ...units } = lapse
  const parts = Object.entries(units).map(([unit, count]) => `${count} ${unit}`)
  if (to === undefined) return `${parts.join(' ')} later`
  return ['at the', to, ...(parts.length > 0 ? ['and', ...parts] : [])].join(' ')
}
