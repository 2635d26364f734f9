import { platformRandom } from '../../platform.js'
import type { EnrollmentDirectory } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import { directoryOf } from './directory.js'
import type { RedisClient } from './driver.js'
import { packEvent } from './events.js'
import { packFacts, stepsOf } from './facts.js'
import { bucketsOf, type RedisOptions } from './keys.js'
import { parseEnrollment } from './records.js'
import { serverOf } from './server.js'

/**
 * Keeps enrollments in Redis 6.2 or later or Valkey, on one server or a Cluster, through a connected client of ioredis
 * or node-redis. A user's record, events and index change in one script, in one hash slot. `find`, `save` and `remove`
 * are one round trip each, and the first call of a process one more. There is nothing to migrate.
 *
 * Everything is read from the primary, whatever the client lets read from replicas. Nothing expires.
 *
 * **What Redis does not promise.** Replication is asynchronous: a failover may forget an acknowledged write, and
 * with it a failure counted, a code spent (which is then good again until its time is over) or an enrollment. A server
 * that stops forgets what was not yet in its append-only file: nearly everything without one, up to a second with
 * `appendfsync everysec`, nothing with `always`. Turn the file on, with `always` where that second matters, let
 * `min-replicas-to-write` refuse writes that no replica hears of, and for accounts that matter most use an SQL store.
 *
 * Throws a `TypeError` or `RangeError` for a client or options that are none. Its methods throw a `LeewayError`
 * `ERR_STORE` that says what to change: a server that may evict keys or is a replica, memory or disk full, a connection
 * lost, another number of buckets than the data's, keys of somebody else; and `ERR_RECORD` for a record that is no JSON.
 * How long a call waits for a lost connection is the client's to say: give it a limit (`commandTimeout`,
 * `maxRetriesPerRequest`; `disableOfflineQueue`).
 *
 * @example
 * ```ts
 * import { Redis } from 'ioredis'
 * import { redisRepository } from 'leeway/redis'
 *
 * function openRepository(url: string) {
 *   return redisRepository(new Redis(url, { commandTimeout: 5000 }), { prefix: 'mfa' })
 * }
 * ```
 */
export function redisRepository(
  client: RedisClient,
  options: RedisOptions = {},
): EnrollmentRepository & EnrollmentDirectory {
  const server = serverOf(client, bucketsOf(options))
  const { run, buckets } = server
  const name = Array.from(platformRandom(12), (byte) => byte.toString(36)).join('.')
  let calls = 0
  /** No other call's, here or elsewhere. */
  const newCall = (): string => `${name}:${++calls}`

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const [stored] = (await run('read', buckets.of(userId), [userId])) as [string | null]
    return stored === null ? null : parseEnrollment(stored)
  }

  async function save(change: EnrollmentChange): Promise<'saved' | 'conflict'> {
    const { userId, expected, version, index } = change
    const values = [
      userId,
      expected ?? '',
      newCall(),
      version,
      packFacts(index),
      stepsOf(index).join(' '),
      JSON.stringify(change.enrollment),
      ...change.events.map(packEvent),
    ]
    return (await run('save', buckets.of(userId), values)) as 'saved' | 'conflict'
  }

  async function remove(userId: string, expected: string): Promise<'removed' | 'conflict'> {
    return (await run('remove', buckets.of(userId), [userId, expected, newCall()])) as 'removed' | 'conflict'
  }

  return Object.freeze({ find, save, remove, ...directoryOf(server, save) })
}
