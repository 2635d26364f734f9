import type { Instant } from '../totp/instant.js'
import type { ResolvedPolicy } from './policy.js'
import type { UserId } from './user.js'

/** Whose record it is, one reading of the clock, and the policy. */
export interface Setting {
  userId: UserId
  now: Instant
  policy: ResolvedPolicy
}

/** What surrounds a command. */
export interface Circumstances extends Setting {
  /** ends the ids of this attempt's events, so that none is issued twice even after the user was forgotten */
  stamp: string
}
