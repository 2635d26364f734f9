import { assertInstant, assertWhole } from '../../assert.js'
import type { DirectoryQuery, EnrollmentDirectory, PhaseCounts } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import {
  assertEdges,
  compareBytes,
  type EnrollmentIndex,
  filterConditions,
  lockCondition,
  meets,
  PHASES,
  phaseOf,
  STOPPABLE,
} from '../../record/conditions.js'

interface Row {
  version: string
  record: string
  index: EnrollmentIndex
  events: { id: string; event: string }[]
}

/**
 * A repository that forgets everything with the process: for tests, examples and trying leeway out. Two processes share
 * nothing, so no limit holds across them, and a restart forgets who is enrolled.
 *
 * It keeps text, as a database would: nothing that is handed in or out is shared with it.
 *
 * @example
 * ```ts
 * const repository = memoryRepository()
 * console.log(await repository.find('ada')) // null
 * ```
 */
export function memoryRepository(): EnrollmentRepository & EnrollmentDirectory {
  // A Map, as `__proto__` is an ordinary user id.
  const rows = new Map<string, Row>()
  /** All ids in the order of their bytes; null until a page is asked for, and when a user came or went. */
  let ordered: readonly string[] | null = null

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const row = rows.get(userId)
    return row === undefined ? null : storedOf(row)
  }

  async function save(change: EnrollmentChange): Promise<'saved' | 'conflict'> {
    const { userId, version, expected } = change
    const row = rows.get(userId)
    // Nothing is awaited from here to the write: no other call comes between.
    if ((row?.version ?? null) !== expected) return 'conflict'
    if (row === undefined) ordered = null
    const events = row?.events ?? []
    events.push(...change.events.map((event) => ({ id: event.id, event: JSON.stringify(event) })))
    rows.set(userId, { version, record: JSON.stringify(change.enrollment), index: { ...change.index }, events })
    return 'saved'
  }

  async function remove(userId: string, expected: string): Promise<'removed' | 'conflict'> {
    if (rows.get(userId)?.version !== expected) return 'conflict'
    ordered = null
    rows.delete(userId)
    return 'removed'
  }

  async function findMany(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredEnrollment>> {
    return new Map(
      userIds.flatMap((userId): [string, StoredEnrollment][] => {
        const row = rows.get(userId)
        return row === undefined ? [] : [[userId, storedOf(row)]]
      }),
    )
  }

  async function saveMany(changes: readonly EnrollmentChange[]): Promise<readonly ('saved' | 'conflict')[]> {
    return Promise.all(changes.map(save))
  }

  async function list(query: DirectoryQuery): Promise<readonly StoredEnrollment[]> {
    const { after, deadlineBefore, limit, now, userIdPrefix = '' } = query
    assertInstant(now, 'query.now')
    if (deadlineBefore !== undefined) assertInstant(deadlineBefore, 'query.deadlineBefore')
    assertWhole(limit, 'query.limit', 1, 2 ** 31 - 1)
    const conditions = filterConditions(query, now)
    ordered ??= [...rows.keys()].sort(compareBytes)
    const page: StoredEnrollment[] = []
    for (let at = after === null ? 0 : placeAfter(ordered, after); at < ordered.length && page.length < limit; at++) {
      const userId = ordered[at] as string
      const row = rows.get(userId) as Row
      if (userId.startsWith(userIdPrefix) && conditions.every((condition) => meets(row.index, condition))) {
        page.push(storedOf(row))
      }
    }
    return page
  }

  async function counts(now: number): Promise<PhaseCounts> {
    assertInstant(now, 'now')
    const counted = { total: rows.size, locked: 0 } as PhaseCounts
    for (const phase of PHASES) counted[phase] = 0
    const locked = lockCondition(true, now)
    for (const { index } of rows.values()) {
      counted[phaseOf(index, now)] += 1
      if (meets(index, locked)) counted.locked += 1
    }
    return counted
  }

  async function deadlines({ edges }: { edges: readonly number[]; now: number }): Promise<readonly number[]> {
    assertEdges(edges)
    const stoppable = [...rows.values()].flatMap(({ index }) => {
      const isCounted = STOPPABLE.every((condition) => meets(index, condition))
      return isCounted && index.deadline !== null ? [index.deadline] : []
    })
    return edges.slice(1).map((end, at) => {
      const start = edges[at] as number
      return stoppable.filter((deadline) => deadline >= start && deadline < end).length
    })
  }

  async function history(
    userId: string,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<readonly EnrollmentChange['events'][number][]> {
    assertWhole(limit, 'page.limit', 1, 2 ** 31 - 1)
    const events = [...(rows.get(userId)?.events ?? [])].sort((one, other) => compareBytes(one.id, other.id))
    const later = after === null ? events : events.filter(({ id }) => compareBytes(id, after) > 0)
    return later.slice(0, limit).map(({ event }) => JSON.parse(event))
  }

  return Object.freeze({ find, save, remove, findMany, saveMany, list, counts, deadlines, history })
}

function storedOf({ version, record }: Row): StoredEnrollment {
  return { enrollment: JSON.parse(record), version }
}

/** Where the ids after this one begin, by halves. */
function placeAfter(ordered: readonly string[], userId: string): number {
  let [from, to] = [0, ordered.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (compareBytes(ordered[middle] as string, userId) > 0) to = middle
    else from = middle + 1
  }
  return from
}
