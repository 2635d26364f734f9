import assert from 'node:assert/strict'
import { phone } from '../../../src/testing/index.js'
import { DAY, MINUTE, STEP, WRONG_RECOVERY_CODE, wrongCode } from '../../service/setting.js'
import { sessionBy, sessionOf } from '../host.js'
import { administration, ask, because, begun, type Case, enrolled, iso, type Json, refused, told } from './asking.js'

/** What users do for themselves. */
export const ownCases: readonly Case[] = [
  {
    name: 'GET /me: the decision for anybody signed in, and the status unless a code must be shown first',
    async run(server) {
      const { host } = server
      const terms = { terms: { period: { days: 30 } }, because: [because('the boss said so')] }
      await host.leeway.requireEnrollment('ada', terms, { actor: 'root', reason: 'the boss said so' })
      const password = await told(await ask(server, 'GET /mfa/me', { as: sessionOf(host, 'ada', 'password') }))
      assert.deepEqual(password['decision'], {
        phase: 'enrollment-period',
        deadline: iso(host.clock() + 30 * DAY),
        daysLeft: 30,
        sessionsValidFrom: null,
        action: 'offer-setup',
        postponementsLeft: null,
        passRequired: false,
      })
      assert.deepEqual(password['status'], {
        userId: 'ada',
        phase: 'enrollment-period',
        requirement: {
          assignedAt: iso(host.clock()),
          startsAt: iso(host.clock()),
          deadline: iso(host.clock() + 30 * DAY),
          daysLeft: 30,
          selfEnrollment: 'always',
          postponementsLeft: null,
        },
        exemption: null,
        authenticators: [],
        recoveryCodesLeft: 0,
        setup: null,
        lock: { totp: { state: 'open' }, recovery: { state: 'open' } },
      })
      const { authenticatorId } = await enrolled(server, 'ada')
      const challenged = await told(await ask(server, 'GET /mfa/me', { as: sessionOf(host, 'ada', 'challenge') }))
      assert.equal((challenged['decision'] as Json)['action'], 'challenge')
      assert.equal(challenged['status'], null)
      const mfa = await told(await ask(server, 'GET /mfa/me', { as: sessionOf(host, 'ada', 'mfa') }))
      assert.equal((mfa['status'] as { authenticators: Json[] }).authenticators[0]?.['id'], authenticatorId)
      await refused(await ask(server, 'GET /mfa/me', { as: sessionOf(host, 'ada', 'setup') }), 401, 'sign-in-again')
    },
  },
  {
    name: "administrators' words are in no answer under /me",
    async run(server) {
      const { host } = server
      const secretly = 'we do not trust him'
      const note = { actor: 'root', reason: secretly }
      const terms = { terms: { period: { days: 30 } }, because: [because(secretly)] }
      await host.leeway.requireEnrollment('ada', terms, note)
      await host.leeway.exempt('ada', { until: host.clock() + DAY, reason: secretly }, note)
      const { codeAt, authenticatorId } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const path = `/mfa/me/authenticators/${authenticatorId}`
      const answers = [
        await ask(server, 'GET /mfa/me', { as }),
        await ask(server, 'GET /mfa/me/history', { as }),
        await ask(server, `PATCH ${path}`, { as, body: { label: 'Phone' } }),
        await ask(server, 'POST /mfa/me/postpone', { as }),
        await ask(server, 'POST /mfa/me/setup', { as, body: { proof: { code: codeAt(host.clock()) } } }),
      ]
      for (const answer of answers) {
        const text = await answer.text()
        assert.equal(answer.status, 200, text)
        assert.equal(text.includes(secretly), false)
      }
      const { as: root } = await administration(server)
      const status = await told(await ask(server, 'GET /mfa/users/ada', { as: root }))
      assert.equal(JSON.stringify(status).split(secretly).length - 1, 2)
      const history = await told(await ask(server, 'GET /mfa/users/ada/history', { as: root }))
      assert.equal(JSON.stringify(history).split(secretly).length - 1, 2)
    },
  },
  {
    name: 'POST /me/postpone: counts once for each sign-in',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: { days: 30 }, postponements: 3 })
      const as = sessionOf(host, 'ada', 'password')
      const left = async (session: string): Promise<unknown> =>
        (await told(await ask(server, 'POST /mfa/me/postpone', { as: session })))['postponementsLeft']
      assert.equal(await left(as), 2)
      assert.equal(await left(as), 2)
      host.clock.advance(MINUTE)
      assert.equal(await left(sessionOf(host, 'ada', 'password')), 1)
      const body = { signInId: 'another' }
      await refused(await ask(server, 'POST /mfa/me/postpone', { as, body }), 400, 'invalid-request')
      await host.leeway.requireEnrollment('ada', { period: 'none' })
      await refused(await ask(server, 'POST /mfa/me/postpone', { as }), 403, 'setup-required')
    },
  },
  {
    name: 'set-up: begin, reload, confirm; the id never travels, other sessions are ended, this one is raised',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: 'none' })
      const as = sessionOf(host, 'ada', 'setup', { accountName: '<b>"Ada" & co' })
      const setup = await begun(server, as, { label: '<i>phone</i>' })
      assert.deepEqual(Object.keys(setup).sort(), ['expiresAt', 'keyUri', 'qr', 'resumed', 'secret'])
      assert.equal(setup['expiresAt'], iso(host.clock() + 10 * MINUTE))
      assert.equal(setup['resumed'], false)
      assert.match(String(setup['qr']), /^<svg .*aria-label="QR code for &lt;b&gt;&quot;Ada&quot; &amp; co"/)
      assert.match(String(sessionBy(host, as)?.setupId), /^[0-9a-f]{32}$/)
      assert.equal(JSON.stringify(setup).includes(sessionBy(host, as)?.setupId as string), false)
      const again = await begun(server, as)
      assert.deepEqual([again['secret'], again['resumed']], [setup['secret'], true])
      const me = await ask(server, 'GET /mfa/me', { as })
      assert.equal((await me.text()).includes(sessionBy(host, as)?.setupId as string), false)

      const app = phone(String(setup['keyUri']))
      const wrong = await ask(server, 'POST /mfa/me/setup/confirm', {
        as,
        body: { code: wrongCode(app, host.clock()) },
      })
      const problem = await refused(wrong, 422, 'invalid-code')
      assert.deepEqual([problem['triesLeft'], problem['clockOffsetSeconds']], [4, null])
      const slow = { code: app.codeAt(host.clock() + 5 * MINUTE) }
      const early = await refused(
        await ask(server, 'POST /mfa/me/setup/confirm', { as, body: slow }),
        422,
        'invalid-code',
      )
      assert.deepEqual([early['triesLeft'], early['clockOffsetSeconds']], [3, 300])

      const other = sessionOf(host, 'ada', 'setup')
      const body = { code: app.codeAt(host.clock()) }
      const answer = await ask(server, 'POST /mfa/me/setup/confirm', { as, body })
      const cookies = answer.headers.getSetCookie()
      const confirmed = await told(answer)
      assert.equal((confirmed['recoveryCodes'] as string[]).length, 10)
      assert.equal(confirmed['ok'], true)
      assert.equal(cookies.length, 2)
      assert.deepEqual(host.ended, [{ userId: 'ada', kept: true }])
      assert.equal(sessionBy(host, other), undefined)
      assert.equal(sessionBy(host, as), undefined)
      const raised = sessionBy(host, cookies[0] as string)
      assert.deepEqual([raised?.level, raised?.setupId], ['mfa', null])
      const session = (cookies[0] as string).split(';')[0] as string
      const inbox = await ask(server, 'GET /inbox', { as: session })
      assert.equal(await inbox.text(), 'ada')
      const own = await told(await ask(server, 'GET /mfa/me', { as: session }))
      assert.equal((own['status'] as { authenticators: Json[] }).authenticators[0]?.['label'], '<i>phone</i>')
    },
  },
  {
    name: 'set-up: restart gives another secret and ends the older set-up',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password')
      const first = await begun(server, as)
      const second = await begun(server, as, { restart: true })
      assert.notEqual(first['secret'], second['secret'])
      assert.equal(second['resumed'], false)
      assert.equal((await begun(server, as, { restart: false }))['secret'], second['secret'])
    },
  },
  {
    name: "set-up: one session neither sees, confirms nor cancels another's",
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      const setup = await begun(server, as)
      const thief = sessionOf(host, 'ada', 'password')
      const code = phone(String(setup['keyUri'])).codeAt(host.clock())
      await refused(await ask(server, 'POST /mfa/me/setup/confirm', { as: thief, body: { code } }), 409, 'no-setup')
      await refused(await ask(server, 'POST /mfa/me/setup/cancel', { as: thief }), 409, 'no-setup')
      assert.notEqual((await begun(server, thief))['secret'], setup['secret'])
      await refused(await ask(server, 'POST /mfa/me/setup/confirm', { as, body: { code } }), 409, 'no-setup')
    },
  },
  {
    name: 'set-up: cancelled, it is gone; too late, it is expired',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      await begun(server, as)
      const cancelled = await ask(server, 'POST /mfa/me/setup/cancel', { as })
      assert.equal(cancelled.status, 204)
      assert.equal(await cancelled.text(), '')
      assert.equal(sessionBy(host, as)?.setupId, null)
      await refused(await ask(server, 'POST /mfa/me/setup/cancel', { as }), 409, 'no-setup')
      const setup = await begun(server, as)
      host.clock.advance(10 * MINUTE)
      const code = phone(String(setup['keyUri'])).codeAt(host.clock())
      await refused(await ask(server, 'POST /mfa/me/setup/confirm', { as, body: { code } }), 409, 'expired')
    },
  },
  {
    name: 'set-up: a pass where one is needed, a proof where one is bound, and no more than are allowed',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: { days: 1 }, selfEnrollment: 'with-pass' })
      const as = sessionOf(host, 'ada', 'password')
      await refused(await ask(server, 'POST /mfa/me/setup', { as, body: {} }), 403, 'pass-required')
      await host.leeway.issuePass('ada')
      const wrong = { pass: WRONG_RECOVERY_CODE }
      await refused(await ask(server, 'POST /mfa/me/setup', { as, body: wrong }), 422, 'invalid-pass')
      const { pass } = await host.leeway.issuePass('ada')
      await begun(server, as, { pass })

      const bob = await enrolled(server, 'bob')
      const session = sessionOf(host, 'bob', 'mfa')
      await refused(await ask(server, 'POST /mfa/me/setup', { as: session, body: {} }), 403, 'proof-required')
      const guessed = { proof: { code: bob.wrong() } }
      await refused(await ask(server, 'POST /mfa/me/setup', { as: session, body: guessed }), 422, 'invalid-code')
      for (let at = 1; at < 5; at++) {
        const proof = { recoveryCode: bob.recoveryCodes[at] }
        const setup = await begun(server, session, { proof, restart: true })
        const setupId = sessionBy(host, session)?.setupId as string
        const code = phone(String(setup['keyUri'])).codeAt(host.clock())
        assert((await host.leeway.confirmSetup('bob', code, { setupId })).ok)
      }
      const more = { proof: { recoveryCode: bob.recoveryCodes[5] }, restart: true }
      await refused(
        await ask(server, 'POST /mfa/me/setup', { as: session, body: more }),
        409,
        'too-many-authenticators',
      )
    },
  },
  {
    name: 'set-up: the next authenticator comes without recovery codes',
    async run(server) {
      const { host } = server
      const { codeAt } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const setup = await begun(server, as, { proof: { code: codeAt(host.clock()) } })
      const body = { code: phone(String(setup['keyUri'])).codeAt(host.clock()) }
      const confirmed = await told(await ask(server, 'POST /mfa/me/setup/confirm', { as, body }))
      assert.equal(confirmed['recoveryCodes'], null)
    },
  },
  {
    name: 'verify: a right code raises the session, and is right once',
    async run(server) {
      const { host } = server
      const { codeAt, authenticatorId } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'challenge')
      const body = { code: codeAt(host.clock()) }
      const answer = await ask(server, 'POST /mfa/me/verify', { as, body })
      const [cookie = ''] = answer.headers.getSetCookie()
      assert.deepEqual(await told(answer), {
        ok: true,
        method: 'totp',
        authenticatorId,
        recoveryCodesLeft: 10,
        failuresSinceLastSuccess: 0,
      })
      assert.equal(sessionBy(host, cookie)?.level, 'mfa')
      await refused(await ask(server, 'POST /mfa/me/verify', { as, body }), 401, 'unauthenticated')
      const second = sessionOf(host, 'ada', 'challenge')
      await refused(await ask(server, 'POST /mfa/me/verify', { as: second, body }), 422, 'invalid-code')
    },
  },
  {
    name: 'verify: locked says until when, rounded up to the second; disabled says so',
    async run(server) {
      const { host } = server
      host.clock.advance(1)
      const { wrong } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'challenge')
      const verify = (): Promise<Response> => ask(server, 'POST /mfa/me/verify', { as, body: { code: wrong() } })
      for (let at = 0; at < 5; at++) await refused(await verify(), 422, 'invalid-code')
      const answer = await verify()
      const until = host.clock() + MINUTE
      assert.equal(answer.headers.get('retry-after'), new Date(until + 999).toUTCString())
      assert.equal((await refused(answer, 423, 'locked'))['retryAt'], iso(until))
      for (let at = 5; at < 50; at++) {
        host.clock.advance(2 * DAY)
        await verify()
      }
      await refused(await verify(), 423, 'disabled')
    },
  },
  {
    name: 'recover: a recovery code raises the session, once, locked by its own counter',
    async run(server) {
      const { host } = server
      const { recoveryCodes } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'challenge')
      const body = { recoveryCode: recoveryCodes[0] }
      const answer = await ask(server, 'POST /mfa/me/recover', { as, body })
      assert.equal(sessionBy(host, answer.headers.getSetCookie()[0] as string)?.level, 'mfa')
      assert.equal((await told(answer))['recoveryCodesLeft'], 9)
      const again = sessionOf(host, 'ada', 'challenge')
      await refused(await ask(server, 'POST /mfa/me/recover', { as: again, body }), 422, 'invalid-code')
      const wrong = { recoveryCode: WRONG_RECOVERY_CODE }
      for (let at = 0; at < 5; at++) {
        await refused(await ask(server, 'POST /mfa/me/recover', { as: again, body: wrong }), 422, 'invalid-code')
      }
      await refused(await ask(server, 'POST /mfa/me/recover', { as: again, body }), 423, 'locked')
    },
  },
  {
    name: 'authenticators: renamed and removed by their owner, with a proof; an unknown one is not found',
    async run(server) {
      const { host } = server
      const { codeAt, authenticatorId, recoveryCodes } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const bob = await enrolled(server, 'bob')
      const own = `/mfa/me/authenticators/${authenticatorId}`
      const others = `/mfa/me/authenticators/${bob.authenticatorId}`
      const renamed = await told(await ask(server, `PATCH ${own}`, { as, body: { label: '<b>' } }))
      assert.equal(renamed['changed'], true)
      assert.equal((renamed['authenticators'] as Json[])[0]?.['label'], '<b>')
      for (const label of ['', 'a'.repeat(101), 'a\u0000', 7]) {
        await refused(await ask(server, `PATCH ${own}`, { as, body: { label } }), 400, 'invalid-request')
      }
      await refused(await ask(server, `PATCH ${others}`, { as, body: { label: 'mine' } }), 404, 'unknown-authenticator')
      const recovery = { proof: { recoveryCode: recoveryCodes[0] } }
      await refused(await ask(server, `POST ${others}/remove`, { as, body: recovery }), 404, 'unknown-authenticator')
      for (const body of [{}, { proof: {} }, { proof: { code: '123456', recoveryCode: 'a' } }, { code: '123456' }]) {
        await refused(await ask(server, `POST ${own}/remove`, { as, body }), 400, 'invalid-request')
      }
      await host.leeway.requireEnrollment('ada', { period: { days: 30 } })
      await refused(await ask(server, `POST ${own}/remove`, { as, body: recovery }), 409, 'last-authenticator')
      await host.leeway.makeOptional('ada')
      host.clock.advance(STEP)
      const body = { proof: { code: codeAt(host.clock()) } }
      assert.deepEqual(await told(await ask(server, `POST ${own}/remove`, { as, body })), { ok: true })
    },
  },
  {
    name: 'recovery codes: made anew for a proof',
    async run(server) {
      const { host } = server
      const { codeAt, wrong } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const guessed = { proof: { code: wrong() } }
      await refused(await ask(server, 'POST /mfa/me/recovery-codes', { as, body: guessed }), 422, 'invalid-code')
      const body = { proof: { code: codeAt(host.clock()) } }
      const { recoveryCodes } = await told(await ask(server, 'POST /mfa/me/recovery-codes', { as, body }))
      assert.equal((recoveryCodes as string[]).length, 10)
    },
  },
  {
    name: 'only set-up is reachable before set-up, only a code before a code',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: 'none' })
      const setup = sessionOf(host, 'ada', 'setup')
      await enrolled(server, 'bob')
      const challenge = sessionOf(host, 'bob', 'challenge')
      const closed: [string, unknown][] = [
        ['GET /mfa/me/history', undefined],
        ['POST /mfa/me/postpone', {}],
        ['PATCH /mfa/me/authenticators/x', { label: 'a' }],
        ['POST /mfa/me/authenticators/x/remove', { proof: { code: '123456' } }],
        ['POST /mfa/me/recovery-codes', { proof: { code: '123456' } }],
      ]
      for (const [line, body] of closed) {
        await refused(await ask(server, line, { as: setup, body }), 403, 'setup-required')
        await refused(await ask(server, line, { as: challenge, body }), 403, 'challenge-required')
      }
      for (const line of ['POST /mfa/me/verify', 'POST /mfa/me/recover']) {
        await refused(await ask(server, line, { as: setup, body: {} }), 403, 'setup-required')
      }
      for (const line of ['POST /mfa/me/setup', 'POST /mfa/me/setup/confirm', 'POST /mfa/me/setup/cancel']) {
        await refused(await ask(server, line, { as: challenge, body: {} }), 403, 'challenge-required')
      }
      await host.leeway.suspend('carol')
      const carol = sessionOf(host, 'carol', 'mfa')
      for (const [line, body] of [...closed, ['GET /mfa/me', undefined] as const]) {
        await refused(await ask(server, line, { as: carol, body }), 403, 'suspended')
      }
    },
  },
  {
    name: 'history: own events by pages, instants as ISO 8601',
    async run(server) {
      const { host } = server
      await host.leeway.requireEnrollment('ada', { period: { days: 30 } }, { actor: 'root', reason: 'because' })
      await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'mfa')
      const first = await told(await ask(server, 'GET /mfa/me/history?limit=1', { as }))
      const [event] = first['events'] as { type: string; at: string; actor: string; reason: null; details: Json }[]
      assert.deepEqual([event?.type, event?.actor, event?.reason], ['requirement-assigned', 'root', null])
      assert.equal(event?.details['deadline'], iso(Date.parse(event?.at ?? '') + 30 * DAY))
      const rest = await told(await ask(server, `GET /mfa/me/history?after=${String(first['next'])}`, { as }))
      assert.equal(JSON.stringify(rest).includes('setup-begun'), true)
      // Milliseconds since 1970 have thirteen digits.
      assert.doesNotMatch(JSON.stringify(rest), /:\d{13}/)
      for (const query of [
        'limit=0',
        'limit=1001',
        'limit=01',
        'limit=1.0',
        'limit=1&limit=2',
        'after=',
        'after=%00',
        'page=2',
      ]) {
        await refused(await ask(server, `GET /mfa/me/history?${query}`, { as }), 400, 'invalid-request')
      }
    },
  },
]
