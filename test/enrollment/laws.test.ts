import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommandType } from '../../src/enrollment/commands.js'
import { decisionAt, phaseAt, type SignInDecision } from '../../src/enrollment/decision.js'
import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import { lockStateAt } from '../../src/enrollment/locks.js'
import { type EnrollmentIndex, type Phase, phaseOf } from '../../src/enrollment/phase.js'
import { type EnrollmentRecord, indexOf } from '../../src/enrollment/record.js'
import { statusAt } from '../../src/enrollment/status.js'
import { decodeRecord, encodeRecord } from '../../src/record/codec.js'
import { anyActions, type Life, life, live, outcomeOf, policy, reached, type Turned, userActions } from './actions.js'
import {
  binding,
  codeOf,
  DAY,
  decide,
  given,
  HOUR,
  inPhase,
  MINUTE,
  NOW,
  recordOf,
  SECOND,
  sealedSecret,
  USER,
} from './given.js'

const runs = (numRuns: number) => ({ numRuns })

/** Instants at which something could change in a record, and just before and after; and some that mean nothing. */
function telling(record: EnrollmentRecord, ...others: readonly number[]): number[] {
  const { requirement, exemption, suspension, setup, lock } = record
  const ends = [
    ...[requirement?.startsAt, requirement?.deadline, exemption?.until, suspension?.stoppedAt, setup?.expiresAt],
    ...[lock.totp.lockedUntil, lock.recovery.lockedUntil],
  ].filter((end) => typeof end === 'number')
  return [...ends.flatMap((end) => [end - 1, end, end + 1]), ...others].sort((one, other) => one - other)
}

/** Fails with the rule that does not hold. For loops in which most of the time would otherwise go into `expect`. */
function must(holds: boolean, rule: string): void {
  if (!holds) throw new Error(`it must be that ${rule}`)
}

/** Whether a turn's answer was a yes to a code, whatever the code was for. */
function accepted({ asked, decided }: Turned): boolean {
  return asked?.ask === 'code' && 'ok' in decided.outcome && decided.outcome.ok === true
}

describe('law 1: a transition is a function of its arguments', () => {
  it('transition mutates nothing and answers the same for the same', () => {
    // Mutation throws: `live` freezes all that it hands over.
    fc.assert(
      fc.property(life, (one) => {
        for (const { before, command, handed, now, decided } of live(one)) {
          const copy = structuredClone({ before, command, handed, policy: one.policy })
          const again = decide<CommandType>(copy.before, copy.command, {
            at: now,
            policy: copy.policy,
            protected: one.protected,
            handed: copy.handed,
          })
          expect(again.decided).toEqual(decided)
        }
      }),
      runs(300),
    )
  })
})

describe('law 2: what is accepted is told, what is not changes nothing', () => {
  it('whatever is written has an event, and whatever is not has changed nothing', () => {
    fc.assert(
      fc.property(life, (one) => {
        const stored: EnrollmentEvent[] = []
        for (const turned of live(one)) {
          const { before, decided, now } = turned
          const { record, events, outcome } = decided
          if (record === null) {
            must(
              events.every(({ type }) => type === 'code-replayed'),
              'nothing else is told without being stored',
            )
            must(!('changed' in outcome && outcome.changed), 'what says changed is written')
            must(!accepted(turned), 'what accepts a code is written')
            continue
          }
          if (events.length === 0) {
            must(
              ['claim-reminder', 'settle-reminder', 'reseal-secrets'].includes(turned.command.type),
              'what is written is told, but for claims on reminders and index refreshes',
            )
            expect({ ...record, reminders: before?.reminders }).toEqual(before)
          }
          must(record.eventCount === (before?.eventCount ?? 0) + events.length, 'the record counts its events')
          must(
            events.every(({ at, userId }) => at === now && userId === USER),
            'events are of their user and time',
          )
          must(!('refused' in outcome), 'what is refused is not written')
          // Of an unseen user even "nothing is required" is a decision that is kept.
          if (before !== null) expect(record).not.toEqual({ ...before, eventCount: record.eventCount })
          stored.push(...events)
        }
        const ids = stored.map(({ id }) => id)
        expect(ids).toEqual([...new Set(ids)].sort())
      }),
      runs(1000),
    )
  })
})

describe('law 3: time alone moves a phase forward', () => {
  const ORDER: readonly Phase[] = ['scheduled', 'enrollment-period', 'overdue']

  it('left alone, a phase only moves forward in time', () => {
    fc.assert(
      fc.property(reached, fc.array(fc.integer({ min: -50, max: 500 }), { maxLength: 4 }), ({ record, now }, days) => {
        const bare = { ...record, exemption: null }
        const instants = telling(record, ...days.map((day) => now + day * DAY))
        let [previous] = instants
        for (const instant of instants) {
          const [from, to] = [phaseAt(record, previous ?? instant), phaseAt(record, instant)]
          if (from === 'exempt')
            must(to === from || to === phaseAt(bare, instant), 'an exemption uncovers what it lay over')
          else if (ORDER.includes(from)) must(ORDER.indexOf(to) >= ORDER.indexOf(from), `${from} does not become ${to}`)
          else must(to === from, `${from} stays`)
          previous = instant
        }
      }),
      runs(1000),
    )
  })

  it('no period starts after its end, and what waits has no start', () => {
    fc.assert(
      fc.property(reached, ({ record: { requirement } }) => {
        if (requirement === null) return
        const { startsAt, deadline, daysOnceStarted } = requirement
        if (startsAt === null) expect(daysOnceStarted).not.toBeNull()
        else expect(startsAt).toBeLessThanOrEqual(deadline)
        if (daysOnceStarted !== null) expect(startsAt).toBeNull()
      }),
      runs(1000),
    )
  })
})

describe('law 4: users cannot help themselves to more time', () => {
  /** Somebody with the password, or the phone, or both, who tries everything there is, with clocks that go wrong too. */
  it('no commands of the user alone move a deadline later, reopen a period or lower a counter', () => {
    fc.assert(
      fc.property(life, userActions, (one, attempts) => {
        const last = live(one).at(-1)
        const start = last?.now ?? one.start
        for (const turned of live({ ...one, start, actions: attempts }, last?.after ?? null)) {
          const { before, after, now } = turned
          if (before === null || after === null) continue
          const [old, kept] = [before.requirement, after.requirement]
          if (old === null || kept === null) must(old === kept, 'no requirement comes or goes')
          else {
            must(kept.deadline <= old.deadline, 'no deadline moves later')
            must(kept.postponementsUsed >= old.postponementsUsed, 'no postponement comes back')
            // A period that waits starts once; after that only its end tells, and that has not moved.
            must(kept.startsAt === (old.startsAt ?? kept.startsAt), 'no start moves')
            must(now < old.deadline || kept.deadline === old.deadline, 'what is over stays over')
            must(kept.selfEnrollment === old.selfEnrollment, 'the terms stay')
          }
          must(after.granted.usedMs >= before.granted.usedMs, 'what was granted stays used')
          must(after.exemption === before.exemption, 'exemptions stay')
          must(after.suspension === before.suspension, 'suspensions stay')
          must(before.signedInAt === null || after.signedInAt === before.signedInAt, 'the first sign-in is kept')
          must((after.sessionsValidFrom ?? 0) >= (before.sessionsValidFrom ?? 0), 'ended sessions stay so')
          checkCounters(turned)
        }
      }),
      runs(1000),
    )
  })

  function checkCounters({ before, after, asked, decided, now }: Turned): void {
    const said = 'ok' in decided.outcome && decided.outcome.ok
    for (const factor of ['totp', 'recovery'] as const) {
      const [old, kept] = [before?.lock[factor], after?.lock[factor]]
      if (old === undefined || kept === undefined) continue
      const right = said && asked?.ask === (factor === 'totp' ? 'code' : 'recovery-code')
      const quiet = old.lockedUntil !== null && now >= old.lockedUntil + DAY
      if (!right) {
        must(kept.failures >= old.failures, 'consecutive failures are kept')
        must(quiet || kept.ladder >= old.ladder, 'the ladder is not climbed down')
        must(quiet || (kept.lockedUntil ?? 0) >= (old.lockedUntil ?? 0), 'no lock gets shorter')
      }
      must(!old.disabled || kept.disabled, 'disabled stays disabled')
      const gone = old.recent.filter((at) => !kept.recent.includes(at))
      // Only age takes a failure off the rolling cap, never a success.
      must(
        gone.every((at) => at + 5 * DAY <= now),
        'the rolling cap forgets by age alone',
      )
    }
  }
})

describe('law 5: a time step is accepted at most once per secret', () => {
  it('whatever the clock does, each code accepted stands for a later step than those before', () => {
    fc.assert(
      fc.property(life, (one) => {
        const accepts = new Map<string, number>()
        for (const turned of live(one)) {
          const { before, after } = turned
          for (const { id, lastTimeStep, secret } of after?.authenticators ?? []) {
            const old = before?.authenticators.find((other) => other.id === id)
            must(
              after?.authenticators.filter((other) => other.secret === secret).length === 1,
              'a secret is bound once',
            )
            if (lastTimeStep === null || lastTimeStep === old?.lastTimeStep) continue
            must(lastTimeStep > (accepts.get(id) ?? -1), 'steps accepted only rise')
            accepts.set(id, lastTimeStep)
          }
          if (!accepted(turned)) continue
          // A yes without a step used up would be a step that can be used again.
          const used = before?.authenticators.some(({ id, lastTimeStep }) => {
            const kept = after?.authenticators.find((other) => other.id === id)
            return kept === undefined || (kept.lastTimeStep ?? -1) > (lastTimeStep ?? -1)
          })
          must(used === true, 'a code that is accepted is used up')
        }
      }),
      runs(1000),
    )
  })

  /** Somebody who read a code over a shoulder, or off a phishing page, and plays it again while the server's clock errs. */
  it('a code that was accepted is refused from then on, at any instant', () => {
    const shifts = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(shifts, fc.nat(29_999), (steps, within) => {
        const secret = sealedSecret('phone')
        // The set-up's own code is ten steps back, out of every window here.
        let story = given(recordOf(binding(given(null), 'phone')), NOW)
        const used = new Set<number>()
        for (const step of steps) {
          const at = NOW + (10 + step) * 30 * SECOND + within
          const told = story.when({ type: 'verify-code' }, { at, handed: { code: codeOf(secret, at) } })
          const timeStep = Math.floor(at / (30 * SECOND))
          const newest = Math.max(-1, ...used)
          expect(told.outcome.ok).toBe(timeStep > newest)
          if (told.outcome.ok) used.add(timeStep)
          story = told
        }
      }),
      runs(1000),
    )
  })
})

/* -------------------------------------------------------------------------------------------------- law 6 */

/** The ladder as people are told of it: tries that are left, the rung that comes next, and when it began anew. */
interface LadderModel {
  triesLeft: number
  nextRung: number
  lockEnds: number | null
  consecutive: number
  failedAt: number[]
  disabled: boolean
}

const RUNGS = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, DAY]

function freshLadder(): LadderModel {
  return { triesLeft: 5, nextRung: 0, lockEnds: null, consecutive: 0, failedAt: [], disabled: false }
}

/** One attempt: what it answers, by the prose alone. */
function climb(model: LadderModel, at: number, right: boolean): string {
  if (model.disabled) return 'disabled'
  if (model.lockEnds !== null && at < model.lockEnds) return `locked until ${model.lockEnds}`
  if (right) {
    Object.assign(model, { triesLeft: 5, nextRung: 0, lockEnds: null, consecutive: 0 })
    return 'ok'
  }
  if (model.lockEnds !== null && at - model.lockEnds >= 24 * HOUR) {
    Object.assign(model, { triesLeft: 5, nextRung: 0, lockEnds: null })
  }
  model.consecutive += 1
  // What has grown too old to count is forgotten: a clock that goes back afterwards does not bring it back.
  model.failedAt = [...model.failedAt.filter((failed) => at < failed + 30 * DAY), at]
  model.triesLeft = Math.max(0, model.triesLeft - 1)
  if (model.triesLeft === 0) {
    const rung = RUNGS[model.nextRung] ?? DAY
    model.lockEnds = at + rung
    model.nextRung += 1
  }
  model.disabled = model.consecutive >= 50 || model.failedAt.length >= 50
  return 'invalid-code'
}

/** Waits as a guesser waits: not at all, until the lock ends, or a little short of it, or until the ladder starts over. */
const wait = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ after: 'lock', by: 0 } as const) },
  { weight: 3, arbitrary: fc.record({ after: fc.constantFrom('lock', 'quiet'), by: fc.constantFrom(-1, 0, 1) }) },
  { weight: 3, arbitrary: fc.record({ after: fc.constant('now'), by: fc.constantFrom(0, 1, SECOND, HOUR, 2 * DAY) }) },
  { weight: 1, arbitrary: fc.record({ after: fc.constant('now'), by: fc.integer({ min: -DAY, max: 20 * DAY }) }) },
)
const attempts = fc.array(
  fc.record({ wait, right: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.boolean()) }),
  {
    maxLength: 120,
    size: 'max',
  },
)

describe('law 6: guesses are counted', () => {
  it.each(['verify-code', 'use-recovery-code'] as const)('locks follow the ladder: %s', (type) => {
    const factor = type === 'verify-code' ? 'totp' : 'recovery'
    fc.assert(
      fc.property(attempts, (tried) => {
        let record = inPhase.enrolled
        let now = NOW
        let timeStep = 1e9
        const model = freshLadder()
        const said: string[] = []
        const expected: string[] = []
        for (const attempt of tried) {
          const ends = model.lockEnds ?? now
          now = { now, lock: ends, quiet: ends + 24 * HOUR }[attempt.wait.after] + attempt.wait.by
          const answer = climb(model, now, attempt.right)
          expected.push(answer)
          const refused = lockStateAt(record.lock[factor], now).state !== 'open'
          timeStep += 1
          const match =
            type === 'verify-code'
              ? ({ found: 'match', matches: [{ authenticatorId: 'phone', timeStep }], resealed: [] } as const)
              : ({ found: 'match', recoveryCodeId: 'id-of-fresh' } as const)
          const finding = attempt.right ? match : ({ found: 'mismatch' } as const)
          const told = given(record, now).when({ type }, refused ? {} : { finding })
          const { outcome } = told
          said.push(
            outcome.ok ? 'ok' : outcome.reason === 'locked' ? `locked until ${outcome.retryAt}` : outcome.reason,
          )
          must(told.written === (answer === 'ok' || answer === 'invalid-code'), 'while locked nothing is written')
          record = recordOf(told)
        }
        expect(said).toEqual(expected)
      }),
      runs(1000),
    )
  })

  /** Somebody with the password and a botnet: as many guesses as there can be, at any pace. */
  it('between two locks at most the allowed number of failures is revealed', () => {
    fc.assert(
      fc.property(attempts, (tried) => {
        let record = inPhase.enrolled
        let now = NOW
        let sinceStart = 0
        let locks = 0
        for (const { wait: pause } of tried) {
          const ends = record.lock.totp.lockedUntil ?? now
          now = { now, lock: ends, quiet: ends + 24 * HOUR }[pause.after] + pause.by
          if (locks > 0 && now >= ends + 24 * HOUR) [sinceStart, locks] = [0, 0]
          if (lockStateAt(record.lock.totp, now).state !== 'open') continue
          const told = given(record, now).when({ type: 'verify-code' }, { finding: { found: 'mismatch' } })
          record = recordOf(told)
          sinceStart += 1
          if (told.types.includes('locked') || told.types.includes('disabled')) locks += 1
          // Five before the first lock, one before each after it.
          must(sinceStart - locks <= 4, 'no lock is late')
          must(record.lock.totp.failures <= 50, 'the fiftieth failure is the last')
        }
      }),
      runs(1000),
    )
  })
})

/* -------------------------------------------------------------------------------------------------- laws 7, 8 */

describe('law 7: nobody gets past a deadline or a second factor', () => {
  function checkDecent(decision: SignInDecision): void {
    const { phase, action } = decision
    must(phase !== 'overdue' || action === 'require-setup', 'overdue is required to set up')
    must((phase === 'enrolled') === (action === 'challenge'), 'enrolled is challenged, and nobody else')
    must((phase === 'suspended') === (action === 'deny'), 'suspended is denied, and nobody else')
  }

  it('overdue never yields allow or offer-setup, enrolled nothing but a challenge', () => {
    fc.assert(
      fc.property(life, (one) => {
        for (const turned of live(one)) {
          for (const outcome of [outcomeOf(turned, 'sign-in'), outcomeOf(turned, 'postpone-setup')]) {
            if (outcome !== null) checkDecent(outcome)
          }
        }
      }),
      runs(1000),
    )
  })

  it('nor at any instant, for a session or a sign-in, sensitive or not', () => {
    fc.assert(
      fc.property(
        reached,
        fc.boolean(),
        fc.constantFrom('session', 'sign-in'),
        ({ record, now }, sensitive, occasion) => {
          for (const instant of telling(record, now)) {
            const decision = decisionAt(record, instant, { occasion, sensitive })
            must(decision.phase === phaseAt(record, instant), 'a decision tells the phase')
            checkDecent(decision)
            must(
              !sensitive || !['allow', 'offer-setup'].includes(decision.action),
              'nothing sensitive goes without MFA',
            )
          }
        },
      ),
      runs(1000),
    )
  })
})

describe('law 8: a secret is seen while it is set up, and by nobody after', () => {
  const outside = (one: Turned): string => {
    const { decided, after, now } = one
    const status = after && statusAt(after, now)
    return JSON.stringify([decided.events, decided.outcome, status])
  }

  it('after confirmSetup the secret is in no result, event or status again', () => {
    fc.assert(
      fc.property(life, (one) => {
        for (const turned of live(one)) {
          const { before, after, command } = turned
          for (const { secret } of [...(before?.authenticators ?? []), ...(after?.authenticators ?? [])]) {
            const own = command.type === 'begin-setup' && command.fresh.secret === secret
            must(own || !outside(turned).includes(secret), 'a secret that is bound is told to nobody')
          }
        }
      }),
      runs(500),
    )
  })

  /** Somebody who reads the audit trail or a status: neither may let him into a set-up or show what a code hashes to. */
  it('events and statuses hold no secret, no digest and no id of a set-up that is not bound', () => {
    fc.assert(
      fc.property(life, (one) => {
        for (const { decided, before, after, now } of live(one)) {
          const told = JSON.stringify([decided.events, after && statusAt(after, now)])
          must(!/sealed:|digest:/.test(told), 'no event or status holds a secret or digest')
          for (const setup of [before?.setup, after?.setup]) {
            const bound = after?.authenticators.some(({ id }) => id === setup?.id)
            must(!setup || bound === true || !told.includes(`"${setup.id}"`), 'no event names a set-up')
          }
        }
      }),
      runs(500),
    )
  })
})

/* -------------------------------------------------------------------------------------------------- laws 9, 10 */

describe('law 9: records survive being stored', () => {
  it('every reachable record survives its codec, and its index tells the phase', () => {
    fc.assert(
      fc.property(reached, ({ record, now }) => {
        const stored: unknown = JSON.parse(JSON.stringify(encodeRecord(record)))
        const read = decodeRecord(stored, USER)
        // Once stored, what was left out and what was undefined are the same.
        expect(JSON.parse(JSON.stringify(read))).toEqual(stored)
        expect(read).toEqual(record)
        const index: unknown = JSON.parse(JSON.stringify(indexOf(read)))
        expect(index).toEqual(indexOf(record))
        for (const instant of telling(record, now)) {
          must(phaseOf(index as EnrollmentIndex, instant) === phaseAt(record, instant), 'an index tells the phase')
        }
        expect(statusAt(read, now)).toEqual(statusAt(record, now))
      }),
      runs(1000),
    )
  })

  it('a record that was stored decides as it would have in memory', () => {
    fc.assert(
      fc.property(reached, anyActions, policy, ({ record, now }, actions, rules) => {
        const start: Omit<Life, 'actions'> = { start: now, policy: rules, protected: false }
        const [action] = actions
        if (action === undefined) return
        const read = decodeRecord(JSON.parse(JSON.stringify(record)), USER)
        const [inMemory, stored] = [record, read].map((from) => live({ ...start, actions: [action] }, from)[0]?.decided)
        expect(stored).toEqual(inMemory)
      }),
      runs(500),
    )
  })

  it('a record has authenticators exactly when it is enrolled, and recovery codes only then', () => {
    fc.assert(
      fc.property(reached, ({ record }) => {
        expect(record.enrolledAt !== null).toBe(record.authenticators.length > 0)
        if (record.enrolledAt === null) expect(record.recoveryCodes).toEqual([])
      }),
      runs(1000),
    )
  })
})

/** What an auditor makes of the stored events alone. */
interface Told {
  required: boolean
  startsAt: number | null
  deadline: number | null
  exemptUntil: number | null
  suspended: boolean
  authenticators: number
}

function replay(told: Told, { type, details }: EnrollmentEvent): Told {
  const dates = () => ({ startsAt: instantOf(details['startsAt']), deadline: instantOf(details['deadline']) })
  switch (type) {
    case 'requirement-assigned':
      return { ...told, ...dates(), required: true }
    case 'period-started':
    case 'deadline-changed':
    case 'resumed':
      return { ...told, ...dates(), ...(type === 'resumed' && { suspended: false }) }
    case 'made-optional':
      return { ...told, required: false, startsAt: null, deadline: null }
    case 'mfa-reset':
      return { ...told, ...dates(), required: details['required'] === true || told.required, authenticators: 0 }
    case 'exempted':
      return { ...told, exemptUntil: instantOf(details['until']) }
    case 'suspended':
      return { ...told, suspended: true }
    case 'authenticator-bound':
    case 'authenticator-imported':
    case 'authenticator-removed':
      return { ...told, authenticators: Number(details['authenticators']) }
    default:
      return told
  }
}

function instantOf(detail: EnrollmentEvent['details'][string] | undefined): number | null {
  return typeof detail === 'number' ? detail : null
}

function phaseTold(told: Told, now: number): Phase {
  if (told.suspended) return 'suspended'
  if (told.authenticators > 0) return 'enrolled'
  if (told.exemptUntil !== null && now < told.exemptUntil) return 'exempt'
  if (!told.required || told.deadline === null) return 'optional'
  if (now < told.deadline && told.startsAt !== null && now < told.startsAt) return 'scheduled'
  return now < told.deadline ? 'enrollment-period' : 'overdue'
}

describe('law 10: the history tells all', () => {
  it("stored events replayed in order tell the requirement's dates and the phase at each point", () => {
    fc.assert(
      fc.property(life, (one) => {
        let told: Told = {
          ...{ required: false, startsAt: null, deadline: null, exemptUntil: null },
          ...{ suspended: false, authenticators: 0 },
        }
        for (const { decided, before, after, now } of live(one)) {
          if (decided.record === null || after === null) continue
          // The order is the ids', as a store hands them back.
          const events = [...decided.events].sort((a, b) => (a.id < b.id ? -1 : 1))
          for (const event of events) {
            const { previousDeadline = told.deadline } = event.details
            // Who is made optional before anything is stored loses terms that were never told.
            if (before !== null || event.type !== 'made-optional') {
              must(previousDeadline === told.deadline, 'what a deadline was is what it was told to be')
            }
            told = replay(told, event)
          }
          must(told.deadline === (after.requirement?.deadline ?? null), 'events tell the deadline')
          must(told.startsAt === (after.requirement?.startsAt ?? null), 'events tell the start')
          for (const instant of telling(after, now)) {
            must(phaseTold(told, instant) === phaseAt(after, instant), 'events tell the phase')
          }
        }
      }),
      runs(1000),
    )
  })
})
