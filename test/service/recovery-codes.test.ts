import { describe, expect, it } from 'vitest'
import { drawCode, readRecoveryCode } from '../../src/service/recovery-codes.js'

describe('a code drawn', () => {
  /** A code of the bytes from `first` on, which is a symbol each. */
  const from = (first: number) =>
    drawCode((byteLength) => Uint8Array.from({ length: byteLength }, (_, at) => first + at))

  it("has 25 symbols of Crockford's base32, one for the low five bits of each byte", () => {
    expect(from(0)).toBe('01234-56789-ABCDE-FGHJK-MNPQR')
    expect(from(7)).toBe('789AB-CDEFG-HJKMN-PQRST-VWXYZ')
    for (const first of [0, 7]) for (let turn = 32; turn < 224; turn += 32) expect(from(first + turn)).toBe(from(first))
  })

  it('is read as it was shown', () => {
    for (const first of [0, 7]) expect(readRecoveryCode(from(first))).toBe(from(first).replaceAll('-', ''))
  })
})

describe('a code typed', () => {
  it('is up to 128 characters long, spaces and hyphens included', () => {
    const code = '0123456789ABCDEFGHJKMNPQR'
    expect(readRecoveryCode(code.padEnd(128))).toBe(code)
    expect(readRecoveryCode(code.padEnd(129))).toBeNull()
    expect(readRecoveryCode(code.slice(1))).toBeNull()
    expect(readRecoveryCode(`${code}0`)).toBeNull()
    expect(readRecoveryCode(code.replace('A', 'U'))).toBeNull()
  })

  it('is of ASCII letters, digits, spaces and hyphens from its first character to its last', () => {
    // The long s is an S, and the Kelvin sign a K, once they are made upper case or folded.
    for (const stranger of ['\u017f', '\u212a', '_', '\t', '\n', '\u00a0']) {
      for (const code of [
        `${stranger}${'A'.repeat(24)}`,
        `${'A'.repeat(24)}${stranger}`,
        `${'A'.repeat(25)}${stranger}`,
      ])
        expect(readRecoveryCode(code)).toBeNull()
    }
  })

  it('may be 8 to 64 letters and digits where codes were imported', () => {
    const imported = true
    for (const [code, read] of [
      ['u'.repeat(8), 'U'.repeat(8)],
      ['u'.repeat(64), 'U'.repeat(64)],
      ['u'.repeat(7), null],
      ['u'.repeat(65), null],
      ['oil-OIL-oil', '011011011'],
    ] as const) {
      expect(readRecoveryCode(code, { imported })).toBe(read)
    }
  })
})
