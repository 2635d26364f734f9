import type { EnrollmentStatus } from 'leeway'
import type { PeopleQuery } from '../routes/people.js'
import { nameOf, type User } from '../users.js'
import { Form } from './form.js'
import { Icon } from './icons.js'
import { briefDate, PHASES } from './phases.js'
import { many, timeLeft, ZONE_NAME } from './words.js'

interface UsersProps {
  query: PeopleQuery
  rows: readonly { user: User; status: EnrollmentStatus }[]
  /** how many match, on all pages */
  total: number
  pages: number
  /** the same list with something else about it, as a link */
  href(change: Partial<PeopleQuery>): string
  /** the same list as CSV */
  csv: string
  self: string
  now: number
}

export function UsersPage({ query, rows, total, pages, href, csv, self, now }: UsersProps) {
  return (
    <>
      <h1>People</h1>
      <Filters query={query} />
      <Form action={`/admin/require${href({}).replace('/admin/users', '')}`} class="people">
        <div class="bulk">
          <p>
            <strong>{many(total, 'person', 'people')}</strong>
            {pages > 1 && ` · page ${query.page} of ${pages}`}
          </p>
          <p class="actions">
            <button type="submit" name="who" value="selected" class="primary">
              Require of those selected
            </button>
            <button type="submit" name="who" value="all" disabled={total === 0}>
              Require of all {total}
            </button>
            <a class="button" href={csv}>
              CSV
            </a>
          </p>
        </div>
        {rows.length === 0 ? (
          <p class="card">Nobody matches. Try fewer filters.</p>
        ) : (
          <table class="stacked">
            <caption class="visually-hidden">People, and where they stand</caption>
            <thead>
              <tr>
                <th scope="col">
                  <label class="pick" for="pick-all" data-needs-script hidden>
                    <input type="checkbox" id="pick-all" data-pick-all />
                    <span class="visually-hidden">Select all on this page</span>
                  </label>
                  <span class="visually-hidden">Select</span>
                </th>
                <SortHeading name="name" {...{ query, href }}>
                  Name
                </SortHeading>
                <th scope="col">Team</th>
                <th scope="col">Where they stand</th>
                <SortHeading name="deadline" {...{ query, href }}>
                  Last day
                </SortHeading>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ user, status }) => (
                <tr>
                  <td>
                    {user.id !== self && (
                      <label class="pick">
                        <input type="checkbox" name="user" value={user.id} />
                        <span class="visually-hidden">Select {nameOf(user)}</span>
                      </label>
                    )}
                  </td>
                  <th scope="row">
                    <a class="breakable" href={`/admin/users/${encodeURIComponent(user.id)}`}>
                      {nameOf(user)}
                    </a>
                    {user.id === self && <span class="about"> (you)</span>}
                  </th>
                  <td class="about">{user.team}</td>
                  <td>
                    <PhaseTag status={status} />
                  </td>
                  <td>
                    {briefDate(status)}
                    {status.phase === 'enrollment-period' && status.requirement !== null && (
                      <span class="about"> · {timeLeft(status.requirement.deadline, now)}</span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Form>
      {pages > 1 && (
        <nav class="pages" aria-label="Pages">
          <ul>
            {Array.from({ length: pages }, (_, index) => index + 1).map((page) => (
              <li>
                <a href={href({ page })} aria-current={page === query.page ? 'page' : undefined}>
                  <span class="visually-hidden">Page </span>
                  {page}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      )}
      <p class="hint">Days are {ZONE_NAME}.</p>
    </>
  )
}

export function PhaseTag({ status }: { status: EnrollmentStatus }) {
  const { name, icon } = PHASES[status.phase]
  const isLocked = status.lock.totp.state !== 'open' || status.lock.recovery.state !== 'open'
  return (
    <span class="tags">
      <span class={`tag ${status.phase}`}>
        <Icon name={icon} /> {name}
      </span>
      {isLocked && (
        <span class="tag locked">
          <Icon name="lock" /> Locked
        </span>
      )}
    </span>
  )
}

function SortHeading({
  name,
  query,
  href,
  children,
}: Pick<UsersProps, 'query' | 'href'> & { name: PeopleQuery['sort']; children: string }) {
  const isSorted = query.sort === name
  return (
    <th scope="col" aria-sort={isSorted ? 'ascending' : undefined}>
      {isSorted ? (
        <>{children} ↓</>
      ) : (
        <a href={href({ sort: name, page: 1 })}>
          <span class="visually-hidden">Sort by </span>
          {children}
        </a>
      )}
    </th>
  )
}

function Filters({ query }: { query: PeopleQuery }) {
  return (
    <search>
      <form method="get" action="/admin/users" class="filters">
        <p>
          <label for="q">Name, email or team</label>
          <input id="q" name="q" type="search" value={query.text} />
        </p>
        <p>
          <label for="phase">Where they stand</label>
          <select id="phase" name="phase">
            <option value="">Everybody</option>
            {Object.entries(PHASES).map(([phase, { name }]) => (
              <option value={phase} selected={phase === query.phase}>
                {name}
              </option>
            ))}
          </select>
        </p>
        <p>
          <label for="due">Deadline</label>
          <select id="due" name="due">
            <option value="">Whenever</option>
            {[1, 3, 7, 14, 30].map((days) => (
              <option value={String(days)} selected={days === query.due}>
                {days === 1 ? 'Within a day' : `Within ${days} days`}
              </option>
            ))}
          </select>
        </p>
        <p class="check">
          <input type="checkbox" id="locked" name="locked" value="1" checked={query.locked} />
          <label for="locked">Locked</label>
        </p>
        {query.sort === 'deadline' && <input type="hidden" name="sort" value="deadline" />}
        <p class="last">
          <button type="submit">Show</button>
        </p>
      </form>
    </search>
  )
}
