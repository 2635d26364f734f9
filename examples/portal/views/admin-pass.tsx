import { nameOf, type User } from '../users.js'
import { ZONE_NAME } from './words.js'

/** Shown once: it is nowhere but on this page. */
export function PassPage({ user, pass, until }: { user: User; pass: string; until: string }) {
  return (
    <section class="card">
      <h1 class="breakable">A pass for {nameOf(user)}</h1>
      <p class="pass">
        <code id="pass">{pass}</code>
      </p>
      <p class="strong">It is shown this once.</p>
      <p>
        Hand it over in person, or by telephone to somebody whose voice you know; never by mail to the account itself.
        It opens one set-up and nothing else, until {until} ({ZONE_NAME}).
      </p>
      <p class="actions">
        <button type="button" class="button" data-copy="pass" hidden>
          Copy
        </button>
        <a class="button primary" href={`/admin/users/${encodeURIComponent(user.id)}`}>
          Done
        </a>
      </p>
    </section>
  )
}
