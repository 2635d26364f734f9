import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { createHandler, openApiDocument } from '../../src/http/index.js'
import { PROBLEMS } from '../../src/http/problems.js'
import { ROUTES } from '../../src/http/routes/index.js'
import { DAY, enroll } from '../service/setting.js'
import { type Host, hostOf, sessionOf } from './host.js'

type Json = { [name: string]: never }
interface Operation {
  operationId: string
  parameters?: { name: string; in: string; required: boolean; schema: Json }[]
  requestBody?: { required: boolean; content: Record<string, { schema: object }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}
interface Document {
  openapi: string
  info: { title: string; version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

// A dependency of the tools that this package is built with, which is CommonJS.
const require = createRequire(import.meta.url)
const Ajv = require('ajv/dist/2020.js') as new (
  options: object,
) => {
  addFormat(name: string, check: (text: string) => boolean): void
  addSchema(schema: object, key: string): void
  validate(schema: object, value: unknown): boolean
  errors: unknown
}

const document = openApiDocument() as Document

/** A validator of the document's schemas. */
function validator(): InstanceType<typeof Ajv> {
  const ajv = new Ajv({ strict: false, allErrors: true })
  ajv.addFormat('date-time', (text) => new Date(text).toISOString().slice(0, 10) === text.slice(0, 10))
  ajv.addSchema(document, 'document')
  return ajv
}

/** A schema whose references are those of the document. */
function within(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'))
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)

describe('openApiDocument', () => {
  it('has every route of the table, and no other', () => {
    expect(document.openapi).toBe('3.1.0')
    const told = operations.map(({ method, path }) => `${method} ${path}`)
    expect(told.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} /mfa${path}`).sort())
  })

  it('takes a base path and a title', () => {
    const named = openApiDocument({ basePath: '', title: 'MFA at Example' }) as Document
    expect([named.info.title, Object.keys(named.paths)[0]]).toEqual(['MFA at Example', '/me'])
    expect(() => openApiDocument({ basePath: 'mfa' })).toThrow(RangeError)
    expect(() => openApiDocument({ title: '' })).toThrow(RangeError)
    expect(() => openApiDocument({ name: 'MFA' } as never)).toThrow(TypeError)
    expect(() => openApiDocument(null as never)).toThrow(TypeError)
  })

  it('names operations once each, and has no reference into nothing', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, id]) => id,
    )
    expect(references.length).toBeGreaterThan(50)
    for (const id of references) expect(Object.keys(document.components.schemas)).toContain(id)
    expect(JSON.stringify(document)).not.toMatch(/\$defs|"#\/\$|undefined/)
  })

  it('tells the ids of every path, and each query', () => {
    for (const { path, operation } of operations) {
      const ids = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => name)).toEqual(ids)
      expect(inPath.every(({ required }) => required)).toBe(true)
    }
    const list = document.paths['/mfa/users']?.['get']?.parameters ?? []
    expect(list.map(({ name }) => name)).toEqual(['phase', 'deadlineBefore', 'locked', 'prefix', 'after', 'limit'])
    expect(list.at(-1)).toMatchObject({ required: false, schema: { type: 'integer', minimum: 1, maximum: 1000 } })
    expect(list[1]?.schema).toMatchObject({ type: 'string', format: 'date-time' })
    const days = document.paths['/mfa/rollout/forecast']?.['get']?.parameters ?? []
    expect(days.map(({ name, required }) => [name, required])).toEqual([
      ['days', true],
      ['timeZone', true],
    ])
  })

  it('tells the reasons of every refusal, each under its status', () => {
    for (const { operation } of operations) {
      for (const [status, { description }] of Object.entries(operation.responses)) {
        if (status.startsWith('2')) continue
        for (const reason of description.split(', ')) {
          expect(PROBLEMS[reason as keyof typeof PROBLEMS].status).toBe(Number(status))
        }
      }
    }
  })

  it('has schemas that every real answer is valid by, and that are not merely empty', async () => {
    const host = hostOf()
    const ajv = validator()
    const answers = await realAnswers(host)
    for (const { line, status, body } of answers) {
      const [method = '', path = ''] = line.split(' ')
      const content = document.paths[path]?.[method.toLowerCase()]?.responses[status]?.content ?? {}
      const [schema] = Object.values(content).map((one) => within(one.schema))
      expect(schema, `${line} ${status}`).toBeDefined()
      expect(ajv.validate(schema as object, body), `${line} ${JSON.stringify(ajv.errors)}`).toBe(true)
      expect(ajv.validate(schema as object, { nothing: true })).toBe(false)
    }
    expect(answers.length).toBeGreaterThan(15)
  })

  it('has schemas that requests are valid by exactly where the handler takes them', () => {
    const ajv = validator()
    const put = document.paths['/mfa/users/{userId}/requirement']?.['put']?.requestBody
    const schema = within(put?.content['application/json']?.schema as object)
    const valid = [
      { terms: { period: 'none' } },
      { terms: { period: { deadline: '2026-12-24T00:00:00Z' } }, reason: 'Christmas' },
      { terms: { terms: 'optional', because: [] }, force: true },
    ]
    const invalid = [{}, { terms: {} }, { terms: { period: { days: 366 } } }, { terms: { period: 'none' }, x: 1 }]
    for (const body of valid) expect(ajv.validate(schema, body)).toBe(true)
    for (const body of invalid) expect(ajv.validate(schema, body)).toBe(false)
    expect(put?.required).toBe(true)
    expect(document.paths['/mfa/users/{userId}/suspend']?.['post']?.requestBody?.required).toBe(false)
    expect(document.paths['/mfa/me/postpone']?.['post']?.requestBody?.required).toBe(false)
  })
})

interface Told {
  line: string
  status: number
  body: unknown
}

/** Answers of the handler, by the paths of the document. */
async function realAnswers(host: Host): Promise<Told[]> {
  const handler = createHandler(host.handler)
  const { phone, authenticatorId } = await enroll(host, 'root')
  const as = sessionOf(host, 'root', 'mfa', { administrator: true })
  await host.leeway.requireEnrollment('ada', { period: { days: 3 } }, { reason: 'all of us' })
  await host.leeway.exempt('ada', { until: host.clock() + DAY, reason: 'ill' })
  const told: Told[] = []
  const ask = async (line: string, ids: Record<string, string> = {}, body?: object, query = ''): Promise<void> => {
    const [method = '', path = ''] = line.split(' ')
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '')
    const headers = { cookie: as, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
    const response = await handler(new Request(`https://example.com${filled}${query}`, init), undefined)
    told.push({ line, status: response.status, body: await response.json() })
  }
  const ada = { userId: 'ada', authenticatorId: 'x' }
  const terms = { period: { days: 9 } }
  await ask('GET /mfa/me')
  await ask('GET /mfa/me/history')
  await ask('PATCH /mfa/me/authenticators/{authenticatorId}', { authenticatorId }, { label: 'Phone' })
  await ask('POST /mfa/me/setup', {}, { proof: { code: phone.codeAt(host.clock()) } })
  await ask('POST /mfa/me/setup/confirm', {}, { code: '000000' })
  await ask('GET /mfa/users')
  await ask('GET /mfa/users/{userId}', ada)
  await ask('GET /mfa/users/{userId}/history', ada)
  await ask('PUT /mfa/users/{userId}/requirement', ada, { terms })
  await ask('PATCH /mfa/users/{userId}/deadline', ada, { addDays: 2 })
  await ask('PUT /mfa/users/{userId}/requirement', ada, { terms: {} })
  await ask('POST /mfa/users/{userId}/pass', ada)
  await ask('POST /mfa/users/{userId}/suspend', ada)
  await ask('POST /mfa/rollout/preview', {}, { userIds: ['eve'], terms })
  await ask('POST /mfa/rollout/assign', {}, { userIds: ['eve'], terms })
  await ask('GET /mfa/rollout/counts')
  await ask('GET /mfa/rollout/forecast', {}, undefined, '?days=3&timeZone=UTC')
  await ask('GET /mfa/rollout/progress', {}, undefined, '?days=3&timeZone=UTC')
  await ask('GET /mfa/rollout/progress', {}, undefined, '?days=0&timeZone=UTC')
  return told
}
