import { assertKnownKeys, assertObject } from '../../assert.js'
import { LeewayError } from '../../errors.js'
import { assertSoundSession, onConnection, poolOf, rowsOf } from './connection.js'
import type { MysqlCallbackPool, MysqlConnection, MysqlPool } from './driver.js'
import { isMissingTable } from './errors.js'

/** How long one process waits for another that migrates. */
const MOST_SECONDS = 60

/** Where leeway's tables are. */
export interface MysqlOptions {
  /**
   * The table of the records, and the beginning of the others' names (`leeway_events`, `leeway_prunings`,
   * `leeway_schema`), in the pool's database; default `leeway`. 1 to 50 characters of A-Z a-z 0-9 _, not beginning with a
   * digit.
   */
  table?: string | undefined
}

/** The tables by what they hold, quoted. */
export interface MysqlTables {
  records: string
  events: string
  prunings: string
  schema: string
}

/** The names of all tables, after the one that is configured; refuses what no identifier is. */
export function tablesOf(options: MysqlOptions): MysqlTables {
  assertObject(options, 'options')
  assertKnownKeys(options, ['table'], 'options')
  const { table = 'leeway' } = options
  if (typeof table !== 'string') throw new TypeError('options.table must be a string')
  if (!/^[a-z_]\w{0,49}$/i.test(table)) {
    throw new RangeError('options.table must be 1 to 50 characters of A-Z a-z 0-9 _, not beginning with a digit')
  }
  const named = (suffix: string): string => `\`${table}${suffix}\``
  return { records: named(''), events: named('_events'), prunings: named('_prunings'), schema: named('_schema') }
}

/**
 * The schema, step by step: step n makes version n of n - 1. Steps that were released are never edited, only followed;
 * each statement may be run again, as MySQL cannot roll a step back that was cut short.
 *
 * Columns of bytes have no collation: ids are compared byte for byte, trailing blanks included, and nothing is converted
 * on the way. JSON columns would rewrite what they keep. `facts` holds all that phases are told by, in the order of lists,
 * so that neither a count nor a page reads a record that it does not answer. `moved` tells the events that changed the
 * totals, as no index can be of them alone.
 */
function stepsOf({ records, events, prunings }: MysqlTables): readonly (readonly string[])[] {
  return [
    [
      `CREATE TABLE IF NOT EXISTS ${records} (
  user_id VARBINARY(255) NOT NULL PRIMARY KEY,
  version VARBINARY(64) NOT NULL,
  record LONGBLOB NOT NULL,
  required BOOLEAN NOT NULL,
  starts_at BIGINT,
  deadline BIGINT,
  exempt_until BIGINT,
  suspended BOOLEAN NOT NULL,
  enrolled_at BIGINT,
  locked_until BIGINT,
  remind_at BIGINT,
  KEY facts (user_id, required, suspended, enrolled_at, deadline, exempt_until, starts_at, locked_until),
  KEY reminders (remind_at, user_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`,
      `CREATE TABLE IF NOT EXISTS ${events} (
  user_id VARBINARY(255) NOT NULL,
  id VARBINARY(64) NOT NULL,
  type VARBINARY(64) NOT NULL,
  at BIGINT NOT NULL,
  event LONGBLOB NOT NULL,
  enrolled TINYINT,
  required TINYINT,
  moved BOOLEAN GENERATED ALWAYS AS (enrolled IS NOT NULL) STORED,
  PRIMARY KEY (user_id, id),
  KEY movements (moved, at, enrolled, required)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`,
      `CREATE TABLE IF NOT EXISTS ${prunings} (pruned_before BIGINT NOT NULL PRIMARY KEY) ENGINE=InnoDB`,
    ],
  ]
}

const createSchemaTable = ({ schema }: MysqlTables): string =>
  `CREATE TABLE IF NOT EXISTS ${schema} (version INT NOT NULL PRIMARY KEY) ENGINE=InnoDB`

const recordStep = ({ schema }: MysqlTables, version: number): string =>
  `INSERT INTO ${schema} (version) VALUES (${version})`

/** What a table of ours has at every version. */
const ESSENTIALS: Readonly<Record<keyof MysqlTables, readonly string[]>> = {
  schema: ['version int'],
  records: ['user_id varbinary(255) not null', 'version varbinary(64) not null', 'record longblob not null'],
  events: ['user_id varbinary(255) not null', 'id varbinary(64) not null', 'event longblob not null'],
  prunings: ['pruned_before bigint'],
}

/**
 * The statements that create the tables of {@link mysqlRepository}, for hosts whose own migrations make all tables: each
 * to be run once, in this order. Everything in them is needed as it stands, the InnoDB engine and the columns of bytes
 * above all. {@link migrate} does the same and knows what is there already.
 *
 * Throws a `TypeError` or `RangeError` for a table name that is none.
 *
 * @example
 * ```ts
 * for (const statement of mysqlSchema({ table: 'mfa' })) console.log(`${statement};`)
 * ```
 */
export function mysqlSchema(options: MysqlOptions = {}): readonly string[] {
  const tables = tablesOf(options)
  const steps = stepsOf(tables).map((step, index) => [...step, recordStep(tables, index + 1)])
  return Object.freeze([createSchemaTable(tables), ...steps.flat()])
}

/**
 * Creates the tables of {@link mysqlRepository}, or brings them up to date. Run it at each start: it does nothing where
 * nothing is to do, and of several processes at once one does it while the others wait, a minute at most. The pool's user
 * needs CREATE, ALTER and INDEX for it. MySQL commits each change of a table by itself: one that was cut short is
 * finished by the next run.
 *
 * Throws a `LeewayError` `ERR_STORE` where the tables are of a later leeway than this one, where a table of that
 * name is somebody else's, or where MySQL fails.
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
export async function migrate(pool: MysqlPool | MysqlCallbackPool, options: MysqlOptions = {}): Promise<void> {
  const promises = poolOf(pool)
  const tables = tablesOf(options)
  const lock = `'leeway ${tables.records.replaceAll('`', '')}'`
  await onConnection(promises, async (connection) => {
    await assertSoundSession(connection)
    const [row] = await rowsOf(connection, `SELECT GET_LOCK(${lock}, ${MOST_SECONDS})`)
    if (Number(row?.[0]) !== 1) {
      throw new LeewayError(
        'ERR_STORE',
        `another process has been migrating for ${MOST_SECONDS} seconds: see what holds it`,
      )
    }
    // The lock goes with the connection, which is not given back after an error.
    await migrateLocked(connection, tables)
    await rowsOf(connection, `SELECT RELEASE_LOCK(${lock})`)
  })
}

async function migrateLocked(connection: MysqlConnection, tables: MysqlTables): Promise<void> {
  // Before anything is created: a table of the host's may have one of the names.
  for (const name of ['schema', 'records', 'events', 'prunings'] as const) await assertOurs(connection, tables, name)
  await rowsOf(connection, createSchemaTable(tables))
  const from = await versionOf(connection, tables)
  for (const [index, step] of stepsOf(tables).entries()) {
    if (index < from) continue
    for (const statement of [...step, recordStep(tables, index + 1)]) await rowsOf(connection, statement)
  }
}

/**
 * Refuses a session or server that does not do, tables that `migrate` has not brought to the version that this code
 * writes, and those it did not make.
 */
export async function assertMigrated(connection: MysqlConnection, tables: MysqlTables): Promise<void> {
  await assertSoundSession(connection)
  if ((await versionOf(connection, tables)) < stepsOf(tables).length) {
    throw new LeewayError('ERR_STORE', 'the tables are of an earlier version: run migrate first, with the same options')
  }
  for (const name of ['records', 'events'] as const) await assertOurs(connection, tables, name)
}

/** The version of the tables, 0 where there are none yet; one that this code does not know is refused. */
async function versionOf(connection: MysqlConnection, tables: MysqlTables): Promise<number> {
  const [row] = await rowsOf(connection, `SELECT max(version) FROM ${tables.schema}`)
  const version = Number(row?.[0])
  if (version > stepsOf(tables).length) {
    throw new LeewayError(
      'ERR_STORE',
      'the tables are of a later version than this leeway knows: upgrade leeway in this process',
    )
  }
  return version
}

/** Refuses a table that is there and not of ours: another engine rolls nothing back, another collation mixes users up. */
async function assertOurs(connection: MysqlConnection, tables: MysqlTables, name: keyof MysqlTables): Promise<void> {
  const text = await definitionOf(connection, tables[name])
  if (text === null) return
  if (/ engine=(?!innodb\b)/.test(text) || !ESSENTIALS[name].every((column) => text.includes(`\n  ${column}`))) {
    throw new LeewayError(
      'ERR_STORE',
      `the table ${tables[name]} is not as migrate makes it (InnoDB, ids in VARBINARY, ${ESSENTIALS[name].join(', ')}): choose another options.table, or alter it`,
    )
  }
}

/** How the server would create a table, in small letters and without quotes, which depend on its sql_mode; null where there is none. */
async function definitionOf(connection: MysqlConnection, table: string): Promise<string | null> {
  try {
    const [row] = await rowsOf(connection, `SHOW CREATE TABLE ${table}`)
    return String(row?.[1]).replaceAll(/[`"]/g, '').toLowerCase()
  } catch (error) {
    if (isMissingTable(error)) return null
    throw error
  }
}
