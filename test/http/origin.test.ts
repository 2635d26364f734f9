import { describe, expect, it } from 'vitest'
import { isSameOrigin, type OriginOptions } from '../../src/http/index.js'

const post = (headers: Record<string, string>): Request =>
  new Request('https://example.com/profile', { method: 'POST', headers })

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

  it('refuses options that are none', () => {
    expect(() => isSameOrigin(post({}), { allowedOrigins: ['null'] })).toThrow(
      new RangeError('options.allowedOrigins[0] must be an origin, as in https://example.com'),
    )
    expect(() => isSameOrigin(post({}), { origins: [] } as never)).toThrow(TypeError)
    expect(() => isSameOrigin(post({}), null as never)).toThrow(new TypeError('options must be an object'))
  })
})
