import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import type { AssignProgress } from '../../src/service/assign.js'
import { DAY, MINUTE, NOW } from '../service/setting.js'
import { processStores } from './process-stores.js'
import {
  buildProgram,
  joinPlace,
  type Party,
  type Program,
  ROUNDS,
  startWorkers,
  type Worker,
} from './service-races.js'

/** Each round works a crowd, which takes as long as some rounds of the other races. */
const CROWDS = Math.ceil(ROUNDS / 4)
/** Against a hang, not a measure. */
const TIMEOUT_MS = 60_000 + CROWDS * 20_000

const { stores, remove } = processStores()
let program: Program
beforeAll(async () => {
  program = await buildProgram()
}, TIMEOUT_MS)
afterAll(() => {
  program.remove()
  remove()
})

/** The users of one round: so many that processes meet, and for assignments more than one batch. */
const crowd = (round: number | string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `user ${round}-${at}`)
const ASSIGNED = 600
const REMINDED = 60

async function recordsOf({ repository }: Party, userIds: readonly string[]): Promise<EnrollmentRecord[]> {
  const found = await repository.findMany(userIds)
  return userIds.map((userId) => found.get(userId)?.enrollment as EnrollmentRecord)
}

/** How often each of the users is told to have been given terms, by what is stored. */
async function assignmentsOf({ repository }: Party, userIds: readonly string[]): Promise<number[]> {
  const histories = await Promise.all(userIds.map((userId) => repository.history(userId, { after: null, limit: 100 })))
  return histories.map((events) => events.filter(({ type }) => type === 'requirement-assigned').length)
}

for (const { isHere, place } of stores) {
  const { store } = place()

  describe.runIf(isHere)(`4 processes that roll out on one ${store}, ${CROWDS} times`, { timeout: TIMEOUT_MS }, () => {
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

    it('send each reminder that is due once', async () => {
      for (let round = 0; round < CROWDS; round++) {
        // The last day of ten: one is due of each.
        const now = NOW + (round + 1) * 100 * DAY
        const userIds = crowd(`reminded ${round}`, REMINDED)
        await (workers[0] as Worker).results({
          kind: 'assign',
          userIds,
          now: now - 9.5 * DAY,
          days: 10,
          applyTo: 'new',
        })
        for (const worker of workers) worker.reports.length = 0
        const results = await Promise.all(workers.map((worker) => worker.results({ kind: 'remind', now })))
        const reports = workers.flatMap((worker) => worker.reports)
        const ours = reports.flatMap((report) => (report.kind === 'reminded' ? [report] : []))
        const reminded = ours.filter(({ userId }) => userId.startsWith(`user reminded ${round}-`))
        expect(reminded.map(({ userId }) => userId).sort()).toEqual(userIds.toSorted())
        expect(new Set(ours.map(({ key }) => key)).size).toBe(ours.length)
        const sums = results.flat() as { sent: number; failed: number }[]
        expect(sums.reduce((sum, { sent }) => sum + sent, 0)).toBe(ours.length)
        expect(sums.reduce((sum, { failed }) => sum + failed, 0)).toBe(0)
      }
    })

    it('give each user the terms of one of them, and all but that one leave him alone', async () => {
      for (let round = 0; round < CROWDS; round++) {
        const userIds = crowd(round, ASSIGNED)
        const tasks = workers.map((worker, at) =>
          worker.results({ kind: 'assign', userIds, now: NOW, days: 10 + at, applyTo: 'new' }),
        )
        const done = (await Promise.all(tasks)).flat() as AssignProgress[]
        expect(done.map(({ failed, stoppedBy }) => ({ failed, stoppedBy }))).toEqual(
          workers.map(() => ({ failed: [], stoppedBy: null })),
        )
        const changed = done.map((one) => one.changed)
        expect(changed.reduce((sum, one) => sum + one)).toBe(userIds.length)
        const records = await recordsOf(party, userIds)
        const days = records.map(({ requirement }) => ((requirement?.deadline ?? 0) - NOW) / DAY - 10)
        // Each process tells of as many users as have its terms.
        expect(workers.map((_, at) => days.filter((day) => day === at).length)).toEqual(changed)
        expect(new Set(await assignmentsOf(party, userIds))).toEqual(new Set([1]))
      }
    })

    it('replace terms one after another, and each change is told by one process', async () => {
      const userIds = crowd('replaced', ASSIGNED)
      const tasks = workers.map((worker, at) =>
        worker.results({ kind: 'assign', userIds, now: NOW, days: 10 + at, applyTo: 'replace' }),
      )
      const done = (await Promise.all(tasks)).flat() as AssignProgress[]
      expect(done.flatMap(({ failed }) => failed)).toEqual([])
      const told = done.reduce((sum, { changed }) => sum + changed, 0)
      const stored = (await assignmentsOf(party, userIds)).reduce((sum, one) => sum + one)
      expect(told).toBe(stored)
    })
  })

  describe.runIf(isHere)(
    `processes on one ${store} that are killed while they roll out`,
    { timeout: TIMEOUT_MS },
    () => {
      it('leave each user with one assignment once it was gone on with, and each reminder sent', async () => {
        const party = await joinPlace(place())
        onTestFinished(() => party.end())
        for (let round = 0; round < CROWDS; round++) {
          const now = NOW + (round + 1) * 100 * DAY
          const userIds = crowd(`killed ${round}`, REMINDED)
          const workers = await startWorkers(program, party.place)
          onTestFinished(() => {
            for (const { child } of workers) child.kill('SIGKILL')
          })
          const [assigning, reminding, taking, last] = workers as [Worker, Worker, Worker, Worker]

          assigning.send({ kind: 'assign', userIds, now: now - 9.5 * DAY, days: 10, applyTo: 'new' })
          await setTimeout(Math.random() * 40)
          assigning.child.kill('SIGKILL')
          await assigning.ended
          await last.results({ kind: 'assign', userIds, now: now - 9.5 * DAY, days: 10, applyTo: 'new' })
          expect(new Set(await assignmentsOf(party, userIds))).toEqual(new Set([1]))

          reminding.send({ kind: 'remind', now })
          await setTimeout(Math.random() * 40)
          reminding.child.kill('SIGKILL')
          await reminding.ended
          // What was claimed and never recorded is taken again once the claims have ended.
          await taking.results({ kind: 'remind', now: now + 11 * MINUTE })
          const told = [...reminding.reports, ...taking.reports].flatMap((report) =>
            report.kind === 'reminded' && report.userId.startsWith(`user killed ${round}-`) ? [report] : [],
          )
          expect([...new Set(told.map(({ userId }) => userId))].sort()).toEqual(userIds.toSorted())
          // Whoever hears one twice can tell by its key.
          expect(new Set(told.map(({ key }) => key)).size).toBe(userIds.length)
          const records = await recordsOf(party, userIds)
          expect(records.map(({ reminders }) => reminders.sent.length)).toEqual(userIds.map(() => 1))
          for (const { child } of workers) child.kill('SIGKILL')
          await Promise.all(workers.map(({ ended }) => ended))
        }
      })
    },
  )
}
