import * as z from 'zod/mini'
import { platform } from '../platform.js'
import { Refused } from './problems.js'
import type { Schema } from './schemas.js'
import type { ByteReader, RequestParts } from './web.js'

/**
 * The JSON of a body, of at most so many bytes; an empty body is an empty object. One that somebody has read already is an
 * error of the host's, never an empty object: what was asked for would be lost without a word.
 */
export async function readJson(request: RequestParts, mostBytes: number): Promise<unknown> {
  if (request.bodyUsed) throw new TypeError('the body was read before the handler: hand the request over unread')
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > mostBytes) throw new Refused('body-too-large')
  const bytes = request.body === null ? new Uint8Array() : await readBytes(request.body.getReader(), mostBytes)
  if (bytes.length > 0) return parsed(bytes)
  if (announced > 0) throw new TypeError('the body is gone: a framework has read it, so hand over what it read')
  return {}
}

async function readBytes(reader: ByteReader, mostBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await next(reader)
    if (done) break
    const chunk = value as Uint8Array
    length += chunk.length
    if (length > mostBytes) {
      // What is left is the connection's to throw away; a reader that cannot be told so changes nothing.
      reader.cancel().catch(() => undefined)
      throw new Refused('body-too-large')
    }
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** The next piece; a client that goes away in the middle has sent no request. */
async function next(reader: ByteReader): Promise<{ done: boolean; value?: unknown }> {
  try {
    return await reader.read()
  } catch (cause) {
    throw new Refused('invalid-request', {}, { cause })
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new platform.TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // The error of a parser repeats what it read.
    throw new Refused('invalid-request')
  }
}

/** What a query says, each name once. */
export function readQuery(pairs: Iterable<[string, string]>): Record<string, string> {
  const query = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (query.has(name)) throw new Refused('invalid-request')
    query.set(name, value)
  }
  return Object.fromEntries(query)
}

/** What came over the wire, as its schema has it. The problem names the places at fault, and repeats nothing. */
export function decoded<Value>(schema: Schema<Value>, wire: unknown): Value {
  const result = z.safeDecode(schema, wire as never)
  if (result.success) return result.data
  const errors = faultsOf(result.error.issues, []).slice(0, MOST_FAULTS)
  throw new Refused('invalid-request', { members: { errors } })
}

/** How many places at fault a problem names: a body of wrong ids would be answered by a larger one. */
const MOST_FAULTS = 20

interface Fault {
  pointer: string
  rule: string
}

interface Issue {
  code?: string | undefined
  path: readonly PropertyKey[]
  errors?: readonly (readonly Issue[])[]
}

/** Each fault as a JSON pointer (RFC 6901) and the rule it breaks; of alternatives, those of the first that looks inside. */
function faultsOf(issues: readonly Issue[], base: readonly PropertyKey[]): Fault[] {
  return issues.flatMap(({ code, path, errors = [] }): Fault[] => {
    const place = [...base, ...path]
    const inside = errors.find((alternative) => alternative.some((issue) => issue.path.length > 0))
    if (inside !== undefined) return faultsOf(inside, place)
    return [{ pointer: place.map((name) => `/${String(name)}`).join(''), rule: String(code) }]
  })
}
