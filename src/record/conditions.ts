import { assertInstant } from '../assert.js'
import { type EnrollmentIndex, type FlagFact, type InstantFact, type Phase, testsOf } from '../enrollment/phase.js'
import type { RolloutFilter } from '../ports/directory.js'
import type { Instant } from '../totp/instant.js'

/** What stores need besides: they know the machine by this module alone. */
export { type EnrollmentIndex, PHASES, type Phase, phaseOf } from '../enrollment/phase.js'
export type { Instant } from '../totp/instant.js'

/**
 * One condition on one fact of `EnrollmentIndex`, its instant filled in: what a store makes of a filter. A fact that is
 * null is neither after nor before anything; 'not-after' lets it through.
 */
export type Condition = FlagCondition | InstantCondition

/** What a flag says. */
export interface FlagCondition {
  fact: FlagFact
  is: boolean
}

/** Whether an instant is set, or on which side of another it is. */
export type InstantCondition =
  | { fact: InstantFact; is: 'set' | 'not-set' }
  | { fact: InstantFact; is: 'after' | 'not-after' | 'before' | 'not-before'; than: Instant }

/** Tells the two kinds of condition apart. */
export function isFlag(condition: Condition): condition is FlagCondition {
  return typeof condition.is === 'boolean'
}

/** Whom a deadline can still stop: the required, neither enrolled nor suspended. */
export const STOPPABLE: readonly Condition[] = [
  { fact: 'required', is: true },
  { fact: 'suspended', is: false },
  { fact: 'enrolledAt', is: 'not-set' },
]

/** What has to hold of the facts for a phase at `now`, all of it. */
export function phaseConditions(phase: Phase, now: Instant): readonly Condition[] {
  return testsOf(phase).map((test) => ('is' in test ? test : { fact: test.fact, is: test.now, than: now }))
}

/** Whether a factor is locked or disabled at `now`, or not. */
export function lockCondition(locked: boolean, now: Instant): Condition {
  return { fact: 'lockedUntil', is: locked ? 'after' : 'not-after', than: now }
}

/** What a filter asks of the facts at `now`, all of it. The prefix is the store's own to look for. */
export function filterConditions({ phase, deadlineBefore, locked }: RolloutFilter, now: Instant): readonly Condition[] {
  return [
    ...(phase === undefined ? [] : phaseConditions(phase, now)),
    ...(deadlineBefore === undefined
      ? []
      : [...STOPPABLE, { fact: 'deadline', is: 'before', than: deadlineBefore } as const]),
    ...(locked === undefined ? [] : [lockCondition(locked, now)]),
  ]
}

/** Whether the facts meet a condition: for stores that filter by themselves, and to test the others against. */
export function meets(index: EnrollmentIndex, condition: Condition): boolean {
  return isFlag(condition) ? index[condition.fact] === condition.is : stands(index[condition.fact], condition)
}

function stands(instant: Instant | null, condition: InstantCondition): boolean {
  switch (condition.is) {
    case 'set':
      return instant !== null
    case 'not-set':
      return instant === null
    case 'after':
      return instant !== null && instant > condition.than
    case 'not-after':
      return instant === null || instant <= condition.than
    case 'before':
      return instant !== null && instant < condition.than
    case 'not-before':
      return instant !== null && instant >= condition.than
  }
}

/** Refuses edges of intervals that are no instants, or that go back. */
export function assertEdges(edges: readonly Instant[]): void {
  for (const [at, edge] of edges.entries()) {
    assertInstant(edge, 'query.edges')
    if (edge < (edges[at - 1] ?? 0)) throw new RangeError('query.edges must not go back')
  }
}

/**
 * The first text after all that begin with this prefix, in the order of UTF-8 bytes, which is that of code points; null
 * where there is none.
 */
export function endOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number)
  while (points.at(-1) === 0x10ffff) points.pop()
  const last = points.pop()
  if (last === undefined) return null
  // No text has a surrogate alone: the one after U+D7FF is U+E000.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
}

/** The order of UTF-8 bytes, which is that of code points. Comparing strings would compare UTF-16 units. */
export function compareBytes(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length)
  for (let at = 0; at < shorter; at++) {
    const ours = one.charCodeAt(at)
    const theirs = other.charCodeAt(at)
    if (ours !== theirs) return placeOf(ours) - placeOf(theirs)
  }
  return one.length - other.length
}

/** Half of a character from U+10000 on comes after U+FFFF, though its unit, a surrogate, is less. */
function placeOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
