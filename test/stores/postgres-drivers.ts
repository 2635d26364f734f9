import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import postgres from 'postgres'
import type { PostgresDatabase } from '../../src/stores/postgres/index.js'
import { reachable } from './servers.js'

/** Where the server is: as `psql` would find it, or the one that CI starts. */
export const SERVER: { host: string; port: number; user: string; database: string } = {
  host: process.env['PGHOST'] ?? '127.0.0.1',
  port: Number(process.env['PGPORT'] ?? 5432),
  user: process.env['PGUSER'] ?? 'postgres',
  database: process.env['PGDATABASE'] ?? 'test',
}

/** Whether the server answers; asked once. */
export const isReachable: boolean = await reachable('PostgreSQL', async () => {
  const client = new pg.Client({ ...SERVER, connectionTimeoutMillis: 5000 })
  await client.connect()
  await client.end()
})

/** A driver with a connection or several, and what a test does behind the store's back. */
export interface Opened {
  db: PostgresDatabase
  run(text: string): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

export interface Driver {
  name: string
  isHere: boolean
  open(connections?: number): Promise<Opened>
}

export const drivers: readonly Driver[] = [
  {
    name: 'Pool of pg',
    isHere: isReachable,
    async open(connections = 4) {
      const pool = new pg.Pool({ ...SERVER, max: connections })
      return { db: pool, run: async (text) => (await pool.query(text)).rows, close: () => pool.end() }
    },
  },
  {
    name: 'Client of pg',
    isHere: isReachable,
    async open() {
      const client = new pg.Client(SERVER)
      await client.connect()
      return { db: client, run: async (text) => (await client.query(text)).rows, close: () => client.end() }
    },
  },
  {
    name: 'postgres',
    isHere: isReachable,
    async open(connections = 4) {
      const sql = postgres({ ...SERVER, max: connections, onnotice: () => {} })
      return { db: sql, run: async (text) => [...(await sql.unsafe(text))], close: () => sql.end({ timeout: 1 }) }
    },
  },
  {
    name: 'PGlite',
    isHere: true,
    async open() {
      const db = await PGlite.create()
      const run = async (text: string): Promise<Record<string, unknown>[]> =>
        (await db.exec(text)).at(-1)?.rows as Record<string, unknown>[]
      return { db, run, close: () => db.close() }
    },
  },
]

/** A name for tables that no other run has. */
export const freshTable = (): string => `leeway_${randomBytes(6).toString('hex')}`

/** What takes the tables away again. */
export const dropTables = (table: string): string =>
  `DROP TABLE IF EXISTS ${table}, ${table}_events, ${table}_prunings, ${table}_schema CASCADE`
