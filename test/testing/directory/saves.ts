import type { EnrollmentChange } from '../../../src/ports/index.js'
import { type Broken, but, directory, put } from './sound.js'

export const BROKEN_SAVES: Broken = {
  'stop saveMany at the first conflict': but(({ save }) => ({
    async saveMany(changes) {
      const outcomes: ('saved' | 'conflict')[] = []
      for (const change of changes) outcomes.push(outcomes.includes('conflict') ? 'conflict' : await save(change))
      return outcomes
    },
  })),
  'undo all of saveMany at a conflict': but(({ rows, save }) => ({
    async saveMany(changes) {
      const before = new Map(rows)
      const outcomes: ('saved' | 'conflict')[] = []
      for (const change of changes) outcomes.push(await save(change))
      if (!outcomes.includes('conflict')) return outcomes
      rows.clear()
      for (const [userId, row] of before) rows.set(userId, row)
      return changes.map(() => 'conflict')
    },
  })),
  'answer saveMany by outcome, not in order': but(({ saveMany }) => ({
    saveMany: async (changes) => [...(await saveMany(changes))].sort(),
  })),
  'answer saveMany with those saved': but(({ saveMany }) => ({
    saveMany: async (changes) => (await saveMany(changes)).filter((outcome) => outcome === 'saved'),
  })),
  'look at all versions, then save many': but(({ rows }) => ({
    async saveMany(changes) {
      const versions = changes.map(({ userId }) => rows.get(userId)?.version ?? null)
      const outcomes = changes.map(({ expected }, at) => (versions[at] === expected ? 'saved' : 'conflict'))
      for (const [at, change] of changes.entries()) if (outcomes[at] === 'saved') put(rows, change)
      return outcomes
    },
  })),
  'look, then save many': but(({ rows }) => ({
    async saveMany(changes) {
      const outcomes: ('saved' | 'conflict')[] = []
      for (const change of changes) {
        const matches = (rows.get(change.userId)?.version ?? null) === change.expected
        await null
        if (matches) put(rows, change)
        outcomes.push(matches ? 'saved' : 'conflict')
      }
      return outcomes
    },
  })),
  'lock many in the order of the call': () => {
    const sound = directory()
    const held = new Map<string, object>()
    return {
      ...sound,
      async saveMany(changes) {
        const own: object = {}
        try {
          for (const { userId } of changes) {
            for (let turns = 0; held.has(userId) && held.get(userId) !== own; turns++) {
              if (turns > 100) throw new Error('deadlock detected')
              await null
            }
            held.set(userId, own)
            await null
          }
          return await sound.saveMany(changes)
        } finally {
          for (const [userId, owner] of held) if (owner === own) held.delete(userId)
        }
      },
    }
  },
  'save many creations first, and answer them first': but(({ saveMany }) => ({
    async saveMany(changes) {
      if (changes.length < 1000) return saveMany(changes)
      const isCreation = ({ expected }: EnrollmentChange): boolean => expected === null
      const others = changes.filter((change) => !isCreation(change))
      return [...(await saveMany(changes.filter(isCreation))), ...(await saveMany(others))]
    },
  })),
  'save at most 100 at once': but(({ saveMany }) => ({
    async saveMany(changes) {
      if (changes.length > 100) throw new RangeError('too many parameters')
      return saveMany(changes)
    },
  })),
  'refuse to save nothing': but(({ saveMany }) => ({
    async saveMany(changes) {
      if (changes.length === 0) throw new SyntaxError('VALUES of nothing')
      return saveMany(changes)
    },
  })),
  'forget the events of saveMany': but(({ saveMany }) => ({
    saveMany: (changes) => saveMany(changes.map((change) => ({ ...change, events: [] }))),
  })),
  'forget the facts of saveMany': but(({ saveMany }) => ({
    saveMany: (changes) =>
      saveMany(changes.map((change) => ({ ...change, index: { ...change.index, suspended: false } }))),
  })),
}
