import 'reflect-metadata'
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Controller, Get, HttpCode, Inject, Module, Post, Req, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { aesGcmCipher, createLeeway, type Leeway } from 'leeway'
import { type Identity, levelFor, type WebRequest } from 'leeway/http'
import { memoryRepository } from 'leeway/memory'
import { fixedClock, phone } from 'leeway/testing'
import { LeewayModule } from './leeway.module.ts'
import { Asking, Mfa, Public } from './mfa.guard.ts'
import { LEEWAY } from './tokens.ts'

const DAY = 86_400_000
const clock = fixedClock(Date.UTC(2027, 0, 4, 9))
const leeway = createLeeway({
  issuer: 'Example',
  repository: memoryRepository(),
  cipher: aesGcmCipher({ keys: [{ id: 'k1', key: randomBytes(32) }] }),
  policy: { newUsers: { period: { days: 30, start: 'first-sign-in' } } },
  clock,
})

/** The host's sessions, by what the cookie holds. */
const sessions = new Map<string, Identity>()
const sidOf = (request: WebRequest) => /sid=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? ''

function begin(identity: Identity): { 'set-cookie': string } {
  const sid = randomBytes(16).toString('hex')
  sessions.set(sid, identity)
  return { 'set-cookie': `sid=${sid}; Path=/; HttpOnly; SameSite=Lax` }
}

@Controller()
class PagesController {
  constructor(@Inject(LEEWAY) private readonly service: Leeway) {}

  @Public()
  @Post('sign-in')
  @HttpCode(204)
  async signIn(
    @Req() req: { body: { userId: string } },
    @Res({ passthrough: true }) res: { set(fields: object): void },
  ) {
    const { userId } = req.body
    const level = levelFor(await this.service.signIn(userId))
    if (level === null) return
    res.set(begin({ userId, level, accountName: `${userId}@example.com`, signedInAt: clock() }))
  }

  @Get('inbox')
  inbox(@Asking() { userId }: Identity) {
    return { inboxOf: userId }
  }
}

@Controller('payroll')
@Mfa({ sensitive: true })
class PayrollController {
  @Get('payslips')
  payslips(@Asking() { userId }: Identity) {
    return { payslipsOf: userId }
  }
}

const mfa = LeewayModule.forRoot({
  leeway,
  identify: (request) => sessions.get(sidOf(request)) ?? null,
  sessions: {
    async raise(identity, request) {
      sessions.delete(sidOf(request))
      return begin({ ...identity, level: 'mfa', signedInAt: clock() })
    },
    async endOthers(userId, keep) {
      for (const [sid, identity] of sessions) {
        if (identity.userId === userId && (keep === null || sid !== sidOf(keep))) sessions.delete(sid)
      }
    },
    async rememberSetup(identity, setupId) {
      identity.setupId = setupId
    },
  },
  pages: { signIn: '/sign-in', setup: '/set-up', challenge: '/challenge' },
})

@Module({ imports: [mfa], controllers: [PagesController, PayrollController] })
class AppModule {}

/** A browser: it keeps the cookie it was given last. */
function browser(origin: string) {
  let cookie = ''
  return async (path: string, body?: object) => {
    const headers = { cookie, ...(body && { origin, 'content-type': 'application/json' }) }
    const init = body && { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(origin + path, { ...init, headers, redirect: 'manual' })
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }
}

test('a Nest application with leeway: sign-in, set-up within the period, sensitive routes, challenge, deadline', async (t) => {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'fatal'] })
  await app.listen(0, '127.0.0.1')
  t.after(() => app.close())
  const origin = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`
  const ada = browser(origin)

  const stranger = await ada('/inbox')
  assert.deepEqual([stranger.status, stranger.body.type], [401, 'urn:leeway:unauthenticated'])
  assert.match(stranger.headers.get('content-type') ?? '', /^application\/problem\+json/)
  // A navigation is led to the page for it.
  const navigation = await fetch(`${origin}/inbox`, { headers: { accept: 'text/html' }, redirect: 'manual' })
  assert.deepEqual([navigation.status, navigation.headers.get('location')], [303, '/sign-in?return_to=%2Finbox'])

  assert.equal((await ada('/sign-in', { userId: 'ada' })).status, 204)
  assert.deepEqual((await ada('/inbox')).body, { inboxOf: 'ada' })
  assert.equal((await ada('/payroll/payslips')).body.type, 'urn:leeway:setup-required')
  assert.equal((await ada('/mfa/me')).body.decision.action, 'offer-setup')

  // Nest's parser has read these bodies before leeway does.
  const setup = await ada('/mfa/me/setup', {})
  const onPhone = phone(setup.body.keyUri)
  const confirmed = await ada('/mfa/me/setup/confirm', { code: onPhone.codeAt(clock()) })
  assert.deepEqual([confirmed.status, confirmed.body.recoveryCodes.length], [200, 10])
  assert.deepEqual((await ada('/payroll/payslips')).body, { payslipsOf: 'ada' })

  const elsewhere = browser(origin)
  await elsewhere('/sign-in', { userId: 'ada' })
  assert.equal((await elsewhere('/inbox')).body.type, 'urn:leeway:challenge-required')
  assert.equal((await elsewhere('/mfa/me/verify', { code: onPhone.codeAt(clock()) })).status, 422)
  clock.advance(30_000)
  assert.equal((await elsewhere('/mfa/me/verify', { code: onPhone.codeAt(clock()) })).status, 200)
  assert.deepEqual((await elsewhere('/inbox')).body, { inboxOf: 'ada' })

  const ben = browser(origin)
  await ben('/sign-in', { userId: 'ben' })
  clock.advance(30 * DAY)
  assert.equal((await ben('/inbox')).body.type, 'urn:leeway:setup-required')
  assert.equal((await ben('/nowhere')).status, 404)
})

test('what fails behind the guard is an error, not a pass', async (t) => {
  const failing = LeewayModule.forRoot({
    leeway,
    identify() {
      throw new Error('the session store is down')
    },
    sessions: { raise: async () => ({}), endOthers: async () => {}, rememberSetup: async () => {} },
  })
  @Module({ imports: [failing], controllers: [PayrollController] })
  class FailingModule {}
  const app = await NestFactory.create(FailingModule, { logger: false })
  await app.listen(0, '127.0.0.1')
  t.after(() => app.close())
  const { port } = app.getHttpServer().address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/payroll/payslips`)
  assert.equal(response.status, 500)
  assert.equal((await response.json()).type, 'urn:leeway:internal')
})
