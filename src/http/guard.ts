import { assertKnownKeys, assertObject, assertOneOf } from '../assert.js'
import type { Leeway, SignInDecision } from '../index.js'
import { answerTo, headersOf, problemResponse, Refused, reporter } from './problems.js'
import { isLocal } from './return-to.js'
import { assertIdentity, type Identity } from './session.js'
import { type Stop, stopOf } from './standing.js'
import { type WebRequest, type WebResponse, web } from './web.js'

/** Where browsers are sent: paths on this origin, without a query. */
export interface GuardPages {
  signIn?: string | undefined
  setup?: string | undefined
  challenge?: string | undefined
  denied?: string | undefined
}

/** What {@link createGuard} is made of. */
export interface GuardOptions<Context> {
  leeway: Pick<Leeway, 'decide'>
  /** who is asking, by the host's own session; null: nobody */
  identify(request: WebRequest, context: Context): Identity | null | Promise<Identity | null>
  /** without them everybody gets a problem document */
  pages?: GuardPages | undefined
  /** told what was answered 5xx */
  onError?: ((error: unknown, request: WebRequest) => void) | undefined
}

/** What is asked of one route. */
export interface GuardRule {
  /** what must not be reached without MFA, inside the enrollment period either */
  sensitive?: boolean | undefined
  /** the page where people set up, or where they show a code: it is reached while that is due */
  page?: 'setup' | 'challenge' | undefined
}

/** Who may go on, and what was decided about him: what {@link toNode} leaves in `req.leeway`. */
export interface GuardPass {
  identity: Identity
  decision: SignInDecision
}

/** Whether a request may go on, with who asked; or the answer to give instead. */
export type GuardResult =
  | ({ pass: true } & GuardPass)
  | { pass: false; response: WebResponse; decision: SignInDecision | null }

/** Decides about one request. It rejects for a rule that is none, and never else. */
export type Guard<Context> = (request: WebRequest, context: Context, rule?: GuardRule) => Promise<GuardResult>

/** Where a stop leads to. */
const PAGES: Record<Stop | 'unauthenticated', keyof GuardPages> = {
  unauthenticated: 'signIn',
  'sign-in-again': 'signIn',
  suspended: 'denied',
  'setup-required': 'setup',
  'challenge-required': 'challenge',
}

/**
 * A guard for what only people may reach who have done what their enrollment asks of them. It is decided afresh on every
 * request, with one read: terms change while sessions live.
 *
 * A request that may not pass gets a problem document (RFC 9457) to answer with: 401 unauthenticated or sign-in-again, 403
 * suspended, setup-required or challenge-required. A browser's navigation, a GET or HEAD that accepts HTML, is sent to the
 * page of `pages` instead, with 303 and where it wanted to go as `return_to`. A session made before
 * `decision.sessionsValidFrom` must sign in again. Where the store, the cipher or `identify` fails: 503 or 500, never a
 * pass.
 *
 * Throws a TypeError or RangeError for options that cannot be used.
 *
 * @example
 * ```ts
 * const guard = createGuard({
 *   leeway,
 *   identify: () => ({ userId: 'ada', level: 'password', accountName: 'ada@example.com', signedInAt: Date.now() }),
 *   pages: { signIn: '/login', setup: '/mfa/setup', challenge: '/mfa/challenge' },
 * })
 * const inbox = await guard(new Request('https://example.com/inbox'), undefined)
 * console.log(inbox.pass) // true
 *
 * await leeway.requireEnrollment('ada', { period: 'none' })
 * const stopped = await guard(new Request('https://example.com/inbox', { headers: { accept: 'text/html' } }), undefined)
 * if (!stopped.pass) console.log(stopped.response.headers.get('location')) // /mfa/setup?return_to=%2Finbox
 * ```
 */
export function createGuard<Context = unknown>(options: GuardOptions<Context>): Guard<Context> {
  assertObject(options, 'options')
  assertKnownKeys(options, ['leeway', 'identify', 'pages', 'onError'], 'options')
  const { leeway, onError } = options
  assertObject(leeway, 'options.leeway')
  if (typeof options.identify !== 'function') throw new TypeError('options.identify must be a function')
  const pages = readPages(options.pages ?? {})
  const report = reporter(onError)

  return async (request, context, rule = {}) => {
    const { sensitive, page } = readRule(rule)
    let decision: SignInDecision | null = null
    const stopped = (response: WebResponse): GuardResult => ({ pass: false, response, decision })
    try {
      const identity = await options.identify(request, context)
      if (identity === null) return stopped(refusal(request, 'unauthenticated', pages))
      assertIdentity(identity)
      decision = await leeway.decide(identity.userId, { sensitive })
      const stop = stopOf(identity, decision)
      if (stop === null || isLifted(stop, page, request, pages)) return { pass: true, identity, decision }
      return stopped(refusal(request, stop, pages))
    } catch (error) {
      return stopped(answerTo(error, (cause) => report(cause, request)))
    }
  }
}

/** Whether a request is for the page that its stop leads to: people set up, or show a code, there. */
function isLifted(stop: Stop, rule: GuardRule['page'], request: WebRequest, pages: GuardPages): boolean {
  const page = PAGES[stop]
  return (page === 'setup' || page === 'challenge') && (page === rule || isAt(request, pages[page]))
}

function refusal(request: WebRequest, stop: Stop | 'unauthenticated', pages: GuardPages): WebResponse {
  const page = pages[PAGES[stop]]
  const isEnd = isAt(request, pages.signIn) || isAt(request, pages.denied)
  if (page === undefined || isEnd || !isNavigation(request)) return problemResponse(new Refused(stop))
  const { pathname, search } = new web.URL(request.url)
  const location = `${page}?return_to=${encodeURIComponent(pathname + search)}`
  return new web.Response(null, { status: 303, headers: headersOf(null, { location }) })
}

function isNavigation({ method, headers }: WebRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && /\btext\/html\b/i.test(headers.get('accept') ?? '')
}

function isAt({ url }: WebRequest, page: string | undefined): boolean {
  return new web.URL(url).pathname === page
}

function readRule(rule: GuardRule): GuardRule {
  assertObject(rule, 'rule')
  assertKnownKeys(rule, ['sensitive', 'page'], 'rule')
  const { sensitive, page } = rule
  if (sensitive !== undefined && typeof sensitive !== 'boolean') throw new TypeError('rule.sensitive must be a boolean')
  if (page !== undefined) assertOneOf(page, 'rule.page', ['setup', 'challenge'])
  return { sensitive, page }
}

/** The pages as browsers ask for them. */
function readPages(pages: GuardPages): GuardPages {
  assertObject(pages, 'options.pages')
  assertKnownKeys(pages, ['signIn', 'setup', 'challenge', 'denied'], 'options.pages')
  const read = Object.entries(pages).flatMap(([name, page]): [string, string][] =>
    page === undefined ? [] : [[name, readPage(page, `options.pages.${name}`)]],
  )
  return Object.fromEntries(read)
}

function readPage(page: unknown, name: string): string {
  if (typeof page !== 'string') throw new TypeError(`${name} must be a string`)
  if (!isLocal(page) || /[?#]/.test(page))
    throw new RangeError(`${name} must be a path on this origin, without a query`)
  return new web.URL(page, 'https://leeway.invalid').pathname
}
