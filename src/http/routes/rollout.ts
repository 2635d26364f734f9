import * as z from 'zod/mini'
import type { UserId } from '../../index.js'
import * as answers from '../answers.js'
import { Refused } from '../problems.js'
import { type Call, noteOf, type Progressing, type Route, rolloutOf, routesFor, understood } from '../route.js'
import { anyTerms, filterBody, filterOf, filterQuery, note, userId as userIdSchema, wholeText } from '../schemas.js'

const route = routesFor('administrator')

/** Who is meant, and what they get: the same for an assignment and its preview. */
const assignment = z
  .strictObject({
    userIds: z.optional(z.array(z.string())),
    filter: z.optional(z.strictObject(filterBody)),
    terms: anyTerms,
    applyTo: z.optional(z.enum(['new', 'shorten', 'extend', 'replace'])),
    ...note,
  })
  .check(z.refine(({ userIds, filter }) => (userIds === undefined) !== (filter === undefined)))

const daysQuery = z.strictObject({ days: wholeText(1, 366), timeZone: z.string() })

type AssignmentCall = Call<unknown, z.output<typeof assignment>>

/** What administrators do with many users at once. */
export const rolloutRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/rollout/preview',
    action: 'preview',
    summary: 'What an assignment would come to, and whom it would stop; writes nothing',
    body: assignment,
    answer: { schema: answers.previewed },
    refusals: ['directory-required'],
    async run(call) {
      const { terms, applyTo, force } = call.body
      const rollout = rolloutOf(call.leeway)
      const { userIds, refused } = await selected(call)
      const signal = call.request.signal
      const previewing = understood(() => rollout.preview(userIds, terms, { applyTo, force, signal }))
      const preview = await previewing.catch((cause: unknown) => {
        // Whoever goes away is no failure of this server.
        throw signal.aborted ? new Refused('invalid-request', {}, { cause }) : cause
      })
      return { ...preview, users: preview.users + refused.count(), ...withRefused(preview, refused) }
    },
  }),
  route({
    method: 'POST',
    path: '/rollout/assign',
    action: 'assign',
    summary: 'Gives terms to many users; tells how far it has come, as NDJSON, where that is accepted',
    body: assignment,
    answer: { schema: answers.assigned },
    refusals: ['directory-required'],
    async run(call) {
      const { terms, applyTo, reason, force } = call.body
      const rollout = rolloutOf(call.leeway)
      const { userIds, refused } = await selected(call)
      const assign: Progressing = async (tell, signal) => {
        const assigned = await understood(() =>
          rollout.assign(userIds, terms, {
            ...noteOf(call, { reason, force }),
            applyTo,
            signal,
            onProgress: ({ done, changed, unchanged, failedCount }) => {
              const more = refused.count()
              tell({ done: done + more, changed, unchanged, failedCount: failedCount + more })
            },
          }),
        )
        return { ...assigned, done: assigned.done + refused.count(), ...withRefused(assigned, refused) }
      }
      if (/\bapplication\/x-ndjson\b/i.test(call.request.headers.get('accept') ?? '')) return assign
      return assign(() => undefined, call.request.signal)
    },
  }),
  route({
    method: 'GET',
    path: '/rollout/counts',
    action: 'counts',
    summary: 'How many users are in each phase, in all, and locked',
    answer: { schema: answers.counts },
    refusals: ['directory-required'],
    run: async ({ leeway }) => rolloutOf(leeway).counts(),
  }),
  route({
    method: 'GET',
    path: '/rollout/forecast',
    action: 'forecast',
    summary: 'Deadlines that will stop somebody, on each local day, today first',
    query: daysQuery,
    answer: { schema: answers.forecast },
    refusals: ['directory-required'],
    run: async ({ leeway, query }) => {
      const rollout = rolloutOf(leeway)
      return understood(() => rollout.forecast(query))
    },
  }),
  route({
    method: 'GET',
    path: '/rollout/progress',
    action: 'progress',
    summary: 'Enrolled and required at the end of each local day gone by, and now',
    query: daysQuery,
    answer: { schema: answers.progress },
    refusals: ['directory-required'],
    run: async ({ leeway, query }) => {
      const rollout = rolloutOf(leeway)
      return understood(() => rollout.progress(query))
    },
  }),
  route({
    method: 'GET',
    path: '/rollout/export.csv',
    action: 'exportCsv',
    summary: 'Users with a record, as CSV (RFC 4180)',
    query: z.strictObject(filterQuery),
    answer: { type: 'text/csv', filename: 'enrollment.csv' },
    refusals: ['directory-required'],
    run: async ({ leeway, query }) => rolloutOf(leeway).exportCsv(filterOf(query)),
  }),
]

/** How many refused users are named; the others are counted. */
const MOST_NAMED = 1000

/** Users who were meant and are left out. */
interface RefusedUsers {
  add(userId: UserId, code: 'forbidden' | 'not-found'): void
  count(): number
  named(): readonly { userId: UserId; code: string }[]
}

function refusedUsers(): RefusedUsers {
  const named: { userId: UserId; code: string }[] = []
  let count = 0
  return {
    add(userId, code) {
      count += 1
      if (named.length < MOST_NAMED) named.push({ userId, code })
    },
    count: () => count,
    named: () => named,
  }
}

/** The users that an assignment is for, and those left out, who are known once the stream was read. */
interface Selected {
  userIds: Iterable<UserId> | AsyncIterable<UserId>
  refused: RefusedUsers
}

async function selected(call: AssignmentCall): Promise<Selected> {
  const refused = refusedUsers()
  const { userIds = [], filter } = call.body
  if (filter !== undefined) return { userIds: filtered(call, filterOf(filter), refused), refused }
  const known: UserId[] = []
  for (const userId of userIds) {
    // The host is asked about ids alone; what is none fails by itself in the assignment.
    const isId = z.safeDecode(userIdSchema, userId).success
    if (isId && !(await call.host.permits(userId))) throw new Refused('forbidden')
    if (!isId || (await call.host.knows(userId))) known.push(userId)
    else refused.add(userId, 'not-found')
  }
  return { userIds: known, refused }
}

/** Those whom a filter lets through, read page by page as they are asked for. */
async function* filtered(
  { leeway, host }: AssignmentCall,
  filter: ReturnType<typeof filterOf>,
  refused: RefusedUsers,
): AsyncGenerator<UserId> {
  let after: UserId | undefined
  do {
    const page = await rolloutOf(leeway).list(filter, { after, limit: 1000 })
    for (const { userId } of page.users) {
      if (!(await host.permits(userId))) refused.add(userId, 'forbidden')
      else if (await host.knows(userId)) yield userId
      else refused.add(userId, 'not-found')
    }
    after = page.next ?? undefined
  } while (after !== undefined)
}

function withRefused(
  result: { failedCount: number; failed: readonly { userId: UserId; code: string }[] },
  refused: RefusedUsers,
): typeof result {
  const failed = [...result.failed, ...refused.named()].slice(0, MOST_NAMED)
  return { failedCount: result.failedCount + refused.count(), failed }
}
