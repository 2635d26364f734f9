// @ts-check
// The README's pictures, of the portal as it is: `npm run screenshots` writes docs/pictures/*.png.
import { mkdirSync, statSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { PASSWORD, startPortal } from './portal.js'

const FOLDER = 'docs/pictures'
const MOST_BYTES = 200_000
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

const portal = await startPortal()
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS.split(' ') })
mkdirSync(FOLDER, { recursive: true })

/** @param {import('playwright-core').Page} page @param {string} id */
async function signIn(page, id) {
  await page.goto(`${portal.url}/sign-in`)
  await page.getByLabel('Email').fill(`${id}@halden.example`)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((url) => url.pathname !== '/sign-in')
}

/** @param {import('playwright-core').Page} page @param {string} name */
async function picture(page, name) {
  const path = `${FOLDER}/${name}.png`
  await page.screenshot({ path, animations: 'disabled' })
  const { size } = statSync(path)
  console.log(`${path}  ${Math.round(size / 1000)} kB`)
  if (size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES} bytes`)
}

const onPhone = await browser.newPage({ viewport: { width: 390, height: 700 }, deviceScaleFactor: 2 })
await signIn(onPhone, 'ada.lindqvist')
await picture(onPhone, 'offer')

const onDesk = await browser.newPage({ viewport: { width: 1100, height: 830 } })
await signIn(onDesk, 'ada.lindqvist')
await onDesk.getByRole('link', { name: 'Set up now' }).click()
await onDesk.getByRole('button', { name: 'I have one' }).click()
await onDesk.locator('.qr').waitFor()
await picture(onDesk, 'set-up')
await onDesk.getByRole('button', { name: 'Sign out' }).click()

await signIn(onDesk, 'olivia.brandt')
await onDesk.goto(`${portal.url}/demo/phone`)
const code = await onDesk.locator('li', { hasText: 'olivia' }).locator('code').textContent()
await onDesk.goto(`${portal.url}/challenge`)
await onDesk.getByLabel('Six-digit code').fill(code ?? '')
await onDesk.getByRole('button', { name: 'Continue' }).click()
await onDesk.waitForURL((url) => url.pathname === '/')
await onDesk.setViewportSize({ width: 1280, height: 1060 })
await onDesk.goto(`${portal.url}/admin`)
await picture(onDesk, 'roll-out')

await onDesk.goto(`${portal.url}/admin/users?q=works`)
await onDesk.getByLabel('Select all on this page').check()
await onDesk.getByRole('button', { name: 'Require of those selected' }).click()
await onDesk.locator('.facts').waitFor()
await onDesk.getByLabel('At once').check()
await onDesk.locator('.facts .alarm').waitFor()
await picture(onDesk, 'preview')

await browser.close()
await portal.stop()
