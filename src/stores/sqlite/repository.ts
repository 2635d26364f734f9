import type { EnrollmentDirectory } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import { movementColumns, type RecordRow, storedOf } from '../sql/index.js'
import { assertDatabase, assertFree, immediately, settle } from './connection.js'
import { directoryOf } from './directory.js'
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './driver.js'
import { attempt } from './errors.js'
import { assertMigrated, type SqliteOptions, type SqliteTables, tablesOf } from './schema.js'

type Statements = Readonly<
  Record<'find' | 'insert' | 'update' | 'remove' | 'insertEvent' | 'removeEvents', SqliteStatement>
>

/**
 * Keeps enrollments in SQLite, through a synchronous driver: libsql, better-sqlite3 or node:sqlite. Any number of
 * processes may share the file; each write waits for the others, and is on the disk before it is 'saved'.
 *
 * Run {@link migrate} first. The connection is leeway's own, and is set to a write-ahead log, `synchronous = FULL` and
 * a `busy_timeout` of five seconds at least. While a write waits, such drivers hold up the whole thread. The file must
 * be on a local disk, and be no embedded replica of libsql, which answers what it last heard.
 *
 * Throws a `TypeError` or `RangeError` for a connection or table name that is none, and a `LeewayError`
 * `ERR_STORE` that says what to change: tables missing, earlier or later than this code; a transaction open on the
 * connection; another writer holding the lock for too long; a full disk; a database that can only be read. Its methods
 * throw the same, and `ERR_RECORD` for a record that is not JSON.
 *
 * @example
 * ```ts
 * import Database from 'libsql'
 * import { migrate, sqliteRepository } from 'leeway/sqlite'
 *
 * const db = new Database('auth.db')
 * await migrate(db)
 * const repository = sqliteRepository(db)
 * console.log(await repository.find('ada')) // null
 * ```
 */
export function sqliteRepository(
  db: SqliteDatabase,
  options: SqliteOptions = {},
): EnrollmentRepository & EnrollmentDirectory {
  assertDatabase(db)
  const tables = tablesOf(options)
  const statements = attempt(() => {
    settle(db)
    assertMigrated(db, tables)
    return prepare(db, tables)
  })

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const row = attempt(() => {
      assertFree(db)
      return statements.find.get(userId) as RecordRow | null | undefined
    })
    return row ? storedOf(row) : null
  }

  async function save(change: EnrollmentChange): Promise<'saved' | 'conflict'> {
    return attempt(() => immediately(db, () => write(change)))
  }

  /** Writes a change within a transaction. */
  function write({ userId, enrollment, index, version, expected, events }: EnrollmentChange): 'saved' | 'conflict' {
    const values = [version, JSON.stringify(enrollment), ...factsOf(index), userId]
    const { changes } =
      expected === null ? statements.insert.run(...values) : statements.update.run(...values, expected)
    if (Number(changes) === 0) return 'conflict'
    for (const event of events) {
      const moved = movementColumns(event)
      statements.insertEvent.run(userId, event.id, event.type, event.at, JSON.stringify(event), ...moved)
    }
    return 'saved'
  }

  async function remove(userId: string, expected: string): Promise<'removed' | 'conflict'> {
    return attempt(() =>
      immediately(db, () => {
        if (Number(statements.remove.run(userId, expected).changes) === 0) return 'conflict'
        statements.removeEvents.run(userId)
        return 'removed'
      }),
    )
  }

  return Object.freeze({ find, save, remove, ...directoryOf(db, tables, { find, write }) })
}

/** Once, so that a missing table or column shows when the process starts. The facts come in the order of `factsOf`. */
function prepare(db: SqliteDatabase, { records, events }: SqliteTables): Statements {
  return {
    find: db.prepare(`SELECT version, record FROM ${records} WHERE user_id = ?`),
    // Only a user who is there already is passed over; any other constraint is an error.
    insert: db.prepare(
      `INSERT INTO ${records} (version, record, required, starts_at, deadline, exempt_until, suspended, enrolled_at, locked_until, remind_at, user_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id) DO NOTHING`,
    ),
    update: db.prepare(
      `UPDATE ${records} SET version = ?, record = ?, required = ?, starts_at = ?, deadline = ?, exempt_until = ?, suspended = ?,
       enrolled_at = ?, locked_until = ?, remind_at = ? WHERE user_id = ? AND version = ?`,
    ),
    remove: db.prepare(`DELETE FROM ${records} WHERE user_id = ? AND version = ?`),
    insertEvent: db.prepare(
      `INSERT INTO ${events} (user_id, id, type, at, event, enrolled, required) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    removeEvents: db.prepare(`DELETE FROM ${events} WHERE user_id = ?`),
  }
}

function factsOf(index: EnrollmentChange['index']): SqliteValue[] {
  return [
    Number(index.required),
    index.startsAt,
    index.deadline,
    index.exemptUntil,
    Number(index.suspended),
    index.enrolledAt,
    index.lockedUntil,
    index.remindAt,
  ]
}
