import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeBase32, generateTotp, type HashAlgorithm } from 'leeway/totp'
import { authenticator, totp } from 'otplib12'
import { secretOf } from './otplib-12.ts'

const NOW = Date.UTC(2027, 0, 4, 9)
const TEXT = 'What people kept in a column: of any length, 10 to 64 characters.'

for (const algorithm of ['sha1', 'sha256', 'sha512'] as const) {
  const theirs = (key: string, encoding: 'ascii' | 'hex') =>
    totp.clone({ algorithm, encoding, epoch: NOW } as object).generate(key)
  const ours = (secret: Uint8Array) =>
    generateTotp(secret, NOW, { algorithm: algorithm.toUpperCase() as HashAlgorithm })

  test(`a secret of totp goes on as it was, however short: ${algorithm}`, () => {
    for (let length = 10; length <= 64; length++) {
      const text = TEXT.slice(0, length)
      assert.equal(ours(secretOf(text, { algorithm })), theirs(text, 'ascii'), `${length} characters`)
      const hex = Buffer.from(text, 'latin1').toString('hex')
      assert.equal(ours(secretOf(hex, { algorithm, encoding: 'hex' })), theirs(hex, 'hex'), `${length} bytes in hex`)
    }
  })
}

test('a secret of authenticator is base32, and 10 bytes are taken', () => {
  const stored = authenticator.generateSecret()
  assert.equal(decodeBase32(stored).length, 10)
  const code = authenticator.clone({ epoch: NOW }).generate(stored)
  assert.equal(generateTotp(decodeBase32(stored), NOW), code)
})
