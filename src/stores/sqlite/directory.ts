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
  historyQuery,
  listQuery,
  QUESTION_MARKS,
  type RecordRow,
  storedOf,
} from '../sql/index.js'
import { assertFree } from './connection.js'
import type { SqliteDatabase } from './driver.js'
import { attempt } from './errors.js'
import type { SqliteTables } from './schema.js'

/** What reports and bulk work ask of the tables. */
export function directoryOf(
  db: SqliteDatabase,
  tables: SqliteTables,
  { find, save }: Pick<EnrollmentRepository, 'find' | 'save'>,
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
    for (const change of changes) outcomes.push(await save(change))
    return outcomes
  }

  async function list(query: DirectoryQuery): Promise<readonly StoredEnrollment[]> {
    const { text, parameters } = listQuery(tables.records, query, QUESTION_MARKS)
    return rowsOf<RecordRow>(text, parameters).map(storedOf)
  }

  async function counts(now: number): Promise<PhaseCounts> {
    return countsOf(rowsOf<CountRow>(countsSql(tables.records, now, QUESTION_MARKS), []))
  }

  async function deadlines({ edges }: { edges: readonly number[]; now: number }): Promise<readonly number[]> {
    const text = deadlinesSql(tables.records, edges, QUESTION_MARKS)
    return deadlinesOf(text === null ? [] : rowsOf<DeadlineRow>(text, []), edges)
  }

  async function history(
    userId: string,
    page: { after: string | null; limit: number },
  ): Promise<readonly EnrollmentChange['events'][number][]> {
    const { text, parameters } = historyQuery(tables.events, userId, page, QUESTION_MARKS)
    return rowsOf<{ event: string }>(text, parameters).map(eventOf)
  }

  return { findMany, saveMany, list, counts, deadlines, history }
}
