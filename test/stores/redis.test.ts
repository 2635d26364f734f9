import { Buffer } from 'node:buffer'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { createClient, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type RedisClient, redisRepository } from '../../src/stores/redis/index.js'
import { repositoryCases } from '../../src/testing/index.js'
import { change } from './redis-changes.js'
import {
  connected,
  drivers,
  freshPrefix,
  isReachable,
  openerOf,
  PORT,
  removeKeys,
  type SetUp,
  setUpOf,
  storeError,
  wrapped,
} from './redis-drivers.js'
import { missing, startServer, type TestServer } from './redis-servers.js'

for (const driver of drivers) {
  describe.runIf(isReachable)(`redisRepository on ${driver.name}`, () => {
    const setUp = (port?: number): Promise<SetUp> => setUpOf(driver, port)

    describe('keeps the contract of a repository', () => {
      for (const { name, run } of repositoryCases(openerOf(driver))) it(name, run)
    })

    describe('what is written', () => {
      it('is in the five keys of one bucket, whose hash tag no user id can change', async () => {
        const { client, prefix, redis } = await setUp()
        const repository = redisRepository(client, { prefix, buckets: 1 })
        const userId = '}{slot}:{'
        const events = change({ userId }).events.map((event) => ({ ...event, details: { required: true } }))
        await repository.save(change({ userId, events, index: { ...change().index, lockedUntil: 8.64e15 } }))
        await repository.pruneHistory(1)
        const kinds = ['records', 'index', 'events', 'applied', 'pruned'].map((kind) => `${prefix}:{b0}:${kind}`)
        expect((await redis.keys(`${prefix}:*`)).sort()).toEqual([...kinds, `${prefix}:buckets`].sort())
        expect(await redis.hgetall(`${prefix}:{b0}:records`)).toEqual({
          [userId]: `v1\n0,0,,,,,8640000000000000,,\nfo00 l8640000000000000\n{"schemaVersion":1,"userId":"${userId}"}`,
        })
        expect(await redis.zrange(`${prefix}:{b0}:index`, '0', '-1')).toEqual([
          `fo00${userId}`,
          `h0000000000000001${userId}\0v1`,
          `l8640000000000000${userId}`,
          `m0000000000000001=+${userId}\0v1`,
          `u${userId}\u00000,0,,,,,8640000000000000,,`,
        ])
        expect(await redis.zrange(`${prefix}:{b0}:events`, '0', '-1')).toEqual([
          `${userId}\0v1\u00000000000000000001=+\0` +
            '{"type":"code-rejected","actor":null,"reason":null,"details":{"required":true}}',
        ])
        expect(await redis.get(`${prefix}:{b0}:pruned`)).toBe('0000000000000001')
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
          wrapped(client, (how, make) => {
            calls.push(how)
            return make()
          }),
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
        const failing = wrapped(client, async (_, make) => {
          if (failures++ === 0) throw new Error('Connection is closed.')
          return make()
        })
        const repository = redisRepository(failing, { prefix })
        await expect(repository.find('ada')).rejects.toMatchObject(storeError(/connection was lost/))
        expect(await repository.find('ada')).toBe(null)
      })
    })

    describe('a write that the client sends again after reconnecting', () => {
      const again = async (_: string, make: () => Promise<unknown>): Promise<unknown> => {
        await make()
        return make()
      }

      it('is told by its version, and what it did is the answer', async () => {
        const { client, prefix } = await setUp()
        const repository = redisRepository(client, { prefix })
        const twice = redisRepository(wrapped(client, again), { prefix })
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
        const resent = wrapped(client, async (_, make) => {
          await make()
          await other.save(change({ version: 'v3', expected: 'v2' }))
          return make()
        })
        expect(await redisRepository(resent, { prefix }).save(change({ version: 'v2', expected: 'v1' }))).toBe('saved')
        expect(await other.find('ada')).toMatchObject({ version: 'v3' })
      })

      it('is told by its name when it was a removal, which leaves no version', async () => {
        const { client, prefix } = await setUp()
        const twice = redisRepository(wrapped(client, again), { prefix })
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

      it.each(['records', 'index', 'events', 'applied', 'pruned'])(
        'when %s is a key of somebody else',
        async (kind) => {
          const { client, prefix, redis } = await setUp()
          await redis.sadd(`${prefix}:{b0}:${kind}`, 'theirs')
          const repository = redisRepository(client, { prefix, buckets: 1 })
          await expect(repository.save(change())).rejects.toMatchObject(storeError(/another options.prefix/))
          expect(await redis.keys(`${prefix}:{*`)).toEqual([`${prefix}:{b0}:${kind}`])
        },
      )
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
