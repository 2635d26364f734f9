import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { createHandler, type Identity, openApiDocument } from '../../src/http/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { arbitraries } from '../../src/testing/index.js'
import { enroll, rolloutSetting } from '../service/setting.js'
import { forgetful } from './codes.js'
import { asHeader, changes, hostileText, mutated, withChanges } from './hostile.js'
import type { Outcome, Target } from './target.js'

interface Sent {
  method: string
  path: string
  headers: Record<string, string>
  body: Uint8Array<ArrayBuffer> | null
}

interface Operation {
  parameters?: { name: string; in: string; required: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, unknown>
}

const ORIGIN = 'https://example.com'

// ajv comes with the tools that this package is built with, and is CommonJS.
const Ajv = createRequire(import.meta.url)('ajv/dist/2020.js') as new (
  options: object,
) => {
  addFormat(name: string, check: (text: string) => boolean): void
  addSchema(schema: object, key: string): void
  compile(schema: object): (value: unknown) => boolean
}

/** Requests that are as they should be, to be changed here and there. */
const VALID: readonly [method: string, path: string, body?: object][] = [
  ['GET', '/mfa/me'],
  ['GET', '/mfa/me/history?limit=10'],
  ['POST', '/mfa/me/verify', { code: '123456' }],
  ['POST', '/mfa/me/setup', { label: 'Phone', proof: { recoveryCode: '00000-00000-00000-00000-00000' } }],
  ['POST', '/mfa/me/setup/confirm', { code: '123456' }],
  ['GET', '/mfa/users?phase=enrolled&limit=10&locked=false&prefix=a&deadlineBefore=2026-03-01T00:00:00Z'],
  ['GET', '/mfa/users/ada/history?limit=10'],
  ['PUT', '/mfa/users/ada/requirement', { terms: { period: { days: 30 }, postponements: 3 }, reason: 'for everybody' }],
  ['PUT', '/mfa/users/ada/exemption', { until: '2026-03-01T00:00:00Z', reason: 'broken arm' }],
  ['POST', '/mfa/users/ada/reset', { grace: { days: 2 }, reason: 'lost phone' }],
  ['POST', '/mfa/users/ada/pass', { reason: 'first day' }],
  ['GET', '/mfa/rollout/forecast?days=30&timeZone=Europe/Berlin'],
  ['POST', '/mfa/rollout/preview', { userIds: ['ada', 'bob'], terms: { period: { days: 30 } } }],
  ['POST', '/mfa/rollout/assign', { userIds: ['ada', 'bob'], terms: { period: 'none' }, reason: 'for everybody' }],
]

const encoder = new TextEncoder()

/** A body: JSON changed here and there, text that was JSON, bytes that are no UTF-8, far too much of it. */
function bodies(valid: string): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const text = fc.oneof(
    { weight: 4, arbitrary: changes.map((made) => jsonOf(withChanges(valid, made))) },
    { weight: 3, arbitrary: mutated(fc.constant(valid)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('[', '{"a":', '{"__proto__":{"code":"123456"}}', '1e999', '"\\ud800"', ''),
    },
    { weight: 1, arbitrary: fc.constantFrom('[', '{"a":').map((open) => open.repeat(2000)) },
    { weight: 1, arbitrary: hostileText },
  )
  return fc.oneof(
    { weight: 9, arbitrary: text.map((one) => encoder.encode(one)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => new Uint8Array(bytes)) },
  )
}

/** JSON of what may be no JSON. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return 'BigInt'
  }
}

const headerText = hostileText.map(asHeader)

const hostileHeaders = fc.record(
  {
    'content-type': fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('application/json', 'Application/JSON ; charset=utf-8') },
      {
        weight: 1,
        arbitrary: fc.constantFrom('text/plain', 'application/jsonp', 'text/plain; a=application/json', ''),
      },
      { weight: 1, arbitrary: mutated(fc.constant('application/json')).map(asHeader) },
    ),
    origin: fc.oneof(
      { weight: 2, arbitrary: fc.constant(ORIGIN) },
      { weight: 1, arbitrary: fc.constantFrom('null', 'https://evil.example', `${ORIGIN}.evil.example`, '') },
      { weight: 1, arbitrary: mutated(fc.constant(ORIGIN)).map(asHeader) },
    ),
    'sec-fetch-site': fc.constantFrom(
      'same-origin',
      'cross-site',
      'same-site',
      'none',
      'Same-Origin',
      'same-origin, none',
    ),
    authorization: fc.oneof(fc.constantFrom('Bearer abc', 'bearer', 'Basic Og=='), headerText),
    cookie: fc.oneof(fc.constantFrom('sid=root', 'sid=', '__proto__=1', ';;=;'), headerText),
    accept: headerText,
  },
  { requiredKeys: [] },
)

/** Right ones mostly, or nothing behind them would be reached. */
const headers: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ 'content-type': 'application/json', origin: ORIGIN }) },
  { weight: 1, arbitrary: hostileHeaders },
)

const url = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd').replace(/^(?!\/)/, '/')

const otherMethods = fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PURGE')

const nearlyValid: fc.Arbitrary<Sent> = fc.oneof(
  ...VALID.map(([method, path, body]) =>
    fc.record({
      method: fc.oneof({ weight: 20, arbitrary: fc.constant(method) }, { weight: 1, arbitrary: otherMethods }),
      path: fc.oneof(
        { weight: 3, arbitrary: fc.constant(path) },
        { weight: 1, arbitrary: mutated(fc.constant(path)).map(url) },
      ),
      headers,
      body: body === undefined ? fc.constant(null) : bodies(JSON.stringify(body)),
    }),
  ),
)

/** The whole handler, asked by an administrator of whom nothing else could be refused. */
export async function requestTarget(): Promise<Target<Sent>> {
  const document = openApiDocument()
  const memory = memoryRepository()
  const before = rolloutSetting({ repository: memory })
  for (const userId of ['root', 'ada']) await enroll(before, userId)
  await before.leeway.requireEnrollment('bob', { period: { days: 30 } })
  const { leeway } = rolloutSetting({ repository: forgetful(memory), clock: before.clock })
  const identity: Identity = {
    userId: 'root',
    level: 'mfa',
    accountName: 'root@example.com',
    signedInAt: before.clock(),
    administrator: true,
  }
  const handler = createHandler({
    leeway,
    identify: () => identity,
    sessions: { raise: async () => ({}), endOthers: async () => undefined, rememberSetup: async () => undefined },
  })

  const anyRequest = arbitraries(fc)
    .request(document)
    .map(({ body, ...request }): Sent => ({ ...request, body: body === undefined ? null : encoder.encode(body) }))
  const allows = modelOf(document)
  return {
    name: 'leeway/http: requests',
    inputs: fc.oneof({ weight: 19, arbitrary: nearlyValid }, { weight: 1, arbitrary: anyRequest }),
    async parse({ method, path, headers, body }): Promise<Outcome> {
      const hasBody = body !== null && method !== 'GET' && method !== 'HEAD'
      const request = new Request(ORIGIN + path, { method, headers, ...(hasBody && { body }) })
      const response = await handler(request, undefined)
      const text = await response.text()
      if (response.ok) return { accepted: response.status }
      assert.equal(response.headers.get('content-type'), 'application/problem+json')
      const problem: { type: string; status: number } = method === 'HEAD' ? null : JSON.parse(text)
      if (problem !== null) assert.equal(problem.status, response.status)
      return { refused: String(response.status) }
    },
    throws: [],
    check: (outcome, sent) => allows(outcome, sent),
  }
}

/** Nothing is answered 5xx; what is accepted is what the OpenAPI document says, from a page of this origin. */
function modelOf(document: object): (outcome: Outcome, sent: Sent) => void {
  const ajv = new Ajv({ strict: false })
  ajv.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)))
  ajv.addSchema(document, 'document')
  const { paths } = document as { paths: Record<string, Record<string, Operation>> }
  const compiled = new Map<object, (value: unknown) => boolean>()
  const isValid = (schema: object, value: unknown): boolean => {
    const known = compiled.get(schema)
    const valid =
      known ?? ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components')))
    compiled.set(schema, valid)
    return valid(value)
  }
  const patterns = Object.entries(paths).map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    methods,
  }))

  return (outcome, { method, path, headers, body }) => {
    const status = Number(Object.values(outcome)[0])
    assert(status < 500, `answered ${status}`)
    const { pathname, searchParams } = new URL(ORIGIN + path)
    const methods = patterns.find(({ pattern }) => pattern.test(pathname))?.methods
    if (method === 'OPTIONS' && 'accepted' in outcome) return assert(methods !== undefined, 'there is no such path')
    const operation = methods?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
    // An id is read before the method is looked at.
    if (operation === undefined) return assert((methods === undefined ? [404] : [405, 400]).includes(status))
    assert(String(status) in operation.responses, `${status} is not documented for ${method} ${pathname}`)
    if ('refused' in outcome) return

    const queries = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query')
    if (method === 'GET' || method === 'HEAD') {
      const names = [...searchParams.keys()]
      // A route that takes no query reads none.
      if (queries.length === 0) return
      assert.equal(new Set(names).size, names.length, 'a parameter was given twice')
      for (const { name, required, schema } of queries) {
        const value = searchParams.get(name)
        if (value === null) assert(!required, `${name} is missing`)
        else assert(isValid(schema, 'type' in schema && schema.type === 'integer' ? Number(value) : value), name)
      }
      return assert(
        names.every((name) => queries.some((query) => query.name === name)),
        'an unknown parameter',
      )
    }
    const { 'content-type': type = '', 'sec-fetch-site': site, origin, authorization = '', cookie } = headers
    assert.equal(type.split(';')[0]?.trim().toLowerCase(), 'application/json')
    const isOwn = site === 'same-origin' || (site === undefined && origin === ORIGIN)
    assert(isOwn || (/^bearer /i.test(authorization.trim()) && cookie === undefined), 'from another site')
    const bytes = body ?? new Uint8Array()
    assert(bytes.length <= (pathname.startsWith('/mfa/rollout/') ? 1_048_576 : 16_384), 'too large')
    const json: unknown = bytes.length === 0 ? {} : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    const [schema = {}] = Object.values(operation.requestBody?.content ?? {}).map((content) => content.schema)
    assert(isValid(schema, json), 'the body is not as the document says')
  }
}
