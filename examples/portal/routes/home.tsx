import { Hono } from 'hono'
import { returnTo } from 'leeway/http'
import { ask } from '../api.js'
import type { Env } from '../env.js'
import { guarded } from '../middleware.js'
import { goTo, page } from '../pages.js'
import { HomePage } from '../views/home.js'
import { OfferPage } from '../views/offer.js'
import { PayslipsPage } from '../views/payslips.js'
import { DAY } from '../views/words.js'
import { onward } from './return.js'

export const homeRoutes = new Hono<Env>()

homeRoutes.get('/', guarded(), (c) => {
  const { user, decision, identity, portal } = c.var
  const administrator = identity.administrator === true && identity.level === 'mfa'
  return page(
    c,
    'Home',
    <HomePage user={user} decision={decision} administrator={administrator} now={portal.clock.now()} />,
  )
})

homeRoutes.get('/payslips', guarded({ sensitive: true }), (c) => {
  const now = c.var.portal.clock.now()
  const months = [10, 40, 71].map((days) => ({ at: now - days * DAY, net: '€ 2,914.50' }))
  return page(c, 'Payslips', <PayslipsPage months={months} />)
})

homeRoutes.get('/offer', guarded(), (c) => {
  const { decision, portal } = c.var
  if (decision.action !== 'offer-setup' || decision.deadline === null) return goTo(c, returnTo(c.req.raw))
  const { deadline, postponementsLeft, passRequired } = decision
  const now = portal.clock.now()
  return page(
    c,
    'Protect your account',
    <OfferPage {...{ deadline, postponementsLeft, passRequired, now }} query={onward(c)} />,
  )
})

homeRoutes.post('/offer/not-now', guarded(), async (c) => {
  const { decision } = c.var
  if (decision.action === 'offer-setup') await ask(c, 'POST', '/me/postpone')
  return goTo(c, returnTo(c.req.raw))
})
