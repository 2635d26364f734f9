/**
 * Enrollments in MySQL or MariaDB. Hand in a pool of mysql2; it is not imported here.
 *
 * @module
 */
export type { MysqlCallbackPool, MysqlConnection, MysqlPool, MysqlStatement, MysqlValue } from './driver.js'
export { mysqlRepository } from './repository.js'
export { type MysqlOptions, migrate, mysqlSchema } from './schema.js'
