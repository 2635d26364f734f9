import type { Context } from 'hono'
import type { Env } from './env.js'

/** What the API refused: a problem document (RFC 9457). */
export interface Problem {
  /** the end of its type */
  reason: string
  title: string
  status: number
  detail?: string
  retryAt?: string
  triesLeft?: number
  clockOffsetSeconds?: number | null
}

/** What the API answered. */
export type Answer<Body> = { ok: true; body: Body } | { ok: false; problem: Problem }

/**
 * Asks the API under /mfa for whoever this request is from, without a detour over the network. So there is one place that
 * says who may do what and when sessions are raised and ended, and the pages are its first customer.
 */
export async function ask<Body = unknown>(
  c: Context<Env>,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body: object = {},
): Promise<Answer<Body>> {
  const request = new Request(new URL(`/mfa${path}`, c.var.portal.origin ?? c.req.url), {
    method,
    // `checkedForm` has seen that a page of ours sent this.
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify(body),
  })
  const response = await c.var.portal.handler(request, c)
  for (const cookie of response.headers.getSetCookie()) c.header('set-cookie', cookie, { append: true })
  const answer = response.status === 204 ? null : await response.json()
  if (response.ok) return { ok: true, body: answer as Body }
  const { type, ...problem } = answer as Omit<Problem, 'reason'> & { type: string }
  return { ok: false, problem: { ...problem, reason: type.replace('urn:leeway:', '') } }
}
