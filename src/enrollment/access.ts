import { decisionAt, phaseAt, postponementsLeft, startedAtSignIn } from './decision.js'
import { askForCode } from './proof.js'
import type { EnrollmentRecord } from './record.js'
import { datesOf, type Fact, fact, type Handlers, unwritten } from './step.js'

/** How many postponed sign-ins a record remembers by name. */
const POSTPONED_SIGN_INS_KEPT = 20

/** What happens after the password: signing in, "not now", and codes. */
export const accessHandlers: Handlers<'sign-in' | 'postpone-setup' | 'verify-code' | 'use-recovery-code'> = {
  'sign-in': (record, { sensitive }, setting) => {
    const { now } = setting
    const answer = (after: EnrollmentRecord) => decisionAt(after, now, { occasion: 'sign-in', sensitive })
    if (record.suspension !== null || record.requirement === null) return unwritten(record, answer(record))
    const facts: Fact[] = []
    const started = startedAtSignIn(record, setting)
    if (record.signedInAt === null) facts.push(fact('first-sign-in'))
    if (started !== record) {
      const previousDeadline = record.requirement.deadline
      facts.push(fact('period-started', { ...datesOf(started.requirement), previousDeadline }))
    }
    if (facts.length === 0) return unwritten(record, answer(record))
    const after = { ...started, signedInAt: record.signedInAt ?? now }
    return { record: after, facts, outcome: answer(after) }
  },

  'postpone-setup': (record, { signInId }, { now }) => {
    const { requirement } = record
    if (requirement === null || phaseAt(record, now) !== 'enrollment-period') {
      return unwritten(record, decisionAt(record, now, { occasion: 'session' }))
    }
    if (signInId !== undefined && requirement.postponedSignIns.includes(signInId)) {
      return unwritten(record, decisionAt(record, now, { occasion: 'session' }))
    }
    if (postponementsLeft(record) === 0) return unwritten(record, decisionAt(record, now, { occasion: 'sign-in' }))
    const named = signInId === undefined ? [] : [signInId]
    const after: EnrollmentRecord = {
      ...record,
      requirement: {
        ...requirement,
        postponementsUsed: requirement.postponementsUsed + 1,
        postponedSignIns: [...requirement.postponedSignIns, ...named].slice(-POSTPONED_SIGN_INS_KEPT),
      },
    }
    return {
      record: after,
      facts: [fact('setup-postponed', { postponementsLeft: postponementsLeft(after) })],
      outcome: decisionAt(after, now, { occasion: 'session' }),
    }
  },

  'verify-code': (record, _command, circumstances) => askForCode(record, 'totp', circumstances, (proof) => proof),

  'use-recovery-code': (record, _command, circumstances) =>
    askForCode(record, 'recovery-code', circumstances, (proof) => proof),
}
