import { decisionAt } from '../enrollment/decision.js'
import { assertUserId } from '../enrollment/user.js'
import { readSensitive, readSignInId } from './arguments.js'
import { attempt, readRecord } from './attempt.js'
import { evidenceFrom } from './evidence.js'
import type { Leeway } from './leeway.js'
import type { Parts } from './parts.js'

/** What happens after the password. */
export function access(
  parts: Parts,
): Pick<Leeway, 'signIn' | 'decide' | 'postponeSetup' | 'verifyCode' | 'useRecoveryCode'> {
  return {
    async signIn(userId, options) {
      assertUserId(userId)
      const command = { type: 'sign-in', ...readSensitive(options) } as const
      return (await attempt(parts, userId, command, evidenceFrom(parts, userId, {}).gather)).outcome
    },

    async decide(userId, options) {
      assertUserId(userId)
      const sensitive = readSensitive(options)
      const { record, now } = await readRecord(parts, userId)
      return decisionAt(record, now, { occasion: 'session', ...sensitive })
    },

    async postponeSetup(userId, options) {
      assertUserId(userId)
      const command = { type: 'postpone-setup', ...readSignInId(options) } as const
      return (await attempt(parts, userId, command, evidenceFrom(parts, userId, {}).gather)).outcome
    },

    async verifyCode(userId, code) {
      assertUserId(userId)
      return (await attempt(parts, userId, { type: 'verify-code' }, evidenceFrom(parts, userId, { code }).gather))
        .outcome
    },

    async useRecoveryCode(userId, recoveryCode) {
      assertUserId(userId)
      const { gather } = evidenceFrom(parts, userId, { recoveryCode })
      return (await attempt(parts, userId, { type: 'use-recovery-code' }, gather)).outcome
    },
  }
}
