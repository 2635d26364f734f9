import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoPhoneOf, type Phone, phone } from './phone.js'
import { type Client, client } from './requests.js'
import { emailOf, PASSWORD, type Running, startPortal } from './server.js'
import { isSkipped } from './tools.js'

describe.skipIf(isSkipped)('the portal, for somebody who means harm', { timeout: 120_000 }, () => {
  let portal: Running
  let noorsPhone: Phone
  beforeAll(async () => {
    portal = await startPortal()
    noorsPhone = demoPhoneOf(portal.file, 'noor.haddad')
  })
  afterAll(() => portal?.remove())

  const signedIn = async (id: string): Promise<Client> => {
    const somebody = client(portal)
    await somebody.signIn(id)
    return somebody
  }

  /** Everything that is stored, but for sessions and when somebody signed in. */
  function stored(): unknown {
    const db = new Database(portal.file, { readonly: true })
    const tables = ['portal_users', 'portal_outbox', 'demo_clock', 'demo_phone', 'leeway']
    const rows = tables.map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all())
    db.close()
    return rows
  }

  it('a form without the token of this session, or from another origin, changes nothing', async () => {
    const ada = await signedIn('ada.lindqvist')
    const token = /name="token" value="([^"]+)"/.exec((await ada.get('/offer')).text)?.[1] ?? ''
    const before = stored()
    const others = await signedIn('bogdan.ionescu')
    const stolen = /name="token" value="([^"]+)"/.exec((await others.get('/offer')).text)?.[1] ?? ''
    expect(stolen).not.toBe(token)
    const refused: [string, Record<string, string>, Record<string, string>][] = [
      ['no token', { token: '' }, {}],
      ['a forged token', { token: 'A'.repeat(43) }, {}],
      ['a token of as many letters that are not ASCII', { token: 'ä'.repeat(43) }, {}],
      ["another session's token", { token: stolen }, {}],
      ['another origin', { token }, { origin: 'https://evil.example' }],
      ['a sandboxed page', { token }, { origin: 'null' }],
      ['another site, as the browser says', { token }, { 'sec-fetch-site': 'cross-site' }],
      ['a page of the same site, as the browser says', { token }, { 'sec-fetch-site': 'same-site' }],
    ]
    for (const path of ['/setup', '/offer/not-now', '/sign-out', '/setup/check', '/admin/clock', '/sign-in']) {
      for (const [what, fields, headers] of refused) {
        const { status, text } = await ada.post(path, { ...fields, code: '123456' }, headers)
        expect(status, `${path}: ${what}`).toBe(403)
        expect(text).toContain('This was not done')
      }
    }
    expect(stored()).toEqual(before)
    expect((await ada.get('/')).status).toBe(200)
    expect((await ada.post('/setup', { token })).location).toBe('/setup/add')
  })

  it('a body that is too large, or of another kind, is refused with a page', async () => {
    const ada = await signedIn('carmen.ruiz')
    const large = await ada.post('/setup', { pass: 'x'.repeat(70_000) })
    expect([large.status, large.text.includes('This is too much')]).toEqual([413, true])
    for (const type of ['application/json', 'text/plain', 'application/octet-stream', 'application/xml']) {
      const headers = { 'content-type': type, origin: portal.url }
      const answer = await ada.send('/setup', { method: 'POST', headers, body: '{"token":"x"}' })
      expect(answer.status, type).toBe(415)
    }
    const broken = { 'content-type': 'multipart/form-data; boundary=x', origin: portal.url }
    expect((await ada.send('/setup', { method: 'POST', headers: broken, body: 'no parts at all' })).status).toBe(400)
  })

  it('cookies that were made up or changed are nobody’s', async () => {
    const noor = await signedIn('noor.haddad')
    const id = noor.cookies.get('session') ?? ''
    expect(id).toMatch(/^[\w-]{43}$/)
    const flipped = (id.startsWith('A') ? 'B' : 'A') + id.slice(1)
    for (const session of ['', 'x', flipped, `${id}x`, '../../etc/passwd', '%00', "' OR 1=1 --", 'a'.repeat(8000)]) {
      const answer = await client(portal).get('/', { cookie: `session=${encodeURIComponent(session)}` })
      expect([answer.status, answer.location], session.slice(0, 20)).toEqual([303, '/sign-in?return_to=%2F'])
    }
    // What is stored is no cookie.
    const db = new Database(portal.file, { readonly: true })
    const rows = db.prepare('SELECT digest FROM portal_sessions').all() as { digest: string }[]
    db.close()
    expect(rows.map(({ digest }) => digest)).not.toContain(id)
    for (const { digest } of rows)
      expect((await client(portal).get('/', { cookie: `session=${digest}` })).status).toBe(303)
  })

  it('a session gets another id whenever it is raised, and the old one is worth nothing', async () => {
    const noor = client(portal)
    await noor.signIn('noor.haddad')
    const fixed = new Map(noor.cookies)
    await noor.get('/challenge')
    expect((await noor.post('/challenge', { code: noorsPhone.next() })).location).toBe('/')
    expect(noor.cookies.get('session')).not.toBe(fixed.get('session'))
    expect((await noor.get('/payslips')).status).toBe(200)
    expect((await client(portal, fixed).get('/')).location).toBe('/sign-in?return_to=%2F')
    // And so it is at sign-in: an id that somebody has put there before does not survive it.
    const planted = new Map(noor.cookies)
    await noor.signIn('noor.haddad')
    expect(noor.cookies.get('session')).not.toBe(planted.get('session'))
    expect((await client(portal, planted).get('/')).status).toBe(303)
  })

  it('a session stolen inside the period reaches nothing sensitive, and nothing at all after set-up', async () => {
    const ferenc = await signedIn('ferenc.nagy')
    const thief = client(portal, new Map(ferenc.cookies))
    expect((await thief.get('/')).status).toBe(200)
    const sensitive = ['/payslips', '/account/add', '/account/recovery-codes', '/admin', '/admin/users', '/admin/clock']
    for (const path of sensitive) {
      const { status, location, text } = await thief.get(path)
      expect([status, location], path).toEqual([303, `/required?return_to=${encodeURIComponent(path)}`])
      expect(text).toBe('')
    }
    const json = { accept: 'application/json', 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
    for (const path of ['/mfa/users', '/mfa/rollout/counts', '/mfa/rollout/export.csv', '/mfa/users/ada.lindqvist']) {
      expect((await thief.get(path, json)).status, path).toBe(403)
    }
    await ferenc.get('/setup')
    await ferenc.post('/setup')
    const { text } = await ferenc.get('/setup/add')
    const own = phone(/href="(otpauth:[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '')
    const confirmed = await ferenc.post('/setup/check', { code: own.next() })
    expect(confirmed.text).toContain('Now save your recovery codes')
    for (const path of ['/', '/account', ...sensitive]) {
      expect((await thief.get(path)).location, path).toBe(`/sign-in?return_to=${encodeURIComponent(path)}`)
    }
  })

  it('a thief with the password alone does not get by the challenge', async () => {
    const thief = client(portal)
    expect((await thief.signIn('noor.haddad')).location).toBe('/challenge')
    for (const path of [
      '/',
      '/payslips',
      '/account',
      '/account/add',
      '/setup',
      '/setup/add',
      '/setup/check',
      '/offer',
      '/admin',
    ]) {
      expect((await thief.get(path)).location, path).toBe(`/challenge?return_to=${encodeURIComponent(path)}`)
    }
    await thief.get('/challenge')
    for (const path of [
      '/setup',
      '/setup/check',
      '/setup/cancel',
      '/offer/not-now',
      '/account/recovery-codes',
      '/demo/phone',
    ]) {
      expect((await thief.post(path, { code: '123456' })).location, path).toBe('/challenge')
    }
  })

  it('nobody reaches another user’s authenticators, and no user the administrator’s side', async () => {
    const noor = client(portal)
    await noor.signIn('noor.haddad')
    await noor.get('/challenge')
    await noor.post('/challenge', { code: noorsPhone.next() })
    const db = new Database(portal.file, { readonly: true })
    const record = db.prepare("SELECT * FROM leeway WHERE user_id = 'olivia.brandt'").get() as object
    db.close()
    const id = /"id":"([0-9a-f]{32})"/.exec(JSON.stringify(record).replaceAll('\\"', '"'))?.[1] ?? ''
    expect(id).not.toBe('')
    const before = stored()
    expect((await noor.get(`/account/authenticators/${id}`)).status).toBe(404)
    await noor.get('/account')
    expect((await noor.post(`/account/authenticators/${id}/rename`, { label: 'mine' })).status).toBe(404)
    expect((await noor.post(`/account/authenticators/${id}/remove`, { code: noorsPhone.wrong() })).status).toBe(404)
    for (const path of ['/admin', '/admin/users', '/admin/users/ada.lindqvist', '/admin/clock', '/admin/outbox']) {
      const { status, text } = await noor.get(path)
      expect(status, path).toBe(403)
      expect(text).not.toContain('Lindqvist')
    }
    const forms = [
      '/admin/clock',
      '/admin/reminders',
      '/admin/require',
      '/admin/require/apply',
      '/admin/users/ada.lindqvist/pass',
    ]
    for (const path of forms)
      expect((await noor.post(path, { move: 'week', user: 'ada.lindqvist' })).status, path).toBe(403)
    expect(stored()).toEqual(before)
  })

  it('no link leads to another site, and what is typed comes back as text', async () => {
    for (const target of [
      '//evil.example',
      'https://evil.example',
      '/\\evil.example',
      '/%09/evil.example',
      'javascript:alert(1)',
    ]) {
      const somebody = client(portal)
      await somebody.get('/sign-in')
      const path = `/sign-in?return_to=${encodeURIComponent(target)}`
      const { location } = await somebody.post(path, { email: emailOf('klara.vogel'), password: PASSWORD })
      expect(new URL(location ?? '', portal.url).origin, target).toBe(portal.url)
    }
    const typed = '"><script>alert(1)</script>'
    const somebody = client(portal)
    await somebody.get('/sign-in')
    const { status, text } = await somebody.post('/sign-in', { email: typed, password: 'x' })
    expect(status).toBe(422)
    expect(text).not.toContain('<script>alert')
    expect(text).toContain('&lt;script&gt;alert')
  })

  it('every answer says what may run in it and that it is not kept', async () => {
    const somebody = client(portal)
    for (const path of ['/sign-in', '/suspended', '/demo/phone', '/nowhere', '/mfa/me']) {
      const { headers, text } = await somebody.get(path)
      expect(headers.get('cache-control'), path).toBe('no-store')
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy, path).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1]
      for (const [, given] of text.matchAll(/<script[^>]* nonce="([^"]+)"/g)) expect(given).toBe(nonce)
    }
  })

  it('wrong passwords are told like unknown addresses, and after ten of them no more are looked at', async () => {
    const somebody = client(portal)
    await somebody.get('/sign-in')
    const words = async (email: string): Promise<[number, string | undefined]> => {
      const { status, text } = await somebody.post('/sign-in', { email, password: 'wrong' })
      return [
        status,
        /id="email-error"[\s\S]*?<\/p>/.exec(text)?.[0] ?? /class="summary"[\s\S]*?<\/div>/.exec(text)?.[0],
      ]
    }
    const known = await words(emailOf('hugo.tremblay'))
    expect(await words(emailOf('nobody.at.all'))).toEqual(known)
    for (let times = 0; times < 9; times++) expect((await words(emailOf('hugo.tremblay')))[0]).toBe(422)
    expect((await words(emailOf('hugo.tremblay')))[0]).toBe(429)
    expect((await somebody.signIn('hugo.tremblay')).status).toBe(429)
    const atOnce = await Promise.all(Array.from({ length: 25 }, () => words(emailOf('nobody.either'))))
    expect(atOnce.filter(([status]) => status === 422)).toHaveLength(10)
  })

  it('what goes wrong inside is told without its reason', () => {
    expect(portal.printed()).not.toContain('Error')
  })
})

describe('behind TLS', { timeout: 60_000 }, () => {
  it('cookies are of this host alone, never without TLS, and forms are of the origin that browsers see', async () => {
    const portal = await startPortal({ LEEWAY_PORTAL_ORIGIN: 'https://portal.example.com' })
    try {
      const somebody = client(portal)
      const { headers } = await somebody.get('/sign-in')
      expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d{7,}/)
      expect(headers.getSetCookie()).toEqual([
        expect.stringMatching(/^__Host-visitor=.*HttpOnly; Secure; SameSite=Lax$/),
      ])
      const fields = { email: emailOf('klara.vogel'), password: PASSWORD }
      expect((await somebody.post('/sign-in', fields)).status).toBe(403)
      const signedIn = await somebody.post('/sign-in', fields, { origin: 'https://portal.example.com' })
      expect(signedIn.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^__Host-session=[\w-]{43}; .*Path=\/; HttpOnly; Secure; SameSite=Lax$/),
      ])
    } finally {
      await portal.remove()
    }
  })
})
