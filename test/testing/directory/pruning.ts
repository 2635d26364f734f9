import type { EnrollmentEvent } from '../../../src/enrollment/events.js'
import type { Movement } from '../../../src/ports/directory.js'
import { movedIn, movementIn, newestFirst } from './reports.js'
import { type Broken, but, directory, eventsIn, made, plus, prune, type Row, SOUND, telling } from './sound.js'

export const BROKEN_PRUNING: Broken = {
  'prune the instant itself': made({ isOld: ({ at }, before) => at <= before }),
  'prune up to the last that is old': made({
    isOld: ({ id }, before, all) => all.some((other) => other.at < before && other.id >= id),
  }),
  'prune up to the first that is not old': made({
    isOld: ({ id }, before, all) => all.every((other) => other.id > id || other.at < before),
  }),
  'keep the latest event of each user': made({
    isOld: ({ at, id }, before, all) => at < before && all.some((other) => other.id > id),
  }),
  'compare instants as text when pruning': made({ isOld: ({ at }, before) => `${at}` < `${before}` }),
  'say how many users were pruned': but(({ rows, pruneHistory }) => ({
    async pruneHistory(before) {
      const old = [...rows.values()].filter(({ events }) => eventsIn(events).some(({ at }) => at < before))
      await pruneHistory(before)
      return old.length
    },
  })),
  'answer in text how many were pruned': but(({ pruneHistory }) => ({
    pruneHistory: async (before) => `${await pruneHistory(before)}` as never,
  })),

  'delete records of which no event is left': but(({ rows, pruneHistory }) => ({
    async pruneHistory(before) {
      const removed = await pruneHistory(before)
      for (const [userId, { events }] of rows) if (events.length === 0) rows.delete(userId)
      return removed
    },
  })),
  'forget the facts of whom they prune': but(({ rows, pruneHistory }) => ({
    async pruneHistory(before) {
      const removed = await pruneHistory(before)
      for (const row of rows.values()) row.index = { ...row.index, remindAt: null }
      return removed
    },
  })),
  'write records anew when pruning': but(({ rows, pruneHistory }) => ({
    async pruneHistory(before) {
      const removed = await pruneHistory(before)
      for (const row of rows.values()) row.version = `${row.version.slice(1)}0`
      return removed
    },
  })),
  'take what is pruned off the totals': () => {
    const sound = directory()
    let pruned = { enrolled: 0, required: 0 }
    return {
      ...sound,
      async pruneHistory(before) {
        const all = movedIn(sound.rows)
        const removed = await sound.pruneHistory(before)
        pruned = all.filter(({ at }) => at < before).reduce<Omit<Movement, 'at'>>(plus, pruned)
        return removed
      },
      totals: async () => plus(await sound.totals(), { enrolled: -pruned.enrolled, required: -pruned.required }),
    }
  },
  'keep the movements of what they prune': () => {
    const sound = directory()
    const kept: Movement[] = []
    return {
      ...sound,
      async pruneHistory(before) {
        kept.push(...movedIn(sound.rows).filter(({ at }) => at < before))
        return sound.pruneHistory(before)
      },
      async *movements(from) {
        yield* newestFirst([...movedIn(sound.rows), ...kept], from)
      },
    }
  },
  'forget all movements of whom they prune': () => {
    const sound = directory()
    const forgotten = new Set<string>()
    return {
      ...sound,
      async pruneHistory(before) {
        for (const { events } of sound.rows.values()) {
          if (eventsIn(events).some(({ at }) => at < before)) for (const event of events) forgotten.add(event)
        }
        return sound.pruneHistory(before)
      },
      async *movements(from) {
        const texts = [...sound.rows.values()].flatMap(({ events }) => events).filter((text) => !forgotten.has(text))
        yield* newestFirst(eventsIn(texts).map(movementIn), from)
      },
    }
  },
  'begin a history only after an event that was not pruned': () => {
    const sound = directory()
    let isPruned = false
    return {
      ...sound,
      async pruneHistory(before) {
        isPruned = true
        return sound.pruneHistory(before)
      },
      async history(userId, { after, limit }) {
        const all = await sound.history(userId, { after: null, limit: 1000 })
        if (!isPruned || after === null || all.some(({ id }) => id === after)) {
          return sound.history(userId, { after, limit })
        }
        return []
      },
    }
  },
  'number events by how many there are': but((sound) => {
    const numbered = new Map<string, Map<number, string>>()
    return {
      ...telling(sound, ({ userId, events }, replaced) => {
        const places = replaced === undefined ? new Map<number, string>() : (numbered.get(userId) ?? new Map())
        for (const event of events) places.set(places.size, JSON.stringify(event))
        numbered.set(userId, places)
        const row = sound.rows.get(userId)
        if (row !== undefined) row.events = [...places.values()]
      }),
      async pruneHistory(before) {
        for (const places of numbered.values()) {
          for (const [place, text] of places) if (JSON.parse(text).at < before) places.delete(place)
        }
        return sound.pruneHistory(before)
      },
    }
  }),

  'prune once for an instant': but(({ pruneHistory, prunedBefore }) => ({
    async pruneHistory(before) {
      const known = await prunedBefore()
      return known !== null && before <= known ? 0 : pruneHistory(before)
    },
  })),
  'refuse events of before what was pruned': () => {
    const sound = directory()
    return {
      ...sound,
      async save(change) {
        const known = (await sound.prunedBefore()) ?? 0
        return sound.save({ ...change, events: change.events.filter(({ at }) => at >= known) })
      },
    }
  },
  'add up how many were pruned': () => {
    const sound = directory()
    let sum = 0
    return {
      ...sound,
      async pruneHistory(before) {
        sum += await sound.pruneHistory(before)
        return sum
      },
    }
  },

  'forget what was pruned': but(() => ({ prunedBefore: async () => null })),
  'move what was pruned back': () => {
    const sound = directory()
    let last: number | null = null
    return {
      ...sound,
      async pruneHistory(before) {
        last = before
        return sound.pruneHistory(before)
      },
      prunedBefore: async () => last,
    }
  },
  'take pruning to zero for never': but(({ prunedBefore }) => ({
    prunedBefore: async () => (await prunedBefore()) || null,
  })),
  'know only of pruning that found something': () => {
    const sound = directory()
    let last: number | null = null
    return {
      ...sound,
      async pruneHistory(before) {
        const removed = await sound.pruneHistory(before)
        if (removed > 0) last = Math.max(last ?? 0, before)
        return removed
      },
      prunedBefore: async () => last,
    }
  },
  'forget what was pruned with the last user': but(({ rows, prunedBefore }) => ({
    prunedBefore: async () => (rows.size === 0 ? null : prunedBefore()),
  })),
  'know what was pruned when all is gone': () => {
    const sound = directory()
    let last: number | null = null
    return {
      ...sound,
      async pruneHistory(before) {
        let removed = 0
        for (const userId of [...sound.rows.keys()]) {
          await turn()
          removed += prune(sound.rows.get(userId), ({ at }) => at < before)
        }
        last = Math.max(last ?? 0, before)
        return removed
      },
      prunedBefore: async () => last,
    }
  },
  'look what was pruned, then note it': () => {
    const sound = directory()
    let last: number | null = null
    return {
      ...sound,
      async pruneHistory(before) {
        const known = last
        await turn()
        last = Math.max(known ?? 0, before)
        return sound.pruneHistory(before)
      },
      prunedBefore: async () => last,
    }
  },

  'prune ten thousand at most': () => {
    let left = 10_000
    return directory({ isOld: ({ at }, before) => at < before && left-- > 0 })
  },
  'write back what they read before they pruned': but(({ rows, pruneHistory }) => ({
    async pruneHistory(before) {
      const read = new Map<string, Row>([...rows].map(([userId, row]) => [userId, structuredClone(row)]))
      await turn()
      await pruneHistory(before)
      let removed = 0
      for (const [userId, row] of read) {
        removed += prune(row, ({ at }) => at < before)
        rows.set(userId, row)
      }
      return removed
    },
  })),
  'let nobody save while they prune': () => {
    const sound = directory()
    let isPruning = false
    return {
      ...sound,
      async save(change) {
        return isPruning ? 'conflict' : sound.save(change)
      },
      async pruneHistory(before) {
        isPruning = true
        try {
          return await sound.pruneHistory(before)
        } finally {
          isPruning = false
        }
      },
    }
  },
  'count what they found, not what they pruned': but(({ rows, pruneHistory }) => ({
    async pruneHistory(before) {
      const found = [...rows.values()].flatMap(({ events }) => eventsIn(events)).filter(({ at }) => at < before)
      await turn()
      await pruneHistory(before)
      return found.length
    },
  })),

  'prune by an index that keeps who was removed': () => {
    const sound = directory()
    const stale: { userId: string; event: EnrollmentEvent }[] = []
    return {
      ...sound,
      async remove(userId, expected) {
        const events = eventsIn(sound.rows.get(userId)?.events ?? [])
        const outcome = await sound.remove(userId, expected)
        if (outcome === 'removed') stale.push(...events.map((event) => ({ userId, event })))
        return outcome
      },
      async pruneHistory(before) {
        let removed = await sound.pruneHistory(before)
        for (const { userId, event } of stale) {
          if (SOUND.isOld(event, before, [])) removed += prune(sound.rows.get(userId), ({ id }) => id === event.id)
        }
        return removed
      },
    }
  },
  'count who was removed among the pruned': () => {
    const sound = directory()
    const stale: EnrollmentEvent[] = []
    return {
      ...sound,
      async remove(userId, expected) {
        const events = eventsIn(sound.rows.get(userId)?.events ?? [])
        const outcome = await sound.remove(userId, expected)
        if (outcome === 'removed') stale.push(...events)
        return outcome
      },
      async pruneHistory(before) {
        return (await sound.pruneHistory(before)) + stale.filter(({ at }) => at < before).length
      },
    }
  },
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
