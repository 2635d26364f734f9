import assert from 'node:assert/strict'
import { sessionOf } from '../host.js'
import { administration, ask, type Case, refused, told } from './asking.js'

/** What may be in a body. */
export const bodyCases: readonly Case[] = [
  {
    name: 'bodies: what is no JSON object of the right form is refused, and not repeated',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password', { setupId: 'mine' })
      const bodies = [
        '',
        'null',
        '[]',
        '"123456"',
        '{',
        '{"code":123456}',
        '{"code":""}',
        `{"code":"${'1'.repeat(129)}"}`,
        '{"code":null}',
        '{"code":["123456"]}',
        '{"code":"123456","hunter2":1}',
        '{"code":"123456","__proto__":{}}',
        '{"Code":"123456"}',
        '[[[[[[[[[[[[[[[[',
        '\u0000',
      ]
      for (const body of bodies) {
        const answer = await ask(server, 'POST /mfa/me/setup/confirm', { as, body })
        const text = JSON.stringify(await refused(answer, 400, 'invalid-request'))
        assert.doesNotMatch(text, /hunter2|123456|111/)
      }
    },
  },
  {
    name: 'bodies: a problem points at what is wrong',
    async run(server) {
      const { as } = await administration(server)
      const body = { terms: { period: { days: 0 } } }
      const answer = await ask(server, 'PUT /mfa/users/ada/requirement', { as, body })
      const { errors } = await refused(answer, 400, 'invalid-request')
      assert.deepEqual(errors, [{ pointer: '/terms/period/days', rule: 'too_small' }])
    },
  },
  {
    name: 'bodies: at most 16,384 bytes, and 1 MiB for many users',
    async run(server) {
      const { as } = await administration(server)
      const ada = sessionOf(server.host, 'ada', 'password', { setupId: 'mine' })
      const sized = (bytes: number): string => {
        const body = { code: '123456' }
        return JSON.stringify(body).padEnd(bytes, ' ')
      }
      const confirm = (bytes: number): Promise<Response> =>
        ask(server, 'POST /mfa/me/setup/confirm', { as: ada, body: sized(bytes) })
      await refused(await confirm(16_384), 409, 'no-setup')
      await refused(await confirm(16_385), 413, 'body-too-large')
      await refused(await confirm(3_000_000), 413, 'body-too-large')
      const terms = { period: { days: 30 } }
      const assignment = JSON.stringify({ userIds: ['ada'], terms })
      await told(await ask(server, 'POST /mfa/rollout/preview', { as, body: assignment.padEnd(1_048_576) }))
      const larger = await ask(server, 'POST /mfa/rollout/preview', { as, body: assignment.padEnd(1_048_577) })
      await refused(larger, 413, 'body-too-large')
    },
  },
]
