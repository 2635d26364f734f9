import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { sqliteRepository } from '../../src/stores/sqlite/index.js'
import { drivers, type TestDatabase, temporaryFile } from './sqlite-drivers.js'
import type { Report, Task } from './sqlite-worker.js'

const WORKERS = 4

const folder = mkdtempSync(join(tmpdir(), 'leeway-worker-'))

beforeAll(async () => {
  await build({
    config: false,
    entry: [fileURLToPath(new URL('sqlite-worker.ts', import.meta.url))],
    outDir: folder,
    format: 'esm',
    outExtension: () => ({ js: '.mjs' }),
    target: 'es2022',
    dts: false,
    silent: true,
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Worker {
  child: ChildProcess
  counts: number[]
  run(task: Task): Promise<string[]>
}

for (const { name: driver, skip, open } of drivers) {
  if (skip !== null) {
    process.stdout.write(`skipped: processes that share a file through ${driver}: ${skip}\n`)
    it.skip(`processes that share a file through ${driver}: ${skip}`)
    continue
  }

  /** A process of its own that has migrated the file and waits for tasks. */
  async function start(file: string): Promise<Worker> {
    const child = fork(join(folder, 'sqlite-worker.mjs'), [driver, file, import.meta.url], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString()
    })
    const counts: number[] = []
    const waiting: { resolve(won: string[]): void; reject(error: Error): void }[] = []
    const next = (): Promise<string[]> => new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    child.on('message', (report: Report) => {
      if (report.kind === 'count') counts.push(report.count)
      else waiting.shift()?.resolve(report.kind === 'done' ? report.won : [])
    })
    child.on('exit', (code) => waiting.shift()?.reject(new Error(`a worker ended with ${code}: ${complaint}`)))
    await next()
    const run = (task: Task): Promise<string[]> => {
      const done = next()
      child.send(task)
      return done
    }
    return { child, counts, run }
  }

  const startAll = (file: string): Promise<Worker[]> => Promise.all(Array.from({ length: WORKERS }, () => start(file)))

  function look(file: string): TestDatabase {
    const db = open(file)
    onTestFinished(() => void db.close())
    return db
  }
  const eventIds = (db: TestDatabase): number[] =>
    db
      .prepare('SELECT id FROM leeway_events ORDER BY id')
      .all()
      .map((row) => Number((row as { id: string }).id))
  const oneTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1)
  const countOf = async (db: TestDatabase): Promise<number> => {
    const found = await sqliteRepository(db).find('ada')
    return Number((found?.enrollment as { count?: unknown } | undefined)?.count)
  }

  describe(`processes that share a file through ${driver}`, () => {
    it('create the tables together, all at once on a new file', async () => {
      const file = temporaryFile()
      await startAll(file)
      const db = look(file)
      expect(db.prepare('SELECT version FROM leeway_schema').all()).toHaveLength(1)
      expect(db.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
    })

    it('win one of many writes over the same version, be it a creation, a replacement or a removal', async () => {
      const file = temporaryFile()
      const workers = await startAll(file)
      const repository = sqliteRepository(look(file))
      let expected: string | null = null
      for (let round = 0; round < 60; round++) {
        const race = (kind: 'save' | 'remove'): Task => ({ kind, userId: 'ada', expected, tries: 5 })
        // Every third round some remove and the others replace.
        const removers = expected !== null && round % 3 === 2 ? WORKERS / 2 : 0
        const won = await Promise.all(workers.map(({ run }, at) => run(race(at < removers ? 'remove' : 'save'))))
        expect(won.flat()).toHaveLength(1)
        const removed = won.slice(0, removers).flat().length === 1
        const found = await repository.find('ada')
        expect(found?.version ?? null).toBe(removed ? null : won.flat()[0])
        expected = found?.version ?? null
      }
    })

    it('lose no write, and write each event with its record', async () => {
      const file = temporaryFile()
      const workers = await startAll(file)
      const times = 50
      await Promise.all(workers.map(({ run }) => run({ kind: 'increment', userId: 'ada', times })))
      const db = look(file)
      expect(await countOf(db)).toBe(WORKERS * times)
      expect(eventIds(db)).toEqual(oneTo(WORKERS * times))
      expect(workers.flatMap(({ counts }) => counts).sort((one, other) => one - other)).toEqual(oneTo(WORKERS * times))
    })

    it('leave a whole record and its events when they are killed in the middle of writing', async () => {
      const file = temporaryFile()
      const db = look(file)
      let before = 0
      for (let death = 0; death < 5; death++) {
        const worker = await start(file)
        const dying = once(worker.child, 'exit')
        const writing = worker.run({ kind: 'increment', userId: 'ada', times: 0 }).catch(() => 'killed')
        while (worker.counts.length < 10 + death) await once(worker.child, 'message')
        worker.child.kill('SIGKILL')
        expect([await writing, (await dying)[1]]).toEqual(['killed', 'SIGKILL'])
        const count = await countOf(db)
        // What was reported as saved is there; of the write that was cut off there is all or nothing.
        expect(count).toBeGreaterThanOrEqual(worker.counts.at(-1) as number)
        expect(worker.counts[0]).toBe(before + 1)
        expect(eventIds(db)).toEqual(oneTo(count))
        before = count
      }
    })
  })
}
