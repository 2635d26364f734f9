import { assertUserId } from '../enrollment/user.js'
import { encodeBase32 } from '../totp/base32.js'
import { formatKeyUri } from '../totp/key-uri.js'
import type { ResolvedTotp } from '../totp/parameters.js'
import { drawSecret } from '../totp/secret.js'
import { assertString, DEFAULT_LABEL, readLabel, readOptions, readSetupId } from './arguments.js'
import { attempt } from './attempt.js'
import { change } from './change.js'
import { evidenceFrom, freshCodes, readProof, sealSecret, withSecret } from './evidence.js'
import type { Leeway } from './leeway.js'
import { draw, drawId, type Parts } from './parts.js'

/** What users do with their authenticators and recovery codes. */
export function setup(
  parts: Parts,
): Pick<
  Leeway,
  'beginSetup' | 'confirmSetup' | 'cancelSetup' | 'renameAuthenticator' | 'removeAuthenticator' | 'replaceRecoveryCodes'
> {
  const { parameters } = parts.policy.totp
  /** The key URI of a secret; refuses an account name that authenticator apps would read as something else. */
  const keyUriOf = (accountName: string, secret: Uint8Array, { algorithm, digits, period }: ResolvedTotp) =>
    formatKeyUri({ secret, issuer: parts.issuer, accountName, algorithm, digits, period })

  return {
    async beginSetup(userId, options) {
      assertUserId(userId)
      const given = readOptions(options, ['accountName', 'label', 'setupId', 'pass', 'proof'])
      const { accountName, label = DEFAULT_LABEL, setupId, pass, proof } = given
      assertString(accountName, 'options.accountName')
      if (setupId !== undefined) assertString(setupId, 'options.setupId')
      const shown = proof === undefined ? undefined : readProof(proof)
      const named = readLabel(label, 'options.label')
      const secret = drawSecret((byteLength) => draw(parts, byteLength))
      try {
        const keyUri = keyUriOf(accountName, secret, parameters)
        const id = drawId(parts)
        const fresh = { id, label: named, secret: await sealSecret(parts, userId, id, secret), parameters }
        const { outcome } = await attempt(
          parts,
          userId,
          {
            type: 'begin-setup',
            setupId,
            pass: pass === undefined ? 'none' : 'given',
            proof: shown?.method ?? 'none',
            fresh,
          },
          evidenceFrom(parts, userId, { pass, ...shown?.given }).gather,
        )
        if (!outcome.ok) return outcome
        const { id: own, expiresAt } = outcome.setup
        // A fresh secret is told as it was made: opening it again could fail after the proof was used up.
        if (!outcome.resumed) {
          return { ok: true, setup: { id: own, secret: encodeBase32(secret), keyUri, expiresAt, resumed: false } }
        }
        // Under the parameters that it was begun with, whatever the policy says by now.
        const { parameters: begun } = outcome.setup
        return await withSecret(parts, userId, outcome.setup, (pending) => ({
          ok: true,
          setup: {
            id: own,
            secret: encodeBase32(pending),
            keyUri: keyUriOf(accountName, pending, begun),
            expiresAt,
            resumed: true,
          },
        }))
      } finally {
        secret.fill(0)
      }
    },

    async confirmSetup(userId, code, options) {
      assertUserId(userId)
      const command = { type: 'confirm-setup', ...readSetupId(options) } as const
      const evidence = evidenceFrom(parts, userId, { code })
      const { outcome } = await attempt(parts, userId, command, evidence.gather)
      if (!outcome.ok) return outcome
      return {
        ok: true,
        authenticatorId: outcome.authenticatorId,
        recoveryCodes: outcome.recoveryCodes ? evidence.recoveryCodes() : null,
        revokeOtherSessions: true,
      }
    },

    async cancelSetup(userId, options) {
      assertUserId(userId)
      await change(parts, userId, { type: 'cancel-setup', ...readSetupId(options) })
    },

    async renameAuthenticator(userId, authenticatorId, label) {
      assertUserId(userId)
      assertString(authenticatorId, 'authenticatorId')
      return change(parts, userId, { type: 'rename-authenticator', authenticatorId, label: readLabel(label, 'label') })
    },

    async removeAuthenticator(userId, authenticatorId, proof) {
      assertUserId(userId)
      assertString(authenticatorId, 'authenticatorId')
      const { method, given } = readProof(proof)
      const command = { type: 'remove-authenticator', authenticatorId, proof: method } as const
      return (await attempt(parts, userId, command, evidenceFrom(parts, userId, given).gather)).outcome
    },

    async replaceRecoveryCodes(userId, proof) {
      assertUserId(userId)
      const { method, given } = readProof(proof)
      const { shown, stored } = await freshCodes(parts, userId, parts.policy.recoveryCodes.count)
      const command = { type: 'replace-recovery-codes', proof: method, codes: stored } as const
      const { outcome } = await attempt(parts, userId, command, evidenceFrom(parts, userId, given).gather)
      return outcome.ok ? { ok: true, recoveryCodes: shown } : outcome
    },
  }
}
