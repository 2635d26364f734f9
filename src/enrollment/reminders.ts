import type { Instant } from '../totp/instant.js'
import { localDayBefore } from './calendar.js'
import { daysLeftAt } from './decision.js'
import type { ReminderPolicy } from './policy.js'
import { type EnrollmentRecord, isStored, type ReminderId, type Requirement } from './record.js'
import { fact, type Handlers, unwritten } from './step.js'
import { DAY_MS, instantAfter, reaches } from './time.js'

/** How many sent reminders a record remembers: more than there are days to remind on before any one deadline. */
const SENT_KEPT = 40

/**
 * The record that knows when its next reminder is due: in the past where one is due now, the end of a claim where there is
 * one, null where none will be. None is for a day gone by, nor while its user is enrolled, exempt, suspended or under no
 * requirement that has started. Of a user of whom nothing is stored nothing is worked out: it would make a record of it.
 */
export function withNextReminder(record: EnrollmentRecord, policy: ReminderPolicy, now: Instant): EnrollmentRecord {
  if (!isStored(record)) return record
  const at = claimedUntil(record, now) ?? nextReminder(record, policy, now)?.from ?? null
  return at === record.reminders.at ? record : { ...record, reminders: { ...record.reminders, at } }
}

/** Reminders: held by one process, sent, recorded. None of it makes a record of a user of whom nothing is stored. */
export const reminderHandlers: Handlers<'claim-reminder' | 'settle-reminder'> = {
  'claim-reminder': (record, { id }, { now, policy }) => {
    if (!isStored(record) || claimedUntil(record, now) !== null) return unwritten(record, { claimed: null })
    const next = nextReminder(record, policy.reminders, now)
    // What was due is not any more: the store is told when the next one is.
    if (next === null || next.from > now)
      return unwritten(withNextReminder(record, policy.reminders, now), { claimed: null })
    const { deadline, daysBefore } = next
    const claim = { id, deadline, daysBefore, until: instantAfter(now, policy.reminders.leaseMs) }
    return {
      record: { ...record, reminders: { ...record.reminders, claim } },
      facts: [],
      outcome: { claimed: { deadline, daysBefore, daysLeft: daysLeftAt(record, deadline, now) } },
    }
  },

  'settle-reminder': (record, { id, reminder, sent }) => {
    const { reminders } = record
    // The claim may have ended meanwhile, and be another's by now.
    const claim = reminders.claim?.id === id ? null : reminders.claim
    if (sent && isStored(record) && !wasSent(record, reminder)) {
      const { deadline, daysBefore } = reminder
      const after = { ...reminders, claim, sent: [...reminders.sent, { deadline, daysBefore }].slice(-SENT_KEPT) }
      return {
        record: { ...record, reminders: after },
        facts: [fact('reminder-sent', { deadline, daysBefore })],
        outcome: { recorded: true },
      }
    }
    if (claim === reminders.claim) return unwritten(record, { recorded: false })
    return { record: { ...record, reminders: { ...reminders, claim } }, facts: [], outcome: { recorded: false } }
  },
}

function claimedUntil({ reminders: { claim } }: EnrollmentRecord, now: Instant): Instant | null {
  return claim !== null && now < claim.until ? claim.until : null
}

function wasSent({ reminders }: EnrollmentRecord, { deadline, daysBefore }: ReminderId): boolean {
  return reminders.sent.some((one) => one.deadline === deadline && one.daysBefore === daysBefore)
}

/** The first reminder whose day is not over, and from when it is due. */
function nextReminder(
  record: EnrollmentRecord,
  { daysBefore }: ReminderPolicy,
  now: Instant,
): (ReminderId & { from: Instant }) | null {
  const { requirement, exemption, suspension, enrolledAt } = record
  if (requirement === null || suspension !== null || enrolledAt !== null) return null
  // Nobody is reminded of a period that does not run.
  const earliest = Math.max(requirement.startsAt ?? 0, exemption?.until ?? 0)
  for (const days of daysBefore) {
    const { from, to } = dayOf(requirement, days)
    const reminder = { deadline: requirement.deadline, daysBefore: days }
    const due = Math.max(from, earliest)
    if (now < to && due < to && !wasSent(record, reminder)) return { ...reminder, from: due }
  }
  return null
}

/**
 * The day on which a reminder is due: with a calendar the local day so many days before the deadline's, which is the day
 * of its last instant; else the 24 hours that begin so many days before it.
 */
function dayOf({ deadline, calendar }: Requirement, days: number): { from: Instant; to: Instant } {
  if (reaches(deadline, 0, calendar)) return localDayBefore(Math.max(0, deadline - 1), days, calendar.timeZone)
  const from = deadline - days * DAY_MS
  return { from: Math.max(0, from), to: from + DAY_MS }
}
