import { assertInstant, assertWhole } from '../../assert.js'
import type { EnrollmentEvent } from '../../enrollment/events.js'
import type { EnrollmentDirectory } from '../../ports/directory.js'
import type { Instant } from '../../record/conditions.js'
import { unpackEvent } from './events.js'
import { padded } from './facts.js'
import { inParallel, type Server } from './server.js'

/** How many events one call deletes, at most: meanwhile all others wait. */
const PRUNED_AT_ONCE = 250

/** What has happened, and how it is forgotten. */
export function historyOf({
  run,
  buckets,
  everyBucket,
}: Server): Pick<EnrollmentDirectory, 'history' | 'pruneHistory' | 'prunedBefore'> {
  async function history(
    userId: string,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<readonly EnrollmentEvent[]> {
    assertWhole(limit, 'page.limit', 1, 2 ** 31 - 1)
    const from = after === null ? `[${userId}\0` : `[${userId}\0${after}\u0001`
    const members = (await run('history', buckets.of(userId), [from, `(${userId}\u0001`, `${limit}`])) as string[]
    return members.map((member) => unpackEvent(userId, member.slice(userId.length + 1)))
  }

  async function pruneHistory(before: Instant): Promise<number> {
    assertInstant(before, 'before')
    let removed = 0
    // One call at a time, so that others come in between.
    for (const bucket of everyBucket) {
      for (let last = PRUNED_AT_ONCE; last === PRUNED_AT_ONCE; removed += last) {
        last = Number(await run('prune', bucket, [padded(before), `${PRUNED_AT_ONCE}`]))
      }
    }
    return removed
  }

  async function prunedBefore(): Promise<Instant | null> {
    let latest: Instant | null = null
    await inParallel(everyBucket, async (bucket) => {
      const pruned = (await run('pruned', bucket, [])) as string | null
      if (pruned !== null) latest = Math.max(latest ?? 0, Number(pruned))
    })
    return latest
  }

  return { history, pruneHistory, prunedBefore }
}
