import { Icon } from './icons.js'

export function SuspendedPage() {
  return (
    <section class="card">
      <h1>
        <Icon name="pause" /> Your account is suspended
      </h1>
      <p>Nobody can sign in with it for now. Your colleagues at the help desk can tell you why, and open it again.</p>
      <p>Help desk: room 0.14, or telephone 4711.</p>
      <p class="actions">
        <a class="button" href="/sign-in">
          Sign in with another account
        </a>
      </p>
    </section>
  )
}
