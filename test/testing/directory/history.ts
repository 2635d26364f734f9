import type { EnrollmentEvent } from '../../../src/enrollment/events.js'
import { type Broken, but, directory, made } from './sound.js'

export const BROKEN_HISTORY: Broken = {
  'tell events of others': made({ eventsOf: (rows) => [...rows.values()].flatMap(({ events }) => events) }),
  'tell events of who begins alike': made({
    eventsOf: (rows, userId) => [...rows].filter(([id]) => id.startsWith(userId)).flatMap(([, { events }]) => events),
  }),
  'order events by their time': made({ eventOrder: (one, other) => one.at - other.at }),
  'tell the newest event first': made({ eventOrder: (one, other) => (one.id > other.id ? -1 : 1) }),
  'tell the event that a page should follow': but(({ history }) => ({
    history: (userId, { after, limit }) =>
      history(userId, { after: after === null ? null : `${after.slice(0, -1)}${Number(after.at(-1)) - 1}`, limit }),
  })),
  'tell all events on every page': but(({ history }) => ({
    history: (userId, { limit }) => history(userId, { after: null, limit }),
  })),
  'tell one page only': but(({ history }) => ({
    history: (userId, { after }) => history(userId, { after, limit: 1000 }),
  })),
  'begin a history only after an event that is there': but(({ history }) => ({
    async history(userId, { after, limit }) {
      const all = await history(userId, { after: null, limit: 1000 })
      const at = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
      return at === 0 && after !== null ? [] : all.slice(at, at + limit)
    },
  })),
  'keep the last save of a history only': () => {
    const sound = directory()
    const last = new Map<string, number>()
    return {
      ...sound,
      async save(change) {
        const outcome = await sound.save(change)
        if (outcome === 'saved') last.set(change.userId, change.events.length)
        return outcome
      },
      async history(userId, { after, limit }) {
        const all = await sound.history(userId, { after: null, limit: 1000 })
        const kept = all.slice(all.length - (last.get(userId) ?? all.length))
        return kept.filter(({ id }) => after === null || id > after).slice(0, limit)
      },
    }
  },
  'keep events after the user is removed': () => {
    const sound = directory()
    const removed = new Map<string, readonly EnrollmentEvent[]>()
    return {
      ...sound,
      async remove(userId, expected) {
        const events = await sound.history(userId, { after: null, limit: 1000 })
        const outcome = await sound.remove(userId, expected)
        if (outcome === 'removed') removed.set(userId, events)
        return outcome
      },
      async history(userId, page) {
        return [...(page.after === null ? (removed.get(userId) ?? []) : []), ...(await sound.history(userId, page))]
      },
    }
  },
  'drop what is null in events': but(({ history }) => ({
    async history(userId, page) {
      const dropping = (_: string, value: unknown): unknown =>
        typeof value === 'object' && value !== null && 'none' in value ? { ...value, none: undefined } : value
      return JSON.parse(JSON.stringify(await history(userId, page), dropping))
    },
  })),
  'write events of a save that conflicts': () => {
    const sound = directory()
    return {
      ...sound,
      async save(change) {
        const outcome = await sound.save(change)
        if (outcome === 'conflict') {
          sound.rows.get(change.userId)?.events.push(...change.events.map((event) => JSON.stringify(event)))
        }
        return outcome
      },
    }
  },
}
