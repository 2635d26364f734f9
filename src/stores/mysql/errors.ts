import { LeewayError } from '../../errors.js'

/** What mysql2 says of an error: the server's number and its name, or the system's name. */
interface DriverError {
  errno?: unknown
  code?: unknown
  message?: unknown
}

const READ_ONLY =
  'the server or the session can only read, as a replica does: hand in a pool to the primary, without TRANSACTION READ ONLY'

/** By the name of the error, which no language setting of the server changes, or by what mysql2 says itself. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^ER_(?:NO_SUCH_TABLE|BAD_FIELD_ERROR|KEY_DOES_NOT_EXITS) /,
    'a table, column or index is missing: run migrate first, on the same database and with the same options',
  ],
  [/^ER_(?:OPTION_PREVENTS_STATEMENT|CANT_EXECUTE_IN_READ_ONLY_TRANSACTION|READ_ONLY_MODE) /, READ_ONLY],
  [
    /^ER_LOCK_WAIT_TIMEOUT /,
    'another transaction held the row for longer than innodb_lock_wait_timeout: find and end it',
  ],
  [/^ER_(?:RECORD_FILE_FULL|DISK_FULL) |No space left/, 'the disk of the server, or the table, is full: make room'],
  [/^ER_NET_PACKET_TOO_LARGE /, 'a record is larger than max_allowed_packet of the server: raise it'],
  [
    /^ER_(?:TABLEACCESS|COLUMNACCESS|DBACCESS|SPECIFIC_ACCESS|ACCESS)_DENIED/,
    "the pool's user may not do this: grant SELECT, INSERT, UPDATE and DELETE on the tables, and CREATE for migrate",
  ],
  [
    /^ER_(?:NO_DB_ERROR|BAD_DB_ERROR) /,
    'the pool is connected to no database that exists: name it in the options of createPool',
  ],
  [
    /^ER_(?:CON_COUNT_ERROR|TOO_MANY_USER_CONNECTIONS|USER_LIMIT_REACHED) /,
    "the server takes no more connections: lower the pool's connectionLimit or raise max_connections",
  ],
  [
    /^ER_MAX_PREPARED_STMT_COUNT_REACHED /,
    'the server keeps no more prepared statements: raise max_prepared_stmt_count',
  ],
  [/Pool is closed/, 'the pool was closed'],
  [
    /Queue limit reached|No connections available/,
    'the pool has no connection to give: raise its connectionLimit or queueLimit, or let it wait (waitForConnections)',
  ],
  [
    /^(?:PROTOCOL_CONNECTION_LOST|PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR|ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|ER_CONNECTION_KILLED|ER_QUERY_INTERRUPTED|ER_SERVER_SHUTDOWN) |closed state/,
    'the connection to the server was lost or cannot be made: see that it runs and can be reached, and that a record is not larger than its max_allowed_packet',
  ],
]

/** What makes a session unfit, by what `FAULT` calls it. */
const FAULTS: Readonly<Record<string, string>> = {
  autocommit: 'autocommit is off on a connection of the pool, which would read what was true before: leave it on',
  transaction:
    'a connection came back to the pool with a transaction open: end each before its connection is released, or hand in a pool that leeway has to itself',
  isolation:
    'the isolation of a connection is READ UNCOMMITTED, which reads what may be rolled back: set another transaction_isolation',
  durability:
    'the server forgets the last commits when it loses power: set innodb_flush_log_at_trx_commit to 1, its default',
  'read-only': READ_ONLY,
}

/** What mysql2 threw, as the error of a repository that says what to change. */
export function storeError(cause: unknown): LeewayError {
  const { code, message } = cause as DriverError
  const text = `${code ?? ''} ${message}`
  const advice = ADVICE.find(([pattern]) => pattern.test(text))?.[1]
  return new LeewayError('ERR_STORE', advice ?? 'MySQL failed; the cause says how', { cause })
}

/** Refuses a session by what is at fault with it; null where nothing is. */
export function assertSound(fault: unknown): void {
  if (fault !== null) throw new LeewayError('ERR_STORE', FAULTS[String(fault)] as string)
}

/** The server has a row with this key. */
export function isDuplicate(error: unknown): boolean {
  return (error as DriverError).errno === 1062
}

/** There is no table of that name. */
export function isMissingTable(error: unknown): boolean {
  return (error as DriverError).errno === 1146
}

/**
 * The server says that nothing of the transaction was or will be applied: 1213 a deadlock, or on COMMIT a certification
 * that failed (Galera); 3101 the same on COMMIT (Group Replication); 1020 a row changed since the snapshot (MariaDB with
 * `innodb_snapshot_isolation`), which is never on COMMIT. Not 1205: a lock that took too long undoes the statement alone.
 */
export function isRolledBack(error: unknown): boolean {
  return [1213, 3101, 1020].includes((error as DriverError).errno as number)
}
