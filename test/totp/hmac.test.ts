import { describe, expect, it } from 'vitest'
import { keepKey, takeKey, truncatedHmac, wipeKey } from '../../src/totp/hmac.js'
import { generateTotp, prepareTotp, type TotpCheck, verifyTotp } from '../../src/totp/index.js'
import { algorithms, oracleHotp, rfcSecret } from './oracle.js'

const long = Uint8Array.from({ length: 128 }, (_, i) => i ^ 0x5a)

describe('hash states that calls share', () => {
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

  it('survive a call that runs out of stack in the middle', () => {
    // An attacker who makes the server recurse before it checks a code: no check may answer for another one's key.
    const kept = prepareTotp(rfcSecret)
    let tries = 0
    const dive = (): void => {
      try {
        dive()
      } catch {
        // Unwinding: a little more stack is free at each level, so that calls fail at ever later places.
      }
      if (tries++ > 500) return
      for (const run of [
        () => generateTotp(long, 0),
        () => verifyTotp(long, '000000', { now: 0 }),
        () => kept.generate(0),
      ]) {
        try {
          run()
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }
    }
    dive()
    expect(tries).toBeGreaterThan(500)
    expect(generateTotp(rfcSecret, 59_000)).toBe('287082')
    expect(verifyTotp(rfcSecret, '287082', { now: 59_000 }).ok).toBe(true)
    expect(kept.generate(59_000)).toBe('287082')
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
