import type { AdminResult, EnrollmentEventType, EnrollmentStatus, Instant, Leeway } from '../../index.js'
import { equal } from '../repository-bench.js'
import { requirementOf, seeDeadline } from './requiring.js'
import { askForPass, statusAt } from './seeing.js'
import type { Moment, UserModel } from './user-model.js'

/** One call of the service, and what the model makes of it. */
export interface Move<Answer = unknown> {
  call(leeway: Leeway, userId: string): Promise<Answer>
  /**
   * Changes the user as the call must, and answers the events that it must tell; throws where the answer is another
   * than the model's. The answer is undefined where it was lost on the way.
   */
  follow(user: UserModel, answer: Answer | undefined, moment: Moment): EnrollmentEventType[]
  /** where it says itself what is required, it does so in place of the policy's terms for new users */
  readonly assigns?: boolean
}

/** A move is followed, for somebody who was perhaps never seen: what is told, and what is stored of that. */
export function follow(move: Move, user: UserModel, answer: unknown, moment: Moment): EnrollmentEventType[] {
  const { newUsers, now } = moment
  const unseen = !user.stored
  if (unseen && newUsers !== 'optional') user.requirement = requirementOf(newUsers, now)
  const assigned: EnrollmentEventType[] =
    unseen && newUsers !== 'optional' && move.assigns !== true ? ['requirement-assigned'] : []
  const events = move.follow(user, answer, moment)
  // A replay is told, not stored. All that is stored has an event.
  const stores = events.length > 0 && !events.includes('code-replayed')
  if (!stores && !user.stored) user.requirement = null
  if (!stores) return events
  user.stored = true
  user.events.push(...assigned, ...events)
  return [...assigned, ...events]
}

/** The user as anybody sees him who looks now: under the terms for new users, where nothing is stored. */
export function seen(user: UserModel, { newUsers, now }: Moment): UserModel {
  return user.stored || newUsers === 'optional' ? user : { ...user, requirement: requirementOf(newUsers, now) }
}

/** An answer that was not lost is the model's. */
export function answered(answer: unknown, expected: unknown, what: string): void {
  if (answer !== undefined) equal(answer, expected, `what ${what} answers`)
}

/** An administrator's change answers whether there was one, and the status after it. */
export function administered(
  user: UserModel,
  answer: AdminResult | undefined,
  { changed, now, what }: { changed: boolean; now: Instant; what: string },
): void {
  if (answer === undefined) return
  const { changed: told, ...status } = answer
  equal(told, changed, `whether ${what} changed something`)
  sees(user, status, now)
}

/** A status is the model's. */
export function sees(user: UserModel, status: EnrollmentStatus, now: Instant): void {
  seeDeadline(user, status.requirement?.deadline)
  if (user.passAskedAt !== null) askForPass(user, user.passAskedAt)
  // Whoever imports an authenticator is not told its id by itself.
  for (const [at, one] of user.authenticators.entries()) one.id ??= status.authenticators[at]?.id as string
  const { because = [], ...requirement } = status.requirement ?? {}
  equal(
    { ...status, requirement: status.requirement && requirement },
    statusAt(user, now),
    `the status of ${JSON.stringify(user.userId)}`,
  )
  // A law in place of the model's own reasons: the winner comes last and explains the deadline that stands.
  equal(
    because.at(-1)?.deadline,
    status.requirement?.deadline,
    'the deadline that the last explanation of a deadline explains',
  )
}
