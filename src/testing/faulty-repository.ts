import { assertObject } from '../assert.js'
import { platform } from '../platform.js'
import type { EnrollmentRepository, StoredEnrollment } from '../ports/index.js'

/**
 * How one call of a store goes wrong:
 * - `throws-before`: rejects, and does nothing
 * - `throws-after`: does it, and rejects: the answer was lost
 * - `applies-later`: rejects at once, and does it when others have gone on
 * - `answers-late`: waits, does it, and waits again, while others go on
 * - `reads-stale`: a `find` answers what the one before it answered for this user; the first, and writes, are as ever
 */
export type RepositoryFault = 'throws-before' | 'throws-after' | 'applies-later' | 'answers-late' | 'reads-stale'

/** A call that a plan decides on; `number` counts all calls from 0. */
export interface RepositoryCall {
  readonly method: 'find' | 'save' | 'remove'
  readonly userId: string
  readonly number: number
}

/**
 * A repository of which chosen calls go wrong, as networks and failovers make them: to test what an auth server says
 * then, and that limits hold all the same. It keeps the promises of the one it is made of: nothing is reported as a
 * conflict or as saved that was not.
 *
 * `plan` is asked before each call and answers a fault, or null for none. Throws a `TypeError` where either is missing.
 *
 * @example
 * ```ts
 * const repository = faultyRepository(memoryRepository(), ({ method }) => (method === 'save' ? 'throws-after' : null))
 * ```
 */
export function faultyRepository(
  repository: EnrollmentRepository,
  plan: (call: RepositoryCall) => RepositoryFault | null,
): EnrollmentRepository {
  assertObject(repository, 'repository')
  if (typeof plan !== 'function') throw new TypeError('plan must be a function')
  let calls = 0
  const answers = new Map<string, string>()

  async function through<Answer>(
    method: RepositoryCall['method'],
    userId: string,
    work: () => Promise<Answer>,
    stale: () => Promise<Answer> = work,
  ): Promise<Answer> {
    const fault = plan({ method, userId, number: calls++ })
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
    if (fault !== null) throw new Error(`${method} did not answer: ${fault}`)
    return work()
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

  return Object.freeze({
    find: (userId) =>
      through(
        'find',
        userId,
        () => find(userId),
        () => findAsBefore(userId),
      ),
    save: (change) => through('save', change.userId, () => repository.save(change)),
    remove: (userId, expected) => through('remove', userId, () => repository.remove(userId, expected)),
  } satisfies EnrollmentRepository)
}

/** Lets whatever is under way go on for a few turns. */
async function others(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) {
    await new Promise<void>((resolve) => {
      platform.setTimeout(resolve, 0)
    })
  }
}
