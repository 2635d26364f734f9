import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { postgresRepository } from 'leeway/postgres'
import { leewaySql } from '../support/leeway-sql.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { onDatabase, prove, proveDirectory } from '../support/prove.ts'
import { drizzleRepository } from './drizzle-repository.ts'
import { records } from './schema.ts'

const migrationsFolder = fileURLToPath(new URL('../../drizzle/migrations', import.meta.url))

/** The migrations as they are, by Drizzle's own migrator. */
const deploy = (database: TestDatabase): Promise<void> => migrate(drizzle(database.connect()), { migrationsFolder })

test("leeway's tables are in the migrations as this leeway makes them", () => {
  const migration = readFileSync(`${migrationsFolder}/0001_leeway.sql`, 'utf8')
  assert.equal(migration, `${leewaySql('leeway', ';\n--> statement-breakpoint\n')};\n`)
})

onDatabase('a repository by the query builder of Drizzle', deploy, (database) => {
  prove(async () => ({
    repository: drizzleRepository(drizzle(database.connect())),
    another: async () => drizzleRepository(drizzle(database.connect())),
    close: () => database.close('mfa_records', 'mfa_events'),
  }))

  it('throws what fails, and calls it no conflict', async () => {
    const pool = database.connect()
    await pool.query('ALTER TABLE mfa_records RENAME TO away')
    const repository = drizzleRepository(drizzle(pool))
    await assert.rejects(repository.find('ada'), { code: 'ERR_STORE' })
    await assert.rejects(repository.remove('ada', '1'), { code: 'ERR_STORE' })
  })
})

onDatabase("leeway's own store on the pool that Drizzle has", deploy, (database) => {
  it('is beside Drizzle on one pool', async () => {
    // #region pool
    const pool = database.connect()
    const db = drizzle(pool)
    const repository = postgresRepository(pool, { schema: 'leeway' })
    // #endregion
    assert.equal(await db.$count(records), 0)
    assert.equal((await repository.counts(Date.now())).total, 0)
  })

  const open = () => postgresRepository(database.connect(), { schema: 'leeway' })
  proveDirectory(async () => ({
    repository: open(),
    another: async () => open(),
    close: () => database.close('leeway.leeway', 'leeway.leeway_events', 'leeway.leeway_prunings'),
  }))
})
