import { isObject } from '../assert.js'
import type { UserId } from '../enrollment/user.js'
import type { Signal } from '../platform.js'

/** Users by the thousand: an array, a generator, the rows of a query or of a file. */
export type UserIds = Iterable<UserId> | AsyncIterable<UserId>

/** How many users are worked at once: measured; more are no faster, and hold more memory. */
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
 * is dropped then. The stream is closed however this ends.
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
  let isOpen = true
  let isPending = false
  return {
    async read() {
      if (signal?.aborted) return 'aborted'
      isPending = true
      const next = await orAborted(Promise.resolve(stream.next()), signal)
      if (next === 'aborted') return next
      isPending = false
      if (!next.done) return { value: next.value }
      isOpen = false
      return 'end'
    },
    async close() {
      if (!isOpen) return
      const closed = Promise.resolve(stream.return?.()).catch(() => undefined)
      // A generator closes after what it was asked for last, which may be never.
      if (!isPending) await closed
    },
  }
}

/** The answer, or 'aborted' where the signal is first. Not a race of promises, which would keep one for each answer. */
function orAborted<Answer>(answer: Promise<Answer>, signal: Signal | undefined): Promise<Answer | 'aborted'> {
  if (signal === undefined) return answer
  return new Promise((resolve, reject) => {
    const abort = () => resolve('aborted')
    const settle = () => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort)
    answer.then(resolve, reject).finally(settle)
  })
}
