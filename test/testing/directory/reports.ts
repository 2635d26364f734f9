import type { EnrollmentEvent } from '../../../src/enrollment/events.js'
import { phaseOf } from '../../../src/enrollment/phase.js'
import type { Movement } from '../../../src/ports/directory.js'
import { type Broken, but, compare, directory, eventsIn, made, plus, type Rows, SOUND, telling } from './sound.js'

const NOW = Date.UTC(2026, 0, 5, 9)

export const BROKEN_REPORTS: Broken = {
  'count totals by phase': made({
    totalOf: (index) => {
      const phase = phaseOf(index, NOW)
      return { enrolled: Number(phase === 'enrolled'), required: Number(phase !== 'optional') }
    },
  }),
  'forget the suspended in totals': made({
    totalOf: (index) => (index.suspended ? { enrolled: 0, required: 0 } : SOUND.totalOf(index)),
  }),
  'leave the locked out of totals': made({
    totalOf: (index) => (index.lockedUntil === null ? SOUND.totalOf(index) : { enrolled: 0, required: 0 }),
  }),
  'leave the enrolled out of the required': made({
    totalOf: (index) => ({ ...SOUND.totalOf(index), required: Number(index.required && index.enrolledAt === null) }),
  }),
  'count the enrolled among the required only': made({
    totalOf: (index) => ({ ...SOUND.totalOf(index), enrolled: Number(index.required && index.enrolledAt !== null) }),
  }),
  'answer totals in text': but(({ totals }) => ({
    totals: async () => ({ ...(await totals()), enrolled: `${(await totals()).enrolled}` as never }),
  })),
  'answer no totals of nobody': but(({ rows, totals }) => ({
    totals: async () => (rows.size === 0 ? ({ enrolled: null, required: null } as never) : totals()),
  })),
  'add up totals from the events': but(({ rows }) => ({
    totals: async () => movedIn(rows).reduce(plus, { enrolled: 0, required: 0 }),
  })),
  'count totals once and never less': () => {
    const sound = directory()
    let most = { enrolled: 0, required: 0 }
    return {
      ...sound,
      async totals() {
        const { enrolled, required } = await sound.totals()
        most = { enrolled: Math.max(most.enrolled, enrolled), required: Math.max(most.required, required) }
        return most
      },
    }
  },
  'count the removed in totals': () => {
    const sound = directory()
    let removed = { enrolled: 0, required: 0 }
    return {
      ...sound,
      async remove(userId, expected) {
        const index = sound.rows.get(userId)?.index
        const outcome = await sound.remove(userId, expected)
        if (outcome === 'removed' && index !== undefined) removed = plus(removed, SOUND.totalOf(index))
        return outcome
      },
      totals: async () => plus(await sound.totals(), removed),
    }
  },

  'tell movements the oldest first': made({ movementOrder: (one, other) => one.at - other.at }),
  'tell movements as they came': made({ movementOrder: () => 0 }),
  'order movements by their instants as text': made({
    movementOrder: (one, other) => compare(`${other.at}`, `${one.at}`),
  }),
  'leave movements of the instant itself out': made({ since: (at, from) => at > from }),
  'tell movements from a millisecond before': made({ since: (at, from) => at >= from - 1 }),
  'tell movements up to the instant': made({ since: (at, from) => at <= from }),
  'tell all movements, whenever from': made({ since: () => true }),
  'take any detail of that name for a movement': made({
    moved: ({ details }) => {
      const step = (flip: unknown): number => (flip === undefined || flip === null ? 0 : flip ? 1 : -1)
      return { enrolled: step(details['enrolled']), required: step(details['required']) }
    },
  }),
  'look for movements in the text of an event': made({
    moved: (event) => {
      const text = JSON.stringify(event).replaceAll('\\', '')
      const step = (fact: string): number =>
        Number(text.includes(`"${fact}":true`)) - Number(text.includes(`"${fact}":false`))
      return { enrolled: step('enrolled'), required: step('required') }
    },
  }),
  'tell movements by the kinds of events': made({
    moved: (event) => ({ ...SOUND.moved(event), enrolled: Number(event.type === 'authenticator-bound') }),
  }),
  'tell nobody who leaves': made({
    moved: (event) => {
      const { enrolled, required } = SOUND.moved(event)
      return { enrolled: Math.max(enrolled, 0), required: Math.max(required, 0) }
    },
  }),
  'tell one of two facts that moved': made({
    moved: (event) => {
      const { enrolled, required } = SOUND.moved(event)
      return { enrolled, required: enrolled === 0 ? required : 0 }
    },
  }),
  'tell no movements of the exempt': but(({ rows }) => ({
    async *movements(from) {
      yield* newestFirst(movedIn(new Map([...rows].filter(([, { index }]) => index.exemptUntil === null))), from)
    },
  })),
  'keep one movement a millisecond': tellingSome((all) => [...new Map(all.map((each) => [each.at, each])).values()]),
  'keep the movement of the last event of a save only': but((sound) => {
    const forgotten = new Set<string>()
    return {
      ...telling(sound, ({ events }) => {
        for (const event of events.slice(0, -1)) forgotten.add(JSON.stringify(event))
      }),
      async *movements(from) {
        const texts = [...sound.rows.values()].flatMap(({ events }) => events).filter((text) => !forgotten.has(text))
        yield* newestFirst(eventsIn(texts).map(movementIn), from)
      },
    }
  }),
  'write movements of a save that conflicts': () => {
    const sound = directory()
    const refused: EnrollmentEvent[] = []
    return {
      ...sound,
      async save(change) {
        const outcome = await sound.save(change)
        if (outcome === 'conflict') refused.push(...change.events)
        return outcome
      },
      async *movements(from) {
        yield* newestFirst([...movedIn(sound.rows), ...refused.map(movementIn)], from)
      },
    }
  },

  'tell a thousand movements at most': tellingSome((all) => all.slice(0, 1000)),
  'drop the rest of an instant where a page of movements ends within it': but((sound) => ({
    async *movements(from) {
      for (let before = Number.POSITIVE_INFINITY; ; ) {
        const page = newestFirst(movedIn(sound.rows), from)
          .filter(({ at }) => at < before)
          .slice(0, 1000)
        yield* page
        if (page.length < 1000) return
        before = page.at(-1)?.at ?? 0
      }
    },
  })),
  'page movements by offset': but((sound) => ({
    async *movements(from) {
      for (let offset = 0; ; offset += 100) {
        const page = newestFirst(movedIn(sound.rows), from).slice(offset, offset + 100)
        yield* page
        if (page.length < 100) return
      }
    },
  })),
  'hold a connection until movements are read to the end': () => {
    const sound = directory()
    let readers = 0
    return {
      ...sound,
      async *movements(from) {
        readers++
        if (readers > 10) throw new Error('too many connections')
        yield* sound.movements(from)
        readers--
      },
    }
  },
  'have one reader of movements at a time': () => {
    const sound = directory()
    let reading: AsyncIterable<Movement> | null = null
    return {
      ...sound,
      movements(from) {
        const all = sound.movements(from)[Symbol.asyncIterator]()
        const own: AsyncIterable<Movement> = {
          [Symbol.asyncIterator]: () => ({
            async next() {
              reading ??= own
              return reading === own ? all.next() : { done: true, value: undefined }
            },
            async return() {
              reading = null
              return { done: true, value: undefined }
            },
          }),
        }
        reading = null
        return own
      },
    }
  },
  'let nobody save while movements are read': () => {
    const sound = directory()
    let readers = 0
    return {
      ...sound,
      async save(change) {
        if (readers > 0) throw new Error('deadlock: movements are being read')
        return sound.save(change)
      },
      async *movements(from) {
        readers++
        try {
          yield* sound.movements(from)
        } finally {
          readers--
        }
      },
    }
  },
  'keep the movements of who was removed': () => {
    const sound = directory()
    const kept: Movement[] = []
    return {
      ...sound,
      async remove(userId, expected) {
        const all = eventsIn(sound.rows.get(userId)?.events ?? []).map(movementIn)
        const outcome = await sound.remove(userId, expected)
        if (outcome === 'removed') kept.push(...all)
        return outcome
      },
      async *movements(from) {
        yield* newestFirst([...movedIn(sound.rows), ...kept], from)
      },
    }
  },
}

/** What an event moved, if anything. */
export const movementIn = (event: EnrollmentEvent): Movement => ({ at: event.at, ...SOUND.moved(event) })

/** What all events moved. */
export const movedIn = (rows: Rows): Movement[] =>
  [...rows.values()].flatMap(({ events }) => eventsIn(events).map(movementIn))

export const newestFirst = (all: readonly Movement[], from: number): Movement[] =>
  all.filter(({ at, enrolled, required }) => at >= from && (enrolled !== 0 || required !== 0)).sort(SOUND.movementOrder)

/** Tells some of what moved. */
function tellingSome(some: (all: readonly Movement[]) => readonly Movement[]): () => ReturnType<typeof directory> {
  return () => {
    const sound = directory()
    return {
      ...sound,
      async *movements(from) {
        yield* some(newestFirst(movedIn(sound.rows), from))
      },
    }
  }
}
