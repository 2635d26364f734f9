import { LeewayError } from '../../errors.js'
import { platform } from '../../platform.js'
import type { SqlQuery } from '../sql/index.js'

/** How many bytes the columns keep. Without strict mode, MySQL would cut the rest off and say nothing. */
export const MOST_BYTES = { userId: 255, version: 64, event: 64 } as const

const encoder = new platform.TextEncoder()
const decoder = new platform.TextDecoder('utf-8', { fatal: true })
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * The UTF-8 bytes of a text as hexadecimal digits: the same bytes whatever the connection takes text for (`SET NAMES`),
 * and no quote or backslash that an `sql_mode` reads in its own way. A RangeError where they are more than a column keeps.
 */
export function hexOf(text: string, name: string, most: number): string {
  const bytes = encoder.encode(text)
  if (bytes.length > most) throw new RangeError(`${name} must be at most ${most} bytes long`)
  return digitsOf(bytes)
}

/** Bytes as hexadecimal digits. */
export function digitsOf(bytes: Uint8Array): string {
  let digits = ''
  for (const byte of bytes) digits += PAIRS[byte]
  return digits
}

/** JSON in ASCII, which every connection carries as it is, whatever it takes text for. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The text of a column of bytes; `ERR_RECORD` where they are none. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new LeewayError('ERR_RECORD', 'a stored row is not UTF-8: something other than leeway wrote to it')
  }
}

/**
 * A query of the shared SQL with its parameters in the text, as literals of bytes. Its instants stand there already:
 * prepared, each moment would be a statement of its own for the server to keep.
 */
export function inlined({ text, parameters }: SqlQuery): string {
  let at = 0
  return text.replaceAll('?', () => `X'${digitsOf(encoder.encode(parameters[at++] as string))}'`)
}
