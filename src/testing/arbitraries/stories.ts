import type { Arbitrary, default as fastCheck } from 'fast-check'
import type { Instant } from '../../index.js'
import {
  type CodeShown,
  type Command,
  LANDMARKS,
  type Landmark,
  type Lapse,
  type ProofShown,
  type StoryStep,
  type TextShown,
} from '../given/commands.js'
import { foreignRecoveryCodes, hostileCodes, secrets } from './codes.js'
import { deadlineChanges, exemptions, graces, termsOf } from './terms.js'
import { labels, notes } from './text.js'

const DAY = 86_400_000
/** When stories begin where nothing else is said: Monday, 5 January 2026, nine o'clock, UTC. */
const MONDAY_MORNING = Date.UTC(2026, 0, 5, 9)

/** Any command; the instants it names are within weeks of `around`. */
export function commands(fc: typeof fastCheck, around: Instant = MONDAY_MORNING): Arbitrary<Command> {
  const near = fc.integer({ min: around - 40 * DAY, max: around + 80 * DAY })
  const note = notes(fc).map(({ actor, reason }) => ({ actor, reason }))
  const which = fc.nat(2)
  const code: Arbitrary<CodeShown> = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('right' as const, 'wrong' as const, 'used' as const) },
    { weight: 1, arbitrary: fc.record({ driftSeconds: fc.constantFrom(-300, -60, -30, 30, 60, 300) }) },
    { weight: 1, arbitrary: fc.record({ exactly: hostileCodes(fc) }) },
  )
  const text: Arbitrary<TextShown> = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('right' as const, 'wrong' as const, 'used' as const) },
    { weight: 1, arbitrary: fc.record({ exactly: hostileCodes(fc) }) },
  )
  const proof: Arbitrary<ProofShown> = fc.oneof(fc.record({ code }), fc.record({ recoveryCode: text }))
  const label = labels(fc)
  const byAdministrators = fc.oneof(
    fc.tuple(fc.constant('requireEnrollment' as const), termsOf(fc, near), note),
    fc.tuple(fc.constant('changeDeadline' as const), deadlineChanges(fc, near), note),
    fc.tuple(fc.constant('exempt' as const), exemptions(fc, near), note),
    fc.tuple(fc.constantFrom('endExemption', 'makeOptional', 'suspend', 'resume', 'unlock', 'issuePass'), note),
    fc.tuple(
      fc.constant('resetMfa' as const),
      graces(fc, near).map((grace) => ({ grace })),
      note,
    ),
    fc.tuple(fc.constant('revokeAuthenticator' as const), which, note),
    fc.tuple(
      fc.constant('importAuthenticator' as const),
      fc.record(
        { secret: secrets(fc), label, recoveryCodes: fc.uniqueArray(foreignRecoveryCodes(fc), { maxLength: 3 }) },
        { requiredKeys: ['secret'] },
      ),
      note,
    ),
  )
  const sensitive = fc.record({ sensitive: fc.boolean() })
  const byUsers = fc.oneof(
    fc.tuple(fc.constantFrom('signIn', 'decide'), sensitive),
    fc.tuple(fc.constant('postponeSetup' as const), fc.record({ signInId: fc.constantFrom('one', 'two', undefined) })),
    fc.tuple(fc.constant('verifyCode' as const), code),
    fc.tuple(fc.constant('verifyCode' as const), code),
    fc.tuple(fc.constant('useRecoveryCode' as const), text),
    fc.tuple(
      fc.constant('beginSetup' as const),
      fc.record({ label, resume: fc.boolean(), pass: text, proof }, { requiredKeys: [] }),
    ),
    fc.tuple(fc.constant('confirmSetup' as const), code),
    fc.constantFrom('cancelSetup' as const, 'setUp' as const, 'setUp' as const),
    fc.tuple(fc.constant('renameAuthenticator' as const), which, label),
    fc.tuple(fc.constant('removeAuthenticator' as const), which, proof),
    fc.tuple(fc.constant('replaceRecoveryCodes' as const), proof),
  )
  return fc.oneof(
    { weight: 8, arbitrary: byAdministrators },
    { weight: 12, arbitrary: byUsers },
    { weight: 1, arbitrary: fc.constant('forget' as const) },
  )
}

/** Time that goes by: little or much, and to just about where something ends. */
export function lapses(fc: typeof fastCheck): Arbitrary<Lapse> {
  const landmark = fc.constantFrom<Landmark>(...LANDMARKS)
  return fc.oneof(
    fc.record({ seconds: fc.constantFrom(0, 1, 30, 60, 300) }),
    fc.record({ days: fc.nat(3), hours: fc.nat(23) }),
    fc.record({ days: fc.nat(60) }),
    fc.record({ to: landmark, milliseconds: fc.constantFrom(-1, 0, 1) }),
    // Clocks are put right.
    fc.record({ seconds: fc.integer({ min: -120, max: 0 }) }),
  )
}

/** What happens to a user, step by step; now and then somebody guesses and waits until he may guess again. */
export function stories(fc: typeof fastCheck, around?: Instant): Arbitrary<StoryStep[]> {
  const step = fc.oneof({ weight: 3, arbitrary: commands(fc, around) }, { weight: 1, arbitrary: lapses(fc) })
  const guesses = fc.tuple(fc.constantFrom('verifyCode', 'useRecoveryCode'), fc.integer({ min: 2, max: 10 }))
  const guessing = guesses.map(([name, times]) =>
    Array.from({ length: times }, (): StoryStep[] => [[name, 'wrong'], { to: 'lock-end' }]).flat(),
  )
  const steps = fc.oneof({ weight: 20, arbitrary: step.map((one) => [one]) }, { weight: 1, arbitrary: guessing })
  return fc.array<StoryStep[]>(steps, { maxLength: 30, size: '+1' }).map((parts) => parts.flat())
}
