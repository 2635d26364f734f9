import { describe, expect, it, vi } from 'vitest'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import { LeewayError } from '../../src/errors.js'
import type { EnrollmentChange, EnrollmentRepository, SecretCipher } from '../../src/ports/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { faultyRepository, fixedClock, type RepositoryFault, seededRandom } from '../../src/testing/index.js'
import { CHANGES, comparable, type Operation, READS, recordOf, type Scene, sceneOf, storeOf } from './operations.js'
import {
  counting,
  enroll,
  K1,
  K2,
  NOW,
  type Options,
  recording,
  rejection,
  type Setting,
  STEP,
  settingOf,
  wrongCode,
} from './setting.js'

type Call = 'find' | 'save' | 'remove'
/** One call that goes wrong: a fault of the kit, or one that does the work or not, and answers something. */
type Fault = RepositoryFault | ((call: Call, work: () => Promise<unknown>, repository: EnrollmentRepository) => unknown)

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A repository of which one call, by its number, goes wrong. */
function failing(repository: EnrollmentRepository, at: number, fault: Fault): EnrollmentRepository & { calls: Call[] } {
  const calls: Call[] = []
  const named = typeof fault === 'string' ? fault : null
  const faulty = faultyRepository(repository, ({ number }) => (number === at ? named : null))
  const through = <Answer>(call: Call, work: () => Promise<Answer>): Promise<Answer> => {
    calls.push(call)
    const wrong = calls.length - 1 === at && typeof fault !== 'string'
    return (wrong ? fault(call, work, repository) : work()) as Promise<Answer>
  }
  return {
    calls,
    find: (userId) => through('find', () => faulty.find(userId)),
    save: (change) => through('save', () => faulty.save(change)),
    remove: (userId, expected) => through('remove', () => faulty.remove(userId, expected)),
  }
}

interface Run {
  result: unknown
  error: unknown
  stored: unknown
  told: readonly EnrollmentEvent[]
  saved: readonly EnrollmentEvent[]
  calls: readonly Call[]
}

/** One operation from its scene on, with one call that goes wrong. */
async function run(
  { scene: name, run: call }: Operation,
  at: number,
  fault: Fault,
  options: Options = {},
): Promise<Run> {
  const scene = await sceneOf(name)
  const store = recording(await storeOf(scene))
  const repository = failing(store, at, fault)
  const { leeway, told } = settingOf({
    repository,
    clock: fixedClock(scene.now),
    random: seededRandom('a run'),
    ...options,
  })
  let [result, error]: unknown[] = []
  try {
    result = await call(leeway, scene)
  } catch (thrown) {
    error = thrown
  }
  await turn()
  const stored = comparable(await store.find('ada'))
  return { result, error, stored, told, saved: store.saved.flatMap(({ events }) => events), calls: repository.calls }
}

const honestly = (operation: Operation): Promise<Run> => run(operation, -1, (_call, work) => work())
const failure = new Error('the store failed')

/** What may go wrong, and whether the answer can be had all the same. */
const FAULTS: Record<string, { fault: Fault; answers: boolean }> = {
  'rejects before': { fault: 'throws-before', answers: false },
  'throws before': {
    fault() {
      throw failure
    },
    answers: false,
  },
  'rejects after it was applied': { fault: 'throws-after', answers: false },
  'rejects, and is applied later': {
    fault(_call, work) {
      setImmediate(() => void work())
      return Promise.reject(failure)
    },
    answers: false,
  },
  'answers a conflict though it was applied': {
    async fault(call, work) {
      const answer = await work()
      return call === 'find' ? answer : 'conflict'
    },
    answers: true,
  },
  'answers a conflict and was not applied': {
    fault: (call, work) => (call === 'find' ? work() : Promise.resolve('conflict')),
    answers: true,
  },
  'answers late': { fault: 'answers-late', answers: true },
  ...Object.fromEntries(
    [undefined, true, 1, {}, 'ok', [], Promise.resolve({ version: 7 })].map((nonsense) => [
      `answers ${nonsense instanceof Promise ? 'a version that is a number' : JSON.stringify(nonsense)}`,
      {
        async fault(_call: Call, work: () => Promise<unknown>) {
          await work()
          return nonsense
        },
        answers: false,
      },
    ]),
  ),
}

describe('a repository of which any one call goes wrong', { timeout: 60_000 }, () => {
  for (const [method, operation] of Object.entries({ ...CHANGES, ...READS })) {
    it(`${method}: answers only what was saved, and leaves the record before or the record after`, async () => {
      const before = comparable((await sceneOf(operation.scene)).stored)
      const honest = await honestly(operation)
      expect(honest.error).toBeUndefined()
      expect(honest.told).toEqual(method.includes('malformed') ? [] : honest.saved)
      if (method in CHANGES) expect(honest.stored).not.toEqual(before)
      else expect(honest.stored).toEqual(before)
      expect(honest.calls.length).toBe(method in CHANGES ? 2 : 1)

      for (const [what, { fault, answers }] of Object.entries(FAULTS)) {
        for (let at = 0; at < honest.calls.length; at++) {
          const faulty = await run(operation, at, fault)
          const context = [method, what, at]
          if (faulty.error === undefined) {
            expect([...context, faulty.result]).toEqual([...context, honest.result])
            expect([...context, faulty.stored]).toEqual([...context, honest.stored])
            expect([...context, faulty.told.map(({ type }) => type)]).toEqual([
              ...context,
              honest.told.map(({ type }) => type),
            ])
          } else {
            expect([...context, answers]).toEqual([...context, false])
            expect([...context, faulty.error]).toEqual([...context, expect.any(LeewayError)])
            expect([...context, (faulty.error as LeewayError).code]).toEqual([...context, 'ERR_STORE'])
            expect([JSON.stringify(before), JSON.stringify(honest.stored)]).toContain(JSON.stringify(faulty.stored))
            expect([...context, faulty.told]).toEqual([...context, []])
          }
        }
      }
    })
  }

  it('a write whose answer was lost is looked up, and revealed where it landed', async () => {
    const { result, error, calls } = await run(CHANGES['verifyCode, right'] as Operation, 1, async (_call, work) => {
      await work()
      throw failure
    })
    expect(error).toBeUndefined()
    expect(result).toMatchObject({ ok: true })
    expect(calls).toEqual(['find', 'save', 'find'])
  })

  it('an error of the store that is a LeewayError already passes as it is; another is its cause', async () => {
    const own = new LeewayError('ERR_STORE', 'the disk is full')
    for (const at of [0, 1]) {
      const known = await run(CHANGES['suspend'] as Operation, at, () => Promise.reject(own))
      expect(known.error).toBe(own)
      const other = await run(CHANGES['suspend'] as Operation, at, () => Promise.reject(failure))
      expect((other.error as LeewayError).cause).toBe(failure)
    }
  })

  it('where the look-up fails too, nothing is revealed and the first error is the cause', async () => {
    const scene = await sceneOf('enrolled')
    const store = await storeOf(scene)
    let saved = false
    const dying: EnrollmentRepository = {
      ...store,
      async find(userId) {
        if (saved) throw new Error('gone')
        return store.find(userId)
      },
      async save(change) {
        saved = true
        await store.save(change)
        throw failure
      },
    }
    const { leeway, told } = settingOf({ repository: dying, clock: fixedClock(scene.now) })
    const error = await rejection(() => leeway.verifyCode('ada', scene.right))
    expect(error).toMatchObject({ code: 'ERR_STORE', cause: failure })
    expect(told).toEqual([])
    const honest = settingOf({ repository: store, clock: fixedClock(scene.now) })
    expect(await honest.leeway.verifyCode('ada', scene.right)).toEqual({ ok: false, reason: 'invalid-code' })
  })
})

describe('a client that tries again after each error', { timeout: 60_000 }, () => {
  it('has no code accepted twice, and sees no failure that was not recorded', async () => {
    const kinds = ['verifyCode, right', 'verifyCode, wrong', 'useRecoveryCode, right', 'useRecoveryCode, wrong']
    for (const kind of kinds) {
      const { scene: name, run: call } = CHANGES[kind] as Operation
      for (const [what, { fault }] of Object.entries(FAULTS)) {
        for (let at = 0; at < 8; at++) {
          const scene = await sceneOf(name)
          const store = await storeOf(scene)
          const repository = failing(store, at, fault)
          const { leeway } = settingOf({
            repository,
            clock: fixedClock(scene.now),
            policy: { lock: { afterFailures: 10 } },
          })
          let [accepted, refused] = [0, 0]
          for (let time = 0; time < 4; time++) {
            const answer = await call(leeway, scene).catch(() => null)
            await turn()
            if ((answer as { ok: boolean } | null)?.ok === true) accepted++
            else if (answer !== null) refused++
          }
          const record = await recordOf(store)
          const failures = kind.startsWith('verify') ? record.lock.totp.failures : record.lock.recovery.failures
          const before = (await recordOf(await storeOf(scene))).lock
          const earlier = kind.startsWith('verify') ? before.totp.failures : before.recovery.failures
          if (kind.endsWith('right')) expect([kind, what, at, accepted <= 1]).toEqual([kind, what, at, true])
          else {
            expect([kind, what, at, accepted]).toEqual([kind, what, at, 0])
            // Of an attempt whose fate was not told one failure more may stand, never one less.
            expect(failures - earlier).toBeGreaterThanOrEqual(refused)
            expect(failures - earlier).toBeLessThanOrEqual(4)
          }
        }
      }
    }
  })
})

describe('a store that lies about conflicts', () => {
  it('that answers one for every write it applied is found out: each code is accepted once, each failure counted once', async () => {
    const store = memoryRepository()
    const lying: EnrollmentRepository = {
      ...store,
      async save(change) {
        await store.save(change)
        return 'conflict'
      },
    }
    const { leeway, clock, told } = settingOf({ repository: lying })
    const { phone: app } = await enroll({ leeway, clock }, 'ada')
    const code = app.codeAt(clock())
    for (let failures = 1; failures <= 3; failures++) {
      expect(await leeway.verifyCode('ada', wrongCode(app, clock()))).toEqual({ ok: false, reason: 'invalid-code' })
      expect(told.at(-1)).toMatchObject({ type: 'code-rejected', details: { failures } })
    }
    expect(await leeway.verifyCode('ada', code)).toMatchObject({ ok: true, failuresSinceLastSuccess: 3 })
    expect(await leeway.verifyCode('ada', code)).toEqual({ ok: false, reason: 'invalid-code' })
  })

  it('does not bring a version back that was written over: a slow writer that read it meets a conflict', async () => {
    const store = memoryRepository()
    const setting = settingOf({ repository: store })
    const { phone: app } = await enroll(setting, 'ada')
    const code = app.codeAt(setting.clock())
    const slow: EnrollmentChange[] = []
    const lying: EnrollmentRepository = {
      ...store,
      async save(change) {
        const answer = await store.save(change)
        if (slow.length > 0) return answer
        // Applied, and called a conflict. A slow writer has read it; before the retry a code is accepted.
        slow.push({ ...change, version: 'of the slow writer', expected: change.version })
        expect(await setting.leeway.verifyCode('ada', code)).toMatchObject({ ok: true })
        return 'conflict'
      },
    }
    const { leeway } = settingOf({ repository: lying, clock: setting.clock })
    expect(await leeway.verifyCode('ada', wrongCode(app, setting.clock()))).toEqual({
      ok: false,
      reason: 'invalid-code',
    })
    for (const change of slow) expect(await store.save(change)).toBe('conflict')
    expect(await setting.leeway.verifyCode('ada', code)).toEqual({ ok: false, reason: 'invalid-code' })
  })

  for (const method of Object.keys(CHANGES)) {
    it(`that answers nothing but conflicts is ERR_CONTENDED after sixteen tries: ${method}`, async () => {
      // Real waiting would be some seconds of jitter in all.
      vi.useFakeTimers({ toFake: ['setTimeout'] })
      try {
        const { scene: name, run: call } = CHANGES[method] as Operation
        const scene = await sceneOf(name)
        const store = await storeOf(scene)
        const repository = counting({ ...store, save: async () => 'conflict', remove: async () => 'conflict' })
        const { leeway, told } = settingOf({ repository, clock: fixedClock(scene.now) })
        let settled = false
        const refused = rejection(() => call(leeway, scene)).finally(() => {
          settled = true
        })
        while (!settled) {
          await vi.advanceTimersByTimeAsync(64)
          await turn()
        }
        expect(await refused).toMatchObject({ name: 'LeewayError', code: 'ERR_CONTENDED' })
        expect(repository.calls.find).toBe(16)
        expect(repository.calls.save + repository.calls.remove).toBe(16)
        expect(told).toEqual([])
        expect(await store.find('ada')).toEqual(scene.stored)
      } finally {
        vi.useRealTimers()
      }
    })
  }
})

describe('a store that reads stale records', () => {
  /** After each write, so many finds answer what was there before it. */
  function stale(store: EnrollmentRepository, times: number): EnrollmentRepository {
    let left = 0
    let fresh = true
    return faultyRepository(store, ({ method }) => {
      if (method !== 'find') {
        // A write over what was stale is a conflict, and nothing newer to read comes of it.
        if (fresh) left = times
        return null
      }
      fresh = left-- <= 0
      return fresh ? null : 'reads-stale'
    })
  }

  it('has no code accepted twice and no failure lost', async () => {
    for (const times of [1, 2, 3]) {
      const store = memoryRepository()
      const setting = settingOf({ repository: store })
      const { phone: app, recoveryCodes } = await enroll(setting, 'ada')
      const repository = counting(stale(store, times))
      const { leeway } = settingOf({ repository, clock: setting.clock })
      const code = app.codeAt(setting.clock())
      const wrong = wrongCode(app, setting.clock())
      for (let time = 0; time < 3; time++) await leeway.verifyCode('ada', wrong)
      const { lock } = await recordOf(store)
      expect(lock.totp.failures).toBe(3)
      const answers = [await leeway.verifyCode('ada', code), await leeway.verifyCode('ada', code)]
      expect(answers.map(({ ok }) => ok)).toEqual([true, false])
      const used = [
        await leeway.useRecoveryCode('ada', recoveryCodes[0]),
        await leeway.useRecoveryCode('ada', recoveryCodes[0]),
      ]
      expect(used.map(({ ok }) => ok)).toEqual([true, false])
      // What was stale was met: each of the five that followed a write had to read again.
      expect(repository.calls.find).toBe(7 + 5 * times)
    }
  })
})

describe('a process that dies in the middle', () => {
  /** Whether Ada is enrolled, with all that belongs to it, or not at all; anything between is a failure. */
  function enrolledOf(record: EnrollmentRecord): boolean {
    const bound = record.authenticators.length === 1
    expect(record.enrolledAt !== null).toBe(bound)
    expect(record.recoveryCodes.length).toBe(bound ? 10 : 0)
    expect(record.setup === null).toBe(bound)
    expect(record.sessionsValidFrom !== null).toBe(bound)
    if (bound) expect(record.authenticators[0]?.lastTimeStep).toBe(NOW / STEP)
    return bound
  }

  for (const applied of [false, true]) {
    it(`at any call, ${applied ? 'after' : 'before'} it was applied, leaves the user enrolled or not, and nothing between`, async () => {
      const seen: boolean[] = []
      const scene = await sceneOf('pending')
      for (const at of [0, 1]) {
        const store = await storeOf(scene)
        let died: () => void = () => undefined
        const death = new Promise<void>((resolve) => {
          died = resolve
        })
        const repository = failing(store, at, async (_call, work) => {
          if (applied) await work()
          died()
          return new Promise(() => undefined)
        })
        const { leeway } = settingOf({ repository, clock: fixedClock(scene.now) })
        void leeway.confirmSetup('ada', scene.pending.right)
        await death
        const record = await recordOf(store)
        const enrolled = enrolledOf(record)
        seen.push(enrolled)
        // Another process takes over: the code is worth one thing more at most.
        const { leeway: next } = settingOf({ repository: store, clock: fixedClock(scene.now) })
        expect(await next.confirmSetup('ada', scene.pending.right)).toMatchObject(
          enrolled ? { ok: false, reason: 'no-setup' } : { ok: true },
        )
        expect(await next.verifyCode('ada', scene.pending.right)).toEqual({ ok: false, reason: 'invalid-code' })
        enrolledOf(await recordOf(store))
      }
      expect(seen).toEqual([false, applied])
    })
  }
})

describe('a listener', () => {
  const listeners: Record<string, (events: readonly EnrollmentEvent[]) => unknown> = {
    throws() {
      throw new Error('the listener threw')
    },
    rejects: () => Promise.reject(new Error('the listener rejected')),
    hangs: () => new Promise(() => undefined),
  }
  for (const [what, listener] of Object.entries(listeners)) {
    it(`that ${what} changes nothing`, async () => {
      const onEvents = vi.fn(listener)
      for (const operation of Object.values(CHANGES)) {
        const honest = await honestly(operation)
        const heard = await run(operation, -1, (_call, work) => work(), { onEvents: onEvents as never })
        expect([heard.result, heard.error, heard.stored]).toEqual([honest.result, undefined, honest.stored])
      }
      expect(onEvents.mock.calls.length).toBe(Object.keys(CHANGES).length - 1)
    })
  }

  it('is told exactly what was stored, in order and after the commit; a replayed code is told and not stored', async () => {
    const store = recording(memoryRepository())
    const stored = () => store.saved.flatMap(({ events }) => events)
    const told: EnrollmentEvent[] = []
    const setting: Setting = settingOf({
      repository: store,
      onEvents(events) {
        told.push(...events)
        const replay = events[0]?.type === 'code-replayed'
        expect(stored().slice(-events.length)).toEqual(replay ? stored().slice(-events.length) : events)
        if (replay) expect(stored()).not.toContainEqual(events[0])
      },
    })
    const { leeway, clock } = setting
    await leeway.requireEnrollment('ada', { period: { days: 3 } })
    const { phone: app, recoveryCodes } = await enroll(setting, 'ada')
    const code = app.codeAt(clock())
    await leeway.verifyCode('ada', wrongCode(app, clock()))
    await leeway.verifyCode('ada', code)
    await leeway.verifyCode('ada', code)
    await leeway.useRecoveryCode('ada', recoveryCodes[0])
    await leeway.useRecoveryCode('ada', recoveryCodes[0])
    expect(told.filter(({ type }) => type !== 'code-replayed')).toEqual(stored())
    const replayed = told.filter(({ type }) => type === 'code-replayed')
    expect(replayed.map(({ details }) => details['method'])).toEqual(['totp', 'recovery-code'])
    const ids = told.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const kept = stored().map(({ id }) => id)
    expect([...kept].sort()).toEqual(kept)
  })
})

describe('a cipher of which any one call goes wrong', { timeout: 60_000 }, () => {
  type Method = keyof SecretCipher
  const broken = new Error('the cipher failed')
  const answer = (value: unknown) => (method: Method) => (method === 'needsReseal' ? value : Promise.resolve(value))
  const ill: Record<string, (method: Method) => unknown> = {
    rejects: (method) => {
      if (method === 'needsReseal') throw broken
      return Promise.reject(broken)
    },
    throws: () => {
      throw broken
    },
    'answers undefined': answer(undefined),
    'answers a number': answer(1),
    'answers an object': answer({}),
    'answers three bytes': answer(new Uint8Array(3)),
  }

  function failingCipher(
    cipher: SecretCipher,
    at: number,
    fault: (method: Method) => unknown,
  ): SecretCipher & { calls: Method[] } {
    const calls: Method[] = []
    const through = <Given extends unknown[], Answer>(method: Method, work: (...given: Given) => Answer) => {
      return (...given: Given): Answer => {
        calls.push(method)
        return calls.length - 1 === at ? (fault(method) as Answer) : work(...given)
      }
    }
    return {
      calls,
      seal: through('seal', cipher.seal),
      open: through('open', cipher.open),
      needsReseal: through('needsReseal', cipher.needsReseal),
      digest: through('digest', cipher.digest),
      matches: through('matches', cipher.matches),
    }
  }

  // Under a key that is not the first any more, so that a right code seals anew.
  const cipher = aesGcmCipher({ keys: [K2, K1] })
  const operations = Object.entries({ ...CHANGES, ...READS })
  it('is ERR_CIPHER from every method that calls it; nothing is counted and nothing overwritten', async () => {
    const called = new Set<Method>()
    for (const [method, operation] of operations) {
      const before = comparable((await sceneOf(operation.scene)).stored)
      const observed = failingCipher(cipher, -1, () => undefined)
      await run(operation, -1, (_call, work) => work(), { cipher: observed })
      for (const one of observed.calls) called.add(one)
      for (const [what, fault] of Object.entries(ill)) {
        for (let at = 0; at < observed.calls.length; at++) {
          const faulty = await run(operation, -1, (_call, work) => work(), { cipher: failingCipher(cipher, at, fault) })
          const context = [method, what, observed.calls[at]]
          expect([...context, faulty.error]).toEqual([...context, expect.any(LeewayError)])
          expect([...context, (faulty.error as LeewayError).code]).toEqual([...context, 'ERR_CIPHER'])
          expect([...context, faulty.stored]).toEqual([...context, before])
          expect([...context, faulty.told]).toEqual([...context, []])
        }
      }
    }
    expect([...called].sort()).toEqual(['digest', 'matches', 'needsReseal', 'open', 'seal'])
  })

  it('that takes everything for right lets nothing in by an answer that is no yes', async () => {
    const scene: Scene = await sceneOf('enrolled')
    for (const value of ['true', 1, {}, [true]]) {
      const yes = { ...cipher, matches: (async () => value) as never }
      const { leeway } = settingOf({ repository: await storeOf(scene), cipher: yes, clock: fixedClock(scene.now) })
      expect(await rejection(() => leeway.useRecoveryCode('ada', scene.enrolled.recoveryCodes[0]))).toMatchObject({
        code: 'ERR_CIPHER',
      })
    }
  })

  it('an error of the cipher that is a LeewayError already passes as it is; another is its cause', async () => {
    const own = new LeewayError('ERR_CIPHER', 'the key service is away')
    const verify = CHANGES['verifyCode, right'] as Operation
    const failingWith = (error: Error) => failingCipher(cipher, 0, () => Promise.reject(error))
    expect((await run(verify, -1, (_call, work) => work(), { cipher: failingWith(own) })).error).toBe(own)
    const other = await run(verify, -1, (_call, work) => work(), { cipher: failingWith(broken) })
    expect((other.error as LeewayError).cause).toBe(broken)
  })
})
