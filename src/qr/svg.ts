import { assertKnownKeys, assertObject, assertText } from '../assert.js'
import { type Modules, modulesOf } from './modules.js'

/** How a QR code is shown. */
export interface QrSvgOptions {
  /** what a screen reader says in its place, 1 to 1000 characters; by default what to do with it, in English */
  label?: string | undefined
}

const LABEL = 'QR code to scan with an authenticator app'
/** ISO/IEC 18004:2024, 9.1: without it many phones see no symbol. */
const QUIET_ZONE = 4

/**
 * A QR code as an SVG element, to be put into a page as it is or saved as a file. It holds the secret of a key URI: show it
 * to its user alone, and log it never.
 *
 * Black on white whatever the page's colours are, as many phones do not read an inverted one; a quiet zone of four modules;
 * no script, no style, no size of its own: it is as large as the page makes it. Error correction is medium, 15 %.
 *
 * Throws a TypeError or RangeError, which repeats nothing, for text that is empty, not well-formed Unicode or longer than
 * 2331 bytes of UTF-8, and for a label that is empty, too long or has control characters.
 *
 * @example
 * ```ts
 * const svg = qrSvg('otpauth://totp/Example:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Example', { label: 'QR code for Example' })
 * console.log(svg.slice(0, 58)) // <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 45 45
 * ```
 */
export function qrSvg(text: string, options: QrSvgOptions = {}): string {
  assertObject(options, 'options')
  assertKnownKeys(options, ['label'], 'options')
  const { label = LABEL } = options
  assertText(label, 'options.label', 1, 1000)
  // XML has no way to write these (XML 1.0, 2.2).
  if (/[\p{Cc}\uFFFE\uFFFF]/u.test(label)) throw new RangeError('options.label must not contain control characters')
  const modules = modulesOf(text, 'medium', QUIET_ZONE)
  const size = modules.length
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" role="img" aria-label="${escaped(label)}" ` +
    `shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#fff"/>` +
    `<path fill="#000" d="${pathOf(modules)}"/></svg>`
  )
}

/** One closed line around every run of dark modules in a row. */
function pathOf(modules: Modules): string {
  return modules
    .map((row, y) => {
      const dots = row.map((dark) => (dark ? '1' : '0')).join('')
      return [...dots.matchAll(/1+/g)]
        .map(({ 0: run, index }) => `M${index} ${y}h${run.length}v1h-${run.length}z`)
        .join('')
    })
    .join('')
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string)
}
