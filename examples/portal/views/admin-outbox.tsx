import type { Mail } from '../outbox.js'
import { nameOf, type User } from '../users.js'
import { moment } from './words.js'

/** FOR SHOW ONLY: the mail that a real portal would have sent. */
export function OutboxPage({ mails }: { mails: readonly (Mail & { user: User | null })[] }) {
  return (
    <>
      <h1>What was sent</h1>
      <p class="about">The demo sends no mail. This is what would have gone out, the latest first.</p>
      {mails.length === 0 ? (
        <p class="card">Nothing yet.</p>
      ) : (
        <ul class="rows card">
          {mails.map(({ user, userId, at, subject, body }) => (
            <li>
              <span class="grow">
                <strong>{subject}</strong>
                <span class="about breakable">
                  To {user === null ? userId : nameOf(user)} · {moment(at)}
                </span>
                <span class="body">{body}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
      <p>
        <a href="/admin">Back to the roll-out</a>
      </p>
    </>
  )
}
