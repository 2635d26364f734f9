import { describe, expect, it } from 'vitest'
import { LeewayError } from '../../src/errors.js'
import type { EnrollmentRepository, SecretCipher, StoredEnrollment } from '../../src/ports/index.js'
import type { AssignedUser } from '../../src/service/assign.js'
import type { Leeway } from '../../src/service/leeway.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { enroll, NOW, rejection, rolloutSetting, type Store, settingOf } from './setting.js'

/** What a person reads who has to find out what went wrong: `told`, and what the port itself said as the cause. */
const failure = new Error('the port is out of order')
const fails = () => Promise.reject(failure)

/** The service over a user who is enrolled, its store or cipher out of order from then on. */
async function over(
  broken: Partial<Record<string, unknown>>,
): Promise<Leeway & { code: string; recoveryCode: string }> {
  const healthy = settingOf()
  const { phone, recoveryCodes } = await enroll(healthy, 'ada')
  const { clock, repository, cipher } = healthy
  const { leeway } = settingOf({
    clock,
    repository: { ...repository, ...broken } as EnrollmentRepository,
    cipher: { ...cipher, ...broken } as SecretCipher,
  })
  return { ...leeway, code: phone.codeAt(clock()), recoveryCode: recoveryCodes[0] ?? '' }
}

async function told(work: () => Promise<unknown>): Promise<{ code: string; message: string; cause: unknown }> {
  const error = await rejection(work)
  expect(error).toBeInstanceOf(LeewayError)
  const { code, message, cause } = error as LeewayError
  return { code, message, cause }
}

describe('a store that fails says in what', () => {
  it('reading, saving and removing', async () => {
    const message = 'the repository could not read the record; see the cause'
    const unread = await over({ find: fails })
    expect(await told(() => unread.status('ada'))).toEqual({ code: 'ERR_STORE', message, cause: failure })

    const unsaved = await over({ save: fails })
    expect(await told(() => unsaved.suspend('ada'))).toEqual({
      code: 'ERR_STORE',
      message: 'the repository failed to save, and what it did cannot be told; see the cause',
      cause: failure,
    })

    const kept = await over({ remove: fails })
    expect(await told(() => kept.forget('ada'))).toEqual({
      code: 'ERR_STORE',
      message: 'the repository failed to remove the record; try again, see the cause',
      cause: failure,
    })
  })

  it('listing', async () => {
    const { leeway } = rolloutSetting({ repository: { ...memoryRepository(), list: fails } as Store })
    expect(await told(() => leeway.rollout.rotateKeys())).toEqual({
      code: 'ERR_STORE',
      message: 'the repository could not list records; see the cause',
      cause: failure,
    })
  })

  it('reading many', async () => {
    const over = (findMany: () => unknown) =>
      rolloutSetting({ repository: { ...memoryRepository(), findMany } as Store }).leeway
    const terms = { period: { days: 3 } }
    const { leeway } = rolloutSetting({ repository: { ...memoryRepository(), findMany: fails } as Store })
    expect(await told(() => over(fails).rollout.preview(['ada'], terms))).toEqual({
      code: 'ERR_STORE',
      message: 'the repository could not read records; see the cause',
      cause: failure,
    })
    expect(await told(() => over(async () => []).rollout.preview(['ada'], terms))).toEqual({
      code: 'ERR_STORE',
      message: 'findMany of the repository must answer a Map of { enrollment, version }',
      cause: undefined,
    })
    expect(await leeway.rollout.assign(['ada'], terms)).toMatchObject({ done: 0, stoppedBy: 'store' })
  })

  it('answering what is no answer', async () => {
    for (const [broken, message, work] of [
      [
        { find: async () => ({ enrollment: {} }) },
        'find of the repository must answer null or { enrollment, version }',
        'status',
      ],
      [{ save: async () => true }, "save of the repository must answer 'saved' or 'conflict'", 'suspend'],
      [{ remove: async () => undefined }, "remove of the repository must answer 'removed' or 'conflict'", 'forget'],
    ] as const) {
      const leeway = await over(broken)
      expect(await told(async () => leeway[work]('ada'))).toEqual({ code: 'ERR_STORE', message, cause: undefined })
    }
  })
})

describe('a cipher that fails says in what', () => {
  const beginning = (leeway: Leeway) => leeway.beginSetup('bob', { accountName: 'bob@example.com' })

  it.each<[string, Partial<SecretCipher>, (leeway: Awaited<ReturnType<typeof over>>) => Promise<unknown>]>([
    ['seal a secret', { seal: fails }, beginning],
    ['open a secret', { open: fails }, (leeway) => leeway.verifyCode('ada', leeway.code)],
    ['digest a code', { digest: fails }, (leeway) => leeway.issuePass('bob')],
    ['compare a code', { matches: fails }, (leeway) => leeway.useRecoveryCode('ada', leeway.recoveryCode)],
    [
      'tell the key of a secret',
      {
        needsReseal: () => {
          throw failure
        },
      },
      (leeway) => leeway.verifyCode('ada', leeway.code),
    ],
  ])('it could not %s', async (what, broken, work) => {
    const leeway = await over(broken)
    expect(await told(() => work(leeway))).toEqual({
      code: 'ERR_CIPHER',
      message: `the cipher could not ${what}; see the cause`,
      cause: failure,
    })
  })

  it('answering what is no answer', async () => {
    const sealing = await over({ seal: async () => new Uint8Array(60) })
    expect((await told(() => beginning(sealing))).cause).toEqual(new TypeError('the cipher must answer a string'))
    const comparing = await over({ matches: async () => 'yes' })
    expect((await told(() => comparing.useRecoveryCode('ada', comparing.recoveryCode))).cause).toEqual(
      new TypeError('the cipher must answer true or false'),
    )
  })
})

describe('a protected account', () => {
  const stopping = { period: { deadline: NOW + 1000 } } as const

  it('is not stopped by a change, which says what to do about it', async () => {
    const { leeway, clock } = settingOf({ policy: { protect: () => true } })
    await leeway.requireEnrollment('root', stopping)
    clock.advance(1)
    const before = await leeway.status('root')
    expect(await told(() => leeway.changeDeadline('root', { deadline: NOW }))).toEqual({
      code: 'ERR_PROTECTED',
      message:
        'the account is protected, and the change would stop it at the next sign-in; see policy.protect, and note.force',
      cause: undefined,
    })
    expect(await leeway.status('root')).toEqual(before)
    expect((await leeway.changeDeadline('root', { deadline: NOW + 2000 })).changed).toBe(true)
  })

  it('of which policy.protect cannot tell is not changed either, and the cause is kept', async () => {
    const message = 'policy.protect could not tell whether the account is protected'
    for (const [protect, cause] of [
      [fails, failure],
      [() => 'yes', new TypeError('policy.protect must answer true or false')],
    ] as const) {
      const { leeway } = settingOf({ policy: { protect: protect as () => never } })
      expect(await told(() => leeway.requireEnrollment('root', { period: 'none' }))).toEqual({
        code: 'ERR_PROTECTED',
        message,
        cause,
      })
    }
  })
})

describe('a record that this process cannot use', () => {
  it('says so, with what it cannot do as the cause, for one user and for many', async () => {
    const setting = rolloutSetting()
    await setting.leeway.requireEnrollment('ada', { period: { days: 3, calendar: { timeZone: 'Europe/Berlin' } } })
    // What is left is worked out anew, by that calendar.
    await setting.leeway.suspend('ada')
    setting.clock.advance(1000)
    const elsewhere = (stored: StoredEnrollment): StoredEnrollment =>
      JSON.parse(JSON.stringify(stored).replaceAll('Europe/Berlin', 'Europe/Atlantis'))
    const repository: Store = {
      ...setting.repository,
      async find(userId) {
        const stored = await setting.repository.find(userId)
        return stored && elsewhere(stored)
      },
      async findMany(userIds) {
        const found = await setting.repository.findMany(userIds)
        return new Map([...found].map(([userId, stored]) => [userId, elsewhere(stored)]))
      },
    }
    const { leeway } = rolloutSetting({ repository, clock: setting.clock })
    const message = 'the stored record holds what this process cannot use; see the cause'
    const cause = expect.any(RangeError)
    const refused = await told(() => leeway.changeDeadline('ada', { addDays: 1 }))
    expect(refused).toEqual({ code: 'ERR_RECORD', message, cause })
    const failed: AssignedUser[] = []
    await leeway.rollout.assign(
      ['ada'],
      { period: { days: 9 } },
      { applyTo: 'extend', onUser: (user) => failed.push(user) },
    )
    expect(failed).toEqual([{ userId: 'ada', outcome: 'failed', code: 'ERR_RECORD', message }])
  })
})

describe('a function for terms that throws', () => {
  it('is told by its message, of which a thousand characters are kept', async () => {
    const failed: AssignedUser[] = []
    for (const thrown of [new Error('x'.repeat(1001)), 'a text', null]) {
      const terms = () => {
        throw thrown
      }
      await rolloutSetting().leeway.rollout.assign(['ada'], terms, { onUser: (user) => failed.push(user) })
    }
    expect(failed).toMatchObject([
      { code: 'ERR_TERMS', message: 'x'.repeat(1000) },
      { code: 'ERR_TERMS', message: 'the function for terms threw' },
      { code: 'ERR_TERMS', message: 'the function for terms threw' },
    ])
  })
})
