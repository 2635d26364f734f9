import { createHmac } from 'node:crypto'
import type { Context } from 'hono'
import type { Env } from './env.js'

/**
 * The token in every form: only a page of ours could have put it there, for this browser alone. It hangs on the session's
 * id, or on the visitor's where there is no session yet, and changes with it.
 */
export function tokenOf(c: Context<Env>): string {
  const { portal, session, visitor } = c.var
  return createHmac('sha256', portal.formKey)
    .update(session?.id ?? visitor)
    .digest('base64url')
}
