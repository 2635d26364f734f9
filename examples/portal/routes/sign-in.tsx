import { Hono } from 'hono'
import { levelFor, returnTo } from 'leeway/http'
import { DEMO_PASSWORD, FEATURED } from '../demo/people.js'
import type { Env } from '../env.js'
import type { Errors } from '../form.js'
import { page } from '../pages.js'
import { SignInPage } from '../views/sign-in.js'
import { SuspendedPage } from '../views/suspended.js'
import { onward } from './return.js'

export const signInRoutes = new Hono<Env>()

const demo = { accounts: FEATURED, password: DEMO_PASSWORD }
/** Longer ones would keep the hash busy. */
const LONGEST_PASSWORD = 1024

signInRoutes.get('/sign-in', (c) => {
  const ended = c.req.query('ended') !== undefined
  return page(c, 'Sign in', <SignInPage action={`/sign-in${onward(c)}`} ended={ended} demo={demo} />, { wide: true })
})

signInRoutes.post('/sign-in', async (c) => {
  const { form, portal } = c.var
  const email = form.text('email')
  const password = form.text('password')
  const refuse = (errors: Errors, status: 422 | 429) =>
    page(
      c,
      'Error: sign in',
      <SignInPage action={`/sign-in${onward(c)}`} email={email} errors={errors} demo={demo} />,
      {
        status,
        wide: true,
      },
    )

  if (email.trim() === '' || password === '') {
    return refuse(
      {
        ...(email.trim() === '' && { email: 'Type your email address.' }),
        ...(password === '' && { password: 'Type your password.' }),
      },
      422,
    )
  }
  if (!portal.signIns.mayTry(email)) {
    return refuse({ '': 'There were many wrong passwords for this address. Try again in a quarter of an hour.' }, 429)
  }
  const user = password.length > LONGEST_PASSWORD ? null : await portal.users.withPassword(email, password)
  if (user === null) {
    return refuse({ email: 'Email or password is not right.' }, 422)
  }
  portal.signIns.rightPassword(email)

  // The password was right; what it leads to is leeway's to say. Call it on every path that makes a session.
  const decision = await portal.leeway.signIn(user.id)
  portal.signIns.note(portal.clock.now(), user.id, decision.action)
  const level = levelFor(decision)
  if (level === null) return c.redirect('/suspended', 303)

  if (c.var.session !== null) portal.sessions.end(c.var.session.id)
  const session = portal.sessions.begin({ userId: user.id, level, signedInAt: portal.clock.signedInAt() })
  c.header('set-cookie', portal.cookieFor(session), { append: true })
  switch (decision.action) {
    case 'challenge':
      return c.redirect(`/challenge${onward(c)}`, 303)
    case 'require-setup':
      return c.redirect(`/required${onward(c)}`, 303)
    case 'offer-setup':
      return c.redirect(`/offer${onward(c)}`, 303)
    default:
      return c.redirect(returnTo(c.req.raw), 303)
  }
})

signInRoutes.post('/sign-out', (c) => {
  const { session, portal } = c.var
  if (session !== null) portal.sessions.end(session.id)
  return c.redirect('/sign-in', 303)
})

signInRoutes.get('/suspended', (c) => page(c, 'Suspended', <SuspendedPage />))
