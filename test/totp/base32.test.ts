import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase32, encodeBase32 } from '../../src/totp/index.js'
import rfc4648 from '../vectors/rfc4648.json' with { type: 'json' }

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const refuses = (text: string): void => expect(() => decodeBase32(text)).toThrow(RangeError)

describe('the vectors of RFC 4648', () => {
  for (const { text, base32 } of rfc4648.texts) {
    it(`'${text}' is ${base32 || 'nothing'}`, () => {
      expect(encodeBase32(ascii(text))).toBe(base32.replaceAll('=', ''))
      expect(decodeBase32(base32)).toEqual(ascii(text))
      expect(decodeBase32(base32.replaceAll('=', ''))).toEqual(ascii(text))
      expect(decodeBase32(base32.toLowerCase())).toEqual(ascii(text))
    })
  }
})

describe('encodeBase32', () => {
  it('writes every byte so that it is read back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase32(bytes)
        expect(text).toMatch(/^[A-Z2-7]*$/)
        expect(text.length).toBe(Math.ceil((bytes.length * 8) / 5))
        expect(decodeBase32(text)).toEqual(bytes)
      }),
    )
  })

  it('writes what BigInt says: the number the bytes are, in base 32', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
        const length = Math.ceil((bytes.length * 8) / 5)
        const spare = BigInt(length * 5 - bytes.length * 8)
        let number = BigInt(`0x${Buffer.from(bytes).toString('hex')}`) << spare
        let text = ''
        for (let i = 0; i < length; i++) {
          text = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(Number(number & 31n)) + text
          number >>= 5n
        }
        expect(encodeBase32(bytes)).toBe(text)
      }),
    )
  })

  it('takes a Buffer as the bytes it is', () => {
    expect(encodeBase32(Buffer.from('foobar'))).toBe('MZXW6YTBOI')
  })

  it('refuses what is not bytes', () => {
    for (const value of ['foobar', [1, 2], null, undefined, new ArrayBuffer(4), new Uint16Array(2)]) {
      expect(() => encodeBase32(value as never)).toThrow(TypeError)
    }
  })
})

describe('decodeBase32', () => {
  it('reads any case, with spaces and hyphens between groups and padding or none', () => {
    const bytes = ascii('12345678901234567890')
    for (const text of [
      'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      'gezdgnbvgy3tqojqgezdgnbvgy3tqojq',
      'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ',
      'gezd-gnbv-gy3t-qojq-gezd-gnbv-gy3t-qojq',
      ' GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ ',
    ]) {
      expect(decodeBase32(text)).toEqual(bytes)
    }
    expect(decodeBase32('mzxw 6ytb oi======')).toEqual(ascii('foobar'))
    expect(decodeBase32('MZXW6YTBOI ===-===')).toEqual(ascii('foobar'))
  })

  it('drops bits beyond the last byte, as authenticator apps do', () => {
    expect(decodeBase32('MZ')).toEqual(decodeBase32('MY'))
    expect(decodeBase32('S46SQCPPTCNPROMHWYBDCTBZXV').length).toBe(16)
  })

  it('refuses every character outside the alphabet', () => {
    for (let unit = 0; unit < 0x300; unit++) {
      const character = String.fromCharCode(unit)
      if (/^[A-Za-z2-7 =-]$/.test(character)) continue
      refuses(`AAAAAAA${character}`)
    }
  })

  it('refuses letters that turn into ASCII only in another case', () => {
    // U+017F is S and U+0131 is I in upper case, U+212A is k in lower case.
    for (const letter of ['\u017f', '\u0131', '\u212a']) refuses(`AAAAAAA${letter}`)
  })

  it('refuses other spaces and other hyphens, astral letters and lone surrogates', () => {
    for (const text of ['\t', '\n', '\u00a0', '\u2011', '\u2212', '\uff21', '\u{1d400}', '\ud835', '\udc00'])
      refuses(`AAAAAAA${text}`)
  })

  it('refuses lengths that no bytes have', () => {
    for (const length of [1, 3, 6, 9, 11, 14]) refuses('A'.repeat(length))
    for (const length of [0, 2, 4, 5, 7, 8, 10, 12, 13, 15, 16]) {
      expect(decodeBase32('A'.repeat(length)).length).toBe(Math.floor((length * 5) / 8))
    }
  })

  it('refuses padding that is not at the end or not complete', () => {
    for (const text of [
      '=',
      '========',
      'MY=',
      'MY=====',
      'MY=======',
      'MZXW6YTB========',
      'MY====AA',
      'M=Y=====',
      '==MY====',
      'MZXW6YQ==',
    ]) {
      refuses(text)
    }
  })

  it('refuses what is not a string, and repeats nothing of what is', () => {
    for (const value of [null, undefined, 42, ['MY'], { length: 2 }, new String('MY')]) {
      expect(() => decodeBase32(value as never)).toThrow(TypeError)
    }
    expect(() => decodeBase32('GEZDGNBVGY3TQOJ1')).toThrow(/^text must be base32: [^G]*$/)
  })

  it('reads only what it writes, but for case, separators, padding and spare bits', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AZaz27 -=018\u017f'), maxLength: 24 }), (text) => {
        let bytes: Uint8Array
        try {
          bytes = decodeBase32(text)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
          return
        }
        const plain = text.replace(/[ =-]/g, '').toUpperCase()
        expect(encodeBase32(bytes).slice(0, -1)).toBe(plain.slice(0, -1))
        expect(encodeBase32(bytes).length).toBe(plain.length)
      }),
      { numRuns: 2000 },
    )
  })
})
