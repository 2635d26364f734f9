import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, it } from 'vitest'
import { PHASES } from '../../src/enrollment/phase.js'
import type { EnrollmentDirectory, RolloutFilter } from '../../src/ports/directory.js'
import type { LeewayWithRollout } from '../../src/service/leeway.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { fixedClock } from '../../src/testing/index.js'
import {
  DAY,
  enroll,
  HOUR,
  MINUTE,
  masterKey,
  NOW,
  type RolloutSetting,
  rejection,
  rolloutSetting,
  type Store,
  users,
  wrongCode,
} from './setting.js'

/** The first instant of a local date. */
const startOf = (date: Temporal.PlainDate, timeZone: string): number => date.toZonedDateTime(timeZone).epochMilliseconds
const dateAt = (instant: number, timeZone: string): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone).toPlainDate()

/** Users in every phase, two of them locked, on a clock that stands at NOW. */
async function everyPhase(): Promise<RolloutSetting> {
  const setting = rolloutSetting({ clock: fixedClock(NOW - DAY) })
  const { leeway, clock } = setting
  const { phone: app } = await enroll(setting, 'enrolled')
  await leeway.makeOptional('never seen')
  await leeway.requireEnrollment('optional', { period: { days: 3 } })
  await leeway.makeOptional('optional')
  await leeway.requireEnrollment('overdue', { period: { deadline: NOW } })
  await leeway.requireEnrollment('period', { period: { days: 3 } })
  await leeway.requireEnrollment('period, waiting', { period: { days: 3, start: 'first-sign-in' } })
  await leeway.requireEnrollment('scheduled', { period: { days: 3, start: NOW + DAY } })
  await leeway.requireEnrollment('exempt', { period: { days: 3 } })
  await leeway.exempt('exempt', { until: NOW + 1, reason: 'at sea' })
  await leeway.requireEnrollment('suspended', { period: { days: 3 } })
  await leeway.suspend('suspended')
  clock.set(NOW)
  for (let failure = 0; failure < 5; failure++) await leeway.verifyCode('enrolled', wrongCode(app, NOW))
  return setting
}

async function everyPage<Item>(
  page: (after: string | undefined) => Promise<{ items: readonly Item[]; next: string | null }>,
): Promise<Item[][]> {
  const pages: Item[][] = []
  let after: string | undefined
  for (;;) {
    const { items, next } = await page(after)
    pages.push([...items])
    if (next === null) return pages
    after = next
  }
}

describe('a list of users', () => {
  const pagesOf = ({ leeway }: Pick<RolloutSetting, 'leeway'>, limit?: number, filter?: RolloutFilter) =>
    everyPage(async (after) => {
      const { users: items, next } = await leeway.rollout.list(filter, { after, limit })
      return { items: items.map(({ userId }) => userId), next }
    })

  for (const [count, limit, lengths] of [
    [0, 50, [0]],
    [1, 50, [1]],
    [49, undefined, [49]],
    [50, undefined, [50]],
    [51, undefined, [50, 1]],
    [6, 2, [2, 2, 2]],
    [7, 2, [2, 2, 2, 1]],
    [3, 1, [1, 1, 1]],
    [1001, 1000, [1000, 1]],
  ] as const) {
    it(`of ${count} comes in pages of ${limit ?? 'fifty where nothing is said'}: next is null exactly at the end`, async () => {
      const setting = rolloutSetting()
      await setting.leeway.rollout.assign(users(count).toReversed(), { period: { days: 3 } })
      const pages = await pagesOf(setting, limit)
      expect(pages.map(({ length }) => length)).toEqual(lengths)
      expect(pages.flat()).toEqual(users(count))
    })
  }

  it('is in the order of the ids’ bytes, and as each user’s status is', async () => {
    const setting = await everyPhase()
    const { leeway } = setting
    for (const id of ['é', '\uffff', '\u{1f600}', 'Z', 'a']) await leeway.suspend(id)
    const { users: all, next } = await leeway.rollout.list()
    expect(next).toBeNull()
    const ids = all.map(({ userId }) => userId)
    expect(ids).toEqual(ids.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))))
    for (const status of all) expect(status).toEqual(await leeway.status(status.userId))
  })

  it('goes on after an id that is not there any more', async () => {
    const setting = rolloutSetting()
    await setting.leeway.rollout.assign(users(4), { period: { days: 3 } })
    await setting.leeway.forget('user 000001')
    expect(await pagesOf(setting, 2)).toEqual([['user 000000', 'user 000002'], ['user 000003']])
    const { users: rest } = await setting.leeway.rollout.list(undefined, { after: 'user 000001' })
    expect(rest.map(({ userId }) => userId)).toEqual(['user 000002', 'user 000003'])
  })

  const filters: [string, RolloutFilter, string[]][] = [
    ['each phase: optional', { phase: 'optional' }, ['optional']],
    ['each phase: exempt', { phase: 'exempt' }, ['exempt']],
    ['each phase: scheduled', { phase: 'scheduled' }, ['scheduled']],
    ['each phase: enrollment-period', { phase: 'enrollment-period' }, ['period', 'period, waiting']],
    ['each phase: overdue', { phase: 'overdue' }, ['overdue']],
    ['each phase: enrolled', { phase: 'enrolled' }, ['enrolled']],
    ['each phase: suspended', { phase: 'suspended' }, ['suspended']],
    ['deadlines before an instant', { deadlineBefore: NOW + 1 }, ['overdue']],
    ['the instant itself left out', { deadlineBefore: NOW }, []],
    [
      'the exempt among those with a deadline before',
      { deadlineBefore: NOW + 2 * DAY + 2 * HOUR },
      ['exempt', 'overdue', 'period'],
    ],
    ['the locked', { locked: true }, ['enrolled']],
    ['the others', { locked: false, phase: 'enrolled' }, []],
    ['what an id begins with', { userIdPrefix: 'period' }, ['period', 'period, waiting']],
    ['nothing that it begins with', { userIdPrefix: '', phase: 'overdue' }, ['overdue']],
    ['all of it at once', { userIdPrefix: 'period,', phase: 'enrollment-period', locked: false }, ['period, waiting']],
    ['what is undefined, as if it were not there', { phase: undefined, userIdPrefix: 'over' }, ['overdue']],
  ]
  for (const [what, filter, expected] of filters) {
    it(`may be filtered by ${what}`, async () => {
      expect((await pagesOf(await everyPhase(), 1, filter)).flat()).toEqual(expected)
    })
  }
})

describe('the counts', () => {
  it('are how many are in each phase now, in all, and locked; as the list has them', async () => {
    const { leeway, clock } = await everyPhase()
    for (const at of [NOW, NOW + 1, NOW + DAY, NOW + 2 * DAY, NOW + 3 * DAY, NOW + 400 * DAY]) {
      clock.set(at)
      const counts = await leeway.rollout.counts()
      let total = 0
      for (const phase of PHASES) {
        const { users: all } = await leeway.rollout.list({ phase }, { limit: 1000 })
        expect([at - NOW, phase, counts[phase]]).toEqual([at - NOW, phase, all.length])
        total += all.length
      }
      const { users: locked } = await leeway.rollout.list({ locked: true })
      expect([counts.total, counts.locked]).toEqual([total, locked.length])
    }
  })

  it('of nobody are naught', async () => {
    const counts = await rolloutSetting().leeway.rollout.counts()
    expect(Object.values(counts).every((count) => count === 0)).toBe(true)
    expect(Object.keys(counts).toSorted()).toEqual([...PHASES, 'total', 'locked'].toSorted())
  })
})

const PLACES: [string, string][] = [
  ['UTC', '2026-01-05T09:00:00Z'],
  ['Europe/Berlin', '2026-03-27T21:30:00Z'],
  ['Europe/Berlin', '2026-10-23T09:00:00Z'],
  ['America/New_York', '2026-10-30T03:59:59.999Z'],
  ['America/Nuuk', '2026-03-27T09:00:00Z'],
  ['Pacific/Apia', '2011-12-28T09:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-03T12:00:00Z'],
  ['Asia/Kolkata', '2026-01-04T18:30:00Z'],
]

describe('a forecast', () => {
  for (const [timeZone, start] of PLACES) {
    it(`tells the deadlines of each local day, today first: ${timeZone}, from ${start}`, async () => {
      const now = Date.parse(start)
      const setting = rolloutSetting({ clock: fixedClock(now) })
      const { leeway } = setting
      const deadlines: number[] = []
      const today = dateAt(now, timeZone)
      for (let day = 0; day < 9; day++) {
        const midnight = startOf(today.add({ days: day }), timeZone)
        deadlines.push(midnight - 1, midnight, midnight + 1, midnight + 13 * HOUR, midnight + 23.5 * HOUR)
      }
      deadlines.push(now - 1, now, now + 1)
      await leeway.rollout.assign(
        deadlines.map((_, at) => `user ${at}`),
        (id) => ({ period: { deadline: deadlines[Number(id.slice(5))] as number } }),
      )
      const expected = new Map<string, number>()
      // A day that was skipped is none: eight days come to seven dates more on the calendar.
      for (let day = today; expected.size < 8; day = day.add({ days: 1 })) {
        const exists = startOf(day.add({ days: 1 }), timeZone) > startOf(day, timeZone)
        if (exists) expected.set(`${day}`, 0)
      }
      for (const deadline of deadlines) {
        // At midnight it belongs to the day that ends there.
        const date = `${dateAt(deadline - 1, timeZone)}`
        const count = expected.get(date)
        if (deadline > now && count !== undefined) expected.set(date, count + 1)
      }
      const forecast = await leeway.rollout.forecast({ days: 8, timeZone })
      expect(forecast).toEqual([...expected].map(([date, count]) => ({ date, deadlines: count })))
      expect(forecast.reduce((sum, day) => sum + day.deadlines, 0)).toBeGreaterThan(30)
    })
  }

  it('counts deadlines that will stop somebody: of the exempt too, not of the enrolled, suspended and optional', async () => {
    const { leeway } = await everyPhase()
    const forecast = await leeway.rollout.forecast({ days: 100, timeZone: 'UTC' })
    const told = forecast.filter(({ deadlines }) => deadlines > 0)
    expect(told).toEqual([
      // Who is exempt, and who has a period that runs.
      { date: '2026-01-07', deadlines: 2 },
      { date: '2026-01-09', deadlines: 1 },
      // Whose period waits for a first sign-in: at its cap.
      { date: '2026-04-04', deadlines: 1 },
    ])
  })

  it('has 1 to 366 days, and none is left out where there is nothing', async () => {
    const { leeway } = rolloutSetting()
    const year = await leeway.rollout.forecast({ days: 366, timeZone: 'Europe/Berlin' })
    expect(year).toHaveLength(366)
    expect([year[0], year[365]]).toEqual([
      { date: '2026-01-05', deadlines: 0 },
      { date: '2027-01-05', deadlines: 0 },
    ])
    expect(await leeway.rollout.forecast({ days: 1, timeZone: 'UTC' })).toEqual([{ date: '2026-01-05', deadlines: 0 }])
  })
})

describe('progress', () => {
  type Acts = (leeway: LeewayWithRollout, id: string) => Promise<unknown>
  const ACTS: Record<string, Acts> = {
    require: (leeway, id) => leeway.requireEnrollment(id, { period: { days: 3 } }),
    'require otherwise': (leeway, id) => leeway.requireEnrollment(id, { period: { days: 4 } }),
    drop: (leeway, id) => leeway.makeOptional(id),
    'sign in': (leeway, id) => leeway.signIn(id),
    import: (leeway, id) => leeway.importAuthenticator(id, { secret: masterKey(7) }),
    'import another': (leeway, id) => leeway.importAuthenticator(id, { secret: masterKey(8) }),
    async revoke(leeway, id) {
      const [first] = (await leeway.status(id)).authenticators
      return leeway.revokeAuthenticator(id, first?.id ?? 'none')
    },
    reset: (leeway, id) => leeway.resetMfa(id, { grace: 'remaining' }),
    'reset and require': (leeway, id) => leeway.resetMfa(id, { grace: { days: 3 } }),
    exempt: (leeway, id) => leeway.exempt(id, { until: 8.64e15, reason: 'at sea' }),
    suspend: (leeway, id) => leeway.suspend(id),
    resume: (leeway, id) => leeway.resume(id),
    forget: (leeway, id) => leeway.forget(id),
  }
  const history = fc.record({
    place: fc.constantFrom(...PLACES),
    newUsers: fc.constantFrom('optional' as const, { period: { days: 3 } }),
    steps: fc.array(
      fc.record({
        user: fc.nat(4),
        act: fc.constantFrom(...Object.keys(ACTS)),
        /** to a time later, or to the next midnight, to the millisecond */
        later: fc.oneof(fc.integer({ min: 0, max: 20 * 60 }), fc.constantFrom('midnight', 'before midnight')),
      }),
      { maxLength: 30 },
    ),
    days: fc.integer({ min: 1, max: 25 }),
    /** how long ago history was pruned to, in hours; null: never */
    pruned: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 20 * 24 })),
  })

  it('is what there was at the end of each day, whatever happened, in every time zone; what was pruned is left out', async () => {
    let told = 0
    await fc.assert(
      fc.asyncProperty(history, async ({ place: [timeZone, start], newUsers, steps, days, pruned }) => {
        const clock = fixedClock(Date.parse(start))
        const { leeway, repository } = rolloutSetting({ clock, policy: { newUsers } })
        /** Who was what at the end of each day; of who was forgotten nothing is known any more. */
        const daily: { date: string; end: number; who: Map<string, { enrolled: boolean; required: boolean }> }[] = []
        const standing = async () => {
          const who = new Map<string, { enrolled: boolean; required: boolean }>()
          for (const id of users(5)) {
            if ((await repository.find(id)) === null) continue
            const { authenticators, requirement } = await leeway.status(id)
            who.set(id, { enrolled: authenticators.length > 0, required: requirement !== null })
          }
          return who
        }
        let today = dateAt(clock(), timeZone)
        const goTo = async (instant: number) => {
          for (let end = startOf(today.add({ days: 1 }), timeZone); end <= instant; ) {
            // A day that was skipped ends when the one before it did.
            if (end > startOf(today, timeZone)) daily.push({ date: `${today}`, end, who: await standing() })
            today = today.add({ days: 1 })
            end = startOf(today.add({ days: 1 }), timeZone)
          }
          clock.set(instant)
        }
        for (const { user, act, later } of steps) {
          const midnight = startOf(dateAt(clock(), timeZone).add({ days: 1 }), timeZone)
          if (typeof later === 'number') await goTo(clock() + later * MINUTE)
          else await goTo(later === 'midnight' ? midnight : midnight - 1)
          const id = users(5)[user] as string
          await ACTS[act]?.(leeway, id)
          if (act === 'forget') for (const { who } of daily) who.delete(id)
        }
        const before = pruned === null ? 0 : clock() - pruned * HOUR
        if (pruned !== null) await leeway.rollout.pruneHistory({ before })

        // Before all of that there was nobody.
        const all = [...daily]
        for (let day = dateAt(Date.parse(start), timeZone).subtract({ days: 1 }); all.length < 60; ) {
          const end = startOf(day.add({ days: 1 }), timeZone)
          if (end > startOf(day, timeZone)) all.unshift({ date: `${day}`, end, who: new Map() })
          day = day.subtract({ days: 1 })
        }
        const totals = (who: Map<string, { enrolled: boolean; required: boolean }>) => ({
          enrolled: [...who.values()].filter(({ enrolled }) => enrolled).length,
          required: [...who.values()].filter(({ required }) => required).length,
        })
        const expected = [
          ...all
            .slice(all.length - (days - 1))
            .filter(({ end }) => end >= before)
            .map(({ date, who }) => ({ date, ...totals(who) })),
          { date: `${dateAt(clock(), timeZone)}`, ...totals(await standing()) },
        ]
        expect(await leeway.rollout.progress({ days, timeZone })).toEqual(expected)
        told += expected.filter(({ enrolled, required }) => enrolled > 0 && required > 0).length
      }),
      { numRuns: 200 },
    )
    expect(told).toBeGreaterThan(100)
  })

  /** Ada is enrolled and required, then Ben required and enrolled, then he is dropped: a midnight between each two. */
  async function threeDays(): Promise<RolloutSetting> {
    const midnight = Date.UTC(2026, 0, 6)
    const setting = rolloutSetting({ clock: fixedClock(midnight - HOUR) })
    const { leeway, clock } = setting
    await leeway.requireEnrollment('ada', { period: { days: 30 } })
    await enroll(setting, 'ada')
    clock.set(midnight + HOUR)
    await leeway.requireEnrollment('ben', { period: { days: 30 } })
    await enroll(setting, 'ben')
    clock.set(midnight + DAY + HOUR)
    await leeway.makeOptional('ben')
    return setting
  }

  it('goes from day to day, today last', async () => {
    const { leeway, clock } = await threeDays()
    const told = [
      { date: '2026-01-04', enrolled: 0, required: 0 },
      { date: '2026-01-05', enrolled: 1, required: 1 },
      { date: '2026-01-06', enrolled: 2, required: 2 },
      { date: '2026-01-07', enrolled: 2, required: 1 },
    ]
    for (const days of [4, 3, 2, 1]) {
      expect(await leeway.rollout.progress({ days, timeZone: 'UTC' })).toEqual(told.slice(-days))
    }
    // At midnight it is the new day's, of which nothing has gone by.
    clock.set(Date.UTC(2026, 0, 8))
    expect(await leeway.rollout.progress({ days: 2, timeZone: 'UTC' })).toEqual([
      { date: '2026-01-07', enrolled: 2, required: 1 },
      { date: '2026-01-08', enrolled: 2, required: 1 },
    ])
  })

  it('has the days whose end is not before what was pruned, and today whatever the clock does', async () => {
    const { leeway, clock } = await threeDays()
    const dates = async () => (await leeway.rollout.progress({ days: 9, timeZone: 'UTC' })).map(({ date }) => date)
    await leeway.rollout.pruneHistory({ before: Date.UTC(2026, 0, 6) })
    expect(await dates()).toEqual(['2026-01-05', '2026-01-06', '2026-01-07'])
    await leeway.rollout.pruneHistory({ before: Date.UTC(2026, 0, 6) + 1 })
    expect(await dates()).toEqual(['2026-01-06', '2026-01-07'])
    await leeway.rollout.pruneHistory({ before: clock() })
    clock.advance(-DAY)
    expect(await dates()).toEqual(['2026-01-06'])
  })

  it('knows nothing of before 1970', async () => {
    const { leeway } = rolloutSetting({ clock: fixedClock(DAY + HOUR) })
    await leeway.requireEnrollment('ada', { period: { days: 3 } })
    expect(await leeway.rollout.progress({ days: 9, timeZone: 'UTC' })).toEqual([
      { date: '1970-01-01', enrolled: 0, required: 0 },
      { date: '1970-01-02', enrolled: 0, required: 1 },
    ])
  })

  it('leaves out what is pruned while it is read', async () => {
    const store = memoryRepository()
    const honest = rolloutSetting({ repository: store })
    await honest.leeway.requireEnrollment('ada', { period: { days: 30 } })
    honest.clock.advance(3 * DAY)
    const repository: Store = {
      ...store,
      async *movements(from) {
        await honest.leeway.rollout.pruneHistory({ before: NOW + DAY })
        yield* store.movements(from)
      },
    }
    const { leeway } = rolloutSetting({ repository, clock: honest.clock })
    const dates = (await leeway.rollout.progress({ days: 9, timeZone: 'UTC' })).map(({ date }) => date)
    expect(dates).toEqual(['2026-01-06', '2026-01-07', '2026-01-08'])
  })
})

describe('history', () => {
  it('has a user’s events in their order, page by page: next is null exactly at the end', async () => {
    for (const [count, limit, lengths] of [
      [0, undefined, [0]],
      [50, undefined, [50]],
      [51, undefined, [50, 1]],
      [6, 3, [3, 3]],
      [7, 3, [3, 3, 1]],
    ] as const) {
      const { leeway, told, clock } = rolloutSetting()
      for (let time = 0; time < count; time++) {
        await (time % 2 ? leeway.resume('ada') : leeway.suspend('ada'))
        // Backwards: the order is that of the record, not the clock's.
        clock.advance(-1)
      }
      await leeway.suspend('ben')
      const pages = await everyPage(async (after) => {
        const { events: items, next } = await leeway.rollout.history('ada', { after, limit })
        return { items, next }
      })
      expect(pages.map(({ length }) => length)).toEqual(lengths)
      expect(pages.flat()).toEqual(told.filter(({ userId }) => userId === 'ada'))
    }
  })

  it('of somebody unknown, or forgotten, is empty', async () => {
    const { leeway } = rolloutSetting()
    await leeway.suspend('ada')
    await leeway.forget('ada')
    expect(await leeway.rollout.history('ada')).toEqual({ events: [], next: null })
    expect(await leeway.rollout.history('nobody', {})).toEqual({ events: [], next: null })
  })
})

describe('pruning', () => {
  it('forgets the events of before an instant, that of the instant kept, and tells how many; records stay', async () => {
    const { leeway, clock, repository } = rolloutSetting()
    for (const id of ['ada', 'ben']) {
      clock.set(NOW)
      await leeway.suspend(id)
      clock.advance(DAY)
      await leeway.resume(id)
    }
    const records = await repository.findMany(['ada', 'ben'])
    expect(await leeway.rollout.pruneHistory({ before: NOW })).toEqual({ removed: 0 })
    expect(await leeway.rollout.pruneHistory({ before: NOW + DAY })).toEqual({ removed: 2 })
    expect(await leeway.rollout.pruneHistory({ before: NOW + DAY })).toEqual({ removed: 0 })
    expect((await leeway.rollout.history('ada')).events.map(({ type }) => type)).toEqual(['resumed'])
    expect(await repository.findMany(['ada', 'ben'])).toEqual(records)
  })

  it('refuses the future, by which all would be gone', async () => {
    const { leeway, repository } = rolloutSetting()
    await leeway.suspend('ada')
    await expect(leeway.rollout.pruneHistory({ before: NOW + 1 })).rejects.toThrow(
      new RangeError('options.before must not be ahead of now'),
    )
    expect(await repository.prunedBefore()).toBeNull()
    expect((await leeway.rollout.history('ada')).events).toHaveLength(1)
  })
})

describe('a store that fails', () => {
  const broken = new Error('gone')
  const calls: [keyof EnrollmentDirectory, (leeway: LeewayWithRollout) => Promise<unknown>][] = [
    ['list', (leeway) => leeway.rollout.list()],
    ['counts', (leeway) => leeway.rollout.counts()],
    ['deadlines', (leeway) => leeway.rollout.forecast({ days: 3, timeZone: 'UTC' })],
    ['totals', (leeway) => leeway.rollout.progress({ days: 3, timeZone: 'UTC' })],
    ['prunedBefore', (leeway) => leeway.rollout.progress({ days: 3, timeZone: 'UTC' })],
    ['movements', (leeway) => leeway.rollout.progress({ days: 3, timeZone: 'UTC' })],
    ['history', (leeway) => leeway.rollout.history('ada')],
    ['pruneHistory', (leeway) => leeway.rollout.pruneHistory({ before: NOW })],
  ]
  const rejects = (): Promise<never> => Promise.reject(broken)
  const throws = (): never => {
    throw broken
  }
  const stream = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: rejects }) })
  for (const [method, call] of calls) {
    it(`in ${method} is ERR_STORE, with its error as the cause`, async () => {
      for (const failing of [method === 'movements' ? stream : rejects, throws]) {
        const repository = { ...memoryRepository(), [method]: failing } as Store
        const error = await rejection(() => call(rolloutSetting({ repository }).leeway))
        expect(error).toMatchObject({ name: 'LeewayError', code: 'ERR_STORE', cause: broken })
        expect(error.message).toMatch(/^the repository could not .+; see the cause$/)
      }
    })
  }

  it('or that holds a record nobody can read fails the list with ERR_RECORD, not with less', async () => {
    const store = memoryRepository()
    await rolloutSetting({ repository: store }).leeway.suspend('ada')
    const repository: Store = {
      ...store,
      list: async () => [{ enrollment: { schemaVersion: 9, userId: 'ada' }, version: 'v' }],
    }
    const error = await rejection(() => rolloutSetting({ repository }).leeway.rollout.list())
    expect(error).toMatchObject({ name: 'LeewayError', code: 'ERR_RECORD' })
  })
})
