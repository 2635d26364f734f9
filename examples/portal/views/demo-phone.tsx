import type { DemoCode } from '../demo/phone.js'

/** FOR SHOW ONLY */
export function DemoPhonePage({ codes, secondsLeft }: { codes: readonly DemoCode[]; secondsLeft: number }) {
  return (
    <section class="card">
      <h1>The demo’s phone</h1>
      <p>
        For everybody who has no authenticator at hand. It shows the codes of those who set up with it, to anybody:
        outside of a demonstration, this is a person’s own phone.
      </p>
      {codes.length === 0 ? (
        <p class="hint">Nobody has set up with it yet.</p>
      ) : (
        <ul class="rows">
          {codes.map(({ account, code }) => (
            <li>
              <span class="grow breakable">{account}</span>
              <code class="big">{`${code.slice(0, 3)} ${code.slice(3)}`}</code>
            </li>
          ))}
        </ul>
      )}
      <p class="hint">
        New codes in <span data-seconds={String(secondsLeft)}>{secondsLeft}</span> seconds. Each is accepted once.{' '}
        <a href="/demo/phone">Look again</a>
      </p>
    </section>
  )
}
