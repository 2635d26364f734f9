/** What the drivers below answer a statement with. */
export interface PostgresRows {
  rows: readonly unknown[]
}

/** The `Pool` of `pg`: each statement gets a connection of its own for as long as it runs. */
export interface PgPool {
  /** Runs a statement with its parameters; here it tells a pool from other drivers. */
  query(text: string, values?: unknown[]): Promise<PostgresRows>
  /** Lends a connection, which is looked at before a statement is run on it. */
  connect(): Promise<PgPoolClient>
  readonly totalCount: number
}

/** A connection that a {@link PgPool} lends. */
export interface PgPoolClient extends PgTransactionStatus {
  /** Runs a statement with its parameters. */
  query(text: string, values?: unknown[]): Promise<PostgresRows>
  /** Gives it back; with an error it is closed, and what is open on it is rolled back. */
  release(error?: Error | boolean): void
  /** Tells of a connection that breaks, which without a listener ends the process. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Ends what {@link PgPoolClient.on} began. */
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/**
 * A connected `Client` of `pg`. Hand in one that leeway has to itself: a transaction that the host has open on it would
 * take leeway's writes along when it rolls back.
 */
export interface PgClient extends PgTransactionStatus {
  /** Runs a statement with its parameters. */
  query(text: string, values?: unknown[]): Promise<PostgresRows>
  /** Here it tells a client from other drivers, and is never called. */
  connect(): Promise<unknown>
}

/** Where pg tells whether a transaction is open on a connection; older versions do not. */
export interface PgTransactionStatus {
  /** `T` where one is open, `E` where it has failed */
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
