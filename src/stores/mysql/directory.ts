import { assertInstant } from '../../assert.js'
import type {
  DirectoryQuery,
  DueQuery,
  DueReminder,
  EnrollmentDirectory,
  Movement,
  PhaseCounts,
  Totals,
} from '../../ports/directory.js'
import type { EnrollmentChange, StoredEnrollment } from '../../ports/index.js'
import type { Instant } from '../../record/conditions.js'
import {
  countsOf,
  countsSql,
  deadlinesOf,
  deadlinesSql,
  dueOf,
  dueQuery,
  eventOf,
  historyQuery,
  listQuery,
  MYSQL,
  movementsOf,
  prunableSql,
  prunedBeforeOf,
  prunedBeforeSql,
  pruneInSteps,
  storedOf,
  totalsOf,
  totalsSql,
  UNDONE,
} from '../sql/index.js'
import { changesOnceOf, inTransaction, soundRowsOf } from './connection.js'
import type { MysqlConnection } from './driver.js'
import type { MysqlTables } from './schema.js'
import { digitsOf, hexOf, inlined, MOST_BYTES, textOf } from './values.js'
import { saveTogether, type WriteStatements, writeOf } from './writes.js'

/** So many ids to a statement, of 255 bytes at most: far below any max_allowed_packet. */
const READ_TOGETHER = 500
/** So many records to a transaction: one sync to the disk for all, and their rows are held for some milliseconds only. */
const SAVED_TOGETHER = 128

/** Runs work on a connection, once the tables are known to be there. */
export type OnTables = <Result>(work: (connection: MysqlConnection) => Promise<Result>) => Promise<Result>

/** The directory of the tables, on connections as `onTables` gives them. */
export function directoryOf(
  onTables: OnTables,
  { records, events, prunings }: MysqlTables,
  statements: WriteStatements,
): EnrollmentDirectory {
  async function findMany(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredEnrollment>> {
    const byDigits = new Map(userIds.map((userId) => [hexOf(userId, 'userIds', MOST_BYTES.userId), userId]))
    const found = new Map<string, StoredEnrollment>()
    for (const digits of chunksOf([...byDigits.keys()], READ_TOGETHER)) {
      const ids = digits.map((id) => `X'${id}'`).join(', ')
      const sql = `SELECT user_id, version, record FROM ${records} WHERE user_id IN (${ids})`
      for (const row of await onTables((connection) => soundRowsOf(connection, sql))) {
        const [userId, ...rest] = row as RecordColumns
        found.set(byDigits.get(digitsOf(userId)) as string, recordOf(rest))
      }
    }
    return found
  }

  async function saveMany(changes: readonly EnrollmentChange[]): Promise<readonly ('saved' | 'conflict')[]> {
    const outcomes: ('saved' | 'conflict')[] = []
    // In one order by all, so that few wait for each other in a circle.
    const writes = changes.map((change, at) => ({ at, ...writeOf(change) }))
    writes.sort((one, other) => (one.userId < other.userId ? -1 : Number(one.userId > other.userId)))
    // Together a user can be written once; what follows upon each other has to be one after another.
    const isOfAsMany = new Set(writes.map(({ userId }) => userId)).size === writes.length
    for (const together of chunksOf(writes, isOfAsMany ? SAVED_TOGETHER : 1)) {
      const answers = await onTables((connection) => saveTogether(connection, statements, together))
      for (const [at, write] of together.entries()) {
        // Of all that was rolled back, some were hindered by none: each has its own try.
        outcomes[write.at] =
          answers?.[at] ??
          (await onTables((connection) => saveTogether(connection, statements, [write])))?.[0] ??
          'conflict'
      }
    }
    return outcomes
  }

  async function list(query: DirectoryQuery): Promise<readonly StoredEnrollment[]> {
    // In the order of the ids along the facts, so that only the records of the page are read: left to itself, MySQL reads
    // all of them. It filters within the index only where the ids are compared too.
    const along = `${records} FORCE INDEX (facts)`
    const sql = inlined(listQuery(along, { ...query, after: query.after ?? '' }, MYSQL))
    const rows = await onTables((connection) => soundRowsOf(connection, sql))
    return rows.map((row) => {
      const [, ...rest] = row as RecordColumns
      return recordOf(rest)
    })
  }

  async function counts(now: number): Promise<PhaseCounts> {
    const sql = countsSql(records, now, MYSQL)
    const rows = await onTables((connection) => soundRowsOf(connection, sql))
    return countsOf(rows.map(([phase, users, locked]) => ({ phase: String(phase), users, locked })))
  }

  async function deadlines({ edges }: { edges: readonly number[] }): Promise<readonly number[]> {
    const sql = deadlinesSql(records, edges, MYSQL)
    const rows = sql === null ? [] : await onTables((connection) => soundRowsOf(connection, sql))
    return deadlinesOf(
      rows.map(([bucket, users]) => ({ bucket, users })),
      edges,
    )
  }

  async function due(query: DueQuery): Promise<readonly DueReminder[]> {
    const sql = inlined(dueQuery(records, query, MYSQL))
    const rows = await onTables((connection) => soundRowsOf(connection, sql))
    return rows.map(([userId, remindAt]) => dueOf({ owner: textOf(userId as Uint8Array), due: remindAt }))
  }

  function movements(from: Instant): AsyncIterable<Movement> {
    return movementsOf({ events, dialect: MYSQL }, from, async (sql) => {
      const rows = await onTables((connection) => soundRowsOf(connection, sql))
      return rows.map(([at, enrolled, required]) => ({ at, enrolled, required }))
    })
  }

  async function totals(): Promise<Totals> {
    const [row] = await onTables((connection) => soundRowsOf(connection, totalsSql(records, MYSQL)))
    return totalsOf({ enrolled: row?.[0], required: row?.[1] })
  }

  async function history(
    userId: string,
    page: { after: string | null; limit: number },
  ): Promise<readonly EnrollmentChange['events'][number][]> {
    const sql = inlined(historyQuery(events, userId, page, MYSQL))
    const rows = await onTables((connection) => soundRowsOf(connection, sql))
    return rows.map(([event]) => eventOf({ event: textOf(event as Uint8Array) }))
  }

  async function pruneHistory(before: Instant): Promise<number> {
    assertInstant(before, 'before')
    // IGNORE would pass over other errors than that it is there already.
    const note = `INSERT INTO ${prunings} (pruned_before) VALUES (${before}) ON DUPLICATE KEY UPDATE pruned_before = ${before}`
    if ((await committed(note)) === null) return pruneHistory(before)
    return pruneInSteps(before, async (prunable) => {
      const removed = await committed(`DELETE FROM ${events} WHERE ${prunableSql(prunable, MYSQL)}`)
      return removed === null ? UNDONE : { found: removed, removed }
    })
  }

  /** Runs one statement as a transaction, and answers how many rows it met; null where the server rolled it back. */
  function committed(sql: string): Promise<number | null> {
    return onTables((connection) => inTransaction(connection, () => changesOnceOf(connection, sql)))
  }

  async function prunedBefore(): Promise<Instant | null> {
    const [row] = await onTables((connection) => soundRowsOf(connection, prunedBeforeSql(prunings)))
    return prunedBeforeOf({ latest: row?.[0] })
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

type RecordColumns = [userId: Uint8Array, version: Uint8Array, record: Uint8Array]

function recordOf([version, record]: [version: Uint8Array, record: Uint8Array]): StoredEnrollment {
  return storedOf({ version: textOf(version), record: textOf(record) })
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))
}
