// @ts-check
/**
 * An OpenID provider, panva's oidc-provider, with the enrollment period as a login policy.
 * `node examples/frameworks/oidc-provider.js`
 *
 * What is otherwise than in hono.js:
 * - There are no pages to guard: the guard decides whether an authorization request gets its code. A check of the
 *   provider's login policy asks it about the session that there is, at every request; the interaction asks it about
 *   the sign-in under way. There is no handler either: the forms of an interaction call leeway themselves.
 * - `acr_values` with the name of MFA makes a request sensitive: inside the period, too, it needs an authenticator.
 * - What the sign-in was becomes `amr` (RFC 8176) and `acr` of the ID token: ['pwd'] inside the period, ['pwd', 'otp']
 *   once a code was shown.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import express from 'express'
import { createGuard, isSameOrigin, levelFor, toNode } from 'leeway/http'
import { errors, interactionPolicy, Provider } from 'oidc-provider'
import { ADDRESS, announce, findUser, isMain, MOST_FORM_BYTES, makeLeeway, withPassword } from './host.js'
import { challengePage, confirmPage, MESSAGES, page, recoveryCodesPage, setUpPage, signInPage } from './oidc-pages.js'

/** @typedef {import('leeway/http').Identity} Identity */

/** Names for the two ways to sign in; take those of your federation where there is one. */
export const ACR = { password: 'urn:example:acr:password', mfa: 'urn:example:acr:mfa' }

/** Public, and with PKCE, as oidc-provider has it for every client. */
const CLIENT = {
  client_id: 'app',
  token_endpoint_auth_method: /** @type {const} */ ('none'),
  redirect_uris: ['http://127.0.0.1:8080/callback'],
}
const SUSPENDED = { error: 'access_denied', error_description: 'this account is suspended' }

/** Whether the application asks for MFA. @param {{ acr_values?: unknown }} params */
const ruleFor = ({ acr_values: names }) => ({
  sensitive: typeof names === 'string' && names.split(' ').includes(ACR.mfa),
})

/** What the guard's answer asks for next. @param {import('leeway/http').GuardResult} result */
function dueBy(result) {
  if (result.pass) return result.decision.action === 'offer-setup' ? 'offer' : 'nothing'
  const { response, decision } = result
  if (response.status >= 500) return 'failure'
  if (response.status === 401) return 'sign-in'
  if (decision?.action === 'deny') return 'refusal'
  return decision?.action === 'challenge' ? 'challenge' : 'set-up'
}

/**
 * The provider with its interactions, as an app of Express's.
 *
 * @param {{ issuer: string, leeway?: import('leeway').Leeway }} options
 */
export function createApp({ issuer, leeway = makeLeeway() }) {
  /** Who is asking is known from a session of the provider's, or from an interaction. */
  const guard = createGuard({
    leeway,
    identify: (_request, /** @type {Identity | null} */ identity) => identity,
    onError: (error) => console.error(error),
  })

  /* ---------------------------------------------------------------------------------------------- the login policy */

  const { Check, base } = interactionPolicy
  const mfa = new Check('mfa', 'a new sign-in, or one with MFA, is due', 'login_required', async ({ href, oidc }) => {
    const { session, params = {} } = oidc
    // The provider's own check has asked for a sign-in.
    if (!session?.accountId) return Check.NO_NEED_TO_PROMPT
    /** @type {Identity} */
    const identity = {
      userId: session.accountId,
      level: session.amr?.includes('otp') ? 'mfa' : 'password',
      accountName: session.accountId,
      // Of whole seconds, the guard wants the end.
      signedInAt: (session.loginTs ?? 0) * 1000 + 999,
    }
    const { pass } = await guard(new Request(href), identity, ruleFor(params))
    return pass ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT
  })
  const policy = base()
  policy.get('login')?.checks.add(mfa)
  // The application is the company's own: nobody is asked for consent, and `openid` is all it gets.
  policy.remove('consent')

  /** @type {Provider} */
  const provider = new Provider(issuer, {
    clients: [CLIENT],
    acrValues: Object.values(ACR),
    claims: { openid: ['sub', 'acr', 'amr'] },
    interactions: { policy, url: (_ctx, { uid }) => `/interaction/${uid}` },
    // In seconds: an interaction lives as long as a set-up, and a session as long as those of host.js.
    ttl: { Interaction: 600, Session: 43_200, Grant: 43_200, AccessToken: 600, IdToken: 600 },
    features: { devInteractions: { enabled: false } },
    // Asked when a code is exchanged, too: that of somebody who was suspended meanwhile is worth nothing.
    async findAccount(_ctx, sub) {
      if (findUser(sub) === null || (await leeway.decide(sub)).action === 'deny') return undefined
      return { accountId: sub, claims: () => ({ sub }) }
    },
    async loadExistingGrant({ oidc: { client, session } }) {
      const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
      grant.addOIDCScope('openid')
      await grant.save()
      return grant
    },
    // Yours come from where secrets are kept, and what the provider remembers is in a database.
    cookies: { keys: [randomBytes(32).toString('hex')] },
    jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
  })

  /* ---------------------------------------------------------------------------------------------- the interactions */

  const { origin } = new URL(issuer)

  /**
   * One request of an interaction: does what its form asks for, where that is due, and answers with the page that is
   * due then, or with the way back to the provider. How far the sign-in has come is kept in the interaction, as in a
   * session.
   *
   * @param {Request} request
   * @param {{ req: import('leeway/http').NodeRequest, res: import('leeway/http').NodeResponse }} context
   */
  async function interact(request, context) {
    const { req, res } = /** @type {{ req: express.Request, res: express.Response }} */ (
      /** @type {object} */ (context)
    )
    const interaction = await provider.interactionDetails(req, res).catch((error) => {
      if (error instanceof errors.SessionNotFound) return null
      throw error
    })
    if (interaction === null) return page('This took too long', 'Begin again at the application.', { status: 400 })

    const rule = ruleFor(interaction.params)
    const kept = () => /** @type {Identity | null} */ (interaction.result?.identity ?? null)

    /** @param {Identity} identity */
    const keep = async (identity) => {
      interaction.result = { identity }
      await interaction.persist()
    }
    /** @param {import('oidc-provider').InteractionResults} result */
    const end = async (result) => {
      const location = await provider.interactionResult(req, res, result, { mergeWithLastSubmission: false })
      return new Response(null, { status: 303, headers: { location } })
    }
    /** @param {Identity} identity */
    const finish = ({ userId, level, signedInAt }) => {
      const done = level === 'mfa' ? { acr: ACR.mfa, amr: ['pwd', 'otp'] } : { acr: ACR.password, amr: ['pwd'] }
      return end({ login: { accountId: userId, ts: Math.floor(signedInAt / 1000), ...done } })
    }

    /** @param {Record<string, unknown>} fields */
    const signIn = async ({ name, password }) => {
      const user = await withPassword(name, password)
      if (user === null) return signInPage('Name or password is not right.')
      const level = levelFor(await leeway.signIn(user.id))
      if (level === null) return end(SUSPENDED)
      await keep({ userId: user.id, level, accountName: user.email, signedInAt: Date.now() })
      return null
    }

    /**
     * Begins a set-up, or resumes the interaction's own, and shows it.
     *
     * @param {Identity} identity
     * @param {{ decision: import('leeway').SignInDecision | null, pass?: unknown, message?: string | undefined }} how
     */
    const showSetup = async (identity, { decision, pass, message }) => {
      const { userId, accountName, setupId } = identity
      const begun = await leeway.beginSetup(userId, { accountName, pass, ...(setupId && { setupId }) })
      if (!begun.ok) return decision && setUpPage(decision, MESSAGES[begun.reason])
      await keep({ ...identity, setupId: begun.setup.id })
      return confirmPage(begun.setup, message)
    }

    /** The page to answer a form with; null: the one that is due then. @param {Record<string, unknown>} form */
    const act = async ({ act, pass, code, recoveryCode, ...credentials }) => {
      const identity = kept()
      const result = await guard(request, identity, rule)
      const due = dueBy(result)
      if (identity === null || due === 'sign-in') return act === 'sign-in' ? signIn(credentials) : null

      const { decision } = result
      const { userId, setupId } = identity
      const raise = () => keep({ ...identity, level: 'mfa', signedInAt: Date.now(), setupId: null })
      // What is not due is not done, whatever a form asks for.
      switch (`${due}: ${act}`) {
        case 'offer: not-now': {
          const { action } = await leeway.postponeSetup(userId, { signInId: interaction.uid })
          return action === 'offer-setup' ? finish(identity) : null
        }
        case 'offer: begin':
        case 'set-up: begin':
          return showSetup(identity, { decision, pass })
        case 'offer: confirm':
        case 'set-up: confirm': {
          // Without an id, a set-up that another browser has begun would do.
          if (!setupId) return null
          const confirmed = await leeway.confirmSetup(userId, code, { setupId })
          if (confirmed.ok) {
            await raise()
            return recoveryCodesPage(confirmed.recoveryCodes ?? [])
          }
          const isWrong = confirmed.reason === 'invalid-code' && confirmed.triesLeft > 0
          return isWrong ? showSetup(identity, { decision, message: MESSAGES['invalid-code'] }) : null
        }
        case 'challenge: verify':
        case 'challenge: recover': {
          const checked = await (act === 'verify'
            ? leeway.verifyCode(userId, code)
            : leeway.useRecoveryCode(userId, recoveryCode))
          if (!checked.ok) return challengePage(MESSAGES[checked.reason])
          await raise()
          return null
        }
        default:
          return null
      }
    }

    if (request.method === 'POST') {
      if (!isSameOrigin(request, { origin })) return page('This form is of another site', '', { status: 403 })
      const answer = await act(req.body ?? {})
      if (answer !== null) return answer
    }
    const identity = kept()
    const result = await guard(request, identity, rule)
    const due = dueBy(result)
    if (identity === null || due === 'sign-in') return signInPage()
    if (due === 'nothing') return finish(identity)
    if (due === 'refusal') return end(SUSPENDED)
    if (due === 'challenge') return challengePage()
    if (result.pass || due === 'set-up')
      return setUpPage(/** @type {import('leeway').SignInDecision} */ (result.decision))
    return result.response
  }

  const app = express().disable('x-powered-by')
  const parsed = express.urlencoded({ extended: false, limit: MOST_FORM_BYTES })
  app.use('/interaction/:uid', parsed, toNode(interact))
  app.use(provider.callback())
  return app
}

if (isMain(import.meta.url)) {
  const server = createServer()
  server.listen(ADDRESS.port, ADDRESS.hostname, () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    server.on('request', createApp({ issuer: `http://${ADDRESS.hostname}:${port}` }))
    announce(port)
  })
}
