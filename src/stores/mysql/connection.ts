import { LeewayError } from '../../errors.js'
import type { MysqlCallbackPool, MysqlConnection, MysqlPool, MysqlStatement, MysqlValue } from './driver.js'
import { assertSound, isRolledBack, storeError } from './errors.js'

/**
 * What is at fault with the session that reads this, or its server; NULL where nothing is. MySQL and MariaDB skip each
 * other's comments: they name the isolation differently, and only MariaDB tells of an open transaction.
 */
export const FAULT: string = `CASE WHEN @@autocommit = 0 THEN 'autocommit' WHEN @@read_only = 1 THEN 'read-only'
 WHEN @@innodb_flush_log_at_trx_commit NOT IN (1, 3) THEN 'durability' /*M! WHEN @@in_transaction = 1 THEN 'transaction' */
 WHEN /*!80000 @@transaction_isolation *//*M! @@tx_isolation */ = 'READ-UNCOMMITTED' THEN 'isolation' END`

/** The pool of promises; refuses what is no pool, as a single connection is, which the host may have in a transaction. */
export function poolOf(pool: MysqlPool | MysqlCallbackPool): MysqlPool {
  const candidate = pool as Partial<MysqlPool & MysqlCallbackPool> | null | undefined
  if (typeof candidate?.getConnection !== 'function') {
    throw new TypeError('pool must be a pool of mysql2: createPool makes one')
  }
  return typeof candidate.promise === 'function' ? candidate.promise() : (pool as MysqlPool)
}

/**
 * Runs `work` on a connection of the pool, one at a time so that a pool of one will do; whatever the driver throws becomes
 * a LeewayError. A connection that met an error is not given back: what is open on it, the server rolls back.
 */
export async function onConnection<Result>(
  pool: MysqlPool,
  work: (connection: MysqlConnection) => Promise<Result>,
): Promise<Result> {
  let connection: MysqlConnection | undefined
  try {
    connection = await pool.getConnection()
    const result = await work(connection)
    connection.release()
    return result
  } catch (error) {
    connection?.destroy()
    throw error instanceof LeewayError ? error : storeError(error)
  }
}

/**
 * Runs `work` in a transaction and commits what it wrote; null where the server rolled it back, as one of several that
 * waited for each other. Three statements at least: MySQL has no other way to write two tables at once.
 */
export async function inTransaction<Result>(
  connection: MysqlConnection,
  work: () => Promise<Result>,
): Promise<Result | null> {
  // `START TRANSACTION` would commit what a host forgot to end before it gave the connection back.
  await rowsOf(connection, 'ROLLBACK AND CHAIN')
  try {
    const result = await work()
    await rowsOf(connection, 'COMMIT')
    return result
  } catch (error) {
    if (!isRolledBack(error)) throw error
    await rowsOf(connection, 'ROLLBACK')
    return null
  }
}

/** Runs a statement and answers its rows, each an array in the order of the columns. */
export async function rowsOf(connection: MysqlConnection, sql: string): Promise<unknown[][]> {
  const [rows] = await connection.query(statement(sql))
  return rows as unknown[][]
}

/** The rows of a prepared statement, for what is asked often. */
export async function preparedRowsOf(
  connection: MysqlConnection,
  sql: string,
  values: MysqlValue[],
): Promise<unknown[][]> {
  const [rows] = await connection.execute({ ...statement(sql), values })
  return rows as unknown[][]
}

/** Refuses a session with which something is at fault. */
export async function assertSoundSession(connection: MysqlConnection): Promise<void> {
  const [row] = await rowsOf(connection, `SELECT ${FAULT}`)
  assertSound(row?.[0])
}

/** The rows of a statement, read in a session with which nothing is at fault. */
export async function soundRowsOf(connection: MysqlConnection, sql: string): Promise<unknown[][]> {
  await assertSoundSession(connection)
  return rowsOf(connection, sql)
}

/** Runs a prepared statement and answers how many rows it met. */
export async function changesOf(connection: MysqlConnection, sql: string, values: MysqlValue[]): Promise<number> {
  const [header] = await connection.execute({ ...statement(sql), values })
  return (header as { affectedRows: number }).affectedRows
}

/** The same for a statement that is another one each time: not worth preparing. */
export async function changesOnceOf(connection: MysqlConnection, sql: string): Promise<number> {
  const [header] = await connection.query(statement(sql))
  return (header as { affectedRows: number }).affectedRows
}

/** A statement whose rows come as arrays of plain values, whatever the pool's own options say. */
function statement(sql: string): MysqlStatement {
  return { sql, rowsAsArray: true, nestTables: false, namedPlaceholders: false, typeCast: (_, next) => next() }
}
