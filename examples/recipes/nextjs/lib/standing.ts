// #region standing
import { createGuard, type GuardRule, type Identity } from 'leeway/http'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { guardOptions, ORIGIN } from './leeway'

const guard = createGuard(guardOptions)

/**
 * Who is asking, in a page or a server action that must not rely on the proxy alone: close to the data, on every call.
 * `path` is where he is led back to.
 */
export async function whoMay(path: string, rule?: GuardRule): Promise<Identity> {
  const { host: _, ...asked } = Object.fromEntries(await headers())
  const request = new Request(new URL(path, ORIGIN), { headers: { ...asked, accept: 'text/html' } })
  const checked = await guard(request, undefined, rule)
  if (checked.pass) return checked.identity
  const page = checked.response.headers.get('location')
  if (page === null) throw new Error(`refused with ${checked.response.status}`)
  redirect(page)
}
// #endregion
