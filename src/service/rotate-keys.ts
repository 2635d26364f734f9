import type { EnrollmentRecord } from '../enrollment/record.js'
import { withNextReminder } from '../enrollment/reminders.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
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
  for await (const { records, now } of everyPage(parts, directory)) {
    for (let at = 0; at < records.length; at += AT_ONCE) {
      if (signal?.aborted) throw signal.reason
      const rotated = await Promise.all(records.slice(at, at + AT_ONCE).map((record) => rotate(parts, record, now)))
      for (const { resealed, digests } of rotated) {
        done.scanned += 1
        done.resealed += resealed
        done.digestsUnderOldKeys += digests
      }
      onProgress?.({ ...done })
    }
  }
  return done
}

async function rotate(
  parts: Parts,
  record: EnrollmentRecord,
  now: Instant,
): Promise<{ resealed: number; digests: number }> {
  const { userId, authenticators, setup, recoveryCodes, pass } = record
  const secrets = (setup === null ? authenticators : [...authenticators, setup]).map(({ secret }) => secret)
  const digests = (pass === null ? recoveryCodes : [...recoveryCodes, pass]).map(({ digest }) => digest)
  const old = await underOldKeys(parts, digests)
  const isCurrent = fromRecord(() => withNextReminder(record, parts.policy.reminders, now)) === record
  if (isCurrent && (await underOldKeys(parts, secrets)).length === 0) return { resealed: 0, digests: old.length }
  const { outcome } = await attempt(parts, userId, { type: 'reseal-secrets' }, evidenceFrom(parts, userId, {}).gather)
  return { resealed: outcome.resealed, digests: old.length }
}
