import { Buffer } from 'node:buffer'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { createClient, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type EnrollmentIndex, PHASES, phaseOf } from '../../src/enrollment/phase.js'
import { filterConditions, meets } from '../../src/record/conditions.js'
import { type RedisClient, redisRepository } from '../../src/stores/redis/index.js'
import {
  directoryCases,
  type OpenRepository,
  type RepositoryWithDirectory,
  repositoryCases,
} from '../../src/testing/index.js'
import { change } from './redis-changes.js'
import { connected, drivers, freshPrefix, isReachable, type Opened, PORT, removeKeys } from './redis-drivers.js'
import { missing, startServer, type TestServer } from './redis-servers.js'

/** What a call that fails is expected to throw. */
const storeError = (message: RegExp) => ({
  code: 'ERR_STORE',
  message: expect.stringMatching(message) as string,
  cause: expect.any(Error) as Error,
})

/** A client of either package that says what it is asked to run, and may do something else. */
function watched(client: RedisClient, before: (how: string) => void | Promise<void>, times = 1): RedisClient {
  return new Proxy(client, {
    get(target, name) {
      const own = Reflect.get(target, name) as unknown
      if (typeof own !== 'function') return own
      return async (...values: unknown[]) => {
        await before(String(name))
        let reply: unknown
        for (let time = 0; time < times; time++) reply = await own.apply(target, values)
        return reply
      }
    },
  })
}

for (const driver of drivers) {
  describe.runIf(isReachable)(`redisRepository on ${driver.name}`, () => {
    async function open(): Promise<OpenRepository<RepositoryWithDirectory>> {
      const prefix = freshPrefix()
      const clients: Opened[] = []
      const another = async (): Promise<RepositoryWithDirectory> => {
        const opened = await driver.open()
        clients.push(opened)
        return redisRepository(opened.client, { prefix })
      }
      const close = async (): Promise<void> => {
        const redis = await connected()
        await removeKeys(redis, prefix)
        redis.disconnect()
        for (const client of clients) await client.close()
      }
      return { repository: await another(), another, close }
    }

    /** A client, the keys it may use, and what looks at them behind its back. */
    async function setUp(port?: number): Promise<{ client: RedisClient; prefix: string; redis: Redis }> {
      const prefix = freshPrefix()
      const { client, close } = await driver.open(port)
      const redis = await connected(port)
      onTestFinished(async () => {
        await removeKeys(redis, prefix).catch(() => {})
        redis.disconnect()
        await close()
      })
      return { client, prefix, redis }
    }

    describe('keeps the contract of a repository', () => {
      for (const { name, run } of repositoryCases(open)) it(name, run)
    })

    describe('keeps the contract of a directory', () => {
      for (const { name, run } of directoryCases(open)) it(name, run)
    })

    describe('what is written', () => {
      it('is in the four keys of one bucket, whose hash tag no user id can change', async () => {
        const { client, prefix, redis } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 1 })
        const userId = '}{slot}:{'
        await repository.save(change({ userId, index: { ...change().index, lockedUntil: 8.64e15 } }))
        const kinds = ['records', 'index', 'events', 'applied'].map((kind) => `${prefix}:{b0}:${kind}`)
        expect((await redis.keys(`${prefix}:*`)).sort()).toEqual([...kinds, `${prefix}:buckets`].sort())
        expect(await redis.hgetall(`${prefix}:{b0}:records`)).toEqual({
          [userId]:
            'v1\n0,0,,,,,8640000000000000,,\np-o0000000000000000 l8640000000000000\n' +
            `{"schemaVersion":1,"userId":"${userId}"}`,
        })
        expect(await redis.zrange(`${prefix}:{b0}:index`, '0', '-1')).toEqual([
          `l8640000000000000${userId}`,
          `p-o0000000000000000${userId}`,
          `u${userId}\u00000,0,,,,,8640000000000000,,`,
        ])
      })

      it('never expires', async () => {
        const { client, prefix, redis } = await setUp()
        await redisRepository(client, { prefix, buckets: 1 }).save(change())
        for (const key of await redis.keys(`${prefix}:*`)) expect(await redis.ttl(key)).toBe(-1)
      })

      it('goes with the user to the last byte, and nothing of it stays in the index', async () => {
        const { client, prefix, redis } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 1 })
        const index = { ...change().index, required: true, startsAt: 1, deadline: 2, exemptUntil: 3, lockedUntil: 4 }
        await repository.save(change({ index }))
        await repository.save(change({ version: 'v2', expected: 'v1', index: { ...index, deadline: 5, startsAt: 4 } }))
        expect(await repository.remove('ada', 'v2')).toBe('removed')
        const kinds = ['applied', 'buckets']
        expect((await redis.keys(`${prefix}:*`)).map((key) => key.split(':').at(-1)).sort()).toEqual(kinds)
        expect(inspect(await redis.lrange(`${prefix}:{b0}:applied`, 0, -1))).not.toMatch(/ada/)
      })

      it('remembers the last hundred calls of a bucket, and no more', async () => {
        const { client, prefix, redis } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 1 })
        for (let at = 1; at <= 110; at++) {
          await repository.save(change({ version: `v${at}`, expected: at === 1 ? null : `v${at - 1}` }))
        }
        expect(await redis.llen(`${prefix}:{b0}:applied`)).toBe(100)
      })

      it('may be of megabytes', async () => {
        const { client, prefix } = await setUp()
        const repository = redisRepository(client, { prefix })
        const enrollment = { schemaVersion: 1, userId: 'ada', text: '\u{1f600}\n'.repeat(1_000_000) }
        await repository.save(change({ enrollment }))
        expect(await repository.find('ada')).toEqual({ enrollment, version: 'v1' })
      })

      it.each(['CANARY{', 'v1\n0,0,\nsteps\nCANARY{', ''])(
        'that something else has spoilt is refused without being quoted, and not written over (%#)',
        async (spoilt) => {
          const { client, prefix, redis } = await setUp()
          const repository = redisRepository(client, { prefix, buckets: 1 })
          await repository.find('ada')
          await redis.hset(`${prefix}:{b0}:records`, 'ada', spoilt)
          const error = await repository.find('ada').catch((caught: unknown) => caught)
          expect(error).toMatchObject({ code: 'ERR_RECORD' })
          expect(inspect(error)).not.toMatch(/CANARY/)
          expect(await repository.save(change({ version: 'v2' }))).toBe('conflict')
          expect(await redis.hget(`${prefix}:{b0}:records`, 'ada')).toBe(spoilt)
        },
      )
    })

    describe('round trips', () => {
      it('are one for each call, and one more before the first', async () => {
        const { client, prefix } = await setUp()
        const calls: string[] = []
        // Another process has been here: the server knows the scripts.
        const other = redisRepository(client, { prefix, buckets: 1 })
        await other.save(change())
        await other.find('ada')
        await other.remove('ada', 'v1')
        const fresh = redisRepository(
          watched(client, (how) => void calls.push(how.toLowerCase())),
          { prefix, buckets: 1 },
        )
        await fresh.find('ada')
        await fresh.save(change())
        await fresh.remove('ada', 'v1')
        expect(calls).toEqual(['eval', 'evalsha', 'evalsha', 'evalsha'])
      })

      it('of a first call that failed are made again', async () => {
        const { client, prefix } = await setUp()
        let failures = 0
        const failing = watched(client, () => {
          if (failures++ === 0) throw new Error('Connection is closed.')
        })
        const repository = redisRepository(failing, { prefix })
        await expect(repository.find('ada')).rejects.toMatchObject(storeError(/connection was lost/))
        expect(await repository.find('ada')).toBe(null)
      })
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
        fc.asyncProperty(fc.array(index, { maxLength: 20 }), instant, filter, async (all, now, asked) => {
          await removeKeys(redis, prefix)
          const repository = redisRepository(client, { prefix, buckets: 3 })
          // Each is first something else: what was counted before must be gone.
          const users = all.map((facts, at) => ({ userId: `user ${`${at}`.padStart(2, '0')}`, facts }))
          await repository.saveMany(
            users.map(({ userId }, at) => change({ userId, index: all[(at + 1) % all.length] as EnrollmentIndex })),
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
            total: all.length,
            locked: all.filter(({ lockedUntil }) => (lockedUntil ?? 0) > now).length,
          }
          expect(await repository.counts(now)).toEqual({
            ...Object.fromEntries(
              PHASES.map((phase) => [phase, all.filter((facts) => phaseOf(facts, now) === phase).length]),
            ),
            ...expected,
          })
        }),
        { numRuns: 60 },
      )
    })

    describe('a directory', () => {
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
        const between = watched(client, async () => {
          // One opens, the next finds, the third reads.
          if (++calls !== 3) return
          await other.remove('a', 'v1')
          await other.save(change({ userId: 'b', version: 'v2', expected: 'v1' }))
        })
        const repository = redisRepository(between, { prefix, buckets: 1 })
        const found = await repository.list({ locked: true, now: 0, after: null, limit: 2 })
        expect(found.map(({ enrollment }) => enrollment.userId)).toEqual(['c', 'd'])
      })

      it('stops at the first failure: after it has thrown, nothing more is written', async () => {
        const { client, prefix, redis } = await setUp()
        await redisRepository(client, { prefix }).find('ada')
        let calls = 0
        const failing = watched(client, () => {
          if (++calls === 50) throw new Error('Connection is closed.')
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

    describe('a write that the client sends again after reconnecting', () => {
      it('is told by its version, and what it did is the answer', async () => {
        const { client, prefix } = await setUp()
        const repository = redisRepository(client, { prefix })
        const twice = redisRepository(
          watched(client, () => {}, 2),
          { prefix },
        )
        expect(await twice.save(change())).toBe('saved')
        expect(await twice.save(change({ version: 'v2', expected: 'v1' }))).toBe('saved')
        expect(await twice.save(change({ version: 'v3', expected: 'v1' }))).toBe('conflict')
        expect(await repository.find('ada')).toMatchObject({ version: 'v2' })
        expect(await repository.history('ada', { after: null, limit: 10 })).toHaveLength(2)
      })

      it('is told by its name, even when another has written since', async () => {
        const { client, prefix } = await setUp()
        const other = redisRepository(client, { prefix })
        await other.save(change())
        // The first run's answer is lost, another writes over it, and then it is run again.
        const resent = new Proxy(client, {
          get(target, name) {
            const own = Reflect.get(target, name) as unknown
            if (typeof own !== 'function') return own
            return async (...values: unknown[]) => {
              await own.apply(target, values)
              await other.save(change({ version: 'v3', expected: 'v2' }))
              return own.apply(target, values)
            }
          },
        })
        expect(await redisRepository(resent, { prefix }).save(change({ version: 'v2', expected: 'v1' }))).toBe('saved')
        expect(await other.find('ada')).toMatchObject({ version: 'v3' })
      })

      it('is told by its name when it was a removal, which leaves no version', async () => {
        const { client, prefix } = await setUp()
        const twice = redisRepository(
          watched(client, () => {}, 2),
          { prefix },
        )
        await twice.save(change())
        expect(await twice.remove('ada', 'v1')).toBe('removed')
        expect(await twice.remove('ada', 'v1')).toBe('conflict')
      })
    })

    describe('what cannot be is refused at once', () => {
      const client = { eval() {}, evalsha() {} } as never as RedisClient

      it.each([undefined, null, {}, 'redis://localhost', { eval() {} }, { evalsha() {} }])('a client (%#)', (none) => {
        expect(() => redisRepository(none as never)).toThrow(TypeError)
      })

      it.each([
        [null, TypeError],
        [{ prefixes: 'a' }, TypeError],
        [{ prefix: 1 }, TypeError],
        [{ prefix: '' }, RangeError],
        [{ prefix: '{slot}' }, RangeError],
        [{ prefix: 'a b' }, RangeError],
        [{ prefix: 'a'.repeat(101) }, RangeError],
        [{ buckets: '1' }, TypeError],
        [{ buckets: 0 }, RangeError],
        [{ buckets: 4097 }, RangeError],
      ] as const)('options (%#)', (options, error) => {
        expect(() => redisRepository(client, options as never)).toThrow(error)
      })

      it('and what can be is frozen', () => {
        expect(Object.isFrozen(redisRepository(client, { prefix: 'a_Z-9.:/', buckets: 4096 }))).toBe(true)
      })
    })

    describe('a failure says what to change, and nothing is written', () => {
      it('when the data are spread over another number of buckets: users would seem new', async () => {
        const { client, prefix } = await setUp()
        await redisRepository(client, { prefix, buckets: 2 }).save(change())
        const other = redisRepository(client, { prefix, buckets: 3 })
        const refused = {
          code: 'ERR_STORE',
          message: expect.stringMatching(/over 2 buckets: set options.buckets/) as string,
        }
        await expect(other.find('ada')).rejects.toMatchObject(refused)
        await expect(other.save(change())).rejects.toMatchObject(refused)
      })

      it.each(['records', 'index', 'events', 'applied'])('when %s is a key of somebody else', async (kind) => {
        const { client, prefix, redis } = await setUp()
        await redis.set(`${prefix}:{b0}:${kind}`, 'theirs')
        const repository = redisRepository(client, { prefix, buckets: 1 })
        await expect(repository.save(change())).rejects.toMatchObject(storeError(/another options.prefix/))
        expect(await redis.keys(`${prefix}:{*`)).toEqual([`${prefix}:{b0}:${kind}`])
      })
    })
  })

  describe.skipIf(missing !== null)(`redisRepository on ${driver.name} and a server of its own`, () => {
    const closers: (() => Promise<void>)[] = []
    let server: TestServer
    let redis: Redis
    beforeAll(async () => {
      server = await startServer()
      redis = await connected(server.port)
    })
    afterAll(async () => {
      for (const close of closers) await close()
      redis.disconnect()
      await server.stop()
    })
    const opened = async (port = server.port): Promise<RedisClient> => {
      const { client, close } = await driver.open(port)
      closers.push(close)
      return client
    }
    /** A setting for the length of a test. */
    const setting = async (name: string, value: string, back: string): Promise<void> => {
      await redis.config('SET', name, value)
      onTestFinished(() => void redis.config('SET', name, back))
    }

    it('a script that the server has forgotten is sent again, once', async () => {
      const repository = redisRepository(await opened(), { prefix: freshPrefix() })
      await repository.find('ada')
      await redis.script('FLUSH')
      expect(await repository.save(change())).toBe('saved')
      await redis.script('FLUSH')
      expect(await repository.save(change({ version: 'v2', expected: 'v1' }))).toBe('saved')
      await redis.script('FLUSH')
      expect(await repository.find('ada')).toMatchObject({ version: 'v2' })
      expect(await repository.history('ada', { after: null, limit: 10 })).toHaveLength(2)
    })

    it('a server that evicts keys is refused, at first and when it has restarted', async () => {
      const prefix = freshPrefix()
      const repository = redisRepository(await opened(), { prefix, buckets: 1 })
      const refused = storeError(/maxmemory-policy noeviction/)
      await setting('maxmemory', '100mb', '0')
      await setting('maxmemory-policy', 'allkeys-lru', 'noeviction')
      await expect(repository.find('ada')).rejects.toMatchObject(refused)
      await expect(repository.save(change())).rejects.toMatchObject(refused)
      expect(await redis.keys(`${prefix}:*`)).toEqual([])
      await redis.config('SET', 'maxmemory-policy', 'noeviction')
      expect(await repository.save(change())).toBe('saved')
      await redis.config('SET', 'maxmemory-policy', 'volatile-ttl')
      // As a server that comes back knows no script.
      await redis.script('FLUSH')
      await expect(repository.save(change({ version: 'v2', expected: 'v1' }))).rejects.toMatchObject(refused)
      await redis.config('SET', 'maxmemory', '0')
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
    })

    it('memory that is full is said, and what is there can be read and removed', async () => {
      const repository = redisRepository(await opened(), { prefix: freshPrefix() })
      await repository.save(change())
      await setting('maxmemory', '1', '0')
      const refused = repository.save(change({ version: 'v2', expected: 'v1' }))
      await expect(refused).rejects.toMatchObject(storeError(/maxmemory allows is full/))
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      expect(await repository.history('ada', { after: null, limit: 10 })).toHaveLength(1)
      expect(await repository.remove('ada', 'v1')).toBe('removed')
    })

    it('a replica is refused, for reads too', async () => {
      const replica = await startServer(['--replicaof', `127.0.0.1 ${server.port}`])
      closers.push(() => replica.stop())
      const repository = redisRepository(await opened(replica.port), { prefix: freshPrefix() })
      const refused = storeError(/connect to the primary/)
      await expect(repository.find('ada')).rejects.toMatchObject(refused)
      await expect(repository.save(change())).rejects.toMatchObject(refused)
    })

    it('a primary that becomes a replica takes no write', async () => {
      const demoted = await startServer()
      closers.push(() => demoted.stop())
      const repository = redisRepository(await opened(demoted.port), { prefix: freshPrefix() })
      await repository.save(change())
      const admin = await connected(demoted.port)
      await admin.replicaof('127.0.0.1', server.port)
      admin.disconnect()
      const refused = repository.save(change({ version: 'v2', expected: 'v1' }))
      await expect(refused).rejects.toMatchObject(storeError(/connect to the primary/))
    })

    it('replicas that min-replicas-to-write misses are said', async () => {
      const repository = redisRepository(await opened(), { prefix: freshPrefix() })
      await repository.save(change())
      await setting('min-replicas-to-write', '1', '0')
      const refused = repository.save(change({ version: 'v2', expected: 'v1' }))
      await expect(refused).rejects.toMatchObject(storeError(/min-replicas-to-write/))
    })

    it('a user who may not run what is needed is said', async () => {
      const client = await opened()
      const repository = redisRepository(client, { prefix: freshPrefix() })
      await redis.call('ACL', 'SETUSER', 'default', '-info')
      onTestFinished(() => void redis.call('ACL', 'SETUSER', 'default', '+@all'))
      await expect(repository.find('ada')).rejects.toMatchObject(storeError(/does not let this user/))
    })

    it('a lost connection is said, and a write that was not answered is not told saved', async () => {
      const other = await startServer()
      closers.push(() => other.stop())
      const repository = redisRepository(await opened(other.port), { prefix: freshPrefix() })
      await repository.save(change())
      const admin = await connected(other.port)
      await admin.client('PAUSE', 60_000)
      const saving = repository.save(change({ version: 'v2', expected: 'v1' }))
      const refused = expect(saving).rejects.toMatchObject(storeError(/connection was lost/))
      await other.stop()
      await refused
      admin.disconnect()
      await expect(repository.find('ada')).rejects.toMatchObject(storeError(/connection was lost/))
    })
  })
}

describe.skipIf(missing !== null)('redisRepository on ioredis, which sends again by itself', () => {
  it('recognises after a reconnection what it has written', async () => {
    const server = await startServer()
    const client = new Redis({ port: server.port, host: '127.0.0.1', retryStrategy: () => 1 })
    client.on('error', () => {})
    onTestFinished(async () => {
      client.disconnect()
      await server.stop()
    })
    const prefix = freshPrefix()
    const repository = redisRepository(client, { prefix })
    await repository.save(change())
    const admin = await connected(server.port)
    onTestFinished(() => admin.disconnect())
    // The server runs the script, and the connection goes before the answer is read.
    client.stream.pause()
    const saving = repository.save(change({ version: 'v2', expected: 'v1' }))
    const other = redisRepository(admin, { prefix })
    while ((await other.find('ada'))?.version !== 'v2');
    client.stream.destroy()
    expect(await saving).toBe('saved')
  })
})

describe.runIf(isReachable)('a client that answers bytes', () => {
  it('is refused: what is not text would seem not to be there', async () => {
    const client = createClient({ socket: { host: '127.0.0.1', port: PORT } })
    await client.connect()
    onTestFinished(() => client.destroy())
    const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    const prefix = freshPrefix()
    const redis = await connected()
    onTestFinished(() => removeKeys(redis, prefix).then(() => redis.disconnect()))
    await expect(redisRepository(bytes, { prefix }).find('ada')).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringMatching(/type mapping/),
    })
  })
})

describe('a failure that nobody knows', () => {
  it('is passed on as the cause', async () => {
    const cause = new Error('something else')
    const fail = (): Promise<never> => Promise.reject(cause)
    const repository = redisRepository({ eval: fail, evalsha: fail })
    await expect(repository.find('ada')).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: 'Redis failed; the cause says how',
      cause,
    })
  })
})
