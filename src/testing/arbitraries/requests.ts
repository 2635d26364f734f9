import type { Arbitrary, default as fastCheck } from 'fast-check'
import { assertObject } from '../../assert.js'
import type { Identity, SessionLevel } from '../../http/index.js'
import type { Instant } from '../../index.js'
import { instants } from './terms.js'
import { hostileTexts, labels, userIds } from './text.js'

const LEVELS = ['password', 'setup', 'challenge', 'mfa'] as const

/** A request in its parts: `new Request(origin + path, { method, headers, body })`. */
export interface RequestPart {
  method: string
  /** with its query */
  path: string
  headers: Record<string, string>
  body?: string
}

/** Who may ask: any session of any user. */
export function identities(fc: typeof fastCheck, signedInAt: Arbitrary<Instant> = instants(fc)): Arbitrary<Identity> {
  return fc.record(
    {
      userId: userIds(fc),
      level: fc.constantFrom<SessionLevel>(...LEVELS),
      accountName: labels(fc)
        .map((text) => text.replace(/[:\p{Cc}]/gu, '-').trim())
        .filter((text) => text.length > 0),
      signedInAt,
      administrator: fc.boolean(),
      setupId: fc.constantFrom(null, undefined, 'a set-up'),
    },
    { requiredKeys: ['userId', 'level', 'accountName', 'signedInAt'] },
  )
}

/** Texts that a link may have for the page to go on to: on this site, or made to look like it. */
export function returnPaths(fc: typeof fastCheck): Arbitrary<string> {
  const segment = fc.constantFrom('', '.', '..', '%2e%2e', 'inbox', '%2F', '\\', '/', '\t', '\n', '%5c', ' ', '\u0000')
  const rest = fc.array(segment, { maxLength: 5 }).map((parts) => parts.join('/'))
  const start = fc.constantFrom('/', '//', '/\\', '\\\\', '/\t/', 'https://', 'https:', 'javascript:', '/.//', '')
  const host = fc.constantFrom('evil.example', 'example.com@evil.example', '[::1]', '', 'inbox?page=2', '@evil.example')
  return fc.oneof(
    fc.tuple(start, host, rest).map((parts) => parts.join('')),
    fc.webPath().map((path) => `/${path.replace(/^\/+/, '')}`),
    hostileTexts(fc),
  )
}

/** A value of JSON as a query has it; `String` throws for an object whose own `toString` is no function. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Requests to every path and method of a document, with much in them that should not be. */
export function requests(fc: typeof fastCheck, document: object): Arbitrary<RequestPart> {
  const { paths } = document as { paths?: unknown }
  assertObject(paths, 'document.paths')
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => ({ path, method: method.toUpperCase() })),
  )
  const names = propertyNames(document)
  const text = fc.oneof(labels(fc), hostileTexts(fc).map(wellFormed))
  const value = fc.oneof(
    text,
    fc.integer(),
    fc.constantFrom(null, true, 'none', 'optional', { days: 30 }),
    fc.jsonValue(),
  )
  const fields = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 })
  const body = fc.oneof(
    { weight: 4, arbitrary: fields.map((object) => JSON.stringify(object)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: text },
  )
  const query = fc.oneof(
    fc.constant(''),
    fields.map(
      (object) =>
        `?${Object.entries(object)
          .map(([name, of]) => `${name}=${encoded(asText(of).slice(0, 300))}`)
          .join('&')}`,
    ),
  )
  const headers = fc.record(
    {
      'content-type': fc.constantFrom('application/json', 'application/json; charset=utf-8', 'text/plain', 'nonsense'),
      'sec-fetch-site': fc.constantFrom('same-origin', 'cross-site', 'none'),
      origin: fc.constantFrom('https://example.com', 'https://evil.example', 'null'),
      accept: fc.constantFrom('application/json', 'text/html', '*/*'),
    },
    { requiredKeys: ['content-type'] },
  )
  return fc
    .record({ route: fc.constantFrom(...routes), parameter: text, query, headers, body })
    .map(({ route, parameter, query: asked, headers: own, body: sent }) => ({
      method: route.method,
      path: route.path.replace(/\{\w+\}/g, () => encoded(parameter.slice(0, 300))) + asked.slice(0, 2000),
      headers: own,
      ...(route.method !== 'GET' && { body: sent }),
    }))
}

/** The names of all properties that a document's bodies and queries have. */
function propertyNames(document: object): readonly string[] {
  const names = new Set<string>(['unknown'])
  JSON.stringify(document, (key, value: unknown) => {
    if (key === 'properties') for (const name of Object.keys(value as object)) names.add(name)
    if (key === 'name' && typeof value === 'string') names.add(value)
    return value
  })
  return [...names]
}

function encoded(text: string): string {
  return encodeURIComponent(wellFormed(text))
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}
