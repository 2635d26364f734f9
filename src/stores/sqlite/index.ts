/**
 * Enrollments in SQLite. Hand in a connection of libsql, better-sqlite3 or node:sqlite; none is imported here.
 *
 * @module
 */
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './driver.js'
export { sqliteRepository } from './repository.js'
export { migrate, type SqliteOptions, sqliteSchema } from './schema.js'
