import * as z from 'zod/mini'
import { assertKnownKeys, assertObject, assertText } from '../assert.js'
import { readBasePath } from './base-path.js'
import { PROBLEMS, type Reason } from './problems.js'
import type { Route } from './route.js'
import { ROUTES } from './routes/index.js'
import { described, type Schema } from './schemas.js'

type Json = Record<string, unknown>

/** What is refused on every route, and on every route that changes something or is for administrators. */
const EVERYWHERE: readonly Reason[] = [
  'invalid-request',
  'unauthenticated',
  'sign-in-again',
  'suspended',
  'setup-required',
  'challenge-required',
  'internal',
  'store-unavailable',
]
const CHANGES: readonly Reason[] = ['cross-origin', 'unsupported-media-type', 'body-too-large', 'contended']
const ADMINISTRATORS: readonly Reason[] = ['forbidden', 'not-found']

/**
 * The routes of `createHandler` as an OpenAPI 3.1 document: of the same table that requests are dispatched by, and the same
 * schemas that check them. `basePath` is '/mfa' by default, as the handler's.
 *
 * Throws a TypeError or RangeError for options that cannot be used.
 *
 * @example
 * ```ts
 * const document = openApiDocument({ title: 'MFA at Example' }) as { openapi: string; paths: object }
 * console.log(document.openapi, Object.keys(document.paths)[0]) // 3.1.0 /mfa/me
 * ```
 */
export function openApiDocument(options: { basePath?: string | undefined; title?: string | undefined } = {}): object {
  assertObject(options, 'options')
  assertKnownKeys(options, ['basePath', 'title'], 'options')
  const { title = 'Multi-factor authentication' } = options
  assertText(title, 'options.title', 1, 255)
  const basePath = readBasePath(options.basePath)
  const schemas: Json = { Problem: PROBLEM }
  const paths: Record<string, Json> = {}
  for (const route of ROUTES) {
    const path = `${basePath}${route.path}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) }
  }
  return { openapi: '3.1.0', info: { title, version: '1' }, paths, components: { schemas } }
}

const PROBLEM: Json = {
  description: 'RFC 9457; `type` ends with the reason',
  type: 'object',
  properties: {
    type: { type: 'string', enum: Object.keys(PROBLEMS).map((reason) => `urn:leeway:${reason}`) },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string' }, rule: { type: 'string' } },
        required: ['pointer', 'rule'],
      },
    },
    retryAt: { type: 'string', format: 'date-time' },
    triesLeft: { type: 'integer' },
    clockOffsetSeconds: { type: ['integer', 'null'] },
  },
  required: ['type', 'title', 'status'],
}

function operationOf(route: Route, schemas: Json): Json {
  const { who, action, summary, path, method, query, body } = route
  const parameters = [...pathParameters(path), ...(query === undefined ? [] : queryParameters(query, schemas))]
  return {
    operationId: who === 'user' ? `own-${action}` : action,
    tags: [who],
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(method !== 'GET' && { requestBody: requestBodyOf(body, schemas) }),
    responses: { ...successOf(route, schemas), ...refusalsOf(route) },
  }
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: Schema<unknown>, schemas: Json): Json[] {
  const { properties, required = [] } = jsonSchema(query, schemas) as { properties: Json; required?: string[] }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function requestBodyOf(body: Schema<unknown> | undefined, schemas: Json): Json {
  const schema = body === undefined ? { type: 'object', additionalProperties: false } : jsonSchema(body, schemas)
  const required = body !== undefined && !z.safeDecode(body, {} as never).success
  return { required, content: { 'application/json': { schema } } }
}

function successOf({ answer }: Route, schemas: Json): Json {
  if (answer === 'nothing') return { 204: { description: 'Done' } }
  if ('type' in answer)
    return { 200: { description: 'Done', content: { [answer.type]: { schema: { type: 'string' } } } } }
  return {
    200: { description: 'Done', content: { 'application/json': { schema: jsonSchema(answer.schema, schemas) } } },
  }
}

/** The refusals of a route, by their status. */
function refusalsOf({ who, method, refusals = [] }: Route): Json {
  const reasons = new Set<Reason>([
    ...EVERYWHERE,
    ...(method === 'GET' ? [] : CHANGES),
    ...(who === 'administrator' ? ADMINISTRATORS : []),
    ...refusals,
  ])
  const byStatus: Record<number, Reason[]> = {}
  for (const reason of reasons) {
    const { status } = PROBLEMS[reason]
    byStatus[status] = [...(byStatus[status] ?? []), reason]
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, list]) => [status, { description: list.join(', '), content }]),
  )
}

/** A schema as JSON Schema of what is on the wire; the named ones in it go among `schemas`. */
function jsonSchema(schema: Schema<unknown>, schemas: Json): Json {
  const written = JSON.stringify(z.toJSONSchema(schema, { io: 'input', metadata: described }))
  const { $schema: _, $defs, ...own } = JSON.parse(written.replaceAll('"#/$defs/', '"#/components/schemas/'))
  Object.assign(schemas, $defs)
  return own
}
