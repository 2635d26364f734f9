import type { DueReminder, Totals } from '../../ports/directory.js'
import {
  type Condition,
  type EnrollmentIndex,
  endOfPrefix,
  type Instant,
  isFlag,
  meets,
  PHASES,
  type Phase,
  phaseOf,
  STOPPABLE,
} from '../../record/conditions.js'

/** A range of the index: from the first to before the second, as ZLEXCOUNT takes them. */
export type IndexRange = readonly [from: string, to: string]

/** The facts by their position in what is stored; new ones go to the end. */
const FLAGS = ['required', 'suspended'] as const
const INSTANTS = ['startsAt', 'deadline', 'exemptUntil', 'enrolledAt', 'lockedUntil', 'remindAt'] as const
const FACTS: readonly (keyof EnrollmentIndex)[] = [...FLAGS, ...INSTANTS]

/** What phases are called in the index. Stored: never reused for another. */
const LETTERS: Record<Phase, string> = {
  suspended: 'u',
  enrolled: 'e',
  exempt: 'x',
  optional: 'o',
  overdue: 'd',
  scheduled: 's',
  'enrollment-period': 'p',
}
/** The facts as text: each followed by a comma, nothing where it is null. */
export function packFacts(index: EnrollmentIndex): string {
  return [...FLAGS.map((flag) => Number(index[flag])), ...INSTANTS.map((instant) => index[instant] ?? '')]
    .map((fact) => `${fact},`)
    .join('')
}

/** The facts again. */
export function unpackFacts(text: string): EnrollmentIndex {
  const facts = text.split(',')
  const flags = FLAGS.map((flag, at) => [flag, facts[at] === '1'])
  const instants = INSTANTS.map((instant, at) => {
    const fact = facts[FLAGS.length + at]
    return [instant, fact ? Number(fact) : null]
  })
  return Object.fromEntries([...flags, ...instants])
}

/**
 * What is counted and looked for of a user, as members of the index, each to be followed by the user id:
 *
 * - `f`, the first phase, and whether the user is required (0 or 1) and enrolled (0 or 1)
 * - `p`, the phase before, the phase after, since when: one for each further phase that the facts lead through, all known
 *   at once, so that the users in a phase at any moment are those who have come into it less those who have left it
 * - `d`, the deadline, where it can still stop somebody
 * - `l`, until when the user is locked
 * - `r`, when a reminder is due
 */
export function stepsOf(index: EnrollmentIndex): readonly string[] {
  let letter = LETTERS[phaseOf(index, 0)]
  const steps = [`f${letter}${Number(index.required)}${Number(index.enrolledAt !== null)}`]
  // A phase turns only at an instant among the facts.
  const turns = INSTANTS.flatMap((instant) => index[instant] ?? []).sort((one, other) => one - other)
  for (const turn of turns) {
    const next = LETTERS[phaseOf(index, turn)]
    if (next !== letter) steps.push(`p${letter}${next}${padded(turn)}`)
    letter = next
  }
  if (index.deadline !== null && STOPPABLE.every((condition) => meets(index, condition))) {
    steps.push(`d${padded(index.deadline)}`)
  }
  if (index.lockedUntil !== null) steps.push(`l${padded(index.lockedUntil)}`)
  if (index.remindAt !== null) steps.push(`r${padded(index.remindAt)}`)
  return steps
}

/** The ranges that count a phase at `now`: those that have come into it, and those that have left it. */
export function phaseRanges(phase: Phase, now: Instant): { into: readonly IndexRange[]; outOf: readonly IndexRange[] } {
  const others = PHASES.filter((other) => other !== phase).map((other) => LETTERS[other])
  const letter = LETTERS[phase]
  const until = (kind: string): IndexRange => [`[${kind}`, `(${kind}${padded(now + 1)}`]
  return {
    into: [beginningWith(`f${letter}`), ...others.map((other) => until(`p${other}${letter}`))],
    outOf: others.map((other) => until(`p${letter}${other}`)),
  }
}

/** The ranges that count whoever is enrolled, and of whom MFA is required, whatever the phase. */
export function totalsRanges(): Record<keyof Totals, readonly IndexRange[]> {
  const firsts = PHASES.map((phase) => `f${LETTERS[phase]}`)
  return {
    enrolled: firsts.flatMap((first) => [beginningWith(`${first}01`), beginningWith(`${first}11`)]),
    required: firsts.map((first) => beginningWith(`${first}1`)),
  }
}

/** The range that counts who is locked at `now`. */
export function lockedRange(now: Instant): IndexRange {
  return [`[l${padded(now + 1)}`, '(m']
}

/** The range that counts the deadlines from one instant to before another. */
export function deadlineRange(from: Instant, to: Instant): IndexRange {
  return [`[d${padded(from)}`, `(d${padded(to)}`]
}

/** The range of the reminders that are due at `now`, after one of them: in the order that they are asked for in. */
export function dueRange(now: Instant, after: DueReminder | null): IndexRange {
  const from = after === null ? '[r' : `(r${padded(after.remindAt)}${after.userId}`
  return [from, `(r${padded(now + 1)}`]
}

/** The reminder that a member of the index is. */
export function parseReminder(member: string): DueReminder {
  return { userId: member.slice(17), remindAt: Number(member.slice(1, 17)) }
}

/** A condition as the scripts take it: the position of its fact, from 1, its kind and its instant. */
export function packCondition(condition: Condition): readonly string[] {
  const position = `${FACTS.indexOf(condition.fact) + 1}`
  if (isFlag(condition)) return [position, 'is', `${Number(condition.is)}`]
  return [position, condition.is, 'than' in condition ? `${condition.than}` : '']
}

function beginningWith(prefix: string): IndexRange {
  return [`[${prefix}`, `(${endOfPrefix(prefix)}`]
}

/** Sixteen digits hold every instant, and compare as text as the numbers do. */
export function padded(instant: Instant): string {
  return `${instant}`.padStart(16, '0')
}
