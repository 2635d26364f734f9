import type { EnrollmentEvent } from 'leeway'
import { lastDay, many, moment } from './words.js'

/** What happened, in words that fit whoever reads them: the user himself or an administrator. */
export function eventWords({ type, details }: EnrollmentEvent): string {
  const date = (name: string) => {
    const value = details[name]
    return typeof value === 'number' ? lastDay(value) : 'no date'
  }
  const count = (name: string) => Number(details[name] ?? 0)
  const method = details['method'] === 'recovery-code' ? 'Recovery codes' : 'Codes'
  switch (type) {
    case 'requirement-assigned':
      return `Two-step sign-in became required. Time to set it up: until ${date('deadline')}`
    case 'first-sign-in':
      return 'First sign-in'
    case 'period-started':
      return `The time to set up began with this sign-in. It ends ${date('deadline')}`
    case 'deadline-changed':
      return `The deadline moved from ${date('previousDeadline')} to ${date('deadline')}`
    case 'exempted':
      return details['until'] === null ? 'An exemption ended' : `Exempt until ${moment(count('until'))}`
    case 'made-optional':
      return 'Two-step sign-in became optional'
    case 'suspended':
      return 'The account was suspended; the time to set up stands still'
    case 'resumed':
      return 'The account was opened again; the time to set up runs on'
    case 'mfa-reset':
      return 'All authenticators and recovery codes were removed'
    case 'setup-begun':
      return 'Set-up was begun'
    case 'setup-cancelled':
      return 'Set-up was cancelled'
    case 'setup-failed':
      return 'A wrong code during set-up'
    case 'setup-postponed':
      return details['postponementsLeft'] === null
        ? 'Set-up was put off'
        : `Set-up was put off; that is possible ${many(count('postponementsLeft'), 'more time', 'more times')}`
    case 'pass-issued':
      return `A pass for set-up was issued, good until ${moment(count('expiresAt'))}`
    case 'pass-used':
      return 'The pass for set-up was used'
    case 'pass-rejected':
      return 'A wrong pass for set-up'
    case 'authenticator-bound':
      return 'An authenticator was added'
    case 'authenticator-renamed':
      return 'An authenticator was renamed'
    case 'authenticator-removed':
      return 'An authenticator was removed'
    case 'authenticator-imported':
      return 'An authenticator was brought over from another system'
    case 'recovery-codes-replaced':
      return 'The recovery codes were made anew'
    case 'code-accepted':
      return 'A code of an authenticator was accepted'
    case 'code-rejected':
      return 'A wrong code'
    case 'code-replayed':
      return 'A code that had been used already'
    case 'recovery-code-used':
      return `A recovery code was used; ${count('recoveryCodesLeft')} are left`
    case 'recovery-code-rejected':
      return 'A wrong recovery code'
    case 'locked':
      return `${method} were locked after wrong ones, until ${moment(count('until'))}`
    case 'disabled':
      return `${method} were switched off after too many wrong ones`
    case 'unlocked':
      return 'Locks were lifted'
    case 'reminder-sent':
      return `A reminder was sent, ${many(count('daysBefore'), 'day')} before the deadline`
    case 'secret-resealed':
      return 'Stored secrets were sealed with a newer key'
  }
}
