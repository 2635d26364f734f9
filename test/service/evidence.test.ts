import { describe, expect, it } from 'vitest'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import { phone } from '../../src/testing/index.js'
import { enroll, K1, masterKey, type Setting, settingOf, wrongCode } from './setting.js'

async function storedOf({ repository }: Pick<Setting, 'repository'>): Promise<EnrollmentRecord> {
  const stored = await repository.find('ada')
  return stored?.enrollment as EnrollmentRecord
}

const failuresOf = async (setting: Pick<Setting, 'repository'>) => (await storedOf(setting)).lock

/** A user in the middle of set-up, and the phone that shows the codes. */
async function settingUp(options: Parameters<typeof settingOf>[0] = {}) {
  const setting = settingOf(options)
  const begun = await setting.leeway.beginSetup('ada', { accountName: 'ada@example.com' })
  if (!begun.ok) throw new Error(begun.reason)
  return { ...setting, app: phone(begun.setup.keyUri) }
}

describe('a code of noughts', () => {
  it('is a code: it is counted when it is wrong', async () => {
    const setting = settingOf()
    const { phone: app } = await enroll(setting, 'ada')
    expect(app.codeAt(setting.clock())).not.toBe('000000')
    expect(await setting.leeway.verifyCode('ada', '000000')).toEqual({ ok: false, reason: 'invalid-code' })
    expect(setting.told.at(-1)).toMatchObject({ type: 'code-rejected', details: { failures: 1 } })
  })

  it('costs a try of a set-up', async () => {
    const { leeway } = await settingUp()
    expect(await leeway.confirmSetup('ada', '000000')).toMatchObject({ ok: false, triesLeft: 4 })
  })
})

describe('what cannot be a recovery code or a pass', () => {
  it('is no guess, and counts nothing', async () => {
    const setting = settingOf()
    await enroll(setting, 'ada')
    const before = await failuresOf(setting)
    const told = setting.told.length
    for (const text of ['', '123456', 'not one at all', undefined, 'X'.repeat(129)]) {
      expect(await setting.leeway.useRecoveryCode('ada', text)).toEqual({ ok: false, reason: 'invalid-code' })
    }
    expect(await failuresOf(setting)).toEqual(before)
    expect(setting.told).toHaveLength(told)
  })

  it('costs a pass none of its tries', async () => {
    const { leeway, told } = settingOf()
    await leeway.requireEnrollment('bob', { period: { days: 3 }, selfEnrollment: 'with-pass' })
    const { pass } = await leeway.issuePass('bob')
    const begin = (text: unknown) => leeway.beginSetup('bob', { accountName: 'bob', pass: text as string })
    for (const text of ['', '123456', 'X'.repeat(129)]) {
      expect(await begin(text)).toEqual({ ok: false, reason: 'invalid-pass' })
    }
    expect(told.map(({ type }) => type)).toEqual(['requirement-assigned', 'pass-issued'])
    expect(await begin(pass)).toMatchObject({ ok: true })
  })
})

describe('recovery codes', () => {
  it('are made once a set-up is confirmed, and not for a code that is wrong', async () => {
    const inner = aesGcmCipher({ keys: [K1] })
    let digests = 0
    const cipher: typeof inner = {
      ...inner,
      digest(plain, context) {
        digests++
        return inner.digest(plain, context)
      },
    }
    const { leeway, clock, app } = await settingUp({ cipher })
    await leeway.confirmSetup('ada', wrongCode(app, clock()))
    expect(digests).toBe(0)
    expect((await leeway.confirmSetup('ada', app.codeAt(clock()))).ok).toBe(true)
    expect(digests).toBe(10)
  })

  it('may be a single one', async () => {
    const setting = settingOf({ policy: { recoveryCodes: { count: 1 } } })
    const { recoveryCodes } = await enroll(setting, 'ada')
    expect(recoveryCodes).toHaveLength(1)
    expect(await setting.leeway.useRecoveryCode('ada', recoveryCodes[0])).toMatchObject({
      ok: true,
      recoveryCodesLeft: 0,
    })
  })

  it('are stored as made here or brought over, and either form is taken beside the other', async () => {
    const setting = settingOf()
    await enroll(setting, 'ada')
    const stored = async () => (await storedOf(setting)).recoveryCodes
    expect((await stored()).map(({ imported }) => imported)).toEqual(Array(10).fill(false))
    await setting.leeway.importAuthenticator('ada', { secret: masterKey(3), recoveryCodes: ['abcd-efgh-1234'] })
    expect((await stored()).map(({ imported }) => imported)).toEqual([...Array(10).fill(false), true])
    expect(await setting.leeway.useRecoveryCode('ada', 'ABCD EFGH 1234')).toMatchObject({ ok: true })
  })

  it('that prove something are told as what they are when they lock', async () => {
    const setting = settingOf()
    const { authenticatorId } = await enroll(setting, 'ada')
    const recoveryCode = 'AAAAA-AAAAA-AAAAA-AAAAA-AAAAA'
    for (let failure = 1; failure <= 5; failure++) {
      await setting.leeway.replaceRecoveryCodes('ada', { recoveryCode })
    }
    expect(setting.told.slice(-2)).toMatchObject([
      { type: 'recovery-code-rejected', details: { failures: 5 } },
      { type: 'locked', details: { method: 'recovery-code' } },
    ])
    expect(authenticatorId).toHaveLength(32)
  })
})
