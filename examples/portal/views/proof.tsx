import type { Child } from 'hono/jsx'
import type { Errors } from '../form.js'
import { CodeField, ErrorSummary, Field, Form } from './form.js'

interface ProofProps {
  title: string
  /** what will happen */
  children: Child
  action: string
  submit: string
  back: string
  errors?: Errors
  /** further fields, before the proof */
  fields?: Child
  dangerous?: boolean
}

/** A change that asks for a code: whoever finds a browser signed in must not be able to make it. */
export function ProofPage({
  title,
  children,
  action,
  submit,
  back,
  errors = {},
  fields,
  dangerous = false,
}: ProofProps) {
  return (
    <section class="card">
      <ErrorSummary errors={errors} />
      <h1>{title}</h1>
      {children}
      <Form action={action}>
        {fields}
        <CodeField errors={errors} label="Code of an authenticator" />
        <details open={Boolean(errors['recoveryCode'])}>
          <summary>Use a recovery code in its place</summary>
          <Field name="recoveryCode" label="Recovery code" errors={errors} class="recovery-code" autocomplete="off" />
        </details>
        <p class="actions">
          <button type="submit" class={dangerous ? 'danger' : 'primary'}>
            {submit}
          </button>
          <a class="button" href={back}>
            Back
          </a>
        </p>
      </Form>
    </section>
  )
}
