import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { expect } from 'vitest'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import type { EnrollmentDirectory } from '../../src/ports/directory.js'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import { phone } from '../../src/testing/index.js'
import { enroll, type Setting, settingOf, WRONG_RECOVERY_CODE, wrongCode } from '../service/setting.js'
import { openPlace, type Place } from './service-places.js'
import type { ServiceCall, ServiceReport, ServiceTask } from './service-worker.js'

export const WORKERS = 4
export const CALLS = 8
const MOST: number = WORKERS * CALLS

/** How often each race is run; LEEWAY_ROUNDS raises it. */
export const ROUNDS: number = Number(process.env['LEEWAY_ROUNDS'] ?? 12)

/** What a suite of processes did, for the summary of the long run. */
export type Figures = Record<string, number>

declare module 'vitest' {
  interface TaskMeta {
    figures?: Figures
  }
}

/** The program of a process that serves users, in one file. */
export interface Program {
  file: string
  remove(): void
}

/** Makes the program, outside of every node_modules: all but the drivers goes into the file. */
export async function buildProgram(): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-worker-'))
  await build({
    config: false,
    entry: [fileURLToPath(new URL('service-worker.ts', import.meta.url))],
    outDir: folder,
    format: 'esm',
    outExtension: () => ({ js: '.mjs' }),
    target: 'es2022',
    noExternal: [/^(?!node:)/],
    dts: false,
    silent: true,
  })
  return { file: join(folder, 'service-worker.mjs'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A process of its own that serves the users of a place. */
export interface Worker {
  child: ChildProcess
  reports: ServiceReport[]
  /** what it complained of before it ended */
  ended: Promise<string>
  send(task: ServiceTask): void
  results(task: ServiceTask): Promise<readonly unknown[]>
}

async function start(program: Program, place: Place): Promise<Worker> {
  const child = fork(program.file, [JSON.stringify(place), import.meta.url], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
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
  // Not at its exit: what it said before may still be on the way.
  const ended = once(child, 'close').then(([code]) => {
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

/** Starts the processes, all at once; they migrate the place together. */
export function startWorkers(program: Program, place: Place): Promise<Worker[]> {
  return Promise.all(Array.from({ length: WORKERS }, () => start(program, place)))
}

/** A place with a service of this process. */
export interface Party extends Setting {
  place: Place
  repository: EnrollmentRepository & EnrollmentDirectory
  /** takes away what is there, and goes */
  end(): Promise<void>
}

/** Joins a place, and empties it at the end. */
export async function joinPlace(place: Place): Promise<Party> {
  const { repository, clear, close } = await openPlace(place, import.meta.url)
  async function end(): Promise<void> {
    await clear()
    await close()
  }
  return { ...settingOf({ repository }), repository, place, end }
}

/** The record of a user who has one. */
export async function recordOf(repository: EnrollmentRepository, userId: string): Promise<EnrollmentRecord> {
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

const all = (call: ServiceCall): readonly ServiceCall[] => Array.from({ length: CALLS }, () => call)

/** Calls that all processes make at once for one user, and what must have become of them whatever came first. */
export interface Race {
  name: string
  /** makes a user; answers the calls of each process by its number */
  prepare(setting: Setting, userId: string): Promise<(worker: number) => readonly ServiceCall[]>
  check(results: Results, record: EnrollmentRecord, setting: Setting, userId: string): Promise<void> | void
}

/** Runs a race: in each round a new user, then all calls at once. */
export async function run(race: Race, party: Party, workers: readonly Worker[]): Promise<Figures> {
  const figures = { rounds: 0, calls: 0, accepted: 0, refused: 0, milliseconds: 0 }
  const started = Date.now()
  for (; figures.rounds < ROUNDS; figures.rounds++) {
    const userId = `${race.name} ${figures.rounds}`
    const callsOf = await race.prepare(party, userId)
    const tasks = workers.map((worker, at) =>
      worker.results({ kind: 'calls', userId, now: party.clock(), calls: callsOf(at) }),
    )
    const results = (await Promise.all(tasks)).flat()
    expect(results).toHaveLength(MOST)
    const { accepted, reasons } = sorted(results)
    // None throws: what a store cannot do yet is done again.
    const refused = (reasons['invalid-code'] ?? 0) + (reasons['locked'] ?? 0) + (reasons['no-setup'] ?? 0)
    expect([accepted.length + refused, reasons]).toEqual([MOST, reasons])
    await race.check({ accepted, reasons }, await recordOf(party.repository, userId), party, userId)
    figures.calls += MOST
    figures.accepted += accepted.length
    figures.refused += refused
  }
  return { ...figures, milliseconds: Date.now() - started }
}

export const races: readonly Race[] = [
  {
    name: 'accept one right code once, and count none of the others',
    prepare: async (setting, userId) => {
      const { phone: app } = await enroll(setting, userId)
      const call = { method: 'verifyCode', args: [app.codeAt(setting.clock())] } as const
      return () => all(call)
    },
    check: ({ accepted, reasons }, { lock }) => {
      expect([accepted.length, reasons]).toEqual([1, { 'invalid-code': MOST - 1 }])
      expect(lock.totp).toMatchObject({ failures: 0, recent: [], lockedUntil: null })
    },
  },
  {
    name: 'answer exactly the allowed number of wrong codes, and the rest with the lock',
    prepare: async (setting, userId) => {
      const { phone: app } = await enroll(setting, userId)
      const call = { method: 'verifyCode', args: [wrongCode(app, setting.clock())] } as const
      return () => all(call)
    },
    check: ({ accepted, reasons }, { lock }) => {
      expect([accepted, reasons]).toEqual([[], { 'invalid-code': 5, locked: MOST - 5 }])
      expect(lock.totp.failures).toBe(5)
    },
  },
  {
    name: 'accept a right code among wrong ones at most once, and record every failure that they answer',
    prepare: async (setting, userId) => {
      const { phone: app } = await enroll(setting, userId)
      const right = { method: 'verifyCode', args: [app.codeAt(setting.clock())] } as const
      const wrong = { method: 'verifyCode', args: [wrongCode(app, setting.clock())] } as const
      return () => all(wrong).map((call, at) => (at === 3 ? right : call))
    },
    check: ({ accepted, reasons }, { lock }) => {
      expect(accepted.length).toBeLessThanOrEqual(1)
      expect(lock.totp.failures).toBe(5)
      const counted = lock.totp.recent.length
      expect(counted).toBe(5 + Number(accepted[0]?.['failuresSinceLastSuccess'] ?? 0))
      // Right codes that came after the accepted one are answered as wrong, and are no failures.
      const answered = reasons['invalid-code'] ?? 0
      expect(answered).toBeGreaterThanOrEqual(counted)
      expect(answered).toBeLessThanOrEqual(counted + (accepted.length > 0 ? WORKERS - 1 : 0))
    },
  },
  {
    name: 'take one recovery code once, and count none of the others',
    prepare: async (setting, userId) => {
      const { recoveryCodes } = await enroll(setting, userId)
      const call = { method: 'useRecoveryCode', args: [recoveryCodes[0]] } as const
      return () => all(call)
    },
    check: ({ accepted, reasons }, { lock, recoveryCodes }) => {
      expect([accepted.length, reasons]).toEqual([1, { 'invalid-code': MOST - 1 }])
      expect(accepted[0]).toMatchObject({ recoveryCodesLeft: 9 })
      expect(lock.recovery.failures).toBe(0)
      expect(recoveryCodes.filter(({ usedAt }) => usedAt !== null)).toHaveLength(1)
    },
  },
  {
    name: 'confirm a set-up once, and the recovery codes that were shown are the ones that are stored',
    prepare: async ({ leeway, clock }, userId) => {
      const begun = await leeway.beginSetup(userId, { accountName: 'ada' })
      if (!begun.ok) throw new Error(begun.reason)
      const call = { method: 'confirmSetup', args: [phone(begun.setup.keyUri).codeAt(clock())] } as const
      return () => all(call)
    },
    check: async ({ accepted, reasons }, record, { leeway }, userId) => {
      expect([accepted.length, reasons]).toEqual([1, { 'no-setup': MOST - 1 }])
      expect(record.authenticators).toHaveLength(1)
      const [shown] = (accepted[0]?.['recoveryCodes'] ?? []) as string[]
      expect(await leeway.useRecoveryCode(userId, shown)).toMatchObject({ ok: true, recoveryCodesLeft: 9 })
    },
  },
  {
    name: 'replace recovery codes while they are used: by whatever came first, and the codes shown last are right',
    prepare: async (setting, userId) => {
      const { recoveryCodes } = await enroll(setting, userId)
      const use = { method: 'useRecoveryCode', args: [recoveryCodes[0]] } as const
      const replace = { method: 'replaceRecoveryCodes', args: [{ recoveryCode: recoveryCodes[0] }] } as const
      return () => all(use).map((call, at) => (at % 2 === 0 ? replace : call))
    },
    check: async ({ accepted, reasons }, record, { leeway }, userId) => {
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
  },
  {
    name: 'reset while codes are checked: nothing is accepted after it, and no code twice before it',
    prepare: async (setting, userId) => {
      const { phone: app } = await enroll(setting, userId)
      const verify = { method: 'verifyCode', args: [app.codeAt(setting.clock())] } as const
      const reset = { method: 'resetMfa', args: [{ grace: 'none' }] } as const
      return (worker) => all(verify).map((call, at) => (worker === 3 && at === 4 ? reset : call))
    },
    check: ({ accepted, reasons }, record) => {
      const resets = accepted.filter((result) => result['changed'] === true)
      expect(resets).toHaveLength(1)
      expect(accepted.length - resets.length).toBeLessThanOrEqual(1)
      expect(reasons['invalid-code']).toBe(MOST - accepted.length)
      expect(record).toMatchObject({ authenticators: [], recoveryCodes: [], setup: null, enrolledAt: null })
      expect(record.lock.totp.failures).toBe(0)
    },
  },
  {
    name: 'are attacked from all sides with recovery codes, and answer the allowed number',
    prepare: async (setting, userId) => {
      await enroll(setting, userId)
      return () => all({ method: 'useRecoveryCode', args: [WRONG_RECOVERY_CODE] })
    },
    check: ({ accepted, reasons }, { lock }) => {
      expect([accepted, reasons]).toEqual([[], { 'invalid-code': 5, locked: MOST - 5 }])
      expect([lock.totp.failures, lock.recovery.failures]).toEqual([0, 5])
    },
  },
]
