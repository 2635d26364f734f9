/** What the stores in SQL share: phases, filters and pages as text, and what comes back as records and events. */
export { everySql, FACT_COLUMNS, standingConditions } from './conditions.js'
export { NUMBERED, QUESTION_MARKS, type SqlQuery } from './dialect.js'
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
