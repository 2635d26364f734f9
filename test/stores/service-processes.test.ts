import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import { phone } from '../../src/testing/index.js'
import { enroll, NOW, STEP } from '../service/setting.js'
import { processStores } from './process-stores.js'
import {
  buildProgram,
  CALLS,
  joinPlace,
  type Party,
  type Program,
  ROUNDS,
  races,
  recordOf,
  run,
  startWorkers,
  WORKERS,
  type Worker,
} from './service-races.js'

/** How many processes are killed on each store; LEEWAY_KILLS raises it. */
const KILLS = Number(process.env['LEEWAY_KILLS'] ?? 20)
/** Against a hang, not a measure. */
const TIMEOUT_MS = 60_000 + ROUNDS * 5_000 + KILLS * 2_000

const { stores, remove } = processStores()
let program: Program
beforeAll(async () => {
  program = await buildProgram()
}, TIMEOUT_MS)
afterAll(() => {
  program.remove()
  remove()
})

/** The record once nothing more comes: a server may still do what a process asked just before it was killed. */
async function settledRecordOf(repository: EnrollmentRepository, userId: string): Promise<EnrollmentRecord> {
  for (;;) {
    const before = await repository.find(userId)
    await setTimeout(2)
    const after = await repository.find(userId)
    if (after !== null && before?.version === after.version) return after.enrollment as EnrollmentRecord
  }
}

for (const { isHere, place } of stores) {
  const { store } = place()

  describe.runIf(isHere)(
    `${WORKERS} processes on one ${store}, ${CALLS} calls in each at once, ${ROUNDS} rounds`,
    {
      timeout: TIMEOUT_MS,
    },
    () => {
      let party: Party
      let workers: Worker[] = []
      beforeAll(async () => {
        party = await joinPlace(place())
        workers = await startWorkers(program, party.place)
      }, TIMEOUT_MS)
      afterAll(async () => {
        for (const { child } of workers) child.kill('SIGKILL')
        await Promise.all(workers.map(({ ended }) => ended))
        await party.end()
      })

      for (const race of races) {
        it(race.name, async ({ task }) => {
          task.meta.figures = await run(race, party, workers)
        })
      }
    },
  )

  describe.runIf(isHere)(
    `processes on one ${store} that are killed at any moment, ${KILLS} times`,
    {
      timeout: TIMEOUT_MS,
    },
    () => {
      it('leave every user enrolled or not, and every code accepted at most once', async ({ task }) => {
        const party = await joinPlace(place())
        onTestFinished(() => party.end())
        const { leeway, repository, clock } = party
        const shared = { userId: 'shared', secret: (await enroll(party, 'shared')).secret }
        const acceptedOfShared: number[] = []
        const figures = { kills: 0, begun: 0, confirmed: 0, accepted: 0, refused: 0, milliseconds: 0 }
        const started = Date.now()
        for (let generation = 0; figures.kills < KILLS; generation++) {
          const workers = await startWorkers(program, party.place)
          onTestFinished(() => {
            for (const { child } of workers) child.kill('SIGKILL')
          })
          // All at the same time of the same user: they race for each of his codes.
          const now = NOW + 2 * STEP + generation * 1_000 * STEP
          for (const [at, { send }] of workers.entries()) {
            send({ kind: 'live', prefix: `user ${generation}-${at}`, now, shared })
          }
          for (const { child, ended, reports } of workers) {
            // Somewhere in its first lives: disk and network decide how far it comes.
            await setTimeout(Math.random() * 60)
            child.kill('SIGKILL')
            expect(await ended).toBe('')
            figures.kills++
            for (const { kind } of reports) if (kind in figures) figures[kind as keyof typeof figures]++
            const secrets = new Map(
              reports.flatMap((report) => (report.kind === 'begun' ? [[report.userId, report.secret]] : [])),
            )
            for (const [userId, secret] of secrets) {
              const record = await settledRecordOf(repository, userId)
              const enrolled = record.authenticators.length === 1
              expect(record.enrolledAt !== null).toBe(enrolled)
              expect(record.recoveryCodes).toHaveLength(enrolled ? 10 : 0)
              expect(record.setup === null).toBe(enrolled)
              expect((await leeway.status(userId)).phase).toBe(enrolled ? 'enrolled' : 'optional')
              for (const report of reports) {
                if (
                  report.kind === 'begun' ||
                  report.kind === 'refused' ||
                  !('at' in report) ||
                  report.userId !== userId
                )
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
        task.meta.figures = { ...figures, milliseconds: Date.now() - started }
      })
    },
  )
}
