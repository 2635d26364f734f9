import { randomBytes } from 'node:crypto'
import { createPool, type Pool, type PoolOptions, type RowDataPacket } from 'mysql2/promise'
import { onTestFinished } from 'vitest'
import type { MysqlConnection, MysqlPool, MysqlStatement } from '../../src/stores/mysql/index.js'

/** Where the server is, as CI starts it. */
export const SERVER: { host: string; port: number; user: string; database: string } = {
  host: '127.0.0.1',
  port: 3306,
  user: 'root',
  database: 'test',
}

/** A pool that goes with the test. */
export function pooled(options: PoolOptions = {}): Pool {
  const pool = createPool({ ...SERVER, ...options })
  onTestFinished(() => pool.end())
  return pool
}

/** Pools that somebody else closes. */
export function poolsOf(count: number, options: PoolOptions = {}): Pool[] {
  return Array.from({ length: count }, () => createPool({ ...SERVER, ...options }))
}

/** Rejects where no server answers. */
export async function probe(): Promise<void> {
  const pool = createPool(SERVER)
  try {
    await pool.query('SELECT 1')
  } finally {
    await pool.end()
  }
}

/** A table name that no other run has. */
export function tableName(): string {
  return `leeway_test_${randomBytes(8).toString('hex')}`
}

/** Drops the tables of a name. */
export async function dropTables(pool: Pool, table: string): Promise<void> {
  await pool.query(`DROP TABLE IF EXISTS ${table}, ${table}_events, ${table}_prunings, ${table}_schema`)
}

/** A statement's rows, as they are in the database. */
export async function rows(pool: Pool, sql: string): Promise<Record<string, unknown>[]> {
  const [answer] = await pool.query<RowDataPacket[]>(sql)
  return answer
}

/** A pool whose every session is set like this before it is given out. */
export function settled(options: PoolOptions, ...statements: string[]): Pool {
  const [pool] = poolsOf(1, options) as [Pool]
  // What is queued here runs before what the one who takes the connection asks.
  pool.on('connection', (connection) => {
    for (const sql of statements) void connection.query(sql)
  })
  return pool
}

/** Does something with a statement before it is sent: nothing, something else, or throwing. */
export type Before = (sql: string, connection: MysqlConnection) => unknown

/** The real pool, with something done before each statement; what that answers is sent in its place. */
export function watched(pool: MysqlPool, before: Before): MysqlPool {
  return {
    async getConnection() {
      const connection = await pool.getConnection()
      const through =
        (method: 'query' | 'execute') =>
        async (statement: MysqlStatement): Promise<[unknown, unknown]> => {
          const other = await before(statement.sql, connection)
          return connection[method](typeof other === 'string' ? { ...statement, sql: other } : statement)
        }
      return {
        query: through('query'),
        execute: through('execute'),
        release: () => connection.release(),
        destroy: () => connection.destroy(),
      }
    },
  }
}
