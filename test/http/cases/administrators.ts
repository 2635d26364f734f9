import assert from 'node:assert/strict'
import { DAY, MINUTE } from '../../service/setting.js'
import { sessionOf } from '../host.js'
import {
  administration,
  ask,
  because,
  type Case,
  enrolled,
  iso,
  type Json,
  refused,
  type Server,
  told,
} from './asking.js'

/** Every change of one user: a body that is taken, and the type of the event that it leaves; null: it changes nothing. */
const CHANGES: readonly (readonly [line: string, body: Json, event: string | null])[] = [
  ['PUT requirement', { terms: { period: { days: 30 } } }, 'requirement-assigned'],
  ['PATCH deadline', { addDays: 7 }, 'deadline-changed'],
  ['PUT exemption', { until: '2026-02-01T00:00:00Z', reason: 'at sea' }, 'exempted'],
  ['DELETE exemption', {}, 'exempted'],
  ['DELETE requirement', {}, 'made-optional'],
  ['POST suspend', {}, 'suspended'],
  ['POST resume', {}, 'resumed'],
  ['POST pass', {}, 'pass-issued'],
  ['POST reset', { grace: { days: 2 } }, 'mfa-reset'],
  ['POST unlock', {}, 'unlocked'],
  ['POST authenticators/x/revoke', {}, null],
]

const lineOf = (change: string, userId: string): string => change.replace(' ', ` /mfa/users/${userId}/`)

/** What administrators see and change of one user. */
export const administratorCases: readonly Case[] = [
  ...CHANGES.map(
    ([change, body, event]): Case => ({
      name: `${change}: changes a user, in the name of who asks`,
      async run(server) {
        const { as } = await administration(server)
        const { host } = server
        await scene(server, change)
        const answer = await told(
          await ask(server, lineOf(change, 'ada'), { as, body: { reason: 'told to', ...body } }),
        )
        const { events } = await host.leeway.rollout.history('ada')
        const last = events.at(-1)
        if (event === null) {
          assert.equal(answer['changed'], false)
          return
        }
        assert.equal(answer['changed'] ?? true, true)
        assert.deepEqual([last?.type, last?.actor], [event, 'root'])
        assert.equal(last?.reason, body['reason'] ?? 'told to')
      },
    }),
  ),
  ...CHANGES.map(
    ([change, body]): Case => ({
      name: `${change}: checked in order: origin, type, identity, authorization, level, body`,
      async run(server) {
        const { host } = server
        const { as } = await administration(server)
        const line = lineOf(change, 'ada')
        const user = await enrolled(server, 'eve').then(() => sessionOf(host, 'eve', 'mfa'))
        const low = sessionOf(host, 'root', 'password', { administrator: true })
        const garbage = '{'
        const cross = { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' }
        await refused(await ask(server, line, { body: garbage, headers: cross }), 403, 'cross-origin')
        const plain = { 'content-type': 'text/plain' }
        await refused(await ask(server, line, { body: garbage, headers: plain }), 415, 'unsupported-media-type')
        await refused(await ask(server, line, { body: garbage }), 401, 'unauthenticated')
        await refused(await ask(server, line, { as: user, body: garbage }), 403, 'forbidden')
        await refused(await ask(server, line, { as: low, body: garbage }), 403, 'challenge-required')
        await refused(await ask(server, line, { as, body: garbage }), 400, 'invalid-request')
        await refused(await ask(server, line, { as, body: { ...body, x: 1 } }), 400, 'invalid-request')
        await refused(
          await ask(server, line, { as, body: { ...body, reason: 'a'.repeat(1001) } }),
          400,
          'invalid-request',
        )
        await refused(await ask(server, lineOf(change, 'root'), { as, body }), 403, 'forbidden')
        assert.equal((await host.leeway.rollout.history('ada')).events.length, 0)
      },
    }),
  ),
  {
    name: 'administrators: every route needs one, at level mfa, with an authenticator',
    async run(server) {
      const { host } = server
      const reads = ['/users', '/users/ada', '/users/ada/history', '/rollout/counts', '/rollout/export.csv']
      const days = ['/rollout/forecast?days=7&timeZone=UTC', '/rollout/progress?days=7&timeZone=UTC']
      for (const path of [...reads, ...days]) {
        await refused(await ask(server, `GET /mfa${path}`), 401, 'unauthenticated')
        const user = sessionOf(host, 'eve', 'mfa')
        await refused(await ask(server, `GET /mfa${path}`, { as: user }), 403, 'forbidden')
        // The first administrator sets up under /me: what he is asks for MFA, inside a period or without.
        const bare = sessionOf(host, 'new-root', 'password', { administrator: true })
        await refused(await ask(server, `GET /mfa${path}`, { as: bare }), 403, 'setup-required')
        const claimed = sessionOf(host, 'new-root', 'mfa', { administrator: true })
        await refused(await ask(server, `GET /mfa${path}`, { as: claimed }), 403, 'setup-required')
      }
      await enrolled(server, 'root')
      const challenge = sessionOf(host, 'root', 'challenge', { administrator: true })
      await refused(await ask(server, 'GET /mfa/users', { as: challenge }), 403, 'challenge-required')
      const truthy = sessionOf(host, 'root', 'mfa', { administrator: 1 as never })
      await refused(await ask(server, 'GET /mfa/users', { as: truthy }), 403, 'forbidden')
    },
  },
  {
    name: 'administrators: see a user, and themselves, whole',
    async run(server) {
      const { host } = server
      const { as } = await administration(server)
      await host.leeway.requireEnrollment('ada', { period: { days: 30 } })
      const status = await told(await ask(server, 'GET /mfa/users/ada', { as }))
      assert.deepEqual(status, JSON.parse(JSON.stringify(await host.leeway.status('ada'), instants)))
      assert.equal((await told(await ask(server, 'GET /mfa/users/root', { as })))['phase'], 'enrolled')
      const history = await told(await ask(server, 'GET /mfa/users/ada/history', { as }))
      assert.equal((history['events'] as Json[]).length, 1)
    },
  },
  {
    name: 'GET /users: a page, filtered; a query that is not understood is refused',
    async run(server) {
      const { host } = server
      const { as } = await administration(server)
      for (const userId of ['ada', 'adam', 'bob']) await host.leeway.requireEnrollment(userId, { period: { days: 30 } })
      const ids = async (query: string): Promise<unknown> => {
        const { users, next } = await told(await ask(server, `GET /mfa/users?${query}`, { as }))
        return [(users as Json[]).map(({ userId }) => userId), next]
      }
      assert.deepEqual(await ids(''), [['ada', 'adam', 'bob', 'root'], null])
      assert.deepEqual(await ids('prefix=ada&limit=1'), [['ada'], 'ada'])
      assert.deepEqual(await ids('prefix=ada&after=ada'), [['adam'], null])
      // What is no id asks for nothing, and is no fault of the server's.
      for (const after of ['%00', 'x'.repeat(256), '%C3%A9'.repeat(128)]) {
        for (const path of ['users', ...(after.startsWith('%C3') ? [] : ['users/ada/history'])]) {
          await refused(await ask(server, `GET /mfa/${path}?after=${after}`, { as }), 400, 'invalid-request')
        }
      }
      assert.deepEqual(await ids('phase=enrolled'), [['root'], null])
      assert.deepEqual(await ids('locked=true'), [[], null])
      assert.deepEqual(await ids('locked=false&phase=enrolled'), [['root'], null])
      assert.deepEqual(await ids(`deadlineBefore=${iso(host.clock() + 31 * DAY)}`), [['ada', 'adam', 'bob'], null])
      assert.deepEqual(await ids(`deadlineBefore=${iso(host.clock())}`), [[], null])
      const bad = ['phase=overdo', 'locked=1', 'locked=', 'deadlineBefore=tomorrow', 'deadlineBefore=1767600000000']
      const dates = [
        '2026-02-30T00:00:00Z',
        '2026-13-01T00:00:00Z',
        '2026-01-01T24:01:00Z',
        '2026-01-01',
        '2026-01-01T00:00:00+01:00',
      ]
      for (const query of [
        ...bad,
        ...dates.map((date) => `deadlineBefore=${encodeURIComponent(date)}`),
        'prefix=%00',
        'x=1',
      ]) {
        await refused(await ask(server, `GET /mfa/users?${query}`, { as }), 400, 'invalid-request')
      }
    },
  },
  {
    name: 'terms on the wire: instants are ISO 8601; resolved terms are taken; what no schema knows is told by its name',
    async run(server) {
      const { host } = server
      const { as } = await administration(server)
      const put = (terms: unknown): Promise<Response> =>
        ask(server, 'PUT /mfa/users/ada/requirement', { as, body: { terms } })
      const deadline = iso(host.clock() + 9 * DAY)
      const until = await told(await put({ period: { deadline, start: iso(host.clock() + DAY) } }))
      assert.equal((until['requirement'] as Json)['deadline'], deadline)
      assert.equal(until['phase'], 'scheduled')
      const explained = { ...because('a rule'), deadline }
      const resolved = await told(
        await put({ terms: { period: { days: 3 } }, since: iso(host.clock()), because: [explained] }),
      )
      assert.deepEqual((resolved['requirement'] as { because: Json[] }).because[0], explained)
      assert.equal((await told(await put({ terms: 'optional', because: [] })))['requirement'], null)
      const calendar = { timeZone: 'Mars/Olympus' }
      const { detail } = await refused(await put({ period: { days: 3, calendar } }), 400, 'invalid-request')
      assert.match(String(detail), /timeZone must be the IANA name/)
      const backwards = { deadline, start: iso(host.clock() + 10 * DAY) }
      await refused(await put({ period: backwards }), 400, 'invalid-request')
      for (const terms of ['none', {}, { period: 'never' }, { period: { deadline: host.clock() + DAY } }]) {
        await refused(await put(terms), 400, 'invalid-request')
      }
    },
  },
  {
    name: 'force needs a reason',
    async run(server) {
      const { as } = await administration(server)
      const body = { terms: { period: { days: 30 } }, force: true }
      const put = (more: object): Promise<Response> =>
        ask(server, 'PUT /mfa/users/ada/requirement', { as, body: { ...body, ...more } })
      const { detail } = await refused(await put({}), 400, 'invalid-request')
      assert.match(String(detail), /^note.force needs/)
      assert.equal((await told(await put({ reason: 'on his own wish' })))['changed'], true)
    },
  },
  {
    name: 'the pass is told once, with its end',
    async run(server) {
      const { as } = await administration(server)
      const pass = await told(await ask(server, 'POST /mfa/users/ada/pass', { as, body: {} }))
      assert.deepEqual(Object.keys(pass).sort(), ['expiresAt', 'pass'])
      assert.equal(pass['expiresAt'], iso(server.host.clock() + 60 * MINUTE))
    },
  },
]

/** JSON with instants as the wire has them. */
function instants(name: string, value: unknown): unknown {
  return typeof value === 'number' && /(At|eadline|until)$/.test(name) ? iso(value) : value
}

/** What has to be there for a change to change something. */
async function scene(server: Server, change: string): Promise<void> {
  const { leeway, clock } = server.host
  await leeway.requireEnrollment('ada', { period: { days: 20 } })
  if (change === 'DELETE exemption') await leeway.exempt('ada', { until: clock() + DAY, reason: 'ill' })
  if (change === 'POST resume') await leeway.suspend('ada')
  if (change === 'POST reset' || change === 'POST unlock') {
    const { wrong } = await enrolled(server, 'ada')
    await leeway.verifyCode('ada', wrong())
  }
}
