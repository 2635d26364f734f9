import { encodeQR } from 'qr'
import { assertText } from '../assert.js'
import { platform } from '../platform.js'

/** What the largest symbol holds as bytes, by its error correction (ISO/IEC 18004:2024, table 7). */
const MOST_BYTES = { low: 2953, medium: 2331 }

/** The rows of a symbol from the top, with a quiet zone around it; a module is true where it is dark. */
export type Modules = readonly (readonly boolean[])[]

/** Encodes text as UTF-8. Refuses what does not fit, without repeating it: it may hold a secret. */
export function modulesOf(text: unknown, correction: keyof typeof MOST_BYTES, quietZone: number): Modules {
  const most = MOST_BYTES[correction]
  assertText(text, 'text', 1, most)
  if (new platform.TextEncoder().encode(text).length > most)
    throw new RangeError(`text must be at most ${most} bytes of UTF-8`)
  return encodeQR(text, 'raw', { ecc: correction, border: quietZone })
}
