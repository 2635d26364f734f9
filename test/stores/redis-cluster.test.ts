import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisRepository } from '../../src/stores/redis/index.js'
import {
  directoryCases,
  type OpenRepository,
  type RepositoryWithDirectory,
  repositoryCases,
} from '../../src/testing/index.js'
import { change } from './redis-changes.js'
import { connected, drivers, freshPrefix, type Opened } from './redis-drivers.js'
import { missing, startCluster, type TestServer } from './redis-servers.js'

describe.skipIf(missing !== null)('redisRepository on a cluster of three nodes', () => {
  let cluster: TestServer
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster.stop())

  for (const driver of drivers) {
    describe(`through ${driver.name}`, () => {
      async function open(): Promise<OpenRepository<RepositoryWithDirectory>> {
        const prefix = freshPrefix()
        const clients: Opened[] = []
        const another = async (): Promise<RepositoryWithDirectory> => {
          const opened = await driver.openCluster(cluster.port)
          clients.push(opened)
          return redisRepository(opened.client, { prefix })
        }
        const close = async (): Promise<void> => {
          for (const client of clients) await client.close()
        }
        return { repository: await another(), another, close }
      }

      for (const { name, run } of repositoryCases(open)) it(name, run)
      for (const { name, run } of directoryCases(open)) it(name, run)

      it('users, whatever their ids, are spread over all nodes, and the keys of a bucket are in one slot', async () => {
        const prefix = freshPrefix()
        const { client, close } = await driver.openCluster(cluster.port)
        // Each tries to have the slot chosen by a part of the id.
        const users = Array.from({ length: 300 }, (_, at) => `{a}:${at}`)
        const outcomes = await redisRepository(client, { prefix }).saveMany(users.map((userId) => change({ userId })))
        expect(new Set(outcomes)).toEqual(new Set(['saved']))
        await close()
        const node = await connected(cluster.port)
        const owners = await node.cluster('SLOTS')
        const slots = new Map<string, Set<number>>()
        for (const [, , [, port]] of owners as unknown as [number, number, [string, number]][]) {
          const owner = await connected(port)
          const keys = await owner.keys(`${prefix}:{*`)
          expect(keys).not.toEqual([])
          for (const key of keys) {
            const [bucket = ''] = key.match(/\{b\d+\}/) ?? []
            const known = slots.get(bucket) ?? new Set()
            slots.set(bucket, known.add(await node.cluster('KEYSLOT', key)))
          }
          owner.disconnect()
        }
        node.disconnect()
        expect(slots.size).toBeGreaterThan(3)
        for (const known of slots.values()) expect(known.size).toBe(1)
      })
    })
  }
})
