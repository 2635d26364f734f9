import type { SignInDecision } from 'leeway'
import { nameOf, type User } from '../users.js'
import { Icon } from './icons.js'
import { daysFrom, lastDay, timeLeft, ZONE_NAME } from './words.js'

interface HomeProps {
  user: User
  decision: SignInDecision
  administrator: boolean
  now: number
}

export function HomePage({ user, decision, administrator, now }: HomeProps) {
  return (
    <>
      <h1>Hello{user.name && `, ${nameOf(user)}`}</h1>
      {decision.action === 'offer-setup' && decision.deadline !== null && (
        <section class="card accent" aria-labelledby="protect">
          <h2 id="protect">
            <Icon name="shield" /> Protect your account
          </h2>
          <p>
            <strong>{timeLeft(decision.deadline, now)}</strong>, until {lastDay(decision.deadline)} ({ZONE_NAME}). It
            takes three minutes.
          </p>
          <p class="actions">
            <a class="button primary" href="/setup">
              Set up now
            </a>
          </p>
        </section>
      )}
      <ul class="tiles">
        <Tile href="/payslips" icon="lock" title="Payslips">
          Asks for a code of your authenticator, whatever your deadline is.
        </Tile>
        <Tile href="/account" icon="key" title="Your account">
          Authenticators, recovery codes, and what happened.
        </Tile>
        {administrator && (
          <Tile href="/admin" icon="shield" title="Roll-out">
            Who has set up, who is next, and who needs a hand.
          </Tile>
        )}
      </ul>
      <section class="card" aria-labelledby="notices">
        <h2 id="notices">Notices</h2>
        <ul class="plain-list">
          <li>
            <strong>Two-step sign-in is coming to everybody.</strong> Each of us has a date of our own; yours is on your
            account page.
          </li>
          <li>
            <strong>The kitchen on the second floor</strong> has a new coffee machine.{' '}
            {sentence(daysFrom(now - 86_400_000, now))}.
          </li>
        </ul>
      </section>
    </>
  )
}

function Tile({
  href,
  icon,
  title,
  children,
}: {
  href: string
  icon: 'lock' | 'key' | 'shield'
  title: string
  children: string
}) {
  return (
    <li>
      <a class="tile" href={href}>
        <Icon name={icon} />
        <span>
          <strong>{title}</strong>
          <span class="about">{children}</span>
        </span>
      </a>
    </li>
  )
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
