import type { Context } from 'hono'
import type { EnrollmentStatus, LeewayWithRollout, Phase, RolloutFilter } from 'leeway'
import type { Env } from '../env.js'
import type { Portal } from '../portal.js'
import { nameOf, type User } from '../users.js'
import { isPhase } from '../views/phases.js'
import { DAY } from '../views/words.js'

/** Whom the list is of, and how it is shown. */
export interface PeopleQuery {
  text: string
  phase: Phase | null
  /** deadline within so many days */
  due: number | null
  locked: boolean
  sort: 'name' | 'deadline'
  page: number
}

export interface Listed {
  user: User
  status: EnrollmentStatus
}

export function readQuery(c: Context<Env>): PeopleQuery {
  const phase = c.req.query('phase') ?? ''
  const number = (name: string) => {
    const value = Number(c.req.query(name))
    return Number.isInteger(value) && value > 0 && value <= 365 ? value : null
  }
  return {
    text: (c.req.query('q') ?? '').trim().slice(0, 200),
    phase: isPhase(phase) ? phase : null,
    due: number('due'),
    locked: c.req.query('locked') === '1',
    sort: c.req.query('sort') === 'deadline' ? 'deadline' : 'name',
    page: number('page') ?? 1,
  }
}

/** The address of the list. */
export function hrefOf({ text, phase, due, locked, sort, page }: PeopleQuery): string {
  const query = new URLSearchParams({
    ...(text && { q: text }),
    ...(phase && { phase }),
    ...(due && { due: String(due) }),
    ...(locked && { locked: '1' }),
    ...(sort === 'deadline' && { sort }),
    ...(page > 1 && { page: String(page) }),
  }).toString()
  return query === '' ? '/admin/users' : `/admin/users?${query}`
}

/**
 * Everybody who matches. leeway filters by phase, deadline and lock, inside the store; names are the portal's. For some
 * hundred people they are put together here; for a hundred thousand, ask your own directory for a page first and leeway
 * for those.
 */
export async function people({ leeway, users, clock }: Portal, query: PeopleQuery): Promise<Listed[]> {
  const statuses = await statusesOf(leeway, {
    ...(query.phase && { phase: query.phase }),
    ...(query.due && { deadlineBefore: clock.now() + query.due * DAY }),
    ...(query.locked && { locked: true }),
  })
  // Of whom nothing was ever asked there is no record: that is optional, too.
  const withoutRecord = !query.due && !query.locked && (query.phase === null || query.phase === 'optional')
  const known = withoutRecord && query.phase !== null ? await statusesOf(leeway, {}) : statuses
  const words = query.text.toLowerCase()
  const rows: Listed[] = []
  for (const user of users.all()) {
    if (!`${user.name} ${user.email} ${user.team}`.toLowerCase().includes(words)) continue
    const status = statuses.get(user.id) ?? (withoutRecord && !known.has(user.id) ? await leeway.status(user.id) : null)
    if (status !== null) rows.push({ user, status })
  }
  return rows.sort(query.sort === 'name' ? byName : byDeadline)
}

async function statusesOf(
  { rollout }: LeewayWithRollout,
  filter: RolloutFilter,
): Promise<Map<string, EnrollmentStatus>> {
  const statuses = new Map<string, EnrollmentStatus>()
  for (let after: string | undefined; ; ) {
    const { users, next } = await rollout.list(filter, { after, limit: 1000 })
    for (const status of users) statuses.set(status.userId, status)
    if (next === null) return statuses
    after = next
  }
}

const collator = new Intl.Collator('en')
const byName = (one: Listed, other: Listed): number => collator.compare(nameOf(one.user), nameOf(other.user))

/** Those whom a deadline still concerns come first. */
const byDeadline = (one: Listed, other: Listed): number => deadlineOf(one) - deadlineOf(other) || byName(one, other)

function deadlineOf({ status: { phase, requirement } }: Listed): number {
  const concerns = requirement !== null && phase !== 'enrolled' && phase !== 'suspended'
  return concerns ? requirement.deadline : Number.MAX_SAFE_INTEGER
}
