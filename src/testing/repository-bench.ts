import { platformRandom } from '../platform.js'
import type { EnrollmentChange, EnrollmentRepository } from '../ports/index.js'
import type { Opened } from './cases.js'

/** What a record of a case holds beside the user's id. */
export type Contents = Record<string, unknown>

/** A repository under test, empty, and how to put it away. */
export interface OpenRepository<Store extends EnrollmentRepository = EnrollmentRepository> extends Opened {
  repository: Store
  /**
   * A repository on a further connection to the same data, as another process would have. Cases that race spread
   * themselves over four of them; `close` closes these too. Left out, all goes through the one.
   */
  another?: (() => Promise<Store>) | undefined
}

/** How many connections racers are spread over, where `another` opens them. */
export const CONNECTIONS = 4

/** What a case works with: a repository, and changes as the service would make them. */
export interface Bench<Store extends EnrollmentRepository = EnrollmentRepository> {
  repository: Store
  /** The repository and those on further connections, opened when they are first asked for. */
  connections(): Promise<readonly Store[]>
  /** Does this for all at once, over all connections in turn. */
  together<Racer, Outcome>(
    racers: readonly Racer[],
    act: (repository: Store, racer: Racer) => Promise<Outcome>,
  ): Promise<Outcome[]>
  change(userId: string, expected: string | null, contents?: Contents): EnrollmentChange
  /** Saves a change that nothing stands against. */
  write(userId: string, expected: string | null, contents?: Contents): Promise<EnrollmentChange>
  /** Checks that exactly this is stored. */
  holds(userId: string, change: EnrollmentChange | null): Promise<void>
}

/** Tries one promise; rejects where it is broken. */
export type Proof = (bench: Bench) => Promise<void>

/** The bench of one case, around its repository. */
export function benchOf<Store extends EnrollmentRepository>(opened: OpenRepository<Store>): Bench<Store> {
  const { repository, another } = opened
  let connected: Promise<readonly Store[]> | null = null
  // Event ids are a user's own sequence: two users have the same.
  const eventCounts = new Map<string, number>()

  function connections(): Promise<readonly Store[]> {
    connected ??= Promise.all([
      repository,
      ...(another === undefined ? [] : Array.from({ length: CONNECTIONS - 1 }, () => another())),
    ])
    return connected
  }

  async function together<Racer, Outcome>(
    racers: readonly Racer[],
    act: (over: Store, racer: Racer) => Promise<Outcome>,
  ): Promise<Outcome[]> {
    const over = await connections()
    return Promise.all(racers.map((racer, at) => act(over[at % over.length] as Store, racer)))
  }

  function change(userId: string, expected: string | null, contents: Contents = {}): EnrollmentChange {
    const eventCount = (eventCounts.get(userId) ?? 0) + 1
    eventCounts.set(userId, eventCount)
    const facts = {
      startsAt: null,
      deadline: null,
      exemptUntil: null,
      enrolledAt: null,
      lockedUntil: null,
      remindAt: null,
    }
    return {
      userId,
      enrollment: { schemaVersion: 1, userId, ...contents },
      index: { required: false, suspended: false, ...facts },
      version: randomVersion(),
      expected,
      events: [eventOf(userId, eventCount)],
    }
  }

  async function write(userId: string, expected: string | null, contents?: Contents): Promise<EnrollmentChange> {
    const made = change(userId, expected, contents)
    const what = expected === null ? 'a first save' : 'a save over the stored version'
    equal(await repository.save(made), 'saved', `${what} of ${shown(userId)}`)
    return made
  }

  async function holds(userId: string, expected: EnrollmentChange | null): Promise<void> {
    const found = await repository.find(userId)
    if (expected === null) return equal(found, null, `what is found of ${shown(userId)}`)
    equal(found?.version, expected.version, `the version found of ${shown(userId)}`)
    equal(found?.enrollment, expected.enrollment, `the record found of ${shown(userId)}`)
  }

  return { repository, connections, together, change, write, holds }
}

/** An event whose id follows from a number, in order. */
export function eventOf(userId: string, at: number): EnrollmentChange['events'][number] {
  const id = `${at}`.padStart(16, '0')
  return { id, type: 'code-rejected', userId, at, actor: null, reason: null, details: { at } }
}

/** A version as the service makes them: 32 hexadecimal digits. */
export function randomVersion(): string {
  return Array.from(platformRandom(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The one racer with this outcome; all others must have met a conflict. */
export function winner<Racer>(racers: readonly Racer[], outcomes: readonly string[], outcome: string): Racer {
  const winners = racers.filter((_, at) => outcomes[at] === outcome)
  equal(winners.length, 1, `of ${racers.length} at once, how many were ${outcome}`)
  equal(outcomes.filter((other) => other === 'conflict').length, racers.length - 1, 'how many others met a conflict')
  return winners[0] as Racer
}

/** Refuses two JSON values that differ, by what they are. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!same(actual, expected)) throw new Error(`${what} should be ${shown(expected)} and is ${shown(actual)}`)
}

/** Whether two JSON values are one, whatever the order of their keys. */
function same(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return Object.is(one, other)
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const [left, right] = [one as Contents, other as Contents]
  return (
    Object.keys(left).length === Object.keys(right).length &&
    Object.keys(left).every((key) => Object.hasOwn(right, key) && same(left[key], right[key]))
  )
}

/** A value as an error shows it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
