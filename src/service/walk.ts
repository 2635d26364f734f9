import { assertOneOf, isObject } from '../assert.js'
import type { Command } from '../enrollment/commands.js'
import type { EnrollmentRecord } from '../enrollment/record.js'
import type { ApplyTo, ResolvedTerms, Terms } from '../enrollment/terms.js'
import { type Decided, recordAt, transition } from '../enrollment/transition.js'
import { assertUserId, type Note, type UserId } from '../enrollment/user.js'
import { LeewayError, type LeewayErrorCode } from '../errors.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
import type { StoredEnrollment } from '../ports/index.js'
import { decodeRecord } from '../record/codec.js'
import type { Instant } from '../totp/instant.js'
import { readTerms } from './arguments.js'
import { newVersion } from './attempt.js'
import { protectedAccount } from './change.js'
import { isProtected } from './evidence.js'
import { fromRecord, guarded, type Parts, readClock } from './parts.js'

/** The same terms for everybody, or each user's own. */
export type TermsFor =
  | Terms
  | ResolvedTerms
  | ((userId: UserId) => Terms | ResolvedTerms | Promise<Terms | ResolvedTerms>)

/**
 * Why one user of many failed: an id that is none, terms that are none or whose function threw, or what the store, his
 * record or `policy.protect` said.
 */
export type AssignFailure = 'ERR_USER_ID' | 'ERR_TERMS' | LeewayErrorCode

/** What an assignment does to one user. */
export type AssignCommand = Command<'require-enrollment' | 'make-optional'>

/** Somebody for whom it is decided what the terms do to him; nothing is written yet. */
export interface Turn {
  userId: UserId
  now: Instant
  command: AssignCommand
  /** what is stored, and under which version */
  stored: { record: EnrollmentRecord; version: string } | null
  /** what the write will be known by */
  version: string
  decided: Decided<AssignCommand['type']>
}

/** Somebody who failed, alone. */
export interface FailedTurn {
  userId: UserId
  code: AssignFailure
  message: string
}

/** What is asked for each user, read once for all of them. */
export interface Asked {
  termsOf(userId: UserId): AssignTerms | Promise<AssignTerms>
  applyTo: ApplyTo
  note: Note
}

type AssignTerms = ReturnType<typeof readTerms>

/** Reads the terms for everybody, or knows that each user's are to be asked for. */
export function readTermsFor(terms: unknown): Asked['termsOf'] {
  if (typeof terms === 'function') return async (userId) => readTerms(await terms(userId))
  const read = readTerms(terms)
  return () => read
}

/** To whom terms apply who has a requirement already. */
export function readApplyTo(applyTo: unknown): ApplyTo {
  if (applyTo === undefined) return 'new'
  assertOneOf(applyTo, 'options.applyTo', ['new', 'shorten', 'extend', 'replace'])
  return applyTo
}

/** Tells those who failed from those for whom it was decided. */
export function isFailed<Other extends { userId: UserId }>(turn: Other | FailedTurn): turn is FailedTurn {
  return 'code' in turn
}

/**
 * Decides for each of a batch what the terms do to him: one reading of the clock, one of the store. Rejects only where the
 * store cannot be read; whatever is wrong with one user is his alone.
 */
export async function decideBatch(
  parts: Parts,
  directory: EnrollmentDirectory,
  batch: readonly unknown[],
  asked: Asked,
): Promise<readonly (Turn | FailedTurn)[]> {
  return decideAll(parts, directory, await Promise.all(batch.map((value) => readUser(value, asked))))
}

/** The same, once it is read what each user gets. */
export async function decideAll(
  parts: Parts,
  directory: EnrollmentDirectory,
  users: readonly (FailedTurn | Pick<Turn, 'userId' | 'command'>)[],
): Promise<readonly (Turn | FailedTurn)[]> {
  const now = readClock(parts)
  const found = await findMany(
    directory,
    users.flatMap((one) => (isFailed(one) ? [] : [one.userId])),
  )
  return Promise.all(
    users.map((one) => (isFailed(one) ? one : decideOne(parts, one, found.get(one.userId) ?? null, now))),
  )
}

/** The records of these users as they are stored now. */
export async function findMany(
  directory: EnrollmentDirectory,
  userIds: readonly UserId[],
): Promise<ReadonlyMap<UserId, StoredEnrollment>> {
  if (userIds.length === 0) return new Map()
  const found: unknown = await guarded('ERR_STORE', 'the repository could not read records; see the cause', () =>
    directory.findMany(userIds),
  )
  if (!(found instanceof Map)) {
    throw new LeewayError('ERR_STORE', 'findMany of the repository must answer a Map of { enrollment, version }')
  }
  return found
}

async function readUser(
  value: unknown,
  { termsOf, applyTo, note }: Asked,
): Promise<FailedTurn | Pick<Turn, 'userId' | 'command'>> {
  let userId: UserId
  try {
    assertUserId(value)
    userId = value
  } catch (error) {
    const shown = typeof value === 'string' ? value.slice(0, 255) : `(${typeof value})`
    return { userId: shown, code: 'ERR_USER_ID', message: messageOf(error) }
  }
  try {
    const read = await termsOf(userId)
    if (read.terms === 'optional') return { userId, command: { type: 'make-optional', applyTo, note } }
    return { userId, command: { type: 'require-enrollment', ...read, terms: read.terms, applyTo, note } }
  } catch (error) {
    return { userId, code: 'ERR_TERMS', message: messageOf(error) }
  }
}

async function decideOne(
  parts: Parts,
  { userId, command }: Pick<Turn, 'userId' | 'command'>,
  found: StoredEnrollment | null,
  now: Instant,
): Promise<Turn | FailedTurn> {
  try {
    const stored = found && { record: decodeRecord(found.enrollment, userId), version: found.version }
    const version = newVersion()
    const decided = await decide(parts, stored?.record ?? null, userId, command, now, version)
    return { userId, now, command, stored, version, decided }
  } catch (error) {
    return failedTurn(userId, error)
  }
}

/** One decision; throws `ERR_PROTECTED` where the account must not be stopped. */
async function decide(
  parts: Parts,
  record: EnrollmentRecord | null,
  userId: UserId,
  command: AssignCommand,
  now: Instant,
  version: string,
): Promise<Turn['decided']> {
  const circumstances = { userId, now, policy: parts.policy, stamp: version.slice(0, 8) }
  const step = fromRecord(() => transition<AssignCommand['type']>(record, command, circumstances))
  if (!('ask' in step)) return step
  // The machine asks nothing else about terms.
  const answer = step.answer as (finding: { protected: boolean }) => Turn['decided']
  const decided = answer({ protected: await isProtected(parts, userId) })
  if ('refused' in decided.outcome) throw protectedAccount()
  return decided
}

/** The record that a decision leaves, stored or not. */
export function recordAfter(parts: Parts, { decided, stored, userId, now }: Turn): EnrollmentRecord {
  return decided.record ?? recordAt(stored?.record ?? null, { userId, now, policy: parts.policy })
}

/** What one user failed of; anything but a LeewayError is a mistake of ours, and not his. */
export function failedTurn(userId: UserId, error: unknown): FailedTurn {
  if (!(error instanceof LeewayError)) throw error
  return { userId, code: error.code, message: error.message }
}

function messageOf(error: unknown): string {
  const { message } = isObject(error) ? error : {}
  return typeof message === 'string' ? message.slice(0, 1000) : 'the function for terms threw'
}
