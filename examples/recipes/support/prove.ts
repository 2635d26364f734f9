import { after, describe, it } from 'node:test'
import type { EnrollmentDirectory, EnrollmentRepository } from 'leeway'
import { directoryCases, type OpenRepository, repositoryCases } from 'leeway/testing'
import { createDatabase, skipped, type TestDatabase } from './postgres.ts'

/** Runs `tell` with a database that the migrations have made, which is gone afterwards. */
export function onDatabase(
  what: string,
  deploy: (on: TestDatabase) => Promise<void>,
  tell: (on: TestDatabase) => void,
): void {
  describe(what, { skip: skipped }, async () => {
    // Node asks what a suite is made of even where it is skipped.
    if (skipped !== false) return
    const database = await createDatabase()
    await deploy(database)
    after(() => database.drop())
    tell(database)
  })
}

/** What proves a repository, one case after another. */
export function prove(open: () => Promise<OpenRepository>): void {
  for (const { name, run } of repositoryCases(open)) it(name, run)
}

/** What proves a store that can be asked about everybody. */
export function proveDirectory(open: () => Promise<OpenRepository<EnrollmentRepository & EnrollmentDirectory>>): void {
  prove(open)
  for (const { name, run } of directoryCases(open)) it(name, run)
}
