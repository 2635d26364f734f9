/**
 * Enrollments in PostgreSQL, or CockroachDB. Hand in a `Pool` or `Client` of pg, a PGlite, or the `sql` of postgres; none
 * is imported here.
 *
 * @module
 */
export type {
  PgClient,
  Pglite,
  PgPool,
  PgPoolClient,
  PgTransactionStatus,
  PostgresDatabase,
  PostgresRows,
  PostgresSql,
  PostgresValue,
} from './driver.js'
export { postgresRepository } from './repository.js'
export { migrate, type PostgresOptions, type PostgresSchemaOptions, postgresSchema } from './schema.js'
