import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it, test } from 'node:test'
import { PrismaPg } from '@prisma/adapter-pg'
import { postgresRepository } from 'leeway/postgres'
import type { Pool } from 'pg'
import { leewaySql } from '../support/leeway-sql.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { onDatabase, prove } from '../support/prove.ts'
import { PrismaClient } from './generated/client.ts'
import { prismaRepository } from './prisma-repository.ts'

const migration = (name: string): string =>
  readFileSync(new URL(`../../prisma/migrations/${name}/migration.sql`, import.meta.url), 'utf8')

/** What `prisma migrate deploy` does, whose engine is a program that has to be loaded first. */
async function deploy(database: TestDatabase): Promise<void> {
  const pool = database.connect()
  for (const name of ['20270104080000_mfa', '20270104090000_leeway']) await pool.query(migration(name))
}

test("leeway's tables are in the migrations as this leeway makes them", () => {
  assert.equal(migration('20270104090000_leeway'), `${leewaySql()};\n`)
})

onDatabase('a repository on the client of Prisma', deploy, (database) => {
  /** Prisma listens to a pool for as long as its client lives: one client for each. */
  const clients = new Map<Pool, PrismaClient>()
  function client(): PrismaClient {
    const pool = database.connect()
    const made = clients.get(pool) ?? new PrismaClient({ adapter: new PrismaPg(pool) })
    clients.set(pool, made)
    return made
  }

  prove(async () => ({
    repository: prismaRepository(client()),
    another: async () => prismaRepository(client()),
    close: () => database.close('mfa_records', 'mfa_events'),
  }))

  it('throws what fails, and calls it no conflict', async () => {
    const prisma = client()
    await prisma.$executeRaw`ALTER TABLE mfa_records RENAME TO away`
    const repository = prismaRepository(prisma)
    await assert.rejects(repository.find('ada'), { code: 'ERR_STORE' })
    await assert.rejects(repository.remove('ada', '1'), { code: 'ERR_STORE' })
  })
})

onDatabase("leeway's own store on the pool that Prisma has", deploy, (database) => {
  it('is beside Prisma on one pool', async () => {
    // #region pool
    const pool = database.connect()
    const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
    const repository = postgresRepository(pool, { schema: 'leeway' })
    // #endregion
    assert.equal(await prisma.mfaRecord.count(), 0)
    assert.equal((await repository.counts(Date.now())).total, 0)
  })
})
