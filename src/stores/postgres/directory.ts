import type { DirectoryQuery, EnrollmentDirectory, PhaseCounts } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import {
  type CountRow,
  countsOf,
  countsSql,
  type DeadlineRow,
  deadlinesOf,
  deadlinesSql,
  eventOf,
  FACT_COLUMNS,
  historyQuery,
  listQuery,
  NUMBERED,
  type RecordRow,
  storedOf,
} from '../sql/index.js'
import type { Connection } from './connection.js'
import { attempt, isUndone, storeError } from './errors.js'
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

  async function saveMany(changes: readonly EnrollmentChange[]): Promise<readonly ('saved' | 'conflict')[]> {
    // In one statement a user can be written once; what follows upon each other has to be one after another.
    if (new Set(changes.map(({ userId }) => userId)).size < changes.length) return inTurn(changes)
    try {
      const rows = await connection.query<{ owner: string }>(statements.saveMany, [JSON.stringify(changes.map(rowOf))])
      const saved = new Set(rows.map((row) => row.owner))
      return changes.map(({ userId }) => (saved.has(userId) ? 'saved' : 'conflict'))
    } catch (error) {
      // All of it is undone because one of them met another write: by itself, each gets its own answer.
      if (isUndone(error)) return inTurn(changes)
      throw storeError(error)
    }
  }

  async function inTurn(changes: readonly EnrollmentChange[]): Promise<readonly ('saved' | 'conflict')[]> {
    const outcomes: ('saved' | 'conflict')[] = []
    for (const change of changes) outcomes.push(await save(change))
    return outcomes
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

  async function history(
    userId: string,
    page: { after: string | null; limit: number },
  ): Promise<readonly EnrollmentChange['events'][number][]> {
    const { text, parameters } = historyQuery(tables.events, userId, page, NUMBERED)
    return (await attempt(() => connection.queryOnce<{ event: string }>(text, parameters))).map(eventOf)
  }

  return { findMany, saveMany, list, counts, deadlines, history }
}

/** A change as `saveMany` of the statements reads it; the record stays JSON within JSON. */
function rowOf({ userId, version, expected, enrollment, index, events }: EnrollmentChange): object {
  const facts = Object.entries(FACT_COLUMNS).map(([fact, column]) => [column, index[fact as keyof typeof index]])
  return { user_id: userId, version, expected, record: enrollment, events, ...Object.fromEntries(facts) }
}

/** The names of what they answer are one word: the host may have its driver turn `user_id` into `userId`. */
function statementsOf({ records, events }: PostgresTables): Readonly<Record<'findMany' | 'saveMany', string>> {
  const facts = Object.values(FACT_COLUMNS)
  const types = facts.map((column) => `${column} ${['required', 'suspended'].includes(column) ? 'boolean' : 'bigint'}`)
  const values = ['change.version', 'CAST(change.record AS text)', ...facts.map((column) => `change.${column}`)]
  const assignments = ['version', 'record', ...facts].map((column, at) => `${column} = ${values[at]}`)
  return {
    findMany: `SELECT user_id AS owner, version, record FROM ${records}
WHERE user_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(CAST($1 AS text) AS json))))`,
    // Rows are locked in the order of their ids, so that two batches wait for each other and do not deadlock.
    saveMany: `WITH change AS (
  SELECT * FROM json_to_recordset(CAST(CAST($1 AS text) AS json))
    AS entry(user_id text, version text, expected text, record json, events json, ${types.join(', ')})
), held AS (
  SELECT stored.user_id FROM ${records} AS stored JOIN change ON stored.user_id = change.user_id
  WHERE stored.version = change.expected ORDER BY stored.user_id FOR UPDATE OF stored
), updated AS (
  UPDATE ${records} AS stored SET ${assignments.join(', ')}
  FROM change JOIN held ON held.user_id = change.user_id
  WHERE stored.user_id = change.user_id AND stored.version = change.expected RETURNING stored.user_id
), created AS (
  INSERT INTO ${records} (user_id, version, record, ${facts.join(', ')})
  SELECT change.user_id, ${values.join(', ')} FROM change WHERE change.expected IS NULL ORDER BY change.user_id
  ON CONFLICT (user_id) DO NOTHING RETURNING user_id
), saved AS (
  SELECT user_id FROM updated UNION ALL SELECT user_id FROM created
), told AS (
  INSERT INTO ${events} (user_id, id, type, at, event)
  SELECT saved.user_id, event->>'id', event->>'type', CAST(event->>'at' AS bigint), CAST(event AS text)
  FROM saved JOIN change ON change.user_id = saved.user_id, json_array_elements(change.events) AS event
) SELECT user_id AS owner FROM saved`,
  }
}
