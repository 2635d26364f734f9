/** What the drivers below answer a statement with. */
interface Rows {
  rows: readonly unknown[]
}

/** The `Pool` of `pg`: each statement gets a connection of its own for as long as it runs. */
export interface PgPool {
  query(text: string, values?: unknown[]): Promise<Rows>
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
  query(text: string, parameters: unknown[]): Promise<Rows>
  exec(text: string): Promise<unknown>
  isInTransaction(): boolean
}

/** The `sql` of `postgres`, by porsager: all of it, not one reserved connection or one transaction. */
export interface PostgresSql {
  unsafe(text: string, parameters?: string[], options?: { prepare?: boolean }): PromiseLike<readonly unknown[]>
  reserve(): Promise<unknown>
}

/** Every driver that {@link postgresRepository} takes, by what it needs of it. */
export type PostgresDatabase = PgPool | PgClient | Pglite | PostgresSql

/** A parameter of a statement. Text casts itself to whatever column it is for, and no driver has an opinion on it. */
export type PostgresValue = string | number | boolean | null
