import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aesGcmCipher, createLeeway, type TotpParameters } from 'leeway'
import { memoryRepository } from 'leeway/memory'
import { fixedClock, phone } from 'leeway/testing'
import { parseKeyUri } from 'leeway/totp'
import speakeasy from 'speakeasy'
import { parametersOf, type SpeakeasySettings, secretOf } from './speakeasy.ts'

const NOW = Date.UTC(2027, 0, 4, 9)
const STEP = 30_000

/** A service whose only user has this key, and the clock. */
async function imported(secret: Uint8Array, parameters: TotpParameters) {
  const clock = fixedClock(NOW)
  const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] })
  const leeway = createLeeway({ issuer: 'Example', repository: memoryRepository(), cipher, clock })
  await leeway.importAuthenticator('ada', { secret, parameters })
  return { leeway, clock }
}

const SETTINGS: readonly SpeakeasySettings[] = [
  {},
  { encoding: 'ascii' },
  { encoding: 'hex' },
  { encoding: 'base32' },
  { encoding: 'base32', algorithm: 'sha256', digits: 8, step: 60 },
  { encoding: 'hex', algorithm: 'sha512', digits: 7, epoch: 1_000_000_000 },
]

for (const settings of SETTINGS) {
  test(`a secret of speakeasy goes on as it was: ${JSON.stringify(settings)}`, async () => {
    // Letters and digits as `symbols: false` has them, and the default with everything that a keyboard has.
    for (const made of [speakeasy.generateSecret(), speakeasy.generateSecret({ length: 20, symbols: false })]) {
      const stored = made[settings.encoding ?? 'ascii']
      const { leeway, clock } = await imported(secretOf(stored, settings.encoding), parametersOf(settings))
      for (let steps = 0; steps < 3; steps++) {
        const code = speakeasy.totp({ ...settings, secret: stored, time: clock() / 1000 })
        assert.equal((await leeway.verifyCode('ada', code)).ok, true)
        assert.deepEqual(await leeway.verifyCode('ada', code), { ok: false, reason: 'invalid-code' })
        clock.advance((settings.step ?? 30) * 1000)
      }
    }
  })
}

test('the three ways to write a secret of speakeasy are one key, which is the one on the phone', () => {
  const made = speakeasy.generateSecret({ name: 'Example' })
  const onPhone = Buffer.from(parseKeyUri(made.otpauth_url ?? '').secret)
  assert.deepEqual(Buffer.from(secretOf(made.ascii)), onPhone)
  assert.deepEqual(Buffer.from(secretOf(made.hex, 'hex')), onPhone)
  assert.deepEqual(Buffer.from(secretOf(made.base32, 'base32')), onPhone)
})

test('a secret that is cut off or written otherwise is refused, not taken for a shorter one', () => {
  assert.throws(() => secretOf('00112233445566778899aabbccddeeffzz', 'hex'), RangeError)
  assert.throws(() => secretOf('001122334455667788990', 'hex'), RangeError)
  assert.throws(() => secretOf('GEZDGNBVGY3TQOJ1', 'base32'), RangeError)
})

test('a drift window of speakeasy is as many steps to both sides here', async () => {
  const { ascii: secret } = speakeasy.generateSecret()
  const app = phone(secretOf(secret))
  for (const window of [0, 1, 2, 5]) {
    for (let steps = -6; steps <= 6; steps++) {
      const code = app.codeAt(NOW + steps * STEP)
      const repository = memoryRepository()
      const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] })
      const policy = { totp: { window } }
      const leeway = createLeeway({ issuer: 'Example', repository, cipher, clock: () => NOW, policy })
      await leeway.importAuthenticator('ada', { secret: secretOf(secret) })
      const there = speakeasy.totp.verify({ secret, token: code, window, time: NOW / 1000 })
      assert.equal((await leeway.verifyCode('ada', code)).ok, there, `${steps} steps, window ${window}`)
    }
  }
})
