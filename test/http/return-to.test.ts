import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { returnTo } from '../../src/http/index.js'

const ORIGIN = 'https://example.com'
const from = (path: string): string => returnTo(new Request(`${ORIGIN}/login?return_to=${encodeURIComponent(path)}`))

describe('returnTo', () => {
  it.each([
    ['/', '/'],
    ['/inbox', '/inbox'],
    ['/inbox?page=2&x=%2F', '/inbox?page=2&x=%2F'],
    ['/a//b', '/a//b'],
    ['/a b?q=é', '/a%20b?q=%C3%A9'],
    ['/inbox#top', '/inbox'],
  ])('goes on to %s', (path, expected) => {
    expect(from(path)).toBe(expected)
  })

  it.each([
    '',
    'inbox',
    '//evil.example',
    '/\\evil.example',
    '\\/evil.example',
    '///evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    '\t//evil.example',
    '/\n/evil.example',
    ' /inbox',
    '/a\u0000b',
    '/a\u007fb',
    '/a\u0085b',
    '/.//evil.example',
    '/..//evil.example',
    '/a/../..//evil.example',
    '/%2e//evil.example',
    '/./\\evil.example',
  ])('goes nowhere for %j', (path) => {
    expect(from(path)).toBe('/')
  })

  it('goes nowhere without one, and takes the first of two', () => {
    expect(returnTo(new Request(`${ORIGIN}/login`))).toBe('/')
    expect(returnTo(new Request(`${ORIGIN}/login?return_to=/a&return_to=//evil.example`))).toBe('/a')
  })

  it("reads the path that Node's requests have for a URL", () => {
    expect(returnTo({ url: '/login?return_to=%2Finbox' })).toBe('/inbox')
    expect(returnTo({ url: '//evil.example/?return_to=%2Finbox' })).toBe('/inbox')
    expect(returnTo({ url: '/login?return_to=%2F%2Fevil.example' })).toBe('/')
    for (const url of ['//', 'http://', undefined, '*']) expect(returnTo({ url })).toBe('/')
  })

  it('stays on this origin whatever it is asked, however often it is read', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(
          fc.constantFrom(
            '/',
            '\\',
            '.',
            '..',
            '%2e',
            '%2f',
            '%5c',
            '\t',
            '@',
            ':',
            '?',
            '#',
            'evil.example',
            '\u3002',
          ),
        )
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (path) => {
        const request = new Request(`${ORIGIN}/login?${new URLSearchParams({ return_to: path })}`)
        const location = returnTo(request)
        expect(new URL(location, ORIGIN).origin).toBe(ORIGIN)
        expect(location).toMatch(/^\/(?![/\\])[!-~]*$/)
        expect(from(location)).toBe(location)
      }),
      { numRuns: 2000 },
    )
  })
})
