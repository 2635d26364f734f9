/** What SQLite is given and gives back here. Truth is 0 or 1: a boolean is refused by some drivers and crashes another. */
export type SqliteValue = string | number | null

/**
 * What a driver takes for a parameter; leeway gives it {@link SqliteValue}s alone. It is `any`: the drivers' own types allow
 * for statements that take one object and no null, which TypeScript before 6 would compare with.
 */
type SqliteParameter = ReturnType<typeof JSON.parse>

/** A prepared statement, as libsql, better-sqlite3 and node:sqlite have it. */
export interface SqliteStatement {
  /** Runs it, and tells how many rows it changed. */
  run(...parameters: SqliteParameter[]): { changes: number | bigint }
  /** The first row; undefined or null where there is none. */
  get(...parameters: SqliteParameter[]): unknown
  /** Every row. */
  all(...parameters: SqliteParameter[]): unknown[]
}

/**
 * An open connection of a synchronous driver: `libsql`, `better-sqlite3` (7.5 or later), `node:sqlite` (Node 22.5 or
 * later), with SQLite 3.37 or later. Open one for leeway alone: a transaction that the host has open on it would take
 * leeway's writes along when it rolls back.
 */
export interface SqliteDatabase {
  /** Runs one or more statements that answer nothing. */
  exec(sql: string): unknown
  /** Compiles a statement, to be run again and again. */
  prepare(sql: string): SqliteStatement
  /** libsql and better-sqlite3 tell here whether a transaction is open */
  readonly inTransaction?: boolean | undefined
  /** node:sqlite tells here */
  readonly isTransaction?: boolean | undefined
  /** libsql and better-sqlite3 say false here once closed; in node:sqlite it is a method */
  readonly open?: unknown
}
