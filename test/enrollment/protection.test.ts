import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command, CommandType } from '../../src/enrollment/commands.js'
import { decisionAt, isStoppedAt, startedAtSignIn } from '../../src/enrollment/decision.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import { resolvePolicy } from '../../src/service/policy.js'
import { life, live } from './actions.js'
import { DAY, deepFreeze, given, inPhase, NOW, PHONE, POLICY, recordOf, requiring, type Turn } from './given.js'

const PROTECTED: Turn = { protected: true }
const FORCE = { actor: 'root', reason: 'they insist', force: true }

/** The record, its period over since a day ago. */
function missed(record: EnrollmentRecord): EnrollmentRecord {
  const { requirement } = record
  const dates = { startsAt: NOW - 2 * DAY, deadline: NOW - DAY }
  return deepFreeze({ ...record, requirement: requirement && { ...requirement, ...dates } })
}

/** A change that would stop its user, who nothing stops before it: one for each command that is covered. */
const STOPPING: readonly [string, EnrollmentRecord, Command & { type: CommandType }][] = [
  ['a requirement at once', inPhase.optional, requiring({ period: 'none' })],
  ['no postponements', inPhase['enrollment-period'], requiring({ period: { days: 30 }, postponements: 0 })],
  ['a deadline gone by', inPhase.scheduled, { type: 'change-deadline', change: { deadline: NOW }, note: {} }],
  ['an exemption until now', missed(inPhase.exempt), { type: 'exempt', until: NOW, reason: 'back', note: {} }],
  ['no exemption', missed(inPhase.exempt), { type: 'end-exemption', note: {} }],
  ['a reset without grace', inPhase.enrolled, { type: 'reset-mfa', grace: 'none', note: {} }],
  [
    'the last authenticator',
    missed(inPhase.enrolled),
    { type: 'revoke-authenticator', authenticatorId: PHONE, note: {} },
  ],
]

describe.each(STOPPING)('%s', (_, record, command) => {
  it('is asked about, and refused for a protected account: nothing is written, nothing told', () => {
    const told = given(record).when(command, PROTECTED)
    expect(told.asked?.ask).toBe('protection')
    expect(told).toMatchObject({ outcome: { changed: false, refused: 'protected' }, written: false, events: [] })
  })

  it('is done to one that is not protected, and says nothing of force, asked for or not', () => {
    for (const note of [{}, FORCE]) {
      const told = given(record).when({ ...command, note } as typeof command)
      expect(told.asked?.ask).toBe('protection')
      expect(told).toMatchObject({ outcome: { changed: true }, written: true })
      for (const { details } of told.events) expect(details).not.toHaveProperty('forced')
    }
  })

  it('is done with force, and every event of it says so, by whom and why', () => {
    const told = given(record).when({ ...command, note: FORCE } as typeof command, PROTECTED)
    expect(told).toMatchObject({ outcome: { changed: true }, written: true })
    expect(told.events.length).toBeGreaterThan(0)
    for (const event of told.events) {
      expect(event).toMatchObject({ actor: 'root', reason: 'they insist', details: { forced: true } })
    }
    expect(isStoppedAt(recordOf(told), { now: NOW, policy: POLICY })).toBe(true)
    // But for that it is what it would have been.
    expect(told.record).toEqual(given(record).when({ ...command, note: FORCE } as typeof command).record)
  })
})

describe('nobody is asked about a protected account', () => {
  it('that a change does not stop', () => {
    const told = given(inPhase['enrollment-period']).when(requiring({ period: { days: 1 } }), PROTECTED)
    expect(told).toMatchObject({ asked: null, outcome: { changed: true } })
  })

  it('that was stopped before', () => {
    const told = given(inPhase.overdue).when(requiring({ period: 'none' }), PROTECTED)
    expect(told).toMatchObject({ asked: null, outcome: { changed: true } })
  })

  it('whom a change does not reach: enrolled, exempt or suspended', () => {
    for (const phase of ['enrolled', 'exempt', 'suspended'] as const) {
      const told = given(inPhase[phase]).when(requiring({ period: 'none' }), PROTECTED)
      expect(told).toMatchObject({ asked: null, outcome: { changed: true } })
    }
  })

  it('where nothing changes', () => {
    const told = given(inPhase.enrolled).when(requiring({ period: { days: 30 } }), PROTECTED)
    expect(told).toMatchObject({ asked: null, outcome: { changed: false } })
    expect(told.outcome).not.toHaveProperty('refused')
  })

  it('that is suspended, or that a resume lets into what time has made of its period: neither is covered', () => {
    const suspended = given(missed(inPhase['enrollment-period'])).when({ type: 'suspend', note: {} }, PROTECTED)
    const resumed = suspended.when({ type: 'resume', note: {} }, PROTECTED)
    expect([suspended.asked, resumed.asked]).toEqual([null, null])
    expect(isStoppedAt(recordOf(resumed), { now: NOW, policy: POLICY })).toBe(true)
  })
})

it('a period that waits for the first sign-in counts as that sign-in would start it', () => {
  const policy = resolvePolicy({ maxGrantedDays: 10 })
  const used = given(null, NOW - 20 * DAY).when(requiring({ period: { days: 10 } }), { policy })
  const waiting = requiring({ period: { days: 5, start: 'first-sign-in' } })
  // Nothing is left: whoever signs in is over the deadline at once.
  const told = used
    .when({ type: 'make-optional', note: {} }, { at: NOW, policy })
    .when(waiting, { policy, ...PROTECTED })
  expect(told.outcome).toEqual({ changed: false, refused: 'protected' })
  const within = given(inPhase.optional).when(waiting, { policy, ...PROTECTED })
  expect(within).toMatchObject({ asked: null, outcome: { changed: true } })
})

it('a user of whom nothing is stored stays so where the change is refused', () => {
  const told = given(null).when(requiring({ period: 'none' }), PROTECTED)
  expect(told).toMatchObject({ outcome: { changed: false, refused: 'protected' }, record: null })
})

/** What the seven methods of an administrator come to: `suspend`, `resume`, and time, may stop anybody. */
const COVERED: readonly CommandType[] = [
  ...(['require-enrollment', 'change-deadline', 'exempt', 'end-exemption'] as const),
  ...(['reset-mfa', 'revoke-authenticator', 'make-optional', 'unlock', 'issue-pass'] as const),
]

it('no change without force stops a protected account that signed in before it, whatever came before', () => {
  fc.assert(
    fc.property(life, (one) => {
      const { policy } = one
      for (const { before, after, command, now } of live({ ...one, protected: true })) {
        if (!COVERED.includes(command.type) || before === null || after === null || before === after) continue
        if ('note' in command && command.note.force === true) continue
        const signIn = (record: EnrollmentRecord) =>
          given(record).when({ type: 'sign-in' }, { at: now, policy }).outcome.action
        if (signIn(before) === 'require-setup') continue
        expect(signIn(after)).not.toBe('require-setup')
      }
    }),
    { numRuns: 500 },
  )
})

it('stopped is what a sign-in says, and nothing is written to find it out', () => {
  fc.assert(
    fc.property(life, (one) => {
      for (const { after, now } of live(one)) {
        if (after === null) continue
        const setting = { now, policy: one.policy }
        const told = given(after).when({ type: 'sign-in' }, { at: now, policy: one.policy })
        expect(isStoppedAt(after, setting)).toBe(told.outcome.action === 'require-setup')
        const started = startedAtSignIn(after, setting)
        expect(decisionAt(started, now, { occasion: 'sign-in' })).toEqual(told.outcome)
      }
    }),
    { numRuns: 500 },
  )
})
