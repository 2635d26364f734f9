import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectAccessible, heading, launch, pathOf, press, scanned, signIn, visitor } from './browser.js'
import { type Phone, phone } from './phone.js'
import { type Running, startPortal } from './server.js'
import { isSkipped } from './tools.js'

/** From the page that offers or demands it, through all three steps, by whatever the page shows. */
async function setUp(page: Page): Promise<{ phone: Phone; codes: string[] }> {
  await page.getByRole('link', { name: 'Set up now' }).click()
  await press(page, 'I have one')
  const scannedPhone = phone(await scanned(page))
  await page.getByRole('link', { name: 'It shows a code' }).click()
  await page.getByLabel('Six-digit code').fill(scannedPhone.next())
  await press(page, 'Check')
  const codes = await page.locator('#recovery-codes code').allTextContents()
  await page.getByLabel('I have saved them').check()
  await press(page, 'Continue')
  return { phone: scannedPhone, codes }
}

async function answer(page: Page, code: string): Promise<void> {
  await page.getByLabel('Six-digit code').fill(code)
  await press(page, 'Continue')
}

describe.skipIf(isSkipped)('the portal, for a user', { timeout: 120_000 }, () => {
  let portal: Running
  let browser: Browser
  beforeAll(async () => {
    ;[portal, browser] = await Promise.all([startPortal(), launch()])
  })
  afterAll(async () => {
    await browser?.close()
    await portal?.remove()
  })

  it('a whole life: offered, put off, set up, challenged, a second phone, a lost one', async () => {
    const { page, context } = await visitor(browser, portal)
    await signIn(page, 'ada.lindqvist')
    expect(pathOf(page)).toBe('/offer')
    expect(await page.locator('.lead').textContent()).toMatch(
      /^\d+ days left, until \w+ \d+ \w+ \d{4}, end of the day \(Berlin time\)\.$/,
    )
    await expectAccessible(page)
    await press(page, 'Not now')
    expect(pathOf(page)).toBe('/')
    await expectAccessible(page)

    // What is sensitive asks for set-up first, and is where it goes on afterwards.
    await page.goto('/payslips')
    expect(pathOf(page)).toBe('/required')
    await expectAccessible(page)
    await page.getByRole('link', { name: 'Set up now' }).click()
    await expectAccessible(page)
    await press(page, 'I have one')
    await page.getByText('Can’t scan? Type this key').click()
    await expectAccessible(page)
    const keyUri = await scanned(page)
    expect(keyUri).toMatch(/^otpauth:\/\/totp\/Halden:ada\.lindqvist/)
    const first = phone(keyUri)
    expect((await page.locator('#secret').textContent())?.replace(/\s/g, '')).toBe(first.secret)
    await page.reload()
    expect(await scanned(page)).toBe(keyUri)

    await page.getByRole('link', { name: 'It shows a code' }).click()
    await page.getByLabel('Six-digit code').fill(first.wrong())
    await press(page, 'Check')
    expect(await page.locator('.summary').textContent()).toContain('4 tries left')
    expect(await page.evaluate('document.activeElement.className')).toBe('summary')
    await expectAccessible(page)
    // As it is pasted from some apps.
    await page.getByLabel('Six-digit code').fill(first.next().replace(/^\d{3}/, '$& '))
    await press(page, 'Check')

    const codes = await page.locator('#recovery-codes code').allTextContents()
    expect(codes).toHaveLength(10)
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Continue' }).click()
    expect(pathOf(page)).toBe('/setup/check')
    await page.getByLabel('I have saved them').check()
    await press(page, 'Continue')
    expect(pathOf(page)).toBe('/payslips')
    await expectAccessible(page)

    // The back button does not bring the codes back.
    await expect(page.goBack()).rejects.toThrow('ERR_CACHE_MISS')
    await page.waitForURL('chrome-error://chromewebdata/')
    expect(await page.locator('#recovery-codes').count()).toBe(0)

    await page.goto('/account')
    await expectAccessible(page)
    expect(await page.locator('.history').textContent()).toContain('An authenticator was added')
    await press(page, 'Sign out')
    await page.goBack()
    expect(pathOf(page)).toBe('/sign-in')

    await signIn(page, 'ada.lindqvist')
    expect(pathOf(page)).toBe('/challenge')
    await expectAccessible(page)
    await answer(page, first.again())
    expect(await page.locator('.summary').textContent()).toContain('each is accepted once')
    await expectAccessible(page)
    await answer(page, first.next())
    expect(pathOf(page)).toBe('/')

    // HTML in a name is text.
    await page.goto('/account')
    await page.getByRole('link', { name: /^Change/ }).click()
    await expectAccessible(page)
    await page.getByLabel('Name').fill('<img src=x onerror=alert(1)>')
    await press(page, 'Save the name')
    expect(await page.getByText('<img src=x onerror=alert(1)>').count()).toBeGreaterThan(0)
    expect(await page.locator('main img').count()).toBe(0)

    await page.getByRole('link', { name: 'Add another' }).click()
    await expectAccessible(page)
    await page.getByLabel('What do you call').fill('Tablet')
    await page.getByText('Use a recovery code in its place').click()
    await page.getByLabel('Recovery code').fill(String(codes[0]).toLowerCase().replaceAll('-', ' '))
    await press(page, 'Go on')
    const second = phone(await scanned(page))
    expect(second.secret).not.toBe(first.secret)
    await page.getByRole('link', { name: 'It shows a code' }).click()
    await page.getByLabel('Six-digit code').fill(second.next())
    await press(page, 'Check')
    expect(pathOf(page)).toBe('/account')
    expect(await page.locator('#authenticators ~ .rows li').count()).toBe(2)
    expect(await page.locator('main').textContent()).toContain('9 codes left')

    // The first phone is lost: it goes by a code of the second one.
    await page.getByRole('link', { name: /onerror/ }).click()
    await page.getByRole('link', { name: 'Remove it' }).click()
    await expectAccessible(page)
    await page.getByLabel('Code of an authenticator').fill(second.wrong())
    await press(page, 'Remove it')
    expect(await page.locator('.summary').textContent()).toContain('not right')
    await page.getByLabel('Code of an authenticator').fill(second.next())
    await press(page, 'Remove it')
    expect(await page.locator('#authenticators ~ .rows li').allTextContents()).toEqual([
      expect.stringContaining('Tablet'),
    ])

    // New recovery codes: the old ones are worth nothing, a new one lets in.
    await page.getByRole('link', { name: 'Replace them' }).click()
    await page.getByText('Use a recovery code in its place').click()
    await page.getByLabel('Recovery code').fill(String(codes[1]))
    await press(page, 'Make new codes')
    const fresh = await page.locator('#recovery-codes code').allTextContents()
    expect(fresh).toHaveLength(10)
    await press(page, 'Sign out')
    await signIn(page, 'ada.lindqvist')
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    await expectAccessible(page)
    for (const [code, path] of [
      [codes[2], '/challenge/recovery'],
      [fresh[0], '/'],
    ]) {
      await page.getByLabel('Recovery code').fill(String(code))
      await press(page, 'Continue')
      expect(pathOf(page)).toBe(path)
    }
    expect(await page.locator('.note').textContent()).toContain('You have 9 recovery codes left.')
    await context.close()
  })

  it('“not now” is counted where it is said so, and then set-up comes first', async () => {
    const { page, context } = await visitor(browser, portal)
    for (const left of [2, 1]) {
      await signIn(page, 'ruth.weiss')
      expect(await page.locator('main').textContent()).toContain(`possible ${left} more time`)
      await press(page, 'Not now')
      expect(pathOf(page)).toBe('/')
    }
    await signIn(page, 'ruth.weiss')
    expect(pathOf(page)).toBe('/required')
    for (const path of ['/', '/payslips', '/account', '/admin', '/offer']) {
      await page.goto(path)
      expect(pathOf(page), path).toBe('/required')
    }
    await setUp(page)
    expect(pathOf(page)).toBe('/')
    await context.close()
  })

  it('after five wrong codes none is looked at for a minute, the right one neither', async () => {
    const { page, context } = await visitor(browser, portal)
    await signIn(page, 'bogdan.ionescu')
    const { phone: own } = await setUp(page)
    await press(page, 'Sign out')
    await signIn(page, 'bogdan.ionescu')
    for (let times = 0; times < 4; times++) {
      await answer(page, own.wrong())
      expect(await page.locator('.summary').count()).toBe(1)
    }
    await answer(page, own.wrong())
    expect(await page.locator('.locked').textContent()).toMatch(
      /Too many wrong codes\. They are looked at again in (1 min )?\d+ s, from/,
    )
    expect(await page.getByLabel('Six-digit code').count()).toBe(0)
    await expectAccessible(page)
    // Recovery codes are counted apart.
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    expect(await page.getByLabel('Recovery code').count()).toBe(1)
    await context.close()
  })

  it('everything works without JavaScript', async () => {
    const { page, context } = await visitor(browser, portal, { javaScriptEnabled: false })
    await signIn(page, 'carmen.ruiz')
    await press(page, 'Not now')
    await page.goto('/offer')
    const { phone: own, codes } = await setUp(page)
    expect(codes).toHaveLength(10)
    await press(page, 'Sign out')
    await signIn(page, 'carmen.ruiz')
    await answer(page, own.wrong())
    expect(await page.locator('.summary').textContent()).toContain('not right')
    await answer(page, own.next())
    expect(pathOf(page)).toBe('/')
    await page.goto('/account')
    await page.getByRole('link', { name: 'Replace them' }).click()
    await page.getByText('Use a recovery code in its place').click()
    await page.getByLabel('Recovery code').fill(String(codes[0]))
    await press(page, 'Make new codes')
    expect(await page.getByRole('link', { name: 'Download' }).getAttribute('href')).toMatch(/^data:text\/plain/)
    await context.close()
  })

  it('of two browsers that set up at once the later wins, and the other one’s picture is worth nothing', async () => {
    const one = await visitor(browser, portal)
    const other = await visitor(browser, portal)
    for (const { page } of [one, other]) {
      await signIn(page, 'daan.devries')
      await page.getByRole('link', { name: 'Set up now' }).click()
      await press(page, 'I have one')
    }
    const stale = phone(await scanned(one.page))
    const current = phone(await scanned(other.page))
    expect(stale.secret).not.toBe(current.secret)
    await one.page.getByRole('link', { name: 'It shows a code' }).click()
    await one.page.getByLabel('Six-digit code').fill(stale.next())
    await press(one.page, 'Check')
    expect(await one.page.locator('.note').textContent()).toContain('Begin it again')
    await other.page.getByRole('link', { name: 'It shows a code' }).click()
    await other.page.getByLabel('Six-digit code').fill(current.next())
    await press(other.page, 'Check')
    expect(await other.page.locator('#recovery-codes li').count()).toBe(10)
    // The other session is over: it was made before there was a second step.
    await one.page.goto('/')
    expect(pathOf(one.page)).toBe('/sign-in')
    await Promise.all([one.context.close(), other.context.close()])
  })

  it('a form whose button is pressed twice is sent once, and one that is sent twice is done once', async () => {
    const { page, context } = await visitor(browser, portal)
    await signIn(page, 'elif.yilmaz')
    await page.getByRole('link', { name: 'Set up now' }).click()
    await press(page, 'I have one')
    const own = phone(await scanned(page))
    await page.getByRole('link', { name: 'It shows a code' }).click()
    await page.getByLabel('Six-digit code').fill(own.next())
    let sent = 0
    page.on('request', (request) => {
      if (request.method() === 'POST') sent += 1
    })
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Check' }).dblclick()])
    expect(sent).toBe(1)
    expect(await page.locator('#recovery-codes li').count()).toBe(10)
    // Sent once more by reloading the page.
    await page.reload()
    expect(await page.locator('#recovery-codes').count()).toBe(0)
    await page.goto('/account')
    expect(await page.locator('#authenticators ~ .rows li').count()).toBe(1)
    await context.close()
  })

  it('a pass is asked for where one is needed, and a wrong one is refused beside its field', async () => {
    const { page, context } = await visitor(browser, portal)
    await signIn(page, 'yuki.tanaka')
    expect(pathOf(page)).toBe('/required')
    await expectAccessible(page)
    await page.getByRole('link', { name: 'I have a pass' }).click()
    for (const pass of ['', 'AAAAA-AAAAA-AAAAA-AAAAA-AAAAA']) {
      await page.getByLabel('Your pass').fill(pass)
      await press(page, 'I have one')
      expect(await page.locator('#pass-error').textContent()).toContain(pass === '' ? 'Type the pass' : 'not right')
    }
    await expectAccessible(page)
    await context.close()
  })

  it('who is suspended is told so, and where to ask', async () => {
    const { page, context } = await visitor(browser, portal)
    await signIn(page, 'gita.sharma')
    expect(pathOf(page)).toBe('/suspended')
    await expectAccessible(page)
    await page.goto('/sign-in')
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.locator('.summary').waitFor()
    await expectAccessible(page)
    await page.goto('/demo/phone')
    await expectAccessible(page)
    await page.goto('/nowhere')
    expect(await heading(page)).toBe('There is nothing here')
    await expectAccessible(page)
    await context.close()
  })
})
