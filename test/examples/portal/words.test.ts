import { describe, expect, it } from 'vitest'
import { DEFAULTS, readAssignment, type TermsFields } from '../../../examples/portal/routes/terms.js'
import { DAY, daysFrom, endOfDay, lastDay, startOfDay, timeLeft } from '../../../examples/portal/views/words.js'

const at = (text: string): number => Date.parse(text)

describe('dates in words', () => {
  it.each([
    ['2026-12-18', '2026-12-18T23:00Z'],
    ['2026-03-28', '2026-03-28T23:00Z'],
    // clocks go forward on this day, and back on that one
    ['2026-03-29', '2026-03-29T22:00Z'],
    ['2026-10-25', '2026-10-25T23:00Z'],
    ['2028-02-29', '2028-02-29T23:00Z'],
  ])('%s ends at %s', (date, end) => {
    expect(endOfDay(date)).toBe(at(end))
  })

  it.each(['2026-02-30', '2027-02-29', '2026-13-01', '2026-1-1', '1999-12-31', '12026-01-01', '', 'today'])(
    'no day is meant by "%s"',
    (date) => {
      expect(endOfDay(date)).toBeNull()
    },
  )

  it('a deadline at midnight is told by the day that it ends', () => {
    expect(lastDay(at('2026-12-18T23:00Z'))).toBe('Friday 18 December 2026, end of the day')
    expect(lastDay(at('2026-12-18T22:59Z'))).toBe('Friday 18 December 2026, 23:59')
  })

  it('today began at midnight, on days of 23 and 25 hours, too', () => {
    expect(startOfDay(at('2026-03-29T12:07Z'))).toBe(at('2026-03-28T23:00Z'))
    expect(startOfDay(at('2026-10-25T12:07Z'))).toBe(at('2026-10-24T22:00Z'))
    expect(startOfDay(at('2026-10-24T22:00Z'))).toBe(at('2026-10-24T22:00Z'))
  })

  it('what is left is rounded up, and days are those of the calendar on the wall', () => {
    const now = at('2026-12-06T23:30Z')
    expect([12 * DAY, 11 * DAY + 1, DAY, DAY / 2, 60_000, 1, 0, -1].map((left) => timeLeft(now + left, now))).toEqual([
      '12 days left',
      '12 days left',
      '24 hours left',
      '12 hours left',
      '1 minute left',
      '1 minute left',
      'time is up',
      'time is up',
    ])
    expect(daysFrom(at('2026-12-06T22:30Z'), now)).toBe('yesterday')
    expect(daysFrom(at('2026-12-18T22:30Z'), now)).toBe('in 11 days')
  })
})

describe('terms from a form', () => {
  const now = at('2026-10-20T10:00Z')
  const read = (fields: Partial<TermsFields>): object => readAssignment({ ...DEFAULTS, ...fields }, now)
  const calendar = { timeZone: 'Europe/Berlin', avoid: ['saturday', 'sunday'] }

  it('are those that the API takes', () => {
    expect(read({})).toEqual({
      assignment: { terms: { period: { days: 14, start: 'now', calendar }, selfEnrollment: 'always' }, applyTo: 'new' },
    })
    expect(read({ period: 'none', postponements: '0', reason: 'x', applyTo: 'replace' })).toEqual({
      assignment: {
        terms: { period: 'none', selfEnrollment: 'always', postponements: 0 },
        applyTo: 'replace',
        reason: 'x',
      },
    })
    expect(read({ period: 'days', days: '45', start: 'first-sign-in', kind: false })).toMatchObject({
      assignment: { terms: { period: { days: 45, start: 'first-sign-in' } } },
    })
  })

  it('begin where a day begins and end where one ends, when clocks change between', () => {
    const fields = { period: 'date', date: '2026-11-01', start: 'date', startDate: '2026-10-25' }
    expect(read(fields)).toMatchObject({
      assignment: {
        terms: { period: { start: '2026-10-24T22:00:00.000Z', deadline: '2026-11-01T23:00:00.000Z' } },
      },
    })
  })

  it.each<[string, Partial<TermsFields>]>([
    ['days', { period: 'days', days: '' }],
    ['days', { period: 'days', days: '366' }],
    ['days', { period: 'days', days: '1.5' }],
    ['days', { period: 'for ever' }],
    ['date', { period: 'date', date: '' }],
    ['date', { period: 'date', date: '2026-10-19' }],
    ['start', { period: 'date', date: '2026-12-01', start: 'first-sign-in' }],
    ['startDate', { period: 'date', date: '2026-12-01', start: 'date', startDate: '2026-12-02' }],
    ['startDate', { start: 'date', startDate: '2026-02-30' }],
    ['postponements', { postponements: '-1' }],
    ['postponements', { postponements: 'often' }],
    ['reason', { reason: 'x'.repeat(1001) }],
  ])('what is wrong is told with its field: %s of %o', (field, fields) => {
    const answer = read(fields) as { errors: Record<string, string> }
    expect(Object.keys(answer.errors)).toEqual([field])
  })
})
