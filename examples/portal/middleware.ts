/** What every request passes on its way to a page. */
import { randomBytes } from 'node:crypto'
import { getCookie, setCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import type { GuardRule } from 'leeway/http'
import type { Env } from './env.js'
import { isSecure } from './portal.js'
import { problemPage } from './problem.js'

/** Finds the session of a request, or names its browser. */
export const withSession = createMiddleware<Env>(async (c, next) => {
  const { sessions, origin } = c.var.portal
  const secure = isSecure(origin)
  const prefix = secure ? 'host' : undefined
  const id = getCookie(c, 'session', prefix)
  c.set('session', id === undefined ? null : sessions.find(id))
  let visitor = getCookie(c, 'visitor', prefix)
  if (visitor === undefined) {
    visitor = randomBytes(16).toString('base64url')
    setCookie(c, 'visitor', visitor, { path: '/', httpOnly: true, sameSite: 'Lax', ...(prefix && { secure, prefix }) })
  }
  c.set('visitor', visitor)
  await next()
})

/** Where a form is sent on to that came too late, or that another tab has overtaken. */
const ELSEWHERE: Record<string, string> = {
  suspended: '/suspended',
  'setup-required': '/required',
  'challenge-required': '/challenge',
}

/** Lets those through who have done what their enrollment asks of them. */
export const guarded = (rule: GuardRule = {}) =>
  createMiddleware<Env>(async (c, next) => {
    const { portal } = c.var
    const result = await portal.guard(c.req.raw, c, rule)
    if (!result.pass) {
      if (c.req.method !== 'POST') return result.response
      // The guard answers a form with a problem document; a person gets the page where it goes on.
      const { type = '' } = (await result.response.json()) as { type?: string }
      if (result.response.status >= 500) return problemPage(c, 503)
      return c.redirect(ELSEWHERE[type.replace('urn:leeway:', '')] ?? '/sign-in?ended', 303)
    }
    const user = portal.users.find(result.identity.userId)
    if (user === null) return problemPage(c, 404)
    c.set('identity', result.identity)
    c.set('user', user)
    c.set('decision', result.decision)
    return next()
  })

/** On top of the guard: administrators only. Everybody else learns no more than that there is nothing for them. */
export const administratorsOnly = createMiddleware<Env>(async (c, next) =>
  c.var.identity.administrator === true ? next() : problemPage(c, 403),
)
