import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { faultyRepository, type RepositoryFault } from '../../src/testing/index.js'
import { prepareTotp, timeStepAt } from '../../src/totp/index.js'
import type { ResolvedTotp } from '../../src/totp/parameters.js'
import { NOW, recording, rejection, settingOf, turn } from './setting.js'

/** What other systems made: of any length that is taken, by any parameters that RFC 6238 has. */
const secret = fc.uint8Array({ minLength: 10, maxLength: 128 })
const parameters: fc.Arbitrary<ResolvedTotp> = fc.record({
  algorithm: fc.constantFrom('SHA1', 'SHA256', 'SHA512'),
  digits: fc.constantFrom(6, 7, 8),
  period: fc.integer({ min: 1, max: 3600 }),
  t0: fc.integer({ min: 0, max: Math.floor(NOW / 1000) - 10 * 3600 }),
})

/** One secret, for what does not depend on it. */
const SECRET = Uint8Array.from({ length: 20 }, (_, at) => at)

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const ALPHABET = [...`${LETTERS}${LETTERS.toLowerCase()}0123456789`]
const symbols = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...ALPHABET), minLength, maxLength })

/** Crockford's reading of what people type, written down apart from the code that is tested. */
const folded = (code: string): string =>
  code.replace(/[ -]/g, '').toLowerCase().replace(/o/g, '0').replace(/[il]/g, '1')

/** The same code as somebody may type it. */
function typed(code: string, seed: number): string {
  const other = [...code].map((one, at) => ((seed >> (at % 31)) & 1 ? one.toUpperCase() : one.toLowerCase()))
  return ` ${other.join(seed % 3 === 0 ? '-' : '')}${seed % 2 === 0 ? ' ' : ''}`
}

describe('an authenticator of another system', () => {
  it('goes on with its codes, each accepted once, whatever its secret and parameters', async () => {
    await fc.assert(
      fc.asyncProperty(secret, parameters, fc.integer({ min: -1, max: 1 }), async (bytes, totp, drift) => {
        const { leeway, clock } = settingOf()
        await leeway.importAuthenticator('ada', { secret: bytes, parameters: totp })
        const code = prepareTotp(bytes, totp).generate(clock() + drift * totp.period * 1000)
        expect(await leeway.verifyCode('ada', code)).toMatchObject({ ok: true, method: 'totp' })
        expect(await leeway.verifyCode('ada', code)).toEqual({ ok: false, reason: 'invalid-code' })
        expect((await leeway.status('ada')).lock.totp).toEqual({ state: 'open' })
      }),
      { numRuns: 60 },
    )
  })

  /** Somebody saw a code as it was typed into the old system, and types it into the new one. */
  it('is taken no code of a step up to the last that the old system accepted, and every one after it', async () => {
    await fc.assert(
      fc.asyncProperty(
        secret,
        parameters,
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: -1, max: 1 }),
        async (bytes, totp, used, shown) => {
          const { leeway, clock } = settingOf()
          const step = timeStepAt(clock(), totp)
          const app = prepareTotp(bytes, totp)
          const codes = [-2, -1, 0, 1, 2].map((at) => app.generate(clock() + at * totp.period * 1000))
          // Two steps of one code, once in a million: which of them was meant nobody can tell.
          fc.pre(new Set(codes).size === codes.length)
          await leeway.importAuthenticator('ada', { secret: bytes, parameters: totp, lastTimeStep: step + used })
          const { ok } = await leeway.verifyCode('ada', codes[shown + 2])
          expect(ok).toBe(shown > used)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('is imported once, however often and by however many at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        secret,
        fc.uniqueArray(symbols(8, 12), { maxLength: 5, selector: folded }),
        async (bytes, codes) => {
          const repository = recording(memoryRepository())
          const { leeway, told } = settingOf({ repository })
          const one = (label: string) =>
            leeway.importAuthenticator('ada', { secret: bytes, label, recoveryCodes: codes }, { actor: 'migration' })
          const answers = await Promise.all(['A', 'B', 'C', 'D'].map(one))
          expect(answers.filter(({ changed }) => changed)).toHaveLength(1)
          expect(await one('E')).toMatchObject({ changed: false, recoveryCodesLeft: codes.length })
          expect((await leeway.status('ada')).authenticators).toHaveLength(1)
          expect(repository.saved).toHaveLength(1)
          await turn()
          expect(told.map(({ type }) => type)).toEqual(['authenticator-imported'])
        },
      ),
      { numRuns: 40 },
    )
  })

  it('is there once after a job whose store fails at any calls, and that is run until it goes through', async () => {
    const faults: RepositoryFault[] = ['throws-before', 'throws-after', 'applies-later', 'answers-late']
    const plan = fc.array(fc.option(fc.constantFrom(...faults)), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(secret, plan, async (bytes, failing) => {
        const kept = recording(memoryRepository())
        let done = false
        const repository = faultyRepository(kept, ({ number }) => (done ? null : (failing[number] ?? null)))
        const { leeway, clock } = settingOf({ repository })
        while (!done) {
          const authenticator = { secret: bytes, recoveryCodes: ['abcd-efgh'] }
          done = await leeway.importAuthenticator('ada', authenticator).then(
            () => true,
            () => false,
          )
          await turn()
        }
        expect(kept.saved.flatMap(({ events }) => events.map(({ type }) => type))).toEqual(['authenticator-imported'])
        const { authenticators, recoveryCodesLeft } = await leeway.status('ada')
        expect([authenticators.length, recoveryCodesLeft]).toEqual([1, 1])
        expect(await leeway.verifyCode('ada', prepareTotp(bytes, {}).generate(clock()))).toMatchObject({ ok: true })
      }),
      { numRuns: 100 },
    )
  })

  it('keeps the last step and the recovery codes that are known here when the old ones come again', async () => {
    const { leeway, clock } = settingOf()
    const app = prepareTotp(SECRET, {})
    const old = { secret: SECRET, lastTimeStep: timeStepAt(clock()) - 5, recoveryCodes: ['abcd-efgh', 'jkmn-pqrs'] }
    await leeway.importAuthenticator('ada', old)
    expect(await leeway.verifyCode('ada', app.generate(clock()))).toMatchObject({ ok: true })
    expect(await leeway.useRecoveryCode('ada', 'ABCDEFGH')).toMatchObject({ ok: true })
    // The job runs again over the same rows.
    expect(await leeway.importAuthenticator('ada', old)).toMatchObject({ changed: false, recoveryCodesLeft: 1 })
    expect(await leeway.verifyCode('ada', app.generate(clock()))).toEqual({ ok: false, reason: 'invalid-code' })
    expect(await leeway.useRecoveryCode('ada', 'ABCDEFGH')).toEqual({ ok: false, reason: 'invalid-code' })
    // And with another authenticator of the same user: a code that was used stays used.
    const second = { ...old, secret: SECRET.map((byte) => byte + 1) }
    expect(await leeway.importAuthenticator('ada', second)).toMatchObject({ changed: true, recoveryCodesLeft: 1 })
    expect(await leeway.useRecoveryCode('ada', 'ABCDEFGH')).toEqual({ ok: false, reason: 'invalid-code' })
  })
})

describe('recovery codes of another system', () => {
  it('work once each, in any case and with any blanks and hyphens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(symbols(8, 64), { minLength: 1, maxLength: 5, selector: folded }),
        fc.nat(),
        async (codes, seed) => {
          const { leeway } = settingOf()
          const grouped = codes.map((code) => `${code.slice(0, 5)}-${code.slice(5)}`)
          await leeway.importAuthenticator('ada', {
            secret: SECRET,
            recoveryCodes: grouped,
          })
          for (const [at, code] of codes.entries()) {
            // One that is longer than what is read stands without its hyphens.
            const said = code.length * 2 + 2 > 128 ? code : typed(code, seed)
            expect(await leeway.useRecoveryCode('ada', said)).toMatchObject({
              ok: true,
              recoveryCodesLeft: codes.length - at - 1,
            })
            expect(await leeway.useRecoveryCode('ada', said)).toEqual({ ok: false, reason: 'invalid-code' })
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('that are read alike are one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(symbols(8, 8), { maxLength: 50 }), async (codes) => {
        const { leeway } = settingOf()
        const same = codes.flatMap((code) => [code, code.toUpperCase(), code.replace(/0/g, 'O')]).slice(0, 50)
        const { recoveryCodesLeft } = await leeway.importAuthenticator('ada', {
          secret: SECRET,
          recoveryCodes: same,
        })
        expect(recoveryCodesLeft).toBe(new Set(same.map(folded)).size)
      }),
      { numRuns: 20 },
    )
  })

  /*
   * better-auth draws from 62 characters and tells their cases apart; here they are read as 33, some more often than
   * others. Its ten are worth 49 bits then, of 59: with never more than 50 wrong ones told, more than enough.
   */
  it('have 33 characters that differ, of the 62 that letters and digits are', async () => {
    const { leeway } = settingOf()
    const codes = ALPHABET.map((one) => `abcde-abcd${one}`)
    for (const [at, part] of [codes.slice(0, 31), codes.slice(31)].entries()) {
      const bytes = Uint8Array.from({ length: 20 }, (_, index) => index + at)
      await leeway.importAuthenticator('ada', { secret: bytes, recoveryCodes: part })
    }
    expect((await leeway.status('ada')).recoveryCodesLeft).toBe(33)
  })

  it('of other forms are refused by their place, and nothing is written', async () => {
    const repository = recording(memoryRepository())
    const { leeway } = settingOf({ repository })
    const others = [
      '',
      '1234567',
      'a'.repeat(65),
      'abcd_efgh',
      'abcd+efgh',
      'abcdéfgh',
      'ａｂｃｄｅｆｇｈ',
      `abcdefgh${' '.repeat(130)}`,
      12345678,
      null,
    ]
    for (const code of others) {
      const recoveryCodes = ['GOOD-CODE-1', code as string]
      const error = await rejection(() => leeway.importAuthenticator('ada', { secret: SECRET, recoveryCodes }))
      expect(error).toEqual(new RangeError('authenticator.recoveryCodes[1] must be 8 to 64 letters and digits'))
    }
    expect(repository.saved).toEqual([])
  })

  it("of the old form leave leeway's own as they are", async () => {
    const { leeway } = settingOf()
    await leeway.importAuthenticator('ada', { secret: SECRET, recoveryCodes: ['abcd-efgh'] })
    // What is no code in leeway's own form is looked at, for as long as one of the old form is there.
    expect(await leeway.useRecoveryCode('ada', 'abcd-efgx')).toEqual({ ok: false, reason: 'invalid-code' })
    const replaced = await leeway.replaceRecoveryCodes('ada', { recoveryCode: 'abcd efgh' })
    if (!replaced.ok) throw new Error(replaced.reason)
    expect(replaced.recoveryCodes).toHaveLength(10)
    expect(await leeway.useRecoveryCode('ada', replaced.recoveryCodes[0])).toMatchObject({
      ok: true,
      recoveryCodesLeft: 9,
    })
  })
})
