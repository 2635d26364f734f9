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
  NUMBERED,
  type PruneStep,
  type PruningRow,
  prunableSql,
  prunedBeforeOf,
  prunedBeforeSql,
  pruneInSteps,
  type RecordRow,
  storedOf,
  type TotalsRow,
  totalsOf,
  totalsSql,
  UNDONE,
} from '../sql/index.js'
import type { Connection } from './connection.js'
import { attempt, unlessUndone } from './errors.js'
import { saveManyOf } from './save-many.js'
import type { PostgresTables } from './schema.js'

/** What reports and bulk work ask of the tables. */
export function directoryOf(
  connection: Connection,
  tables: PostgresTables,
  save: EnrollmentRepository['save'],
): EnrollmentDirectory {
  const statements = statementsOf(tables)

  async function findMany(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredEnrollment>> {
    const values = [JSON.stringify(userIds)]
    const rows = await attempt(() => connection.query<RecordRow & { owner: string }>(statements.findMany, values))
    return new Map(rows.map((row) => [row.owner, storedOf(row)]))
  }

  async function list(query: DirectoryQuery): Promise<readonly StoredEnrollment[]> {
    const { text, parameters } = listQuery(tables.records, query, NUMBERED)
    return (await attempt(() => connection.queryOnce<RecordRow>(text, parameters))).map(storedOf)
  }

  async function counts(now: number): Promise<PhaseCounts> {
    const text = countsSql(tables.records, now, NUMBERED)
    return countsOf(await attempt(() => connection.queryOnce<CountRow>(text, [])))
  }

  async function deadlines({ edges }: { edges: readonly number[]; now: number }): Promise<readonly number[]> {
    const text = deadlinesSql(tables.records, edges, NUMBERED)
    const rows = text === null ? [] : await attempt(() => connection.queryOnce<DeadlineRow>(text, []))
    return deadlinesOf(rows, edges)
  }

  async function due(query: DueQuery): Promise<readonly DueReminder[]> {
    const { text, parameters } = dueQuery(tables.records, query, NUMBERED)
    return (await attempt(() => connection.queryOnce<DueRow>(text, parameters))).map(dueOf)
  }

  function movements(from: Instant): AsyncIterable<Movement> {
    return movementsOf({ events: tables.events, dialect: NUMBERED }, from, (text) =>
      attempt(() => connection.queryOnce<MovementRow>(text, [])),
    )
  }

  async function totals(): Promise<Totals> {
    const [row] = await attempt(() => connection.query<TotalsRow>(totalsSql(tables.records, NUMBERED), []))
    return totalsOf(row as TotalsRow)
  }

  async function history(
    userId: string,
    page: { after: string | null; limit: number },
  ): Promise<readonly EnrollmentChange['events'][number][]> {
    const { text, parameters } = historyQuery(tables.events, userId, page, NUMBERED)
    return (await attempt(() => connection.queryOnce<{ event: string }>(text, parameters))).map(eventOf)
  }

  async function pruneHistory(before: Instant): Promise<number> {
    assertInstant(before, 'before')
    const noted = await unlessUndone(() => connection.query(statements.notePruning, [before]))
    if (noted === null) return pruneHistory(before)
    return pruneInSteps(before, async (prunable) => {
      const text = pruneSql(tables.events, prunableSql(prunable, NUMBERED))
      const rows = await unlessUndone(() => connection.queryOnce<PruneRow>(text, []))
      return rows === null ? UNDONE : stepOf(rows[0] as PruneRow)
    })
  }

  async function prunedBefore(): Promise<Instant | null> {
    const [row] = await attempt(() => connection.query<PruningRow>(prunedBeforeSql(tables.prunings), []))
    return prunedBeforeOf(row as PruningRow)
  }

  return {
    findMany,
    saveMany: saveManyOf(connection, tables, save),
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

/** What {@link pruneSql} answers. */
interface PruneRow {
  found: unknown
  removed: unknown
  last: unknown
}

/**
 * Deletes one step's events, and tells of those too that another deleted while this waited. The next step begins at the
 * last of them, so that it does not walk over what is deleted and not vacuumed yet.
 */
function pruneSql(events: string, prunable: string): string {
  return `WITH found AS (
  SELECT user_id, id, at FROM ${events} WHERE ${prunable}
), removed AS (
  DELETE FROM ${events} WHERE (user_id, id) IN (SELECT user_id, id FROM found) RETURNING 1
) SELECT count(*) AS found, (SELECT count(*) FROM removed) AS removed, max(at) AS last FROM found`
}

function stepOf({ found, removed, last }: PruneRow): PruneStep {
  return { found: Number(found), removed: Number(removed), last: Number(last) }
}

/** The names of what they answer are one word: the host may have its driver turn `user_id` into `userId`. */
function statementsOf({ records, prunings }: PostgresTables): Readonly<Record<'findMany' | 'notePruning', string>> {
  return {
    findMany: `SELECT user_id AS owner, version, record FROM ${records}
WHERE user_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(CAST($1 AS text) AS json))))`,
    notePruning: `INSERT INTO ${prunings} (pruned_before) VALUES ($1) ON CONFLICT (pruned_before) DO NOTHING`,
  }
}
