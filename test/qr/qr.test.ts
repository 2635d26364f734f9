import fc from 'fast-check'
import { encodeQR } from 'qr'
import { describe, expect, it } from 'vitest'
import { qrSvg, qrTerminal } from '../../src/qr/index.js'
import { formatKeyUri } from '../../src/totp/index.js'
import { photographed, scanned, skip } from './read-back.js'

const secret = Uint8Array.from({ length: 20 }, (_, at) => at + 1)
const keyUri = formatKeyUri({ secret, issuer: 'Example', accountName: 'ada@example.com' })

/** The modules that the path of an SVG paints, as rows of 0 and 1. */
function painted(svg: string): string[] {
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1])
  const rows = Array.from({ length: size }, () => new Array<string>(size).fill('0'))
  for (const [, x, y, width] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    rows[Number(y)]?.fill('1', Number(x), Number(x) + Number(width))
  }
  return rows.map((row) => row.join(''))
}

/** The modules that half blocks show, as rows of 0 and 1. */
function shown(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const blocks = [...line].filter((character) => '█▀▄ '.includes(character))
      const row = (dark: string): string => blocks.map((block) => (dark.includes(block) ? '1' : '0')).join('')
      return [row('█▀'), row('█▄')]
    })
}

/** Rows of modules as a picture, each module so many pixels wide. */
function pictured(rows: readonly string[], scale = 8): string {
  const wide = rows.map((row) => [...row].map((module) => `${module} `.repeat(scale)).join(''))
  const width = (rows[0]?.length ?? 0) * scale
  return `P1\n${width} ${rows.length * scale}\n${wide.flatMap((row) => new Array(scale).fill(row)).join('\n')}\n`
}

const isSkipped = skip !== null && !process.env['CI']
if (isSkipped) process.stdout.write(`skipped: QR codes read back: ${skip}\n`)
const readBack = it.skipIf(isSkipped)

describe('qrSvg', () => {
  readBack.each([false, true])('is read back from a page, in dark mode: %s', (dark) => {
    const style = '<style>:root{color-scheme:dark light}body{background:Canvas;margin:20px}svg{width:440px}</style>'
    const page = photographed(`<!doctype html>${style}${qrSvg(keyUri)}`, { dark })
    expect(scanned(page, 'png')).toBe(keyUri)
  })

  it('paints the symbol of the text and nothing else', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{1,300}$/), (text) => {
        const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 4 })
        expect(painted(qrSvg(text))).toEqual(rows.map((row) => row.map(Number).join('')))
      }),
      { numRuns: 50 },
    )
  })

  it('has a quiet zone of four modules', () => {
    const rows = painted(qrSvg(keyUri))
    const light = '0'.repeat(rows.length)
    expect([...rows.slice(0, 4), ...rows.slice(-4)]).toEqual(new Array(8).fill(light))
    expect(rows.every((row) => row.startsWith('0000') && row.endsWith('0000'))).toBe(true)
    expect(rows[4]?.slice(4, 11)).toBe('1111111')
  })

  it('is black on white, with sharp edges, whatever the page looks like', () => {
    const svg = qrSvg(keyUri)
    expect(svg).toMatch(/<rect width="(\d+)" height="\1" fill="#fff"\/><path fill="#000" /)
    expect(svg).toContain('shape-rendering="crispEdges"')
    // A content security policy may forbid both.
    expect(svg).not.toMatch(/style|script|currentColor/i)
  })

  it('is an image with words in its place', () => {
    expect(qrSvg(keyUri)).toContain('role="img" aria-label="QR code to scan with an authenticator app"')
    expect(qrSvg(keyUri, { label: 'Code QR' })).toContain('role="img" aria-label="Code QR"')
    expect(qrSvg(keyUri, { label: undefined })).toContain('aria-label="QR code')
  })

  it('escapes the label', () => {
    const svg = qrSvg(keyUri, { label: `"><script>alert('1 & 2')</script>` })
    expect(svg).toContain('aria-label="&quot;&gt;&lt;script&gt;alert(&#39;1 &amp; 2&#39;)&lt;/script&gt;"')
    expect(svg.match(/</g)).toHaveLength(4)
  })

  it('does not repeat the text', () => {
    expect(qrSvg(keyUri)).not.toMatch(/otpauth|ada|AEBAGBAFAYDQQCIK/)
  })

  it('refuses a label that no page can show', () => {
    expect(() => qrSvg(keyUri, { label: '' })).toThrow(
      new RangeError('options.label must be 1 to 1000 characters long'),
    )
    for (const character of ['\u0001', '\n', '\u007f', '\uffff']) {
      expect(() => qrSvg(keyUri, { label: `a${character}` })).toThrow(
        new RangeError('options.label must not contain control characters'),
      )
    }
    expect(() => qrSvg(keyUri, { label: 1 as never })).toThrow(new TypeError('options.label must be a string'))
    expect(() => qrSvg(keyUri, { labels: 'a' } as never)).toThrow(TypeError)
    expect(() => qrSvg(keyUri, null as never)).toThrow(new TypeError('options must be an object'))
  })
})

describe('qrTerminal', () => {
  readBack('is read back', () => {
    expect(scanned(pictured(shown(qrTerminal(keyUri))), 'pbm')).toBe(keyUri)
  })

  it('shows the symbol of the text and nothing else', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{1,300}$/), (text) => {
        const rows = encodeQR(text, 'raw', { ecc: 'low', border: 2 }).map((row) => row.map(Number).join(''))
        // An odd number of rows, and a light one to fill the last line.
        expect(shown(qrTerminal(text))).toEqual([...rows, '0'.repeat(rows.length)])
      }),
      { numRuns: 50 },
    )
  })

  it('sets its colours on every line and gives them back', () => {
    const lines = qrTerminal(keyUri).split('\n')
    expect(lines.pop()).toBe('')
    for (const line of lines) {
      expect(line.startsWith('\u001b[38;5;16;48;5;231m')).toBe(true)
      expect(line.endsWith('\u001b[0m')).toBe(true)
    }
  })

  it('fits an ordinary key URI into 24 lines of 80 columns', () => {
    const rows = shown(qrTerminal(keyUri))
    expect(rows.length / 2).toBeLessThan(24)
    expect(rows[0]?.length).toBeLessThanOrEqual(80)
  })
})

describe.each([
  ['qrSvg', qrSvg, 2331],
  ['qrTerminal', qrTerminal, 2953],
] as const)('what %s refuses', (_name, draw, most) => {
  it('is text longer than a symbol holds, and the error does not repeat it', () => {
    expect(draw('s'.repeat(most))).toBeTruthy()
    expect(() => draw('s'.repeat(most + 1))).toThrow(new RangeError(`text must be 1 to ${most} characters long`))
    // fewer characters than bytes
    expect(() => draw('ß'.repeat(most - 1))).toThrow(new RangeError(`text must be at most ${most} bytes of UTF-8`))
  })

  it('is what is no text', () => {
    expect(() => draw('')).toThrow(RangeError)
    expect(() => draw('\ud800')).toThrow(RangeError)
    expect(() => draw(undefined as never)).toThrow(new TypeError('text must be a string'))
  })
})
