import process from 'node:process'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenRepository, repositoryCases } from '../../src/testing/index.js'
import { type Bouncer, startBouncer, version } from './pgbouncer.js'
import { freshTable, isReachable, SERVER } from './postgres-drivers.js'
import { openPlace, type Place, type PostgresDriver } from './service-places.js'
import {
  buildProgram,
  joinPlace,
  type Party,
  type Program,
  races,
  run,
  startWorkers,
  type Worker,
} from './service-races.js'

/** Since 1.21 PgBouncer can know the statements of its clients, and prepares them on whichever connection they get. */
const knowsStatements = version !== null && (version[0] > 1 || version[1] >= 21)
if (version !== null && !knowsStatements) {
  process.stdout.write(`skipped: PgBouncer that knows prepared statements: ${version.join('.')} is older than 1.21\n`)
}

const modes: readonly { name: string; isHere: boolean; settings: readonly string[]; drivers: PostgresDriver[] }[] = [
  {
    name: 'that knows no prepared statements',
    isHere: version !== null,
    settings: knowsStatements ? ['max_prepared_statements = 0'] : [],
    // Left to prepare, postgres asks a connection for a statement of another, and waits for ever for an answer.
    drivers: ['pg', 'postgres, unprepared'],
  },
  {
    name: 'that knows prepared statements',
    isHere: knowsStatements,
    settings: ['max_prepared_statements = 200'],
    drivers: ['pg', 'postgres, unprepared', 'postgres'],
  },
]

for (const { name, isHere, settings, drivers } of modes) {
  describe.runIf(isHere && isReachable)(`PostgreSQL behind a PgBouncer in transaction mode ${name}`, () => {
    let bouncer: Bouncer
    let program: Program
    beforeAll(async () => {
      bouncer = await startBouncer(SERVER, settings)
      program = await buildProgram()
    })
    afterAll(async () => {
      program.remove()
      await bouncer.stop()
    })

    it('has the transactions of one client on several connections of the server', async () => {
      const clients = [new pg.Client(bouncer.address), new pg.Client(bouncer.address)] as const
      const [one, other] = clients
      await Promise.all(clients.map((client) => client.connect()))
      const connection = async (client: pg.Client): Promise<unknown> =>
        (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid
      const first = await connection(one)
      await other.query('BEGIN')
      expect(await connection(other)).toBe(first)
      expect(await connection(one)).not.toBe(first)
      await other.query('COMMIT')
      await Promise.all(clients.map((client) => client.end()))
    })

    for (const driver of drivers) {
      describe(`through ${driver}`, () => {
        const freshPlace = (): Place => ({ store: 'PostgreSQL', driver, server: bouncer.address, table: freshTable() })

        async function open(): Promise<OpenRepository> {
          const place = freshPlace()
          const opened = [await openPlace(place, import.meta.url)]
          return {
            repository: (opened[0] as (typeof opened)[0]).repository,
            async another() {
              const next = await openPlace(place, import.meta.url)
              opened.push(next)
              return next.repository
            },
            async close() {
              await opened[0]?.clear()
              await Promise.all(opened.map(({ close }) => close()))
            },
          }
        }

        for (const { name, run } of repositoryCases(open)) it(name, run)

        describe('processes', () => {
          let party: Party
          let workers: Worker[] = []
          beforeAll(async () => {
            party = await joinPlace(freshPlace())
            workers = await startWorkers(program, party.place)
          })
          afterAll(async () => {
            for (const { child } of workers) child.kill('SIGKILL')
            await Promise.all(workers.map(({ ended }) => ended))
            await party.end()
          })

          // Codes and recovery codes, right, wrong and both.
          for (const race of races.slice(0, 4)) {
            it(race.name, async ({ task }) => {
              task.meta.figures = await run(race, party, workers)
            })
          }
        })
      })
    }
  })
}
