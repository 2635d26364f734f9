import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SERVER as MYSQL, probe, tableName } from './mysql-pools.js'
import { freshTable, isReachable as isPostgresReachable, SERVER as POSTGRES } from './postgres-drivers.js'
import { freshPrefix, isReachable as isRedisReachable, PORT } from './redis-drivers.js'
import { reachable } from './servers.js'
import type { Place } from './service-places.js'

/** A store that several processes can share. */
export interface ProcessStore {
  isHere: boolean
  /** where nobody has been yet */
  place(): Place
}

const isMysqlReachable = await reachable('MariaDB', probe)

/** The stores that several processes can share, and how to take away what lies in files. */
export function processStores(): { stores: readonly ProcessStore[]; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-processes-'))
  let files = 0
  const stores: readonly ProcessStore[] = [
    { isHere: true, place: () => ({ store: 'SQLite', file: join(folder, `${files++}.db`) }) },
    {
      isHere: isPostgresReachable,
      place: () => ({ store: 'PostgreSQL', driver: 'pg', server: POSTGRES, table: freshTable() }),
    },
    { isHere: isMysqlReachable, place: () => ({ store: 'MariaDB', server: MYSQL, table: tableName() }) },
    { isHere: isRedisReachable, place: () => ({ store: 'Redis', port: PORT, prefix: freshPrefix() }) },
  ]
  return { stores, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
