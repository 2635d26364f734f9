import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LAST_INSTANT } from '../../src/assert.js'
import { assertPeriod, assertResolvedTerms, assertTerms, samePeriod } from '../../src/enrollment/terms.js'
import { period, terms } from './actions.js'
import { NOW } from './given.js'

const SECRET = 'JBSWY3DPEHPK3PXP'
const berlin = { timeZone: 'Europe/Berlin' }

/** What is thrown, with the check that no part of the value is repeated. */
function refusalOf(check: () => void): { kind: string; message: string } {
  try {
    check()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    expect(error.message).not.toContain(SECRET)
    return { kind: error.constructor.name, message: error.message }
  }
  throw new Error('it was accepted')
}

describe('assertPeriod', () => {
  it.each<[string, unknown]>([
    ['none', 'none'],
    ['a day', { days: 1 }],
    ['a year', { days: 365 }],
    ['from now', { days: 30, start: 'now' }],
    ['from an instant', { days: 30, start: NOW }],
    ['from the first instant', { days: 30, start: 0 }],
    ['from the last instant', { days: 30, start: LAST_INSTANT }],
    ['from the first sign-in', { days: 30, start: 'first-sign-in' }],
    ['with a cap of a day', { days: 30, start: 'first-sign-in', capDays: 1 }],
    ['with a cap of a year', { days: 30, start: 'first-sign-in', capDays: 365 }],
    ['with a calendar', { days: 30, calendar: berlin }],
    ['a date', { deadline: NOW }],
    ['the first instant', { deadline: 0 }],
    ['the last instant', { deadline: LAST_INSTANT }],
    ['a date and a start just before it', { deadline: NOW, start: NOW - 1 }],
    ['a date from now', { deadline: NOW, start: 'now' }],
    ['what is left out, as undefined', { days: 30, start: undefined, capDays: undefined, calendar: undefined }],
    ['a start left out, as undefined', { deadline: NOW, start: undefined }],
  ])('accepts %s', (_, value) => {
    expect(() => assertPeriod(value, 'period')).not.toThrow()
  })

  it.each<[string, unknown, 'TypeError' | 'RangeError', string]>([
    ['nothing', undefined, 'TypeError', 'period'],
    ['null', null, 'TypeError', 'period'],
    ['a number', 30, 'TypeError', 'period'],
    ['an array', [30], 'TypeError', 'period'],
    ['another word', SECRET, 'RangeError', 'period'],
    ['an empty word', '', 'RangeError', 'period'],
    ['an empty object', {}, 'TypeError', 'period.days'],
    ['no days', { days: 0 }, 'RangeError', 'period.days'],
    ['a day more than a year', { days: 366 }, 'RangeError', 'period.days'],
    ['a day and a half', { days: 1.5 }, 'RangeError', 'period.days'],
    ['not a number of days', { days: Number.NaN }, 'RangeError', 'period.days'],
    ['endless days', { days: Number.POSITIVE_INFINITY }, 'RangeError', 'period.days'],
    ['days taken away', { days: -1 }, 'RangeError', 'period.days'],
    ['days as text', { days: SECRET }, 'TypeError', 'period.days'],
    ['days as null', { days: null }, 'TypeError', 'period.days'],
    ['another start', { days: 30, start: SECRET }, 'RangeError', 'period.start'],
    ['a start before time', { days: 30, start: -1 }, 'RangeError', 'period.start'],
    ['a start of half a millisecond', { days: 30, start: 0.5 }, 'RangeError', 'period.start'],
    ['a start after the last instant', { days: 30, start: LAST_INSTANT + 1 }, 'RangeError', 'period.start'],
    ['a start that is null', { days: 30, start: null }, 'TypeError', 'period.start'],
    ['a Date as start', { days: 30, start: new Date(0) }, 'TypeError', 'period.start'],
    ['a cap without a first sign-in', { days: 30, capDays: 90 }, 'RangeError', 'period.capDays'],
    ['a cap from now', { days: 30, start: 'now', capDays: 90 }, 'RangeError', 'period.capDays'],
    ['no days until the cap', { days: 30, start: 'first-sign-in', capDays: 0 }, 'RangeError', 'period.capDays'],
    ['a cap after a year', { days: 30, start: 'first-sign-in', capDays: 366 }, 'RangeError', 'period.capDays'],
    ['a cap as text', { days: 30, start: 'first-sign-in', capDays: SECRET }, 'TypeError', 'period.capDays'],
    ['a calendar as text', { days: 30, calendar: SECRET }, 'TypeError', 'period.calendar'],
    ['an unknown time zone', { days: 30, calendar: { timeZone: SECRET } }, 'RangeError', 'period.calendar.timeZone'],
    ['a property that nobody reads', { days: 30, [SECRET]: 1 }, 'TypeError', 'period'],
    ['a misspelt start', { days: 30, starts: 'now' }, 'TypeError', 'period'],
    ['days and a date', { days: 30, deadline: NOW }, 'TypeError', 'period'],
    ['a date with a calendar', { deadline: NOW, calendar: berlin }, 'TypeError', 'period'],
    ['a date with a cap', { deadline: NOW, capDays: 90 }, 'TypeError', 'period'],
    ['a date left out', { deadline: undefined }, 'TypeError', 'period.deadline'],
    ['a date as text', { deadline: SECRET }, 'TypeError', 'period.deadline'],
    ['a Date', { deadline: new Date(NOW) }, 'TypeError', 'period.deadline'],
    ['a date before time', { deadline: -1 }, 'RangeError', 'period.deadline'],
    ['a date after the last instant', { deadline: LAST_INSTANT + 1 }, 'RangeError', 'period.deadline'],
    ['not a number as date', { deadline: Number.NaN }, 'RangeError', 'period.deadline'],
    ['a start at the date', { deadline: NOW, start: NOW }, 'RangeError', 'period.start'],
    ['a start after the date', { deadline: NOW, start: NOW + 1 }, 'RangeError', 'period.start'],
    ['a date and the first sign-in', { deadline: NOW, start: 'first-sign-in' }, 'RangeError', 'period.start'],
    ['a date and a start that is null', { deadline: NOW, start: null }, 'TypeError', 'period.start'],
    ['a date and a start before time', { deadline: NOW, start: -1 }, 'RangeError', 'period.start'],
  ])('refuses %s, naming it', (_, value, kind, name) => {
    const refusal = refusalOf(() => assertPeriod(value, 'period'))
    expect(refusal.kind).toBe(kind)
    expect(refusal.message).toMatch(new RegExp(`^${name.replaceAll('.', '\\.')} `))
  })
})

describe('assertTerms', () => {
  it('accepts all that arbitrary terms are', () => {
    fc.assert(
      fc.property(terms, (value) => {
        expect(() => assertTerms(value)).not.toThrow()
      }),
    )
  })

  it.each([0, 1, 1000])('accepts %d postponements', (postponements) => {
    expect(() => assertTerms({ period: 'none', postponements })).not.toThrow()
  })

  it.each<[string, unknown, 'TypeError' | 'RangeError', string]>([
    ['nothing', undefined, 'TypeError', 'terms'],
    ['null', null, 'TypeError', 'terms'],
    ['a word', 'optional', 'TypeError', 'terms'],
    ['an array', [], 'TypeError', 'terms'],
    ['no period', {}, 'TypeError', 'terms.period'],
    ['days outside of the period', { days: 30 }, 'TypeError', 'terms'],
    ['a bad period', { period: { days: 0 } }, 'RangeError', 'terms.period.days'],
    ['another self-enrollment', { period: 'none', selfEnrollment: SECRET }, 'RangeError', 'terms.selfEnrollment'],
    ['a self-enrollment that is null', { period: 'none', selfEnrollment: null }, 'TypeError', 'terms.selfEnrollment'],
    ['postponements taken away', { period: 'none', postponements: -1 }, 'RangeError', 'terms.postponements'],
    ['1001 postponements', { period: 'none', postponements: 1001 }, 'RangeError', 'terms.postponements'],
    ['half a postponement', { period: 'none', postponements: 0.5 }, 'RangeError', 'terms.postponements'],
    [
      'endless postponements',
      { period: 'none', postponements: Number.POSITIVE_INFINITY },
      'RangeError',
      'terms.postponements',
    ],
    ['postponements that are null', { period: 'none', postponements: null }, 'TypeError', 'terms.postponements'],
    ['a property that nobody reads', { period: 'none', grace: 3 }, 'TypeError', 'terms'],
  ])('refuses %s, naming it', (_, value, kind, name) => {
    const refusal = refusalOf(() => assertTerms(value))
    expect(refusal.kind).toBe(kind)
    expect(refusal.message).toMatch(new RegExp(`^${name.replaceAll('.', '\\.')} `))
  })
})

describe('assertResolvedTerms', () => {
  const good = { source: 'payroll', scope: 'group', deadline: NOW, outcome: 'applied', text: '14 days' }
  const resolved = (explanation: unknown) => ({ terms: { period: 'none' }, because: [good, explanation] })

  it.each<[string, unknown]>([
    ['terms', { terms: { period: 'none' }, because: [] }],
    ['what is optional', { terms: 'optional', because: [] }],
    ['a since', { terms: { period: 'none' }, since: NOW, because: [good] }],
    ['a since left out, as undefined', { terms: { period: 'none' }, since: undefined, because: [good] }],
    ['an explanation of a user', resolved({ ...good, scope: 'user' })],
    ['one of an organization', resolved({ ...good, scope: 'organization' })],
    ['one of a rule', resolved({ ...good, scope: 'rule' })],
    ['an explanation without a date', resolved({ ...good, deadline: null, text: '', outcome: 'overridden' })],
    ['texts as long as may be', resolved({ ...good, source: 's'.repeat(255), text: 't'.repeat(1000) })],
  ])('accepts %s', (_, value) => {
    expect(() => assertResolvedTerms(value)).not.toThrow()
  })

  it.each<[string, unknown, 'TypeError' | 'RangeError', string]>([
    ['terms alone', { period: 'none' }, 'TypeError', 'terms'],
    ['no terms', { because: [] }, 'TypeError', 'terms.terms'],
    ['bad terms', { terms: { period: SECRET }, because: [] }, 'RangeError', 'terms.terms.period'],
    ['a bad since', { terms: 'optional', since: -1, because: [] }, 'RangeError', 'terms.since'],
    ['a since as text', { terms: 'optional', since: SECRET, because: [] }, 'TypeError', 'terms.since'],
    ['no explanations', { terms: 'optional' }, 'TypeError', 'terms.because'],
    ['explanations as text', { terms: 'optional', because: SECRET }, 'TypeError', 'terms.because'],
    ['a property that nobody reads', { terms: 'optional', because: [], [SECRET]: 1 }, 'TypeError', 'terms'],
    ['an explanation as text', resolved(SECRET), 'TypeError', 'terms.because[1]'],
    ['no source', resolved({ ...good, source: '' }), 'RangeError', 'terms.because[1].source'],
    ['too long a source', resolved({ ...good, source: 's'.repeat(256) }), 'RangeError', 'terms.because[1].source'],
    ['half a character', resolved({ ...good, source: '\ud800' }), 'RangeError', 'terms.because[1].source'],
    ['another scope', resolved({ ...good, scope: SECRET }), 'RangeError', 'terms.because[1].scope'],
    ['a deadline left out', resolved({ ...good, deadline: undefined }), 'TypeError', 'terms.because[1].deadline'],
    ['a deadline before time', resolved({ ...good, deadline: -1 }), 'RangeError', 'terms.because[1].deadline'],
    ['another outcome', resolved({ ...good, outcome: SECRET }), 'RangeError', 'terms.because[1].outcome'],
    ['too long a text', resolved({ ...good, text: 't'.repeat(1001) }), 'RangeError', 'terms.because[1].text'],
    ['a text that is none', resolved({ ...good, text: 1 }), 'TypeError', 'terms.because[1].text'],
    // Stored, it would be a record that nobody can read any more.
    ['an explanation with more to it', resolved({ ...good, [SECRET]: 1 }), 'TypeError', 'terms.because[1]'],
  ])('refuses %s, naming it', (_, value, kind, name) => {
    const refusal = refusalOf(() => assertResolvedTerms(value))
    expect(refusal.kind).toBe(kind)
    expect(refusal.message.startsWith(`${name} `)).toBe(true)
  })
})

describe('samePeriod', () => {
  it.each<[string, Parameters<typeof samePeriod>, boolean]>([
    ['none twice', ['none', 'none'], true],
    ['a start said and left out', [{ days: 3 }, { days: 3, start: 'now' }], true],
    [
      'a cap said and left out',
      [
        { days: 3, start: 'first-sign-in' },
        { days: 3, start: 'first-sign-in', capDays: 90 },
      ],
      true,
    ],
    ['a date and its start', [{ deadline: NOW }, { deadline: NOW, start: 'now' }], true],
    [
      'days off in another order',
      [
        { days: 3, calendar: { ...berlin, avoid: ['sunday', 'saturday'], holidays: ['2026-12-25', '2026-01-01'] } },
        { days: 3, calendar: { ...berlin, avoid: ['saturday', 'sunday'], holidays: ['2026-01-01', '2026-12-25'] } },
      ],
      true,
    ],
    [
      'days off said to be none',
      [
        { days: 3, calendar: berlin },
        { days: 3, calendar: { ...berlin, avoid: [] } },
      ],
      true,
    ],
    ['none and days', ['none', { days: 3 }], false],
    ['days and a date', [{ days: 3 }, { deadline: 3 }], false],
    ['other days', [{ days: 3 }, { days: 4 }], false],
    ['another start', [{ days: 3 }, { days: 3, start: NOW }], false],
    [
      'another cap',
      [
        { days: 3, start: 'first-sign-in', capDays: 9 },
        { days: 3, start: 'first-sign-in' },
      ],
      false,
    ],
    ['with a calendar and without', [{ days: 3, calendar: berlin }, { days: 3 }], false],
    [
      'another time zone',
      [
        { days: 3, calendar: berlin },
        { days: 3, calendar: { timeZone: 'UTC' } },
      ],
      false,
    ],
    [
      'other days off',
      [
        { days: 3, calendar: berlin },
        { days: 3, calendar: { ...berlin, avoid: ['sunday'] } },
      ],
      false,
    ],
    [
      'other holidays',
      [
        { days: 3, calendar: berlin },
        { days: 3, calendar: { ...berlin, holidays: ['2026-12-25'] } },
      ],
      false,
    ],
    ['another date', [{ deadline: NOW }, { deadline: NOW + 1 }], false],
    ['another start of a date', [{ deadline: NOW }, { deadline: NOW, start: 0 }], false],
  ])('%s', (_, [one, other], same) => {
    expect(samePeriod(one, other)).toBe(same)
    expect(samePeriod(other, one)).toBe(same)
  })

  it('every period is the same as itself after it was stored', () => {
    fc.assert(
      fc.property(period, (one) => {
        expect(samePeriod(one, JSON.parse(JSON.stringify(one)))).toBe(true)
      }),
    )
  })
})
