import { describe, expect, it, vi } from 'vitest'
import type { EnrollmentChange } from '../../src/ports/index.js'
import type { AssignedUser, AssignProgress } from '../../src/service/assign.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { faultyRepository, type RepositoryFault } from '../../src/testing/index.js'
import { assigned, assignmentsOf, expectDone, inShort, NOBODY, recordOf, TERMS } from './assignments.js'
import {
  contentsOf,
  DAY,
  NOW,
  type RolloutSetting,
  rejection,
  rolloutSetting,
  type Store,
  turn,
  users,
} from './setting.js'

/** A setting whose stream is aborted when so many ids were read, and what is left of the stream. */
function abortingStream(ids: readonly string[], at: number): { stream: () => Generator<string>; signal: AbortSignal } {
  const controller = new AbortController()
  function* stream(): Generator<string> {
    for (const [place, id] of ids.entries()) {
      if (place === at) controller.abort()
      yield id
    }
  }
  return { stream, signal: controller.signal }
}

describe('once the signal is aborted', () => {
  it('before, nothing is done, and nothing read', async () => {
    const setting = rolloutSetting()
    let read = 0
    function* ids(): Generator<string> {
      read++
      yield 'ada'
    }
    const { report, told } = await assigned(setting, ids(), TERMS, { signal: AbortSignal.abort() })
    expect(report).toEqual({ ...NOBODY, stoppedBy: 'signal' })
    expect([read, told]).toEqual([0, []])
    expect(await contentsOf(setting.repository)).toEqual([])
  })

  for (const at of [0, 1, 499, 500, 501, 1000, 1250, 1599]) {
    it(`at the ${at + 1}th id, it answers what was done, and the same call again goes on from there`, async () => {
      const setting = rolloutSetting()
      const ids = users(1600)
      const { stream, signal } = abortingStream(ids, at)
      const { report, told, progress } = await assigned(setting, stream(), TERMS, { signal })
      expect(report.stoppedBy).toBe('signal')
      expect(report.done).toBeLessThanOrEqual(at)
      expect(report).toMatchObject({ changed: report.done, unchanged: 0, failedCount: 0 })
      expect(told.map(({ userId }) => userId)).toEqual(ids.slice(0, report.done))
      expect(progress.at(-1)?.done ?? 0).toBe(report.done)
      await expectDone(setting.repository, ids, report.done)

      const again = await assigned(setting, ids)
      expect(again.report).toMatchObject({ unchanged: report.done, changed: 1600 - report.done, stoppedBy: null })
      await expectDone(setting.repository, ids, 1600)
    })
  }

  it('during a save, that save is waited for and told', async () => {
    const store = memoryRepository()
    const controller = new AbortController()
    const repository: Store = {
      ...store,
      async saveMany(changes) {
        controller.abort()
        await turn()
        return store.saveMany(changes)
      },
    }
    const setting = rolloutSetting({ repository })
    const ids = users(1600)
    const { report } = await assigned(setting, ids, TERMS, { signal: controller.signal })
    expect(report).toMatchObject({ done: 500, changed: 500, stoppedBy: 'signal' })
    await expectDone(store, ids, 500)
  })

  it('while terms are asked for, those are not given any more', async () => {
    const setting = rolloutSetting()
    const controller = new AbortController()
    const termsOf = async () => {
      controller.abort()
      await turn()
      return TERMS
    }
    const { report } = await assigned(setting, ['ada'], termsOf, { signal: controller.signal })
    expect(report).toEqual({ ...NOBODY, stoppedBy: 'signal' })
    expect(await setting.repository.find('ada')).toBeNull()
  })

  it('during a stream that does not answer, it resolves all the same, with the stream closed', async () => {
    const setting = rolloutSetting()
    const controller = new AbortController()
    let closed = 0
    let asked = 0
    const ids = users(700)
    const stream: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next() {
          const value = ids[asked++]
          if (value !== undefined) return Promise.resolve({ done: false, value })
          setImmediate(() => controller.abort())
          return new Promise(() => undefined)
        },
        async return() {
          closed++
          return { done: true, value: undefined }
        },
      }),
    }
    const { report } = await assigned(setting, stream, TERMS, { signal: controller.signal })
    expect(report).toEqual({ ...NOBODY, done: 500, changed: 500, stoppedBy: 'signal' })
    expect(closed).toBe(1)
    await expectDone(setting.repository, ids, 500)
  })

  it('at the end, what was saved last may be all there was', async () => {
    const setting = rolloutSetting()
    const controller = new AbortController()
    const { report } = await assigned(setting, ['ada'], TERMS, { signal: controller.signal })
    controller.abort()
    expect(report).toEqual({ ...NOBODY, done: 1, changed: 1 })
  })
})

describe('what throws ends the run, is thrown on, and what was done stays done', () => {
  const failure = new Error('the file is gone')

  it('a stream that throws: what was being saved is told first', async () => {
    for (const read of [1, 500, 600, 1100]) {
      const { leeway, repository } = rolloutSetting()
      const ids = users(1600)
      function* stream(): Generator<string> {
        yield* ids.slice(0, read)
        throw failure
      }
      const told: AssignedUser[] = []
      const progress: AssignProgress[] = []
      const running = leeway.rollout.assign(stream(), TERMS, {
        onUser: (user) => told.push(user),
        onProgress: (done) => progress.push(done),
      })
      await expect(running).rejects.toBe(failure)
      const done = Math.floor((read - 1) / 500) * 500
      expect(told.map(({ userId }) => userId)).toEqual(ids.slice(0, done))
      expect(progress.at(-1)?.done ?? 0).toBe(done)
      await expectDone(repository, ids, done)
    }
  })

  it('onUser and onProgress that throw: nobody is told after them, and the stream is closed', async () => {
    for (const listener of ['onUser', 'onProgress'] as const) {
      const { leeway, repository } = rolloutSetting()
      let closed = false
      let calls = 0
      function* stream(): Generator<string> {
        try {
          yield* users(5000)
        } finally {
          closed = true
        }
      }
      const tell = () => {
        calls++
        throw failure
      }
      await expect(leeway.rollout.assign(stream(), TERMS, { [listener]: tell })).rejects.toBe(failure)
      expect([listener, calls, closed]).toEqual([listener, 1, true])
      await expectDone(repository, users(1000), 500)
    }
  })

  it('a clock that does not tell the time is a mistake of the caller', async () => {
    const store = memoryRepository()
    let isBroken = false
    const repository: Store = {
      ...store,
      async saveMany(changes) {
        await rolloutSetting({ repository: store }).leeway.suspend('user 000000')
        isBroken = true
        return store.saveMany(changes)
      },
    }
    const honest = rolloutSetting().clock
    const clock = Object.assign(() => (isBroken ? Number.NaN : honest()), honest)
    const { leeway } = rolloutSetting({ repository, clock })
    // The stream does not go on until the failed save is long over: nobody may be missing it meanwhile.
    async function* stream(): AsyncGenerator<string> {
      yield* users(501)
      while (!isBroken) await turn()
      for (let turns = 0; turns < 5; turns++) await turn()
    }
    const error = await rejection(() => leeway.rollout.assign(stream(), TERMS))
    expect([error.name, error.message]).toEqual(['RangeError', expect.stringContaining('options.clock')])
  })
})

/** A store whose bulk calls are made of single ones, of which the kit lets some go wrong. */
function oneByOne(store: Store, plan: Parameters<typeof faultyRepository>[1]): Store {
  const faulty = faultyRepository(store, plan)
  return {
    ...store,
    ...faulty,
    async findMany(ids) {
      const found = await Promise.all(ids.map(async (id) => [id, await faulty.find(id)] as const))
      return new Map(found.flatMap(([id, stored]) => (stored === null ? [] : [[id, stored] as const])))
    },
    async saveMany(changes) {
      const answers: ('saved' | 'conflict')[] = []
      for (const change of changes) answers.push(await faulty.save(change))
      return answers
    },
  }
}

/** That a report says what is in the store, and that whoever goes on comes to the end, with nobody assigned twice. */
async function expectTruth(
  store: Store,
  ids: readonly string[],
  { report, told }: { report: AssignProgress; told: readonly AssignedUser[] },
): Promise<void> {
  expect(told.map(({ userId }) => userId)).toEqual(ids.slice(0, report.done))
  const outcomes = told.map(({ outcome }) => outcome)
  const count = (wanted: string): number => outcomes.filter((outcome) => outcome === wanted).length
  expect([report.changed, report.unchanged, report.failedCount]).toEqual([
    count('changed'),
    count('unchanged'),
    count('failed'),
  ])
  for (const [at, id] of ids.entries()) {
    const has = (await store.find(id)) !== null
    expect([id, told[at]?.outcome, has]).toEqual([id, told[at]?.outcome, told[at]?.outcome === 'changed'])
  }
  const again = await assigned(rolloutSetting({ repository: store }), ids)
  expect(again.report).toMatchObject({ done: ids.length, failedCount: 0, unchanged: report.changed, stoppedBy: null })
  for (const id of ids) expect([id, await assignmentsOf(store, id)]).toEqual([id, [expect.anything()]])
}

describe('a store that fails half-way: the report says exactly who is done', () => {
  const ids = users(12)

  for (const fault of ['throws-before', 'throws-after'] as const satisfies RepositoryFault[]) {
    it(`where a write of some ${fault.replace('-', ' ')} it was applied`, async () => {
      for (let at = 0; at < ids.length; at++) {
        const store = memoryRepository()
        let saves = 0
        const repository = oneByOne(store, ({ method }) => (method === 'save' && saves++ === at ? fault : null))
        const setting = rolloutSetting({ repository })
        const result = await assigned(setting, ids)
        const done = fault === 'throws-after' ? at + 1 : at
        const isStopped = done < ids.length
        expect(result.report).toMatchObject({ done, changed: done, stoppedBy: isStopped ? 'store' : null })
        expect(setting.told.map(({ userId }) => userId)).toEqual(ids.slice(0, done))
        await expectTruth(store, ids, result)
      }
    })
  }

  it('where it applied some in any order and threw: those before the last of them have failed, nobody after is told', async () => {
    for (let pattern = 0; pattern < 64; pattern++) {
      const store = memoryRepository()
      const six = users(6)
      const lands = (at: number): boolean => (pattern & (1 << at)) !== 0
      const repository: Store = {
        ...store,
        async saveMany(changes) {
          await store.saveMany(changes.filter((_, at) => lands(at)))
          throw new Error('the connection was lost')
        },
      }
      const setting = rolloutSetting({ repository })
      const result = await assigned(setting, six)
      const done = 32 - Math.clz32(pattern)
      const landed = six.filter((_, at) => lands(at))
      expect(result.report).toMatchObject({
        done,
        changed: landed.length,
        failed: six.filter((_, at) => at < done && !lands(at)).map((userId) => ({ userId, code: 'ERR_STORE' })),
        stoppedBy: pattern === 63 ? null : 'store',
      })
      for (const user of result.told) {
        const message = 'the repository failed to save, and this user was not saved'
        if (user.outcome === 'failed') expect(user.message).toBe(message)
      }
      expect(setting.told.map(({ userId }) => userId)).toEqual(landed)
      await expectTruth(store, six, result)
    }
  })

  it('where it applies what it threw at later: whoever goes on is told the truth, and nobody is assigned twice', async () => {
    const store = memoryRepository()
    const late: EnrollmentChange[] = []
    const repository: Store = {
      ...store,
      async saveMany(changes) {
        late.push(...changes)
        throw new Error('no answer in time')
      },
    }
    const { report } = await assigned(rolloutSetting({ repository }), ids)
    expect(report).toEqual({ ...NOBODY, stoppedBy: 'store' })
    expect(await store.saveMany(late.slice(0, 5))).toEqual(late.slice(0, 5).map(() => 'saved'))
    const again = await assigned(rolloutSetting({ repository: store }), ids)
    expect(again.report).toMatchObject({ unchanged: 5, changed: 7 })
    expect(await store.saveMany(late.slice(5))).toEqual(late.slice(5).map(() => 'conflict'))
    for (const id of ids) expect(await assignmentsOf(store, id)).toHaveLength(1)
  })

  it('where it cannot be asked what landed either: those have failed, and nobody after them was touched', async () => {
    for (const lookUp of [
      () => Promise.reject(new Error('gone')),
      () => {
        throw new Error('gone')
      },
      () => Promise.resolve(undefined),
    ]) {
      const store = memoryRepository()
      let isGone = false
      const repository: Store = {
        ...store,
        findMany: ((asked) => (isGone ? lookUp() : store.findMany(asked))) as Store['findMany'],
        async saveMany(changes) {
          isGone = true
          await store.saveMany(changes.slice(0, 3))
          throw new Error('the connection was lost')
        },
      }
      const setting = rolloutSetting({ repository })
      const { report, told } = await assigned(setting, users(600))
      expect(report).toMatchObject({ done: 500, changed: 0, failedCount: 500, stoppedBy: 'store' })
      expect(told[0]).toMatchObject({
        code: 'ERR_STORE',
        message: 'the repository failed to save, and what it did cannot be told',
      })
      expect(setting.told).toEqual([])
      const again = await assigned(rolloutSetting({ repository: store }), users(600))
      expect(again.report).toMatchObject({ unchanged: 3, changed: 597 })
    }
  })

  it('where a batch cannot be read: what was saved before is told', async () => {
    for (const findMany of [
      () => Promise.reject(new Error('gone')),
      () => {
        throw new Error('gone')
      },
      () => Promise.resolve([]),
      () => undefined,
    ]) {
      for (const readable of [0, 1, 2]) {
        const store = memoryRepository()
        let reads = 0
        const repository = {
          ...store,
          findMany: (asked: string[]) => (reads++ < readable ? store.findMany(asked) : findMany()),
        } as Store
        const result = await assigned(rolloutSetting({ repository }), users(1600))
        const done = 500 * readable
        expect(result.report).toEqual({ ...NOBODY, done, changed: done, stoppedBy: 'store' })
        await expectDone(store, users(1600), done)
      }
    }
  })

  it('in the second batch as in the first', async () => {
    const store = memoryRepository()
    let saves = 0
    const repository = oneByOne(store, ({ method }) => (method === 'save' && saves++ === 750 ? 'throws-before' : null))
    const result = await assigned(rolloutSetting({ repository }), users(1600))
    expect(result.report).toMatchObject({ done: 750, changed: 750, stoppedBy: 'store' })
    await expectTruth(store, users(1600), result)
  })

  it('with those who needed no write, or could not be written: they are told up to the last whom it was told of', async () => {
    const store = memoryRepository()
    const honest = rolloutSetting({ repository: store })
    await honest.leeway.requireEnrollment('ada', TERMS)
    let saves = 0
    const repository = oneByOne(store, ({ method }) => (method === 'save' && saves++ === 2 ? 'throws-before' : null))
    const { told, report } = await assigned(rolloutSetting({ repository }), [
      'a',
      'ada',
      '',
      'b',
      'ada ',
      'c',
      '\u0000',
    ])
    expect(told.map(inShort)).toEqual(['a: changed', 'ada: unchanged', ': ERR_USER_ID', 'b: changed'])
    expect(report).toMatchObject({ done: 4, stoppedBy: 'store' })
  })

  const lies: Record<string, (answers: ('saved' | 'conflict')[]) => unknown> = {
    'too few answers': (answers) => answers.slice(1),
    'too many answers': (answers) => [...answers, 'saved'],
    'no answers': () => undefined,
    'one answer for all': () => 'saved',
    'an answer that is none': (answers) => answers.map((answer, at) => (at === 3 ? 'ok' : answer)),
  }
  for (const [what, lie] of Object.entries(lies)) {
    it(`where it gives ${what}, it is asked what landed`, async () => {
      const store = memoryRepository()
      const repository = {
        ...store,
        saveMany: async (changes: EnrollmentChange[]) => lie([...(await store.saveMany(changes))]),
      } as Store
      const result = await assigned(rolloutSetting({ repository }), ids)
      expect(result.report).toMatchObject({ changed: 12, stoppedBy: null })
      await expectTruth(store, ids, result)
    })
  }
})

describe('for whom another write came first', () => {
  /** A store to which others write between what is read and what is written. */
  function contended(store: Store, ids: readonly string[], write: (id: string) => Promise<unknown>): Store {
    let isFirst = true
    return {
      ...store,
      async saveMany(changes) {
        if (isFirst) for (const id of ids) await write(id)
        isFirst = false
        return store.saveMany(changes)
      },
    }
  }

  it('it is decided anew, by what is there then', async () => {
    const store = memoryRepository()
    const others = rolloutSetting({ repository: store })
    const writes: Record<string, (id: string) => Promise<unknown>> = {
      'user 000001': (id) => others.leeway.suspend(id),
      'user 000002': (id) => others.leeway.requireEnrollment(id, { period: { days: 3 } }),
      'user 000003': (id) => others.leeway.requireEnrollment(id, TERMS),
      'user 000004': (id) => others.leeway.exempt(id, { until: NOW + DAY, reason: 'at sea' }),
    }
    const repository = contended(store, Object.keys(writes), (id) =>
      (writes[id] as (id: string) => Promise<unknown>)(id),
    )
    const setting = rolloutSetting({ repository })
    const { report, told } = await assigned(setting, users(6))
    expect(told.map(({ outcome }) => outcome)).toEqual([
      'changed',
      'changed',
      'unchanged',
      'unchanged',
      'changed',
      'changed',
    ])
    expect(report).toMatchObject({ done: 6, changed: 4, stoppedBy: null })
    for (const user of told) expect(user).toMatchObject({ status: await setting.leeway.status(user.userId) })
    for (const id of users(6)) expect(await assignmentsOf(store, id)).toHaveLength(1)
    expect(setting.told.map(({ userId }) => userId).toSorted()).toEqual([
      'user 000000',
      'user 000001',
      'user 000004',
      'user 000005',
    ])
  })

  it('be it everybody of a batch', async () => {
    const store = memoryRepository()
    const others = rolloutSetting({ repository: store })
    const repository = contended(store, users(60), (id) => others.leeway.suspend(id))
    const result = await assigned(rolloutSetting({ repository }), users(60))
    expect(result.report).toMatchObject({ done: 60, changed: 60 })
    for (const id of users(60)) expect(await assignmentsOf(store, id)).toHaveLength(1)
  })

  it('all at once again, in two calls of the store', async () => {
    const store = memoryRepository()
    const others = rolloutSetting({ repository: store })
    const calls: string[] = []
    const inner = contended(store, users(400), (id) => others.leeway.suspend(id))
    const repository: Store = {
      ...inner,
      findMany(ids) {
        calls.push(`read ${ids.length}`)
        return inner.findMany(ids)
      },
      saveMany(changes) {
        calls.push(`write ${changes.length}`)
        return inner.saveMany(changes)
      },
    }
    await assigned(rolloutSetting({ repository }), users(500))
    // Once to see whether a conflict was the write itself, and once to decide anew.
    expect(calls).toEqual(['read 500', 'write 500', 'read 400', 'read 400', 'write 400'])
  })

  it('the store may fail on the way, and then the report is as exact', async () => {
    for (const fault of ['throws-before', 'throws-after'] as const satisfies RepositoryFault[]) {
      for (const at of [0, 7, 11]) {
        const store = memoryRepository()
        const others = rolloutSetting({ repository: store })
        let saves = 0
        // The even ones are met by others in the first round; of those written in the second, one fails.
        const met = users(24).filter((_, place) => place % 2 === 0)
        const faulty = oneByOne(store, ({ method }) => (method === 'save' && saves++ === 24 + at ? fault : null))
        const repository = contended(faulty, met, (id) => others.leeway.suspend(id))
        const setting = rolloutSetting({ repository })
        const { report, told } = await assigned(setting, users(24))
        const isAssigned = await Promise.all(users(24).map(async (id) => (await assignmentsOf(store, id)).length === 1))
        expect(told.map(({ outcome }) => outcome === 'changed')).toEqual(isAssigned.slice(0, report.done))
        // The odd ones are done, so that those between them who are not have failed.
        expect(report.done).toBe(24)
        const changed = 12 + at + (fault === 'throws-after' ? 1 : 0)
        const stoppedBy = changed === 24 ? null : 'store'
        expect(report).toMatchObject({ changed, failedCount: 24 - changed, stoppedBy })
        expect(setting.told).toHaveLength(changed)
        const again = await assigned(rolloutSetting({ repository: store }), users(24))
        expect(again.report).toMatchObject({ done: 24, unchanged: changed, failedCount: 0 })
        for (const id of users(24)) expect(await assignmentsOf(store, id)).toHaveLength(1)
      }
    }
  })

  it('and the store may not even be read any more: they have failed, and were not touched', async () => {
    const store = memoryRepository()
    const others = rolloutSetting({ repository: store })
    let reads = 0
    const repository: Store = {
      ...contended(store, ['ada'], (id) => others.leeway.suspend(id)),
      findMany: (ids) => (reads++ < 2 ? store.findMany(ids) : Promise.reject(new Error('gone'))),
    }
    const { report, told } = await assigned(rolloutSetting({ repository }), ['ada', 'ben'])
    expect(told.map(inShort)).toEqual(['ada: ERR_STORE', 'ben: changed'])
    expect(report).toMatchObject({ done: 2, stoppedBy: 'store' })
    expect(await assignmentsOf(store, 'ada')).toEqual([])
  })

  it('sixteen times in a row fails them, and nobody else', async () => {
    // Real waiting would be some seconds of jitter in all.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      const store = memoryRepository()
      const others = rolloutSetting({ repository: store })
      let writes = 0
      const repository: Store = {
        ...store,
        async saveMany(changes) {
          writes++
          await others.leeway.suspend('ada')
          await others.leeway.resume('ada')
          return store.saveMany(changes)
        },
      }
      let settled = false
      const running = assigned(rolloutSetting({ repository }), ['ada', 'ben']).finally(() => {
        settled = true
      })
      while (!settled) {
        await vi.advanceTimersByTimeAsync(64)
        await turn()
      }
      const { report, told } = await running
      expect(told.map(inShort)).toEqual(['ada: ERR_CONTENDED', 'ben: changed'])
      expect(report).toMatchObject({ done: 2, changed: 1, failedCount: 1, stoppedBy: null })
      expect(writes).toBe(16)
    } finally {
      vi.useRealTimers()
    }
  })

  it('by the word of a store that lies, the write is found by its version: it is changed, and told once', async () => {
    const store = memoryRepository()
    const repository: Store = {
      ...store,
      async saveMany(changes) {
        await store.saveMany(changes)
        return changes.map(() => 'conflict')
      },
    }
    const setting = rolloutSetting({ repository })
    const result = await assigned(setting, users(600))
    expect(result.report).toMatchObject({ done: 600, changed: 600, stoppedBy: null })
    expect(setting.told).toHaveLength(600)
    await expectTruth(store, users(600), result)
  })
})

describe('two processes that assign at once', () => {
  /** A store whose calls take turns of the event loop, so that processes meet in every way. */
  function slow(store: Store, turnsOf: () => number): Store {
    const later =
      <Given extends unknown[], Answer>(call: (...given: Given) => Promise<Answer>) =>
      async (...given: Given): Promise<Answer> => {
        for (let turns = turnsOf(); turns > 0; turns--) await turn()
        return call(...given)
      }
    return {
      ...store,
      find: later(store.find),
      save: later(store.save),
      findMany: later(store.findMany),
      saveMany: later(store.saveMany),
    }
  }

  for (const applyTo of ['new', 'replace', 'shorten'] as const) {
    it(`different terms under '${applyTo}': each user ends with one of them`, async () => {
      for (let round = 0; round < 12; round++) {
        const store = memoryRepository()
        const ids = users(700)
        const [one, other] = [5, 50].map((_, at) =>
          rolloutSetting({ repository: slow(store, () => (round * (at + 1)) % 4) }),
        ) as [RolloutSetting, RolloutSetting]
        const results = await Promise.all([
          assigned(one, ids, { period: { days: 5 } }, { applyTo }),
          assigned(other, round % 2 ? ids : ids.toReversed(), { period: { days: 50 } }, { applyTo }),
        ])
        for (const { report } of results) expect(report).toMatchObject({ done: 700, failedCount: 0, stoppedBy: null })
        for (const id of ids) {
          const events = await assignmentsOf(store, id)
          const deadlines = events.map(({ details }) => details['deadline'])
          const requirement = (await recordOf(store, id))?.requirement
          expect(requirement?.deadline).toBe(deadlines.at(-1))
          // Nobody is given the same terms twice; under 'new' the first stand, whose they are.
          expect(new Set(deadlines).size).toBe(deadlines.length)
          if (applyTo === 'new') expect(deadlines).toHaveLength(1)
          if (applyTo === 'shorten') expect(requirement?.deadline).toBe(NOW + 5 * DAY)
        }
        const changed = results.reduce((sum, { report }) => sum + report.changed, 0)
        const stored = (await Promise.all(ids.map((id) => assignmentsOf(store, id)))).flat().length
        expect(changed).toBe(stored)
      }
    })
  }

  it('the same terms: everybody has them once, by either', async () => {
    const store = memoryRepository()
    const settings = [1, 2, 3].map((turns) => rolloutSetting({ repository: slow(store, () => turns) }))
    const results = await Promise.all(settings.map((setting) => assigned(setting, users(1200))))
    for (const id of users(1200)) expect(await assignmentsOf(store, id)).toHaveLength(1)
    expect(results.reduce((sum, { report }) => sum + report.changed, 0)).toBe(1200)
  })
})
