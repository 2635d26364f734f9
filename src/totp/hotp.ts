import { assertWhole } from '../assert.js'
import { codeAt, highestMatch, readCode } from './code.js'
import { takeKey, wipeKey } from './hmac.js'
import { assertSecret, type HotpParameters, resolveHotp } from './parameters.js'

/** What {@link verifyHotp} checks a code against. */
export interface HotpCheck extends HotpParameters {
  /** the first counter not used yet: a whole number from 0 to 2^53 - 1 */
  counter: number
  /** how many counters after it are tried too, since people press the button in vain: 0 to 100, default 0 */
  lookAhead?: number | undefined
}

/** What {@link verifyHotp} answers; `counter` is the highest that matches. */
export type HotpVerification = { ok: true; counter: number } | { ok: false; reason: 'malformed' | 'mismatch' }

/**
 * Makes the HOTP code of a counter: a string of `digits` digits, leading zeros included (RFC 4226 5.3).
 *
 * The secret has 10 to 128 bytes, the counter is a whole number from 0 to 2^53 - 1. Throws a TypeError or RangeError
 * for anything else.
 *
 * @example
 * ```ts
 * const secret = decodeBase32('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
 * console.log(generateHotp(secret, 0)) // 755224
 * ```
 */
export function generateHotp(secret: Uint8Array, counter: number, parameters: HotpParameters = {}): string {
  assertSecret(secret)
  assertWhole(counter, 'counter', 0, Number.MAX_SAFE_INTEGER)
  const { algorithm, digits } = resolveHotp(parameters, 'parameters')
  const key = takeKey(algorithm, secret)
  const code = codeAt(key, counter, digits)
  wipeKey(key)
  return code
}

/**
 * Tells whether a code is that of the counter or of one of the `lookAhead` counters after it (RFC 4226 7.4). Never of
 * one before: those are used. The highest match wins; store it plus one as the next `counter`, by a conditional write.
 *
 * Never throws on the code, whatever it is: only a primitive string of ASCII digits can match, spaces and hyphens left
 * out. Throws a TypeError or RangeError for any other wrong argument.
 *
 * @example
 * ```ts
 * const secret = decodeBase32('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
 * console.log(verifyHotp(secret, '359 152', { counter: 0, lookAhead: 5 })) // { ok: true, counter: 2 }
 * console.log(verifyHotp(secret, '755224', { counter: 1, lookAhead: 5 })) // { ok: false, reason: 'mismatch' }
 * ```
 */
export function verifyHotp(secret: Uint8Array, code: unknown, check: HotpCheck): HotpVerification {
  assertSecret(secret)
  const { algorithm, digits } = resolveHotp(check, 'check')
  const { counter, lookAhead = 0 } = check
  assertWhole(counter, 'counter', 0, Number.MAX_SAFE_INTEGER)
  assertWhole(lookAhead, 'lookAhead', 0, 100)
  const value = readCode(code, digits)
  if (value < 0) return { ok: false, reason: 'malformed' }
  const key = takeKey(algorithm, secret)
  const place = highestMatch(key, value, digits, counter, Math.min(lookAhead, Number.MAX_SAFE_INTEGER - counter))
  wipeKey(key)
  return place < 0 ? { ok: false, reason: 'mismatch' } : { ok: true, counter: counter + place }
}
