import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCode } from '../../src/totp/code.js'
import { prepareTotp, verifyHotp, verifyTotp } from '../../src/totp/index.js'
import { anyDigits, oracleHotp, rfcSecret } from './oracle.js'

const malformed = { ok: false, reason: 'malformed' }
const CODE = '287082'
const now = 59_000

/** Every way of checking a code, with a secret for which {@link CODE} is right. */
function checkAll(code: unknown, expected: { ok: boolean; reason?: string }): void {
  expect(verifyTotp(rfcSecret, code, { now })).toMatchObject(expected)
  expect(prepareTotp(rfcSecret).verify(code, { now })).toMatchObject(expected)
  expect(verifyHotp(rfcSecret, code, { counter: 1 })).toMatchObject(expected)
}

describe('a code', () => {
  it('may have ASCII spaces and hyphens anywhere', () => {
    for (const code of [
      CODE,
      '287 082',
      '287-082',
      ' 287082 ',
      '2-8-7-0-8-2',
      '--287  082--',
      `287082${' '.repeat(26)}`,
    ]) {
      checkAll(code, { ok: true })
    }
  })

  it('has at most 32 characters', () => {
    checkAll(`287082${' '.repeat(26)}`, { ok: true })
    checkAll(`287082${' '.repeat(27)}`, malformed)
  })

  it('has exactly as many digits as the parameters say', () => {
    fc.assert(
      fc.property(anyDigits, fc.string({ unit: fc.constantFrom(...'0123456789 -'), maxLength: 12 }), (digits, code) => {
        const plain = code.replace(/[ -]/g, '')
        const expected =
          plain.length !== digits
            ? malformed
            : plain === oracleHotp(rfcSecret, 1, { digits })
              ? { ok: true, counter: 1 }
              : { ok: false, reason: 'mismatch' }
        expect(verifyHotp(rfcSecret, code, { counter: 1, digits })).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('is right in all its digits', () => {
    for (const digits of [6, 7, 8] as const) {
      const code = oracleHotp(rfcSecret, 1, { digits })
      for (let at = 0; at < digits; at++) {
        for (let digit = 0; digit <= 9; digit++) {
          const other = code.slice(0, at) + digit + code.slice(at + 1)
          expect(verifyHotp(rfcSecret, other, { counter: 1, digits }).ok).toBe(other === code)
        }
      }
    }
  })

  it('is one of a million: of all six digits, exactly those of the window match', () => {
    const totp = prepareTotp(rfcSecret)
    const live = new Set([0, 1, 2].map((step) => oracleHotp(rfcSecret, step)))
    const matched = new Set<string>()
    // Every 101st, then the right ones and their neighbours: each costs a whole window.
    for (let number = 0; number < 1e6; number += 101) {
      const code = String(number).padStart(6, '0')
      if (totp.verify(code, { now }).ok) matched.add(code)
    }
    for (const code of live) {
      for (const number of [Number(code) - 1, Number(code), Number(code) + 1]) {
        const neighbour = String(number).padStart(6, '0')
        if (totp.verify(neighbour, { now }).ok) matched.add(neighbour)
      }
    }
    expect(matched).toEqual(live)
  })
})

describe('hostile codes', () => {
  // An attacker sends whatever JSON, a form or a query string can carry, and more. Each of these once broke or fooled
  // a library for one-time passwords. The right code is hidden in most of them.
  const thrower = {
    toString(): never {
      throw new Error('called')
    },
    valueOf(): never {
      throw new Error('called')
    },
    [Symbol.toPrimitive](): never {
      throw new Error('called')
    },
    get length(): never {
      throw new Error('called')
    },
  }
  const corpus: Record<string, unknown> = {
    undefined: undefined,
    null: null,
    true: true,
    'a number': 287082,
    NaN: Number.NaN,
    'a bigint': 287082n,
    'a symbol': Symbol('287082'),
    'a function': () => CODE,
    'a String object': new String(CODE),
    'an array with the code': [CODE],
    'an array of digits': [2, 8, 7, 0, 8, 2],
    'an array of characters': [...CODE],
    'an array of character codes': [...CODE].map((digit) => digit.charCodeAt(0)),
    bytes: Buffer.from(CODE),
    'an array-like': { length: 6, 0: '2', 1: '8', 2: '7', 3: '0', 4: '8', 5: '2' },
    'an object with toString': { toString: () => CODE },
    'an object that throws when looked at': thrower,
    'a proxy that throws when looked at': new Proxy(
      {},
      { get: () => thrower.toString(), getPrototypeOf: () => thrower.toString() },
    ),
    nothing: '',
    'one space': ' ',
    'only hyphens': '------',
    'one digit less': '28708',
    'one digit more': '2870820',
    'the code twice': CODE + CODE,
    'a zero in front': `0${CODE}`,
    'a plus in front': `+${CODE}`,
    'a sign for a digit': '+87082',
    'a line end': `${CODE}\n`,
    'a carriage return': `${CODE}\r`,
    'a tab': `\t${CODE}`,
    'a NUL': `${CODE}\u0000`,
    'a NUL in the middle': '287\u0000082',
    'a no-break space': `287\u00a0082`,
    'a zero-width space': `287\u200b082`,
    'a byte order mark': `\ufeff${CODE}`,
    'a direction override': `\u202e280782`,
    'a soft hyphen': `287\u00ad082`,
    'a real minus': `287\u2212082`,
    'an underscore': '287_082',
    'a dot': '287082.',
    'a fraction': '287082.0',
    'an exponent': '287082e0',
    hexadecimal: '0x4616a',
    letters: 'abcdef',
    'letter O for zero': '287O82',
    SQL: "1' OR '1'='1",
    'full-width digits': '２８７０８２',
    'Arabic-Indic digits': '٢٨٧٠٨٢',
    'Persian digits': '۲۸۷۰۸۲',
    'Devanagari digits': '२८७०८२',
    'mathematical digits': '𝟐𝟖𝟕𝟎𝟖𝟐',
    'superscript digits': '²⁸⁷⁰⁸²',
    'one full-width digit': '28708２',
    'a combining mark': `${CODE}\u0301`,
    'bullets of a filled password field': '●●●●●●',
    'high surrogates': '\ud83d'.repeat(6),
    'low surrogates': '\udc00'.repeat(6),
    'a lone surrogate after the code': `${CODE}\ud800`,
    'control characters': '\u0001\u0002\u0003\u0004\u0005\u0006',
    'a code unit that is a digit in its low byte': String.fromCharCode(
      ...[...CODE].map((digit) => digit.charCodeAt(0) + 0x100),
    ),
  }

  for (const [name, code] of Object.entries(corpus)) {
    it(`${name}: the ordinary refusal`, () => checkAll(code, malformed))
  }

  it('of megabytes cost no more than looking at their length', () => {
    // Five thousand checks: if they looked at each character, they would outlast every time limit.
    const huge = 'x'.repeat(2 ** 20)
    for (const code of [
      huge,
      ' '.repeat(2 ** 24),
      CODE.repeat(2 ** 18),
      `${CODE}${' '.repeat(2 ** 24)}`,
      '\ud800'.repeat(2 ** 20),
    ]) {
      for (let i = 0; i < 1000; i++) expect(verifyTotp(rfcSecret, code, { now }).ok).toBe(false)
    }
  })

  it('have no character that stands for less than 0 or more than 9', () => {
    // By its place in ASCII '(' is 0 less 8, and ':' is ten: 28709 times ten less 8 would be the code.
    checkAll('28709(', malformed)
    checkAll('28707<', malformed)
    for (let unit = 0; unit < 0x300; unit++) {
      const character = String.fromCharCode(unit)
      if (/^[0-9 -]$/.test(character)) continue
      for (const code of [`28709${character}`, `${character}28709`]) expect(readCode(code, 6)).toBe(-1)
    }
  })

  it('never throw, and never match unless they are the code', () => {
    const live = [0, 1, 2].map((step) => oracleHotp(rfcSecret, step))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom(...'0123456789 -٣３') }),
        ),
        (code) => {
          const { ok } = verifyTotp(rfcSecret, code, { now })
          expect(ok).toBe(typeof code === 'string' && code.length <= 32 && live.includes(code.replace(/[ -]/g, '')))
        },
      ),
      { numRuns: 3000 },
    )
  })
})
