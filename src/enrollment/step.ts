import type { Circumstances } from './circumstances.js'
import type { Command, CommandType, Outcome, Question } from './commands.js'
import { passRequiredAt } from './decision.js'
import type { EnrollmentEvent, EnrollmentEventType } from './events.js'
import type { EnrollmentRecord, Requirement } from './record.js'
import type { Note } from './user.js'

/** An event before it has its place in the user's sequence. */
export interface Fact {
  type: EnrollmentEventType
  details: EnrollmentEvent['details']
  note: Note
}

/** What a handler decides: the very record it was given where nothing is to be written. */
export interface Step<Decision> {
  record: EnrollmentRecord
  facts: readonly Fact[]
  outcome: Decision
}

/** Decides one kind of command, or asks what it must know first. */
export type Handler<Type extends CommandType> = (
  record: EnrollmentRecord,
  command: Command<Type> & { type: Type },
  circumstances: Circumstances,
) => Step<Outcome<Type>> | Question<Step<Outcome<Type>>>

/** A handler for each of these kinds of command. */
export type Handlers<Type extends CommandType = CommandType> = { [One in Type]: Handler<One> }

/** One fact for the audit trail; `note` is an administrator's. */
export function fact(type: EnrollmentEventType, details: EnrollmentEvent['details'] = {}, note: Note = {}): Fact {
  return { type, details, note }
}

/** A step that tells nothing; nor does it write anything, where the record is the one that was given. */
export function unwritten<Decision>(record: EnrollmentRecord, outcome: Decision): Step<Decision> {
  return { record, facts: [], outcome }
}

/** A step that found nothing to do. */
export function unchanged(record: EnrollmentRecord): Step<{ changed: boolean }> {
  return unwritten(record, { changed: false })
}

/** A step that did what an administrator asked for. */
export function changed(record: EnrollmentRecord, ...facts: readonly Fact[]): Step<{ changed: boolean }> {
  return { record, facts, outcome: { changed: true } }
}

/** The record with another requirement. Where the period's clock is stopped, it is so from now on. */
export function withRequirement(
  record: EnrollmentRecord,
  requirement: Requirement | null,
  now: number,
): EnrollmentRecord {
  return underItsTerms({ ...record, requirement, suspension: record.suspension && { stoppedAt: now } }, now)
}

/**
 * The record under terms that were changed by hand. Where set-up needs a pass now, one that was begun with the password
 * alone has ended: it may be why a pass is asked for.
 */
export function underItsTerms(record: EnrollmentRecord, now: number): EnrollmentRecord {
  const ends = record.setup !== null && !record.setup.proven && passRequiredAt(record, now)
  return ends ? { ...record, setup: null } : record
}

/** The dates of a requirement, as events tell them. */
export function datesOf(requirement: Requirement | null): { startsAt: number | null; deadline: number | null } {
  return { startsAt: requirement?.startsAt ?? null, deadline: requirement?.deadline ?? null }
}

/** What a change did to the totals that reports count, for the details of its event: only what it did change. */
export function flips(before: EnrollmentRecord, after: EnrollmentRecord): { enrolled?: boolean; required?: boolean } {
  const enrolled = after.enrolledAt !== null
  const required = after.requirement !== null
  return {
    ...((before.enrolledAt !== null) !== enrolled && { enrolled }),
    ...((before.requirement !== null) !== required && { required }),
  }
}

/** The fact that a deadline was moved. */
export function movedFact(requirement: Requirement, previous: Requirement, note: Note): Fact {
  return fact('deadline-changed', { ...datesOf(requirement), previousDeadline: previous.deadline }, note)
}

/** The fact that a requirement stands from now on, and what that did to the deadline. */
export function assignedFact(requirement: Requirement, previous: Requirement | null, note: Note = {}): Fact {
  const { selfEnrollment, postponements } = requirement
  const details = {
    ...datesOf(requirement),
    previousDeadline: previous?.deadline ?? null,
    selfEnrollment,
    postponements,
  }
  return fact('requirement-assigned', previous === null ? { ...details, required: true } : details, note)
}

/** The record once sessions made before `now` must sign in again. Never moved back, whatever the clock does. */
export function endingSessions(record: EnrollmentRecord, now: number): EnrollmentRecord {
  return { ...record, sessionsValidFrom: Math.max(record.sessionsValidFrom ?? 0, now) }
}
