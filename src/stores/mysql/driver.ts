/** What MySQL is given here: JSON, hexadecimal digits and facts. Truth is 0 or 1. */
export type MysqlValue = string | number | null

/** A statement, and how its rows are to come whatever the pool was configured to make of rows. */
export interface MysqlStatement {
  sql: string
  values?: MysqlValue[]
  rowsAsArray: true
  nestTables: false
  namedPlaceholders: false
  /** Passes every column through as the driver reads it. */
  typeCast(field: unknown, next: () => unknown): unknown
}

/** A connection of `mysql2/promise`, taken from its pool. */
export interface MysqlConnection {
  /** in the text protocol */
  query(statement: MysqlStatement): Promise<[unknown, unknown]>
  /** prepared once by each connection */
  execute(statement: MysqlStatement): Promise<[unknown, unknown]>
  /** Gives the connection back to the pool. */
  release(): void
  /** Closes the connection, so that the server rolls back what is open on it. */
  destroy(): void
}

/**
 * A pool of `mysql2/promise`, to MySQL 8 or MariaDB 10.6 or later. It may be the host's own, as long as its connections
 * come back with no transaction open.
 */
export interface MysqlPool {
  /** A connection of one's own, until it is released. */
  getConnection(): Promise<MysqlConnection>
}

/** A pool of `mysql2` with callbacks, which has one of promises to give. */
export interface MysqlCallbackPool {
  /** The same pool with promises. */
  promise(): MysqlPool
}
