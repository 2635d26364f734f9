import type { Instant } from '../totp/instant.js'
import type { UserId } from './user.js'

/** What an {@link EnrollmentEvent} tells. */
export type EnrollmentEventType =
  | 'requirement-assigned'
  | 'first-sign-in'
  | 'period-started'
  | 'deadline-changed'
  | 'exempted'
  | 'made-optional'
  | 'suspended'
  | 'resumed'
  | 'mfa-reset'
  | 'setup-begun'
  | 'setup-cancelled'
  | 'setup-failed'
  | 'setup-postponed'
  | 'pass-issued'
  | 'pass-used'
  | 'pass-rejected'
  | 'authenticator-bound'
  | 'authenticator-renamed'
  | 'authenticator-removed'
  | 'recovery-codes-replaced'
  | 'code-accepted'
  | 'code-rejected'
  | 'code-replayed'
  | 'recovery-code-used'
  | 'recovery-code-rejected'
  | 'locked'
  | 'disabled'
  | 'unlocked'
  | 'reminder-sent'
  | 'secret-resealed'
  | 'authenticator-imported'

/**
 * One fact for the audit trail: who, what, when, why. Never a secret, a code or a ciphertext.
 *
 * `id` orders a user's events as text (a sequence kept in the record, not the clock) and is never issued twice, so that
 * receivers can drop what reaches them again. `actor` and `reason` are the administrator's words, null where a user acted.
 */
export interface EnrollmentEvent {
  id: string
  type: EnrollmentEventType
  userId: UserId
  at: Instant
  actor: string | null
  reason: string | null
  details: Readonly<Record<string, string | number | boolean | null>>
}
