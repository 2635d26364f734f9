import type { EnrollmentEvent, EnrollmentStatus } from 'leeway'
import { nameOf, type User } from '../users.js'
import { eventWords } from './events.js'
import { Icon } from './icons.js'
import { lastDay, lifeOf, many, moment, timeLeft, ZONE_NAME } from './words.js'

interface AccountProps {
  user: User
  status: EnrollmentStatus
  /** the latest first */
  events: readonly EnrollmentEvent[]
  hasMore: boolean
  now: number
  /** whether a code was shown in this session */
  proven: boolean
}

export function AccountPage({ user, status, events, hasMore, now, proven }: AccountProps) {
  const { authenticators, recoveryCodesLeft } = status
  return (
    <>
      <h1>Your account</h1>
      <p class="about breakable">
        {nameOf(user)}
        {user.name && ` · ${user.email}`}
      </p>
      <Standing status={status} now={now} />
      {authenticators.length > 0 && (
        <>
          <section class="card" aria-labelledby="authenticators">
            <h2 id="authenticators">Authenticators</h2>
            <ul class="rows">
              {authenticators.map(({ id, label, boundAt, lastUsedAt }) => (
                <li>
                  <Icon name="phone" />
                  <span class="grow">
                    <strong class="breakable">{label}</strong>
                    <span class="about">{lifeOf({ boundAt, lastUsedAt })}</span>
                  </span>
                  {proven && (
                    <a class="button small" href={`/account/authenticators/${encodeURIComponent(id)}`}>
                      Change<span class="visually-hidden"> {label}</span>
                    </a>
                  )}
                </li>
              ))}
            </ul>
            <p class="actions">
              <a class="button" href="/account/add">
                Add another
              </a>
            </p>
            {authenticators.length === 1 && (
              <p class="hint">With a second one, on another device, a lost phone is no trouble.</p>
            )}
          </section>
          <section class="card" aria-labelledby="recovery">
            <h2 id="recovery">Recovery codes</h2>
            <p>
              <strong>{many(recoveryCodesLeft, 'code')}</strong> left.{' '}
              {recoveryCodesLeft < 3 && 'Make new ones before they run out.'}
            </p>
            <p class="actions">
              <a class="button" href="/account/recovery-codes">
                Replace them
              </a>
            </p>
          </section>
        </>
      )}
      <section class="card" aria-labelledby="history">
        <h2 id="history">What happened</h2>
        {events.length === 0 ? (
          <p class="hint">Nothing yet.</p>
        ) : (
          <ul class="history">
            {events.map((event) => (
              <li>
                <time datetime={new Date(event.at).toISOString()}>{moment(event.at)}</time>
                <span>{eventWords(event)}.</span>
              </li>
            ))}
          </ul>
        )}
        {hasMore && (
          <p>
            <a href="/account?all">Show everything</a>
          </p>
        )}
        <p class="hint">Times are {ZONE_NAME}. Is there something you did not do? Tell the help desk.</p>
      </section>
    </>
  )
}

function Standing({ status, now }: { status: EnrollmentStatus; now: number }) {
  const { phase, requirement, exemption } = status
  switch (phase) {
    case 'enrolled':
      return (
        <p class="standing good">
          <Icon name="shield" /> Two-step sign-in protects this account.
        </p>
      )
    case 'enrollment-period':
    case 'overdue':
      return requirement === null ? null : (
        <section class="card accent">
          <p>
            Two-step sign-in: <strong>{timeLeft(requirement.deadline, now)}</strong>, until{' '}
            {lastDay(requirement.deadline)} ({ZONE_NAME}).
          </p>
          <p class="actions">
            <a class="button primary" href="/setup">
              Set up now
            </a>
          </p>
        </section>
      )
    default:
      return (
        <section class="card">
          <p>
            {phase === 'exempt' && exemption !== null
              ? `You are exempt from two-step sign-in until ${moment(exemption.until)} (${ZONE_NAME}).`
              : phase === 'scheduled' && requirement !== null && requirement.startsAt !== null
                ? `Two-step sign-in comes to you on ${lastDay(requirement.startsAt + 1)}. You can set it up today.`
                : 'Two-step sign-in is your choice. It takes three minutes.'}
          </p>
          <p class="actions">
            <a class="button" href="/setup">
              Set up now
            </a>
          </p>
        </section>
      )
  }
}
