import type { EnrollmentRecord } from '../enrollment/record.js'
import type { UserId } from '../enrollment/user.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
import type { EnrollmentChange } from '../ports/index.js'
import type { Instant } from '../totp/instant.js'
import { changeOf, contended, MOST_TRIES, pause, tell } from './attempt.js'
import type { Parts } from './parts.js'
import { decideAll, type FailedTurn, failedTurn, findMany, isFailed, recordAfter, type Turn } from './walk.js'

/** What has become of one user: as it is stored now, or why it failed. */
export type SavedTurn =
  | FailedTurn
  | { userId: UserId; outcome: 'changed' | 'unchanged'; record: EnrollmentRecord; now: Instant }

/** What has become of a batch: where the store failed, of its first users. */
export interface Saved {
  turns: readonly SavedTurn[]
  /** the store failed, and those who are not told here were not touched */
  isStopped: boolean
}

/** A batch in which there is nobody. */
export const NOTHING: Saved = Object.freeze({ turns: Object.freeze([]), isStopped: false })

/** A write that certainly did not happen, and one of which that cannot be told. */
type Unsaved = 'lost' | 'unknown'

type Written = 'saved' | 'conflict' | Unsaved

/**
 * Saves what was decided for a batch, all of it in one call of the store. For those whom another write came first it is
 * decided anew, all at once again, as often as for one user by himself.
 */
export async function saveBatch(
  parts: Parts,
  directory: EnrollmentDirectory,
  batch: readonly (Turn | FailedTurn)[],
): Promise<Saved> {
  const results: (SavedTurn | Unsaved)[] = []
  let open = batch.map((turn, at) => ({ turn, at }))
  for (let round = 1; open.length > 0; round++) {
    const answers = await saveAll(parts, directory, open)
    const conflicts = open.flatMap(({ turn, at }) => {
      if (!isFailed(turn) && answers.get(turn.userId) === 'conflict') return [{ turn, at }]
      results[at] = resultOf(parts, turn, answers)
      return []
    })
    open = conflicts.length === 0 ? [] : await decideAgain(parts, directory, conflicts, round)
  }
  return toldInOrder(batch, results)
}

/** Those for whom another write came first, decided by what it left; failed, once that has happened too often. */
async function decideAgain(
  parts: Parts,
  directory: EnrollmentDirectory,
  conflicts: readonly { turn: Turn; at: number }[],
  round: number,
): Promise<{ turn: Turn | FailedTurn; at: number }[]> {
  const failing = (error: unknown) =>
    conflicts.map(({ turn: { userId }, at }) => ({ turn: failedTurn(userId, error), at }))
  if (round === MOST_TRIES) return failing(contended())
  await pause(round)
  try {
    const turns = await decideAll(
      parts,
      directory,
      conflicts.map(({ turn }) => turn),
    )
    return turns.map((turn, index) => ({ turn, at: (conflicts[index] as { at: number }).at }))
  } catch (error) {
    return failing(error)
  }
}

function resultOf(parts: Parts, turn: Turn | FailedTurn, answers: ReadonlyMap<UserId, Written>): SavedTurn | Unsaved {
  if (isFailed(turn)) return turn
  const answer = answers.get(turn.userId)
  if (answer === 'lost' || answer === 'unknown') return answer
  const { userId, now } = turn
  return { userId, outcome: answer === undefined ? 'unchanged' : 'changed', record: recordAfter(parts, turn), now }
}

/**
 * The first of a batch, up to the last whom the store was told of. Those before him who were not saved have failed: nobody
 * after him was touched, so that a run can be gone on from.
 */
function toldInOrder(batch: readonly { userId: UserId }[], results: readonly (SavedTurn | Unsaved)[]): Saved {
  let end = results.indexOf('lost')
  if (end < 0) end = results.length
  for (let at = end; at < results.length; at++) if (isTouched(results[at] as SavedTurn | Unsaved)) end = at + 1
  const turns = results.slice(0, end).map((result, at): SavedTurn => {
    if (typeof result !== 'string') return result
    const { userId } = batch[at] as { userId: UserId }
    return { userId, code: 'ERR_STORE', message: UNSAVED[result] }
  })
  return { turns, isStopped: results.some((result) => typeof result === 'string' || isStoreFailure(result)) }
}

const UNSAVED: Record<Unsaved, string> = {
  lost: 'the repository failed to save, and this user was not saved',
  unknown: 'the repository failed to save, and what it did cannot be told',
}

function isTouched(result: SavedTurn | Unsaved): boolean {
  if (typeof result === 'string') return result === 'unknown'
  return isFailed(result) ? isStoreFailure(result) : result.outcome === 'changed'
}

function isStoreFailure(result: SavedTurn): boolean {
  return isFailed(result) && result.code === 'ERR_STORE'
}

/** What became of each write: it landed, another came first, or the store failed. */
async function saveAll(
  parts: Parts,
  directory: EnrollmentDirectory,
  open: readonly { turn: Turn | FailedTurn }[],
): Promise<ReadonlyMap<UserId, Written>> {
  const changes = open.flatMap(({ turn }) => {
    if (isFailed(turn) || turn.decided.record === null) return []
    const { decided, stored, version } = turn
    return [changeOf({ record: turn.decided.record, events: decided.events, version }, stored?.version ?? null)]
  })
  const answers = await answersOf(directory, changes)
  const unsure = changes.filter((_, at) => answers?.[at] !== 'saved')
  // A store that failed is asked what landed, by the versions; and so is one that may call a write of its own a conflict.
  const found = await findMany(
    directory,
    unsure.map(({ userId }) => userId),
  ).catch(() => null)
  const written = changes.map(({ userId, version }, at): [UserId, Written] => {
    if (answers?.[at] === 'saved' || found?.get(userId)?.version === version) return [userId, 'saved']
    if (found === null) return [userId, 'unknown']
    return [userId, answers === null ? 'lost' : 'conflict']
  })
  tell(
    parts,
    changes.flatMap(({ events }, at) => (written[at]?.[1] === 'saved' ? events : [])),
  )
  return new Map(written)
}

/** What the store answers to the changes; null where it failed, or answers anything else. */
async function answersOf(
  directory: EnrollmentDirectory,
  changes: readonly EnrollmentChange[],
): Promise<readonly ('saved' | 'conflict')[] | null> {
  if (changes.length === 0) return []
  try {
    const answers: unknown = await directory.saveMany(changes)
    const isAnswer = Array.isArray(answers) && answers.length === changes.length
    return isAnswer && answers.every((answer) => answer === 'saved' || answer === 'conflict') ? answers : null
  } catch {
    return null
  }
}
