import type { Phase, PhaseCounts } from 'leeway'
import { nameOf, type User } from '../users.js'
import { BurnDown, Forecast, type ForecastDay, type ProgressDay } from './charts.js'
import { Form } from './form.js'
import { Icon } from './icons.js'
import { PHASES } from './phases.js'
import { many, moment, ZONE_NAME } from './words.js'

interface DashboardProps {
  counts: PhaseCounts
  /** of whom leeway has no record yet: nothing is required of them */
  unknown: number
  progress: readonly ProgressDay[]
  forecast: readonly ForecastDay[]
  stopped: readonly { user: User; at: number }[]
  reminders: readonly User[]
}

export function DashboardPage({ counts, unknown, progress, forecast, stopped, reminders }: DashboardProps) {
  const numberOf = (phase: Phase) => counts[phase] + (phase === 'optional' ? unknown : 0)
  return (
    <>
      <div class="title">
        <h1>Roll-out</h1>
        <p class="actions">
          <a class="button primary" href="/admin/users">
            Require two-step sign-in
          </a>
          <a class="button" href="/mfa/rollout/export.csv">
            Download CSV
          </a>
        </p>
      </div>

      <ul class="counts" aria-label="People by where they stand">
        {(Object.keys(PHASES) as Phase[]).map((phase) => (
          <li>
            <a href={`/admin/users?phase=${phase}`} class={`count ${phase}`}>
              <Icon name={PHASES[phase].icon} />
              <span class="figure">{numberOf(phase)}</span>
              <span>{PHASES[phase].name}</span>
            </a>
          </li>
        ))}
        <li>
          <a href="/admin/users?locked=1" class="count">
            <Icon name="lock" />
            <span class="figure">{counts.locked}</span>
            <span>Locked</span>
          </a>
        </li>
      </ul>

      <div class="halves">
        <section class="card" aria-labelledby="burn-down">
          <h2 id="burn-down">How far it has come</h2>
          <BurnDown days={progress} />
        </section>
        <section class="card" aria-labelledby="forecast">
          <h2 id="forecast">Deadlines of the coming weeks</h2>
          <Forecast days={forecast} />
        </section>
        <section class="card" aria-labelledby="stopped">
          <h2 id="stopped">Stopped today</h2>
          {stopped.length === 0 ? (
            <p class="hint">Nobody yet. Here is who was sent to set-up at sign-in today.</p>
          ) : (
            <ul class="rows">
              {stopped.map(({ user, at }) => (
                <li>
                  <a class="grow breakable" href={`/admin/users/${encodeURIComponent(user.id)}`}>
                    {nameOf(user)}
                  </a>
                  <span class="about">{moment(at)}</span>
                </li>
              ))}
            </ul>
          )}
        </section>
        <section class="card" aria-labelledby="reminders">
          <h2 id="reminders">Reminders due</h2>
          <p>
            <strong>{many(reminders.length, 'reminder')}</strong> to send now. They are due 14, 7, 3 and 1 days before a
            deadline, and on its day.
          </p>
          {reminders.length > 0 && (
            <details>
              <summary>To whom</summary>
              <ul>
                {reminders.map((user) => (
                  <li>
                    <a href={`/admin/users/${encodeURIComponent(user.id)}`}>{nameOf(user)}</a>
                  </li>
                ))}
              </ul>
            </details>
          )}
          <div class="actions">
            <Form action="/admin/reminders">
              <button type="submit">Send reminders now</button>
            </Form>
            <a href="/admin/outbox">What was sent</a>
          </div>
        </section>
      </div>
      <p class="hint">Days and times are {ZONE_NAME}.</p>
    </>
  )
}
