import { describe, expect, it } from 'vitest'
import { phaseAt } from '../../src/enrollment/decision.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import { statusAt } from '../../src/enrollment/status.js'
import { resolvePolicy } from '../../src/service/policy.js'
import {
  beginSetup,
  binding,
  codeOf,
  DAY,
  digestOf,
  given,
  importOf,
  inPhase,
  MINUTE,
  NOW,
  PHONE,
  recordOf,
  recoveryCode,
  requiring,
  SECOND,
  type Story,
  sealedSecret,
} from './given.js'

const CONFIRM = { type: 'confirm-setup' } as const
const codeFor = (id: string, now = NOW) => ({ handed: { code: codeOf(sealedSecret(id), now) } })
const WRONG = { finding: { found: 'mismatch', clockOffsetSeconds: null } } as const
/** A proof by the phone that is bound. */
const PROOF = { proof: 'totp' } as const
const period = inPhase['enrollment-period']

/** A user with the phone and one more authenticator. */
function withTwo(): EnrollmentRecord {
  return recordOf(given(inPhase.enrolled).when(importOf('tablet'), { finding: IMPORTED }))
}

const IMPORTED = { bound: false, pending: false, recoveryCodes: [] } as const

describe('beginning a set-up', () => {
  it('makes a pending one that ends after ten minutes, and tells neither its id nor its secret', () => {
    const told = given(period).when(beginSetup('new'))
    expect(told.outcome).toEqual({ ok: true, resumed: false, setup: recordOf(told).setup })
    expect(recordOf(told).setup).toEqual({
      id: 'new',
      label: 'Phone',
      secret: sealedSecret('new'),
      parameters: { algorithm: 'SHA1', digits: 6, period: 30, t0: 0 },
      expiresAt: NOW + 10 * MINUTE,
      triesLeft: 5,
      proven: false,
    })
    expect(told.events).toMatchObject([
      { type: 'setup-begun', details: { expiresAt: NOW + 10 * MINUTE, replaced: false }, actor: null, reason: null },
    ])
    expect(statusAt(recordOf(told), NOW).setup).toEqual({ expiresAt: NOW + 10 * MINUTE })
    expect(statusAt(recordOf(told), NOW + 10 * MINUTE).setup).toBeNull()
    expect(phaseAt(recordOf(told), NOW)).toBe('enrollment-period')
  })

  it('with the id of the pending one hands the same secret back, until it expires, and writes nothing', () => {
    const begun = given(period).when(beginSetup('new'))
    const told = begun.when(beginSetup('other', { setupId: 'new' }), { at: NOW + 10 * MINUTE - 1 })
    expect(told).toMatchObject({ written: false, outcome: { ok: true, resumed: true, setup: recordOf(begun).setup } })
    const late = begun.when(beginSetup('other', { setupId: 'new' }), { at: NOW + 10 * MINUTE })
    expect(late.outcome).toMatchObject({ ok: true, resumed: false, setup: { id: 'other' } })
    expect(late.events[0]?.details).toMatchObject({ replaced: true })
  })

  it('with that id needs neither pass nor proof again', () => {
    const strict = given(period).when(requiring({ period: { days: 30 }, selfEnrollment: 'with-pass' }))
    const begun = given({ ...recordOf(strict), setup: recordOf(given(period).when(beginSetup('new'))).setup })
    expect(begun.when(beginSetup('other', { setupId: 'new' })).outcome).toMatchObject({ ok: true, resumed: true })
    const enrolled = given(inPhase.enrolled).when(beginSetup('new', PROOF), codeFor(PHONE))
    expect(enrolled.when(beginSetup('other', { setupId: 'new' })).outcome).toMatchObject({ ok: true, resumed: true })
  })

  /** Somebody who knows only the password, and looks for the secret that its owner is scanning in another session. */
  it('without that id makes a fresh secret, which ends the older one', () => {
    const owners = given(period).when(beginSetup('owners'))
    for (const guess of [{}, { setupId: 'guessed' }, { setupId: '' }]) {
      const told = owners.when(beginSetup('theirs', guess))
      expect(told.outcome).toMatchObject({ ok: true, resumed: false, setup: { id: 'theirs' } })
      expect(JSON.stringify(told.outcome)).not.toContain(sealedSecret('owners'))
      expect(told.events[0]?.details).toMatchObject({ replaced: true })
      const owner = told.when({ ...CONFIRM, setupId: 'owners' })
      expect(owner).toMatchObject({ outcome: { ok: false, reason: 'no-setup' }, asked: null })
    }
  })

  it('needs a proof once something is bound, checked and used up in the same write', () => {
    const told = given(inPhase.enrolled).when(beginSetup('new', PROOF), codeFor(PHONE))
    expect(told.types).toEqual(['code-accepted', 'setup-begun'])
    expect(recordOf(told).setup).toMatchObject({ id: 'new', proven: true })
    expect(recordOf(told).authenticators[0]).toMatchObject({ lastTimeStep: NOW / (30 * SECOND), lastUsedAt: NOW })
    const again = told.when({ type: 'verify-code' }, codeFor(PHONE))
    expect(again).toMatchObject({
      outcome: { ok: false, reason: 'invalid-code' },
      types: ['code-replayed'],
      written: false,
    })
    const code = given(inPhase.enrolled).when(beginSetup('new', { proof: 'recovery-code' }), {
      handed: { recoveryCode: 'fresh' },
    })
    expect(code.types).toEqual(['recovery-code-used', 'setup-begun'])
    expect(statusAt(recordOf(code), NOW).recoveryCodesLeft).toBe(1)
  })

  it('is refused before a proof is looked at where as many are bound as may be, so that none is used up', () => {
    const policy = resolvePolicy({ maxAuthenticators: 2 })
    const told = given(withTwo()).when(beginSetup('new', PROOF), { policy })
    expect(told).toMatchObject({
      outcome: { ok: false, reason: 'too-many-authenticators' },
      asked: null,
      written: false,
    })
    expect(given(inPhase.enrolled).when(beginSetup('new', PROOF), { policy, ...codeFor(PHONE) }).outcome.ok).toBe(true)
  })
})

describe('confirming a set-up', () => {
  const begun = given(period).when(beginSetup('new'))

  it('binds the authenticator under the set-up’s id, with recovery codes, in one write', () => {
    const told = begun.when(CONFIRM, codeFor('new'))
    expect(told.outcome).toEqual({ ok: true, authenticatorId: 'new', recoveryCodes: true })
    expect(told.asked).toMatchObject({ ask: 'setup-code', recoveryCodesWanted: 10 })
    expect(recordOf(told)).toMatchObject({ setup: null, enrolledAt: NOW, sessionsValidFrom: NOW })
    expect(recordOf(told).authenticators).toEqual([
      {
        id: 'new',
        label: 'Phone',
        secret: sealedSecret('new'),
        parameters: { algorithm: 'SHA1', digits: 6, period: 30, t0: 0 },
        boundAt: NOW,
        lastUsedAt: null,
        lastTimeStep: NOW / (30 * SECOND),
      },
    ])
    expect(recordOf(told).recoveryCodes).toHaveLength(10)
    expect(told.events).toMatchObject([
      { type: 'authenticator-bound', details: { authenticatorId: 'new', authenticators: 1, recoveryCodes: 10 } },
    ])
    expect(phaseAt(recordOf(told), NOW)).toBe('enrolled')
  })

  /** Somebody who saw the code that was typed to confirm, and signs in with it. */
  it('uses its code up: it signs nobody in', () => {
    const bound = begun.when(CONFIRM, codeFor('new'))
    expect(bound.when({ type: 'verify-code' }, codeFor('new'))).toMatchObject({
      outcome: { ok: false, reason: 'invalid-code' },
      types: ['code-replayed'],
    })
    const next = bound.when({ type: 'verify-code' }, { at: NOW + 30 * SECOND, ...codeFor('new', NOW + 30 * SECOND) })
    expect(next.outcome).toMatchObject({ ok: true, authenticatorId: 'new', recoveryCodesLeft: 10 })
  })

  it('is too late at the end of ten minutes, to the millisecond', () => {
    const end = NOW + 10 * MINUTE
    expect(begun.when(CONFIRM, { at: end - 1, ...codeFor('new', end - 1) }).outcome.ok).toBe(true)
    expect(begun.when(CONFIRM, { at: end })).toMatchObject({
      outcome: { ok: false, reason: 'expired' },
      written: false,
      asked: null,
    })
  })

  it('with an id confirms that one only', () => {
    expect(begun.when({ ...CONFIRM, setupId: 'new' }, codeFor('new')).outcome.ok).toBe(true)
    expect(begun.when({ ...CONFIRM, setupId: 'other' })).toMatchObject({ outcome: { ok: false, reason: 'no-setup' } })
  })

  it('has five tries, which lock nothing; then the set-up is gone', () => {
    let story: Story = begun
    for (const triesLeft of [4, 3, 2, 1, 0]) {
      const told = story.when(CONFIRM, WRONG)
      expect(told.outcome).toEqual({ ok: false, reason: 'invalid-code', triesLeft, clockOffsetSeconds: null })
      expect(told.events).toMatchObject([{ type: 'setup-failed', details: { triesLeft } }])
      story = told
    }
    expect(recordOf(story).setup).toBeNull()
    expect(recordOf(story).lock).toEqual(period.lock)
    expect(story.when(CONFIRM).outcome).toEqual({ ok: false, reason: 'no-setup' })
  })

  it('costs no try for what cannot be a code', () => {
    const told = begun.when(CONFIRM, { finding: { found: 'malformed' } })
    expect(told).toMatchObject({
      outcome: { ok: false, reason: 'invalid-code', triesLeft: 5, clockOffsetSeconds: null },
      written: false,
    })
  })

  it('tells by how much the phone’s clock is off, and still counts the try', () => {
    const told = begun.when(CONFIRM, { finding: { found: 'mismatch', clockOffsetSeconds: -120 } })
    expect(told.outcome).toEqual({ ok: false, reason: 'invalid-code', triesLeft: 4, clockOffsetSeconds: -120 })
  })

  it('starts its tries anew with a fresh set-up, whose secret is another', () => {
    const failed = begun.when(CONFIRM, WRONG).when(beginSetup('fresh'))
    expect(recordOf(failed).setup).toMatchObject({ id: 'fresh', triesLeft: 5, secret: sealedSecret('fresh') })
  })

  it('of a second authenticator keeps recovery codes, sessions and the day of enrolment', () => {
    const story = given(inPhase.enrolled).when(beginSetup('tablet', PROOF), codeFor(PHONE))
    const told = story.when(CONFIRM, { at: NOW + MINUTE, ...codeFor('tablet', NOW + MINUTE) })
    expect(told.outcome).toEqual({ ok: true, authenticatorId: 'tablet', recoveryCodes: false })
    expect(told.asked).toMatchObject({ recoveryCodesWanted: 0 })
    const { recoveryCodes, sessionsValidFrom, enrolledAt } = inPhase.enrolled
    expect(recordOf(told)).toMatchObject({ recoveryCodes, sessionsValidFrom, enrolledAt })
    expect(recordOf(told).authenticators.map(({ id }) => id)).toEqual([PHONE, 'tablet'])
    expect(told.events[0]?.details).toMatchObject({ authenticators: 2, recoveryCodes: 0 })
  })

  it('keeps the live authenticator working meanwhile', () => {
    const story = given(inPhase.enrolled).when(beginSetup('tablet', PROOF), codeFor(PHONE))
    const at = NOW + MINUTE
    expect(story.when({ type: 'verify-code' }, { at, ...codeFor(PHONE, at) }).outcome.ok).toBe(true)
    // The pending secret verifies nothing but itself.
    expect(story.when({ type: 'verify-code' }, { at, ...codeFor('tablet', at) }).outcome.ok).toBe(false)
  })

  it('never binds a secret twice: its codes would each be let in twice', () => {
    const story = given(inPhase.enrolled).when(
      beginSetup('copy', { ...PROOF, sealed: sealedSecret(PHONE) }),
      codeFor(PHONE),
    )
    const told = story.when(CONFIRM, { at: NOW + MINUTE, ...codeFor(PHONE, NOW + MINUTE) })
    expect(told).toMatchObject({ outcome: { ok: false, reason: 'no-setup' }, types: ['setup-failed'] })
    expect(told.events[0]?.details).toEqual({ triesLeft: 0 })
    expect(recordOf(told)).toMatchObject({ setup: null, authenticators: [{ id: PHONE }] })
  })

  it('wants as many recovery codes as the policy says, or none', () => {
    const policy = resolvePolicy({ recoveryCodes: { count: 0 } })
    const told = begun.when(CONFIRM, { policy, ...codeFor('new') })
    expect(told.asked).toMatchObject({ recoveryCodesWanted: 0 })
    expect(recordOf(told).recoveryCodes).toEqual([])
  })

  it('by somebody who has never signed in is the first sign-in of all', () => {
    const told = binding(given(null), 'phone')
    expect(told.types).toEqual(['first-sign-in', 'authenticator-bound'])
    expect(recordOf(told).signedInAt).toBe(NOW)
  })
})

describe('a pending set-up ends', () => {
  it('when an authenticator is bound by other means and it was begun without a proof', () => {
    const begun = given(period).when(beginSetup('new'))
    const told = begun.when(importOf('phone'), { finding: IMPORTED })
    expect(recordOf(told)).toMatchObject({ setup: null, authenticators: [{ id: 'phone' }] })
  })

  it('then too, when it was begun with a pass, which is no proof', () => {
    const begun = given({ ...inPhase.overdue, signedInAt: null })
      .when({ type: 'issue-pass', id: 'pass', digest: digestOf('open sesame'), note: {} })
      .when(beginSetup('new', { pass: 'given' }), { handed: { pass: 'open sesame' } })
    expect(begun.types).toEqual(['pass-used', 'setup-begun'])
    const told = begun.when(importOf('phone'), { finding: IMPORTED })
    expect(recordOf(told)).toMatchObject({ setup: null, authenticators: [{ id: 'phone' }] })
  })

  it('not then, when it was begun with one', () => {
    const begun = given(inPhase.enrolled).when(beginSetup('new', PROOF), codeFor(PHONE))
    const told = begun.when(importOf('tablet'), { finding: IMPORTED })
    expect(recordOf(told).setup).toMatchObject({ id: 'new' })
  })

  it('unless the import brings its very secret, or takes the last place', () => {
    const begun = given(inPhase.enrolled).when(beginSetup('new', PROOF), codeFor(PHONE))
    const same = begun.when(importOf('new'), { finding: { ...IMPORTED, pending: true } })
    expect(recordOf(same).setup).toBeNull()
    const full = begun.when(importOf('tablet'), { policy: resolvePolicy({ maxAuthenticators: 2 }), finding: IMPORTED })
    expect(recordOf(full).setup).toBeNull()
  })

  it('when what may have proven it is worth nothing any more: an authenticator, or the recovery codes', () => {
    const pending = given(withTwo()).when(beginSetup('new', PROOF), codeFor(PHONE))
    const later = { at: NOW + MINUTE }
    const removed = pending.when(
      { type: 'remove-authenticator', authenticatorId: PHONE, proof: 'totp' },
      { ...later, handed: { code: codeOf(sealedSecret('tablet'), NOW + MINUTE) } },
    )
    const replaced = pending.when(
      { type: 'replace-recovery-codes', proof: 'totp', codes: [] },
      { ...later, handed: { code: codeOf(sealedSecret('tablet'), NOW + MINUTE) } },
    )
    const suspended = pending.when({ type: 'suspend', note: {} }, later)
    for (const told of [removed, replaced, suspended]) {
      expect(told.outcome).toMatchObject(told === suspended ? { changed: true } : { ok: true })
      expect(recordOf(told).setup).toBeNull()
    }
  })

  describe('when an administrator asks for a pass', () => {
    const WITH_PASS = requiring({ period: { days: 30 }, selfEnrollment: 'with-pass' })
    const begun = given(period).when(beginSetup('new'))
    const isOver = ({ record }: Story) => record?.setup === null

    it('that the set-up was begun without, by the same period or another, or by an end of it', () => {
      expect(isOver(begun.when(WITH_PASS))).toBe(true)
      expect(isOver(begun.when(requiring({ period: 'none', selfEnrollment: 'with-pass' })))).toBe(true)
      const during = given(null)
        .when(requiring({ period: { days: 30 }, selfEnrollment: 'during-period' }))
        .when(beginSetup('new'))
      expect(isOver(during.when({ type: 'change-deadline', change: { deadline: NOW }, note: {} }))).toBe(true)
      expect(isOver(during.when({ type: 'change-deadline', change: { addDays: -1 }, note: {} }))).toBe(false)
    })

    it('and not where none is asked for, nor by time alone', () => {
      expect(isOver(begun.when(requiring({ period: { days: 3 } })))).toBe(false)
      expect(isOver(begun.when({ type: 'make-optional', note: {} }))).toBe(false)
      expect(begun.when(CONFIRM, { at: NOW + MINUTE, ...codeFor('new', NOW + MINUTE) }).outcome).toMatchObject({
        ok: true,
      })
    })

    it('nor where it was begun with the proof of an authenticator', () => {
      const proven = given(inPhase.enrolled).when(beginSetup('new', PROOF), codeFor(PHONE))
      expect(isOver(proven.when(WITH_PASS))).toBe(false)
    })
  })

  it('when it is cancelled, by its id or whichever it is', () => {
    const begun = given(period).when(beginSetup('new'))
    for (const setupId of [undefined, 'new']) {
      const told = begun.when({ type: 'cancel-setup', setupId })
      expect(told).toMatchObject({ outcome: { changed: true }, types: ['setup-cancelled'] })
      expect(recordOf(told).setup).toBeNull()
    }
    expect(begun.when({ type: 'cancel-setup', setupId: 'other' }).written).toBe(false)
  })
})

describe('removing an authenticator', () => {
  const remove = { type: 'remove-authenticator', authenticatorId: PHONE, proof: 'totp' } as const

  it('needs a proof, which any of them gives, and keeps the others', () => {
    const at = NOW + MINUTE
    for (const by of [PHONE, 'tablet']) {
      const told = given(withTwo()).when(remove, { at, ...codeFor(by, at) })
      expect(told.outcome).toEqual({ ok: true })
      expect(told.types).toEqual(['code-accepted', 'authenticator-removed'])
      expect(told.events[1]?.details).toEqual({ authenticatorId: PHONE, authenticators: 1 })
      expect(recordOf(told).authenticators.map(({ id }) => id)).toEqual(['tablet'])
      // The code is used up, though what it proved is done.
      if (by === 'tablet') expect(told.when({ type: 'verify-code' }, codeFor(by, at)).types).toEqual(['code-replayed'])
      expect(recordOf(told)).toMatchObject({
        recoveryCodes: inPhase.enrolled.recoveryCodes,
        enrolledAt: inPhase.enrolled.enrolledAt,
        sessionsValidFrom: inPhase.enrolled.sessionsValidFrom,
      })
    }
  })

  /** Somebody with a session and a code who would strip the account of its second factor. */
  it('the last one stays while something is required, exempt or not, and the proof is not used up', () => {
    const exempt = given(inPhase.enrolled).when({ type: 'exempt', until: NOW + DAY, reason: 'leave', note: {} })
    for (const record of [inPhase.enrolled, recordOf(exempt)]) {
      const told = given(record).when(remove)
      expect(told).toMatchObject({ outcome: { ok: false, reason: 'last-authenticator' }, asked: null, written: false })
    }
  })

  it('the last one goes where nothing is required, and the recovery codes and a set-up with it', () => {
    const free = given(inPhase.enrolled)
      .when({ type: 'make-optional', note: {} })
      .when(beginSetup('new', PROOF), codeFor(PHONE))
    const told = free.when(remove, { at: NOW + MINUTE, ...codeFor(PHONE, NOW + MINUTE) })
    expect(told.outcome).toEqual({ ok: true })
    expect(recordOf(told)).toMatchObject({ authenticators: [], recoveryCodes: [], setup: null, enrolledAt: null })
    expect(told.events[1]?.details).toEqual({ authenticatorId: PHONE, authenticators: 0, enrolled: false })
    expect(phaseAt(recordOf(told), NOW)).toBe('optional')
  })

  it('keeps failure counters', () => {
    const failed = given(withTwo()).when({ type: 'verify-code' }, { finding: { found: 'mismatch' } })
    const told = failed.when({ ...remove, proof: 'recovery-code' }, { handed: { recoveryCode: 'fresh' } })
    expect(recordOf(told).lock.totp).toEqual(recordOf(failed).lock.totp)
  })
})

describe('renaming an authenticator', () => {
  it('changes its label and nothing else', () => {
    const told = given(withTwo()).when({ type: 'rename-authenticator', authenticatorId: 'tablet', label: 'Work' })
    expect(statusAt(recordOf(told), NOW).authenticators.map(({ label }) => label)).toEqual(['Phone', 'Work'])
    expect(told.events).toMatchObject([{ type: 'authenticator-renamed', details: { authenticatorId: 'tablet' } }])
    expect(JSON.stringify(told.events)).not.toContain('Work')
  })
})

describe('bringing an authenticator over', () => {
  const imported = (record: EnrollmentRecord | null, finding: Parameters<Story['when']>[1]) =>
    given(record).when(importOf('phone', { boundAt: NOW - 100 * DAY, lastTimeStep: 7 }), finding)

  it('enrols the user since the day it was bound there, with its last time step and codes', () => {
    const codes = [{ ...recoveryCode('old'), imported: true }]
    const told = imported(period, { finding: { ...IMPORTED, recoveryCodes: codes } })
    expect(recordOf(told)).toMatchObject({
      enrolledAt: NOW - 100 * DAY,
      recoveryCodes: codes,
      signedInAt: period.signedInAt,
    })
    expect(recordOf(told).authenticators[0]).toMatchObject({
      lastTimeStep: 7,
      lastUsedAt: null,
      boundAt: NOW - 100 * DAY,
    })
    expect(told.events[0]?.details).toEqual({
      authenticatorId: 'phone',
      boundAt: NOW - 100 * DAY,
      authenticators: 1,
      recoveryCodes: 1,
      enrolled: true,
    })
  })

  it('may be run twice: a secret that is bound is unchanged', () => {
    const sealed = sealedSecret('phone')
    const handed = { handed: { imported: { sealed, recoveryCodes: ['one', 'two'] } } }
    const once = imported(null, handed)
    expect(recordOf(once).recoveryCodes).toHaveLength(2)
    const again = once.when(importOf('other', { secret: sealed }), handed)
    expect(again).toMatchObject({ outcome: { ok: true, changed: false }, written: false })
  })

  it('adds recovery codes to those that are there', () => {
    const codes = [{ ...recoveryCode('old'), imported: true }]
    const told = given(inPhase.enrolled).when(importOf('tablet'), { finding: { ...IMPORTED, recoveryCodes: codes } })
    expect(recordOf(told).recoveryCodes).toEqual([...inPhase.enrolled.recoveryCodes, ...codes])
  })

  it('beyond the limit is refused, even though the secret is new; one that is bound is still unchanged', () => {
    const policy = resolvePolicy({ maxAuthenticators: 1 })
    const told = given(inPhase.enrolled).when(importOf('tablet'), { policy, finding: IMPORTED })
    expect(told).toMatchObject({ outcome: { ok: false, reason: 'too-many-authenticators' }, written: false })
    const bound = given(inPhase.enrolled).when(importOf('tablet'), { policy, finding: { ...IMPORTED, bound: true } })
    expect(bound.outcome).toEqual({ ok: true, changed: false })
  })

  it('goes while its user is suspended, who stays so', () => {
    const told = given(inPhase.suspended).when(importOf('tablet'), { finding: IMPORTED })
    expect(told.outcome).toEqual({ ok: true, changed: true })
    expect(phaseAt(recordOf(told), NOW)).toBe('suspended')
  })
})

describe('sealing anew', () => {
  const reseal = (record: EnrollmentRecord, ids: readonly string[]) =>
    given(record).when(
      { type: 'reseal-secrets' },
      { finding: ids.map((id) => ({ id, secret: `under the new key: ${id}` })) },
    )

  it('replaces the secrets that were under an old key, and leaves the others', () => {
    const told = reseal(withTwo(), ['tablet'])
    expect(told).toMatchObject({ outcome: { resealed: 1 }, types: ['secret-resealed'] })
    expect(told.events[0]?.details).toEqual({ authenticatorId: 'tablet' })
    expect(told.asked).toMatchObject({ ask: 'reseal', sealed: withTwo().authenticators })
    expect(recordOf(told).authenticators.map(({ secret }) => secret)).toEqual([
      sealedSecret(PHONE),
      'under the new key: tablet',
    ])
  })

  it('takes a pending set-up along, and does not name it', () => {
    const pending = given(period).when(beginSetup('new'))
    const told = reseal(recordOf(pending), ['new'])
    expect(told.asked).toMatchObject({ sealed: [recordOf(pending).setup] })
    expect(recordOf(told).setup).toEqual({ ...recordOf(pending).setup, secret: 'under the new key: new' })
    expect(told.events[0]?.details).toEqual({ authenticatorId: null })
  })

  it('leaves a set-up that is over alone, and drops it with an expired pass where their key is to go', () => {
    const passed = recordOf(given(period).when({ type: 'issue-pass', id: 'pass', digest: digestOf('pass'), note: {} }))
    const pending = given(passed).when(beginSetup('new'))
    const turn = { at: NOW + 60 * MINUTE, finding: [] }
    const over = pending.when({ type: 'reseal-secrets' }, { ...turn, at: NOW + 10 * MINUTE })
    expect(over).toMatchObject({ written: false, asked: { sealed: [] } })
    const alone = given(passed).when({ type: 'reseal-secrets', dropsExpired: true }, turn)
    expect(recordOf(alone)).toEqual({ ...passed, pass: null })
    for (const dropsExpired of [undefined, false]) {
      const kept = pending.when({ type: 'reseal-secrets', dropsExpired }, turn)
      expect(kept).toMatchObject({ written: false, asked: { sealed: [] } })
    }
    const dropped = pending.when({ type: 'reseal-secrets', dropsExpired: true }, turn)
    expect(dropped).toMatchObject({ written: true, events: [], outcome: { resealed: 0 } })
    expect(recordOf(dropped)).toEqual({ ...recordOf(pending), setup: null, pass: null })
    // A millisecond before, nothing is over.
    const early = pending.when({ type: 'reseal-secrets', dropsExpired: true }, { ...turn, at: NOW + 10 * MINUTE - 1 })
    expect(early).toMatchObject({ written: false, asked: { sealed: [recordOf(pending).setup] } })
    const between = pending.when({ type: 'reseal-secrets', dropsExpired: true }, { ...turn, at: NOW + 60 * MINUTE - 1 })
    expect(recordOf(between)).toMatchObject({ setup: null, pass: recordOf(pending).pass })
  })
})
