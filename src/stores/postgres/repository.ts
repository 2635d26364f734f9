import type { EnrollmentDirectory } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import { FACT_COLUMNS, movementColumns, type RecordRow, storedOf } from '../sql/index.js'
import { type Connection, connectionOf } from './connection.js'
import { directoryOf } from './directory.js'
import type { PostgresDatabase, PostgresValue } from './driver.js'
import { attempt, unlessUndone } from './errors.js'
import {
  assertSetting,
  type PostgresOptions,
  type PostgresTables,
  type Setting,
  settingSql,
  tablesOf,
} from './schema.js'

/**
 * Keeps enrollments in PostgreSQL, or CockroachDB, through a `Pool` or `Client` of pg, a PGlite, or the `sql` of
 * postgres. A decision is one round trip and a write another: record and events go in one statement, which is a
 * transaction of its own.
 *
 * Run {@link migrate} first. Hand in a pool, or a connection that leeway has to itself, to the primary: a replica
 * answers what it last heard. A connection that comes back to a pool of pg with the host's transaction open is refused,
 * and closed; `postgres` does not tell of one: there the host has to see to it. PgBouncer may stand between, in any mode;
 * where it keeps no prepared statements (before 1.21, or `max_prepared_statements = 0`) make the `sql` of postgres with
 * `prepare: false`: it would wait for ever. With `synchronous_commit = off` a crash of the server would forget a write
 * that was answered, so that is refused.
 *
 * Throws a `TypeError` or `RangeError` for a database or name that is none. Its methods throw a `LeewayError`
 * `ERR_STORE` that says what to change: tables missing, earlier or later than this code; a collation, encoding or
 * setting that breaks a promise; a transaction open on the connection; a connection lost, a disk that is full, a
 * database that can only be read. `ERR_RECORD` for a record that is not JSON.
 *
 * @example
 * ```ts
 * import { Pool } from 'pg'
 * import { migrate, postgresRepository } from 'leeway/postgres'
 *
 * async function openRepository(connectionString: string) {
 *   const pool = new Pool({ connectionString })
 *   await migrate(pool)
 *   return postgresRepository(pool)
 * }
 * ```
 */
export function postgresRepository(
  db: PostgresDatabase,
  options: PostgresOptions = {},
): EnrollmentRepository & EnrollmentDirectory {
  const tables = tablesOf(options)
  const connection = checked(connectionOf(db), tables)
  const statements = statementsOf(tables)

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const [row] = await attempt(() => connection.query<RecordRow>(statements.find, [userId]))
    return row === undefined ? null : storedOf(row)
  }

  async function save({
    userId,
    enrollment,
    index,
    version,
    expected,
    events,
  }: EnrollmentChange): Promise<'saved' | 'conflict'> {
    const values = [userId, version, JSON.stringify(enrollment), ...FACTS.map((fact) => index[fact])]
    if (expected !== null) values.push(expected)
    for (const event of events) {
      values.push(event.id, event.type, event.at, JSON.stringify(event), ...movementColumns(event))
    }
    const write = expected === null ? statements.insert : statements.update
    return (await applied(connection, write(events.length), values)) ? 'saved' : 'conflict'
  }

  async function remove(userId: string, expected: string): Promise<'removed' | 'conflict'> {
    return (await applied(connection, statements.remove, [userId, expected])) ? 'removed' : 'conflict'
  }

  return Object.freeze({ find, save, remove, ...directoryOf(connection, tables, save) })
}

/** Whether a conditional write took place. */
async function applied(connection: Connection, text: string, values: readonly PostgresValue[]): Promise<boolean> {
  // Above read committed, the loser of a race is told so; the statement was a transaction, and all of it is undone.
  const rows = await unlessUndone(() => connection.query(text, values))
  return rows !== null && rows.length > 0
}

/** The connection, once it is known that what it leads to keeps the promises; asked again after a failure. */
function checked(connection: Connection, tables: PostgresTables): Connection {
  let setting: Promise<void> | null = null
  let isSettled = false
  async function settle(): Promise<void> {
    try {
      const [found] = await connection.queryOnce<Setting>(settingSql(tables), [])
      assertSetting(found as Setting, tables)
      isSettled = true
    } finally {
      setting = null
    }
  }
  /** Asks first; from then on statements are sent at once. */
  const after =
    (query: Connection['query']): Connection['query'] =>
    (text, values) => {
      if (isSettled) return query(text, values)
      setting ??= settle()
      return setting.then(() => query(text, values))
    }
  return { ...connection, query: after(connection.query), queryOnce: after(connection.queryOnce) }
}

interface Statements {
  find: string
  insert(eventCount: number): string
  update(eventCount: number): string
  remove: string
}

const FACTS = Object.keys(FACT_COLUMNS) as (keyof EnrollmentChange['index'])[]

/** Parameters come as user id, version, record, facts, the version that is expected, and each event's. */
function statementsOf({ records, events }: PostgresTables): Statements {
  const columns = ['user_id', 'version', 'record', ...Object.values(FACT_COLUMNS)]
  const places = columns.map((_, at) => `$${at + 1}`)
  const assignments = columns.map((column, at) => `${column} = ${places[at]}`).slice(1)

  /** A write and its events in one statement: where nothing was written, there is no row to add events for. */
  const told = (write: string, parameterCount: number) =>
    kept((eventCount) => {
      if (eventCount === 0) return write
      const rows = Array.from({ length: eventCount }, (_, at) => {
        const [id, type, time, event, enrolled, required] = [1, 2, 3, 4, 5, 6].map(
          (place) => `$${parameterCount + 6 * at + place}`,
        )
        return `(${id}, ${type}, CAST(${time} AS bigint), ${event}, CAST(${enrolled} AS smallint), CAST(${required} AS smallint))`
      })
      return `WITH saved AS (${write})
INSERT INTO ${events} (user_id, id, type, at, event, enrolled, required)
SELECT user_id, event.* FROM saved, (VALUES ${rows.join(', ')}) AS event RETURNING user_id`
    })

  return {
    find: `SELECT version, record FROM ${records} WHERE user_id = $1`,
    // Only a user who is there already is passed over; any other constraint is an error.
    insert: told(
      `INSERT INTO ${records} (${columns.join(', ')}) VALUES (${places.join(', ')})
ON CONFLICT (user_id) DO NOTHING RETURNING user_id`,
      columns.length,
    ),
    update: told(
      `UPDATE ${records} SET ${assignments.join(', ')}
WHERE user_id = $1 AND version = $${columns.length + 1} RETURNING user_id`,
      columns.length + 1,
    ),
    remove: `WITH removed AS (
  DELETE FROM ${records} WHERE user_id = $1 AND version = $2 RETURNING user_id
), forgotten AS (
  DELETE FROM ${events} WHERE user_id = $1 AND EXISTS (SELECT 1 FROM removed)
) SELECT user_id FROM removed`,
  }
}

/** Made once for each number of events, of which there are few. */
function kept(make: (count: number) => string): (count: number) => string {
  const made: string[] = []
  return (count) => (made[count] ??= make(count))
}
