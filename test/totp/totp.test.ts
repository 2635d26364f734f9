import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  generateHotp,
  generateTotp,
  type HashAlgorithm,
  prepareTotp,
  type TotpVerification,
  timeStepAt,
  verifyTotp,
} from '../../src/totp/index.js'
import rfc6238 from '../vectors/rfc6238.json' with { type: 'json' }
import {
  algorithms,
  anyAlgorithm,
  anyDigits,
  anyInstant,
  anySecret,
  anyWindow,
  oracleHotp,
  rfcSecret,
} from './oracle.js'

const mismatch = { ok: false, reason: 'mismatch' }
const replayed = { ok: false, reason: 'replayed' }
const accepted = (timeStep: number, delta: number): TotpVerification => ({ ok: true, timeStep, delta })

const LAST_INSTANT = 8.64e15
// 2026-03-01T12:00:00Z, where a step of 30 s begins.
const NOON = 1_772_366_400_000
const STEP = NOON / 30_000

describe('the vectors of RFC 6238', () => {
  for (const algorithm of algorithms) {
    for (const vector of rfc6238.codes) {
      it(`${algorithm} at ${vector.seconds} s gives ${vector[algorithm]}`, () => {
        const secret = Uint8Array.from(Buffer.from(rfc6238.secrets[algorithm], 'hex'))
        const now = vector.seconds * 1000
        expect(timeStepAt(now)).toBe(vector.timeStep)
        expect(generateTotp(secret, now, { algorithm, digits: 8 })).toBe(vector[algorithm])
        expect(prepareTotp(secret, { algorithm, digits: 8 }).generate(now)).toBe(vector[algorithm])
        expect(verifyTotp(secret, vector[algorithm], { now, algorithm, digits: 8, window: 0 })).toEqual(
          accepted(vector.timeStep, 0),
        )
      })
    }
  }

  it('a secret of 20 bytes is not padded to the length of the hash, as erratum 2866 would be read wrongly', () => {
    expect(generateTotp(rfcSecret, 59_000, { algorithm: 'SHA256', digits: 8 })).toBe(
      oracleHotp(rfcSecret, 1, { algorithm: 'SHA256', digits: 8 }),
    )
    expect(generateTotp(rfcSecret, 59_000, { algorithm: 'SHA256', digits: 8 })).not.toBe('46119246')
  })
})

describe('timeStepAt', () => {
  it('is exact to the millisecond', () => {
    expect([0, 29_999, 30_000, 30_001, 59_999, 60_000].map((now) => timeStepAt(now))).toEqual([0, 0, 1, 1, 1, 2])
    expect(timeStepAt(NOON - 1)).toBe(STEP - 1)
    expect(timeStepAt(NOON)).toBe(STEP)
  })

  it('counts from t0 in steps of the period', () => {
    expect(timeStepAt(100_000, { t0: 100 })).toBe(0)
    expect(timeStepAt(159_999, { t0: 100, period: 60 })).toBe(0)
    expect(timeStepAt(160_000, { t0: 100, period: 60 })).toBe(1)
    expect(timeStepAt(LAST_INSTANT, { t0: 8.64e12 })).toBe(0)
  })

  it('is what BigInt says at every instant that is', () => {
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: 1, max: 3600 }), fc.nat(2 ** 31 - 1), (now, period, seconds) => {
        const t0 = Math.min(seconds, Math.floor(now / 1000))
        expect(BigInt(timeStepAt(now, { period, t0 }))).toBe(
          (BigInt(now) - BigInt(t0) * 1000n) / (BigInt(period) * 1000n),
        )
      }),
      { numRuns: 2000 },
    )
  })

  it('never rounds up to a step that has not begun, not even at the end of time', () => {
    for (const period of [1, 7, 30, 60, 3599, 3600]) {
      const length = period * 1000
      const last = Math.floor(LAST_INSTANT / length)
      for (const step of [1, 2 ** 31, 2 ** 32, 2 ** 40, last - 1, last].filter((at) => at <= last)) {
        expect(timeStepAt(step * length, { period })).toBe(step)
        expect(timeStepAt(step * length - 1, { period })).toBe(step - 1)
      }
    }
  })

  it('knows the year 9999 and the last instant', () => {
    expect(timeStepAt(Date.UTC(9999, 11, 31, 23, 59, 59, 999))).toBe(8_446_743_359)
    expect(timeStepAt(LAST_INSTANT, { period: 1 })).toBe(8.64e12)
    expect(generateTotp(rfcSecret, LAST_INSTANT, { period: 1 })).toBe(oracleHotp(rfcSecret, 8.64e12))
  })

  it('refuses a time before t0, which has no step', () => {
    expect(() => timeStepAt(99_999, { t0: 100 })).toThrow(new RangeError('now must not be before t0'))
    expect(() => verifyTotp(rfcSecret, '000000', { now: 0, t0: 1 })).toThrow(RangeError)
  })

  it('refuses clocks that tell no time', () => {
    for (const now of [
      Number.NaN,
      -1,
      -0.5,
      1.5,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      LAST_INSTANT + 1,
    ]) {
      for (const run of [
        () => timeStepAt(now),
        () => generateTotp(rfcSecret, now),
        () => verifyTotp(rfcSecret, '755224', { now }),
        () => prepareTotp(rfcSecret).generate(now),
        () => prepareTotp(rfcSecret).verify('755224', { now }),
      ]) {
        expect(run).toThrow(RangeError)
      }
    }
    for (const now of ['0', 0n, null, undefined, new Date(0), { valueOf: () => 0 }]) {
      expect(() => timeStepAt(now as never)).toThrow(TypeError)
      expect(() => verifyTotp(rfcSecret, '755224', { now: now as never })).toThrow(TypeError)
    }
  })
})

describe('generateTotp', () => {
  it('is HOTP of the time step', () => {
    fc.assert(
      fc.property(
        anySecret,
        anyInstant,
        anyAlgorithm,
        anyDigits,
        fc.integer({ min: 1, max: 3600 }),
        (secret, now, algorithm, digits, period) => {
          const code = generateTotp(secret, now, { algorithm, digits, period })
          expect(code).toBe(oracleHotp(secret, Math.floor(now / 1000 / period), { algorithm, digits }))
          expect(code).toBe(generateHotp(secret, timeStepAt(now, { period }), { algorithm, digits }))
          expect(prepareTotp(secret, { algorithm, digits, period }).generate(now)).toBe(code)
        },
      ),
    )
  })
})

describe('verifyTotp', () => {
  it('accepts a code from one step before to one step after, no further', () => {
    for (let sent = -4; sent <= 4; sent++) {
      const code = oracleHotp(rfcSecret, STEP + sent)
      const expected = Math.abs(sent) <= 1 ? accepted(STEP + sent, sent) : mismatch
      for (const now of [NOON, NOON + 29_999]) expect(verifyTotp(rfcSecret, code, { now })).toEqual(expected)
    }
  })

  it('takes a window by sides or by one number for both', () => {
    const deltas = (window?: number | { past: number; future: number }): number[] =>
      Array.from({ length: 25 }, (_, i) => i - 12).filter(
        (delta) => verifyTotp(rfcSecret, oracleHotp(rfcSecret, STEP + delta), { now: NOON, window } as never).ok,
      )
    expect(deltas()).toEqual([-1, 0, 1])
    expect(deltas(0)).toEqual([0])
    expect(deltas(1)).toEqual([-1, 0, 1])
    expect(deltas(5)).toEqual([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5])
    expect(deltas({ past: 0, future: 0 })).toEqual([0])
    expect(deltas({ past: 1, future: 0 })).toEqual([-1, 0])
    expect(deltas({ past: 0, future: 2 })).toEqual([0, 1, 2])
    expect(deltas({ past: 10, future: 0 })).toEqual([-10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0])
    expect(deltas({ past: 3, future: 7 })).toEqual([-3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('agrees with trying every step by the oracle, prepared or not', () => {
    fc.assert(
      fc.property(
        anySecret,
        anyInstant,
        anyWindow,
        fc.integer({ min: -12, max: 12 }),
        fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined }),
        fc.record({ algorithm: anyAlgorithm, digits: anyDigits, period: fc.constantFrom(1, 30, 60, 3600) }),
        (secret, now, window, sent, used, parameters) => {
          const current = Math.floor(now / 1000 / parameters.period)
          const code = oracleHotp(secret, Math.max(0, current + sent), parameters)
          const afterTimeStep = used === undefined ? undefined : Math.max(0, current + used)
          let expected: TotpVerification = { ok: false, reason: 'mismatch' }
          for (let step = Math.max(0, current - window.past); step <= current + window.future; step++) {
            if (oracleHotp(secret, step, parameters) !== code) continue
            expected =
              step <= (afterTimeStep ?? -1) ? { ok: false, reason: 'replayed' } : accepted(step, step - current)
          }
          expect(verifyTotp(secret, code, { now, window, afterTimeStep, ...parameters })).toEqual(expected)
          expect(prepareTotp(secret, parameters).verify(code, { now, window, afterTimeStep })).toEqual(expected)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('accepts a code at most once when the accepted step is kept', () => {
    fc.assert(
      fc.property(
        anySecret,
        fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: -2, max: 2 })), { minLength: 1, maxLength: 30 }),
        (secret, attempts) => {
          let now = 0
          let afterTimeStep: number | undefined
          const seen = new Set<number>()
          for (const [wait, drift] of attempts) {
            now += wait
            const step = Math.max(0, timeStepAt(now) + drift)
            const result = verifyTotp(secret, oracleHotp(secret, step), { now, afterTimeStep })
            if (!result.ok) continue
            expect(seen.has(result.timeStep)).toBe(false)
            expect(result.timeStep).toBeGreaterThan(afterTimeStep ?? -1)
            seen.add(result.timeStep)
            afterTimeStep = result.timeStep
          }
        },
      ),
    )
  })

  it('calls a right code replayed where its step is not after the last, also if the clock was set back', () => {
    const code = oracleHotp(rfcSecret, STEP)
    expect(verifyTotp(rfcSecret, code, { now: NOON, afterTimeStep: STEP - 1 })).toEqual(accepted(STEP, 0))
    expect(verifyTotp(rfcSecret, code, { now: NOON, afterTimeStep: STEP })).toEqual(replayed)
    expect(verifyTotp(rfcSecret, code, { now: NOON, afterTimeStep: STEP + 1 })).toEqual(replayed)
    expect(verifyTotp(rfcSecret, code, { now: NOON, afterTimeStep: STEP + 1e6 })).toEqual(replayed)
    expect(verifyTotp(rfcSecret, code, { now: NOON, afterTimeStep: Number.MAX_SAFE_INTEGER })).toEqual(replayed)
    expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, STEP + 2), { now: NOON, afterTimeStep: STEP })).toEqual(mismatch)
    expect(verifyTotp(rfcSecret, 'nonsense', { now: NOON, afterTimeStep: STEP })).toEqual({
      ok: false,
      reason: 'malformed',
    })
  })

  it('accepts the next code in the same window after an earlier one', () => {
    expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, STEP + 1), { now: NOON, afterTimeStep: STEP })).toEqual(
      accepted(STEP + 1, 1),
    )
    expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, STEP - 1), { now: NOON, afterTimeStep: STEP })).toEqual(replayed)
  })

  it('takes the highest of two steps with the same code, and then both are used', () => {
    // Steps 910737 and 910738 have 911617; 153567 and 153569 have 468457.
    const now = 910_737 * 30_000
    expect(verifyTotp(rfcSecret, '911617', { now })).toEqual(accepted(910_738, 1))
    expect(verifyTotp(rfcSecret, '911617', { now: now + 30_000 })).toEqual(accepted(910_738, 0))
    expect(verifyTotp(rfcSecret, '911617', { now, window: 0 })).toEqual(accepted(910_737, 0))
    expect(verifyTotp(rfcSecret, '911617', { now, afterTimeStep: 910_737 })).toEqual(accepted(910_738, 1))
    expect(verifyTotp(rfcSecret, '911617', { now, afterTimeStep: 910_738 })).toEqual(replayed)
    expect(verifyTotp(rfcSecret, '468457', { now: 153_568 * 30_000 })).toEqual(accepted(153_569, 1))
  })

  it('knows no steps below 0', () => {
    for (const past of [0, 1, 10]) {
      expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, 0), { now: 0, window: { past, future: 0 } })).toEqual(
        accepted(0, 0),
      )
      // What a counter of -1 would be, as 64 bits and as 32.
      for (const wrapped of [2n ** 64n - 1n, 2n ** 32n - 1n]) {
        expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, wrapped), { now: 0, window: { past, future: 0 } })).toEqual(
          mismatch,
        )
      }
    }
    expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, 0), { now: 0, afterTimeStep: 0 })).toEqual(replayed)
    expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, 2), { now: 60_000, window: { past: 10, future: 0 } })).toEqual(
      accepted(2, 0),
    )
    expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, 0), { now: 60_000, window: { past: 10, future: 0 } })).toEqual(
      accepted(0, -2),
    )
  })

  it('tells a leading zero from none', () => {
    const now = 226_500 * 30_000
    expect(verifyTotp(rfcSecret, '000007', { now }).ok).toBe(true)
    for (const code of ['7', '07', '00007', '0000007', '7     ', '     7', '00000 7 0']) {
      expect(verifyTotp(rfcSecret, code, { now })).toEqual({ ok: false, reason: 'malformed' })
    }
    expect(verifyTotp(rfcSecret, '000000', { now: 349_495 * 30_000 })).toEqual(accepted(349_495, 0))
  })

  it('accepts the year 9999 and the last instant, window and all', () => {
    for (const now of [Date.UTC(9999, 11, 31), LAST_INSTANT]) {
      const step = timeStepAt(now, { period: 1 })
      for (const delta of [-5, 0, 5]) {
        expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, step + delta), { now, period: 1, window: 5 })).toEqual(
          accepted(step + delta, delta),
        )
      }
    }
  })

  it('reads no parameter that is not its own', () => {
    const check = { now: NOON, note: 1, secret: 'x', __proto__: null }
    expect(verifyTotp(rfcSecret, oracleHotp(rfcSecret, STEP), check).ok).toBe(true)
  })
})

describe('prepareTotp', () => {
  it('gives a frozen handle that shows nothing of the secret', () => {
    const totp = prepareTotp(rfcSecret)
    expect(Object.isFrozen(totp)).toBe(true)
    expect(Object.keys(totp)).toEqual(['generate', 'verify'])
  })

  it('keeps what the secret and the parameters were', () => {
    const secret = rfcSecret.slice()
    const parameters: { algorithm: HashAlgorithm; digits: 6 | 8; period: number } = {
      algorithm: 'SHA256',
      digits: 8,
      period: 60,
    }
    const totp = prepareTotp(secret, parameters)
    const code = oracleHotp(secret, NOON / 60_000, parameters)
    secret.fill(0)
    Object.assign(parameters, { algorithm: 'SHA1', digits: 6, period: 30 })
    expect(totp.generate(NOON)).toBe(code)
    expect(totp.verify(code, { now: NOON })).toEqual(accepted(NOON / 60_000, 0))
  })

  it('stays right whatever is computed in between, by other handles or by none', () => {
    const arbitrary = fc.array(fc.tuple(anySecret, anyAlgorithm), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(arbitrary, fc.array(fc.tuple(fc.nat(4), fc.nat(3), anyInstant), { maxLength: 20 }), (keys, calls) => {
        const handles = keys.map(([secret, algorithm]) => prepareTotp(secret, { algorithm }))
        for (const [which, what, now] of calls) {
          const [secret, algorithm] = keys[which % keys.length] ?? expect.unreachable()
          const handle = handles[which % keys.length] ?? expect.unreachable()
          const code = oracleHotp(secret, Math.floor(now / 30_000), { algorithm })
          if (what === 0) expect(handle.generate(now)).toBe(code)
          else if (what === 1) expect(handle.verify(code, { now }).ok).toBe(true)
          else if (what === 2) expect(generateTotp(secret, now, { algorithm })).toBe(code)
          else expect(verifyTotp(secret, code, { now, algorithm }).ok).toBe(true)
        }
      }),
    )
  })

  it('refuses what verifyTotp refuses', () => {
    expect(() => prepareTotp(new Uint8Array(9))).toThrow(RangeError)
    expect(() => prepareTotp(rfcSecret, { digits: 9 as 8 })).toThrow(RangeError)
    expect(() => prepareTotp(rfcSecret).verify('755224', undefined as never)).toThrow(TypeError)
    expect(() => prepareTotp(rfcSecret).verify('755224', { now: 0, window: 6 })).toThrow(RangeError)
    expect(() => prepareTotp(rfcSecret).verify('no code', { now: 0, afterTimeStep: -1 })).toThrow(RangeError)
    expect(prepareTotp(rfcSecret).verify('75522', { now: 0 })).toEqual({ ok: false, reason: 'malformed' })
  })
})
