import type { Context } from 'hono'
import type { Env } from './env.js'
import { type PageOptions, page } from './pages.js'

const WORDS = {
  400: ['This form could not be read', 'Nothing was changed. Go back, load the page again and send it once more.'],
  403: [
    'This was not done',
    'The form was sent from another page or another session, or it is not for you. Nothing was changed.',
  ],
  404: ['There is nothing here', 'The address may be misspelt, or what was here is gone.'],
  413: ['This is too much', 'The form was larger than any of ours. Nothing was changed.'],
  415: ['This form could not be read', 'It came in a way that no page of ours sends. Nothing was changed.'],
  500: ['Something went wrong here', 'It is our fault, not yours. Try again in a moment.'],
  503: ['We cannot answer just now', 'Nothing was changed. Try again in a moment.'],
} as const

/** Says what went wrong, and where it goes on. */
export function problemPage(c: Context<Env>, status: keyof typeof WORDS & PageOptions['status']) {
  const [title, text] = WORDS[status]
  return page(
    c,
    title,
    <section class="card">
      <h1>{title}</h1>
      <p>{text}</p>
      <p class="actions">
        <a class="button" href="/">
          To the start page
        </a>
      </p>
    </section>,
    { status },
  )
}
