import type { Errors, Form } from '../form.js'
import { DAY, dateValue, endOfDay, TIME_ZONE } from '../views/words.js'

/** The days that are offered; another number and a date are as good. */
export const PRESETS = [1, 2, 7, 14, 30, 90] as const

/** What the form for terms has in its fields. */
export interface TermsFields {
  /** a preset, 'days', 'date' or 'none' */
  period: string
  days: string
  date: string
  start: string
  startDate: string
  selfEnrollment: string
  postponements: string
  kind: boolean
  applyTo: string
  reason: string
}

export const DEFAULTS: TermsFields = {
  period: '14',
  days: '',
  date: '',
  start: 'now',
  startDate: '',
  selfEnrollment: 'always',
  postponements: '',
  kind: true,
  applyTo: 'new',
  reason: '',
}

export function readFields(form: Form): TermsFields {
  const names = [
    'period',
    'days',
    'date',
    'start',
    'startDate',
    'selfEnrollment',
    'postponements',
    'applyTo',
    'reason',
  ] as const
  const texts = Object.fromEntries(names.map((name) => [name, form.text(name).trim()])) as Omit<TermsFields, 'kind'>
  return { ...texts, kind: form.text('kind') === 'yes' }
}

/** An assignment as the API under /mfa takes it, or what is wrong with the fields. */
export function readAssignment(fields: TermsFields, now: number): { assignment: object } | { errors: Errors } {
  const errors: Record<string, string> = {}
  const startsAt = fields.start === 'date' ? readStart(fields.startDate, errors) : null
  const period = readPeriod(fields, startsAt, now, errors)
  const postponements = fields.postponements === '' ? null : Number(fields.postponements)
  if (postponements !== null && !(Number.isInteger(postponements) && postponements >= 0 && postponements <= 1000)) {
    errors['postponements'] = 'Type a whole number from 0 to 1000, or leave it empty.'
  }
  if (fields.reason.length > 1000) errors['reason'] = 'At most 1000 characters.'
  if (Object.keys(errors).length > 0) return { errors }
  const { selfEnrollment, applyTo, reason } = fields
  return {
    assignment: {
      terms: { period, selfEnrollment, ...(postponements !== null && { postponements }) },
      applyTo,
      ...(reason && { reason }),
    },
  }
}

function readPeriod(
  fields: TermsFields,
  startsAt: number | null,
  now: number,
  errors: Record<string, string>,
): unknown {
  if (fields.period === 'none') return 'none'
  const start = startsAt === null ? fields.start : new Date(startsAt).toISOString()
  if (fields.period === 'date') {
    const deadline = readDate(fields.date, 'date', errors)
    if (deadline !== null && deadline <= now) errors['date'] = 'That day is over. Choose a later one.'
    if (start === 'first-sign-in') errors['start'] = 'A date stands whenever they sign in first: choose another start.'
    if (deadline !== null && startsAt !== null && startsAt >= deadline)
      errors['startDate'] = 'It has to begin before it ends.'
    return deadline === null ? null : { deadline: new Date(deadline).toISOString(), start }
  }
  const days = Number(fields.period === 'days' ? fields.days : fields.period)
  if (!Number.isInteger(days) || days < 1 || days > 365) errors['days'] = 'Type a whole number of days, from 1 to 365.'
  const calendar = { timeZone: TIME_ZONE, avoid: ['saturday', 'sunday'] }
  return { days, start, ...(fields.kind && { calendar }) }
}

/** The end of a local day. */
function readDate(text: string, name: string, errors: Record<string, string>): number | null {
  const end = endOfDay(text)
  if (end === null) errors[name] = 'Choose a day.'
  return end
}

/** Its beginning, which is the end of the day before. */
function readStart(text: string, errors: Record<string, string>): number | null {
  const end = readDate(text, 'startDate', errors)
  // Days may have 23 or 25 hours: from the end of one, 36 hours back is within the day before.
  return end === null ? null : endOfDay(dateValue(end - 1.5 * DAY))
}
