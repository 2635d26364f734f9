import { LAST_INSTANT } from '../../assert.js'
import type { EnrollmentIndex } from '../../enrollment/phase.js'
import type { Instant } from '../../totp/index.js'
import { NOW } from './instants.js'

/** The instants that the facts of a crowd are made of. */
export interface Instants {
  startsAt: readonly (Instant | null)[]
  deadline: readonly Instant[]
  exemptUntil: readonly (Instant | null)[]
  lockedUntil: readonly (Instant | null)[]
}

/** A crowd whose boundaries are all at and around now. */
export const BOUNDARIES: Instants = {
  startsAt: [null, NOW - 1, NOW, NOW + 1],
  deadline: [NOW - 1, NOW, NOW + 1, LAST_INSTANT],
  exemptUntil: [null, NOW - 1, NOW, NOW + 1],
  lockedUntil: [null, NOW - 1, NOW, NOW + 1, LAST_INSTANT],
}

/** A crowd at the first and last instants that there are. */
export const ENDS_OF_TIME: Instants = {
  startsAt: [null, 0, LAST_INSTANT - 1],
  deadline: [0, 1, LAST_INSTANT],
  exemptUntil: [null, 0, LAST_INSTANT],
  lockedUntil: [null, 0, LAST_INSTANT],
}

/** Everybody that there can be: a requirement or none, under every exemption, suspension and enrollment. */
export function crowd({ startsAt, deadline, exemptUntil, lockedUntil }: Instants): readonly Partial<EnrollmentIndex>[] {
  const none = { required: false, startsAt: null, deadline: null }
  const required = startsAt.flatMap((from) =>
    deadline.map((end) => ({ required: true, startsAt: from, deadline: end })),
  )
  return [none, ...required]
    .flatMap((terms) => exemptUntil.map((until) => ({ ...terms, exemptUntil: until })))
    .flatMap((facts) => [false, true].map((suspended) => ({ ...facts, suspended })))
    .flatMap((facts) => [null, 1].map((enrolledAt) => ({ ...facts, enrolledAt })))
    .map((facts, at) => ({ ...facts, lockedUntil: lockedUntil[at % lockedUntil.length] as Instant | null }))
}

/** Ids that are one to whoever folds, trims, normalises or escapes, and those that are no ordinary keys. */
export const TRIPPING_IDS: readonly string[] = [
  ...['ada', 'Ada', 'ada ', ' ada', 'ada\t', '\u00e9', 'e\u0301', 'e', '\u212b', '\u00c5'],
  ...['__proto__', 'constructor', 'toString', '0', '00', '-1', 'null', 'a}:{b', 'a:b', 'a/b', 'a.b', 'a,b', 'a|b'],
  ...['a%', 'a_', 'a*', 'a?', 'a\\', 'a"', "a'", "a' OR '1'='1", '$1', ':a', '\ufffd', '\u{10000}', '\u{1f600}'],
  ...[`${'x'.repeat(254)}a`, `${'x'.repeat(254)}b`, `${'\u{1f600}'.repeat(63)}abc`],
]
