import { assertKnownKeys, assertObject } from '../assert.js'
import { web } from './web.js'

/** Whose requests may change something. */
export interface OriginOptions {
  /** this server's own origin, such as `https://example.com`; by default that of the request's URL */
  origin?: string | undefined
  /** other origins, whose pages may act for the user */
  allowedOrigins?: readonly string[] | undefined
}

/** What is read of a request to tell where it came from: of the web's `Request`, or of Node's `IncomingMessage`. */
export interface OriginRequest {
  readonly url?: string | undefined
  readonly headers:
    | {
        /** the values of a header, joined by commas; null: it is not there */
        get(name: string): string | null
      }
    | Readonly<Record<string, string | readonly string[] | undefined>>
}

/**
 * Whether a request was made by a page of this origin, or of an allowed one: for the host's own forms. Compares
 * Sec-Fetch-Site and Origin; a request that has neither, or the Origin `null`, is refused.
 *
 * Set `origin` where TLS ends in front of this server, or where it builds request URLs itself; a request of Node's, whose
 * `url` is a path, needs it. Throws a TypeError without it there, and a TypeError or RangeError for an option that is no
 * origin.
 *
 * @example
 * ```ts
 * const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
 * const request = new Request('https://example.com/profile', { method: 'POST', headers })
 * console.log(isSameOrigin(request)) // false
 * ```
 */
export function isSameOrigin(request: OriginRequest, options: OriginOptions = {}): boolean {
  assertObject(options, 'options')
  assertKnownKeys(options, ['origin', 'allowedOrigins'], 'options')
  const origins = readOrigins(options)
  // Asked of every request: not of those alone whose browser does not tell the site, which a host may never try.
  if (origins.own === undefined && originOf(request.url ?? '') === null) {
    throw new TypeError('options.origin must be given for a request whose url is a path')
  }
  return isFrom(request, origins)
}

/** Origins as they were checked. */
export interface Origins {
  own: string | undefined
  allowed: readonly string[]
}

/** Reads the options about origins. */
export function readOrigins({ origin, allowedOrigins = [] }: OriginOptions): Origins {
  if (origin !== undefined) assertOrigin(origin, 'options.origin')
  if (!Array.isArray(allowedOrigins)) throw new TypeError('options.allowedOrigins must be an array')
  for (const [at, allowed] of allowedOrigins.entries()) assertOrigin(allowed, `options.allowedOrigins[${at}]`)
  return { own: origin, allowed: [...allowedOrigins] }
}

/** Whether a request comes from one of these. */
export function isFrom({ headers, url = '' }: OriginRequest, { own, allowed }: Origins): boolean {
  const site = headerOf(headers, 'sec-fetch-site')
  if (site === 'same-origin') return true
  const origin = headerOf(headers, 'origin')
  if (origin === null) return false
  if (allowed.includes(origin)) return true
  // A browser that says where the request comes from is believed: its Origin adds nothing.
  return site === null && origin === (own ?? originOf(url))
}

function headerOf(headers: OriginRequest['headers'], name: string): string | null {
  if (typeof headers.get === 'function') return headers.get(name)
  const value = (headers as Exclude<typeof headers, { get(name: string): unknown }>)[name]
  return value === undefined ? null : String(value)
}

/** Refuses what no browser sends as an Origin, `null` among it: every sandboxed page and every file has that. */
function assertOrigin(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
  if (originOf(value) !== value) throw new RangeError(`${name} must be an origin, as in https://example.com`)
}

function originOf(text: string): string | null {
  try {
    const { origin, protocol, host } = new web.URL(text)
    // Apps have origins of their own schemes, which URL does not tell.
    return origin === 'null' ? `${protocol}//${host}` : origin
  } catch {
    return null
  }
}
