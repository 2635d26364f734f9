import type { Child, PropsWithChildren } from 'hono/jsx'
import { useContext } from 'hono/jsx'
import type { Errors } from '../form.js'
import { PageContext } from './context.js'
import { Icon } from './icons.js'

interface FormProps {
  action: string
  class?: string
  id?: string
  /** whether the browser checks it first: only where the page could not be shown again */
  validated?: boolean
  'data-assign'?: string
  'data-preview'?: string
}

/** A form that changes something: it carries the token of this browser. */
export function Form({
  action,
  class: className,
  id,
  validated = false,
  children,
  ...data
}: PropsWithChildren<FormProps>) {
  const { token } = useContext(PageContext)
  return (
    <form method="post" action={action} class={className} id={id} novalidate={!validated} {...data}>
      <input type="hidden" name="token" value={token} />
      {children}
    </form>
  )
}

interface FieldProps {
  name: string
  label: Child
  hint?: Child
  errors?: Errors
  type?: string
  value?: string
  autocomplete?: string
  class?: string
  required?: boolean
  inputmode?: 'numeric' | 'text'
  maxlength?: number
  min?: string
  max?: string
  autofocus?: boolean
}

/** A field with its label above, what helps below that, and its error right there. */
export function Field({ name, label, hint, errors = {}, type = 'text', class: className, ...rest }: FieldProps) {
  const error = errors[name]
  const describedBy = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(' ')
  return (
    <div class={`field ${error ? 'wrong' : ''}`}>
      <label for={name}>{label}</label>
      {hint && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {error && <FieldError name={name}>{error}</FieldError>}
      <input
        id={name}
        name={name}
        type={type}
        class={className}
        aria-describedby={describedBy || undefined}
        aria-invalid={error ? 'true' : undefined}
        spellcheck={false}
        {...rest}
      />
    </div>
  )
}

/** Six digits from an authenticator. */
export function CodeField({
  errors,
  label = 'Six-digit code',
  hint,
  autofocus = false,
}: {
  errors?: Errors
  label?: string
  hint?: Child
  autofocus?: boolean
}) {
  return (
    <Field
      name="code"
      label={label}
      hint={hint}
      {...(errors && { errors })}
      class="code"
      autocomplete="one-time-code"
      inputmode="numeric"
      maxlength={12}
      autofocus={autofocus}
    />
  )
}

export function FieldError({ name, children }: PropsWithChildren<{ name: string }>) {
  return (
    <p class="error" id={`${name}-error`}>
      <Icon name="alert" /> <span class="visually-hidden">Error: </span>
      {children}
    </p>
  )
}

/** What is wrong, all of it, where the focus is after the page has come back. */
export function ErrorSummary({ errors, title = 'Please check this' }: { errors: Errors; title?: string }) {
  const all = Object.entries(errors)
  if (all.length === 0) return null
  return (
    <div class="summary" role="alert" tabindex={-1} autofocus aria-labelledby="summary-title">
      <h2 id="summary-title">{title}</h2>
      <ul>
        {all.map(([name, text]) => (
          <li>{name === '' ? text : <a href={`#${name}`}>{text}</a>}</li>
        ))}
      </ul>
    </div>
  )
}
