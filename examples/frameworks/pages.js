// @ts-check
/** The pages of the servers beside this file, as HTML. public/mfa.js makes their forms calls of the routes at /mfa. */
import { readFileSync } from 'node:fs'

/** Headers of every page: nothing of it is kept, framed or run but what comes from this server. */
export const HTML = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
}
export const JAVASCRIPT = { 'content-type': 'text/javascript; charset=utf-8' }

/** What the pages run. */
export const script = readFileSync(new URL('public/mfa.js', import.meta.url), 'utf8')

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)

/** @param {string} title @param {string} body @param {string} [next] where the page's forms lead to */
const page = (title, body, next = '/') => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<script type="module" src="/mfa.js"></script>
<main data-next="${escaped(next)}">
<h1>${title}</h1>
<p role="alert"></p>
${body}
</main>
`

/** Its form is sent to the page's own address, `return_to` included. @param {{ isRefused?: boolean }} [options] */
export const signInPage = ({ isRefused = false } = {}) =>
  page(
    'Sign in',
    `${isRefused ? '<p>Name or password is not right.</p>' : ''}
<form method="post">
<p><label>Name <input name="name" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<button>Sign in</button>
</form>`,
  )

/** @param {import('leeway/http').Identity} identity @param {import('leeway').SignInDecision} decision */
export const homePage = ({ userId, level }, { action, daysLeft }) =>
  page(
    `Hello, ${escaped(userId)}`,
    `${action === 'offer-setup' ? `<p>You have ${daysLeft} days left to <a href="/set-up">set up MFA</a>.</p>` : ''}
<p>This session is at the level <output>${level}</output>.</p>
<p><a href="/payslips">Payslips</a></p>
<form method="post" action="/sign-out"><button>Sign out</button></form>`,
  )

/** @param {import('leeway/http').Identity} identity */
export const payslipsPage = ({ userId }) => page('Payslips', `<p>Those of ${escaped(userId)}.</p>`)

/**
 * Offered, or asked for: it is the decision's to say.
 *
 * @param {import('leeway').SignInDecision} decision
 * @param {string} next
 */
export function setUpPage(decision, next) {
  if (decision.action !== 'offer-setup' && decision.action !== 'require-setup') {
    return page('Set up MFA', `<p>There is nothing to do here. <a href="${escaped(next)}">Go on</a></p>`)
  }
  const { passRequired } = decision
  const pass = '<p><label>Pass from an administrator <input name="pass" autocomplete="off" required></label></p>'
  // "Not now" leads on, which it cannot where set-up is asked for.
  const left = decision.action === 'offer-setup' ? (decision.postponementsLeft ?? Number.POSITIVE_INFINITY) : 0
  return page(
    'Set up MFA',
    `<section id="begin">
<form method="post">${passRequired ? pass : ''}<button>Set up now</button></form>
${left > 0 ? '<form method="post" id="postpone"><button>Not now</button></form>' : ''}
</section>
<section id="confirm" hidden>
<p>Scan this with an authenticator app, or type the key into it: <code id="secret"></code></p>
<p id="qr"></p>
<form method="post">
<p><label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" required></label></p>
<button>Confirm</button>
</form>
</section>
<section id="done" hidden>
<p>Keep these recovery codes. Each signs you in once, and they are not shown again.</p>
<pre id="recovery-codes"></pre>
<p><a href="${escaped(next)}">Go on</a></p>
</section>`,
    next,
  )
}

/** @param {string} next */
export const challengePage = (next) =>
  page(
    'Show a code',
    `<form method="post" id="verify">
<p><label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" required></label></p>
<button>Go on</button>
</form>
<form method="post" id="recover">
<p><label>Or a recovery code <input name="recoveryCode" autocomplete="off" required></label></p>
<button>Use it</button>
</form>
<form method="post" action="/sign-out"><button>Sign out</button></form>`,
    next,
  )

export const suspendedPage = () => page('This account is suspended', '<p>Ask an administrator.</p>')
