import type { EnrollmentStatus, Phase } from 'leeway'
import type { IconName } from './icons.js'
import { briefDay, briefLastDay, lastDay, moment, timeLeft } from './words.js'

/** What each phase is called, and the drawing beside it; in the order of a roll-out. */
export const PHASES: Record<Phase, { name: string; icon: IconName }> = {
  enrolled: { name: 'Set up', icon: 'shield' },
  'enrollment-period': { name: 'Has time', icon: 'clock' },
  overdue: { name: 'Overdue', icon: 'alert' },
  scheduled: { name: 'Starts later', icon: 'calendar' },
  exempt: { name: 'Exempt', icon: 'key' },
  suspended: { name: 'Suspended', icon: 'pause' },
  optional: { name: 'Optional', icon: 'dash' },
}

export const isPhase = (text: string): text is Phase => text in PHASES

/** Where somebody stands, in a sentence. */
export function phaseWords({ phase, requirement, exemption, authenticators }: EnrollmentStatus, now: number): string {
  const deadline = requirement === null ? '' : lastDay(requirement.deadline)
  switch (phase) {
    case 'enrolled':
      return authenticators.length === 1
        ? 'Has set up: one authenticator.'
        : `Has set up: ${authenticators.length} authenticators.`
    case 'enrollment-period':
      if (requirement === null) return ''
      return requirement.startsAt === null
        ? `Has not signed in yet. The time to set up begins then, and ends ${deadline} at the latest.`
        : `Has time to set up: ${timeLeft(requirement.deadline, now)}, until ${deadline}.`
    case 'overdue':
      return `The time to set up ended: ${deadline}. At the next sign-in, set-up comes first.`
    case 'scheduled':
      return requirement?.startsAt
        ? `The time to set up begins ${moment(requirement.startsAt)} and ends ${deadline}.`
        : ''
    case 'exempt':
      return exemption === null ? '' : `Exempt until ${moment(exemption.until)}: ${exemption.reason}`
    case 'suspended':
      return 'Suspended: nobody can sign in with this account, and the time to set up stands still.'
    case 'optional':
      return 'Two-step sign-in is not required.'
  }
}

/** The date that matters, for a table. */
export function briefDate({ phase, requirement, exemption }: EnrollmentStatus): string {
  if (phase === 'exempt' && exemption !== null) return `exempt until ${briefDay(exemption.until - 1)}`
  if (requirement === null || phase === 'enrolled') return '–'
  return briefLastDay(requirement.deadline)
}
