import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { live } from '../../src/testing/arbitraries/lives.js'
import { arbitraries, givenWith, type StoryStep } from '../../src/testing/index.js'

const { story } = arbitraries(fc)
const POLICIES = [{}, { lock: { afterFailures: 2, forMs: [60_000], disableAfterFailures: 4 }, maxAuthenticators: 2 }]
/** Stories that chance seldom makes. */
const EXAMPLES: [StoryStep[], object][] = (
  [
    ['setUp', { at: Date.UTC(2025, 0) }, ['verifyCode', 'right'], ['verifyCode', 'used']],
    [
      'setUp',
      ['verifyCode', 'used'],
      { minutes: 1 },
      ['verifyCode', 'used'],
      ['removeAuthenticator', 0, { code: 'used' }],
    ],
    ['setUp', { minutes: 1 }, ['verifyCode', { driftSeconds: 30 }], ['verifyCode', 'right'], { hours: 1 }],
    ['setUp', 'setUp', ['removeAuthenticator', 1, { code: 'right' }], ['verifyCode', 'used'], ['verifyCode', 'right']],
    [
      'setUp',
      ['removeAuthenticator', 0, { recoveryCode: 'right' }],
      ['verifyCode', 'used'],
      ['useRecoveryCode', 'used'],
    ],
    ['setUp', ['useRecoveryCode', 'right'], ['useRecoveryCode', 'used'], ['replaceRecoveryCodes', { code: 'right' }]],
    [
      'setUp',
      ['replaceRecoveryCodes', { recoveryCode: 'right' }],
      ['useRecoveryCode', 'used'],
      ['verifyCode', 'wrong'],
    ],
    ['setUp', ['verifyCode', { exactly: 1 }], ['useRecoveryCode', { exactly: 1 }], 'forget', 'setUp', 'endExemption'],
    [
      ['beginSetup', { proof: { recoveryCode: { exactly: '\uff10' } } }],
      ['importAuthenticator', { secret: new Uint8Array(20).fill(1), recoveryCodes: ['abcdefgh'] }],
      ['useRecoveryCode', 'wrong'],
      ['beginSetup', { proof: { recoveryCode: 'used' } }],
    ],
    [
      'beginSetup',
      ['confirmSetup', { driftSeconds: 60 }],
      ['confirmSetup', { driftSeconds: -600 }],
      'decide',
      'signIn',
    ],
    [
      'beginSetup',
      ['beginSetup', { resume: true }],
      ['confirmSetup', 'used'],
      ['confirmSetup', { exactly: 1 }],
      'unlock',
    ],
    ['beginSetup', ['confirmSetup', { driftSeconds: -30 }], ['confirmSetup', 'right'], ['verifyCode', 'right']],
    [
      ['requireEnrollment', { period: 'none', selfEnrollment: 'with-pass' }],
      ['beginSetup', { pass: 'right' }],
      'issuePass',
    ],
    [
      ['requireEnrollment', { period: 'none', selfEnrollment: 'with-pass' }],
      'issuePass',
      ['beginSetup', { pass: 'wrong' }],
      ['beginSetup', { pass: { exactly: '' } }],
      ['setUp', { label: 'Phone' }],
      ['beginSetup', { proof: { code: 'right' } }],
      ['confirmSetup', 'right'],
    ],
    [
      ['requireEnrollment', { terms: 'optional', because: [] }],
      ['requireEnrollment', { terms: { period: 'none' }, because: [] }],
    ],
    [
      ['importAuthenticator', { secret: new Uint8Array(20), recoveryCodes: ['ABCDEFGH'] }],
      ['importAuthenticator', { secret: new Uint8Array(20), recoveryCodes: ['ABCDEFGH'] }],
      ['importAuthenticator', { secret: new Uint8Array(16), recoveryCodes: ['ABCDEFGH', 'IJKLMNOP'], label: 'Old' }],
      ['useRecoveryCode', 'right'],
      ['revokeAuthenticator', 1],
      ['revokeAuthenticator', 1, { actor: 'root' }],
      ['renameAuthenticator', 0, 'New'],
      ['resetMfa', { grace: 'remaining' }],
    ],
    ['postponeSetup', 'suspend', 'resume', 'makeOptional', ['changeDeadline', { addDays: 1 }], 'cancelSetup'],
    [['exempt', { until: Date.UTC(2027, 0), reason: 'at sea' }], { to: 'exemption-end', milliseconds: -1 }],
    [{ to: 'start' }, 'issuePass', { to: 'pass-end' }, 'beginSetup', { to: 'setup-end' }, ['confirmSetup', 'right']],
  ] as StoryStep[][]
).map((steps) => [steps, POLICIES[0] ?? {}])

describe('a story', () => {
  it('comes to the same on the service as on the state machine alone', async () => {
    await fc.assert(
      fc.asyncProperty(story(), fc.constantFrom(...POLICIES), async (steps: StoryStep[], policy) => {
        const told = await givenWith({ policy, mayBeRefused: true })(...steps)
          .when('issuePass')
          .outcome()
        const life = { userId: 'ada', start: Date.UTC(2026, 0, 5, 9), policy, seed: '0'.repeat(24) }
        const lived = live({ ...life, steps: [...steps, 'issuePass'] })
        const without = (status: typeof lived.status) => ({
          ...status,
          authenticators: status.authenticators.map(({ id, ...facts }) => facts),
        })
        expect(without(lived.status)).toEqual(without(told.status))
        expect(lived.now).toBe(told.world.clock())
      }),
      { numRuns: 100, examples: EXAMPLES },
    )
  })
})
