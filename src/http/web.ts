/**
 * The part of the Fetch, Streams and URL standards that `leeway/http` uses: Node, Deno, Bun, workers and browsers have it.
 * Typed here, so that the build needs neither DOM nor Node types.
 */

import type { Signal } from '../platform.js'

/** What is read of a request. */
export interface RequestParts {
  readonly method: string
  readonly url: string
  readonly headers: {
    /** the values of a header, joined by commas; null: it is not there */
    get(name: string): string | null
  }
  readonly body: null | {
    /** locks the body to one reader */
    getReader(): ByteReader
  }
  readonly bodyUsed: boolean
  readonly signal: Signal
}

/** What is made of a response. */
export interface ResponseParts {
  readonly status: number
  readonly headers: HeaderParts
  readonly body: RequestParts['body']
}

/** What is read and written of headers. */
export interface HeaderParts extends Iterable<[string, string]> {
  /** the values of a header, joined by commas; null: it is not there */
  get(name: string): string | null
  /** replaces a header */
  set(name: string, value: string): void
  /** adds a value to a header */
  append(name: string, value: string): void
  /** the cookies, which cannot be joined */
  getSetCookie(): string[]
}

/** Reads a body piece by piece. */
export interface ByteReader {
  /** the next piece */
  read(): Promise<{ done: boolean; value?: unknown }>
  /** wants no more of it */
  cancel(reason?: unknown): Promise<void>
}

/** Where the bytes of a body come from, and how far ahead of its reader it may be. */
export interface ByteSource {
  pull?(stream: ByteQueue): void | Promise<void>
  start?(stream: ByteQueue): void | Promise<void>
  cancel?(reason?: unknown): void | Promise<void>
}

/** What a body is written to. */
export interface ByteQueue {
  readonly desiredSize: number | null
  enqueue(chunk: Uint8Array): void
  close(): void
  error(reason: unknown): void
}

/** The `Request` of whichever library declares the globals: the DOM's, Node's, Deno's, Bun's or a worker's. */
export type WebRequest = typeof globalThis extends { Request: { prototype: infer Declared } } ? Declared : RequestParts

/** The `Response` of whichever library declares the globals. */
export type WebResponse = typeof globalThis extends { Response: { prototype: infer Declared } }
  ? Declared
  : ResponseParts

/** What headers can be made of: pairs, an object, or `Headers`. */
export type WebHeadersInit = typeof globalThis extends { Headers: new (init?: infer Init) => unknown }
  ? NonNullable<Init>
  : Iterable<[string, string]> | Record<string, string>

type Body = string | object | null

interface Web {
  Request: new (
    url: string,
    init: { method: string; headers: HeaderParts; body?: Body; signal?: Signal; duplex?: 'half' },
  ) => WebRequest & { text(): Promise<string> }
  Response: new (body: Body, init: { status: number; headers: HeaderParts }) => WebResponse
  Headers: new (init?: WebHeadersInit | Iterable<readonly [string, string]>) => HeaderParts
  ReadableStream: new (source: ByteSource, strategy?: { highWaterMark: number }) => { getReader(): ByteReader }
  AbortController: new () => { readonly signal: Signal; abort(reason?: unknown): void }
  URL: new (
    url: string,
    base?: string,
  ) => {
    readonly href: string
    readonly origin: string
    readonly protocol: string
    readonly host: string
    readonly pathname: string
    readonly search: string
    readonly searchParams: Iterable<[string, string]> & { get(name: string): string | null }
  }
}

/** The runtime's globals, as `leeway/http` sees them. */
export const web: Web = globalThis as unknown as Web
