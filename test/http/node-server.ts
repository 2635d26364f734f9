import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createGuard, createHandler, toNode } from '../../src/http/index.js'
import type { Fetch } from './cases.js'
import { type Host, PAGES } from './host.js'

/** What a framework does before the handler. */
export type Before = (req: IncomingMessage & { body?: unknown }) => Promise<void>

/** A server of Node's own, on a port of this machine. */
export interface NodeServer {
  origin: string
  fetch: Fetch
  /** sends bytes as they are, and gives what comes back until the server closes */
  raw(text: string): Promise<string>
  close(): Promise<void>
}

/** Listens with what answers every request. */
export async function listening(answer: (req: IncomingMessage, res: ServerResponse) => unknown): Promise<NodeServer> {
  const server = createServer((req, res) => void answer(req, res))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    fetch: (path, { method = 'GET', headers = {}, body } = {}) => fetched(port, path, { method, headers, body }),
    raw: (text) =>
      new Promise((resolve, reject) => {
        let answered = ''
        const socket = connect(port, '127.0.0.1', () => socket.end(text))
        socket.on('data', (chunk) => {
          answered += chunk
        })
        socket.on('close', () => resolve(answered))
        socket.on('error', reject)
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Node's own client: `fetch` does not send every header that a browser does. */
function fetched(
  port: number,
  path: string,
  { method, headers, body }: { method: string; headers: Record<string, string>; body: string | undefined },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    // Node's client sends no length of itself with every method.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { ...headers, ...length } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const received = new Headers()
        for (const [name, value] of Object.entries(answer.headersDistinct)) {
          for (const one of value ?? []) received.append(name, one)
        }
        const status = answer.statusCode ?? 0
        const content = status === 204 || status === 303 ? null : Buffer.concat(chunks)
        const response = new Response(content, { status, headers: received })
        Object.defineProperty(response, 'url', { value: `http://127.0.0.1:${port}${path}` })
        resolve(response)
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The server of the cases on Node's `http`, with a framework in front of it or none. */
export function nodeApp(host: Host, before?: Before): Promise<NodeServer> {
  const handler = toNode<IncomingMessage, ServerResponse>(createHandler(host.handler))
  const guard = createGuard(host.guard)
  return listening(async (req: IncomingMessage & { leeway?: { identity: { userId: string } } }, res) => {
    await before?.(req)
    const page = PAGES[new URL(req.url ?? '', 'http://localhost').pathname]
    if (page === undefined) return handler(req, res)
    const guarded = toNode<IncomingMessage, ServerResponse>((request, context) => guard(request, context, page))
    await guarded(req, res, () => {
      res.end(req.leeway?.identity.userId)
    })
  })
}

/** Reads a body as frameworks do, and leaves what it found in `body`. */
export async function parseJson(req: IncomingMessage & { body?: unknown }): Promise<void> {
  if (req.headers['content-type'] !== 'application/json') return
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  if (text === '') return
  try {
    req.body = JSON.parse(text)
  } catch {
    // A framework answers this itself; here the handler is to, from the text.
    req.body = text
  }
}
