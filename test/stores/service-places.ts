import { createRequire } from 'node:module'
import type { EnrollmentDirectory } from '../../src/ports/directory.js'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import * as mysql from '../../src/stores/mysql/index.js'
import * as postgres from '../../src/stores/postgres/index.js'
import { redisRepository } from '../../src/stores/redis/index.js'
import * as sqlite from '../../src/stores/sqlite/index.js'

/** How a server is found. */
export interface Address {
  host: string
  port: number
  user: string
  database: string
}

/** How PostgreSQL is spoken to: of the two, only postgres prepares statements, unless it is told not to. */
export type PostgresDriver = 'pg' | 'postgres' | 'postgres, unprepared'

/** Where processes keep the users that they share, as text that goes from one to the other. */
export type Place =
  | { store: 'SQLite'; file: string }
  | { store: 'PostgreSQL'; driver: PostgresDriver; server: Address; table: string }
  | { store: 'MariaDB'; server: Address; table: string }
  | { store: 'Redis'; port: number; prefix: string }

/** A process's own connections to a place. */
export interface OpenPlace {
  repository: EnrollmentRepository & EnrollmentDirectory
  /** takes away what all processes left there */
  clear(): Promise<void>
  close(): Promise<void>
}

/** Calls of one process are on several connections, so that they meet in the database too. */
const CONNECTIONS = 4

/**
 * Connects to a place and migrates it, as each process does for itself. Drivers are found from the file `resolveFrom`,
 * and loaded only where they are used.
 */
export async function openPlace(place: Place, resolveFrom: string): Promise<OpenPlace> {
  const load = createRequire(resolveFrom)
  switch (place.store) {
    case 'SQLite':
      return openSqlite(new (load('libsql') as typeof import('libsql'))(place.file))
    case 'PostgreSQL':
      return place.driver === 'pg' ? openPg(place, load('pg')) : openPostgres(place, load('postgres'))
    case 'MariaDB':
      return openMysql(place, load('mysql2/promise'))
    case 'Redis':
      return openRedis(place, load('ioredis'))
  }
}

async function openSqlite(db: sqlite.SqliteDatabase & { close(): unknown }): Promise<OpenPlace> {
  await sqlite.migrate(db)
  return {
    repository: sqlite.sqliteRepository(db),
    // The file goes with its folder.
    clear: async () => {},
    close: async () => void db.close(),
  }
}

const dropTables = (table: string): string =>
  `DROP TABLE IF EXISTS ${table}, ${table}_events, ${table}_prunings, ${table}_schema`

async function openPg(
  { server, table }: Place & { store: 'PostgreSQL' },
  { Pool }: typeof import('pg'),
): Promise<OpenPlace> {
  const pool = new Pool({ ...server, max: CONNECTIONS })
  await postgres.migrate(pool, { table })
  return {
    repository: postgres.postgresRepository(pool, { table }),
    clear: async () => void (await pool.query(dropTables(table))),
    close: () => pool.end(),
  }
}

async function openPostgres(
  { server, table, driver }: Place & { store: 'PostgreSQL' },
  connect: typeof import('postgres'),
): Promise<OpenPlace> {
  const { user: username, ...others } = server
  const prepare = driver === 'postgres'
  const sql = connect({ ...others, username, max: CONNECTIONS, prepare, onnotice: () => {} })
  await postgres.migrate(sql, { table })
  return {
    repository: postgres.postgresRepository(sql, { table }),
    clear: async () => void (await sql.unsafe(dropTables(table))),
    close: () => sql.end({ timeout: 1 }),
  }
}

async function openMysql(
  { server, table }: Place & { store: 'MariaDB' },
  { createPool }: typeof import('mysql2/promise'),
): Promise<OpenPlace> {
  const pool = createPool({ ...server, connectionLimit: CONNECTIONS })
  await mysql.migrate(pool, { table })
  return {
    repository: mysql.mysqlRepository(pool, { table }),
    clear: async () => void (await pool.query(dropTables(table))),
    close: () => pool.end(),
  }
}

async function openRedis(
  { port, prefix }: Place & { store: 'Redis' },
  { Redis }: typeof import('ioredis'),
): Promise<OpenPlace> {
  const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null })
  await client.connect()
  return {
    repository: redisRepository(client, { prefix }),
    async clear() {
      for await (const keys of client.scanStream({ match: `${prefix}:*`, count: 1000 })) {
        if (keys.length > 0) await client.unlink(...(keys as string[]))
      }
    },
    close: async () => client.disconnect(),
  }
}
