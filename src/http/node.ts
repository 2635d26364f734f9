import type { GuardPass, GuardResult } from './guard.js'
import { problemResponse, Refused } from './problems.js'
import {
  type ByteQueue,
  type ByteReader,
  type HeaderParts,
  type ResponseParts,
  type WebRequest,
  type WebResponse,
  web,
} from './web.js'

/** What is used of Node's `IncomingMessage`, and of what frameworks put on it. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** the URL before a framework took its mount path away */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket?: object | null
  /** what a framework read of the body */
  body?: unknown
  /** whether anybody has read from the stream */
  readonly readableDidRead?: boolean
  readonly readableEnded?: boolean
  readonly destroyed?: boolean
  /** listens to 'data', 'end', 'error' and 'close' */
  on(event: string, listener: (chunk: Uint8Array) => void): unknown
  /** holds the stream up */
  pause(): unknown
  /** lets it flow */
  resume(): unknown
  /** set on a guard's pass */
  leeway?: GuardPass
}

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse {
  statusCode: number
  readonly destroyed: boolean
  readonly writableFinished: boolean
  /** replaces a header */
  setHeader(name: string, value: string): unknown
  /** adds a value to a header */
  appendHeader(name: string, value: string): unknown
  /** false: wait for 'drain' */
  write(chunk: Uint8Array): boolean
  /** all is written */
  end(): unknown
  /** breaks the connection off */
  destroy(error?: Error): unknown
  /** waits for 'close' and 'drain' */
  once(event: string, listener: () => void): unknown
}

/** What a handler or guard gets as its context from {@link toNode}; frameworks have types of their own for both. */
export interface NodeContext<Req extends NodeRequest = NodeRequest, Res extends NodeResponse = NodeResponse> {
  req: Req
  res: Res
}

/**
 * A handler for Node's `http`, or a middleware for what is built on it. `next` goes on to what comes next, and is typed as
 * a method because frameworks are particular about the errors that theirs takes.
 */
export type NodeHandler<Req extends NodeRequest = NodeRequest, Res extends NodeResponse = NodeResponse> = (
  req: Req,
  res: Res,
  next?: { go(error?: unknown): void }['go'],
) => Promise<void>

/** Methods that no `Request` can have (Fetch standard, 2.2.1): nobody serves them here either. */
const FORBIDDEN = ['CONNECT', 'TRACE', 'TRACK']
const ALLOW = { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' }

/**
 * A handler or a guard for Node's `http` and for frameworks on it, such as Express and Fastify. The context is
 * `{ req, res }`; the URL comes from `originalUrl` where there is one, so give `createHandler` the whole `basePath`. Where
 * TLS ends in front of the server, give it `origin` too.
 *
 * A body that a framework has parsed already is taken from `req.body`; one that somebody has read and not left there is
 * answered 500. A guard that lets pass sets `req.leeway` to `{ identity, decision }` and calls `next()`; it reads no body.
 * What goes wrong once the answer has begun ends the connection, so that no half of an answer passes for a whole.
 *
 * @example
 * ```ts
 * const guard = createGuard({ leeway, identify: () => null })
 * const middleware = toNode((request, context) => guard(request, context, { sensitive: true }))
 * console.log(middleware.length) // 3
 * ```
 */
export function toNode<Req extends NodeRequest = NodeRequest, Res extends NodeResponse = NodeResponse>(
  handler: (request: WebRequest, context: NodeContext<Req, Res>) => Promise<WebResponse | GuardResult>,
): NodeHandler<Req, Res> {
  if (typeof handler !== 'function') throw new TypeError('handler must be a function')
  return async (req, res, next?) => {
    try {
      const result = await answered(handler, { req, res })
      if (!('pass' in result)) return await send(result, req, res)
      if (!result.pass) return await send(result.response, req, res)
      req.leeway = { identity: result.identity, decision: result.decision }
    } catch (error) {
      if (next === undefined) throw error
      next(error)
      return
    }
    next?.()
  }
}

async function answered<Context extends NodeContext>(
  handler: (request: WebRequest, context: Context) => Promise<WebResponse | GuardResult>,
  context: Context,
): Promise<WebResponse | GuardResult> {
  const { req, res } = context
  if (FORBIDDEN.includes(String(req.method))) {
    return problemResponse(new Refused('method-not-allowed', { headers: ALLOW }))
  }
  const request = await requestOf(req, res)
  return request === null ? problemResponse(new Refused('invalid-request')) : handler(request, context)
}

/** The request as the web has it; null where its Host is none. */
async function requestOf(req: NodeRequest, res: NodeResponse): Promise<WebRequest | null> {
  const { method = 'GET' } = req
  const url = urlOf(req)
  if (url === null) return null
  const headers = headersOf(req)
  const gone = new web.AbortController()
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
  })
  const init = { method, headers, signal: gone.signal }
  if (method === 'GET' || method === 'HEAD') return new web.Request(url, init)
  if (req.readableDidRead !== true) return new web.Request(url, { ...init, body: bodyOf(req), duplex: 'half' })
  if (req.body !== undefined) return new web.Request(url, { ...init, body: parsedBody(req.body) })
  // Read by somebody who did not leave it anywhere: the request says so, as a web framework's would.
  const used = new web.Request(url, { ...init, body: '' })
  await used.text()
  return used
}

/** What a URL reads as something else in a path: a segment of one or two dots, a backslash, a blank that it leaves out. */
const RESOLVED = /^[^?#]*(?:\/(?:\.|%2e){1,2}(?![^/?#])|\\|\s)/i

/** The URL on this server: of a request that names another in its first line, the path alone is taken. */
function urlOf({ originalUrl, url = '/', headers, socket }: NodeRequest): string | null {
  const target = originalUrl ?? url
  const scheme = socket && 'encrypted' in socket && socket.encrypted ? 'https' : 'http'
  const host = headers['host'] ?? headers[':authority'] ?? 'localhost'
  try {
    const { origin, pathname } = new web.URL(`${scheme}://${String(host)}`)
    // A host with a path or a query in it is none.
    if (pathname !== '/' || /[/?#@\\]/.test(String(host))) return null
    // Routers of Node's frameworks read it as it stands: what is one page here would be another there.
    if (RESOLVED.test(target)) return null
    if (target.startsWith('/')) return new web.URL(origin + target).href
    const { pathname: path, search } = new web.URL(target, origin)
    // Of a scheme without hosts there is no path: `javascript:0` is none on this server.
    return path.startsWith('/') ? origin + path + search : null
  } catch {
    return null
  }
}

function headersOf(req: NodeRequest): HeaderParts {
  const headers = new web.Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    // HTTP/2 has its first line among the headers.
    if (value === undefined || name.startsWith(':')) continue
    for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one)
  }
  return headers
}

/** The bytes as they come, from the first time that somebody asks: until then the stream is left to others. */
function bodyOf(req: NodeRequest): object {
  let reading: Reading | undefined
  const source = {
    pull(queue: ByteQueue) {
      reading ??= readingOf(req, queue)
      req.resume()
    },
    cancel() {
      reading?.stop()
      // Thrown away as it comes, or the next request of the connection would wait behind it.
      req.resume()
    },
  }
  return new web.ReadableStream(source, { highWaterMark: 0 })
}

interface Reading {
  stop(): void
}

/** Hands what a stream emits to a queue, until it is over. */
function readingOf(req: NodeRequest, queue: ByteQueue): Reading {
  let isOver = false
  const finish = (how: () => void): void => {
    if (!isOver) how()
    isOver = true
  }
  const end = (): void => finish(() => queue.close())
  const breakOff = (): void => finish(() => queue.error(new Error('the request broke off')))
  // Neither is told a second time: the end of a body with nothing in it, which somebody read, and a client that is gone.
  if (req.readableEnded === true) end()
  else if (req.destroyed === true) breakOff()
  req.on('data', (chunk: Uint8Array) => {
    if (isOver) return
    queue.enqueue(new Uint8Array(chunk))
    req.pause()
  })
  req.on('end', end)
  req.on('error', breakOff)
  req.on('close', breakOff)
  return { stop: () => finish(() => undefined) }
}

function parsedBody(body: unknown): string | object {
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
}

async function send(response: WebResponse, req: NodeRequest, res: NodeResponse): Promise<void> {
  const { status, headers, body } = response as unknown as ResponseParts
  res.statusCode = status
  for (const [name, value] of headers) {
    if (name !== 'set-cookie') res.setHeader(name, value)
  }
  for (const cookie of headers.getSetCookie()) res.appendHeader('set-cookie', cookie)
  if (body === null || req.method === 'HEAD') {
    res.end()
    return
  }
  try {
    await pump(body.getReader(), res)
  } catch {
    // Whoever made the body has told of it.
    res.destroy()
  }
}

/** Writes a body as fast as it is taken, and gives it up once nobody is there to take it. */
async function pump(reader: ByteReader, res: NodeResponse): Promise<void> {
  const closed = event(res, 'close')
  closed.then(() => reader.cancel()).catch(() => undefined)
  // A client that was gone before is not told of again.
  while (!res.destroyed) {
    const { done, value } = await reader.read()
    if (done) {
      res.end()
      return
    }
    if (!res.write(value as Uint8Array)) await Promise.race([closed, event(res, 'drain')])
  }
  await reader.cancel()
}

function event(res: NodeResponse, name: 'close' | 'drain'): Promise<void> {
  return new Promise((resolve) => {
    res.once(name, resolve)
  })
}
