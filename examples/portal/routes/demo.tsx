/** FOR SHOW ONLY. The demo's phone. */
import { Hono } from 'hono'
import { ask } from '../api.js'
import type { Env } from '../env.js'
import { guarded } from '../middleware.js'
import { goTo, page } from '../pages.js'
import { DemoPhonePage } from '../views/demo-phone.js'
import { onward } from './return.js'

export const demoRoutes = new Hono<Env>()

const PERIOD = 30

demoRoutes.get('/demo/phone', (c) => {
  const secondsLeft = PERIOD - (Math.floor(Date.now() / 1000) % PERIOD)
  return page(c, 'The demo’s phone', <DemoPhonePage codes={c.var.portal.phone.codes()} secondsLeft={secondsLeft} />)
})

demoRoutes.post('/demo/phone', guarded({ page: 'setup' }), async (c) => {
  const { identity, portal } = c.var
  if (identity.setupId === null) return goTo(c, '/setup')
  const begun = await ask<{ keyUri: string }>(c, 'POST', '/me/setup')
  if (!begun.ok) return goTo(c, '/setup')
  portal.phone.scan(identity.userId, begun.body.keyUri)
  return goTo(c, `/setup/check${onward(c)}`, 'The demo’s phone has it. Its codes are under the link above.')
})
