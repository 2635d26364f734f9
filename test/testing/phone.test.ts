import { describe, expect, it } from 'vitest'
import { phone } from '../../src/testing/index.js'
import { encodeBase32, generateTotp } from '../../src/totp/index.js'

const text = '12345678901234567890'
const secret = new TextEncoder().encode(text)

describe('a phone', () => {
  // RFC 6238, appendix B
  it.each([
    ['SHA1', text, 59, '94287082'],
    ['SHA256', `${text}123456789012`, 1_111_111_109, '68084774'],
    ['SHA512', `${text}${text}${text}1234`, 20_000_000_000, '47863826'],
  ])('shows the codes of RFC 6238 for %s', (algorithm, key, seconds, code) => {
    const uri = `otpauth://totp/Issuer:ada?secret=${encodeBase32(new TextEncoder().encode(key))}&algorithm=${algorithm}&digits=8`
    expect(phone(uri).codeAt(seconds * 1000)).toBe(code)
  })

  it('takes a secret in base32, as bytes or in a key URI', () => {
    const code = generateTotp(secret, 59_000)
    expect(phone(encodeBase32(secret)).codeAt(59_000)).toBe(code)
    expect(phone('gezd gnbv gy3t qojq gezd gnbv gy3t qojq').codeAt(59_000)).toBe(code)
    expect(phone(secret).codeAt(59_000)).toBe(code)
    expect(phone(`OTPAUTH://totp/ada?secret=${encodeBase32(secret)}`).codeAt(59_000)).toBe(code)
  })

  it('keeps to the period of the key URI', () => {
    const app = phone(`otpauth://totp/ada?secret=${encodeBase32(secret)}&period=60`)
    expect(app.codeAt(59_999)).toBe(generateTotp(secret, 0))
    expect(app.codeAt(60_000)).toBe(generateTotp(secret, 30_000))
    expect(app.codeAt(60_000)).not.toBe(app.codeAt(59_999))
  })

  it('keeps its own copy of the bytes', () => {
    const bytes = new Uint8Array(secret)
    const app = phone(bytes)
    bytes.fill(0)
    expect(app.codeAt(59_000)).toBe(generateTotp(secret, 59_000))
    expect(Object.isFrozen(app)).toBe(true)
  })

  it('refuses what no app could scan, without repeating it', () => {
    for (const wrong of [
      '',
      'CANARY1',
      'otpauth://hotp/CANARY?secret=GEZDGNBVGY3TQOJQ',
      'otpauth://totp/CANARY?secret=1',
      undefined,
      42,
      new Uint8Array(4),
    ]) {
      expect(() => phone(wrong as string)).toThrow(/^(?!.*CANARY)/)
    }
  })
})
