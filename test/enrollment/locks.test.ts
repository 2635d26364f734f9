import { describe, expect, it } from 'vitest'
import { decisionAt } from '../../src/enrollment/decision.js'
import { afterFailure, afterSuccess, lockStateAt } from '../../src/enrollment/locks.js'
import { type EnrollmentRecord, type FactorLock, indexOf, UNLOCKED } from '../../src/enrollment/record.js'
import { statusAt } from '../../src/enrollment/status.js'
import { resolvePolicy } from '../../src/service/policy.js'
import {
  beginSetup,
  codeOf,
  DAY,
  given,
  HOUR,
  inPhase,
  MINUTE,
  NOW,
  PHONE,
  recordOf,
  type Story,
  sealedSecret,
  type Told,
} from './given.js'

const VERIFY = { type: 'verify-code' } as const
const WRONG = { found: 'mismatch' } as const

function fail(story: Story, at: number = story.now): Told<'verify-code'> {
  return story.when(VERIFY, { at, finding: WRONG })
}

/** The story after failures as close together as they are looked at. */
function failing(story: Story, times: number): Story {
  let after = story
  for (let one = 0; one < times; one++) {
    const { lockedUntil } = recordOf(after).lock.totp
    after = fail(after, Math.max(after.now, lockedUntil ?? 0))
  }
  return after
}

function lockOf(story: Story): FactorLock {
  return recordOf(story).lock.totp
}

describe('the ladder', () => {
  it('locks at the fifth consecutive failure, and from then on at each, a rung longer every time', () => {
    let story: Story = given(inPhase.enrolled)
    for (let times = 1; times <= 4; times++) {
      const told = fail(story)
      expect(told.types).toEqual(['code-rejected'])
      expect(told.events[0]?.details).toEqual({ failures: times })
      expect(lockStateAt(lockOf(told), told.now)).toEqual({ state: 'open' })
      story = told
    }
    for (const rung of [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, DAY, DAY, DAY]) {
      const told = fail(story)
      expect(told.types).toEqual(['code-rejected', 'locked'])
      const until = story.now + rung
      expect(told.events[1]?.details).toMatchObject({ method: 'totp', until })
      // A wrong code is told to be wrong; the lock is met by the next one.
      expect(told.outcome).toEqual({ ok: false, reason: 'invalid-code' })
      const justBefore = told.when(VERIFY, { at: until - 1 })
      expect(justBefore.outcome).toEqual({ ok: false, reason: 'locked', retryAt: until })
      story = given(recordOf(told), until)
      expect(story.when(VERIFY, { finding: { found: 'malformed' } }).outcome).toEqual({
        ok: false,
        reason: 'invalid-code',
      })
    }
  })

  it('is the same for recovery codes', () => {
    let story: Story = given(inPhase.enrolled)
    for (let times = 1; times <= 5; times++) story = story.when({ type: 'use-recovery-code' }, { finding: WRONG })
    expect(recordOf(story).lock.recovery).toMatchObject({ failures: 5, lockedUntil: NOW + MINUTE })
    expect(recordOf(story).lock.totp).toEqual(UNLOCKED)
  })

  it('starts over after a success: five tries again, and the first rung', () => {
    const locked = failing(given(inPhase.enrolled), 7)
    const at = lockOf(locked).lockedUntil ?? 0
    const right = locked.when(VERIFY, { at, handed: { code: codeOf(sealedSecret(PHONE), at) } })
    expect(right.outcome).toMatchObject({ ok: true, failuresSinceLastSuccess: 7 })
    expect(right.events[0]?.details).toMatchObject({ failuresSinceLastSuccess: 7 })
    expect(lockOf(right)).toMatchObject({ failures: 0, ladder: 0, lockedUntil: null, disabled: false })
    const again = failing(right, 4)
    expect(lockOf(again).lockedUntil).toBeNull()
    expect(lockOf(fail(again)).lockedUntil).toBe(at + MINUTE)
  })

  it('starts over after 24 h without a failure after the last lock, not a millisecond sooner; the count goes on', () => {
    const locked = failing(given(inPhase.enrolled), 6)
    const end = lockOf(locked).lockedUntil ?? 0
    const early = fail(locked, end + DAY - 1)
    expect(lockOf(early)).toMatchObject({ failures: 7, ladder: 7, lockedUntil: end + DAY - 1 + 15 * MINUTE })
    const quiet = fail(locked, end + DAY)
    expect(lockOf(quiet)).toMatchObject({ failures: 7, ladder: 1, lockedUntil: null })
    const again = failing(quiet, 4)
    expect(lockOf(again)).toMatchObject({ failures: 11, ladder: 5, lockedUntil: end + DAY + MINUTE })
    const right = again.when(VERIFY, {
      at: end + 2 * DAY,
      handed: { code: codeOf(sealedSecret(PHONE), end + 2 * DAY) },
    })
    expect(right.outcome).toMatchObject({ failuresSinceLastSuccess: 11 })
  })

  it('does not start over by days between failures that locked nothing', () => {
    let story: Story = given(inPhase.enrolled)
    for (let day = 1; day <= 5; day++) story = fail(story, NOW + day * 3 * DAY)
    expect(lockOf(story)).toMatchObject({ ladder: 5, lockedUntil: NOW + 15 * DAY + MINUTE })
  })

  it('is what the policy makes it: rungs, and failures before the first', () => {
    const { lock } = resolvePolicy({ lock: { afterFailures: 1, forMs: [7000] } })
    const once = afterFailure(UNLOCKED, NOW, lock)
    expect(once).toEqual({ failures: 1, ladder: 1, lockedUntil: NOW + 7000, disabled: false, recent: [NOW] })
    expect(afterFailure(once, NOW + 7000, lock).lockedUntil).toBe(NOW + 14_000)
  })
})

describe('while locked', () => {
  const locked = failing(given(inPhase.enrolled), 5)
  const until = lockOf(locked).lockedUntil ?? 0

  /** Somebody who goes on guessing, and waits for the answer that differs. */
  it('nothing is evaluated, counted or written, and no attempt lengthens the lock', () => {
    for (const at of [locked.now, until - 1]) {
      const told = locked.when(VERIFY, { at })
      expect(told).toMatchObject({ asked: null, written: false, types: [] })
      expect(told.outcome).toEqual({ ok: false, reason: 'locked', retryAt: until })
    }
  })

  it('every entry point is, as long as the proof is of that factor', () => {
    const commands = [
      beginSetup('new', { proof: 'totp' }),
      { type: 'replace-recovery-codes', proof: 'totp', codes: [] },
    ] as const
    for (const command of commands) {
      expect(locked.when<(typeof command)['type']>(command)).toMatchObject({
        outcome: { ok: false, reason: 'locked', retryAt: until },
        written: false,
      })
    }
  })

  it('the other factor is open, with counters of its own', () => {
    const told = locked.when({ type: 'use-recovery-code' }, { handed: { recoveryCode: 'fresh' } })
    expect(told.outcome).toMatchObject({ ok: true, method: 'recovery-code', failuresSinceLastSuccess: 0 })
    expect(recordOf(told).lock.totp).toEqual(lockOf(locked))
    expect(statusAt(recordOf(told), locked.now).lock).toEqual({
      totp: { state: 'locked', until },
      recovery: { state: 'open' },
    })
  })

  it('a clock that stands back does not open it', () => {
    expect(locked.when(VERIFY, { at: NOW - 9 * DAY }).outcome).toEqual({ ok: false, reason: 'locked', retryAt: until })
  })
})

describe('disabling', () => {
  it('comes at the fiftieth consecutive failure, however slowly they come, and time does not end it', () => {
    let story: Story = given(inPhase.enrolled)
    for (let times = 1; times <= 49; times++) {
      // Once a fortnight: locks end, ladders start over, and the rolling cap forgets.
      story = fail(story, NOW + times * 14 * DAY)
      expect(lockOf(story)).toMatchObject({ failures: times, disabled: false })
    }
    const told = fail(story, NOW + 50 * 14 * DAY)
    expect(told.types).toEqual(['code-rejected', 'disabled'])
    expect(told.events[1]?.details).toEqual({ method: 'totp', failures: 50 })
    expect(told.outcome).toEqual({ ok: false, reason: 'invalid-code' })
    const later = told.when(VERIFY, { at: told.now + 900 * DAY })
    expect(later).toMatchObject({ outcome: { ok: false, reason: 'disabled' }, asked: null, written: false })
    expect(indexOf(recordOf(told)).lockedUntil).toBe(8.64e15)
  })

  /** Somebody who guesses a little below every lock, and lets the owner's own sign-ins clear the count. */
  it('comes at the fiftieth failure in 30 days, though successes come between', () => {
    let story: Story = given(inPhase.enrolled)
    for (let times = 1; times < 50; times++) {
      const at = NOW + times * 12 * HOUR
      story = fail(story, at)
      if (times % 4 === 0) {
        const right = { handed: { code: codeOf(sealedSecret(PHONE), at) } }
        const told: Told<'verify-code'> = story.when(VERIFY, right)
        expect(told.outcome).toMatchObject({ ok: true })
        story = told
      }
    }
    const told = fail(story, NOW + 25 * DAY)
    expect(told.types).toEqual(['code-rejected', 'disabled'])
    expect(lockOf(told)).toMatchObject({ failures: 2, disabled: true })
  })

  it('a failure counts towards the rolling cap for 30 days, to the millisecond', () => {
    const { lock } = resolvePolicy()
    const earlier: FactorLock = { ...UNLOCKED, recent: Array.from({ length: 49 }, () => NOW) }
    expect(afterFailure(earlier, NOW + 30 * DAY - 1, lock)).toMatchObject({ disabled: true })
    expect(afterFailure(earlier, NOW + 30 * DAY, lock)).toMatchObject({ disabled: false, recent: [NOW + 30 * DAY] })
  })

  it('a success keeps what the rolling cap remembers, and that alone', () => {
    const lock: FactorLock = { failures: 4, ladder: 3, lockedUntil: NOW, disabled: false, recent: [NOW - 1, NOW] }
    expect(afterSuccess(lock)).toEqual({ ...UNLOCKED, recent: [NOW - 1, NOW] })
  })

  it('leaves what else the user has', () => {
    const record: EnrollmentRecord = {
      ...inPhase.enrolled,
      lock: { totp: { ...UNLOCKED, disabled: true, failures: 50, ladder: 50 }, recovery: UNLOCKED },
    }
    expect(decisionAt(record, NOW, { occasion: 'sign-in' })).toMatchObject({
      action: 'challenge',
      methods: [{ method: 'recovery-code' }],
    })
    expect(statusAt(record, NOW).lock.totp).toEqual({ state: 'disabled' })
  })
})

describe('counters outlive', () => {
  const failed = failing(given(inPhase.enrolled), 6)

  it('a reset, a new set-up and a revocation', () => {
    const reset = failed.when({ type: 'reset-mfa', grace: 'remaining', note: {} })
    expect(lockOf(reset)).toEqual(lockOf(failed))
    const bound = reset
      .when(beginSetup('new'))
      .when({ type: 'confirm-setup' }, { handed: { code: codeOf(sealedSecret('new'), reset.now) } })
    expect(bound.outcome.ok).toBe(true)
    expect(lockOf(bound)).toEqual(lockOf(failed))
    const revoked = failed.when({ type: 'revoke-authenticator', authenticatorId: PHONE, note: {} })
    expect(lockOf(revoked)).toEqual(lockOf(failed))
  })

  it('unlocking clears them, and the next failure is the first', () => {
    const unlocked = failed.when({ type: 'unlock', note: {} })
    expect(lockOf(unlocked)).toEqual(UNLOCKED)
    expect(lockOf(fail(unlocked))).toMatchObject({ failures: 1, ladder: 1, lockedUntil: null })
  })
})

describe('the index of locks', () => {
  const until = (end: number): FactorLock => ({ ...UNLOCKED, failures: 5, ladder: 5, lockedUntil: end })

  it.each<[string, FactorLock, FactorLock, number | null]>([
    ['never locked', UNLOCKED, UNLOCKED, null],
    ['the one there is', until(NOW), UNLOCKED, NOW],
    ['the later of both', until(NOW), until(NOW + 1), NOW + 1],
    ['disabled, which has no end', until(NOW), { ...until(NOW), disabled: true }, 8.64e15],
  ])('%s', (_, totp, recovery, lockedUntil) => {
    expect(indexOf({ ...inPhase.enrolled, lock: { totp, recovery } }).lockedUntil).toBe(lockedUntil)
  })
})
