import { assertInstant } from '../../assert.js'
import {
  type Condition,
  type EnrollmentIndex,
  type Instant,
  lockCondition,
  PHASES,
  type Phase,
  phaseConditions,
} from '../../record/conditions.js'
import type { SqlDialect } from './dialect.js'

/** The column of each fact, in the order in which every statement has them. */
export const FACT_COLUMNS: Readonly<Record<keyof EnrollmentIndex, string>> = {
  required: 'required',
  startsAt: 'starts_at',
  deadline: 'deadline',
  exemptUntil: 'exempt_until',
  suspended: 'suspended',
  enrolledAt: 'enrolled_at',
  lockedUntil: 'locked_until',
  remindAt: 'remind_at',
}

/**
 * A condition on a fact as SQL. Its instant stands in the text, where planners can weigh it; it is checked first, so that
 * nothing but a number gets there.
 */
function conditionSql(condition: Condition, dialect: SqlDialect, isSet = false): string {
  const column = FACT_COLUMNS[condition.fact]
  if (typeof condition.is === 'boolean') return dialect.flag(column, condition.is)
  if (!('than' in condition)) return `${column} ${condition.is === 'set' ? 'IS NOT NULL' : 'IS NULL'}`
  const comparison = `${column} ${COMPARISONS[condition.is]} ${instantSql(condition.than)}`
  // Compared with NULL nothing holds, and its opposite does not either.
  return condition.is === 'not-after' && !isSet ? `(${column} IS NULL OR ${comparison})` : comparison
}

const COMPARISONS = { after: '>', 'not-after': '<=', before: '<', 'not-before': '>=' } as const

/**
 * The conditions that have to hold together, each as SQL. Who is required to enroll has a deadline: it is compared without
 * a look for NULL, as PostgreSQL answers a comparison from the index, but fetches every row for an OR.
 */
export function termsSql(conditions: readonly Condition[], dialect: SqlDialect): string[] {
  const isRequired = conditions.some(({ fact, is }) => fact === 'required' && is === true)
  return conditions.map((condition) => conditionSql(condition, dialect, isRequired && condition.fact === 'deadline'))
}

/** All of the conditions, for a WHERE clause or the predicate of an index. There has to be one at least. */
export function everySql(conditions: readonly Condition[], dialect: SqlDialect): string {
  return termsSql(conditions, dialect).join(' AND ')
}

/** The phase of a row at `now`, as text: rows of conditions, of which the first that holds wins. */
export function phaseSql(now: Instant, dialect: SqlDialect): string {
  const rules = PHASES.slice(0, -1).map((phase) => {
    // Those of the phases before have failed where a CASE gets this far; its own is the last.
    const own = phaseConditions(phase, now).slice(-1)
    return `WHEN ${everySql(own, dialect)} THEN '${phase}'`
  })
  return `CASE ${rules.join(' ')} ELSE '${PHASES.at(-1)}' END`
}

/** That either factor of a row is locked or disabled at `now`. */
export function lockedSql(now: Instant, dialect: SqlDialect): string {
  return conditionSql(lockCondition(true, now), dialect)
}

/**
 * What a phase asks whatever the time: the predicate of an index that lists of the phase can use at every instant.
 * 'overdue', 'scheduled' and 'enrollment-period' have the same.
 */
export function standingConditions(phase: Phase): readonly Condition[] {
  return phaseConditions(phase, 0).filter((condition) => !('than' in condition))
}

/** An instant as a literal of SQL. */
export function instantSql(instant: Instant): string {
  assertInstant(instant, 'an instant')
  return String(instant)
}
