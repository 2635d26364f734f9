import { statusAt } from '../enrollment/status.js'
import { assertUserId } from '../enrollment/user.js'
import {
  assertString,
  DEFAULT_LABEL,
  readDeadlineChange,
  readExemption,
  readGrace,
  readImport,
  readNote,
  readTerms,
} from './arguments.js'
import { attempt } from './attempt.js'
import { change } from './change.js'
import { digestOf, evidenceFrom, sealSecret } from './evidence.js'
import type { Leeway } from './leeway.js'
import { draw, drawId, type Parts, readClock } from './parts.js'
import { drawCode, readRecoveryCode } from './recovery-codes.js'

/** The administrator's methods. */
export function administration(
  parts: Parts,
): Pick<
  Leeway,
  | 'requireEnrollment'
  | 'changeDeadline'
  | 'exempt'
  | 'endExemption'
  | 'makeOptional'
  | 'suspend'
  | 'resume'
  | 'resetMfa'
  | 'revokeAuthenticator'
  | 'unlock'
  | 'issuePass'
  | 'importAuthenticator'
> {
  return {
    async requireEnrollment(userId, terms, note) {
      assertUserId(userId)
      const read = readTerms(terms)
      const noted = readNote(note)
      if (read.terms === 'optional') return change(parts, userId, { type: 'make-optional', note: noted })
      return change(parts, userId, { type: 'require-enrollment', ...read, terms: read.terms, note: noted })
    },

    async changeDeadline(userId, deadlineChange, note) {
      assertUserId(userId)
      return change(parts, userId, {
        type: 'change-deadline',
        change: readDeadlineChange(deadlineChange),
        note: readNote(note),
      })
    },

    async exempt(userId, exemption, note) {
      assertUserId(userId)
      return change(parts, userId, { type: 'exempt', ...readExemption(exemption), note: readNote(note) })
    },

    async endExemption(userId, note) {
      assertUserId(userId)
      return change(parts, userId, { type: 'end-exemption', note: readNote(note) })
    },

    async makeOptional(userId, note) {
      assertUserId(userId)
      return change(parts, userId, { type: 'make-optional', note: readNote(note) })
    },

    async suspend(userId, note) {
      assertUserId(userId)
      return change(parts, userId, { type: 'suspend', note: readNote(note) })
    },

    async resume(userId, note) {
      assertUserId(userId)
      return change(parts, userId, { type: 'resume', note: readNote(note) })
    },

    async resetMfa(userId, options, note) {
      assertUserId(userId)
      return change(parts, userId, { type: 'reset-mfa', grace: readGrace(options), note: readNote(note) })
    },

    async revokeAuthenticator(userId, authenticatorId, note) {
      assertUserId(userId)
      assertString(authenticatorId, 'authenticatorId')
      return change(parts, userId, { type: 'revoke-authenticator', authenticatorId, note: readNote(note) })
    },

    async unlock(userId, note) {
      assertUserId(userId)
      return change(parts, userId, { type: 'unlock', note: readNote(note) })
    },

    async issuePass(userId, note) {
      assertUserId(userId)
      const noted = readNote(note)
      const pass = drawCode((byteLength) => draw(parts, byteLength))
      const id = drawId(parts)
      const digest = await digestOf(parts, readRecoveryCode(pass) as string, { purpose: 'pass', userId, id })
      const { outcome } = await attempt(
        parts,
        userId,
        { type: 'issue-pass', id, digest, note: noted },
        evidenceFrom(parts, userId, {}).gather,
      )
      return { pass, expiresAt: outcome.expiresAt }
    },

    async importAuthenticator(userId, authenticator, note) {
      assertUserId(userId)
      const noted = readNote(note)
      const now = readClock(parts)
      const { imported, label = DEFAULT_LABEL, ...bound } = readImport(authenticator, now)
      try {
        const id = drawId(parts)
        const secret = await sealSecret(parts, userId, id, imported.secret)
        const { outcome, record } = await attempt(
          parts,
          userId,
          { type: 'import-authenticator', authenticator: { id, label, secret, ...bound }, note: noted },
          evidenceFrom(parts, userId, {}, imported).gather,
          now,
        )
        if (outcome.ok) return { ...statusAt(record, now), changed: outcome.changed }
      } finally {
        imported.secret.fill(0)
      }
      throw new RangeError(
        `authenticator is one too many: policy.maxAuthenticators is ${parts.policy.maxAuthenticators}`,
      )
    },
  }
}
