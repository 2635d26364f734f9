import { raw } from 'hono/html'
import { COMPANY } from '../company.js'
import { Form } from './form.js'
import { Steps } from './steps.js'

interface SetUpAddProps {
  /** an SVG; null where names make it larger than any */
  qr: string | null
  secret: string
  keyUri: string
  accountName: string
  /** "14:05" */
  until: string
  query: string
}

export function SetUpAddPage({ qr, secret, keyUri, accountName, until, query }: SetUpAddProps) {
  return (
    <section class="card">
      <Steps at={2} />
      <h1>Add the account to your app</h1>
      {qr !== null && (
        <>
          <p>In the app, choose to add an account, and point the camera at this:</p>
          <div class="qr">{raw(qr)}</div>
        </>
      )}
      <p class="hint">
        Your app will call it <strong>{COMPANY}</strong>, with <strong class="breakable">{accountName}</strong>.
      </p>
      <details open={qr === null}>
        <summary>Can’t scan? Type this key</summary>
        <p>Choose “enter a setup key” in the app. The kind is “time-based”.</p>
        <p class="key">
          <code id="secret" class="groups">
            {(secret.match(/.{1,4}/g) ?? []).map((group) => (
              <span>{group} </span>
            ))}
          </code>
          <button type="button" class="button small" data-copy="secret" hidden>
            Copy the key
          </button>
        </p>
        <p>
          On the device with the app? <a href={keyUri}>Open it there</a>
        </p>
      </details>
      <p class="actions">
        <a class="button primary" href={`/setup/check${query}`}>
          It shows a code
        </a>
      </p>
      {/* FOR SHOW ONLY */}
      <Form action={`/demo/phone${query}`} class="aside">
        <button type="submit" class="link">
          No phone at hand? Let the demo’s phone scan it
        </button>
      </Form>
      <Leave query={query} until={until} />
    </section>
  )
}

/** The way out of a set-up. */
export function Leave({ query, until }: { query: string; until: string }) {
  return (
    <Form action={`/setup/cancel${query}`} class="aside">
      <p class="hint">
        This set-up waits for you until {until}.{' '}
        <button type="submit" class="link">
          Cancel it
        </button>
      </p>
    </Form>
  )
}
