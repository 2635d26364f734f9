import { describe, it } from 'vitest'
import { redisRepository } from '../../src/stores/redis/index.js'
import { directoryCases, repositoryCases } from '../../src/testing/index.js'
import { connected, drivers, freshPrefix, isReachable, removeKeys } from './redis-drivers.js'

for (const driver of drivers) {
  describe.runIf(isReachable)(`redisRepository on ${driver.name}`, () => {
    async function open() {
      const prefix = freshPrefix()
      const redis = await connected()
      const clients = [await driver.open()]
      const another = async () => {
        const opened = await driver.open()
        clients.push(opened)
        return redisRepository(opened.client, { prefix })
      }
      const close = async (): Promise<void> => {
        for (const client of clients) await client.close()
        await removeKeys(redis, prefix)
        redis.disconnect()
      }
      const [first] = clients
      if (first === undefined) throw new Error('x')
      return { repository: redisRepository(first.client, { prefix }), another, close }
    }
    describe('keeps the contract of a repository', () => {
      for (const { name, run } of repositoryCases(open)) it(name, run)
    })
    describe('keeps the contract of a directory', () => {
      for (const { name, run } of directoryCases(open)) it(name, run)
    })
  })
}
