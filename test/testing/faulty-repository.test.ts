import { describe, expect, it } from 'vitest'
import type { EnrollmentChange, EnrollmentRepository } from '../../src/ports/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import {
  faultyRepository,
  type RepositoryCall,
  type RepositoryFault,
  repositoryCases,
} from '../../src/testing/index.js'

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
