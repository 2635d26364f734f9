import { sessionOf } from '../host.js'
import { ask, type Case, refused, told } from './asking.js'

/** Who may change something, and in which type. */
export const originCases: readonly Case[] = [
  {
    name: 'origin: a change comes from a page of this origin, or an allowed one, or it is refused',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password')
      const own = await server.fetch('/mfa/me').then(originOf)
      const send = (headers: Record<string, string>): Promise<Response> =>
        server.fetch('/mfa/me/postpone', {
          method: 'POST',
          headers: { 'content-type': 'application/json', cookie: as, ...headers },
          body: '{}',
        })
      const accepted: Record<string, string>[] = [
        { 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'same-origin', origin: own },
        { origin: own },
        { origin: 'https://app.example' },
        { 'sec-fetch-site': 'cross-site', origin: 'https://app.example' },
      ]
      const rejected: Record<string, string>[] = [
        {},
        { origin: 'null' },
        { origin: 'https://evil.example' },
        { origin: `${own}.evil.example` },
        { origin: `${own}/` },
        { origin: own.replace('://', '://user@') },
        { 'sec-fetch-site': 'cross-site', origin: own },
        { 'sec-fetch-site': 'same-site', origin: own },
        { 'sec-fetch-site': 'none' },
        { 'sec-fetch-site': 'cross-site' },
        { authorization: 'Bearer token' },
        { authorization: 'Basic YTpi' },
      ]
      for (const headers of accepted) await told(await send(headers))
      for (const headers of rejected) await refused(await send(headers), 403, 'cross-origin')
    },
  },
  {
    name: 'origin: a bearer token without a cookie is exempt from that check, and from no other',
    async run(server) {
      const headers = { authorization: 'Bearer token', 'content-type': 'text/plain' }
      const post = (more: Record<string, string>): Promise<Response> =>
        server.fetch('/mfa/me/postpone', { method: 'POST', headers: { ...headers, ...more }, body: '{}' })
      await refused(await post({}), 415, 'unsupported-media-type')
      await refused(await post({ 'content-type': 'application/json' }), 401, 'unauthenticated')
      await refused(
        await post({ authorization: 'Basic YTpi', 'content-type': 'application/json' }),
        403,
        'cross-origin',
      )
    },
  },
  {
    name: 'content type: a change is JSON, an empty one too',
    async run(server) {
      const as = sessionOf(server.host, 'ada', 'password')
      const types = [
        '',
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/jsonp',
        'text/plain, application/json',
      ]
      for (const type of types) {
        const headers = { 'sec-fetch-site': 'same-origin', cookie: as, ...(type !== '' && { 'content-type': type }) }
        const answer = await server.fetch('/mfa/me/postpone', { method: 'POST', headers })
        await refused(answer, 415, 'unsupported-media-type')
      }
      for (const type of ['application/json; charset=utf-8', 'Application/JSON', ' application/json ;x=y']) {
        await told(await ask(server, 'POST /mfa/me/postpone', { as, headers: { 'content-type': type } }))
      }
    },
  },
]

/** The origin that a server has for itself: the address that the answer is from. */
function originOf({ url }: Response): string {
  return new URL(url === '' ? 'https://example.com' : url).origin
}
