import type { EnrollmentEvent } from '../enrollment/events.js'
import type { Totals } from '../ports/directory.js'

/**
 * What an event changed of the totals of `EnrollmentDirectory`: 1 where its user came to be enrolled, or required to be,
 * -1 where that ended. An event that changed it says so in its details, and no other does. For stores' `movements`.
 *
 * @example
 * ```ts
 * console.log(movementOf({ details: { enrolled: true } })) // { enrolled: 1, required: 0 }
 * ```
 */
export function movementOf({ details }: Pick<EnrollmentEvent, 'details'>): Totals {
  return { enrolled: stepOf(details['enrolled']), required: stepOf(details['required']) }
}

function stepOf(flip: string | number | boolean | null | undefined): number {
  if (typeof flip !== 'boolean') return 0
  return flip ? 1 : -1
}
