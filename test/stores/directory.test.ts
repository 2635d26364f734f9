import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EnrollmentIndex, PHASES, phaseOf } from '../../src/enrollment/phase.js'
import type { DirectoryQuery, EnrollmentDirectory, RolloutFilter } from '../../src/ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository } from '../../src/ports/index.js'
import { filterConditions, meets, STOPPABLE } from '../../src/record/conditions.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import * as postgres from '../../src/stores/postgres/index.js'
import * as sqlite from '../../src/stores/sqlite/index.js'
import { arbitraries, directoryCases } from '../../src/testing/index.js'
import { drivers, dropTables, freshTable } from './postgres-drivers.js'

type Repository = EnrollmentRepository & EnrollmentDirectory

interface Store {
  name: string
  isHere: boolean
  /** Opens it once, and answers how to get it empty. */
  open(): Promise<{ empty(): Promise<Repository>; close(): Promise<void> }>
}

const onPostgres = (name: string): Store => {
  const driver = drivers.find((one) => one.name === name) as (typeof drivers)[number]
  return {
    name,
    isHere: driver.isHere,
    async open() {
      const table = freshTable()
      const { db, run, close } = await driver.open()
      await postgres.migrate(db, { table })
      const repository = postgres.postgresRepository(db, { table })
      return {
        async empty() {
          await run(`TRUNCATE ${table}, ${table}_events, ${table}_prunings`)
          return repository
        },
        async close() {
          await run(dropTables(table))
          await close()
        },
      }
    },
  }
}

const stores: readonly Store[] = [
  {
    name: 'memory',
    isHere: true,
    open: async () => ({ empty: async () => memoryRepository(), close: async () => {} }),
  },
  {
    name: 'SQLite',
    isHere: true,
    async open() {
      const db = new Libsql(':memory:')
      await sqlite.migrate(db)
      const repository = sqlite.sqliteRepository(db)
      return {
        async empty() {
          db.exec('DELETE FROM leeway; DELETE FROM leeway_events; DELETE FROM leeway_prunings')
          return repository
        },
        close: async () => void db.close(),
      }
    },
  },
  onPostgres('PGlite'),
  onPostgres('Pool of pg'),
  onPostgres('postgres'),
]

/** Instants that meet: the same few for records and for clocks, so that every boundary is hit. */
const instant = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom(8.64e15 - 1, 8.64e15))
const maybe = fc.option(instant, { nil: null })
const facts: fc.Arbitrary<EnrollmentIndex> = fc.record({
  required: fc.boolean(),
  startsAt: maybe,
  deadline: maybe,
  exemptUntil: maybe,
  suspended: fc.boolean(),
  enrolledAt: maybe,
  lockedUntil: maybe,
  remindAt: maybe,
})
/** Few characters, and such as are ordered otherwise by UTF-16 units, by people and by case. */
const crowdedId = fc.string({
  unit: fc.constantFrom('a', 'B', 'é', '\ud7ff', '\uffff', '\u{10000}', '\u{10ffff}', ' ', '%', '_'),
  minLength: 1,
  maxLength: 4,
})
const userId = fc.oneof(crowdedId, arbitraries(fc).userId())
const crowd = fc.uniqueArray(fc.tuple(userId, facts), { selector: ([id]) => id, maxLength: 25 })
const filter: fc.Arbitrary<RolloutFilter> = fc.record(
  {
    phase: fc.constantFrom(...PHASES, undefined),
    deadlineBefore: instant,
    locked: fc.boolean(),
    userIdPrefix: fc.oneof(fc.constant(''), crowdedId),
  },
  { requiredKeys: [] },
)

let version = 0
function changeOf(id: string, index: EnrollmentIndex): EnrollmentChange {
  version += 1
  return {
    userId: id,
    enrollment: { schemaVersion: 1, userId: id },
    index,
    version: version.toString(16).padStart(32, '0'),
    expected: null,
    events: [],
  }
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

for (const store of stores) {
  describe.runIf(store.isHere)(`the directory on ${store.name}`, () => {
    let opened: Awaited<ReturnType<Store['open']>>
    beforeAll(async () => {
      opened = await store.open()
    })
    afterAll(() => opened.close())

    for (const { name, run } of directoryCases(async () => ({ repository: await opened.empty() }))) it(name, run)

    it('lists exactly whom a filter lets through, page after page, in the order of bytes', async () => {
      const property = fc.asyncProperty(
        crowd,
        fc.array(fc.tuple(filter, instant), { minLength: 4, maxLength: 8 }),
        fc.integer({ min: 1, max: 7 }),
        async (users, asked, limit) => {
          const repository = await opened.empty()
          await repository.saveMany(users.map(([id, index]) => changeOf(id, index)))
          for (const [given, now] of asked) {
            const expected = users
              .filter(([id, index]) => {
                const isInPhase = given.phase === undefined || phaseOf(index, now) === given.phase
                return (
                  isInPhase &&
                  id.startsWith(given.userIdPrefix ?? '') &&
                  filterConditions(given, now).every((condition) => meets(index, condition))
                )
              })
              .map(([id]) => id)
              .sort(byBytes)
            expect(await walk(repository, { ...given, now, after: null, limit })).toEqual(expected)
          }
        },
      )
      await fc.assert(property, { numRuns: 25 })
    })

    it('counts what the phases of the records are, and the deadlines between edges', async () => {
      const edges = fc.array(instant, { maxLength: 12 }).map((some) => some.sort((one, other) => one - other))
      const property = fc.asyncProperty(
        crowd,
        fc.array(instant, { minLength: 3, maxLength: 6 }),
        edges,
        async (users, clocks, between) => {
          const repository = await opened.empty()
          await repository.saveMany(users.map(([id, index]) => changeOf(id, index)))
          const indexes = users.map(([, index]) => index)
          for (const now of clocks) {
            const phases = PHASES.map((phase) => [
              phase,
              indexes.filter((index) => phaseOf(index, now) === phase).length,
            ])
            const locked = indexes.filter(({ lockedUntil }) => lockedUntil !== null && now < lockedUntil).length
            expect(await repository.counts(now)).toEqual({ ...Object.fromEntries(phases), total: users.length, locked })
          }
          const counted = between.slice(1).map((end, at) => {
            const isIn = (deadline: number | null): boolean =>
              deadline !== null && deadline >= (between[at] as number) && deadline < end
            return indexes.filter(
              (index) => STOPPABLE.every((condition) => meets(index, condition)) && isIn(index.deadline),
            ).length
          })
          expect(await repository.deadlines({ edges: between, now: 0 })).toEqual(counted)
        },
      )
      await fc.assert(property, { numRuns: 25 })
    })

    it('refuses what would not be a number in its statements', async () => {
      const repository = await opened.empty()
      const page: DirectoryQuery = { now: 0, after: null, limit: 1 }
      const bad = '0; DROP TABLE leeway' as unknown as number
      await expect(repository.list({ ...page, now: bad })).rejects.toThrow(TypeError)
      await expect(repository.list({ ...page, limit: bad })).rejects.toThrow(TypeError)
      await expect(repository.list({ ...page, limit: 0 })).rejects.toThrow(RangeError)
      await expect(repository.list({ ...page, deadlineBefore: bad })).rejects.toThrow(TypeError)
      await expect(repository.counts(bad)).rejects.toThrow(TypeError)
      await expect(repository.deadlines({ edges: [0, bad], now: 0 })).rejects.toThrow(TypeError)
      await expect(repository.deadlines({ edges: [1, 0], now: 0 })).rejects.toThrow(RangeError)
      await expect(repository.history('ada', { after: null, limit: -1 })).rejects.toThrow(RangeError)
    })
  })
}

/** All pages, each after the last of the one before. */
async function walk(repository: Repository, query: DirectoryQuery): Promise<string[]> {
  const ids: string[] = []
  for (let after = query.after; ; after = ids.at(-1) as string) {
    const page = await repository.list({ ...query, after })
    ids.push(...page.map(({ enrollment }) => enrollment.userId))
    if (page.length < query.limit) return ids
  }
}
