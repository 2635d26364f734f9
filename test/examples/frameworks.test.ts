import { getRequestListener } from '@hono/node-server'
import express, { type Express, type RequestHandler } from 'express'
import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import type { Hono, MiddlewareHandler } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createGuard, type Guard, type GuardResult, type GuardRule } from '../../src/http/index.js'
import { phone } from '../../src/testing/index.js'
import { type Case, enrolled } from '../http/cases/asking.js'
import { cases } from '../http/cases.js'
import { type Host, hostOf, PAGES, sessionOf } from '../http/host.js'
import { listening, type NodeServer } from '../http/node-server.js'
import { leadsTo, type Running, start, type Visitor, visitor } from './visitor.js'

/** What each of the servers exports. */
interface Example<App, Middleware> {
  createApp(host: object): App
  guarded(guard: Guard<unknown>, rule?: GuardRule): Middleware
}

type Passed = Extract<GuardResult, { pass: true }>
interface HonoEnv {
  Variables: { passed: Passed }
}

/** The modules are JavaScript, checked with the other examples. */
async function load<App, Middleware>(name: string): Promise<Example<App, Middleware>> {
  return import(`../../examples/frameworks/${name}.js`)
}

/** The host of an example, with the sessions, the clock and the faults of the cases'. */
async function hostFor({ guard, handler }: Host): Promise<object> {
  const { createHost } = (await import(new URL('../../examples/frameworks/host.js', import.meta.url).href)) as {
    createHost(): object
  }
  return { ...createHost(), guard, handler }
}

/** Each server as it is, and behind its guard the pages that the cases ask for, added as its framework has it. */
const FRAMEWORKS: Record<string, (host: Host) => Promise<NodeServer>> = {
  async hono(host) {
    const { createApp, guarded } = await load<Hono<HonoEnv>, MiddlewareHandler<HonoEnv>>('hono')
    const app = createApp(await hostFor(host))
    const guard = createGuard(host.guard)
    for (const [path, rule] of Object.entries(PAGES)) {
      app.all(path, guarded(guard, rule), (c) => c.text(c.var.passed.identity.userId))
    }
    app.all('/files/*', guarded(guard), (c) => c.text('the file'))
    return listening(getRequestListener(app.fetch))
  },
  express: async (host) => listening(await expressApp(host)),
  async fastify(host) {
    const { createApp, guarded } = await load<FastifyInstance, onRequestHookHandler>('fastify')
    const app = createApp(await hostFor(host))
    const guard = createGuard(host.guard)
    for (const [path, rule] of Object.entries(PAGES)) {
      app.all(path, { onRequest: guarded(guard, rule) }, (request, reply) => {
        reply.send((request.raw as unknown as { leeway: Passed }).leeway.identity.userId)
      })
    }
    app.all('/files/*', { onRequest: guarded(guard) }, (_request, reply) => {
      reply.send('the file')
    })
    await app.ready()
    return listening(app.routing)
  },
}

async function expressApp(host: Host): Promise<Express> {
  const { createApp, guarded } = await load<Express, RequestHandler>('express')
  const app = createApp(await hostFor(host))
  const guard = createGuard(host.guard)
  for (const [path, rule] of Object.entries(PAGES)) {
    app.all(path, guarded(guard, rule), (req, res) => {
      res.send((req as unknown as { leeway: Passed }).leeway.identity.userId)
    })
  }
  app.use('/files', guarded(guard), (_req, res) => {
    res.send('the file')
  })
  return app
}

describe.each(Object.entries(FRAMEWORKS))('the shared cases on %s', (_name, serve) => {
  let server: NodeServer | undefined
  afterEach(async () => {
    await server?.close()
    server = undefined
  })

  it.each(cases)('$name', async ({ run }) => {
    const host = hostOf({ allowedOrigins: ['https://app.example'] })
    server = await serve(host)
    await run({ host, fetch: server.fetch })
  })

  it('what is under a path is not reached by one that leads out of it to a page which stops nobody', async () => {
    const host = hostOf()
    server = await serve(host)
    await enrolled({ host, fetch: server.fetch }, 'ada')
    await host.leeway.requireEnrollment('ben', { period: 'none' })
    for (const [cookie, page] of [
      [sessionOf(host, 'ada', 'challenge'), '/code'],
      [sessionOf(host, 'ben', 'setup'), '/enroll'],
    ] as const) {
      const asked = (path: string) =>
        server?.raw(`GET ${path} HTTP/1.1\r\nhost: localhost\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`)
      expect(await asked('/files/a')).toMatch(/^HTTP\/1.1 403 /)
      expect(await asked(page)).toMatch(/^HTTP\/1.1 200 /)
      for (const out of ['/..', '/%2e%2e', '/a/%2E./..', '\\..', '/a\\..\\..']) {
        expect(await asked(`/files${out}${page}`)).not.toContain('the file')
      }
    }
  })
})

/** Cases of bodies that a framework's parser refuses, or makes smaller, before leeway sees the request. */
const isOfRawBodies = ({ name }: Case): boolean =>
  /: checked in order: |^bodies: (what is no JSON object|at most)/.test(name)

describe('express, after a parser of bodies', () => {
  let server: NodeServer | undefined
  afterEach(async () => {
    await server?.close()
    server = undefined
  })
  const served = async (host: Host): Promise<NodeServer> =>
    listening(
      express()
        .use(express.json({ limit: 2 ** 21 }))
        .use(await expressApp(host)),
    )

  it.each(cases.filter((one) => !isOfRawBodies(one)))('$name', async ({ run }) => {
    const host = hostOf({ allowedOrigins: ['https://app.example'] })
    server = await served(host)
    await run({ host, fetch: server.fetch })
  })

  it('what the parser refuses Express answers itself, and leeway is not asked', async () => {
    const host = hostOf()
    server = await served(host)
    const cookie = sessionOf(host, 'ada', 'password')
    const headers = { cookie, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const refused = await server.fetch('/mfa/me/setup', { method: 'POST', headers, body: '{' })
    expect(refused.status).toBe(400)
    expect(refused.headers.get('content-type')).not.toContain('problem+json')
    expect((await host.leeway.status('ada')).setup).toBeNull()
  })
})

const PASSWORD = 'correct horse battery staple'
const STEP = 30_000

describe.each(Object.keys(FRAMEWORKS))('a life with %s, started as a process', (name) => {
  let server: Running
  beforeAll(async () => {
    server = await start(name)
  })
  afterAll(() => server.stop())

  const signIn = (who: Visitor, user: string, to = '/'): Promise<Response> =>
    who.submit(`/sign-in?return_to=${encodeURIComponent(to)}`, { name: user, password: PASSWORD })

  /** Sets up, and gives the phone and the recovery codes. A code of the step to come is good for the first challenge. */
  async function setUp(who: Visitor): Promise<{ codeAt(now: number): string; recoveryCodes: string[] }> {
    const begun = await who.call('POST /mfa/me/setup')
    expect(begun.status, JSON.stringify(begun.json)).toBe(200)
    const app = phone(String(begun.json['keyUri']))
    const confirmed = await who.call('POST /mfa/me/setup/confirm', { code: app.codeAt(Date.now()) })
    expect(confirmed.status, JSON.stringify(confirmed.json)).toBe(200)
    return { ...app, recoveryCodes: confirmed.json['recoveryCodes'] as string[] }
  }

  it('nobody is sent to sign in, and only this server’s own form with the right password does', async () => {
    const anybody = visitor(server.origin)
    expect(leadsTo(await anybody.open('/payslips'))).toBe('/sign-in?return_to=%2Fpayslips')
    expect((await anybody.open('/sign-in')).status).toBe(200)
    expect((await anybody.submit('/sign-in', { name: 'ada', password: 'wrong' })).status).toBe(422)
    expect((await anybody.submit('/sign-in', { name: 'nobody', password: PASSWORD })).status).toBe(422)
    expect((await anybody.submit('/sign-in', {})).status).toBe(422)
    const large = await anybody.submit('/sign-in', { name: 'ada', password: 'a'.repeat(16_384) })
    expect(large.status).toBe(413)
    const forged = await anybody.submit('/sign-in', { name: 'ada', password: PASSWORD }, 'https://evil.example')
    expect(forged.status).toBe(403)
    expect(anybody.cookies.size).toBe(0)
    expect((await anybody.call('GET /mfa/me')).json['type']).toBe('urn:leeway:unauthenticated')
    expect((await anybody.call('GET /nothing')).json['type']).toBe('urn:leeway:unauthenticated')
  })

  it('a user is offered set-up, says "not now", sets up, and shows a code from then on', async () => {
    const ada = visitor(server.origin)
    expect(leadsTo(await signIn(ada, 'ada', '/?from=mail'))).toBe('/set-up?return_to=%2F%3Ffrom%3Dmail')
    const offer = await (await ada.open('/set-up?return_to=%2F%3Ffrom%3Dmail')).text()
    expect(offer).toContain('data-next="/?from=mail"')
    expect(offer).toContain('Not now')
    expect((await ada.call('POST /mfa/me/postpone')).json['postponementsLeft']).toBe(2)
    expect(await (await ada.open('/')).text()).toMatch(/30 days left[\s\S]*password/)
    expect(leadsTo(await ada.open('/payslips'))).toBe('/set-up?return_to=%2Fpayslips')

    const before = new Map(ada.cookies)
    const { codeAt, recoveryCodes } = await setUp(ada)
    expect(await (await ada.open('/payslips')).text()).toContain('ada')
    expect(await (await ada.open('/')).text()).toContain('mfa')
    expect((await ada.open('/nothing')).status).toBe(404)
    const stolen = visitor(server.origin)
    for (const [cookie, value] of before) stolen.cookies.set(cookie, value)
    expect(leadsTo(await stolen.open('/'))).toBe('/sign-in?return_to=%2F')

    const laptop = visitor(server.origin)
    expect(leadsTo(await signIn(laptop, 'ada', '/payslips'))).toBe('/payslips')
    expect(leadsTo(await laptop.open('/payslips'))).toBe('/challenge?return_to=%2Fpayslips')
    expect(await (await laptop.open('/challenge?return_to=%2Fpayslips')).text()).toContain('data-next="/payslips"')
    const code = codeAt(Date.now() + STEP)
    expect((await laptop.call('POST /mfa/me/verify', { code })).status).toBe(200)
    expect((await laptop.open('/payslips')).status).toBe(200)

    const third = visitor(server.origin)
    await signIn(third, 'ada')
    expect((await third.call('POST /mfa/me/verify', { code })).json['type']).toBe('urn:leeway:invalid-code')
    expect((await third.call('POST /mfa/me/recover', { recoveryCode: recoveryCodes[0] })).status).toBe(200)
    expect((await third.open('/')).status).toBe(200)

    expect((await third.submit('/sign-out', {}, 'https://evil.example')).status).toBe(403)
    expect(leadsTo(await third.submit('/sign-out', {}))).toBe('/sign-in')
    expect(third.cookies.size).toBe(0)
  })

  it('an administrator requires MFA at once, and suspends: nothing else is reached', async () => {
    const olivia = visitor(server.origin)
    await signIn(olivia, 'olivia')
    expect((await olivia.call('GET /mfa/users')).json['type']).toBe('urn:leeway:setup-required')
    await setUp(olivia)
    const ben = visitor(server.origin)
    await signIn(ben, 'ben')
    expect((await ben.open('/')).status).toBe(200)

    const terms = { period: 'none' }
    expect((await olivia.call('PUT /mfa/users/ben/requirement', { terms })).status).toBe(200)
    expect(leadsTo(await ben.open('/'))).toBe('/set-up?return_to=%2F')
    expect(leadsTo(await signIn(ben, 'ben', '//evil.example'))).toBe('/')
    expect(leadsTo(await ben.open('/'))).toBe('/set-up?return_to=%2F')
    expect(await (await ben.open('/set-up')).text()).not.toContain('Not now')
    expect((await ben.call('POST /mfa/me/postpone')).json['type']).toBe('urn:leeway:setup-required')
    await setUp(ben)
    expect((await ben.open('/')).status).toBe(200)
    expect((await ben.call('GET /mfa/users')).json['type']).toBe('urn:leeway:forbidden')
    expect((await olivia.call('GET /mfa/users/nobody')).json['type']).toBe('urn:leeway:not-found')

    expect((await olivia.call('POST /mfa/users/ben/suspend')).status).toBe(200)
    expect(leadsTo(await ben.open('/'))).toBe('/sign-in?return_to=%2F')
    expect(leadsTo(await signIn(ben, 'ben'))).toBe('/suspended')
    expect((await ben.open('/suspended')).status).toBe(403)
    expect(leadsTo(await ben.open('/'))).toBe('/sign-in?return_to=%2F')
  })
})
