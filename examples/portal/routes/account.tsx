import type { Context } from 'hono'
import { Hono } from 'hono'
import { ask, type Problem } from '../api.js'
import type { Env } from '../env.js'
import type { Errors } from '../form.js'
import { guarded } from '../middleware.js'
import { goTo, page } from '../pages.js'
import { problemPage } from '../problem.js'
import { AccountPage } from '../views/account.js'
import { AuthenticatorPage } from '../views/authenticator.js'
import { Field } from '../views/form.js'
import { ProofPage } from '../views/proof.js'
import { RecoveryCodesPage } from '../views/recovery-codes.js'
import { wholeHistory } from './history.js'
import { refusalWords } from './refusals.js'

export const accountRoutes = new Hono<Env>()

/** What changes an account asks for a session in which a code was shown. */
const proven = guarded({ sensitive: true })

const SHOWN = 12

accountRoutes.get('/account', guarded(), async (c) => {
  const { user, identity, portal } = c.var
  const status = await portal.leeway.status(user.id)
  const events = await wholeHistory(portal.leeway, user.id)
  const shown = c.req.query('all') === undefined ? events.slice(0, SHOWN) : events
  return page(
    c,
    'Your account',
    <AccountPage
      user={user}
      status={status}
      events={shown}
      hasMore={shown.length < events.length}
      now={portal.clock.now()}
      proven={identity.level === 'mfa'}
    />,
  )
})

/* -------------------------------------------------------------------------------------------------- one authenticator */

async function authenticatorOf(c: Context<Env>) {
  const { authenticators } = await c.var.portal.leeway.status(c.var.user.id)
  const authenticator = authenticators.find(({ id }) => id === c.req.param('id'))
  return authenticator === undefined ? null : { authenticator, isOnly: authenticators.length === 1 }
}

async function isRemovable(c: Context<Env>, isOnly: boolean): Promise<boolean> {
  return !isOnly || (await c.var.portal.leeway.status(c.var.user.id)).requirement === null
}

accountRoutes.get('/account/authenticators/:id', proven, async (c) => {
  const found = await authenticatorOf(c)
  if (found === null) return problemPage(c, 404)
  const removable = await isRemovable(c, found.isOnly)
  return page(
    c,
    found.authenticator.label,
    <AuthenticatorPage authenticator={found.authenticator} removable={removable} />,
  )
})

accountRoutes.post('/account/authenticators/:id/rename', proven, async (c) => {
  const found = await authenticatorOf(c)
  if (found === null) return problemPage(c, 404)
  const label = c.var.form.text('label').trim()
  const path = `/me/authenticators/${encodeURIComponent(found.authenticator.id)}`
  const renamed = await ask(c, 'PATCH', path, { label })
  if (renamed.ok) return goTo(c, '/account', 'The name was saved.')
  const errors = { label: label === '' ? 'Give it a name.' : 'A name has at most 100 characters.' }
  const removable = await isRemovable(c, found.isOnly)
  const content = <AuthenticatorPage authenticator={found.authenticator} {...{ removable, errors, label }} />
  return page(c, 'Error: rename', content, { status: 422 })
})

accountRoutes.get('/account/authenticators/:id/remove', proven, (c) => removePage(c, {}, 200))

accountRoutes.post('/account/authenticators/:id/remove', proven, async (c) => {
  const id = encodeURIComponent(c.req.param('id') ?? '')
  const removed = await ask(c, 'POST', `/me/authenticators/${id}/remove`, { proof: proofIn(c) })
  if (removed.ok) return goTo(c, '/account', 'The authenticator was removed.')
  if (removed.problem.reason === 'unknown-authenticator') return problemPage(c, 404)
  return removePage(c, proofErrors(c, removed.problem), 422)
})

async function removePage(c: Context<Env>, errors: Errors, status: 200 | 422) {
  const found = await authenticatorOf(c)
  if (found === null) return problemPage(c, 404)
  const { id, label } = found.authenticator
  const path = `/account/authenticators/${encodeURIComponent(id)}`
  const content = (
    <ProofPage
      title={`Remove “${label}”`}
      action={`${path}/remove`}
      submit="Remove it"
      back={path}
      errors={errors}
      dangerous
    >
      <p>
        Its codes will not work any more. {found.isOnly && 'It is the only one: your recovery codes go with it.'} Show
        first that you hold an authenticator.
      </p>
    </ProofPage>
  )
  return page(c, status === 200 ? 'Remove an authenticator' : 'Error: remove an authenticator', content, { status })
}

/* ------------------------------------------------------------------------------------------------------- add another */

accountRoutes.get('/account/add', proven, (c) => addPage(c, {}, 200))

accountRoutes.post('/account/add', proven, async (c) => {
  const label = c.var.form.text('label').trim()
  const begun = await ask(c, 'POST', '/me/setup', { ...(label && { label }), proof: proofIn(c), restart: true })
  if (begun.ok) return goTo(c, '/setup/add')
  return addPage(c, proofErrors(c, begun.problem), 422)
})

function addPage(c: Context<Env>, errors: Errors, status: 200 | 422) {
  const fields = (
    <Field
      name="label"
      label="What do you call the new one? (if you like)"
      hint="So that you know which one it is: “My phone”, “Office computer”."
      value={status === 200 ? '' : c.var.form.text('label')}
      maxlength={100}
      autocomplete="off"
    />
  )
  const content = (
    <ProofPage
      title="Add another authenticator"
      action="/account/add"
      submit="Go on"
      back="/account"
      {...{ errors, fields }}
    >
      <p>Show first that you hold one you have already. Then add the account to the new one.</p>
    </ProofPage>
  )
  return page(c, status === 200 ? 'Add another authenticator' : 'Error: add another authenticator', content, { status })
}

/* ---------------------------------------------------------------------------------------------------- recovery codes */

accountRoutes.get('/account/recovery-codes', proven, (c) => replacePage(c, {}, 200))

accountRoutes.post('/account/recovery-codes', proven, async (c) => {
  const replaced = await ask<{ recoveryCodes: string[] }>(c, 'POST', '/me/recovery-codes', { proof: proofIn(c) })
  if (!replaced.ok) return replacePage(c, proofErrors(c, replaced.problem), 422)
  const codes = replaced.body.recoveryCodes
  const content = (
    <RecoveryCodesPage codes={codes} accountName={c.var.user.email} query="?return_to=%2Faccount" replaced />
  )
  return page(c, 'New recovery codes', content)
})

function replacePage(c: Context<Env>, errors: Errors, status: 200 | 422) {
  const content = (
    <ProofPage
      title="Replace your recovery codes"
      action="/account/recovery-codes"
      submit="Make new codes"
      back="/account"
      errors={errors}
    >
      <p>
        You get ten new ones, and the old ones are worth nothing from then on. Show first that you hold an
        authenticator.
      </p>
    </ProofPage>
  )
  return page(c, status === 200 ? 'Replace your recovery codes' : 'Error: replace your recovery codes', content, {
    status,
  })
}

/* -------------------------------------------------------------------------------------------------------------- proof */

/** What shows that whoever asks holds an authenticator, or a recovery code if that was filled in. */
function proofIn(c: Context<Env>): { code: string } | { recoveryCode: string } {
  const recoveryCode = c.var.form.text('recoveryCode').trim()
  return recoveryCode === '' ? { code: c.var.form.text('code') } : { recoveryCode }
}

function proofErrors(c: Context<Env>, problem: Problem): Errors {
  const field = 'recoveryCode' in proofIn(c) ? 'recoveryCode' : 'code'
  if (problem.reason === 'invalid-request') return { [field]: 'Type the six digits that the app shows.' }
  return { [field]: refusalWords(problem, Date.now()) }
}
