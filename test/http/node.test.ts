import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createGuard, createHandler, type GuardResult, type NodeRequest, toNode } from '../../src/http/index.js'
import { cases } from './cases.js'
import { hostOf, sessionOf } from './host.js'
import { listening, type NodeServer, nodeApp, parseJson } from './node-server.js'

let server: NodeServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const JSON_HEADERS = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

describe.each([
  ['alone', undefined],
  ['with the body parsed already', parseJson],
])('leeway/http on node:http, %s', (_name, before) => {
  it.each(cases)('$name', async ({ run }) => {
    const host = hostOf({ allowedOrigins: ['https://app.example'] })
    server = await nodeApp(host, before)
    await run({ host, fetch: server.fetch })
  })
})

/** What a guard leaves on a request. */
type Passed = Omit<Extract<GuardResult, { pass: true }>, 'pass'>
type Req = IncomingMessage & { body?: unknown }
const serve = (answer: (req: Req, res: ServerResponse) => unknown): Promise<NodeServer> => listening(answer)

/** What the handler sees of a request. */
interface Seen {
  method: string
  url: string
  body: string | null
  bodyUsed: boolean
  cookie: string | null
}
const seenBy = async (answer: Promise<Response>): Promise<Seen> => (await (await answer).json()) as Seen

/** Answers with it. */
const echo = toNode<IncomingMessage, ServerResponse>(async (request) => {
  const { method, url, bodyUsed } = request
  const body = bodyUsed ? null : await request.text()
  return Response.json({ method, url, body, bodyUsed, cookie: request.headers.get('cookie') })
})

describe('toNode', () => {
  it('takes the URL from originalUrl, and the host from the request', async () => {
    server = await serve((req, res) => echo(Object.assign(req, { originalUrl: `/mounted${req.url}` }), res))
    const seen = await seenBy(server.fetch('/a?b=c'))
    expect(seen.url).toBe(`${server.origin}/mounted/a?b=c`)
  })

  it('takes no other host from the first line of a request', async () => {
    server = await serve(echo)
    for (const target of ['http://evil.example/me?x', '//evil.example/me', '*']) {
      const answer = await server.raw(`GET ${target} HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n`)
      expect(answer).toContain('"url":"http://example.com/')
    }
  })

  it('refuses a URL without a path, which Node lets through from nobody but a framework may hand over', async () => {
    for (const originalUrl of ['javascript:0', 'data:,x', 'urn:leeway:x']) {
      server = await serve((req, res) => echo(Object.assign(req, { originalUrl }), res))
      expect((await server.fetch('/')).status).toBe(400)
      await server.close()
    }
  })

  it('refuses a path that a URL would read as another one than a router does, and no other', async () => {
    server = await serve(echo)
    const asked = async (target: string) => {
      const answer = await server?.raw(`GET ${target} HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n`)
      return /^HTTP\/1.1 (\d+)/.exec(answer ?? '')?.[1]
    }
    for (const target of [
      ...['/files/../code', '/files/%2e%2e/code', '/files/.%2E/code', '/./code', '/code/.', '/code/%2e?a=b', '/..#'],
      ...['/files\\..\\code', '/a\\b', 'http://evil.example/files/../code', 'http://evil.example/%2E'],
    ]) {
      expect([target, await asked(target)]).toEqual([target, '400'])
    }
    for (const target of ['/', '/.hidden', '/a/...', '/a/..b', '/a/b..', '/a/%2e%2e%2e', '/a?b=/../c\\d', '//a']) {
      expect([target, await asked(target)]).toEqual([target, '200'])
    }
    await server.close()
    server = await serve((req, res) => echo(Object.assign(req, { originalUrl: '/co\tde' }), res))
    expect((await server.fetch('/')).status).toBe(400)
  })

  it('refuses a Host that is none', async () => {
    server = await serve(echo)
    for (const host of ['a b', 'evil.example/x', 'a@b', 'a\\b', '[::1']) {
      const answer = await server.raw(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1.1 400 [\s\S]*urn:leeway:invalid-request/)
    }
    const bare = await server.raw('GET / HTTP/1.0\r\n\r\n')
    expect(bare).toContain('"url":"http://localhost/"')
  })

  it('refuses methods that no Request can have', async () => {
    server = await serve(echo)
    const answer = await server.raw('TRACE / HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 405 [\s\S]*allow: GET[\s\S]*urn:leeway:method-not-allowed/)
  })

  it('is https where the connection is', async () => {
    server = await serve((req, res) => {
      const socket = { encrypted: true }
      return echo(new Proxy(req, { get: (one, name) => (name === 'socket' ? socket : bound(one, name)) }), res)
    })
    expect((await seenBy(server.fetch('/'))).url).toMatch(/^https:/)
  })

  it('hands over headers that come more than once, and none of the first line of HTTP/2', async () => {
    server = await serve((req, res) => {
      const headers = {
        ':authority': 'example.org',
        ':method': 'GET',
        cookie: 'a=1',
        accept: ['x', 'y'],
        none: undefined,
      }
      return toNode(async (request) => Response.json([request.url, ...request.headers]))(
        new Proxy(req, { get: (one, name) => (name === 'headers' ? headers : bound(one, name)) }),
        res,
      )
    })
    const seen = await (await server.fetch('/p')).json()
    expect(seen).toEqual(['http://example.org/p', ['accept', 'x, y'], ['cookie', 'a=1']])
  })

  it.each([
    ['an object', { code: '1' }, '{"code":"1"}'],
    ['a text', '{"code":"1"}', '{"code":"1"}'],
    ['bytes', Buffer.from('{"code":"1"}'), '{"code":"1"}'],
    ['null', null, 'null'],
  ])('hands over a body that was read: %s', async (_name, body, text) => {
    server = await serve(async (req, res) => {
      await parseJson(req)
      await echo(Object.assign(req, { body }), res)
    })
    const seen = await seenBy(server.fetch('/', { method: 'POST', headers: JSON_HEADERS, body: '{"code":"1"}' }))
    expect(seen.body).toBe(text)
  })

  it('believes the stream where a framework made an empty object of nothing', async () => {
    server = await serve((req, res) => echo(Object.assign(req, { body: {} }), res))
    const seen = await seenBy(server.fetch('/', { method: 'POST', headers: JSON_HEADERS, body: '{"code":"1"}' }))
    expect(seen.body).toBe('{"code":"1"}')
  })

  it('says so of a body that somebody read and left nowhere, and the handler answers 500', async () => {
    const host = hostOf()
    const handler = toNode(createHandler(host.handler))
    server = await serve(async (req, res) => {
      await parseJson(req)
      delete req.body
      await handler(req, res)
    })
    const cookie = sessionOf(host, 'ada', 'password', { setupId: 'mine' })
    const headers = { ...JSON_HEADERS, cookie }
    const answer = await server.fetch('/mfa/me/setup/confirm', { method: 'POST', headers, body: '{"code":"123456"}' })
    expect(answer.status).toBe(500)
    expect(await answer.json()).toMatchObject({ type: 'urn:leeway:internal' })
    expect(String(host.errors[0])).toContain('the body was read before')
  })

  it('leaves the body to whoever comes after a guard', async () => {
    const host = hostOf()
    const guard = toNode(createGuard(host.guard))
    server = await serve(async (req, res) => {
      const passed = vi.fn()
      await guard(req, res, passed)
      expect(passed).toHaveBeenCalledExactlyOnceWith()
      const chunks: Buffer[] = []
      for await (const chunk of req) chunks.push(chunk)
      const { identity, decision } = (req as NodeRequest).leeway as Passed
      res.end(`${identity.userId} ${decision.action} ${Buffer.concat(chunks)}`)
    })
    const cookie = sessionOf(host, 'ada', 'password')
    const answer = await server.fetch('/inbox', { method: 'POST', headers: { cookie }, body: 'a letter' })
    expect(await answer.text()).toBe('ada allow a letter')
  })

  it('passes without next, and says so on the request', async () => {
    const host = hostOf()
    const guard = toNode(createGuard(host.guard))
    server = await serve(async (req, res) => {
      await guard(req, res)
      if (!res.writableFinished) res.end()
    })
    const cookie = sessionOf(host, 'ada', 'password')
    expect((await server.fetch('/inbox', { headers: { cookie } })).status).toBe(200)
    expect((await server.fetch('/inbox')).status).toBe(401)
  })

  it('keeps cookies that were set before', async () => {
    server = await serve((req, res) => {
      res.setHeader('set-cookie', 'before=1')
      return toNode(
        async () =>
          new Response(null, {
            headers: [
              ['set-cookie', 'a=1'],
              ['set-cookie', 'b=2'],
            ],
          }),
      )(req, res)
    })
    expect((await server.fetch('/')).headers.getSetCookie()).toEqual(['before=1', 'a=1', 'b=2'])
  })

  it('hands what it throws to next, or rejects', async () => {
    const failing = toNode(async () => {
      throw new Error('broken')
    })
    const next = vi.fn()
    const seen: unknown[] = []
    server = await serve(async (req, res) => {
      await failing(req, res, next)
      await failing(req, res).catch((error: unknown) => seen.push(error))
      res.end()
    })
    await server.fetch('/')
    expect(next).toHaveBeenCalledExactlyOnceWith(new Error('broken'))
    expect(seen).toEqual([new Error('broken')])
  })

  it('refuses what is no function', () => {
    expect(() => toNode({} as never)).toThrow(new TypeError('handler must be a function'))
  })

  it('streams a long answer no faster than it is read', async () => {
    let made = 0
    const chunk = new Uint8Array(65_536).fill(97)
    server = await serve(
      toNode(async () => {
        const source = {
          pull(queue: ReadableStreamDefaultController<Uint8Array>) {
            made += 1
            if (made > 200) queue.close()
            else queue.enqueue(chunk)
          },
        }
        return new Response(new ReadableStream(source, { highWaterMark: 0 }))
      }),
    )
    const answer = await server.fetch('/')
    expect((await answer.arrayBuffer()).byteLength).toBe(200 * 65_536)
  })

  it('gives up an answer that nobody waits for, and aborts the request', async () => {
    const cancelled = vi.fn()
    const aborted = vi.fn()
    let over: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      over = resolve
    })
    server = await serve(
      toNode(async (request) => {
        request.signal.addEventListener('abort', aborted)
        const source = {
          pull: (queue: ReadableStreamDefaultController<Uint8Array>) => queue.enqueue(new Uint8Array(65_536)),
          cancel() {
            cancelled()
            over()
          },
        }
        return new Response(new ReadableStream(source))
      }),
    )
    const gone = new AbortController()
    const answer = await fetch(server.origin, { signal: gone.signal })
    await answer.body?.getReader().read()
    gone.abort()
    await ended
    expect(cancelled).toHaveBeenCalledOnce()
    expect(aborted).toHaveBeenCalledOnce()
  })

  it('gives up an answer whose client was gone before it began', async () => {
    const cancelled = vi.fn()
    let over: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      over = resolve
    })
    const cancel = (): void => {
      cancelled()
      over()
    }
    const gone = new AbortController()
    server = await serve(
      toNode(async (request) => {
        const left = new Promise((resolve) => {
          request.signal.addEventListener('abort', resolve)
        })
        gone.abort()
        await left
        return new Response(new ReadableStream({ cancel }))
      }),
    )
    await expect(fetch(server.origin, { signal: gone.signal })).rejects.toThrow()
    await ended
    expect(cancelled).toHaveBeenCalledOnce()
  })

  it('breaks the connection off where an answer fails half-way', async () => {
    server = await serve(
      toNode(async () => {
        let pulls = 0
        const source = {
          pull(queue: ReadableStreamDefaultController<Uint8Array>) {
            pulls += 1
            if (pulls === 1) queue.enqueue(new TextEncoder().encode('the first half'))
            else queue.error(new Error('broken'))
          },
        }
        return new Response(new ReadableStream(source, { highWaterMark: 0 }))
      }),
    )
    const reading = fetch(server.origin).then((answer) => answer.text())
    await expect(reading).rejects.toThrow()
  })

  it('answers 413 to a body that is too large, and the connection goes on', async () => {
    const host = hostOf()
    const handler = toNode(createHandler(host.handler))
    server = await serve(handler)
    const cookie = sessionOf(host, 'ada', 'password')
    const head = `POST /mfa/me/setup HTTP/1.1\r\nhost: a\r\ncookie: ${cookie}\r\ncontent-type: application/json\r\nsec-fetch-site: same-origin\r\n`
    const chunk = `${(40_000).toString(16)}\r\n${'a'.repeat(40_000)}\r\n`
    const large = `${head}transfer-encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`
    const then = `GET /mfa/me HTTP/1.1\r\nhost: a\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`
    const answers = await server.raw(large + then)
    expect(answers.match(/^HTTP\/1.1 (\d+)/gm)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
  })

  it('answers nobody whose request broke off, and goes on', async () => {
    const host = hostOf()
    const handler = createHandler(host.handler)
    let answered: (status: number) => void = () => undefined
    const status = new Promise<number>((resolve) => {
      answered = resolve
    })
    const seeing = toNode(async (request, context) => {
      const response = await handler(request, context)
      answered(response.status)
      return response
    })
    server = await serve(seeing)
    const cookie = sessionOf(host, 'ada', 'password')
    const head = `POST /mfa/me/setup HTTP/1.1\r\nhost: a\r\ncookie: ${cookie}\r\ncontent-type: application/json\r\nsec-fetch-site: same-origin\r\n`
    await server.raw(`${head}content-length: 100\r\n\r\n{"label":`)
    expect(await status).toBe(400)
    expect((await server.fetch('/mfa/me', { headers: { cookie } })).status).toBe(200)
    expect(host.errors).toEqual([])
  })

  it('knows a client that was gone before anybody read', async () => {
    const req = Object.assign(new Readable({ read() {} }), { method: 'POST', url: '/', headers: { host: 'a' } })
    req.destroy()
    server = await serve(async (_req, res) => {
      const reading = toNode(
        async (request) => new Response(await request.text().catch((error: unknown) => String(error))),
      )
      await reading(req as unknown as NodeRequest, res)
    })
    expect(await (await server.fetch('/')).text()).toContain('the request broke off')
  })

  it('reads a stream that breaks with an error', async () => {
    const req = Object.assign(new Readable({ read() {} }), { method: 'POST', url: '/', headers: { host: 'a' } })
    server = await serve(async (_req, res) => {
      const reading = toNode(async (request) => {
        const text = request.text()
        req.destroy(new Error('broken'))
        return new Response(await text.catch((error: unknown) => String(error)))
      })
      await reading(req as unknown as NodeRequest, res)
    })
    expect(await (await server.fetch('/')).text()).toContain('the request broke off')
  })
})

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === 'function' ? value.bind(target) : value
}
