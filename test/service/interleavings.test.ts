import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import type { ApplyTo } from '../../src/enrollment/terms.js'
import type { Leeway, LeewayWithRollout } from '../../src/service/leeway.js'
import { fixedClock, phone, seededRandom } from '../../src/testing/index.js'
import { CHANGES, comparable, recordOf, type Scene, type SceneName, sceneOf, storeOf } from './operations.js'
import { DAY, K1, K2, masterKey, NOW, type Options, type Store, settingOf, WRONG_RECOVERY_CODE } from './setting.js'

type Call = (leeway: Leeway, scene: Scene) => Promise<unknown>
interface Actor {
  call: Call
  options?: Options
}

const cipher = aesGcmCipher({ keys: [K1] })

/** Ada and somebody else are assigned terms of which nobody is reminded yet. */
function assign(leeway: Leeway, applyTo: ApplyTo): Promise<unknown> {
  return (leeway as LeewayWithRollout).rollout.assign(['ada', 'ben'], { period: { days: 9 } }, { applyTo })
}

/** Reminders are sent one after the other: a schedule knows one call of each process at a time. */
function remind(leeway: Leeway): Promise<unknown> {
  return (leeway as LeewayWithRollout).rollout.sendReminders(async () => undefined, { concurrency: 1 })
}

/** Operations at once, by what they are; each is a process of its own. */
const ACTORS: Record<string, Actor> = {
  'verify right': { call: (leeway, { right }) => leeway.verifyCode('ada', right) },
  'verify wrong': { call: (leeway, { wrong }) => leeway.verifyCode('ada', wrong) },
  'verify right, under a new key': {
    call: (leeway, { right }) => leeway.verifyCode('ada', right),
    options: { cipher: aesGcmCipher({ keys: [K2, K1] }) },
  },
  recover: { call: (leeway, { enrolled }) => leeway.useRecoveryCode('ada', enrolled.recoveryCodes[0]) },
  'recover wrong': { call: (leeway) => leeway.useRecoveryCode('ada', WRONG_RECOVERY_CODE) },
  'replace by code': { call: (leeway, { right }) => leeway.replaceRecoveryCodes('ada', { code: right }) },
  'replace by recovery code': {
    call: (leeway, { enrolled }) => leeway.replaceRecoveryCodes('ada', { recoveryCode: enrolled.recoveryCodes[0] }),
  },
  reset: { call: (leeway) => leeway.resetMfa('ada', { grace: { days: 3 } }) },
  revoke: { call: (leeway, { enrolled }) => leeway.revokeAuthenticator('ada', enrolled.authenticatorId) },
  remove: {
    call: (leeway, { enrolled, right }) => leeway.removeAuthenticator('ada', enrolled.authenticatorId, { code: right }),
  },
  suspend: { call: (leeway) => leeway.suspend('ada') },
  forget: { call: (leeway) => leeway.forget('ada') },
  unlock: { call: (leeway) => leeway.unlock('ada') },
  begin: { call: (leeway) => leeway.beginSetup('ada', { accountName: 'ada' }) },
  resume: { call: (leeway, { pending }) => leeway.beginSetup('ada', { accountName: 'ada', setupId: pending.id }) },
  confirm: { call: (leeway, { pending }) => leeway.confirmSetup('ada', pending.right, { setupId: pending.id }) },
  'confirm wrong': { call: (leeway, { pending }) => leeway.confirmSetup('ada', pending.wrong) },
  cancel: { call: (leeway) => leeway.cancelSetup('ada') },
  postpone: { call: (leeway) => leeway.postponeSetup('ada', { signInId: 'monday' }) },
  'postpone another': { call: (leeway) => leeway.postponeSetup('ada', { signInId: 'tuesday' }) },
  import: {
    call: (leeway) => leeway.importAuthenticator('ada', { secret: masterKey(60), recoveryCodes: ['ABCDEFGH'] }),
  },
  'sign in': { call: (leeway) => leeway.signIn('ada') },
  'move the deadline': { call: (leeway) => leeway.changeDeadline('ada', { addDays: -40 }) },
  require: { call: (leeway) => leeway.requireEnrollment('ada', { period: { days: 9 } }) },
  exempt: { call: (leeway) => leeway.exempt('ada', { until: NOW + DAY, reason: 'at sea' }) },
  'use the pass': { call: (leeway, { pass }) => leeway.beginSetup('ada', { accountName: 'ada', pass }) },
  'issue a pass': { call: (leeway) => leeway.issuePass('ada') },
  assign: { call: (leeway) => assign(leeway, 'new') },
  'assign, replacing': { call: (leeway) => assign(leeway, 'replace') },
  remind: { call: (leeway) => remind(leeway) },
}

function start(name: string, at: number, repository: Store, scene: Scene): Promise<unknown> {
  const { call, options } = ACTORS[name] as Actor
  // Its own randomness, so that it draws the same whatever the order; the set-up's secret is not compared.
  const random = seededRandom(`${name} ${at}`)
  const { leeway } = settingOf({ repository, cipher, clock: fixedClock(scene.now), random, ...options })
  return call(leeway, scene).catch((error: unknown) => String(error))
}

function permutations<One>(all: readonly One[]): One[][] {
  if (all.length < 2) return [[...all]]
  return all.flatMap((one, at) => permutations(all.toSpliced(at, 1)).map((others) => [one, ...others]))
}

/** Properties by their names: a record that was read once more than another may have them in another order. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value

const keyOf = (names: readonly string[], results: readonly unknown[], final: unknown): string =>
  JSON.stringify({ results: names.map((name, at) => [name, results[at] ?? null]), final }, inOrder)

/** All that the operations come to one after the other. */
async function sequentially(names: readonly string[], scene: Scene): Promise<Set<string>> {
  const keys = new Set<string>()
  for (const order of permutations(names.map((_, at) => at))) {
    const repository = await storeOf(scene)
    const results: unknown[] = []
    for (const at of order) results[at] = await start(names[at] as string, at, repository, scene)
    keys.add(keyOf(names, results, comparable(await repository.find('ada'))))
  }
  return keys
}

/** A store whose calls wait until the schedule lets them through. */
class Gate {
  readonly #waiting: (((value: unknown) => void) | null)[] = []
  readonly #done: boolean[] = []
  #changed: () => void = () => undefined

  wrap(at: number, repository: Store): Store {
    const pass = async (): Promise<void> => {
      await new Promise((resolve) => {
        this.#waiting[at] = resolve
        this.#changed()
      })
    }
    return {
      ...repository,
      findMany: async (userIds) => pass().then(() => repository.findMany(userIds)),
      saveMany: async (changes) => pass().then(() => repository.saveMany(changes)),
      due: async (query) => pass().then(() => repository.due(query)),
      find: async (userId) => pass().then(() => repository.find(userId)),
      save: async (change) => pass().then(() => repository.save(change)),
      remove: async (userId, expected) => pass().then(() => repository.remove(userId, expected)),
    }
  }

  finished(at: number): void {
    this.#done[at] = true
    this.#changed()
  }

  /** Who waits, once everybody either waits or has finished. */
  async waiting(count: number): Promise<number[]> {
    const all = Array.from({ length: count }, (_, at) => at)
    while (!all.every((at) => this.#done[at] || this.#waiting[at])) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
    return all.filter((at) => !this.#done[at])
  }

  release(at: number): void {
    const resolve = this.#waiting[at]
    this.#waiting[at] = null
    resolve?.(undefined)
  }
}

/** Runs the operations as the schedule says, then whoever is first; answers the choices that there were. */
async function interleave(
  names: readonly string[],
  scene: Scene,
  schedule: readonly number[],
): Promise<{ key: string; choices: number[][] }> {
  const repository = await storeOf(scene)
  const gate = new Gate()
  const running = names.map((name, at) =>
    start(name, at, gate.wrap(at, repository), scene).finally(() => gate.finished(at)),
  )
  const choices: number[][] = []
  for (let turn = 0; ; turn++) {
    const waiting = await gate.waiting(names.length)
    const [first] = waiting
    if (first === undefined) break
    choices.push(waiting)
    gate.release(schedule[turn] ?? first)
  }
  return { key: keyOf(names, await Promise.all(running), comparable(await repository.find('ada'))), choices }
}

/** Every schedule of the operations, depth first: how many there were, and what they came to. */
async function everySchedule(
  names: readonly string[],
  scene: Scene,
): Promise<{ schedules: number; keys: Set<string> }> {
  const keys = new Set<string>()
  let schedules = 0
  const open: number[][] = [[]]
  for (let prefix = open.pop(); prefix !== undefined; prefix = open.pop()) {
    const { key, choices } = await interleave(names, scene, prefix)
    keys.add(key)
    schedules++
    const taken = choices.map((waiting, turn) => prefix[turn] ?? (waiting[0] as number))
    for (let turn = prefix.length; turn < choices.length; turn++) {
      for (const other of choices[turn] as number[]) {
        if (other !== taken[turn]) open.push([...taken.slice(0, turn), other])
      }
    }
  }
  return { schedules, keys }
}

const TWO: [SceneName, string, string][] = [
  ['enrolled', 'verify right', 'verify right'],
  ['enrolled', 'verify wrong', 'verify wrong'],
  ['failed', 'verify right', 'verify wrong'],
  ['enrolled', 'verify right', 'recover'],
  ['enrolled', 'recover', 'recover'],
  ['enrolled', 'recover', 'recover wrong'],
  ['pending', 'confirm', 'confirm'],
  ['pending', 'confirm', 'confirm wrong'],
  ['pending', 'begin', 'confirm'],
  ['pending', 'resume', 'confirm'],
  ['pending', 'cancel', 'confirm'],
  ['pending', 'begin', 'begin'],
  ['pending', 'import', 'confirm'],
  ['enrolled', 'replace by code', 'recover'],
  ['enrolled', 'replace by recovery code', 'recover'],
  ['enrolled', 'replace by code', 'replace by recovery code'],
  ['enrolled', 'reset', 'verify right'],
  ['enrolled', 'reset', 'verify wrong'],
  ['enrolled', 'revoke', 'verify right'],
  ['enrolled', 'remove', 'verify right'],
  ['required', 'postpone', 'postpone'],
  ['required', 'postpone', 'postpone another'],
  ['required', 'postpone', 'sign in'],
  ['nobody', 'import', 'import'],
  ['nobody', 'require', 'sign in'],
  ['nobody', 'require', 'exempt'],
  ['required', 'sign in', 'sign in'],
  ['required', 'sign in', 'move the deadline'],
  ['enrolled', 'suspend', 'verify right'],
  ['enrolled', 'verify right, under a new key', 'verify right'],
  ['enrolled', 'verify right, under a new key', 'verify wrong'],
  ['enrolled', 'forget', 'verify right'],
  ['enrolled', 'forget', 'verify wrong'],
  ['enrolled', 'forget', 'forget'],
  ['required', 'forget', 'sign in'],
  ['failed', 'unlock', 'verify wrong'],
  ['passed', 'use the pass', 'use the pass'],
  ['passed', 'use the pass', 'issue a pass'],
  ['nobody', 'assign', 'assign'],
  ['nobody', 'assign', 'require'],
  ['nobody', 'assign', 'sign in'],
  ['nobody', 'assign', 'import'],
  ['required', 'assign, replacing', 'assign'],
  ['required', 'assign, replacing', 'sign in'],
  ['required', 'assign, replacing', 'suspend'],
  ['required', 'assign, replacing', 'forget'],
  ['required', 'assign, replacing', 'move the deadline'],
  ['enrolled', 'assign', 'verify wrong'],
  ['due', 'remind', 'remind'],
  ['due', 'remind', 'suspend'],
  ['due', 'remind', 'forget'],
  ['due', 'remind', 'move the deadline'],
  ['due', 'remind', 'assign, replacing'],
]

describe('two operations at once', { timeout: 60_000 }, () => {
  for (const [sceneName, one, other] of TWO) {
    it(`${one} and ${other} come to what they come to one after the other, in every order of their calls`, async () => {
      const scene = await sceneOf(sceneName)
      const allowed = await sequentially([one, other], scene)
      const { schedules, keys } = await everySchedule([one, other], scene)
      for (const key of keys) expect([...allowed]).toContain(key)
      // Two reads and a write each, interleaved; fewer would mean that the calls did not wait for one another.
      expect(schedules).toBeGreaterThan(2)
    })
  }
})

const THREE: [SceneName, string, string, string][] = [
  ['enrolled', 'verify right', 'verify right', 'verify wrong'],
  ['enrolled', 'verify right', 'verify wrong', 'recover'],
  ['enrolled', 'recover', 'recover', 'replace by code'],
  ['enrolled', 'reset', 'verify right', 'recover'],
  ['enrolled', 'verify right, under a new key', 'verify wrong', 'suspend'],
  ['enrolled', 'forget', 'verify right', 'verify right'],
  ['pending', 'confirm', 'confirm', 'confirm wrong'],
  ['pending', 'begin', 'confirm', 'import'],
  ['required', 'postpone', 'postpone', 'postpone another'],
  ['required', 'sign in', 'move the deadline', 'suspend'],
  ['nobody', 'import', 'import', 'sign in'],
  ['passed', 'use the pass', 'use the pass', 'issue a pass'],
  ['nobody', 'assign', 'assign, replacing', 'sign in'],
  ['due', 'remind', 'remind', 'assign, replacing'],
  ['due', 'remind', 'forget', 'sign in'],
]

describe('three operations at once', { timeout: 60_000 }, () => {
  for (const [sceneName, ...names] of THREE) {
    it(`${names.join(', ')} come to what they come to in some order, however their calls are scheduled`, async () => {
      const scene = await sceneOf(sceneName)
      const allowed = await sequentially(names, scene)
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), async (scheduler) => {
          const repository = await storeOf(scene)
          const scheduled: Store = {
            ...repository,
            findMany: scheduler.scheduleFunction(repository.findMany),
            saveMany: scheduler.scheduleFunction(repository.saveMany),
            due: scheduler.scheduleFunction(repository.due),
            find: scheduler.scheduleFunction(repository.find),
            save: scheduler.scheduleFunction(repository.save),
            remove: scheduler.scheduleFunction(repository.remove),
          }
          const running = Promise.all(names.map((name, at) => start(name, at, scheduled, scene)))
          const results = await scheduler.waitFor(running)
          expect([...allowed]).toContain(keyOf(names, results, comparable(await repository.find('ada'))))
        }),
        { numRuns: 40 },
      )
    })
  }
})

describe('many operations at once', { timeout: 60_000 }, () => {
  it('of a right code exactly one is accepted, and none of the others is counted', async () => {
    const scene = await sceneOf('enrolled')
    const repository = await storeOf(scene)
    const results = await Promise.all(
      Array.from({ length: 32 }, (_, at) => start('verify right', at, repository, scene)),
    )
    expect(results.filter((result) => (result as { ok: boolean }).ok)).toHaveLength(1)
    const { lock } = await recordOf(repository)
    expect(lock.totp).toMatchObject({ failures: 0, recent: [] })
  })

  it('of wrong codes exactly the allowed number is answered as wrong, and all others as locked', async () => {
    const scene = await sceneOf('enrolled')
    const repository = await storeOf(scene)
    const results = await Promise.all(
      Array.from({ length: 32 }, (_, at) => start('verify wrong', at, repository, scene)),
    )
    const reasons = results.map((result) => (result as { reason: string }).reason)
    expect(reasons.filter((reason) => reason === 'invalid-code')).toHaveLength(5)
    expect(reasons.filter((reason) => reason === 'locked')).toHaveLength(27)
    expect((await recordOf(repository)).lock.totp).toMatchObject({ failures: 5 })
  })

  it('a set-up is confirmed once, and only the recovery codes of that one are right', async () => {
    const scene = await sceneOf('pending')
    const repository = await storeOf(scene)
    const results = await Promise.all(Array.from({ length: 8 }, (_, at) => start('confirm', at, repository, scene)))
    const confirmed = results.filter((result) => (result as { ok: boolean }).ok) as { recoveryCodes: string[] }[]
    expect(confirmed).toHaveLength(1)
    const { leeway } = settingOf({ repository, cipher, clock: fixedClock(scene.now) })
    for (const code of confirmed[0]?.recoveryCodes ?? []) {
      expect(await leeway.useRecoveryCode('ada', code)).toMatchObject({ ok: true })
    }
  })

  it('every operation meets every other, and no two come to what no order explains', async () => {
    // What the table above does not name: all pairs of changes that start from the same scene, under one random schedule each.
    const names = Object.keys(CHANGES).filter((name) => CHANGES[name]?.scene === 'required')
    for (const one of names) {
      for (const other of names) {
        const scene = await sceneOf('required')
        const run = (name: string, at: number, repository: Store) => {
          const { leeway } = settingOf({ repository, cipher, clock: fixedClock(scene.now), random: seededRandom(at) })
          return CHANGES[name]?.run(leeway, scene)
        }
        const outcomes: string[] = []
        for (const order of [
          [0, 1],
          [1, 0],
        ] as const) {
          const repository = await storeOf(scene)
          const results: unknown[] = []
          for (const at of order) results[at] = await run([one, other][at] as string, at, repository)
          outcomes.push(keyOf([one, other], results, comparable(await repository.find('ada'))))
        }
        const repository = await storeOf(scene)
        const results = await Promise.all([run(one, 0, repository), run(other, 1, repository)])
        expect(outcomes).toContain(keyOf([one, other], results, comparable(await repository.find('ada'))))
      }
    }
  })

  it('two set-ups begun at once: the later one stands, and the code of the earlier confirms nothing', async () => {
    const scene = await sceneOf('required')
    const repository = await storeOf(scene)
    const begun = (await Promise.all([0, 1].map((at) => start('begin', at, repository, scene)))) as {
      setup: { id: string; keyUri: string }
    }[]
    const { leeway } = settingOf({ repository, cipher, clock: fixedClock(scene.now) })
    const { setup } = await recordOf(repository)
    for (const { setup: one } of begun) {
      const code = phone(one.keyUri).codeAt(scene.now)
      const stands = one.id === setup?.id
      if (!stands) expect(await leeway.confirmSetup('ada', code)).toMatchObject({ ok: false, triesLeft: 4 })
    }
    const standing = begun.find(({ setup: { id } }) => id === setup?.id)
    const code = phone(standing?.setup.keyUri ?? '').codeAt(scene.now)
    expect(await leeway.confirmSetup('ada', code)).toMatchObject({ ok: true })
  })
})
