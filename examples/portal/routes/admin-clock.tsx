/** FOR SHOW ONLY. The demo's clock. */
import { Hono } from 'hono'
import type { Env } from '../env.js'
import { goTo, page } from '../pages.js'
import type { Portal } from '../portal.js'
import { problemPage } from '../problem.js'
import { ClockPage } from '../views/admin-clock.js'
import { DAY, day } from '../views/words.js'
import { people } from './people.js'

export const clockRoutes = new Hono<Env>()

clockRoutes.get('/clock', async (c) => {
  const { clock } = c.var.portal
  const content = <ClockPage now={clock.now()} ahead={clock.ahead()} nextDeadline={await nextDeadline(c.var.portal)} />
  return page(c, 'Clock', content)
})

clockRoutes.post('/clock', async (c) => {
  const { portal, form } = c.var
  const { clock } = portal
  switch (form.text('move')) {
    case 'day':
      clock.forward(DAY)
      break
    case 'week':
      clock.forward(7 * DAY)
      break
    case 'deadline': {
      const next = await nextDeadline(portal)
      if (next !== null) clock.forward(next - clock.now())
      break
    }
    case 'now':
      clock.backToNow()
      break
    default:
      return problemPage(c, 400)
  }
  return goTo(c, '/admin/clock', `It is ${day(clock.now())} here now.`)
})

/** When the next people will be stopped; null if there are none. */
async function nextDeadline(portal: Portal): Promise<number | null> {
  const everybody = await people(portal, {
    text: '',
    phase: 'enrollment-period',
    due: null,
    locked: false,
    sort: 'deadline',
    page: 1,
  })
  return everybody[0]?.status.requirement?.deadline ?? null
}
