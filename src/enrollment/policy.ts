import type { DriftWindow, ResolvedTotp } from '../totp/parameters.js'
import type { Terms } from './terms.js'

/** How failures of one factor lock it. */
export interface LockPolicy {
  afterFailures: number
  forMs: readonly number[]
  disableAfterFailures: number
  rollingCap: { failures: number; days: number }
}

/** When users are reminded of their deadline. */
export interface ReminderPolicy {
  /** each once, the most days first */
  daysBefore: readonly number[]
  /** how long one process holds a reminder that it sends */
  leaseMs: number
}

/** The policy with every default filled in: what the machine is handed. */
export interface ResolvedPolicy {
  totp: { parameters: ResolvedTotp; window: DriftWindow }
  newUsers: 'optional' | Terms
  setup: { expiresAfterMs: number; tries: number }
  lock: LockPolicy
  recoveryCodes: { count: number }
  maxAuthenticators: number
  pass: { expiresAfterMs: number; tries: number }
  reminders: ReminderPolicy
  /** null: without limit */
  maxGrantedDays: number | null
}
