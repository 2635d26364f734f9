import { COMPANY } from '../company.js'
import type { FeaturedAccount } from '../demo/people.js'
import type { Errors } from '../form.js'
import { ErrorSummary, Field, Form } from './form.js'

interface SignInProps {
  action: string
  email?: string
  errors?: Errors
  /** the session was over */
  ended?: boolean
  demo: { accounts: readonly FeaturedAccount[]; password: string }
}

export function SignInPage({ action, email = '', errors = {}, ended = false, demo }: SignInProps) {
  return (
    <div class="beside">
      <section class="card">
        <h1>Sign in to {COMPANY}</h1>
        <ErrorSummary errors={errors} />
        {ended && (
          <p class="info" role="status">
            Your session has ended. Sign in again to go on; nothing was changed.
          </p>
        )}
        <Form action={action}>
          <Field name="email" label="Email" type="email" value={email} errors={errors} autocomplete="username" />
          <Field name="password" label="Password" type="password" errors={errors} autocomplete="current-password" />
          <p class="actions">
            <button type="submit" class="primary">
              Sign in
            </button>
          </p>
        </Form>
      </section>

      {/* FOR SHOW ONLY: nobody prints passwords */}
      <section class="card plain" aria-labelledby="demo-accounts">
        <h2 id="demo-accounts">Try it as</h2>
        <p>
          Everybody’s password here is <code>{demo.password}</code>
        </p>
        <ul class="accounts">
          {demo.accounts.map(({ email: address, name, about }) => (
            <li>
              <button type="button" class="account" data-fill={address} data-password={demo.password}>
                <strong>{name}</strong>
                <span class="about">{about}</span>
                <span class="address">{address}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
    </div>
  )
}
