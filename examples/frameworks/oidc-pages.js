// @ts-check
/** The pages of oidc-provider.js: plain forms, each sent to the interaction's own address. */
import { qrSvg } from 'leeway/qr'

/**
 * No `form-action`: browsers hold it against redirects too, and the last form of an interaction leads to the
 * application.
 */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
}

/** What is said of a refusal. @type {Record<string, string>} */
export const MESSAGES = {
  'invalid-code': 'The code is not right.',
  locked: 'There were too many wrong codes. Wait, then try again.',
  disabled: 'There were too many wrong codes. Ask an administrator.',
  'pass-required': 'Set-up needs a pass from an administrator.',
  'invalid-pass': 'The pass is not right.',
}

/**
 * All in here is this server's own text: nothing that somebody typed is repeated.
 *
 * @param {string} title
 * @param {string} body
 * @param {{ message?: string | undefined, status?: number }} [options]
 */
export const page = (title, body, { message = '', status = message === '' ? 200 : 422 } = {}) =>
  new Response(
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<main>
<h1>${title}</h1>
<p role="alert">${message}</p>
${body}
</main>
`,
    { status, headers: HEADERS },
  )

/** @param {string} act what the form asks for @param {string} button @param {string} [fields] */
const form = (act, button, fields = '') =>
  `<form method="post">${fields}<p><button name="act" value="${act}">${button}</button></p></form>`

/** @param {string} label @param {string} name @param {string} [attributes] */
const field = (label, name, attributes = 'autocomplete="off"') =>
  `<p><label>${label} <input name="${name}" ${attributes} required></label></p>`

const code = field('Code', 'code', 'inputmode="numeric" autocomplete="one-time-code"')

/** @param {string} [message] */
export const signInPage = (message) => {
  const fields = [
    field('Name', 'name', 'autocomplete="username"'),
    field('Password', 'password', 'type="password" autocomplete="current-password"'),
  ]
  return page('Sign in', form('sign-in', 'Sign in', fields.join('')), { message })
}

/**
 * Offered, or asked for: it is the decision's to say.
 *
 * @param {import('leeway').SignInDecision} decision
 * @param {string} [message]
 */
export const setUpPage = (decision, message) => {
  const passRequired = 'passRequired' in decision && decision.passRequired
  const isOffered = decision.action === 'offer-setup'
  const mayPostpone = isOffered && decision.postponementsLeft !== 0
  const why = isOffered ? `You have ${decision.daysLeft} days left to set up MFA.` : 'MFA has to be set up first.'
  const begin = form('begin', 'Set up now', passRequired ? field('Pass from an administrator', 'pass') : '')
  return page('Set up MFA', `<p>${why}</p>${begin}${mayPostpone ? form('not-now', 'Not now') : ''}`, { message })
}

/** @param {{ secret: string, keyUri: string }} setup @param {string} [message] */
export const confirmPage = ({ secret, keyUri }, message) =>
  page(
    'Set up MFA',
    `<p>Scan this with an authenticator app, or type the key into it: <code>${secret}</code></p>
<div style="width: 16em">${qrSvg(keyUri)}</div>
${form('confirm', 'Confirm', code)}`,
    { message },
  )

/** @param {readonly string[]} codes */
export const recoveryCodesPage = (codes) =>
  page(
    'Keep these recovery codes',
    `<p>Each signs you in once, and they are not shown again.</p>
<pre>${codes.join('\n')}</pre>
${form('go-on', 'Go on')}`,
  )

/** @param {string} [message] */
export const challengePage = (message) =>
  page(
    'Show a code',
    `${form('verify', 'Go on', code)}${form('recover', 'Use it', field('Or a recovery code', 'recoveryCode'))}`,
    { message },
  )
