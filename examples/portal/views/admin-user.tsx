import type { PropsWithChildren } from 'hono/jsx'
import type { EnrollmentEvent, EnrollmentStatus, LockState } from 'leeway'
import type { Errors } from '../form.js'
import { nameOf, type User } from '../users.js'
import { PhaseTag } from './admin-users.js'
import { eventWords } from './events.js'
import { ErrorSummary, Field, FieldError, Form } from './form.js'
import { Icon } from './icons.js'
import { phaseWords } from './phases.js'
import { lastDay, lifeOf, many, moment, ZONE_NAME } from './words.js'

interface UserProps {
  user: User
  status: EnrollmentStatus
  /** the latest first, with the name of whoever did it */
  events: readonly { event: EnrollmentEvent; by: string | null }[]
  errors: Errors
  isSelf: boolean
  now: number
}

export function UserPage({ user, status, events, errors, isSelf, now }: UserProps) {
  const { requirement, authenticators, lock } = status
  return (
    <>
      <p>
        <a href="/admin/users">People</a>
      </p>
      <ErrorSummary errors={errors} />
      <div class="title">
        <h1 class="breakable">{nameOf(user)}</h1>
        <PhaseTag status={status} />
      </div>
      <p class="about breakable">
        {user.email} · {user.team}
      </p>
      <p class="lead breakable">{phaseWords(status, now)}</p>

      <div class="halves">
        <div>
          {requirement !== null && (
            <section class="card" aria-labelledby="why">
              <h2 id="why">Why this date</h2>
              <ul class="plain-list">
                {requirement.because.map(({ source, text, outcome, deadline }) => (
                  <li class={outcome}>
                    <strong class="breakable">{text}</strong>
                    <span class="about breakable">
                      {source}
                      {deadline !== null && ` · ${lastDay(deadline)}`}
                      {outcome === 'overridden' && ' · did not count'}
                    </span>
                  </li>
                ))}
                {requirement.because.length === 0 && <li>It was set as it is; nothing else was considered.</li>}
              </ul>
              <p class="hint">
                Required since {moment(requirement.assignedAt)}.{' '}
                {requirement.postponementsLeft !== null &&
                  `“Not now” is possible ${many(requirement.postponementsLeft, 'more time', 'more times')}. `}
                {SELF_ENROLLMENT[requirement.selfEnrollment]}
              </p>
            </section>
          )}
          <section class="card" aria-labelledby="authenticators">
            <h2 id="authenticators">Authenticators</h2>
            {authenticators.length === 0 ? (
              <p class="hint">None yet.</p>
            ) : (
              <ul class="rows">
                {authenticators.map(({ id, label, boundAt, lastUsedAt }) => (
                  <li>
                    <Icon name="phone" />
                    <span class="grow">
                      <strong class="breakable">{label}</strong>
                      <span class="about">{lifeOf({ boundAt, lastUsedAt })}</span>
                    </span>
                    {!isSelf && (
                      <Form action={`/admin/users/${encodeURIComponent(user.id)}/revoke`}>
                        <input type="hidden" name="authenticator" value={id} />
                        <button type="submit" class="danger small">
                          Remove<span class="visually-hidden"> {label}</span>
                        </button>
                      </Form>
                    )}
                  </li>
                ))}
              </ul>
            )}
            {authenticators.length > 0 && <p>{many(status.recoveryCodesLeft, 'recovery code')} left.</p>}
            <Lock what="Codes" state={lock.totp} />
            <Lock what="Recovery codes" state={lock.recovery} />
          </section>
        </div>
        {isSelf ? (
          <section class="card plain">
            <h2>This is you</h2>
            <p>
              Nobody changes his own account here: an administrator’s session would be enough to undo his own second
              step. Your authenticators are on <a href="/account">your account</a>.
            </p>
          </section>
        ) : (
          <Actions {...{ user, status, errors }} />
        )}
      </div>

      <section class="card" aria-labelledby="history">
        <h2 id="history">What happened</h2>
        {events.length === 0 ? (
          <p class="hint">Nothing yet.</p>
        ) : (
          <ul class="history">
            {events.map(({ event, by }) => (
              <li>
                <time datetime={new Date(event.at).toISOString()}>{moment(event.at)}</time>
                <span>{eventWords(event)}.</span>
                {(by !== null || event.reason !== null) && (
                  <span class="about breakable">
                    {by !== null && `By ${by}. `}
                    {event.reason !== null && `“${event.reason}”`}
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
        <p class="hint">Times are {ZONE_NAME}.</p>
      </section>
    </>
  )
}

const SELF_ENROLLMENT = {
  always: 'A password is enough to set up.',
  'during-period': 'A password is enough to set up while there is time; afterwards it needs a pass.',
  'with-pass': 'Set-up needs a pass.',
} as const

function Lock({ what, state }: { what: string; state: LockState }) {
  if (state.state === 'open') return null
  return (
    <p class="warning">
      <Icon name="lock" />{' '}
      {state.state === 'locked'
        ? `${what} are locked after wrong ones, until ${moment(state.until)}.`
        : `${what} are switched off after too many wrong ones.`}
    </p>
  )
}

/** What can be done, each behind its name; only what makes sense now. */
function Actions({ user, status, errors }: Pick<UserProps, 'user' | 'status' | 'errors'>) {
  const { phase, requirement, authenticators, lock } = status
  const path = `/admin/users/${encodeURIComponent(user.id)}`
  const isLocked = lock.totp.state !== 'open' || lock.recovery.state !== 'open'
  return (
    <section class="card plain actions-list" aria-labelledby="actions">
      <h2 id="actions">What you can do</h2>
      <Form action="/admin/require">
        <input type="hidden" name="user" value={user.id} />
        <button type="submit" class="primary">
          {requirement === null ? 'Require two-step sign-in' : 'Give other terms'}
        </button>
      </Form>
      {isLocked && (
        <Action name="unlock" title="Unlock" path={path} submit="Unlock">
          <p>Codes are looked at again at once, and wrong ones so far are forgotten. Make sure who asks for it.</p>
        </Action>
      )}
      {requirement !== null && phase !== 'enrolled' && (
        <Action name="deadline" title="Give more time, or less" path={path} isOpen={'days' in errors}>
          <Field name="days" label="Days" type="number" min="1" max="365" value="7" errors={errors} />
          <p class="actions">
            <button type="submit" name="way" value="later">
              Later by these days
            </button>
            <button type="submit" name="way" value="earlier">
              Sooner
            </button>
          </p>
        </Action>
      )}
      {phase !== 'enrolled' && phase !== 'suspended' && (
        <Action name="pass" title="Issue a pass for set-up" path={path} submit="Issue a pass">
          <p>A code for one set-up, good for an hour. It is shown to you once; an older one is worth nothing then.</p>
        </Action>
      )}
      {phase === 'exempt' ? (
        <Action name="end-exemption" title="End the exemption" path={path} submit="End it">
          <p>What it lay over counts again, with its old date.</p>
        </Action>
      ) : (
        <Action
          name="exempt"
          title="Exempt for a time"
          path={path}
          submit="Exempt"
          isOpen={'until' in errors || 'exemptReason' in errors}
          ownReason
        >
          <Field name="until" label="Last day" type="date" errors={errors} />
          <Field
            name="exemptReason"
            label="Reason"
            hint="It is in every report."
            errors={errors}
            maxlength={1000}
            autocomplete="off"
          />
        </Action>
      )}
      {(authenticators.length > 0 || status.setup !== null) && (
        <Action
          name="reset"
          title="Reset, for a lost phone"
          path={path}
          submit="Remove all authenticators"
          isOpen={'grace' in errors}
          dangerous
        >
          <p>All authenticators and recovery codes go, and all sessions end. How much time is there to set up again?</p>
          <fieldset id="grace">
            <legend class="visually-hidden">Time to set up again</legend>
            {errors['grace'] && <FieldError name="grace">{errors['grace']}</FieldError>}
            {GRACES.map(([value, text]) => (
              <p class="check">
                <input type="radio" id={`grace-${value}`} name="grace" value={value} />
                <label for={`grace-${value}`}>{text}</label>
              </p>
            ))}
          </fieldset>
        </Action>
      )}
      {requirement !== null && (
        <Action name="optional" title="Make it optional" path={path} submit="Make it optional">
          <p>It is not required any more. Authenticators stay.</p>
        </Action>
      )}
      {phase === 'suspended' ? (
        <Action name="resume" title="Open the account again" path={path} submit="Open it">
          <p>Sign-ins happen again, and the time to set up runs on with what was left.</p>
        </Action>
      ) : (
        <Action name="suspend" title="Suspend the account" path={path} submit="Suspend it" dangerous>
          <p>Every sign-in is refused, all sessions end, and the time to set up stands still.</p>
        </Action>
      )}
    </section>
  )
}

const GRACES = [
  ['none', 'None: set-up comes first at the next sign-in'],
  ['remaining', 'What is left of the time there was'],
  ['week', 'Seven days'],
] as const

interface ActionProps {
  name: string
  title: string
  path: string
  /** a single button with this on it; none where the form has its own */
  submit?: string
  isOpen?: boolean
  dangerous?: boolean
  /** the form asks for a reason itself */
  ownReason?: boolean
}

function Action({
  name,
  title,
  path,
  submit,
  isOpen = false,
  dangerous = false,
  ownReason = false,
  children,
}: PropsWithChildren<ActionProps>) {
  return (
    <details open={isOpen}>
      <summary>{title}</summary>
      <Form action={`${path}/${name}`}>
        {children}
        {!ownReason && name !== 'deadline' && <Reason name={name} />}
        {submit !== undefined && (
          <p class="actions">
            <button type="submit" class={dangerous ? 'danger' : undefined}>
              {submit}
            </button>
          </p>
        )}
      </Form>
    </details>
  )
}

function Reason({ name }: { name: string }) {
  const id = `reason-${name}`
  return (
    <div class="field">
      <label for={id}>Reason, for the record</label>
      <input id={id} name="reason" type="text" maxlength={1000} autocomplete="off" />
    </div>
  )
}
