import { assertInstant, assertWhole } from '../../assert.js'
import type { DirectoryQuery, DueQuery, DueReminder, EnrollmentDirectory } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import { compareBytes, endOfPrefix, filterConditions, meets } from '../../record/conditions.js'
import { dueRange, packCondition, parseReminder } from './facts.js'
import { historyOf } from './history.js'
import { parseEnrollment, parseIndex } from './records.js'
import { reportsOf } from './reports.js'
import { grouped, inParallel, type Server } from './server.js'
import { inOrder } from './walks.js'

/** How many users one call looks at, at most: meanwhile, and during the calls sent beside it, all others wait. */
const LOOKED_AT = 250
/** How many records one call reads, at most. */
const READ_AT_ONCE = 100

/** What reports and bulk work ask of a server. */
export function directoryOf(server: Server, save: EnrollmentRepository['save']): EnrollmentDirectory {
  const { run, buckets } = server

  /** What is stored of those who have a record. */
  async function read(userIds: readonly string[]): Promise<Map<string, string>> {
    const calls = grouped(userIds, buckets.of).flatMap(([bucket, group]) =>
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
    // Those of one user one after another: a client may send what is under way again, and then later.
    await inParallel(
      grouped(changes, ({ userId }) => userId),
      async ([, group]) => {
        for (const { item, at } of group) outcomes[at] = await save(item)
      },
    )
    return outcomes
  }

  /** How much to ask each bucket for: some more than its share of the page, so that most pages take one call to each. */
  function wantedOf(limit: number): string {
    const share = limit / buckets.count
    return `${Math.ceil(share + 4 * Math.sqrt(share)) + 1}`
  }

  async function list(query: DirectoryQuery): Promise<readonly StoredEnrollment[]> {
    const { now, limit, after, deadlineBefore, userIdPrefix = '' } = query
    assertInstant(now, 'query.now')
    if (deadlineBefore !== undefined) assertInstant(deadlineBefore, 'query.deadlineBefore')
    assertWhole(limit, 'query.limit', 1, 2 ** 31 - 1)
    const conditions = filterConditions(query, now)
    const packed = conditions.flatMap(packCondition)
    const end = endOfPrefix(userIdPrefix)
    const to = end === null ? '(v' : `(u${end}`
    const first = after === null || compareBytes(after, userIdPrefix) < 0 ? `[u${userIdPrefix}` : afterUser(after)
    const wanted = wantedOf(limit)
    const users = inOrder(buckets.count, compareBytes, async (bucket, at) => {
      const from = at === '' ? first : afterUser(at)
      const [last, ...found] = (await run('scan', bucket, [from, to, wanted, `${LOOKED_AT}`, ...packed])) as string[]
      return { end: last || null, found }
    })

    const page: StoredEnrollment[] = []
    for await (const known of users) {
      while (known.length > 0) {
        const next = known.splice(0, limit - page.length)
        const stored = await read(next)
        for (const userId of next) {
          const text = stored.get(userId)
          // Between the two calls it may have gone, or changed.
          if (text === undefined) continue
          const index = parseIndex(text)
          if (conditions.every((condition) => meets(index, condition))) page.push(parseEnrollment(text))
        }
        if (page.length === limit) return page
      }
    }
    return page
  }

  async function due({ now, after, limit }: DueQuery): Promise<readonly DueReminder[]> {
    assertInstant(now, 'query.now')
    if (after !== null) assertInstant(after.remindAt, 'query.after.remindAt')
    assertWhole(limit, 'query.limit', 1, 2 ** 31 - 1)
    const [first, to] = dueRange(now, after)
    const wanted = wantedOf(limit)
    const members = inOrder(buckets.count, compareBytes, async (bucket, at) => {
      const found = (await run('due', bucket, [at === '' ? first : `(${at}`, to, wanted])) as string[]
      return { end: found[Number(wanted) - 1] ?? null, found }
    })

    const page: DueReminder[] = []
    for await (const known of members) {
      page.push(...known.slice(0, limit - page.length).map(parseReminder))
      if (page.length === limit) break
    }
    return page
  }

  return { findMany, saveMany, list, due, ...reportsOf(server), ...historyOf(server) }
}

/** A member of the index after all of this user, as an id is followed by NUL. */
function afterUser(userId: string): string {
  return `[u${userId}\u0001`
}
