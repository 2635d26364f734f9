import { assertBytes, assertObject, assertOneOf, assertWhole, LAST_INSTANT } from '../assert.js'

/** The hash of the HMAC (RFC 6238 1.2), spelt as key URIs spell it. Authenticator apps know SHA1 best; some only it. */
export type HashAlgorithm = 'SHA1' | 'SHA256' | 'SHA512'

/** What both sides must agree on to make the same HOTP codes (RFC 4226 5). */
export interface HotpParameters {
  /** default 'SHA1' */
  algorithm?: HashAlgorithm | undefined
  /** default 6 */
  digits?: 6 | 7 | 8 | undefined
}

/** What both sides must agree on to make the same TOTP codes (RFC 6238 4.1). */
export interface TotpParameters extends HotpParameters {
  /** the time step X: whole seconds from 1 to 3600, default 30 */
  period?: number | undefined
  /** T0, where counting steps begins: whole seconds since the Unix epoch, default 0 */
  t0?: number | undefined
}

/**
 * How many time steps before and after the current one are accepted, for slow people and drifting clocks. Whole numbers
 * from 0, together at most 10. Each step is one more live code to guess; RFC 6238 5.2 recommends one for the delay.
 */
export interface DriftWindow {
  past: number
  future: number
}

/** HOTP parameters with nothing left open. */
interface ResolvedHotp {
  readonly algorithm: HashAlgorithm
  readonly digits: 6 | 7 | 8
}

/** TOTP parameters with nothing left open. */
export interface ResolvedTotp extends ResolvedHotp {
  readonly period: number
  readonly t0: number
}

/** The shortest secret accepted: what Microsoft 365 and older libraries issued. New ones have at least 16 bytes. */
const SHORTEST_SECRET = 10
const LONGEST_SECRET = 128
const LAST_SECOND: number = LAST_INSTANT / 1000
const WIDEST_WINDOW = 10

/** The algorithms in their only spelling. */
export const ALGORITHMS: readonly HashAlgorithm[] = ['SHA1', 'SHA256', 'SHA512']

/** Refuses all but a secret of 10 to 128 bytes. */
export function assertSecret(secret: unknown): asserts secret is Uint8Array {
  assertBytes(secret, 'secret', SHORTEST_SECRET, LONGEST_SECRET)
}

/** Reads the parameters, each once; whatever else there is stays unread, so that they may come in a wider object. */
export function resolveHotp(parameters: HotpParameters, name: string): ResolvedHotp {
  assertObject(parameters, name)
  const { algorithm = 'SHA1', digits = 6 }: HotpParameters = parameters
  assertOneOf(algorithm, 'algorithm', ALGORITHMS)
  assertWhole(digits, 'digits', 6, 8)
  return { algorithm, digits }
}

/** The same for TOTP. */
export function resolveTotp(parameters: TotpParameters, name: string): ResolvedTotp {
  const { algorithm, digits } = resolveHotp(parameters, name)
  const { period = 30, t0 = 0 } = parameters
  assertWhole(period, 'period', 1, 3600)
  assertWhole(t0, 't0', 0, LAST_SECOND)
  return { algorithm, digits, period, t0 }
}

/** Reads a drift window, which as a number means both sides. */
export function resolveWindow(window: DriftWindow | number | undefined): DriftWindow {
  if (window === undefined) return { past: 1, future: 1 }
  if (typeof window === 'number') {
    assertWhole(window, 'window', 0, WIDEST_WINDOW / 2)
    return { past: window, future: window }
  }
  assertObject(window, 'window')
  const { past, future } = window
  assertWhole(past, 'window.past', 0, WIDEST_WINDOW)
  assertWhole(future, 'window.future', 0, WIDEST_WINDOW)
  if (past + future > WIDEST_WINDOW) throw new RangeError(`window must be at most ${WIDEST_WINDOW} steps in all`)
  return { past, future }
}
