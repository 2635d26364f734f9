import type { AdminResult, EnrollmentEventType, Instant, Leeway, Period, Terms } from '../../index.js'
import { administered, answered, type Move } from './move.js'
import { afresh, ended, hasPeriod, moved, requirementOf, rounding, standing } from './requiring.js'
import { askForPass } from './seeing.js'
import { endSessions, unbind } from './setup-moves.js'
import { DAY, LIMITS, type Moment, newUserModel, type RequirementModel, type UserModel } from './user-model.js'

/** What administrators do. */

/** A change that answers the user's status: what it makes of the user, by the events that it must tell. */
const change = (
  what: string,
  call: (leeway: Leeway, userId: string) => Promise<AdminResult>,
  make: (user: UserModel, moment: Moment, answer: AdminResult | undefined) => EnrollmentEventType[],
): Move<AdminResult> => ({
  call,
  follow(user, answer, moment) {
    const events = make(user, moment, answer)
    administered(user, answer, { changed: events.length > 0, now: moment.now, what })
    return events
  },
})

/** Where the clock of a period is stopped, it is so from the change on. */
function put(user: UserModel, requirement: RequirementModel | null, now: Instant): void {
  user.requirement = requirement
  if (user.stoppedAt !== null) user.stoppedAt = now
  askForPass(user, now)
}

export const requireEnrollment = (terms: Terms, since: Instant | undefined): Move<AdminResult> => ({
  ...change(
    'other terms',
    (leeway, userId) => leeway.requireEnrollment(userId, since === undefined ? terms : { terms, since, because: [] }),
    (user, { now }) => {
      const old = user.stored ? user.requirement : null
      if (old === null || !hasPeriod(old, terms, since)) {
        put(user, requirementOf(terms, now, since), now)
        return ['requirement-assigned']
      }
      const { selfEnrollment = 'always', postponements = null } = terms
      const isSame = old.selfEnrollment === selfEnrollment && old.postponements === postponements
      Object.assign(old, { selfEnrollment, postponements })
      if (!isSame) askForPass(user, now)
      return isSame ? [] : ['requirement-assigned']
    },
  ),
  assigns: true,
})

export const makeOptional = (): Move<AdminResult> => ({
  ...change(
    'making MFA optional',
    (leeway, userId) => leeway.makeOptional(userId),
    (user, { now }) => {
      if (user.requirement === null) return []
      put(user, null, now)
      return ['made-optional']
    },
  ),
  assigns: true,
})

export const changeDeadline = (by: { addDays: number } | { deadline: Instant }): Move<AdminResult> =>
  change(
    'another deadline',
    (leeway, userId) => leeway.changeDeadline(userId, by),
    (user, { now }, answer) => {
      const old = standing(user, now)
      if (old === null) return []
      const deadline = 'deadline' in by ? by.deadline : old.deadline + by.addDays * DAY
      const isRounded = old.calendar !== 'none' && 'addDays' in by && by.addDays !== 0
      // A law: by a calendar, fewer days may come to the same working day. Whether they do is its own affair.
      const isChanged = isRounded ? answer?.changed !== false : deadline !== old.deadline
      if (!isChanged) return []
      const exact = old.calendar === 'none' ? old : ({ ...old, calendar: 'seen' } as const)
      put(user, isRounded ? rounding({ ...old, deadline }) : moved(exact, deadline), now)
      return ['deadline-changed']
    },
  )

export const exempt = (until: Instant, reason: string): Move<AdminResult> =>
  change(
    'an exemption',
    (leeway, userId) => leeway.exempt(userId, { until, reason }),
    (user, { now }) => {
      if (until <= now) return endingExemption(user, now)
      const isSame = user.exemption?.until === until && user.exemption.reason === reason
      user.exemption = { until, reason }
      return isSame ? [] : ['exempted']
    },
  )

export const endExemption = (): Move<AdminResult> =>
  change(
    'the end of an exemption',
    (leeway, userId) => leeway.endExemption(userId),
    (user, { now }) => endingExemption(user, now),
  )

function endingExemption(user: UserModel, now: Instant): EnrollmentEventType[] {
  if (user.exemption === null || now >= user.exemption.until) return []
  user.exemption = null
  return ['exempted']
}

export const suspend = (): Move<AdminResult> =>
  change(
    'a suspension',
    (leeway, userId) => leeway.suspend(userId),
    (user, { now }) => {
      if (user.stoppedAt !== null) return []
      user.stoppedAt = now
      user.setup = null
      endSessions(user, now)
      return ['suspended']
    },
  )

export const resume = (): Move<AdminResult> =>
  change(
    'the end of a suspension',
    (leeway, userId) => leeway.resume(userId),
    (user, { now }) => {
      if (user.stoppedAt === null) return []
      user.requirement = standing(user, now)
      user.stoppedAt = null
      return ['resumed']
    },
  )

export const resetMfa = (grace: 'none' | 'remaining' | Exclude<Period, 'none'>): Move<AdminResult> =>
  change(
    'a reset',
    (leeway, userId) => leeway.resetMfa(userId, { grace }),
    (user, { now }) => {
      const old = user.requirement
      const next = afterReset(user, grace, now)
      const hasSetup = user.setup !== null && now < user.setup.expiresAt
      const isBare = user.authenticators.length === 0 && !hasSetup && user.recoveryCodes.length === 0
      if (isBare && next === old) return []
      if (next !== old) put(user, next, now)
      Object.assign(user, { authenticators: [], setup: null, recoveryCodes: [] })
      endSessions(user, now)
      return ['mfa-reset']
    },
  )

function afterReset(user: UserModel, grace: 'remaining' | Period, now: Instant): RequirementModel | null {
  const { requirement: old } = user
  if (grace === 'remaining') return old
  if (old === null) return requirementOf({ period: grace }, now)
  if (grace !== 'none') return afresh(old, grace, now)
  const left = standing(user, now) as RequirementModel
  return left.deadline <= now ? old : ended(left, now)
}

export const revokeAuthenticator = (authenticatorId: string): Move<AdminResult> =>
  change(
    'a revocation',
    (leeway, userId) => leeway.revokeAuthenticator(userId, authenticatorId),
    (user, { now }) => {
      if (!user.authenticators.some(({ id }) => id === authenticatorId)) return []
      unbind(user, authenticatorId)
      endSessions(user, now)
      return ['authenticator-removed']
    },
  )

export const unlock = (): Move<AdminResult> =>
  change(
    'unlocking',
    (leeway, userId) => leeway.unlock(userId),
    (user) => {
      const counted = Object.values(user.failures).flatMap(({ inARow, recent }) => [...inARow, ...recent])
      for (const failures of Object.values(user.failures)) Object.assign(failures, { inARow: [], recent: [] })
      return counted.length > 0 ? ['unlocked'] : []
    },
  )

export const issuePass = (): Move<{ pass: string; expiresAt: Instant }> => ({
  call: (leeway, userId) => leeway.issuePass(userId),
  follow(user, answer, { now, key }) {
    const expiresAt = now + LIMITS.pass.expiresAfterMs
    answered(answer?.expiresAt, expiresAt, 'when a pass expires,')
    user.passSeen = answer?.pass ?? user.passSeen
    user.pass = { code: answer?.pass ?? null, expiresAt, triesLeft: LIMITS.pass.tries, key }
    return ['pass-issued']
  },
})

export const forget = (): Move<null> => ({
  async call(leeway, userId) {
    await leeway.forget(userId)
    return null
  },
  follow(user) {
    Object.assign(user, { ...newUserModel(user.userId), version: user.version })
    return []
  },
})
