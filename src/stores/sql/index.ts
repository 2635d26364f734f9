/** What the stores in SQL share: phases, filters and pages as text, and what comes back as records and events. */
export { everySql, FACT_COLUMNS, standingConditions } from './conditions.js'
export { MYSQL, NUMBERED, SQLITE, type SqlQuery } from './dialect.js'
export { type MovementRow, movementColumns, movementsOf } from './movements.js'
export {
  type PruneStep,
  type PruningRow,
  prunableSql,
  prunedBeforeOf,
  prunedBeforeSql,
  pruneInSteps,
  UNDONE,
} from './pruning.js'
export {
  type CountRow,
  countsOf,
  countsSql,
  type DeadlineRow,
  type DueRow,
  deadlinesOf,
  deadlinesSql,
  dueOf,
  dueQuery,
  historyQuery,
  listQuery,
  type TotalsRow,
  totalsOf,
  totalsSql,
} from './queries.js'
export { eventOf, type RecordRow, storedOf } from './rows.js'
