import type { Context } from 'hono'
import { Hono } from 'hono'
import { returnTo } from 'leeway/http'
import { ask } from '../api.js'
import type { Env } from '../env.js'
import type { Errors } from '../form.js'
import { guarded } from '../middleware.js'
import { goTo, page } from '../pages.js'
import { RecoveryCodesPage } from '../views/recovery-codes.js'
import { RequiredPage } from '../views/required.js'
import { SetUpAddPage } from '../views/set-up-add.js'
import { SetUpAppPage } from '../views/set-up-app.js'
import { SetUpCheckPage } from '../views/set-up-check.js'
import { moment } from '../views/words.js'
import { refusalWords } from './refusals.js'
import { onward } from './return.js'

export const setUpRoutes = new Hono<Env>()

/** Set-up is reached while it is due, and by those who may go everywhere. */
const setUpPage = guarded({ page: 'setup' })

setUpRoutes.get('/required', setUpPage, async (c) => {
  const { decision, identity, user, portal } = c.var
  if (decision.action === 'challenge') return goTo(c, returnTo(c.req.raw))
  const isOver = decision.action === 'require-setup' || identity.level === 'setup'
  // Without a place to go on to, nothing was stopped.
  if (!isOver && onward(c) === '') return goTo(c, '/')
  const asked = await portal.leeway.decide(user.id, { sensitive: true })
  if (asked.action !== 'require-setup') return goTo(c, '/')
  const { passRequired } = asked
  const reason = isOver && asked.reason === 'sensitive' ? 'postponements-used' : asked.reason
  const back = isOver ? null : '/'
  return page(c, 'Set up two-step sign-in', <RequiredPage {...{ reason, passRequired, back }} query={onward(c)} />)
})

setUpRoutes.get('/setup', setUpPage, async (c) =>
  c.var.decision.action === 'challenge' ? goTo(c, '/account/add') : appPage(c, {}, 200),
)

/** "I have one": begins a set-up, or goes on with the one this session began. */
setUpRoutes.post('/setup', setUpPage, async (c) => {
  if (c.var.decision.action === 'challenge') return goTo(c, '/account/add')
  const pass = c.var.form.text('pass').trim()
  const begun = await ask(c, 'POST', '/me/setup', pass === '' ? {} : { pass })
  if (begun.ok) return goTo(c, `/setup/add${onward(c)}`)
  const { reason } = begun.problem
  const field = reason === 'pass-required' || reason === 'invalid-pass' ? 'pass' : ''
  return appPage(c, { [field]: refusalWords(begun.problem, Date.now()) }, 422)
})

interface Begun {
  secret: string
  keyUri: string
  qr: string | null
  expiresAt: string
}

/** The set-up that this session began; null if it is gone. */
async function ownSetUp(c: Context<Env>): Promise<Begun | null> {
  if (c.var.identity.setupId === null) return null
  const begun = await ask<Begun>(c, 'POST', '/me/setup')
  return begun.ok ? begun.body : null
}

const tooLate = (c: Context<Env>) => goTo(c, `/setup${onward(c)}`, 'That set-up has ended. Begin it again.')

setUpRoutes.get('/setup/add', setUpPage, async (c) => {
  const begun = await ownSetUp(c)
  if (begun === null) return tooLate(c)
  const { secret, keyUri, qr, expiresAt } = begun
  const until = moment(Date.parse(expiresAt))
  const accountName = c.var.user.email
  return page(c, 'Add the account', <SetUpAddPage {...{ secret, keyUri, qr, accountName, until }} query={onward(c)} />)
})

setUpRoutes.get('/setup/check', setUpPage, (c) =>
  c.var.identity.setupId === null ? tooLate(c) : page(c, 'Check', <SetUpCheckPage query={onward(c)} />),
)

setUpRoutes.post('/setup/check', setUpPage, async (c) => {
  const code = c.var.form.text('code')
  const query = onward(c)
  if (code.trim() === '') return wrongCode(c, 'Type the six digits that the app shows.')
  const confirmed = await ask<{ recoveryCodes: string[] | null }>(c, 'POST', '/me/setup/confirm', { code })
  if (confirmed.ok) {
    const { recoveryCodes: codes } = confirmed.body
    if (codes === null) return goTo(c, '/account', 'The authenticator was added.')
    return page(
      c,
      'Recovery codes',
      <RecoveryCodesPage {...{ codes, query }} accountName={c.var.user.email} replaced={false} />,
    )
  }
  const { problem } = confirmed
  // Sent twice: the first one did it.
  if (problem.reason === 'no-setup' || problem.reason === 'expired' || problem.triesLeft === 0) return tooLate(c)
  return wrongCode(c, refusalWords(problem, Date.now()))
})

setUpRoutes.post('/setup/cancel', setUpPage, async (c) => {
  await ask(c, 'POST', '/me/setup/cancel')
  return goTo(c, c.var.decision.action === 'challenge' ? '/account' : '/', 'Set-up was cancelled; nothing has changed.')
})

setUpRoutes.post('/setup/done', guarded(), (c) =>
  goTo(c, returnTo(c.req.raw), 'Two-step sign-in protects your account.'),
)

function appPage(c: Context<Env>, errors: Errors, status: 200 | 422) {
  const { decision } = c.var
  const passRequired = ('passRequired' in decision && decision.passRequired) || 'pass' in errors
  return page(
    c,
    status === 200 ? 'Get an app' : 'Error: get an app',
    <SetUpAppPage {...{ passRequired, errors }} query={onward(c)} />,
    { status },
  )
}

function wrongCode(c: Context<Env>, text: string) {
  return page(c, 'Error: check', <SetUpCheckPage query={onward(c)} errors={{ code: text }} />, { status: 422 })
}
