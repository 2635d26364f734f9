import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import { resolveTerms } from '../../src/enrollment/resolve.js'
import type { ApplyTo, Period, Terms } from '../../src/enrollment/terms.js'
import type { EnrollmentChange } from '../../src/ports/index.js'
import type { AssignedUser, AssignProgress } from '../../src/service/assign.js'
import type { UserIds } from '../../src/service/id-stream.js'
import type { TermsFor } from '../../src/service/walk.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { migrate, sqliteRepository } from '../../src/stores/sqlite/index.js'
import { faultyRepository, type RepositoryFault } from '../../src/testing/index.js'
import { drivers, temporaryFile } from '../stores/sqlite-drivers.js'
import {
  contentsOf,
  DAY,
  enroll,
  NOW,
  type RolloutSetting,
  rejection,
  rolloutSetting,
  type Store,
  turn,
  users,
} from './setting.js'

const TERMS: Terms = { period: { days: 30 } }
const NOBODY: AssignProgress = { done: 0, changed: 0, unchanged: 0, failedCount: 0, failed: [], stoppedBy: null }

/** An assignment, and all that it told on the way. */
async function assigned(
  { leeway }: Pick<RolloutSetting, 'leeway'>,
  userIds: UserIds,
  terms: TermsFor = TERMS,
  options: Parameters<RolloutSetting['leeway']['rollout']['assign']>[2] = {},
): Promise<{ report: AssignProgress; told: AssignedUser[]; progress: AssignProgress[] }> {
  const told: AssignedUser[] = []
  const progress: AssignProgress[] = []
  const report = await leeway.rollout.assign(userIds, terms, {
    ...options,
    onUser: (user) => told.push(user),
    onProgress: (done) => progress.push(done),
  })
  return { report, told, progress }
}

async function recordOf(store: Store, userId: string): Promise<EnrollmentRecord | null> {
  return ((await store.find(userId))?.enrollment as EnrollmentRecord | undefined) ?? null
}

/** The events that gave a user terms. */
async function assignmentsOf(store: Store, userId: string): Promise<EnrollmentEvent[]> {
  const events = await store.history(userId, { after: null, limit: 100 })
  return events.filter(({ type }) => type === 'requirement-assigned')
}

/** What is told of a user in few words. */
const inShort = (user: AssignedUser): string =>
  `${user.userId}: ${user.outcome === 'failed' ? user.code : user.outcome}`

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

/** That the first `done` of the ids have their terms, once, and nobody else anything. */
async function expectDone(store: Store, ids: readonly string[], done: number): Promise<void> {
  for (const [at, id] of ids.entries()) {
    expect([id, (await assignmentsOf(store, id)).length]).toEqual([id, at < done ? 1 : 0])
    if (at >= done) expect(await store.find(id)).toBeNull()
  }
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
