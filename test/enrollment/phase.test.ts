import { describe, expect, it } from 'vitest'
import { type EnrollmentIndex, type Phase, phaseOf } from '../../src/enrollment/phase.js'
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

describe('phaseOf', () => {
  it.each<[string, EnrollmentIndex, number, Phase]>([
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
  ])('%s', (_, index, now, phase) => {
    expect(phaseOf(index, now)).toBe(phase)
  })
})
