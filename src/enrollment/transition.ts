import { accessHandlers } from './access.js'
import { adminHandlers } from './admin.js'
import type { Circumstances, Setting } from './circumstances.js'
import type { Command, CommandType, Outcome, Question } from './commands.js'
import type { EnrollmentEvent } from './events.js'
import { countedUntil, withinGrant } from './granted.js'
import { type EnrollmentRecord, emptyRecord } from './record.js'
import { reminderHandlers, withNextReminder } from './reminders.js'
import { newRequirement } from './requirement.js'
import { setupHandlers } from './setup.js'
import { assignedFact, type Fact, type Handler, type Handlers, type Step } from './step.js'

/** A decided command. */
export interface Decided<Type extends CommandType> {
  /** what to write; null: nothing, and then nothing has changed */
  record: EnrollmentRecord | null
  /** stored with the record; where there is none, only told */
  events: readonly EnrollmentEvent[]
  outcome: Outcome<Type>
}

const handlers: Handlers = { ...adminHandlers, ...accessHandlers, ...setupHandlers, ...reminderHandlers }

/**
 * What a command makes of a record: decided at once, or a question whose answer decides it. Pure: a function of its
 * arguments that mutates none of them; it reads no clock, draws no randomness and sees no code or secret.
 *
 * `stored` is null for a user of whom nothing is stored. The policy's terms for new users are then assigned with the first
 * command that writes, unless it says itself what is required.
 */
export function transition<Type extends CommandType>(
  stored: EnrollmentRecord | null,
  command: Command<Type> & { type: Type },
  circumstances: Circumstances,
): Decided<Type> | Question<Decided<Type>> {
  const record =
    command.type === 'require-enrollment'
      ? (stored ?? emptyRecord(circumstances.userId))
      : recordAt(stored, circumstances)
  const decide = (step: Step<Outcome<Type>>): Decided<Type> => {
    const written = step.record !== record
    const assigned = written && stored === null && command.type !== 'make-optional' ? newUserFacts(record) : []
    const events = eventsOf(record, [...assigned, ...step.facts], circumstances)
    return {
      record: written ? completed(record, step.record, events.length, circumstances) : null,
      events,
      outcome: step.outcome,
    }
  }
  const handle: Handler<Type> = handlers[command.type]
  const step = handle(record, command, circumstances)
  if (!('ask' in step)) return decide(step)
  // The question stays the same and so does what it takes for an answer; only what the answer leads to is completed.
  const answer = step.answer as (finding: unknown) => Step<Outcome<Type>>
  return { ...step, answer: (finding: unknown) => decide(answer(finding)) } as Question<Decided<Type>>
}

/** What is worked out of every record that is written, whatever wrote it. */
function completed(
  before: EnrollmentRecord,
  after: EnrollmentRecord,
  events: number,
  { now, policy }: Circumstances,
): EnrollmentRecord {
  const counted = countedUntil(before, after, now)
  return withNextReminder({ ...counted, eventCount: before.eventCount + events }, policy.reminders, now)
}

/** The record that reads are made of: for a user of whom nothing is stored, what it would be now. */
export function recordAt(stored: EnrollmentRecord | null, { userId, now, policy }: Setting): EnrollmentRecord {
  if (stored !== null) return stored
  const empty = emptyRecord(userId)
  if (policy.newUsers === 'optional') return empty
  const requirement = withinGrant(empty, newRequirement(policy.newUsers, { now }), { now, policy })
  // The period may count from a date gone by, before which it ran for nobody who is new.
  return { ...empty, requirement, granted: { usedMs: 0, countedTo: now } }
}

function newUserFacts(record: EnrollmentRecord): readonly Fact[] {
  return record.requirement === null ? [] : [assignedFact(record.requirement, null)]
}

function eventsOf(
  { eventCount }: EnrollmentRecord,
  facts: readonly Fact[],
  { userId, now, stamp }: Circumstances,
): readonly EnrollmentEvent[] {
  return facts.map(({ type, details, note }, at) => ({
    id: `${String(eventCount + at + 1).padStart(12, '0')}-${stamp}`,
    type,
    userId,
    at: now,
    actor: note.actor ?? null,
    reason: note.reason ?? null,
    details,
  }))
}
