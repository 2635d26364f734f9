import { Hono } from 'hono'
import type { Env } from '../env.js'
import { page } from '../pages.js'
import { UsersPage } from '../views/admin-users.js'
import { DAY } from '../views/words.js'
import { hrefOf, type PeopleQuery, people, readQuery } from './people.js'

export const usersRoutes = new Hono<Env>()

const ON_A_PAGE = 20

usersRoutes.get('/users', async (c) => {
  const { portal, user } = c.var
  const asked = readQuery(c)
  const all = await people(portal, asked)
  const pages = Math.max(1, Math.ceil(all.length / ON_A_PAGE))
  const query = { ...asked, page: Math.min(asked.page, pages) }
  const rows = all.slice((query.page - 1) * ON_A_PAGE, query.page * ON_A_PAGE)
  return page(
    c,
    'People',
    <UsersPage
      {...{ query, rows, pages }}
      total={all.length}
      href={(change) => hrefOf({ ...query, ...change })}
      csv={csvOf(query, portal.clock.now())}
      self={user.id}
      now={portal.clock.now()}
    />,
    { wide: true },
  )
})

/** leeway's own report, of its own filter: names are searched for by the portal. */
function csvOf({ phase, due, locked }: PeopleQuery, now: number): string {
  const query = new URLSearchParams({
    ...(phase && { phase }),
    ...(due && { deadlineBefore: new Date(now + due * DAY).toISOString() }),
    ...(locked && { locked: 'true' }),
  }).toString()
  return `/mfa/rollout/export.csv${query && `?${query}`}`
}
