import { assertObject } from '../assert.js'
import { platform } from '../platform.js'
import type { EnrollmentDirectory, Movement } from '../ports/directory.js'
import type { EnrollmentRepository, StoredEnrollment } from '../ports/index.js'
import type { Instant } from '../totp/instant.js'

/**
 * How one call of a store goes wrong:
 * - `throws-before`: rejects, and does nothing
 * - `throws-after`: does it, and rejects: the answer was lost
 * - `applies-later`: rejects at once, and does it when others have gone on
 * - `answers-late`: waits, does it, and waits again, while others go on
 * - `reads-stale`: a `find` answers what the one before it answered for this user, and a `findMany` so for each of its
 *   users; the first, other reads, and writes, are as ever
 *
 * `movements` goes wrong where it is read: with `throws-after` behind the last of them, as where a connection breaks
 * off, and with the others that throw before the first.
 */
export type RepositoryFault = 'throws-before' | 'throws-after' | 'applies-later' | 'answers-late' | 'reads-stale'

/** A call that a plan decides on; `number` counts all calls from 0. */
export interface RepositoryCall {
  readonly method: keyof EnrollmentRepository | keyof EnrollmentDirectory
  /** whom it is about; empty, as no id is, where that is not one user: in all methods of the directory but `history` */
  readonly userId: string
  readonly number: number
}

/**
 * A repository of which chosen calls go wrong, as networks and failovers make them: to test what an auth server says
 * then, and that limits hold all the same. It keeps the promises of the one it is made of: nothing is reported as a
 * conflict or as saved that was not. Where that one has a directory, so has it, and those calls go wrong too; whatever
 * else it has is as it was.
 *
 * `plan` is asked before each call and answers a fault, or null for none. Throws a `TypeError` where either is missing.
 *
 * @example
 * ```ts
 * const repository = faultyRepository(memoryRepository(), ({ method }) => (method === 'save' ? 'throws-after' : null))
 * ```
 */
export function faultyRepository<Store extends EnrollmentRepository>(
  repository: Store,
  plan: (call: RepositoryCall) => RepositoryFault | null,
): Store {
  assertObject(repository, 'repository')
  if (typeof plan !== 'function') throw new TypeError('plan must be a function')
  // Of a store without one nothing is called that it has not.
  const directory = repository as object as EnrollmentDirectory
  let calls = 0
  const answers = new Map<string, string>()

  function faultOf(method: RepositoryCall['method'], userId: string): RepositoryFault | null {
    return plan({ method, userId, number: calls++ })
  }

  async function through<Answer>(
    method: RepositoryCall['method'],
    userId: string,
    work: () => Promise<Answer>,
    stale: () => Promise<Answer> = work,
  ): Promise<Answer> {
    const fault = faultOf(method, userId)
    if (fault === 'reads-stale') return stale()
    if (fault === 'answers-late') {
      await others()
      const answer = await work()
      await others()
      return answer
    }
    if (fault === 'throws-after') await work()
    if (fault === 'applies-later')
      others()
        .then(work)
        .catch(() => {})
    if (fault !== null) throw unanswered(method, fault)
    return work()
  }

  /** The same for what is read bit by bit. What throws before the first is not read later: nobody would see it. */
  async function* brokenOff(fault: RepositoryFault, from: Instant): AsyncGenerator<Movement, void, undefined> {
    if (fault === 'answers-late') await others()
    if (fault === 'answers-late' || fault === 'throws-after') yield* directory.movements(from)
    if (fault !== 'answers-late') throw unanswered('movements', fault)
    await others()
  }

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const answer = await repository.find(userId)
    answers.set(userId, JSON.stringify(answer))
    return answer
  }

  async function findAsBefore(userId: string): Promise<StoredEnrollment | null> {
    const answer = answers.get(userId)
    // A copy: no two answers are one object.
    return answer === undefined ? find(userId) : JSON.parse(answer)
  }

  async function findMany(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredEnrollment>> {
    const found = await directory.findMany(userIds)
    for (const userId of userIds) answers.set(userId, JSON.stringify(found.get(userId) ?? null))
    return found
  }

  async function findManyAsBefore(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredEnrollment>> {
    await findMany(userIds.filter((userId) => answers.get(userId) === undefined))
    const before = userIds.map((userId) => [userId, JSON.parse(answers.get(userId) as string)] as const)
    return new Map(before.filter(([, answer]) => answer !== null))
  }

  const faulty: EnrollmentRepository = {
    find: (userId) =>
      through(
        'find',
        userId,
        () => find(userId),
        () => findAsBefore(userId),
      ),
    save: (change) => through('save', change.userId, () => repository.save(change)),
    remove: (userId, expected) => through('remove', userId, () => repository.remove(userId, expected)),
  }
  const ofEverybody: EnrollmentDirectory = {
    findMany: (userIds) =>
      through(
        'findMany',
        '',
        () => findMany(userIds),
        () => findManyAsBefore(userIds),
      ),
    saveMany: (changes) => through('saveMany', '', () => directory.saveMany(changes)),
    list: (query) => through('list', '', () => directory.list(query)),
    counts: (now) => through('counts', '', () => directory.counts(now)),
    deadlines: (query) => through('deadlines', '', () => directory.deadlines(query)),
    due: (query) => through('due', '', () => directory.due(query)),
    movements(from) {
      const fault = faultOf('movements', '')
      return fault === null || fault === 'reads-stale' ? directory.movements(from) : brokenOff(fault, from)
    },
    totals: () => through('totals', '', () => directory.totals()),
    history: (userId, page) => through('history', userId, () => directory.history(userId, page)),
    pruneHistory: (before) => through('pruneHistory', '', () => directory.pruneHistory(before)),
    prunedBefore: () => through('prunedBefore', '', () => directory.prunedBefore()),
  }
  for (const [name, method] of Object.entries(ofEverybody)) {
    if (typeof Reflect.get(repository, name) === 'function') Object.assign(faulty, { [name]: method })
  }
  for (const name of namesOf(repository)) {
    if (name in faulty) continue
    Object.defineProperty(faulty, name, { enumerable: true, get: () => boundTo(repository, name) })
  }
  return Object.freeze(faulty) as Store
}

function unanswered(method: RepositoryCall['method'], fault: RepositoryFault): Error {
  return new Error(`${method} did not answer: ${fault}`)
}

/** The names of all that an object has, by itself or from its class. */
function namesOf(value: object | null): readonly PropertyKey[] {
  return value === null ? [] : [...Reflect.ownKeys(value), ...namesOf(Object.getPrototypeOf(value))]
}

/** What an object has under this name now; a method as the object itself would call it. */
function boundTo(value: object, name: PropertyKey): unknown {
  const own: unknown = Reflect.get(value, name)
  return typeof own === 'function' ? own.bind(value) : own
}

/** Lets whatever is under way go on for a few turns. */
async function others(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) {
    await new Promise<void>((resolve) => {
      platform.setTimeout(resolve, 0)
    })
  }
}
