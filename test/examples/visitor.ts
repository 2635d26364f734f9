import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** One of examples/frameworks as a process of its own. */
export interface Running {
  origin: string
  /** resolves once the process is gone */
  stop(): Promise<void>
}

/** Starts a server on any port; resolves with where it says that it is. */
export function start(name: string): Promise<Running> {
  const file = fileURLToPath(new URL(`../../examples/frameworks/${name}.js`, import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [file], { env: { ...process.env, PORT: '0' } })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  return new Promise((resolve, reject) => {
    let printed = ''
    child.on('error', reject)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        printed += text
        const [, origin] = /Listening on (\S+)\n/.exec(printed) ?? []
        if (origin === undefined) return
        resolve({
          origin,
          stop() {
            child.kill()
            return ended
          },
        })
      })
    }
    void ended.then(() => reject(new Error(`${name} ended before it listened: ${printed}`)))
  })
}

/** Somebody's browser: it keeps cookies, says which site it is on, and goes on only where it is told to. */
export interface Visitor {
  /** the cookies it has, by name */
  readonly cookies: Map<string, string>
  /** opens a page, whatever its address is relative to */
  open(path: string): Promise<Response>
  /** sends a form of this server's */
  submit(path: string, fields: Record<string, string>, origin?: string): Promise<Response>
  /** what a page's script asks for, and the JSON it is answered */
  call(line: string, body?: object): Promise<{ status: number; json: Json }>
}

export type Json = Record<string, unknown>

export function visitor(server: string): Visitor {
  const cookies = new Map<string, string>()

  async function send(path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const headers = { ...init.headers, ...(cookie !== '' && { cookie }) }
    const response = await fetch(new URL(path, server), { ...init, headers, redirect: 'manual' })
    for (const one of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = one.split(/; ?/)
      assert(attributes.includes('HttpOnly') || attributes.includes('httponly'), one)
      const [name = '', value = ''] = pair.split('=')
      const isOver = attributes.some((attribute) => /^(max-age=0|expires=.* 1970 )/i.test(attribute))
      if (isOver) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  return {
    cookies,
    open: (path) => send(path, { headers: { accept: 'text/html' } }),
    submit(path, fields, origin = server) {
      const headers = { origin, accept: 'text/html' }
      return send(path, { method: 'POST', headers, body: new URLSearchParams(fields) })
    },
    async call(line, body) {
      const [method = '', path = ''] = line.split(' ')
      const isRead = method === 'GET'
      const response = await send(path, {
        method,
        headers: isRead ? {} : { origin: server, 'content-type': 'application/json' },
        ...(!isRead && { body: JSON.stringify(body ?? {}) }),
      })
      const text = await response.text()
      return { status: response.status, json: text === '' ? {} : JSON.parse(text) }
    },
  }
}

/** Where an answer leads to: a path on the same origin, or another site's address. */
export function leadsTo(response: Response): string {
  assert.equal(response.status, 303)
  return response.headers.get('location') ?? ''
}
