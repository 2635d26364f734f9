import { COMPANY } from '../company.js'
import { Form } from './form.js'
import { Icon } from './icons.js'

interface RecoveryCodesProps {
  codes: readonly string[]
  accountName: string
  query: string
  /** they take the place of older ones */
  replaced: boolean
}

/** Shown once: they are nowhere but on this page. */
export function RecoveryCodesPage({ codes, accountName, query, replaced }: RecoveryCodesProps) {
  const file = `Recovery codes of ${COMPANY} for ${accountName}\nEach works once.\n\n${codes.join('\n')}\n`
  return (
    <section class="card">
      <h1>
        <Icon name="check" /> {replaced ? 'Your new recovery codes' : 'That’s it. Now save your recovery codes'}
      </h1>
      <p>
        {replaced && 'The old ones are worth nothing from now on. '}If your phone is lost, each of these lets you in
        once. Keep them where your phone is not: in a password manager, or on paper.
      </p>
      <p class="strong">They are shown this once.</p>
      <ol class="recovery" id="recovery-codes">
        {codes.map((code) => (
          <li>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <p class="actions">
        <button type="button" class="button" data-copy="recovery-codes" hidden>
          Copy
        </button>
        <a
          class="button"
          download="recovery-codes.txt"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(file)}`}
        >
          Download
        </a>
        <button type="button" class="button" data-print hidden>
          Print
        </button>
      </p>
      <Form action={`/setup/done${query}`} validated>
        <p class="check">
          <input type="checkbox" id="saved" name="saved" value="yes" required />
          <label for="saved">I have saved them</label>
        </p>
        <p class="actions">
          <button type="submit" class="primary">
            Continue
          </button>
        </p>
      </Form>
    </section>
  )
}
