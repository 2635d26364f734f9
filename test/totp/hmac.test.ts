import { describe, expect, it } from 'vitest'
import { keepKey, takeKey, truncatedHmac, wipeKey } from '../../src/totp/hmac.js'
import { generateTotp, prepareTotp, type TotpCheck, verifyTotp } from '../../src/totp/index.js'
import { algorithms, oracleHotp, rfcSecret } from './oracle.js'

const long = Uint8Array.from({ length: 128 }, (_, i) => i ^ 0x5a)

describe('hash states that calls share', () => {
  it('are made once for each algorithm', () => {
    const keys = algorithms.map((algorithm) => takeKey(algorithm, rfcSecret))
    expect(new Set(keys).size).toBe(algorithms.length)
    for (const [at, algorithm] of algorithms.entries()) expect(takeKey(algorithm, rfcSecret)).toBe(keys[at])
    for (const key of keys) wipeKey(key)
  })

  it('hold nothing of the key once it is wiped, and cannot be used before it is taken again', () => {
    for (const algorithm of algorithms) {
      for (const secret of [rfcSecret, long]) {
        const key = takeKey(algorithm, secret)
        truncatedHmac(key, 1)
        wipeKey(key)
        const { pad, digest, scratch } = key.workspace
        expect(pad.every((byte) => byte === 0)).toBe(true)
        expect(digest.every((byte) => byte === 0)).toBe(true)
        for (const state of [key.inner, key.outer, scratch]) expect(() => state.update(pad)).toThrow('destroyed')
      }
    }
  })

  it('hold nothing of a key that is kept elsewhere', () => {
    const { workspace } = keepKey('SHA1', long)
    expect(workspace.pad.every((byte) => byte === 0)).toBe(true)
    expect(() => workspace.scratch.update(workspace.pad)).toThrow('destroyed')
  })

  it('start afresh, whatever a call that was cut short left in them', () => {
    for (const algorithm of algorithms) {
      const { workspace } = takeKey(algorithm, long)
      workspace.pad.fill(0xff)
      workspace.digest.fill(0xff)
      workspace.blank._cloneInto(workspace.scratch).update(workspace.pad.subarray(1))
      for (const secret of [rfcSecret, long]) {
        expect(generateTotp(secret, 0, { algorithm })).toBe(oracleHotp(secret, 0, { algorithm }))
        expect(prepareTotp(secret, { algorithm }).generate(0)).toBe(oracleHotp(secret, 0, { algorithm }))
        workspace.pad.fill(0xff)
      }
    }
  })

  it('survive a call that runs out of stack in the middle', () => {
    // An attacker who makes the server recurse before it checks a code: no check may answer for another one's key.
    const block = long.subarray(0, 64)
    const short = long.subarray(0, 10)
    const kept = prepareTotp(short)
    const expected = oracleHotp(short, 0)
    const below = (frames: number, run: () => void): void => (frames === 0 ? run() : below(frames - 1, run))
    const outcomes = { threw: 0, right: 0, wrong: 0 }
    const attempt = (run: () => boolean): void => {
      try {
        outcomes[run() ? 'right' : 'wrong']++
      } catch (error) {
        if (error instanceof RangeError) outcomes.threw++
      }
    }
    let levels = 0
    const dive = (): void => {
      try {
        dive()
      } catch {
        // Unwinding: each level up has a little more stack, so that calls fail at ever later places.
      }
      if (levels++ > 500) return
      for (let frames = 0; frames < 12; frames++) {
        // The first comes to its end less often than the others, which then find what it left.
        attempt(() => {
          below(frames, () => generateTotp(block, 0))
          return true
        })
        attempt(() => generateTotp(short, 0) === expected)
        attempt(() => verifyTotp(short, expected, { now: 0, window: 0 }).ok)
        attempt(() => kept.generate(0) === expected)
      }
    }
    dive()
    expect(outcomes.wrong).toBe(0)
    expect(outcomes.threw).toBeGreaterThan(0)
    expect(outcomes.right).toBeGreaterThan(0)
    expect(generateTotp(rfcSecret, 59_000)).toBe('287082')
  })

  it('are not in use while the parameters are read', () => {
    // An attacker whose object has getters: each of them checks another code, in the middle of this check.
    const inner = (): void => {
      expect(generateTotp(long, 0, { algorithm: 'SHA1' })).toBe(oracleHotp(long, 0))
      expect(verifyTotp(long, oracleHotp(long, 0), { now: 0 }).ok).toBe(true)
    }
    const reads: string[] = []
    const spied = <Value extends object>(value: Value): Value =>
      new Proxy(value, {
        get(target, property, receiver) {
          reads.push(String(property))
          inner()
          return Reflect.get(target, property, receiver)
        },
      })
    const check = spied<TotpCheck>({
      now: 59_000,
      window: spied({ past: 1, future: 1 }),
      afterTimeStep: 0,
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
      t0: 0,
    })
    expect(verifyTotp(rfcSecret, '287082', check)).toEqual({ ok: true, timeStep: 1, delta: 0 })
    // Each is read once: what was checked is what is used.
    expect(reads.toSorted()).toEqual([
      'afterTimeStep',
      'algorithm',
      'digits',
      'future',
      'now',
      'past',
      'period',
      't0',
      'window',
    ])
  })

  it('are handed no method of the secret', () => {
    class Spy extends Uint8Array {
      override subarray(): never {
        throw new Error('called')
      }
      override slice(): never {
        throw new Error('called')
      }
      override [Symbol.iterator](): never {
        throw new Error('called')
      }
    }
    for (const bytes of [rfcSecret, long]) {
      const secret = new Spy(bytes.length)
      secret.set(bytes)
      for (const algorithm of algorithms)
        expect(generateTotp(secret, 0, { algorithm })).toBe(oracleHotp(bytes, 0, { algorithm }))
    }
  })
})
