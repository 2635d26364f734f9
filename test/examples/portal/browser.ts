import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { emailOf, PASSWORD, type Running } from './server.js'
import { CHROMIUM } from './tools.js'

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A browser of its own: what is open in it shares cookies with nobody else. */
export async function visitor(
  browser: Browser,
  portal: Running,
  options: { javaScriptEnabled?: boolean } = {},
): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ baseURL: portal.url, viewport: { width: 1280, height: 860 }, ...options })
  context.setDefaultTimeout(30_000)
  return { context, page: await context.newPage() }
}

export async function signIn(page: Page, id: string): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('Email').fill(emailOf(id))
  await page.getByLabel('Password').fill(PASSWORD)
  await press(page, 'Sign in')
}

/** Presses a button and waits for the page that it leads to. */
export async function press(page: Page, name: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name, exact: true }).click()])
}

export const pathOf = (page: Page): string => new URL(page.url()).pathname

export const heading = (page: Page): Promise<string | null> => page.getByRole('heading', { level: 1 }).textContent()

/** What a camera in front of the page reads: the key URI. */
export async function scanned(page: Page): Promise<string> {
  const picture = join(tmpdir(), `leeway-portal-${process.pid}-${Math.random()}.png`)
  await page.screenshot({ path: picture, fullPage: true })
  try {
    return execFileSync('zbarimg', ['--quiet', '--raw', picture], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } finally {
    rmSync(picture)
  }
}

interface Violation {
  id: string
  nodes: { target: unknown; failureSummary?: string }[]
}

/** No violation of axe on this page, on a desktop and on a phone, light and dark; colours change nothing but contrast. */
export async function expectAccessible(page: Page): Promise<void> {
  const before = page.viewportSize() ?? { width: 1280, height: 860 }
  await page.evaluate(axe.source)
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const rules = colorScheme === 'light' ? '' : "{ runOnly: ['color-contrast'] }"
      const { violations } = (await page.evaluate(`axe.run(${rules})`)) as { violations: Violation[] }
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(', ')}`)
      expect(found, `${page.url()} at ${width}, ${colorScheme}`).toEqual([])
    }
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    expect(overflow, `${page.url()} at ${width} is wider than its window`).toBe(0)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(before)
}
