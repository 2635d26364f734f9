import { aesGcmCipher, type CipherKey } from '../../src/cipher/aes-gcm.js'
import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import type { EnrollmentDirectory } from '../../src/ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, SecretCipher } from '../../src/ports/index.js'
import { createLeeway } from '../../src/service/create-leeway.js'
import type { Leeway, LeewayOptions, LeewayWithRollout } from '../../src/service/leeway.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { type FixedClock, fixedClock, type Phone, phone, seededRandom } from '../../src/testing/index.js'

/** Monday, 5 January 2026, 09:00:00 UTC: the first millisecond of a time step. */
export const NOW: number = Date.UTC(2026, 0, 5, 9)
export const STEP = 30_000
export const MINUTE = 60_000
export const HOUR: number = 60 * MINUTE
export const DAY: number = 24 * HOUR

/** A master key of a test; a number tells one from another. */
export function masterKey(first: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => first + at)
}

export const K1: CipherKey = { id: 'k1', key: masterKey(1) }
export const K2: CipherKey = { id: 'k2', key: masterKey(101) }

/** What a service under test stands on. */
export interface Setting {
  leeway: Leeway
  clock: FixedClock
  repository: EnrollmentRepository
  cipher: SecretCipher
  /** what the listener was told, in order */
  told: EnrollmentEvent[]
}

/** The options of a service, of which all have a default here. */
export type Options = Partial<Omit<LeewayOptions, 'clock'>> & { clock?: FixedClock }

/** A service on a memory store with a clock that stands still, and whatever the test has of its own. */
export function settingOf(options: Options = {}): Setting {
  const clock = options.clock ?? fixedClock(NOW)
  const repository = options.repository ?? memoryRepository()
  const cipher = options.cipher ?? aesGcmCipher({ keys: [K1] })
  const told: EnrollmentEvent[] = []
  const leeway = createLeeway({
    issuer: 'Example',
    random: seededRandom('a setting'),
    onEvents: (events) => {
      told.push(...events)
    },
    ...options,
    clock,
    repository,
    cipher,
  })
  return { leeway, clock, repository, cipher, told }
}

/** A store that can be asked about everybody. */
export type Store = EnrollmentRepository & EnrollmentDirectory

/** A setting whose store has a directory. */
export interface RolloutSetting extends Setting {
  leeway: LeewayWithRollout
  repository: Store
}

/** The same as `settingOf` on a store with a directory, so that the service can roll out. */
export function rolloutSetting(options: Options & { repository?: Store } = {}): RolloutSetting {
  const repository = options.repository ?? memoryRepository()
  const setting = settingOf({ ...options, repository })
  return { ...setting, leeway: setting.leeway as LeewayWithRollout, repository }
}

/** All that a store holds: every record, with its version and its events. */
export async function contentsOf(store: Store): Promise<unknown> {
  const stored = await store.list({ now: 0, after: null, limit: 1_000_000 })
  return Promise.all(
    stored.map(async (one) => ({
      ...one,
      events: await store.history(one.enrollment.userId, { after: null, limit: 1_000_000 }),
    })),
  )
}

/** Lets whatever is under way go on until it waits for more than a turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Ids in their order: user 000000, user 000001. */
export const users = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, at) => `user ${String(from + at).padStart(6, '0')}`)

/** A user with an authenticator. */
export interface Enrolled {
  phone: Phone
  /** base32 */
  secret: string
  authenticatorId: string
  recoveryCodes: readonly string[]
}

/** Sets a user up at the clock's time, then moves the clock by a step, so that the phone shows a fresh code. */
export async function enroll({ leeway, clock }: Pick<Setting, 'leeway' | 'clock'>, userId: string): Promise<Enrolled> {
  const begun = await leeway.beginSetup(userId, { accountName: 'ada@example.com' })
  if (!begun.ok) throw new Error(`no set-up: ${begun.reason}`)
  const app = phone(begun.setup.keyUri)
  const confirmed = await leeway.confirmSetup(userId, app.codeAt(clock()))
  if (!confirmed.ok) throw new Error(`not confirmed: ${confirmed.reason}`)
  clock.advance(STEP)
  return {
    phone: app,
    secret: begun.setup.secret,
    authenticatorId: confirmed.authenticatorId,
    recoveryCodes: confirmed.recoveryCodes ?? [],
  }
}

/** A code of the right form that the phone shows at no time near the clock's. */
export function wrongCode(app: Phone, now: number): string {
  const near = new Set(Array.from({ length: 41 }, (_, at) => app.codeAt(now + (at - 20) * STEP)))
  const codes = Array.from({ length: 42 }, (_, at) => `${123_456 + at}`)
  return codes.find((code) => !near.has(code)) as string
}

/** A recovery code of the right form that nobody was given. */
export const WRONG_RECOVERY_CODE = '00000-00000-00000-00000-00000'

/** A repository that keeps every change it saved, in order. */
export function recording(repository: EnrollmentRepository): EnrollmentRepository & { saved: EnrollmentChange[] } {
  const saved: EnrollmentChange[] = []
  return {
    saved,
    find: (userId) => repository.find(userId),
    remove: (userId, expected) => repository.remove(userId, expected),
    async save(change) {
      const answer = await repository.save(change)
      if (answer === 'saved') saved.push(change)
      return answer
    },
  }
}

/** A repository that counts what it is asked. */
export function counting(
  repository: EnrollmentRepository,
): EnrollmentRepository & { calls: { find: number; save: number; remove: number } } {
  const calls = { find: 0, save: 0, remove: 0 }
  return {
    calls,
    find(userId) {
      calls.find++
      return repository.find(userId)
    },
    save(change) {
      calls.save++
      return repository.save(change)
    },
    remove(userId, expected) {
      calls.remove++
      return repository.remove(userId, expected)
    },
  }
}

/** The error that a promise rejects with; that it fulfils is one too. */
export async function rejection(work: () => Promise<unknown>): Promise<Error & { code?: string; cause?: unknown }> {
  const promise = work()
  const error = await promise.then(
    () => new Error('it did not reject'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error)) throw new Error('it rejected with something that is no error')
  return error
}
