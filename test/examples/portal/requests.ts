import { emailOf, PASSWORD, type Running } from './server.js'

/** A client that is no browser: it keeps cookies, and sends what it is told to. */
export interface Client {
  /** name and value of each cookie it has */
  cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** sends a form with the token of the page it has last seen */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  send(path: string, init: RequestInit): Promise<Answer>
  signIn(id: string): Promise<Answer>
}

export interface Answer {
  status: number
  location: string | null
  headers: Headers
  text: string
}

export function client({ url }: Running, cookies: Map<string, string> = new Map()): Client {
  let token = ''
  async function send(path: string, init: RequestInit): Promise<Answer> {
    const headers = new Headers(init.headers)
    if (!headers.has('accept')) headers.set('accept', 'text/html')
    if (cookies.size > 0 && !headers.has('cookie')) {
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    }
    const response = await fetch(new URL(path, url), { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    const text = await response.text()
    token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? token
    return { status: response.status, location: response.headers.get('location'), headers: response.headers, text }
  }
  const post: Client['post'] = (path, fields = {}, headers = {}) =>
    send(path, {
      method: 'POST',
      headers: { origin: url, ...headers },
      body: new URLSearchParams({ token, ...fields }),
    })
  return {
    cookies,
    get: (path, headers = {}) => send(path, { headers }),
    post,
    send,
    async signIn(id) {
      await send('/sign-in', {})
      return post('/sign-in', { email: emailOf(id), password: PASSWORD })
    },
  }
}
