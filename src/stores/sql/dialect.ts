/** In what the SQL of databases differs here. Column names are the same in all of them, and need no quoting. */
export interface SqlDialect {
  /** how a statement names its parameter of this position, from 1: `$1`, or `?` whatever the position */
  parameter(position: number): string
  /** that the column of a flag is true, or false */
  flag(column: string, is: boolean): string
}

/** A statement with its parameters, in the order of their positions. Instants and limits are in the text. */
export interface SqlQuery {
  text: string
  parameters: readonly string[]
}

/** Databases that keep flags as 0 and 1 and name no parameter: SQLite, MySQL and MariaDB. */
export const QUESTION_MARKS: SqlDialect = {
  parameter: () => '?',
  flag: (column, is) => `${column} = ${is ? 1 : 0}`,
}

/** Databases with booleans and numbered parameters: PostgreSQL and those that speak as it does. */
export const NUMBERED: SqlDialect = {
  parameter: (position) => `$${position}`,
  flag: (column, is) => (is ? column : `NOT ${column}`),
}
