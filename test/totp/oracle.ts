import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import type { HashAlgorithm } from '../../src/totp/index.js'

/** HOTP by the platform's OpenSSL and BigInt: shares no line with src. */
export function oracleHotp(
  secret: Uint8Array,
  counter: number | bigint,
  { algorithm = 'SHA1', digits = 6 }: { algorithm?: HashAlgorithm; digits?: number } = {},
): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const digest = createHmac(algorithm, secret).update(message).digest()
  const offset = digest.readUInt8(digest.length - 1) & 15
  const truncated = digest.readUInt32BE(offset) & 0x7fffffff
  return String(truncated % 10 ** digits).padStart(digits, '0')
}

/** The secret of the RFCs' appendices. */
export const rfcSecret: Uint8Array = Uint8Array.from(Buffer.from('12345678901234567890'))

export const algorithms: readonly HashAlgorithm[] = ['SHA1', 'SHA256', 'SHA512']

export const anyAlgorithm: fc.Arbitrary<HashAlgorithm> = fc.constantFrom(...algorithms)
export const anyDigits: fc.Arbitrary<6 | 7 | 8> = fc.constantFrom(6, 7, 8)
/** Every length that is accepted, those around a hash's block among them. */
export const anySecret: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 10, maxLength: 128 }),
  fc
    .constantFrom(10, 20, 63, 64, 65, 127, 128)
    .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
)
/** Every counter, small ones and those beyond 32 bits often. */
export const anyCounter: fc.Arbitrary<number> = fc.oneof(
  fc.nat(1000),
  fc.integer({ min: 2 ** 32 - 5, max: 2 ** 32 + 5 }),
  fc.maxSafeNat(),
)
export const anyInstant: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 8.64e15 }),
  fc.integer({ min: 0, max: 600_000 }),
  fc.integer({ min: 1_577_836_800_000, max: 4_102_444_800_000 }),
)
export const anyWindow: fc.Arbitrary<{ past: number; future: number }> = fc
  .nat(10)
  .chain((past) => fc.record({ past: fc.constant(past), future: fc.nat(10 - past) }))
