import { LAST_INSTANT } from '../assert.js'
import type { EnrollmentIndex } from '../enrollment/phase.js'
import { platform } from '../platform.js'
import type { DirectoryQuery, EnrollmentDirectory } from '../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository } from '../ports/index.js'
import type { Instant } from '../totp/index.js'
import { type Bench, benchOf, type Contents, equal, type OpenRepository, shown } from './repository-bench.js'

/** A repository that has a directory. */
export type RepositoryWithDirectory = EnrollmentRepository & EnrollmentDirectory

/** What a case of a directory works with. */
export interface DirectoryBench extends Bench<RepositoryWithDirectory> {
  /** Saves a new user with these facts, nothing else being required, locked or bound. */
  put(userId: string, facts?: Partial<EnrollmentIndex>, contents?: Contents): Promise<EnrollmentChange>
  /** Saves the whole of {@link crowd}. */
  gather(instants?: Instants): Promise<readonly EnrollmentChange[]>
  /** Checks that exactly these are listed, in the order of their ids' bytes, each as it was saved. */
  lists(query: Partial<DirectoryQuery>, expected: readonly EnrollmentChange[]): Promise<void>
}

/** Monday, 5 January 2026, 09:00:00 UTC. */
export const NOW: Instant = Date.UTC(2026, 0, 5, 9)

/** The largest page that the service asks for. */
export const LIMIT = 1000

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

  function gather(instants: Instants = AROUND_NOW): Promise<readonly EnrollmentChange[]> {
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

  return { ...bench, put, gather, lists }
}

/** By the UTF-8 bytes of the ids, of which no two are the same. */
export function inByteOrder(changes: readonly EnrollmentChange[]): readonly EnrollmentChange[] {
  return changes
    .map((change) => ({ change, bytes: String.fromCharCode(...utf8.encode(change.userId)) }))
    .sort((one, other) => (one.bytes < other.bytes ? -1 : 1))
    .map(({ change }) => change)
}

const utf8 = new platform.TextEncoder()

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

/** The instants that the facts of a crowd are made of. */
interface Instants {
  startsAt: readonly (Instant | null)[]
  deadline: readonly Instant[]
  exemptUntil: readonly (Instant | null)[]
  lockedUntil: readonly (Instant | null)[]
}

const AROUND_NOW: Instants = {
  startsAt: [null, NOW - 1, NOW, NOW + 1],
  deadline: [NOW - 1, NOW, NOW + 1, LAST_INSTANT],
  exemptUntil: [null, NOW - 1, NOW, NOW + 1],
  lockedUntil: [null, NOW - 1, NOW, NOW + 1, LAST_INSTANT],
}

/** A crowd at the first and last instants that there are. */
export const ENDS_OF_TIME: Instants = {
  startsAt: [null, 0, LAST_INSTANT - 1],
  deadline: [0, 1, LAST_INSTANT],
  exemptUntil: [null, 0, LAST_INSTANT],
  lockedUntil: [null, 0, LAST_INSTANT],
}

/** Everybody that there can be: a requirement or none, under every exemption, suspension and enrollment. */
function crowd({ startsAt, deadline, exemptUntil, lockedUntil }: Instants): readonly Partial<EnrollmentIndex>[] {
  const none = { required: false, startsAt: null, deadline: null }
  const required = startsAt.flatMap((from) =>
    deadline.map((end) => ({ required: true, startsAt: from, deadline: end })),
  )
  return [none, ...required]
    .flatMap((terms) => exemptUntil.map((until) => ({ ...terms, exemptUntil: until })))
    .flatMap((facts) => [false, true].map((suspended) => ({ ...facts, suspended })))
    .flatMap((facts) => [null, 1].map((enrolledAt) => ({ ...facts, enrolledAt })))
    .map((facts, at) => ({ ...facts, lockedUntil: lockedUntil[at % lockedUntil.length] as Instant | null }))
}

/** Ids whose order is not that of their making. */
function idOf(at: number): string {
  return `user ${(at * 7919) % 1009}`
}
