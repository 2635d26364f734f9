import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, it } from 'vitest'
import {
  assertCalendar,
  type Calendar,
  endOfDay,
  endOfDayAfter,
  localDate,
  localDayBefore,
  type Weekday,
} from '../../src/enrollment/calendar.js'
import { daysAfter, moveDeadline, reaches } from '../../src/enrollment/time.js'

const at = (text: string): number => Date.parse(text)
const iso = (instant: number): string => new Date(instant).toISOString()
const ZONES: readonly string[] = [...Intl.supportedValuesOf('timeZone'), 'UTC']
const LAST_INSTANT = 8.64e15

describe('vectors', () => {
  // [what happens, zone, start, days, the first instant after the day]
  const VECTORS: readonly (readonly [rule: string, timeZone: string, start: string, days: number, end: string])[] = [
    ['UTC has plain days', 'UTC', '2026-11-24T08:00Z', 30, '2026-12-25T00:00Z'],
    ['a day starts at midnight', 'UTC', '2026-11-24T00:00Z', 0, '2026-11-25T00:00Z'],
    ['a day ends before midnight', 'UTC', '2026-11-24T23:59:59.999Z', 0, '2026-11-25T00:00Z'],
    ['the day of the start is the local one', 'Europe/Berlin', '2026-11-24T23:30Z', 0, '2026-11-25T23:00Z'],
    ['until the end of 24 December', 'Europe/Berlin', '2026-12-01T09:00+01:00', 23, '2026-12-25T00:00+01:00'],
    ['a leap day counts', 'Europe/Berlin', '2028-02-28T09:00+01:00', 2, '2028-03-02T00:00+01:00'],
    ['clocks forward do not shorten days', 'Europe/Berlin', '2026-03-28T09:00+01:00', 1, '2026-03-30T00:00+02:00'],
    ['clocks back do not lengthen days', 'Europe/Berlin', '2026-10-24T09:00+02:00', 1, '2026-10-26T00:00+01:00'],
    ['a day of 23 hours', 'Europe/Berlin', '2026-03-29T00:00+01:00', 0, '2026-03-30T00:00+02:00'],
    ['a day of 25 hours', 'Europe/Berlin', '2026-10-25T00:00+02:00', 0, '2026-10-26T00:00+01:00'],
    ['the evening before clocks change', 'Europe/Berlin', '2026-03-28T23:59:59+01:00', 0, '2026-03-29T00:00+01:00'],
    ['west of Greenwich, forward', 'America/New_York', '2026-03-07T20:00-05:00', 1, '2026-03-09T00:00-04:00'],
    ['west of Greenwich, back', 'America/New_York', '2026-10-31T20:00-04:00', 1, '2026-11-02T00:00-05:00'],
    ['half an hour forward', 'Australia/Lord_Howe', '2026-10-03T12:00+10:30', 1, '2026-10-05T00:00+11:00'],
    ['half an hour back', 'Australia/Lord_Howe', '2026-04-04T12:00+11:00', 1, '2026-04-06T00:00+10:30'],
    ['no midnight: clocks forward at 00:00', 'Asia/Beirut', '2026-03-28T12:00+02:00', 0, '2026-03-29T01:00+03:00'],
    ['nor does the day after start at midnight', 'Asia/Beirut', '2026-03-29T12:00+03:00', 0, '2026-03-30T00:00+03:00'],
    ['clocks back at 00:00: the day ends once', 'Asia/Beirut', '2026-10-24T22:30+03:00', 0, '2026-10-25T00:00+02:00'],
    ['no midnight in Cairo', 'Africa/Cairo', '2026-04-23T12:00+02:00', 0, '2026-04-24T01:00+03:00'],
    ['no midnight in Santiago', 'America/Santiago', '2026-09-05T12:00-04:00', 0, '2026-09-06T01:00-03:00'],
    ['23:00 to 24:00 twice in Santiago', 'America/Santiago', '2026-04-04T12:00-03:00', 0, '2026-04-05T00:00-04:00'],
    ['clocks forward onto midnight', 'America/Nuuk', '2026-03-28T12:00-02:00', 0, '2026-03-29T00:00-01:00'],
    ['clocks back from midnight', 'America/Nuuk', '2026-10-24T12:00-01:00', 0, '2026-10-25T00:00-02:00'],
    ['midnight twice, clocks back at 00:01', 'America/St_Johns', '1988-10-29T12:00-01:30', 0, '1988-10-30T00:00-03:30'],
    ['the minute between both midnights', 'America/St_Johns', '1988-10-30T00:00:30-01:30', 0, '1988-10-31T00:00-03:30'],
    ['and the hours after it', 'America/St_Johns', '1988-10-29T22:30-03:30', 0, '1988-10-30T00:00-03:30'],
    ['clocks forward at 00:01', 'America/St_Johns', '1988-04-02T12:00-03:30', 0, '1988-04-03T00:00-03:30'],
    ['midnight twice, three hours apart', 'Antarctica/Casey', '2010-03-04T12:00+11:00', 0, '2010-03-05T00:00+08:00'],
    ['no midnight in Havana', 'America/Havana', '2026-03-07T12:00-05:00', 0, '2026-03-08T01:00-04:00'],
    ['midnight twice, both in the new day', 'America/Havana', '2026-10-31T12:00-04:00', 0, '2026-11-01T00:00-04:00'],
    ['a day with two first hours', 'America/Havana', '2026-11-01T00:30-05:00', 0, '2026-11-02T00:00-05:00'],
    ['offsets of quarter hours', 'Asia/Kathmandu', '2026-11-24T12:00+05:45', 1, '2026-11-26T00:00+05:45'],
    [
      'a quarter of an hour forward over midnight',
      'Asia/Kathmandu',
      '1985-12-31T12:00+05:30',
      0,
      '1986-01-01T00:15+05:45',
    ],
    ['an offset of odd seconds', 'Africa/Monrovia', '1971-06-01T12:00Z', 0, '1971-06-02T00:44:30Z'],
    ['before a day that was skipped', 'Pacific/Apia', '2011-12-29T12:00-10:00', 0, '2011-12-31T00:00+14:00'],
    ['onto a day that was skipped', 'Pacific/Apia', '2011-12-29T12:00-10:00', 1, '2012-01-01T00:00+14:00'],
    ['over a day that was skipped', 'Pacific/Apia', '2011-12-28T12:00-10:00', 3, '2012-01-01T00:00+14:00'],
    ['back over a day that was skipped', 'Pacific/Apia', '2011-12-31T12:00+14:00', -2, '2011-12-31T00:00+14:00'],
    ['a Saturday that was skipped', 'Pacific/Kwajalein', '1993-08-20T12:00-12:00', 1, '1993-08-23T00:00+12:00'],
    ['before the epoch in local time', 'America/New_York', '1970-01-01T00:00Z', 0, '1970-01-01T05:00Z'],
    ['nothing lies before the epoch', 'Asia/Tokyo', '1970-01-02T00:00Z', -366, '1970-01-01T00:00Z'],
    ['moved back a month', 'Europe/Berlin', '2026-04-10T12:00+02:00', -30, '2026-03-12T00:00+01:00'],
    ['into the year 10000', 'Europe/Berlin', '9999-12-31T12:00+01:00', 0, '9999-12-31T23:00Z'],
    ['daylight saving in the year 9999', 'Europe/Berlin', '9999-06-30T12:00+02:00', 1, '9999-07-02T00:00+02:00'],
    ['years of six digits', 'Pacific/Kiritimati', '+270000-01-01T00:00Z', 365, '+270000-12-31T10:00Z'],
  ]
  it.each(VECTORS)('%s: %s, %s and %i days', (_rule, timeZone, start, days, end) => {
    expect(iso(endOfDayAfter(at(start), days, { timeZone }))).toBe(iso(at(end)))
  })

  const LOCAL_DATES: readonly (readonly [instant: string, timeZone: string, date: string])[] = [
    ['2026-11-24T08:00Z', 'UTC', '2026-11-24'],
    ['2026-11-24T23:00Z', 'Europe/Berlin', '2026-11-25'],
    ['2026-11-24T03:00Z', 'America/New_York', '2026-11-23'],
    ['1970-01-01T00:00Z', 'America/New_York', '1969-12-31'],
    ['2011-12-30T09:59:59.999Z', 'Pacific/Apia', '2011-12-29'],
    ['2011-12-30T10:00Z', 'Pacific/Apia', '2011-12-31'],
    ['9999-12-31T23:00Z', 'Europe/Berlin', '+010000-01-01'],
    ['+275760-09-13T00:00Z', 'Pacific/Kiritimati', '+275760-09-13'],
    ['+275760-09-13T00:00Z', 'America/New_York', '+275760-09-12'],
  ]
  it.each(LOCAL_DATES)('at %s in %s it is %s', (instant, timeZone, date) => {
    expect(localDate(at(instant), timeZone)).toBe(date)
  })
})

describe('days off', () => {
  const weekend: readonly Weekday[] = ['saturday', 'sunday']

  it('a period that would end on a weekend ends with the next Monday', () => {
    const calendar = { timeZone: 'Europe/Berlin', avoid: weekend }
    // 28 November 2026 is a Saturday
    expect(iso(endOfDayAfter(at('2026-11-24T12:00:00+01:00'), 4, calendar))).toBe(iso(at('2026-12-01T00:00:00+01:00')))
    expect(iso(endOfDayAfter(at('2026-11-24T12:00:00+01:00'), 3, calendar))).toBe(iso(at('2026-11-28T00:00:00+01:00')))
  })

  it('a period that would end on a holiday ends with the next day that is none', () => {
    const calendar = {
      timeZone: 'Europe/Berlin',
      avoid: weekend,
      holidays: ['2026-12-24', '2026-12-25', '2026-12-31', '2027-01-01'],
    }
    expect(iso(endOfDayAfter(at('2026-11-24T12:00:00+01:00'), 30, calendar))).toBe(iso(at('2026-12-29T00:00:00+01:00')))
  })

  it('every weekday can be the one that is avoided', () => {
    const names: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
    for (const [offset, name] of names.entries()) {
      // 23 November 2026 is a Monday
      const day = Date.UTC(2026, 10, 23 + offset)
      expect(endOfDay(day, { timeZone: 'UTC' }), name).toBe(day + 86_400_000)
      expect(endOfDay(day, { timeZone: 'UTC', avoid: [name] }), name).toBe(day + 2 * 86_400_000)
      expect(endOfDay(day, { timeZone: 'UTC', avoid: names.filter((other) => other !== name) }), name).toBe(
        day + 86_400_000,
      )
    }
  })

  it('a day off is judged by its local date, not by that of UTC', () => {
    // Saturday in Auckland, Friday in UTC
    const start = at('2026-11-28T09:00:00+13:00')
    expect(iso(endOfDay(start, { timeZone: 'Pacific/Auckland', avoid: weekend }))).toBe(
      iso(at('2026-12-01T00:00:00+13:00')),
    )
    expect(iso(endOfDay(start, { timeZone: 'UTC', avoid: weekend }))).toBe('2026-11-28T00:00:00.000Z')
  })

  it('a deadline never ends a day off by way of a day that was skipped', () => {
    // Thursday is off and Friday does not exist: the end of "Friday" would be that of Thursday
    const calendar = { timeZone: 'Pacific/Apia', holidays: ['2011-12-29'] }
    expect(iso(endOfDay(at('2011-12-29T12:00:00-10:00'), calendar))).toBe(iso(at('2012-01-01T00:00:00+14:00')))
  })

  it('a negative number of days still looks forward for a working day', () => {
    const calendar = { timeZone: 'UTC', avoid: weekend }
    expect(iso(endOfDayAfter(at('2026-12-01T12:00:00Z'), -2, calendar))).toBe('2026-12-01T00:00:00.000Z')
  })

  it('a deadline is moved from the instant before it', () => {
    const calendar = { timeZone: 'Asia/Beirut' }
    const deadline = endOfDayAfter(at('2026-03-27T12:00:00+02:00'), 1, calendar)
    expect(endOfDay(deadline - 1, calendar)).toBe(deadline)
    expect(iso(endOfDayAfter(deadline - 1, 1, calendar))).toBe(iso(at('2026-03-30T00:00:00+03:00')))
  })
})

describe('bounds', () => {
  it('where a calendar may have no day to find, days are 24 hours', () => {
    const calendar = { timeZone: 'UTC' }
    const last = LAST_INSTANT - 3001 * 86_400_000
    expect([last - 1, last, last + 1].map((from) => reaches(from, 1, calendar))).toEqual([true, false, false])
    expect(daysAfter(last - 1, 1, calendar)).toBe(last + 86_400_000)
    expect(daysAfter(last + 1, 1, calendar)).toBe(last + 86_400_001)
  })

  it('no days more are the end of the local day in which a deadline is', () => {
    const noon = at('2026-11-24T12:00:00Z')
    expect(iso(moveDeadline(noon, 0, { timeZone: 'UTC' }))).toBe('2026-11-25T00:00:00.000Z')
    expect(moveDeadline(noon, 0, null)).toBe(noon)
  })

  it('the last instant is a deadline, what lies beyond is refused', () => {
    expect(endOfDay(LAST_INSTANT - 1, { timeZone: 'UTC' })).toBe(LAST_INSTANT)
    expect(endOfDayAfter(0, 1e8 - 1, { timeZone: 'UTC' })).toBe(LAST_INSTANT)
    const beyond = /^days must be fewer: the deadline lies beyond the last instant$/
    for (const timeZone of ['UTC', 'Pacific/Kiritimati', 'America/New_York', 'Etc/GMT+12', 'Europe/Berlin']) {
      expect(() => endOfDay(LAST_INSTANT, { timeZone }), timeZone).toThrow(beyond)
      expect(() => endOfDayAfter(LAST_INSTANT, 1e8, { timeZone })).toThrow(beyond)
    }
    expect(() => endOfDayAfter(0, 1e8, { timeZone: 'UTC' })).toThrow(beyond)
    expect(() => endOfDay(LAST_INSTANT - 1, { timeZone: 'America/New_York' })).toThrow(beyond)
    expect(() => endOfDay(LAST_INSTANT - 1, { timeZone: 'UTC', avoid: ['friday'] })).toThrow(beyond)
    // Where no date is left to be a holiday, the search for a working day ends too.
    const full = { timeZone: 'UTC', avoid: ['friday', 'saturday'], holidays: ['9999-12-31'] } as const
    expect(() => endOfDay(LAST_INSTANT - 1, full)).toThrow(beyond)
    expect(endOfDay(LAST_INSTANT - 86_400_000, { timeZone: 'Etc/GMT+12' })).toBe(LAST_INSTANT - 43_200_000)
  })

  it('arguments that are no instant or no number of days are refused by name', () => {
    const calendar = { timeZone: 'UTC' }
    for (const bad of [-1, 1.5, Number.NaN, LAST_INSTANT + 1]) {
      expect(() => endOfDayAfter(bad, 1, calendar)).toThrow(/^start must be/)
      expect(() => localDate(bad, 'UTC')).toThrow(/^instant must be/)
    }
    for (const bad of [-367, 0.5, Number.NaN, 1e8 + 1])
      expect(() => endOfDayAfter(0, bad, calendar)).toThrow(/^days must be a whole number from -366 to 100000000$/)
    expect(() => endOfDayAfter('0' as never, 1, calendar)).toThrow(TypeError)
    expect(() => endOfDayAfter(0, '1' as never, calendar)).toThrow(TypeError)
  })

  it('a time zone that this platform does not know is a RangeError, not another time', () => {
    expect(() => localDate(0, 'Europe/Atlantis')).toThrow(RangeError)
    expect(() => endOfDay(0, { timeZone: 'Europe/Atlantis' })).toThrow(RangeError)
  })

  it('more spellings of time zones than are kept change no answer', () => {
    const letters = [...'europe/berlin']
    for (let spelling = 0; spelling < 250; spelling++) {
      const timeZone = letters.map((letter, at) => ((spelling >> at) & 1 ? letter.toUpperCase() : letter)).join('')
      expect(localDate(at('2026-11-24T23:00:00Z'), timeZone)).toBe('2026-11-25')
    }
  })
})

describe('what a calendar is', () => {
  const check = (value: unknown): void => assertCalendar(value, 'terms.period.calendar')

  it('a time zone alone, and one with days off, are calendars', () => {
    for (const timeZone of ZONES) check({ timeZone })
    check({ timeZone: 'Etc/GMT+5', avoid: undefined, holidays: undefined })
    check({ timeZone: 'Europe/Berlin', avoid: [], holidays: [] })
    check({
      timeZone: 'Europe/Berlin',
      avoid: ['saturday', 'sunday', 'sunday'],
      holidays: ['1970-01-01', '2028-02-29', '9999-12-31'],
    })
    check({ timeZone: 'UTC', avoid: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] })
    check({ timeZone: 'UTC', holidays: new Array(400).fill('2026-12-25') })
  })

  const REFUSED: readonly (readonly [
    what: string,
    value: unknown,
    error: typeof TypeError | typeof RangeError,
    argument: string,
  ])[] = [
    ['no object', 'Europe/Berlin', TypeError, ''],
    ['null', null, TypeError, ''],
    ['an array', ['Europe/Berlin'], TypeError, ''],
    ['a misspelt property', { timeZone: 'UTC', holiday: [] }, TypeError, ''],
    ['no time zone', {}, TypeError, '.timeZone'],
    ['a time zone that is no string', { timeZone: 1 }, TypeError, '.timeZone'],
    ['an empty time zone', { timeZone: '' }, RangeError, '.timeZone'],
    ['an unknown time zone', { timeZone: 'Europe/Atlantis' }, RangeError, '.timeZone'],
    ['an offset', { timeZone: '+01:00' }, RangeError, '.timeZone'],
    ['an offset to the west', { timeZone: '-05' }, RangeError, '.timeZone'],
    ['an offset with a minus sign', { timeZone: '\u221205:00' }, RangeError, '.timeZone'],
    ['an offset after a name', { timeZone: 'UTC+1' }, RangeError, '.timeZone'],
    ['a time zone with a line end', { timeZone: 'UTC\n' }, RangeError, '.timeZone'],
    ['an overlong time zone', { timeZone: `Europe/${'Berlin'.repeat(10_000)}` }, RangeError, '.timeZone'],
    ['avoid that is no array', { timeZone: 'UTC', avoid: 'sunday' }, TypeError, '.avoid'],
    ['avoid that is null', { timeZone: 'UTC', avoid: null }, TypeError, '.avoid'],
    ['avoid with an unknown weekday', { timeZone: 'UTC', avoid: ['sunday', 'Monday'] }, RangeError, '.avoid[1]'],
    ['avoid with a number', { timeZone: 'UTC', avoid: [0] }, TypeError, '.avoid[0]'],
    ['avoid with a hole', { timeZone: 'UTC', avoid: new Array(1) }, TypeError, '.avoid[0]'],
    ['avoid without end', { timeZone: 'UTC', avoid: new Array(8).fill('sunday') }, RangeError, '.avoid'],
    [
      'avoid with all seven weekdays',
      { timeZone: 'UTC', avoid: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] },
      RangeError,
      '.avoid',
    ],
    ['holidays that are no array', { timeZone: 'UTC', holidays: new Set(['2026-12-25']) }, TypeError, '.holidays'],
    ['a holiday that is a Date', { timeZone: 'UTC', holidays: [new Date(0)] }, TypeError, '.holidays[0]'],
    ['30 February', { timeZone: 'UTC', holidays: ['2026-12-25', '2026-02-30'] }, RangeError, '.holidays[1]'],
    ['29 February where there is none', { timeZone: 'UTC', holidays: ['2100-02-29'] }, RangeError, '.holidays[0]'],
    ['month 13', { timeZone: 'UTC', holidays: ['2026-13-01'] }, RangeError, '.holidays[0]'],
    ['month 0', { timeZone: 'UTC', holidays: ['2026-00-01'] }, RangeError, '.holidays[0]'],
    ['day 0', { timeZone: 'UTC', holidays: ['2026-01-00'] }, RangeError, '.holidays[0]'],
    ['a year too early', { timeZone: 'UTC', holidays: ['1969-12-31'] }, RangeError, '.holidays[0]'],
    ['a year too late', { timeZone: 'UTC', holidays: ['10000-01-01'] }, RangeError, '.holidays[0]'],
    ['an expanded year', { timeZone: 'UTC', holidays: ['+002026-01-01'] }, RangeError, '.holidays[0]'],
    ['another way of writing dates', { timeZone: 'UTC', holidays: ['2026-1-1'] }, RangeError, '.holidays[0]'],
    ['a date with a time', { timeZone: 'UTC', holidays: ['2026-01-01T00:00:00Z'] }, RangeError, '.holidays[0]'],
    ['a date with a line end', { timeZone: 'UTC', holidays: ['2026-01-01\n'] }, RangeError, '.holidays[0]'],
    ['401 holidays', { timeZone: 'UTC', holidays: new Array(401).fill('2026-12-25') }, RangeError, '.holidays'],
  ]
  it.each(REFUSED)('%s is refused by name', (_what, value, error, argument) => {
    let thrown: unknown
    try {
      check(value)
    } catch (caught) {
      thrown = caught
    }
    expect(thrown).toBeInstanceOf(error)
    expect((thrown as Error).message.split(' ')[0]).toBe(`terms.period.calendar${argument}`)
  })

  it('an error does not repeat what was given', () => {
    for (const value of [
      { timeZone: 'Sec/Ret' },
      { timeZone: 'UTC', avoid: ['Sec/Ret'] },
      { timeZone: 'UTC', holidays: ['Sec/Ret'] },
    ]) {
      expect(() => check(value)).toThrow(/^(?!.*Sec\/Ret)/)
    }
  })
})

describe('against Temporal', { timeout: 60_000 }, () => {
  const zone = fc.constantFrom(...ZONES)
  const instant = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) })
  const days = fc.integer({ min: -366, max: 366 })
  const dateIn = (timeZone: string, moment: number): Temporal.PlainDate =>
    Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(timeZone).toPlainDate()
  const startOf = (date: Temporal.PlainDate, timeZone: string): number =>
    date.toZonedDateTime(timeZone).epochMilliseconds

  // A day on which clocks change: the cases that a random instant seldom meets.
  const nearChange = fc
    .record({ timeZone: zone, from: instant, offsetMs: fc.integer({ min: -90_000_000, max: 90_000_000 }) })
    .map(({ timeZone, from, offsetMs }) => {
      const change = Temporal.Instant.fromEpochMilliseconds(from)
        .toZonedDateTimeISO(timeZone)
        .getTimeZoneTransition('next')
      return { timeZone, start: Math.max(0, (change?.epochMilliseconds ?? from) + offsetMs) }
    })
  const anywhere = fc.record({ timeZone: zone, start: instant })

  /**
   * The end of a day is Temporal's start of the next but where the rules differ, on purpose: where clocks go back over
   * midnight Temporal takes the first midnight and a deadline the last, and a day that was skipped is no day to end on.
   */
  function expected(timeZone: string, start: number, days: number): number {
    let day = dateIn(timeZone, start).add({ days })
    while (startOf(day.add({ days: 1 }), timeZone) === startOf(day, timeZone)) day = day.add({ days: 1 })
    const next = day.add({ days: 1 })
    const lastMidnight = next.toPlainDateTime().toZonedDateTime(timeZone, { disambiguation: 'later' }).epochMilliseconds
    const end = dateIn(timeZone, lastMidnight - 1).equals(day) ? lastMidnight : startOf(next, timeZone)
    return Math.max(end, 0)
  }

  it('the end of a day is that of Temporal, in every time zone', () => {
    fc.assert(
      fc.property(fc.oneof(anywhere, nearChange), days, ({ timeZone, start }, days) => {
        expect(iso(endOfDayAfter(start, days, { timeZone })), `${timeZone} ${iso(start)}`).toBe(
          iso(expected(timeZone, start, days)),
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('the local date is that of Temporal, in every time zone', () => {
    fc.assert(
      fc.property(fc.oneof(anywhere, nearChange), ({ timeZone, start }) => {
        expect(localDate(start, timeZone)).toBe(dateIn(timeZone, start).toString())
      }),
      { numRuns: 500 },
    )
  })

  it('the local day so many days before is the one with that date in Temporal, all of it', () => {
    fc.assert(
      fc.property(fc.oneof(anywhere, nearChange), fc.nat({ max: 365 }), ({ timeZone, start }, days) => {
        const date = dateIn(timeZone, start).subtract({ days })
        const { from, to } = localDayBefore(start, days, timeZone)
        fc.pre(from > 0)
        if (from === to) {
          // A day that was skipped: Temporal has it begin when the next one does.
          expect(startOf(date, timeZone)).toBe(startOf(date.add({ days: 1 }), timeZone))
          return
        }
        expect([from, to - 1].map((instant) => String(dateIn(timeZone, instant)))).toEqual([`${date}`, `${date}`])
        // What is before it, or after it, is never of that date, but for an hour that clocks going back bring again.
        expect(String(dateIn(timeZone, to))).not.toBe(`${date}`)
        expect(from).toBeGreaterThanOrEqual(startOf(date, timeZone))
        expect(to).toBe(expected(timeZone, from, 0))
      }),
      { numRuns: 500 },
    )
  })

  it('before a deadline it is a working day, and after it never again a day before', () => {
    const avoid = fc.subarray<Weekday>(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], {
      maxLength: 6,
    })
    fc.assert(
      fc.property(
        fc.oneof(anywhere, nearChange),
        days,
        avoid,
        fc.nat({ max: 200_000_000 }),
        ({ timeZone, start }, days, avoid, later) => {
          const first = endOfDayAfter(start, days, { timeZone })
          fc.pre(first > 0)
          const holidays = [localDate(first - 1, timeZone)].filter((date) => date >= '1970')
          const calendar: Calendar = { timeZone, avoid, holidays }
          const deadline = endOfDayAfter(start, days, calendar)
          const last = dateIn(timeZone, deadline - 1)
          expect(avoid).not.toContain(last.toLocaleString('en-US', { weekday: 'long' }).toLowerCase())
          expect(holidays).not.toContain(last.toString())
          expect(Temporal.PlainDate.compare(dateIn(timeZone, deadline), last)).toBe(1)
          expect(Temporal.PlainDate.compare(dateIn(timeZone, deadline + later), last)).toBe(1)
          expect(deadline).toBeGreaterThanOrEqual(first)
          expect(endOfDay(deadline - 1, calendar)).toBe(deadline)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('walking by ends of days leaves out no instant and passes over skipped days', () => {
    const dates: string[] = []
    for (
      let moment = at('2011-12-28T12:00:00-10:00');
      dates.length < 4;
      moment = endOfDay(moment, { timeZone: 'Pacific/Apia' })
    ) {
      dates.push(localDate(moment, 'Pacific/Apia'))
    }
    expect(dates).toEqual(['2011-12-28', '2011-12-29', '2011-12-31', '2012-01-01'])
  })
})
