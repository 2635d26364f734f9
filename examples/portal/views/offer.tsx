import { Form } from './form.js'
import { Icon } from './icons.js'
import { lastDay, many, timeLeft, ZONE_NAME } from './words.js'

interface OfferProps {
  deadline: number
  now: number
  /** null: as often as they like */
  postponementsLeft: number | null
  passRequired: boolean
  /** where it goes on, as a query */
  query: string
}

export function OfferPage({ deadline, now, postponementsLeft, passRequired, query }: OfferProps) {
  return (
    <section class="card">
      <h1>
        <Icon name="shield" /> Protect your account
      </h1>
      <p class="lead">
        <strong>{timeLeft(deadline, now)}</strong>, until {lastDay(deadline)} ({ZONE_NAME}).
      </p>
      <p>
        A password can be guessed or stolen. With a second step, somebody who has yours still cannot get in. You need an
        app on your phone or computer, and three minutes.
      </p>
      {passRequired && <p>For set-up you need a pass. The help desk has it for you: room 0.14, or telephone 4711.</p>}
      <div class="actions">
        <a class="button primary" href={`/setup${query}`}>
          Set up now
        </a>
        <Form action={`/offer/not-now${query}`}>
          <button type="submit" class="button">
            Not now
          </button>
        </Form>
      </div>
      <p class="hint">
        {postponementsLeft === null
          ? '“Not now” is fine until that date. After it, set-up comes first when you sign in.'
          : `“Not now” is possible ${many(postponementsLeft, 'more time', 'more times')}. After that, set-up comes first when you sign in.`}
      </p>
    </section>
  )
}
