import type { EnrollmentEvent } from '../../enrollment/events.js'
import type { DirectoryQuery, EnrollmentDirectory, PhaseCounts } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import { compareBytes, endOfPrefix, filterConditions, meets, PHASES } from '../../record/conditions.js'
import type { Instant } from '../../totp/instant.js'
import { deadlineRange, type IndexRange, lockedRange, packCondition, phaseRanges } from './facts.js'
import { parseEnrollment, parseIndex } from './records.js'
import { byBucket, inParallel, type Server } from './server.js'

/** How many users one call looks at, at most: meanwhile, and during the calls sent beside it, all others wait. */
const LOOKED_AT = 250
/** How many records one call reads, at most. */
const READ_AT_ONCE = 100

/** Where the reading of one bucket's ids, in their order, has come to. */
interface Walk {
  bucket: number
  /** the last user looked at; '' at the beginning, null when none is left */
  at: string | null
  /** found, and not yet in a page */
  found: string[]
}

/** The directory of a server. */
export function directoryOf(server: Server, save: EnrollmentRepository['save']): EnrollmentDirectory {
  const { run, buckets } = server
  const everyBucket = Array.from({ length: buckets.count }, (_, bucket) => bucket)

  /** What is stored of those who have a record. */
  async function read(userIds: readonly string[]): Promise<Map<string, string>> {
    const calls = byBucket(userIds, buckets.of).flatMap(([bucket, group]) =>
      Array.from({ length: Math.ceil(group.length / READ_AT_ONCE) }, (_, at) => ({
        bucket,
        users: group.slice(at * READ_AT_ONCE, (at + 1) * READ_AT_ONCE).map(({ item }) => item),
      })),
    )
    const found = new Map<string, string>()
    await inParallel(calls, async ({ bucket, users }) => {
      const replies = (await run('read', bucket, users)) as (string | null)[]
      for (const [at, userId] of users.entries()) {
        const stored = replies[at] as string | null
        if (stored !== null) found.set(userId, stored)
      }
    })
    return found
  }

  async function findMany(userIds: readonly string[]): Promise<ReadonlyMap<string, StoredEnrollment>> {
    const found = await read(userIds)
    return new Map([...found].map(([userId, stored]) => [userId, parseEnrollment(stored)]))
  }

  async function saveMany(changes: readonly EnrollmentChange[]): Promise<readonly ('saved' | 'conflict')[]> {
    const outcomes: ('saved' | 'conflict')[] = []
    // One after another within a bucket, so that two changes of one user keep their order.
    await inParallel(
      byBucket(changes, ({ userId }) => buckets.of(userId)),
      async ([, group]) => {
        for (const { item, at } of group) outcomes[at] = await save(item)
      },
    )
    return outcomes
  }

  async function list(query: DirectoryQuery): Promise<readonly StoredEnrollment[]> {
    const { now, limit, after, userIdPrefix = '' } = query
    const conditions = filterConditions(query, now)
    const packed = conditions.flatMap(packCondition)
    const end = endOfPrefix(userIdPrefix)
    const to = end === null ? '(v' : `(u${end}`
    const first = after === null || compareBytes(after, userIdPrefix) < 0 ? `[u${userIdPrefix}` : afterUser(after)
    // Some more than a bucket's share of the page: most pages then take one call to each.
    const share = limit / buckets.count
    const wanted = `${Math.ceil(share + 4 * Math.sqrt(share)) + 1}`

    const walks = everyBucket.map((bucket): Walk => ({ bucket, at: '', found: [] }))
    async function walkOn(walk: Walk): Promise<void> {
      const from = walk.at ? afterUser(walk.at) : first
      const reply = await run('scan', walk.bucket, [from, to, wanted, `${LOOKED_AT}`, ...packed])
      const [at, ...users] = reply as string[]
      walk.at = at || null
      walk.found.push(...users)
    }

    const page: StoredEnrollment[] = []
    let next: string[] = []
    while (page.length < limit) {
      if (next.length === 0) {
        const dry = walks.filter(({ at, found }) => at !== null && found.length === 0)
        await inParallel(dry, walkOn)
        next = takeKnown(walks)
        if (next.length === 0 && walks.every(({ at }) => at === null)) break
      }
      const users = next.splice(0, limit - page.length)
      const stored = await read(users)
      for (const userId of users) {
        const text = stored.get(userId)
        // Between the two calls it may have gone, or changed.
        if (text === undefined) continue
        const index = parseIndex(text)
        if (conditions.every((condition) => meets(index, condition))) page.push(parseEnrollment(text))
      }
    }
    return page
  }

  /** How many members of the index are in each range, in all buckets. */
  async function count(ranges: readonly IndexRange[]): Promise<number[]> {
    const values = ranges.flat()
    const sums = ranges.map(() => 0)
    await inParallel(everyBucket, async (bucket) => {
      const reply = (await run('count', bucket, values)) as (number | string)[]
      for (const [at, sum] of sums.entries()) sums[at] = sum + Number(reply[at])
    })
    return sums
  }

  async function counts(now: Instant): Promise<PhaseCounts> {
    const phases = PHASES.map((phase) => phaseRanges(phase, now))
    const [locked, ...rest] = await count([
      lockedRange(now),
      ...phases.flatMap(({ into, outOf }) => [...into, ...outOf]),
    ])
    const counted = { total: 0, locked } as PhaseCounts
    for (const [at, phase] of PHASES.entries()) {
      const { into, outOf } = phases[at] as (typeof phases)[number]
      counted[phase] = sumOf(rest.splice(0, into.length)) - sumOf(rest.splice(0, outOf.length))
      counted.total += counted[phase]
    }
    return counted
  }

  async function deadlines({ edges }: { edges: readonly Instant[] }): Promise<readonly number[]> {
    const ranges = edges.slice(1).map((to, at) => deadlineRange(edges[at] as Instant, to))
    return ranges.length === 0 ? [] : await count(ranges)
  }

  async function history(
    userId: string,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<readonly EnrollmentEvent[]> {
    const from = after === null ? `[${userId}\0` : `[${userId}\0${after}\u0001`
    const values = [from, `(${userId}\u0001`, `${limit}`]
    const members = (await run('history', buckets.of(userId), values)) as string[]
    return members.map((member) => JSON.parse(member.slice(member.lastIndexOf('\0') + 1)))
  }

  return { findMany, saveMany, list, counts, deadlines, history }
}

/** Takes out, in their order, the users that no bucket can still put another before. */
function takeKnown(walks: readonly Walk[]): string[] {
  const reached = walks.flatMap(({ at }) => at ?? [])
  const horizon =
    reached.length === 0 ? null : reached.reduce((one, other) => (compareBytes(one, other) < 0 ? one : other))
  return walks
    .flatMap(({ found }) => {
      const beyond = horizon === null ? -1 : found.findIndex((userId) => compareBytes(userId, horizon) > 0)
      return found.splice(0, beyond < 0 ? found.length : beyond)
    })
    .sort(compareBytes)
}

/** A member of the index after all of this user, as an id is followed by NUL. */
function afterUser(userId: string): string {
  return `[u${userId}\u0001`
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
