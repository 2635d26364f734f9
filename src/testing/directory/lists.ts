import { LAST_INSTANT } from '../../assert.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { CaseRow } from '../cases.js'
import type { DirectoryBench } from './bench.js'
import { ENDS_OF_TIME, TRIPPING_IDS } from './crowd.js'
import { ALL_PHASES, beginning, inByteOrder, inPhase, isLocked, stoppableBefore } from './expected.js'
import { AROUND_NOW, NOW } from './instants.js'

const ORDER = 'Ids come in the order of their UTF-8 bytes.'
const PHASES = 'Filters and counts agree with `phaseOf` at every instant.'
const LOCKED = 'Whether either factor is locked or disabled now.'
const STOPPABLE = 'Required, neither enrolled nor suspended, and the deadline before this.'
const EVERYTHING = 'Everybody who has a record and all that is asked for.'

/** What `list` promises of its order and its filters. */
export const LIST_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'list answers everybody who has a record, in the order of the bytes of their ids',
    ORDER,
    async ({ put, lists }) => {
      const ids = [
        ...[
          'a',
          'B',
          'aa',
          'a!',
          'a\u0001',
          'Z',
          '~',
          '_',
          '-',
          ' ',
          '0',
          '10',
          '9',
          '\u00df',
          'ss',
          '\u00e9',
          'e\u0301',
        ],
        ...['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufeff', '\ufffd', '\uffff'],
        ...['\u{10000}', '\u{1f600}', '\u{10ffff}', 'a\ufffd', 'a\u{10000}', 'x'.repeat(255)],
      ]
      const saved: EnrollmentChange[] = []
      for (const [at, userId] of ids.entries()) saved.push(await put(userId, {}, { at }))
      await lists({}, saved)
    },
  ],
  [
    'list takes every id for ordinary',
    ORDER,
    async ({ put, lists }) => {
      const saved: EnrollmentChange[] = []
      for (const [at, userId] of TRIPPING_IDS.entries()) saved.push(await put(userId, {}, { at }))
      await lists({}, saved)
      for (const [at, { userId }] of inByteOrder(saved).entries()) {
        await lists({ after: userId }, inByteOrder(saved).slice(at + 1))
        await lists({ userIdPrefix: userId }, beginning(saved, userId))
      }
    },
  ],
  [
    'list of a phase is who phaseOf says, at the instants around every boundary',
    PHASES,
    async ({ gather, lists }) => {
      const everybody = await gather()
      for (const now of AROUND_NOW) {
        for (const phase of ALL_PHASES) await lists({ now, phase }, inPhase(everybody, phase, now))
      }
    },
  ],
  [
    'an exemption, an authenticator and a suspension hide a requirement while they last',
    PHASES,
    async ({ put, lists }) => {
      const terms = { required: true, startsAt: NOW - 10, deadline: NOW }
      const bare = await put('bare', terms)
      const exempt = await put('exempt', { ...terms, exemptUntil: NOW + 1 })
      const enrolled = await put('enrolled', { ...terms, exemptUntil: NOW + 1, enrolledAt: NOW - 5 })
      const all = { exemptUntil: NOW + 1, enrolledAt: NOW - 5, suspended: true }
      const suspended = await put('suspended', { ...terms, ...all })
      await lists({ phase: 'overdue' }, [bare])
      await lists({ phase: 'exempt' }, [exempt])
      await lists({ phase: 'enrolled' }, [enrolled])
      await lists({ phase: 'suspended' }, [suspended])
      await lists({ phase: 'overdue', now: NOW + 1 }, [bare, exempt])
      await lists({ phase: 'exempt', now: NOW + 1 }, [])
      await lists({ phase: 'enrollment-period', now: NOW - 1 }, [bare])
    },
  ],
  [
    'list of who is locked, or is not, changes at the instant when the lock ends',
    LOCKED,
    async ({ gather, lists }) => {
      const everybody = await gather()
      for (const now of AROUND_NOW) {
        for (const locked of [true, false]) {
          await lists(
            { now, locked },
            everybody.filter(({ index }) => isLocked(index, now) === locked),
          )
        }
      }
    },
  ],
  [
    'list by deadline is of those whom it can still stop, and of no deadline at the instant itself',
    STOPPABLE,
    async ({ gather, lists }) => {
      const everybody = await gather()
      for (const deadlineBefore of [0, ...AROUND_NOW, LAST_INSTANT]) {
        await lists({ deadlineBefore }, everybody.filter(stoppableBefore(deadlineBefore)))
      }
    },
  ],
  [
    'list agrees at the first and the last instants that there are',
    PHASES,
    async ({ gather, lists }) => {
      const everybody = await gather(ENDS_OF_TIME)
      for (const now of [0, 1, LAST_INSTANT - 1, LAST_INSTANT]) {
        for (const phase of ALL_PHASES) await lists({ now, phase }, inPhase(everybody, phase, now))
        await lists(
          { now, locked: true },
          everybody.filter(({ index }) => isLocked(index, now)),
        )
        await lists({ now, deadlineBefore: now }, everybody.filter(stoppableBefore(now)))
      }
    },
  ],
  [
    'list by several filters is of those whom all let through',
    EVERYTHING,
    async ({ gather, lists }) => {
      const everybody = await gather()
      for (const phase of ALL_PHASES) {
        for (const locked of [true, false]) {
          const both = inPhase(everybody, phase, NOW).filter(({ index }) => isLocked(index, NOW) === locked)
          await lists({ phase, locked }, both)
          await lists({ phase, locked, userIdPrefix: 'user 1' }, beginning(both, 'user 1'))
          const due = both.filter(stoppableBefore(NOW + 1))
          await lists({ phase, locked, deadlineBefore: NOW + 1 }, due)
          await lists(
            { phase, locked, deadlineBefore: NOW + 1, userIdPrefix: 'user 1', after: 'user 15' },
            beginning(due, 'user 1').filter(({ userId }) => userId > 'user 15'),
          )
        }
      }
    },
  ],
]
