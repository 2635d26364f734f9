// @ts-check
/**
 * A complete auth server with leeway on Hono. `node examples/frameworks/hono.js`
 *
 * It signs people in by password and keeps their sessions; what may be reached with one, leeway says. Four things make
 * the difference to a server without MFA, and are marked with their numbers: the routes under /mfa (1), the guard (2),
 * what becomes of a right password (3), and a page each for set-up and for the challenge (4). Accounts and sessions are
 * in host.js, the HTML in pages.js. The other servers beside this file are described by what they do otherwise.
 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createGuard, createHandler, isSameOrigin, levelFor, returnTo } from 'leeway/http'
import { ADDRESS, announce, createHost, isMain, MOST_FORM_BYTES, withPassword } from './host.js'
import {
  challengePage,
  HTML,
  homePage,
  JAVASCRIPT,
  payslipsPage,
  script,
  setUpPage,
  signInPage,
  suspendedPage,
} from './pages.js'

/** What the guard leaves for the pages behind it. @typedef {{ Variables: { passed: Passed } }} Env */
/** @typedef {Extract<import('leeway/http').GuardResult, { pass: true }>} Passed */

/**
 * (2) The guard as a middleware: who may not pass gets its answer. It is asked on every request, because terms change
 * while sessions live.
 *
 * @param {import('leeway/http').Guard<unknown>} guard
 * @param {import('leeway/http').GuardRule} [rule]
 * @returns {import('hono').MiddlewareHandler<Env>}
 */
export const guarded = (guard, rule) => async (c, next) => {
  const result = await guard(c.req.raw, c, rule)
  if (!result.pass) return result.response
  c.set('passed', result)
  return next()
}

/** The server, as an app of Hono's. */
export function createApp(host = createHost()) {
  const { leeway, sessions } = host
  const handler = createHandler(host.handler)
  const guard = createGuard(host.guard)
  /** @type {Hono<Env>} */
  const app = new Hono()

  // (1) What the pages call, and administrators. The handler asks who it is by itself, so it is not behind the guard.
  app.all('/mfa/*', (c) => handler(c.req.raw, c))

  app.get('/mfa.js', (c) => c.body(script, 200, JAVASCRIPT))
  app.get('/sign-in', (c) => c.body(signInPage(), 200, HTML))
  app.get('/suspended', (c) => c.body(suspendedPage(), 403, HTML))

  // Own forms are checked as the handler checks its requests: another site's page cannot sign people in or out here.
  app.on('POST', ['/sign-in', '/sign-out'], bodyLimit({ maxSize: MOST_FORM_BYTES }), async (c, next) => {
    return isSameOrigin(c.req.raw) ? next() : c.text('This form is of another site.', 403)
  })

  app.post('/sign-in', async (c) => {
    const { name, password } = await c.req.parseBody()
    const user = await withPassword(name, password)
    if (user === null) return c.body(signInPage({ isRefused: true }), 422, HTML)

    // (3) The password was right; what it leads to is leeway's to say. Ask on every path that makes a session: single
    // sign-on, a password reset and "remember me" as well.
    const decision = await leeway.signIn(user.id)
    const level = levelFor(decision)
    if (level === null) return c.redirect('/suspended', 303)
    c.header('set-cookie', sessions.begin(c.req.raw, user.id, level))
    // Who must set up or show a code is sent there by the guard. Who may is told of it once, here.
    const next = returnTo(c.req.raw)
    return c.redirect(decision.action === 'offer-setup' ? `/set-up?return_to=${encodeURIComponent(next)}` : next, 303)
  })

  app.post('/sign-out', (c) => {
    c.header('set-cookie', sessions.end(c.req.raw))
    return c.redirect('/sign-in', 303)
  })

  // (2) Everything from here on is behind the guard, so that no page can be forgotten.
  app.use(guarded(guard))

  app.get('/', (c) => c.body(homePage(c.var.passed.identity, c.var.passed.decision), 200, HTML))
  // Not without MFA, inside the enrollment period either: a stolen password is not enough for this one.
  app.get('/payslips', guarded(guard, { sensitive: true }), (c) =>
    c.body(payslipsPage(c.var.passed.identity), 200, HTML),
  )

  // (4) The guard sends people here, and lets them: these are the pages it was told of in host.js.
  app.get('/set-up', (c) => c.body(setUpPage(c.var.passed.decision, returnTo(c.req.raw)), 200, HTML))
  app.get('/challenge', (c) => c.body(challengePage(returnTo(c.req.raw)), 200, HTML))

  return app
}

if (isMain(import.meta.url)) serve({ fetch: createApp().fetch, ...ADDRESS }, ({ port }) => announce(port))
