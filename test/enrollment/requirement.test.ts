import { describe, expect, it } from 'vitest'
import { LAST_INSTANT } from '../../src/assert.js'
import { phaseAt } from '../../src/enrollment/decision.js'
import type { Requirement } from '../../src/enrollment/record.js'
import { statusAt } from '../../src/enrollment/status.js'
import type { Period, Terms } from '../../src/enrollment/terms.js'
import { resolvePolicy } from '../../src/service/policy.js'
import { DAY, given, HOUR, inPhase, NOW, recordOf, requiring, type Story } from './given.js'

const BERLIN = { timeZone: 'Europe/Berlin' } as const
const WORKING = { ...BERLIN, avoid: ['saturday', 'sunday'], holidays: ['2026-12-24', '2026-12-25'] } as const
const at = (text: string): number => Date.parse(text)

/** The requirement that a story has come to. */
function requirementOf(story: Story): Requirement {
  const { requirement } = recordOf(story)
  if (requirement === null) throw new Error('nothing is required')
  return requirement
}

/** What came about how, from first to last. */
function becauseOf(story: Story): [source: string, outcome: string, deadline: number | null][] {
  return requirementOf(story).because.map(({ source, outcome, deadline }) => [source, outcome, deadline])
}

describe('the dates of a period', () => {
  it.each<[string, Period, startsAt: number | null, deadline: number]>([
    ['none: at once', 'none', NOW, NOW],
    ['1 day', { days: 1 }, NOW, NOW + DAY],
    ['365 days', { days: 365 }, NOW, NOW + 365 * DAY],
    ['days from now, said', { days: 30, start: 'now' }, NOW, NOW + 30 * DAY],
    ['days from a date', { days: 30, start: NOW + 5 * DAY }, NOW + 5 * DAY, NOW + 35 * DAY],
    ['days from a date gone by', { days: 30, start: NOW - 40 * DAY }, NOW - 40 * DAY, NOW - 10 * DAY],
    ['waiting, with the cap of 90 days', { days: 30, start: 'first-sign-in' }, null, NOW + 90 * DAY],
    ['waiting, with a cap of its own', { days: 30, start: 'first-sign-in', capDays: 7 }, null, NOW + 7 * DAY],
    ['a date', { deadline: NOW + 9 * DAY }, NOW, NOW + 9 * DAY],
    ['a date and a start', { deadline: NOW + 9 * DAY, start: NOW + DAY }, NOW + DAY, NOW + 9 * DAY],
    ['a date gone by', { deadline: NOW - DAY }, NOW - DAY, NOW - DAY],
    ['the end of time', { deadline: LAST_INSTANT }, NOW, LAST_INSTANT],
    ['days to the end of a local day', { days: 1, calendar: BERLIN }, NOW, at('2026-11-26T00:00+01:00')],
    ['days over a weekend', { days: 3, calendar: WORKING }, NOW, at('2026-11-28T00:00+01:00')],
    ['days to a weekend, moved on', { days: 4, calendar: WORKING }, NOW, at('2026-12-01T00:00+01:00')],
    ['days to holidays, moved on over the weekend', { days: 30, calendar: WORKING }, NOW, at('2026-12-29T00:00+01:00')],
    [
      'a cap to the end of a local day',
      { days: 3, start: 'first-sign-in', capDays: 4, calendar: WORKING },
      null,
      at('2026-12-01T00:00+01:00'),
    ],
    ['days to beyond the end of time', { days: 365, start: LAST_INSTANT - DAY }, LAST_INSTANT - DAY, LAST_INSTANT],
    [
      'a calendar where it finds no day any more',
      { days: 30, start: LAST_INSTANT - 60 * DAY, calendar: WORKING },
      LAST_INSTANT - 60 * DAY,
      LAST_INSTANT - 30 * DAY,
    ],
  ])('%s', (_, period, startsAt, deadline) => {
    const told = given(null).when(requiring({ period }))
    expect(requirementOf(told)).toMatchObject({ startsAt, deadline, assignedAt: NOW, since: NOW })
    expect(told.events[0]?.details).toMatchObject({ startsAt, deadline, previousDeadline: null })
  })

  it('count from since where it is said, and tell it from the assignment', () => {
    const told = given(null).when({ ...requiring({ period: { days: 30 } }), since: NOW - 10 * DAY })
    expect(requirementOf(told)).toMatchObject({
      assignedAt: NOW,
      since: NOW - 10 * DAY,
      startsAt: NOW - 10 * DAY,
      deadline: NOW + 20 * DAY,
    })
  })

  it('terms that leave all open: a password is enough, and "not now" is accepted without limit', () => {
    const told = given(null).when(requiring({ period: 'none' }))
    expect(requirementOf(told)).toMatchObject({ selfEnrollment: 'always', postponements: null })
    expect(told.events[0]?.details).toMatchObject({ selfEnrollment: 'always', postponements: null })
  })

  it('the record says how the deadline came about: by the terms, or by all that was considered', () => {
    const alone = given(null).when(requiring({ period: { days: 3 } }))
    expect(requirementOf(alone).because).toEqual([
      { source: 'terms', scope: 'user', deadline: NOW + 3 * DAY, outcome: 'applied', text: '3 days from assignment' },
    ])
    const because = Array.from({ length: 25 }, (_, one) => ({
      ...{ source: `group ${one}`, scope: 'group' as const, deadline: null, text: '' },
      outcome: one === 24 ? ('applied' as const) : ('overridden' as const),
    }))
    const considered = given(null).when({ ...requiring({ period: { days: 3 } }), because })
    expect(requirementOf(considered).because).toEqual(because.slice(-20))
    const none = given(null).when({ ...requiring({ period: { days: 3 } }), because: [] })
    expect(requirementOf(none).because).toEqual(requirementOf(alone).because)
  })

  it.each<[text: string, Period]>([
    ['MFA is required at once', 'none'],
    ['MFA is required by a fixed date', { deadline: NOW + DAY }],
    ['1 day from assignment', { days: 1 }],
    ['30 days from assignment', { days: 30, start: 'now' }],
    ['30 days from a fixed date', { days: 30, start: NOW + DAY }],
    ['30 days from the first sign-in, at most 90 days from assignment', { days: 30, start: 'first-sign-in' }],
    ['30 days from assignment, to the end of a working day in Europe/Berlin', { days: 30, calendar: WORKING }],
  ])('in words: %s', (text, period) => {
    expect(requirementOf(given(null).when(requiring({ period }))).because.at(-1)?.text).toBe(text)
  })
})

describe('the first sign-in', () => {
  const terms: Terms = { period: { days: 10, start: 'first-sign-in', capDays: 30 } }

  it('starts a period that waits for it', () => {
    const told = given(null)
      .when(requiring(terms))
      .when({ type: 'sign-in' }, { at: NOW + 5 * DAY })
    expect(requirementOf(told)).toMatchObject({
      startsAt: NOW + 5 * DAY,
      deadline: NOW + 15 * DAY,
      daysOnceStarted: null,
    })
    expect(told.types).toEqual(['first-sign-in', 'period-started'])
    expect(told.events[1]?.details).toEqual({
      startsAt: NOW + 5 * DAY,
      deadline: NOW + 15 * DAY,
      previousDeadline: NOW + 30 * DAY,
    })
    expect(becauseOf(told)).toEqual([
      ['terms', 'overridden', NOW + 30 * DAY],
      ['first-sign-in', 'applied', NOW + 15 * DAY],
    ])
    expect(requirementOf(told).because.at(-1)?.text).toBe('10 days from the first sign-in')
    expect(told.outcome).toMatchObject({ action: 'offer-setup', deadline: NOW + 15 * DAY, daysLeft: 10 })
  })

  it('never ends it later than the cap', () => {
    const waiting = given(null).when(requiring(terms))
    for (const days of [20, 25, 29]) {
      const told = waiting.when({ type: 'sign-in' }, { at: NOW + days * DAY })
      expect(requirementOf(told)).toMatchObject({ startsAt: NOW + days * DAY, deadline: NOW + 30 * DAY })
      expect(becauseOf(told)).toEqual([['terms', 'applied', NOW + 30 * DAY]])
    }
    const justBefore = waiting.when({ type: 'sign-in' }, { at: NOW + 20 * DAY - 1 })
    expect(requirementOf(justBefore).deadline).toBe(NOW + 30 * DAY - 1)
  })

  it('comes too late once the cap has passed: overdue, and it stays so', () => {
    const told = given(null)
      .when(requiring(terms))
      .when({ type: 'sign-in' }, { at: NOW + 31 * DAY })
    expect(told.outcome).toMatchObject({ action: 'require-setup', reason: 'overdue', passRequired: true })
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW + 30 * DAY, deadline: NOW + 30 * DAY })
  })

  it('starts a period once', () => {
    const started = given(null)
      .when(requiring(terms))
      .when({ type: 'sign-in' }, { at: NOW + DAY })
    const again = started.when({ type: 'sign-in' }, { at: NOW + 8 * DAY })
    expect(again.written).toBe(false)
    expect(requirementOf(again).deadline).toBe(NOW + 11 * DAY)
  })

  it('may come before the assignment, by a clock that stands back: the deadline only gets earlier', () => {
    const told = given(null)
      .when(requiring(terms))
      .when({ type: 'sign-in' }, { at: NOW - 2 * DAY })
    expect(requirementOf(told)).toMatchObject({ startsAt: NOW - 2 * DAY, deadline: NOW + 8 * DAY })
  })

  it('ends with a local day, as the cap does', () => {
    const period: Period = { days: 3, start: 'first-sign-in', capDays: 30, calendar: WORKING }
    const told = given(null)
      .when(requiring({ period }))
      .when({ type: 'sign-in' }, { at: at('2026-12-21T20:00+01:00') })
    // The 24th and the 25th are holidays, and a weekend follows; but the cap is the end of the 24th, moved on to the 28th.
    expect(requirementOf(told).deadline).toBe(at('2026-12-29T00:00+01:00'))
    const early = given(null)
      .when(requiring({ period }))
      .when({ type: 'sign-in' }, { at: at('2026-11-30T20:00+01:00') })
    expect(requirementOf(early).deadline).toBe(at('2026-12-04T00:00+01:00'))
  })

  it('starts a period of somebody who is exempt, or enrolled by an import; not of one who is denied', () => {
    const waiting = given(null).when(requiring(terms))
    const exempt = waiting.when({ type: 'exempt', until: NOW + 9 * DAY, reason: 'on leave', note: {} })
    expect(exempt.when({ type: 'sign-in' }).types).toEqual(['first-sign-in', 'period-started'])
    const suspended = waiting.when({ type: 'suspend', note: {} }).when({ type: 'sign-in' })
    expect(suspended.outcome).toMatchObject({ action: 'deny', reason: 'suspended' })
    expect(suspended.written).toBe(false)
    expect(recordOf(suspended)).toMatchObject({ signedInAt: null, requirement: { startsAt: null } })
  })

  it('is not recorded where nothing is required', () => {
    expect(given(inPhase.optional).when({ type: 'sign-in' }).written).toBe(false)
    expect(given(null).when({ type: 'sign-in' })).toMatchObject({ written: false, outcome: { action: 'allow' } })
  })
})

describe('assigning terms', () => {
  const terms: Terms = { period: { days: 30 }, selfEnrollment: 'during-period', postponements: 3 }
  const assigned = given(null).when(requiring(terms))

  it('the same terms change nothing, and never restart a period', () => {
    const later = { at: NOW + 20 * DAY }
    for (const same of [terms, { ...terms, period: { days: 30, start: 'now' as const } }]) {
      expect(assigned.when(requiring(same), later)).toMatchObject({ outcome: { changed: false }, written: false })
    }
    const since = assigned.when({ ...requiring(terms), since: NOW }, later)
    expect(since.outcome).toEqual({ changed: false })
  })

  it('the same terms counted from another time are other terms', () => {
    const told = assigned.when({ ...requiring(terms), since: NOW - DAY })
    expect(told.outcome).toEqual({ changed: true })
    expect(requirementOf(told).deadline).toBe(NOW + 29 * DAY)
  })

  it('the same terms change nothing after the deadline was moved by hand', () => {
    const moved = assigned.when({ type: 'change-deadline', change: { addDays: 9 }, note: {} })
    expect(moved.when(requiring(terms), { at: NOW + DAY }).outcome).toEqual({ changed: false })
  })

  it('other terms with the same period keep its dates and what was postponed', () => {
    const postponed = assigned.when({ type: 'sign-in' }).when({ type: 'postpone-setup' })
    const told = postponed.when(requiring({ period: { days: 30 }, postponements: 9 }), { at: NOW + 20 * DAY })
    expect(told.outcome).toEqual({ changed: true })
    expect(requirementOf(told)).toEqual({
      ...requirementOf(postponed),
      selfEnrollment: 'always',
      postponements: 9,
    })
    expect(told.events[0]?.details).toEqual({
      startsAt: NOW,
      deadline: NOW + 30 * DAY,
      previousDeadline: NOW + 30 * DAY,
      selfEnrollment: 'always',
      postponements: 9,
    })
  })

  it.each<[string, Partial<Terms>]>([
    ['postponements', { postponements: 4 }],
    ['unlimited postponements', { postponements: undefined }],
    ['self-enrollment', { selfEnrollment: 'with-pass' }],
  ])('other %s are other terms', (_, part) => {
    const told = assigned.when(requiring({ ...terms, ...part }))
    expect(told.outcome).toEqual({ changed: true })
    expect(requirementOf(told).deadline).toBe(NOW + 30 * DAY)
  })

  it('another period replaces the old one, and says what that did to the deadline', () => {
    const signedIn = assigned.when({ type: 'sign-in' }).when({ type: 'postpone-setup' })
    const told = signedIn.when({ ...requiring({ period: { days: 7 } }), note: { actor: 'root', reason: 'audit' } })
    expect(requirementOf(told)).toMatchObject({
      deadline: NOW + 7 * DAY,
      postponementsUsed: 0,
      selfEnrollment: 'always',
    })
    expect(told.events).toMatchObject([
      { type: 'requirement-assigned', actor: 'root', reason: 'audit', details: { previousDeadline: NOW + 30 * DAY } },
    ])
    const details = { selfEnrollment: 'always', postponements: null, startsAt: NOW, deadline: NOW + 7 * DAY }
    expect(told.events[0]?.details).toEqual({ ...details, previousDeadline: NOW + 30 * DAY })
    expect(recordOf(told).signedInAt).toBe(NOW)
    expect(told.when({ type: 'sign-in' }).written).toBe(false)
  })

  it('another period of somebody suspended stands still from then on', () => {
    const suspended = given(inPhase.suspended).when(requiring({ period: { days: 7 } }))
    const resumed = suspended.when({ type: 'resume', note: {} }, { at: NOW + 3 * DAY })
    expect(requirementOf(resumed)).toMatchObject({ startsAt: NOW, deadline: NOW + 10 * DAY })
  })

  it('what is made optional is required anew from nothing', () => {
    const told = assigned
      .when({ type: 'make-optional', note: { reason: 'left' } }, { at: NOW + DAY })
      .when(requiring(terms), { at: NOW + 2 * DAY })
    expect(requirementOf(told)).toMatchObject({ assignedAt: NOW + 2 * DAY, deadline: NOW + 32 * DAY })
  })

  it('making it optional drops the requirement and not the exemption', () => {
    const told = given(inPhase.exempt).when({ type: 'make-optional', note: {} })
    expect(phaseAt(recordOf(told), NOW)).toBe('exempt')
    expect(phaseAt(recordOf(told), NOW + 5 * DAY)).toBe('optional')
    expect(told.events[0]?.details).toEqual({ previousDeadline: NOW + 20 * DAY, required: false })
  })
})

describe('terms for new users', () => {
  const policy = resolvePolicy({ newUsers: { period: { days: 10 } } })

  it('are assigned by the first command that writes', () => {
    const told = given(null).when({ type: 'sign-in' }, { policy })
    expect(told.types).toEqual(['requirement-assigned', 'first-sign-in'])
    expect(requirementOf(told)).toMatchObject({ assignedAt: NOW, deadline: NOW + 10 * DAY })
    expect(recordOf(told).eventCount).toBe(2)
    expect(told.when({ type: 'sign-in' }, { policy, at: NOW + DAY }).written).toBe(false)
  })

  it('are what reads are made of until then, and keep coming from now', () => {
    const told = given(null).when(
      { type: 'postpone-setup' },
      { policy: resolvePolicy({ newUsers: { period: 'none' } }) },
    )
    expect(told).toMatchObject({ written: false, record: null, outcome: { action: 'require-setup', deadline: NOW } })
  })

  it('are assigned beside what the command itself does, told before it', () => {
    const exempt = given(null).when({ type: 'exempt', until: NOW + DAY, reason: 'on leave', note: {} }, { policy })
    expect(exempt.types).toEqual(['requirement-assigned', 'exempted'])
    expect(exempt.events.map(({ id }) => id)).toEqual(['000000000001-cafe0123', '000000000002-cafe0123'])
    const changed = given(null).when({ type: 'change-deadline', change: { addDays: 1 }, note: {} }, { policy })
    expect(changed.types).toEqual(['requirement-assigned', 'deadline-changed'])
    expect(requirementOf(changed).deadline).toBe(NOW + 11 * DAY)
  })

  it('are not assigned by a requirement of its own', () => {
    const told = given(null).when(requiring({ period: { days: 3 } }), { policy })
    expect(told.types).toEqual(['requirement-assigned'])
    const details = { selfEnrollment: 'always', postponements: null, startsAt: NOW, deadline: NOW + 3 * DAY }
    expect(told.events[0]?.details).toEqual({ ...details, previousDeadline: null, required: true })
    expect(requirementOf(told).deadline).toBe(NOW + 3 * DAY)
    // Not even where they say the same: it is this command that asks for them.
    const same = given(null).when(requiring({ period: { days: 10 } }), { policy })
    expect(same).toMatchObject({ outcome: { changed: true }, types: ['requirement-assigned'] })
  })

  it('are not assigned by making it optional, which is kept: the next sign-in asks for nothing', () => {
    const told = given(null).when({ type: 'make-optional', note: {} }, { policy })
    expect(told).toMatchObject({ outcome: { changed: true }, types: ['made-optional'], written: true })
    expect(recordOf(told).requirement).toBeNull()
    expect(told.when({ type: 'sign-in' }, { policy }).outcome).toMatchObject({ action: 'allow', phase: 'optional' })
  })

  it('are not assigned by what changes nothing', () => {
    const told = given(null).when({ type: 'end-exemption', note: {} }, { policy })
    expect(told).toMatchObject({ written: false, types: [] })
  })

  it('do not reach those of whom something is stored', () => {
    const told = given(inPhase.optional).when({ type: 'issue-pass', id: 'p', digest: 'd', note: {} }, { policy })
    expect(told.types).toEqual(['pass-issued'])
    expect(recordOf(told).requirement).toBeNull()
  })
})

describe('the status', () => {
  it('tells the days that are left in whole days, rounded up', () => {
    const record = inPhase['enrollment-period']
    const daysLeft = (now: number) => statusAt(record, now).requirement?.daysLeft
    expect(daysLeft(NOW)).toBe(20)
    expect(daysLeft(NOW + 1)).toBe(20)
    expect(daysLeft(NOW + 19 * DAY)).toBe(1)
    expect(daysLeft(NOW + 20 * DAY - 1)).toBe(1)
    expect(daysLeft(NOW + 20 * DAY)).toBe(0)
    expect(daysLeft(NOW + 99 * DAY)).toBe(0)
  })

  it('tells nobody an exemption or a set-up that is over', () => {
    const exempt = inPhase.exempt
    expect(statusAt(exempt, NOW + 5 * DAY - 1).exemption).toEqual({ until: NOW + 5 * DAY, reason: 'on leave' })
    expect(statusAt(exempt, NOW + 5 * DAY).exemption).toBeNull()
    expect(statusAt(inPhase.optional, NOW)).toMatchObject({ requirement: null, exemption: null, setup: null })
  })

  it('holds all that may be shown', () => {
    expect(statusAt(inPhase.enrolled, NOW)).toEqual({
      userId: 'ada',
      phase: 'enrolled',
      requirement: {
        assignedAt: NOW - 10 * DAY,
        startsAt: NOW - 10 * DAY,
        deadline: NOW + 20 * DAY,
        daysLeft: 20,
        selfEnrollment: 'always',
        postponementsLeft: null,
        because: [
          {
            source: 'terms',
            scope: 'user',
            deadline: NOW + 20 * DAY,
            outcome: 'applied',
            text: '30 days from assignment',
          },
        ],
      },
      exemption: null,
      authenticators: [{ id: 'phone', label: 'Phone', boundAt: NOW - 5 * DAY, lastUsedAt: null }],
      recoveryCodesLeft: 2,
      setup: null,
      lock: { totp: { state: 'open' }, recovery: { state: 'open' } },
    })
  })

  it('of somebody suspended tells the days that were left', () => {
    const status = statusAt(inPhase.suspended, NOW + 300 * DAY + HOUR)
    expect(status).toMatchObject({ phase: 'suspended', requirement: { daysLeft: 21 } })
  })
})
