import { assertKnownKeys, assertObject, assertOneOf } from '../../assert.js'
import { LeewayError } from '../../errors.js'
import { everySql, NUMBERED, standingConditions } from '../sql/index.js'
import { type Connection, connectionOf } from './connection.js'
import type { PostgresDatabase } from './driver.js'
import { attempt, isMissingTable } from './errors.js'

/** Where leeway's tables are. */
export interface PostgresOptions {
  /** the schema of the tables, which is there already; default: the first of the connection's `search_path` */
  schema?: string | undefined
  /**
   * The table of the records, and the beginning of the others' names (`leeway_events`, `leeway_prunings`,
   * `leeway_schema`); default `leeway`. 1 to 50 characters of a-z 0-9 _, not beginning with a digit.
   */
  table?: string | undefined
}

/** For which server {@link postgresSchema} writes. */
export interface PostgresSchemaOptions extends PostgresOptions {
  /** CockroachDB orders text by its bytes and has no collation that says so; default `postgresql` */
  server?: 'postgresql' | 'cockroachdb' | undefined
}

type Server = 'postgresql' | 'cockroachdb'

/** The tables by what they hold, quoted; the name that indexes begin with, which is in no schema. */
export interface PostgresTables {
  records: string
  events: string
  prunings: string
  schema: string
  prefix: string
}

/** The names of all tables, after those that are configured; refuses what no identifier is. */
export function tablesOf(options: PostgresOptions): PostgresTables {
  assertObject(options, 'options')
  assertKnownKeys(options, ['schema', 'table'], 'options')
  const { schema, table = 'leeway' } = options
  assertName(table, 'options.table')
  if (schema !== undefined) assertName(schema, 'options.schema')
  const named = (name: string): string => (schema === undefined ? `"${name}"` : `"${schema}"."${name}"`)
  return {
    records: named(table),
    events: named(`${table}_events`),
    prunings: named(`${table}_prunings`),
    schema: named(`${table}_schema`),
    prefix: table,
  }
}

function assertName(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
  if (!/^[a-z_][a-z0-9_]{0,49}$/.test(value)) {
    throw new RangeError(`${name} must be 1 to 50 characters of a-z 0-9 _, not beginning with a digit`)
  }
}

/**
 * The schema, step by step: step n makes version n of n - 1. Steps that were released are never edited, only followed.
 *
 * Text in the collation C is compared byte for byte (PostgreSQL, 24.2.2). Each record is in one of four indexes, by what
 * its phase depends on whatever the time; most writes change none of these facts, and so touch no index. Each event is in
 * one of two, by whether it changed the totals.
 */
function stepsOf(
  { records, events, prunings, prefix }: PostgresTables,
  server: Server,
): readonly (readonly string[])[] {
  const bytes = server === 'cockroachdb' ? 'text' : 'text COLLATE "C"'
  const indexing =
    (table: string) =>
    (name: string, columns: string, where: string): string =>
      `CREATE INDEX "${prefix}_${name}" ON ${table} (${columns}) WHERE ${where}`
  const [index, eventIndex] = [indexing(records), indexing(events)]
  const standing = (phase: Parameters<typeof standingConditions>[0]): string =>
    everySql(standingConditions(phase), NUMBERED)
  return [
    [
      `CREATE TABLE ${records} (
  user_id ${bytes} NOT NULL PRIMARY KEY,
  version text NOT NULL,
  record text NOT NULL,
  required boolean NOT NULL,
  starts_at bigint,
  deadline bigint,
  exempt_until bigint,
  suspended boolean NOT NULL,
  enrolled_at bigint,
  locked_until bigint,
  remind_at bigint
)`,
      `CREATE TABLE ${events} (
  user_id ${bytes} NOT NULL,
  id ${bytes} NOT NULL,
  type text NOT NULL,
  at bigint NOT NULL,
  event text NOT NULL,
  enrolled smallint,
  required smallint,
  PRIMARY KEY (user_id, id)
)`,
      `CREATE TABLE ${prunings} (pruned_before bigint NOT NULL PRIMARY KEY)`,
      index('suspended', 'user_id', standing('suspended')),
      index('enrolled', 'user_id', standing('enrolled')),
      index('optional', 'user_id', standing('optional')),
      index('stoppable', 'user_id, deadline', standing('overdue')),
      index('deadline', 'deadline, user_id', standing('overdue')),
      index('exempt', 'user_id, exempt_until', 'exempt_until IS NOT NULL'),
      index('locked', 'user_id, locked_until', 'locked_until IS NOT NULL'),
      index('reminders', 'remind_at, user_id', 'remind_at IS NOT NULL'),
      eventIndex('movements', 'at, enrolled, required', NUMBERED.moved(true)),
      eventIndex('unmoved', 'at', NUMBERED.moved(false)),
    ],
  ]
}

const createSchemaTable = ({ schema }: PostgresTables): string =>
  `CREATE TABLE IF NOT EXISTS ${schema} (version integer NOT NULL PRIMARY KEY)`

const recordStep = ({ schema }: PostgresTables, version: number): string =>
  `INSERT INTO ${schema} (version) VALUES (${version})`

/**
 * The statements that create the tables of {@link postgresRepository}, for hosts whose own migrations make all tables:
 * each to be run once, in this order. {@link migrate} does the same and knows what is there already.
 *
 * Throws a `TypeError` or `RangeError` for a name that is none.
 *
 * @example
 * ```ts
 * for (const statement of postgresSchema({ table: 'mfa' })) console.log(`${statement};`)
 * ```
 */
export function postgresSchema(options: PostgresSchemaOptions = {}): readonly string[] {
  assertObject(options, 'options')
  const { server = 'postgresql', ...others } = options
  assertOneOf(server, 'options.server', ['postgresql', 'cockroachdb'])
  const tables = tablesOf(others)
  const steps = stepsOf(tables, server).map((step, index) => [...step, recordStep(tables, index + 1)])
  return Object.freeze([createSchemaTable(tables), ...steps.flat()])
}

/** `leeway` in ASCII: what those who migrate at once wait for each other by. */
const MIGRATION_LOCK = 0x6c_65_65_77_61_79

/**
 * Creates the tables of {@link postgresRepository}, or brings them up to date. Run it at each start: it does nothing
 * where nothing is to do, and of several processes at once one does it while the others wait.
 *
 * Throws a `LeewayError` `ERR_STORE` where the tables are of a later leeway than this one, where a table of that
 * name is somebody else's, or where PostgreSQL fails; then nothing is changed.
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
export async function migrate(db: PostgresDatabase, options: PostgresOptions = {}): Promise<void> {
  const tables = tablesOf(options)
  const connection = connectionOf(db)
  await attempt(async () => {
    const [found] = await connection.query<{ version: string }>('SELECT version() AS version', [])
    const steps = stepsOf(tables, serverOf(String(found?.version)))
    for (let version = await versionOf(connection, tables); version < steps.length; version++) {
      // Recorded first: one who waited for the lock while another took the step fails here, and has changed nothing.
      const step = [createSchemaTable(tables), recordStep(tables, version + 1), ...(steps[version] as string[])]
      const script = [`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`, ...step].join(';\n')
      await connection.script(script).catch(async (error: unknown) => {
        if ((await versionOf(connection, tables)) <= version) throw error
      })
    }
  })
}

const serverOf = (version: string): Server => (version.startsWith('CockroachDB') ? 'cockroachdb' : 'postgresql')

/** The version of the tables, 0 where there are none yet; one that this code does not know is refused. */
async function versionOf(connection: Connection, tables: PostgresTables): Promise<number> {
  const text = `SELECT max(version) AS version FROM ${tables.schema}`
  const rows = await connection.query<{ version: number | null }>(text, []).catch((error: unknown) => {
    if (isMissingTable(error)) return [{ version: null }]
    throw error
  })
  const version = Number(rows[0]?.version)
  assertKnown(version, tables)
  return version
}

function assertKnown(version: number, tables: PostgresTables): void {
  if (version > stepsOf(tables, 'postgresql').length) {
    throw new LeewayError(
      'ERR_STORE',
      'the tables are of a later version than this leeway knows: upgrade leeway in this process',
    )
  }
}

/** What {@link settingSql} answers. */
export interface Setting {
  version: unknown
  server: string
  encoding: string
  readonly: string
  commit: string
  collation: string | null
}

/** What is asked of a database once, before anything else. */
export function settingSql({ records, schema }: PostgresTables): string {
  return `SELECT (SELECT max(version) FROM ${schema}) AS version, version() AS server,
  current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') AS readonly,
  current_setting('synchronous_commit') AS commit,
  (SELECT c.collname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
   WHERE a.attrelid = CAST('${records}' AS regclass) AND a.attname = 'user_id') AS collation`
}

/** Refuses a database that `migrate` has not brought up to date, or whose setting breaks a promise of the repository. */
export function assertSetting(setting: Setting, tables: PostgresTables): void {
  assertKnown(Number(setting.version), tables)
  const wrong = complaintOf(setting, tables)
  if (wrong !== null) throw new LeewayError('ERR_STORE', wrong)
}

function complaintOf(
  { version, server, encoding, readonly, commit, collation }: Setting,
  tables: PostgresTables,
): string | null {
  if (Number(version) < stepsOf(tables, 'postgresql').length)
    return 'the tables are of an earlier version: run migrate first, with the same options'
  // What a replica answers may be old, and an old record forgets that a code was used.
  if (readonly !== 'off')
    return 'the server or the session is read-only: connect to the primary, with default_transaction_read_only off'
  // It would order the ids otherwise.
  if (encoding !== 'UTF8' && encoding !== 'UTF-8') return 'leeway needs a database made with ENCODING UTF8'
  // An answer before the log is on the disk: a crash would forget a failure, or a code that was used.
  if (commit === 'off') return 'synchronous_commit is off, which may lose a write that was answered: set it to on'
  if (serverOf(server) === 'postgresql' && collation !== 'C')
    return `user_id compares text by a collation: ALTER TABLE ${tables.records} ALTER COLUMN user_id TYPE text COLLATE "C"`
  return null
}
