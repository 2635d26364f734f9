import { assertBytes, assertWhole } from '../assert.js'
import { platformRandom } from '../platform.js'

/**
 * Makes a new secret from the platform's secure generator: 20 bytes, as RFC 4226 4 (R6) recommends, or `byteLength` of
 * them, a whole number from 16 to 64. Throws a TypeError or RangeError for any other length.
 *
 * @example
 * ```ts
 * const secret = generateSecret()
 * console.log(encodeBase32(secret).length) // 32
 * ```
 */
export function generateSecret(byteLength = 20): Uint8Array {
  return drawSecret(platformRandom, byteLength)
}

/** The same from another source, which must give as many bytes as it is asked for. */
export function drawSecret(random: (byteLength: number) => Uint8Array, byteLength = 20): Uint8Array {
  assertWhole(byteLength, 'byteLength', 16, 64)
  const secret = random(byteLength)
  assertBytes(secret, 'what random returns', byteLength, byteLength)
  return secret
}
