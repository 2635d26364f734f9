import { assertText } from '../assert.js'
import { platform } from '../platform.js'

/**
 * The host's account id: opaque, well-formed Unicode without U+0000, 1 to 255 UTF-8 bytes, compared byte for byte,
 * never trimmed, folded or normalised. `alice`, `ALICE` and `alice ` are three users.
 */
export type UserId = string

/** Who did it and why (at most 255 and 1000 characters); lands in the audit events. */
export interface Note {
  actor?: string | undefined
  reason?: string | undefined
  /** overrides `policy.protect`; needs a reason, and the event says that it was so */
  force?: boolean | undefined
}

/** Refuses what cannot be a {@link UserId}, with an error that does not repeat it. */
export function assertUserId(value: unknown, name = 'userId'): asserts value is UserId {
  assertText(value, name, 1, 255)
  // Most ids are ASCII, and then a character is a byte.
  if (value.length > 63 && new platform.TextEncoder().encode(value).length > 255)
    throw new RangeError(`${name} must be at most 255 bytes of UTF-8`)
}
