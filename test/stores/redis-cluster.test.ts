import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisRepository } from '../../src/stores/redis/index.js'
import {
  directoryCases,
  type OpenRepository,
  type RepositoryWithDirectory,
  repositoryCases,
} from '../../src/testing/index.js'
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

      it('each bucket lies in one slot, and users are spread over all nodes', async () => {
        const { repository, close } = await open()
        const users = Array.from({ length: 300 }, (_, at) => `a}:{${at}`)
        await Promise.all(users.map((userId) => repository.find(userId)))
        const prefix = freshPrefix()
        const opened = await driver.openCluster(cluster.port)
        const other = redisRepository(opened.client, { prefix })
        const facts = { startsAt: null, deadline: null, exemptUntil: null, enrolledAt: null, lockedUntil: null }
        const index = { required: false, suspended: false, remindAt: null, ...facts }
        await other.saveMany(
          users.map((userId) => ({
            userId,
            enrollment: { schemaVersion: 1, userId },
            index,
            version: 'v1',
            expected: null,
            events: [],
          })),
        )
        const node = await connected(cluster.port)
        const slots = (await node.cluster('SLOTS')) as [number, number, [string, number]][]
        node.disconnect()
        for (const [, , [, port]] of slots) {
          const own = await connected(port)
          const keys = await own.keys(`${prefix}:*`)
          own.disconnect()
          expect(keys.length).toBeGreaterThan(0)
        }
        await opened.close()
        await close?.()
      })
    })
  }
})
