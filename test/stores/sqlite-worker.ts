import { createRequire } from 'node:module'
import process from 'node:process'
import type { EnrollmentChange } from '../../src/ports/index.js'
import { migrate, type SqliteDatabase, sqliteRepository } from '../../src/stores/sqlite/index.js'

/** What the parent asks of a process that shares the database with others. */
export type Task =
  /** tries this often to write over `expected`, or to remove what has it */
  | { kind: 'save' | 'remove'; userId: string; expected: string | null; tries: number }
  /** adds one to the count, this often, beginning anew after each conflict; for ever where it is 0 */
  | { kind: 'increment'; userId: string; times: number }

/** What it answers: once when it is ready, once for each task, and after each increment that was saved. */
export type Report = { kind: 'ready' } | { kind: 'done'; won: string[] } | { kind: 'count'; count: number }

interface Counter {
  schemaVersion: number
  userId: string
  count: number
}

const [driver, file, resolveFrom] = process.argv.slice(2) as [string, string, string]
const require = createRequire(resolveFrom)

function open(): SqliteDatabase {
  if (driver === 'libsql') return new (require('libsql'))(file)
  return new (require('node:sqlite').DatabaseSync)(file)
}

function changeOf(userId: string, expected: string | null, count: number, version: string): EnrollmentChange {
  const enrollment: Counter = { schemaVersion: 1, userId, count }
  const facts = {
    startsAt: null,
    deadline: null,
    exemptUntil: null,
    enrolledAt: null,
    lockedUntil: null,
    remindAt: null,
  }
  const index = { required: false, suspended: false, ...facts }
  const id = `${count}`.padStart(16, '0')
  const event = { id, type: 'code-rejected', userId, at: count, actor: null, reason: null, details: {} } as const
  return { userId, enrollment, index, version, expected, events: [event] }
}

function report(what: Report): void {
  process.send?.(what)
}

const db = open()
await migrate(db)
const repository = sqliteRepository(db)
let versions = 0
const nextVersion = (): string => `${process.pid}-${++versions}`

async function contend({ kind, userId, expected, tries }: Task & { kind: 'save' | 'remove' }): Promise<string[]> {
  const won: string[] = []
  for (let at = 0; at < tries; at++) {
    const version = nextVersion()
    const outcome =
      kind === 'remove' && expected !== null
        ? await repository.remove(userId, expected)
        : await repository.save(changeOf(userId, expected, versions, version))
    if (outcome !== 'conflict') won.push(version)
  }
  return won
}

async function increment({ userId, times }: Task & { kind: 'increment' }): Promise<void> {
  for (let saved = 0; times === 0 || saved < times; ) {
    const found = await repository.find(userId)
    const count = ((found?.enrollment as Counter | undefined)?.count ?? 0) + 1
    if ((await repository.save(changeOf(userId, found?.version ?? null, count, nextVersion()))) !== 'saved') continue
    saved++
    report({ kind: 'count', count })
    // Reports leave only when the event loop turns.
    await new Promise(setImmediate)
  }
}

process.on('message', async (task: Task) => {
  if (task.kind === 'increment') await increment(task)
  report({ kind: 'done', won: task.kind === 'increment' ? [] : await contend(task) })
})
process.on('disconnect', () => process.exit())
report({ kind: 'ready' })
