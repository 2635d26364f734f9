import type { Context } from 'hono'
import { Hono } from 'hono'
import { type Answer, ask } from '../api.js'
import type { Env } from '../env.js'
import type { Errors, Form } from '../form.js'
import { goTo, page } from '../pages.js'
import { problemPage } from '../problem.js'
import { nameOf, type User } from '../users.js'
import { PassPage } from '../views/admin-pass.js'
import { UserPage } from '../views/admin-user.js'
import { endOfDay, moment } from '../views/words.js'
import { wholeHistory } from './history.js'

export const userRoutes = new Hono<Env>()

type Path = '/users/:id'

userRoutes.get('/users/:id', async (c) => {
  const user = found(c)
  return user === null ? problemPage(c, 404) : show(c, user)
})

/** A change to one user: what is asked of the API under /users/{id}, and what is said when it is done. */
interface Change {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  body?: object
  done: string
}

/** What each form on the page becomes; a text in place of a change is what is wrong, and with which field. */
const CHANGES: Record<string, (form: Form) => Change | { errors: Errors }> = {
  deadline(form) {
    const days = Number(form.text('days'))
    if (!Number.isInteger(days) || days < 1 || days > 365) {
      return { errors: { days: 'Type a whole number of days, from 1 to 365.' } }
    }
    const isLater = form.text('way') !== 'earlier'
    const done = isLater ? 'There is more time now.' : 'There is less time now.'
    return { method: 'PATCH', path: '/deadline', body: { addDays: isLater ? days : -days }, done }
  },
  exempt(form) {
    const end = endOfDay(form.text('until'))
    const reason = form.text('exemptReason').trim()
    if (end === null || reason === '') {
      return {
        errors: {
          ...(end === null && { until: 'Choose the last day of the exemption.' }),
          ...(reason === '' && { exemptReason: 'An exemption needs a reason: it is in every report.' }),
        },
      }
    }
    const until = new Date(end).toISOString()
    return { method: 'PUT', path: '/exemption', body: { until, reason }, done: 'The exemption stands.' }
  },
  'end-exemption': () => ({ method: 'DELETE', path: '/exemption', done: 'The exemption has ended.' }),
  optional: () => ({ method: 'DELETE', path: '/requirement', done: 'Two-step sign-in is optional now.' }),
  suspend: () => ({ method: 'POST', path: '/suspend', done: 'The account is suspended, and its sessions have ended.' }),
  resume: () => ({ method: 'POST', path: '/resume', done: 'The account is open again.' }),
  unlock: () => ({ method: 'POST', path: '/unlock', done: 'Codes are looked at again.' }),
  reset(form) {
    const graces: Record<string, unknown> = { none: 'none', remaining: 'remaining', week: { days: 7 } }
    const grace = graces[form.text('grace')]
    if (grace === undefined) return { errors: { grace: 'Choose how much time there is to set up again.' } }
    return {
      method: 'POST',
      path: '/reset',
      body: { grace },
      done: 'All authenticators were removed, and sessions have ended.',
    }
  },
  revoke(form) {
    const id = encodeURIComponent(form.text('authenticator'))
    return { method: 'POST', path: `/authenticators/${id}/revoke`, done: 'The authenticator was removed.' }
  },
}

userRoutes.post('/users/:id/pass', async (c) => {
  const user = found(c)
  if (user === null) return problemPage(c, 404)
  const issued = await ask<{ pass: string; expiresAt: string }>(c, 'POST', `/users/${encodeURIComponent(user.id)}/pass`)
  if (!issued.ok) return refuse(c, user, issued)
  const { pass, expiresAt } = issued.body
  return page(c, 'A pass', <PassPage user={user} pass={pass} until={moment(Date.parse(expiresAt))} />)
})

userRoutes.post('/users/:id/:change', async (c) => {
  const user = found(c)
  const read = CHANGES[c.req.param('change')]
  if (user === null || read === undefined) return problemPage(c, 404)
  const change = read(c.var.form)
  if ('errors' in change) return show(c, user, change.errors)
  const reason = c.var.form.text('reason').trim()
  const body = { ...(reason && { reason }), ...change.body }
  const answer = await ask(c, change.method, `/users/${encodeURIComponent(user.id)}${change.path}`, body)
  return answer.ok ? goTo(c, `/admin/users/${encodeURIComponent(user.id)}`, change.done) : refuse(c, user, answer)
})

function found(c: Context<Env, Path>): User | null {
  return c.var.portal.users.find(c.req.param('id'))
}

const REFUSALS: Record<string, string> = {
  forbidden: 'Nobody changes his own account here. Another administrator can.',
  protected: 'That would lock an administrator out at the next sign-in. Let him set up first.',
  'sessions-not-ended': 'It is done, but sessions could not be ended. Send it again.',
}

function refuse(c: Context<Env>, user: User, { problem }: Extract<Answer<unknown>, { ok: false }>) {
  return show(c, user, { '': REFUSALS[problem.reason] ?? 'That could not be done. Look at the fields, and try again.' })
}

async function show(c: Context<Env>, user: User, errors: Errors = {}) {
  const { portal } = c.var
  const status = await portal.leeway.status(user.id)
  const events = (await wholeHistory(portal.leeway, user.id)).map((event) => {
    const actor = event.actor === null ? null : portal.users.find(event.actor)
    return { event, by: actor === null ? event.actor : nameOf(actor) }
  })
  const isWrong = Object.keys(errors).length > 0
  const isSelf = user.id === c.var.user.id
  return page(
    c,
    isWrong ? `Error: ${nameOf(user)}` : nameOf(user),
    <UserPage {...{ user, status, events, errors, isSelf }} now={portal.clock.now()} />,
    { status: isWrong ? 422 : 200, wide: true },
  )
}
