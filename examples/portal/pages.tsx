/** How a page is answered. */
import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import type { Env } from './env.js'
import { tokenOf } from './token.js'
import { PageContext } from './views/context.js'
import { Layout } from './views/layout.js'

export interface PageOptions {
  status?: 200 | 400 | 403 | 404 | 413 | 415 | 422 | 423 | 429 | 500 | 503
  /** tables and charts need room; everything else reads better without */
  wide?: boolean
}

/** Answers with a page. */
export function page(c: Context<Env>, title: string, content: Child, { status = 200, wide }: PageOptions = {}) {
  const { portal, session, user, identity } = c.var
  const note = session && portal.sessions.takeNote(session.id)
  const context = {
    token: tokenOf(c),
    nonce: c.get('secureHeadersNonce') ?? '',
    path: c.req.path,
    // Only who may reach the pages sees the way to them.
    user: identity && (identity.level === 'mfa' || identity.level === 'password') ? user : null,
    signedIn: session !== null,
    administrator: identity?.level === 'mfa' && identity.administrator === true,
    note,
    now: portal.clock.now(),
    ahead: portal.clock.ahead(),
  }
  return c.html(
    <PageContext.Provider value={context}>
      <Layout title={title} wide={wide === true}>
        {content}
      </Layout>
    </PageContext.Provider>,
    status,
  )
}

/** Sends the browser on after a form, with a message for the page it comes to. */
export function goTo(c: Context<Env>, path: string, note?: string) {
  if (note !== undefined && c.var.session !== null) c.var.portal.sessions.leaveNote(c.var.session.id, note)
  return c.redirect(path, 303)
}
