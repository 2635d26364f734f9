/** What the stores in SQL share: phases, filters and pages as text, and what comes back as records and events. */
export { conditionSql, everySql, FACT_COLUMNS, lockedSql, phaseSql, standingConditions } from './conditions.js'
export { NUMBERED, QUESTION_MARKS, type SqlDialect, type SqlQuery } from './dialect.js'
export {
  type CountRow,
  countsOf,
  countsSql,
  type DeadlineRow,
  deadlinesOf,
  deadlinesSql,
  historyQuery,
  listQuery,
} from './queries.js'
export { eventOf, type RecordRow, storedOf } from './rows.js'
