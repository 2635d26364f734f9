import type { EnrollmentEvent } from '../../enrollment/events.js'
import type { Movement } from '../../ports/directory.js'
import type { Instant } from '../../record/conditions.js'
import { movementOf } from '../../record/movements.js'
import { type IndexRange, padded } from './facts.js'
import { parsed } from './records.js'

/** How one fewer, none and one more are stored: no digits, which they come after. */
const SIGNS = '-=+'

/**
 * An event as it is stored after its user: id NUL when NUL all else. `when` is its instant in sixteen digits, followed by
 * the signs of what it changed of the enrolled and of the required, if it changed anything.
 */
export function packEvent(event: EnrollmentEvent): string {
  const { id, userId: _, at, ...rest } = event
  return `${id}\0${padded(at)}${signsOf(event)}\0${JSON.stringify(rest)}`
}

/** The event again, as it is stored after its user and NUL. */
export function unpackEvent(userId: string, packed: string): EnrollmentEvent {
  const [id, when, rest] = packed.split('\0') as [string, string, string]
  return {
    id,
    userId,
    at: Number(when.slice(0, 16)),
    ...parsed<Omit<EnrollmentEvent, 'id' | 'userId' | 'at'>>(rest, 'event'),
  }
}

/** The range of the movements from an instant on, backwards: the newest are first. */
export function movementRange(from: Instant): IndexRange {
  return ['(n', `[m${padded(from)}`]
}

/** The movement that a member of the index is: `m`, when, and the event that told it. */
export function parseMovement(member: string): Movement {
  const step = (place: number): number => SIGNS.indexOf(member.charAt(place)) - 1
  return { at: Number(member.slice(1, 17)), enrolled: step(17), required: step(18) }
}

function signsOf(event: EnrollmentEvent): string {
  const { enrolled, required } = movementOf(event)
  return enrolled === 0 && required === 0 ? '' : SIGNS.charAt(enrolled + 1) + SIGNS.charAt(required + 1)
}
