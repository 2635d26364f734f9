import type { Errors } from '../form.js'
import { ErrorSummary, Field, Form } from './form.js'
import { lifeOf } from './words.js'

interface AuthenticatorProps {
  authenticator: { id: string; label: string; boundAt: number; lastUsedAt: number | null }
  removable: boolean
  errors?: Errors
  label?: string
}

export function AuthenticatorPage({ authenticator, removable, errors = {}, label }: AuthenticatorProps) {
  const path = `/account/authenticators/${encodeURIComponent(authenticator.id)}`
  return (
    <section class="card">
      <ErrorSummary errors={errors} />
      <h1 class="breakable">{authenticator.label}</h1>
      <p class="about">{lifeOf(authenticator)}</p>
      <Form action={`${path}/rename`}>
        <Field
          name="label"
          label="Name"
          hint="So that you know which one it is: “My phone”, “Office computer”."
          value={label ?? authenticator.label}
          errors={errors}
          maxlength={100}
          autocomplete="off"
        />
        <p class="actions">
          <button type="submit" class="primary">
            Save the name
          </button>
          <a class="button" href="/account">
            Back
          </a>
        </p>
      </Form>
      <hr />
      {removable ? (
        <p>
          <a href={`${path}/remove`}>Remove it</a>
        </p>
      ) : (
        <p class="hint">It is your only one, and two-step sign-in is required: add another before you remove it.</p>
      )}
    </section>
  )
}
