import { assertKnownKeys, assertObject } from '../assert.js'
import { type RequestParts, type WebRequest, web } from './web.js'

/** Whose requests may change something. */
export interface OriginOptions {
  /** this server's own origin, such as `https://example.com`; by default that of the request's URL */
  origin?: string | undefined
  /** other origins, whose pages may act for the user */
  allowedOrigins?: readonly string[] | undefined
}

/**
 * Whether a request was made by a page of this origin, or of an allowed one: for the host's own forms. Compares
 * Sec-Fetch-Site and Origin; a request that has neither, or the Origin `null`, is refused.
 *
 * Set `origin` where TLS ends in front of this server, or where it builds request URLs itself. Throws a TypeError or
 * RangeError for an option that is no origin.
 *
 * @example
 * ```ts
 * const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
 * const request = new Request('https://example.com/profile', { method: 'POST', headers })
 * console.log(isSameOrigin(request)) // false
 * ```
 */
export function isSameOrigin(request: WebRequest, options: OriginOptions = {}): boolean {
  assertObject(options, 'options')
  assertKnownKeys(options, ['origin', 'allowedOrigins'], 'options')
  return isFrom(request, readOrigins(options))
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
export function isFrom({ headers, url }: RequestParts, { own, allowed }: Origins): boolean {
  const site = headers.get('sec-fetch-site')
  if (site === 'same-origin') return true
  const origin = headers.get('origin')
  if (origin === null) return false
  if (allowed.includes(origin)) return true
  // A browser that says where the request comes from is believed: its Origin adds nothing.
  return site === null && origin === (own ?? new web.URL(url).origin)
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
