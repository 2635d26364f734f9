'use server'

// #region sign-in
import { levelFor, returnTo } from 'leeway/http'
import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { withPassword } from '../../lib/accounts'
import { leeway, ORIGIN } from '../../lib/leeway'
import { ATTRIBUTES, COOKIE, end, open } from '../../lib/sessions'

export async function signIn(form: FormData): Promise<void> {
  const user = await withPassword(form.get('user'), form.get('password'))
  if (user === null) redirect('/sign-in?wrong')
  // Only now: a decision is for somebody whose password was right.
  const decision = await leeway.signIn(user.id)
  const level = levelFor(decision)
  if (level === null) redirect('/suspended')

  // An id that somebody planted in this browser before is worth nothing after.
  end(await headers())
  const sid = open({ userId: user.id, level, accountName: user.email, signedInAt: Date.now() })
  ;(await cookies()).set(COOKIE, sid, ATTRIBUTES)

  const next = returnTo(
    new Request(new URL(`?${new URLSearchParams({ return_to: `${form.get('return_to')}` })}`, ORIGIN)),
  )
  // Where this session may not go, the guard leads to set-up or challenge.
  redirect(decision.action === 'offer-setup' ? `/set-up?return_to=${encodeURIComponent(next)}` : next)
}
// #endregion
