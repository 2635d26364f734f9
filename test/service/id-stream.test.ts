import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { assertUserIds, batchesOf, type UserIds } from '../../src/service/id-stream.js'
import { turn, users } from './setting.js'

/** All batches of a stream. */
async function batches(userIds: UserIds, signal?: AbortSignal): Promise<(readonly unknown[] | 'aborted')[]> {
  const all: (readonly unknown[] | 'aborted')[] = []
  for await (const batch of batchesOf(userIds, signal)) all.push(batch)
  return all
}

/** A stream that counts how often it is asked and closed, and answers as the test says. */
function streamOf(answer: (asked: number) => Promise<IteratorResult<string>>): AsyncIterable<string> & {
  asked: number
  closed: number
} {
  const stream = {
    asked: 0,
    closed: 0,
    [Symbol.asyncIterator]: () => ({
      next: () => answer(stream.asked++),
      async return(): Promise<IteratorResult<string>> {
        stream.closed++
        return { done: true, value: undefined }
      },
    }),
  }
  return stream
}

/** A signal that tells how many listen to it. */
function countedSignal(): { signal: AbortSignal; abort(): void; listeners(): number } {
  const controller = new AbortController()
  const { signal } = controller
  return { signal, abort: () => controller.abort(), listeners: () => getEventListeners(signal, 'abort').length }
}

const ANSWER_FOR_EVER = (asked: number): Promise<IteratorResult<string>> =>
  Promise.resolve({ done: false, value: `user ${asked}` })

describe('a stream of user ids', () => {
  const ids = users(1201)
  const streams: Record<string, () => UserIds> = {
    'an array': () => ids,
    'a set': () => new Set(ids),
    'the keys of a map': () => new Map(ids.map((id) => [id, 1])).keys(),
    *'a generator'() {
      yield* ids
    },
    async *'an async generator'() {
      yield* ids
    },
    'an object with both iterators, of which the async one is read': () => ({
      async *[Symbol.asyncIterator]() {
        yield* ids
      },
      *[Symbol.iterator]() {
        yield 'the other'
      },
    }),
  }
  for (const [what, open] of Object.entries(streams)) {
    it(`may be ${what}: it comes in batches of 500, in its order`, async () => {
      const stream = open()
      assertUserIds(stream)
      const all = await batches(stream)
      expect(all.map(({ length }) => length)).toEqual([500, 500, 201])
      expect(all.flat()).toEqual(ids)
    })
  }

  it('of nobody has no batch', async () => {
    expect(await batches([])).toEqual([])
  })

  it('of a batch exactly has that one', async () => {
    expect((await batches(users(500))).map(({ length }) => length)).toEqual([500])
  })

  it.each([
    ['one id alone', 'ada'],
    ['a number', 7],
    ['nothing', undefined],
    ['null', null],
    ['a plain object', {}],
    ['a function', () => ['ada']],
    ['an iterator that is none', { [Symbol.iterator]: 7 }],
    ['a promise of an array', Promise.resolve(['ada'])],
  ])('is not %s', (_what, value) => {
    expect(() => assertUserIds(value)).toThrow(
      new TypeError('userIds must be an iterable or async iterable of user ids'),
    )
  })

  it('has no value twice in a batch: the second of two begins another', async () => {
    expect(await batches(['ada', 'ben', 'ada', 'ada', 'carol'])).toEqual([['ada', 'ben'], ['ada'], ['ada', 'carol']])
    expect(await batches([Number.NaN, Number.NaN] as never)).toEqual([[Number.NaN], [Number.NaN]])
  })

  it('is asked for no more than a batch and one more until the batch is taken', async () => {
    const stream = streamOf(ANSWER_FOR_EVER)
    const reading = batchesOf(stream, undefined)[Symbol.asyncIterator]()
    expect(stream.asked).toBe(0)
    await reading.next()
    await turn()
    expect(stream.asked).toBe(501)
    await reading.next()
    expect(stream.asked).toBe(1001)
    await reading.return?.(undefined)
  })
})

describe('a stream is closed', () => {
  it('where its reader leaves early', async () => {
    const stream = streamOf(ANSWER_FOR_EVER)
    for await (const batch of batchesOf(stream, undefined)) {
      expect(batch).toHaveLength(500)
      break
    }
    expect(stream.closed).toBe(1)
  })

  it('not where it has ended by itself', async () => {
    const stream = streamOf(async () => ({ done: true, value: undefined }))
    await batches(stream)
    expect(stream).toMatchObject({ asked: 1, closed: 0 })
  })

  it('nor where it has thrown, which ends it too: its error is thrown on', async () => {
    const failure = new Error('the file is gone')
    for (const failing of [
      streamOf(() => Promise.reject(failure)),
      streamOf(() => {
        throw failure
      }),
    ]) {
      await expect(batches(failing)).rejects.toBe(failure)
      expect(failing).toMatchObject({ asked: 1, closed: 0 })
    }
  })

  it('whatever it says to that: the report is worth more', async () => {
    const failure = new Error('it does not close')
    const closings: Record<string, (() => unknown) | undefined> = {
      rejects: () => Promise.reject(failure),
      throws() {
        throw failure
      },
      'cannot be closed': undefined,
    }
    for (const [what, closing] of Object.entries(closings)) {
      const stream = { [Symbol.asyncIterator]: () => ({ next: () => ANSWER_FOR_EVER(0), return: closing }) }
      const controller = new AbortController()
      controller.abort()
      expect([what, await batches(stream as never, controller.signal)]).toEqual([what, ['aborted']])
    }
  })

  it('with its generator: what follows a yield in a finally is run', async () => {
    let closed = false
    function* ids(): Generator<string> {
      try {
        for (let at = 0; ; at++) yield `user ${at}`
      } finally {
        closed = true
      }
    }
    for await (const _batch of batchesOf(ids(), undefined)) break
    expect(closed).toBe(true)
  })
})

describe('once the signal is aborted', () => {
  it('before, nothing is read, and the stream is closed', async () => {
    const stream = streamOf(ANSWER_FOR_EVER)
    expect(await batches(stream, AbortSignal.abort())).toEqual(['aborted'])
    expect(stream).toMatchObject({ asked: 0, closed: 1 })
  })

  it('between two ids, what was read of an unfinished batch is dropped', async () => {
    const { signal, abort } = countedSignal()
    const stream = streamOf((asked) => {
      if (asked === 510) abort()
      return ANSWER_FOR_EVER(asked)
    })
    const all = await batches(stream, signal)
    expect(all.map((batch) => (batch === 'aborted' ? batch : batch.length))).toEqual([500, 'aborted'])
    expect(stream).toMatchObject({ asked: 511, closed: 1 })
  })

  it('while the stream does not answer, it is not waited for', async () => {
    const { signal, abort, listeners } = countedSignal()
    const stream = streamOf(() => new Promise(() => undefined))
    const reading = batches(stream, signal)
    await turn()
    abort()
    expect(await reading).toEqual(['aborted'])
    expect(stream).toMatchObject({ asked: 1, closed: 1 })
    expect(listeners()).toBe(0)
  })

  it('a generator that waits is not waited for either, though it closes only once it goes on', async () => {
    const { signal, abort } = countedSignal()
    let goOn: () => void = () => undefined
    let closed = false
    async function* ids(): AsyncGenerator<string> {
      try {
        yield 'ada'
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        yield 'ben'
      } finally {
        closed = true
      }
    }
    const reading = batches(ids(), signal)
    await turn()
    abort()
    expect(await reading).toEqual(['aborted'])
    expect(closed).toBe(false)
    goOn()
    await turn()
    expect(closed).toBe(true)
  })

  it('what the stream rejects with afterwards disturbs nobody', async () => {
    const { signal, abort } = countedSignal()
    let fail: (error: Error) => void = () => undefined
    const stream = streamOf(
      () =>
        new Promise((_resolve, reject) => {
          fail = reject
        }),
    )
    const reading = batches(stream, signal)
    await turn()
    abort()
    expect(await reading).toEqual(['aborted'])
    fail(new Error('too late'))
    await turn()
  })
})

it('no listener is left on the signal of a stream that ended, or failed', async () => {
  const { signal, listeners } = countedSignal()
  await batches(users(700), signal)
  await turn()
  expect(listeners()).toBe(0)
  await batches(
    streamOf(() => Promise.reject(new Error('gone'))),
    signal,
  ).catch(() => undefined)
  await turn()
  expect(listeners()).toBe(0)
})
