import * as z from 'zod/mini'
import * as answers from '../answers.js'
import { type Call, noteOf, type Route, rolloutOf, routesFor, understood } from '../route.js'
import { anyTerms, filterOf, filterQuery, instant, lastingPeriod, note, page, userPage, words } from '../schemas.js'

const route = routesFor('administrator')

const noteBody = z.strictObject(note)

/** What a change can refuse that `policy.protect` forbids. */
const PROTECTED = ['protected'] as const

/** What administrators do with one user, and how they find him. */
export const userRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/users',
    action: 'list',
    summary: 'Users with a record, a page of them, in the order of their ids',
    query: z.strictObject({ ...filterQuery, ...userPage }),
    answer: { schema: answers.users },
    refusals: ['directory-required'],
    run: ({ leeway, query: { after, limit, ...filter } }) => rolloutOf(leeway).list(filterOf(filter), { after, limit }),
  }),
  route({
    method: 'GET',
    path: '/users/{userId}',
    action: 'status',
    summary: 'Where a user stands',
    answer: { schema: answers.status },
    run: ({ leeway, userId }) => leeway.status(userId),
  }),
  route({
    method: 'GET',
    path: '/users/{userId}/history',
    action: 'history',
    summary: "A user's events, oldest first",
    query: z.strictObject(page),
    answer: { schema: answers.history },
    refusals: ['directory-required'],
    async run({ leeway, userId, query }) {
      const { events, next } = await rolloutOf(leeway).history(userId, query)
      return { events: events.map(answers.onWire), next }
    },
  }),
  route({
    method: 'PUT',
    path: '/users/{userId}/requirement',
    action: 'requireEnrollment',
    summary: 'Requires MFA under these terms',
    body: z.strictObject({ terms: anyTerms, ...note }),
    answer: { schema: answers.changed },
    refusals: PROTECTED,
    run: (call) =>
      understood(() => call.leeway.requireEnrollment(call.userId, call.body.terms, noteOf(call, call.body))),
  }),
  route({
    method: 'DELETE',
    path: '/users/{userId}/requirement',
    action: 'makeOptional',
    summary: 'Drops the requirement',
    body: noteBody,
    answer: { schema: answers.changed },
    run: (call) => understood(() => call.leeway.makeOptional(call.userId, noteOf(call, call.body))),
  }),
  route({
    method: 'PATCH',
    path: '/users/{userId}/deadline',
    action: 'changeDeadline',
    summary: 'Moves the deadline by days, or to an instant',
    body: z.union([
      z.strictObject({ addDays: z.int().check(z.gte(-365), z.lte(365)), ...note }),
      z.strictObject({ deadline: instant, ...note }),
    ]),
    answer: { schema: answers.changed },
    refusals: PROTECTED,
    run(call) {
      const { reason, force, ...change } = call.body
      return understood(() => call.leeway.changeDeadline(call.userId, change, noteOf(call, { reason, force })))
    },
  }),
  route({
    method: 'PUT',
    path: '/users/{userId}/exemption',
    action: 'exempt',
    summary: 'Exempts a user for a time and a reason',
    body: z.strictObject({ until: instant, ...note, reason: words(1, 1000) }),
    answer: { schema: answers.changed },
    refusals: PROTECTED,
    run(call) {
      const { until, reason } = call.body
      return understood(() => call.leeway.exempt(call.userId, { until, reason }, noteOf(call, call.body)))
    },
  }),
  route({
    method: 'DELETE',
    path: '/users/{userId}/exemption',
    action: 'endExemption',
    summary: 'Ends an exemption',
    body: noteBody,
    answer: { schema: answers.changed },
    refusals: PROTECTED,
    run: (call) => understood(() => call.leeway.endExemption(call.userId, noteOf(call, call.body))),
  }),
  route({
    method: 'POST',
    path: '/users/{userId}/suspend',
    action: 'suspend',
    summary: 'Refuses every sign-in, stops the period, and ends all sessions',
    body: noteBody,
    answer: { schema: answers.changed },
    refusals: ['sessions-not-ended'],
    run: (call) => ending(call, () => call.leeway.suspend(call.userId, noteOf(call, call.body))),
  }),
  route({
    method: 'POST',
    path: '/users/{userId}/resume',
    action: 'resume',
    summary: 'Lets sign-ins happen again, and the period run on',
    body: noteBody,
    answer: { schema: answers.changed },
    run: (call) => understood(() => call.leeway.resume(call.userId, noteOf(call, call.body))),
  }),
  route({
    method: 'POST',
    path: '/users/{userId}/reset',
    action: 'resetMfa',
    summary: 'For a lost phone: drops all authenticators, and ends all sessions',
    body: z.strictObject({ grace: z.union([z.enum(['none', 'remaining']), lastingPeriod]), ...note }),
    answer: { schema: answers.changed },
    refusals: [...PROTECTED, 'sessions-not-ended'],
    run(call) {
      const { grace } = call.body
      return ending(call, () => call.leeway.resetMfa(call.userId, { grace }, noteOf(call, call.body)))
    },
  }),
  route({
    method: 'POST',
    path: '/users/{userId}/unlock',
    action: 'unlock',
    summary: 'Clears locks and failure counters',
    body: noteBody,
    answer: { schema: answers.changed },
    run: (call) => understood(() => call.leeway.unlock(call.userId, noteOf(call, call.body))),
  }),
  route({
    method: 'POST',
    path: '/users/{userId}/pass',
    action: 'issuePass',
    summary: 'Makes a pass for set-up, to be handed over; it is told this once',
    body: noteBody,
    answer: { schema: answers.pass },
    run: (call) => understood(() => call.leeway.issuePass(call.userId, noteOf(call, call.body))),
  }),
  route({
    method: 'POST',
    path: '/users/{userId}/authenticators/{authenticatorId}/revoke',
    action: 'revokeAuthenticator',
    summary: 'Drops an authenticator, and ends all sessions',
    body: noteBody,
    answer: { schema: answers.changed },
    refusals: [...PROTECTED, 'sessions-not-ended'],
    run: (call) =>
      ending(call, () => call.leeway.revokeAuthenticator(call.userId, call.authenticatorId, noteOf(call, call.body))),
  }),
]

/** A change after which no session may go on. They are ended whether or not it changed anything: so a retry can finish. */
async function ending<Result>(
  { userId, host }: Pick<Call<never, never>, 'userId' | 'host'>,
  change: () => Promise<Result>,
): Promise<Result> {
  const result = await understood(change)
  await host.endSessions(userId, 'all')
  return result
}
