import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { phone } from '../../src/testing/index.js'
import { wrongCode } from '../service/setting.js'
import { launch } from './portal/browser.js'
import { isSkipped } from './portal/tools.js'
import { type Running, start } from './visitor.js'

const STEP = 30_000

/** The script of the pages is the same on every framework. */
describe.skipIf(isSkipped)('the pages of the frameworks in a browser', () => {
  let server: Running
  let browser: Browser
  beforeAll(async () => {
    server = await start('hono')
    browser = await launch()
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  async function signedIn(to: string): Promise<Page> {
    const page = await (await browser.newContext({ baseURL: server.origin })).newPage()
    await page.goto(to)
    await page.getByLabel('Name').fill('ada')
    await page.getByLabel('Password').fill('correct horse battery staple')
    await page.getByRole('button', { name: 'Sign in' }).click()
    return page
  }

  it('"not now", set-up, the challenge and a recovery code lead where somebody wanted to go', async () => {
    const later = await signedIn('/?from=mail')
    await later.getByRole('button', { name: 'Not now' }).click()
    await later.waitForURL('**/?from=mail')
    await later.getByText('30 days left').waitFor()

    const page = await signedIn('/payslips')
    await page.getByRole('button', { name: 'Set up now' }).click()
    await page.getByRole('img', { name: /^QR code/ }).waitFor()
    const app = phone((await page.locator('#secret').textContent()) ?? '')
    await page.getByRole('textbox', { name: 'Code' }).fill(wrongCode(app, Date.now()))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('The code is not right').waitFor()
    await page.getByRole('textbox', { name: 'Code' }).fill(app.codeAt(Date.now()))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('Keep these recovery codes').waitFor()
    expect(await page.getByRole('alert').textContent()).toBe('')
    const recoveryCodes = ((await page.locator('#recovery-codes').textContent()) ?? '').split('\n')
    expect(recoveryCodes).toHaveLength(10)
    await page.getByRole('link', { name: 'Go on' }).click()
    await page.waitForURL('**/payslips')

    const laptop = await signedIn('/payslips')
    await laptop.getByLabel('Code', { exact: true }).fill(app.codeAt(Date.now() + STEP))
    await laptop.getByRole('button', { name: 'Go on' }).click()
    await laptop.waitForURL('**/payslips')

    const tablet = await signedIn('/')
    await tablet.getByLabel('Or a recovery code').fill(recoveryCodes[0] ?? '')
    await tablet.getByRole('button', { name: 'Use it' }).click()
    await tablet.getByText('at the level mfa').waitFor()
    await tablet.getByRole('button', { name: 'Sign out' }).click()
    await tablet.waitForURL('**/sign-in')
  })
})
