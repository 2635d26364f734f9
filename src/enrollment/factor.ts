import type { Instant } from '../totp/instant.js'
import type { Authenticator, EnrollmentRecord, Pass, Setup } from './record.js'

/** The record with one more authenticator: enrolled from the first one on. */
export function withAuthenticator(record: EnrollmentRecord, authenticator: Authenticator): EnrollmentRecord {
  return {
    ...record,
    authenticators: [...record.authenticators, authenticator],
    enrolledAt: record.enrolledAt ?? authenticator.boundAt,
  }
}

/**
 * The record without one authenticator; with the last one go the recovery codes. A pending set-up goes with any, which may
 * have proven it: whoever holds a lost phone must not confirm another.
 */
export function withoutAuthenticator(record: EnrollmentRecord, authenticatorId: string): EnrollmentRecord {
  const authenticators = record.authenticators.filter(({ id }) => id !== authenticatorId)
  const left = { ...record, authenticators, setup: null }
  return authenticators.length > 0 ? left : { ...left, recoveryCodes: [], enrolledAt: null }
}

/** The pending set-up, if it is the one that is meant. */
export function pendingSetup({ setup }: EnrollmentRecord, setupId: string | undefined): Setup | null {
  return setup !== null && (setupId === undefined || setup.id === setupId) ? setup : null
}

/** The pass, unless its time is over. */
export function livePass({ pass }: EnrollmentRecord, now: Instant): Pass | null {
  return pass !== null && now < pass.expiresAt ? pass : null
}

/** The pending set-up, unless its time is over: then it stays in the record until something takes its place. */
export function liveSetup({ setup }: EnrollmentRecord, now: Instant): Setup | null {
  return setup !== null && now < setup.expiresAt ? setup : null
}
