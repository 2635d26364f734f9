import type { LockState } from '../enrollment/locks.js'
import type { EnrollmentRecord } from '../enrollment/record.js'
import { type EnrollmentStatus, statusAt } from '../enrollment/status.js'
import type { EnrollmentDirectory, RolloutFilter } from '../ports/directory.js'
import type { Instant } from '../totp/instant.js'
import { everyPage } from './attempt.js'
import type { Parts } from './parts.js'

type Field = string | number | null | undefined

/** The columns in their order. Programs read them by it: new ones go to the end. */
const COLUMNS: Readonly<Record<string, (status: EnrollmentStatus, record: EnrollmentRecord) => Field>> = {
  user_id: ({ userId }) => userId,
  phase: ({ phase }) => phase,
  assigned_at: ({ requirement }) => dated(requirement?.assignedAt),
  starts_at: ({ requirement }) => dated(requirement?.startsAt),
  deadline: ({ requirement }) => dated(requirement?.deadline),
  days_left: ({ requirement }) => requirement?.daysLeft,
  deadline_because: ({ requirement }) => requirement && becauseOf(requirement),
  self_enrollment: ({ requirement }) => requirement?.selfEnrollment,
  postponements_left: ({ requirement }) => requirement?.postponementsLeft,
  exempt_until: ({ exemption }) => dated(exemption?.until),
  exemption_reason: ({ exemption }) => exemption?.reason,
  enrolled_at: (_, { enrolledAt }) => dated(enrolledAt),
  authenticators: ({ authenticators }) => authenticators.length,
  last_used_at: ({ authenticators }) => dated(latestOf(authenticators)),
  recovery_codes_left: ({ recoveryCodesLeft }) => recoveryCodesLeft,
  authenticator_lock: ({ lock }) => lockInWords(lock.totp),
  recovery_lock: ({ lock }) => lockInWords(lock.recovery),
}

/**
 * A report as CSV (RFC 4180), the heading first and then some rows at a time: what `Rollout.exportCsv` gives. The filter
 * has been read.
 */
export async function* exportCsv(
  parts: Parts,
  directory: EnrollmentDirectory,
  filter: RolloutFilter,
): AsyncGenerator<string> {
  yield rowOf(Object.keys(COLUMNS))
  const columns = Object.values(COLUMNS)
  for await (const { records, now } of everyPage(parts, directory, filter)) {
    yield records
      .map((record) => {
        const status = statusAt(record, now)
        return rowOf(columns.map((column) => column(status, record)))
      })
      .join('')
  }
}

function rowOf(fields: readonly Field[]): string {
  return `${fields.map((field) => `"${plain(`${field ?? ''}`).replaceAll('"', '""')}"`).join(',')}\r\n`
}

/**
 * Text that no spreadsheet takes for a formula (CWE-1236): an apostrophe is put before what could begin one, and before
 * apostrophes that stand there by themselves, so that taking one away gives back what there was.
 */
function plain(text: string): string {
  return /^'*[=+\-@\t\r\n]/.test(text) ? `'${text}` : text
}

function dated(instant: Instant | null | undefined): string | null {
  return typeof instant === 'number' ? new Date(instant).toISOString() : null
}

function becauseOf({ because }: NonNullable<EnrollmentStatus['requirement']>): string {
  return because
    .filter(({ outcome }) => outcome === 'applied')
    .map(({ source, text }) => `${source}: ${text}`)
    .join('; ')
}

function latestOf(authenticators: EnrollmentStatus['authenticators']): Instant | null {
  const used = authenticators.flatMap(({ lastUsedAt }) => lastUsedAt ?? [])
  return used.length === 0 ? null : Math.max(...used)
}

function lockInWords(lock: LockState): string {
  return lock.state === 'locked' ? `locked until ${dated(lock.until)}` : lock.state
}
