import { LeewayError } from '../../errors.js'

/** What to change, by SQLSTATE (PostgreSQL, appendix A): the whole code, or the class that it begins with. */
const ADVICE: Readonly<Record<string, string>> = {
  '08': 'the connection to PostgreSQL failed, and what a write in progress did is unknown: see to the network and the server',
  '22P05': 'the database keeps text in another encoding: leeway needs one made with ENCODING UTF8',
  '25006': 'the server or the session is read-only: connect to the primary, with default_transaction_read_only off',
  '25P02': 'a failed transaction is open on the connection: hand in a pool, or a connection that leeway has to itself',
  '26000': 'a prepared statement is not on this connection: behind PgBouncer give the postgres driver prepare: false',
  '28': 'PostgreSQL refused the user or the password',
  '3D000': 'the database does not exist',
  '3F000': 'the schema does not exist: create it first, or choose another options.schema',
  '40': 'the isolation level let two statements fail each other: set default_transaction_isolation to read committed',
  '42501': 'the user of the connection may not do this: grant it its rights on the tables, or on the schema to migrate',
  '42703':
    'a column is missing: run migrate first, with the same options; a table made by others needs another options.table',
  '42P01': 'a table is missing: run migrate first, with the same options',
  '42P06': 'a table of that name is there and was not made by migrate: choose another options.table',
  '42P07': 'a table of that name is there and was not made by migrate: choose another options.table',
  '53100': 'the disk of the database is full: make room',
  '53300': 'the server takes no more connections: use a smaller pool, or raise max_connections',
  '53': 'the server is out of memory, disk or connections',
  '55P03': 'another statement held a lock for longer than lock_timeout: end its transaction sooner',
  '57014': 'the statement was cancelled, by statement_timeout or by hand',
  '57P': 'the server is shutting down or starting: what a write in progress did is unknown',
}

/** What a driver threw, as the error of a repository that says what to change. */
export function storeError(cause: unknown): LeewayError {
  if (cause instanceof LeewayError) return cause
  // What has no SQLSTATE does not come from the server: it is the way there that failed.
  const state = sqlStateOf(cause) ?? '08'
  const advice = ADVICE[state] ?? ADVICE[state.slice(0, 3)] ?? ADVICE[state.slice(0, 2)]
  return new LeewayError('ERR_STORE', advice ?? 'PostgreSQL failed; the cause says how', {
    cause,
  })
}

/**
 * Whether a statement was certainly undone because it met another: a serialization failure or a deadlock. 40003 is left
 * out, by which CockroachDB says that it cannot tell.
 */
function isUndone(error: unknown): boolean {
  return ['40001', '40P01'].includes(sqlStateOf(error) ?? '')
}

/** Whether a table is not there. */
export function isMissingTable(error: unknown): boolean {
  return sqlStateOf(error) === '42P01'
}

/** The SQLSTATE of an error: all drivers have it as `code`, where those of the network have other words. */
function sqlStateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** Runs what calls the driver; whatever that throws becomes a LeewayError. */
export async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw storeError(error)
  }
}

/** What a statement answers; null where it was undone because it met another. */
export async function unlessUndone<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work()
  } catch (error) {
    if (isUndone(error)) return null
    throw storeError(error)
  }
}
