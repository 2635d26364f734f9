import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertUserId } from '../../src/enrollment/user.js'

describe('assertUserId', () => {
  it.each([
    ['one byte', 'a'],
    ['255 bytes of ASCII', 'a'.repeat(255)],
    ['255 bytes of three each', '€'.repeat(85)],
    ['252 bytes of four each', '😀'.repeat(63)],
    ['blanks, which are kept', ' ada '],
  ])('accepts %s', (_, userId) => {
    expect(() => assertUserId(userId)).not.toThrow()
  })

  it.each<[string, unknown, ErrorConstructor]>([
    ['nothing', undefined, TypeError],
    ['a number', 7, TypeError],
    ['a String object', Object('ada'), TypeError],
    ['no characters', '', RangeError],
    ['256 bytes of ASCII', 'a'.repeat(256), RangeError],
    ['256 bytes of two each', 'ä'.repeat(128), RangeError],
    ['258 bytes of three each', '€'.repeat(86), RangeError],
    ['256 bytes of four each', '😀'.repeat(64), RangeError],
    ['half a character', 'ada\ud83d', RangeError],
    ['U+0000', 'ada\u0000', RangeError],
  ])('refuses %s', (_, userId, kind) => {
    expect(() => assertUserId(userId)).toThrow(kind)
    expect(() => assertUserId(userId)).toThrow(/^userId must be /)
    expect(() => assertUserId(userId, 'userIds[3]')).toThrow(/^userIds\[3\] must be /)
  })

  it('counts bytes of UTF-8, whatever the characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300, size: 'max' }), (text) => {
        const fits = Buffer.byteLength(text) <= 255 && !text.includes('\u0000')
        if (fits) expect(() => assertUserId(text)).not.toThrow()
        else expect(() => assertUserId(text)).toThrow(RangeError)
      }),
    )
  })
})
