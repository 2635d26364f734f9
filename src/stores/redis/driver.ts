/** What leeway needs of an ioredis client: `Redis` or `Cluster` of ioredis 4 or later. */
export interface IoredisClient {
  /** Runs a script that the server knows. */
  evalsha(digest: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Runs a script by its text. */
  eval(source: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** What leeway needs of a connected client, pool or cluster of node-redis, which is the package `redis`, 4 or later. */
export interface NodeRedisClient {
  /** Runs a script that the server knows. */
  evalSha(digest: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Runs a script by its text. */
  eval(source: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A client of either package. What runs a script goes to the primary in both, whatever they let read from replicas. */
export type RedisClient = IoredisClient | NodeRedisClient

/** The two ways to run a script, the same for every client. */
export interface ScriptRunner {
  byDigest(digest: string, keys: readonly string[], values: readonly string[]): Promise<unknown>
  bySource(source: string, keys: readonly string[], values: readonly string[]): Promise<unknown>
}

/** Adapts a client, told by its shape; refuses what is none. */
export function runnerOf(client: RedisClient): ScriptRunner {
  if (isNodeRedis(client)) {
    return {
      byDigest: (digest, keys, values) => client.evalSha(digest, { keys: [...keys], arguments: [...values] }),
      bySource: (source, keys, values) => client.eval(source, { keys: [...keys], arguments: [...values] }),
    }
  }
  if (typeof client?.evalsha !== 'function' || typeof client.eval !== 'function') {
    throw new TypeError('client must be a client or cluster of ioredis or node-redis')
  }
  return {
    byDigest: (digest, keys, values) => client.evalsha(digest, keys.length, ...keys, ...values),
    bySource: (source, keys, values) => client.eval(source, keys.length, ...keys, ...values),
  }
}

function isNodeRedis(client: RedisClient): client is NodeRedisClient {
  return typeof (client as NodeRedisClient | undefined)?.evalSha === 'function'
}
