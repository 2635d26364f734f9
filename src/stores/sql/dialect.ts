/** In what the SQL of databases differs here. Column names are the same in all of them, and need no quoting. */
export interface SqlDialect {
  /** how a statement names its parameter of this position, from 1: `$1`, or `?` whatever the position */
  parameter(position: number): string
  /** that the column of a flag is true, or false */
  flag(column: string, is: boolean): string
  /** that an event changed the totals, or that it did not, as the events' indexes have it */
  moved(is: boolean): string
  /** that two columns come after two values, in a form of which the planner makes one range of an index */
  after(columns: readonly [string, string], values: readonly [string, string]): string
}

/** A statement with its parameters, in the order of their positions. Instants and limits are in the text. */
export interface SqlQuery {
  text: string
  parameters: readonly string[]
}

/** Where indexes may be partial, and comparing rows is finding a place in one. */
const USUAL: Pick<SqlDialect, 'moved' | 'after'> = {
  moved: (is) => `enrolled IS ${is ? 'NOT ' : ''}NULL`,
  after: ([first, second], [one, other]) => `(${first}, ${second}) > (${one}, ${other})`,
}

/** SQLite keeps flags as 0 and 1, and names no parameter. */
export const SQLITE: SqlDialect = {
  parameter: () => '?',
  flag: (column, is) => `${column} = ${is ? 1 : 0}`,
  ...USUAL,
}

/** MySQL and MariaDB, which have no partial indexes, and see ranges in alternatives but not in a comparison of rows. */
export const MYSQL: SqlDialect = {
  ...SQLITE,
  moved: (is) => `moved = ${is ? 1 : 0}`,
  after: ([first, second], [one, other]) => `(${first} > ${one} OR ${first} = ${one} AND ${second} > ${other})`,
}

/** Databases with booleans and numbered parameters: PostgreSQL and those that speak as it does. */
export const NUMBERED: SqlDialect = {
  parameter: (position) => `$${position}`,
  flag: (column, is) => (is ? column : `NOT ${column}`),
  ...USUAL,
}
