import type { RolloutPreview } from 'leeway'
import type { Errors } from '../form.js'
import { PRESETS, type TermsFields } from '../routes/terms.js'
import { nameOf, type User } from '../users.js'
import { ErrorSummary, Field, FieldError, Form } from './form.js'
import { Icon } from './icons.js'
import { many, ZONE_NAME } from './words.js'

interface RequireProps {
  users: readonly User[]
  fields: TermsFields
  errors: Errors
  preview?: RolloutPreview
  /** the names of those who would be stopped now */
  stopped: readonly string[]
  /** what the script sends to the API, to show how far it has come */
  assignment?: object
}

export function RequirePage({ users, fields, errors, preview, stopped, assignment }: RequireProps) {
  return (
    <>
      <h1>Require two-step sign-in</h1>
      <div class="beside terms">
        <section class="card">
          <ErrorSummary errors={errors} />
          <details>
            <summary>Of {many(users.length, 'person', 'people')}</summary>
            <ul class="names">
              {users.map((user) => (
                <li class="breakable">{nameOf(user)}</li>
              ))}
            </ul>
          </details>
          <Form action="/admin/require/preview" data-preview="preview">
            <Users users={users} />
            <TermsForm fields={fields} errors={errors} />
            <p class="actions">
              <button type="submit" class={preview ? 'button' : 'primary'}>
                {preview ? 'Preview again' : 'Preview'}
              </button>
              <a class="button" href="/admin/users">
                Back
              </a>
            </p>
          </Form>
        </section>
        <section class="card plain" id="preview" aria-live="polite">
          {preview === undefined ? (
            <>
              <h2>What will happen</h2>
              <p class="hint">Choose the terms and preview them: nothing is changed before you apply them.</p>
            </>
          ) : (
            <Preview {...{ users, fields, preview, stopped }} assignment={assignment ?? {}} />
          )}
        </section>
      </div>
    </>
  )
}

function Preview({ users, fields, preview, stopped, assignment }: Required<Omit<RequireProps, 'errors'>>) {
  const { changed, unchanged, alreadyEnrolled, stoppedNowCount, stoppedWithinSevenDays, failedCount, warnings } =
    preview
  return (
    <>
      <h2>What will happen</h2>
      <dl class="facts">
        <dt>New terms</dt>
        <dd>{many(changed, 'person', 'people')}</dd>
        <dt>Stay as they are</dt>
        <dd>{many(unchanged, 'person', 'people')}</dd>
        <dt>Have set up already</dt>
        <dd>{many(alreadyEnrolled, 'person', 'people')}</dd>
        <dt>Stopped at their next sign-in</dt>
        <dd class={stoppedNowCount > 0 ? 'alarm' : ''}>{many(stoppedNowCount, 'person', 'people')}</dd>
        <dt>Stopped within a week, if nobody acts</dt>
        <dd>{many(stoppedWithinSevenDays, 'person', 'people')}</dd>
        {failedCount > 0 && (
          <>
            <dt>Cannot be changed</dt>
            <dd>{many(failedCount, 'person', 'people')}</dd>
          </>
        )}
      </dl>
      {changed === 0 && fields.applyTo === 'new' && (
        <p class="hint">They have terms already, and keep them. Under “More” they can get these instead.</p>
      )}
      {stopped.length > 0 && (
        <details>
          <summary>Who is stopped now</summary>
          <ul class="names">
            {stopped.map((name) => (
              <li class="breakable">{name}</li>
            ))}
          </ul>
        </details>
      )}
      {warnings.includes('everyone-stopped') && (
        <p class="warning">
          <Icon name="alert" /> Everybody who has not set up is stopped at the next sign-in. Is a little time possible?
        </p>
      )}
      {warnings.includes('everyone-needs-a-pass') && (
        <p class="warning">
          <Icon name="alert" /> Nobody of them can set up without a pass from you.
        </p>
      )}
      <Form action="/admin/require/apply" data-assign={JSON.stringify(assignment)}>
        <Users users={users} />
        {Object.entries(fields).map(([name, value]) => (
          <input type="hidden" name={name} value={value === true ? 'yes' : value === false ? '' : value} />
        ))}
        <p class="actions">
          <button type="submit" class="primary">
            Apply
          </button>
        </p>
        <p class="progress" hidden>
          <label for="progress">How far it has come</label>
          <progress id="progress" max={users.length} value="0" />
        </p>
      </Form>
    </>
  )
}

function Users({ users }: { users: readonly User[] }) {
  return (
    <>
      {users.map(({ id }) => (
        <input type="hidden" name="user" value={id} />
      ))}
    </>
  )
}

function TermsForm({ fields, errors }: { fields: TermsFields; errors: Errors }) {
  return (
    <>
      <fieldset>
        <legend>Time to set up</legend>
        <div class="choices">
          {PRESETS.map((days) => (
            <Choice name="period" value={String(days)} now={fields.period}>
              {many(days, 'day')}
            </Choice>
          ))}
          <Choice name="period" value="none" now={fields.period}>
            At once
          </Choice>
        </div>
        <div class="choice-with">
          <Choice name="period" value="days" now={fields.period}>
            Another number of days
          </Choice>
          <Field
            name="days"
            label={<span class="visually-hidden">Number of days</span>}
            type="number"
            min="1"
            max="365"
            value={fields.days}
            errors={errors}
          />
        </div>
        <div class="choice-with">
          <Choice name="period" value="date" now={fields.period}>
            Until the end of a day
          </Choice>
          <Field
            name="date"
            label={<span class="visually-hidden">Last day</span>}
            type="date"
            value={fields.date}
            errors={errors}
          />
        </div>
        <p class="check">
          <input type="checkbox" id="kind" name="kind" value="yes" checked={fields.kind} />
          <label for="kind">Let it end with a working day, {ZONE_NAME}</label>
        </p>
      </fieldset>
      <fieldset id="start">
        <legend>It begins</legend>
        {errors['start'] && <FieldError name="start">{errors['start']}</FieldError>}
        <Choice name="start" value="now" now={fields.start}>
          Now
        </Choice>
        <Choice name="start" value="first-sign-in" now={fields.start}>
          When they sign in first, within 90 days
        </Choice>
        <div class="choice-with">
          <Choice name="start" value="date" now={fields.start}>
            On a day
          </Choice>
          <Field
            name="startDate"
            label={<span class="visually-hidden">First day</span>}
            type="date"
            value={fields.startDate}
            errors={errors}
          />
        </div>
      </fieldset>
      <fieldset>
        <legend>Who may set up with a password alone</legend>
        <Choice name="selfEnrollment" value="always" now={fields.selfEnrollment}>
          Everybody, whenever
        </Choice>
        <Choice name="selfEnrollment" value="during-period" now={fields.selfEnrollment}>
          While there is time; afterwards with a pass from you
        </Choice>
        <Choice name="selfEnrollment" value="with-pass" now={fields.selfEnrollment}>
          Nobody: always with a pass
        </Choice>
      </fieldset>
      <details open={fields.postponements !== '' || fields.applyTo !== 'new' || fields.reason !== ''}>
        <summary>More</summary>
        <Field
          name="postponements"
          label="How often they may say “not now”"
          hint="Empty: as often as they like, while there is time."
          type="number"
          min="0"
          max="1000"
          value={fields.postponements}
          errors={errors}
        />
        <div class="field">
          <label for="applyTo">Who has terms already</label>
          <select id="applyTo" name="applyTo">
            {[
              ['new', 'keeps them'],
              ['shorten', 'gets these, where they end sooner'],
              ['extend', 'gets these, where they end later'],
              ['replace', 'gets these'],
            ].map(([value, text]) => (
              <option value={value} selected={value === fields.applyTo}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <Field
          name="reason"
          label="Reason, for the record"
          value={fields.reason}
          errors={errors}
          maxlength={1000}
          autocomplete="off"
        />
      </details>
    </>
  )
}

function Choice({ name, value, now, children }: { name: string; value: string; now: string; children: string }) {
  const id = `${name}-${value}`
  return (
    <p class="check">
      <input type="radio" id={id} name={name} value={value} checked={value === now} />
      <label for={id}>{children}</label>
    </p>
  )
}
