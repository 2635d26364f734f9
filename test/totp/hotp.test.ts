import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keepKey, truncatedHmac } from '../../src/totp/hmac.js'
import { decodeBase32, generateHotp, verifyHotp } from '../../src/totp/index.js'
import published from '../vectors/published.json' with { type: 'json' }
import rfc4226 from '../vectors/rfc4226.json' with { type: 'json' }
import { algorithms, anyAlgorithm, anyCounter, anyDigits, anySecret, oracleHotp, rfcSecret } from './oracle.js'

describe('the vectors of RFC 4226', () => {
  for (const { counter, truncated, code } of rfc4226.codes) {
    it(`counter ${counter} gives ${truncated}, thus ${code}`, () => {
      const secret = Uint8Array.from(Buffer.from(rfc4226.secret, 'hex'))
      expect(truncatedHmac(keepKey('SHA1', secret), counter)).toBe(truncated)
      expect(generateHotp(secret, counter)).toBe(code)
      expect(verifyHotp(secret, code, { counter })).toEqual({ ok: true, counter })
    })
  }
})

describe('codes that other projects publish', () => {
  for (const { from, base32, hex, counter, digits, code } of published.codes) {
    it(`${code}: ${from}`, () => {
      const secret = base32 === undefined ? Uint8Array.from(Buffer.from(hex, 'hex')) : decodeBase32(base32)
      expect(generateHotp(secret, counter, { digits: digits as 6 })).toBe(code)
    })
  }
})

describe('generateHotp', () => {
  it('is the HMAC of the platform, truncated, for every secret, counter, algorithm and length', () => {
    fc.assert(
      fc.property(anySecret, anyCounter, anyAlgorithm, anyDigits, (secret, counter, algorithm, digits) => {
        expect(generateHotp(secret, counter, { algorithm, digits })).toBe(
          oracleHotp(secret, counter, { algorithm, digits }),
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('counts beyond 32 bits', () => {
    for (const counter of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 2 ** 52, 2 ** 53 - 1]) {
      for (const algorithm of algorithms) {
        expect(generateHotp(rfcSecret, counter, { algorithm })).toBe(oracleHotp(rfcSecret, counter, { algorithm }))
      }
    }
  })

  it('hashes a secret longer than the block, and never pads or repeats a shorter one otherwise than RFC 2104 says', () => {
    for (const algorithm of algorithms) {
      for (let length = 10; length <= 128; length++) {
        const secret = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255)
        expect(generateHotp(secret, 1, { algorithm })).toBe(oracleHotp(secret, 1, { algorithm }))
      }
    }
  })

  it('keeps leading zeros', () => {
    expect(generateHotp(rfcSecret, 226500)).toBe('000007')
    expect(generateHotp(rfcSecret, 349495)).toBe('000000')
  })

  it('leaves the secret as it was and does not depend on what ran before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anySecret, anyAlgorithm, fc.boolean()), { minLength: 1, maxLength: 8 }),
        (calls) => {
          for (const [secret, algorithm, verify] of calls) {
            const before = secret.slice()
            if (verify) verifyHotp(secret, '123456', { counter: 3, lookAhead: 2, algorithm })
            expect(generateHotp(secret, 5, { algorithm })).toBe(oracleHotp(before, 5, { algorithm }))
            expect(secret).toEqual(before)
          }
        },
      ),
    )
  })

  it('refuses counters that are none', () => {
    for (const counter of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => generateHotp(rfcSecret, counter)).toThrow(
        new RangeError('counter must be a whole number from 0 to 9007199254740991'),
      )
    }
    for (const counter of ['1', 1n, null, undefined, [1]])
      expect(() => generateHotp(rfcSecret, counter as never)).toThrow(TypeError)
  })
})

describe('verifyHotp', () => {
  it('accepts the code of the counter and of those ahead, no other', () => {
    for (let counter = 0; counter < 10; counter++) {
      for (const lookAhead of [0, 1, 3]) {
        for (let sent = 0; sent < 10; sent++) {
          const expected =
            sent >= counter && sent <= counter + lookAhead
              ? { ok: true, counter: sent }
              : { ok: false, reason: 'mismatch' }
          expect(verifyHotp(rfcSecret, oracleHotp(rfcSecret, sent), { counter, lookAhead })).toEqual(expected)
        }
      }
    }
  })

  it('takes a code of noughts for the number that it is', () => {
    expect(verifyHotp(rfcSecret, '000000', { counter: 349495 })).toEqual({ ok: true, counter: 349495 })
    expect(verifyHotp(rfcSecret, '000000', { counter: 0 })).toEqual({ ok: false, reason: 'mismatch' })
  })

  it('looks ahead nowhere unless asked to', () => {
    expect(verifyHotp(rfcSecret, '287082', { counter: 0 })).toEqual({ ok: false, reason: 'mismatch' })
  })

  it('takes the highest counter where two have the same code', () => {
    // 910737 and 910738 have, and so have 153567 and 153569.
    expect(verifyHotp(rfcSecret, '911617', { counter: 910737, lookAhead: 5 })).toEqual({ ok: true, counter: 910738 })
    expect(verifyHotp(rfcSecret, '911617', { counter: 910737 })).toEqual({ ok: true, counter: 910737 })
    expect(verifyHotp(rfcSecret, '468457', { counter: 153560, lookAhead: 100 })).toEqual({ ok: true, counter: 153569 })
  })

  it('agrees with trying every counter by the oracle', () => {
    fc.assert(
      fc.property(
        anySecret,
        anyCounter,
        fc.nat(100),
        fc.nat(105),
        anyAlgorithm,
        anyDigits,
        (secret, counter, lookAhead, sent, algorithm, digits) => {
          const last = Math.min(counter + lookAhead, Number.MAX_SAFE_INTEGER)
          const code = oracleHotp(secret, BigInt(counter) + BigInt(sent), { algorithm, digits })
          let match = -1
          for (let at = counter; at <= last && match !== Number.MAX_SAFE_INTEGER; at++) {
            if (oracleHotp(secret, at, { algorithm, digits }) === code) match = at
          }
          const expected = match < 0 ? { ok: false, reason: 'mismatch' } : { ok: true, counter: match }
          expect(verifyHotp(secret, code, { counter, lookAhead, algorithm, digits })).toEqual(expected)
        },
      ),
    )
  })

  it('stops at the last counter there is', () => {
    const last = Number.MAX_SAFE_INTEGER
    expect(verifyHotp(rfcSecret, oracleHotp(rfcSecret, last), { counter: last - 1, lookAhead: 100 })).toEqual({
      ok: true,
      counter: last,
    })
    expect(verifyHotp(rfcSecret, oracleHotp(rfcSecret, BigInt(last) + 1n), { counter: last, lookAhead: 100 }).ok).toBe(
      false,
    )
  })

  it('refuses wrong arguments at once, whatever the code', () => {
    for (const code of ['755224', 'no code', undefined]) {
      expect(() => verifyHotp(rfcSecret, code, { counter: -1 })).toThrow(RangeError)
      expect(() => verifyHotp(rfcSecret, code, {} as never)).toThrow(TypeError)
      expect(() => verifyHotp(rfcSecret, code, undefined as never)).toThrow(TypeError)
      expect(() => verifyHotp(rfcSecret, code, { counter: 0, lookAhead: 101 })).toThrow(RangeError)
      expect(() => verifyHotp(rfcSecret, code, { counter: 0, lookAhead: -1 })).toThrow(RangeError)
      expect(() => verifyHotp(rfcSecret, code, { counter: 0, lookAhead: '1' as never })).toThrow(TypeError)
      expect(() => verifyHotp(new Uint8Array(9), code, { counter: 0 })).toThrow(RangeError)
    }
  })
})
