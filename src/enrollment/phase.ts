import type { Instant } from '../totp/instant.js'

/** Where a user stands. Always computed from the record and now; never stored, and no timer makes it. */
export type Phase = 'optional' | 'exempt' | 'scheduled' | 'enrollment-period' | 'overdue' | 'enrolled' | 'suspended'

/**
 * The few facts of a record that a store may index, so that phases, deadlines and locks can be asked of it without
 * reading records. May grow.
 */
export interface EnrollmentIndex {
  required: boolean
  /** null while the period waits for the first sign-in, and where nothing is required */
  startsAt: Instant | null
  /** the first instant outside the period; null exactly where nothing is required */
  deadline: Instant | null
  exemptUntil: Instant | null
  suspended: boolean
  /** since when an authenticator has been bound without a break */
  enrolledAt: Instant | null
  /** the later of both factors' locks; 8.64e15 where one is disabled */
  lockedUntil: Instant | null
  /** when the next reminder is due, or the claim on it ends */
  remindAt: Instant | null
}

/** The facts that are flags. */
export type FlagFact = 'required' | 'suspended'

/** The facts that are instants, or null. */
export type InstantFact = Exclude<keyof EnrollmentIndex, FlagFact>

/** One question about one fact: what a flag says, whether an instant is set, or whether it is after now. */
export type FactTest =
  | { fact: FlagFact; is: boolean }
  | { fact: InstantFact; is: 'set' | 'not-set' }
  | { fact: InstantFact; now: 'after' | 'not-after' }

/**
 * The one definition of the phases: the first row whose test holds wins, and the last has none. One test a row, so that
 * stores can ask for a phase as a plain row of conditions ({@link testsOf}). All intervals are half-open: at its deadline
 * a period is over.
 */
const PHASE_RULES: readonly { phase: Phase; when: FactTest }[] = [
  { phase: 'suspended', when: { fact: 'suspended', is: true } },
  { phase: 'enrolled', when: { fact: 'enrolledAt', is: 'set' } },
  { phase: 'exempt', when: { fact: 'exemptUntil', now: 'after' } },
  { phase: 'optional', when: { fact: 'required', is: false } },
  { phase: 'overdue', when: { fact: 'deadline', now: 'not-after' } },
  { phase: 'scheduled', when: { fact: 'startsAt', now: 'after' } },
]

/** The phases in the order in which they win. */
export const PHASES: readonly Phase[] = [...PHASE_RULES.map(({ phase }) => phase), 'enrollment-period']

/**
 * The phase that the facts mean at `now`: the one definition, which sign-in, reports and stores' filters share.
 *
 * @example
 * ```ts
 * const facts = { required: true, startsAt: 0, deadline: 1000, exemptUntil: null, suspended: false, enrolledAt: null }
 * console.log(phaseOf({ ...facts, lockedUntil: null, remindAt: null }, 999)) // enrollment-period
 * ```
 */
export function phaseOf(index: EnrollmentIndex, now: Instant): Phase {
  return PHASE_RULES.find(({ when }) => holds(when, index, now))?.phase ?? 'enrollment-period'
}

/** What has to hold of the facts for a phase, all of it: the tests of the phases that win over it fail, its own holds. */
export function testsOf(phase: Phase): readonly FactTest[] {
  const at = PHASES.indexOf(phase)
  const own = PHASE_RULES.slice(at, at + 1).map(({ when }) => when)
  return [...PHASE_RULES.slice(0, at).map(({ when }) => negated(when)), ...own]
}

function holds(test: FactTest, index: EnrollmentIndex, now: Instant): boolean {
  if ('now' in test) {
    const instant = index[test.fact]
    return (instant !== null && instant > now) === (test.now === 'after')
  }
  if (isFlag(test)) return index[test.fact] === test.is
  return (index[test.fact] !== null) === (test.is === 'set')
}

const OPPOSITE = { set: 'not-set', 'not-set': 'set', after: 'not-after', 'not-after': 'after' } as const

function negated(test: FactTest): FactTest {
  if ('now' in test) return { fact: test.fact, now: OPPOSITE[test.now] }
  if (isFlag(test)) return { fact: test.fact, is: !test.is }
  return { fact: test.fact, is: OPPOSITE[test.is] }
}

function isFlag(test: FactTest): test is { fact: FlagFact; is: boolean } {
  return 'is' in test && typeof test.is === 'boolean'
}
