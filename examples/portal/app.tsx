import { readFileSync } from 'node:fs'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { NONCE, secureHeaders } from 'hono/secure-headers'
import type { Env } from './env.js'
import { checkedForm } from './forms.js'
import { withSession } from './middleware.js'
import { isSecure, type Portal } from './portal.js'
import { problemPage } from './problem.js'
import { accountRoutes } from './routes/account.js'
import { adminRoutes } from './routes/admin.js'
import { challengeRoutes } from './routes/challenge.js'
import { demoRoutes } from './routes/demo.js'
import { homeRoutes } from './routes/home.js'
import { setUpRoutes } from './routes/set-up.js'
import { signInRoutes } from './routes/sign-in.js'

/** The largest form is a list of people. */
const MOST_BYTES = 64 * 1024

const ASSETS = {
  'style.css': 'text/css',
  'app.js': 'text/javascript',
  'icon.svg': 'image/svg+xml',
} as const

/** The portal on the web: security headers first, then who is asking, then the pages and the API. */
export function createApp(portal: Portal): Hono<Env> {
  const app = new Hono<Env>()

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: [NONCE],
        styleSrc: [NONCE],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
      strictTransportSecurity: isSecure(portal.origin),
      // With 'no-referrer' browsers would send the Origin of our own forms as null.
      referrerPolicy: 'same-origin',
    }),
  )

  for (const [name, type] of Object.entries(ASSETS)) {
    const file = readFileSync(new URL(`public/${name}`, import.meta.url))
    const headers = { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'max-age=60' }
    app.get(`/assets/${name}`, (c) => c.body(file, 200, headers))
  }

  app.use(async (c, next) => {
    c.set('portal', portal)
    await next()
    // Pages are for whoever asked, now: the back button does not show them to the next one.
    c.header('cache-control', 'no-store')
  })
  app.use(withSession)
  app.all('/mfa/*', (c) => portal.handler(c.req.raw, c))

  app.use(bodyLimit({ maxSize: MOST_BYTES, onError: (c) => problemPage(c, 413) }))
  app.use(checkedForm)
  app.route('/', signInRoutes)
  app.route('/', homeRoutes)
  app.route('/', setUpRoutes)
  app.route('/', challengeRoutes)
  app.route('/', accountRoutes)
  app.route('/admin', adminRoutes)
  app.route('/', demoRoutes)

  app.notFound((c) => problemPage(c, 404))
  app.onError((error, c) => {
    console.error(error)
    return problemPage(c, error.name === 'LeewayError' ? 503 : 500)
  })
  return app
}
