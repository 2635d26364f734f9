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
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import type { Instant } from '../../record/conditions.js'
import {
  type CountRow,
  countsOf,
  countsSql,
  type DeadlineRow,
  type DueRow,
  deadlinesOf,
  deadlinesSql,
  dueOf,
  dueQuery,
  eventOf,
  historyQuery,
  listQuery,
  type MovementRow,
  movementsOf,
  type PruningRow,
  prunableSql,
  prunedBeforeOf,
  prunedBeforeSql,
  pruneInSteps,
  type RecordRow,
  SQLITE,
  storedOf,
  type TotalsRow,
  totalsOf,
  totalsSql,
} from '../sql/index.js'
import { assertFree, giveWay, immediately } from './connection.js'
import type { SqliteDatabase } from './driver.js'
import { attempt } from './errors.js'
import type { SqliteTables } from './schema.js'

/** So many changes to a transaction: one sync to the disk for all, and others wait for some milliseconds only. */
const SAVED_TOGETHER = 500
/** After each step of pruning, for others to write: those of other processes look again up to so many milliseconds apart. */
const PRUNING_PAUSE_MS = 10

/** What reports and bulk work ask of the tables. */
export function directoryOf(
  db: SqliteDatabase,
  tables: SqliteTables,
  { find, write }: { find: EnrollmentRepository['find']; write(change: EnrollmentChange): 'saved' | 'conflict' },
): EnrollmentDirectory {
  function rowsOf<Row>(text: string, parameters: readonly string[]): readonly Row[] {
    return attempt(() => {
      assertFree(db)
      return db.prepare(text).all(...parameters) as Row[]
    })
  }

  async function findMany(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredEnrollment>> {
    const found = new Map<string, StoredEnrollment>()
    for (const userId of userIds) {
      const stored = await find(userId)
      if (stored !== null) found.set(userId, stored)
    }
    return found
  }

  async function saveMany(changes: readonly EnrollmentChange[]): Promise<readonly ('saved' | 'conflict')[]> {
    const outcomes: ('saved' | 'conflict')[] = []
    for (let at = 0; at < changes.length; at += SAVED_TOGETHER) {
      const together = changes.slice(at, at + SAVED_TOGETHER)
      outcomes.push(...attempt(() => immediately(db, () => together.map(write))))
      await giveWay(0)
    }
    return outcomes
  }

  async function list(query: DirectoryQuery): Promise<readonly StoredEnrollment[]> {
    const { text, parameters } = listQuery(tables.records, query, SQLITE)
    return rowsOf<RecordRow>(text, parameters).map(storedOf)
  }

  async function counts(now: number): Promise<PhaseCounts> {
    return countsOf(rowsOf<CountRow>(countsSql(tables.records, now, SQLITE), []))
  }

  async function deadlines({ edges }: { edges: readonly number[]; now: number }): Promise<readonly number[]> {
    const text = deadlinesSql(tables.records, edges, SQLITE)
    return deadlinesOf(text === null ? [] : rowsOf<DeadlineRow>(text, []), edges)
  }

  async function due(query: DueQuery): Promise<readonly DueReminder[]> {
    const { text, parameters } = dueQuery(tables.records, query, SQLITE)
    return rowsOf<DueRow>(text, parameters).map(dueOf)
  }

  function movements(from: Instant): AsyncIterable<Movement> {
    return movementsOf({ events: tables.events, dialect: SQLITE }, from, async (text) => rowsOf<MovementRow>(text, []))
  }

  async function totals(): Promise<Totals> {
    return totalsOf(rowsOf<TotalsRow>(totalsSql(tables.records, SQLITE), [])[0] as TotalsRow)
  }

  async function history(
    userId: string,
    page: { after: string | null; limit: number },
  ): Promise<readonly EnrollmentChange['events'][number][]> {
    const { text, parameters } = historyQuery(tables.events, userId, page, SQLITE)
    return rowsOf<{ event: string }>(text, parameters).map(eventOf)
  }

  /** Runs one statement that writes, and tells how many rows it changed. */
  function changesOf(text: string): number {
    return attempt(() => immediately(db, () => Number(db.prepare(text).run().changes)))
  }

  async function pruneHistory(before: Instant): Promise<number> {
    assertInstant(before, 'before')
    changesOf(`INSERT INTO ${tables.prunings} (pruned_before) VALUES (${before}) ON CONFLICT DO NOTHING`)
    return pruneInSteps(before, async (prunable) => {
      const oldest = `SELECT user_id, id FROM ${tables.events} WHERE ${prunableSql(prunable, SQLITE)}`
      const removed = changesOf(`DELETE FROM ${tables.events} WHERE (user_id, id) IN (${oldest})`)
      await giveWay(PRUNING_PAUSE_MS)
      return { found: removed, removed }
    })
  }

  async function prunedBefore(): Promise<Instant | null> {
    return prunedBeforeOf(rowsOf<PruningRow>(prunedBeforeSql(tables.prunings), [])[0] as PruningRow)
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
