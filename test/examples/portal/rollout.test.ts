import { parse } from 'csv-parse/sync'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectAccessible, launch, pathOf, press, scanned, signIn, visitor } from './browser.js'
import { demoPhoneOf, type Phone, phone } from './phone.js'
import { client } from './requests.js'
import { type Running, startPortal } from './server.js'
import { isSkipped } from './tools.js'

/** As in Friday 18 December 2026. */
const dayOf = (instant: number): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' }).format(instant).replace(',', '')

describe.skipIf(isSkipped)('the portal, for an administrator', { timeout: 120_000 }, () => {
  let portal: Running
  let browser: Browser
  /** Olivia's */
  let page: Page
  let context: BrowserContext
  let oliviasPhone: Phone
  beforeAll(async () => {
    ;[portal, browser] = await Promise.all([startPortal(), launch()])
    oliviasPhone = demoPhoneOf(portal.file, 'olivia.brandt')
    ;({ page, context } = await visitor(browser, portal))
    await signIn(page, 'olivia.brandt')
    await page.getByLabel('Six-digit code').fill(oliviasPhone.next())
    await press(page, 'Continue')
  })
  afterAll(async () => {
    await context?.close()
    await browser?.close()
    await portal?.remove()
  })

  const rows = (): Promise<string[]> => page.locator('tbody th a').allTextContents()

  const count = async (name: string): Promise<number> => {
    await page.goto('/admin')
    return Number(await page.locator('.count', { hasText: name }).locator('.figure').textContent())
  }

  /** Opens what can be done with a user, and does it. */
  async function act(id: string, title: string, fill: () => Promise<void>, button: string): Promise<void> {
    await page.goto(`/admin/users/${id}`)
    await page.locator('summary').getByText(title, { exact: true }).click()
    await fill()
    await press(page, button)
  }
  const nothing = async (): Promise<void> => undefined

  it('sees how far it has come, and everybody behind each number', async () => {
    await page.goto('/admin')
    await expectAccessible(page)
    expect(await page.getByRole('img', { name: /^Of \d+ who must set up, \d+ have/ }).count()).toBe(1)
    expect(await page.locator('#stopped ~ .rows li').count()).toBe(3)
    const figures = await page.locator('.count .figure').allTextContents()
    const links = await page.locator('.count').evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''))
    for (const [index, link] of links.entries()) {
      await page.goto(link)
      expect(await page.locator('.bulk strong').textContent(), link).toMatch(
        new RegExp(`^${figures[index]} (person|people)$`),
      )
    }
    // Everybody is in one phase, those without a record included.
    const phases = figures.slice(0, -1).reduce((sum, figure) => sum + Number(figure), 0)
    await page.goto('/admin/users')
    expect(await page.locator('.bulk strong').textContent()).toBe(`${phases} people`)
    await expectAccessible(page)
  })

  it('finds people by name, team, phase and deadline, in order, on pages', async () => {
    await page.goto('/admin/users')
    await page.getByLabel('Name, email or team').fill('LOGIST')
    await press(page, 'Show')
    expect(await page.locator('tbody tr').count()).toBe(6)
    await page.getByLabel('Where they stand').selectOption('Overdue')
    await page.getByLabel('Name, email or team').fill('tom')
    await press(page, 'Show')
    expect(await rows()).toEqual(['Tomás Silva'])
    await page.goto('/admin/users?q=<script>alert(1)</script>')
    expect(await page.locator('.card').textContent()).toContain('Nobody matches')
    await page.goto('/admin/users?sort=deadline&due=7')
    expect((await rows()).slice(0, 3)).toEqual(['Szabó Zoltán', 'Tanaka Yuki', 'Tomás Silva'])
    await page.goto('/admin/users?page=2')
    const second = await rows()
    await page.getByRole('link', { name: 'Page 1' }).click()
    expect(second.some((name) => name === 'Ada Lindqvist')).toBe(false)
    expect(await rows()).toContain('Ada Lindqvist')
    for (const query of ['page=99', 'page=x', 'phase=none', 'due=-1', 'due=1e9', 'sort=drop']) {
      expect((await page.goto(`/admin/users?${query}`))?.status(), query).toBe(200)
    }
  })

  it('requires it of many: sees first what will happen, then it happens, and no more than that', async () => {
    const enrolled = await count('Set up')
    await page.goto('/admin/users?q=works')
    await page.getByLabel('Select all on this page').check()
    await press(page, 'Require of those selected')
    await expectAccessible(page)
    // The preview follows what is chosen.
    await page.locator('.facts').waitFor()
    const fact = (name: string): Promise<string | null> =>
      page.locator(`.facts dt:text-is("${name}") + dd`).textContent()
    expect(await fact('New terms')).toBe('4 people')
    expect(await fact('Stopped at their next sign-in')).toBe('0 people')
    await page.getByLabel('At once').check()
    await page.locator('.facts .alarm').waitFor()
    expect(await fact('Stopped at their next sign-in')).toBe('4 people')
    expect(await page.locator('.warning').textContent()).toContain('Everybody who has not set up is stopped')
    await expectAccessible(page)
    await page.getByLabel('7 days').check()
    await page.locator('.facts .alarm').waitFor({ state: 'detached' })
    expect(await fact('Stopped within a week, if nobody acts')).toMatch(/^[04] people$/)
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.locator('#preview .note').waitFor()
    expect(await page.locator('#preview .note').textContent()).toContain('4 with new terms')
    await page.goto('/admin/users?q=works')
    expect(await page.locator('.tag').allTextContents()).toEqual(new Array(4).fill(' Has time'))
    expect(await count('Set up')).toBe(enrolled)
  })

  it('the same without JavaScript, with what is wrong said beside its field', async () => {
    const plain = await visitor(browser, portal, { javaScriptEnabled: false })
    await plain.context.addCookies(await context.cookies())
    const { page } = plain
    await page.goto('/admin/users?q=apprentices')
    await press(page, 'Require of all 4')
    await page.getByLabel('Another number of days').check()
    await page.getByRole('spinbutton', { name: 'Number of days' }).fill('0')
    await press(page, 'Preview')
    expect(await page.locator('#days-error').textContent()).toContain('from 1 to 365')
    await page.getByLabel('Until the end of a day').check()
    await page.getByLabel('Last day').fill('2020-02-02')
    await press(page, 'Preview')
    expect(await page.locator('#date-error').textContent()).toContain('That day is over')
    const inTwoMonths = Date.now() + 60 * 86_400_000
    await page.getByLabel('Last day').fill(new Date(inTwoMonths).toISOString().slice(0, 10))
    await page.getByText('More', { exact: true }).click()
    await page.getByLabel('Who has terms already').selectOption('replace')
    await page.getByLabel('Reason, for the record').fill('A <b>bold</b> plan')
    await press(page, 'Preview')
    await press(page, 'Apply')
    expect(await page.locator('.note').textContent()).toContain('4 people have new terms')
    await page.goto('/admin/users/anna.schmid')
    expect(await page.locator('.lead').textContent()).toContain(`until ${dayOf(inTwoMonths)}, end of the day`)
    expect(await page.locator('.history').textContent()).toContain('By Olivia Brandt. “A <b>bold</b> plan”')
    await plain.context.close()
  })

  it('hands out a pass, seen once; it opens one set-up', async () => {
    await act('yuki.tanaka', 'Issue a pass for set-up', nothing, 'Issue a pass')
    const pass = String(await page.locator('#pass').textContent())
    await expectAccessible(page)
    await page.goto('/admin/users/yuki.tanaka')
    expect(await page.content()).not.toContain(pass)
    const yuki = await visitor(browser, portal)
    await signIn(yuki.page, 'yuki.tanaka')
    await yuki.page.getByRole('link', { name: 'I have a pass' }).click()
    await yuki.page.getByLabel('Your pass').fill(pass)
    await press(yuki.page, 'I have one')
    const own = phone(await scanned(yuki.page))
    await yuki.page.getByRole('link', { name: 'It shows a code' }).click()
    await yuki.page.getByLabel('Six-digit code').fill(own.next())
    await press(yuki.page, 'Check')
    expect(await yuki.page.locator('#recovery-codes li').count()).toBe(10)

    // Her phone is lost: the reset ends her session, and set-up comes first, by a pass again.
    await act('yuki.tanaka', 'Reset, for a lost phone', nothing, 'Remove all authenticators')
    expect(await page.locator('#grace-error').textContent()).toContain('Choose how much time')
    await expectAccessible(page)
    await page.getByLabel('None: set-up comes first').check()
    await press(page, 'Remove all authenticators')
    await yuki.page.goto('/account')
    expect(pathOf(yuki.page)).toBe('/sign-in')
    await signIn(yuki.page, 'yuki.tanaka')
    expect(pathOf(yuki.page)).toBe('/required')
    await yuki.context.close()
  })

  it('gives more time and less, exempts, suspends and opens again', async () => {
    const lead = async (): Promise<string> => String(await page.locator('.lead').textContent())
    await page.goto('/admin/users/hugo.tremblay')
    await expectAccessible(page)
    const before = await lead()
    await act('hugo.tremblay', 'Give more time, or less', () => page.getByLabel('Days').fill('0'), 'Sooner')
    expect(await page.locator('#days-error').textContent()).toContain('from 1 to 365')
    await act(
      'hugo.tremblay',
      'Give more time, or less',
      () => page.getByLabel('Days').fill('7'),
      'Later by these days',
    )
    expect(await lead()).not.toBe(before)
    await act('hugo.tremblay', 'Give more time, or less', () => page.getByLabel('Days').fill('7'), 'Sooner')
    expect(await lead()).toBe(before)

    await act('hugo.tremblay', 'Exempt for a time', nothing, 'Exempt')
    expect(await page.locator('.summary li').count()).toBe(2)
    await page.getByLabel('Last day').fill('2199-12-31')
    await page.getByLabel('Reason', { exact: true }).fill('At sea')
    await press(page, 'Exempt')
    expect(await lead()).toMatch(/^Exempt until .*: At sea$/)
    await act('hugo.tremblay', 'End the exemption', nothing, 'End it')
    expect(await lead()).toBe(before)

    const hugo = client(portal)
    await hugo.signIn('hugo.tremblay')
    expect((await hugo.get('/')).status).toBe(200)
    await act('hugo.tremblay', 'Suspend the account', nothing, 'Suspend it')
    expect((await hugo.get('/')).status).toBe(303)
    expect((await hugo.signIn('hugo.tremblay')).location).toBe('/suspended')
    await act('hugo.tremblay', 'Open the account again', nothing, 'Open it')
    expect((await hugo.signIn('hugo.tremblay')).location).toBe('/offer')
  })

  it('unlocks, and takes an authenticator away', async () => {
    await page.goto('/admin/users/isla.campbell')
    await expectAccessible(page)
    expect(await page.locator('.tag.locked').count()).toBe(1)
    await act('isla.campbell', 'Unlock', nothing, 'Unlock')
    expect(await page.locator('.tag.locked').count()).toBe(0)
    await press(page, 'Remove Phone')
    expect(await page.locator('#authenticators ~ .hint').textContent()).toBe('None yet.')
  })

  it('changes nothing of her own', async () => {
    await page.goto('/admin/users/olivia.brandt')
    expect(await page.locator('main').textContent()).toContain('This is you')
    const forged = client(portal, new Map((await context.cookies()).map(({ name, value }) => [name, value])))
    await forged.get('/admin')
    for (const change of ['suspend', 'reset', 'optional', 'pass']) {
      const { status, text } = await forged.post(`/admin/users/olivia.brandt/${change}`, { grace: 'none' })
      expect([status, text.includes('Nobody changes his own account here')], change).toEqual([422, true])
    }
    // Days that there are not are no days, and end nothing.
    for (const until of ['2199-02-30', '2199-13-01', '0000-00-00', 'tomorrow', '']) {
      const { text } = await forged.post('/admin/users/ada.lindqvist/exempt', { until, exemptReason: 'x' })
      expect(text, until).toContain('Choose the last day')
    }
    expect((await forged.post('/admin/users/nobody/suspend')).status).toBe(404)
    expect((await forged.post('/admin/users/ada.lindqvist/explode')).status).toBe(404)
    expect((await forged.post('/admin/require/apply', { user: 'olivia.brandt', period: 'none' })).status).toBe(400)
  })

  it('sends the reminders that are due, each once', async () => {
    await page.goto('/admin')
    const due = Number.parseInt(String(await page.locator('#reminders ~ p strong').textContent()), 10)
    expect(due).toBeGreaterThan(0)
    await press(page, 'Send reminders now')
    expect(await page.locator('.note').textContent()).toContain(`${due} reminder`)
    expect(await page.locator('.rows li').count()).toBeGreaterThanOrEqual(due)
    await expectAccessible(page)
    await page.goto('/admin')
    await press(page, 'Send reminders now')
    expect(await page.locator('.note').textContent()).toContain('0 reminders')
  })

  it('downloads a report', async () => {
    await page.goto('/admin')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download CSV' }).click(),
    ])
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(Buffer.from(chunk))
    const report = parse(Buffer.concat(chunks), { columns: true }) as { user_id: string; phase: string }[]
    expect(report.find(({ user_id: id }) => id === 'noor.haddad')?.phase).toBe('enrolled')
    expect(report.filter(({ phase }) => phase === 'enrolled')).toHaveLength(await count('Set up'))
  })

  it('lets time pass: a deadline comes, somebody is stopped, and back to now he is not', async () => {
    const kwame = client(portal)
    expect((await kwame.signIn('kwame.mensah')).location).toBe('/offer')
    await page.goto('/admin/clock')
    await expectAccessible(page)
    await press(page, 'Forward a day')
    await press(page, 'To the next deadline')
    expect(await page.locator('.demo').textContent()).toContain('ahead of your phone')
    // The session that was let in is stopped, too; and who signs in now is sent to set-up.
    expect((await kwame.get('/')).location).toBe('/required?return_to=%2F')
    expect((await kwame.signIn('kwame.mensah')).location).toBe('/required')
    await page.goto('/admin')
    expect(await page.locator('#stopped ~ .rows').textContent()).toContain('Kwame Mensah')
    // Phones do not know of it: codes are of the real time.
    const noor = client(portal)
    await noor.signIn('noor.haddad')
    await noor.get('/challenge')
    expect((await noor.post('/challenge', { code: demoPhoneOf(portal.file, 'noor.haddad').next() })).location).toBe('/')

    await page.goto('/admin/clock')
    await press(page, 'Back to now')
    expect((await kwame.signIn('kwame.mensah')).location).toBe('/offer')
    expect((await noor.get('/payslips')).status).toBe(200)
  })

  it('after a restart everything is as it was, sessions included', async () => {
    await page.goto('/admin/users?phase=enrolled')
    const before = await rows()
    expect(await portal.stop()).toBe(0)
    await portal.restart()
    await page.reload()
    expect(await rows()).toEqual(before)
    expect(portal.printed()).not.toContain('Error')
  })
})
