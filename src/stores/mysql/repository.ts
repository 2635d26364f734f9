import type { EnrollmentDirectory } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import { storedOf } from '../sql/index.js'
import { changesOf, FAULT, inTransaction, onConnection, poolOf, preparedRowsOf } from './connection.js'
import { directoryOf } from './directory.js'
import type { MysqlCallbackPool, MysqlConnection, MysqlPool } from './driver.js'
import { assertSound } from './errors.js'
import { assertMigrated, type MysqlOptions, tablesOf } from './schema.js'
import { hexOf, MOST_BYTES, textOf } from './values.js'
import { saveTogether, writeOf, writeStatements } from './writes.js'

type RecordColumns = [version: Uint8Array, record: Uint8Array] | [version: null, record: null]

/**
 * Keeps enrollments in MySQL or MariaDB, in InnoDB tables, through a pool of mysql2. Run {@link migrate} first.
 *
 * A read is one round trip. A write with its events is four, as the protocol takes one statement at a time: the start of
 * a short transaction, the record on the condition that it is still as expected, the events, and the commit; one that
 * conflicts is three. Before its first, a repository takes four more to look at the session and the tables.
 *
 * The host's options for rows, text and `sql_mode` make no difference: what is sent is hexadecimal digits and ASCII. With
 * `innodb_flush_log_at_trx_commit` at 0 or 2, a server that loses power would forget the last commits, and with them a
 * failure count or a code that was used, so that is refused. The pool must lead to the primary: a replica answers what it
 * last heard, and is told only where it is set to `read_only`. On MySQL, which does not tell of them, the host has to see
 * to it that no connection comes back with a transaction open: a read would look at old rows. A write rolls such a one
 * back.
 *
 * Throws a `TypeError` or `RangeError` for a pool or table name that is none. Its methods throw a `LeewayError`
 * `ERR_STORE` that says what to change: tables missing, of another version, engine or collation; a session with
 * autocommit off, READ UNCOMMITTED or (on MariaDB) a transaction left open; a server that only reads, is full or cannot be
 * reached; a row that another transaction holds for too long. They throw `ERR_RECORD` for a record that is not JSON. A
 * connection that met an error is destroyed, so that nothing of it is left half-written.
 *
 * @example
 * ```ts
 * import { createPool } from 'mysql2/promise'
 * import { migrate, mysqlRepository } from 'leeway/mysql'
 *
 * async function openRepository(uri: string) {
 *   const pool = createPool({ uri })
 *   await migrate(pool)
 *   return mysqlRepository(pool)
 * }
 * ```
 */
export function mysqlRepository(
  pool: MysqlPool | MysqlCallbackPool,
  options: MysqlOptions = {},
): EnrollmentRepository & EnrollmentDirectory {
  const promises = poolOf(pool)
  const tables = tablesOf(options)
  const statements = writeStatements(tables)
  // A row comes in any case, to say what is at fault with the session.
  const findSql = `SELECT ${FAULT}, version, record FROM (SELECT 1 AS one) AS one
 LEFT JOIN ${tables.records} ON user_id = UNHEX(?)`
  const removeSql = `DELETE records, events FROM ${tables.records} AS records LEFT JOIN ${tables.events} AS events
 ON events.user_id = records.user_id WHERE records.user_id = UNHEX(?) AND records.version = UNHEX(?)`
  let isMigrated = false

  async function onTables<Result>(work: (connection: MysqlConnection) => Promise<Result>): Promise<Result> {
    return onConnection(promises, async (connection) => {
      if (!isMigrated) {
        await assertMigrated(connection, tables)
        isMigrated = true
      }
      return work(connection)
    })
  }

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const id = hexOf(userId, 'userId', MOST_BYTES.userId)
    const [version, record] = await onTables(async (connection) => {
      const [row] = await preparedRowsOf(connection, findSql, [id])
      const [fault, ...columns] = row as [unknown, ...RecordColumns]
      assertSound(fault)
      return columns
    })
    return version === null ? null : storedOf({ version: textOf(version), record: textOf(record) })
  }

  async function save(change: EnrollmentChange): Promise<'saved' | 'conflict'> {
    const write = writeOf(change)
    const outcomes = await onTables((connection) => saveTogether(connection, statements, [write]))
    return outcomes?.[0] ?? 'conflict'
  }

  async function remove(userId: string, expected: string): Promise<'removed' | 'conflict'> {
    const values = [hexOf(userId, 'userId', MOST_BYTES.userId), hexOf(expected, 'expected', MOST_BYTES.version)]
    const gone = await onTables((connection) =>
      inTransaction(connection, () => changesOf(connection, removeSql, values)),
    )
    return gone ? 'removed' : 'conflict'
  }

  return Object.freeze({ find, save, remove, ...directoryOf(onTables, tables, statements) })
}
