import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import type { RedisClient } from '../../src/stores/redis/index.js'
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
