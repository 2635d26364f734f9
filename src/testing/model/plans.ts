import type { Arbitrary, default as fastCheck } from 'fast-check'
import type { Instant, Period, Proof, Terms } from '../../index.js'
import { encodeBase32, formatKeyUri, type TotpParameters } from '../../totp/index.js'
import { phone } from '../phone.js'
import { postponeSetup, signIn, useRecoveryCode, verifyCode } from './access-moves.js'
import {
  changeDeadline,
  endExemption,
  exempt,
  forget,
  issuePass,
  makeOptional,
  requireEnrollment,
  resetMfa,
  resume,
  revokeAuthenticator,
  suspend,
  unlock,
} from './admin-moves.js'
import type { Move } from './move.js'
import {
  ACCOUNT_NAME,
  beginSetup,
  cancelSetup,
  confirmSetup,
  importAuthenticator,
  removeAuthenticator,
  renameAuthenticator,
  replaceRecoveryCodes,
} from './setup-moves.js'
import { type AppModel, STEP, type UserModel } from './user-model.js'

/** Whoever acts, and all he could have seen. */
export interface Person {
  user: UserModel
  /** whose codes he may have by mistake */
  other: UserModel
  now: Instant
}

/** What somebody is about to do, whatever there will be to do it with. */
export interface Plan {
  /** as a counterexample shows it */
  text: string
  move(person: Person): Move
}

/** The wrong code. Where it happens to be right, the model knows. */
const WRONG_CODE = '000000'
const WRONG_RECOVERY_CODE = '00000-00000-00000-00000-00000'
const UNKNOWN_ID = 'nobody has this one'
const HOUR = 3_600_000
/** Secrets that another system had. */
const IMPORTED = ['first', 'second', 'third'] as const
const CALENDAR = { timeZone: 'Europe/Berlin', avoid: ['saturday', 'sunday'] } as const

/** Plans for everything that a service can be asked to do for one user. */
export interface Plans {
  any: Arbitrary<Plan>
  /** what an attacker tries */
  guess: Arbitrary<Plan>
  /** the code that an app shows */
  code: Arbitrary<Plan>
  /** plans that come to something only one after the other */
  stories: Arbitrary<readonly Plan[]>
}

/** The plans, drawn by fast-check. */
export function plansOf(fc: typeof fastCheck): Plans {
  const which = fc.nat(2)
  const code = fc.oneof(
    { weight: 6, arbitrary: fc.record({ shown: which, steps: fc.constantFrom(0, 0, 0, -1, 1, -2, 2, 5) }) },
    { weight: 2, arbitrary: fc.record({ used: which }) },
    { weight: 2, arbitrary: fc.constantFrom(WRONG_CODE, 'a code', '12345') },
    { weight: 1, arbitrary: fc.record({ others: which }) },
  )
  const recoveryCode = fc.oneof(
    { weight: 5, arbitrary: fc.record({ unused: which }) },
    { weight: 2, arbitrary: fc.record({ used: which }) },
    { weight: 2, arbitrary: fc.constantFrom(WRONG_RECOVERY_CODE, 'a code') },
    { weight: 1, arbitrary: fc.record({ others: which }) },
  )
  const proof = fc.oneof(fc.record({ code }), fc.record({ recoveryCode }))
  const setupId = fc.constantFrom('own' as const, 'another' as const, undefined)
  const authenticator = fc.oneof(
    { weight: 4, arbitrary: which },
    { weight: 1, arbitrary: fc.constant('unknown' as const) },
  )
  const days = fc.constantFrom(1, 7, 30)
  const period = fc.oneof(
    fc.constant('none' as const),
    fc.record({ days, startInHours: fc.constantFrom(-30, 30), calendar: fc.boolean() }, { requiredKeys: ['days'] }),
    fc.record(
      { days, waits: fc.constant(true), capDays: days, calendar: fc.boolean() },
      { requiredKeys: ['days', 'waits'] },
    ),
    fc.record(
      { inHours: fc.constantFrom(-30, 30, 300), before: fc.constantFrom(1, 40) },
      { requiredKeys: ['inHours'] },
    ),
  )
  const terms = fc.record(
    {
      selfEnrollment: fc.constantFrom('always' as const, 'during-period' as const, 'with-pass' as const),
      postponements: fc.nat(2),
    },
    { requiredKeys: [] },
  )

  const plan = <Params>(
    name: string,
    arbitrary: Arbitrary<Params>,
    move: (person: Person, params: Params) => Move,
  ): Arbitrary<Plan> =>
    arbitrary.map((params) => ({
      text: `${name}(${params === null ? '' : fc.stringify(params)})`,
      move: (person) => move(person, params),
    }))
  const none = fc.constant(null)

  const plans: readonly [weight: number, arbitrary: Arbitrary<Plan>][] = [
    [10, plan('verifyCode', code, (person, spec) => verifyCode(codeOf(person, spec)))],
    [5, plan('useRecoveryCode', recoveryCode, (person, spec) => useRecoveryCode(recoveryCodeOf(person, spec)))],
    [5, plan('signIn', fc.boolean(), (_, sensitive) => signIn(sensitive))],
    [
      4,
      plan('postponeSetup', fc.constantFrom('monday', 'tuesday', 'friday'), (_, signInId) => postponeSetup(signInId)),
    ],
    [
      8,
      plan(
        'beginSetup',
        fc.record({
          setupId,
          pass: fc.constantFrom('issued', 'issued', 'a pass', WRONG_RECOVERY_CODE, undefined),
          proof,
        }),
        (person, spec) =>
          beginSetup({
            label: 'Phone',
            setupId: setupIdOf(person, spec.setupId),
            pass: spec.pass === 'issued' ? (person.user.passSeen ?? WRONG_RECOVERY_CODE) : spec.pass,
            proof: proofOf(person, spec.proof),
          }),
      ),
    ],
    [2, plan('beginSetup, without a proof', none, () => beginSetup({ label: 'Tablet' }))],
    [
      8,
      plan(
        'confirmSetup',
        fc.record({ setupId, steps: fc.constantFrom(0, 0, 0, 1, -1, -3, 8, 'wrong' as const, 'malformed' as const) }),
        (person, { setupId: id, steps }) => confirmSetup(setupCodeOf(person, steps), setupIdOf(person, id)),
      ),
    ],
    [2, plan('cancelSetup', setupId, (person, id) => cancelSetup(setupIdOf(person, id)))],
    [
      2,
      plan(
        'renameAuthenticator',
        fc.record({ authenticator, label: fc.constantFrom('Phone', 'Watch') }),
        (person, spec) => renameAuthenticator(authenticatorIdOf(person, spec.authenticator), spec.label),
      ),
    ],
    [
      4,
      plan('removeAuthenticator', fc.record({ authenticator, proof }), (person, spec) =>
        removeAuthenticator(authenticatorIdOf(person, spec.authenticator), proofOf(person, spec.proof)),
      ),
    ],
    [3, plan('replaceRecoveryCodes', proof, (person, spec) => replaceRecoveryCodes(proofOf(person, spec)))],
    [
      4,
      plan(
        'importAuthenticator',
        fc.record({
          secret: fc.constantFrom(...IMPORTED, 'pending' as const),
          isUsed: fc.boolean(),
          recoveryCodes: fc.subarray(['IMPORTED-A1', 'IMPORTED-B2']),
        }),
        (person, spec) => {
          const { app, parameters } = importedOf(person, spec.secret)
          const lastStep = spec.isUsed ? Math.floor(person.now / (app.period * 1000)) : undefined
          return importAuthenticator({ app, parameters, lastStep, recoveryCodes: spec.recoveryCodes })
        },
      ),
    ],
    [
      8,
      plan(
        'requireEnrollment',
        fc.record({ period, terms, sinceHoursAgo: fc.constantFrom(undefined, undefined, 50) }),
        ({ now }, spec) => {
          const since = spec.sinceHoursAgo && now - spec.sinceHoursAgo * HOUR
          return requireEnrollment({ period: periodOf(spec.period, now), ...spec.terms }, since)
        },
      ),
    ],
    [
      2,
      plan(
        'requireEnrollment, again',
        fc.record({ others: fc.boolean(), terms }),
        ({ user }, { others, terms: other }) =>
          requireEnrollment({ ...termsOf(user), ...(others ? other : {}) }, undefined),
      ),
    ],
    [1, plan('makeOptional', none, () => makeOptional())],
    [
      4,
      plan(
        'changeDeadline',
        fc.oneof(
          fc.record({ addDays: fc.constantFrom(-30, -1, 0, 1, 7) }),
          fc.record({ inHours: fc.constantFrom(-1, 0, 70) }),
        ),
        ({ now }, by) => changeDeadline('addDays' in by ? by : { deadline: now + by.inHours * HOUR }),
      ),
    ],
    [
      3,
      plan(
        'exempt',
        fc.record({ inHours: fc.constantFrom(-1, 0, 1, 70), reason: fc.constantFrom('at sea', 'on leave') }),
        ({ now }, { inHours, reason }) => exempt(now + inHours * HOUR, reason),
      ),
    ],
    [
      1,
      plan('exempt, again', fc.constantFrom('at sea', 'on leave'), ({ user, now }, reason) =>
        exempt(user.exemption?.until ?? now + HOUR, reason),
      ),
    ],
    [1, plan('endExemption', none, () => endExemption())],
    [2, plan('suspend', none, () => suspend())],
    [4, plan('resume', none, () => resume())],
    [
      3,
      plan('resetMfa', fc.oneof(fc.constant('remaining' as const), period), ({ now }, grace) =>
        resetMfa(grace === 'remaining' ? grace : periodOf(grace, now)),
      ),
    ],
    [2, plan('revokeAuthenticator', authenticator, (person, at) => revokeAuthenticator(authenticatorIdOf(person, at)))],
    [3, plan('unlock', none, () => unlock())],
    [5, plan('issuePass', none, () => issuePass())],
    [1, plan('forget', none, () => forget())],
  ]
  const shown = fc.record({ shown: which, steps: fc.constant(0) })
  return {
    stories: storiesOf(fc),
    any: fc.oneof(...plans.map(([weight, arbitrary]) => ({ weight, arbitrary }))),
    code: plan('verifyCode', shown, (person, spec) => verifyCode(codeOf(person, spec))),
    guess: fc.oneof(
      plan('verifyCode', fc.constant(WRONG_CODE), (_, guess) => verifyCode(guess)),
      plan('useRecoveryCode', fc.constant(WRONG_RECOVERY_CODE), (_, guess) => useRecoveryCode(guess)),
      plan('confirmSetup', fc.constant(WRONG_CODE), (_, guess) => confirmSetup(guess, undefined)),
    ),
  }
}

/** Sequences that chance alone would seldom come to. */
function storiesOf(fc: typeof fastCheck): Arbitrary<readonly Plan[]> {
  const plan = (text: string, move: Plan['move']): Plan => ({ text, move })
  const begin = plan('beginSetup', (person) =>
    beginSetup({
      label: 'Phone',
      pass: person.user.passSeen ?? undefined,
      proof: { code: codeOf(person, { shown: 0, steps: 0 }) },
    }),
  )
  const confirm = plan('confirmSetup', (person) => confirmSetup(setupCodeOf(person, 0), undefined))
  const imports = IMPORTED.map((secret) =>
    plan(`importAuthenticator(${secret})`, (person) =>
      importAuthenticator({ ...importedOf(person, secret), lastStep: undefined, recoveryCodes: [] }),
    ),
  )
  const assign = (terms: Terms) =>
    plan(`requireEnrollment(${fc.stringify(terms)})`, () => requireEnrollment(terms, undefined))
  const guessed = plan('beginSetup, with a wrong pass', () => beginSetup({ label: 'Phone', pass: WRONG_RECOVERY_CODE }))
  const scheduled = plan('requireEnrollment, later', ({ now }) =>
    requireEnrollment({ period: { days: 7, start: now + HOUR } }, undefined),
  )
  const passed = [assign({ period: 'none', selfEnrollment: 'with-pass' }), plan('issuePass', () => issuePass())]
  const malformed = plan('beginSetup, with no pass', () => beginSetup({ label: 'Phone', pass: 'a pass' }))
  const tries = fc.array(fc.constantFrom(guessed, malformed, begin), { minLength: 1, maxLength: 4 })
  const recover = (text: string, spec: RecoveryCodeSpec) =>
    plan(`useRecoveryCode(${text})`, (person) => useRecoveryCode(recoveryCodeOf(person, spec)))
  const exempted = (text: string) =>
    plan(text, ({ user, now }) => exempt(user.exemption?.until ?? now + HOUR, 'at sea'))
  const postponed = (signInId: string) => plan(`postponeSetup(${signInId})`, () => postponeSetup(signInId))
  const waiting = assign({ period: { days: 7, start: 'first-sign-in' } })
  const pairs = fc.constantFrom(
    [scheduled, plan('suspend', () => suspend())],
    [recover('unused', { unused: 0 }), recover('used', { used: 0 })],
    [exempted('exempt'), exempted('exempt, again')],
    [waiting, plan("resetMfa('none')", () => resetMfa('none'))],
    [waiting, plan('suspend', () => suspend()), plan('resume', () => resume())],
    [assign({ period: { days: 30 }, postponements: 1 }), ...['monday', 'tuesday'].map(postponed)],
  )
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant([begin, confirm]) },
    { weight: 2, arbitrary: tries.map((begins) => [...passed, ...begins]) },
    { weight: 1, arbitrary: fc.shuffledSubarray([...imports, begin, confirm], { minLength: 3 }) },
    { weight: 3, arbitrary: pairs },
  )
}

/** The terms that somebody is under. */
function termsOf({ requirement }: UserModel): Terms {
  if (requirement === null) return { period: 'none' }
  const { period, selfEnrollment, postponements } = requirement
  return { period, selfEnrollment, ...(postponements !== null && { postponements }) }
}

type CodeSpec = string | { shown: number; steps: number } | { used: number } | { others: number }

function codeOf({ user, other, now }: Person, spec: CodeSpec): string {
  if (typeof spec === 'string') return spec
  if ('used' in spec) {
    const last = nth(user.authenticators, spec.used)
    return last?.lastStep ? phone(last.app.keyUri).codeAt(last.lastStep * last.app.period * 1000) : WRONG_CODE
  }
  const of = 'others' in spec ? nth(other.authenticators, spec.others) : nth(user.authenticators, spec.shown)
  return of === undefined ? WRONG_CODE : shownBy(of.app, now, 'steps' in spec ? spec.steps : 0)
}

function setupCodeOf({ user, now }: Person, steps: number | 'wrong' | 'malformed'): string {
  if (steps === 'malformed') return 'a code'
  const app = user.setup?.app
  return steps === 'wrong' || !app ? WRONG_CODE : shownBy(app, now, steps)
}

function shownBy({ keyUri, period }: AppModel, now: Instant, steps: number): string {
  return phone(keyUri).codeAt(now + steps * period * 1000)
}

type RecoveryCodeSpec = string | { unused: number } | { used: number } | { others: number }

function recoveryCodeOf({ user, other }: Person, spec: RecoveryCodeSpec): string {
  if (typeof spec === 'string') return spec
  const [owner, used, at] =
    'others' in spec
      ? [other, false, spec.others]
      : 'used' in spec
        ? [user, true, spec.used]
        : [user, false, spec.unused]
  const codes = owner.recoveryCodes.filter((one) => one.used === used && one.code !== null)
  return nth(codes, at)?.code ?? WRONG_RECOVERY_CODE
}

function proofOf(person: Person, spec: { code: CodeSpec } | { recoveryCode: RecoveryCodeSpec }): Proof {
  if ('code' in spec) return { code: codeOf(person, spec.code) }
  return { recoveryCode: recoveryCodeOf(person, spec.recoveryCode) }
}

function setupIdOf({ user }: Person, spec: 'own' | 'another' | undefined): string | undefined {
  return spec === 'own' ? (user.setup?.id ?? UNKNOWN_ID) : spec && UNKNOWN_ID
}

function authenticatorIdOf({ user }: Person, spec: number | 'unknown'): string {
  return (spec === 'unknown' ? null : nth(user.authenticators, spec)?.id) ?? UNKNOWN_ID
}

/** What another system had: secrets, one of them in a form of its own, or the one that is just being set up here. */
function importedOf(
  { user }: Person,
  which: (typeof IMPORTED)[number] | 'pending',
): { app: AppModel; parameters: TotpParameters } {
  const pending = user.setup?.app
  if (which === 'pending' && pending) return { app: pending, parameters: {} }
  const parameters: TotpParameters = which === 'second' ? { digits: 8, period: 60, algorithm: 'SHA256' } : {}
  const secret = Uint8Array.from({ length: 20 }, (_, at) => at + 50 * IMPORTED.indexOf(which as 'first'))
  const keyUri = formatKeyUri({ secret, issuer: 'Example', accountName: ACCOUNT_NAME, ...parameters })
  const { digits = 6, period = STEP / 1000 } = parameters
  return { app: { secret: encodeBase32(secret), keyUri, digits, period }, parameters }
}

type PeriodSpec =
  | 'none'
  | { days: number; startInHours?: number; calendar?: boolean }
  | { days: number; waits: boolean; capDays?: number; calendar?: boolean }
  | { inHours: number; before?: number }

function periodOf<Spec extends PeriodSpec>(
  spec: Spec,
  now: Instant,
): Spec extends 'none' ? 'none' : Exclude<Period, 'none'>
function periodOf(spec: PeriodSpec, now: Instant): Period {
  if (spec === 'none') return spec
  if ('inHours' in spec) {
    const deadline = now + spec.inHours * HOUR
    return { deadline, ...(spec.before && { start: deadline - spec.before * HOUR }) }
  }
  const calendar = spec.calendar && { calendar: CALENDAR }
  if ('waits' in spec) {
    const capDays = spec.capDays && { capDays: spec.capDays }
    return { days: spec.days, start: 'first-sign-in', ...capDays, ...calendar }
  }
  return { days: spec.days, ...(spec.startInHours && { start: now + spec.startInHours * HOUR }), ...calendar }
}

/** The one at a place, around and around. */
function nth<One>(all: readonly One[], at: number): One | undefined {
  return all[at % Math.max(1, all.length)]
}
