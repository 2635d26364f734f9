import assert from 'node:assert/strict'
import { DAY } from '../../service/setting.js'
import { administration, ask, type Case, iso, type Json, refused, told } from './asking.js'

const NDJSON = { accept: 'application/x-ndjson' }

/** What administrators do with many users at once. */
export const rolloutCases: readonly Case[] = [
  {
    name: 'assign and preview: named users, or those whom a filter lets through; preview writes nothing',
    async run(server) {
      const { host } = server
      const { as } = await administration(server)
      const body = { userIds: ['ada', 'bob', 'ada'], terms: { period: { days: 30 } }, reason: 'for all' }
      const preview = await told(await ask(server, 'POST /mfa/rollout/preview', { as, body }))
      assert.deepEqual([preview['users'], preview['changed'], preview['failedCount']], [3, 2, 0])
      assert.equal((await host.leeway.rollout.counts()).total, 1)
      const assigned = await told(await ask(server, 'POST /mfa/rollout/assign', { as, body }))
      assert.deepEqual(assigned, { done: 3, changed: 2, unchanged: 1, failedCount: 0, failed: [], stoppedBy: null })
      const [event] = (await host.leeway.rollout.history('bob')).events
      assert.deepEqual([event?.actor, event?.reason], ['root', 'for all'])
      const filter = {
        phase: 'enrollment-period',
        locked: false,
        prefix: 'a',
        deadlineBefore: iso(host.clock() + 60 * DAY),
      }
      const replaced = { filter, terms: { period: { days: 5 } }, applyTo: 'replace' }
      const narrowed = await told(await ask(server, 'POST /mfa/rollout/assign', { as, body: replaced }))
      assert.deepEqual([narrowed['done'], narrowed['changed']], [1, 1])
      assert.equal((await host.leeway.status('ada')).requirement?.daysLeft, 5)
    },
  },
  {
    name: 'assign: a bad id fails alone; oneself among them is forbidden, and nothing is written',
    async run(server) {
      const { host } = server
      const { as } = await administration(server)
      const terms = { period: { days: 30 } }
      const some = await told(
        await ask(server, 'POST /mfa/rollout/assign', { as, body: { userIds: ['ada', '\u0000'], terms } }),
      )
      assert.deepEqual(some['failed'], [{ userId: '\u0000', code: 'ERR_USER_ID' }])
      const withSelf = { userIds: ['bob', 'root'], terms }
      await refused(await ask(server, 'POST /mfa/rollout/assign', { as, body: withSelf }), 403, 'forbidden')
      assert.equal((await host.leeway.rollout.history('bob')).events.length, 0)
      const all = await told(await ask(server, 'POST /mfa/rollout/assign', { as, body: { filter: {}, terms } }))
      assert.deepEqual(all['failed'], [{ userId: 'root', code: 'forbidden' }])
      assert.deepEqual([all['done'], all['unchanged'], all['failedCount']], [2, 1, 1])
    },
  },
  {
    name: 'assign: exactly one of userIds and filter, and terms that are some',
    async run(server) {
      const { as } = await administration(server)
      const terms = { period: { days: 30 } }
      const bodies = [{ terms }, { userIds: [], filter: {}, terms }, { userIds: ['ada'] }, { userIds: 'ada', terms }]
      const more = [
        { filter: { phases: 'overdue' }, terms },
        { userIds: ['ada'], terms, applyTo: 'all' },
      ]
      const zone = { userIds: ['ada'], terms: { period: { days: 1, calendar: { timeZone: 'Mars/Olympus' } } } }
      for (const path of ['assign', 'preview']) {
        for (const body of [...bodies, ...more, zone]) {
          await refused(await ask(server, `POST /mfa/rollout/${path}`, { as, body }), 400, 'invalid-request')
        }
      }
    },
  },
  {
    name: 'assign: tells how far it has come, as NDJSON, the result last',
    async run(server) {
      const { as } = await administration(server)
      const userIds = Array.from({ length: 3000 }, (_, at) => `user-${at}`)
      const body = { userIds, terms: { period: { days: 30 } } }
      const answer = await ask(server, 'POST /mfa/rollout/assign', { as, body, headers: NDJSON })
      assert.equal(answer.headers.get('content-type'), 'application/x-ndjson')
      const lines = (await answer.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { progress: Json; result: Json })
      assert.equal(lines.at(-1)?.result['done'], 3000)
      for (const line of lines.slice(0, -1)) assert.equal(typeof line.progress['done'], 'number')
      const zone = { userIds: ['ada'], terms: { period: { days: 1, calendar: { timeZone: 'Mars/Olympus' } } } }
      const failed = await ask(server, 'POST /mfa/rollout/assign', { as, body: zone, headers: NDJSON })
      const last = JSON.parse((await failed.text()).trimEnd().split('\n').at(-1) as string) as { problem: Json }
      assert.equal(last.problem['type'], 'urn:leeway:invalid-request')
    },
  },
  {
    name: 'reports: counts, forecast, progress and CSV',
    async run(server) {
      const { host } = server
      const { as } = await administration(server)
      await host.leeway.requireEnrollment('ada', { period: { days: 1 } })
      const counts = await told(await ask(server, 'GET /mfa/rollout/counts', { as }))
      assert.deepEqual([counts['total'], counts['enrolled'], counts['enrollment-period']], [2, 1, 1])
      const days = 'days=3&timeZone=UTC'
      const forecast = (await told(await ask(server, `GET /mfa/rollout/forecast?${days}`, { as }))) as unknown as Json[]
      assert.deepEqual(
        forecast.map(({ deadlines }) => deadlines),
        [0, 1, 0],
      )
      const progress = (await told(await ask(server, `GET /mfa/rollout/progress?${days}`, { as }))) as unknown as Json[]
      assert.deepEqual(progress.at(-1), { date: iso(host.clock()).slice(0, 10), enrolled: 1, required: 1 })
      for (const query of ['', 'days=3', 'days=0&timeZone=UTC', 'days=367&timeZone=UTC', 'days=3&timeZone=Mars']) {
        await refused(await ask(server, `GET /mfa/rollout/forecast?${query}`, { as }), 400, 'invalid-request')
        await refused(await ask(server, `GET /mfa/rollout/progress?${query}`, { as }), 400, 'invalid-request')
      }
      const csv = await ask(server, 'GET /mfa/rollout/export.csv?phase=enrolled', { as })
      assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8')
      assert.equal(csv.headers.get('content-disposition'), 'attachment; filename="enrollment.csv"')
      const rows = (await csv.text()).trimEnd().split('\r\n')
      assert.equal(rows.length, 2)
      assert.match(rows[1] as string, /^"root"/)
      const head = await ask(server, 'HEAD /mfa/rollout/export.csv', { as })
      assert.deepEqual([head.status, await head.text()], [200, ''])
    },
  },
]
