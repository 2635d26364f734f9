import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import { migrate, type SqliteDatabase, sqliteRepository } from '../../src/stores/sqlite/index.js'
import { phone } from '../../src/testing/index.js'
import { enroll, NOW, type Setting, STEP, settingOf, WRONG_RECOVERY_CODE, wrongCode } from '../service/setting.js'
import type { ServiceCall, ServiceReport, ServiceTask } from './service-worker.js'
import { drivers, temporaryFile } from './sqlite-drivers.js'

const WORKERS = 4
const CALLS = 8
/** How often each race is run; LEEWAY_ROUNDS raises it. */
const ROUNDS = Number(process.env['LEEWAY_ROUNDS'] ?? 25)
const KILLS = Math.max(ROUNDS, 24)
const TIMEOUT_MS = 60_000 + ROUNDS * 5_000

const libsql = drivers.find(({ name }) => name === 'libsql')
if (libsql === undefined) throw new Error('libsql is a dependency of the tests')
const { open } = libsql

const folder = mkdtempSync(join(tmpdir(), 'leeway-worker-'))
beforeAll(async () => {
  await build({
    config: false,
    entry: [fileURLToPath(new URL('service-worker.ts', import.meta.url))],
    outDir: folder,
    format: 'esm',
    outExtension: () => ({ js: '.mjs' }),
    target: 'es2022',
    // The folder is outside of every node_modules: all but the driver goes into the file.
    noExternal: [/^(?!node:)/],
    dts: false,
    silent: true,
  })
}, TIMEOUT_MS)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Worker {
  child: ChildProcess
  reports: ServiceReport[]
  ended: Promise<unknown>
  send(task: ServiceTask): void
  results(task: ServiceTask): Promise<readonly unknown[]>
}

/** A process of its own that serves the users of this file. */
async function start(file: string): Promise<Worker> {
  const child = fork(join(folder, 'service-worker.mjs'), [file, import.meta.url], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const reports: ServiceReport[] = []
  const waiting: { resolve(results: readonly unknown[]): void; reject(error: Error): void }[] = []
  const next = (): Promise<readonly unknown[]> => new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  child.on('message', (report: ServiceReport) => {
    if (report.kind === 'ready') waiting.shift()?.resolve([])
    else if (report.kind === 'results') waiting.shift()?.resolve(report.results)
    else reports.push(report)
  })
  const ended = once(child, 'exit').then(([code]) => {
    waiting.shift()?.reject(new Error(`a worker ended with ${code}: ${complaint}`))
    return complaint
  })
  await next()
  const results = (task: ServiceTask): Promise<readonly unknown[]> => {
    const answered = next()
    child.send(task)
    return answered
  }
  return { child, reports, ended, results, send: (task) => void child.send(task) }
}

const startAll = (file: string): Promise<Worker[]> => Promise.all(Array.from({ length: WORKERS }, () => start(file)))

/** The service of this process on the same file. */
async function serviceOn(file: string): Promise<Setting & { repository: EnrollmentRepository }> {
  const db = open(file) as SqliteDatabase & { close(): void }
  onTestFinished(() => db.close())
  await migrate(db)
  return settingOf({ repository: sqliteRepository(db) })
}

async function recordOf(repository: EnrollmentRepository, userId: string): Promise<EnrollmentRecord> {
  const stored = await repository.find(userId)
  if (stored === null) throw new Error(`nothing is stored of ${userId}`)
  return stored.enrollment as EnrollmentRecord
}

interface Results {
  accepted: Record<string, unknown>[]
  /** how often each reason was given */
  reasons: Record<string, number>
}

function sorted(results: readonly unknown[]): Results {
  const reasons: Record<string, number> = {}
  const accepted: Record<string, unknown>[] = []
  for (const result of results) {
    const { ok, changed, reason = String(result) } = result as { ok?: boolean; changed?: boolean; reason?: string }
    if (ok === true || changed === true) accepted.push(result as Record<string, unknown>)
    else reasons[reason] = (reasons[reason] ?? 0) + 1
  }
  return { accepted, reasons }
}

describe(`${WORKERS} processes on one SQLite file, ${CALLS} calls in each at once, ${ROUNDS} rounds`, {
  timeout: TIMEOUT_MS,
}, () => {
  /** In each round a new user, then all calls at once: those of each process follow from its number. */
  async function race(
    prepare: (setting: Setting, userId: string) => Promise<(worker: number) => readonly ServiceCall[]>,
    check: (results: Results, record: EnrollmentRecord, setting: Setting, userId: string) => Promise<void> | void,
  ): Promise<void> {
    const file = temporaryFile()
    const setting = await serviceOn(file)
    const workers = await startAll(file)
    for (let round = 0; round < ROUNDS; round++) {
      const userId = `user ${round}`
      const callsOf = await prepare(setting, userId)
      const tasks = workers.map((worker, at) =>
        worker.results({ kind: 'calls', userId, now: setting.clock(), calls: callsOf(at) }),
      )
      const results = (await Promise.all(tasks)).flat()
      expect(results).toHaveLength(WORKERS * CALLS)
      await check(sorted(results), await recordOf(setting.repository, userId), setting, userId)
    }
  }
  const all = (call: ServiceCall): readonly ServiceCall[] => Array.from({ length: CALLS }, () => call)
  const MOST = WORKERS * CALLS

  it('accept one right code once, and count none of the others', async () => {
    await race(
      async (setting, userId) => {
        const { phone: app } = await enroll(setting, userId)
        const call = { method: 'verifyCode', args: [app.codeAt(setting.clock())] } as const
        return () => all(call)
      },
      ({ accepted, reasons }, { lock }) => {
        expect([accepted.length, reasons]).toEqual([1, { 'invalid-code': MOST - 1 }])
        expect(lock.totp).toMatchObject({ failures: 0, recent: [], lockedUntil: null })
      },
    )
  })

  it('answer exactly the allowed number of wrong codes, and the rest with the lock', async () => {
    await race(
      async (setting, userId) => {
        const { phone: app } = await enroll(setting, userId)
        const call = { method: 'verifyCode', args: [wrongCode(app, setting.clock())] } as const
        return () => all(call)
      },
      ({ accepted, reasons }, { lock }) => {
        expect([accepted, reasons]).toEqual([[], { 'invalid-code': 5, locked: MOST - 5 }])
        expect(lock.totp.failures).toBe(5)
      },
    )
  })

  it('accept a right code among wrong ones at most once, and record every failure that they answer', async () => {
    await race(
      async (setting, userId) => {
        const { phone: app } = await enroll(setting, userId)
        const right = { method: 'verifyCode', args: [app.codeAt(setting.clock())] } as const
        const wrong = { method: 'verifyCode', args: [wrongCode(app, setting.clock())] } as const
        return () => all(wrong).map((call, at) => (at === 3 ? right : call))
      },
      ({ accepted, reasons }, { lock }) => {
        expect(accepted.length).toBeLessThanOrEqual(1)
        expect(lock.totp.failures).toBe(5)
        const counted = lock.totp.recent.length
        expect(counted).toBe(5 + Number(accepted[0]?.['failuresSinceLastSuccess'] ?? 0))
        // Right codes that came after the accepted one are answered as wrong, and are no failures.
        const answered = reasons['invalid-code'] ?? 0
        expect(answered).toBeGreaterThanOrEqual(counted)
        expect(answered).toBeLessThanOrEqual(counted + (accepted.length > 0 ? WORKERS - 1 : 0))
      },
    )
  })

  it('take one recovery code once, and count none of the others', async () => {
    await race(
      async (setting, userId) => {
        const { recoveryCodes } = await enroll(setting, userId)
        const call = { method: 'useRecoveryCode', args: [recoveryCodes[0]] } as const
        return () => all(call)
      },
      ({ accepted, reasons }, { lock, recoveryCodes }) => {
        expect([accepted.length, reasons]).toEqual([1, { 'invalid-code': MOST - 1 }])
        expect(accepted[0]).toMatchObject({ recoveryCodesLeft: 9 })
        expect(lock.recovery.failures).toBe(0)
        expect(recoveryCodes.filter(({ usedAt }) => usedAt !== null)).toHaveLength(1)
      },
    )
  })

  it('confirm a set-up once, and the recovery codes that were shown are the ones that are stored', async () => {
    await race(
      async ({ leeway, clock }, userId) => {
        const begun = await leeway.beginSetup(userId, { accountName: 'ada' })
        if (!begun.ok) throw new Error(begun.reason)
        const call = { method: 'confirmSetup', args: [phone(begun.setup.keyUri).codeAt(clock())] } as const
        return () => all(call)
      },
      async ({ accepted, reasons }, record, { leeway }, userId) => {
        expect([accepted.length, reasons]).toEqual([1, { 'no-setup': MOST - 1 }])
        expect(record.authenticators).toHaveLength(1)
        const [shown] = (accepted[0]?.['recoveryCodes'] ?? []) as string[]
        expect(await leeway.useRecoveryCode(userId, shown)).toMatchObject({ ok: true, recoveryCodesLeft: 9 })
      },
    )
  })

  it('replace recovery codes while they are used: by whatever came first, and the codes shown last are right', async () => {
    await race(
      async (setting, userId) => {
        const { recoveryCodes } = await enroll(setting, userId)
        const use = { method: 'useRecoveryCode', args: [recoveryCodes[0]] } as const
        const replace = { method: 'replaceRecoveryCodes', args: [{ recoveryCode: recoveryCodes[0] }] } as const
        return () => all(use).map((call, at) => (at % 2 === 0 ? replace : call))
      },
      async ({ accepted, reasons }, record, { leeway }, userId) => {
        // One code opens one door: it was used, or it replaced them all.
        expect(accepted).toHaveLength(1)
        const used = record.recoveryCodes.filter(({ usedAt }) => usedAt !== null)
        const shown = accepted[0]?.['recoveryCodes'] as string[] | undefined
        expect(used).toHaveLength(shown === undefined ? 1 : 0)
        if (shown === undefined) expect(reasons).toEqual({ 'invalid-code': MOST - 1 })
        // After a replacement the old code is one that nobody was given: it is counted, up to the lock.
        else expect(record.lock.recovery.failures).toBe(5)
        await leeway.unlock(userId)
        for (const code of shown?.slice(0, 2) ?? [])
          expect(await leeway.useRecoveryCode(userId, code)).toMatchObject({ ok: true })
      },
    )
  })

  it('reset while codes are checked: nothing is accepted after it, and no code twice before it', async () => {
    await race(
      async (setting, userId) => {
        const { phone: app } = await enroll(setting, userId)
        const verify = { method: 'verifyCode', args: [app.codeAt(setting.clock())] } as const
        const reset = { method: 'resetMfa', args: [{ grace: 'none' }] } as const
        return (worker) => all(verify).map((call, at) => (worker === 3 && at === 4 ? reset : call))
      },
      ({ accepted, reasons }, record) => {
        const resets = accepted.filter((result) => result['changed'] === true)
        expect(resets).toHaveLength(1)
        expect(accepted.length - resets.length).toBeLessThanOrEqual(1)
        expect(reasons['invalid-code']).toBe(MOST - accepted.length)
        expect(record).toMatchObject({ authenticators: [], recoveryCodes: [], setup: null, enrolledAt: null })
        expect(record.lock.totp.failures).toBe(0)
      },
    )
  })

  it('are attacked from all sides with recovery codes, and answer the allowed number', async () => {
    await race(
      async (setting, userId) => {
        await enroll(setting, userId)
        return () => all({ method: 'useRecoveryCode', args: [WRONG_RECOVERY_CODE] })
      },
      ({ accepted, reasons }, { lock }) => {
        expect([accepted, reasons]).toEqual([[], { 'invalid-code': 5, locked: MOST - 5 }])
        expect([lock.totp.failures, lock.recovery.failures]).toEqual([0, 5])
      },
    )
  })
})

describe(`processes that are killed at any moment, ${KILLS} times`, { timeout: TIMEOUT_MS }, () => {
  it('leave every user enrolled or not, and every code accepted at most once', async () => {
    const file = temporaryFile()
    const setting = await serviceOn(file)
    const { leeway, repository, clock } = setting
    const shared = { userId: 'shared', secret: (await enroll(setting, 'shared')).secret }
    const acceptedOfShared: number[] = []
    let kills = 0
    for (let generation = 0; kills < KILLS; generation++) {
      const workers = await startAll(file)
      // All at the same time of the same user: they race for each of his codes.
      const now = NOW + 2 * STEP + generation * 1_000 * STEP
      for (const [at, { send }] of workers.entries()) {
        send({ kind: 'live', prefix: `user ${generation}-${at}`, now, shared })
      }
      for (const { child, ended, reports } of workers) {
        // Somewhere in its first lives: the disk decides how far it comes.
        await setTimeout(Math.random() * 60)
        child.kill('SIGKILL')
        expect(await ended).toBe('')
        kills++
        const secrets = new Map(
          reports.flatMap((report) => (report.kind === 'begun' ? [[report.userId, report.secret]] : [])),
        )
        for (const [userId, secret] of secrets) {
          const record = await recordOf(repository, userId)
          const enrolled = record.authenticators.length === 1
          expect(record.enrolledAt !== null).toBe(enrolled)
          expect(record.recoveryCodes).toHaveLength(enrolled ? 10 : 0)
          expect(record.setup === null).toBe(enrolled)
          expect((await leeway.status(userId)).phase).toBe(enrolled ? 'enrolled' : 'optional')
          for (const report of reports) {
            if (report.kind === 'begun' || report.kind === 'refused' || !('at' in report) || report.userId !== userId)
              continue
            // What was told to be done is done, and its code is used up.
            expect(enrolled).toBe(true)
            clock.set(report.at)
            const again = await leeway.verifyCode(userId, phone(secret).codeAt(report.at))
            expect(again).toEqual({ ok: false, reason: 'invalid-code' })
          }
          // Of this user only his own process had codes, each of them new.
          expect(reports.filter((report) => report.kind === 'refused' && report.userId === userId)).toEqual([])
        }
        for (const report of reports) {
          if (report.kind === 'accepted' && report.userId === shared.userId) acceptedOfShared.push(report.at)
        }
      }
    }
    expect(new Set(acceptedOfShared).size).toBe(acceptedOfShared.length)
    expect(acceptedOfShared.length).toBeGreaterThan(0)
    expect((await recordOf(repository, 'shared')).lock.totp.failures).toBe(0)
  })
})
