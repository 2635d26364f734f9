// @ts-check
/**
 * Sign-in and sign-out of hono.js for frameworks that have requests of their own: functions from the web's `Request` to
 * its `Response`, which `toNode` mounts, so that both frameworks share them.
 */
import { isSameOrigin, levelFor, returnTo } from 'leeway/http'
import { withPassword } from './host.js'
import { HTML, signInPage } from './pages.js'

/** @param {Pick<import('./host.js').Host, 'leeway' | 'sessions'>} host */
export const createForms = ({ leeway, sessions }) => ({
  /** @param {Request} request @param {unknown} fields what the framework's parser made of the body */
  async signIn(request, fields) {
    if (!isSameOrigin(request)) return ofAnotherSite()
    const { name, password } = /** @type {Record<string, unknown>} */ (fields ?? {})
    const user = await withPassword(name, password)
    if (user === null) return new Response(signInPage({ isRefused: true }), { status: 422, headers: HTML })

    const decision = await leeway.signIn(user.id)
    const level = levelFor(decision)
    if (level === null) return seeOther('/suspended')
    const next = returnTo(request)
    const location = decision.action === 'offer-setup' ? `/set-up?return_to=${encodeURIComponent(next)}` : next
    return seeOther(location, sessions.begin(request, user.id, level))
  },
  /** @param {Request} request */
  async signOut(request) {
    return isSameOrigin(request) ? seeOther('/sign-in', sessions.end(request)) : ofAnotherSite()
  },
})

const ofAnotherSite = () => new Response('This form is of another site.', { status: 403 })

/** @param {string} location @param {string} [cookie] */
const seeOther = (location, cookie) =>
  new Response(null, { status: 303, headers: { location, ...(cookie && { 'set-cookie': cookie }) } })
