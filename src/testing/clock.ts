import { assertInstant } from '../assert.js'
import type { Instant } from '../totp/instant.js'

/** A clock that stands still until it is told; hand it to `createLeeway` as `clock`. */
export interface FixedClock {
  (): Instant
  /** Sets the clock, backwards too, as real ones are; refuses what is no instant. */
  set(now: Instant): void
  /** Moves the clock by whole milliseconds, or back by as many below zero; refuses to leave the range of instants. */
  advance(milliseconds: number): void
}

/**
 * A clock for tests, standing at `start` (milliseconds since the Unix epoch) until it is set or advanced.
 *
 * Throws a `TypeError` or `RangeError` for what is no instant.
 *
 * @example
 * ```ts
 * const clock = fixedClock(Date.UTC(2026, 0, 1))
 * clock.advance(30_000)
 * console.log(new Date(clock()).toISOString()) // 2026-01-01T00:00:30.000Z
 * ```
 */
export function fixedClock(start: Instant): FixedClock {
  assertInstant(start, 'start')
  let now = start
  const clock = (): Instant => now
  clock.set = (instant: Instant): void => {
    assertInstant(instant, 'now')
    now = instant
  }
  clock.advance = (milliseconds: number): void => {
    if (typeof milliseconds !== 'number') throw new TypeError('milliseconds must be a number')
    assertInstant(now + milliseconds, 'the clock, advanced by milliseconds,')
    now += milliseconds
  }
  return Object.freeze(clock)
}
