import { describe, expect, it } from 'vitest'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { repositoryCases } from '../../src/testing/index.js'

describe('the repository in memory', () => {
  for (const { name, run } of repositoryCases(async () => ({ repository: memoryRepository() }))) it(name, run)

  it('is one of its own each time', async () => {
    const [one, other] = [memoryRepository(), memoryRepository()]
    const facts = { startsAt: null, deadline: null, exemptUntil: null, enrolledAt: null, lockedUntil: null }
    await one.save({
      userId: 'ada',
      enrollment: { schemaVersion: 1, userId: 'ada' },
      index: { required: false, suspended: false, remindAt: null, ...facts },
      version: '1',
      expected: null,
      events: [],
    })
    expect(await other.find('ada')).toBe(null)
    expect(Object.isFrozen(one)).toBe(true)
  })
})
