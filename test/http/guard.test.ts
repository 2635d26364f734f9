import { describe, expect, it } from 'vitest'
import { createGuard } from '../../src/http/index.js'
import { hostOf, sessionOf } from './host.js'

const HTML = { accept: 'text/html' }
const at = (path: string, headers: Record<string, string> = {}): Request =>
  new Request(`https://example.com${path}`, { headers })

describe('createGuard', () => {
  const { guard: good } = hostOf()
  it.each([
    [{ leeway: undefined }, TypeError],
    [{ identify: {} }, TypeError],
    [{ pages: '/login' }, TypeError],
    [{ pages: { login: '/login' } }, TypeError],
    [{ pages: { signIn: 1 } }, TypeError],
    [{ pages: { signIn: 'login' } }, RangeError],
    [{ pages: { signIn: '//evil.example' } }, RangeError],
    [{ pages: { signIn: '/\\evil.example' } }, RangeError],
    [{ pages: { signIn: '/a\nb' } }, RangeError],
    [{ pages: { signIn: 'https://evil.example' } }, RangeError],
    [{ pages: { setup: '/setup?step=1' } }, RangeError],
    [{ pages: { setup: '/setup#step' } }, RangeError],
    [{ page: {} }, TypeError],
  ])('refuses %j', (options, error) => {
    expect(() => createGuard({ ...good, ...options } as never)).toThrow(error)
  })

  it('refuses a rule that is none, before it asks anybody', async () => {
    const guard = createGuard({ ...good, identify: () => Promise.reject(new Error('asked')) })
    for (const rule of [{ sensitive: 'yes' }, { page: 'signIn' }, { pages: 'setup' }, null]) {
      await expect(guard(at('/'), undefined, rule as never)).rejects.toThrow(/^rule/)
    }
  })

  it('lifts the stop of a page that the rule names, wherever it is', async () => {
    const host = hostOf()
    const guard = createGuard({ leeway: host.leeway, identify: host.guard.identify })
    await host.leeway.requireEnrollment('ada', { period: 'none' })
    const cookie = sessionOf(host, 'ada', 'setup')
    const result = await guard(at('/anywhere', { cookie }), undefined, { page: 'setup' })
    expect(result).toMatchObject({ pass: true, identity: { userId: 'ada' }, decision: { action: 'require-setup' } })
    const other = await guard(at('/anywhere', { cookie }), undefined, { page: 'challenge' })
    expect(other).toMatchObject({ pass: false, decision: { action: 'require-setup' } })
  })

  it('never lifts a suspension, or the end of a session, on whatever page', async () => {
    const host = hostOf()
    const guard = createGuard(host.guard)
    await host.leeway.suspend('ada')
    const early = sessionOf(host, 'ada', 'mfa', { signedInAt: host.clock() - 1 })
    const late = sessionOf(host, 'ada', 'mfa')
    for (const path of ['/denied', '/login', '/enroll', '/code']) {
      for (const cookie of [early, late]) {
        for (const page of ['setup', 'challenge'] as const) {
          expect(await guard(at(path, { cookie }), undefined, { page })).toMatchObject({ pass: false })
        }
      }
    }
  })

  it('answers everybody with a problem document where there are no pages', async () => {
    const host = hostOf()
    const guard = createGuard({ leeway: host.leeway, identify: () => null })
    const result = await guard(at('/inbox', HTML), undefined)
    expect(result).toMatchObject({ pass: false, decision: null, response: { status: 401 } })
  })

  it('sends nobody to a page that is not configured', async () => {
    const host = hostOf()
    const guard = createGuard({ ...host.guard, pages: { signIn: '/login', setup: undefined } })
    await host.leeway.requireEnrollment('ada', { period: 'none' })
    const cookie = sessionOf(host, 'ada', 'setup')
    expect(await guard(at('/inbox', { ...HTML, cookie }), undefined)).toMatchObject({ response: { status: 403 } })
  })

  it('knows a page by the path that browsers ask for', async () => {
    const host = hostOf()
    const guard = createGuard({ ...host.guard, pages: { setup: '/einrichten/schlüssel' } })
    await host.leeway.requireEnrollment('ada', { period: 'none' })
    const cookie = sessionOf(host, 'ada', 'setup')
    expect(await guard(at('/einrichten/schlüssel?x', { cookie }), undefined)).toMatchObject({ pass: true })
    for (const path of [
      '/einrichten/schlüssel/',
      '/Einrichten/schlüssel',
      '/einrichten/%73chlüssel',
      '//einrichten/schlüssel',
    ]) {
      expect(await guard(at(path, { cookie }), undefined)).toMatchObject({ pass: false })
    }
    const sent = await guard(at('/inbox', { ...HTML, cookie }), undefined)
    if (sent.pass) throw new Error('it passed')
    expect(sent.response.headers.get('location')).toBe('/einrichten/schl%C3%BCssel?return_to=%2Finbox')
  })

  it('lets no identity pass that is none', async () => {
    const host = hostOf()
    const identity = { userId: 'ada', level: 'mfa', accountName: 'ada', signedInAt: Number.NaN }
    const guard = createGuard({ leeway: host.leeway, identify: () => identity as never })
    expect(await guard(at('/inbox'), undefined)).toMatchObject({ pass: false, response: { status: 500 } })
  })

  it('hands the context to identify, and reads once', async () => {
    const host = hostOf()
    const seen: unknown[] = []
    const guard = createGuard<{ ip: string }>({
      leeway: {
        decide(userId, options) {
          seen.push([userId, options])
          return host.leeway.decide(userId, options)
        },
      },
      identify(_request, context) {
        seen.push(context)
        return { userId: 'ada', level: 'password', accountName: 'ada', signedInAt: host.clock() }
      },
    })
    await guard(at('/vault'), { ip: '::1' }, { sensitive: true })
    expect(seen).toEqual([{ ip: '::1' }, ['ada', { sensitive: true }]])
  })
})
