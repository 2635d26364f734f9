import { describe, expect, expectTypeOf, it } from 'vitest'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import type { EnrollmentDirectory, Movement } from '../../src/ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository } from '../../src/ports/index.js'
import type { LeewayWithRollout } from '../../src/service/leeway.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import {
  directoryCases,
  faultyRepository,
  type RepositoryCall,
  type RepositoryFault,
  repositoryCases,
} from '../../src/testing/index.js'
import { enroll, K1, K2, rolloutSetting, settingOf, users } from '../service/setting.js'

const FACTS = { startsAt: null, deadline: null, exemptUntil: null, enrolledAt: null, lockedUntil: null, remindAt: null }

function change(version: string, expected: string | null): EnrollmentChange {
  const enrollment = { schemaVersion: 1, userId: 'ada' }
  return {
    userId: 'ada',
    enrollment,
    index: { required: false, suspended: false, ...FACTS },
    version,
    expected,
    events: [],
  }
}

/** A store with one record, of which the calls after go wrong. */
async function going(fault: RepositoryFault): Promise<{ store: EnrollmentRepository; faulty: EnrollmentRepository }> {
  const store = memoryRepository()
  await store.save(change('first', null))
  return { store, faulty: faultyRepository(store, () => fault) }
}

/** Reads it to its end, or to where it breaks off. */
async function read<Item>(items: AsyncIterable<Item>, seen: Item[] = []): Promise<void> {
  for await (const item of items) seen.push(item)
}

const versionIn = async (store: EnrollmentRepository): Promise<string | undefined> => (await store.find('ada'))?.version

describe('a faulty repository', () => {
  describe('keeps every promise while nothing goes wrong, or only late', () => {
    for (const fault of [null, 'answers-late'] as const) {
      for (const { name, run } of repositoryCases(async () => ({
        repository: faultyRepository(memoryRepository(), ({ number }) => (number % 5 === 0 ? fault : null)),
      })))
        it(`${fault}: ${name}`, run)
    }
  })

  it('asks the plan before each call, which it numbers', async () => {
    const calls: RepositoryCall[] = []
    const repository = faultyRepository(memoryRepository(), (call) => {
      calls.push(call)
      return null
    })
    await repository.find('ada')
    await repository.save(change('first', null))
    await repository.remove('ada', 'first')
    expect(calls).toEqual([
      { method: 'find', userId: 'ada', number: 0 },
      { method: 'save', userId: 'ada', number: 1 },
      { method: 'remove', userId: 'ada', number: 2 },
    ])
    expect(Object.isFrozen(repository)).toBe(true)
  })

  it('that throws before does nothing', async () => {
    const { store, faulty } = await going('throws-before')
    await expect(faulty.find('ada')).rejects.toThrow('find did not answer: throws-before')
    await expect(faulty.save(change('second', 'first'))).rejects.toThrow('save did not answer')
    await expect(faulty.remove('ada', 'first')).rejects.toThrow('remove did not answer')
    expect(await versionIn(store)).toBe('first')
  })

  it('that throws after has done it', async () => {
    const { store, faulty } = await going('throws-after')
    await expect(faulty.save(change('second', 'first'))).rejects.toThrow('save did not answer')
    expect(await versionIn(store)).toBe('second')
    await expect(faulty.remove('ada', 'second')).rejects.toThrow('remove did not answer')
    expect(await store.find('ada')).toBe(null)
  })

  it('that applies later has not done it when it rejects, and does it though nobody asks again', async () => {
    const store = memoryRepository()
    let done: (version: string) => void = () => undefined
    const applied = new Promise<string>((resolve) => {
      done = resolve
    })
    const watched: EnrollmentRepository = {
      ...store,
      async save(made) {
        const outcome = await store.save(made)
        done(made.version)
        return outcome
      },
    }
    const faulty = faultyRepository(watched, () => 'applies-later')
    await expect(faulty.save(change('first', null))).rejects.toThrow('save did not answer')
    expect(await store.find('ada')).toBe(null)
    expect(await applied).toBe('first')
    expect(await versionIn(store)).toBe('first')
  })

  it('that applies later what fails then rejects once, and never unhandled', async () => {
    let failed: () => void = () => undefined
    const failing = new Promise<void>((resolve) => {
      failed = resolve
    })
    const broken: EnrollmentRepository = {
      ...memoryRepository(),
      async save() {
        failed()
        throw new Error('the disk is full')
      },
    }
    await expect(faultyRepository(broken, () => 'applies-later').save(change('first', null))).rejects.toThrow('did not')
    await failing
  })

  it('that answers late does it while others go on, and answers what came of it', async () => {
    const { store, faulty } = await going('answers-late')
    const late = faulty.save(change('second', 'first'))
    expect(await store.save(change('between', 'first'))).toBe('saved')
    expect(await late).toBe('conflict')
    expect(await versionIn(faulty)).toBe('between')
  })

  it('that reads stale answers what it answered before, null included, and writes as ever', async () => {
    const store = memoryRepository()
    const plan = ['reads-stale', null, 'reads-stale', null, 'reads-stale', 'reads-stale'] as const
    const faulty = faultyRepository(store, ({ number }) => plan[number] ?? null)
    // Nothing was answered before.
    expect(await faulty.find('ada')).toBe(null)
    expect(await faulty.save(change('first', null))).toBe('saved')
    expect(await faulty.find('ada')).toBe(null)
    expect(await versionIn(faulty)).toBe('first')
    expect(await faulty.save(change('second', 'first'))).toBe('saved')
    const stale = await faulty.find('ada')
    expect(stale?.version).toBe('first')
    expect(await versionIn(store)).toBe('second')
  })

  it('refuses to be made of nothing', () => {
    expect(() => faultyRepository(undefined as never, () => null)).toThrow(TypeError)
    expect(() => faultyRepository(memoryRepository(), null as never)).toThrow(TypeError)
  })
})

describe('a faulty repository with a directory', () => {
  describe('keeps every promise while nothing goes wrong, or only late', () => {
    for (const fault of [null, 'answers-late'] as const) {
      for (const { name, run } of directoryCases(async () => ({
        repository: faultyRepository(memoryRepository(), ({ number }) => (number % 50 === 0 ? fault : null)),
      })))
        it(`${fault}: ${name}`, run)
    }
  })

  it('asks the plan before each call by its name, and whom it is about where that is one user', async () => {
    const calls: RepositoryCall[] = []
    const repository = faultyRepository(memoryRepository(), (call) => {
      calls.push(call)
      return null
    })
    await repository.findMany(['ada'])
    await repository.saveMany([change('first', null)])
    await repository.list({ now: 0, after: null, limit: 1 })
    await repository.counts(0)
    await repository.deadlines({ edges: [0, 1], now: 0 })
    await repository.due({ now: 0, after: null, limit: 1 })
    // Asked for, whether it is read or not.
    repository.movements(0)
    await repository.totals()
    await repository.history('ada', { after: null, limit: 1 })
    await repository.pruneHistory(0)
    await repository.prunedBefore()
    expect(calls.map(({ number }) => number)).toEqual(calls.map((_, at) => at))
    const everybody = ['findMany', 'saveMany', 'list', 'counts', 'deadlines', 'due', 'movements', 'totals']
    expect(calls.map(({ method }) => method)).toEqual([...everybody, 'history', 'pruneHistory', 'prunedBefore'])
    expect(calls.flatMap(({ method, userId }) => (userId === '' ? [] : [method, userId]))).toEqual(['history', 'ada'])
    expect(Object.isFrozen(repository)).toBe(true)
  })

  it('fails in every one of its methods, as one that is down', async () => {
    const faulty = faultyRepository(memoryRepository(), () => 'throws-before')
    const calls: Record<Exclude<RepositoryCall['method'], 'find' | 'save' | 'remove'>, () => Promise<unknown>> = {
      findMany: () => faulty.findMany([]),
      saveMany: () => faulty.saveMany([]),
      list: () => faulty.list({ now: 0, after: null, limit: 1 }),
      counts: () => faulty.counts(0),
      deadlines: () => faulty.deadlines({ edges: [0, 1], now: 0 }),
      due: () => faulty.due({ now: 0, after: null, limit: 1 }),
      movements: () => read(faulty.movements(0)),
      totals: () => faulty.totals(),
      history: () => faulty.history('ada', { after: null, limit: 1 }),
      pruneHistory: () => faulty.pruneHistory(0),
      prunedBefore: () => faulty.prunedBefore(),
    }
    for (const [method, call] of Object.entries(calls))
      await expect(call()).rejects.toThrow(`${method} did not answer: throws-before`)
  })

  it('writes many, or none, as it is told, and loses the answer of what it read', async () => {
    const store = memoryRepository()
    const faults: (RepositoryFault | null)[] = ['throws-before', 'throws-after', 'applies-later', 'throws-after']
    const faulty = faultyRepository(store, ({ number }) => faults[number] ?? null)
    await expect(faulty.saveMany([change('first', null)])).rejects.toThrow('saveMany did not answer: throws-before')
    expect(await store.find('ada')).toBe(null)
    await expect(faulty.saveMany([change('first', null)])).rejects.toThrow('saveMany did not answer: throws-after')
    expect(await versionIn(store)).toBe('first')
    await expect(faulty.pruneHistory(5)).rejects.toThrow('pruneHistory did not answer: applies-later')
    expect(await store.prunedBefore()).toBe(null)
    await expect.poll(() => store.prunedBefore()).toBe(5)
    await expect(faulty.prunedBefore()).rejects.toThrow('prunedBefore did not answer: throws-after')
    expect(await faulty.prunedBefore()).toBe(5)
  })

  describe('movements, which are read bit by bit', () => {
    /** A store with two movements, of which every reading goes wrong; and whether one is under way. */
    async function moving(fault: RepositoryFault | null): Promise<{
      faulty: EnrollmentRepository & EnrollmentDirectory
      seen: Movement[]
      reading: () => 'not begun' | 'under way' | 'over'
    }> {
      const store = memoryRepository()
      let state: 'not begun' | 'under way' | 'over' = 'not begun'
      const watched = {
        ...store,
        async *movements() {
          state = 'under way'
          try {
            yield { at: 2, enrolled: 1, required: 0 }
            yield { at: 1, enrolled: 0, required: 1 }
          } finally {
            state = 'over'
          }
        },
      }
      return { faulty: faultyRepository(watched, () => fault), seen: [], reading: () => state }
    }
    const BOTH = [
      { at: 2, enrolled: 1, required: 0 },
      { at: 1, enrolled: 0, required: 1 },
    ]

    for (const fault of [null, 'answers-late', 'reads-stale'] as const) {
      it(`come all with ${fault}, and no sooner than they are read`, async () => {
        const { faulty, seen, reading } = await moving(fault)
        const movements = faulty.movements(0)
        expect(reading()).toBe('not begun')
        await read(movements, seen)
        expect(seen).toEqual(BOTH)
        expect(reading()).toBe('over')
      })
    }

    for (const fault of ['throws-before', 'applies-later'] as const) {
      it(`reject at the first with ${fault}, and are not read`, async () => {
        const { faulty, seen, reading } = await moving(fault)
        const movements = faulty.movements(0)
        await expect(read(movements, seen)).rejects.toThrow(`movements did not answer: ${fault}`)
        expect(seen).toEqual([])
        expect(reading()).toBe('not begun')
      })
    }

    it('break off behind the last with throws-after', async () => {
      const { faulty, seen, reading } = await moving('throws-after')
      await expect(read(faulty.movements(0), seen)).rejects.toThrow('movements did not answer: throws-after')
      expect(seen).toEqual(BOTH)
      expect(reading()).toBe('over')
    })

    it('leave nothing open where the reader ends early', async () => {
      for (const fault of [null, 'throws-after', 'answers-late'] as const) {
        const { faulty, reading } = await moving(fault)
        for await (const { at } of faulty.movements(0)) {
          expect([at, reading()]).toEqual([2, 'under way'])
          break
        }
        expect(reading()).toBe('over')
      }
    })
  })

  it('that reads stale answers of many what it answered of each before, and other reads as ever', async () => {
    const store = memoryRepository()
    const grace = { ...change('of grace', null), userId: 'grace', enrollment: { schemaVersion: 1, userId: 'grace' } }
    await store.saveMany([change('first', null), grace])
    const stale = new Set([2, 3, 4, 5])
    const faulty = faultyRepository(store, ({ number }) => (stale.has(number) ? 'reads-stale' : null))
    const versions = async (userIds: readonly string[]) =>
      [...(await faulty.findMany(userIds))].map(([userId, { version }]) => [userId, version])
    await faulty.find('ada')
    await versions(['bob'])
    await store.saveMany([change('second', 'first'), { ...change('of bob', null), userId: 'bob' }])
    // Nothing was answered of Grace before.
    expect(await versions(['ada', 'bob', 'grace'])).toEqual([
      ['ada', 'first'],
      ['grace', 'of grace'],
    ])
    expect(await versions(['bob'])).toEqual([])
    expect(await faulty.list({ now: 0, after: null, limit: 9 })).toHaveLength(3)
    expect(await faulty.saveMany([change('third', 'second')])).toEqual(['saved'])
    expect(await versions(['ada', 'bob'])).toEqual([
      ['ada', 'third'],
      ['bob', 'of bob'],
    ])
  })

  it('is as much of one as that which it is made of', async () => {
    const { find, save, remove, counts } = memoryRepository()
    const bare = faultyRepository({ find, save, remove }, () => null)
    expect(Object.keys(bare)).toEqual(['find', 'save', 'remove'])
    expect('rollout' in settingOf({ repository: bare }).leeway).toBe(false)
    const some = faultyRepository({ find, save, remove, counts }, () => 'throws-before')
    expect(Object.keys(some)).toEqual(['find', 'save', 'remove', 'counts'])
    await expect(some.counts(0)).rejects.toThrow('counts did not answer')
    expect(Object.keys(faultyRepository(memoryRepository(), () => null)).sort()).toEqual(
      Object.keys(memoryRepository()).sort(),
    )
  })

  it('has what else a store has, which goes by no plan', async () => {
    class Connection {
      #isOpen = true
      readonly totals = 'no method'
      writes = 0
      readonly #store = memoryRepository()
      get isOpen(): boolean {
        return this.#isOpen
      }
      find(userId: string) {
        return this.#store.find(userId)
      }
      async save(made: EnrollmentChange) {
        this.writes++
        return this.#store.save(made)
      }
      remove(userId: string, expected: string) {
        return this.#store.remove(userId, expected)
      }
      close(): void {
        this.#isOpen = false
      }
    }
    const connection = new Connection()
    const faulty = faultyRepository(connection, ({ method }) => (method === 'remove' ? 'throws-before' : null))
    await faulty.save(change('first', null))
    await expect(faulty.remove('ada', 'first')).rejects.toThrow('remove did not answer')
    expect([faulty.writes, faulty.isOpen, faulty.totals]).toEqual([1, true, 'no method'])
    const { close } = faulty
    close()
    expect([connection.isOpen, faulty.isOpen]).toEqual([false, false])
    expect(Object.isFrozen(faulty)).toBe(true)
  })

  it('is typed as what it is made of, and takes all that was taken before there were directories', () => {
    const plan = ({ userId }: RepositoryCall): RepositoryFault | null =>
      userId.startsWith('ada') ? 'answers-late' : null
    expectTypeOf(faultyRepository(memoryRepository(), plan)).toEqualTypeOf<EnrollmentRepository & EnrollmentDirectory>()
    const bare: EnrollmentRepository = memoryRepository()
    expectTypeOf(faultyRepository(bare, plan)).toEqualTypeOf<EnrollmentRepository>()
    type Before = (
      repository: EnrollmentRepository,
      plan: (call: RepositoryCall) => RepositoryFault | null,
    ) => EnrollmentRepository
    expectTypeOf(faultyRepository).toExtend<Before>()
    expectTypeOf<{ method: 'find' | 'save' | 'remove'; userId: string; number: number }>().toExtend<RepositoryCall>()
  })
})

describe('a service that rolls out over a faulty store', () => {
  const terms = { period: { days: 30 } }
  /** One whose calls of these methods go wrong. */
  const failingIn = (faults: Partial<Record<RepositoryCall['method'], RepositoryFault>>) => {
    const store = memoryRepository()
    const { leeway } = rolloutSetting({ repository: faultyRepository(store, ({ method }) => faults[method] ?? null) })
    return { store, leeway, sound: rolloutSetting({ repository: store }).leeway }
  }
  const total = async (leeway: LeewayWithRollout) => (await leeway.rollout.counts()).total

  it('works where nothing goes wrong', async () => {
    const { leeway } = failingIn({})
    expect(await leeway.rollout.assign(users(3), terms)).toMatchObject({ done: 3, changed: 3, stoppedBy: null })
    expect((await leeway.rollout.list()).users).toHaveLength(3)
    expect(await leeway.rollout.rotateKeys()).toMatchObject({ scanned: 3, resealed: 0 })
    expect(await leeway.rollout.progress({ days: 2, timeZone: 'UTC' })).toHaveLength(2)
  })

  it('assigns nobody where records cannot be found', async () => {
    const { leeway, sound } = failingIn({ findMany: 'throws-before' })
    expect(await leeway.rollout.assign(users(3), terms)).toMatchObject({ done: 0, stoppedBy: 'store' })
    expect(await total(sound)).toBe(0)
  })

  it('says of whom it assigned what the store holds, where saving fails', async () => {
    const before = failingIn({ saveMany: 'throws-before' })
    expect(await before.leeway.rollout.assign(users(3), terms)).toMatchObject({
      done: 0,
      stoppedBy: 'store',
    })
    expect(await total(before.sound)).toBe(0)
    const after = failingIn({ saveMany: 'throws-after' })
    expect(await after.leeway.rollout.assign(users(3), terms)).toMatchObject({ changed: 3, failedCount: 0 })
    expect(await total(after.sound)).toBe(3)
  })

  it('lists nobody, rotates no key and tells no progress, and says that it was the store', async () => {
    const { leeway, sound } = failingIn({ list: 'throws-after', movements: 'throws-after' })
    await sound.rollout.assign(users(3), terms)
    const failed = (cause: string) => ({ name: 'LeewayError', code: 'ERR_STORE', cause: { message: cause } })
    const lost = failed('list did not answer: throws-after')
    await expect(leeway.rollout.list()).rejects.toMatchObject(lost)
    await expect(leeway.rollout.rotateKeys()).rejects.toMatchObject(lost)
    await expect(leeway.rollout.progress({ days: 2, timeZone: 'UTC' })).rejects.toMatchObject(
      failed('movements did not answer: throws-after'),
    )
    expect(await total(leeway)).toBe(3)
  })

  it('rotates no key of whom it cannot save, and goes on once it can', async () => {
    let isDown = true
    const store = memoryRepository()
    const plan = ({ method }: RepositoryCall) => (isDown && method === 'save' ? 'throws-before' : null)
    const old = rolloutSetting({ repository: store })
    await enroll(old, 'ada')
    const cipher = aesGcmCipher({ keys: [K2, K1] })
    const { leeway } = rolloutSetting({ repository: faultyRepository(store, plan), clock: old.clock, cipher })
    await expect(leeway.rollout.rotateKeys()).rejects.toMatchObject({ code: 'ERR_STORE' })
    isDown = false
    expect(await leeway.rollout.rotateKeys()).toMatchObject({ scanned: 1, resealed: 1 })
  })
})
