import { livePass, liveSetup } from '../enrollment/factor.js'
import type { EnrollmentRecord } from '../enrollment/record.js'
import { withNextReminder } from '../enrollment/reminders.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
import { nameOf } from '../record/codec.js'
import type { Instant } from '../totp/instant.js'
import { readListener, readOptions, readSignal } from './arguments.js'
import { attempt, everyPage } from './attempt.js'
import { evidenceFrom, underOldKeys } from './evidence.js'
import { fromRecord, type Parts } from './parts.js'

/** How far a rotation has come. */
export interface KeyRotation {
  /** records looked at */
  scanned: number
  /** secrets sealed anew */
  resealed: number
  digestsUnderOldKeys: number
}

/** How many records are worked at once: enough to keep a store busy, few enough to leave it to those who sign in. */
const AT_ONCE = 8

/** Brings every record under the first key, and its index under the policy: what `Rollout.rotateKeys` does. */
export async function rotateKeys(parts: Parts, directory: EnrollmentDirectory, options: unknown): Promise<KeyRotation> {
  const given = readOptions(options, ['onProgress', 'signal'])
  const onProgress = readListener<KeyRotation>(given['onProgress'], 'options.onProgress')
  const signal = readSignal(given['signal'])
  const done: KeyRotation = { scanned: 0, resealed: 0, digestsUnderOldKeys: 0 }
  const failures: Failure[] = []
  for await (const { records, now } of everyPage(parts, directory)) {
    for (let at = 0; at < records.length; at += AT_ONCE) {
      if (signal?.aborted) throw signal.reason
      const rotated = await Promise.all(records.slice(at, at + AT_ONCE).map((record) => rotate(parts, record, now)))
      for (const one of rotated) {
        done.scanned += 1
        if ('error' in one) failures.push(one)
        else {
          done.resealed += one.resealed
          done.digestsUnderOldKeys += one.digests
        }
      }
      onProgress?.({ ...done })
    }
  }
  const [first] = failures
  if (first === undefined) return done
  const { userId, error } = first
  const whom = failures.length === 1 ? nameOf(userId) : `${failures.length} users, ${nameOf(userId)} first`
  throw new LeewayError(error.code, `failed for ${whom}: ${error.message}`, { cause: error })
}

/** One user who fails by himself, which must not keep the others under an old key. */
interface Failure {
  userId: UserId
  error: LeewayError
}

async function rotate(
  parts: Parts,
  record: EnrollmentRecord,
  now: Instant,
): Promise<{ resealed: number; digests: number } | Failure> {
  const { userId, authenticators, setup, recoveryCodes, pass } = record
  const [pending, unused] = [liveSetup(record, now), livePass(record, now)]
  const secrets = [...authenticators, pending].flatMap((one) => one?.secret ?? [])
  const digests = [...recoveryCodes, unused].flatMap((one) => one?.digest ?? [])
  // What is over opens nothing, unless a clock is set back: under a key that is gone by then it would be an error.
  const expired = [pending === null && setup?.secret, unused === null && pass?.digest].flatMap((token) => token || [])
  try {
    const old = await underOldKeys(parts, digests)
    const dropsExpired = (await underOldKeys(parts, expired)).length > 0
    const isCurrent = fromRecord(() => withNextReminder(record, parts.policy.reminders, now)) === record
    if (isCurrent && !dropsExpired && (await underOldKeys(parts, secrets)).length === 0) {
      return { resealed: 0, digests: old.length }
    }
    const command = { type: 'reseal-secrets', dropsExpired } as const
    const { outcome } = await attempt(parts, userId, command, evidenceFrom(parts, userId, {}).gather)
    return { resealed: outcome.resealed, digests: old.length }
  } catch (error) {
    if (error instanceof LeewayError && error.code !== 'ERR_STORE') return { userId, error }
    throw error
  }
}
