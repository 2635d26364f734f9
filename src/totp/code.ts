import { type HmacKey, truncatedHmac } from './hmac.js'

/** Longer text is no code, however many spaces are in it. */
const LONGEST_CODE = 32

/**
 * The number that a code of exactly `digits` ASCII digits spells, or -1 for whatever else it may be. ASCII spaces and
 * hyphens are left out, as apps show codes in groups; nothing is folded, so that full-width and Arabic digits stay
 * strangers. Codes and numbers correspond one to one, since the length is fixed: leading zeros count.
 */
export function readCode(code: unknown, digits: number): number {
  if (typeof code !== 'string' || code.length > LONGEST_CODE) return -1
  let value = 0
  let count = 0
  for (let i = 0; i < code.length; i++) {
    const unit = code.charCodeAt(i)
    if (unit === 0x20 || unit === 0x2d) continue
    if (unit < 0x30 || unit > 0x39) return -1
    value = value * 10 + unit - 0x30
    count++
  }
  return count === digits ? value : -1
}

/** The code of a counter, with its leading zeros (RFC 4226 5.3). */
export function codeAt(key: HmacKey, counter: number, digits: number): string {
  return String(truncatedHmac(key, counter) % 10 ** digits).padStart(digits, '0')
}

/**
 * The place from 0 to `last` of the highest counter from `first` whose code is `value`; -1 where there is none. All are
 * computed and compared without a branch, so that time tells neither how many digits were right nor which step matched.
 */
export function highestMatch(key: HmacKey, value: number, digits: number, first: number, last: number): number {
  // An integer to the engine as well: dividing doubles takes a time that depends on them.
  const modulus = (10 ** digits) | 0
  let found = -1
  for (let place = 0; place <= last; place++) {
    const difference = (truncatedHmac(key, first + place) % modulus) ^ value
    // All ones where they are equal, else 0: neither number is negative, so only 0 - 1 has the sign bit.
    const equal = (difference - 1) >> 31
    found = (found & ~equal) | (place & equal)
  }
  return found
}
