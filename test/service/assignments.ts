import { expect } from 'vitest'
import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import type { Terms } from '../../src/enrollment/terms.js'
import type { AssignedUser, AssignProgress } from '../../src/service/assign.js'
import type { UserIds } from '../../src/service/id-stream.js'
import type { TermsFor } from '../../src/service/walk.js'
import type { RolloutSetting, Store } from './setting.js'

/** What is given where a test does not say. */
export const TERMS: Terms = { period: { days: 30 } }
/** The report of an assignment of nobody. */
export const NOBODY: AssignProgress = { done: 0, changed: 0, unchanged: 0, failedCount: 0, failed: [], stoppedBy: null }

/** An assignment, and all that it told on the way. */
export async function assigned(
  { leeway }: Pick<RolloutSetting, 'leeway'>,
  userIds: UserIds,
  terms: TermsFor = TERMS,
  options: Parameters<RolloutSetting['leeway']['rollout']['assign']>[2] = {},
): Promise<{ report: AssignProgress; told: AssignedUser[]; progress: AssignProgress[] }> {
  const told: AssignedUser[] = []
  const progress: AssignProgress[] = []
  const report = await leeway.rollout.assign(userIds, terms, {
    ...options,
    onUser: (user) => told.push(user),
    onProgress: (done) => progress.push(done),
  })
  return { report, told, progress }
}

/** What is stored of a user. */
export async function recordOf(store: Store, userId: string): Promise<EnrollmentRecord | null> {
  return ((await store.find(userId))?.enrollment as EnrollmentRecord | undefined) ?? null
}

/** The events that gave a user terms. */
export async function assignmentsOf(store: Store, userId: string): Promise<EnrollmentEvent[]> {
  const events = await store.history(userId, { after: null, limit: 100 })
  return events.filter(({ type }) => type === 'requirement-assigned')
}

/** What is told of a user in few words. */
export const inShort = (user: AssignedUser): string =>
  `${user.userId}: ${user.outcome === 'failed' ? user.code : user.outcome}`

/** That the first `done` of the ids have their terms, once, and nobody else anything. */
export async function expectDone(store: Store, ids: readonly string[], done: number): Promise<void> {
  for (const [at, id] of ids.entries()) {
    expect([id, (await assignmentsOf(store, id)).length]).toEqual([id, at < done ? 1 : 0])
    if (at >= done) expect(await store.find(id)).toBeNull()
  }
}
