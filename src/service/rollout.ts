import type { EnrollmentEvent } from '../enrollment/events.js'
import type { EnrollmentStatus } from '../enrollment/status.js'
import type { ApplyTo } from '../enrollment/terms.js'
import type { Note, UserId } from '../enrollment/user.js'
import type { Signal } from '../platform.js'
import type { EnrollmentDirectory, PhaseCounts, RolloutFilter } from '../ports/directory.js'
import type { Instant } from '../totp/instant.js'
import { type AssignedUser, type AssignProgress, assign } from './assign.js'
import { exportCsv } from './export-csv.js'
import type { UserIds } from './id-stream.js'
import type { Parts } from './parts.js'
import { preview, type RolloutPreview } from './preview.js'
import type { ForecastDay, ProgressDay } from './reports.js'
import * as reports from './reports.js'
import { type KeyRotation, rotateKeys } from './rotate-keys.js'
import { type SendReminder, sendReminders } from './send-reminders.js'
import type { TermsFor } from './walk.js'

/** What is done to everybody at once; needs a repository with a directory. */
export interface Rollout {
  /**
   * Gives terms to everybody in the stream, which is read as it is worked, some 1,500 ids ahead: constant memory for any
   * number of users. Terms may be each user's own, by a function, which is asked for up to 500 users at once, and from
   * layers with `resolveTerms`. `applyTo` says what happens to those who have a requirement already; by default they keep
   * it.
   *
   * An id or terms that are none, and a protected account, fail alone. An id that comes twice is unchanged the second
   * time. Once the signal is aborted, and where the store fails, it answers what was done (`stoppedBy`) and can be gone on
   * from: the same call again finds those who are done unchanged. The stream is closed in any case.
   *
   * `onUser` is told of each user in the order of the stream, `onProgress` after each batch. What either throws ends the
   * run and is thrown on, as is what the stream throws; what was done stays done.
   */
  assign(
    userIds: UserIds,
    terms: TermsFor,
    options?: Note & {
      /** by default 'new' */
      applyTo?: ApplyTo | undefined
      onUser?: ((user: AssignedUser) => void) | undefined
      onProgress?: ((done: AssignProgress) => void) | undefined
      signal?: Signal | undefined
    },
  ): Promise<AssignProgress>
  /**
   * The same walk, writing nothing: what each user would get, and who would be stopped at the next sign-in. For the same
   * input at the same instant it tells what `assign` would do; it remembers 16 bytes of each user, to know those who come
   * twice. Rejects with the signal's reason once it is aborted, and with `ERR_STORE` where the store fails.
   */
  preview(
    userIds: UserIds,
    terms: TermsFor,
    options?: {
      /** by default 'new' */
      applyTo?: ApplyTo | undefined
      /** as if protected accounts were not */
      force?: boolean | undefined
      onUser?: ((user: AssignedUser) => void) | undefined
      signal?: Signal | undefined
    },
  ): Promise<RolloutPreview>
  /** Users in the order of their ids' UTF-8 bytes, 1 to 1000 a page, by default 50. `next`: the `after` of the next page. */
  list(
    filter?: RolloutFilter,
    page?: { after?: UserId | undefined; limit?: number | undefined },
  ): Promise<{ users: readonly EnrollmentStatus[]; next: UserId | null }>
  /** How many users with a record are in each phase now. */
  counts(): Promise<PhaseCounts>
  /**
   * How many deadlines that will stop somebody fall on each local day, today first, 1 to 366 days. A deadline at midnight
   * belongs to the day that it ends. Somebody exempt is counted at his deadline.
   */
  forecast(options: { days: number; timeZone: string }): Promise<readonly ForecastDay[]>
  /**
   * How many were enrolled, and of how many MFA was required, at the end of each local day gone by, and now for today,
   * which is the last; 1 to 366 days. From the facts in the events: days that are no longer told after `pruneHistory` are
   * left out.
   */
  progress(options: { days: number; timeZone: string }): Promise<readonly ProgressDay[]>
  /** A user's audit events in their order, 1 to 1000 a page, by default 50. `next`: the `after` of the next page. */
  history(
    userId: UserId,
    page?: { after?: string | undefined; limit?: number | undefined },
  ): Promise<{ events: readonly EnrollmentEvent[]; next: string | null }>
  /** Forgets audit events older than this, which must not be ahead of now; records are untouched. */
  pruneHistory(options: { before: Instant }): Promise<{ removed: number }>
  /**
   * A report as CSV (RFC 4180), the heading first and then some rows at a time, read as it is asked for. Every field is
   * quoted, instants are ISO 8601 in UTC, and an apostrophe stands before = + - @ TAB CR LF at the start of a field: whoever
   * reads one back strips it, and one only of those before such a character, as the text may have had some of its own.
   */
  exportCsv(filter?: RolloutFilter): AsyncIterable<string>
  /**
   * Sends the reminders that are due, 1 to 100 at a time, by default 8; to be run often, by as many processes as there
   * are. Each is claimed, sent and recorded: by one process at a time, and again only if `send` threw or nothing was
   * recorded before the claim ended (`policy.reminders.leaseMs`). So each is sent at most once in the ordinary, and at
   * least once where a job runs on its day. One that is not sent on its day is not sent any more.
   *
   * `failed`: how often `send` threw or took longer than the claim, or a record could not be read. Rejects with `ERR_STORE`
   * where the store fails, once those that are being sent have ended. Once the signal is aborted no more are begun.
   */
  sendReminders(
    send: SendReminder,
    options?: { signal?: Signal | undefined; concurrency?: number | undefined },
  ): Promise<{ sent: number; failed: number }>
  /**
   * Seals anew what is sealed under an old key: authenticators' secrets and pending set-ups. Digests of recovery codes and
   * passes cannot be made again; `digestsUnderOldKeys` counts them, used recovery codes included, and they go as codes are
   * replaced. A key may go once a run answers 0 resealed and no digest under an old key. Brings what follows the policy in
   * the store's index up to date too: when the next reminder is due.
   *
   * Safe to run while users sign in, by several processes at once, and again: each record is written on its own, and only
   * if something in it is out of date. Rejects with the signal's reason once it is aborted: what was done stays done.
   * Where it fails for some users by themselves, be it that their key is gone, it goes through all others and then rejects
   * with the first of those errors, which names the user. A pass or set-up whose time is over opens nothing: it is not
   * counted, and dropped where it is under an old key.
   */
  rotateKeys(options?: {
    onProgress?: ((done: KeyRotation) => void) | undefined
    signal?: Signal | undefined
  }): Promise<KeyRotation>
}

/** What is done to everybody at once. */
export function rollout(parts: Parts, directory: EnrollmentDirectory): Rollout {
  return Object.freeze({
    assign: (userIds, terms, options) => assign(parts, directory, userIds, terms, options),
    preview: (userIds, terms, options) => preview(parts, directory, userIds, terms, options),
    list: (filter, page) => reports.list(parts, directory, filter, page),
    counts: async () => reports.counts(parts, directory),
    forecast: (options) => reports.forecast(parts, directory, options),
    progress: (options) => reports.progress(parts, directory, options),
    history: (userId, page) => reports.history(directory, userId, page),
    pruneHistory: (options) => reports.pruneHistory(parts, directory, options),
    exportCsv: (filter) => exportCsv(parts, directory, reports.readFilter(filter)),
    sendReminders: (send, options) => sendReminders(parts, directory, send, options),
    rotateKeys: (options) => rotateKeys(parts, directory, options),
  } satisfies Rollout)
}
