// @ts-check
/**
 * The server of hono.js on Fastify 5. `node examples/frameworks/fastify.js`
 *
 * What is otherwise:
 * - `toNode` makes the handler and the guard Node's; Fastify hands its own over as `request.raw` and `reply.raw`. Both
 *   are hooks on requests: what they answer themselves never comes to Fastify's parsers and routes.
 * - The guard is the hook of a plugin, so it holds for every page in there, and for what is not found there.
 * - Fastify refuses addresses that it cannot decode before any hook: those below /mfa go to the handler all the same.
 * - Sign-in and sign-out are functions from the web's `Request` to its `Response`, as in express.js.
 */
import Fastify from 'fastify'
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

/** @typedef {import('node:http').IncomingMessage} Raw */
/** @typedef {import('leeway/http').GuardPass} GuardPass */

/**
 * What the guard leaves on a request.
 *
 * @param {import('fastify').FastifyRequest} request @returns {GuardPass}
 */
const passed = ({ raw }) => /** @type {{ leeway: GuardPass }} */ (/** @type {object} */ (raw)).leeway

/**
 * What `toNode` made as a hook on requests. One that it answers itself is over then: Fastify is not told to go on.
 *
 * @param {import('leeway/http').NodeHandler<Raw, import('node:http').ServerResponse>} node
 * @returns {import('fastify').onRequestHookHandler}
 */
const hook = (node) => (request, reply, done) => void node(request.raw, reply.raw, done)

/**
 * The guard as such a hook.
 *
 * @param {import('leeway/http').Guard<unknown>} guard
 * @param {import('leeway/http').GuardRule} [rule]
 */
export const guarded = (guard, rule) => hook(toNode((request, context) => guard(request, context, rule)))

/**
 * A function from the web's `Request` to its `Response` as a route; it gets Fastify's request beside.
 *
 * @param {(web: Request, request: import('fastify').FastifyRequest) => Promise<Response>} answer
 * @returns {import('fastify').RouteHandlerMethod}
 */
const route = (answer) => (request, reply) => {
  const node = toNode((web) => answer(web, request))
  void node(request.raw, reply.raw, (error) => reply.send(error))
}

/** The server, as an app of Fastify's. */
export function createApp(host = createHost()) {
  const { signIn, signOut } = createForms(host)
  const guard = createGuard(host.guard)
  const handler = toNode(createHandler(host.handler))

  /**
   * @param {Error} error
   * @param {import('fastify').FastifyRequest} request
   * @param {import('fastify').FastifyReply} reply
   */
  const frameworkErrors = (error, { raw }, reply) => {
    if (raw.url?.startsWith('/mfa/')) void handler(raw, reply.raw)
    else reply.send(error)
  }
  const app = Fastify({ frameworkErrors })

  // The hook answers all of these; a route has to have a handler.
  for (const url of ['/mfa', '/mfa/*']) app.all(url, { onRequest: hook(handler) }, async () => {})

  /** @type {import('fastify').FastifyBodyParser<string>} */
  const fields = (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body)))
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MOST_FORM_BYTES },
    fields,
  )

  app.get('/mfa.js', (_request, reply) => reply.headers(JAVASCRIPT).send(script))
  app.get('/sign-in', (_request, reply) => reply.headers(HTML).send(signInPage()))
  app.get('/suspended', (_request, reply) => reply.status(403).headers(HTML).send(suspendedPage()))

  app.post(
    '/sign-in',
    route((web, { body }) => signIn(web, body)),
  )
  app.post('/sign-out', route(signOut))

  app.register((members, _options, done) => {
    members.addHook('onRequest', guarded(guard))
    members.setNotFoundHandler((_request, reply) => reply.status(404).send('There is nothing here.'))

    members.get('/', (request, reply) => {
      return reply.headers(HTML).send(homePage(passed(request).identity, passed(request).decision))
    })
    members.get('/payslips', { onRequest: guarded(guard, { sensitive: true }) }, (request, reply) => {
      return reply.headers(HTML).send(payslipsPage(passed(request).identity))
    })
    members.get('/set-up', (request, reply) => {
      return reply.headers(HTML).send(setUpPage(passed(request).decision, returnTo(request)))
    })
    members.get('/challenge', (request, reply) => reply.headers(HTML).send(challengePage(returnTo(request))))
    done()
  })

  return app
}

if (isMain(import.meta.url)) {
  const { port, hostname } = ADDRESS
  const app = createApp()
  await app.listen({ port, host: hostname })
  announce(/** @type {import('node:net').AddressInfo} */ (app.server.address()).port)
}
