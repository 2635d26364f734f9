/**
 * Enrollments in memory: for tests, examples and trying leeway out.
 *
 * @module
 */
export { memoryRepository } from './repository.js'
