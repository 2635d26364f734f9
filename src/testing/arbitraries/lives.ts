import type { Arbitrary, default as fastCheck } from 'fast-check'
import type {
  CodeFinding,
  Command,
  CommandType,
  PassFinding,
  ProofMethod,
  Question,
  RecoveryFinding,
  SetupFinding,
} from '../../enrollment/commands.js'
import type { ResolvedPolicy } from '../../enrollment/policy.js'
import {
  type Authenticator,
  type EnrollmentRecord,
  emptyRecord,
  indexOf,
  type RecoveryCode,
} from '../../enrollment/record.js'
import { statusAt } from '../../enrollment/status.js'
import { type Decided, transition } from '../../enrollment/transition.js'
import type {
  EnrollmentChange,
  EnrollmentStatus,
  Instant,
  Note,
  Policy,
  ResolvedTerms,
  SignInDecision,
  Terms,
  UserId,
} from '../../index.js'
import { resolvePolicy } from '../../service/policy.js'
import { encodeBase32 } from '../../totp/index.js'
import type { ResolvedTotp } from '../../totp/parameters.js'
import {
  type CodeShown,
  type CommandArguments,
  type CommandName,
  commandOf,
  type Lapse,
  landmarkOf,
  lengthOf,
  type ProofShown,
  type StoryStep,
  type TextShown,
} from '../given/commands.js'
import { stories } from './stories.js'
import { userIds } from './text.js'

/*
 * Stories lived by the state machine alone: at once, with no cipher, no randomness and nothing to wait for. Whether a code
 * is right follows from its words and from the record, by the rules that the service checks codes by.
 */

/** What jobs do: a reminder is claimed, and then sent or not, or secrets are sealed under a new key. */
interface JobStep {
  job: 'claim' | 'send' | 'fail-to-send' | 'reseal'
}

/** A story, with all that it depends on. */
export interface Life {
  userId: UserId
  start: Instant
  policy: Policy
  steps: readonly (StoryStep | JobStep)[]
  /** 24 hexadecimal digits, of which versions and ids are made */
  seed: string
}

/** What a life came to. */
export interface Lived {
  record: EnrollmentRecord
  now: Instant
  /** every write since the user was last forgotten, each over the one before */
  changes: readonly EnrollmentChange[]
  status: EnrollmentStatus
}

/** What an authenticator is called that nobody named. */
const DEFAULT_LABEL = 'Authenticator app'
/** How far from now codes are looked at, in time steps. */
const NEAR = 10

/** A policy under which locks, caps and limits are near. */
const TIGHT: Policy = {
  lock: { afterFailures: 2, forMs: [60_000, 3_600_000], disableAfterFailures: 6, rollingCap: { failures: 7, days: 5 } },
  setup: { tries: 2 },
  pass: { tries: 2 },
  recoveryCodes: { count: 3 },
  maxAuthenticators: 2,
  maxGrantedDays: 10,
}

/** Lives of all kinds, each of which writes something. */
export function lives(fc: typeof fastCheck): Arbitrary<Life> {
  const job = fc.constantFrom('claim' as const, 'send' as const, 'fail-to-send' as const, 'reseal' as const)
  return fc.record({
    userId: userIds(fc),
    start: fc.constant(Date.UTC(2026, 0, 5, 9)),
    policy: fc.constantFrom<Policy>({}, TIGHT),
    steps: fc
      .tuple(
        fc.constantFrom<StoryStep>('issuePass', 'setUp', 'suspend', ['requireEnrollment', { period: { days: 30 } }]),
        stories(fc),
        fc.option(fc.record({ job }), { freq: 2 }),
        stories(fc),
      )
      .map(([first, before, reminded, after]) => [
        first,
        ...before,
        ...(reminded === null ? [] : [reminded]),
        ...after,
      ]),
    seed: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 24, maxLength: 24 }),
  })
}

/** A life under way: the record, and what the user knows. */
interface Living {
  life: Life
  policy: ResolvedPolicy
  now: Instant
  record: EnrollmentRecord | null
  changes: EnrollmentChange[]
  /** how many ids and versions were made */
  made: number
  setupId: string | undefined
  passEndsAt: Instant | null
  usedCode: Used | null
  usedRecoveryCode: string | null
  /** the last time step accepted, by the authenticators' ids */
  accepted: Map<string, number>
}

interface Used {
  authenticatorId: string
  timeStep: number
}

/** Lives a life. */
export function live(life: Life): Lived {
  const living: Living = {
    life,
    policy: resolvePolicy(life.policy),
    now: life.start,
    record: null,
    changes: [],
    made: 0,
    ...nothingKnown(),
  }
  for (const step of life.steps) take(living, step)
  // Whoever was forgotten in the end has no record.
  if (living.record === null) take(living, 'issuePass')
  const record = recordOf(living)
  return { record, now: living.now, changes: living.changes, status: statusAt(record, living.now) }
}

const nothingKnown = (): Pick<Living, 'setupId' | 'passEndsAt' | 'usedCode' | 'usedRecoveryCode' | 'accepted'> => ({
  setupId: undefined,
  passEndsAt: null,
  usedCode: null,
  usedRecoveryCode: null,
  accepted: new Map(),
})

/** What a sign-in would lead to after a life, which it need not change. */
export function signedIn({ record, now }: Lived, { policy, userId }: Life, sensitive: boolean): SignInDecision {
  const circumstances = { userId, now, policy: resolvePolicy(policy), stamp: '' }
  const decision = transition<'sign-in'>(record, { type: 'sign-in', sensitive }, circumstances)
  return (decision as Decided<'sign-in'>).outcome
}

function take(living: Living, step: StoryStep | JobStep): void {
  if (typeof step === 'object' && 'job' in step) {
    work(living, step)
    return
  }
  const command = commandOf(step)
  if (command === null) {
    pass(living, step as Lapse)
    return
  }
  const performer = PERFORMERS[command.name] as (living: Living, ...given: readonly unknown[]) => void
  performer(living, ...command.given)
}

function pass(living: Living, lapse: Lapse): void {
  if ('at' in lapse) {
    living.now = lapse.at
    return
  }
  const { to } = lapse
  const { passEndsAt } = living
  const landmark =
    to === undefined ? living.now : landmarkOf(statusAt(recordOf(living), living.now), { to, passEndsAt })
  if (landmark !== null) living.now = landmark + lengthOf(lapse)
}

function work(living: Living, { job }: JobStep): void {
  if (job === 'reseal') {
    decided(living, { type: 'reseal-secrets' })
    return
  }
  // The day on which one is due.
  living.now = recordOf(living).reminders.at ?? living.now
  const id = freshId(living)
  const { claimed } = decided(living, { type: 'claim-reminder', id }).outcome
  if (claimed === null || job === 'claim') return
  const { deadline, daysBefore } = claimed
  decided(living, { type: 'settle-reminder', id, reminder: { deadline, daysBefore }, sent: job === 'send' })
}

function recordOf({ record, life }: Living): EnrollmentRecord {
  return record ?? emptyRecord(life.userId)
}

/** An id or version that nothing else of this life has. */
function freshId(living: Living): string {
  living.made++
  return `${living.life.seed}${living.made.toString(16).padStart(8, '0')}`
}

/** What is handed over with a command, in words. */
interface Handed {
  code: CodeShown
  recoveryCode: TextShown
  pass: TextShown
  imported: { sealed: string; recoveryCodes: readonly string[] }
}

const NOTHING: Handed = {
  code: 'wrong',
  recoveryCode: 'wrong',
  pass: 'wrong',
  imported: { sealed: '', recoveryCodes: [] },
}

/** One transition, its question answered, and what it writes. */
function decided<Type extends CommandType>(
  living: Living,
  command: Command<Type> & { type: Type },
  handed: Partial<Handed> = {},
): Decided<Type> {
  const { life, policy, now, record } = living
  const version = freshId(living)
  const circumstances = { userId: life.userId, now, policy, stamp: version.slice(-8) }
  const step = transition<Type>(record, command, circumstances)
  const settled = 'ask' in step ? answered(living, step, { ...NOTHING, ...handed }) : step
  if (settled.record === null) return settled
  const expected = living.changes.at(-1)?.version ?? null
  const change = { userId: life.userId, enrollment: settled.record, index: indexOf(settled.record), version, expected }
  living.changes.push({ ...change, events: settled.events })
  living.record = settled.record
  return settled
}

function answered<Answer>(living: Living, question: Question<Answer>, handed: Handed): Answer {
  switch (question.ask) {
    case 'code':
      return question.answer(codeFound(living, question.authenticators, handed.code))
    case 'recovery-code':
      return question.answer(recoveryCodeFound(living, question.codes, handed.recoveryCode))
    case 'pass':
      return question.answer(passFound(handed.pass))
    case 'setup-code':
      return question.answer(setupCodeFound(living, question, handed.code))
    case 'import': {
      const { sealed, recoveryCodes } = handed.imported
      const known = question.codes.map(({ digest }) => digest)
      const bound = question.authenticators.some(({ secret }) => secret === sealed)
      const fresh = bound ? [] : recoveryCodes.filter((code) => !known.includes(code))
      return question.answer({
        bound,
        pending: false,
        recoveryCodes: fresh.map((code) => ({ id: code, digest: code, usedAt: null, imported: true })),
      })
    }
    case 'protection':
      return question.answer({ protected: false })
    case 'reseal':
      return question.answer(question.sealed.map(({ id, secret }) => ({ id, secret })))
  }
}

function stepAt(now: Instant, { period }: ResolvedTotp): number {
  return Math.floor(now / (period * 1000))
}

/** The newest authenticator shows the code, unless it is the used one of another. */
function codeFound(living: Living, authenticators: readonly Authenticator[], shown: CodeShown): CodeFinding {
  const newest = authenticators.at(-1)
  if (newest === undefined || (typeof shown === 'object' && 'exactly' in shown)) return { found: 'malformed' }
  const { usedCode, now } = living
  if (shown === 'wrong') return { found: 'mismatch' }
  if (shown === 'used') {
    if (usedCode === null) return { found: 'mismatch' }
    const own = authenticators.find(({ id }) => id === usedCode.authenticatorId)
    return own === undefined ? { found: 'mismatch' } : stepFound(living, own, usedCode.timeStep)
  }
  const at = shown === 'right' ? now : now + shown.driftSeconds * 1000
  return stepFound(living, newest, stepAt(at, newest.parameters))
}

function stepFound(living: Living, authenticator: Authenticator, timeStep: number): CodeFinding {
  const { id, parameters, lastTimeStep } = authenticator
  const { past, future } = living.policy.totp.window
  const current = stepAt(living.now, parameters)
  if (timeStep < current - past || timeStep > current + future) return { found: 'mismatch' }
  if (timeStep <= (lastTimeStep ?? -1)) return { found: 'replayed', authenticatorId: id }
  useCode(living, authenticator, timeStep)
  return { found: 'match', matches: [{ authenticatorId: id, timeStep }], resealed: [] }
}

function useCode(living: Living, { id }: { id: string }, timeStep: number): void {
  living.usedCode = { authenticatorId: id, timeStep }
  living.accepted.set(id, timeStep)
}

function recoveryCodeFound(living: Living, codes: readonly RecoveryCode[], shown: TextShown): RecoveryFinding {
  if (typeof shown === 'object') return { found: 'malformed' }
  const own =
    shown === 'used'
      ? codes.find(({ id }) => id === living.usedRecoveryCode)
      : codes.find(({ usedAt }) => shown === 'right' && usedAt === null)
  if (own === undefined) return { found: 'mismatch' }
  if (own.usedAt !== null) return { found: 'replayed' }
  living.usedRecoveryCode = own.id
  return { found: 'match', recoveryCodeId: own.id }
}

function passFound(shown: TextShown): PassFinding {
  if (typeof shown === 'object') return { found: 'malformed' }
  return { found: shown === 'wrong' ? 'mismatch' : 'match' }
}

function setupCodeFound(
  living: Living,
  { setup, recoveryCodesWanted }: Extract<Question<unknown>, { ask: 'setup-code' }>,
  shown: CodeShown,
): SetupFinding {
  if (typeof shown === 'object' && 'exactly' in shown) return { found: 'malformed' }
  if (shown === 'wrong' || shown === 'used') return { found: 'mismatch', clockOffsetSeconds: null }
  const { now, policy } = living
  const { period } = setup.parameters
  const { past, future } = policy.totp.window
  const timeStep = stepAt(shown === 'right' ? now : now + shown.driftSeconds * 1000, setup.parameters)
  const delta = timeStep - stepAt(now, setup.parameters)
  if (delta < -past || delta > future) {
    return { found: 'mismatch', clockOffsetSeconds: Math.abs(delta) > NEAR ? null : delta * period }
  }
  useCode(living, setup, timeStep)
  return { found: 'match', timeStep, bound: false, recoveryCodes: freshCodes(living, recoveryCodesWanted) }
}

/** As many recovery codes as are wanted, as a record holds them. */
function freshCodes(living: Living, count: number): RecoveryCode[] {
  const id = freshId(living)
  return Array.from({ length: count }, (_, at) => {
    const own = `${id}-${at}`
    return { id: own, digest: `digest:${own}`, usedAt: null, imported: false }
  })
}

/* ----------------------------------------------------------------------------------------------- commands */

/** Before a right code is shown: waits for the next, where the newest authenticator's present one is used. */
function waitForCode(living: Living, shown: CodeShown | undefined): void {
  const newest = living.record?.authenticators.at(-1)
  if (shown !== 'right' || newest === undefined) return
  const accepted = living.accepted.get(newest.id)
  const step = stepAt(living.now, newest.parameters)
  if (accepted !== undefined && step <= accepted && accepted - step <= NEAR)
    living.now = (accepted + 1) * newest.parameters.period * 1000
}

/** A proof as the machine is told of it, once its user has waited for the code. */
function proofOf(living: Living, proof: ProofShown): { method: ProofMethod; handed: Partial<Handed> } {
  if ('recoveryCode' in proof) return { method: 'recovery-code', handed: proof }
  waitForCode(living, proof.code)
  return { method: 'totp', handed: proof }
}

function authenticatorId({ record }: Living, which: number): string {
  return record?.authenticators[which]?.id ?? 'nobody'
}

/** A command of an administrator with nothing but a note. */
const noted =
  (type: 'end-exemption' | 'make-optional' | 'suspend' | 'resume' | 'unlock') =>
  (living: Living, note: Note = {}): void => {
    decided(living, { type, note })
  }

type Performers = { [Name in CommandName]: (living: Living, ...given: CommandArguments[Name]) => unknown }

const PERFORMERS: Performers = {
  requireEnrollment(living, given: Terms | ResolvedTerms, note = {}) {
    const read = 'terms' in given ? given : { terms: given }
    if (read.terms === 'optional') return decided(living, { type: 'make-optional', note })
    return decided(living, { type: 'require-enrollment', ...read, terms: read.terms, note })
  },
  changeDeadline: (living, change, note = {}) => decided(living, { type: 'change-deadline', change, note }),
  exempt: (living, exemption, note = {}) => decided(living, { type: 'exempt', ...exemption, note }),
  endExemption: noted('end-exemption'),
  makeOptional: noted('make-optional'),
  suspend: noted('suspend'),
  resume: noted('resume'),
  unlock: noted('unlock'),
  resetMfa: (living, { grace }, note = {}) => decided(living, { type: 'reset-mfa', grace, note }),
  issuePass(living, note = {}) {
    const id = freshId(living)
    const { outcome } = decided(living, { type: 'issue-pass', id, digest: `digest:${id}`, note })
    living.passEndsAt = outcome.expiresAt
  },
  revokeAuthenticator: (living, which, note = {}) =>
    decided(living, { type: 'revoke-authenticator', authenticatorId: authenticatorId(living, which), note }),
  // Stories bring over nothing else of an authenticator.
  importAuthenticator(living, { secret, label = DEFAULT_LABEL, recoveryCodes = [] }, note = {}) {
    const sealed = `sealed:${encodeBase32(secret)}`
    const parameters = { algorithm: 'SHA1', digits: 6, period: 30, t0: 0 } as const
    const own = { id: freshId(living), label, secret: sealed, parameters, boundAt: living.now, lastTimeStep: null }
    const imported = { sealed, recoveryCodes }
    decided(living, { type: 'import-authenticator', authenticator: own, note }, { imported })
  },

  signIn: (living, { sensitive } = {}) => decided(living, { type: 'sign-in', sensitive }),
  decide: () => undefined,
  postponeSetup: (living, { signInId } = {}) => decided(living, { type: 'postpone-setup', signInId }),

  setUp(living, { label } = {}) {
    const pass = living.passEndsAt === null ? undefined : ('right' as const)
    const proof = (living.record?.authenticators.length ?? 0) === 0 ? undefined : ({ code: 'right' } as const)
    if (begin(living, { label, pass, proof })) PERFORMERS.confirmSetup(living, 'right')
  },
  beginSetup: (living, options = {}) => begin(living, options),
  confirmSetup(living, code) {
    const { setupId } = living
    if (decided(living, { type: 'confirm-setup', setupId }, { code }).outcome.ok) living.setupId = undefined
  },
  cancelSetup: (living) => decided(living, { type: 'cancel-setup', setupId: living.setupId }),

  verifyCode(living, code) {
    waitForCode(living, code)
    decided(living, { type: 'verify-code' }, { code })
  },
  useRecoveryCode: (living, recoveryCode) => decided(living, { type: 'use-recovery-code' }, { recoveryCode }),
  renameAuthenticator: (living, which, label) =>
    decided(living, { type: 'rename-authenticator', authenticatorId: authenticatorId(living, which), label }, {}),
  removeAuthenticator(living, which, proof) {
    const id = authenticatorId(living, which)
    const { method, handed } = proofOf(living, proof)
    decided(living, { type: 'remove-authenticator', authenticatorId: id, proof: method }, handed)
  },
  replaceRecoveryCodes(living, proof) {
    const { method, handed } = proofOf(living, proof)
    const codes = freshCodes(living, living.policy.recoveryCodes.count)
    decided(living, { type: 'replace-recovery-codes', proof: method, codes }, handed)
  },
  forget(living) {
    living.record = null
    living.changes = []
    Object.assign(living, nothingKnown())
  },
}

function begin(living: Living, { label = DEFAULT_LABEL, resume = false, pass, proof }: BeginOptions): boolean {
  const shown = proof === undefined ? undefined : proofOf(living, proof)
  const id = freshId(living)
  const { parameters } = living.policy.totp
  const { outcome } = decided(
    living,
    {
      type: 'begin-setup',
      setupId: resume ? living.setupId : undefined,
      pass: pass === undefined ? 'none' : 'given',
      proof: shown?.method ?? 'none',
      fresh: { id, label, secret: `sealed:${id}`, parameters },
    },
    { ...shown?.handed, ...(pass !== undefined && { pass }) },
  )
  if (outcome.ok) living.setupId = outcome.setup.id
  return outcome.ok
}

type BeginOptions = NonNullable<CommandArguments['beginSetup'][0]>
