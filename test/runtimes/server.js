// @ts-check
// The handler and the guard behind the runtime's `node:http`, asked by its own `fetch`. Tells how many answers there were.
import { createServer } from 'node:http'
import process from 'node:process'
import { aesGcmCipher, createLeeway } from 'leeway'
import { createGuard, createHandler, toNode } from 'leeway/http'
import { memoryRepository } from 'leeway/memory'

const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] })
const leeway = createLeeway({ issuer: 'Example', repository: memoryRepository(), cipher })
await leeway.requireEnrollment('ada', { period: { days: 30 } })

/** @type {import('leeway/http').Identity} */
const session = { userId: 'ada', level: 'password', accountName: 'ada@example.com', signedInAt: Date.now() }
const identify = () => session
const sessions = { raise: async () => ({}), endOthers: async () => {}, rememberSetup: async () => {} }
const handler = toNode(createHandler({ leeway, identify, sessions }))
const guard = createGuard({ leeway, identify, pages: { setup: '/enroll' } })
const guarded = toNode((request, context) => guard(request, context, { sensitive: request.url.endsWith('/vault') }))

const server = createServer((request, response) => {
  if (request.url?.startsWith('/mfa/')) void handler(request, response)
  else void guarded(request, response, () => response.end('let in'))
})
await new Promise((done) => server.listen(0, '127.0.0.1', () => done(null)))
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
const origin = `http://127.0.0.1:${port}`

const json = { 'content-type': 'application/json', origin }
const unknown = JSON.stringify({ label: 'Phone', unknown: true })
const large = JSON.stringify({ label: 'x'.repeat(100_000) })
/** @type {readonly (readonly [path: string, init: RequestInit, status: number, text: RegExp])[]} */
const asked = [
  ['/mfa/me', {}, 200, /"action":"offer-setup"/],
  ['/mfa/me', { method: 'HEAD' }, 200, /^$/],
  ['/mfa/me/setup', { method: 'OPTIONS' }, 204, /^$/],
  ['/mfa/me/postpone', { method: 'POST', headers: json, body: '{}' }, 200, /"action":"offer-setup"/],
  ['/mfa/me/setup', { method: 'POST', headers: json, body: '{"label":"Téléphone"}' }, 200, /"qr":"<svg/],
  ['/mfa/me/setup', { method: 'POST', headers: json, body: unknown }, 400, /urn:leeway:invalid-request/],
  ['/mfa/me/setup', { method: 'POST', headers: json, body: large }, 413, /urn:leeway:body-too-large/],
  ['/inbox', {}, 200, /^let in$/],
  ['/vault', { headers: { accept: 'application/json' } }, 403, /urn:leeway:setup-required/],
  ['/vault', { headers: { accept: 'text/html' }, redirect: 'manual' }, 303, /^$/],
]
for (const [path, init, status, pattern] of asked) {
  const response = await fetch(`${origin}${path}`, init)
  const text = await response.text()
  if (response.status !== status || !pattern.test(text)) {
    throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${text.slice(0, 500)}`)
  }
}
process.stdout.write(`${asked.length}\n`)
server.close()
server.closeAllConnections()
