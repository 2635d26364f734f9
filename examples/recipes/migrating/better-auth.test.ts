import assert from 'node:assert/strict'
import { test } from 'node:test'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { symmetricEncrypt } from 'better-auth/crypto'
import { twoFactor } from 'better-auth/plugins'
import { aesGcmCipher, createLeeway } from 'leeway'
import { memoryRepository } from 'leeway/memory'
import { fixedClock, phone } from 'leeway/testing'
import { encodeBase32, timeStepAt } from 'leeway/totp'
import { importTwoFactor, type TwoFactorRow } from './better-auth.ts'

const STEP = 30_000
const KEY = 'a secret of thirty-two characters and more'

/** better-auth as its users run it, but for the database, which is these arrays. */
function oldServer() {
  const db = { user: [], session: [], account: [], verification: [], twoFactor: [] as TwoFactorRow[] }
  const auth = betterAuth({
    baseURL: 'http://127.0.0.1:3000',
    secret: KEY,
    database: memoryAdapter(db),
    emailAndPassword: { enabled: true },
    plugins: [twoFactor({ issuer: 'Example' })],
  })
  /** Signs up and begins to set MFA up. */
  async function begin(name: string) {
    const body = { name, email: `${name}@example.com`, password: 'correct horse battery staple' }
    const { headers, response } = await auth.api.signUpEmail({ body, returnHeaders: true })
    const cookie = headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    const asUser = new Headers({ cookie })
    const enabled = await auth.api.enableTwoFactor({ body: { password: body.password }, headers: asUser })
    if (!('totpURI' in enabled)) throw new Error('no key URI')
    return { userId: response.user.id, asUser, app: phone(enabled.totpURI), backupCodes: enabled.backupCodes }
  }
  return { auth, db, begin }
}

function newServer(now: number) {
  const clock = fixedClock(now)
  const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] })
  return { clock, leeway: createLeeway({ issuer: 'Example', repository: memoryRepository(), cipher, clock }) }
}

test('a user of better-auth goes on with phone and backup codes; a code that it took is not taken again', async () => {
  const { auth, db, begin } = oldServer()
  const { userId, asUser, app, backupCodes } = await begin('ada')
  const usedAt = Date.now()
  await auth.api.verifyTOTP({ body: { code: app.codeAt(usedAt) }, headers: asUser })
  const [row] = db.twoFactor
  assert(row)

  const { leeway, clock } = newServer(usedAt)
  const cutover = { key: KEY, takenUntil: usedAt }
  assert.equal(await importTwoFactor(leeway, row, cutover), true)
  assert.equal(await importTwoFactor(leeway, row, cutover), false)
  assert.equal((await leeway.signIn(userId)).action, 'challenge')
  // It takes a code early and late by a step.
  for (const steps of [-1, 0, 1]) {
    const code = app.codeAt(usedAt + steps * STEP)
    assert.deepEqual(await leeway.verifyCode(userId, code), { ok: false, reason: 'invalid-code' })
  }
  clock.advance(2 * STEP)
  assert.equal((await leeway.verifyCode(userId, app.codeAt(clock()))).ok, true)

  assert.equal(backupCodes.length, 10)
  for (const [at, code] of backupCodes.entries()) {
    const used = await leeway.useRecoveryCode(userId, code)
    assert.equal(used.ok && used.recoveryCodesLeft, 9 - at)
    assert.deepEqual(await leeway.useRecoveryCode(userId, code), { ok: false, reason: 'invalid-code' })
  }
})

test('who began set-up in better-auth and never showed a code is not brought over', async () => {
  const { db, begin } = oldServer()
  const { userId } = await begin('ben')
  const { leeway } = newServer(Date.now())
  const [row] = db.twoFactor
  assert(row)
  assert.equal(await importTwoFactor(leeway, row, { key: KEY, takenUntil: Date.now() }), false)
  assert.equal((await leeway.status(userId)).phase, 'optional')
})

test('secrets that better-auth was given by another system, and rows from before `verified`, come over', async () => {
  const secret = crypto.getRandomValues(new Uint8Array(20))
  const now = Date.now()
  const { leeway, clock } = newServer(now)
  const row = {
    userId: 'cleo',
    secret: await symmetricEncrypt({ key: KEY, data: `base32:${encodeBase32(secret).toLowerCase()}` }),
    backupCodes: await symmetricEncrypt({ key: KEY, data: '[]' }),
  }
  assert.equal(await importTwoFactor(leeway, row, { key: KEY, takenUntil: now }), true)
  clock.advance(2 * STEP)
  assert(timeStepAt(clock()) > timeStepAt(now) + 1)
  assert.equal((await leeway.verifyCode('cleo', phone(secret).codeAt(clock()))).ok, true)
})

test('another key opens nothing, and nothing is changed', async () => {
  const { auth, db, begin } = oldServer()
  const { userId, asUser, app } = await begin('dora')
  await auth.api.verifyTOTP({ body: { code: app.codeAt(Date.now()) }, headers: asUser })
  const [row] = db.twoFactor
  assert(row)
  const { leeway } = newServer(Date.now())
  await assert.rejects(importTwoFactor(leeway, row, { key: 'another', takenUntil: Date.now() }))
  assert.equal((await leeway.status(userId)).phase, 'optional')
})
