import type { EnrollmentRecord } from '../enrollment/record.js'
import type { UserId } from '../enrollment/user.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
import type { EnrollmentChange } from '../ports/index.js'
import type { Instant } from '../totp/instant.js'
import { attempt, changeOf, tell } from './attempt.js'
import { protectedAccount } from './change.js'
import { evidenceFrom } from './evidence.js'
import type { Parts } from './parts.js'
import { type FailedTurn, failedTurn, isFailed, recordAfter, type Turn } from './walk.js'

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

/** How many of those whom another write came first for are worked at once. */
const AT_ONCE = 8

/** A write that certainly did not happen, and one of which that cannot be told. */
type Unsaved = 'lost' | 'unknown'

/**
 * Saves what was decided for a batch, all of it in one call of the store. For whom another write came first it is decided
 * anew, one by one.
 */
export async function saveBatch(
  parts: Parts,
  directory: EnrollmentDirectory,
  batch: readonly (Turn | FailedTurn)[],
): Promise<Saved> {
  const writes = batch.flatMap((turn) => (isFailed(turn) || turn.decided.record === null ? [] : [turn]))
  const answers = await saveAll(parts, directory, writes)
  const conflicts = writes.filter(({ userId }) => answers.get(userId) === 'conflict')
  const anew = await decideAnew(parts, conflicts)
  const results = batch.map((turn): SavedTurn | Unsaved => {
    if (isFailed(turn)) return turn
    const answer = answers.get(turn.userId)
    if (answer === 'lost' || answer === 'unknown') return answer
    if (answer === 'conflict') return anew.get(turn.userId) ?? 'lost'
    const { userId, now } = turn
    return { userId, outcome: answer === undefined ? 'unchanged' : 'changed', record: recordAfter(parts, turn), now }
  })
  return toldInOrder(batch, results)
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

/** What the store made of each write. Where it failed, it is asked which of them landed, by their versions. */
async function saveAll(
  parts: Parts,
  directory: EnrollmentDirectory,
  writes: readonly Turn[],
): Promise<ReadonlyMap<UserId, 'saved' | 'conflict' | Unsaved>> {
  const changes = writes.map(({ decided, stored, version }) =>
    changeOf({ record: decided.record as EnrollmentRecord, events: decided.events, version }, stored?.version ?? null),
  )
  const answers = await answersOf(directory, changes)
  const events = changes.flatMap((change) => (answers.get(change.userId) === 'saved' ? change.events : []))
  tell(parts, events)
  return answers
}

async function answersOf(
  directory: EnrollmentDirectory,
  changes: readonly EnrollmentChange[],
): Promise<ReadonlyMap<UserId, 'saved' | 'conflict' | Unsaved>> {
  const each = <Answer>(answer: (change: EnrollmentChange, at: number) => Answer) =>
    new Map(changes.map((change, at) => [change.userId, answer(change, at)]))
  if (changes.length === 0) return new Map()
  try {
    const answers: readonly unknown[] = await directory.saveMany(changes)
    return each((_, at) => {
      const answer = answers[at]
      if (answer !== 'saved' && answer !== 'conflict') {
        throw new TypeError("saveMany of the repository must answer 'saved' or 'conflict' for each change")
      }
      return answer
    })
  } catch {
    const found = await directory.findMany(changes.map(({ userId }) => userId)).catch(() => null)
    if (found === null) return each(() => 'unknown')
    return each(({ userId, version }) => (found.get(userId)?.version === version ? 'saved' : 'lost'))
  }
}

/** Those for whom another write came first; until the store fails. */
async function decideAnew(parts: Parts, conflicts: readonly Turn[]): Promise<ReadonlyMap<UserId, SavedTurn>> {
  const done = new Map<UserId, SavedTurn>()
  for (let at = 0; at < conflicts.length; at += AT_ONCE) {
    const some = await Promise.all(conflicts.slice(at, at + AT_ONCE).map((turn) => assignOne(parts, turn)))
    for (const turn of some) done.set(turn.userId, turn)
    if (some.some(isStoreFailure)) break
  }
  return done
}

async function assignOne(parts: Parts, { userId, command }: Turn): Promise<SavedTurn> {
  try {
    const { outcome, record, now } = await attempt<Turn['command']['type']>(
      parts,
      userId,
      command,
      evidenceFrom(parts, userId, {}).gather,
    )
    if ('refused' in outcome) throw protectedAccount()
    return { userId, outcome: outcome.changed ? 'changed' : 'unchanged', record, now }
  } catch (error) {
    return failedTurn(userId, error)
  }
}
