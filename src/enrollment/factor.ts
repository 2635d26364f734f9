import type { Authenticator, EnrollmentRecord, Setup } from './record.js'

/** The record with one more authenticator: enrolled from the first one on. */
export function withAuthenticator(record: EnrollmentRecord, authenticator: Authenticator): EnrollmentRecord {
  return {
    ...record,
    authenticators: [...record.authenticators, authenticator],
    enrolledAt: record.enrolledAt ?? authenticator.boundAt,
  }
}

/** The record without one authenticator; with the last one go the recovery codes and a set-up. */
export function withoutAuthenticator(record: EnrollmentRecord, authenticatorId: string): EnrollmentRecord {
  const authenticators = record.authenticators.filter(({ id }) => id !== authenticatorId)
  const left = { ...record, authenticators }
  return authenticators.length > 0 ? left : { ...left, recoveryCodes: [], setup: null, enrolledAt: null }
}

/** The pending set-up, if it is the one that is meant. */
export function pendingSetup({ setup }: EnrollmentRecord, setupId: string | undefined): Setup | null {
  return setup !== null && (setupId === undefined || setup.id === setupId) ? setup : null
}
