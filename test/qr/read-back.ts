import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why pictures cannot be read here, or null where they can. In CI a missing tool is a failure, not a skip. */
export const skip: string | null = missing()

function missing(): string | null {
  const lacking = [
    ...(isThere('zbarimg') ? [] : ['zbarimg']),
    ...(['chromium', 'chromium-browser', 'google-chrome'].some(isThere) ? [] : ['a Chromium']),
  ]
  if (lacking.length === 0) return null
  return `nothing reads QR codes back: ${lacking.join(' and ')} is not installed`
}

function isThere(command: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, command)))
}

/** What a reader of QR codes finds in a picture; `suffix` names its format. */
export function scanned(picture: Uint8Array | string, suffix: string): string {
  return inFolder((folder) => {
    const file = join(folder, `picture.${suffix}`)
    writeFileSync(file, picture)
    return execFileSync('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trimEnd()
  })
}

/** A page as a browser shows it, in dark mode or not, as a picture in PNG. */
export function photographed(html: string, { dark }: { dark: boolean }): Uint8Array {
  return inFolder((folder) => {
    const page = join(folder, 'page.html')
    const picture = join(folder, 'page.png')
    writeFileSync(page, html)
    const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(isThere) as string
    const options = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--window-size=500,500']
    const scheme = dark ? ['--force-dark-mode', '--blink-settings=preferredColorScheme=0'] : []
    const profile = `--user-data-dir=${join(folder, 'profile')}`
    execFileSync(chromium, [...options, ...scheme, profile, `--screenshot=${picture}`, `file://${page}`], {
      stdio: 'ignore',
      timeout: 50_000,
    })
    return readFileSync(picture)
  })
}

function inFolder<Answer>(work: (folder: string) => Answer): Answer {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-qr-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
