// @ts-check
/**
 * The whole life of a user through the public API, on a clock that is moved and seeded randomness. It imports nothing,
 * so that each runtime and each module format hands it the package as it got it. What it checks, it checks everywhere;
 * and what it tells must be the same everywhere, to the letter: keys, codes, deadlines in sixteen time zones, answers
 * over HTTP.
 */

/**
 * @typedef {object} Package every entry point that needs no database
 * @property {typeof import('leeway')} leeway
 * @property {typeof import('leeway/totp')} totp
 * @property {typeof import('leeway/memory')} memory
 * @property {typeof import('leeway/http') | null} http null in a page, which may neither send an Origin nor set cookies
 * @property {typeof import('leeway/qr')} qr
 * @property {typeof import('leeway/testing')} testing
 */
/** @typedef {(what: string, value: unknown) => void} Tell */

const SECOND = 1000
const STEP = 30 * SECOND
const MINUTE = 60 * SECOND
const DAY = 1440 * MINUTE
/** Monday, 5 January 2026, 09:00:00 UTC. */
const NOW = Date.UTC(2026, 0, 5, 9)
const ADMINISTRATOR = { actor: 'root', reason: 'MFA for everybody' }

/**
 * Goes through it all. Rejects where something is not as it should be.
 *
 * @param {Package} given
 * @returns {Promise<{ chapters: number, told: string[], runsText: boolean }>} what happened, a line each
 */
export async function journey(given) {
  /** @type {string[]} */
  const told = []
  for (const [name, chapter] of Object.entries(CHAPTERS)) {
    try {
      await chapter(given, (what, value) => told.push(`${name}, ${what}: ${withoutAttempts(JSON.stringify(value))}`))
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.stack : error}`)
    }
  }
  return { chapters: Object.keys(CHAPTERS).length, told, runsText: runsText() }
}

/** An event's id ends with that of the attempt, which comes from the platform's own generator. @param {string} json */
function withoutAttempts(json) {
  return json.replace(/(\d{12})-[0-9a-f]{8}\b/g, '$1')
}

/** Whether a runtime makes code of text; zod writes its parsers so where it can. */
function runsText() {
  try {
    return new Function('return true')()
  } catch {
    return false
  }
}

/** @type {Record<string, (given: Package, tell: Tell) => void | Promise<void>>} */
const CHAPTERS = {
  'RFC 4226 and RFC 6238': standardCodes,
  secrets,
  'the enrollment period': enrollmentPeriod,
  'set-up': setUp,
  'wrong codes': wrongCodes,
  'recovery codes': recoveryCodes,
  'the deadline': deadline,
  'time zones': timeZones,
  'whose terms': whoseTerms,
  'a roll-out': rollOut,
  'key rotation': keyRotation,
  'leeway/http': overHttp,
  'leeway/qr': qrCodes,
  mistakes,
  'the testing kit': testingKit,
}

/** @param {Package} given @param {Tell} tell */
function standardCodes({ totp }, tell) {
  const digits = '1234567890'.repeat(7)
  /** @type {readonly (readonly [import('leeway').HashAlgorithm, number, string])[]} */
  const appendixB = [
    ['SHA1', 20, '94287082 07081804 14050471 89005924 69279037 65353130'],
    ['SHA256', 32, '46119246 68084774 67062674 91819424 90698825 77737706'],
    ['SHA512', 64, '90693936 25091201 99943326 93441116 38618901 47863826'],
  ]
  for (const [algorithm, bytes, codes] of appendixB) {
    const secret = new TextEncoder().encode(digits.slice(0, bytes))
    const seconds = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000]
    const made = seconds.map((second) => totp.generateTotp(secret, second * SECOND, { algorithm, digits: 8 }))
    equal(made.join(' '), codes, algorithm)
    const prepared = totp.prepareTotp(secret, { algorithm })
    tell(algorithm, [prepared.generate(NOW), prepared.verify(prepared.generate(NOW - STEP), { now: NOW })])
  }
  const secret = new TextEncoder().encode(digits.slice(0, 20))
  const hotp = Array.from({ length: 10 }, (_, counter) => totp.generateHotp(secret, counter))
  equal(hotp.join(' '), '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489', 'RFC 4226, appendix D')
  equal(totp.verifyHotp(secret, '399871', { counter: 3, lookAhead: 10 }), { ok: true, counter: 8 }, 'looking ahead')
  const check = { now: 59 * SECOND, afterTimeStep: 1 }
  equal(totp.verifyTotp(secret, '287 082', check), { ok: false, reason: 'replayed' }, 'a step accepted before')
}

/** @param {Package} given @param {Tell} tell */
function secrets({ totp }, tell) {
  equal(totp.encodeBase32(new TextEncoder().encode('foobar')), 'MZXW6YTBOI', 'RFC 4648, section 10')
  equal(new TextDecoder().decode(totp.decodeBase32('mzxw 6ytb-oi======')), 'foobar', 'as people type it')
  const secret = totp.generateSecret()
  equal([secret.length, new Set(secret).size > 5], [20, true], 'a fresh secret')
  const key = {
    secret: totp.decodeBase32('JBSWY3DPEHPK3PXP'),
    issuer: 'Bäckerei & Söhne',
    accountName: '李雷@例子.中国',
  }
  const uri = totp.formatKeyUri(key)
  tell('a key URI', uri)
  const { issuer, accountName } = totp.parseKeyUri(uri)
  equal([issuer, accountName], [key.issuer, key.accountName], 'a key URI, read back')
}

/** @param {Package} given @param {Tell} tell */
async function enrollmentPeriod(given, tell) {
  const { leeway, clock, events } = setting(given)
  equal((await leeway.signIn('ada')).action, 'allow', 'before anything is required')
  const terms = { period: { days: 30 }, postponements: 2 }
  tell('required', await leeway.requireEnrollment('ada', terms, ADMINISTRATOR))
  equal((await leeway.requireEnrollment('ada', terms)).changed, false, 'the same terms again')
  const offer = await leeway.signIn('ada')
  equal([offer.action, offer.daysLeft], ['offer-setup', 30], 'inside the period')
  equal((await leeway.signIn('ada', { sensitive: true })).action, 'require-setup', 'what is sensitive')
  for (const signInId of ['monday', 'monday', 'tuesday'])
    tell('not now', await leeway.postponeSetup('ada', { signInId }))
  tell('no more', await leeway.signIn('ada'))
  clock.advance(29 * DAY)
  tell('the last day', (await leeway.status('ada')).requirement)

  await leeway.requireEnrollment('bob', { period: { days: 10, start: 'first-sign-in', capDays: 60 } })
  tell('waiting for a first sign-in', (await leeway.status('bob')).requirement)
  await leeway.signIn('bob')
  tell('after it', (await leeway.status('bob')).requirement)
  tell('events', events)
}

/** @param {Package} given @param {Tell} tell */
async function setUp(given, tell) {
  const { leeway, clock, events } = setting(given)
  await leeway.requireEnrollment('ada', { period: { days: 30 } })
  const begun = granted(await leeway.beginSetup('ada', { accountName: 'ada@example.com', label: 'Phone' }))
  tell('begun', begun)
  const { id: setupId, keyUri } = begun.setup
  const resumed = granted(await leeway.beginSetup('ada', { accountName: 'ada@example.com', setupId }))
  equal([resumed.setup.keyUri, resumed.setup.resumed], [keyUri, true], 'the same page again')
  const phone = given.testing.phone(keyUri)
  tell('a phone two minutes ahead', await leeway.confirmSetup('ada', phone.codeAt(clock() + 4 * STEP)))
  tell('no code', await leeway.confirmSetup('ada', 'hunter2'))
  const confirmed = granted(await leeway.confirmSetup('ada', phone.codeAt(clock()), { setupId }))
  tell('confirmed', confirmed)
  equal(confirmed.recoveryCodes?.length, 10, 'recovery codes')
  tell('from now on', await leeway.signIn('ada'))
  equal((await leeway.verifyCode('ada', phone.codeAt(clock()))).ok, false, 'the code that confirmed')
  clock.advance(STEP)
  tell('a code', await leeway.verifyCode('ada', phone.codeAt(clock())))
  equal((await leeway.verifyCode('ada', phone.codeAt(clock()))).ok, false, 'the same code again')

  clock.advance(STEP)
  const options = { accountName: 'ada@example.com', label: 'Tablet' }
  tell('another, unproven', await leeway.beginSetup('ada', options))
  const more = granted(await leeway.beginSetup('ada', { ...options, proof: { code: phone.codeAt(clock()) } }))
  const tablet = given.testing.phone(more.setup.secret)
  tell('another', await leeway.confirmSetup('ada', tablet.codeAt(clock())))
  await leeway.renameAuthenticator('ada', more.setup.id, 'Old tablet')
  clock.advance(STEP)
  tell('removed', await leeway.removeAuthenticator('ada', more.setup.id, { code: tablet.codeAt(clock()) }))
  tell('the last one', await leeway.removeAuthenticator('ada', setupId, { code: phone.codeAt(clock()) }))
  await leeway.beginSetup('ada', { ...options, proof: { recoveryCode: confirmed.recoveryCodes?.[0] } })
  await leeway.cancelSetup('ada')
  tell('status', await leeway.status('ada'))

  const imported = { secret: new Uint8Array(20).fill(7), label: 'From before', recoveryCodes: ['abcd-efgh-2345'] }
  tell('imported', await leeway.importAuthenticator('grace', imported, ADMINISTRATOR))
  equal((await leeway.useRecoveryCode('grace', 'ABCDEFGH 2345')).ok, true, 'a recovery code from before')
  tell('events', events)
}

/** @param {Package} given @param {Tell} tell */
async function wrongCodes(given, tell) {
  const user = await enrolled(given)
  const { leeway, clock, phone } = user
  const wrong = wrongCode(phone, clock())
  for (let failure = 1; failure <= 5; failure++) {
    equal(await leeway.verifyCode('ada', wrong), { ok: false, reason: 'invalid-code' }, `failure ${failure}`)
  }
  tell('locked', await leeway.verifyCode('ada', phone.codeAt(clock())))
  tell('how to go on', await leeway.signIn('ada'))
  clock.advance(MINUTE)
  tell('after a minute', await leeway.verifyCode('ada', phone.codeAt(clock())))
  for (let failure = 0; failure < 5; failure++) await leeway.verifyCode('ada', wrongCode(phone, clock()))
  tell('unlocked', await leeway.unlock('ada', { actor: 'help desk' }))
  clock.advance(STEP)
  equal((await leeway.verifyCode('ada', phone.codeAt(clock()))).ok, true, 'a right code after it')

  // At once: what several requests send in the same moment is accepted once.
  clock.advance(STEP)
  const code = phone.codeAt(clock())
  const answers = await Promise.all(Array.from({ length: 8 }, () => leeway.verifyCode('ada', code)))
  equal(answers.filter(({ ok }) => ok).length, 1, 'a code, eight times at once')
  const rest = [null, undefined, 123456, '', '１２３４５６', { toString: () => code }, 'x'.repeat(100_000)]
  for (const strange of rest) equal((await leeway.verifyCode('ada', strange)).ok, false, 'what is no code')
  tell('status', (await leeway.status('ada')).lock)
}

/** @param {Package} given @param {Tell} tell */
async function recoveryCodes(given, tell) {
  const { leeway, clock, phone, recoveryCodes: codes } = await enrolled(given)
  const [first = '', second = ''] = codes
  tell('used', await leeway.useRecoveryCode('ada', first.toLowerCase().replaceAll('-', ' ')))
  equal(await leeway.useRecoveryCode('ada', first), { ok: false, reason: 'invalid-code' }, 'a second time')
  const replaced = granted(await leeway.replaceRecoveryCodes('ada', { code: phone.codeAt(clock()) }))
  tell('replaced', replaced)
  equal((await leeway.useRecoveryCode('ada', second)).ok, false, 'one of the old ones')
  equal((await leeway.useRecoveryCode('ada', replaced.recoveryCodes[0])).ok, true, 'one of the new ones')
  tell('left', (await leeway.status('ada')).recoveryCodesLeft)
}

/** @param {Package} given @param {Tell} tell */
async function deadline(given, tell) {
  const { leeway, clock, events } = setting(given)
  await leeway.requireEnrollment('ada', { period: { days: 30 }, selfEnrollment: 'during-period' }, ADMINISTRATOR)
  await leeway.signIn('ada')
  tell('extended', await leeway.changeDeadline('ada', { addDays: 7 }, { actor: 'root', reason: 'on a business trip' }))
  clock.advance(10 * DAY)
  tell('suspended', await leeway.suspend('ada', { actor: 'root' }))
  equal((await leeway.signIn('ada')).action, 'deny', 'while suspended')
  clock.advance(5 * DAY)
  tell('resumed', await leeway.resume('ada'))
  clock.set((await leeway.status('ada')).requirement?.deadline ?? 0)
  const overdue = await leeway.signIn('ada')
  tell('overdue', overdue)
  equal([overdue.phase, overdue.action], ['overdue', 'require-setup'], 'at the deadline')
  tell('exempt', await leeway.exempt('ada', { until: clock() + 14 * DAY, reason: 'broken arm' }, { actor: 'root' }))
  equal((await leeway.signIn('ada')).action, 'allow', 'while exempt')
  tell('no longer', await leeway.endExemption('ada'))
  equal(
    await leeway.beginSetup('ada', { accountName: 'ada' }),
    { ok: false, reason: 'pass-required' },
    'without a pass',
  )
  const { pass, expiresAt } = await leeway.issuePass('ada', { actor: 'help desk' })
  tell('a pass', [pass, expiresAt])
  equal((await leeway.beginSetup('ada', { accountName: 'ada', pass: 'hunter2' })).ok, false, 'another pass')
  const { setup } = granted(await leeway.beginSetup('ada', { accountName: 'ada', pass: pass.toLowerCase() }))
  granted(await leeway.confirmSetup('ada', given.testing.phone(setup.keyUri).codeAt(clock())))
  tell('enrolled', await leeway.decide('ada'))
  clock.advance(DAY)
  tell('lost', await leeway.resetMfa('ada', { grace: { days: 2 } }, { actor: 'help desk', reason: 'lost phone' }))
  tell('optional', await leeway.makeOptional('ada'))
  tell('events', events)
  await leeway.forget('ada')
  equal((await leeway.signIn('ada')).phase, 'optional', 'forgotten')
}

/** Days on which clocks are put forward and back, or a date is left out, somewhere; and leap days. */
const SINCE = [
  '2011-12-20',
  '2024-02-28',
  '2024-03-09',
  '2024-03-30',
  '2024-10-26',
  '2025-04-04',
  '2025-10-31',
  '2026-09-05',
]
const TIME_ZONES = [
  ...['UTC', 'Europe/Berlin', 'Europe/London', 'America/New_York', 'America/St_Johns', 'America/Santiago'],
  ...['America/Sao_Paulo', 'Africa/Cairo', 'Asia/Kathmandu', 'Asia/Kolkata', 'Asia/Tehran', 'Australia/Lord_Howe'],
  ...['Pacific/Apia', 'Pacific/Chatham', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'],
]

/** @param {Package} given @param {Tell} tell */
function timeZones({ leeway }, tell) {
  for (const timeZone of TIME_ZONES) {
    const calendar = { timeZone, avoid: /** @type {const} */ (['saturday', 'sunday']), holidays: ['2026-12-25'] }
    const deadlines = SINCE.flatMap((date) => {
      return [1, 2, 11, 110].map((days) => {
        const terms = { period: { days, calendar } }
        const since = Date.parse(`${date}T12:34:56Z`)
        const layer = { source: 'everybody', scope: /** @type {const} */ ('organization'), terms, since }
        return new Date(leeway.resolveTerms([layer], { now: since }).because[0]?.deadline ?? 0).toISOString()
      })
    })
    tell(timeZone, deadlines)
  }
}

/** @param {Package} given @param {Tell} tell */
async function whoseTerms(given, tell) {
  const { leeway } = setting(given)
  const day = { source: 'payroll', scope: /** @type {const} */ ('group'), terms: { period: { days: 14 } }, since: NOW }
  const everybody = {
    ...day,
    source: 'everybody',
    scope: /** @type {const} */ ('organization'),
    terms: { period: { days: 90 } },
  }
  const resolved = given.leeway.resolveTerms([everybody, day], { now: NOW })
  tell('resolved', resolved)
  tell('required', await leeway.requireEnrollment('ada', resolved))
}

/** @param {Package} given @param {Tell} tell */
async function rollOut(given, tell) {
  const { leeway, clock } = setting(given)
  const names = Array.from({ length: 250 }, (_, at) => `user ${`${at}`.padStart(3, '0')}`)
  const people = [...names, 'Ångström', 'ångström', '\u{1F600}', '\uFFFD', '=1+1', '"quoted", with a comma']
  async function* stream() {
    yield* people
  }
  /** @param {string} userId */
  const termsOf = async (userId) => ({ period: { days: 1 + (userId.charCodeAt(userId.length - 1) % 10) } })
  tell('preview', await leeway.rollout.preview(stream(), termsOf))
  equal((await leeway.rollout.counts()).total, 0, 'after a preview')
  tell('assigned', await leeway.rollout.assign(stream(), termsOf, ADMINISTRATOR))
  tell('again', await leeway.rollout.assign(people, termsOf, ADMINISTRATOR))
  const stopped = new AbortController()
  stopped.abort()
  tell('stopped', await leeway.rollout.assign(people, termsOf, { signal: stopped.signal }))
  clock.advance(3 * DAY)
  tell('counts', await leeway.rollout.counts())
  tell('forecast', await leeway.rollout.forecast({ days: 7, timeZone: 'Pacific/Chatham' }))
  tell('progress', await leeway.rollout.progress({ days: 5, timeZone: 'America/St_Johns' }))
  /** @type {string[]} */
  const mailed = []
  const sent = await leeway.rollout.sendReminders(async ({ key, userId, daysLeft }) => {
    mailed.push(`${key} ${userId} ${daysLeft}`)
  })
  tell('reminded', [sent, mailed.sort()])
  equal(await leeway.rollout.sendReminders(async () => {}), { sent: 0, failed: 0 }, 'reminders, a second time')
  const page = await leeway.rollout.list({ phase: 'overdue', userIdPrefix: 'user 1' }, { limit: 5 })
  tell('a page', page)
  let csv = ''
  for await (const chunk of leeway.rollout.exportCsv()) csv += chunk
  equal(csv.split('\r\n').length, people.length + 2, 'lines of CSV')
  tell('CSV', csv)
  tell('history', await leeway.rollout.history('=1+1'))
  tell('pruned', await leeway.rollout.pruneHistory({ before: clock() }))
}

/** @param {Package} given @param {Tell} tell */
async function keyRotation(given, tell) {
  const before = await enrolled(given)
  const { repository, clock, phone, recoveryCodes: codes } = before
  const rotated = setting(given, { repository, clock, keys: [masterKey(2), masterKey(1)] })
  tell('rotated', await rotated.leeway.rollout.rotateKeys())
  tell('again', await rotated.leeway.rollout.rotateKeys())
  equal((await rotated.leeway.verifyCode('ada', phone.codeAt(clock()))).ok, true, 'a code under the new key')
  equal((await rotated.leeway.useRecoveryCode('ada', codes[0])).ok, true, 'a recovery code under the old key')
  const without = setting(given, { repository, clock, keys: [masterKey(3)] })
  clock.advance(STEP)
  const error = await without.leeway.verifyCode('ada', phone.codeAt(clock())).catch((thrown) => thrown)
  equal([error instanceof given.leeway.LeewayError, error.code], [true, 'ERR_CIPHER'], 'without either key')
}

/** @param {Package} given @param {Tell} tell */
async function overHttp(given, tell) {
  if (given.http === null) return
  const { createGuard, createHandler, openApiDocument } = given.http
  const { leeway, clock } = setting(given)
  await leeway.requireEnrollment('ada', { period: { days: 30 } }, ADMINISTRATOR)
  /** @type {import('leeway/http').Identity} */
  const session = { userId: 'ada', level: 'password', accountName: 'ada@example.com', signedInAt: clock() }
  const identify = () => session
  const handler = createHandler({
    leeway,
    identify,
    authorize: () => true,
    sessions: {
      async raise() {
        session.level = 'mfa'
        session.signedInAt = clock()
        return [
          ['set-cookie', 'sid=2; HttpOnly'],
          ['set-cookie', 'seen=1'],
        ]
      },
      async endOthers() {},
      async rememberSetup(_identity, setupId) {
        session.setupId = setupId
      },
    },
  })
  /** @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
  const ask = async (method, path, body, headers = { origin: 'https://example.com' }) => {
    const request = new Request(`https://example.com/mfa${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const response = await handler(request, undefined)
    const text = await response.text()
    const answer = { status: response.status, headers: [...response.headers].sort().join('; '), text }
    tell(`${method} ${path.replace(/[\w-]{30,}/, '…')}`, answer)
    return { response, text }
  }
  await ask('GET', '/me')
  await ask('HEAD', '/me')
  await ask('OPTIONS', '/me/setup')
  await ask('POST', '/me/postpone', {})
  await ask('POST', '/me/postpone', {}, { origin: 'https://evil.example' })
  await ask('POST', '/me/setup/confirm', { code: 1 })
  const begun = JSON.parse((await ask('POST', '/me/setup', { label: 'Phone' })).text)
  const phone = given.testing.phone(begun.keyUri)
  const { response } = await ask('POST', '/me/setup/confirm', { code: phone.codeAt(clock()) })
  equal([response.status, response.headers.getSetCookie()], [200, ['sid=2; HttpOnly', 'seen=1']], 'a set-up')
  await ask('POST', '/me/verify', { code: phone.codeAt(clock()) })
  await ask('PUT', '/users/bob%2F%F0%9F%98%80/requirement', { terms: { period: { days: 10 } }, reason: 'new rule' })
  await ask('GET', '/users?limit=10')
  await ask('GET', '/rollout/export.csv')
  await ask('GET', '/no/such/path')

  const guard = createGuard({ leeway, identify, pages: { challenge: '/code' } })
  equal((await guard(new Request('https://example.com/inbox'), undefined)).pass, true, 'with MFA')
  session.level = 'challenge'
  const html = new Request('https://example.com/inbox?a=1&b=ü', { headers: { accept: 'text/html' } })
  const stopped = await guard(html, undefined)
  if (stopped.pass) throw new Error('a session without a code passed')
  equal(stopped.response.status, 303, 'a page')
  tell('sent to', stopped.response.headers.get('location'))
  tell('OpenAPI', openApiDocument())
}

/** @param {Package} given @param {Tell} tell */
function qrCodes({ qr }, tell) {
  const uri = 'otpauth://totp/Example:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Example'
  tell('SVG', qr.qrSvg(uri, { label: 'Scan "this" & go on' }))
  tell('terminal', qr.qrTerminal(uri))
}

/** @param {Package} given @param {Tell} tell */
async function mistakes(given, tell) {
  const { leeway } = setting(given)
  const { LeewayError, createLeeway } = given.leeway
  const failing = { find: () => Promise.reject(new Error('no connection')), save: fail, remove: fail }
  const cipher = given.leeway.aesGcmCipher({ keys: [masterKey(1)] })
  const broken = createLeeway({ issuer: 'Example', repository: failing, cipher })
  /** @type {Record<string, () => unknown>} */
  const calls = {
    'no user': () => leeway.signIn(''),
    'no terms': () => leeway.requireEnrollment('ada', { period: { days: 366 } }),
    'no time zone': () => {
      return leeway.requireEnrollment('ada', { period: { days: 1, calendar: { timeZone: 'Europe/Atlantis' } } })
    },
    'no key': () => given.leeway.aesGcmCipher({ keys: [{ id: 'k', key: new Uint8Array(31) }] }),
    'no base32': () => given.totp.decodeBase32('0189'),
    'no key URI': () => given.totp.parseKeyUri('https://example.com/'),
    'too long for a QR code': () => given.qr.qrSvg('x'.repeat(3000)),
    'no store': () => broken.signIn('ada'),
  }
  for (const [name, call] of Object.entries(calls)) {
    const error = await Promise.resolve()
      .then(call)
      .catch((thrown) => thrown)
    if (!(error instanceof Error)) throw new Error(`${name}: accepted`)
    tell(name, [error.name, error.message, error instanceof LeewayError && error.code])
  }
}

/** @param {Package} given @param {Tell} tell */
async function testingKit({ memory, testing }, tell) {
  const open = async () => ({ repository: memory.memoryRepository() })
  const cases = [...testing.repositoryCases(open), ...testing.directoryCases(open)]
  for (const { run } of cases) await run()
  tell('cases of a store', cases.length)
  const random = testing.seededRandom('a seed')
  tell('seeded', [...random(16)])
  const failing = testing.faultyRepository(memory.memoryRepository(), () => 'throws-before')
  equal(await failing.find('ada').catch(() => 'failed'), 'failed', 'a store that fails as told')
}

/** @param {number} first */
function masterKey(first) {
  return { id: `k${first}`, key: Uint8Array.from({ length: 32 }, (_, at) => first * 100 + at) }
}

/**
 * A service on a store in memory, or on what another has left.
 *
 * @param {Package} given
 * @param {object} [from]
 * @param {ReturnType<Package['memory']['memoryRepository']>} [from.repository]
 * @param {import('leeway/testing').FixedClock} [from.clock]
 * @param {ReturnType<typeof masterKey>[]} [from.keys]
 */
function setting({ leeway, memory, testing }, from = {}) {
  const { repository = memory.memoryRepository(), clock = testing.fixedClock(NOW), keys = [masterKey(1)] } = from
  /** @type {import('leeway').EnrollmentEvent[]} */
  const events = []
  const service = leeway.createLeeway({
    issuer: 'Example',
    repository,
    clock,
    cipher: leeway.aesGcmCipher({ keys }),
    random: testing.seededRandom('a journey'),
    onEvents: (told) => {
      events.push(...told)
    },
  })
  return { leeway: service, repository, clock, events }
}

/** Ada with a phone, whose next code is a fresh one. @param {Package} given */
async function enrolled(given) {
  const made = setting(given)
  await made.leeway.requireEnrollment('ada', { period: { days: 30 } })
  const { setup } = granted(await made.leeway.beginSetup('ada', { accountName: 'ada@example.com' }))
  const phone = given.testing.phone(setup.keyUri)
  const confirmed = granted(await made.leeway.confirmSetup('ada', phone.codeAt(made.clock())))
  made.clock.advance(STEP)
  return { ...made, phone, recoveryCodes: confirmed.recoveryCodes ?? [] }
}

/**
 * A code of the right form that the phone shows at no time near.
 *
 * @param {import('leeway/testing').Phone} phone
 * @param {number} now
 */
function wrongCode(phone, now) {
  const near = Array.from({ length: 41 }, (_, at) => phone.codeAt(now + (at - 20) * STEP))
  const codes = Array.from({ length: 42 }, (_, at) => `${123456 + at}`)
  return codes.find((code) => !near.includes(code))
}

/**
 * @template {{ ok: boolean }} Result
 * @param {Result} result
 * @returns {Extract<Result, { ok: true }>}
 */
function granted(result) {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result)}`)
  return /** @type {Extract<Result, { ok: true }>} */ (result)
}

/** @returns {Promise<never>} */
async function fail() {
  throw new Error('no connection')
}

/** @param {unknown} actual @param {unknown} expected @param {string} what */
function equal(actual, expected, what) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== should) throw new Error(`${what}: ${is} in place of ${should}`)
}
