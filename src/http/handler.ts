import * as z from 'zod/mini'
import { assertKnownKeys, assertObject } from '../assert.js'
import type { Leeway, LeewayWithRollout, UserId } from '../index.js'
import { readBasePath } from './base-path.js'
import { decoded, readJson, readQuery } from './body.js'
import { isFrom, type OriginOptions, type Origins, readOrigins } from './origin.js'
import { answerTo, headersOf, type Reason, Refused, refusalOf, reporter } from './problems.js'
import { responseOf, withoutBody } from './responses.js'
import type { Host, Route } from './route.js'
import { ROUTES } from './routes/index.js'
import { allowed, matched } from './routing.js'
import { userId as userIdSchema } from './schemas.js'
import { assertIdentity, type Identity } from './session.js'
import { stopOf } from './standing.js'
import { type HeaderParts, type WebHeadersInit, type WebRequest, type WebResponse, web } from './web.js'

/** What the host does with its sessions when leeway says so. */
export interface SessionHooks<Context> {
  /**
   * A code was accepted or a set-up confirmed: raise the session to 'mfa' and rotate its id. Throws if the session is gone.
   * The headers, such as a new cookie, are appended to the answer.
   */
  raise(identity: Identity, request: WebRequest, context: Context): Promise<WebHeadersInit>
  /** End the user's other sessions; all of them where `keep` is null. */
  endOthers(userId: UserId, keep: WebRequest | null, context: Context): Promise<void>
  /** This session began a set-up, or ended it: null. Comes back as `identity.setupId`. */
  rememberSetup(identity: Identity, setupId: string | null, request: WebRequest, context: Context): Promise<void>
}

/** What {@link createHandler} is made of. */
export interface HandlerOptions<Context> extends OriginOptions {
  leeway: LeewayWithRollout | Leeway
  /** who is asking, by the host's own session; null: nobody */
  identify(request: WebRequest, context: Context): Identity | null | Promise<Identity | null>
  sessions: SessionHooks<Context>
  /**
   * Who may do what, in place of `identity.administrator`, never of the level. `action` is the method's name; `userId` whom
   * it is about, null for a list, a report, and an assignment as such, which is then asked for every user it names.
   */
  authorize?(identity: Identity, action: string, userId: UserId | null, context: Context): boolean | Promise<boolean>
  /** whether such a user exists; administrators' routes answer 404 where not. By default always. */
  exists?(userId: UserId, context: Context): boolean | Promise<boolean>
  /** where the routes begin: '/mfa' by default; '' where the framework takes a prefix out of the request's URL */
  basePath?: string | undefined
  /** told everything answered 5xx, and every failing hook */
  onError?: ((error: unknown, request: WebRequest) => void) | undefined
}

/** Answers one request. It never rejects. */
export type Handler<Context> = (request: WebRequest, context: Context) => Promise<WebResponse>

const KNOWN = [
  'leeway',
  'identify',
  'sessions',
  'authorize',
  'exists',
  'basePath',
  'origin',
  'allowedOrigins',
  'onError',
] as const

/** Bodies are a code, a label, terms; those of `/rollout/*` are many user ids. */
const MOST_BYTES = 16_384
const MOST_ROLLOUT_BYTES = 1_048_576
const NO_BODY = z.strictObject({})

/**
 * The routes of leeway over HTTP: for users under `/me`, for administrators under `/users` and `/rollout`, all of them below
 * `basePath`. `openApiDocument` tells them all. The host says who is asking and keeps the sessions; leeway says what may
 * happen next, and tells the host when to raise and to end sessions.
 *
 * JSON in and out; instants are ISO 8601 with Z; refusals are problem documents (RFC 9457) of the type
 * `urn:leeway:<reason>`. Changes need the content type application/json and a page of this origin or of an allowed one.
 * Administrators need the level 'mfa' and an authenticator, and change nothing of their own here.
 *
 * Throws a TypeError or RangeError for options that cannot be used.
 *
 * @example
 * ```ts
 * const session: Identity = { userId: 'ada', level: 'password', accountName: 'ada@example.com', signedInAt: Date.now() }
 * const handler = createHandler({
 *   leeway,
 *   identify: () => session,
 *   sessions: {
 *     async raise() {
 *       session.level = 'mfa'
 *       return {}
 *     },
 *     async endOthers() {},
 *     async rememberSetup(_identity, setupId) {
 *       session.setupId = setupId
 *     },
 *   },
 * })
 * const response = await handler(new Request('https://example.com/mfa/me'), undefined)
 * console.log(response.status) // 200
 * ```
 */
export function createHandler<Context = unknown>(options: HandlerOptions<Context>): Handler<Context> {
  const settings = readOptions(options)
  const report = reporter(options.onError)

  return async (request, context) => {
    const told = (error: unknown) => report(error, request)
    const answer = answerOf(settings, request, context, told).catch((error: unknown) => answerTo(error, told))
    return request.method === 'HEAD' ? withoutBody(await answer) : answer
  }
}

interface Settings<Context> {
  host: HandlerOptions<Context>
  basePath: string
  origins: Origins
}

/** The checks in their order: path, method, origin, content type, identity, authorization, level, existence, body. */
async function answerOf<Context>(
  { host, basePath, origins }: Settings<Context>,
  request: WebRequest,
  context: Context,
  report: (error: unknown) => void,
): Promise<WebResponse> {
  const { pathname, searchParams } = new web.URL(request.url)
  const { routes, params } = matched(ROUTES, basePath, pathname)
  const { userId, authenticatorId = '' } = params
  if (userId !== undefined) decoded(userIdSchema, userId)
  const allow = { allow: allowed(routes) }
  if (request.method === 'OPTIONS') return new web.Response(null, { status: 204, headers: headersOf(null, allow) })
  const route = routes.find(({ method }) => method === (request.method === 'HEAD' ? 'GET' : request.method))
  if (route === undefined) throw new Refused('method-not-allowed', { headers: allow })
  if (route.method !== 'GET') assertMayChange(request, origins)

  const identity = await host.identify(request, context)
  if (identity === null) throw new Refused('unauthenticated')
  assertIdentity(identity)
  const asking = { host, request, context, identity, route }
  const { permits, knows } = askedOf(asking)
  const isAdministrators = route.who === 'administrator'
  if (isAdministrators && !(await permits(userId ?? null))) throw new Refused('forbidden')
  const decision = await host.leeway.decide(identity.userId, { sensitive: isAdministrators })
  const stop = stopOf(identity, decision)
  if (stop !== null && !route.lifts?.includes(stop)) throw new Refused(stop)
  if (userId !== undefined && !(await knows(userId))) throw new Refused('not-found')

  const headers = new web.Headers()
  const result = await route.run({
    leeway: host.leeway,
    identity,
    decision,
    userId: userId ?? identity.userId,
    authenticatorId,
    query: (route.query && decoded<unknown>(route.query, readQuery(searchParams))) as never,
    body: (await bodyOf(route, request)) as never,
    request,
    host: { permits, knows, ...sessionsOf(asking, headers), report },
  })
  return responseOf(route.answer, result, { headers, report })
}

function assertMayChange(request: WebRequest, origins: Origins): void {
  const { headers } = request
  // No browser sends a bearer token by itself: whoever sends one has it, and no other site's page does.
  const isToken = /^bearer /i.test(headers.get('authorization') ?? '') && headers.get('cookie') === null
  if (!isToken && !isFrom(request, origins)) throw new Refused('cross-origin')
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json') throw new Refused('unsupported-media-type')
}

async function bodyOf(route: Route, request: WebRequest): Promise<unknown> {
  if (route.method === 'GET') return undefined
  const mostBytes = route.path.startsWith('/rollout/') ? MOST_ROLLOUT_BYTES : MOST_BYTES
  return decoded<unknown>(route.body ?? NO_BODY, await readJson(request, mostBytes))
}

/** A request with who made it, and the route it is for. */
interface Asking<Context> {
  host: HandlerOptions<Context>
  request: WebRequest
  context: Context
  identity: Identity
  route: Route
}

/** What the host says about users. Anything but true is a no; what it throws is never taken for the client's mistake. */
function askedOf<Context>({ host, context, identity, route }: Asking<Context>): Pick<Host, 'permits' | 'knows'> {
  return {
    permits: (userId) =>
      isYes(async () => {
        // Nobody changes himself here: an administrator's session would be enough to undo his own MFA.
        if (route.method !== 'GET' && userId === identity.userId) return false
        if (host.authorize === undefined) return identity.administrator
        return host.authorize(identity, route.action, userId, context)
      }),
    knows: (userId) => isYes(async () => (host.exists === undefined ? true : host.exists(userId, context))),
  }
}

async function isYes(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    return (await ask()) === true
  } catch (error) {
    throw refusalOf(error)
  }
}

/** What the host does with its sessions. Headers that it gives go into the answer. */
function sessionsOf<Context>(
  { host: { sessions }, request, context, identity }: Asking<Context>,
  headers: HeaderParts,
): Pick<Host, 'raise' | 'endSessions' | 'rememberSetup'> {
  return {
    raise: () =>
      hooked('session-not-raised', async () => {
        const given = new web.Headers(await sessions.raise(identity, request, context))
        for (const [name, value] of given) headers.append(name, value)
      }),
    endSessions: (userId, which) =>
      hooked('sessions-not-ended', async () => {
        await sessions.endOthers(userId, which === 'all' ? null : request, context)
      }),
    rememberSetup: (setupId) =>
      hooked('session-not-raised', async () => {
        await sessions.rememberSetup(identity, setupId, request, context)
      }),
  }
}

async function hooked(reason: Reason, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw new Refused(reason, {}, { cause })
  }
}

function readOptions<Context>(options: HandlerOptions<Context>): Settings<Context> {
  assertObject(options, 'options')
  assertKnownKeys(options, KNOWN, 'options')
  const { leeway, identify, sessions, authorize, exists, onError, basePath } = options
  assertObject(leeway, 'options.leeway')
  assertObject(sessions, 'options.sessions')
  const { raise, endOthers, rememberSetup } = sessions as SessionHooks<Context>
  const hooks = { identify, 'sessions.raise': raise, 'sessions.endOthers': endOthers }
  assertFunctions({ ...hooks, 'sessions.rememberSetup': rememberSetup })
  assertFunctions(
    Object.fromEntries(Object.entries({ authorize, exists, onError }).filter(([, hook]) => hook !== undefined)),
  )
  return { host: options, basePath: readBasePath(basePath), origins: readOrigins(options) }
}

function assertFunctions(hooks: Record<string, unknown>): void {
  for (const [name, hook] of Object.entries(hooks)) {
    if (typeof hook !== 'function') throw new TypeError(`options.${name} must be a function`)
  }
}
