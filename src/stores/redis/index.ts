/**
 * Enrollments in Redis or Valkey, on one server or a Cluster. Hand in a client of ioredis or node-redis; none is
 * imported here.
 *
 * @module
 */
export type { IoredisClient, NodeRedisClient, RedisClient } from './driver.js'
export type { RedisOptions } from './keys.js'
export { redisRepository } from './repository.js'
