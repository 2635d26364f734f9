import type { EnrollmentDirectory } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import { FACT_COLUMNS, type RecordRow, storedOf } from '../sql/index.js'
import { type Connection, connectionOf, type Statement } from './connection.js'
import { directoryOf } from './directory.js'
import type { PostgresDatabase, PostgresValue } from './driver.js'
import { attempt, isUndone, storeError } from './errors.js'
import { assertSetting, type PostgresOptions, type PostgresTables, settingStatement, tablesOf } from './schema.js'

/**
 * Keeps enrollments in PostgreSQL, or CockroachDB, through a `Pool` or `Client` of pg, a PGlite, or the `sql` of
 * postgres. A decision is one round trip and a write another: record and events go in one statement, which is a
 * transaction of its own.
 *
 * Run {@link migrate} first. Hand in a pool, or a connection that leeway has to itself, to the primary: a replica
 * answers what it last heard. PgBouncer may stand between, in any mode. With `synchronous_commit = off` a crash of the
 * server would forget a write that was answered, so that is refused.
 *
 * Throws a `TypeError` or `RangeError` for a database or name that is none. Its methods throw a {@link LeewayError}
 * `ERR_STORE` that says what to change: tables missing, earlier or later than this code; a collation, encoding or
 * setting that breaks a promise; a transaction open on the connection; a connection lost, a disk that is full, a
 * database that can only be read. `ERR_RECORD` for a record that is not JSON.
 *
 * @example
 * ```ts
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL })
 * await migrate(pool)
 * const repository = postgresRepository(pool)
 * console.log(await repository.find('ada')) // null
 * ```
 */
export function postgresRepository(
  db: PostgresDatabase,
  options: PostgresOptions = {},
): EnrollmentRepository & EnrollmentDirectory {
  const tables = tablesOf(options)
  const connection = checked(connectionOf(db, options.prepare === true), tables)
  const statements = statementsOf(tables)

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const [row] = await attempt(() => connection.query<RecordRow>(statements.find, [userId]))
    return row === undefined ? null : storedOf(row)
  }

  async function save(change: EnrollmentChange): Promise<'saved' | 'conflict'> {
    const { userId, version, expected } = change
    const statement = expected === null ? statements.insert : statements.update
    const values = [userId, version, JSON.stringify(change.enrollment), ...factsOf(change.index)]
    const events = JSON.stringify(change.events)
    const all = expected === null ? [...values, events] : [...values, events, expected]
    return (await applied(connection, statement, all)) ? 'saved' : 'conflict'
  }

  async function remove(userId: string, expected: string): Promise<'removed' | 'conflict'> {
    return (await applied(connection, statements.remove, [userId, expected])) ? 'removed' : 'conflict'
  }

  return Object.freeze({ find, save, remove, ...directoryOf(connection, tables, save) })
}

/** Whether a conditional write took place. */
async function applied(
  connection: Connection,
  statement: Statement,
  values: readonly PostgresValue[],
): Promise<boolean> {
  try {
    return (await connection.query(statement, values)).length > 0
  } catch (error) {
    // Above read committed, the loser of a race is told so; the statement was a transaction, and all of it is undone.
    if (isUndone(error)) return false
    throw storeError(error)
  }
}

/** The connection, once it is known that what it leads to keeps the promises; asked again after a failure. */
function checked(connection: Connection, tables: PostgresTables): Connection {
  let setting: Promise<void> | null = null
  async function settle(): Promise<void> {
    const [found] = await connection.query<Parameters<typeof assertSetting>[0]>(settingStatement(tables).text, [])
    assertSetting(found as Parameters<typeof assertSetting>[0], tables)
  }
  return {
    ...connection,
    async query(statement, values) {
      setting ??= settle().catch((error: unknown) => {
        setting = null
        throw error
      })
      await setting
      return connection.query(statement, values)
    },
  }
}

type Statements = Readonly<Record<'find' | 'insert' | 'update' | 'remove', Statement>>

/** Parameters come as user id, version, record, facts, events and the version that is expected. */
function statementsOf({ records, events }: PostgresTables): Statements {
  const facts = Object.values(FACT_COLUMNS)
  const columns = `user_id, version, record, ${facts.join(', ')}`
  const places = ['$1', '$2', '$3', ...facts.map((_, at) => `$${at + 4}`)]
  const assignments = ['version = $2', 'record = $3', ...facts.map((column, at) => `${column} = $${at + 4}`)]
  // The row count of the write decides whether there is anything to tell, and is what is answered.
  const told = `, told AS (
  INSERT INTO ${events} (user_id, id, type, at, event)
  SELECT saved.user_id, event->>'id', event->>'type', CAST(event->>'at' AS bigint), CAST(event AS text)
  FROM saved, json_array_elements(CAST(CAST($${facts.length + 4} AS text) AS json)) AS event
) SELECT user_id FROM saved`
  return {
    find: { name: 'leeway_find', text: `SELECT version, record FROM ${records} WHERE user_id = $1` },
    // Only a user who is there already is passed over; any other constraint is an error.
    insert: {
      name: 'leeway_insert',
      text: `WITH saved AS (
  INSERT INTO ${records} (${columns}) VALUES (${places.join(', ')}) ON CONFLICT (user_id) DO NOTHING RETURNING user_id
)${told}`,
    },
    update: {
      name: 'leeway_update',
      text: `WITH saved AS (
  UPDATE ${records} SET ${assignments.join(', ')}
  WHERE user_id = $1 AND version = $${facts.length + 5} RETURNING user_id
)${told}`,
    },
    remove: {
      name: 'leeway_remove',
      text: `WITH removed AS (
  DELETE FROM ${records} WHERE user_id = $1 AND version = $2 RETURNING user_id
), forgotten AS (
  DELETE FROM ${events} WHERE user_id = $1 AND EXISTS (SELECT 1 FROM removed)
) SELECT user_id FROM removed`,
    },
  }
}

function factsOf(index: EnrollmentChange['index']): PostgresValue[] {
  return (Object.keys(FACT_COLUMNS) as (keyof typeof FACT_COLUMNS)[]).map((fact) => index[fact])
}
