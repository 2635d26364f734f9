import { describe, expect, it } from 'vitest'
import { type EnrollmentRecord, UNLOCKED } from '../../src/enrollment/record.js'
import {
  codeOf,
  DAY,
  given,
  importOf,
  inPhase,
  NOW,
  PHONE,
  recordOf,
  recoveryCode,
  SECOND,
  sealedSecret,
} from './given.js'

const VERIFY = { type: 'verify-code' } as const
const USE = { type: 'use-recovery-code' } as const
const STEP = 30 * SECOND

const two: EnrollmentRecord = recordOf(
  given(inPhase.enrolled).when(importOf('tablet'), { finding: { bound: false, pending: false, recoveryCodes: [] } }),
)

describe('a right code', () => {
  it('is used up, for the authenticator it is of alone', () => {
    const told = given(two).when(VERIFY, { handed: { code: codeOf(sealedSecret('tablet'), NOW) } })
    expect(told.outcome).toEqual({
      ok: true,
      method: 'totp',
      authenticatorId: 'tablet',
      recoveryCodesLeft: 2,
      failuresSinceLastSuccess: 0,
    })
    const [phone, tablet] = recordOf(told).authenticators
    expect(phone).toEqual(two.authenticators[0])
    expect(tablet).toMatchObject({ lastTimeStep: NOW / STEP, lastUsedAt: NOW })
    expect(told.events).toMatchObject([
      { type: 'code-accepted', details: { authenticatorId: 'tablet', failuresSinceLastSuccess: 0 }, actor: null },
    ])
  })

  it('of several authenticators is used up on each, and answers for the highest step', () => {
    const matches = [
      { authenticatorId: PHONE, timeStep: 100_000_000 },
      { authenticatorId: 'tablet', timeStep: 100_000_001 },
    ]
    for (const order of [matches, [...matches].reverse()]) {
      const told = given(two).when(VERIFY, { finding: { found: 'match', matches: order, resealed: [] } })
      expect(told.outcome).toMatchObject({ authenticatorId: 'tablet' })
      expect(recordOf(told).authenticators.map(({ lastTimeStep }) => lastTimeStep)).toEqual([100_000_000, 100_000_001])
      expect(told.types).toEqual(['code-accepted'])
    }
  })

  it('of several authenticators in the same step answers for the one that was bound first', () => {
    const matches = [PHONE, 'tablet'].map((authenticatorId) => ({ authenticatorId, timeStep: 100_000_000 }))
    const told = given(two).when(VERIFY, { finding: { found: 'match', matches, resealed: [] } })
    expect(told.outcome).toMatchObject({ authenticatorId: PHONE })
  })

  it('carries over secrets that were sealed again, and tells which', () => {
    const told = given(two).when(VERIFY, {
      finding: {
        found: 'match',
        matches: [{ authenticatorId: PHONE, timeStep: 100_000_000 }],
        resealed: [{ authenticatorId: 'tablet', secret: 'sealed:again' }],
      },
    })
    expect(recordOf(told).authenticators).toMatchObject([
      { id: PHONE, secret: sealedSecret(PHONE), lastTimeStep: 100_000_000 },
      { id: 'tablet', secret: 'sealed:again', lastTimeStep: null, lastUsedAt: null },
    ])
    expect(told.types).toEqual(['code-accepted', 'secret-resealed'])
    expect(told.events[1]?.details).toEqual({ authenticatorId: 'tablet' })
    expect(JSON.stringify(told.events)).not.toContain('sealed:')
  })

  it('is looked at with the last step that was accepted in sight', () => {
    const told = given(two).when(VERIFY, { handed: { code: codeOf(sealedSecret(PHONE), NOW) } })
    const next = told.when(VERIFY, { finding: { found: 'malformed' } })
    expect(next.asked).toMatchObject({
      ask: 'code',
      authenticators: [{ lastTimeStep: NOW / STEP }, { lastTimeStep: null }],
    })
  })
})

describe('a replayed code', () => {
  /** Somebody who plays a code again that he saw, and would learn from another answer that it was right. */
  it('answers as a wrong one, counts nothing and writes nothing; it is told only', () => {
    const used = given(two).when(VERIFY, { handed: { code: codeOf(sealedSecret(PHONE), NOW) } })
    const told = used.when(VERIFY, { handed: { code: codeOf(sealedSecret(PHONE), NOW) } })
    expect(told.outcome).toEqual({ ok: false, reason: 'invalid-code' })
    expect(told.written).toBe(false)
    expect(told.events).toMatchObject([{ type: 'code-replayed', details: { method: 'totp', authenticatorId: PHONE } }])
    const wrong = used.when(VERIFY, { finding: { found: 'mismatch' } })
    expect(wrong.outcome).toEqual(told.outcome)
  })

  it('of a recovery code likewise', () => {
    const told = given(two).when(USE, { handed: { recoveryCode: 'used' } })
    expect(told).toMatchObject({ outcome: { ok: false, reason: 'invalid-code' }, written: false })
    expect(told.events).toMatchObject([{ type: 'code-replayed', details: { method: 'recovery-code' } }])
  })
})

describe('a code of somebody with nothing bound', () => {
  it('is invalid, counts nothing and writes nothing: it looks as anybody else does', () => {
    for (const found of ['malformed', 'mismatch'] as const) {
      for (const command of [VERIFY, USE]) {
        const told = given(null).when<(typeof command)['type']>(command, { finding: { found } })
        expect(told).toMatchObject({ outcome: { ok: false, reason: 'invalid-code' }, written: false, types: [] })
      }
    }
  })
})

describe('a code that is wrong', () => {
  it('is counted where its user has what it could have been right for, whatever else there is', () => {
    const noRecoveryCodes = { ...inPhase.enrolled, recoveryCodes: [] }
    expect(given(noRecoveryCodes).when(VERIFY, { finding: { found: 'mismatch' } }).types).toEqual(['code-rejected'])
    const told = given(noRecoveryCodes).when(USE, { finding: { found: 'mismatch' } })
    expect(told).toMatchObject({ outcome: { ok: false, reason: 'invalid-code' }, written: false, types: [] })
  })
})

describe('a recovery code', () => {
  it('is used once, and the rest are counted', () => {
    const told = given(inPhase.enrolled).when(USE, { handed: { recoveryCode: 'fresh' } })
    expect(told.outcome).toEqual({
      ok: true,
      method: 'recovery-code',
      authenticatorId: null,
      recoveryCodesLeft: 1,
      failuresSinceLastSuccess: 0,
    })
    expect(recordOf(told).recoveryCodes.map(({ usedAt }) => usedAt)).toEqual([NOW - DAY, NOW, null])
    expect(told.events).toMatchObject([
      { type: 'recovery-code-used', details: { recoveryCodesLeft: 1, failuresSinceLastSuccess: 0 } },
    ])
    expect(told.when(USE, { handed: { recoveryCode: 'fresh' } }).types).toEqual(['code-replayed'])
  })

  it('clears its own failures and not those of codes', () => {
    const failed = { ...UNLOCKED, failures: 3, ladder: 3, recent: [NOW] }
    const record = { ...inPhase.enrolled, lock: { totp: failed, recovery: failed } }
    const told = given(record).when(USE, { handed: { recoveryCode: 'fresh' } })
    expect(told.outcome).toMatchObject({ failuresSinceLastSuccess: 3 })
    expect(recordOf(told).lock).toEqual({ totp: failed, recovery: { ...UNLOCKED, recent: [NOW] } })
  })

  it('of somebody who has used all of them is still counted when it is wrong', () => {
    const usedUp = { ...inPhase.enrolled, recoveryCodes: [recoveryCode('used', NOW)] }
    const told = given(usedUp).when(USE, { handed: { recoveryCode: 'none' } })
    expect(told.types).toEqual(['recovery-code-rejected'])
  })

  it('may prove the replacement of all of them, and goes with the rest', () => {
    const codes = [recoveryCode('new one'), recoveryCode('new two')]
    const told = given(inPhase.enrolled).when(
      { type: 'replace-recovery-codes', proof: 'recovery-code', codes },
      { handed: { recoveryCode: 'other' } },
    )
    expect(told.outcome).toEqual({ ok: true })
    expect(recordOf(told).recoveryCodes).toEqual(codes)
    expect(told.types).toEqual(['recovery-code-used', 'recovery-codes-replaced'])
    expect(told.events[1]?.details).toEqual({ recoveryCodes: 2 })
    // An old one is a guess now like any other.
    expect(told.when(USE, { handed: { recoveryCode: 'fresh' } }).types).toEqual(['recovery-code-rejected'])
  })

  it('may be replaced by a code, which is used up with that', () => {
    const code = codeOf(sealedSecret(PHONE), NOW)
    const told = given(inPhase.enrolled).when(
      { type: 'replace-recovery-codes', proof: 'totp', codes: [recoveryCode('new')] },
      { handed: { code } },
    )
    expect(told.types).toEqual(['code-accepted', 'recovery-codes-replaced'])
    expect(told.when(VERIFY, { handed: { code } }).types).toEqual(['code-replayed'])
  })

  it('of somebody who had never signed in is the first sign-in of all', () => {
    const told = given({ ...inPhase.enrolled, signedInAt: null }).when(USE, { handed: { recoveryCode: 'fresh' } })
    expect(told.types).toEqual(['first-sign-in', 'recovery-code-used'])
    expect(recordOf(told).signedInAt).toBe(NOW)
  })
})

describe('events', () => {
  it('are numbered by a sequence of the record’s own, not by the clock, and end in the attempt’s stamp', () => {
    const one = given(null).when({ type: 'suspend', note: { actor: 'root' } })
    const other = one.when({ type: 'resume', note: {} }, { at: NOW - DAY })
    expect([...one.events, ...other.events].map(({ id, at }) => [id, at])).toEqual([
      ['000000000001-cafe0123', NOW],
      ['000000000002-cafe0123', NOW - DAY],
    ])
    expect(one.events[0]).toMatchObject({ actor: 'root', reason: null, userId: 'ada' })
  })

  it('that are only told take the place of nothing that is stored', () => {
    const replayed = given(inPhase.enrolled).when(USE, { handed: { recoveryCode: 'used' } })
    expect(recordOf(replayed).eventCount).toBe(inPhase.enrolled.eventCount)
  })
})
