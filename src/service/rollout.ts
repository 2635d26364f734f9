import type { EnrollmentRecord } from '../enrollment/record.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
import { attempt, everyRecord } from './attempt.js'
import { evidenceFrom, underOldKeys } from './evidence.js'
import { readFields } from './fields.js'
import type { Parts } from './parts.js'

/** What is done to everybody at once; needs a repository with a directory. */
export interface Rollout {
  /**
   * Seals anew what is sealed under an old key: authenticators' secrets and pending set-ups. Digests of recovery codes and
   * passes cannot be made again; `digestsUnderOldKeys` counts them, used recovery codes included, and they go as codes are
   * replaced. A key may go once a run answers 0 resealed and no digest under an old key.
   *
   * Safe to run while users sign in, by several processes at once, and again: each record is written on its own, and only
   * if something in it is under an old key. Rejects with the signal's reason once it is aborted: what was done stays done.
   */
  rotateKeys(options?: {
    onProgress?: ((done: KeyRotation) => void) | undefined
    signal?: Signal | undefined
  }): Promise<KeyRotation>
}

/** How far a rotation has come. */
export interface KeyRotation {
  /** records looked at */
  scanned: number
  /** secrets sealed anew */
  resealed: number
  digestsUnderOldKeys: number
}

/** What is needed of an `AbortSignal`. */
export interface Signal {
  readonly aborted: boolean
  readonly reason: unknown
}

/** How many records are worked at once: enough to keep a store busy, few enough to leave it to those who sign in. */
const AT_ONCE = 8

/** What is done to everybody at once. */
export function rollout(parts: Parts, directory: EnrollmentDirectory): Rollout {
  return Object.freeze({
    async rotateKeys(options: unknown) {
      const { onProgress, signal } = readOptions(options)
      const done: KeyRotation = { scanned: 0, resealed: 0, digestsUnderOldKeys: 0 }
      for await (const page of everyRecord(parts, directory)) {
        for (let at = 0; at < page.length; at += AT_ONCE) {
          if (signal?.aborted) throw signal.reason
          const rotated = await Promise.all(page.slice(at, at + AT_ONCE).map((record) => rotate(parts, record)))
          for (const { resealed, digests } of rotated) {
            done.scanned += 1
            done.resealed += resealed
            done.digestsUnderOldKeys += digests
          }
          onProgress?.({ ...done })
        }
      }
      return done
    },
  })
}

async function rotate(
  parts: Parts,
  { userId, authenticators, setup, recoveryCodes, pass }: EnrollmentRecord,
): Promise<{ resealed: number; digests: number }> {
  const secrets = (setup === null ? authenticators : [...authenticators, setup]).map(({ secret }) => secret)
  const digests = (pass === null ? recoveryCodes : [...recoveryCodes, pass]).map(({ digest }) => digest)
  const old = await underOldKeys(parts, digests)
  if ((await underOldKeys(parts, secrets)).length === 0) return { resealed: 0, digests: old.length }
  const { outcome } = await attempt(parts, userId, { type: 'reseal-secrets' }, evidenceFrom(parts, userId, {}).gather)
  return { resealed: outcome.resealed, digests: old.length }
}

function readOptions(options: unknown): { onProgress?: (done: KeyRotation) => void; signal?: Signal } {
  const given = options === undefined ? {} : readFields(options, 'options', ['onProgress', 'signal'])
  const { onProgress, signal } = given
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new TypeError('options.onProgress must be a function')
  }
  if (signal !== undefined && typeof (signal as Signal | null)?.aborted !== 'boolean') {
    throw new TypeError('options.signal must be an AbortSignal')
  }
  return given as { onProgress?: (done: KeyRotation) => void; signal?: Signal }
}
