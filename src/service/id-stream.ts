import { isObject } from '../assert.js'
import type { UserId } from '../enrollment/user.js'
import type { Signal } from '../platform.js'

/** Users by the thousand: an array, a generator, the rows of a query or of a file. */
export type UserIds = Iterable<UserId> | AsyncIterable<UserId>

/** How many users are worked at once. A thousand are a tenth faster on PostgreSQL and slower on SQLite. */
const BATCH = 500

/** Refuses what is not a stream of user ids. One id alone, which is iterable too, is a mistake. */
export function assertUserIds(value: unknown): asserts value is UserIds {
  const methods: { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown } = isObject(value) ? value : {}
  const iterable = methods[Symbol.iterator] ?? methods[Symbol.asyncIterator]
  if (!Array.isArray(value) && typeof iterable !== 'function') {
    throw new TypeError('userIds must be an iterable or async iterable of user ids')
  }
}

/**
 * What the stream gives, in batches within which no value comes twice: the second of two is worked after the first. Once
 * the signal is aborted, even where the stream does not answer, 'aborted' is the last; what was read of an unfinished batch
 * is dropped then. The stream is closed however this ends, unless it has ended itself; what it throws at that is dropped.
 */
export async function* batchesOf(
  userIds: UserIds,
  signal: Signal | undefined,
): AsyncGenerator<readonly unknown[] | 'aborted'> {
  const reader = readerOf(userIds, signal)
  try {
    let batch = new Set<unknown>()
    for (;;) {
      const next = await reader.read()
      if (next === 'aborted') {
        yield next
        return
      }
      if (next === 'end' || batch.size === BATCH || batch.has(next.value)) {
        if (batch.size > 0) yield [...batch]
        batch = new Set()
      }
      if (next === 'end') return
      batch.add(next.value)
    }
  } finally {
    await reader.close()
  }
}

interface Reader {
  read(): Promise<{ value: unknown } | 'end' | 'aborted'>
  close(): Promise<void>
}

function readerOf(userIds: UserIds, signal: Signal | undefined): Reader {
  const stream: AsyncIterator<UserId> | Iterator<UserId> =
    Symbol.asyncIterator in userIds ? userIds[Symbol.asyncIterator]() : userIds[Symbol.iterator]()
  let state: 'open' | 'asked' | 'ended' = 'open'
  return {
    async read() {
      if (signal?.aborted) return 'aborted'
      // One that throws has ended too.
      state = 'ended'
      const next = await orAborted(Promise.resolve(stream.next()), signal)
      if (next === 'aborted') {
        state = 'asked'
        return next
      }
      if (next.done) return 'end'
      state = 'open'
      return { value: next.value }
    },
    async close() {
      if (state === 'ended') return
      const closing = async () => stream.return?.()
      const closed = closing().catch(() => undefined)
      // A generator closes after what it was asked for last, which may be never.
      if (state === 'open') await closed
    },
  }
}

/** The answer, or 'aborted' where the signal is first. Not a race of promises, which would keep one for each answer. */
function orAborted<Answer>(answer: Promise<Answer>, signal: Signal | undefined): Promise<Answer | 'aborted'> {
  if (signal === undefined) return answer
  return new Promise((resolve, reject) => {
    const stopListening = () => signal.removeEventListener('abort', abort)
    function abort(): void {
      stopListening()
      resolve('aborted')
    }
    signal.addEventListener('abort', abort)
    answer.then(resolve, reject).finally(stopListening)
  })
}
