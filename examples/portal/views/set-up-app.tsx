import type { Errors } from '../form.js'
import { ErrorSummary, Field, Form } from './form.js'
import { Steps } from './steps.js'

interface App {
  name: string
  on: string
  href: string
}

/** In the order of the alphabet: any of them does, and so do others. */
const APPS: readonly App[] = [
  { name: '2FAS', on: 'iOS, Android', href: 'https://2fas.com' },
  { name: 'Aegis', on: 'Android', href: 'https://getaegis.app' },
  { name: 'Bitwarden', on: 'iOS, Android, desktop', href: 'https://bitwarden.com' },
  { name: 'Ente Auth', on: 'iOS, Android, desktop', href: 'https://ente.io/auth' },
  { name: 'Google Authenticator', on: 'iOS, Android', href: 'https://support.google.com/accounts/answer/1066447' },
  { name: 'KeePassXC', on: 'desktop', href: 'https://keepassxc.org' },
  {
    name: 'Microsoft Authenticator',
    on: 'iOS, Android',
    href: 'https://www.microsoft.com/security/mobile-authenticator-app',
  },
  { name: 'oathtool', on: 'command line', href: 'https://www.nongnu.org/oath-toolkit' },
  { name: 'Passwords', on: 'iOS, macOS; built in', href: 'https://support.apple.com/guide/passwords' },
]

interface SetUpAppProps {
  query: string
  passRequired: boolean
  errors?: Errors
}

export function SetUpAppPage({ query, passRequired, errors = {} }: SetUpAppProps) {
  return (
    <section class="card">
      <Steps at={1} />
      <ErrorSummary errors={errors} />
      <h1>Get an authenticator app</h1>
      <p>It shows a new six-digit code every half minute. Any of these does, and any other of the kind:</p>
      <ul class="apps">
        {APPS.map(({ name, on, href }) => (
          <li>
            <a href={href} rel="noreferrer" target="_blank">
              {name}
            </a>
            <span class="about">{on}</span>
          </li>
        ))}
      </ul>
      <p class="hint">Links open in a new tab. You may have one already: many password managers do this, too.</p>
      <Form action={`/setup${query}`}>
        {passRequired && (
          <Field
            name="pass"
            label="Your pass"
            hint="From the help desk, room 0.14 or telephone 4711. It is good for one hour and for one set-up."
            errors={errors}
            autocomplete="off"
          />
        )}
        <p class="actions">
          <button type="submit" class="primary">
            I have one
          </button>
        </p>
      </Form>
    </section>
  )
}
