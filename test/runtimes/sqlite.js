// @ts-check
// The SQLite that a runtime brings along, as leeway/sqlite's driver: every case of a repository and of a directory, on
// a file with several connections. Tells how many cases there were.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { migrate, sqliteRepository } from 'leeway/sqlite'
import { directoryCases, repositoryCases } from 'leeway/testing'

const [driver = ''] = process.argv.slice(2)
const { DatabaseSync, Database = DatabaseSync } = await import(driver)

async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-'))
  /** @type {import('leeway/sqlite').SqliteDatabase[]} */
  const connections = []
  const connect = () => {
    const db = new Database(join(folder, 'auth.db'))
    connections.push(db)
    return db
  }
  const db = connect()
  await migrate(db)
  return {
    repository: sqliteRepository(db),
    another: async () => sqliteRepository(connect()),
    async close() {
      for (const connection of connections) connection.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const cases = [...repositoryCases(open), ...directoryCases(open)]
for (const { run } of cases) await run()
process.stdout.write(`${cases.length}\n`)
