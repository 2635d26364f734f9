import { inspect } from 'node:util'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type EnrollmentIndex, PHASES, phaseOf } from '../../src/enrollment/phase.js'
import type { EnrollmentChange } from '../../src/ports/index.js'
import { filterConditions, meets } from '../../src/record/conditions.js'
import { redisRepository } from '../../src/stores/redis/index.js'
import { directoryCases, type RepositoryWithDirectory } from '../../src/testing/index.js'
import { change } from './redis-changes.js'
import {
  connected,
  drivers,
  isReachable,
  openerOf,
  removeKeys,
  type SetUp,
  setUpOf,
  storeError,
  wrapped,
} from './redis-drivers.js'
import { missing, startServer } from './redis-servers.js'

const NOTHING = change().index
const page = { after: null, limit: 1000 }

/** An event that a save of `change()` may come with. */
function event(id: string, at: number, details: EnrollmentChange['events'][number]['details'] = {}, userId = 'ada') {
  return { id, type: 'code-rejected', userId, at, actor: null, reason: null, details } as const
}

/** So many new users, each with an event at one of the instants 0 to 9, in turn. */
const everybody = (count: number): EnrollmentChange[] =>
  Array.from({ length: count }, (_, at) => {
    const userId = `user ${at}`
    return change({ userId, events: [event('1', at % 10, {}, userId)] })
  })

/** What the index of the only bucket has of events. */
async function indexed(redis: Redis, prefix: string): Promise<string[]> {
  const members = await redis.zrange(`${prefix}:{b0}:index`, '0', '-1')
  return members.filter((member) => /^[hm]/.test(member))
}

for (const driver of drivers) {
  describe.runIf(isReachable)(`the directory of redisRepository on ${driver.name}`, () => {
    const setUp = (): Promise<SetUp> => setUpOf(driver)

    describe('keeps the contract', () => {
      for (const { name, run } of directoryCases(openerOf(driver))) it(name, run)
    })

    it('phases, deadlines and locks are those of the pure functions, for any facts at any time', async () => {
      const { client, prefix, redis } = await setUp()
      // A few instants, so that they meet, and the ends of time.
      const instant = fc.constantFrom(0, 1, 2, 3, 4, 8.64e15 - 1, 8.64e15)
      const fact = fc.option(instant, { freq: 2 })
      const index: fc.Arbitrary<EnrollmentIndex> = fc.record({
        required: fc.boolean(),
        suspended: fc.boolean(),
        startsAt: fact,
        deadline: fact,
        exemptUntil: fact,
        enrolledAt: fact,
        lockedUntil: fact,
        remindAt: fact,
      })
      const filter = fc.record(
        { phase: fc.constantFrom(...PHASES), deadlineBefore: instant, locked: fc.boolean() },
        { requiredKeys: [] },
      )
      await fc.assert(
        fc.asyncProperty(fc.array(index, { maxLength: 20 }), instant, filter, async (crowd, now, asked) => {
          await removeKeys(redis, prefix)
          const repository = redisRepository(client, { prefix, buckets: 3 })
          // Each is first something else: what was counted before must be gone.
          const users = crowd.map((facts, at) => ({ userId: `user ${`${at}`.padStart(2, '0')}`, facts }))
          await repository.saveMany(
            users.map(({ userId }, at) => change({ userId, index: crowd[(at + 1) % crowd.length] as EnrollmentIndex })),
          )
          await repository.saveMany(
            users.map(({ userId, facts }) => change({ userId, index: facts, version: 'v2', expected: 'v1' })),
          )
          const conditions = filterConditions(asked, now)
          const listed = await repository.list({ ...asked, now, after: null, limit: 1000 })
          expect(listed.map(({ enrollment }) => enrollment.userId)).toEqual(
            users
              .filter(({ facts }) => conditions.every((condition) => meets(facts, condition)))
              .map(({ userId }) => userId),
          )
          const expected = {
            total: crowd.length,
            locked: crowd.filter(({ lockedUntil }) => (lockedUntil ?? 0) > now).length,
          }
          expect(await repository.totals()).toEqual({
            enrolled: crowd.filter(({ enrolledAt }) => enrolledAt !== null).length,
            required: crowd.filter(({ required }) => required).length,
          })
          expect(await repository.counts(now)).toEqual({
            ...Object.fromEntries(
              PHASES.map((phase) => [phase, crowd.filter((facts) => phaseOf(facts, now) === phase).length]),
            ),
            ...expected,
          })
        }),
        { numRuns: 60 },
      )
    })

    describe('a list', () => {
      it('reads on where a page of what was looked at holds nobody', async () => {
        const { client, prefix } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 1 })
        const users = Array.from({ length: 2100 }, (_, at) => `${at}`.padStart(4, '0'))
        const locked = { ...change().index, lockedUntil: 10 }
        await repository.saveMany(
          users.map((userId) => change({ userId, ...(userId === '2050' ? { index: locked } : {}) })),
        )
        const found = await repository.list({ locked: true, now: 0, after: null, limit: 5 })
        expect(found.map(({ enrollment }) => enrollment.userId)).toEqual(['2050'])
        expect((await repository.findMany([...users, 'nobody'])).size).toBe(2100)
      })

      it('leaves out who went or changed after being found, and fills the page with others', async () => {
        const { client, prefix } = await setUp()
        const other = redisRepository(client, { prefix, buckets: 1 })
        const locked = { ...change().index, lockedUntil: 10 }
        await other.saveMany(['a', 'b', 'c', 'd'].map((userId) => change({ userId, index: locked })))
        let calls = 0
        const between = wrapped(client, async (_, make) => {
          // One opens, the next finds, the third reads.
          if (++calls === 3) {
            await other.remove('a', 'v1')
            await other.save(change({ userId: 'b', version: 'v2', expected: 'v1' }))
          }
          return make()
        })
        const repository = redisRepository(between, { prefix, buckets: 1 })
        const found = await repository.list({ locked: true, now: 0, after: null, limit: 2 })
        expect(found.map(({ enrollment }) => enrollment.userId)).toEqual(['c', 'd'])
      })

      it('stops at the first failure: after it has thrown, nothing more is written', async () => {
        const { client, prefix, redis } = await setUp()
        await redisRepository(client, { prefix }).find('ada')
        let calls = 0
        const failing = wrapped(client, async (_, make) => {
          if (++calls === 50) throw new Error('Connection is closed.')
          return make()
        })
        const users = Array.from({ length: 500 }, (_, at) => `user ${at}`)
        const saving = redisRepository(failing, { prefix }).saveMany(users.map((userId) => change({ userId })))
        await expect(saving).rejects.toMatchObject(storeError(/connection was lost/))
        const count = async (): Promise<number> => {
          const keys = await redis.keys(`${prefix}:{*:records`)
          const lengths = await Promise.all(keys.map((key) => redis.hlen(key)))
          return lengths.reduce((sum, length) => sum + length, 0)
        }
        const written = await count()
        expect(written).toBeLessThan(500)
        // What was sent before is answered before this is.
        await redisRepository(client, { prefix }).find('ada')
        expect(await count()).toBe(written)
      })
    })

    describe('reminders', () => {
      it('that are due are all that is read, however many there are', async () => {
        const { client, prefix } = await setUp()
        const replies: unknown[] = []
        const counting = wrapped(client, async (_, make) => {
          const reply = await make()
          replies.push(reply)
          return reply
        })
        const repository = redisRepository(counting, { prefix, buckets: 4 })
        const users = Array.from({ length: 500 }, (_, at) => ({ userId: `user ${at}`, remindAt: 1000 + at }))
        await repository.saveMany(
          users.map(({ userId, remindAt }) => change({ userId, index: { ...NOTHING, remindAt } })),
        )
        replies.length = 0
        const due = await repository.due({ now: 1002, ...page })
        expect(due).toEqual(users.slice(0, 3))
        expect(replies).toHaveLength(4)
        expect(replies.flat()).toHaveLength(3)
        replies.length = 0
        expect(await repository.due({ now: 999, ...page })).toEqual([])
        expect(replies.flat()).toEqual([])
      })

      it('of a page that one bucket has all of are read on from there', async () => {
        const { client, prefix, redis } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 2 })
        await repository.saveMany(everybody(300))
        const users = (await redis.hkeys(`${prefix}:{b1}:records`)).sort()
        await repository.saveMany(
          users.map((userId) => change({ userId, version: 'v2', expected: 'v1', index: { ...NOTHING, remindAt: 5 } })),
        )
        const due = await repository.due({ now: 5, after: null, limit: 100 })
        expect(due.map(({ userId }) => userId)).toEqual(users.slice(0, 100))
      })
    })

    describe('movements', () => {
      it('are of the events that moved something, and no other is in the index for them', async () => {
        const { client, prefix, redis } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 1 })
        const events = [
          event('1', 1, { required: true }),
          event('2', 2),
          event('3', 3, { required: true, enrolled: false }),
        ]
        await repository.save(change({ events }))
        expect(await indexed(redis, prefix)).toEqual([
          'h0000000000000001ada\u00001',
          'm0000000000000001=+ada\u00001',
          'm0000000000000003-+ada\u00003',
        ])
        expect(await all(repository.movements(0))).toEqual([
          { at: 3, enrolled: -1, required: 1 },
          { at: 1, enrolled: 0, required: 1 },
        ])
      })

      it('are read a page at a time, by those who go on', async () => {
        const { client, prefix } = await setUp()
        let calls = 0
        const counting = wrapped(client, (_, make) => {
          calls += 1
          return make()
        })
        const repository = redisRepository(counting, { prefix, buckets: 1 })
        const events = Array.from({ length: 250 }, (_, at) => event(`${100 + at}`, at, { enrolled: at % 2 === 0 }))
        await repository.save(change({ events }))
        calls = 0
        for await (const { at } of repository.movements(0)) {
          expect(calls).toBe(Math.ceil((250 - at) / 100))
          if (at === 100) break
        }
        expect(calls).toBe(2)
        expect(await all(repository.movements(0))).toHaveLength(250)
      })

      it('of the same millisecond are one, in one page', async () => {
        const { client, prefix } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 2 })
        await repository.saveMany(
          ['a', 'b', 'c', 'd'].map((userId) => change({ userId, events: [event('1', 7, { required: true }, userId)] })),
        )
        expect(await all(repository.movements(7))).toEqual([{ at: 7, enrolled: 0, required: 4 }])
      })
    })

    describe('pruning', () => {
      it('deletes what is before, for any clocks, and what stays can be found by the next', async () => {
        const { client, prefix, redis } = await setUp()
        const instant = fc.oneof(fc.nat(6), fc.constantFrom(8.64e15 - 1, 8.64e15))
        const user = fc.constantFrom('a', 'ab', '0', '\u{1f600}')
        const step = fc.oneof(
          fc.record({ userId: user, times: fc.array(instant, { maxLength: 4 }), flips: fc.boolean() }),
          fc.record({ before: instant }),
          fc.record({ removed: user }),
        )
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
            await removeKeys(redis, prefix)
            const repository = redisRepository(client, { prefix, buckets: 1 })
            const told = new Map<string, EnrollmentChange['events'][number][]>()
            let count = 0
            for (const one of steps) {
              if ('before' in one) {
                const events = [...told.values()].flat().length
                for (const [userId, mine] of told) {
                  told.set(
                    userId,
                    mine.filter(({ at }) => at >= one.before),
                  )
                }
                const left = [...told.values()].flat().length
                expect(await repository.pruneHistory(one.before)).toBe(events - left)
              } else if ('removed' in one) {
                const stored = await repository.find(one.removed)
                if (stored !== null) await repository.remove(one.removed, stored.version)
                told.delete(one.removed)
              } else {
                const { userId, times, flips } = one
                const details = flips ? { enrolled: true } : {}
                const events = times.map((at) => event(`${++count}`.padStart(3, '0'), at, details, userId))
                const expected = (await repository.find(userId))?.version ?? null
                await repository.save(change({ userId, expected, version: `v${++count}`, events }))
                told.set(userId, [...(told.get(userId) ?? []), ...events])
              }
              for (const userId of ['a', 'ab', '0', '\u{1f600}']) {
                expect(await repository.history(userId, page)).toEqual(told.get(userId) ?? [])
              }
              const sum = (await all(repository.movements(0))).reduce((so, { enrolled }) => so + enrolled, 0)
              expect(sum).toBe([...told.values()].flat().filter(({ details }) => 'enrolled' in details).length)
            }
            await repository.pruneHistory(8.64e15)
            for (const [userId, mine] of told) {
              expect(await repository.history(userId, page)).toEqual(mine.filter(({ at }) => at === 8.64e15))
              const stored = await repository.find(userId)
              await repository.remove(userId, stored?.version ?? '')
            }
            expect(await redis.keys(`${prefix}:{b0}:[ie]*`)).toEqual([])
          }),
          { numRuns: 60 },
        )
      })

      it('finds old events by one member of a user in the index, as long as the clock goes forward', async () => {
        const { client, prefix, redis } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 1 })
        await repository.save(change({ events: [event('1', 5), event('2', 5), event('3', 6)] }))
        await repository.save(change({ version: 'v2', expected: 'v1', events: [event('4', 6), event('5', 7)] }))
        expect(await indexed(redis, prefix)).toEqual(['h0000000000000005ada\u00001'])
        await repository.save(change({ version: 'v3', expected: 'v2', events: [event('6', 4), event('7', 4)] }))
        expect(await indexed(redis, prefix)).toEqual(['h0000000000000004ada\u00006', 'h0000000000000005ada\u00001'])
        await repository.pruneHistory(6)
        expect(await indexed(redis, prefix)).toEqual(['h0000000000000006ada\u00003'])
      })

      it('goes in steps that others can write between, and deletes none of what they write', async () => {
        const { client, prefix } = await setUp()
        const other = redisRepository(client, { prefix, buckets: 1 })
        const events = Array.from({ length: 600 }, (_, at) => event(`${1000 + at}`, at))
        await other.save(change({ events }))
        const left: number[] = []
        const between = wrapped(client, async (how, make) => {
          const reply = await make()
          if (how !== 'evalsha') return reply
          left.push((await other.history('ada', page)).length)
          await other.save(
            change({
              version: `v${left.length + 1}`,
              expected: `v${left.length}`,
              events: [event(`${2000 + left.length}`, 999)],
            }),
          )
          return reply
        })
        expect(await redisRepository(between, { prefix, buckets: 1 }).pruneHistory(600)).toBe(600)
        // One is written after each step, and counted with the next.
        expect(left).toEqual([350, 101, 2])
        expect(await other.history('ada', page)).toHaveLength(3)
      })

      it('is known with the first event that goes, and never moves back', async () => {
        const { client, prefix } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 2 })
        await repository.saveMany(everybody(1000))
        expect(await repository.prunedBefore()).toBe(null)
        let calls = 0
        const failing = wrapped(client, async (how, make) => {
          if (how === 'evalsha' && ++calls > 1) throw new Error('Connection is closed.')
          return make()
        })
        const cut = redisRepository(failing, { prefix, buckets: 2 }).pruneHistory(5)
        await expect(cut).rejects.toMatchObject(storeError(/connection was lost/))
        expect(await repository.prunedBefore()).toBe(5)
        const stayed = (await Promise.all(everybody(1000).map(({ userId }) => repository.history(userId, page)))).flat()
        expect(stayed).toHaveLength(750)
        expect(await repository.pruneHistory(4)).toBeLessThan(400)
        expect(await repository.prunedBefore()).toBe(5)
        await repository.pruneHistory(5)
        expect(await repository.pruneHistory(6)).toBe(100)
        expect(await repository.prunedBefore()).toBe(6)
      })

      it('by two processes at once deletes each event once', async () => {
        const { client, prefix } = await setUp()
        const another = await driver.open()
        onTestFinished(another.close)
        const both = [client, another.client].map((one) => redisRepository(one, { prefix, buckets: 3 }))
        const [repository] = both as [RepositoryWithDirectory]
        await repository.saveMany(everybody(3000))
        const removed = await Promise.all(both.map((one) => one.pruneHistory(9)))
        expect(removed.reduce((one, other) => one + other)).toBe(2700)
        expect(await repository.pruneHistory(9)).toBe(0)
      })

      it.skipIf(missing !== null)('makes room where memory is full', async () => {
        const server = await startServer()
        const { client, close } = await driver.open(server.port)
        const admin = await connected(server.port)
        onTestFinished(async () => {
          await close()
          admin.disconnect()
          await server.stop()
        })
        const repository = redisRepository(client, { buckets: 2 })
        await repository.saveMany(everybody(10))
        await admin.config('SET', 'maxmemory', '1')
        await expect(repository.save(change())).rejects.toMatchObject(storeError(/maxmemory allows is full/))
        expect(await repository.pruneHistory(0)).toBe(0)
        expect(await repository.pruneHistory(5)).toBe(5)
        expect(await repository.prunedBefore()).toBe(5)
      })
    })

    it('an event that something else has spoilt is refused without being quoted', async () => {
      const { client, prefix, redis } = await setUp()
      const repository = redisRepository(client, { prefix, buckets: 1 })
      await repository.save(change({ events: [] }))
      await redis.zadd(`${prefix}:{b0}:events`, 0, 'ada\u00001\u0000CANARY')
      const error = await repository.history('ada', page).catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code: 'ERR_RECORD' })
      expect(inspect(error)).not.toMatch(/CANARY/)
    })

    it('refuses what is no instant, no number and no order', async () => {
      const { client, prefix } = await setUp()
      const repository = redisRepository(client, { prefix })
      const bad = '0' as unknown as number
      await expect(repository.list({ ...page, now: bad })).rejects.toThrow(TypeError)
      await expect(repository.list({ ...page, now: 0, deadlineBefore: bad })).rejects.toThrow(TypeError)
      await expect(repository.list({ now: 0, after: null, limit: 0 })).rejects.toThrow(RangeError)
      await expect(repository.counts(bad)).rejects.toThrow(TypeError)
      await expect(repository.deadlines({ edges: [1, 0], now: 0 })).rejects.toThrow(RangeError)
      await expect(repository.due({ ...page, now: bad })).rejects.toThrow(TypeError)
      await expect(repository.due({ now: 0, after: null, limit: 0 })).rejects.toThrow(RangeError)
      await expect(repository.due({ ...page, now: 0, after: { userId: 'ada', remindAt: -1 } })).rejects.toThrow(
        RangeError,
      )
      await expect(all(repository.movements(-1))).rejects.toThrow(RangeError)
      await expect(repository.history('ada', { after: null, limit: -1 })).rejects.toThrow(RangeError)
      await expect(repository.pruneHistory(0.5)).rejects.toThrow(RangeError)
    })
  })
}

/** All that is iterated over. */
async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}
