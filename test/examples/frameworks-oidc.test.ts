import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as client from 'openid-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { aesGcmCipher, createLeeway, type LeewayWithRollout } from '../../src/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { phone } from '../../src/testing/index.js'
import { wrongCode } from '../service/setting.js'
import { leadsTo, type Running, start, type Visitor, visitor } from './visitor.js'

const PASSWORD = 'correct horse battery staple'
const CALLBACK = 'http://127.0.0.1:8080/callback'
const MFA = 'urn:example:acr:mfa'
const STEP = 30_000
const DAY = 86_400_000

/** An application that signs people in at a provider, by a library that never heard of leeway. */
async function application(issuer: string): Promise<{
  begin(parameters?: Record<string, string>): Promise<Attempt>
}> {
  const config = await client.discovery(new URL(issuer), 'app', undefined, client.None(), {
    execute: [client.allowInsecureRequests],
  })
  return {
    async begin(parameters = {}) {
      const verifier = client.randomPKCECodeVerifier()
      const state = client.randomState()
      const nonce = client.randomNonce()
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: CALLBACK,
        scope: 'openid',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
        ...parameters,
      })
      return {
        url: url.href,
        async claims(callback) {
          const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
          const tokens = await client.authorizationCodeGrant(config, new URL(callback), checks)
          const claims = tokens.claims()
          return { sub: claims?.sub, amr: claims?.['amr'], acr: claims?.['acr'] }
        },
      }
    },
  }
}

interface Attempt {
  url: string
  /** exchanges the code of the callback, and gives what the ID token says */
  claims(callback: string): Promise<unknown>
}

/** Follows an answer as a browser does: to a page, or to the application's callback. */
async function follow(who: Visitor, answer: Response): Promise<Screen> {
  let at = answer.url
  for (let response = answer; ; response = await who.open(at)) {
    if (response.status !== 303) return { at, status: response.status, text: await response.text() }
    at = new URL(leadsTo(response), at).href
    if (at.startsWith(CALLBACK)) return { at, status: 303, text: '' }
  }
}

interface Screen {
  at: string
  status: number
  text: string
}

const arrive = async (who: Visitor, { url }: Attempt): Promise<Screen> => follow(who, await who.open(url))

/** Presses one of a page's buttons. */
async function press(who: Visitor, { at, text }: Screen, act: string, fields: object = {}): Promise<Screen> {
  expect(text).toContain(`value="${act}"`)
  return follow(who, await who.submit(at, { act, ...fields }))
}

const signIn = (who: Visitor, page: Screen, name: string): Promise<Screen> =>
  press(who, page, 'sign-in', { name, password: PASSWORD })

const secretOn = ({ text }: Screen): string => /<code>([A-Z2-7]+)<\/code>/.exec(text)?.[1] ?? ''

/** Sets up on a page that offers it, or asks for it; the next page is the recovery codes'. */
async function setUp(who: Visitor, page: Screen): Promise<{ codeAt(now: number): string; page: Screen }> {
  const shown = await press(who, page, 'begin')
  const app = phone(secretOn(shown))
  return { ...app, page: await press(who, shown, 'confirm', { code: app.codeAt(Date.now()) }) }
}

describe('an OpenID provider, started as a process', () => {
  let server: Running
  beforeAll(async () => {
    server = await start('oidc-provider')
  })
  afterAll(() => server.stop())

  it('inside the period a password is enough, and the ID token says so; then a code as well', async () => {
    const app = await application(server.origin)
    const ada = visitor(server.origin)
    const first = await app.begin()
    const page = await arrive(ada, first)
    expect((await press(ada, page, 'sign-in', { name: 'ada', password: 'wrong' })).status).toBe(422)
    const offer = await signIn(ada, page, 'ada')
    expect(offer.text).toContain('30 days left')
    const done = await press(ada, offer, 'not-now')
    expect(await first.claims(done.at)).toEqual({ sub: 'ada', amr: ['pwd'], acr: 'urn:example:acr:password' })

    // single sign-on: the same session is enough for the next application
    const second = await app.begin()
    expect(await second.claims((await arrive(ada, second)).at)).toMatchObject({ amr: ['pwd'] })

    // but not for one that asks for MFA, inside the period either
    const sensitive = await app.begin({ acr_values: MFA })
    const required = await signIn(ada, await arrive(ada, sensitive), 'ada')
    expect(required.text).toContain('MFA has to be set up first')
    expect(required.text).not.toContain('Not now')
    const pushed = await follow(ada, await ada.submit(required.at, { act: 'not-now' }))
    expect(pushed.text).toContain('MFA has to be set up first')
    const { codeAt, page: codes } = await setUp(ada, required)
    expect(codes.text.match(/^(<pre>)?[0-9A-Z]{5}(-[0-9A-Z]{5}){4}/gm)).toHaveLength(10)
    const mfa = { sub: 'ada', amr: ['pwd', 'otp'], acr: MFA }
    expect(await sensitive.claims((await press(ada, codes, 'go-on')).at)).toEqual(mfa)

    const laptop = visitor(server.origin)
    const third = await app.begin()
    const challenge = await signIn(laptop, await arrive(laptop, third), 'ada')
    const code = codeAt(Date.now() + STEP)
    const wrong = await press(laptop, challenge, 'verify', { code: '12345' })
    expect(wrong.status).toBe(422)
    expect(await third.claims((await press(laptop, wrong, 'verify', { code })).at)).toEqual(mfa)

    const tablet = visitor(server.origin)
    const fourth = await app.begin()
    const again = await signIn(tablet, await arrive(tablet, fourth), 'ada')
    expect((await press(tablet, again, 'verify', { code })).text).toContain('The code is not right.')
    const [recoveryCode] = /[0-9A-Z]{5}(-[0-9A-Z]{5}){4}/.exec(codes.text) ?? []
    const recovered = await press(tablet, again, 'recover', { recoveryCode })
    expect(await fourth.claims(recovered.at)).toEqual(mfa)
  })
})

describe('an OpenID provider whose leeway is at hand', () => {
  let server: Server
  let issuer: string
  let leeway: LeewayWithRollout
  /** how far leeway's clock is behind: a period begins in the past, so that it is over now */
  let behind: number

  beforeEach(async () => {
    behind = 0
    leeway = createLeeway({
      issuer: 'Example',
      repository: memoryRepository(),
      cipher: aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] }),
      clock: () => Date.now() - behind,
      policy: { newUsers: { period: { days: 30 } } },
    })
    const { createApp } = (await import(
      new URL('../../examples/frameworks/oidc-provider.js', import.meta.url).href
    )) as { createApp(options: { issuer: string; leeway: object }): RequestListener }
    server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', createApp({ issuer, leeway }))
    return () => {
      server.closeAllConnections()
      server.close()
    }
  })

  it('overdue: the session of inside the period is worth nothing any more, and there is no token before set-up', async () => {
    const app = await application(issuer)
    const ben = visitor(issuer)
    behind = 31 * DAY
    const inside = await app.begin()
    const offer = await signIn(ben, await arrive(ben, inside), 'ben')
    expect(await inside.claims((await press(ben, offer, 'not-now')).at)).toMatchObject({ amr: ['pwd'] })

    behind = 0
    const silent = await app.begin({ prompt: 'none' })
    const { at } = await arrive(ben, silent)
    expect(new URL(at).searchParams.get('error')).toBe('login_required')
    await expect(silent.claims(at)).rejects.toThrow(client.AuthorizationResponseError)

    const overdue = await app.begin()
    const required = await signIn(ben, await arrive(ben, overdue), 'ben')
    expect(required.text).toContain('MFA has to be set up first')
    // whatever a form asks for, and wherever the browser goes on to by itself
    for (const act of ['not-now', 'go-on', 'verify', 'recover', 'confirm', 'constructor']) {
      const answer = await follow(ben, await ben.submit(required.at, { act, code: '123456' }))
      expect(answer.text).toContain('MFA has to be set up first')
    }
    const resume = required.at.replace('/interaction/', '/auth/')
    const resumed = await follow(ben, await ben.open(resume))
    expect([new URL(resumed.at).origin, resumed.text]).toEqual([issuer, expect.stringContaining('value="sign-in"')])

    const last = await app.begin()
    const page = await signIn(ben, await arrive(ben, last), 'ben')
    const { page: codes } = await setUp(ben, page)
    const done = await press(ben, codes, 'go-on')
    expect(await last.claims(done.at)).toEqual({ sub: 'ben', amr: ['pwd', 'otp'], acr: MFA })
  })

  it("one interaction does not confirm another's set-up, and its own is over after five wrong codes", async () => {
    const app = await application(issuer)
    await leeway.requireEnrollment('ada', { period: 'none' })
    const ada = visitor(issuer)
    const page = await press(ada, await signIn(ada, await arrive(ada, await app.begin()), 'ada'), 'begin')
    const secret = secretOn(page)
    const code = phone(secret).codeAt(Date.now())

    const thief = visitor(issuer)
    const theirs = await signIn(thief, await arrive(thief, await app.begin()), 'ada')
    const stolen = await follow(thief, await thief.submit(theirs.at, { act: 'confirm', code }))
    expect(stolen.text).toContain('MFA has to be set up first')

    const wrong = wrongCode(phone(secret), Date.now())
    for (let tries = 4; tries > 0; tries--) {
      const again = await press(ada, page, 'confirm', { code: wrong })
      expect([again.status, secretOn(again)]).toEqual([422, secret])
    }
    expect((await press(ada, page, 'confirm', { code: wrong })).text).toContain('MFA has to be set up first')
    expect((await press(ada, page, 'confirm', { code })).text).toContain('MFA has to be set up first')
    expect((await leeway.status('ada')).phase).toBe('overdue')
  })

  it('a suspended account gets no code, and one that was given before is worth nothing', async () => {
    const app = await application(issuer)
    const ada = visitor(issuer)
    const first = await app.begin()
    const offer = await signIn(ada, await arrive(ada, first), 'ada')
    const { at } = await press(ada, offer, 'not-now')
    await leeway.suspend('ada')
    await expect(first.claims(at)).rejects.toMatchObject({ error: 'invalid_grant' })
    const second = await app.begin()
    const denied = await signIn(ada, await arrive(ada, second), 'ada')
    await expect(second.claims(denied.at)).rejects.toMatchObject({ error: 'access_denied' })
  })

  it('a form of another site, or of an interaction that is over, does nothing', async () => {
    const app = await application(issuer)
    const ada = visitor(issuer)
    const page = await arrive(ada, await app.begin())
    const fields = { act: 'sign-in', name: 'ada', password: PASSWORD }
    expect((await ada.submit(page.at, fields, 'https://evil.example')).status).toBe(403)
    const other = visitor(issuer)
    expect((await other.submit(page.at, fields)).status).toBe(400)
    expect((await leeway.rollout.counts()).total).toBe(0)
  })
})
