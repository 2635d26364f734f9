import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import Libsql from 'libsql'
import { onTestFinished } from 'vitest'
import type { SqliteDatabase, SqliteStatement } from '../../src/stores/sqlite/index.js'

/** What the tests use beyond what the store needs. */
export interface TestDatabase extends SqliteDatabase {
  prepare(sql: string): SqliteStatement & { all(...parameters: (string | number | null)[]): unknown[] }
  close(): unknown
}

export interface Driver {
  name: string
  /** why it cannot run here; null where it can */
  skip: string | null
  open(path: string): TestDatabase
}

const nodeSqlite = process.getBuiltinModule('node:sqlite') as
  | { DatabaseSync: new (path: string) => TestDatabase }
  | undefined

export const drivers: readonly Driver[] = [
  { name: 'libsql', skip: null, open: (path) => new Libsql(path) },
  {
    name: 'node:sqlite',
    skip: nodeSqlite ? null : `Node ${process.versions.node} has no node:sqlite; 22.5 and later have`,
    open(path) {
      if (nodeSqlite === undefined) throw new Error('no node:sqlite here')
      return new nodeSqlite.DatabaseSync(path)
    },
  },
]

/** The path of a database file that goes with the test. */
export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'auth.db')
}
