import type { SignInDecision } from 'leeway'
import type { Errors } from '../form.js'
import { CodeField, ErrorSummary, Field, Form } from './form.js'
import { Icon } from './icons.js'
import { duration, moment, ZONE_NAME } from './words.js'

/** What one kind of code is good for now. */
export type Method = { state: 'open' } | { state: 'locked'; until: number } | { state: 'none' }

type Challenge = Extract<SignInDecision, { action: 'challenge' }>

export function methodOf(decision: Challenge, name: Challenge['methods'][number]['method']): Method {
  const method = decision.methods.find(({ method }) => method === name)
  if (method === undefined) return { state: 'none' }
  return method.lockedUntil === null ? { state: 'open' } : { state: 'locked', until: method.lockedUntil }
}

interface ChallengeProps {
  query: string
  errors?: Errors
  code: Method
  recovery: Method
  now: number
}

export function ChallengePage({ query, errors = {}, code, recovery, now }: ChallengeProps) {
  return (
    <section class="card">
      <ErrorSummary errors={errors} />
      <h1>
        <Icon name="phone" /> Type the code of your authenticator
      </h1>
      {code.state === 'open' && (
        <Form action={`/challenge${query}`}>
          <CodeField
            errors={errors}
            hint="Six digits, from the app on your phone or computer."
            autofocus={!errors['code']}
          />
          <p class="actions">
            <button type="submit" class="primary">
              Continue
            </button>
          </p>
        </Form>
      )}
      {code.state === 'locked' && <Locked what="codes" until={code.until} now={now} again={`/challenge${query}`} />}
      {code.state === 'none' && (
        <p class="info">
          Codes do not work for this account any more, after too many wrong ones. The help desk can open it: room 0.14,
          or telephone 4711.
        </p>
      )}
      {recovery.state !== 'none' && (
        <p>
          No phone at hand? <a href={`/challenge/recovery${query}`}>Use a recovery code</a>
        </p>
      )}
    </section>
  )
}

export function RecoveryPage({ query, errors = {}, recovery, now }: Omit<ChallengeProps, 'code'>) {
  return (
    <section class="card">
      <ErrorSummary errors={errors} />
      <h1>
        <Icon name="key" /> Use a recovery code
      </h1>
      {recovery.state === 'open' && (
        <Form action={`/challenge/recovery${query}`}>
          <Field
            name="recoveryCode"
            label="Recovery code"
            hint="One of those you saved when you set up. Capitals and hyphens do not matter. Each works once."
            errors={errors}
            class="recovery-code"
            autocomplete="off"
            autofocus={!errors['recoveryCode']}
          />
          <p class="actions">
            <button type="submit" class="primary">
              Continue
            </button>
          </p>
        </Form>
      )}
      {recovery.state === 'locked' && (
        <Locked what="recovery codes" until={recovery.until} now={now} again={`/challenge/recovery${query}`} />
      )}
      {recovery.state === 'none' && (
        <p class="info">
          There are no recovery codes for this account. The help desk can help: room 0.14, or telephone 4711.
        </p>
      )}
      <p>
        <a href={`/challenge${query}`}>Use a code of your authenticator</a>
      </p>
    </section>
  )
}

function Locked({ what, until, now, again }: { what: string; until: number; now: number; again: string }) {
  return (
    <div class="locked" role="status">
      <p class="lead">
        <Icon name="clock" /> Too many wrong {what}. They are looked at again{' '}
        <strong data-countdown={String(Math.max(0, until - now))}>in {duration(until - now)}</strong>, from{' '}
        {moment(until)} ({ZONE_NAME}).
      </p>
      <p>Trying again does not make it longer. If it was not you, tell the help desk: somebody knows your password.</p>
      <p class="actions">
        <a class="button" href={again}>
          Try again
        </a>
      </p>
    </div>
  )
}
