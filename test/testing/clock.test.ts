import { describe, expect, it } from 'vitest'
import { fixedClock } from '../../src/testing/index.js'

describe('a fixed clock', () => {
  it('stands still until it is told', () => {
    const clock = fixedClock(1000)
    expect([clock(), clock()]).toEqual([1000, 1000])
  })

  it('is set forwards and backwards, and advanced from where it is', () => {
    const clock = fixedClock(1000)
    clock.set(5000)
    clock.advance(250)
    expect(clock()).toBe(5250)
    clock.set(0)
    expect(clock()).toBe(0)
    clock.advance(8.64e15)
    clock.advance(-1)
    expect(clock()).toBe(8.64e15 - 1)
  })

  it('runs apart from other clocks and can be passed on by itself', () => {
    const [one, other] = [fixedClock(1), fixedClock(2)]
    const { advance } = one
    advance(10)
    expect([one(), other()]).toEqual([11, 2])
    expect(Object.isFrozen(one)).toBe(true)
  })

  it('refuses what is no instant, and then stands where it stood', () => {
    const clock = fixedClock(1000)
    for (const wrong of [-1, 0.5, Number.NaN, 8.64e15 + 1]) {
      expect(() => fixedClock(wrong)).toThrow(RangeError)
      expect(() => clock.set(wrong)).toThrow(RangeError)
    }
    for (const wrong of [-1001, 0.5, Number.NaN, 8.64e15]) expect(() => clock.advance(wrong)).toThrow(RangeError)
    for (const wrong of [undefined, '1', 1n, new Date(0)]) {
      expect(() => fixedClock(wrong as never)).toThrow(TypeError)
      expect(() => clock.set(wrong as never)).toThrow(TypeError)
      expect(() => clock.advance(wrong as never)).toThrow(TypeError)
    }
    expect(clock()).toBe(1000)
  })
})
