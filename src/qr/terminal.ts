import { modulesOf } from './modules.js'

/** Black on white from the fixed part of the 256 colours: many phones do not read a symbol in a theme's colours. */
const BLACK_ON_WHITE = '\u001b[38;5;16;48;5;231m'
const AS_BEFORE = '\u001b[0m'
/** Two rows in one line, by whether the upper and the lower module are dark. */
const HALVES = { upper: { lower: '█', light: '▀' }, light: { lower: '▄', light: ' ' } } as const

/**
 * A QR code as text for a terminal that knows Unicode and 256 colours: a line for two rows of modules, each ended by a line
 * feed. It holds the secret of a key URI: print it for its user alone.
 *
 * Black on white whatever the terminal's colours are. Error correction is low, 7 %, and the quiet zone two modules, so that
 * the key URI of an ordinary account fits into 24 lines.
 *
 * Throws a TypeError or RangeError, which repeats nothing, for text that is empty, not well-formed Unicode or longer than
 * 2953 bytes of UTF-8.
 *
 * @example
 * ```ts
 * const lines = qrTerminal('otpauth://totp/Example:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Example').split('\n')
 * console.log(lines.length) // 20
 * ```
 */
export function qrTerminal(text: string): string {
  const modules = modulesOf(text, 'low', 2)
  let drawn = ''
  for (let y = 0; y < modules.length; y += 2) {
    // Symbols have an odd number of rows: below the last there is light.
    const below = modules[y + 1] ?? []
    const line = (modules[y] as readonly boolean[]).map(
      (dark, x) => HALVES[dark ? 'upper' : 'light'][below[x] ? 'lower' : 'light'],
    )
    drawn += `${BLACK_ON_WHITE}${line.join('')}${AS_BEFORE}\n`
  }
  return drawn
}
