import type { CodeFinding, CommandType, RecoveryFinding } from '../../src/enrollment/commands.js'
import type { Phase } from '../../src/enrollment/phase.js'
import {
  type EnrollmentRecord,
  type FactorLock,
  type ReminderId,
  type Setup,
  UNLOCKED,
} from '../../src/enrollment/record.js'
import type { ApplyTo, Terms } from '../../src/enrollment/terms.js'
import type { Note } from '../../src/enrollment/user.js'
import { resolvePolicy } from '../../src/service/policy.js'
import {
  ASSIGNED,
  beginSetup,
  codeOf,
  DAY,
  DEADLINE,
  deepFreeze,
  digestOf,
  given,
  HOUR,
  importOf,
  inPhase,
  MINUTE,
  NOW,
  PHONE,
  recoveryCode,
  requiring,
  type Story,
  sealedSecret,
  type Told,
  type Turn,
} from './given.js'

/** What a command comes to: its answer, then the events that are stored, or only told; or that it is stored without any. */
export type Cell = string

/** One way of a command, in every phase. */
export interface Row {
  /** what is special about the record or the command */
  when: string
  cells: Record<Phase, Cell>
  /** gives the command to the record that is in the phase */
  does(phase: Phase): Told<CommandType>
}

/** The cell that a transition really comes to. */
export function cellOf({ outcome, types, written }: Told<CommandType>): Cell {
  const answer = answerOf(outcome)
  if (written) return types.length === 0 ? `${answer} (stored)` : `${answer} → ${types.join(', ')}`
  return types.length === 0 ? answer : `${answer} (told: ${types.join(', ')})`
}

function answerOf(outcome: Told<CommandType>['outcome']): string {
  if ('action' in outcome) return 'reason' in outcome ? `${outcome.action}: ${outcome.reason}` : outcome.action
  if ('refused' in outcome) return 'protected'
  if ('claimed' in outcome) return outcome.claimed === null ? 'nothing due' : 'claimed'
  if ('recorded' in outcome) return outcome.recorded ? 'recorded' : 'not recorded'
  if ('changed' in outcome && outcome.changed !== undefined) return outcome.changed ? 'changed' : 'unchanged'
  // A refusal that says ok would be one that callers let pass.
  if ('reason' in outcome) return (outcome.ok as boolean) ? `ok, ${outcome.reason}` : outcome.reason
  if ('resumed' in outcome) return outcome.resumed ? 'ok, resumed' : 'ok'
  return 'ok'
}

/* ------------------------------------------------------------------------------------------ the rows */

/** The same in all phases in which nothing is bound. A new phase must be thought about, so this names them. */
function unbound(cell: Cell): Record<Exclude<Phase, 'enrolled' | 'suspended'>, Cell> {
  return { optional: cell, exempt: cell, scheduled: cell, 'enrollment-period': cell, overdue: cell }
}

/** The same in every phase. */
function everywhere(cell: Cell): Record<Phase, Cell> {
  return { ...unbound(cell), enrolled: cell, suspended: cell }
}

/** With a requirement one thing, without one another. */
function required(cell: Cell, { optional }: { optional: Cell }): Record<Phase, Cell> {
  return { ...everywhere(cell), optional }
}

/** A row whose command is given as it is. */
function row(
  when: string,
  cells: Record<Phase, Cell>,
  does: (story: Story, record: EnrollmentRecord, phase: Phase) => Told<CommandType>,
): Row {
  return { when, cells, does: (phase) => does(given(inPhase[phase]), inPhase[phase], phase) }
}

const OTHER_TERMS: Terms = { period: { days: 7 } }
const REQUIREMENT: Record<Phase, Terms> = {
  ...{ optional: OTHER_TERMS, exempt: { period: { days: 30 } }, overdue: { period: { days: 30 } } },
  ...{ 'enrollment-period': { period: { days: 30 } }, enrolled: { period: { days: 30 } } },
  ...{ scheduled: { period: { days: 30, start: NOW + 5 * DAY } }, suspended: { period: { days: 30 } } },
}

const ASSIGNED_ANEW: Cell = 'changed → requirement-assigned'
/** Assigned to those alone who have no requirement. */
const TO_NEW: Record<Phase, Cell> = required('unchanged', { optional: ASSIGNED_ANEW })
const TO_ALL: Record<Phase, Cell> = everywhere(ASSIGNED_ANEW)

const APPLY_TO = ['new', 'shorten', 'extend', 'replace'] as const

/** Terms by what they do to a deadline that stands, and to whom each way of applying them assigns them. */
const APPLIED: readonly {
  what: string
  terms(standing: number): Terms
  cells: Record<ApplyTo, Record<Phase, Cell>>
}[] = [
  {
    what: 'terms that end earlier',
    terms: (standing) => ({ period: { deadline: standing - 1 } }),
    cells: { new: TO_NEW, shorten: TO_ALL, extend: TO_NEW, replace: TO_ALL },
  },
  {
    what: 'terms that end later',
    terms: (standing) => ({ period: { deadline: standing + 1 } }),
    cells: { new: TO_NEW, shorten: TO_NEW, extend: TO_ALL, replace: TO_ALL },
  },
  {
    what: 'other terms to the same dates',
    terms: (standing) => ({ period: { deadline: standing } }),
    cells: { new: TO_NEW, shorten: TO_NEW, extend: TO_NEW, replace: TO_ALL },
  },
  {
    what: 'terms that end in 1 day after a first sign-in, in 2 without',
    terms: () => ({ period: { days: 1, start: 'first-sign-in', capDays: 2 } }),
    cells: {
      new: TO_NEW,
      shorten: { ...TO_ALL, overdue: 'unchanged' },
      extend: { ...TO_NEW, overdue: ASSIGNED_ANEW },
      replace: TO_ALL,
    },
  },
  {
    what: 'terms that end in 1 day after a first sign-in, in 60 without',
    terms: () => ({ period: { days: 1, start: 'first-sign-in', capDays: 60 } }),
    cells: { new: TO_NEW, shorten: TO_NEW, extend: { ...TO_NEW, overdue: ASSIGNED_ANEW }, replace: TO_ALL },
  },
]

/** The deadline that a change finds: what was left when its clock was stopped, a day ago, is left now. */
function standingDeadline({ requirement, suspension }: EnrollmentRecord): number {
  return (requirement?.deadline ?? NOW) + (suspension === null ? 0 : NOW - suspension.stoppedAt)
}

/** The same command for a protected account, without force and with it. */
function protectedRows(
  when: string,
  { refused, forced }: { refused: Record<Phase, Cell>; forced: Record<Phase, Cell> },
  does: (story: Story, note: Note, turn: Turn) => Told<CommandType>,
  prepared: (record: EnrollmentRecord) => EnrollmentRecord = (record) => record,
): Row[] {
  const told = (note: Note) => (_: Story, record: EnrollmentRecord) =>
    does(given(prepared(record)), note, { protected: true })
  return [
    row(`${when}, of a protected account`, refused, told({})),
    row(`${when}, of a protected account, with force`, forced, told({ reason: 'they insist', force: true })),
  ]
}

/** The record, the period of its requirement over since a day ago. */
function missed(record: EnrollmentRecord): EnrollmentRecord {
  const { requirement } = record
  const dates = { startsAt: NOW - 2 * DAY, deadline: NOW - DAY }
  return deepFreeze({ ...record, requirement: requirement && { ...requirement, ...dates } })
}

const LOCKED: FactorLock = { ...UNLOCKED, failures: 5, ladder: 5, lockedUntil: NOW + MINUTE, recent: [NOW - 1000] }
const DISABLED: FactorLock = { ...UNLOCKED, failures: 50, ladder: 50, disabled: true, recent: [NOW - 1000] }
const FOUR_FAILURES: FactorLock = { ...UNLOCKED, failures: 4, ladder: 4, recent: [NOW - 1000] }
const FORTY_NINE: FactorLock = { ...UNLOCKED, failures: 49, ladder: 49, lockedUntil: NOW - HOUR, recent: [NOW - 1000] }

/** The record with both of its factors in this state. */
function locked(record: EnrollmentRecord, lock: FactorLock): EnrollmentRecord {
  return deepFreeze({ ...record, lock: { totp: lock, recovery: lock } })
}

function codeFindings(record: EnrollmentRecord): Record<CodeFinding['found'], Turn> {
  const bound = record.authenticators.length > 0
  // Of nothing that is bound nothing can be found but a mismatch.
  const only = (finding: CodeFinding): Turn => ({ finding: bound ? finding : { found: 'mismatch' } })
  return {
    malformed: { finding: { found: 'malformed' } },
    mismatch: { finding: { found: 'mismatch' } },
    replayed: only({ found: 'replayed', authenticatorId: PHONE }),
    match: only({ found: 'match', matches: [{ authenticatorId: PHONE, timeStep: 1e9 }], resealed: [] }),
  }
}

function recoveryFindings(record: EnrollmentRecord): Record<RecoveryFinding['found'], Turn> {
  const held = record.recoveryCodes.length > 0
  const only = (finding: RecoveryFinding): Turn => ({ finding: held ? finding : { found: 'mismatch' } })
  return {
    malformed: { finding: { found: 'malformed' } },
    mismatch: { finding: { found: 'mismatch' } },
    replayed: only({ found: 'replayed' }),
    match: only({ found: 'match', recoveryCodeId: recoveryCode('fresh').id }),
  }
}

const FINDINGS = ['malformed', 'mismatch', 'replayed', 'match'] as const

/** What a check of either factor comes to: by each finding, and where it is locked before anything is found. */
function checks(
  type: 'verify-code' | 'use-recovery-code',
  { accepted, rejected, others }: { accepted: string; rejected: string; others: string },
): Row[] {
  const findings = type === 'verify-code' ? codeFindings : recoveryFindings
  const cells = (enrolled: Cell): Record<Phase, Cell> => ({
    ...unbound('invalid-code'),
    enrolled,
    suspended: 'suspended',
  })
  const found: Record<(typeof FINDINGS)[number], Cell> = {
    malformed: 'invalid-code',
    mismatch: `invalid-code → ${rejected}`,
    replayed: 'invalid-code (told: code-replayed)',
    match: `ok → ${accepted}`,
  }
  const whenFound = (story: Story, record: EnrollmentRecord, one: (typeof FINDINGS)[number]): Told<CommandType> =>
    story.when({ type }, record.suspension === null ? findings(record)[one] : {})
  return [
    ...FINDINGS.map((one) => row(one, cells(found[one]), (story, record) => whenFound(story, record, one))),
    row(`mismatch, for the fifth time`, cells(`invalid-code → ${rejected}, locked`), (_, record) =>
      whenFound(given(locked(record, FOUR_FAILURES)), record, 'mismatch'),
    ),
    row(`mismatch, for the fiftieth time`, cells(`invalid-code → ${rejected}, disabled`), (_, record) =>
      whenFound(given(locked(record, FORTY_NINE)), record, 'mismatch'),
    ),
    row('locked', { ...everywhere('locked'), suspended: 'suspended' }, (_, record) =>
      given(locked(record, LOCKED)).when({ type }),
    ),
    row('disabled', { ...everywhere('disabled'), suspended: 'suspended' }, (_, record) =>
      given(locked(record, DISABLED)).when({ type }),
    ),
    row(`locked, but for ${others} only`, cells(found.match), (_, record) => {
      const lock = { totp: UNLOCKED, recovery: UNLOCKED, [type === 'verify-code' ? 'recovery' : 'totp']: LOCKED }
      return whenFound(given({ ...record, lock }), record, 'match')
    }),
  ]
}

/** The record with a set-up that was begun a minute ago. */
function pending(record: EnrollmentRecord, facts: Partial<Setup> = {}): EnrollmentRecord {
  const { fresh } = beginSetup('tablet')
  const setup = { ...fresh, expiresAt: NOW + 9 * MINUTE, triesLeft: 5, proven: record.authenticators.length > 0 }
  return deepFreeze({ ...record, setup: { ...setup, ...facts } })
}

/** The record with another authenticator, so that none of them is the last. */
function another(record: EnrollmentRecord): EnrollmentRecord {
  const [phone] = record.authenticators
  if (phone === undefined) return record
  const tablet = { ...phone, id: 'tablet', secret: sealedSecret('tablet') }
  return deepFreeze({ ...record, authenticators: [phone, tablet] })
}

/** The record under terms that ask for a pass; one that has no requirement stays without. */
function withPass(record: EnrollmentRecord, { issued }: { issued: boolean }): EnrollmentRecord {
  const { requirement } = record
  const pass = { id: 'pass', digest: digestOf('pass'), expiresAt: NOW + HOUR, triesLeft: 5 }
  const strict = requirement && { ...requirement, selfEnrollment: 'with-pass' as const }
  return deepFreeze({ ...record, requirement: strict, pass: issued ? pass : null })
}

/** What beginning with a pass comes to, where one is required. */
function begunWith(passed: Cell): Record<Phase, Cell> {
  return {
    ...{ exempt: passed, scheduled: passed, 'enrollment-period': passed, overdue: passed },
    ...{ optional: 'ok → setup-begun', enrolled: 'proof-required', suspended: 'suspended' },
  }
}

/**
 * What a command that needs a proof comes to, by each finding about either kind of code. `asksUnbound`: the
 * command asks whoever comes, so that a lock answers first even where nothing is bound.
 */
function proven(
  { unproven, asksUnbound, done }: { unproven: Cell; asksUnbound: boolean; done: string },
  does: (story: Story, proof: 'totp' | 'recovery-code', turn: Turn) => Told<CommandType>,
  prepared: (record: EnrollmentRecord) => EnrollmentRecord = (record) => record,
): Row[] {
  const cells = (enrolled: Cell, none: Cell = unproven): Record<Phase, Cell> => ({
    ...unbound(none),
    enrolled,
    suspended: 'suspended',
  })
  const rows = (proof: 'totp' | 'recovery-code', [rejected, accepted]: [string, string]) => {
    const findings = proof === 'totp' ? codeFindings : recoveryFindings
    const found: Record<(typeof FINDINGS)[number], Cell> = {
      malformed: 'invalid-code',
      mismatch: `invalid-code → ${rejected}`,
      replayed: 'invalid-code (told: code-replayed)',
      match: `ok → ${accepted}, ${done}`,
    }
    return FINDINGS.map((one) =>
      row(`${proof} as proof: ${one}`, cells(found[one]), (_, record, phase) => {
        const asks = phase === 'enrolled' || (asksUnbound && phase !== 'suspended')
        return does(given(prepared(record)), proof, asks ? findings(record)[one] : {})
      }),
    )
  }
  const lockedRow = (state: 'locked' | 'disabled', lock: FactorLock) =>
    row(`proof by a factor that is ${state}`, cells(state, asksUnbound ? state : unproven), (_, record) =>
      does(given(prepared(locked(record, lock))), 'totp', {}),
    )
  return [
    ...rows('totp', ['code-rejected', 'code-accepted']),
    ...rows('recovery-code', ['recovery-code-rejected', 'recovery-code-used']),
    lockedRow('locked', LOCKED),
    lockedRow('disabled', DISABLED),
  ]
}

/** Every way of every command, in every phase. A command that is added does not compile without its rows. */
export const MATRIX: Record<CommandType, readonly Row[]> = {
  'require-enrollment': [
    row('other terms', everywhere('changed → requirement-assigned'), (story) =>
      story.when(requiring({ period: { days: 8 } })),
    ),
    row('the same period, other terms', everywhere('changed → requirement-assigned'), (story, _, phase) =>
      story.when(requiring({ ...REQUIREMENT[phase], postponements: 3 })),
    ),
    row('the same terms', required('unchanged', { optional: 'changed → requirement-assigned' }), (story, _, phase) =>
      story.when(requiring(REQUIREMENT[phase])),
    ),
    ...APPLIED.flatMap(({ what, terms, cells }) =>
      APPLY_TO.map((applyTo) =>
        row(`${what}, applied to '${applyTo}'`, cells[applyTo], (story, record) =>
          story.when({ ...requiring(terms(standingDeadline(record))), applyTo }),
        ),
      ),
    ),
    ...APPLY_TO.map((applyTo) =>
      row(`the same terms, applied to '${applyTo}'`, TO_NEW, (story, _, phase) =>
        story.when({ ...requiring(REQUIREMENT[phase]), applyTo }),
      ),
    ),
    ...(['new', 'shorten', 'extend'] as const).map((applyTo) =>
      row(`the same period, other terms, applied to '${applyTo}'`, TO_NEW, (story, _, phase) =>
        story.when({ ...requiring({ ...REQUIREMENT[phase], postponements: 3 }), applyTo }),
      ),
    ),
    ...protectedRows(
      'no period',
      {
        refused: { ...TO_ALL, optional: 'protected', scheduled: 'protected', 'enrollment-period': 'protected' },
        forced: TO_ALL,
      },
      (story, note, turn) => story.when({ ...requiring({ period: 'none' }), note }, turn),
    ),
  ],
  'make-optional': [
    row('', required('changed → made-optional', { optional: 'unchanged' }), (story) =>
      story.when({ type: 'make-optional', note: {} }),
    ),
    ...APPLY_TO.map((applyTo) =>
      row(
        `applied to '${applyTo}'`,
        applyTo === 'extend' || applyTo === 'replace'
          ? required('changed → made-optional', { optional: 'unchanged' })
          : everywhere('unchanged'),
        (story) => story.when({ type: 'make-optional', applyTo, note: {} }),
      ),
    ),
  ],
  'change-deadline': [
    row('days more', required('changed → deadline-changed', { optional: 'unchanged' }), (story) =>
      story.when({ type: 'change-deadline', change: { addDays: 3 }, note: {} }),
    ),
    row('a deadline ahead', required('changed → deadline-changed', { optional: 'unchanged' }), (story) =>
      story.when({ type: 'change-deadline', change: { deadline: NOW + 90 * DAY }, note: {} }),
    ),
    row('a deadline gone by', required('changed → deadline-changed', { optional: 'unchanged' }), (story) =>
      story.when({ type: 'change-deadline', change: { deadline: NOW - 20 * DAY }, note: {} }),
    ),
    row('no days', everywhere('unchanged'), (story) =>
      story.when({ type: 'change-deadline', change: { addDays: 0 }, note: {} }),
    ),
    ...protectedRows(
      'now',
      {
        refused: {
          ...required('changed → deadline-changed', { optional: 'unchanged' }),
          scheduled: 'protected',
          'enrollment-period': 'protected',
        },
        forced: required('changed → deadline-changed', { optional: 'unchanged' }),
      },
      (story, note, turn) => story.when({ type: 'change-deadline', change: { deadline: NOW }, note }, turn),
    ),
  ],
  exempt: [
    row('until later', everywhere('changed → exempted'), (story) =>
      story.when({ type: 'exempt', until: NOW + 9 * DAY, reason: 'on leave', note: {} }),
    ),
    row('as it is', { ...everywhere('changed → exempted'), exempt: 'unchanged' }, (story) =>
      story.when({ type: 'exempt', until: NOW + 5 * DAY, reason: 'on leave', note: {} }),
    ),
    row('until now', { ...everywhere('unchanged'), exempt: 'changed → exempted' }, (story) =>
      story.when({ type: 'exempt', until: NOW, reason: 'on leave', note: {} }),
    ),
    ...protectedRows(
      'until now, the period over',
      {
        refused: { ...everywhere('unchanged'), exempt: 'protected' },
        forced: { ...everywhere('unchanged'), exempt: 'changed → exempted' },
      },
      (story, note, turn) => story.when({ type: 'exempt', until: NOW, reason: 'on leave', note }, turn),
      missed,
    ),
  ],
  'end-exemption': [
    row('', { ...everywhere('unchanged'), exempt: 'changed → exempted' }, (story) =>
      story.when({ type: 'end-exemption', note: {} }),
    ),
    ...protectedRows(
      'the period over',
      {
        refused: { ...everywhere('unchanged'), exempt: 'protected' },
        forced: { ...everywhere('unchanged'), exempt: 'changed → exempted' },
      },
      (story, note, turn) => story.when({ type: 'end-exemption', note }, turn),
      missed,
    ),
  ],
  suspend: [
    row('', { ...everywhere('changed → suspended'), suspended: 'unchanged' }, (story) =>
      story.when({ type: 'suspend', note: {} }),
    ),
  ],
  resume: [
    row('', { ...everywhere('unchanged'), suspended: 'changed → resumed' }, (story) =>
      story.when({ type: 'resume', note: {} }),
    ),
  ],
  'reset-mfa': [
    row('grace none', { ...everywhere('changed → mfa-reset'), overdue: 'unchanged' }, (story) =>
      story.when({ type: 'reset-mfa', grace: 'none', note: {} }),
    ),
    row(
      'grace remaining',
      { ...unbound('unchanged'), enrolled: 'changed → mfa-reset', suspended: 'changed → mfa-reset' },
      (story) => story.when({ type: 'reset-mfa', grace: 'remaining', note: {} }),
    ),
    row('grace of days', everywhere('changed → mfa-reset'), (story) =>
      story.when({ type: 'reset-mfa', grace: { days: 3 }, note: {} }),
    ),
    row('grace remaining, a set-up is pending', everywhere('changed → mfa-reset'), (_, record) =>
      given(pending(record)).when({ type: 'reset-mfa', grace: 'remaining', note: {} }),
    ),
    ...protectedRows(
      'grace none',
      {
        refused: {
          ...{ optional: 'protected', exempt: 'changed → mfa-reset', scheduled: 'protected' },
          ...{ 'enrollment-period': 'protected', overdue: 'unchanged', enrolled: 'protected' },
          suspended: 'changed → mfa-reset',
        },
        forced: { ...everywhere('changed → mfa-reset'), overdue: 'unchanged' },
      },
      (story, note, turn) => story.when({ type: 'reset-mfa', grace: 'none', note }, turn),
    ),
  ],
  'revoke-authenticator': [
    row(
      'one that is bound',
      {
        ...unbound('unchanged'),
        enrolled: 'changed → authenticator-removed',
        suspended: 'changed → authenticator-removed',
      },
      (story) => story.when({ type: 'revoke-authenticator', authenticatorId: PHONE, note: {} }),
    ),
    row('an unknown one', everywhere('unchanged'), (story) =>
      story.when({ type: 'revoke-authenticator', authenticatorId: 'other', note: {} }),
    ),
    ...protectedRows(
      'the last one, the period over',
      {
        refused: { ...unbound('unchanged'), enrolled: 'protected', suspended: 'changed → authenticator-removed' },
        forced: {
          ...unbound('unchanged'),
          ...{ enrolled: 'changed → authenticator-removed', suspended: 'changed → authenticator-removed' },
        },
      },
      (story, note, turn) => story.when({ type: 'revoke-authenticator', authenticatorId: PHONE, note }, turn),
      missed,
    ),
  ],
  unlock: [
    row('nothing failed', everywhere('unchanged'), (story) => story.when({ type: 'unlock', note: {} })),
    row('locked', everywhere('changed → unlocked'), (_, record) =>
      given(locked(record, LOCKED)).when({ type: 'unlock', note: {} }),
    ),
    row('disabled', everywhere('changed → unlocked'), (_, record) =>
      given(locked(record, DISABLED)).when({ type: 'unlock', note: {} }),
    ),
    row('failures of days gone by', everywhere('changed → unlocked'), (_, record) =>
      given(locked(record, { ...UNLOCKED, recent: [ASSIGNED] })).when({ type: 'unlock', note: {} }),
    ),
  ],
  'issue-pass': [
    row('', everywhere('ok → pass-issued'), (story) =>
      story.when({ type: 'issue-pass', id: 'pass', digest: digestOf('pass'), note: {} }),
    ),
  ],
  'import-authenticator': [
    row('a secret that is new', everywhere('changed → authenticator-imported'), (story) =>
      story.when(importOf('tablet'), { finding: { bound: false, pending: false, recoveryCodes: [] } }),
    ),
    row('a secret that is bound', everywhere('unchanged'), (story) =>
      story.when(importOf('tablet'), { finding: { bound: true, pending: false, recoveryCodes: [] } }),
    ),
    row(
      'one too many',
      {
        ...unbound('changed → authenticator-imported'),
        enrolled: 'too-many-authenticators',
        suspended: 'too-many-authenticators',
      },
      (story) =>
        story.when(importOf('tablet'), {
          policy: resolvePolicy({ maxAuthenticators: 1 }),
          finding: { bound: false, pending: false, recoveryCodes: [] },
        }),
    ),
  ],
  'reseal-secrets': [
    row('nothing under an old key', everywhere('ok'), (_, record) =>
      given(remindedAt(record, nextReminderAt(record))).when({ type: 'reseal-secrets' }, { finding: [] }),
    ),
    row('nothing under an old key, by another policy for reminders', everywhere('ok (stored)'), (_, record) =>
      given(remindedAt(record, NOW - 1)).when({ type: 'reseal-secrets' }, { finding: [] }),
    ),
    row(
      'an authenticator under an old key',
      {
        ...unbound('ok'),
        enrolled: 'ok → secret-resealed',
        suspended: 'ok → secret-resealed',
      },
      (_, record) =>
        given(remindedAt(record, nextReminderAt(record))).when(
          { type: 'reseal-secrets' },
          { finding: record.authenticators.map(({ id }) => ({ id, secret: 'under the new key' })) },
        ),
    ),
  ],
  'sign-in': [
    row(
      'the first',
      {
        ...{ optional: 'allow', exempt: 'allow → first-sign-in', scheduled: 'allow → first-sign-in' },
        ...{ 'enrollment-period': 'offer-setup → first-sign-in', overdue: 'require-setup: overdue → first-sign-in' },
        ...{ enrolled: 'challenge → first-sign-in', suspended: 'deny: suspended' },
      },
      (_, record) => given({ ...record, signedInAt: null }).when({ type: 'sign-in' }),
    ),
    row(
      'the first, which the period waits for',
      {
        ...{ optional: 'allow', exempt: 'allow → period-started', scheduled: 'offer-setup → period-started' },
        ...{ 'enrollment-period': 'offer-setup → period-started', overdue: 'require-setup: overdue → period-started' },
        ...{ enrolled: 'challenge → period-started', suspended: 'deny: suspended' },
      },
      (_, record) => given(waiting(record)).when({ type: 'sign-in' }),
    ),
    row('a later one', decisions('allow', 'offer-setup'), (story) => story.when({ type: 'sign-in' })),
    row('a later one, sensitive', decisions('require-setup: sensitive', 'require-setup: sensitive'), (story) =>
      story.when({ type: 'sign-in', sensitive: true }),
    ),
    row('postponements used', decisions('allow', 'require-setup: postponements-used'), (_, record) =>
      given(postponed(record, 2)).when({ type: 'sign-in' }),
    ),
  ],
  'postpone-setup': [
    row('some left', decisions('allow', 'offer-setup → setup-postponed'), (_, record) =>
      given(postponed(record, 1)).when({ type: 'postpone-setup' }),
    ),
    row('none left', decisions('allow', 'require-setup: postponements-used'), (_, record) =>
      given(postponed(record, 2)).when({ type: 'postpone-setup' }),
    ),
    row('none left, but postponed at this sign-in', decisions('allow', 'offer-setup'), (_, record) =>
      given(postponed(record, 2)).when({ type: 'postpone-setup', signInId: 'this' }),
    ),
  ],
  'verify-code': checks('verify-code', {
    accepted: 'code-accepted',
    rejected: 'code-rejected',
    others: 'recovery codes',
  }),
  'use-recovery-code': checks('use-recovery-code', {
    accepted: 'recovery-code-used',
    rejected: 'recovery-code-rejected',
    others: 'authenticator codes',
  }),
  'begin-setup': [
    row(
      'neither pass nor proof',
      { ...unbound('ok → setup-begun'), enrolled: 'proof-required', suspended: 'suspended' },
      (story) => story.when(beginSetup('new')),
    ),
    row('the id of the pending one', { ...everywhere('ok, resumed'), suspended: 'suspended' }, (_, record) =>
      given(pending(record)).when(beginSetup('new', { setupId: 'tablet' })),
    ),
    row(
      'the id of another one',
      { ...unbound('ok → setup-begun'), enrolled: 'proof-required', suspended: 'suspended' },
      (_, record) => given(pending(record)).when(beginSetup('new', { setupId: 'other' })),
    ),
    row('a pass is required, none is shown', begunWith('pass-required'), (_, record) =>
      given(withPass(record, { issued: true })).when(beginSetup('new')),
    ),
    row('a pass is required, none was issued', begunWith('invalid-pass'), (_, record) =>
      given(withPass(record, { issued: false })).when(beginSetup('new', { pass: 'given' })),
    ),
    ...(
      [
        ['malformed', 'invalid-pass'],
        ['mismatch', 'invalid-pass → pass-rejected'],
        ['match', 'ok → pass-used, setup-begun'],
      ] as const
    ).map(([found, passed]) =>
      row(`a pass is required: ${found}`, begunWith(passed), (_, record) => {
        const strict = withPass(record, { issued: true })
        const asked = record.suspension === null && record.requirement !== null && record.authenticators.length === 0
        return given(strict).when(beginSetup('new', { pass: 'given' }), asked ? { finding: { found } } : {})
      }),
    ),
    ...proven({ unproven: 'ok → setup-begun', asksUnbound: false, done: 'setup-begun' }, (story, proof, turn) =>
      story.when(beginSetup('new', { proof }), turn),
    ),
    row(
      'as many are bound as may be',
      { ...unbound('ok → setup-begun'), enrolled: 'too-many-authenticators', suspended: 'suspended' },
      (story) => story.when(beginSetup('new', { proof: 'totp' }), { policy: resolvePolicy({ maxAuthenticators: 1 }) }),
    ),
  ],
  'confirm-setup': [
    row('none is pending', { ...everywhere('no-setup'), suspended: 'suspended' }, (story) =>
      story.when({ type: 'confirm-setup' }),
    ),
    row('another is pending', { ...everywhere('no-setup'), suspended: 'suspended' }, (_, record) =>
      given(pending(record)).when({ type: 'confirm-setup', setupId: 'other' }),
    ),
    row('expired', { ...everywhere('expired'), suspended: 'suspended' }, (_, record) =>
      given(pending(record, { expiresAt: NOW })).when({ type: 'confirm-setup' }),
    ),
    ...(
      [
        ['malformed', 'invalid-code', { code: 'no code' }],
        ['mismatch', 'invalid-code → setup-failed', { code: codeOf(sealedSecret('other'), NOW) }],
        ['match', 'ok → authenticator-bound', { code: codeOf(sealedSecret('tablet'), NOW) }],
      ] as const
    ).map(([found, cell, handed]) =>
      row(found, { ...everywhere(cell), suspended: 'suspended' }, (_, record) =>
        given(pending(record)).when({ type: 'confirm-setup' }, { handed }),
      ),
    ),
    row(
      'match, and the first sign of its user',
      { ...everywhere('ok → first-sign-in, authenticator-bound'), suspended: 'suspended' },
      (_, record) =>
        given({ ...pending(record), signedInAt: null }).when(
          { type: 'confirm-setup' },
          { handed: { code: codeOf(sealedSecret('tablet'), NOW) } },
        ),
    ),
    row(
      'match, of a secret that is bound',
      { ...unbound('ok → authenticator-bound'), enrolled: 'no-setup → setup-failed', suspended: 'suspended' },
      (_, record) =>
        given(pending(record, { secret: sealedSecret(PHONE) })).when(
          { type: 'confirm-setup' },
          { handed: { code: codeOf(sealedSecret(PHONE), NOW) } },
        ),
    ),
  ],
  'cancel-setup': [
    row('none is pending', everywhere('unchanged'), (story) => story.when({ type: 'cancel-setup' })),
    row('one is pending', everywhere('changed → setup-cancelled'), (_, record) =>
      given(pending(record)).when({ type: 'cancel-setup' }),
    ),
    row('another is pending', everywhere('unchanged'), (_, record) =>
      given(pending(record)).when({ type: 'cancel-setup', setupId: 'other' }),
    ),
  ],
  'rename-authenticator': [
    row(
      'another label',
      {
        ...unbound('unchanged'),
        enrolled: 'changed → authenticator-renamed',
        suspended: 'changed → authenticator-renamed',
      },
      (story) => story.when({ type: 'rename-authenticator', authenticatorId: PHONE, label: 'Work' }),
    ),
    row('the same label', everywhere('unchanged'), (story) =>
      story.when({ type: 'rename-authenticator', authenticatorId: PHONE, label: 'Phone' }),
    ),
  ],
  'remove-authenticator': [
    row('an unknown one', { ...everywhere('unknown-authenticator'), suspended: 'suspended' }, (story) =>
      story.when({ type: 'remove-authenticator', authenticatorId: 'other', proof: 'totp' }),
    ),
    row(
      'the last one, under a requirement',
      { ...unbound('unknown-authenticator'), enrolled: 'last-authenticator', suspended: 'suspended' },
      (story) => story.when({ type: 'remove-authenticator', authenticatorId: PHONE, proof: 'totp' }),
    ),
    ...proven(
      { unproven: 'unknown-authenticator', asksUnbound: false, done: 'authenticator-removed' },
      (story, proof, turn) => story.when({ type: 'remove-authenticator', authenticatorId: PHONE, proof }, turn),
      another,
    ),
  ],
  'replace-recovery-codes': proven(
    { unproven: 'invalid-code', asksUnbound: true, done: 'recovery-codes-replaced' },
    (story, proof, turn) => story.when({ type: 'replace-recovery-codes', proof, codes: [recoveryCode('new')] }, turn),
  ),
  'claim-reminder': [
    row('one is due', remindersClaimed('nothing due (stored)'), (_, record) =>
      given(reminding(record)).when({ type: 'claim-reminder', id: 'own' }),
    ),
    row('one is due, and held by another', everywhere('nothing due'), (_, record) =>
      given(claimedBy('other', reminding(record), NOW + 1)).when({ type: 'claim-reminder', id: 'own' }),
    ),
    row("one is due, and another's claim on it has ended", remindersClaimed('nothing due (stored)'), (_, record) =>
      given(claimedBy('other', reminding(record), NOW)).when({ type: 'claim-reminder', id: 'own' }),
    ),
    row('none is due', everywhere('nothing due'), (_, record) =>
      given(remindedAt(record, nextReminderAt(record))).when({ type: 'claim-reminder', id: 'own' }),
    ),
  ],
  'settle-reminder': [
    ...(['own', 'other'] as const).flatMap((holder) => {
      const [when, ended] = holder === 'own' ? ['', ' (stored)'] : [', by a claim that was lost', '']
      const settle = (record: EnrollmentRecord, sent: boolean) =>
        given(claimedBy(holder, record, NOW + 1)).when({ type: 'settle-reminder', id: 'own', reminder: REMINDER, sent })
      return [
        row(`sent${when}`, everywhere('recorded → reminder-sent'), (_, record) => settle(record, true)),
        row(`not sent${when}`, everywhere(`not recorded${ended}`), (_, record) => settle(record, false)),
        row(`sent, and recorded already${when}`, everywhere(`not recorded${ended}`), (_, record) =>
          settle({ ...record, reminders: { ...record.reminders, sent: [REMINDER] } }, true),
        ),
      ]
    }),
  ],
}

/** Reminders go to those whose period runs, or is over. */
function remindersClaimed(others: Cell): Record<Phase, Cell> {
  return { ...everywhere(others), 'enrollment-period': 'claimed (stored)', overdue: 'claimed (stored)' }
}

const REMINDER: ReminderId = { deadline: DEADLINE, daysBefore: 3 }

/** The record as a store holds it whose next reminder, as of the last write, is due then. */
function remindedAt(record: EnrollmentRecord, at: number | null): EnrollmentRecord {
  return deepFreeze({ ...record, reminders: { ...record.reminders, at } })
}

/** When the next reminder of the matrix's records is due: 14 days before, but never of a period that does not run. */
function nextReminderAt({ requirement, suspension, enrolledAt }: EnrollmentRecord): number | null {
  if (requirement === null || suspension !== null || enrolledAt !== null || requirement.deadline < NOW) return null
  return requirement.deadline - 14 * DAY
}

/** The record an hour into the day of a reminder: three days before its deadline, or on the day after it. */
function reminding(record: EnrollmentRecord): EnrollmentRecord {
  const { requirement } = record
  if (requirement === null) return remindedAt(record, NOW - HOUR)
  const deadline = (requirement.deadline < NOW ? NOW : NOW + 3 * DAY) - HOUR
  // Who is scheduled still is, for an hour.
  const startsAt = Math.min(requirement.startsAt ?? 0, NOW + HOUR)
  return remindedAt({ ...record, requirement: { ...requirement, startsAt, deadline } }, NOW - HOUR)
}

/** The record, its reminder held under this id. */
function claimedBy(id: string, record: EnrollmentRecord, until: number): EnrollmentRecord {
  return deepFreeze({ ...record, reminders: { ...record.reminders, claim: { ...REMINDER, id, until } } })
}

/** Decisions: what differs is what stands before set-up, and what the enrollment period offers. */
function decisions(free: Cell, period: Cell): Record<Phase, Cell> {
  return {
    ...{ optional: free, exempt: free, scheduled: free, 'enrollment-period': period },
    ...{ overdue: 'require-setup: overdue', enrolled: 'challenge', suspended: 'deny: suspended' },
  }
}

/** The record whose period, if there is one, waits for the first sign-in. */
function waiting(record: EnrollmentRecord): EnrollmentRecord {
  const { requirement } = record
  return deepFreeze({ ...record, requirement: requirement && { ...requirement, startsAt: null, daysOnceStarted: 5 } })
}

/** The record of somebody who may postpone set-up twice, and has done so this often. */
function postponed(record: EnrollmentRecord, postponementsUsed: number): EnrollmentRecord {
  const { requirement } = record
  const used = { postponements: 2, postponementsUsed, postponedSignIns: ['this'] }
  return deepFreeze({ ...record, requirement: requirement && { ...requirement, ...used } })
}
