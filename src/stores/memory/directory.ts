import { assertInstant, assertWhole } from '../../assert.js'
import type {
  DirectoryQuery,
  DueQuery,
  DueReminder,
  EnrollmentDirectory,
  Movement,
  PhaseCounts,
  Totals,
} from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import {
  assertEdges,
  compareBytes,
  filterConditions,
  type Instant,
  lockCondition,
  meets,
  PHASES,
  phaseOf,
  STOPPABLE,
} from '../../record/conditions.js'
import { inOrder, placeAfter, type Row, storedOf, type Users } from './users.js'

/** What reports and bulk work ask of the users. */
export function directoryOf(users: Users, save: EnrollmentRepository['save']): EnrollmentDirectory {
  const { rows } = users

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
    const ordered = inOrder(users)
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

  async function due({ now, after, limit }: DueQuery): Promise<readonly DueReminder[]> {
    assertInstant(now, 'query.now')
    if (after !== null) assertInstant(after.remindAt, 'query.after.remindAt')
    assertWhole(limit, 'query.limit', 1, 2 ** 31 - 1)
    const found: DueReminder[] = []
    for (const [userId, { index }] of rows) {
      const { remindAt } = index
      if (remindAt === null || remindAt > now) continue
      const reminder = { userId, remindAt }
      if (after === null || compareReminders(reminder, after) > 0) found.push(reminder)
    }
    return found.sort(compareReminders).slice(0, limit)
  }

  async function* movements(from: Instant): AsyncIterable<Movement> {
    assertInstant(from, 'from')
    const movements = [...rows.values()].flatMap(({ events }) =>
      events
        .filter(({ at, moved }) => at >= from && (moved.enrolled !== 0 || moved.required !== 0))
        .map(({ at, moved }) => ({ at, ...moved })),
    )
    yield* movements.sort((one, other) => other.at - one.at)
  }

  async function totals(): Promise<Totals> {
    const counted = { enrolled: 0, required: 0 }
    for (const { index } of rows.values()) {
      if (index.enrolledAt !== null) counted.enrolled += 1
      if (index.required) counted.required += 1
    }
    return counted
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

  async function pruneHistory(before: Instant): Promise<number> {
    assertInstant(before, 'before')
    users.prunedBefore = Math.max(users.prunedBefore ?? 0, before)
    let removed = 0
    for (const row of rows.values()) {
      const kept = row.events.filter(({ at }) => at >= before)
      removed += row.events.length - kept.length
      row.events = kept
    }
    return removed
  }

  async function prunedBefore(): Promise<Instant | null> {
    return users.prunedBefore
  }

  return {
    findMany,
    saveMany,
    list,
    counts,
    deadlines,
    due,
    movements,
    totals,
    history,
    pruneHistory,
    prunedBefore,
  }
}

/** The order of reminders: the earliest first, and of the same instant in the order of the ids' bytes. */
function compareReminders(one: DueReminder, other: DueReminder): number {
  return one.remindAt - other.remindAt || compareBytes(one.userId, other.userId)
}
