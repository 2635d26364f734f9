import { randomBytes } from 'node:crypto'
import type { Identity } from 'leeway/http'

/** Who has signed in, by what the cookie holds. Yours are in a database. */
const kept = globalThis as { sessions?: Map<string, Identity> }
kept.sessions ??= new Map()
const sessions: Map<string, Identity> = kept.sessions

/** What is used of the headers of a request, the web's own or Next.js's. */
interface Headers {
  get(name: string): string | null
}

/** Behind TLS: `__Host-sid`, and `Secure`. */
export const COOKIE = 'sid'
export const ATTRIBUTES = { path: '/', httpOnly: true, sameSite: 'lax' } as const

/** The session of a request. */
export function find(headers: Headers): { sid: string; identity: Identity } | null {
  const [, sid = ''] = new RegExp(`(?:^|; )${COOKIE}=([\\w-]+)`).exec(headers.get('cookie') ?? '') ?? []
  const identity = sessions.get(sid)
  return identity === undefined ? null : { sid, identity }
}

/** Makes a session; answers what its cookie is to hold. */
export function open(identity: Identity): string {
  const sid = randomBytes(32).toString('base64url')
  sessions.set(sid, identity)
  return sid
}

/** The same, as a header. */
export const begin = (identity: Identity): string => `${COOKIE}=${open(identity)}; Path=/; HttpOnly; SameSite=Lax`

export function end(headers: Headers): void {
  sessions.delete(find(headers)?.sid ?? '')
}

/** Ends the user's sessions, but for that of one request. */
export function endOthers(userId: string, kept: Headers | null): void {
  const keptSid = kept && find(kept)?.sid
  for (const [sid, identity] of sessions) if (identity.userId === userId && sid !== keptSid) sessions.delete(sid)
}
