import type { Circumstances } from '../enrollment/circumstances.js'
import type { Command, CommandType, Outcome, Question } from '../enrollment/commands.js'
import type { EnrollmentEvent } from '../enrollment/events.js'
import { type EnrollmentRecord, indexOf } from '../enrollment/record.js'
import { type Decided, recordAt, transition } from '../enrollment/transition.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import { platform } from '../platform.js'
import type { DirectoryQuery, EnrollmentDirectory, RolloutFilter } from '../ports/directory.js'
import type { EnrollmentChange, StoredEnrollment } from '../ports/index.js'
import { decodeRecord, encodeRecord } from '../record/codec.js'
import type { Instant } from '../totp/instant.js'
import { fromRecord, guarded, type Parts, readClock } from './parts.js'

/** How often a command is decided anew because another write came first. */
export const MOST_TRIES = 16

/** Finds out what the machine asks, for the record that it asks about. */
export type Gather = <Answer>(question: Question<Answer>, now: Instant) => Promise<Answer>

/** What a command came to, with the record it left. */
export interface Settled<Type extends CommandType> {
  outcome: Outcome<Type>
  record: EnrollmentRecord
  now: Instant
}

/**
 * The loop that every change goes through: find, gather, decide, save, and only then reveal.
 *
 * What is revealed is a chain of versions, each computed from the one before, so every limit is exact across processes:
 * what was found out about a code on the way to a lost write tells nobody anything. A save whose fate is unknown is looked
 * up by its version, which no other attempt has; where it cannot be told, nothing is revealed.
 */
export async function attempt<Type extends CommandType>(
  parts: Parts,
  userId: UserId,
  command: Command<Type> & { type: Type },
  gather: Gather,
  now: Instant = readClock(parts),
): Promise<Settled<Type>> {
  let written: (Written<Type> & { version: string }) | undefined
  for (let round = 0; round < MOST_TRIES; round++) {
    if (round > 0) await pause(round)
    const stored = await findRecord(parts, userId)
    // A store may report a conflict for a write that it did apply, as one does whose client sent it twice.
    if (written !== undefined && stored?.version === written.version) return reveal(parts, written, now)
    // Another version each time: one that was applied after all and then replaced must not come back.
    const version = newVersion()
    const circumstances: Circumstances = { userId, now, policy: parts.policy, stamp: version.slice(0, 8) }
    const step = fromRecord(() => transition<Type>(stored?.record ?? null, command, circumstances))
    const decided = 'ask' in step ? await gather(step, now) : step
    if (decided.record === null) {
      const unwritten = { ...decided, record: recordAt(stored?.record ?? null, circumstances) }
      return reveal(parts, unwritten, now)
    }
    written = { ...decided, record: decided.record, version }
    const change = changeOf(written, stored?.version ?? null)
    if (await isSaved(parts, change)) return reveal(parts, written, now)
  }
  throw contended()
}

/** What is thrown once other writes came first that often. */
export function contended(): LeewayError {
  return new LeewayError('ERR_CONTENDED', `other writes for this user came first ${MOST_TRIES} times; try again`)
}

type Written<Type extends CommandType> = Decided<Type> & { record: EnrollmentRecord }

/** The record that a read is made of, and the time it is read for. */
export async function readRecord(parts: Parts, userId: UserId): Promise<{ record: EnrollmentRecord; now: Instant }> {
  const now = readClock(parts)
  const stored = await findRecord(parts, userId)
  return { record: recordAt(stored?.record ?? null, { userId, now, policy: parts.policy }), now }
}

/** How many records are read at a time where all are. */
const PAGE = 500

/** Every record that the filter lets through, page by page, in the order of the ids, as they are `now`. */
export async function* everyPage(
  parts: Parts,
  directory: EnrollmentDirectory,
  filter: RolloutFilter = {},
): AsyncGenerator<{ records: readonly EnrollmentRecord[]; now: Instant }> {
  const now = readClock(parts)
  let after: UserId | null = null
  for (;;) {
    const records = await recordsAfter(directory, { ...filter, now, after, limit: PAGE })
    const last = records.at(-1)
    if (last === undefined) return
    yield { records, now }
    after = last.userId
  }
}

async function recordsAfter(directory: EnrollmentDirectory, query: DirectoryQuery): Promise<EnrollmentRecord[]> {
  const stored = await guarded('ERR_STORE', 'the repository could not list records; see the cause', () =>
    directory.list(query),
  )
  return stored.map(({ enrollment }) => decodeRecord(enrollment, enrollment.userId))
}

/** Removes a user's record and events, whatever is written meanwhile. */
export async function forgetRecord(parts: Parts, userId: UserId): Promise<void> {
  const { repository } = parts
  for (let round = 0; round < MOST_TRIES; round++) {
    if (round > 0) await pause(round)
    const stored = await findStored(parts, userId)
    // Gone, perhaps by a removal whose answer was lost.
    if (stored === null) return
    const answer: unknown = await guarded(
      'ERR_STORE',
      'the repository failed to remove the record; try again, see the cause',
      () => repository.remove(userId, stored.version),
    )
    if (answer === 'removed') return
    if (answer !== 'conflict')
      throw new LeewayError('ERR_STORE', "remove of the repository must answer 'removed' or 'conflict'")
  }
  throw contended()
}

/** A user's record and version as stored now. */
async function findRecord(parts: Parts, userId: UserId): Promise<{ record: EnrollmentRecord; version: string } | null> {
  const stored = await findStored(parts, userId)
  return stored && { record: decodeRecord(stored.enrollment, userId), version: stored.version }
}

/** The same as the repository has it, unread. */
async function findStored({ repository }: Parts, userId: UserId): Promise<StoredEnrollment | null> {
  const found: StoredEnrollment | null | undefined = await guarded(
    'ERR_STORE',
    'the repository could not read the record; see the cause',
    () => repository.find(userId),
  )
  if (found === null) return null
  if (typeof found?.version !== 'string') {
    throw new LeewayError('ERR_STORE', 'find of the repository must answer null or { enrollment, version }')
  }
  return found
}

/** A decided write as stores take it. */
export function changeOf(
  { record, events, version }: Pick<Written<CommandType>, 'record' | 'events'> & { version: string },
  expected: string | null,
): EnrollmentChange {
  const { userId } = record
  return { userId, enrollment: encodeRecord(record), index: indexOf(record), version, expected, events }
}

async function isSaved(parts: Parts, change: EnrollmentChange): Promise<boolean> {
  let answer: unknown
  try {
    answer = await parts.repository.save(change)
  } catch (cause) {
    const landed = await findStored(parts, change.userId).catch(() => null)
    if (landed?.version === change.version) return true
    if (cause instanceof LeewayError) throw cause
    throw new LeewayError('ERR_STORE', 'the repository failed to save, and what it did cannot be told; see the cause', {
      cause,
    })
  }
  if (answer !== 'saved' && answer !== 'conflict') {
    throw new LeewayError('ERR_STORE', "save of the repository must answer 'saved' or 'conflict'")
  }
  return answer === 'saved'
}

function reveal<Type extends CommandType>(
  parts: Parts,
  { record, events, outcome }: Written<Type>,
  now: Instant,
): Settled<Type> {
  tell(parts, events)
  return { outcome, record, now }
}

/** Tells the listener after the commit: one that throws, rejects or hangs changes nothing. */
export function tell({ onEvents }: Parts, events: readonly EnrollmentEvent[]): void {
  if (onEvents === undefined || events.length === 0) return
  const listen = async () => onEvents(events)
  listen().catch(() => undefined)
}

/**
 * 32 hexadecimal digits that nobody else makes: 122 of their bits are random. As a UUID, because platforms keep randomness
 * for those at hand: bytes drawn one by one may cost as much as all the rest of a code check.
 */
export function newVersion(): string {
  return platform.crypto.randomUUID().replaceAll('-', '')
}

/** Waits a little, each time perhaps longer, so that those who met do not meet again. */
export function pause(round: number): Promise<void> {
  const upToMs = Math.min(2 ** round, 64)
  return new Promise((resolve) => {
    platform.setTimeout(resolve, Math.random() * upToMs)
  })
}
