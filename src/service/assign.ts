import { type EnrollmentStatus, statusAt } from '../enrollment/status.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
import { readListener, readNoteFields, readOptions, readSignal } from './arguments.js'
import { assertUserIds, batchesOf } from './id-stream.js'
import type { Parts } from './parts.js'
import { NOTHING, type Saved, type SavedTurn, saveBatch } from './save-batch.js'
import { type AssignFailure, decideBatch, isFailed, readApplyTo, readTermsFor } from './walk.js'

/** What became of one user. */
export type AssignedUser =
  | { userId: UserId; outcome: 'changed' | 'unchanged'; status: EnrollmentStatus }
  | { userId: UserId; outcome: 'failed'; code: AssignFailure; message: string }

/**
 * How far an assignment has come: `done` = `changed` + `unchanged` + `failedCount`. The first `done` ids of the stream are
 * decided, and no other is touched.
 */
export interface AssignProgress {
  done: number
  changed: number
  unchanged: number
  failedCount: number
  /** the first 1,000 of them */
  failed: readonly { userId: UserId; code: AssignFailure }[]
  /** null: the stream ended, or is not at its end yet */
  stoppedBy: null | 'signal' | 'store'
}

/** Gives terms to everybody in the stream: what `Rollout.assign` does. */
export async function assign(
  parts: Parts,
  directory: EnrollmentDirectory,
  userIds: unknown,
  terms: unknown,
  options: unknown,
): Promise<AssignProgress> {
  assertUserIds(userIds)
  const given = readOptions(options, ['actor', 'reason', 'force', 'applyTo', 'onUser', 'onProgress', 'signal'])
  const note = readNoteFields(given, 'options')
  const asked = { termsOf: readTermsFor(terms), applyTo: readApplyTo(given['applyTo']), note }
  const onUser = readListener<AssignedUser>(given['onUser'], 'options.onUser')
  const onProgress = readListener<AssignProgress>(given['onProgress'], 'options.onProgress')
  const signal = readSignal(given['signal'])
  const tally = tallyOf()

  /** The batch that is being saved while the next one is decided. */
  let saving: Promise<Saved> = Promise.resolve(NOTHING)
  const settle = async (): Promise<Saved> => {
    const saved = await saving
    saving = Promise.resolve(NOTHING)
    for (const turn of saved.turns) {
      tally.add(turn)
      onUser?.(assignedUser(turn))
    }
    if (saved.turns.length > 0) onProgress?.({ ...tally.sums(), stoppedBy: null })
    return saved
  }

  try {
    for await (const batch of batchesOf(userIds, signal)) {
      const turns = batch === 'aborted' ? batch : await decideBatch(parts, directory, batch, asked).catch(storeFailed)
      if ((await settle()).isStopped || turns === 'failed') return { ...tally.sums(), stoppedBy: 'store' }
      if (turns === 'aborted' || signal?.aborted) return { ...tally.sums(), stoppedBy: 'signal' }
      saving = saveBatch(parts, directory, turns)
      // What it may reject with is looked at once the next batch is there, which is no sooner than the stream likes.
      saving.catch(() => undefined)
    }
  } catch (error) {
    // The stream may have thrown: what was being saved meanwhile is told all the same.
    await settle()
    throw error
  }
  const { isStopped } = await settle()
  return { ...tally.sums(), stoppedBy: isStopped ? 'store' : null }
}

/** What has become of those who were worked so far. */
export type Sums = Pick<AssignProgress, 'done' | 'changed' | 'unchanged' | 'failedCount' | 'failed'>

/** How many failures are told by name. */
const FAILURES_KEPT = 1000

/** Adds up what becomes of user after user. */
export function tallyOf(): {
  add(turn: { userId: UserId } & ({ code: AssignFailure } | { outcome: 'changed' | 'unchanged' })): void
  sums(): Sums
} {
  let [changed, unchanged, failedCount] = [0, 0, 0]
  const failed: { userId: UserId; code: AssignFailure }[] = []
  return {
    add(turn) {
      if (!('code' in turn)) {
        if (turn.outcome === 'changed') changed += 1
        else unchanged += 1
        return
      }
      failedCount += 1
      if (failed.length < FAILURES_KEPT) failed.push({ userId: turn.userId, code: turn.code })
    },
    sums: () => ({ done: changed + unchanged + failedCount, changed, unchanged, failedCount, failed: [...failed] }),
  }
}

/** What a listener is told of one user. */
export function assignedUser(turn: SavedTurn): AssignedUser {
  if (isFailed(turn)) return { userId: turn.userId, outcome: 'failed', code: turn.code, message: turn.message }
  return { userId: turn.userId, outcome: turn.outcome, status: statusAt(turn.record, turn.now) }
}

function storeFailed(error: unknown): 'failed' {
  if (error instanceof LeewayError && error.code === 'ERR_STORE') return 'failed'
  throw error
}
