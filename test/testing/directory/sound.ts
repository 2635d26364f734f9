import type { EnrollmentEvent } from '../../../src/enrollment/events.js'
import { type EnrollmentIndex, type Phase, phaseOf } from '../../../src/enrollment/phase.js'
import type {
  DirectoryQuery,
  DueQuery,
  DueReminder,
  EnrollmentDirectory,
  Movement,
  PhaseCounts,
  Totals,
} from '../../../src/ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../../src/ports/index.js'

export type Store = EnrollmentRepository & EnrollmentDirectory
export interface Row {
  version: string
  text: string
  index: EnrollmentIndex
  events: string[]
}
export type Rows = Map<string, Row>
/** A sound store, and its rows for those that break it. */
export type Sound = Store & { rows: Rows }
/** Directories that each break one promise, by what they do wrong. */
export type Broken = Readonly<Record<string, () => Store>>

/** What a directory is made of, each to be replaced by something wrong. */
interface Parts {
  rows: Rows
  phase(index: EnrollmentIndex, now: number): Phase
  locked(index: EnrollmentIndex, now: number): boolean
  stoppable(index: EnrollmentIndex, now: number): boolean
  before(deadline: number, before: number): boolean
  inside(deadline: number, from: number, to: number): boolean
  begins(userId: string, prefix: string): boolean
  order(one: string, other: string): number
  page(inOrder: readonly string[], query: DirectoryQuery): readonly string[]
  isDue(remindAt: number, now: number, index: EnrollmentIndex): boolean
  dueOrder(one: DueReminder, other: DueReminder): number
  duePage(inOrder: readonly DueReminder[], query: DueQuery): readonly DueReminder[]
  totalOf(index: EnrollmentIndex): Totals
  moved(event: EnrollmentEvent): Totals
  since(at: number, from: number): boolean
  movementOrder(one: Movement, other: Movement): number
  eventsOf(rows: Rows, userId: string): readonly string[]
  eventOrder(one: EnrollmentEvent, other: EnrollmentEvent): number
  isOld(event: EnrollmentEvent, before: number, all: readonly EnrollmentEvent[]): boolean
}

export const compare = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))
export const isAfter = (one: string, other: string): boolean => compare(one, other) > 0
const flipped = (flip: unknown): number => Number(flip === true) - Number(flip === false)

export const SOUND: Omit<Parts, 'rows'> = {
  phase: phaseOf,
  locked: ({ lockedUntil }, now) => lockedUntil !== null && now < lockedUntil,
  stoppable: ({ required, suspended, enrolledAt }) => required && !suspended && enrolledAt === null,
  before: (deadline, before) => deadline < before,
  inside: (deadline, from, to) => from <= deadline && deadline < to,
  begins: (userId, prefix) => userId.startsWith(prefix),
  order: compare,
  page: (inOrder, { after, limit }) =>
    inOrder.filter((userId) => after === null || isAfter(userId, after)).slice(0, limit),
  isDue: (remindAt, now) => remindAt <= now,
  dueOrder: (one, other) => one.remindAt - other.remindAt || compare(one.userId, other.userId),
  duePage: (inOrder, { after, limit }) =>
    inOrder.filter((due) => after === null || SOUND.dueOrder(due, after) > 0).slice(0, limit),
  totalOf: ({ enrolledAt, required }) => ({ enrolled: enrolledAt === null ? 0 : 1, required: required ? 1 : 0 }),
  moved: ({ details }) => ({ enrolled: flipped(details['enrolled']), required: flipped(details['required']) }),
  since: (at, from) => at >= from,
  movementOrder: (one, other) => other.at - one.at,
  eventsOf: (rows, userId) => rows.get(userId)?.events ?? [],
  eventOrder: (one, other) => (one.id < other.id ? -1 : 1),
  isOld: ({ at }, before) => at < before,
}

/** A sound store on a Map, but for the parts that are replaced. */
export function directory(flaws: Partial<Parts> = {}): Sound {
  const parts: Parts = { rows: new Map(), ...SOUND, ...flaws }
  const { rows } = parts
  let pruned: number | null = null

  const stored = (row: Row): StoredEnrollment => ({ enrollment: JSON.parse(row.text), version: row.version })
  const find = async (userId: string): Promise<StoredEnrollment | null> => {
    const row = rows.get(userId)
    return row === undefined ? null : stored(row)
  }
  const save = async (change: EnrollmentChange): Promise<'saved' | 'conflict'> => {
    const row = rows.get(change.userId)
    if ((row?.version ?? null) !== change.expected) return 'conflict'
    put(rows, change)
    return 'saved'
  }

  return {
    rows,
    find,
    save,
    async remove(userId, expected) {
      if (rows.get(userId)?.version !== expected) return 'conflict'
      rows.delete(userId)
      return 'removed'
    },
    async findMany(userIds) {
      const answer = new Map<string, StoredEnrollment>()
      for (const userId of userIds) {
        const row = rows.get(userId)
        if (row !== undefined) answer.set(userId, stored(row))
      }
      return answer
    },
    async saveMany(changes) {
      const outcomes: ('saved' | 'conflict')[] = []
      for (const change of changes) outcomes.push(await save(change))
      return outcomes
    },
    async list(query) {
      const { now, phase, deadlineBefore, locked, userIdPrefix } = query
      const chosen = [...rows].filter(
        ([userId, { index }]) =>
          (phase === undefined || parts.phase(index, now) === phase) &&
          (deadlineBefore === undefined ||
            (parts.stoppable(index, now) && index.deadline !== null && parts.before(index.deadline, deadlineBefore))) &&
          (locked === undefined || parts.locked(index, now) === locked) &&
          (userIdPrefix === undefined || parts.begins(userId, userIdPrefix)),
      )
      const inOrder = chosen.map(([userId]) => userId).sort(parts.order)
      return parts.page(inOrder, query).map((userId) => stored(rows.get(userId) as Row))
    },
    async counts(now) {
      const counts = { ...EMPTY, total: rows.size }
      for (const { index } of rows.values()) {
        counts[parts.phase(index, now)]++
        if (parts.locked(index, now)) counts.locked++
      }
      return counts
    },
    async deadlines({ edges, now }) {
      return edges.slice(1).map((end, at) => {
        const inside = ({ index }: Row): boolean =>
          parts.stoppable(index, now) && index.deadline !== null && parts.inside(index.deadline, edges[at] ?? 0, end)
        return [...rows.values()].filter(inside).length
      })
    },
    async due(query) {
      const due = [...rows].flatMap(([userId, { index }]) =>
        index.remindAt !== null && parts.isDue(index.remindAt, query.now, index)
          ? [{ userId, remindAt: index.remindAt }]
          : [],
      )
      return parts.duePage(due.sort(parts.dueOrder), query)
    },
    async *movements(from) {
      const movements = [...rows.values()]
        .flatMap(({ events }) => eventsIn(events))
        .map((event) => {
          return { at: event.at, ...parts.moved(event) }
        })
      yield* movements
        .filter(({ at, enrolled, required }) => parts.since(at, from) && (enrolled !== 0 || required !== 0))
        .sort(parts.movementOrder)
    },
    async totals() {
      return [...rows.values()].map(({ index }) => parts.totalOf(index)).reduce(plus, { enrolled: 0, required: 0 })
    },
    async history(userId, { after, limit }) {
      return eventsIn(parts.eventsOf(rows, userId))
        .filter(({ id }) => after === null || id > after)
        .sort(parts.eventOrder)
        .slice(0, limit)
    },
    async pruneHistory(before) {
      pruned = Math.max(pruned ?? 0, before)
      let removed = 0
      for (const userId of [...rows.keys()]) {
        await null
        removed += prune(rows.get(userId), (event, all) => parts.isOld(event, before, all))
      }
      return removed
    },
    prunedBefore: async () => pruned,
  }
}

const EMPTY: PhaseCounts = {
  optional: 0,
  exempt: 0,
  scheduled: 0,
  'enrollment-period': 0,
  overdue: 0,
  enrolled: 0,
  suspended: 0,
  total: 0,
  locked: 0,
}

export const plus = (one: Totals, other: Totals): Totals => ({
  enrolled: one.enrolled + other.enrolled,
  required: one.required + other.required,
})

export const eventsIn = (texts: readonly string[]): EnrollmentEvent[] => texts.map((text) => JSON.parse(text))

export function put(rows: Rows, { userId, version, enrollment, index, events }: EnrollmentChange): void {
  const before = rows.get(userId)?.events ?? []
  const told = events.map((event) => JSON.stringify(event))
  rows.set(userId, { version, text: JSON.stringify(enrollment), index: { ...index }, events: [...before, ...told] })
}

/** Takes events out of a row, and says how many. */
export function prune(
  row: Row | undefined,
  isOld: (event: EnrollmentEvent, all: readonly EnrollmentEvent[]) => boolean,
): number {
  if (row === undefined) return 0
  const all = eventsIn(row.events)
  const kept = row.events.filter((_, at) => !isOld(all[at] as EnrollmentEvent, all))
  const removed = row.events.length - kept.length
  row.events = kept
  return removed
}

/** Overrides methods of a sound one. */
export function but(flaw: (sound: Sound) => Partial<Store>): () => Store {
  return () => {
    const sound = directory()
    return { ...sound, ...flaw(sound) }
  }
}

/** Saves, and tells of each change that was saved and of the row that it replaced. */
export function telling(
  { rows, save }: Sound,
  saved: (change: EnrollmentChange, replaced: Row | undefined) => void,
): Pick<Store, 'save' | 'saveMany'> {
  async function saveAndTell(change: EnrollmentChange): Promise<'saved' | 'conflict'> {
    const replaced = rows.get(change.userId)
    const outcome = await save(change)
    if (outcome === 'saved') saved(change, replaced)
    return outcome
  }
  return { save: saveAndTell, saveMany: (changes) => Promise.all(changes.map(saveAndTell)) }
}

/** Replaces parts of a sound one. */
export const made =
  (flaws: Partial<Parts>): (() => Store) =>
  (): Store =>
    directory(flaws)
