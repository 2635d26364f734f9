import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/testing/index.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('seeded randomness', () => {
  it('is the same on every runtime and in every release', () => {
    expect(hex(seededRandom(1)(16))).toBe('06c8a4e022128bff00cdd3c2d661fbf3')
    expect(hex(seededRandom('leeway')(16))).toBe('6574940d03c2a08f0108c2a8f9d587c2')
  })

  it('is one stream, however it is cut', () => {
    const [whole, cut] = [seededRandom('seed'), seededRandom('seed')]
    expect(hex(whole(100))).toBe([1, 0, 19, 80].map((length) => hex(cut(length))).join(''))
  })

  it('differs from seed to seed, near ones and ones of other type too', () => {
    const seeds = [0, 1, 2, -1, 0.5, '', '0', '1', '2', 'a', 'b', 'ab', 'ba', 'number:1', 'é', 'e\u0301']
    expect(new Set(seeds.map((seed) => hex(seededRandom(seed)(16)))).size).toBe(seeds.length)
    expect(new Set(Array.from({ length: 2000 }, (_, seed) => hex(seededRandom(seed)(4)))).size).toBeGreaterThan(1998)
  })

  it('never repeats 16 bytes, and has each bit set half of the time', () => {
    const random = seededRandom(7)
    const draws = Array.from({ length: 20_000 }, () => random(16))
    expect(new Set(draws.map(hex)).size).toBe(draws.length)
    for (let bit = 0; bit < 128; bit++) {
      const set = draws.filter((bytes) => ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1).length
      // 7 standard deviations of a fair coin
      expect(Math.abs(set - 10_000)).toBeLessThan(500)
    }
  })

  it('fills as many bytes as are asked for', () => {
    expect(seededRandom(1)(0)).toEqual(new Uint8Array())
    expect(seededRandom(1)(65_536)).toHaveLength(65_536)
  })

  it('refuses other seeds and lengths', () => {
    for (const seed of [undefined, null, 1n, {}]) expect(() => seededRandom(seed as never)).toThrow(TypeError)
    for (const seed of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => seededRandom(seed)).toThrow(RangeError)
    for (const length of [-1, 1.5, 65_537, Number.NaN]) expect(() => seededRandom(1)(length)).toThrow(RangeError)
    expect(() => seededRandom(1)('1' as never)).toThrow(TypeError)
  })
})
