import assert from 'node:assert/strict'
import { phone } from '../../../src/testing/index.js'
import { sessionOf } from '../host.js'
import { administration, ask, begun, type Case, enrolled, refused, told } from './asking.js'

/** What is answered where a part of the host's fails. */
export const hookCases: readonly Case[] = [
  {
    name: 'a hook fails at begin: no secret is shown, and the set-up is cancelled',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      host.faults.rememberSetup = true
      const answer = await ask(server, 'POST /mfa/me/setup', { as, body: {} })
      const problem = JSON.stringify(await refused(answer, 503, 'session-not-raised'))
      assert.doesNotMatch(problem, /otpauth|secret|hunter2/)
      assert.equal((await host.leeway.status('ada')).setup, null)
      assert.match(String(host.errors[0]), /rememberSetup failed/)
      assert.equal(host.errors.length, 1)
    },
  },
  {
    name: 'hooks fail at confirm: the recovery codes are told all the same, and the host of each failure',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      const setup = await begun(server, as)
      Object.assign(host.faults, { rememberSetup: true, endOthers: true, raise: true })
      const body = { code: phone(String(setup['keyUri'])).codeAt(host.clock()) }
      const answer = await ask(server, 'POST /mfa/me/setup/confirm', { as, body })
      assert.deepEqual(answer.headers.getSetCookie(), [])
      assert.equal(((await told(answer))['recoveryCodes'] as string[]).length, 10)
      const failed = host.errors.map((error) => String(error).split(' ')[1])
      assert.deepEqual(failed, ['rememberSetup', 'endOthers', 'raise'])
    },
  },
  {
    name: 'a hook fails at cancel: the set-up is gone all the same',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      await begun(server, as)
      host.faults.rememberSetup = true
      assert.equal((await ask(server, 'POST /mfa/me/setup/cancel', { as })).status, 204)
      assert.equal((await host.leeway.status('ada')).setup, null)
      assert.equal(host.errors.length, 1)
    },
  },
  {
    name: 'a session that cannot be raised: 503 for verify and recover',
    async run(server) {
      const { host } = server
      const { codeAt, recoveryCodes } = await enrolled(server, 'ada')
      const as = sessionOf(host, 'ada', 'challenge')
      host.faults.raise = true
      const code = { code: codeAt(host.clock()) }
      const verified = await refused(
        await ask(server, 'POST /mfa/me/verify', { as, body: code }),
        503,
        'session-not-raised',
      )
      assert.doesNotMatch(JSON.stringify(verified), /hunter2/)
      const recovery = { recoveryCode: recoveryCodes[0] }
      await refused(await ask(server, 'POST /mfa/me/recover', { as, body: recovery }), 503, 'session-not-raised')
      assert.equal(host.errors.length, 2)
    },
  },
  {
    name: 'sessions that cannot be ended: the change stands, 503, and doing it again ends them',
    async run(server) {
      const { host } = server
      const { as } = await administration(server)
      const { authenticatorId } = await enrolled(server, 'ada')
      const lines: [string, unknown][] = [
        [`POST /mfa/users/ada/authenticators/${authenticatorId}/revoke`, {}],
        ['POST /mfa/users/ada/reset', { grace: 'none' }],
        ['POST /mfa/users/ada/suspend', {}],
      ]
      for (const [line, body] of lines) {
        sessionOf(host, 'ada', 'mfa')
        host.faults.endOthers = true
        await refused(await ask(server, line, { as, body }), 503, 'sessions-not-ended')
        host.faults.endOthers = false
        host.ended.length = 0
        const repeated = await told(await ask(server, line, { as, body }))
        assert.equal(repeated['changed'], false)
        assert.deepEqual(host.ended, [{ userId: 'ada', kept: false }])
        assert.equal(
          [...host.sessions.values()].some(({ userId }) => userId === 'ada'),
          false,
        )
      }
      assert.equal((await host.leeway.status('ada')).phase, 'suspended')
    },
  },
  {
    name: 'a store that fails is 503 everywhere, and says nothing of it',
    async run(server) {
      const { host } = server
      const as = sessionOf(host, 'ada', 'password')
      host.faults.store = true
      for (const line of ['GET /mfa/me', 'POST /mfa/me/setup', 'POST /mfa/me/postpone']) {
        const problem = await refused(
          await ask(server, line, { as, body: line.startsWith('GET') ? undefined : {} }),
          503,
          'store-unavailable',
        )
        assert.deepEqual(Object.keys(problem).sort(), ['status', 'title', 'type'])
      }
      assert.equal(host.errors.length, 3)
      host.faults.store = false
      host.faults.identify = true
      assert.doesNotMatch(
        JSON.stringify(await refused(await ask(server, 'GET /mfa/me', { as }), 500, 'internal')),
        /hunter2/,
      )
    },
  },
]
