import * as z from 'zod/mini'
import { platform } from '../platform.js'
import { headersOf, isServersFault, problemDocument, refusalOf } from './problems.js'
import type { Answer, Progressing } from './route.js'
import type { Schema } from './schemas.js'
import { type ByteQueue, type HeaderParts, type WebResponse, web } from './web.js'

/** What is added to an answer, and who is told of what goes wrong while it is on its way. */
interface Extras {
  headers: HeaderParts
  report(error: unknown): void
}

/** What a route came to, as a response. */
export function responseOf(answer: Answer, result: unknown, { headers: given, report }: Extras): WebResponse {
  const respond = (status: number, type: string | null, body: string | object | null, more = {}) => {
    const headers = headersOf(type, more)
    for (const [name, value] of given) headers.append(name, value)
    return new web.Response(body, { status, headers })
  }
  if (answer === 'nothing') return respond(204, null, null)
  if ('type' in answer) {
    const disposition = { 'content-disposition': `attachment; filename="${answer.filename}"` }
    const body = streamOf(result as AsyncIterable<string>, report)
    return respond(200, `${answer.type}; charset=utf-8`, body, disposition)
  }
  if (typeof result === 'function') {
    return respond(200, 'application/x-ndjson', linesOf(result as Progressing, answer.schema, report))
  }
  return respond(200, 'application/json', JSON.stringify(encoded(answer.schema, result)))
}

/** The same response to HEAD; what was not read is never made. */
export function withoutBody({ status, headers }: WebResponse): WebResponse {
  return new web.Response(null, { status, headers })
}

function encoded(schema: Schema<unknown>, result: unknown): unknown {
  return z.encode(schema, result as never)
}

const utf8 = (text: string): Uint8Array => new platform.TextEncoder().encode(text)

/** Text as it comes, asked for as it is read. One that fails half-way ends as an error, never as if it were whole. */
function streamOf(chunks: AsyncIterable<string>, report: (error: unknown) => void): object {
  const iterator = chunks[Symbol.asyncIterator]()
  const source = {
    async pull(queue: ByteQueue) {
      try {
        const { done, value } = await iterator.next()
        if (done) queue.close()
        else queue.enqueue(utf8(value))
      } catch (error) {
        report(error)
        queue.error(error)
      }
    },
    async cancel() {
      await iterator.return?.()
    },
  }
  return new web.ReadableStream(source, { highWaterMark: 0 })
}

/** Progress as NDJSON, a line each, as often as somebody reads; the last line is `{ result }` or `{ problem }`. */
function linesOf(work: Progressing, schema: Schema<unknown>, report: (error: unknown) => void): object {
  const left = new web.AbortController()
  const source = {
    async start(queue: ByteQueue) {
      const write = (line: object) => {
        if (!left.signal.aborted) queue.enqueue(utf8(`${JSON.stringify(line)}\n`))
      }
      try {
        const result = await work((progress) => {
          // Whoever reads slowly misses steps in between, and holds nothing up.
          if (Number(queue.desiredSize) > 0) write({ progress })
        }, left.signal)
        write({ result: encoded(schema, result) })
      } catch (error) {
        const refused = refusalOf(error)
        if (isServersFault(refused)) report(refused)
        write({ problem: problemDocument(refused) })
      }
      if (!left.signal.aborted) queue.close()
    },
    cancel() {
      left.abort()
    },
  }
  return new web.ReadableStream(source)
}
