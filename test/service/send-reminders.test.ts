import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import { LeewayError } from '../../src/errors.js'
import type { LeewayWithRollout } from '../../src/service/leeway.js'
import type { Reminder, SendReminder } from '../../src/service/send-reminders.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { faultyRepository, fixedClock } from '../../src/testing/index.js'
import {
  DAY,
  enroll,
  HOUR,
  MINUTE,
  masterKey,
  NOW,
  type Options,
  type RolloutSetting,
  rejection,
  rolloutSetting,
  type Store,
  turn,
  users,
} from './setting.js'

type SendOptions = Parameters<LeewayWithRollout['rollout']['sendReminders']>[1]

/** A run of the job that sends all that is due. */
async function run(
  { leeway }: Pick<RolloutSetting, 'leeway'>,
  options?: SendOptions,
): Promise<{ sent: number; failed: number; reminders: Reminder[] }> {
  const reminders: Reminder[] = []
  const done = await leeway.rollout.sendReminders(async (reminder) => {
    reminders.push(reminder)
  }, options)
  return { ...done, reminders }
}

/** A setting in which Ada, or whoever it is to be, has a reminder due: a day is left. */
async function dueSetting(
  options: Options & { repository?: Store } = {},
  ids: readonly string[] = ['ada'],
): Promise<RolloutSetting & { store: Store }> {
  const store = memoryRepository()
  const honest = rolloutSetting({ repository: store, policy: options.policy })
  await honest.leeway.rollout.assign(ids, { period: { days: 1 } })
  return { ...rolloutSetting({ repository: store, ...options }), store }
}

/** The job with claims of a minute, on a store whose first save, that of the claim, takes so long by the clock. */
function slowlySaved(store: Store, byMs: number): RolloutSetting {
  let saves = 0
  const setting: RolloutSetting = rolloutSetting({
    policy: { reminders: { leaseMs: MINUTE } },
    repository: {
      ...store,
      async save(change) {
        const answer = await store.save(change)
        if (saves++ === 0) setting.clock.advance(byMs)
        return answer
      },
    },
  })
  return setting
}

/** A store before whose list of who is due is answered something else happens. */
function beforeClaims(store: Store, happens: (setting: RolloutSetting) => Promise<unknown>): Store {
  return {
    ...store,
    async due(query) {
      const due = await store.due(query)
      if (due.length > 0) await happens(rolloutSetting({ repository: store }))
      return due
    },
  }
}

/** A gate that whoever sends waits at. */
function gate(): { open(): void; passed: Promise<void> } {
  let open: () => void = () => undefined
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, passed }
}

const recordOf = async (store: Store, id = 'ada'): Promise<EnrollmentRecord | undefined> =>
  (await store.find(id))?.enrollment as EnrollmentRecord | undefined

async function sentEvents(store: Store, id = 'ada'): Promise<unknown[]> {
  const events = await store.history(id, { after: null, limit: 1000 })
  return events.filter(({ type }) => type === 'reminder-sent').map(({ details }) => details)
}

describe('a reminder', () => {
  it('tells whom it is for, of which deadline, how many days before, and how many are left', async () => {
    const setting = rolloutSetting()
    await setting.leeway.requireEnrollment('ada', { period: { days: 8 } })
    setting.clock.advance(DAY + HOUR)
    const { reminders, ...done } = await run(setting)
    const key = expect.stringMatching(/^[0-9a-f]{64}$/)
    expect(reminders).toEqual([{ key, userId: 'ada', deadline: NOW + 8 * DAY, daysBefore: 7, daysLeft: 7 }])
    expect(done).toEqual({ sent: 1, failed: 0 })
    expect(await sentEvents(setting.repository)).toEqual([{ deadline: NOW + 8 * DAY, daysBefore: 7 }])
  })

  it('is due for the 24 hours from so many days before the deadline, and sent once', async () => {
    const setting = rolloutSetting()
    const deadline = NOW + 16 * DAY
    await setting.leeway.requireEnrollment('ada', { period: { deadline } })
    const sent: [number, number][] = []
    for (; setting.clock() < deadline + 3 * DAY; setting.clock.advance(HOUR)) {
      for (const { daysBefore } of (await run(setting)).reminders) sent.push([daysBefore, setting.clock()])
    }
    expect(sent).toEqual([14, 7, 3, 1, 0].map((days) => [days, deadline - days * DAY]))
  })

  it('is not due a millisecond before, nor once its day is over: none is for days gone by', async () => {
    const deadline = NOW + 30 * DAY
    for (const days of [14, 7, 3, 1, 0]) {
      const from = deadline - days * DAY
      for (const [at, isDue] of [
        [from - 1, false],
        [from, true],
        [from + DAY - 1, true],
        [from + DAY, false],
      ] as const) {
        const policy = { reminders: { daysBefore: [days] } }
        const setting = rolloutSetting({ policy })
        await setting.leeway.requireEnrollment('ada', { period: { deadline } })
        setting.clock.set(at)
        expect([days, at - from, (await run(setting)).sent]).toEqual([days, at - from, isDue ? 1 : 0])
      }
    }
  })

  it('is due on a local day where the terms have a calendar, be it of 23 or 25 hours', async () => {
    const calendar = { timeZone: 'Europe/Berlin' }
    const deadlines: [string, number, number, number][] = [
      // Clocks go forward on 29 March 2026: of the two days before the deadline's day one has 23 hours.
      ['2026-03-29T22:00:00Z', 0, Date.parse('2026-03-28T23:00:00Z'), 23 * HOUR],
      ['2026-03-29T22:00:00Z', 1, Date.parse('2026-03-27T23:00:00Z'), 24 * HOUR],
      // And back on 25 October.
      ['2026-10-26T23:00:00Z', 1, Date.parse('2026-10-24T22:00:00Z'), 25 * HOUR],
      ['2026-10-26T23:00:00Z', 2, Date.parse('2026-10-23T22:00:00Z'), 24 * HOUR],
    ]
    for (const [end, days, from, length] of deadlines) {
      const deadline = Date.parse(end)
      for (const [at, sent] of [
        [from - 1, 0],
        [from, 1],
        [from + length - 1, 1],
        [from + length, 0],
      ] as const) {
        const setting = rolloutSetting({
          policy: { reminders: { daysBefore: [days] } },
          clock: fixedClock(deadline - 10 * DAY),
        })
        await setting.leeway.requireEnrollment('ada', { period: { days: 9, calendar } })
        const { requirement } = await setting.leeway.status('ada')
        const moved = await setting.leeway.changeDeadline('ada', { deadline })
        expect(moved.requirement?.deadline ?? requirement?.deadline).toBe(deadline)
        setting.clock.set(at)
        expect([end, days, at - from, (await run(setting)).sent]).toEqual([end, days, at - from, sent])
      }
    }
  })

  it('is for nobody whom no deadline threatens', async () => {
    const setting = rolloutSetting()
    const { leeway } = setting
    await leeway.rollout.assign(users(6), { period: { days: 1 } })
    await enroll(setting, 'user 000001')
    await leeway.suspend('user 000002')
    await leeway.exempt('user 000003', { until: NOW + 3 * DAY, reason: 'at sea' })
    await leeway.makeOptional('user 000004')
    await leeway.requireEnrollment('user 000005', { period: { deadline: NOW + DAY, start: NOW + HOUR } })
    const { reminders } = await run(setting)
    expect(reminders.map(({ userId }) => userId)).toEqual(['user 000000'])
  })

  it('waits for the end of an exemption, and for the start of a period, within its day', async () => {
    const setting = rolloutSetting()
    const { leeway, clock } = setting
    await leeway.requireEnrollment('ada', { period: { deadline: NOW + DAY } })
    await leeway.exempt('ada', { until: NOW + 2 * HOUR, reason: 'at sea' })
    await leeway.requireEnrollment('ben', { period: { deadline: NOW + DAY, start: NOW + 3 * HOUR } })
    const sent: [string, number][] = []
    for (; clock() < NOW + DAY; clock.advance(HOUR)) {
      for (const { userId } of (await run(setting)).reminders) sent.push([userId, (clock() - NOW) / HOUR])
    }
    expect(sent).toEqual([
      ['ada', 2],
      ['ben', 3],
    ])
  })

  it('comes in pages, the earliest first, each user once', async () => {
    const setting = rolloutSetting()
    const ids = users(1100)
    await setting.leeway.rollout.assign(ids, (id) => ({ period: { deadline: NOW + DAY + Number(id.slice(5)) * 1000 } }))
    setting.clock.advance(HOUR)
    const { reminders, sent } = await run(setting, { concurrency: 1 })
    expect(reminders.map(({ userId }) => userId)).toEqual(ids)
    expect(sent).toBe(1100)
    expect(await run(setting)).toMatchObject({ sent: 0 })
  })
})

it('those who are due are asked for until there is nobody more, however few the store tells at a time', async () => {
  const { store } = await dueSetting({}, users(5))
  for (const [limit, ids] of [
    [1, users(2)],
    [2, users(3, 2)],
  ] as const) {
    const due: Store['due'] = async (query) =>
      (await store.due(query)).filter(({ userId }) => ids.includes(userId)).slice(0, limit)
    const { reminders } = await run(rolloutSetting({ repository: { ...store, due } }))
    expect(reminders.map(({ userId }) => userId)).toEqual(ids)
  }
  const failing = rolloutSetting({ repository: { ...store, due: () => Promise.reject(new Error('gone')) } })
  expect(await rejection(() => run(failing))).toMatchObject({
    code: 'ERR_STORE',
    message: 'the repository could not tell which reminders are due; see the cause',
  })
})

describe('its key', () => {
  const keys = async (deadline: number, ids: readonly string[], daysBefore: readonly number[]): Promise<string[]> => {
    const setting = rolloutSetting({ policy: { reminders: { daysBefore } } })
    await setting.leeway.rollout.assign(ids, { period: { deadline } })
    const all: string[] = []
    for (const days of daysBefore.toSorted((one, other) => other - one)) {
      setting.clock.set(deadline - days * DAY)
      all.push(...(await run(setting, { concurrency: 1 })).reminders.map(({ key }) => key))
    }
    return all
  }

  it('is the same whoever sends it, and another for another user, deadline or day', async () => {
    const deadline = NOW + 9 * DAY
    const one = await keys(deadline, ['ada', 'ben', '1\nada'], [7, 1, 0])
    expect(await keys(deadline, ['ada', 'ben', '1\nada'], [0, 1, 7])).toEqual(one)
    const other = await keys(deadline + 1, ['ada', 'ben', '1\nada'], [7, 1, 0])
    expect(new Set([...one, ...other]).size).toBe(18)
    for (const key of one) expect(key).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('a reminder is sent at most once', () => {
  it('by several processes at once, whose calls and sends take turns in any way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const ids = ['ada', 'ben', 'carol']
        const { store } = await dueSetting({}, ids)
        const sent: Reminder[] = []
        const send = scheduler.scheduleFunction(async (reminder: Reminder) => void sent.push(reminder))
        const processes = Array.from({ length: 3 }, () => {
          const repository: Store = {
            ...store,
            due: scheduler.scheduleFunction(store.due),
            find: scheduler.scheduleFunction(store.find),
            save: scheduler.scheduleFunction(store.save),
          }
          return rolloutSetting({ repository }).leeway.rollout.sendReminders(send, { concurrency: 2 })
        })
        const results = await scheduler.waitFor(Promise.all(processes))
        expect(sent.map(({ userId }) => userId).toSorted()).toEqual(ids)
        expect(results.reduce((sum, one) => sum + one.sent, 0)).toBe(3)
        expect(results.every(({ failed }) => failed === 0)).toBe(true)
        for (const id of ids) expect(await sentEvents(store, id)).toHaveLength(1)
      }),
      { numRuns: 60 },
    )
  })

  it('by eight processes for a hundred users', async () => {
    const { store } = await dueSetting({}, users(100))
    const sent: string[] = []
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        rolloutSetting({ repository: store }).leeway.rollout.sendReminders(
          async ({ userId }) => {
            for (let turns = 0; turns < at % 3; turns++) await turn()
            sent.push(userId)
          },
          { concurrency: 1 + at },
        ),
      ),
    )
    expect(sent.toSorted()).toEqual(users(100))
    expect(results.reduce((sum, one) => sum + one.sent, 0)).toBe(100)
  })

  it('though its deadline moves away and back', async () => {
    const setting = await dueSetting()
    expect(await run(setting)).toMatchObject({ sent: 1 })
    await setting.leeway.changeDeadline('ada', { deadline: NOW + 30 * DAY })
    await setting.leeway.changeDeadline('ada', { deadline: NOW + DAY })
    expect(await run(setting)).toMatchObject({ sent: 0 })
    await setting.leeway.changeDeadline('ada', { deadline: NOW + DAY + 1 })
    setting.clock.advance(1)
    expect(await run(setting)).toMatchObject({ sent: 1 })
  })
})

describe('a reminder is sent again, under the same key', () => {
  const failures: Record<string, SendReminder> = {
    throws() {
      throw new Error('no route')
    },
    rejects: () => Promise.reject(new Error('no route')),
    'rejects with what a store would': () => Promise.reject(new LeewayError('ERR_STORE', 'of another library')),
    'rejects with nothing': () => Promise.reject(),
  }
  for (const [what, send] of Object.entries(failures)) {
    it(`by the next run, if send ${what}`, async () => {
      const setting = await dueSetting()
      const tried: Reminder[] = []
      const failing: SendReminder = (reminder, context) => {
        tried.push(reminder)
        return send(reminder, context)
      }
      expect(await setting.leeway.rollout.sendReminders(failing)).toEqual({ sent: 0, failed: 1 })
      expect(tried).toHaveLength(1)
      expect(await sentEvents(setting.store)).toEqual([])
      expect((await run(setting)).reminders).toEqual(tried)
      expect(await run(setting)).toMatchObject({ sent: 0 })
    })
  }

  it('if send does not end before the claim does: its signal is aborted then, and not before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const setting = await dueSetting({ policy: { reminders: { leaseMs: 60_000 } } })
      let context: Parameters<SendReminder>[1] | undefined
      const begun = gate()
      const running = setting.leeway.rollout.sendReminders((_reminder, given) => {
        context = given
        begun.open()
        return new Promise(() => undefined)
      })
      await begun.passed
      await vi.advanceTimersByTimeAsync(59_999)
      expect(context?.signal.aborted).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      const reason = { name: 'LeewayError', code: 'ERR_CONTENDED', message: 'the claim on this reminder has ended' }
      expect(context?.signal).toMatchObject({ aborted: true, reason })
      expect(await running).toEqual({ sent: 0, failed: 1 })
      expect(await run(setting)).toMatchObject({ sent: 1 })
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it.each([
    ['as the claim took a while to be stored: the rest of it is what sending has', 59_000, 1000],
    ['and a clock that goes back meanwhile makes it no longer', -MINUTE, MINUTE],
  ])('%s', async (_, passed, left) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { store } = await dueSetting()
      const setting = slowlySaved(store, passed)
      const begun = gate()
      let signal: Parameters<SendReminder>[1]['signal'] | undefined
      const running = setting.leeway.rollout.sendReminders((_reminder, context) => {
        signal = context.signal
        begun.open()
        return new Promise(() => undefined)
      })
      await begun.passed
      await vi.advanceTimersByTimeAsync(left - 1)
      expect(signal?.aborted).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      expect(signal?.aborted).toBe(true)
      expect(await running).toEqual({ sent: 0, failed: 1 })
    } finally {
      vi.useRealTimers()
    }
  })

  it('and it is not begun once the claim is over', async () => {
    const { store } = await dueSetting()
    expect(await run(slowlySaved(store, MINUTE))).toEqual({ sent: 0, failed: 1, reminders: [] })
    expect(await run(rolloutSetting({ repository: store }))).toMatchObject({ sent: 1 })
  })

  it('by another process, if the claim ends by the clock while it is being sent; then it is recorded once', async () => {
    for (const isFirstFaster of [true, false]) {
      const setting = await dueSetting({ policy: { reminders: { leaseMs: MINUTE } } })
      const [first, second] = [gate(), gate()]
      const [began, beganAgain] = [gate(), gate()]
      const keys: string[] = []
      const start = (begun: { open(): void }, wait: { passed: Promise<void> }) =>
        setting.leeway.rollout.sendReminders(async ({ key }) => {
          keys.push(key)
          begun.open()
          await wait.passed
        })
      const running = start(began, first)
      await began.passed
      setting.clock.advance(MINUTE - 1)
      expect(await run(setting)).toMatchObject({ sent: 0, failed: 0 })
      setting.clock.advance(1)
      const runningAgain = start(beganAgain, second)
      await beganAgain.passed
      const [faster, slower] = isFirstFaster ? [first, second] : [second, first]
      faster.open()
      await (isFirstFaster ? running : runningAgain)
      // While the other still sends nobody else does, and it is recorded already.
      expect(await run(setting)).toMatchObject({ sent: 0 })
      expect(await sentEvents(setting.store)).toHaveLength(1)
      slower.open()
      expect(await Promise.all([running, runningAgain])).toEqual([
        { sent: 1, failed: 0 },
        { sent: 1, failed: 0 },
      ])
      expect(keys).toEqual([keys[0], keys[0]])
      expect(await sentEvents(setting.store)).toHaveLength(1)
      expect((await recordOf(setting.store))?.reminders.claim).toBeNull()
    }
  })

  it('once the claim has ended, if the process died after it sent and before it was recorded', async () => {
    const policy = { reminders: { leaseMs: MINUTE } }
    const { store } = await dueSetting({ policy })
    let saves = 0
    // The claim is the first write, the record of it the second.
    const dying = faultyRepository(store, ({ method }) => (method === 'save' && saves++ > 0 ? 'throws-before' : null))
    const crashed = rolloutSetting({ repository: { ...store, ...dying }, policy })
    const tried: Reminder[] = []
    const error = await rejection(() =>
      crashed.leeway.rollout.sendReminders(async (reminder) => void tried.push(reminder)),
    )
    expect(error).toMatchObject({ name: 'LeewayError', code: 'ERR_STORE' })
    expect(tried).toHaveLength(1)
    const next = rolloutSetting({ repository: store, policy })
    next.clock.advance(MINUTE - 1)
    expect(await run(next)).toMatchObject({ sent: 0 })
    next.clock.advance(1)
    expect((await run(next)).reminders).toEqual(tried)
    expect(await sentEvents(store)).toHaveLength(1)
  })

  it('and not, if the record of it landed and its answer was lost', async () => {
    const { store } = await dueSetting()
    let saves = 0
    const faulty = faultyRepository(store, ({ method }) => (method === 'save' && saves++ > 0 ? 'throws-after' : null))
    expect(await run(rolloutSetting({ repository: { ...store, ...faulty } }))).toMatchObject({ sent: 1, failed: 0 })
    expect(await run(rolloutSetting({ repository: store }))).toMatchObject({ sent: 0 })
  })
})

describe('what happened meanwhile', () => {
  const lifted: Record<string, (setting: RolloutSetting) => Promise<unknown>> = {
    suspended: ({ leeway }) => leeway.suspend('ada'),
    exempted: ({ leeway }) => leeway.exempt('ada', { until: NOW + 9 * DAY, reason: 'at sea' }),
    enrolled: (setting) => enroll(setting, 'ada'),
    optional: ({ leeway }) => leeway.makeOptional('ada'),
    'given more time': ({ leeway }) => leeway.changeDeadline('ada', { addDays: 30 }),
  }
  for (const [what, happens] of Object.entries(lifted)) {
    it(`before the claim counts: whoever is ${what} is not reminded`, async () => {
      const { store } = await dueSetting()
      const setting = rolloutSetting({ repository: beforeClaims(store, happens) })
      expect(await run(setting)).toEqual({ sent: 0, failed: 0, reminders: [] })
      expect((await recordOf(store))?.reminders.claim).toBeNull()
      // Nor is the store asked about her again until there is something.
      expect(await store.due({ now: NOW, after: null, limit: 9 })).toEqual([])
    })
  }

  it('before the claim, a suspension that ended on the same day: she is reminded after it', async () => {
    const { store, leeway } = await dueSetting()
    const suspending = rolloutSetting({ repository: beforeClaims(store, (one) => one.leeway.suspend('ada')) })
    expect(await run(suspending)).toMatchObject({ sent: 0 })
    await leeway.resume('ada')
    expect(await run(rolloutSetting({ repository: store }))).toMatchObject({ sent: 1 })
  })

  it('while it was sent, a deadline that moved: the old one is recorded, and the new one has reminders of its own', async () => {
    const setting = await dueSetting()
    const moved = NOW + DAY + HOUR
    const tried: string[] = []
    const done = await setting.leeway.rollout.sendReminders(async ({ key }) => {
      tried.push(key)
      await setting.leeway.changeDeadline('ada', { deadline: moved })
    })
    expect(done).toEqual({ sent: 1, failed: 0 })
    expect(await sentEvents(setting.store)).toEqual([{ deadline: NOW + DAY, daysBefore: 1 }])
    setting.clock.advance(HOUR)
    const { reminders } = await run(setting)
    expect(reminders).toMatchObject([{ deadline: moved, daysBefore: 1 }])
    expect(tried).not.toContain(reminders[0]?.key)
  })

  for (const newUsers of ['optional', { period: { days: 1 } }] as const) {
    const whom = newUsers === 'optional' ? 'whoever is new need nothing' : 'whoever is new have terms'
    it(`a user who was forgotten is not made again, by the claim or by the record, where ${whom}`, async () => {
      const policy = { newUsers }
      const { store } = await dueSetting({ policy })
      const forgotten = beforeClaims(store, ({ leeway }) => leeway.forget('ada'))
      expect(await run(rolloutSetting({ repository: forgotten, policy }))).toMatchObject({ sent: 0, failed: 0 })
      expect(await store.find('ada')).toBeNull()

      const setting = await dueSetting({ policy })
      const done = await setting.leeway.rollout.sendReminders(() => setting.leeway.forget('ada'))
      expect(done).toEqual({ sent: 1, failed: 0 })
      expect(await setting.store.find('ada')).toBeNull()
      expect(await setting.store.history('ada', { after: null, limit: 9 })).toEqual([])
    })
  }

  it('everything else she did is kept: claims and records are conditional writes', async () => {
    const setting = await dueSetting()
    await setting.leeway.rollout.sendReminders(async () => {
      await setting.leeway.signIn('ada')
      await setting.leeway.exempt('ada', { until: NOW + DAY, reason: 'at sea' })
    })
    expect(await recordOf(setting.store)).toMatchObject({
      signedInAt: NOW,
      exemption: { reason: 'at sea' },
      reminders: { sent: [{ daysBefore: 1 }], claim: null },
    })
  })
})

describe('once the signal is aborted', () => {
  it('before, nothing is sent', async () => {
    const setting = await dueSetting()
    const before = await setting.store.find('ada')
    expect(await run(setting, { signal: AbortSignal.abort() })).toEqual({ sent: 0, failed: 0, reminders: [] })
    expect(await setting.store.find('ada')).toEqual(before)
  })

  it('while some are sent, they are told with its reason and waited for, and no more are begun', async () => {
    const setting = await dueSetting({}, users(20))
    const controller = new AbortController()
    const reasons: unknown[] = []
    const { signal } = controller
    let begun = 0
    const done = await setting.leeway.rollout.sendReminders(
      async (_reminder, context) => {
        begun++
        if (begun === 3) setImmediate(() => controller.abort('the night is over'))
        await new Promise<void>((resolve) => context.signal.addEventListener('abort', resolve))
        reasons.push(context.signal.reason)
        if (begun === 2) throw new Error('stopped')
      },
      { signal, concurrency: 3 },
    )
    expect(begun).toBe(3)
    expect(reasons).toEqual(['the night is over', 'the night is over', 'the night is over'])
    expect(done).toEqual({ sent: 3, failed: 0 })
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(await run(setting)).toMatchObject({ sent: 17 })
  })

  it('between the claim and the sending, it is not begun, and the claim is given back', async () => {
    const { store } = await dueSetting()
    const controller = new AbortController()
    const repository: Store = {
      ...store,
      save(change) {
        controller.abort()
        return store.save(change)
      },
    }
    const setting = rolloutSetting({ repository })
    expect(await run(setting, { signal: controller.signal })).toEqual({ sent: 0, failed: 0, reminders: [] })
    expect(await run(setting)).toMatchObject({ sent: 1 })
  })
})

describe('how many are sent at once', () => {
  for (const [concurrency, most] of [
    [undefined, 8],
    [1, 1],
    [3, 3],
    [100, 30],
  ] as const) {
    it(`is ${concurrency ?? 'eight where nothing is said'}, or as many as there are, and never more`, async () => {
      const setting = await dueSetting({}, users(30))
      let [now, highest] = [0, 0]
      const full = gate()
      const done = await setting.leeway.rollout.sendReminders(
        async () => {
          highest = Math.max(highest, ++now)
          if (now === most) full.open()
          await full.passed
          await turn()
          now--
        },
        { concurrency },
      )
      expect(done).toEqual({ sent: 30, failed: 0 })
      expect(highest).toBe(most)
    })
  }
})

describe('what goes wrong', () => {
  it('with one record is his: it counts as failed, and the others are reminded', async () => {
    const { store } = await dueSetting({}, ['ada', 'ben', 'carol'])
    const repository: Store = {
      ...store,
      async find(id) {
        const found = await store.find(id)
        return id === 'ben' && found !== null ? { ...found, enrollment: { schemaVersion: 9, userId: id } } : found
      },
    }
    const { reminders, ...done } = await run(rolloutSetting({ repository }), { concurrency: 1 })
    expect(done).toEqual({ sent: 2, failed: 1 })
    expect(reminders.map(({ userId }) => userId)).toEqual(['ada', 'carol'])
  })

  it('with the store rejects, once those that are being sent have ended and are recorded', async () => {
    const { store } = await dueSetting({}, users(12))
    let finds = 0
    const faulty = faultyRepository(store, ({ method }) =>
      method === 'find' && finds++ === 3 ? 'throws-before' : null,
    )
    const { leeway } = rolloutSetting({ repository: { ...store, ...faulty } })
    const sending = gate()
    let begun = 0
    let isSettled = false
    const running = rejection(() =>
      leeway.rollout.sendReminders(
        () => {
          begun++
          return sending.passed
        },
        { concurrency: 4 },
      ),
    ).finally(() => {
      isSettled = true
    })
    while (begun < 3) await turn()
    for (let turns = 0; turns < 5; turns++) await turn()
    expect([begun, isSettled]).toEqual([3, false])
    sending.open()
    expect(await running).toMatchObject({ name: 'LeewayError', code: 'ERR_STORE' })
    const sent = await Promise.all(users(12).map(async (id) => (await sentEvents(store, id)).length))
    expect(sent.reduce((sum, one) => sum + one, 0)).toBe(3)
    expect(await run(rolloutSetting({ repository: store }))).toMatchObject({ sent: 9 })
  })

  it('with the list of who is due rejects too, and says so', async () => {
    const { store } = await dueSetting({}, users(501))
    let pages = 0
    const repository: Store = {
      ...store,
      due: (query) => (pages++ === 0 ? store.due(query) : Promise.reject(new Error('gone'))),
    }
    const error = await rejection(() => run(rolloutSetting({ repository })))
    expect(error).toMatchObject({
      code: 'ERR_STORE',
      message: 'the repository could not tell which reminders are due; see the cause',
      cause: new Error('gone'),
    })
    expect(await run(rolloutSetting({ repository: store }))).toMatchObject({ sent: 1 })
  })

  it('with the clock is the caller’s mistake', async () => {
    const { store } = await dueSetting()
    let reads = 0
    const clock = Object.assign(() => (reads++ === 0 ? NOW : Number.NaN), fixedClock(NOW))
    const error = await rejection(() => run(rolloutSetting({ repository: store, clock })))
    expect([error.name, error.message]).toEqual(['RangeError', expect.stringContaining('options.clock')])
  })
})

describe('other days before the deadline in the policy', () => {
  /** Ada was reminded 7 days before by a policy that knows no other day; it is five days before now. */
  async function remindedBefore(): Promise<{ store: Store; setting: RolloutSetting }> {
    const store = memoryRepository()
    const old = rolloutSetting({ repository: store, policy: { reminders: { daysBefore: [7] } } })
    await old.leeway.requireEnrollment('ada', { period: { days: 7 } })
    expect(await run(old)).toMatchObject({ sent: 1 })
    const policy = { reminders: { daysBefore: [7, 5] } }
    const setting = rolloutSetting({ repository: store, policy, clock: fixedClock(NOW + 2 * DAY) })
    // Nothing told the store that there is one more.
    expect(await run(setting)).toMatchObject({ sent: 0 })
    return { store, setting }
  }

  it('reach a record at its next write', async () => {
    const { setting } = await remindedBefore()
    await setting.leeway.signIn('ada')
    expect((await run(setting)).reminders).toMatchObject([{ daysBefore: 5 }])
  })

  it('or by rotateKeys, which writes where something is out of date and nowhere else', async () => {
    const { store, setting } = await remindedBefore()
    await setting.leeway.suspend('ben')
    const ben = await store.find('ben')
    expect(await setting.leeway.rollout.rotateKeys()).toMatchObject({ scanned: 2, resealed: 0 })
    expect((await run(setting)).reminders).toMatchObject([{ userId: 'ada', daysBefore: 5 }])
    expect(await store.find('ben')).toEqual(ben)
  })

  it('a day that is taken away is not sent, though the store still knows it', async () => {
    const store = memoryRepository()
    await rolloutSetting({ repository: store }).leeway.requireEnrollment('ada', { period: { days: 1 } })
    const setting = rolloutSetting({ repository: store, policy: { reminders: { daysBefore: [] } } })
    expect(await run(setting)).toEqual({ sent: 0, failed: 0, reminders: [] })
    expect(await store.due({ now: NOW, after: null, limit: 9 })).toEqual([])
  })
})

describe('over the lives of twenty users', () => {
  /** What may happen to one of them, the hours from now being of the date that it needs. */
  const HAPPENS: Record<string, (leeway: LeewayWithRollout, id: string, date: number) => Promise<unknown>> = {
    require: (leeway, id, deadline) => leeway.requireEnrollment(id, { period: { deadline } }),
    move: (leeway, id, deadline) => leeway.changeDeadline(id, { deadline }),
    exempt: (leeway, id, until) => leeway.exempt(id, { until, reason: 'at sea' }),
    suspend: (leeway, id) => leeway.suspend(id),
    resume: (leeway, id) => leeway.resume(id),
    drop: (leeway, id) => leeway.makeOptional(id),
    enroll: (leeway, id) => leeway.importAuthenticator(id, { secret: masterKey(1) }),
    reset: (leeway, id) => leeway.resetMfa(id, { grace: 'remaining' }),
    'sign in': (leeway, id) => leeway.signIn(id),
  }
  const often = ['require', 'move', 'move', 'exempt', 'resume']
  const step = fc.record({
    /** or the job runs, in so many processes at once */
    what: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }) },
      { weight: 7, arbitrary: fc.constantFrom(...Object.keys(HAPPENS), ...often) },
    ),
    user: fc.nat(19),
    hours: fc.integer({ min: -40, max: 20 * 24 }),
    minutesLater: fc.integer({ min: 0, max: 30 * 60 }),
  })
  const lives = fc.array(step, { minLength: 20, maxLength: 60 })

  it('each run of the job sends exactly what is due then and was not sent: at most once, and once where it ran on its day', async () => {
    let total = 0
    await fc.assert(
      fc.asyncProperty(lives, async (steps) => {
        const setting = rolloutSetting()
        const { leeway, clock, repository } = setting
        const ids = users(20)
        await leeway.rollout.assign(ids, (id) => ({ period: { deadline: NOW + Number(id.slice(5)) * 20 * HOUR } }))
        const known = new Set<string>()
        for (const { what, user, hours, minutesLater } of steps) {
          clock.advance(minutesLater * MINUTE)
          if (typeof what === 'string') {
            await HAPPENS[what]?.(leeway, ids[user] as string, clock() + hours * HOUR)
            continue
          }
          const expected: string[] = []
          for (const id of ids) {
            const { phase, requirement } = await leeway.status(id)
            if (requirement === null || !['enrollment-period', 'overdue'].includes(phase)) continue
            const { deadline } = requirement
            const days = [14, 7, 3, 1, 0].find(
              (day) => clock() >= deadline - day * DAY && clock() < deadline - day * DAY + DAY,
            )
            const reminder = `${id} ${deadline} ${days}`
            if (days !== undefined && !known.has(reminder)) expected.push(reminder)
          }
          const sent: string[] = []
          await Promise.all(
            Array.from({ length: what }, () =>
              rolloutSetting({ repository, clock }).leeway.rollout.sendReminders(
                async ({ userId, deadline, daysBefore }) => {
                  await turn()
                  sent.push(`${userId} ${deadline} ${daysBefore}`)
                },
              ),
            ),
          )
          expect(sent.toSorted()).toEqual(expected.toSorted())
          for (const reminder of sent) known.add(reminder)
          total += sent.length
        }
      }),
      { numRuns: 60 },
    )
    expect(total).toBeGreaterThan(200)
  })
})
