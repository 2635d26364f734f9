import fc from 'fast-check'
import { LAST_INSTANT } from '../../src/assert.js'
import type { Command, CommandType, Outcome, ProofMethod, Question } from '../../src/enrollment/commands.js'
import type { ResolvedPolicy } from '../../src/enrollment/policy.js'
import { type EnrollmentRecord, emptyRecord } from '../../src/enrollment/record.js'
import type { ApplyTo, Period, Terms } from '../../src/enrollment/terms.js'
import type { Decided } from '../../src/enrollment/transition.js'
import type { Note } from '../../src/enrollment/user.js'
import { resolvePolicy } from '../../src/service/policy.js'
import {
  beginSetup,
  codeOf,
  DAY,
  decide,
  digestOf,
  type Handed,
  HOUR,
  importOf,
  MINUTE,
  NOW,
  POLICY,
  SECOND,
  sealedSecret,
  USER,
} from './given.js'

/*
 * Arbitrary lives of one user. An action is plain data, so that it shrinks and prints; what it means (which authenticator,
 * whose code) is worked out for the record that it meets.
 */

/** How the clock moves before an action: by a time, backwards too, or to just about where something ends. */
export type ClockMove =
  | { wait: number }
  | { to: 'startsAt' | 'deadline' | 'exemptUntil' | 'lockedUntil' | 'setup' | 'pass'; by: -1 | 0 | 1 }

/** What is handed over as a code: of an authenticator, some steps from now; one used before; a guess; none at all. */
export type CodeChoice = { of: number; steps: number } | { used: number } | { guess: number } | 'malformed'
/** The same for recovery codes and passes. */
export type TextChoice = { unused: number } | { used: number } | 'wrong' | 'malformed'
export type ProofChoice = { code: CodeChoice } | { recoveryCode: TextChoice }

/** Which set-up a command names. */
type SetupChoice = 'none' | 'pending' | 'other'

/** Commands with nothing but a note. */
type NotedOnly<Type extends CommandType> = Type extends CommandType ? { type: Type; note: Note } : never

export type Intent =
  | { type: 'require-enrollment'; terms: Terms; since: number | null; applyTo: ApplyTo | undefined; note: Note }
  | { type: 'make-optional'; applyTo: ApplyTo | undefined; note: Note }
  | { type: 'change-deadline'; change: { addDays: number } | { fromNow: number }; note: Note }
  | { type: 'exempt'; forMs: number; note: Note }
  | NotedOnly<'end-exemption' | 'suspend' | 'resume' | 'unlock' | 'issue-pass'>
  | { type: 'reset-mfa'; grace: 'none' | 'remaining' | Exclude<Period, 'none'>; note: Note }
  | { type: 'revoke-authenticator'; which: number; note: Note }
  | { type: 'import-authenticator'; again: boolean; codes: number; note: Note }
  | { type: 'sign-in'; sensitive: boolean }
  | { type: 'postpone-setup'; signInId: string | null }
  | { type: 'verify-code'; code: CodeChoice }
  | { type: 'use-recovery-code'; recoveryCode: TextChoice }
  | { type: 'begin-setup'; setup: SetupChoice; pass: TextChoice | 'none'; proof: ProofChoice | 'none' }
  | { type: 'confirm-setup'; setup: SetupChoice; code: CodeChoice }
  | { type: 'cancel-setup'; setup: SetupChoice }
  | { type: 'rename-authenticator'; which: number; label: string }
  | { type: 'remove-authenticator'; which: number; proof: ProofChoice }
  | { type: 'replace-recovery-codes'; proof: ProofChoice }
  | { type: 'claim-reminder' }
  | { type: 'settle-reminder'; claim: 'own' | 'lost'; daysBefore: number; sent: boolean }
  | { type: 'reseal-secrets' }

export interface Action {
  clock: ClockMove
  intent: Intent
}

/** One action as it went. */
export interface Turned {
  now: number
  before: EnrollmentRecord | null
  /** what is stored afterwards */
  after: EnrollmentRecord | null
  command: Command
  handed: Handed
  asked: Question<unknown> | null
  decided: Decided<CommandType>
}

/** A whole life: how it starts, under which policy, and what happens in it. */
export interface Life {
  start: number
  policy: ResolvedPolicy
  /** whether `policy.protect` covers the account */
  protected: boolean
  actions: readonly Action[]
}

/* ------------------------------------------------------------------------------------------ arbitraries */

const note: fc.Arbitrary<Note> = fc.constantFrom(
  {},
  { actor: 'root', reason: 'they asked' },
  { actor: 'root', reason: 'they insist', force: true },
)
const applyTo: fc.Arbitrary<ApplyTo | undefined> = fc.constantFrom(undefined, 'new', 'shorten', 'extend', 'replace')
const which = fc.nat(3)

/** A drift of the phone's clock in steps, mostly inside the window. */
const steps = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, -1) },
  { weight: 1, arbitrary: fc.constantFrom(2, -2, 9) },
)

const code: fc.Arbitrary<CodeChoice> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ of: which, steps }) },
  { weight: 2, arbitrary: fc.record({ used: which }) },
  { weight: 3, arbitrary: fc.record({ guess: fc.nat(999_999) }) },
  { weight: 1, arbitrary: fc.constant('malformed' as const) },
)
const text: fc.Arbitrary<TextChoice> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ unused: which }) },
  { weight: 1, arbitrary: fc.record({ used: which }) },
  { weight: 2, arbitrary: fc.constant('wrong' as const) },
  { weight: 1, arbitrary: fc.constant('malformed' as const) },
)
const proof: fc.Arbitrary<ProofChoice> = fc.oneof(fc.record({ code }), fc.record({ recoveryCode: text }))
const setup: fc.Arbitrary<SetupChoice> = fc.constantFrom('none', 'pending', 'other')

const calendar = fc.constantFrom(
  undefined,
  undefined,
  { timeZone: 'Europe/Berlin', avoid: ['saturday', 'sunday'] as const },
  { timeZone: 'America/New_York', holidays: ['2026-12-24', '2026-12-25'] },
)
/** Instants in the weeks around {@link NOW}. */
const around = fc.integer({ min: -40, max: 80 }).map((days) => NOW + days * DAY)

const since: fc.Arbitrary<number | null> = fc.option(around, { freq: 3 })

const days: fc.Arbitrary<Exclude<Period, 'none' | { deadline: number }>> = fc
  .record({
    days: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1, 365)),
    start: fc.oneof(fc.constantFrom(undefined, 'now' as const, 'first-sign-in' as const), around),
    capDays: fc.constantFrom(undefined, 1, 20),
    calendar,
  })
  .map(({ capDays, ...period }) => (period.start === 'first-sign-in' ? { ...period, capDays } : period))
const fixed: fc.Arbitrary<Exclude<Period, 'none' | { days: number }>> = fc.oneof(
  around.map((deadline) => ({ deadline })),
  around.map((deadline) => ({ deadline, start: deadline - 3 * DAY })),
  fc.constantFrom({ deadline: 0 }, { deadline: LAST_INSTANT }),
)

/** Any period that terms may have, in the weeks around {@link NOW}. */
export const period: fc.Arbitrary<Period> = fc.oneof(fc.constant('none' as const), days, fixed)
export const terms: fc.Arbitrary<Terms> = fc.record({
  period,
  selfEnrollment: fc.constantFrom(undefined, 'always', 'during-period', 'with-pass'),
  postponements: fc.constantFrom(undefined, 0, 1, 3),
})

const clock: fc.Arbitrary<ClockMove> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ wait: fc.constantFrom(0, 1, 30 * SECOND, MINUTE, 5 * MINUTE) }) },
  { weight: 2, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 3 * DAY }) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 60 * DAY }) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: -20 * DAY, max: 0 }) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.constantFrom(-30 * SECOND, -MINUTE) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      to: fc.constantFrom('startsAt', 'deadline', 'exemptUntil', 'lockedUntil', 'setup', 'pass'),
      by: fc.constantFrom(-1, 0, 1),
    }),
  },
)

const byAdministrators: fc.Arbitrary<Intent>[] = [
  fc.record({ type: fc.constant('require-enrollment'), terms, since, applyTo, note }),
  fc.record({ type: fc.constant('make-optional'), applyTo, note }),
  fc.record({
    type: fc.constant('change-deadline'),
    change: fc.oneof(
      fc.record({ addDays: fc.constantFrom(-365, -3, -1, 0, 1, 7, 365) }),
      fc.record({ fromNow: fc.integer({ min: -10 * DAY, max: 30 * DAY }) }),
    ),
    note,
  }),
  fc.record({ type: fc.constant('exempt'), forMs: fc.constantFrom(-DAY, 0, 1, DAY, 20 * DAY), note }),
  ...(['end-exemption', 'unlock', 'suspend', 'resume', 'issue-pass'] as const).map((type) =>
    note.map((one): Intent => ({ type, note: one })),
  ),
  fc.record({
    type: fc.constant('reset-mfa'),
    grace: fc.oneof(fc.constantFrom('none' as const, 'remaining' as const), days, fixed),
    note,
  }),
  fc.record({ type: fc.constant('revoke-authenticator'), which, note }),
  fc.record({ type: fc.constant('import-authenticator'), again: fc.boolean(), codes: fc.nat(2), note }),
]

const byUsers: fc.Arbitrary<Intent>[] = [
  fc.record({ type: fc.constant('sign-in'), sensitive: fc.boolean() }),
  fc.record({ type: fc.constant('postpone-setup'), signInId: fc.constantFrom(null, 'one', 'two') }),
  fc.record({ type: fc.constant('verify-code'), code }),
  fc.record({ type: fc.constant('verify-code'), code }),
  fc.record({ type: fc.constant('use-recovery-code'), recoveryCode: text }),
  fc.record({
    type: fc.constant('begin-setup'),
    setup,
    pass: fc.oneof(fc.constant('none' as const), text),
    proof: fc.oneof(fc.constant('none' as const), proof),
  }),
  fc.record({
    type: fc.constant('confirm-setup'),
    setup,
    code: fc.oneof({ weight: 4, arbitrary: fc.record({ of: which, steps }) }, { weight: 1, arbitrary: code }),
  }),
  fc.record({ type: fc.constant('cancel-setup'), setup }),
  fc.record({ type: fc.constant('rename-authenticator'), which, label: fc.constantFrom('Phone', 'Work') }),
  fc.record({ type: fc.constant('remove-authenticator'), which, proof }),
  fc.record({ type: fc.constant('replace-recovery-codes'), proof }),
]

/** What the service does by itself: reminders, and seals under a new key. */
const byJobs: fc.Arbitrary<Intent>[] = [
  fc.record({ type: fc.constant('claim-reminder') }),
  fc.record({
    type: fc.constant('settle-reminder'),
    claim: fc.constantFrom('own', 'lost'),
    daysBefore: fc.constantFrom(0, 1, 3, 7, 14),
    sent: fc.boolean(),
  }),
  fc.record({ type: fc.constant('reseal-secrets') }),
]

/** A user who gets somewhere: arbitrary commands rarely come in the order in which a set-up works. */
const settingUp: fc.Arbitrary<readonly Action[]> = fc.constant([
  { clock: { wait: 0 }, intent: { type: 'begin-setup', setup: 'none', pass: { unused: 0 }, proof: 'none' } },
  { clock: { wait: SECOND }, intent: { type: 'confirm-setup', setup: 'pending', code: { of: 0, steps: 0 } } },
])

function actions(
  intents: readonly fc.Arbitrary<Intent>[],
  moves: fc.Arbitrary<ClockMove> = clock,
): fc.Arbitrary<readonly Action[]> {
  const single = fc.record({ clock: moves, intent: fc.oneof(...intents) }).map((one) => [one])
  const some = fc.oneof({ weight: 12, arbitrary: single }, { weight: 1, arbitrary: settingUp })
  return fc.array(some, { maxLength: 24, size: 'max' }).map((parts) => parts.flat())
}

/** What anybody may ask for. */
export const anyActions: fc.Arbitrary<readonly Action[]> = actions([...byAdministrators, ...byUsers, ...byJobs])
/** The same by a clock that never goes back. */
export const forwardActions: fc.Arbitrary<readonly Action[]> = actions(
  [...byAdministrators, ...byUsers, ...byJobs],
  fc.record({
    wait: fc.oneof(
      fc.constantFrom(0, 1, HOUR, DAY),
      fc.integer({ min: 0, max: 3 * DAY }),
      fc.integer({ min: 0, max: 20 * DAY }),
    ),
  }),
)
/** What users may ask for without an administrator. */
export const userActions: fc.Arbitrary<readonly Action[]> = actions(byUsers)

/** A policy under which locks, caps and limits are near. */
const TIGHT: ResolvedPolicy = resolvePolicy({
  lock: { afterFailures: 2, forMs: [MINUTE, HOUR], disableAfterFailures: 6, rollingCap: { failures: 7, days: 5 } },
  setup: { tries: 2 },
  pass: { tries: 2 },
  recoveryCodes: { count: 3 },
  maxAuthenticators: 2,
  maxGrantedDays: 10,
  reminders: { daysBefore: [30, 2, 1, 0], leaseMs: HOUR },
})
const maxGrantedDays = fc.constantFrom(null, 1, 15, 60)
export const policy: fc.Arbitrary<ResolvedPolicy> = fc.oneof(
  fc.constantFrom(POLICY, TIGHT),
  fc.record({ newUsers: terms, maxGrantedDays }).map((own) => ({ ...TIGHT, ...own })),
)

/** Mostly today; sometimes where time begins, or all but ends. */
const start = fc.oneof(
  { weight: 8, arbitrary: fc.constant(NOW) },
  { weight: 1, arbitrary: fc.constantFrom(0, LAST_INSTANT - 3 * DAY) },
)

/** A life from nothing on. */
export const life: fc.Arbitrary<Life> = fc.record({
  start,
  policy,
  protected: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  actions: anyActions,
})

/** A record that some life comes to, with the instant it does. */
export const reached: fc.Arbitrary<{ record: EnrollmentRecord; now: number; policy: ResolvedPolicy }> = life.map(
  (one) => {
    const last = live(one).at(-1)
    return { record: last?.after ?? emptyRecord(USER), now: last?.now ?? one.start, policy: one.policy }
  },
)

/* -------------------------------------------------------------------------------------------- what they do */

/**
 * Lives a life: each action with what it came to. `stored` is the record to go on from; `job` is what something else makes
 * of the record after each action.
 */
export function live(
  { start: from, policy: rules, protected: covered, actions: all }: Life,
  stored: EnrollmentRecord | null = null,
  job: (record: EnrollmentRecord | null, now: number) => EnrollmentRecord | null = (record) => record,
): Turned[] {
  let record = stored
  let now = from
  return all.map(({ clock: move, intent }, serial) => {
    now = moved(move, record, now)
    const before = record
    const { command, handed } = commandOf(intent, { record: record ?? emptyRecord(USER), now, id: `${from}-${serial}` })
    const { decided, asked } = decide<CommandType>(before, command, {
      at: now,
      policy: rules,
      protected: covered,
      handed,
    })
    const after = decided.record ?? before
    record = job(after, now)
    return { now, before, after, command, handed, asked, decided }
  })
}

/** The first outcome of a kind of command among what was lived, for what it narrows to. */
export function outcomeOf<Type extends CommandType>({ command, decided }: Turned, type: Type): Outcome<Type> | null {
  return command.type === type ? (decided.outcome as Outcome<Type>) : null
}

function moved(move: ClockMove, record: EnrollmentRecord | null, now: number): number {
  if ('wait' in move) return clamped(now + move.wait)
  const ends = {
    startsAt: record?.requirement?.startsAt,
    deadline: record?.requirement?.deadline,
    exemptUntil: record?.exemption?.until,
    lockedUntil: record?.lock.totp.lockedUntil ?? record?.lock.recovery.lockedUntil,
    setup: record?.setup?.expiresAt,
    pass: record?.pass?.expiresAt,
  }
  return clamped((ends[move.to] ?? now) + move.by)
}

function clamped(instant: number): number {
  return Math.min(Math.max(0, instant), LAST_INSTANT)
}

interface Met {
  record: EnrollmentRecord
  now: number
  /** names what this action makes */
  id: string
}

/** What an action means to the record that it meets. */
function commandOf(intent: Intent, met: Met): { command: Command & { type: CommandType }; handed: Handed } {
  const { record, now, id } = met
  const authenticatorId = 'which' in intent ? (pick(record.authenticators, intent.which)?.id ?? 'nobody') : ''
  switch (intent.type) {
    case 'require-enrollment': {
      const { since, ...others } = intent
      return { command: { ...others, since: since ?? undefined }, handed: {} }
    }
    case 'change-deadline': {
      const { change } = intent
      const meant = 'fromNow' in change ? { deadline: clamped(now + change.fromNow) } : change
      return { command: { ...intent, change: meant }, handed: {} }
    }
    case 'exempt':
      return {
        command: { type: 'exempt', until: clamped(now + intent.forMs), reason: 'on leave', note: intent.note },
        handed: {},
      }
    case 'issue-pass':
      return { command: { ...intent, type: 'issue-pass', id, digest: digestOf(`pass-${id}`) }, handed: {} }
    case 'import-authenticator': {
      const sealed = (intent.again ? record.authenticators[0]?.secret : undefined) ?? sealedSecret(id)
      const recoveryCodes = Array.from({ length: intent.codes }, (_, at) => `imported-${at}`)
      const { authenticator } = importOf(id, { secret: sealed, boundAt: now })
      return {
        command: { type: 'import-authenticator', authenticator, note: intent.note },
        handed: { imported: { sealed, recoveryCodes } },
      }
    }
    case 'postpone-setup':
      return { command: { type: 'postpone-setup', signInId: intent.signInId ?? undefined }, handed: {} }
    case 'verify-code':
      return { command: { type: 'verify-code' }, handed: { code: codeChosen(intent.code, record, now) } }
    case 'use-recovery-code':
      return {
        command: { type: 'use-recovery-code' },
        handed: { recoveryCode: recoveryCodeChosen(intent.recoveryCode, record) },
      }
    case 'begin-setup': {
      const shown = intent.proof === 'none' ? { proof: 'none' as const, handed: {} } : proofChosen(intent.proof, met)
      const pass = intent.pass === 'none' ? '' : passChosen(intent.pass, record)
      const facts = { setupId: setupChosen(intent.setup, record), proof: shown.proof }
      return {
        command: beginSetup(id, { ...facts, pass: intent.pass === 'none' ? 'none' : 'given' }),
        handed: { ...shown.handed, pass },
      }
    }
    case 'confirm-setup': {
      const { code: choice } = intent
      const own = record.setup !== null && typeof choice === 'object' && 'of' in choice
      return {
        command: { type: 'confirm-setup', setupId: setupChosen(intent.setup, record) },
        handed: {
          code: own
            ? codeOf(record.setup?.secret ?? '', now + choice.steps * 30 * SECOND)
            : codeChosen(choice, record, now),
        },
      }
    }
    case 'cancel-setup':
      return { command: { type: 'cancel-setup', setupId: setupChosen(intent.setup, record) }, handed: {} }
    case 'revoke-authenticator':
      return { command: { type: 'revoke-authenticator', authenticatorId, note: intent.note }, handed: {} }
    case 'rename-authenticator':
      return { command: { type: 'rename-authenticator', authenticatorId, label: intent.label }, handed: {} }
    case 'remove-authenticator': {
      const { proof: method, handed } = proofChosen(intent.proof, met)
      return { command: { type: 'remove-authenticator', authenticatorId, proof: method }, handed }
    }
    case 'replace-recovery-codes': {
      const { proof: method, handed } = proofChosen(intent.proof, met)
      const codes = [0, 1].map((at) => ({
        id: `rc-${id}-${at}`,
        digest: digestOf(`rc-${id}-${at}`),
        usedAt: null,
        imported: false,
      }))
      return { command: { type: 'replace-recovery-codes', proof: method, codes }, handed }
    }
    case 'claim-reminder':
      return { command: { type: 'claim-reminder', id }, handed: {} }
    case 'settle-reminder': {
      const { claim } = record.reminders
      const lost = { id: 'lost', deadline: record.requirement?.deadline ?? now, daysBefore: intent.daysBefore }
      const { id: held, deadline, daysBefore } = intent.claim === 'own' && claim !== null ? claim : lost
      const { sent } = intent
      return { command: { type: 'settle-reminder', id: held, reminder: { deadline, daysBefore }, sent }, handed: {} }
    }
    default:
      return { command: intent, handed: {} }
  }
}

function proofChosen(choice: ProofChoice, { record, now }: Met): { proof: ProofMethod; handed: Handed } {
  if ('code' in choice) return { proof: 'totp', handed: { code: codeChosen(choice.code, record, now) } }
  return { proof: 'recovery-code', handed: { recoveryCode: recoveryCodeChosen(choice.recoveryCode, record) } }
}

function codeChosen(choice: CodeChoice, { authenticators }: EnrollmentRecord, now: number): string {
  if (choice === 'malformed') return '12 34'
  if ('guess' in choice) return String(choice.guess).padStart(6, '0')
  if ('used' in choice) {
    const used = pick(authenticators, choice.used)
    return used === undefined ? '000000' : codeOf(used.secret, (used.lastTimeStep ?? 0) * 30 * SECOND)
  }
  const bound = pick(authenticators, choice.of)
  return bound === undefined ? '000000' : codeOf(bound.secret, now + choice.steps * 30 * SECOND)
}

function recoveryCodeChosen(choice: TextChoice, { recoveryCodes }: EnrollmentRecord): string {
  if (choice === 'malformed') return ''
  if (choice === 'wrong') return 'none of them'
  const [at, fitting] =
    'used' in choice
      ? [choice.used, recoveryCodes.filter(({ usedAt }) => usedAt !== null)]
      : [choice.unused, recoveryCodes.filter(({ usedAt }) => usedAt === null)]
  return pick(fitting, at)?.digest.slice(digestOf('').length) ?? 'none of them'
}

function passChosen(choice: TextChoice, { pass }: EnrollmentRecord): string {
  if (choice === 'malformed') return ''
  return typeof choice === 'object' && pass !== null ? pass.digest.slice(digestOf('').length) : 'not the pass'
}

function setupChosen(choice: SetupChoice, record: EnrollmentRecord): string | undefined {
  if (choice === 'none') return undefined
  return choice === 'pending' ? record.setup?.id : 'other'
}

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[at % Math.max(1, items.length)]
}
