import { assertKnownKeys, assertObject } from '../../assert.js'
import { LeewayError } from '../../errors.js'
import { everySql, SQLITE, standingConditions } from '../sql/index.js'
import { assertDatabase, immediately, settle } from './connection.js'
import type { SqliteDatabase } from './driver.js'
import { attempt } from './errors.js'

/** Where leeway's tables are. */
export interface SqliteOptions {
  /**
   * The table of the records, and the beginning of the others' names (`leeway_events`, `leeway_prunings`,
   * `leeway_schema`); default `leeway`. 1 to 50 characters of A-Z a-z 0-9 _, not beginning with a digit or `sqlite_`.
   */
  table?: string | undefined
}

/** The tables by what they hold, quoted; and what the names of indexes begin with. */
export interface SqliteTables {
  records: string
  events: string
  prunings: string
  schema: string
  prefix: string
}

/** The names of all tables, after the one that is configured; refuses what no identifier is. */
export function tablesOf(options: SqliteOptions): SqliteTables {
  assertObject(options, 'options')
  assertKnownKeys(options, ['table'], 'options')
  const { table = 'leeway' } = options
  if (typeof table !== 'string') throw new TypeError('options.table must be a string')
  if (!/^(?!sqlite_)[a-z_]\w{0,49}$/i.test(table)) {
    throw new RangeError(
      'options.table must be 1 to 50 characters of A-Z a-z 0-9 _, not beginning with a digit or sqlite_',
    )
  }
  const named = (suffix: string): string => `"${table}${suffix}"`
  return {
    records: named(''),
    events: named('_events'),
    prunings: named('_prunings'),
    schema: named('_schema'),
    prefix: table,
  }
}

/**
 * The schema, step by step: step n makes version n of n - 1. Steps that were released are never edited, only followed.
 *
 * TEXT under BINARY, which is said although it is the default, compares ids byte for byte (SQLite, "Datatypes", 7). Each
 * record is in one of four indexes, by what its phase depends on whatever the time; most writes change none of these facts.
 * Each event is in one of two, by whether it changed the totals.
 */
function stepsOf({ records, events, prunings, prefix }: SqliteTables): readonly (readonly string[])[] {
  const indexing =
    (table: string) =>
    (name: string, columns: string, where: string): string =>
      `CREATE INDEX "${prefix}_${name}" ON ${table} (${columns}) WHERE ${where}`
  const [index, eventIndex] = [indexing(records), indexing(events)]
  const standing = (phase: Parameters<typeof standingConditions>[0]): string =>
    everySql(standingConditions(phase), SQLITE)
  return [
    [
      `CREATE TABLE ${records} (
  user_id TEXT NOT NULL COLLATE BINARY PRIMARY KEY,
  version TEXT NOT NULL,
  record TEXT NOT NULL,
  required INTEGER NOT NULL,
  starts_at INTEGER,
  deadline INTEGER,
  exempt_until INTEGER,
  suspended INTEGER NOT NULL,
  enrolled_at INTEGER,
  locked_until INTEGER,
  remind_at INTEGER
) STRICT`,
      `CREATE TABLE ${events} (
  user_id TEXT NOT NULL COLLATE BINARY,
  id TEXT NOT NULL COLLATE BINARY,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  enrolled INTEGER,
  required INTEGER,
  PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID`,
      `CREATE TABLE ${prunings} (pruned_before INTEGER NOT NULL PRIMARY KEY) STRICT`,
      index('suspended', 'user_id', standing('suspended')),
      index('enrolled', 'user_id', standing('enrolled')),
      index('optional', 'user_id', standing('optional')),
      index('stoppable', 'user_id, deadline', standing('overdue')),
      index('deadline', 'deadline, user_id', standing('overdue')),
      index('exempt', 'user_id, exempt_until', 'exempt_until IS NOT NULL'),
      index('locked', 'user_id, locked_until', 'locked_until IS NOT NULL'),
      index('reminders', 'remind_at, user_id', 'remind_at IS NOT NULL'),
      eventIndex('movements', 'at, enrolled, required', SQLITE.moved(true)),
      eventIndex('unmoved', 'at', SQLITE.moved(false)),
    ],
  ]
}

const createSchemaTable = ({ schema }: SqliteTables): string =>
  `CREATE TABLE IF NOT EXISTS ${schema} (version INTEGER PRIMARY KEY) STRICT`

const recordStep = ({ schema }: SqliteTables, version: number): string =>
  `INSERT INTO ${schema} (version) VALUES (${version})`

/**
 * The statements that create the tables of {@link sqliteRepository}, for hosts whose own migrations make all tables:
 * each to be run once, in this order. `PRAGMA user_version` is left to the host. {@link migrate} does the same and
 * knows what is there already.
 *
 * Throws a `TypeError` or `RangeError` for a table name that is none.
 *
 * @example
 * ```ts
 * for (const statement of sqliteSchema({ table: 'mfa' })) console.log(`${statement};`)
 * ```
 */
export function sqliteSchema(options: SqliteOptions = {}): readonly string[] {
  const tables = tablesOf(options)
  const steps = stepsOf(tables).map((step, index) => [...step, recordStep(tables, index + 1)])
  return Object.freeze([createSchemaTable(tables), ...steps.flat()])
}

/**
 * Creates the tables of {@link sqliteRepository}, or brings them up to date. Run it at each start: it does nothing
 * where nothing is to do, and of several processes at once one does it while the others wait.
 *
 * Throws a `LeewayError` `ERR_STORE` where the tables are of a later leeway than this one, where a table of that
 * name is somebody else's, or where SQLite fails; then nothing is changed.
 *
 * @example
 * ```ts
 * import Database from 'libsql'
 * import { migrate, sqliteRepository } from 'leeway/sqlite'
 *
 * const db = new Database('auth.db')
 * await migrate(db)
 * const repository = sqliteRepository(db)
 * ```
 */
export async function migrate(db: SqliteDatabase, options: SqliteOptions = {}): Promise<void> {
  assertDatabase(db)
  const tables = tablesOf(options)
  const steps = stepsOf(tables)
  attempt(() => {
    settle(db)
    immediately(db, () => {
      db.exec(createSchemaTable(tables))
      const from = versionOf(db, tables)
      for (const [index, step] of steps.entries()) {
        if (index < from) continue
        for (const statement of step) db.exec(statement)
        db.exec(recordStep(tables, index + 1))
      }
    })
  })
}

/** Refuses a database that `migrate` has not brought to the version that this code writes. */
export function assertMigrated(db: SqliteDatabase, tables: SqliteTables): void {
  if (versionOf(db, tables) < stepsOf(tables).length) {
    throw new LeewayError('ERR_STORE', 'the tables are of an earlier version: run migrate first, with the same options')
  }
}

/** The version of the tables, 0 where there are none yet; one that this code does not know is refused. */
function versionOf(db: SqliteDatabase, tables: SqliteTables): number {
  const row = db.prepare(`SELECT max(version) AS version FROM ${tables.schema}`).get() as {
    version: number | bigint | null
  }
  const version = Number(row.version)
  if (version > stepsOf(tables).length) {
    throw new LeewayError(
      'ERR_STORE',
      'the tables are of a later version than this leeway knows: upgrade leeway in this process',
    )
  }
  return version
}
