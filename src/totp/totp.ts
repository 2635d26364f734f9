import { assertInstant, assertObject, assertWhole } from '../assert.js'
import { codeAt, highestMatch, readCode } from './code.js'
import { type HmacKey, keepKey, takeKey, wipeKey, wipeWorkspace } from './hmac.js'
import type { Instant } from './instant.js'
import {
  assertSecret,
  type DriftWindow,
  type ResolvedTotp,
  resolveTotp,
  resolveWindow,
  type TotpParameters,
} from './parameters.js'

/** What {@link verifyTotp} checks a code against. */
export interface TotpCheck extends TotpParameters {
  /** the server's time */
  now: Instant
  /** the time steps accepted around now; a number means both sides. Default { past: 1, future: 1 } */
  window?: DriftWindow | number | undefined
  /** the highest time step already accepted for this secret: only later ones can match (RFC 6238 5.2) */
  afterTimeStep?: number | undefined
}

/**
 * What {@link verifyTotp} answers. `delta` is the matched step less the current one: below 0 where the phone's clock is
 * behind. Malformed is what could be no code of these digits; replayed is one that was right but is used up.
 */
export type TotpVerification =
  | { ok: true; timeStep: number; delta: number }
  | { ok: false; reason: 'malformed' | 'mismatch' | 'replayed' }

/** What {@link prepareTotp} gives: a secret in the form that codes are computed from, with its parameters. */
export interface PreparedTotp {
  /** {@link generateTotp} with this secret and these parameters. */
  generate(now: Instant): string
  /** {@link verifyTotp} with this secret and these parameters. */
  verify(code: unknown, check: Omit<TotpCheck, keyof TotpParameters>): TotpVerification
}

/**
 * The time step at `now`: floor((now - t0) / period), exact to the millisecond (RFC 6238 4.2).
 *
 * `now` is in milliseconds, `period` and `t0` are in seconds. Throws a RangeError for a time before `t0`, which has no
 * step, and a TypeError or RangeError for any other wrong argument.
 *
 * @example
 * ```ts
 * console.log(timeStepAt(59_999), timeStepAt(60_000)) // 1 2
 * ```
 */
export function timeStepAt(now: Instant, parameters: TotpParameters = {}): number {
  return stepAt(now, resolveTotp(parameters, 'parameters'))
}

/**
 * Makes the TOTP code of the time step at `now`: a string of `digits` digits, leading zeros included (RFC 6238 4).
 *
 * The secret has 10 to 128 bytes and is used as it is, never padded or repeated (erratum 2866). Throws a TypeError or
 * RangeError for a wrong argument.
 *
 * @example
 * ```ts
 * const secret = decodeBase32('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
 * console.log(generateTotp(secret, 59_000, { digits: 8 })) // 94287082
 * ```
 */
export function generateTotp(secret: Uint8Array, now: Instant, parameters: TotpParameters = {}): string {
  assertSecret(secret)
  const totp = resolveTotp(parameters, 'parameters')
  const step = stepAt(now, totp)
  const key = takeKey(totp.algorithm, secret)
  const code = codeAt(key, step, totp.digits)
  wipeKey(key)
  return code
}

/**
 * Tells whether a code is that of a time step in the drift window around `now` (RFC 6238 5.2, 6). If several steps have
 * it, the highest wins; if that is not after `afterTimeStep`, the code is replayed.
 *
 * A code is accepted at most once only if you store the `timeStep` of an accepted one, pass it as `afterTimeStep` from
 * then on, and make reading and storing it one conditional write.
 *
 * Never throws on the code, whatever it is: only a primitive string of ASCII digits can match, spaces and hyphens left
 * out. The whole window is always computed and compared in constant time. Steps below 0 do not exist and match nothing.
 * Throws a TypeError or RangeError for any other wrong argument, at once.
 *
 * @example
 * ```ts
 * const secret = decodeBase32('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
 * const now = 89_999
 * console.log(verifyTotp(secret, '287 082', { now })) // { ok: true, timeStep: 1, delta: -1 }
 * console.log(verifyTotp(secret, '287082', { now, afterTimeStep: 1 })) // { ok: false, reason: 'replayed' }
 * console.log(verifyTotp(secret, '287082', { now, window: 0 })) // { ok: false, reason: 'mismatch' }
 * ```
 */
export function verifyTotp(secret: Uint8Array, code: unknown, check: TotpCheck): TotpVerification {
  assertSecret(secret)
  const totp = resolveTotp(check, 'check')
  const attempt = readAttempt(code, check, totp)
  if (attempt === null) return { ok: false, reason: 'malformed' }
  const key = takeKey(totp.algorithm, secret)
  const place = placeOf(key, attempt, totp)
  wipeKey(key)
  return answer(place, attempt)
}

/**
 * Keeps the hash states of a secret, for many checks of it: what {@link verifyTotp} does in two blocks of hashing less.
 * The secret is read now; changing the array later changes nothing. The handle is as secret as the key and is not
 * wiped: drop it when you are done.
 *
 * Throws a TypeError or RangeError for a secret that has not 10 to 128 bytes, or for wrong parameters.
 *
 * @example
 * ```ts
 * const totp = prepareTotp(decodeBase32('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'))
 * console.log(totp.generate(59_000)) // 287082
 * console.log(totp.verify('287082', { now: 59_000 })) // { ok: true, timeStep: 1, delta: 0 }
 * ```
 */
export function prepareTotp(secret: Uint8Array, parameters: TotpParameters = {}): PreparedTotp {
  assertSecret(secret)
  const totp = resolveTotp(parameters, 'parameters')
  const key = keepKey(totp.algorithm, secret)
  return Object.freeze({
    generate(now: Instant): string {
      const code = codeAt(key, stepAt(now, totp), totp.digits)
      wipeWorkspace(key)
      return code
    },
    verify(code: unknown, check: Omit<TotpCheck, keyof TotpParameters>): TotpVerification {
      assertObject(check, 'check')
      const attempt = readAttempt(code, check, totp)
      if (attempt === null) return { ok: false, reason: 'malformed' }
      const place = placeOf(key, attempt, totp)
      wipeWorkspace(key)
      return answer(place, attempt)
    },
  })
}

/** A code and what it is checked against, all read and checked. */
interface Attempt {
  readonly value: number
  readonly current: number
  readonly first: number
  readonly last: number
  readonly afterTimeStep: number
}

/** Null for a malformed code; the rest is checked first, since a caller's mistake must not depend on the code. */
function readAttempt(code: unknown, check: Omit<TotpCheck, keyof TotpParameters>, totp: ResolvedTotp): Attempt | null {
  const { now, window, afterTimeStep } = check
  const current = stepAt(now, totp)
  const { past, future } = resolveWindow(window)
  if (afterTimeStep !== undefined) assertWhole(afterTimeStep, 'afterTimeStep', 0, Number.MAX_SAFE_INTEGER)
  const value = readCode(code, totp.digits)
  if (value < 0) return null
  return {
    value,
    current,
    first: Math.max(0, current - past),
    last: current + future,
    afterTimeStep: afterTimeStep ?? -1,
  }
}

function placeOf(key: HmacKey, { value, first, last }: Attempt, { digits }: ResolvedTotp): number {
  return highestMatch(key, value, digits, first, last - first)
}

function answer(place: number, { first, current, afterTimeStep }: Attempt): TotpVerification {
  if (place < 0) return { ok: false, reason: 'mismatch' }
  const timeStep = first + place
  if (timeStep <= afterTimeStep) return { ok: false, reason: 'replayed' }
  return { ok: true, timeStep, delta: timeStep - current }
}

function stepAt(now: Instant, { period, t0 }: ResolvedTotp): number {
  assertInstant(now, 'now')
  const elapsed = now - t0 * 1000
  if (elapsed < 0) throw new RangeError('now must not be before t0')
  // Rounding never reaches the next step: a step times its length stays below 2^53.
  return Math.floor(elapsed / (period * 1000))
}
