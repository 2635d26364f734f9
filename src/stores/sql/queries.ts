import { assertInstant, assertWhole } from '../../assert.js'
import type { DirectoryQuery, DueQuery, DueReminder, PhaseCounts, Totals } from '../../ports/directory.js'
import {
  assertEdges,
  type Condition,
  endOfPrefix,
  filterConditions,
  type Instant,
  PHASES,
  STOPPABLE,
} from '../../record/conditions.js'
import { everySql, instantSql, lockedSql, phaseSql, termsSql } from './conditions.js'
import type { SqlDialect, SqlQuery } from './dialect.js'

/** Rows of a {@link countsSql} as every driver gives them: numbers, bigints or text. */
export interface CountRow {
  phase: string
  users: unknown
  locked: unknown
}

/** Rows of a {@link deadlinesSql}. */
export interface DeadlineRow {
  bucket: unknown
  users: unknown
}

/** Rows of a {@link dueQuery}, the ids as text. */
export interface DueRow {
  owner: string
  due: unknown
}

/** The row of {@link totalsSql}. */
export interface TotalsRow {
  enrolled: unknown
  required: unknown
}

/**
 * One page of the records that a filter lets through: `user_id`, `version` and `record`, by key and in its order. The
 * column of the ids must compare bytes.
 */
export function listQuery(records: string, query: DirectoryQuery, dialect: SqlDialect): SqlQuery {
  const { userIdPrefix = '', after, limit, now } = query
  assertInstant(now, 'query.now')
  assertWhole(limit, 'query.limit', 1, 2 ** 31 - 1)
  const parameters: string[] = []
  const compared = (operator: string, value: string): string =>
    `user_id ${operator} ${dialect.parameter(parameters.push(value))}`
  const terms = termsSql(filterConditions(query, now), dialect)
  // An empty prefix is one that every id has.
  if (userIdPrefix !== '') {
    terms.push(compared('>=', userIdPrefix))
    const end = endOfPrefix(userIdPrefix)
    if (end !== null) terms.push(compared('<', end))
  }
  if (after !== null) terms.push(compared('>', after))
  const where = terms.length === 0 ? '' : ` WHERE ${terms.join(' AND ')}`
  return { text: `SELECT user_id, version, record FROM ${records}${where} ORDER BY user_id LIMIT ${limit}`, parameters }
}

/** How many rows are in each phase at `now`, and how many of them are locked: one pass over the table. */
export function countsSql(records: string, now: Instant, dialect: SqlDialect): string {
  const locked = `count(CASE WHEN ${lockedSql(now, dialect)} THEN 1 END)`
  return `SELECT ${phaseSql(now, dialect)} AS phase, count(*) AS users, ${locked} AS locked FROM ${records} GROUP BY 1`
}

/** What the rows of {@link countsSql} add up to. */
export function countsOf(rows: readonly CountRow[]): PhaseCounts {
  const counts = { total: 0, locked: 0 } as PhaseCounts
  for (const phase of PHASES) counts[phase] = 0
  for (const row of rows) {
    counts[row.phase as (typeof PHASES)[number]] = Number(row.users)
    counts.total += Number(row.users)
    counts.locked += Number(row.locked)
  }
  return counts
}

/**
 * How many deadlines fall between each edge and the next, by the position of the edge; those with none are left out.
 * null where there is nothing between, and so nothing to ask. The edges must not go back.
 */
export function deadlinesSql(records: string, edges: readonly Instant[], dialect: SqlDialect): string | null {
  assertEdges(edges)
  const [first, last] = [edges[0], edges.at(-1)]
  if (first === undefined || last === undefined || first === last) return null
  const between: Condition[] = [
    ...STOPPABLE,
    { fact: 'deadline', is: 'not-before', than: first },
    { fact: 'deadline', is: 'before', than: last },
  ]
  const bucket = bucketSql(edges, 0, edges.length - 1)
  return `SELECT ${bucket} AS bucket, count(*) AS users FROM ${records} WHERE ${everySql(between, dialect)} GROUP BY 1`
}

/** What the rows of {@link deadlinesSql} say of each interval. */
export function deadlinesOf(rows: readonly DeadlineRow[], edges: readonly Instant[]): readonly number[] {
  const counts = edges.slice(1).map(() => 0)
  for (const { bucket, users } of rows) counts[Number(bucket)] = Number(users)
  return counts
}

/**
 * Whose reminder is due, the earliest first, as `owner` and `due`: `remind_at` and then the key, of which there has to be
 * an index. As many fall due at the same instant, the page goes on within it.
 */
export function dueQuery(records: string, { now, after, limit }: DueQuery, dialect: SqlDialect): SqlQuery {
  assertInstant(now, 'query.now')
  assertWhole(limit, 'query.limit', 1, 2 ** 31 - 1)
  const terms = [`remind_at <= ${instantSql(now)}`]
  if (after !== null) {
    assertInstant(after.remindAt, 'query.after.remindAt')
    terms.push(dialect.after(['remind_at', 'user_id'], [instantSql(after.remindAt), dialect.parameter(1)]))
  }
  return {
    text: `SELECT user_id AS owner, remind_at AS due FROM ${records} WHERE ${terms.join(' AND ')}
ORDER BY remind_at, user_id LIMIT ${limit}`,
    parameters: after === null ? [] : [after.userId],
  }
}

/** Somebody whose reminder is due, as a row of {@link dueQuery} has it. */
export function dueOf({ owner, due }: DueRow): DueReminder {
  return { userId: owner, remindAt: Number(due) }
}

/** How many records have an authenticator bound, and of how many MFA is required: one pass over the table. */
export function totalsSql(records: string, dialect: SqlDialect): string {
  const required = `count(CASE WHEN ${dialect.flag('required', true)} THEN 1 END)`
  return `SELECT count(enrolled_at) AS enrolled, ${required} AS required FROM ${records}`
}

/** What the row of {@link totalsSql} says. */
export function totalsOf({ enrolled, required }: TotalsRow): Totals {
  return { enrolled: Number(enrolled), required: Number(required) }
}

/** A user's events in their order, after one of them: `event`. The column of their ids must compare bytes. */
export function historyQuery(
  events: string,
  userId: string,
  page: { after: string | null; limit: number },
  dialect: SqlDialect,
): SqlQuery {
  const { after, limit } = page
  assertWhole(limit, 'page.limit', 1, 2 ** 31 - 1)
  const later = after === null ? '' : ` AND id > ${dialect.parameter(2)}`
  return {
    text: `SELECT event FROM ${events} WHERE user_id = ${dialect.parameter(1)}${later} ORDER BY id LIMIT ${limit}`,
    parameters: after === null ? [userId] : [userId, after],
  }
}

/** Which interval a deadline is in, by halves: nine comparisons find one day of a year. */
function bucketSql(edges: readonly Instant[], from: number, to: number): string {
  if (to - from === 1) return String(from)
  const middle = (from + to) >> 1
  const isBefore = `deadline < ${instantSql(edges[middle] as Instant)}`
  return `CASE WHEN ${isBefore} THEN ${bucketSql(edges, from, middle)} ELSE ${bucketSql(edges, middle, to)} END`
}
