import { describe, expect, it } from 'vitest'
import {
  type EnrollmentIndex,
  type FactTest,
  PHASES,
  type Phase,
  phaseOf,
  testsOf,
} from '../../src/enrollment/phase.js'
import { DAY, NOW } from './given.js'

const NOTHING: EnrollmentIndex = {
  required: false,
  startsAt: null,
  deadline: null,
  exemptUntil: null,
  suspended: false,
  enrolledAt: null,
  lockedUntil: null,
  remindAt: null,
}
const REQUIRED: EnrollmentIndex = { ...NOTHING, required: true, startsAt: NOW, deadline: NOW + DAY }
const EXEMPT: EnrollmentIndex = { ...REQUIRED, exemptUntil: NOW + DAY / 2 }

const CASES: [string, EnrollmentIndex, number, Phase][] = [
  ['nothing is required', NOTHING, NOW, 'optional'],
  ['a millisecond before the start', REQUIRED, NOW - 1, 'scheduled'],
  ['at the start', REQUIRED, NOW, 'enrollment-period'],
  ['a millisecond before the deadline', REQUIRED, NOW + DAY - 1, 'enrollment-period'],
  ['at the deadline', REQUIRED, NOW + DAY, 'overdue'],
  ['a millisecond after the deadline', REQUIRED, NOW + DAY + 1, 'overdue'],
  ['waiting for the first sign-in', { ...REQUIRED, startsAt: null }, NOW - DAY, 'enrollment-period'],
  ['waiting, at the cap', { ...REQUIRED, startsAt: null }, NOW + DAY, 'overdue'],
  ['no period at all', { ...REQUIRED, startsAt: NOW, deadline: NOW }, NOW, 'overdue'],
  ['no period at all, a millisecond before', { ...REQUIRED, startsAt: NOW, deadline: NOW }, NOW - 1, 'scheduled'],
  ['a start after the deadline', { ...REQUIRED, startsAt: NOW + 2 * DAY }, NOW + DAY, 'overdue'],
  ['exempt before the start', EXEMPT, NOW - 1, 'exempt'],
  ['a millisecond before the exemption ends', EXEMPT, NOW + DAY / 2 - 1, 'exempt'],
  ['when the exemption ends, inside the period', EXEMPT, NOW + DAY / 2, 'enrollment-period'],
  ['when the exemption ends after the deadline', { ...EXEMPT, exemptUntil: NOW + 2 * DAY }, NOW + 2 * DAY, 'overdue'],
  ['exempt after the deadline', { ...EXEMPT, exemptUntil: NOW + 2 * DAY }, NOW + 2 * DAY - 1, 'exempt'],
  ['exempt without a requirement', { ...NOTHING, exemptUntil: NOW + 1 }, NOW, 'exempt'],
  ['an exemption without a requirement ends', { ...NOTHING, exemptUntil: NOW }, NOW, 'optional'],
  ['enrolled, exempt and overdue', { ...EXEMPT, enrolledAt: NOW }, NOW + 9 * DAY, 'enrolled'],
  ['enrolled when time began', { ...NOTHING, enrolledAt: 0 }, NOW, 'enrolled'],
  ['suspended, whatever else', { ...EXEMPT, enrolledAt: NOW, suspended: true }, NOW, 'suspended'],
  ['locked for ever', { ...REQUIRED, lockedUntil: 8.64e15 }, NOW, 'enrollment-period'],
  ['facts that a store made up: required without a deadline', { ...REQUIRED, deadline: null }, NOW, 'overdue'],
]

describe('phaseOf', () => {
  it.each(CASES)('%s', (_, index, now, phase) => {
    expect(phaseOf(index, now)).toBe(phase)
  })
})

describe('testsOf', () => {
  /** As a store asks: one fact at a time, as a plain condition on a column that may be null. */
  function passes(test: FactTest, index: EnrollmentIndex, now: number): boolean {
    if ('now' in test) {
      const after = index[test.fact] !== null && Number(index[test.fact]) > now
      return { after, 'not-after': !after }[test.now]
    }
    if (test.is === 'set') return index[test.fact] !== null
    if (test.is === 'not-set') return index[test.fact] === null
    return index[test.fact] === test.is
  }

  it.each(CASES)('%s: all hold of that phase alone', (_, index, now, phase) => {
    expect(PHASES.filter((one) => testsOf(one).every((test) => passes(test, index, now)))).toEqual([phase])
  })

  it('a phase has one test of its own, and one for each phase that wins over it', () => {
    expect(PHASES.map((phase) => testsOf(phase).length)).toEqual([1, 2, 3, 4, 5, 6, 6])
  })
})
