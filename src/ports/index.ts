import type { EnrollmentEvent } from '../enrollment/events.js'
import type { EnrollmentIndex } from '../enrollment/phase.js'
import type { UserId } from '../enrollment/user.js'

/**
 * The stored record of one user: plain JSON, versioned, read through a codec. Stores keep it as it is; its inside is not
 * part of the contract.
 */
export interface Enrollment {
  readonly schemaVersion: number
  readonly userId: UserId
}

/** A record as a store answers it, with the version it was saved under. */
export interface StoredEnrollment {
  enrollment: Enrollment
  version: string
}

/** One write: the record, the facts to index it by, and the events that tell how it came about. */
export interface EnrollmentChange {
  userId: UserId
  enrollment: Enrollment
  index: EnrollmentIndex
  /** what this write will be known by: 32 hexadecimal digits, made by the service, never reused */
  version: string
  /** the version that was read; null: no record exists */
  expected: string | null
  events: readonly EnrollmentEvent[]
}

/**
 * Where an application keeps enrollments: one record per user, versioned. Compare-and-set on that one record is the whole
 * of concurrency control, so a few lines implement it on anything that can write on a condition. Prove yours with
 * `repositoryCases` of `leeway/testing`.
 *
 * User ids are compared byte for byte. No cache, no replica, no expiry and no eviction may stand in front of or behind it.
 */
export interface EnrollmentRepository {
  /** The latest committed record, read from the primary; null where there is none. */
  find(userId: UserId): Promise<StoredEnrollment | null>
  /**
   * Writes the record, and the events with it, if and only if the stored version is still `expected` (null: no record
   * exists). Under concurrent calls with the same `expected` exactly one is saved.
   *
   * 'saved' only once durable; 'conflict' only when certainly not applied; anything else throws. Never inside the
   * caller's transaction: a rollback there would undo a failure count here.
   */
  save(change: EnrollmentChange): Promise<'saved' | 'conflict'>
  /** Deletes the user's record and all events if the version still matches. */
  remove(userId: UserId, expected: string): Promise<'removed' | 'conflict'>
}

/** What a sealed secret or a digest belongs to; bound to it, so that it is worth nothing elsewhere. */
export interface SecretContext {
  purpose: 'totp-secret' | 'recovery-code' | 'pass'
  userId: UserId
  /** the authenticator's, recovery code's or pass's id */
  id: string
}

/**
 * Seals authenticator secrets, and keys the digests of recovery codes and passes. The context is bound to the token: one
 * moved to another row does not open. Whatever it throws becomes `ERR_CIPHER`; nothing is counted then.
 */
export interface SecretCipher {
  /** An opaque token of printable ASCII; another one each time. */
  seal(plain: Uint8Array, context: SecretContext): Promise<string>
  /** The sealed bytes, in an array that is wiped after use; throws where the token was altered, is another context's or its key is gone. */
  open(token: string, context: SecretContext): Promise<Uint8Array>
  /** Of a sealed token or of a digest: made under another key than the first. */
  needsReseal(token: string): boolean
  /** A keyed digest of printable ASCII: the same for the same bytes and context under the same key. */
  digest(plain: Uint8Array, context: SecretContext): Promise<string>
  /** Whether the digest is of these bytes in this context, compared in constant time. */
  matches(digest: string, plain: Uint8Array, context: SecretContext): Promise<boolean>
}

/** Reads the time: the one place where it comes from. */
export type Clock = () => number

/** Bytes that nobody can guess: the one place where they come from. */
export type Random = (byteLength: number) => Uint8Array
