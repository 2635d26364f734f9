/** What the drivers below answer a statement with. */
export interface PostgresRows {
  rows: readonly unknown[]
}

/** The `Pool` of `pg`: each statement gets a connection of its own for as long as it runs. */
export interface PgPool {
  /** Runs a statement with its parameters. */
  query(text: string, values?: unknown[]): Promise<PostgresRows>
  /** A connection of one's own; here it tells a pool or client from other drivers, and is never called. */
  connect(): Promise<unknown>
  readonly totalCount: number
}

/**
 * A connected `Client` of `pg`. Hand in one that leeway has to itself: a transaction that the host has open on it would
 * take leeway's writes along when it rolls back.
 */
export interface PgClient extends Omit<PgPool, 'totalCount'> {
  /** pg tells here whether a transaction is open: `T`, or `E` when it has failed */
  getTransactionStatus?(): string | null
}

/** A `PGlite` of `@electric-sql/pglite`. */
export interface Pglite {
  /** Runs a statement with its parameters. */
  query(text: string, parameters: unknown[]): Promise<PostgresRows>
  /** Runs several statements. */
  exec(text: string): Promise<unknown>
  /** Whether a transaction is open. */
  isInTransaction(): boolean
}

/** The `sql` of `postgres`, by porsager: all of it, not one reserved connection or one transaction. */
export interface PostgresSql {
  /** Runs a statement that is text, with its parameters. */
  unsafe(text: string, parameters?: string[], options?: { prepare?: boolean }): PromiseLike<readonly unknown[]>
  /** A connection of one's own; here it tells `sql` from a connection that was reserved, and is never called. */
  reserve(): Promise<unknown>
}

/** Every driver that {@link postgresRepository} takes, by what it needs of it. */
export type PostgresDatabase = PgPool | PgClient | Pglite | PostgresSql

/** A parameter of a statement. Text casts itself to whatever column it is for, and no driver has an opinion on it. */
export type PostgresValue = string | number | boolean | null
