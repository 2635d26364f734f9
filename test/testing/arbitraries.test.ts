import fc, * as namespace from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertPeriod, assertTerms, type Period } from '../../src/enrollment/terms.js'
import { assertUserId } from '../../src/enrollment/user.js'
import { aesGcmCipher, createLeeway } from '../../src/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { arbitraries, fixedClock, phone } from '../../src/testing/index.js'
import { formatKeyUri, generateTotp, parseKeyUri } from '../../src/totp/index.js'

const { instant, period, terms, userId, keyUri } = arbitraries(fc)
const key = Uint8Array.from({ length: 32 }, (_, at) => at)

/** Whether values of each kind come up among a thousand. */
function comesUp<Value>(arbitrary: fc.Arbitrary<Value>, ...kinds: ((value: Value) => boolean)[]): void {
  const values = fc.sample(arbitrary, { numRuns: 1000, seed: 1 })
  for (const kind of kinds) expect(values.some(kind), String(kind)).toBe(true)
}

describe('arbitrary instants', () => {
  it('are whole milliseconds from 0 to 8.64e15, of our days and of others', () => {
    fc.assert(fc.property(instant(), (now) => fixedClock(now)() === now))
    comesUp(
      instant(),
      (now) => now > Date.UTC(2100),
      (now) => now < Date.UTC(2100) && now > Date.UTC(2000),
    )
  })
})

describe('arbitrary periods and terms', () => {
  it('are all taken', () => {
    fc.assert(fc.property(period(), (value) => assertPeriod(value, 'period')))
    fc.assert(fc.property(terms(), (value) => assertTerms(value)))
  })

  it('are of every kind', () => {
    const has = (name: string, value?: unknown) => (from: Period) =>
      from !== 'none' && name in from && (value === undefined || from[name as keyof typeof from] === value)
    comesUp(
      period(),
      (value) => value === 'none',
      has('days'),
      has('deadline'),
      has('start', 'now'),
      has('start', 'first-sign-in'),
      has('capDays'),
      has('calendar'),
      (value) => value !== 'none' && 'days' in value && typeof value.start === 'number',
      (value) => value !== 'none' && 'deadline' in value && typeof value.start === 'number',
      (value) => value !== 'none' && !('calendar' in value),
    )
    comesUp(
      terms(),
      (value) => value.selfEnrollment === 'with-pass',
      (value) => value.selfEnrollment === undefined,
      (value) => value.postponements === undefined,
      (value) => value.postponements !== undefined,
    )
  })

  it('can be required of a user at any instant of our days', async () => {
    const ours = fc.integer({ min: Date.UTC(2000), max: Date.UTC(2100) })
    await fc.assert(
      fc.asyncProperty(terms(), ours, userId(), async (required, now, user) => {
        const cipher = aesGcmCipher({ keys: [{ id: 'k1', key }] })
        const leeway = createLeeway({ issuer: 'Test', repository: memoryRepository(), cipher, clock: fixedClock(now) })
        const { requirement } = await leeway.requireEnrollment(user, required)
        expect(requirement).not.toBe(null)
      }),
    )
  })
})

describe('arbitrary user ids', () => {
  it('are all taken, and some trip stores up', () => {
    fc.assert(fc.property(userId(), (id) => assertUserId(id)))
    comesUp(
      userId(),
      (id) => id === '__proto__',
      (id) => id !== id.trim(),
      (id) => id !== id.normalize('NFC'),
      (id) => id !== id.toLowerCase(),
      (id) => /[\u{10000}-\u{10ffff}]/u.test(id),
      (id) => id.length === 36,
    )
  })
})

describe('arbitrary key URIs', () => {
  it('can be written and read back, and put on a phone', () => {
    fc.assert(
      fc.property(keyUri(), fc.integer({ min: 0, max: 8.64e15 }), (written, now) => {
        const uri = formatKeyUri(written)
        expect(parseKeyUri(uri)).toEqual({ algorithm: 'SHA1', digits: 6, period: 30, ...written })
        const { secret, algorithm, digits, period: seconds } = written
        expect(phone(uri).codeAt(now)).toBe(generateTotp(secret, now, { algorithm, digits, period: seconds }))
      }),
    )
  })

  it('leave parameters to their defaults, or do not', () => {
    comesUp(
      keyUri(),
      (written) => written.algorithm === undefined && written.digits === undefined && written.period === undefined,
      (written) => written.algorithm === 'SHA512' && written.digits === 8 && written.period !== undefined,
    )
  })
})

describe('arbitraries', () => {
  it('are made of the fast-check that is handed in, however it was imported', () => {
    expect(fc.sample(arbitraries(namespace).instant(), { numRuns: 5, seed: 7 })).toEqual(
      fc.sample(instant(), { numRuns: 5, seed: 7 }),
    )
    expect(Object.isFrozen(arbitraries(fc))).toBe(true)
    expect(() => arbitraries(undefined as never)).toThrow(TypeError)
  })
})
