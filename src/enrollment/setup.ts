import type { Circumstances } from './circumstances.js'
import type { ConfirmOutcome, PassFinding, SetupFinding } from './commands.js'
import { passRequiredAt } from './decision.js'
import { livePass, liveSetup, pendingSetup, withAuthenticator, withoutAuthenticator } from './factor.js'
import { askForCode, firstSignInFacts, signedIn } from './proof.js'
import type { EnrollmentRecord, Setup } from './record.js'
import { withNextReminder } from './reminders.js'
import {
  changed,
  endingSessions,
  type Fact,
  fact,
  flips,
  type Handlers,
  type Step,
  unchanged,
  unwritten,
} from './step.js'
import { instantAfter } from './time.js'

/** What is done to authenticators and recovery codes: by their user, or brought over by an administrator. */
export const setupHandlers: Handlers<
  | 'begin-setup'
  | 'confirm-setup'
  | 'cancel-setup'
  | 'rename-authenticator'
  | 'remove-authenticator'
  | 'replace-recovery-codes'
  | 'import-authenticator'
  | 'reseal-secrets'
> = {
  'begin-setup': (record, { setupId, pass, proof, fresh }, circumstances) => {
    const { now, policy } = circumstances
    if (record.suspension !== null) return unwritten(record, { ok: false, reason: 'suspended' })
    const pending = pendingSetup(record, setupId)
    if (setupId !== undefined && pending !== null && now < pending.expiresAt) {
      return unwritten(record, { ok: true, setup: pending, resumed: true })
    }
    const begin = (from: EnrollmentRecord, facts: readonly Fact[], proven: boolean) => {
      const { expiresAfterMs, tries } = policy.setup
      const setup: Setup = { ...fresh, expiresAt: instantAfter(now, expiresAfterMs), triesLeft: tries, proven }
      // No event names a set-up: whoever knows its id sees its secret.
      const begun = fact('setup-begun', { expiresAt: setup.expiresAt, replaced: record.setup !== null })
      return {
        record: { ...from, setup },
        facts: [...facts, begun],
        outcome: { ok: true, setup, resumed: false } as const,
      }
    }
    if (record.authenticators.length > 0) {
      if (record.authenticators.length >= policy.maxAuthenticators) {
        return unwritten(record, { ok: false, reason: 'too-many-authenticators' })
      }
      if (proof === 'none') return unwritten(record, { ok: false, reason: 'proof-required' })
      return askForCode(record, proof, circumstances, (proven) => begin(proven.record, proven.facts, true))
    }
    if (!passRequiredAt(record, now)) return begin(record, [], false)
    if (pass === 'none') return unwritten(record, { ok: false, reason: 'pass-required' })
    const issued = livePass(record, now)
    if (issued === null) return unwritten(record, { ok: false, reason: 'invalid-pass' })
    const answer = ({ found }: PassFinding) => {
      if (found === 'match') return begin({ ...record, pass: null }, [fact('pass-used')], false)
      if (found === 'malformed') return unwritten(record, { ok: false, reason: 'invalid-pass' } as const)
      const triesLeft = issued.triesLeft - 1
      return {
        record: { ...record, pass: triesLeft > 0 ? { ...issued, triesLeft } : null },
        facts: [fact('pass-rejected', { triesLeft })],
        outcome: { ok: false, reason: 'invalid-pass' } as const,
      }
    }
    return { ask: 'pass', pass: issued, answer }
  },

  'confirm-setup': (record, { setupId }, circumstances) => {
    if (record.suspension !== null) return unwritten(record, { ok: false, reason: 'suspended' })
    const setup = pendingSetup(record, setupId)
    if (setup === null) return unwritten(record, { ok: false, reason: 'no-setup' })
    if (circumstances.now >= setup.expiresAt) return unwritten(record, { ok: false, reason: 'expired' })
    const { authenticators } = record
    return {
      ask: 'setup-code',
      setup,
      authenticators,
      recoveryCodesWanted: authenticators.length === 0 ? circumstances.policy.recoveryCodes.count : 0,
      answer: (finding) => confirmed(record, setup, finding, circumstances),
    }
  },

  'cancel-setup': (record, { setupId }) => {
    if (pendingSetup(record, setupId) === null) return unchanged(record)
    return changed({ ...record, setup: null }, fact('setup-cancelled'))
  },

  'rename-authenticator': (record, { authenticatorId, label }) => {
    const known = record.authenticators.find(({ id }) => id === authenticatorId)
    if (known === undefined || known.label === label) return unchanged(record)
    const authenticators = record.authenticators.map((one) => (one === known ? { ...one, label } : one))
    return changed({ ...record, authenticators }, fact('authenticator-renamed', { authenticatorId }))
  },

  'remove-authenticator': (record, { authenticatorId, proof }, circumstances) => {
    if (record.suspension !== null) return unwritten(record, { ok: false, reason: 'suspended' })
    if (!record.authenticators.some(({ id }) => id === authenticatorId)) {
      return unwritten(record, { ok: false, reason: 'unknown-authenticator' })
    }
    if (record.requirement !== null && record.authenticators.length === 1) {
      return unwritten(record, { ok: false, reason: 'last-authenticator' })
    }
    return askForCode(record, proof, circumstances, (proven) => {
      const left = withoutAuthenticator(proven.record, authenticatorId)
      const details = { authenticatorId, authenticators: left.authenticators.length, ...flips(record, left) }
      const removed = fact('authenticator-removed', details)
      return { record: left, facts: [...proven.facts, removed], outcome: { ok: true } }
    })
  },

  'replace-recovery-codes': (record, { proof, codes }, circumstances) =>
    askForCode(record, proof, circumstances, (proven) => ({
      // An old code may have proven a pending set-up: it is worth nothing from now on, there either.
      record: { ...proven.record, recoveryCodes: codes, setup: null },
      facts: [...proven.facts, fact('recovery-codes-replaced', { recoveryCodes: codes.length })],
      outcome: { ok: true },
    })),

  'import-authenticator': (record, { authenticator, note }, { now, policy }) => {
    const { authenticators, recoveryCodes: codes } = record
    const setup = liveSetup(record, now)
    return {
      ask: 'import',
      authenticators,
      setup,
      codes,
      answer: ({ bound, pending, recoveryCodes }) => {
        if (bound) return unwritten(record, { ok: true, changed: false })
        if (authenticators.length >= policy.maxAuthenticators) {
          return unwritten(record, { ok: false, reason: 'too-many-authenticators' })
        }
        const imported = withAuthenticator(record, { ...authenticator, lastUsedAt: null })
        const full = imported.authenticators.length >= policy.maxAuthenticators
        const keepsSetup = setup?.proven === true && !pending && !full
        const { id: authenticatorId, boundAt } = authenticator
        const details = {
          authenticatorId,
          boundAt,
          authenticators: imported.authenticators.length,
          recoveryCodes: recoveryCodes.length,
          ...flips(record, imported),
        }
        return {
          record: { ...imported, setup: keepsSetup ? setup : null, recoveryCodes: [...codes, ...recoveryCodes] },
          facts: [fact('authenticator-imported', details, note)],
          outcome: { ok: true, changed: true },
        }
      },
    }
  },

  'reseal-secrets': (stored, { dropsExpired = false }, { now, policy }) => {
    const live = { setup: liveSetup(stored, now), pass: livePass(stored, now) }
    const drops = dropsExpired && (live.setup !== stored.setup || live.pass !== stored.pass)
    const record = drops ? { ...stored, ...live } : stored
    const { authenticators, setup } = record
    return {
      ask: 'reseal',
      sealed: live.setup === null ? authenticators : [...authenticators, live.setup],
      answer: (finding) => {
        // Reminders follow a policy that may have changed: whoever looks at every record brings them up to date too.
        if (finding.length === 0) return unwritten(withNextReminder(record, policy.reminders, now), { resealed: 0 })
        const tokens = new Map(finding.map(({ id, secret }) => [id, secret]))
        const anew = <Sealed extends { id: string; secret: string }>(sealed: Sealed): Sealed => ({
          ...sealed,
          secret: tokens.get(sealed.id) ?? sealed.secret,
        })
        // A set-up is not named, as nowhere: whoever knows its id sees its secret.
        const named = new Set(authenticators.map(({ id }) => id))
        const facts = finding.map(({ id }) => fact('secret-resealed', { authenticatorId: named.has(id) ? id : null }))
        return {
          record: { ...record, authenticators: authenticators.map(anew), setup: setup && anew(setup) },
          facts,
          outcome: { resealed: finding.length },
        }
      },
    }
  },
}

function confirmed(
  record: EnrollmentRecord,
  setup: Setup,
  finding: SetupFinding,
  { now }: Circumstances,
): Step<ConfirmOutcome> {
  if (finding.found === 'malformed') {
    const outcome = { ok: false, reason: 'invalid-code', triesLeft: setup.triesLeft, clockOffsetSeconds: null } as const
    return unwritten(record, outcome)
  }
  if (finding.found === 'mismatch') {
    const triesLeft = setup.triesLeft - 1
    return {
      record: { ...record, setup: triesLeft > 0 ? { ...setup, triesLeft } : null },
      facts: [fact('setup-failed', { triesLeft })],
      outcome: { ok: false, reason: 'invalid-code', triesLeft, clockOffsetSeconds: finding.clockOffsetSeconds },
    }
  }
  if (finding.bound) {
    // One secret under two authenticators would let each of its codes in twice.
    return {
      record: { ...record, setup: null },
      facts: [fact('setup-failed', { triesLeft: 0 })],
      outcome: { ok: false, reason: 'no-setup' },
    }
  }
  const first = record.authenticators.length === 0
  const { id, label, secret, parameters } = setup
  // The code that confirms is used up with it: it signs nobody in (RFC 6238 5.2).
  const authenticator = {
    id,
    label,
    secret,
    parameters,
    boundAt: now,
    lastUsedAt: null,
    lastTimeStep: finding.timeStep,
  }
  const bound = signedIn({ ...withAuthenticator(record, authenticator), setup: null }, now)
  const after = first ? { ...endingSessions(bound, now), recoveryCodes: finding.recoveryCodes } : bound
  const details = {
    authenticatorId: id,
    authenticators: after.authenticators.length,
    recoveryCodes: finding.recoveryCodes.length,
    ...flips(record, after),
  }
  return {
    record: after,
    facts: [...firstSignInFacts(record), fact('authenticator-bound', details)],
    outcome: { ok: true, authenticatorId: id, recoveryCodes: first },
  }
}
