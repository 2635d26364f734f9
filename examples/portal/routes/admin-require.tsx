import type { Context } from 'hono'
import { Hono } from 'hono'
import type { RolloutPreview } from 'leeway'
import { ask } from '../api.js'
import type { Env } from '../env.js'
import type { Errors } from '../form.js'
import { goTo, page } from '../pages.js'
import { problemPage } from '../problem.js'
import { nameOf, type User } from '../users.js'
import { RequirePage } from '../views/admin-require.js'
import { many } from '../views/words.js'
import { people, readQuery } from './people.js'
import { DEFAULTS, readAssignment, readFields, type TermsFields } from './terms.js'

export const requireRoutes = new Hono<Env>()

/** From the list: those selected, or all of the filter. */
requireRoutes.post('/require', async (c) => {
  const everybody = c.var.form.text('who') === 'all'
  const chosen = everybody ? (await people(c.var.portal, readQuery(c))).map(({ user }) => user) : named(c)
  const users = chosen.filter(({ id }) => id !== c.var.user.id)
  if (users.length === 0) return goTo(c, '/admin/users', 'Select somebody first.')
  // For one person the terms are meant to hold; for many, who has some keeps them unless it is said otherwise.
  return show(c, { users, fields: users.length === 1 ? { ...DEFAULTS, applyTo: 'replace' } : DEFAULTS })
})

requireRoutes.post('/require/preview', async (c) => {
  const users = named(c)
  const fields = readFields(c.var.form)
  const read = readAssignment(fields, c.var.portal.clock.now())
  if ('errors' in read) return show(c, { users, fields, errors: read.errors })
  const assignment = { userIds: users.map(({ id }) => id), ...read.assignment }
  const previewed = await ask<RolloutPreview>(c, 'POST', '/rollout/preview', assignment)
  if (!previewed.ok) return show(c, { users, fields, errors: { '': refused(previewed.problem) } })
  return show(c, { users, fields, preview: previewed.body, assignment })
})

requireRoutes.post('/require/apply', async (c) => {
  const users = named(c)
  const fields = readFields(c.var.form)
  const read = readAssignment(fields, c.var.portal.clock.now())
  if ('errors' in read) return show(c, { users, fields, errors: read.errors })
  const body = { userIds: users.map(({ id }) => id), ...read.assignment }
  const assigned = await ask<{ changed: number; unchanged: number; failedCount: number }>(
    c,
    'POST',
    '/rollout/assign',
    body,
  )
  if (!assigned.ok) return show(c, { users, fields, errors: { '': refused(assigned.problem) } })
  return goTo(c, '/admin/users', resultWords(assigned.body))
})

/** The users that the form names; who is none is left out, as is whoever asks: nobody changes himself. */
function named(c: Context<Env>): User[] {
  const { portal, form, user: self } = c.var
  return form.all('user').flatMap((id) => {
    const user = portal.users.find(id)
    return user === null || user.id === self.id ? [] : [user]
  })
}

function show(
  c: Context<Env>,
  {
    users,
    fields,
    errors = {},
    preview,
    assignment,
  }: { users: readonly User[]; fields: TermsFields; errors?: Errors; preview?: RolloutPreview; assignment?: object },
) {
  if (users.length === 0) return problemPage(c, 400)
  const isWrong = Object.keys(errors).length > 0
  const stopped = (preview?.stoppedNow ?? []).map((id) => {
    const user = c.var.portal.users.find(id)
    return user === null ? id : nameOf(user)
  })
  return page(
    c,
    isWrong ? 'Error: require two-step sign-in' : 'Require two-step sign-in',
    <RequirePage
      {...{ users, fields, errors, stopped }}
      {...(preview && { preview })}
      {...(assignment && { assignment })}
    />,
    { status: isWrong ? 422 : 200, wide: true },
  )
}

function refused({ reason, detail }: { reason: string; detail?: string }): string {
  if (reason === 'forbidden') return 'Somebody among them is not yours to change. Nothing was changed.'
  return detail === undefined ? 'That could not be done. Nothing was changed.' : `That could not be done: ${detail}.`
}

function resultWords({
  changed,
  unchanged,
  failedCount,
}: {
  changed: number
  unchanged: number
  failedCount: number
}): string {
  const failed = failedCount > 0 ? ` ${many(failedCount, 'person', 'people')} could not be changed.` : ''
  return `${many(changed, 'person has', 'people have')} new terms, ${unchanged} stayed as they were.${failed}`
}
