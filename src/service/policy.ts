import { assertWhole } from '../assert.js'
import type { LockPolicy, ReminderPolicy, ResolvedPolicy } from '../enrollment/policy.js'
import { assertTerms, type Terms } from '../enrollment/terms.js'
import type { UserId } from '../enrollment/user.js'
import type { DriftWindow, TotpParameters } from '../totp/index.js'
import { resolveTotp, resolveWindow } from '../totp/parameters.js'
import { copyOf, readFields } from './fields.js'

/** How leeway behaves towards everybody. All of it has a default; what is out of range is refused at once. */
export interface Policy {
  /**
   * What new authenticators are bound with, and the drift window codes are checked with; bound ones keep their
   * parameters. By default SHA1, 6 digits, 30 seconds and one step either way, which every authenticator app knows.
   */
  totp?: (TotpParameters & { window?: DriftWindow | number | undefined }) | undefined
  /** people with no record yet: 'optional' (the default), or terms that start when first seen */
  newUsers?: 'optional' | Terms | undefined
  setup?:
    | {
        /** 1 minute to 1 day; by default 10 minutes */
        expiresAfterMs?: number | undefined
        /** 1 to 20; by default 5 */
        tries?: number | undefined
      }
    | undefined
  /** per user and kind of factor, across every session, process and entry point */
  lock?:
    | {
        /** 1 to 10; by default 5 */
        afterFailures?: number | undefined
        /** 1 to 20 rungs of 1 second to 365 days; by default 1, 5, 15, 60 minutes and 24 hours; the last repeats */
        forMs?: readonly number[] | undefined
        /** consecutive ones; `afterFailures` to 100 (NIST SP 800-63B-4 3.2.2); by default 50 */
        disableAfterFailures?: number | undefined
        /** what success does not clear: 1 to 200 failures, by default 50, in 1 to 365 days, by default 30 */
        rollingCap?: { failures?: number | undefined; days?: number | undefined } | undefined
      }
    | undefined
  /**
   * Each code is 125 random bits, five groups of five in Crockford base32; read in any case, spaces and hyphens ignored,
   * O as 0, I and L as 1. `count` is 0 to 50, by default 10; 0 turns them off.
   */
  recoveryCodes?: { count?: number | undefined } | undefined
  /** 1 to 20, by default 5: each one adds live codes to guess */
  maxAuthenticators?: number | undefined
  pass?:
    | {
        /** 1 minute to 30 days; by default 1 hour */
        expiresAfterMs?: number | undefined
        /** 1 to 20; by default 5 */
        tries?: number | undefined
      }
    | undefined
  reminders?:
    | {
        /** at most 20 days before the deadline, each 0 to 365; by default 14, 7, 3, 1 and 0 */
        daysBefore?: readonly number[] | undefined
        /** how long one process holds a reminder it is sending: 1 second to 1 day; by default 10 minutes */
        leaseMs?: number | undefined
      }
    | undefined
  /**
   * Days of running period that a user can be granted in all, 1 to 3650, until `forget`; by default without limit. Time is
   * counted while a period runs: not while it waits for a first sign-in or is scheduled, nor while its user is enrolled,
   * exempt or suspended. What goes beyond is cut to the instant, and explained; lowering it moves nobody.
   */
  maxGrantedDays?: number | undefined
  /**
   * Accounts that no administrator's change may leave stopped at the next sign-in: the last administrators. Asked only
   * about a change that would; such a change rejects with `ERR_PROTECTED`, as it does where this function throws. The
   * passing of time and `suspend` are not covered: a deadline that was set while nobody was protected comes all the same.
   */
  protect?: ((userId: UserId) => boolean | Promise<boolean>) | undefined
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The policy with its defaults, or a TypeError or RangeError that names the property. */
export function resolvePolicy(policy: Policy = {}): ResolvedPolicy {
  const given = section(policy, 'policy', [
    'totp',
    'newUsers',
    'setup',
    'lock',
    'recoveryCodes',
    'maxAuthenticators',
    'pass',
    'reminders',
    'maxGrantedDays',
    'protect',
  ])
  const setup = section(given['setup'], 'policy.setup', ['expiresAfterMs', 'tries'])
  const pass = section(given['pass'], 'policy.pass', ['expiresAfterMs', 'tries'])
  const codes = section(given['recoveryCodes'], 'policy.recoveryCodes', ['count'])
  const { newUsers: terms = 'optional' } = given
  const newUsers = copyOf(terms)
  if (newUsers !== 'optional') assertTerms(newUsers, 'policy.newUsers')
  return {
    totp: resolveTotpPolicy(given['totp']),
    newUsers,
    setup: {
      expiresAfterMs: whole(setup, 'policy.setup', 'expiresAfterMs', MINUTE, DAY, 10 * MINUTE),
      tries: whole(setup, 'policy.setup', 'tries', 1, 20, 5),
    },
    lock: resolveLock(given['lock']),
    recoveryCodes: { count: whole(codes, 'policy.recoveryCodes', 'count', 0, 50, 10) },
    maxAuthenticators: whole(given, 'policy', 'maxAuthenticators', 1, 20, 5),
    pass: {
      expiresAfterMs: whole(pass, 'policy.pass', 'expiresAfterMs', MINUTE, 30 * DAY, HOUR),
      tries: whole(pass, 'policy.pass', 'tries', 1, 20, 5),
    },
    reminders: resolveReminders(given['reminders']),
    maxGrantedDays:
      given['maxGrantedDays'] === undefined ? null : whole(given, 'policy', 'maxGrantedDays', 1, 3650, 3650),
  }
}

/** The one part of a policy that is a function. */
export function resolveProtect(policy: Policy = {}): Policy['protect'] {
  const { protect } = policy
  if (protect !== undefined && typeof protect !== 'function') throw new TypeError('policy.protect must be a function')
  return protect
}

function resolveReminders(value: unknown): ReminderPolicy {
  const name = 'policy.reminders'
  const reminders = section(value, name, ['daysBefore', 'leaseMs'])
  const { daysBefore = [14, 7, 3, 1, 0] } = reminders
  if (!Array.isArray(daysBefore)) throw new TypeError(`${name}.daysBefore must be an array`)
  if (daysBefore.length > 20) throw new RangeError(`${name}.daysBefore must have at most 20 entries`)
  const days = Array.from(daysBefore, (day: unknown, at) => {
    assertWhole(day, `${name}.daysBefore[${at}]`, 0, 365)
    return day
  })
  return {
    daysBefore: [...new Set(days)].sort((one, other) => other - one),
    leaseMs: whole(reminders, name, 'leaseMs', SECOND, DAY, 10 * MINUTE),
  }
}

function resolveTotpPolicy(value: unknown): ResolvedPolicy['totp'] {
  const { window, ...parameters } = section(value, 'policy.totp', ['algorithm', 'digits', 'period', 't0', 'window'])
  const resolved = resolveTotp(parameters, 'policy.totp')
  if (resolved.t0 !== 0) throw new RangeError('policy.totp.t0 must be 0: authenticator apps know no other')
  return { parameters: resolved, window: resolveWindow(window as DriftWindow | number | undefined) }
}

function resolveLock(value: unknown): LockPolicy {
  const name = 'policy.lock'
  const lock = section(value, name, ['afterFailures', 'forMs', 'disableAfterFailures', 'rollingCap'])
  const cap = section(lock['rollingCap'], `${name}.rollingCap`, ['failures', 'days'])
  const { forMs = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, DAY] } = lock
  if (!Array.isArray(forMs)) throw new TypeError(`${name}.forMs must be an array`)
  if (forMs.length < 1 || forMs.length > 20) throw new RangeError(`${name}.forMs must have 1 to 20 rungs`)
  const afterFailures = whole(lock, name, 'afterFailures', 1, 10, 5)
  return {
    afterFailures,
    // Not `map`, which passes over a rung that is left out.
    forMs: Array.from(forMs, (rung: unknown, at) => {
      assertWhole(rung, `${name}.forMs[${at}]`, SECOND, 365 * DAY)
      return rung
    }),
    disableAfterFailures: whole(lock, name, 'disableAfterFailures', afterFailures, 100, 50),
    rollingCap: {
      failures: whole(cap, `${name}.rollingCap`, 'failures', 1, 200, 50),
      days: whole(cap, `${name}.rollingCap`, 'days', 1, 365, 30),
    },
  }
}

function section(value: unknown, name: string, known: readonly string[]): Record<string, unknown> {
  return value === undefined ? {} : readFields(value, name, known)
}

function whole(
  given: Record<string, unknown>,
  name: string,
  key: string,
  least: number,
  most: number,
  fallback: number,
): number {
  const { [key]: value = fallback } = given
  assertWhole(value, `${name}.${key}`, least, most)
  return value
}
