import type { Random } from '../ports/index.js'

/** Crockford's base32: no I, L, O or U, so that what is read aloud or written down comes back the same. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUPS = 5
const GROUP_LENGTH = 5
/** Longer text is no code, however many spaces are in it. */
const LONGEST_CODE = 128
const OWN_FORM = /^[0-9A-HJKMNP-TV-Z]{25}$/
const IMPORTED_FORM = /^[0-9A-Z]{8,64}$/

/** A code of 125 random bits as people see it: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`. */
export function drawCode(random: Random): string {
  // 256 is a multiple of 32: the low five bits of a byte are uniform.
  const symbols = Array.from(random(GROUPS * GROUP_LENGTH), (byte) => ALPHABET.charAt(byte & 31)).join('')
  return Array.from({ length: GROUPS }, (_, at) => symbols.slice(at * GROUP_LENGTH, (at + 1) * GROUP_LENGTH)).join('-')
}

/**
 * What a typed code stands for, whatever its case, spaces and hyphens, with O read as 0, I and L as 1; null for what cannot
 * be one. Codes `imported` from other systems are letters and digits too, 8 to 64 of them.
 */
export function readRecoveryCode(code: unknown, { imported = false }: { imported?: boolean } = {}): string | null {
  if (typeof code !== 'string' || code.length > LONGEST_CODE || !/^[0-9A-Za-z -]*$/.test(code)) return null
  const canonical = code.replace(/[ -]/g, '').toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1')
  return (imported ? IMPORTED_FORM : OWN_FORM).test(canonical) ? canonical : null
}
