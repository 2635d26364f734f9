import { type IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { isSameOrigin, type OriginOptions } from '../../src/http/index.js'

const post = (headers: Record<string, string>): Request =>
  new Request('https://example.com/profile', { method: 'POST', headers })

/** A request as node:http has it. */
function nodeRequest(headers: IncomingHttpHeaders): IncomingMessage {
  const req = new IncomingMessage(new Socket())
  Object.assign(req, { url: '/profile', method: 'POST' })
  Object.assign(req.headers, headers)
  return req
}

describe('isSameOrigin', () => {
  it.each([
    [{ 'sec-fetch-site': 'same-origin' }, {}, true],
    [{ 'sec-fetch-site': 'same-site' }, {}, false],
    [{ 'sec-fetch-site': 'none' }, {}, false],
    [{ origin: 'https://example.com' }, {}, true],
    [{ origin: 'https://example.com', 'sec-fetch-site': 'cross-site' }, {}, false],
    [{ origin: 'http://example.com' }, {}, false],
    [{ origin: 'https://example.com:444' }, {}, false],
    [{ origin: 'null' }, {}, false],
    [{}, {}, false],
    // Other than the handler, it knows no tokens: forms have none.
    [{ authorization: 'Bearer token' }, {}, false],
    [{ origin: 'https://example.com' }, { origin: 'https://public.example' }, false],
    [{ origin: 'https://public.example' }, { origin: 'https://public.example' }, true],
    [{ origin: 'https://app.example' }, { allowedOrigins: ['https://app.example'] }, true],
    [
      { origin: 'https://app.example', 'sec-fetch-site': 'same-site' },
      { allowedOrigins: ['https://app.example'] },
      true,
    ],
    [{ origin: 'null' }, { allowedOrigins: ['https://app.example'] }, false],
  ] as [Record<string, string>, OriginOptions, boolean][])('%j with %j: %s', (headers, options, expected) => {
    expect(isSameOrigin(post(headers), options)).toBe(expected)
  })

  it("reads Node's requests, which have a path and plain headers, once it is told its own origin", () => {
    const req = nodeRequest({ origin: 'https://example.com', host: 'example.com' })
    expect(isSameOrigin(req, { origin: 'https://example.com' })).toBe(true)
    expect(isSameOrigin(req, { origin: 'https://other.example' })).toBe(false)
    expect(isSameOrigin(nodeRequest({}), { origin: 'https://example.com' })).toBe(false)
    expect(isSameOrigin(nodeRequest({ 'sec-fetch-site': 'same-origin' }), { origin: 'https://example.com' })).toBe(true)
    const twice = { headers: { origin: ['https://example.com', 'https://evil.example'] } }
    expect(isSameOrigin(twice, { origin: 'https://example.com' })).toBe(false)
    // A header that is called "get" is no method.
    expect(
      isSameOrigin({ headers: { get: 'x', origin: 'https://evil.example' } }, { origin: 'https://a.example' }),
    ).toBe(false)
  })

  it('says so where it cannot know its own origin, whatever the browser tells', () => {
    for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }, { origin: 'https://example.com' }]) {
      const wanted = new TypeError('options.origin must be given for a request whose url is a path')
      expect(() => isSameOrigin(nodeRequest(headers))).toThrow(wanted)
      expect(() => isSameOrigin({ headers })).toThrow(wanted)
    }
  })

  it('refuses options that are none', () => {
    expect(() => isSameOrigin(post({}), { allowedOrigins: ['null'] })).toThrow(
      new RangeError('options.allowedOrigins[0] must be an origin, as in https://example.com'),
    )
    expect(() => isSameOrigin(post({}), { origins: [] } as never)).toThrow(TypeError)
    expect(() => isSameOrigin(post({}), null as never)).toThrow(new TypeError('options must be an object'))
  })
})
