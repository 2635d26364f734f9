import type { CodeResult, EnrollmentEventType, Proof, SignInDecision } from '../../index.js'
import { answered, type Move } from './move.js'
import { prove, signedIn } from './proving.js'
import { seeDeadline, started } from './requiring.js'
import { decisionAt, phaseAt, postponementsLeft } from './seeing.js'
import type { Moment, UserModel } from './user-model.js'

/** What happens after the password. */

export const verifyCode = (code: unknown): Move<CodeResult> => ({
  call: (leeway, userId) => leeway.verifyCode(userId, code),
  follow: (user, answer, moment) => proven(user, { code }, moment, answer),
})

export const useRecoveryCode = (recoveryCode: unknown): Move<CodeResult> => ({
  call: (leeway, userId) => leeway.useRecoveryCode(userId, recoveryCode),
  follow: (user, answer, moment) => proven(user, { recoveryCode }, moment, answer),
})

function proven(user: UserModel, proof: Proof, moment: Moment, told: CodeResult | undefined): EnrollmentEventType[] {
  const { answer, events } = prove(user, proof, moment)
  answered(told, answer, 'a code')
  return events
}

export const signIn = (sensitive: boolean): Move<SignInDecision> => ({
  call: (leeway, userId) => leeway.signIn(userId, { sensitive }),
  follow(user, answer, { now }) {
    const events: EnrollmentEventType[] = []
    if (user.stoppedAt === null && user.requirement !== null) {
      events.push(...signedIn(user, now))
      const begun = started(user.requirement, now)
      if (begun !== user.requirement) events.push('period-started')
      user.requirement = begun
      seeDeadline(user, answer?.deadline ?? undefined)
    }
    answered(answer, decisionAt(user, now, { occasion: 'sign-in', sensitive }), 'a sign-in')
    return events
  },
})

export const postponeSetup = (signInId: string): Move<SignInDecision> => ({
  call: (leeway, userId) => leeway.postponeSetup(userId, { signInId }),
  follow(user, answer, { now }) {
    const { requirement } = user
    const isOpen = phaseAt(user, now) === 'enrollment-period' && requirement !== null
    const isKnown = requirement?.postponedSignIns.includes(signInId) === true
    const isRefused = isOpen && !isKnown && postponementsLeft(user) === 0
    const isTaken = isOpen && !isKnown && !isRefused
    if (isTaken) {
      requirement.postponed++
      requirement.postponedSignIns.push(signInId)
    }
    answered(answer, decisionAt(user, now, { occasion: isRefused ? 'sign-in' : 'session' }), '"not now"')
    return isTaken ? ['setup-postponed'] : []
  },
})
