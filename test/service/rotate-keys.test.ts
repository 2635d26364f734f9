import { beforeEach, describe, expect, it } from 'vitest'
import { aesGcmCipher, type CipherKey } from '../../src/cipher/aes-gcm.js'
import { LeewayError } from '../../src/errors.js'
import { createLeeway } from '../../src/service/create-leeway.js'
import type { LeewayWithRollout } from '../../src/service/leeway.js'
import type { KeyRotation } from '../../src/service/rotate-keys.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { type FixedClock, fixedClock, seededRandom } from '../../src/testing/index.js'
import { enroll, K1, K2, masterKey, NOW, settingOf } from './setting.js'

let repository: ReturnType<typeof memoryRepository>
let clock: FixedClock
let services: number
beforeEach(() => {
  repository = memoryRepository()
  clock = fixedClock(NOW)
  services = 0
})

function under(...keys: CipherKey[]): LeewayWithRollout {
  const cipher = aesGcmCipher({ keys })
  return createLeeway({ issuer: 'Example', repository, cipher, clock, random: seededRandom(services++) })
}

describe('rotateKeys', () => {
  it('seals anew what is under an old key, after which the old key may go', async () => {
    const ada = await enroll({ leeway: under(K1), clock }, 'ada')
    const ben = await enroll({ leeway: under(K1), clock }, 'ben')
    await under(K2).requireEnrollment('carol', { period: { days: 30 } })
    const rotated = await under(K2, K1).rollout.rotateKeys()
    expect(rotated).toEqual({ scanned: 3, resealed: 2, digestsUnderOldKeys: 20 })
    const after = under(K2)
    expect(await after.verifyCode('ada', ada.phone.codeAt(clock()))).toMatchObject({ ok: true })
    expect(await after.verifyCode('ben', ben.phone.codeAt(clock()))).toMatchObject({ ok: true })
  })

  it('seals a pending set-up anew as well, and names it nowhere', async () => {
    const begun = await under(K1).beginSetup('ada', { accountName: 'ada' })
    if (!begun.ok) throw new Error(begun.reason)
    expect(await under(K2, K1).rollout.rotateKeys()).toMatchObject({ resealed: 1 })
    const again = await under(K2).beginSetup('ada', { accountName: 'ada', setupId: begun.setup.id })
    expect(again).toMatchObject({ ok: true, setup: { secret: begun.setup.secret, resumed: true } })
    expect(JSON.stringify(await repository.history('ada', { after: null, limit: 10 }))).not.toContain(begun.setup.id)
  })

  it('seals the secrets of one record that are old, and leaves those that are not', async () => {
    const { phone: first } = await enroll({ leeway: under(K1), clock }, 'ada')
    // The proof takes the first secret along; the set-up that was begun before stays old.
    const begun = await under(K1).beginSetup('ada', { accountName: 'ada', proof: { code: first.codeAt(clock()) } })
    clock.advance(30_000)
    await under(K2, K1).verifyCode('ada', first.codeAt(clock()))
    expect(await under(K2, K1).rollout.rotateKeys()).toMatchObject({ scanned: 1, resealed: 1 })
    expect(begun.ok).toBe(true)
  })

  it('writes nothing where nothing is old, nor a second time', async () => {
    await enroll({ leeway: under(K1), clock }, 'ada')
    await under(K2, K1).rollout.rotateKeys()
    const before = await repository.find('ada')
    expect(await under(K2, K1).rollout.rotateKeys()).toMatchObject({ scanned: 1, resealed: 0 })
    expect(await repository.find('ada')).toEqual(before)
  })

  it('counts the digests that only their users can renew, a pass and used recovery codes among them', async () => {
    const { phone: app, recoveryCodes } = await enroll({ leeway: under(K1), clock }, 'ada')
    await under(K1).issuePass('ada')
    await under(K1).useRecoveryCode('ada', recoveryCodes[0])
    expect(await under(K2, K1).rollout.rotateKeys()).toMatchObject({ digestsUnderOldKeys: 11 })
    await under(K2, K1).replaceRecoveryCodes('ada', { code: app.codeAt(clock()) })
    await under(K2, K1).issuePass('ada')
    expect(await under(K2, K1).rollout.rotateKeys()).toMatchObject({ digestsUnderOldKeys: 0 })
  })

  it('goes through more users than fit on a page, each once, and tells how far it is', async () => {
    const leeway = under(K1)
    const ids = Array.from({ length: 501 }, (_, at) => `user ${at}`)
    await Promise.all(ids.map((id) => leeway.requireEnrollment(id, { period: { days: 1 } })))
    const told: KeyRotation[] = []
    const done = await leeway.rollout.rotateKeys({ onProgress: (so) => told.push(so) })
    expect(done.scanned).toBe(501)
    expect(told.at(-1)).toEqual(done)
    expect(told.map(({ scanned }) => scanned)).toEqual([...told].map(({ scanned }) => scanned).sort((a, b) => a - b))
  })

  it('ends after a last page that is full', async () => {
    const leeway = under(K1)
    const ids = Array.from({ length: 500 }, (_, at) => `user ${at}`)
    await Promise.all(ids.map((id) => leeway.requireEnrollment(id, { period: { days: 1 } })))
    expect(await leeway.rollout.rotateKeys()).toMatchObject({ scanned: 500 })
    expect(await under(K1).rollout.rotateKeys({})).toMatchObject({ scanned: 500 })
  })

  it('stops where it is told to, with the reason, and what was done stays done', async () => {
    await enroll({ leeway: under(K1), clock }, 'ada')
    const stop = new AbortController()
    stop.abort(new Error('the night is over'))
    await expect(under(K2, K1).rollout.rotateKeys({ signal: stop.signal })).rejects.toThrow('the night is over')
    expect(await under(K2, K1).rollout.rotateKeys({ signal: new AbortController().signal })).toMatchObject({
      resealed: 1,
    })
  })

  it('takes along what a user does meanwhile: each record is a conditional write', async () => {
    const users = await Promise.all(['a', 'b', 'c', 'd'].map((id) => enroll({ leeway: under(K1), clock }, id)))
    const codes = users.map(({ phone: app }) => app.codeAt(clock() + 30_000))
    clock.advance(30_000)
    const [rotation, ...accepted] = await Promise.all([
      under(K2, K1).rollout.rotateKeys(),
      ...['a', 'b', 'c', 'd'].map((id, at) => under(K2, K1).verifyCode(id, codes[at])),
    ])
    expect(rotation.scanned).toBe(4)
    expect(accepted.filter((result) => result.ok)).toHaveLength(4)
    expect(await under(K2).verifyCode('a', codes[0])).toEqual({ ok: false, reason: 'invalid-code' })
  })

  it('fails where a key is gone, says for whom, and harms nothing; everybody else is gone through', async () => {
    const gone = { id: 'gone', key: masterKey(7) }
    await enroll({ leeway: under(gone), clock }, 'ada')
    await enroll({ leeway: under(K1), clock }, 'ben')
    const before = await repository.find('ada')
    const told: KeyRotation[] = []
    const rotating = () => under(K2, K1).rollout.rotateKeys({ onProgress: (done) => told.push(done) })
    const cause = { code: 'ERR_CIPHER', message: 'the key of this token or digest is not among options.keys' }
    const message = `failed for "ada": ${cause.message}`
    await expect(rotating()).rejects.toMatchObject({ code: 'ERR_CIPHER', message, cause })
    expect(told.at(-1)).toEqual({ scanned: 2, resealed: 1, digestsUnderOldKeys: 10 })
    expect(await repository.find('ada')).toEqual(before)
    await enroll({ leeway: under(gone), clock }, 'carol')
    await expect(rotating()).rejects.toThrow(`failed for 2 users, "ada" first: ${cause.message}`)
  })

  it('leaves out what is over, so that the key of a pass that nobody used may go', async () => {
    await enroll({ leeway: under(K2), clock }, 'ada')
    await under(K1).issuePass('ada')
    await under(K1).beginSetup('ben', { accountName: 'ben' })
    clock.advance(3_600_000)
    expect(await under(K2, K1).rollout.rotateKeys()).toEqual({ scanned: 2, resealed: 0, digestsUnderOldKeys: 0 })
    // Gone for good: a clock that is set back finds nothing that the old key would have to open.
    clock.advance(-3_600_000)
    expect(await under(K2).beginSetup('ben', { accountName: 'ben' })).toMatchObject({ ok: true })
    expect(await under(K2).importAuthenticator('ben', { secret: masterKey(5) })).toMatchObject({ changed: true })
    expect(await repository.find('ada')).toMatchObject({ enrollment: { pass: null } })
    const before = await repository.find('ada')
    expect(await under(K2).rollout.rotateKeys()).toMatchObject({ scanned: 2, resealed: 0 })
    expect(await repository.find('ada')).toEqual(before)
  })

  it('says what the store failed at', async () => {
    const failing = { ...repository, list: () => Promise.reject(new Error('gone')) }
    const leeway = createLeeway({ issuer: 'Example', repository: failing, cipher: aesGcmCipher({ keys: [K1] }) })
    await expect(leeway.rollout.rotateKeys()).rejects.toBeInstanceOf(LeewayError)
    await expect(leeway.rollout.rotateKeys()).rejects.toMatchObject({ code: 'ERR_STORE' })
  })

  it.each([
    [{ signal: {} }, 'options.signal'],
    [{ signal: null }, 'options.signal'],
    [{ onProgress: 'often' }, 'options.onProgress'],
    [{ pace: 1 }, 'options has a property'],
    [null, 'options'],
  ])('refuses %j', async (options, named) => {
    await expect(under(K1).rollout.rotateKeys(options as never)).rejects.toThrow(named)
  })

  it('is there only where the repository has a directory', () => {
    const { find, save, remove } = repository
    expect(settingOf({ repository: { find, save, remove } }).leeway).not.toHaveProperty('rollout')
    const { pruneHistory: _, ...withoutOne } = repository
    expect(settingOf({ repository: withoutOne }).leeway).not.toHaveProperty('rollout')
    expect(settingOf({ repository }).leeway).toHaveProperty('rollout')
  })
})
