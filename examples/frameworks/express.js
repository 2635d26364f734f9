// @ts-check
/**
 * The server of hono.js on Express 5. `node examples/frameworks/express.js`
 *
 * What is otherwise:
 * - `toNode` makes the handler and the guard Express's: they take its `req` and `res`, and the guard leaves who has
 *   passed in `req.leeway`.
 * - /mfa comes before every parser of bodies. After one it works as well, from `req.body`, but what the parser refuses
 *   Express then answers in its own way, before leeway has looked at who asks.
 * - Sign-in and sign-out, which Fastify shares, are functions from the web's `Request` to its `Response`, in forms.js:
 *   `toNode` mounts those too.
 */
import express from 'express'
import { createGuard, createHandler, returnTo, toNode } from 'leeway/http'
import { createForms } from './forms.js'
import { ADDRESS, announce, createHost, isMain, MOST_FORM_BYTES } from './host.js'
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

/**
 * What the guard leaves on a request.
 *
 * @param {object} req @returns {import('leeway/http').GuardPass}
 */
const passed = (req) => /** @type {{ leeway: import('leeway/http').GuardPass }} */ (req).leeway

/**
 * The guard as a middleware.
 *
 * @param {import('leeway/http').Guard<unknown>} guard
 * @param {import('leeway/http').GuardRule} [rule]
 * @returns {express.RequestHandler}
 */
export const guarded = (guard, rule) => toNode((request, context) => guard(request, context, rule))

/** The server, as an app of Express's. */
export function createApp(host = createHost()) {
  const { signIn, signOut } = createForms(host)
  const guard = createGuard(host.guard)
  const app = express().disable('x-powered-by')

  app.use('/mfa', toNode(createHandler(host.handler)))

  app.get('/mfa.js', (_req, res) => void res.set(JAVASCRIPT).send(script))
  app.get('/sign-in', (_req, res) => void res.set(HTML).send(signInPage()))
  app.get('/suspended', (_req, res) => void res.status(403).set(HTML).send(suspendedPage()))

  const parsed = express.urlencoded({ extended: false, limit: MOST_FORM_BYTES })
  app.post(
    '/sign-in',
    parsed,
    toNode((request, { req }) => signIn(request, req.body)),
  )
  app.post('/sign-out', toNode(signOut))

  app.use(guarded(guard))

  app.get('/', (req, res) => void res.set(HTML).send(homePage(passed(req).identity, passed(req).decision)))
  app.get('/payslips', guarded(guard, { sensitive: true }), (req, res) => {
    res.set(HTML).send(payslipsPage(passed(req).identity))
  })
  app.get('/set-up', (req, res) => void res.set(HTML).send(setUpPage(passed(req).decision, returnTo(req))))
  app.get('/challenge', (req, res) => void res.set(HTML).send(challengePage(returnTo(req))))

  return app
}

if (isMain(import.meta.url)) {
  const { port, hostname } = ADDRESS
  const server = createApp().listen(port, hostname, () => {
    announce(/** @type {import('node:net').AddressInfo} */ (server.address()).port)
  })
}
