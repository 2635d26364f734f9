import assert from 'node:assert/strict'
import { test } from 'node:test'
import { phone } from 'leeway/testing'
import { NextRequest } from 'next/server'
import * as route from './app/mfa/[...path]/route'
import { guardOptions, leeway, ORIGIN } from './lib/leeway'
import * as sessions from './lib/sessions'
import { config, proxy } from './proxy'

/** What a browser with this cookie asks leeway's routes. */
function ask(cookie: string, path: string, body?: object): Promise<Response> {
  const headers = { cookie, origin: ORIGIN, 'content-type': 'application/json' }
  // Behind a reverse proxy Next.js knows the origin of the machine only.
  const url = `http://localhost:3000/mfa${path}`
  if (body === undefined) return route.GET(new Request(url, { headers }))
  return route.POST(new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }))
}

/** Where a visit of a page leads: the path, or null where the page is shown. */
async function ledTo(cookie: string, path: string): Promise<string | null> {
  const response = await proxy(new NextRequest(ORIGIN + path, { headers: { cookie, accept: 'text/html' } }))
  // `NextResponse.next()` is an answer that says so in a header.
  if (response.headers.get('x-middleware-next') === '1') return null
  assert.equal(response.status, 303)
  // Next.js takes whole URLs only.
  const { pathname, search } = new URL(response.headers.get('location') ?? '')
  return pathname + search
}

const cookieOf = (setCookie: string): string => setCookie.split(';')[0] ?? ''

test('route and proxy of Next.js: stopped, set up, let through', async () => {
  await leeway.requireEnrollment('ada', { period: 'none' })
  assert.equal(await ledTo('', '/inbox'), '/sign-in?return_to=%2Finbox')

  const identity = { userId: 'ada', level: 'setup', accountName: 'ada@example.com', signedInAt: Date.now() } as const
  const cookie = cookieOf(sessions.begin({ ...identity }))
  assert.equal(await ledTo(cookie, '/inbox'), '/set-up?return_to=%2Finbox')
  assert.equal(await ledTo(cookie, '/set-up'), null)

  const begun = await ask(cookie, '/me/setup', {})
  const app = phone((await begun.json()).keyUri)
  const confirmed = await ask(cookie, '/me/setup/confirm', { code: app.codeAt(Date.now()) })
  assert.equal(confirmed.status, 200)
  const raised = cookieOf(confirmed.headers.getSetCookie()[0] ?? '')
  assert.notEqual(raised, cookie)
  assert.equal(await ledTo(raised, '/inbox'), null)
  assert.equal(await ledTo(cookie, '/inbox'), '/sign-in?return_to=%2Finbox')
  assert.equal((await (await ask(raised, '/me')).json()).status.phase, 'enrolled')
})

test('the proxy is in front of every path but those of leeway, of Next.js and of those who are to sign in', () => {
  const [pattern = ''] = config.matcher
  const isGuarded = (path: string): boolean => new RegExp(`^${pattern}$`).test(path)
  const { signIn = '', denied = '', setup = '', challenge = '' } = guardOptions.pages ?? {}
  for (const path of [signIn, denied, '/mfa/me', '/_next/static/a.js']) assert.equal(isGuarded(path), false, path)
  for (const path of ['/', '/inbox', setup, challenge, '/sign-in/x', '/mfa', '/payslips', '/api/x']) {
    assert.equal(isGuarded(path), true, path)
  }
})
