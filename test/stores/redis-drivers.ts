import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { expect, onTestFinished } from 'vitest'
import { type RedisClient, redisRepository } from '../../src/stores/redis/index.js'
import type { OpenRepository, RepositoryWithDirectory } from '../../src/testing/index.js'
import { reachable } from './servers.js'

/** Where the server is, or the one that CI starts. */
export const PORT: number = Number(process.env['REDIS_PORT'] ?? 6379)
const host = '127.0.0.1'

/** Whether the server answers; asked once. */
export const isReachable: boolean = await reachable('Redis', async () => {
  const client = new Redis({ host, port: PORT, lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
  } finally {
    client.disconnect()
  }
})

/** A client that is connected, and how to put it away. */
export interface Opened {
  client: RedisClient
  close(): Promise<void>
}

export interface Driver {
  name: string
  /** Connects to one server. */
  open(port?: number): Promise<Opened>
  /** Connects to a cluster that one of its nodes tells of. */
  openCluster(port: number): Promise<Opened>
}

/** Each gives up at once when the connection is lost: what waits for ever shows nothing. */
export const drivers: readonly Driver[] = [
  {
    name: 'ioredis',
    async open(port = PORT) {
      const client = new Redis({ host, port, lazyConnect: true, retryStrategy: () => null })
      client.on('error', () => {})
      await client.connect()
      return { client, close: async () => client.disconnect() }
    },
    async openCluster(port) {
      const client = new Cluster([{ host, port }], { lazyConnect: true, scaleReads: 'slave' })
      client.on('error', () => {})
      await client.connect()
      return { client, close: async () => client.disconnect() }
    },
  },
  {
    name: 'node-redis',
    async open(port = PORT) {
      const client = createClient({ socket: { host, port, reconnectStrategy: false } })
      client.on('error', () => {})
      await client.connect()
      return { client, close: async () => client.destroy() }
    },
    async openCluster(port) {
      const client = createCluster({ rootNodes: [{ socket: { host, port } }], useReplicas: true })
      client.on('error', () => {})
      await client.connect()
      return { client, close: async () => client.destroy() }
    },
  },
]

/** A prefix that no other run has. */
export const freshPrefix = (): string => `leeway-test:${randomBytes(6).toString('hex')}`

/** A connection of the tests' own, to look behind the store's back. */
export async function connected(port: number = PORT): Promise<Redis> {
  const redis = new Redis({ host, port, lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => {})
  await redis.connect()
  return redis
}

/** Takes the keys of a prefix away again. */
export async function removeKeys(redis: Redis, prefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1000 })) {
    if (keys.length > 0) await redis.unlink(...keys)
  }
}

/** What a test works with: a client, the keys it may use, and what looks at them behind its back. */
export interface SetUp {
  client: RedisClient
  prefix: string
  redis: Redis
}

/** Connects for the length of a test, and leaves no key behind. */
export async function setUpOf(driver: Driver, port?: number): Promise<SetUp> {
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

/** How the cases that every store must pass get a repository, and more connections to it. */
export function openerOf(driver: Driver): () => Promise<OpenRepository<RepositoryWithDirectory>> {
  return async () => {
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
}

/** A client of either package with something around each call: told how it is made, and how to make it. */
export function wrapped(
  client: RedisClient,
  around: (how: string, make: () => Promise<unknown>) => Promise<unknown>,
): RedisClient {
  return new Proxy(client, {
    get(target, name) {
      const own = Reflect.get(target, name) as unknown
      if (typeof own !== 'function') return own
      return (...values: unknown[]) => around(String(name).toLowerCase(), async () => own.apply(target, values))
    },
  })
}

/** What a call that fails is expected to throw. */
export const storeError = (message: RegExp) => ({
  code: 'ERR_STORE',
  message: expect.stringMatching(message) as string,
  cause: expect.any(Error) as Error,
})
