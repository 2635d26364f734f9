import { Form } from './form.js'
import { Icon } from './icons.js'
import { DAY, day, lastDay, many, moment, ZONE_NAME } from './words.js'

/** FOR SHOW ONLY */
export function ClockPage({ now, ahead, nextDeadline }: { now: number; ahead: number; nextDeadline: number | null }) {
  return (
    <section class="card">
      <h1>
        <Icon name="clock" /> The demo’s clock
      </h1>
      <p class="lead">
        It is {day(now)} here{ahead > 0 && `, ${many(Math.round(ahead / DAY), 'day')} ahead of the world`}.
      </p>
      <p>
        Move it, and see deadlines come. Codes follow the real time, as phones do. A server of yours has no such page:
        its clock is the system’s.
      </p>
      <Form action="/admin/clock">
        <p class="actions">
          <button type="submit" name="move" value="day">
            Forward a day
          </button>
          <button type="submit" name="move" value="week">
            Forward a week
          </button>
          {nextDeadline !== null && (
            <button type="submit" name="move" value="deadline">
              To the next deadline
            </button>
          )}
          <button type="submit" name="move" value="now">
            Back to now
          </button>
        </p>
      </Form>
      <p class="hint">
        {moment(now)} ({ZONE_NAME}).{' '}
        {nextDeadline === null ? 'No deadline lies ahead.' : `The next deadline: ${lastDay(nextDeadline)}.`}
      </p>
    </section>
  )
}
