import { raw } from 'hono/html'
import { type PropsWithChildren, useContext } from 'hono/jsx'
import { COMPANY } from '../company.js'
import { nameOf } from '../users.js'
import { PageContext } from './context.js'
import { Form } from './form.js'
import { Icon } from './icons.js'
import { DAY, day, many } from './words.js'

export function Layout({ title, wide, children }: PropsWithChildren<{ title: string; wide: boolean }>) {
  const { nonce, note, user, administrator } = useContext(PageContext)
  return (
    <>
      {raw('<!doctype html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{`${title} – ${COMPANY}`}</title>
          <link rel="stylesheet" href="/assets/style.css" nonce={nonce} />
          <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
          <script src="/assets/app.js" type="module" nonce={nonce} />
        </head>
        <body>
          <a class="skip" href="#main">
            Skip to the content
          </a>
          <DemoBar />
          <header class="top">
            <a class="brand" href="/">
              <Icon name="shield" /> {COMPANY}
            </a>
            {user !== null && <Navigation administrator={administrator} />}
            <Who />
          </header>
          <main id="main" class={wide ? 'wide' : 'narrow'}>
            {note !== null && (
              <p class="note" role="status">
                <Icon name="check" /> {note}
              </p>
            )}
            {children}
          </main>
        </body>
      </html>
    </>
  )
}

function Navigation({ administrator }: { administrator: boolean }) {
  return (
    <nav aria-label="Main">
      <ul>
        <NavItem href="/">Home</NavItem>
        <NavItem href="/account">Account</NavItem>
        {administrator && (
          <>
            <NavItem href="/admin">Roll-out</NavItem>
            <NavItem href="/admin/users">People</NavItem>
            <NavItem href="/admin/clock">Clock</NavItem>
          </>
        )}
      </ul>
    </nav>
  )
}

function NavItem({ href, children }: PropsWithChildren<{ href: string }>) {
  const { path } = useContext(PageContext)
  const isHere = path === href
  const isAbove = href !== '/' && href !== '/admin' && path.startsWith(`${href}/`)
  return (
    <li>
      <a href={href} aria-current={isHere ? 'page' : isAbove ? 'true' : undefined}>
        {children}
      </a>
    </li>
  )
}

function Who() {
  const { user, signedIn } = useContext(PageContext)
  if (!signedIn) return null
  return (
    <div class="who">
      {user !== null && <span class="name">{nameOf(user)}</span>}
      <Form action="/sign-out">
        <button type="submit" class="quiet">
          Sign out
        </button>
      </Form>
    </div>
  )
}

/** FOR SHOW ONLY: says that this is a demonstration, and which day it is there. */
function DemoBar() {
  const { now, ahead } = useContext(PageContext)
  return (
    <aside class="demo" aria-label="About this demonstration">
      <p>
        <strong>Demonstration.</strong> It is {day(now)} here
        {ahead > 0 ? `, ${many(Math.round(ahead / DAY), 'day')} ahead of your phone` : ''}.{' '}
        <a href="/demo/phone">The demo’s phone</a>
      </p>
    </aside>
  )
}
