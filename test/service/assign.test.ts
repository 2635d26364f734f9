import { describe, expect, it, onTestFinished } from 'vitest'
import { resolveTerms } from '../../src/enrollment/resolve.js'
import type { ApplyTo, Period, Terms } from '../../src/enrollment/terms.js'
import type { UserIds } from '../../src/service/id-stream.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { migrate, sqliteRepository } from '../../src/stores/sqlite/index.js'
import { drivers, temporaryFile } from '../stores/sqlite-drivers.js'
import { assigned, assignmentsOf, inShort, NOBODY, recordOf, TERMS } from './assignments.js'
import { contentsOf, DAY, enroll, NOW, rolloutSetting, type Store, turn, users } from './setting.js'

describe('an assignment', () => {
  it('gives the terms to everybody in the stream, whoever they are, in its order', async () => {
    const setting = rolloutSetting()
    const ids = [...users(1200), '__proto__', 'constructor', '\u00e9', 'e\u0301', '👩‍💻', 'x'.repeat(255)]
    const { report, told } = await assigned(setting, ids)
    expect(report).toEqual({ ...NOBODY, done: ids.length, changed: ids.length })
    expect(told.map(inShort)).toEqual(ids.map((id) => `${id}: changed`))
    for (const id of ids) {
      expect(await setting.leeway.status(id)).toMatchObject({ phase: 'enrollment-period' })
      expect(await assignmentsOf(setting.repository, id)).toHaveLength(1)
    }
    expect((await setting.leeway.rollout.counts()).total).toBe(ids.length)
  })

  it('tells of each user the status that is stored', async () => {
    const setting = rolloutSetting()
    await enroll(setting, 'ben')
    const { told } = await assigned(setting, ['ada', 'ben'])
    for (const user of told) expect(user).toMatchObject({ status: await setting.leeway.status(user.userId) })
  })

  const streams: Record<string, (ids: readonly string[]) => UserIds> = {
    'an array': (ids) => ids,
    'a set': (ids) => new Set(ids),
    'the keys of a map': (ids) => new Map(ids.map((id) => [id, id])).keys(),
    *'a generator'(ids) {
      yield* ids
    },
    async *'an async generator'(ids) {
      for (const id of ids) {
        await turn()
        yield id
      }
    },
  }
  for (const [what, open] of Object.entries(streams)) {
    it(`reads ${what}`, async () => {
      const setting = rolloutSetting()
      const ids = users(20)
      expect((await assigned(setting, open(ids))).told.map(({ userId }) => userId)).toEqual(ids)
    })
  }

  it('of nobody does nothing, and tells nothing', async () => {
    const setting = rolloutSetting()
    expect(await assigned(setting, [])).toEqual({ report: NOBODY, told: [], progress: [] })
    expect(setting.told).toEqual([])
  })

  it('without options needs none', async () => {
    const { leeway } = rolloutSetting()
    expect(await leeway.rollout.assign(['ada'], TERMS)).toEqual({ ...NOBODY, done: 1, changed: 1 })
  })

  it('reads at most 2,000 ids ahead of what is saved, however many there are', async () => {
    const store = memoryRepository()
    let saved = 0
    const repository: Store = {
      ...store,
      async saveMany(changes) {
        await turn()
        saved += changes.length
        return store.saveMany(changes)
      },
    }
    let read = 0
    let most = 0
    function* ids(): Generator<string> {
      for (const id of users(6000)) {
        most = Math.max(most, ++read - saved)
        yield id
      }
    }
    const { report } = await assigned(rolloutSetting({ repository }), ids())
    expect(report).toMatchObject({ done: 6000, changed: 6000 })
    expect(most).toBeLessThanOrEqual(2000)
  })

  it('writes and reads by the batch: two calls of the store for 500 users', async () => {
    const store = memoryRepository()
    const calls: string[] = []
    const refuse = (): Promise<never> => Promise.reject(new Error('one by one'))
    const repository: Store = {
      ...store,
      find: refuse,
      save: refuse,
      findMany(ids) {
        calls.push(`read ${ids.length}`)
        return store.findMany(ids)
      },
      saveMany(changes) {
        calls.push(`write ${changes.length}`)
        return store.saveMany(changes)
      },
    }
    await assigned(rolloutSetting({ repository }), users(700))
    expect(calls.toSorted()).toEqual(['read 200', 'read 500', 'write 200', 'write 500'])
    calls.length = 0
    // Nobody is to be written, and nobody is to be read.
    await assigned(rolloutSetting({ repository }), users(700))
    await assigned(rolloutSetting({ repository }), [''])
    expect(calls).toEqual(['read 500', 'read 200'])
  })

  it('tells the listener of the service each event that is stored, once', async () => {
    const { leeway, told, repository } = rolloutSetting()
    const note = { actor: 'root', reason: 'spring' }
    await leeway.rollout.assign(users(600), TERMS, note)
    expect(told).toHaveLength(600)
    expect(told[0]).toMatchObject({ type: 'requirement-assigned', userId: 'user 000000', at: NOW, ...note })
    expect(await assignmentsOf(repository, 'user 000599')).toEqual([told[599]])
  })

  it('on SQLite ends as it does in memory', async () => {
    const [driver] = drivers
    const db = driver?.open(temporaryFile())
    if (db === undefined) throw new Error('no driver')
    onTestFinished(() => void db.close())
    await migrate(db)
    const ids = [...users(1100), 'user 000007', '']
    const termsOf = (id: string): Terms => ({ period: { days: id.endsWith('5') ? 5 : 30 } })
    const results = []
    for (const repository of [sqliteRepository(db), memoryRepository()]) {
      const setting = rolloutSetting({ repository })
      await setting.leeway.requireEnrollment('user 000003', { period: { days: 3 } })
      const first = await assigned(setting, ids, termsOf)
      const again = await assigned(setting, ids, termsOf, { applyTo: 'extend' })
      const contents = JSON.stringify(await contentsOf(repository))
      // Versions are random, and the end of an event's id with them.
      results.push([first, again, contents.replace(/"[0-9a-f]{32}"|-[0-9a-f]{8}"/g, '"…"')])
    }
    expect(results[0]).toEqual(results[1])
    expect(results[0]?.[0]).toMatchObject({ report: { done: 1102, changed: 1099, unchanged: 2, failedCount: 1 } })
    expect(results[0]?.[1]).toMatchObject({ report: { done: 1102, changed: 1, unchanged: 1100, failedCount: 1 } })
  })
})

describe('an id that comes twice', () => {
  for (const [what, ids] of Object.entries({
    'at once': ['ada', 'ada', 'ada'],
    'in one batch': ['ada', 'ben', 'ada'],
    'a batch later': ['ada', ...users(499), 'ada'],
    'while it is being saved': ['ada', ...users(500), 'ada'],
    'long after': ['ada', ...users(2500), 'ada'],
  })) {
    it(`is worked each time, and unchanged the second: ${what}`, async () => {
      const setting = rolloutSetting()
      const { report, told } = await assigned(setting, ids, TERMS, { applyTo: 'replace' })
      const outcomes = told.filter(({ userId }) => userId === 'ada').map(({ outcome }) => outcome)
      expect(outcomes).toEqual(['changed', ...outcomes.slice(1).map(() => 'unchanged')])
      expect(told.map(({ userId }) => userId)).toEqual(ids)
      expect(report).toMatchObject({ done: ids.length, changed: new Set(ids).size, failedCount: 0 })
      expect(await assignmentsOf(setting.repository, 'ada')).toHaveLength(1)
    })
  }
})

describe('whoever fails, fails alone', () => {
  const bad: [string, unknown, string, string][] = [
    ['an empty one', '', '', 'userId must be 1 to 255 characters long'],
    ['one too long', 'x'.repeat(300), 'x'.repeat(255), 'userId must be 1 to 255 characters long'],
    ['one of too many bytes', 'é'.repeat(128), 'é'.repeat(128), 'userId must be at most 255 bytes of UTF-8'],
    ['one with U+0000', 'a\u0000', 'a\u0000', 'userId must be well-formed Unicode without U+0000'],
    ['a number', 7, '(number)', 'userId must be a string'],
    ['null', null, '(object)', 'userId must be a string'],
    ['nothing', undefined, '(undefined)', 'userId must be a string'],
    ['a symbol', Symbol('ada'), '(symbol)', 'userId must be a string'],
    ['a row', { id: 'ada' }, '(object)', 'userId must be a string'],
  ]
  for (const [what, value, userId, message] of bad) {
    it(`an id that is none, such as ${what}`, async () => {
      const setting = rolloutSetting()
      const { report, told } = await assigned(setting, ['ada', value as string, 'ben'])
      expect(told[1]).toEqual({ userId, outcome: 'failed', code: 'ERR_USER_ID', message })
      const failed = [{ userId, code: 'ERR_USER_ID' }]
      expect(report).toEqual({ ...NOBODY, done: 3, changed: 2, failedCount: 1, failed })
    })
  }

  const functions: Record<string, [(userId: string) => unknown, string]> = {
    throws: [
      () => {
        throw new Error('no such group')
      },
      'no such group',
    ],
    rejects: [() => Promise.reject(new Error('the directory is away')), 'the directory is away'],
    'throws at length': [() => Promise.reject(new Error('x'.repeat(2000))), 'x'.repeat(1000)],
    'throws what is no error': [() => Promise.reject('away'), 'the function for terms threw'],
    'throws an error without words': [
      () => Promise.reject({ message: { toString: () => Promise.reject() } }),
      'the function for terms threw',
    ],
    'answers nothing': [() => undefined, 'terms must be an object'],
    'answers a text': [() => 'optional', 'terms must be an object'],
    'answers days that are none': [() => ({ period: { days: 0 } }), 'terms.period.days must be'],
    'answers resolved terms without a word': [() => ({ terms: TERMS }), 'terms.because must be an array'],
    'answers what is known to nobody': [() => ({ ...TERMS, grace: 1 }), 'terms has a property that is not known'],
  }
  for (const [what, [termsOf, message]] of Object.entries(functions)) {
    it(`one whose terms cannot be told: the function ${what}`, async () => {
      const setting = rolloutSetting()
      const ofBen = (userId: string) => (userId === 'ben' ? termsOf(userId) : TERMS) as Terms
      const { report, told } = await assigned(setting, ['ada', 'ben', 'carol'], ofBen)
      expect(told[1]).toMatchObject({ userId: 'ben', outcome: 'failed', code: 'ERR_TERMS' })
      expect(told[1]).toMatchObject({ message: expect.stringContaining(message) })
      const failed = [{ userId: 'ben', code: 'ERR_TERMS' }]
      expect(report).toEqual({ ...NOBODY, done: 3, changed: 2, failedCount: 1, failed })
      expect(await setting.repository.find('ben')).toBeNull()
    })
  }

  it('one whose record cannot be read', async () => {
    const store = memoryRepository()
    await rolloutSetting({ repository: store }).leeway.suspend('ben')
    const repository: Store = {
      ...store,
      async findMany(ids) {
        const found = await store.findMany(ids)
        return new Map(
          [...found].map(([id, stored]) => [id, { ...stored, enrollment: { schemaVersion: 9, userId: id } }]),
        )
      },
    }
    const before = await store.find('ben')
    const { told } = await assigned(rolloutSetting({ repository }), ['ada', 'ben', 'carol'])
    expect(told.map(inShort)).toEqual(['ada: changed', 'ben: ERR_RECORD', 'carol: changed'])
    expect(await store.find('ben')).toEqual(before)
  })

  it('of those who fail the first 1,000 are named, and all are counted', async () => {
    const setting = rolloutSetting()
    const ids = users(2300)
    const isGood = (id: string) => Number(id.slice(5)) % 2 === 1
    const termsOf = (id: string) => (isGood(id) ? TERMS : ({} as Terms))
    const { report, told, progress } = await assigned(setting, ids, termsOf)
    const failed = ids.filter((id) => !isGood(id)).map((userId) => ({ userId, code: 'ERR_TERMS' }))
    expect(report).toEqual({ ...NOBODY, done: 2300, changed: 1150, failedCount: 1150, failed: failed.slice(0, 1000) })
    expect(told.map(inShort)).toEqual(ids.map((id) => `${id}: ${isGood(id) ? 'changed' : 'ERR_TERMS'}`))
    expect(progress.map(({ failed: named }) => named.length)).toEqual([250, 500, 750, 1000, 1000])
  })
})

describe('progress', () => {
  it('is told after each batch, and adds up', async () => {
    const setting = rolloutSetting()
    await setting.leeway.requireEnrollment('user 000001', TERMS)
    const { report, progress } = await assigned(setting, ['', ...users(1299)])
    expect(progress.map(({ done }) => done)).toEqual([500, 1000, 1300])
    for (const { done, changed, unchanged, failedCount, stoppedBy } of progress) {
      expect([changed + unchanged + failedCount, unchanged, failedCount, stoppedBy]).toEqual([done, 1, 1, null])
    }
    expect(progress.at(-1)).toEqual(report)
  })

  it('that was told is not changed afterwards', async () => {
    const setting = rolloutSetting()
    const { progress } = await assigned(
      setting,
      users(1000).map((id) => `${id}\u0000`),
    )
    expect(progress.map(({ failedCount, failed }) => [failedCount, failed.length])).toEqual([
      [500, 500],
      [1000, 1000],
    ])
  })
})

describe('the terms', () => {
  it('may be each user’s own, asked for later', async () => {
    const setting = rolloutSetting()
    const ids = users(700)
    const daysOf = (id: string) => 1 + (Number(id.slice(5)) % 90)
    await assigned(setting, ids, async (id) => {
      await turn()
      return { period: { days: daysOf(id) } }
    })
    for (const id of ids) {
      expect((await setting.leeway.status(id)).requirement?.deadline).toBe(NOW + daysOf(id) * DAY)
    }
  })

  it('may come from layers, and the record says why', async () => {
    const setting = rolloutSetting()
    const since = NOW - 10 * DAY
    const layers = [
      { source: 'staff', scope: 'group', terms: TERMS, since },
      { source: 'everybody', scope: 'organization', terms: 'optional', since: NOW },
    ] as const
    const resolved = resolveTerms(layers, { now: NOW })
    for (const terms of [resolved, () => resolved, async () => resolved]) {
      const { leeway } = rolloutSetting()
      await leeway.rollout.assign(['ada'], terms)
      expect((await leeway.status('ada')).requirement).toMatchObject({
        deadline: since + 30 * DAY,
        because: resolved.because,
      })
    }
    await setting.leeway.rollout.assign(['ada'], resolved)
    expect(await setting.leeway.requireEnrollment('ada', resolved)).toMatchObject({ changed: false })
  })

  it("that are 'optional' drop the requirement, as makeOptional does", async () => {
    const setting = rolloutSetting()
    await setting.leeway.requireEnrollment('ada', TERMS)
    const optional = { terms: 'optional', because: [] } as const
    expect((await assigned(setting, ['ada', 'ben'], optional)).report).toMatchObject({ changed: 0, unchanged: 2 })
    const { told } = await assigned(setting, ['ada', 'ben'], optional, { applyTo: 'replace', actor: 'root' })
    expect(told.map(inShort)).toEqual(['ada: changed', 'ben: unchanged'])
    expect(setting.told.at(-1)).toMatchObject({ type: 'made-optional', userId: 'ada', actor: 'root' })
    expect(await setting.repository.find('ben')).toBeNull()
  })

  it('that are the same for everybody are read once, at the beginning', async () => {
    const setting = rolloutSetting()
    const terms = { period: { days: 30 } }
    function* ids(): Generator<string> {
      yield 'ada'
      terms.period.days = 1
      yield 'ben'
    }
    await assigned(setting, ids(), terms)
    expect((await setting.leeway.status('ben')).requirement?.deadline).toBe(NOW + 30 * DAY)
  })
})

describe('who has a requirement already', () => {
  const later: Period = { days: 60 }
  const sooner: Period = { days: 3 }
  const waiting: Period = { days: 20, start: 'first-sign-in', capDays: 90 }
  /** By what is there and what is to come: under which of the four it is replaced. */
  const rules: [string, Period, Period | 'optional', ApplyTo[]][] = [
    ['a later deadline', { days: 30 }, later, ['extend', 'replace']],
    ['an earlier deadline', { days: 30 }, sooner, ['shorten', 'replace']],
    ['the same terms', { days: 30 }, { days: 30 }, []],
    ['the same deadline by other terms', { days: 30 }, { deadline: NOW + 30 * DAY }, ['replace']],
    ["'optional'", { days: 30 }, 'optional', ['extend', 'replace']],
    ['a cap later and a start now that ends sooner', { days: 30 }, waiting, ['replace']],
    ['a deadline before both ends of what waits', waiting, sooner, ['shorten', 'replace']],
    ['a deadline between both ends of what waits', waiting, { days: 30 }, ['replace']],
    ['a deadline after both ends of what waits', waiting, { days: 100 }, ['extend', 'replace']],
    ['none', { days: 30 }, 'none', ['shorten', 'replace']],
  ]
  for (const [what, there, given, replacing] of rules) {
    for (const applyTo of ['new', 'shorten', 'extend', 'replace'] as const) {
      const replaces = replacing.includes(applyTo)
      it(`and is given ${what}, under '${applyTo}' ${replaces ? 'gets it' : 'keeps what there is'}; who has none gets it`, async () => {
        const setting = rolloutSetting()
        await setting.leeway.requireEnrollment('ada', { period: there })
        const before = await setting.repository.find('ada')
        const terms = given === 'optional' ? ({ terms: given, because: [] } as const) : { period: given }
        const { told } = await assigned(setting, ['ada', 'ben'], terms, { applyTo })
        expect(told.map(inShort)).toEqual([
          `ada: ${replaces ? 'changed' : 'unchanged'}`,
          `ben: ${given === 'optional' ? 'unchanged' : 'changed'}`,
        ])
        const requirement = (await recordOf(setting.repository, 'ada'))?.requirement
        if (!replaces) expect(await setting.repository.find('ada')).toEqual(before)
        else if (given === 'optional') expect(requirement).toBeNull()
        else expect(requirement?.period).toEqual(given)
      })
    }
  }

  it("keeps it where nothing is said: 'new' is the default", async () => {
    const setting = rolloutSetting()
    await setting.leeway.requireEnrollment('ada', { period: sooner })
    expect((await assigned(setting, ['ada'])).report).toMatchObject({ unchanged: 1 })
  })

  it('other leeway within the same period is taken over by replacing alone', async () => {
    for (const applyTo of ['new', 'shorten', 'extend', 'replace'] as const) {
      const setting = rolloutSetting()
      await setting.leeway.requireEnrollment('ada', TERMS)
      setting.clock.advance(DAY)
      const { told } = await assigned(setting, ['ada'], { ...TERMS, postponements: 2 }, { applyTo })
      expect([applyTo, told[0]?.outcome]).toEqual([applyTo, applyTo === 'replace' ? 'changed' : 'unchanged'])
      expect((await setting.leeway.status('ada')).requirement?.deadline).toBe(NOW + 30 * DAY)
    }
  })
})

describe('a protected account', () => {
  const AT_ONCE: Terms = { period: 'none' }
  const protectRoot = (userId: string): boolean => userId === 'root'

  it('is not stopped with the others', async () => {
    const setting = rolloutSetting({ policy: { protect: protectRoot } })
    const { report, told } = await assigned(setting, ['ada', 'root', 'ben'], AT_ONCE)
    expect(told.map(inShort)).toEqual(['ada: changed', 'root: ERR_PROTECTED', 'ben: changed'])
    expect(report).toMatchObject({ done: 3, failed: [{ userId: 'root', code: 'ERR_PROTECTED' }], stoppedBy: null })
    expect(await setting.repository.find('root')).toBeNull()
  })

  it('may have terms that do not stop it; nobody asks then', async () => {
    const asked: string[] = []
    const protect = async (userId: string) => {
      asked.push(userId)
      return true
    }
    const setting = rolloutSetting({ policy: { protect } })
    expect((await assigned(setting, ['root'])).told.map(inShort)).toEqual(['root: changed'])
    expect(asked).toEqual([])
  })

  it('is stopped by force, with a reason, and the events say so', async () => {
    const setting = rolloutSetting({ policy: { protect: protectRoot } })
    const note = { actor: 'ciso', reason: 'incident 7', force: true }
    const { told } = await assigned(setting, ['ada', 'root'], AT_ONCE, note)
    expect(told.map(inShort)).toEqual(['ada: changed', 'root: changed'])
    const [ada, root] = setting.told
    expect(root).toMatchObject({ userId: 'root', reason: 'incident 7', details: { forced: true } })
    expect(ada?.details).not.toHaveProperty('forced')
  })

  it('is whichever policy.protect cannot tell of', async () => {
    const sources: (() => unknown)[] = [
      () => Promise.reject(new Error('the directory is away')),
      () => {
        throw new Error('the directory is away')
      },
      () => 'no',
    ]
    for (const protect of sources) {
      const setting = rolloutSetting({ policy: { protect: protect as () => boolean } })
      const { told } = await assigned(setting, ['ada'], AT_ONCE)
      expect(told.map(inShort)).toEqual(['ada: ERR_PROTECTED'])
      expect(told[0]).toMatchObject({ message: 'policy.protect could not tell whether the account is protected' })
    }
  })

  it('that another write came first for is asked about again', async () => {
    const store = memoryRepository()
    const repository: Store = {
      ...store,
      async saveMany(changes) {
        await rolloutSetting({ repository: store }).leeway.suspend('root')
        await rolloutSetting({ repository: store }).leeway.resume('root')
        return store.saveMany(changes)
      },
    }
    let asked = 0
    // Root becomes an administrator while it is assigned.
    const setting = rolloutSetting({ repository, policy: { protect: () => asked++ > 0 } })
    const { report, told } = await assigned(setting, ['root'], AT_ONCE)
    expect(told.map(inShort)).toEqual(['root: ERR_PROTECTED'])
    expect(report).toMatchObject({ done: 1, failedCount: 1, stoppedBy: null })
    expect((await recordOf(store, 'root'))?.requirement).toBeNull()
  })
})

describe('what is granted', () => {
  it('is cut for whoever had his days already, and the record says so', async () => {
    const setting = rolloutSetting({ policy: { maxGrantedDays: 40 } })
    await setting.leeway.requireEnrollment('ada', TERMS)
    setting.clock.advance(20 * DAY)
    await assigned(setting, ['ada', 'ben'], { period: { days: 25 } }, { applyTo: 'replace' })
    expect((await setting.leeway.status('ada')).requirement?.deadline).toBe(NOW + 40 * DAY)
    expect((await setting.leeway.status('ben')).requirement?.deadline).toBe(NOW + 45 * DAY)
    expect((await setting.leeway.status('ada')).requirement?.because.at(-1)).toMatchObject({
      source: 'max-granted-days',
      scope: 'rule',
    })
  })
})
