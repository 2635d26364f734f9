import assert from 'node:assert/strict'
import { sessionOf } from '../host.js'
import { administration, ask, type Case, refused, told } from './asking.js'

const ALLOW: readonly (readonly [path: string, allow: string])[] = [
  ['/mfa/me', 'GET, HEAD, OPTIONS'],
  ['/mfa/me/setup', 'POST, OPTIONS'],
  ['/mfa/me/authenticators/x', 'PATCH, OPTIONS'],
  ['/mfa/users/ada', 'GET, HEAD, OPTIONS'],
  ['/mfa/users/ada/requirement', 'PUT, DELETE, OPTIONS'],
  ['/mfa/users/ada/authenticators/x/revoke', 'POST, OPTIONS'],
  ['/mfa/rollout/export.csv', 'GET, HEAD, OPTIONS'],
]

/** What paths and methods lead to. */
export const pathCases: readonly Case[] = [
  {
    name: 'paths: what is no route is not found, whoever asks and however',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'mfa', { administrator: true })
      const paths = ['/mfa', '/mfa/', '/mfa/me/', '/mfa/Me', '/mfa/%6de', '/mfa/users/', '/mfa/users//history']
      for (const path of [...paths, '/mfa/users/ada/x', '/mfa//me', '/mfa/me/authenticators/']) {
        await refused(await ask(server, `GET ${path}`, { as }), 404, 'not-found')
        await refused(await ask(server, `POST ${path}`), 404, 'not-found')
      }
      await refused(await ask(server, 'OPTIONS /mfa/nothing'), 404, 'not-found')
    },
  },
  {
    name: 'methods: others are refused with those that are allowed; OPTIONS tells them to anybody',
    async run(server) {
      for (const [path, allow] of ALLOW) {
        const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !allow.split(', ').includes(method))
        for (const method of others) {
          const answer = await ask(server, `${method} ${path}`, { headers: { 'sec-fetch-site': 'cross-site' } })
          assert.equal(answer.headers.get('allow'), allow)
          await refused(answer, 405, 'method-not-allowed')
        }
        const options = await server.fetch(path, { method: 'OPTIONS' })
        assert.deepEqual([options.status, options.headers.get('allow')], [204, allow])
        assert.equal(options.headers.get('access-control-allow-origin'), null)
        assert.equal(await options.text(), '')
      }
    },
  },
  {
    name: 'methods: HEAD is as GET, without the body',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password')
      const head = await ask(server, 'HEAD /mfa/me', { as })
      const get = await ask(server, 'GET /mfa/me', { as })
      assert.equal(head.status, 200)
      assert.equal(head.headers.get('content-type'), get.headers.get('content-type'))
      assert.equal(await head.text(), '')
      const refusal = await ask(server, 'HEAD /mfa/me')
      assert.equal(refusal.status, 401)
      assert.equal(await refusal.text(), '')
    },
  },
  {
    name: 'ids: one that is not percent-encoded UTF-8, or no user id, is refused before anything else',
    async run(server) {
      for (const id of ['%ff', '%', '%zz', '%00', 'a'.repeat(256), encodeURIComponent('é'.repeat(128))]) {
        await refused(await ask(server, `GET /mfa/users/${id}`), 400, 'invalid-request')
        await refused(await ask(server, `POST /mfa/users/${id}`), 400, 'invalid-request')
      }
    },
  },
  {
    name: 'ids: any character but a dot alone may be in one, decoded once',
    async run(server) {
      const { as } = await administration(server)
      for (const id of ['a/b', 'a b', '%41', 'é?#', 'a;b=c', '<b>', '...', '\\', 'a+b']) {
        const answer = await told(await ask(server, `GET /mfa/users/${encodeURIComponent(id)}`, { as }))
        assert.equal(answer['userId'], id)
      }
      // A URL has no segment of one or two dots, encoded or not: it is taken out before any server looks, or refused.
      for (const path of ['/mfa/users/.', '/mfa/users/%2e', '/mfa/users/%2E%2e']) {
        const answer = await ask(server, `GET ${path}`, { as })
        assert([400, 404].includes(answer.status))
      }
    },
  },
]
