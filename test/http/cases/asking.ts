import assert from 'node:assert/strict'
import { phone } from '../../../src/testing/index.js'
import { STEP, wrongCode } from '../../service/setting.js'
import { type Host, type Sent, sessionOf } from '../host.js'

/** Sends a request to the server under test: a path on its own origin. */
export type Fetch = (path: string, sent?: Sent) => Promise<Response>

/** One rule, and how to see that it is kept. */
export interface Case {
  name: string
  run(server: Server): Promise<void>
}

/** The server under test: how to talk to it, and what is behind it. */
export interface Server {
  host: Host
  fetch: Fetch
}

/** JSON of an answer, before anybody looked at what it is. */
export type Json = Record<string, unknown>

const JSON_HEADERS = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

/** A request with a session, as a page of this origin makes it. */
export async function ask(
  { fetch }: Server,
  line: string,
  { as, body, headers = {} }: { as?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  const [method = '', path = ''] = line.split(' ')
  const cookie: Record<string, string> = as === undefined ? {} : { cookie: as }
  const isRead = method === 'GET' || method === 'HEAD'
  return fetch(path, {
    method,
    headers: { ...(isRead ? {} : JSON_HEADERS), ...cookie, ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** The JSON of an answer of this status. */
export async function told(response: Response, status = 200): Promise<Json> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  return text === '' ? {} : JSON.parse(text)
}

/** The problem document of an answer, with this reason. */
export async function refused(response: Response, status: number, reason: string): Promise<Json> {
  const problem = await told(response, status)
  assert.equal(problem['type'], `urn:leeway:${reason}`)
  assert.equal(problem['status'], status)
  assert.equal(typeof problem['title'], 'string')
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  if (status === 503) assert.match(response.headers.get('retry-after') ?? '', /^\d+$/)
  return problem
}

/** An instant as the wire has it. */
export function iso(instant: number): string {
  return new Date(instant).toISOString()
}

/** A user with an authenticator, a time step after he set it up. */
export async function enrolled(
  { host }: Server,
  userId: string,
): Promise<{
  codeAt(now: number): string
  wrong(): string
  authenticatorId: string
  recoveryCodes: readonly string[]
}> {
  const begun = await host.leeway.beginSetup(userId, { accountName: 'ada@example.com' })
  assert(begun.ok)
  const app = phone(begun.setup.keyUri)
  const confirmed = await host.leeway.confirmSetup(userId, app.codeAt(host.clock()))
  assert(confirmed.ok)
  host.clock.advance(STEP)
  const { authenticatorId, recoveryCodes } = confirmed
  const wrong = (): string => wrongCode(app, host.clock())
  return { codeAt: (now) => app.codeAt(now), wrong, authenticatorId, recoveryCodes: recoveryCodes ?? [] }
}

/** The session of an administrator who has shown a code. */
export async function administration(server: Server): Promise<{ as: string }> {
  await enrolled(server, 'root')
  return { as: sessionOf(server.host, 'root', 'mfa', { administrator: true }) }
}

/** Begins a set-up over HTTP. */
export async function begun(server: Server, as: string, body: object = {}): Promise<Json> {
  return told(await ask(server, 'POST /mfa/me/setup', { as, body }))
}

/** One line of an explanation of terms. */
export function because(text: string): {
  source: string
  scope: 'rule'
  deadline: null
  outcome: 'applied'
  text: string
} {
  return { source: 'rule', scope: 'rule', deadline: null, outcome: 'applied', text }
}
