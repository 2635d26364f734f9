import assert from 'node:assert/strict'
import { sessionOf } from '../host.js'
import { ask, type Case, enrolled, refused, type Server } from './asking.js'

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

/** What the guard answers, for every level under every decision. */
export const guardCases: readonly Case[] = [
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
