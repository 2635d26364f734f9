import type { EnrollmentIndex } from '../../enrollment/phase.js'
import type { DirectoryQuery, EnrollmentDirectory } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository } from '../../ports/index.js'
import { type Bench, benchOf, type Contents, equal, type OpenRepository, shown } from '../repository-bench.js'
import { BOUNDARIES, crowd, type Instants } from './crowd.js'
import { inByteOrder } from './expected.js'
import { NOW } from './instants.js'

/** A repository that has a directory. */
export type RepositoryWithDirectory = EnrollmentRepository & EnrollmentDirectory

/** What a case of a directory works with. */
export interface DirectoryBench extends Bench<RepositoryWithDirectory> {
  /** Saves a new user with these facts, nothing else being required, locked or bound. */
  put(userId: string, facts?: Partial<EnrollmentIndex>, contents?: Contents): Promise<EnrollmentChange>
  /** Saves over what was saved last, with these facts changed and, where they are given, these events. */
  alter(
    last: EnrollmentChange,
    facts: Partial<EnrollmentIndex>,
    events?: EnrollmentChange['events'],
  ): Promise<EnrollmentChange>
  /** Saves all of these, against which nothing stands, a hundred at once. */
  fill(changes: readonly EnrollmentChange[]): Promise<void>
  /** Removes whom this was the last save of. */
  erase(last: EnrollmentChange): Promise<void>
  /** Saves the whole of {@link crowd}. */
  gather(instants?: Instants): Promise<readonly EnrollmentChange[]>
  /** Checks that exactly these are listed, in the order of their ids' bytes, each as it was saved. */
  lists(query: Partial<DirectoryQuery>, expected: readonly EnrollmentChange[]): Promise<void>
}

/** The largest page that the service asks for. */
export const LIMIT = 1000

/** How many go at once where it is a matter of many. */
export const MANY = 500

/** The bench of one case, around its store. */
export function directoryBenchOf(opened: OpenRepository<RepositoryWithDirectory>): DirectoryBench {
  const bench = benchOf(opened)
  const { repository, change } = bench

  async function put(
    userId: string,
    facts: Partial<EnrollmentIndex> = {},
    contents: Contents = {},
  ): Promise<EnrollmentChange> {
    const made = change(userId, null, contents)
    made.index = { ...made.index, ...facts }
    equal(await repository.save(made), 'saved', `a first save of ${shown(userId)}`)
    return made
  }

  async function alter(
    last: EnrollmentChange,
    facts: Partial<EnrollmentIndex>,
    events?: EnrollmentChange['events'],
  ): Promise<EnrollmentChange> {
    const made = change(last.userId, last.version)
    made.index = { ...last.index, ...facts }
    made.events = events ?? made.events
    equal(await repository.save(made), 'saved', `a save over the stored version of ${shown(last.userId)}`)
    return made
  }

  async function fill(changes: readonly EnrollmentChange[]): Promise<void> {
    for (let at = 0; at < changes.length; at += 100) {
      const some = changes.slice(at, at + 100)
      equal(
        await repository.saveMany(some),
        some.map(() => 'saved'),
        'saveMany that nothing stands against',
      )
    }
  }

  async function erase({ userId, version }: EnrollmentChange): Promise<void> {
    equal(await repository.remove(userId, version), 'removed', `a removal of ${shown(userId)}`)
  }

  function gather(instants: Instants = BOUNDARIES): Promise<readonly EnrollmentChange[]> {
    return Promise.all(crowd(instants).map((facts, at) => put(idOf(at), facts, { at })))
  }

  async function lists(query: Partial<DirectoryQuery>, expected: readonly EnrollmentChange[]): Promise<void> {
    const answered = await repository.list({ now: NOW, after: null, limit: LIMIT, ...query })
    const what = `a list of ${shown(query)}`
    const changes = inByteOrder(expected)
    sameUsers(
      answered.map(({ enrollment }) => enrollment.userId),
      changes.map(({ userId }) => userId),
      what,
    )
    for (const [at, { userId, enrollment, version }] of changes.entries()) {
      equal(answered[at], { enrollment, version }, `what ${what} holds of ${userId}`)
    }
  }

  return { ...bench, put, alter, fill, erase, gather, lists }
}

/** Ids whose order is not that of their making. */
function idOf(at: number): string {
  return `user ${(at * 7919) % 1009}`
}

/** Refuses other users, and another order, by the first that differ. */
function sameUsers(actual: readonly string[], expected: readonly string[], what: string): void {
  const [answered, wanted] = [new Set(actual), new Set(expected)]
  const missing = expected.filter((userId) => !answered.has(userId))
  const others = actual.filter((userId) => !wanted.has(userId))
  equal({ missing, others }, { missing: [], others: [] }, `who is missing, and who is too many, in ${what}`)
  const at = expected.findIndex((userId, place) => userId !== actual[place])
  if (at >= 0) equal(actual.slice(at, at + 3), expected.slice(at, at + 3), `who is at the places from ${at} in ${what}`)
  equal(actual.length, expected.length, `how many are in ${what}`)
}

/** Refuses what findMany answered unless it is exactly these, each as it was saved. */
export function found(
  answered: Awaited<ReturnType<RepositoryWithDirectory['findMany']>>,
  expected: readonly EnrollmentChange[],
): void {
  const ids = expected.map(({ userId }) => userId)
  equal(
    [...answered.keys()].filter((userId) => !ids.includes(userId)),
    [],
    'who else findMany answers',
  )
  for (const { userId, enrollment, version } of expected) {
    equal(answered.get(userId), { enrollment, version }, `what findMany answers of ${shown(userId)}`)
  }
}

/** Checks that exactly these events are told of a user. */
export async function tells(
  repository: RepositoryWithDirectory,
  userId: string,
  expected: EnrollmentChange['events'],
  page: { after: string | null; limit: number } = { after: null, limit: LIMIT },
): Promise<void> {
  const answered = await repository.history(userId, page)
  const what = `the history of ${shown(userId)}, page ${shown(page)}`
  equal(
    answered.map(({ id }) => id),
    expected.map(({ id }) => id),
    `the ids in ${what}`,
  )
  for (const [at, event] of expected.entries()) equal(answered[at], event, `event ${event.id} in ${what}`)
}
