import { LeewayError } from '../../errors.js'
import { type RedisClient, runnerOf } from './driver.js'
import { isUnknownScript, storeError } from './errors.js'
import type { Buckets } from './keys.js'
import { OPEN, SCRIPTS, type ScriptName } from './scripts.js'

/** How many calls are on their way at once: enough to keep a connection busy, and few enough to let others through. */
const AT_ONCE = 16

/** The buckets, and the one way to do something in one of them. */
export interface Server {
  buckets: Buckets
  everyBucket: readonly number[]
  /** Runs a script in a bucket; throws ERR_STORE where it does not answer. */
  run(script: ScriptName, bucket: number, values: readonly string[]): Promise<unknown>
}

/** The server behind a client. One round trip a call, and one more before the first. */
export function serverOf(client: RedisClient, buckets: Buckets): Server {
  const runner = runnerOf(client)
  const everyBucket = Array.from({ length: buckets.count }, (_, bucket) => bucket)
  const checked = new Set<number>()
  let opening: Promise<Digests> | undefined

  /** Once, unless it fails. */
  function opened(): Promise<Digests> {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  async function open(): Promise<Digests> {
    const sources = Object.values(SCRIPTS)
    const [count, ...digests] = (await attempt(
      runner.bySource(OPEN, [buckets.countKey], [`${buckets.count}`, ...sources]),
    )) as string[]
    if (typeof count !== 'string') {
      throw new LeewayError('ERR_STORE', 'the client does not answer text: hand in one without a type mapping')
    }
    if (count !== `${buckets.count}`) {
      // Users would be looked for where they are not, and taken for new ones.
      throw new LeewayError(
        'ERR_STORE',
        `the users under this prefix are spread over ${count} buckets: set options.buckets to that`,
      )
    }
    return Object.fromEntries(Object.keys(SCRIPTS).map((name, at) => [name, digests[at]])) as Digests
  }

  async function run(script: ScriptName, bucket: number, values: readonly string[]): Promise<unknown> {
    const digests = await opened()
    const keys = buckets.keysOf(bucket)
    // On a Cluster each bucket may be on another server.
    const check = checked.has(bucket) ? '' : 'check'
    const reply = await attempt(
      runner.byDigest(digests[script], keys, [check, ...values]).catch((error: unknown) => {
        if (!isUnknownScript(error)) throw error
        // A server that does not know the script has restarted, or is another: it is checked again.
        return runner.bySource(SCRIPTS[script], keys, ['check', ...values])
      }),
    )
    checked.add(bucket)
    return reply
  }

  return { buckets, everyBucket, run }
}

/** Does the work for each item, some at once. Once it throws, nothing is under way any more. */
export async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const failures: unknown[] = []
  async function lane(): Promise<void> {
    for (const item of left) {
      if (failures.length > 0) return
      try {
        await work(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane))
  if (failures.length > 0) throw failures[0]
}

/** The items that have something in common, each with its place. */
export function grouped<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): [key: Key, group: { item: Item; at: number }[]][] {
  const groups = new Map<Key, { item: Item; at: number }[]>()
  for (const [at, item] of items.entries()) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [{ item, at }])
    else group.push({ item, at })
  }
  return [...groups]
}

type Digests = Record<ScriptName, string>

async function attempt<Reply>(call: Promise<Reply>): Promise<Reply> {
  try {
    return await call
  } catch (error) {
    throw storeError(error)
  }
}
