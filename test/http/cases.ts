/**
 * What any server with `leeway/http` in it answers, case by case: requests and their answers, for no particular framework
 * and no test runner. A server is run against them by a function like `fetch`, on paths of its own origin.
 */

import assert from 'node:assert/strict'
import { phone } from '../../src/testing/index.js'
import { DAY, MINUTE, STEP, WRONG_RECOVERY_CODE, wrongCode } from '../service/setting.js'
import { type Host, type Sent, sessionBy, sessionOf } from './host.js'

/** Sends a request to the server under test: a path on its own origin. */
export type Fetch = (path: string, sent?: Sent) => Promise<Response>

/** One rule, and how to see that it is kept. */
export interface Case {
  name: string
  run(server: Server): Promise<void>
}

/** The server under test: how to talk to it, and what is behind it. */
export interface Server {
  host: Host
  fetch: Fetch
}

type Json = Record<string, never> & { [name: string]: unknown }

const JSON_HEADERS = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

/** A request with a session, as a page of this origin makes it. */
async function ask(
  { fetch }: Server,
  line: string,
  { as, body, headers = {} }: { as?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  const [method = '', path = ''] = line.split(' ')
  const cookie: Record<string, string> = as === undefined ? {} : { cookie: as }
  const isRead = method === 'GET' || method === 'HEAD'
  return fetch(path, {
    method,
    headers: { ...(isRead ? {} : JSON_HEADERS), ...cookie, ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** The JSON of an answer of this status. */
async function told(response: Response, status = 200): Promise<Json> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  return text === '' ? ({} as Json) : JSON.parse(text)
}

/** The problem document of an answer, with this reason. */
async function refused(response: Response, status: number, reason: string): Promise<Json> {
  const problem = await told(response, status)
  assert.equal(problem['type'], `urn:leeway:${reason}`)
  assert.equal(problem['status'], status)
  assert.equal(typeof problem['title'], 'string')
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  if (status === 503) assert.match(response.headers.get('retry-after') ?? '', /^\d+$/)
  return problem
}

const iso = (instant: number): string => new Date(instant).toISOString()

/** A user with an authenticator, an hour after he set it up. */
async function enrolled(
  { host }: Server,
  userId: string,
): Promise<{
  codeAt(now: number): string
  wrong(): string
  authenticatorId: string
  recoveryCodes: readonly string[]
}> {
  const begun = await host.leeway.beginSetup(userId, { accountName: 'ada@example.com' })
  assert(begun.ok)
  const app = phone(begun.setup.keyUri)
  const confirmed = await host.leeway.confirmSetup(userId, app.codeAt(host.clock()))
  assert(confirmed.ok)
  host.clock.advance(STEP)
  const { authenticatorId, recoveryCodes } = confirmed
  const wrong = (): string => wrongCode(app, host.clock())
  return { codeAt: (now) => app.codeAt(now), wrong, authenticatorId, recoveryCodes: recoveryCodes ?? [] }
}

/** An administrator who has shown a code, and what a user of his is called. */
async function administration(server: Server): Promise<{ as: string }> {
  await enrolled(server, 'root')
  return { as: sessionOf(server.host, 'root', 'mfa', { administrator: true }) }
}

/* ----------------------------------------------------------------------------------------------------------- the guard */

/** Brings a user into the state that a row of the guard's table is about. */
const STATES: Record<string, (server: Server) => Promise<unknown>> = {
  deny: ({ host }) => host.leeway.suspend('ada'),
  challenge: (server) => enrolled(server, 'ada'),
  'require-setup': ({ host }) => host.leeway.requireEnrollment('ada', { period: 'none' }),
  'offer-setup': ({ host }) => host.leeway.requireEnrollment('ada', { period: { days: 30 } }),
  allow: async () => undefined,
}

/** The table of the guard, row by row: for password, setup, challenge and mfa. */
const GUARD: Record<string, readonly string[]> = {
  deny: ['suspended', 'suspended', 'suspended', 'suspended'],
  challenge: ['challenge-required', 'sign-in-again', 'challenge-required', 'pass'],
  'require-setup': ['setup-required', 'setup-required', 'sign-in-again', 'setup-required'],
  'offer-setup': ['pass', 'setup-required', 'sign-in-again', 'pass'],
  allow: ['pass', 'setup-required', 'sign-in-again', 'pass'],
}
const LEVELS = ['password', 'setup', 'challenge', 'mfa'] as const
const STATUS: Record<string, number> = {
  suspended: 403,
  'challenge-required': 403,
  'setup-required': 403,
  'sign-in-again': 401,
  unauthenticated: 401,
}
const PAGE: Record<string, string> = {
  suspended: '/denied',
  'challenge-required': '/code',
  'setup-required': '/enroll',
  'sign-in-again': '/login',
  unauthenticated: '/login',
}
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

const guardTable: Case[] = Object.entries(GUARD).flatMap(([state, row]) =>
  LEVELS.map((level, at) => ({
    name: `the guard: ${state} and a session at ${level}: ${row[at]}`,
    async run(server) {
      await STATES[state]?.(server)
      const as = sessionOf(server.host, 'ada', level)
      const stop = row[at] as string
      const answer = await ask(server, 'GET /inbox?page=2', { as })
      if (stop === 'pass') {
        assert.equal(answer.status, 200)
        assert.equal(await answer.text(), 'ada')
        return
      }
      await refused(answer, STATUS[stop] as number, stop)
      const page = await ask(server, 'GET /inbox?page=2', { as, headers: HTML })
      assert.equal(page.status, 303)
      assert.equal(page.headers.get('location'), `${PAGE[stop]}?return_to=%2Finbox%3Fpage%3D2`)
      assert.equal(page.headers.get('cache-control'), 'no-store')
      assert.equal(await page.text(), '')
      // What is no navigation is not sent anywhere.
      await refused(await ask(server, 'POST /inbox', { as, headers: HTML }), STATUS[stop] as number, stop)
    },
  })),
)

const guardCases: Case[] = [
  ...guardTable,
  {
    name: 'the guard: nobody is unauthenticated, and a browser is sent to sign in',
    async run(server) {
      await refused(await ask(server, 'GET /inbox'), 401, 'unauthenticated')
      const page = await ask(server, 'GET /inbox', { headers: HTML })
      assert.deepEqual([page.status, page.headers.get('location')], [303, '/login?return_to=%2Finbox'])
      assert.equal((await ask(server, 'HEAD /inbox', { headers: HTML })).status, 303)
    },
  },
  {
    name: 'the guard: a session made before sessionsValidFrom signs in again, whatever else holds',
    async run(server) {
      const { host } = server
      const early = LEVELS.map((level) => sessionOf(host, 'ada', level))
      host.clock.advance(1)
      const { codeAt } = await enrolled(server, 'ada')
      assert(codeAt(host.clock()))
      for (const as of early) await refused(await ask(server, 'GET /inbox', { as }), 401, 'sign-in-again')
      for (const as of early) await refused(await ask(server, 'GET /mfa/me', { as }), 401, 'sign-in-again')
      await host.leeway.suspend('ada')
      for (const as of early) await refused(await ask(server, 'GET /inbox', { as }), 401, 'sign-in-again')
    },
  },
  {
    name: 'the guard: a session made at the very instant of sessionsValidFrom is valid',
    async run(server) {
      const at = server.host.clock()
      await enrolled(server, 'ada')
      const as = sessionOf(server.host, 'ada', 'mfa', { signedInAt: at })
      assert.equal((await ask(server, 'GET /inbox', { as })).status, 200)
      const late = sessionOf(server.host, 'ada', 'mfa', { signedInAt: at - 1 })
      await refused(await ask(server, 'GET /inbox', { as: late }), 401, 'sign-in-again')
    },
  },
  {
    name: 'the guard: what is sensitive needs MFA inside the period too',
    async run(server) {
      await server.host.leeway.requireEnrollment('ada', { period: { days: 30 } })
      const as = sessionOf(server.host, 'ada', 'password')
      assert.equal((await ask(server, 'GET /inbox', { as })).status, 200)
      await refused(await ask(server, 'GET /vault', { as }), 403, 'setup-required')
    },
  },
  {
    name: 'the guard: a page lifts the stop it is for, and no other',
    async run(server) {
      await server.host.leeway.requireEnrollment('ada', { period: 'none' })
      const ada = sessionOf(server.host, 'ada', 'setup')
      assert.equal((await ask(server, 'GET /enroll?step=2', { as: ada })).status, 200)
      await refused(await ask(server, 'GET /code', { as: ada }), 403, 'setup-required')
      await refused(await ask(server, 'GET /enroll/', { as: ada, headers: {} }).then(notOurs), 404, 'not-found')
      await enrolled(server, 'bob')
      const bob = sessionOf(server.host, 'bob', 'challenge')
      assert.equal((await ask(server, 'GET /code', { as: bob })).status, 200)
      await refused(await ask(server, 'GET /enroll', { as: bob }), 403, 'challenge-required')
    },
  },
  {
    name: 'the guard: the pages for signing in and being denied are never redirected',
    async run(server) {
      await refused(await ask(server, 'GET /login', { headers: HTML }), 401, 'unauthenticated')
      await refused(await ask(server, 'GET /denied', { headers: HTML }), 401, 'unauthenticated')
      await server.host.leeway.suspend('ada')
      const as = sessionOf(server.host, 'ada', 'mfa')
      await refused(await ask(server, 'GET /denied', { as, headers: HTML }), 403, 'suspended')
    },
  },
  {
    name: 'the guard: a store that fails is 503, never a pass, and the host is told',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'mfa')
      server.host.faults.store = true
      await refused(await ask(server, 'GET /inbox', { as, headers: HTML }), 503, 'store-unavailable')
      assert.equal(server.host.errors.length, 1)
      server.host.faults.store = false
      server.host.faults.identify = true
      await refused(await ask(server, 'GET /inbox', { as }), 500, 'internal')
      assert.equal(server.host.errors.length, 2)
    },
  },
]

/** `/enroll/` is no page of the server: a framework says so in its own way. */
function notOurs(answer: Response): Response {
  if (answer.headers.get('content-type')?.startsWith('application/problem+json')) return answer
  assert.equal(answer.status, 404)
  const headers = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  return new Response(JSON.stringify({ type: 'urn:leeway:not-found', title: '', status: 404 }), {
    status: 404,
    headers,
  })
}

/* -------------------------------------------------------------------------------------------------- paths and methods */

const ALLOW: readonly (readonly [path: string, allow: string])[] = [
  ['/mfa/me', 'GET, HEAD, OPTIONS'],
  ['/mfa/me/setup', 'POST, OPTIONS'],
  ['/mfa/me/authenticators/x', 'PATCH, OPTIONS'],
  ['/mfa/users/ada', 'GET, HEAD, OPTIONS'],
  ['/mfa/users/ada/requirement', 'PUT, DELETE, OPTIONS'],
  ['/mfa/users/ada/authenticators/x/revoke', 'POST, OPTIONS'],
  ['/mfa/rollout/export.csv', 'GET, HEAD, OPTIONS'],
]

const pathCases: Case[] = [
  {
    name: 'paths: what is no route is not found, whoever asks and however',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'mfa', { administrator: true })
      const paths = ['/mfa', '/mfa/', '/mfa/me/', '/mfa/Me', '/mfa/%6de', '/mfa/users/', '/mfa/users//history']
      for (const path of [...paths, '/mfa/users/ada/x', '/mfa//me', '/mfa/me/authenticators/']) {
        await refused(await ask(server, `GET ${path}`, { as }), 404, 'not-found')
        await refused(await ask(server, `POST ${path}`), 404, 'not-found')
      }
      await refused(await ask(server, 'OPTIONS /mfa/nothing'), 404, 'not-found')
    },
  },
  {
    name: 'methods: others are refused with those that are allowed; OPTIONS tells them to anybody',
    async run(server) {
      for (const [path, allow] of ALLOW) {
        const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !allow.split(', ').includes(method))
        for (const method of others) {
          const answer = await ask(server, `${method} ${path}`, { headers: { 'sec-fetch-site': 'cross-site' } })
          assert.equal(answer.headers.get('allow'), allow)
          await refused(answer, 405, 'method-not-allowed')
        }
        const options = await server.fetch(path, { method: 'OPTIONS' })
        assert.deepEqual([options.status, options.headers.get('allow')], [204, allow])
        assert.equal(options.headers.get('access-control-allow-origin'), null)
        assert.equal(await options.text(), '')
      }
    },
  },
  {
    name: 'methods: HEAD is as GET, without the body',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password')
      const head = await ask(server, 'HEAD /mfa/me', { as })
      const get = await ask(server, 'GET /mfa/me', { as })
      assert.equal(head.status, 200)
      assert.equal(head.headers.get('content-type'), get.headers.get('content-type'))
      assert.equal(await head.text(), '')
      const refusal = await ask(server, 'HEAD /mfa/me')
      assert.equal(refusal.status, 401)
      assert.equal(await refusal.text(), '')
    },
  },
  {
    name: 'ids: one that is not percent-encoded UTF-8, or no user id, is refused before anything else',
    async run(server) {
      for (const id of ['%ff', '%', '%zz', '%00', 'a'.repeat(256), encodeURIComponent('é'.repeat(128))]) {
        await refused(await ask(server, `GET /mfa/users/${id}`), 400, 'invalid-request')
        await refused(await ask(server, `POST /mfa/users/${id}`), 400, 'invalid-request')
      }
    },
  },
  {
    name: 'ids: any character but a dot alone may be in one, decoded once',
    async run(server) {
      const { as } = await administration(server)
      for (const id of ['a/b', 'a b', '%41', 'é?#', 'a;b=c', '<b>', '...', '\\', 'a+b']) {
        const answer = await told(await ask(server, `GET /mfa/users/${encodeURIComponent(id)}`, { as }))
        assert.equal(answer['userId'], id)
      }
      // A URL has no segment of one or two dots, encoded or not: they are taken out before any server looks.
      for (const path of ['/mfa/users/.', '/mfa/users/%2e', '/mfa/users/%2E%2e']) {
        const answer = await ask(server, `GET ${path}`, { as })
        assert.equal(answer.status, 404)
      }
    },
  },
]

/* ---------------------------------------------------------------------------------------------------- origin and type */

const originCases: Case[] = [
  {
    name: 'origin: a change comes from a page of this origin, or an allowed one, or it is refused',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password')
      const own = await server.fetch('/mfa/me').then(originOf)
      const send = (headers: Record<string, string>): Promise<Response> =>
        server.fetch('/mfa/me/postpone', {
          method: 'POST',
          headers: { 'content-type': 'application/json', cookie: as, ...headers },
          body: '{}',
        })
      const accepted: Record<string, string>[] = [
        { 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'same-origin', origin: own },
        { origin: own },
        { origin: 'https://app.example' },
        { 'sec-fetch-site': 'cross-site', origin: 'https://app.example' },
      ]
      const rejected: Record<string, string>[] = [
        {},
        { origin: 'null' },
        { origin: 'https://evil.example' },
        { origin: `${own}.evil.example` },
        { origin: `${own}/` },
        { origin: own.replace('://', '://user@') },
        { 'sec-fetch-site': 'cross-site', origin: own },
        { 'sec-fetch-site': 'same-site', origin: own },
        { 'sec-fetch-site': 'none' },
        { 'sec-fetch-site': 'cross-site' },
        { authorization: 'Bearer token' },
        { authorization: 'Basic YTpi' },
      ]
      for (const headers of accepted) await told(await send(headers))
      for (const headers of rejected) await refused(await send(headers), 403, 'cross-origin')
    },
  },
  {
    name: 'origin: a bearer token without a cookie is exempt from that check, and from no other',
    async run(server) {
      const headers = { authorization: 'Bearer token', 'content-type': 'text/plain' }
      const post = (more: Record<string, string>): Promise<Response> =>
        server.fetch('/mfa/me/postpone', { method: 'POST', headers: { ...headers, ...more }, body: '{}' })
      await refused(await post({}), 415, 'unsupported-media-type')
      await refused(await post({ 'content-type': 'application/json' }), 401, 'unauthenticated')
      await refused(
        await post({ authorization: 'Basic YTpi', 'content-type': 'application/json' }),
        403,
        'cross-origin',
      )
    },
  },
  {
    name: 'content type: a change is JSON, an empty one too',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password')
      const types = [
        '',
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/jsonp',
        'text/plain, application/json',
      ]
      for (const type of types) {
        const headers = { 'sec-fetch-site': 'same-origin', cookie: as, ...(type !== '' && { 'content-type': type }) }
        const answer = await server.fetch('/mfa/me/postpone', { method: 'POST', headers })
        await refused(answer, 415, 'unsupported-media-type')
      }
      for (const type of ['application/json; charset=utf-8', 'Application/JSON', ' application/json ;x=y']) {
        await told(await ask(server, 'POST /mfa/me/postpone', { as, headers: { 'content-type': type } }))
      }
    },
  },
]

/** The origin that a server has for itself: the address that the answer is from. */
function originOf({ url }: Response): string {
  return new URL(url === '' ? 'https://example.com' : url).origin
}

/* -------------------------------------------------------------------------------------------------------------- bodies */

const bodyCases: Case[] = [
  {
    name: 'bodies: what is no JSON object of the right form is refused, and not repeated',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password', { setupId: 'mine' })
      const bodies = [
        '',
        'null',
        '[]',
        '"123456"',
        '{',
        '{"code":123456}',
        '{"code":""}',
        `{"code":"${'1'.repeat(129)}"}`,
        '{"code":null}',
        '{"code":["123456"]}',
        '{"code":"123456","hunter2":1}',
        '{"code":"123456","__proto__":{}}',
        '{"Code":"123456"}',
        '[[[[[[[[[[[[[[[[',
        '\u0000',
      ]
      for (const body of bodies) {
        const answer = await ask(server, 'POST /mfa/me/setup/confirm', { as, body })
        const text = JSON.stringify(await refused(answer, 400, 'invalid-request'))
        assert.doesNotMatch(text, /hunter2|123456|111/)
      }
    },
  },
  {
    name: 'bodies: a problem points at what is wrong',
    async run(server) {
      const { as } = await administration(server)
      const body = { terms: { period: { days: 0 } } }
      const answer = await ask(server, 'PUT /mfa/users/ada/requirement', { as, body })
      const { errors } = await refused(answer, 400, 'invalid-request')
      assert.deepEqual(errors, [{ pointer: '/terms/period/days', rule: 'too_small' }])
    },
  },
  {
    name: 'bodies: at most 16,384 bytes, and 1 MiB for many users',
    async run(server) {
      const { as } = await administration(server)
      const ada = sessionOf(server.host, 'ada', 'password', { setupId: 'mine' })
      const sized = (bytes: number): string => {
        const body = { code: '123456' }
        return JSON.stringify(body).padEnd(bytes, ' ')
      }
      const confirm = (bytes: number): Promise<Response> =>
        ask(server, 'POST /mfa/me/setup/confirm', { as: ada, body: sized(bytes) })
      await refused(await confirm(16_384), 409, 'no-setup')
      await refused(await confirm(16_385), 413, 'body-too-large')
      await refused(await confirm(3_000_000), 413, 'body-too-large')
      const terms = { period: { days: 30 } }
      const assignment = JSON.stringify({ userIds: ['ada'], terms })
      await told(await ask(server, 'POST /mfa/rollout/preview', { as, body: assignment.padEnd(1_048_576) }))
      const larger = await ask(server, 'POST /mfa/rollout/preview', { as, body: assignment.padEnd(1_048_577) })
      await refused(larger, 413, 'body-too-large')
    },
  },
]

/* ------------------------------------------------------------------------------------------------- users for themselves */

/** Begins a set-up over HTTP. */
async function begun(server: Server, as: string, body: object = {}): Promise<Json> {
  return told(await ask(server, 'POST /mfa/me/setup', { as, body }))
}

const ownCases: Case[] = [
  {
    name: 'GET /me: the decision for anybody signed in, and the status unless a code must be shown first',
    async run(server) {
      const { host } = server
      const terms = { terms: { period: { days: 30 } }, because: [because('the boss said so')] }
      await host.leeway.requireEnrollment('ada', terms, { actor: 'root', reason: 'the boss said so' })
      const password = await told(await ask(server, 'GET /mfa/me', { as: sessionOf(host, 'ada', 'password') }))
      assert.deepEqual(password['decision'], {
        phase: 'enrollment-period',
        deadline: iso(host.clock() + 30 * DAY),
        daysLeft: 30,
        sessionsValidFrom: null,
        action: 'offer-setup',
        postponementsLeft: null,
        passRequired: false,
      })
      assert.deepEqual(password['status'], {
        userId: 'ada',
        phase: 'enrollment-period',
        requirement: {
          assignedAt: iso(host.clock()),
          startsAt: iso(host.clock()),
          deadline: iso(host.clock() + 30 * DAY),
          daysLeft: 30,
          selfEnrollment: 'always',
          postponementsLeft: null,
        },
        exemption: null,
        authenticators: [],
        recoveryCodesLeft: 0,
        setup: null,
        lock: { totp: { state: 'open' }, recovery: { state: 'open' } },
      })
      const { authenticatorId } = await enrolled(server, 'ada')
      const challenged = await told(await ask(server, 'GET /mfa/me', { as: sessionOf(host, 'ada', 'challenge') }))
      assert.equal((challenged['decision'] as Json)['action'], 'challenge')
      assert.equal(challenged['status'], null)
      const mfa = await told(await ask(server, 'GET /mfa/me', { as: sessionOf(host, 'ada', 'mfa') }))
      assert.equal((mfa['status'] as { authenticators: Json[] }).authenticators[0]?.['id'], authenticatorId)
      await refused(await ask(server, 'GET /mfa/me', { as: sessionOf(host, 'ada', 'setup') }), 401, 'sign-in-again')
    },
  },
  {
    name: "administrators' words are in no answer under /me",
    async run(server) {
      const { host } = server
      const secretly = 'we do not trust him'
      const note = { actor: 'root', reason: secretly }
      const terms = { terms: { period: { days: 30 } }, because: [because(secretly)] }
      await host.leeway.requireEnrollment('ada', terms, note)
      await host.leeway.exempt('ada', { until: host.clock() + DAY, reason: secretly }, note)
      const { codeAt, authenticatorId } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const path = `/mfa/me/authenticators/${authenticatorId}`
      const answers = [
        await ask(server, 'GET /mfa/me', { as }),
        await ask(server, 'GET /mfa/me/history', { as }),
        await ask(server, `PATCH ${path}`, { as, body: { label: 'Phone' } }),
        await ask(server, 'POST /mfa/me/postpone', { as }),
        await ask(server, 'POST /mfa/me/setup', { as, body: { proof: { code: codeAt(host.clock()) } } }),
      ]
      for (const answer of answers) {
        const text = await answer.text()
        assert.equal(answer.status, 200, text)
        assert.equal(text.includes(secretly), false)
      }
      const { as: root } = await administration(server)
      const status = await told(await ask(server, 'GET /mfa/users/ada', { as: root }))
      assert.equal(JSON.stringify(status).split(secretly).length - 1, 2)
      const history = await told(await ask(server, 'GET /mfa/users/ada/history', { as: root }))
      assert.equal(JSON.stringify(history).split(secretly).length - 1, 2)
    },
  },
  {
    name: 'POST /me/postpone: counts once for each sign-in',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: { days: 30 }, postponements: 3 })
      const as = sessionOf(host, 'ada', 'password')
      const left = async (session: string): Promise<unknown> =>
        (await told(await ask(server, 'POST /mfa/me/postpone', { as: session })))['postponementsLeft']
      assert.equal(await left(as), 2)
      assert.equal(await left(as), 2)
      host.clock.advance(MINUTE)
      assert.equal(await left(sessionOf(host, 'ada', 'password')), 1)
      const body = { signInId: 'another' }
      await refused(await ask(server, 'POST /mfa/me/postpone', { as, body }), 400, 'invalid-request')
      await host.leeway.requireEnrollment('ada', { period: 'none' })
      await refused(await ask(server, 'POST /mfa/me/postpone', { as }), 403, 'setup-required')
    },
  },
  {
    name: 'set-up: begin, reload, confirm; the id never travels, other sessions are ended, this one is raised',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: 'none' })
      const as = sessionOf(host, 'ada', 'setup', { accountName: '<b>"Ada" & co' })
      const setup = await begun(server, as, { label: '<i>phone</i>' })
      assert.deepEqual(Object.keys(setup).sort(), ['expiresAt', 'keyUri', 'qr', 'resumed', 'secret'])
      assert.equal(setup['expiresAt'], iso(host.clock() + 10 * MINUTE))
      assert.equal(setup['resumed'], false)
      assert.match(String(setup['qr']), /^<svg .*aria-label="QR code for &lt;b&gt;&quot;Ada&quot; &amp; co"/)
      assert.match(String(sessionBy(host, as)?.setupId), /^[0-9a-f]{32}$/)
      assert.equal(JSON.stringify(setup).includes(sessionBy(host, as)?.setupId as string), false)
      const again = await begun(server, as)
      assert.deepEqual([again['secret'], again['resumed']], [setup['secret'], true])
      const me = await ask(server, 'GET /mfa/me', { as })
      assert.equal((await me.text()).includes(sessionBy(host, as)?.setupId as string), false)

      const app = phone(String(setup['keyUri']))
      const wrong = await ask(server, 'POST /mfa/me/setup/confirm', {
        as,
        body: { code: wrongCode(app, host.clock()) },
      })
      const problem = await refused(wrong, 422, 'invalid-code')
      assert.deepEqual([problem['triesLeft'], problem['clockOffsetSeconds']], [4, null])
      const slow = { code: app.codeAt(host.clock() + 5 * MINUTE) }
      const early = await refused(
        await ask(server, 'POST /mfa/me/setup/confirm', { as, body: slow }),
        422,
        'invalid-code',
      )
      assert.deepEqual([early['triesLeft'], early['clockOffsetSeconds']], [3, 300])

      const other = sessionOf(host, 'ada', 'setup')
      const body = { code: app.codeAt(host.clock()) }
      const answer = await ask(server, 'POST /mfa/me/setup/confirm', { as, body })
      const cookies = answer.headers.getSetCookie()
      const confirmed = await told(answer)
      assert.equal((confirmed['recoveryCodes'] as string[]).length, 10)
      assert.equal(confirmed['ok'], true)
      assert.equal(cookies.length, 2)
      assert.deepEqual(host.ended, [{ userId: 'ada', kept: true }])
      assert.equal(sessionBy(host, other), undefined)
      assert.equal(sessionBy(host, as), undefined)
      const raised = sessionBy(host, cookies[0] as string)
      assert.deepEqual([raised?.level, raised?.setupId], ['mfa', null])
      const session = (cookies[0] as string).split(';')[0] as string
      const inbox = await ask(server, 'GET /inbox', { as: session })
      assert.equal(await inbox.text(), 'ada')
      const own = await told(await ask(server, 'GET /mfa/me', { as: session }))
      assert.equal((own['status'] as { authenticators: Json[] }).authenticators[0]?.['label'], '<i>phone</i>')
    },
  },
  {
    name: 'set-up: restart gives another secret and ends the older set-up',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password')
      const first = await begun(server, as)
      const second = await begun(server, as, { restart: true })
      assert.notEqual(first['secret'], second['secret'])
      assert.equal(second['resumed'], false)
      assert.equal((await begun(server, as, { restart: false }))['secret'], second['secret'])
    },
  },
  {
    name: "set-up: one session neither sees, confirms nor cancels another's",
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      const setup = await begun(server, as)
      const thief = sessionOf(host, 'ada', 'password')
      const code = phone(String(setup['keyUri'])).codeAt(host.clock())
      await refused(await ask(server, 'POST /mfa/me/setup/confirm', { as: thief, body: { code } }), 409, 'no-setup')
      await refused(await ask(server, 'POST /mfa/me/setup/cancel', { as: thief }), 409, 'no-setup')
      assert.notEqual((await begun(server, thief))['secret'], setup['secret'])
      await refused(await ask(server, 'POST /mfa/me/setup/confirm', { as, body: { code } }), 409, 'no-setup')
    },
  },
  {
    name: 'set-up: cancelled, it is gone; too late, it is expired',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      await begun(server, as)
      const cancelled = await ask(server, 'POST /mfa/me/setup/cancel', { as })
      assert.equal(cancelled.status, 204)
      assert.equal(await cancelled.text(), '')
      assert.equal(sessionBy(host, as)?.setupId, null)
      await refused(await ask(server, 'POST /mfa/me/setup/cancel', { as }), 409, 'no-setup')
      const setup = await begun(server, as)
      host.clock.advance(10 * MINUTE)
      const code = phone(String(setup['keyUri'])).codeAt(host.clock())
      await refused(await ask(server, 'POST /mfa/me/setup/confirm', { as, body: { code } }), 409, 'expired')
    },
  },
  {
    name: 'set-up: a pass where one is needed, a proof where one is bound, and no more than are allowed',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: { days: 1 }, selfEnrollment: 'with-pass' })
      const as = sessionOf(host, 'ada', 'password')
      await refused(await ask(server, 'POST /mfa/me/setup', { as, body: {} }), 403, 'pass-required')
      await host.leeway.issuePass('ada')
      const wrong = { pass: WRONG_RECOVERY_CODE }
      await refused(await ask(server, 'POST /mfa/me/setup', { as, body: wrong }), 422, 'invalid-pass')
      const { pass } = await host.leeway.issuePass('ada')
      await begun(server, as, { pass })

      const bob = await enrolled(server, 'bob')
      const session = sessionOf(host, 'bob', 'mfa')
      await refused(await ask(server, 'POST /mfa/me/setup', { as: session, body: {} }), 403, 'proof-required')
      const guessed = { proof: { code: bob.wrong() } }
      await refused(await ask(server, 'POST /mfa/me/setup', { as: session, body: guessed }), 422, 'invalid-code')
      for (let at = 1; at < 5; at++) {
        const proof = { recoveryCode: bob.recoveryCodes[at] }
        const setup = await begun(server, session, { proof, restart: true })
        const setupId = sessionBy(host, session)?.setupId as string
        const code = phone(String(setup['keyUri'])).codeAt(host.clock())
        assert((await host.leeway.confirmSetup('bob', code, { setupId })).ok)
      }
      const more = { proof: { recoveryCode: bob.recoveryCodes[5] }, restart: true }
      await refused(
        await ask(server, 'POST /mfa/me/setup', { as: session, body: more }),
        409,
        'too-many-authenticators',
      )
    },
  },
  {
    name: 'set-up: the next authenticator comes without recovery codes',
    async run(server) {
      const { host } = server
      const { codeAt } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const setup = await begun(server, as, { proof: { code: codeAt(host.clock()) } })
      const body = { code: phone(String(setup['keyUri'])).codeAt(host.clock()) }
      const confirmed = await told(await ask(server, 'POST /mfa/me/setup/confirm', { as, body }))
      assert.equal(confirmed['recoveryCodes'], null)
    },
  },
  {
    name: 'verify: a right code raises the session, and is right once',
    async run(server) {
      const { host } = server
      const { codeAt, authenticatorId } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'challenge')
      const body = { code: codeAt(host.clock()) }
      const answer = await ask(server, 'POST /mfa/me/verify', { as, body })
      const [cookie = ''] = answer.headers.getSetCookie()
      assert.deepEqual(await told(answer), {
        ok: true,
        method: 'totp',
        authenticatorId,
        recoveryCodesLeft: 10,
        failuresSinceLastSuccess: 0,
      })
      assert.equal(sessionBy(host, cookie)?.level, 'mfa')
      await refused(await ask(server, 'POST /mfa/me/verify', { as, body }), 401, 'unauthenticated')
      const second = sessionOf(host, 'ada', 'challenge')
      await refused(await ask(server, 'POST /mfa/me/verify', { as: second, body }), 422, 'invalid-code')
    },
  },
  {
    name: 'verify: locked says until when, rounded up to the second; disabled says so',
    async run(server) {
      const { host } = server
      host.clock.advance(1)
      const { wrong } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'challenge')
      const verify = (): Promise<Response> => ask(server, 'POST /mfa/me/verify', { as, body: { code: wrong() } })
      for (let at = 0; at < 5; at++) await refused(await verify(), 422, 'invalid-code')
      const answer = await verify()
      const until = host.clock() + MINUTE
      assert.equal(answer.headers.get('retry-after'), new Date(until + 999).toUTCString())
      assert.equal((await refused(answer, 423, 'locked'))['retryAt'], iso(until))
      for (let at = 5; at < 50; at++) {
        host.clock.advance(2 * DAY)
        await verify()
      }
      await refused(await verify(), 423, 'disabled')
    },
  },
  {
    name: 'recover: a recovery code raises the session, once, locked by its own counter',
    async run(server) {
      const { host } = server
      const { recoveryCodes } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'challenge')
      const body = { recoveryCode: recoveryCodes[0] }
      const answer = await ask(server, 'POST /mfa/me/recover', { as, body })
      assert.equal(sessionBy(host, answer.headers.getSetCookie()[0] as string)?.level, 'mfa')
      assert.equal((await told(answer))['recoveryCodesLeft'], 9)
      const again = sessionOf(host, 'ada', 'challenge')
      await refused(await ask(server, 'POST /mfa/me/recover', { as: again, body }), 422, 'invalid-code')
      const wrong = { recoveryCode: WRONG_RECOVERY_CODE }
      for (let at = 0; at < 5; at++) {
        await refused(await ask(server, 'POST /mfa/me/recover', { as: again, body: wrong }), 422, 'invalid-code')
      }
      await refused(await ask(server, 'POST /mfa/me/recover', { as: again, body }), 423, 'locked')
    },
  },
  {
    name: 'authenticators: renamed and removed by their owner, with a proof; an unknown one is not found',
    async run(server) {
      const { host } = server
      const { codeAt, authenticatorId, recoveryCodes } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const bob = await enrolled(server, 'bob')
      const own = `/mfa/me/authenticators/${authenticatorId}`
      const others = `/mfa/me/authenticators/${bob.authenticatorId}`
      const renamed = await told(await ask(server, `PATCH ${own}`, { as, body: { label: '<b>' } }))
      assert.equal(renamed['changed'], true)
      assert.equal((renamed['authenticators'] as Json[])[0]?.['label'], '<b>')
      for (const label of ['', 'a'.repeat(101), 'a\u0000', 7]) {
        await refused(await ask(server, `PATCH ${own}`, { as, body: { label } }), 400, 'invalid-request')
      }
      await refused(await ask(server, `PATCH ${others}`, { as, body: { label: 'mine' } }), 404, 'unknown-authenticator')
      const recovery = { proof: { recoveryCode: recoveryCodes[0] } }
      await refused(await ask(server, `POST ${others}/remove`, { as, body: recovery }), 404, 'unknown-authenticator')
      for (const body of [{}, { proof: {} }, { proof: { code: '123456', recoveryCode: 'a' } }, { code: '123456' }]) {
        await refused(await ask(server, `POST ${own}/remove`, { as, body }), 400, 'invalid-request')
      }
      await host.leeway.requireEnrollment('ada', { period: { days: 30 } })
      await refused(await ask(server, `POST ${own}/remove`, { as, body: recovery }), 409, 'last-authenticator')
      await host.leeway.makeOptional('ada')
      host.clock.advance(STEP)
      const body = { proof: { code: codeAt(host.clock()) } }
      assert.deepEqual(await told(await ask(server, `POST ${own}/remove`, { as, body })), { ok: true })
    },
  },
  {
    name: 'recovery codes: made anew for a proof',
    async run(server) {
      const { host } = server
      const { codeAt, wrong } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const guessed = { proof: { code: wrong() } }
      await refused(await ask(server, 'POST /mfa/me/recovery-codes', { as, body: guessed }), 422, 'invalid-code')
      const body = { proof: { code: codeAt(host.clock()) } }
      const { recoveryCodes } = await told(await ask(server, 'POST /mfa/me/recovery-codes', { as, body }))
      assert.equal((recoveryCodes as string[]).length, 10)
    },
  },
  {
    name: 'only set-up is reachable before set-up, only a code before a code',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: 'none' })
      const setup = sessionOf(host, 'ada', 'setup')
      await enrolled(server, 'bob')
      const challenge = sessionOf(host, 'bob', 'challenge')
      const closed: [string, unknown][] = [
        ['GET /mfa/me/history', undefined],
        ['POST /mfa/me/postpone', {}],
        ['PATCH /mfa/me/authenticators/x', { label: 'a' }],
        ['POST /mfa/me/authenticators/x/remove', { proof: { code: '123456' } }],
        ['POST /mfa/me/recovery-codes', { proof: { code: '123456' } }],
      ]
      for (const [line, body] of closed) {
        await refused(await ask(server, line, { as: setup, body }), 403, 'setup-required')
        await refused(await ask(server, line, { as: challenge, body }), 403, 'challenge-required')
      }
      for (const line of ['POST /mfa/me/verify', 'POST /mfa/me/recover']) {
        await refused(await ask(server, line, { as: setup, body: {} }), 403, 'setup-required')
      }
      for (const line of ['POST /mfa/me/setup', 'POST /mfa/me/setup/confirm', 'POST /mfa/me/setup/cancel']) {
        await refused(await ask(server, line, { as: challenge, body: {} }), 403, 'challenge-required')
      }
      await host.leeway.suspend('carol')
      const carol = sessionOf(host, 'carol', 'mfa')
      for (const [line, body] of [...closed, ['GET /mfa/me', undefined] as const]) {
        await refused(await ask(server, line, { as: carol, body }), 403, 'suspended')
      }
    },
  },
  {
    name: 'history: own events by pages, instants as ISO 8601',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: { days: 30 } }, { actor: 'root', reason: 'because' })
      await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const first = await told(await ask(server, 'GET /mfa/me/history?limit=1', { as }))
      const [event] = first['events'] as { type: string; at: string; actor: string; reason: null; details: Json }[]
      assert.deepEqual([event?.type, event?.actor, event?.reason], ['requirement-assigned', 'root', null])
      assert.equal(event?.details['deadline'], iso(Date.parse(event?.at ?? '') + 30 * DAY))
      const rest = await told(await ask(server, `GET /mfa/me/history?after=${String(first['next'])}`, { as }))
      assert.equal(JSON.stringify(rest).includes('setup-begun'), true)
      // Milliseconds since 1970 have thirteen digits.
      assert.doesNotMatch(JSON.stringify(rest), /:\d{13}/)
      for (const query of ['limit=0', 'limit=1001', 'limit=01', 'limit=1.0', 'limit=1&limit=2', 'after=', 'page=2']) {
        await refused(await ask(server, `GET /mfa/me/history?${query}`, { as }), 400, 'invalid-request')
      }
    },
  },
]

function because(text: string): { source: string; scope: 'rule'; deadline: null; outcome: 'applied'; text: string } {
  return { source: 'rule', scope: 'rule', deadline: null, outcome: 'applied', text }
}

/* ---------------------------------------------------------------------------------------------------------- host's hooks */

const hookCases: Case[] = [
  {
    name: 'a hook fails at begin: no secret is shown, and the set-up is cancelled',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      host.faults.rememberSetup = true
      const answer = await ask(server, 'POST /mfa/me/setup', { as, body: {} })
      const problem = JSON.stringify(await refused(answer, 503, 'session-not-raised'))
      assert.doesNotMatch(problem, /otpauth|secret|hunter2/)
      assert.equal((await host.leeway.status('ada')).setup, null)
      assert.match(String(host.errors[0]), /rememberSetup failed/)
      assert.equal(host.errors.length, 1)
    },
  },
  {
    name: 'hooks fail at confirm: the recovery codes are told all the same, and the host of each failure',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      const setup = await begun(server, as)
      Object.assign(host.faults, { rememberSetup: true, endOthers: true, raise: true })
      const body = { code: phone(String(setup['keyUri'])).codeAt(host.clock()) }
      const answer = await ask(server, 'POST /mfa/me/setup/confirm', { as, body })
      assert.deepEqual(answer.headers.getSetCookie(), [])
      assert.equal(((await told(answer))['recoveryCodes'] as string[]).length, 10)
      const failed = host.errors.map((error) => String(error).split(' ')[1])
      assert.deepEqual(failed, ['rememberSetup', 'endOthers', 'raise'])
    },
  },
  {
    name: 'a hook fails at cancel: the set-up is gone all the same',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      await begun(server, as)
      host.faults.rememberSetup = true
      assert.equal((await ask(server, 'POST /mfa/me/setup/cancel', { as })).status, 204)
      assert.equal((await host.leeway.status('ada')).setup, null)
      assert.equal(host.errors.length, 1)
    },
  },
  {
    name: 'a session that cannot be raised: 503 for verify and recover',
    async run(server) {
      const { host } = server
      const { codeAt, recoveryCodes } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'challenge')
      host.faults.raise = true
      const code = { code: codeAt(host.clock()) }
      const verified = await refused(
        await ask(server, 'POST /mfa/me/verify', { as, body: code }),
        503,
        'session-not-raised',
      )
      assert.doesNotMatch(JSON.stringify(verified), /hunter2/)
      const recovery = { recoveryCode: recoveryCodes[0] }
      await refused(await ask(server, 'POST /mfa/me/recover', { as, body: recovery }), 503, 'session-not-raised')
      assert.equal(host.errors.length, 2)
    },
  },
  {
    name: 'sessions that cannot be ended: the change stands, 503, and doing it again ends them',
    async run(server) {
      const { host } = server
      const { as } = await administration(server)
      const { authenticatorId } = await enrolled(server, 'ada')
      const lines: [string, unknown][] = [
        [`POST /mfa/users/ada/authenticators/${authenticatorId}/revoke`, {}],
        ['POST /mfa/users/ada/reset', { grace: 'none' }],
        ['POST /mfa/users/ada/suspend', {}],
      ]
      for (const [line, body] of lines) {
        sessionOf(host, 'ada', 'mfa')
        host.faults.endOthers = true
        await refused(await ask(server, line, { as, body }), 503, 'sessions-not-ended')
        host.faults.endOthers = false
        host.ended.length = 0
        const repeated = await told(await ask(server, line, { as, body }))
        assert.equal(repeated['changed'], false)
        assert.deepEqual(host.ended, [{ userId: 'ada', kept: false }])
        assert.equal(
          [...host.sessions.values()].some(({ userId }) => userId === 'ada'),
          false,
        )
      }
      assert.equal((await host.leeway.status('ada')).phase, 'suspended')
    },
  },
  {
    name: 'a store that fails is 503 everywhere, and says nothing of it',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      host.faults.store = true
      for (const line of ['GET /mfa/me', 'POST /mfa/me/setup', 'POST /mfa/me/postpone']) {
        const problem = await refused(
          await ask(server, line, { as, body: line.startsWith('GET') ? undefined : {} }),
          503,
          'store-unavailable',
        )
        assert.deepEqual(Object.keys(problem).sort(), ['status', 'title', 'type'])
      }
      assert.equal(host.errors.length, 3)
      host.faults.store = false
      host.faults.identify = true
      assert.doesNotMatch(
        JSON.stringify(await refused(await ask(server, 'GET /mfa/me', { as }), 500, 'internal')),
        /hunter2/,
      )
    },
  },
]

/* ------------------------------------------------------------------------------------------------------ administrators */

/** Every change of one user: a body that is taken, and the type of the event that it leaves. */
const CHANGES: readonly (readonly [line: string, body: Json, event: string])[] = [
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
  ['POST authenticators/x/revoke', {}, ''],
] as unknown as (readonly [string, Json, string])[]

const lineOf = (change: string, userId: string): string => change.replace(' ', ` /mfa/users/${userId}/`)

const administratorCases: Case[] = [
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
        if (event === '') {
          assert.equal(answer['changed'], false)
          return
        }
        assert.equal(answer['changed'] ?? true, true)
        assert.deepEqual([last?.type, last?.actor], [event, 'root'])
        assert.equal(last?.reason, body['reason'] ?? 'told to')
        assert.equal(last?.actor, 'root')
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

/* ------------------------------------------------------------------------------------------------------------ many users */

const NDJSON = { accept: 'application/x-ndjson' }

const rolloutCases: Case[] = [
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

/** Every case. Each is to be run on a server, and a host, of its own. */
export const cases: readonly Case[] = [
  ...guardCases,
  ...pathCases,
  ...originCases,
  ...bodyCases,
  ...ownCases,
  ...hookCases,
  ...administratorCases,
  ...rolloutCases,
]
