import { describe, expect, it } from 'vitest'
import {
  decisionAt,
  passRequiredAt,
  postponementsLeft,
  type SignInDecision,
  startedAtSignIn,
} from '../../src/enrollment/decision.js'
import { type EnrollmentRecord, UNLOCKED } from '../../src/enrollment/record.js'
import type { SelfEnrollment, Terms } from '../../src/enrollment/terms.js'
import {
  beginSetup,
  DAY,
  DEADLINE,
  digestOf,
  given,
  HOUR,
  importOf,
  inPhase,
  NOW,
  POLICY,
  recordOf,
  requiring,
  type Story,
} from './given.js'

const SIGN_IN = { type: 'sign-in' } as const

/** What a decision comes to, in words. */
function inWords(decision: SignInDecision): string {
  switch (decision.action) {
    case 'offer-setup':
      return `offer-setup, ${decision.postponementsLeft ?? 'any number'} left`
    case 'require-setup':
      return `require-setup: ${decision.reason}`
    default:
      return decision.action
  }
}

describe('postponing set-up', () => {
  const assigned = (postponements?: number): Story =>
    given(null)
      .when(requiring({ period: { days: 30 }, postponements }))
      .when(SIGN_IN)
  const postpone = (signInId?: string) => ({ type: 'postpone-setup', signInId }) as const

  it('answers for its own sign-in: the last one accepted still lets it in, the next sign-in does not get in', () => {
    const once = assigned(2).when(postpone())
    expect(inWords(once.outcome)).toBe('offer-setup, 1 left')
    expect(inWords(once.when(SIGN_IN).outcome)).toBe('offer-setup, 1 left')
    const twice = once.when(postpone())
    expect(inWords(twice.outcome)).toBe('offer-setup, 0 left')
    expect(twice.events[0]?.details).toEqual({ postponementsLeft: 0 })
    expect(inWords(twice.when(SIGN_IN).outcome)).toBe('require-setup: postponements-used')
    expect(inWords(decisionAt(recordOf(twice), NOW, { occasion: 'session' }))).toBe('offer-setup, 0 left')
  })

  it('once too often is refused, and writes nothing', () => {
    const used = assigned(1).when(postpone())
    const told = used.when(postpone())
    expect(inWords(told.outcome)).toBe('require-setup: postponements-used')
    expect(told.written).toBe(false)
  })

  it('is never accepted where the terms say zero', () => {
    const told = assigned(0).when(postpone())
    expect(inWords(told.outcome)).toBe('require-setup: postponements-used')
    expect(inWords(assigned(0).when(SIGN_IN).outcome)).toBe('require-setup: postponements-used')
  })

  it('without a limit is counted and never used up', () => {
    let story: Story = assigned()
    for (let times = 0; times < 30; times++) story = story.when(postpone(`sign-in ${times}`))
    const told = story.when(postpone())
    expect(inWords(told.outcome)).toBe('offer-setup, any number left')
    expect(told.events[0]?.details).toEqual({ postponementsLeft: null })
    expect(recordOf(told).requirement).toMatchObject({ postponementsUsed: 31 })
    // The record remembers twenty sign-ins by name.
    expect(recordOf(told).requirement?.postponedSignIns).toEqual(
      Array.from({ length: 20 }, (_, at) => `sign-in ${at + 10}`),
    )
  })

  it('the same sign-in counts once, and is let in again by the same answer', () => {
    const once = assigned(1).when(postpone('tab one'))
    const again = once.when(postpone('tab one'))
    expect(again).toMatchObject({ written: false, outcome: { action: 'offer-setup', postponementsLeft: 0 } })
    expect(inWords(once.when(postpone('tab two')).outcome)).toBe('require-setup: postponements-used')
  })

  it('sign-ins without a name count each', () => {
    const twice = assigned(3).when(postpone()).when(postpone())
    expect(recordOf(twice).requirement).toMatchObject({ postponementsUsed: 2, postponedSignIns: [] })
  })

  it('stays used when the terms grant fewer', () => {
    const used = assigned(3).when(postpone()).when(postpone())
    const fewer = used.when(requiring({ period: { days: 30 }, postponements: 1 }))
    expect(inWords(fewer.when(SIGN_IN).outcome)).toBe('require-setup: postponements-used')
  })

  it('ends with the period', () => {
    const told = assigned(3).when(postpone(), { at: NOW + 30 * DAY })
    expect(inWords(told.outcome)).toBe('require-setup: overdue')
    expect(told.written).toBe(false)
    expect(assigned(3).when(postpone(), { at: NOW + 30 * DAY - 1 }).written).toBe(true)
  })

  it('is without limit where nothing is required', () => {
    expect(postponementsLeft(inPhase.optional)).toBeNull()
  })
})

describe('a period that waits for the first sign-in', () => {
  it('waits on for somebody suspended, who is not signed in', () => {
    const waiting = given(null).when(requiring({ period: { days: 5, start: 'first-sign-in' } }))
    const suspended = recordOf(waiting.when({ type: 'suspend', note: {} }))
    expect(startedAtSignIn(suspended, { now: NOW, policy: POLICY })).toBe(suspended)
    expect(startedAtSignIn(recordOf(waiting), { now: NOW, policy: POLICY }).requirement?.startsAt).toBe(NOW)
  })
})

describe('a decision', () => {
  it('tells the deadline and what is left until then, also where it asks for nothing', () => {
    expect(decisionAt(inPhase.scheduled, NOW, { occasion: 'session' })).toEqual({
      action: 'allow',
      phase: 'scheduled',
      deadline: NOW + 35 * DAY,
      daysLeft: 35,
      sessionsValidFrom: null,
    })
    expect(decisionAt(inPhase.optional, NOW, { occasion: 'session' })).toEqual({
      action: 'allow',
      phase: 'optional',
      deadline: null,
      daysLeft: null,
      sessionsValidFrom: null,
    })
  })

  it.each(['optional', 'exempt', 'scheduled', 'enrollment-period'] as const)('sensitive asks for MFA: %s', (phase) => {
    for (const occasion of ['session', 'sign-in'] as const) {
      expect(inWords(decisionAt(inPhase[phase], NOW, { occasion, sensitive: true }))).toBe('require-setup: sensitive')
    }
  })

  it('overdue goes before sensitive', () => {
    expect(inWords(decisionAt(inPhase.overdue, NOW, { occasion: 'session', sensitive: true }))).toBe(
      'require-setup: overdue',
    )
  })

  it('inside the period never skips a challenge, and a past deadline never undoes being enrolled', () => {
    for (const now of [NOW, DEADLINE, DEADLINE + 900 * DAY]) {
      expect(decisionAt(inPhase.enrolled, now, { occasion: 'sign-in' }).action).toBe('challenge')
    }
  })

  describe('challenges by what the user has', () => {
    const locked = { ...UNLOCKED, failures: 5, ladder: 5, lockedUntil: NOW + HOUR, recent: [NOW] }
    const disabled = { ...UNLOCKED, failures: 50, ladder: 50, disabled: true, recent: [NOW] }
    const methods = (record: EnrollmentRecord, now = NOW) => {
      const decision = decisionAt(record, now, { occasion: 'session' })
      return decision.action === 'challenge' ? decision.methods : null
    }

    it('both', () => {
      expect(methods(inPhase.enrolled)).toEqual([
        { method: 'totp', lockedUntil: null },
        { method: 'recovery-code', lockedUntil: null },
      ])
    })

    it('with the end of a lock, until it is there', () => {
      const record = { ...inPhase.enrolled, lock: { totp: locked, recovery: UNLOCKED } }
      expect(methods(record)?.[0]).toEqual({ method: 'totp', lockedUntil: NOW + HOUR })
      expect(methods(record, NOW + HOUR - 1)?.[0]).toEqual({ method: 'totp', lockedUntil: NOW + HOUR })
      expect(methods(record, NOW + HOUR)?.[0]).toEqual({ method: 'totp', lockedUntil: null })
    })

    it('without what is disabled, or used up', () => {
      expect(methods({ ...inPhase.enrolled, lock: { totp: disabled, recovery: UNLOCKED } })).toEqual([
        { method: 'recovery-code', lockedUntil: null },
      ])
      expect(methods({ ...inPhase.enrolled, lock: { totp: disabled, recovery: disabled } })).toEqual([])
      const usedUp = inPhase.enrolled.recoveryCodes.map((code) => ({ ...code, usedAt: NOW }))
      expect(methods({ ...inPhase.enrolled, recoveryCodes: usedUp })).toEqual([{ method: 'totp', lockedUntil: null }])
    })
  })
})

describe('whether set-up needs a pass', () => {
  const signedIn = (terms: Terms, { on }: { on: number | null }): EnrollmentRecord => {
    const assigned = given(null).when(requiring(terms))
    return recordOf(on === null ? assigned : assigned.when(SIGN_IN, { at: NOW + on * DAY }))
  }

  it.each<[SelfEnrollment, before: boolean, after: boolean]>([
    ['always', false, false],
    ['during-period', false, true],
    ['with-pass', true, true],
  ])('terms that say %s: before the deadline %s, from it on %s', (selfEnrollment, before, after) => {
    const record = signedIn({ period: { days: 30 }, selfEnrollment }, { on: 0 })
    expect(passRequiredAt(record, NOW)).toBe(before)
    expect(passRequiredAt(record, NOW + 30 * DAY - 1)).toBe(before)
    expect(passRequiredAt(record, NOW + 30 * DAY)).toBe(after)
    const decision = decisionAt(record, NOW + 30 * DAY, { occasion: 'sign-in' })
    expect(decision).toMatchObject({ action: 'require-setup', passRequired: after })
  })

  it('the decision says so wherever set-up is offered or required', () => {
    const record = signedIn({ period: { days: 30 }, selfEnrollment: 'with-pass', postponements: 0 }, { on: 0 })
    const asked = [
      decisionAt(record, NOW, { occasion: 'session' }),
      decisionAt(record, NOW, { occasion: 'sign-in' }),
      decisionAt(record, NOW, { occasion: 'session', sensitive: true }),
      decisionAt(record, NOW + 30 * DAY, { occasion: 'session' }),
    ]
    expect(asked.map(inWords)).toEqual([
      'offer-setup, 0 left',
      'require-setup: postponements-used',
      'require-setup: sensitive',
      'require-setup: overdue',
    ])
    for (const decision of asked) expect(decision).toMatchObject({ passRequired: true })
  })

  it('looks at the deadline itself, also under an exemption and before a start', () => {
    const terms: Terms = { period: { days: 30 }, selfEnrollment: 'during-period' }
    const exempt = given(signedIn(terms, { on: 0 })).when({
      type: 'exempt',
      until: NOW + 90 * DAY,
      reason: 'leave',
      note: {},
    })
    expect(passRequiredAt(recordOf(exempt), NOW + 30 * DAY)).toBe(true)
    expect(passRequiredAt(recordOf(exempt), NOW + 30 * DAY - 1)).toBe(false)
  })

  it('never where nothing is required', () => {
    expect(passRequiredAt(inPhase.optional, NOW + 999 * DAY)).toBe(false)
  })

  /**
   * Somebody with a list of old passwords, who looks for accounts that nobody used while MFA was rolled out, to be the one
   * who sets it up (CISA AA22-074A; Mandiant on APT29).
   */
  describe('of an account that let a whole period pass without ever signing in', () => {
    const terms: Terms = { period: { days: 30 } }

    it('it always does', () => {
      const dormant = given(signedIn(terms, { on: null }))
      const told = dormant.when(SIGN_IN, { at: NOW + 30 * DAY })
      expect(told.outcome).toMatchObject({ action: 'require-setup', reason: 'overdue', passRequired: true })
      const setup = told.when(beginSetup('theirs'))
      expect(setup.outcome).toEqual({ ok: false, reason: 'pass-required' })
      const later = setup.when(SIGN_IN, { at: NOW + 300 * DAY }).when(beginSetup('theirs'))
      expect(later.outcome).toEqual({ ok: false, reason: 'pass-required' })
    })

    it('a sign-in in the last millisecond is one, at the deadline none', () => {
      expect(passRequiredAt(signedIn(terms, { on: 30 - 1 / DAY }), NOW + 31 * DAY)).toBe(false)
      expect(passRequiredAt(signedIn(terms, { on: 30 }), NOW + 31 * DAY)).toBe(true)
    })

    it('the cap of a first sign-in is such a deadline', () => {
      const waiting: Terms = { period: { days: 3, start: 'first-sign-in', capDays: 10 } }
      expect(passRequiredAt(signedIn(waiting, { on: null }), NOW + 10 * DAY)).toBe(true)
      expect(passRequiredAt(signedIn(waiting, { on: 9 }), NOW + 13 * DAY)).toBe(false)
    })

    it('a requirement at once gives no period to miss', () => {
      expect(passRequiredAt(signedIn({ period: 'none' }, { on: null }), NOW)).toBe(false)
      expect(passRequiredAt(signedIn({ period: { deadline: NOW - DAY } }, { on: null }), NOW)).toBe(false)
      expect(passRequiredAt(signedIn({ period: { deadline: NOW + 1 } }, { on: null }), NOW + 1)).toBe(true)
    })

    it('having signed in is a fact of the user that outlives requirements', () => {
      const old = given(signedIn(terms, { on: 0 }))
      const again = old
        .when({ type: 'make-optional', note: {} })
        .when(requiring({ period: { days: 10 } }), { at: NOW + 900 * DAY })
      expect(passRequiredAt(recordOf(again), NOW + 999 * DAY)).toBe(false)
    })

    it('an accepted code and a confirmed set-up are such facts; an import is none', () => {
      const brought = given(recordOf(given(null).when(requiring(terms)))).when(importOf('phone'), {
        finding: { bound: false, pending: false, recoveryCodes: [] },
      })
      expect(recordOf(brought).signedInAt).toBeNull()
      const reset = brought.when({ type: 'reset-mfa', grace: 'remaining', note: {} }, { at: NOW + 40 * DAY })
      expect(passRequiredAt(recordOf(reset), NOW + 40 * DAY)).toBe(true)
      const used = brought.when(
        { type: 'verify-code' },
        {
          at: NOW + DAY,
          finding: { found: 'match', matches: [{ authenticatorId: 'phone', timeStep: 1 }], resealed: [] },
        },
      )
      expect(used.types).toEqual(['first-sign-in', 'code-accepted'])
      expect(recordOf(used).signedInAt).toBe(NOW + DAY)
    })
  })
})

describe('a pass', () => {
  const issued = given(inPhase.overdue)
    .when(requiring({ period: { days: 30 }, selfEnrollment: 'with-pass' }))
    .when({ type: 'issue-pass', id: 'pass', digest: digestOf('open sesame'), note: {} })
  const begin = beginSetup('new', { pass: 'given' })
  const shown = { handed: { pass: 'open sesame' } }
  const wrong = { handed: { pass: 'not it' } }

  it('opens set-up once', () => {
    const told = issued.when(begin, shown)
    expect(told.outcome).toMatchObject({ ok: true, resumed: false })
    expect(told.types).toEqual(['pass-used', 'setup-begun'])
    expect(recordOf(told).pass).toBeNull()
    const again = told.when(beginSetup('other', { pass: 'given' }))
    expect(again).toMatchObject({ outcome: { ok: false, reason: 'invalid-pass' }, asked: null, written: false })
  })

  it('expires to the millisecond', () => {
    expect(issued.when(begin, { ...shown, at: NOW + HOUR - 1 }).outcome.ok).toBe(true)
    const late = issued.when(begin, { at: NOW + HOUR })
    expect(late).toMatchObject({ outcome: { ok: false, reason: 'invalid-pass' }, asked: null, written: false })
  })

  /** Somebody with the password who guesses at a pass that was issued for its owner. */
  it('has five tries of its own, and locks nothing', () => {
    let story: Story = issued
    for (const triesLeft of [4, 3, 2, 1, 0]) {
      const told = story.when(begin, wrong)
      expect(told.outcome).toEqual({ ok: false, reason: 'invalid-pass' })
      expect(told.events).toMatchObject([{ type: 'pass-rejected', details: { triesLeft } }])
      story = told
    }
    expect(recordOf(story)).toMatchObject({ pass: null, lock: { totp: UNLOCKED, recovery: UNLOCKED } })
    expect(story.when(begin)).toMatchObject({ outcome: { ok: false, reason: 'invalid-pass' }, asked: null })
  })

  it('that cannot be one costs no try', () => {
    const told = issued.when(begin, { handed: { pass: '' } })
    expect(told).toMatchObject({ outcome: { ok: false, reason: 'invalid-pass' }, written: false })
  })

  it('that is not needed is not looked at', () => {
    const free = issued.when(requiring({ period: { days: 300 } }))
    const told = free.when(begin)
    expect(told).toMatchObject({ outcome: { ok: true }, asked: null, types: ['setup-begun'] })
    expect(recordOf(told).pass).toEqual(recordOf(issued).pass)
  })

  it('is no way around a proof', () => {
    const enrolled = { ...inPhase.enrolled, pass: recordOf(issued).pass }
    const told = given(enrolled).when(begin)
    expect(told).toMatchObject({ outcome: { ok: false, reason: 'proof-required' }, asked: null, written: false })
  })
})
