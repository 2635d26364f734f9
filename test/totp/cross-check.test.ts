import { spawnSync } from 'node:child_process'
import * as oslo from '@oslojs/otp'
import fc from 'fast-check'
import * as otpauth from 'otpauth'
import * as otplib from 'otplib'
import { describe, expect, it } from 'vitest'
import {
  decodeBase32,
  encodeBase32,
  generateHotp,
  generateTotp,
  type HashAlgorithm,
  verifyTotp,
} from '../../src/totp/index.js'
import { algorithms, anyAlgorithm, anyDigits, anyInstant, anySecret } from './oracle.js'

const secretOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 89 + (i * i) / 3) & 255)
const anyPeriod = fc.constantFrom(1, 15, 30, 60, 3600)
const hashNames = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const

describe('against otpauth', () => {
  it('makes the same codes', () => {
    fc.assert(
      fc.property(
        anySecret,
        anyInstant,
        anyAlgorithm,
        anyDigits,
        anyPeriod,
        (bytes, now, algorithm, digits, period) => {
          const secret = new otpauth.Secret({ buffer: bytes.slice().buffer })
          const totp = new otpauth.TOTP({ secret, algorithm, digits, period })
          expect(generateTotp(bytes, now, { algorithm, digits, period })).toBe(totp.generate({ timestamp: now }))
          expect(encodeBase32(bytes)).toBe(secret.base32)
          expect(decodeBase32(secret.base32)).toEqual(bytes)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('accepts the same codes in the same window', () => {
    fc.assert(
      fc.property(
        anySecret,
        fc.integer({ min: 1e12, max: 4e12 }),
        fc.nat(5),
        fc.integer({ min: -7, max: 7 }),
        (bytes, now, window, drift) => {
          const totp = new otpauth.TOTP({ secret: new otpauth.Secret({ buffer: bytes.slice().buffer }) })
          const token = totp.generate({ timestamp: now + drift * 30_000 })
          const result = verifyTotp(bytes, token, { now, window })
          expect(result.ok).toBe(totp.validate({ token, timestamp: now, window }) !== null)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('against otplib', () => {
  it('makes the same codes, from any t0', () => {
    // otplib takes secrets of 16 to 64 bytes.
    const secrets = fc.uint8Array({ minLength: 16, maxLength: 64 })
    fc.assert(
      fc.property(
        secrets,
        anyInstant,
        anyAlgorithm,
        anyDigits,
        anyPeriod,
        fc.nat(1e9),
        (secret, now, algorithm, digits, period, offset) => {
          const epoch = Math.floor(now / 1000)
          const t0 = Math.min(offset, epoch)
          const theirs = otplib.generateSync({ secret, epoch, t0, period, digits, algorithm: hashNames[algorithm] })
          expect(generateTotp(secret, now, { algorithm, digits, period, t0 })).toBe(theirs)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('refuses the same codes as used', () => {
    const secrets = fc.uint8Array({ minLength: 16, maxLength: 64 })
    fc.assert(
      fc.property(
        secrets,
        fc.integer({ min: 1e9, max: 4e9 }),
        fc.integer({ min: -1, max: 1 }),
        fc.integer({ min: -2, max: 0 }),
        (secret, epoch, drift, used) => {
          const step = Math.floor(epoch / 30)
          const token = otplib.generateSync({ secret, epoch: epoch + drift * 30 })
          const theirs = otplib.verifySync({ secret, token, epoch, epochTolerance: 30, afterTimeStep: step + used })
          expect(verifyTotp(secret, token, { now: epoch * 1000, afterTimeStep: step + used }).ok).toBe(theirs.valid)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('against @oslojs/otp', () => {
  it('makes the same HOTP codes', () => {
    fc.assert(
      fc.property(anySecret, fc.maxSafeNat(), anyDigits, (secret, counter, digits) => {
        expect(generateHotp(secret, counter, { digits })).toBe(oslo.generateHOTP(secret, BigInt(counter), digits))
      }),
      { numRuns: 500 },
    )
  })
})

describe('against oathtool', () => {
  const found = spawnSync('oathtool', ['--version'], { encoding: 'utf8' }).status === 0
  // In CI a missing oracle fails.
  const { CI } = process.env
  const missing = !found && CI !== 'true'

  /** The lines that it prints. */
  function oathtool(...parameters: string[]): string[] {
    const { status, stdout, stderr } = spawnSync('oathtool', parameters, { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    return stdout.trim().split('\n')
  }

  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

  it('makes the same HOTP codes, one after another', (context) => {
    context.skip(missing, 'oathtool is not installed: apt-get install oathtool')
    for (const counter of [0, 2 ** 31 - 10, 2 ** 32 - 10, 2 ** 48, 2 ** 53 - 1 - 20]) {
      for (const [digits, length] of [
        [6, 10],
        [7, 64],
        [8, 65],
        [6, 128],
      ] as const) {
        const secret = secretOf(length, counter % 251)
        const theirs = oathtool('--hotp', `--counter=${counter}`, '--window=20', `--digits=${digits}`, hex(secret))
        expect(theirs.map((_, i) => generateHotp(secret, counter + i, { digits }))).toEqual(theirs)
        expect(theirs.length).toBe(21)
      }
    }
  })

  it('makes the same TOTP codes with every hash, period and start', (context) => {
    context.skip(missing, 'oathtool is not installed: apt-get install oathtool')
    const cases: [HashAlgorithm, 6 | 7 | 8, number, number, number, number][] = algorithms.flatMap((algorithm) => [
      [algorithm, 6, 20, 30, 0, 1_772_366_429],
      [algorithm, 7, 64, 60, 1_000_000_000, 1_772_366_429],
      [algorithm, 8, 65, 1, 0, 2 ** 32 + 5],
      [algorithm, 8, 128, 3600, 7, 253_402_300_799],
      [algorithm, 6, 10, 30, 0, 59],
    ])
    for (const [algorithm, digits, length, period, t0, seconds] of cases) {
      const secret = secretOf(length, seconds % 251)
      const clock = [`--now=@${seconds}`, `--start-time=@${t0}`, `--time-step-size=${period}s`]
      const theirs = oathtool(`--totp=${algorithm}`, ...clock, '--window=10', `--digits=${digits}`, hex(secret))
      const ours = theirs.map((_, i) =>
        generateTotp(secret, (seconds + i * period) * 1000 + 999, { algorithm, digits, period, t0 }),
      )
      expect(ours).toEqual(theirs)
      expect(theirs.length).toBe(11)
    }
  })

  it('reads base32 as we write it', (context) => {
    context.skip(missing, 'oathtool is not installed: apt-get install oathtool')
    for (let length = 10; length <= 30; length++) {
      const secret = secretOf(length, length)
      expect(oathtool('--hotp', '--base32', '--counter=1', encodeBase32(secret))).toEqual([generateHotp(secret, 1)])
    }
  })
})
