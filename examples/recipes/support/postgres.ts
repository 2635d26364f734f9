import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { Pool } from 'pg'

const SERVER = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'

const server = new Pool({ connectionString: SERVER, max: 1, idleTimeoutMillis: 100, allowExitOnIdle: true })

/** Why the tests on PostgreSQL are skipped, or false: it answers. Under CI it has to. */
export const skipped: string | false = await server.query('SELECT 1').then(
  () => false as const,
  (error: unknown) => {
    if (process.env['CI'] === 'true') throw error
    return `PostgreSQL does not answer: ${String(error)}`
  },
)

export interface TestDatabase {
  /** a pool of its own, as each process has one */
  connect(): Pool
  /** empties these tables for the next case, which has the pools again */
  close(...tables: string[]): Promise<void>
  /** ends the pools and drops the database */
  drop(): Promise<void>
}

/** A database of its own, as a deployment finds it. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `recipe_${randomBytes(6).toString('hex')}`
  await server.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`)
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  const pools: Pool[] = []
  let used = 0
  function connect(): Pool {
    const pool = pools[used] ?? new Pool({ connectionString: url.href, max: 4 })
    pools[used++] = pool
    return pool
  }
  return {
    connect,
    async close(...tables) {
      used = 0
      await pools[0]?.query(tables.map((table) => `DELETE FROM ${table}`).join(';'))
    },
    async drop() {
      await Promise.all(pools.map((pool) => pool.end()))
      // It waits for connections that are being closed.
      await server.query(`DROP DATABASE ${name}`)
    },
  }
}
