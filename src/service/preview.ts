import { isStoppedAt, passRequiredAt, phaseAt } from '../enrollment/decision.js'
import { PHASES, type Phase } from '../enrollment/phase.js'
import type { ResolvedPolicy } from '../enrollment/policy.js'
import type { EnrollmentRecord } from '../enrollment/record.js'
import { DAY_MS, instantAfter } from '../enrollment/time.js'
import type { UserId } from '../enrollment/user.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
import type { Instant } from '../totp/instant.js'
import { readListener, readOptions, readSignal } from './arguments.js'
import { type AssignedUser, assignedUser, type Sums, tallyOf } from './assign.js'
import { assertUserIds, batchesOf } from './id-stream.js'
import type { Parts } from './parts.js'
import { seenUsers } from './seen-users.js'
import { decideBatch, isFailed, readApplyTo, readTermsFor, recordAfter } from './walk.js'

/** What an assignment would come to; each user is counted once in `byPhase` and what follows. */
export interface RolloutPreview extends Omit<Sums, 'done'> {
  /** `changed` + `unchanged` + `failedCount` */
  users: number
  byPhase: Record<Phase, number>
  alreadyEnrolled: number
  /** the first 1,000 of those stopped at their next sign-in */
  stoppedNow: readonly UserId[]
  stoppedNowCount: number
  /** how many are seven days on if nobody acts, those of now included */
  stoppedWithinSevenDays: number
  /** of those who have no authenticator: that all of them are stopped, or could not set up without a pass */
  warnings: readonly ('everyone-stopped' | 'everyone-needs-a-pass')[]
}

/** What an assignment of these terms would come to: what `Rollout.preview` does. */
export async function preview(
  parts: Parts,
  directory: EnrollmentDirectory,
  userIds: unknown,
  terms: unknown,
  options: unknown,
): Promise<RolloutPreview> {
  assertUserIds(userIds)
  const given = readOptions(options, ['applyTo', 'force', 'onUser', 'signal'])
  const { force = false } = given
  if (typeof force !== 'boolean') throw new TypeError('options.force must be a boolean')
  const asked = { termsOf: readTermsFor(terms), applyTo: readApplyTo(given['applyTo']), note: { force } }
  const onUser = readListener<AssignedUser>(given['onUser'], 'options.onUser')
  const signal = readSignal(given['signal'])
  const tally = tallyOf()
  const outlook = outlookOf(parts.policy)
  const seen = seenUsers()

  for await (const batch of batchesOf(userIds, signal)) {
    if (batch === 'aborted') throw signal?.reason
    for (const turn of await decideBatch(parts, directory, batch, asked)) {
      if (isFailed(turn)) {
        tally.add(turn)
        onUser?.(assignedUser(turn))
        continue
      }
      const { userId, now, decided } = turn
      const isNew = seen.add(userId)
      // The same terms again change nothing.
      const outcome = isNew && decided.record !== null ? 'changed' : 'unchanged'
      const decidedTurn = { userId, outcome, record: recordAfter(parts, turn), now } as const
      tally.add(decidedTurn)
      if (isNew) outlook.add(decidedTurn.record, now)
      onUser?.(assignedUser(decidedTurn))
    }
  }
  const { done, ...sums } = tally.sums()
  return { users: done, ...sums, ...outlook.sums() }
}

/** How many of those stopped are told by name. */
const STOPPED_KEPT = 1000

/** Adds up where users would stand, and who would be stopped. */
function outlookOf(policy: ResolvedPolicy): {
  add(record: EnrollmentRecord, now: Instant): void
  sums(): Omit<RolloutPreview, keyof Sums | 'users'>
} {
  const byPhase = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>
  const stoppedNow: UserId[] = []
  const count = { enrolled: 0, open: 0, needPass: 0, stoppedNow: 0, stoppedWithinSevenDays: 0 }
  return {
    add(record, now) {
      const phase = phaseAt(record, now)
      byPhase[phase] += 1
      if (record.enrolledAt !== null) count.enrolled += 1
      else if (phase !== 'suspended') {
        count.open += 1
        if (passRequiredAt(record, now)) count.needPass += 1
      }
      const isStopped = isStoppedAt(record, { now, policy })
      if (isStopped) count.stoppedNow += 1
      if (isStopped && stoppedNow.length < STOPPED_KEPT) stoppedNow.push(record.userId)
      const later = instantAfter(now, 7 * DAY_MS)
      if (isStopped || isStoppedAt(record, { now: later, policy })) count.stoppedWithinSevenDays += 1
    },
    sums: () => ({
      byPhase,
      alreadyEnrolled: count.enrolled,
      stoppedNow,
      stoppedNowCount: count.stoppedNow,
      stoppedWithinSevenDays: count.stoppedWithinSevenDays,
      warnings: [
        ...(count.open > 0 && count.stoppedNow === count.open ? (['everyone-stopped'] as const) : []),
        ...(count.open > 0 && count.needPass === count.open ? (['everyone-needs-a-pass'] as const) : []),
      ],
    }),
  }
}
