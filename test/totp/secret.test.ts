import { describe, expect, it } from 'vitest'
import { generateSecret, generateTotp } from '../../src/totp/index.js'
import { drawSecret } from '../../src/totp/secret.js'

describe('generateSecret', () => {
  it('gives 20 bytes, or as many as asked for from 16 to 64', () => {
    expect(generateSecret()).toBeInstanceOf(Uint8Array)
    expect(generateSecret().length).toBe(20)
    expect(generateSecret(undefined).length).toBe(20)
    for (let length = 16; length <= 64; length++) expect(generateSecret(length).length).toBe(length)
  })

  it('refuses other lengths', () => {
    for (const length of [15, 65, 0, -20, 20.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => generateSecret(length)).toThrow(RangeError)
    }
    for (const length of ['20', null, 20n, [20]]) expect(() => generateSecret(length as never)).toThrow(TypeError)
  })

  it('never gives the same secret twice, and every bit as often 0 as 1', () => {
    const secrets = Array.from({ length: 2000 }, () => generateSecret())
    expect(new Set(secrets.map((secret) => Buffer.from(secret).toString('hex'))).size).toBe(secrets.length)
    for (let bit = 0; bit < 160; bit++) {
      const ones = secrets.filter((secret) => ((secret[bit >> 3] ?? 0) >> (bit & 7)) & 1).length
      // 8 standard deviations: a fair generator fails this less than once in 10^12 runs.
      expect(Math.abs(ones - 1000)).toBeLessThan(8 * Math.sqrt(2000 / 4))
    }
  })

  it('gives secrets that codes can be made from', () => {
    expect(generateTotp(generateSecret(64), 0)).toMatch(/^\d{6}$/)
  })
})

describe('drawSecret', () => {
  it('asks the given source for 20 bytes and takes what it gives', () => {
    const asked: number[] = []
    const secret = drawSecret((byteLength) => {
      asked.push(byteLength)
      return new Uint8Array(byteLength).fill(7)
    })
    expect(asked).toEqual([20])
    expect(secret).toEqual(new Uint8Array(20).fill(7))
  })

  it('refuses a source that gives more, less or something else', () => {
    expect(() => drawSecret(() => new Uint8Array(19))).toThrow(RangeError)
    expect(() => drawSecret(() => new Uint8Array(21))).toThrow(RangeError)
    expect(() => drawSecret(() => 'x'.repeat(20) as never)).toThrow(TypeError)
  })
})
