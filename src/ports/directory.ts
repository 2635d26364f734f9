import type { EnrollmentEvent } from '../enrollment/events.js'
import type { Phase } from '../enrollment/phase.js'
import type { UserId } from '../enrollment/user.js'
import type { Instant } from '../totp/instant.js'
import type { EnrollmentChange, StoredEnrollment } from './index.js'

/** Whom a list is of: everybody who has a record and all that is asked for here. */
export interface RolloutFilter {
  phase?: Phase | undefined
  /** required, neither enrolled nor suspended, and the deadline before this */
  deadlineBefore?: Instant | undefined
  /** whether either factor is locked or disabled now */
  locked?: boolean | undefined
  /** what the id begins with, byte for byte */
  userIdPrefix?: string | undefined
}

/** How many users with a record are in each phase, in all, and locked. */
export type PhaseCounts = Record<Phase, number> & { total: number; locked: number }

/** One page of a list: the ids after `after`, in the order of their UTF-8 bytes, at most `limit` of them. */
export type DirectoryQuery = RolloutFilter & { now: Instant; after: UserId | null; limit: number }

/** Whose reminder is due, a page of them: those after `after`, in the order of `remindAt` and then of the ids' bytes. */
export interface DueQuery {
  now: Instant
  after: DueReminder | null
  limit: number
}

/** Somebody whose reminder is due, or whose claim on one has ended. */
export interface DueReminder {
  userId: UserId
  remindAt: Instant
}

/** Users with an authenticator bound, and users of whom MFA is required: as totals, or as what changed of them. */
export interface Totals {
  enrolled: number
  required: number
}

/** What changed of the totals at an instant: so many more, or fewer. */
export type Movement = Totals & { at: Instant }

/**
 * What reports and bulk work need of a store on top of {@link EnrollmentRepository}; every shipped store has it. Filters
 * and counts run inside the store, on the facts of `EnrollmentIndex`, and agree with `phaseOf` at every instant. Ids come
 * in the order of their UTF-8 bytes, and pages by key, so that the last page costs what the first does.
 */
export interface EnrollmentDirectory {
  /** The latest committed records of these users; those without one are not in the answer. */
  findMany(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, StoredEnrollment>>
  /** Saves each change by itself, as `save` does, and answers in the same order. After a throw any of them may have landed. */
  saveMany(changes: readonly EnrollmentChange[]): Promise<readonly ('saved' | 'conflict')[]>
  /** The records that the filter lets through. */
  list(query: DirectoryQuery): Promise<readonly StoredEnrollment[]>
  /** How many users are in each phase at `now`, in all, and locked. */
  counts(now: Instant): Promise<PhaseCounts>
  /** How many deadlines (of the required, neither enrolled nor suspended) fall into each [edges[i], edges[i + 1]). */
  deadlines(query: { edges: readonly Instant[]; now: Instant }): Promise<readonly number[]>
  /**
   * Whose `remindAt` is at or before `now`: the earliest first, and of the same instant in the order of their ids; those
   * after `after`, at most `limit` of them. Costs what it finds, however many users there are.
   */
  due(query: DueQuery): Promise<readonly DueReminder[]>
  /**
   * How the totals changed from `from` on, the newest first, from what `movementOf` reads in the stored events; what
   * happened in the same millisecond may come as one. Read as it is asked for, a page at a time.
   */
  movements(from: Instant): AsyncIterable<Movement>
  /** How many records have an authenticator bound, and of how many MFA is required, whatever their phase. */
  totals(): Promise<Totals>
  /** A user's events in their order, after the one of the id `after`. */
  history(userId: UserId, page: { after: string | null; limit: number }): Promise<readonly EnrollmentEvent[]>
  /**
   * Deletes the events of before this instant, in steps that others can write between, and answers how many they were.
   * Records are untouched. Repeated after it was cut off, it goes on.
   */
  pruneHistory(before: Instant): Promise<number>
  /** The latest instant that `pruneHistory` was asked for, known before the first event goes; null: never. */
  prunedBefore(): Promise<Instant | null>
}
