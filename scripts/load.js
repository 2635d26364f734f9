// @ts-check
// Many people sign in to the portal at once, over loopback: each sets up, and then signs in by a password and a recovery
// code, again and again. No request may fail, and no write may be lost: every recovery code that let somebody in is gone,
// and every sign-in is noted. Says how long a sign-in takes. `npm run load [people] [times]`
import assert from 'node:assert/strict'
import { phone } from 'leeway/testing'
import { parseKeyUri } from 'leeway/totp'
import Database from 'libsql'
import { PASSWORD, startPortal } from './portal.js'

const [people = 24, times = 8] = process.argv.slice(2).map(Number)
assert(people >= 1 && times >= 1 && times <= 10, 'people and times are numbers; there are ten recovery codes')

const portal = await startPortal()

/** A browser, as far as signing in needs one: it keeps cookies, and sends forms with their token. */
function browser() {
  /** @type {Map<string, string>} */
  const cookies = new Map()
  let token = ''
  /** @param {string} path @param {Record<string, string>} [form] */
  return async function send(path, form) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(portal.url + path, {
      method: form ? 'POST' : 'GET',
      headers: { cookie, accept: 'text/html', origin: portal.url },
      body: form ? new URLSearchParams({ token, ...form }) : null,
      redirect: 'manual',
    })
    for (const given of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(given) ?? []
      cookies.set(name, value)
    }
    const text = await response.text()
    token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? token
    return { status: response.status, location: response.headers.get('location'), text }
  }
}

const db = new Database(portal.file, { readonly: true })
const free = /** @type {{ id: string, email: string }[]} */ (
  db
    .prepare(
      `SELECT id, email FROM portal_users WHERE team IN ('Production', 'Finance', 'Contractors', 'Apprentices', 'Board',
       'Works council') AND id NOT IN ('gita.sharma', 'henrik.moe', 'nanami.ito', 'olu.adeyemi', 'priya.nair') LIMIT ?`,
    )
    .all(people)
)

/** @type {number[]} */
const taken = []

/** @param {{ id: string, email: string }} person */
async function live({ email }) {
  const password = async () => {
    const send = browser()
    await send('/sign-in')
    return { send, answer: await send('/sign-in', { email, password: PASSWORD }) }
  }
  const { send } = await password()
  await send('/setup')
  assert.equal((await send('/setup', {})).location, '/setup/add')
  const { text } = await send('/setup/add')
  const keyUri = /href="(otpauth:[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  assert.equal(parseKeyUri(keyUri).accountName, email)
  const confirmed = await send('/setup/check', { code: phone(keyUri).codeAt(Date.now()) })
  const codes = [...confirmed.text.matchAll(/<code>([0-9A-Z-]{29})<\/code>/g)].map(([, code]) => code ?? '')
  assert.equal(codes.length, 10, confirmed.text)

  for (const recoveryCode of codes.slice(0, times)) {
    const begun = performance.now()
    const { send, answer } = await password()
    assert.deepEqual([answer.status, answer.location], [303, '/challenge'])
    await send('/challenge/recovery')
    const accepted = await send('/challenge/recovery', { recoveryCode })
    assert.deepEqual([accepted.status, accepted.location], [303, '/'])
    const home = await send('/payslips')
    assert.equal(home.status, 200)
    taken.push(performance.now() - begun)
    // Spent: to whoever sends it again it is as wrong as any.
    const second = await password()
    await second.send('/challenge/recovery')
    assert.equal((await second.send('/challenge/recovery', { recoveryCode })).status, 422)
  }
}

const begun = performance.now()
await Promise.all(free.map(live))
const seconds = (performance.now() - begun) / 1000

const noted = /** @type {{ count: number }} */ (
  db.prepare("SELECT count(*) AS count FROM portal_sign_ins WHERE outcome = 'challenge'").get()
)
const used = /** @type {{ count: number }} */ (
  db.prepare('SELECT count(*) AS count FROM leeway_events WHERE event LIKE \'%"recovery-code-used"%\'').get()
)
db.close()
await portal.stop()
assert.equal(used.count, free.length * times, 'every recovery code that let somebody in is gone')
assert.equal(noted.count, free.length * 2 * times, 'every sign-in is noted')

taken.sort((one, other) => one - other)
const at = (/** @type {number} */ part) => taken[Math.floor(part * (taken.length - 1))]?.toFixed(0)
console.log(`${free.length} people at once, ${taken.length} whole sign-ins of five requests: no error, no lost write`)
console.log(`${(taken.length / seconds).toFixed(1)} a second; a whole one in ${at(0.5)} ms, 95 % in ${at(0.95)} ms`)
