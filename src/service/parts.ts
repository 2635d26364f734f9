import { assertInstant } from '../assert.js'
import type { EnrollmentEvent } from '../enrollment/events.js'
import type { ResolvedPolicy } from '../enrollment/policy.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import type { Clock, EnrollmentRepository, Random, SecretCipher } from '../ports/index.js'
import type { Instant } from '../totp/instant.js'

/** What the service was created with, checked and with its defaults. */
export interface Parts {
  issuer: string
  repository: EnrollmentRepository
  cipher: SecretCipher
  policy: ResolvedPolicy
  protect: ((userId: UserId) => boolean | Promise<boolean>) | undefined
  clock: Clock
  random: Random
  onEvents: ((events: readonly EnrollmentEvent[]) => void | Promise<void>) | undefined
}

/** One reading of the clock; a clock that does not tell the time is the caller's mistake. */
export function readClock({ clock }: Parts): Instant {
  const now: unknown = clock()
  assertInstant(now, 'what options.clock returns')
  return now
}

/** Fresh bytes from `options.random`, which must give as many as it was asked for. A copy: it may hand out one array twice. */
export function draw({ random }: Parts, byteLength: number): Uint8Array {
  const bytes: unknown = random(byteLength)
  if (!(bytes instanceof Uint8Array) || bytes.length !== byteLength) {
    throw new TypeError('options.random must return a Uint8Array of the length it is asked for')
  }
  return new Uint8Array(bytes)
}

/** An id that nobody can guess: 128 random bits in hexadecimal. */
export function drawId(parts: Parts): string {
  return hex(draw(parts, 16))
}

/** Bytes in hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * What is worked out of a record. All else was checked when it came in, so where this throws it is the record that holds
 * what this process cannot use: a time zone that the platform does not know, a T0 ahead of its clock.
 */
export function fromRecord<Answer>(work: () => Answer): Answer {
  try {
    return work()
  } catch (cause) {
    throw new LeewayError('ERR_RECORD', 'the stored record holds what this process cannot use; see the cause', {
      cause,
    })
  }
}

/** Whatever a port throws, as the one error that callers are told to expect; a LeewayError passes as it is. */
export async function guarded<Answer>(
  code: 'ERR_STORE' | 'ERR_CIPHER',
  message: string,
  call: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call()
  } catch (cause) {
    throw cause instanceof LeewayError ? cause : new LeewayError(code, message, { cause })
  }
}
