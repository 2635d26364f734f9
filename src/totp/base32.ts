import { assertBytes } from '../assert.js'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * Writes bytes as base32 (RFC 4648 6): upper case, no padding, as key URIs carry it. Takes any number of bytes.
 *
 * @example
 * ```ts
 * console.log(encodeBase32(new Uint8Array([104, 105]))) // NBUQ
 * ```
 */
export function encodeBase32(bytes: Uint8Array): string {
  assertBytes(bytes, 'bytes', 0, Number.MAX_SAFE_INTEGER)
  let text = ''
  let bits = 0
  let waiting = 0
  for (const byte of bytes) {
    // At most 4 bits wait, so that 12 are in hand at most.
    waiting = ((waiting & 0xf) << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET.charAt((waiting >>> bits) & 31)
    }
  }
  if (bits > 0) text += ALPHABET.charAt((waiting << (5 - bits)) & 31)
  return text
}

/**
 * Reads base32 (RFC 4648 6) as people type it and other systems export it: in either ASCII case, spaces and hyphens
 * left out, padded or not. Bits beyond the last whole byte are dropped, as authenticator apps do: secrets were issued
 * that have them.
 *
 * Throws a TypeError for anything but a string, and a RangeError, which does not repeat the text, for other characters
 * (letters that only look like ASCII, or turn into it in upper case, among them), for a length that no bytes have, and
 * for padding that is not at the end or not complete.
 *
 * @example
 * ```ts
 * console.log(decodeBase32('nbuq')) // Uint8Array(2) [ 104, 105 ]
 * ```
 */
export function decodeBase32(text: string): Uint8Array {
  return readBase32(text, 'text')
}

/** {@link decodeBase32} of something with another name. */
export function readBase32(text: unknown, name: string): Uint8Array {
  if (typeof text !== 'string') throw new TypeError(`${name} must be a string`)
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let length = 0
  let characters = 0
  let padding = 0
  let waiting = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x20 || unit === 0x2d) continue
    if (unit === 0x3d) {
      padding++
      continue
    }
    const value = digitOf(unit)
    if (value < 0 || padding > 0) throw notBase32(name)
    // At most 7 bits wait, so that 12 are in hand at most.
    waiting = ((waiting & 0x7f) << 5) | value
    characters++
    const bits = (characters * 5) % 8
    if (bits < 5) bytes[length++] = waiting >>> bits
  }
  const rest = characters % 8
  if (rest === 1 || rest === 3 || rest === 6 || (padding > 0 && (rest === 0 || rest + padding !== 8)))
    throw notBase32(name)
  return length === bytes.length ? bytes : bytes.slice(0, length)
}

/** By character code, not by `toUpperCase`, which makes S of U+017F and I of U+0131. */
function digitOf(unit: number): number {
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61
  if (unit >= 0x32 && unit <= 0x37) return unit - 0x32 + 26
  return -1
}

function notBase32(name: string): RangeError {
  return new RangeError(`${name} must be base32: A to Z and 2 to 7, of a length that whole bytes give`)
}
