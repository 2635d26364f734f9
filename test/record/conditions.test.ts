import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EnrollmentIndex, PHASES, phaseOf } from '../../src/enrollment/phase.js'
import {
  assertEdges,
  type Condition,
  compareBytes,
  endOfPrefix,
  filterConditions,
  lockCondition,
  meets,
  phaseConditions,
  STOPPABLE,
} from '../../src/record/conditions.js'
import { arbitraries } from '../../src/testing/index.js'

const instant = fc.integer({ min: 0, max: 5 })
const maybe = fc.option(instant, { nil: null })
const facts: fc.Arbitrary<EnrollmentIndex> = fc.record({
  required: fc.boolean(),
  startsAt: maybe,
  deadline: maybe,
  exemptUntil: maybe,
  suspended: fc.boolean(),
  enrolledAt: maybe,
  lockedUntil: maybe,
  remindAt: maybe,
})
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
const all = (index: EnrollmentIndex, conditions: readonly Condition[]): boolean =>
  conditions.every((condition) => meets(index, condition))

describe('a condition on a fact', () => {
  it.each([
    ['set', [false, true, true, true]],
    ['not-set', [true, false, false, false]],
  ] as const)('that it is %s', (is, expected) => {
    const answers = [null, 1, 2, 3].map((deadline) => meets({ ...NOTHING, deadline }, { fact: 'deadline', is }))
    expect(answers).toEqual(expected)
  })

  it.each([
    ['after', [false, false, false, true]],
    ['not-after', [true, true, true, false]],
    ['before', [false, true, false, false]],
    ['not-before', [false, false, true, true]],
  ] as const)('that it is %s an instant; null is neither after nor before anything', (is, expected) => {
    const condition = { fact: 'deadline', is, than: 2 } as const
    const answers = [null, 1, 2, 3].map((deadline) => meets({ ...NOTHING, deadline }, condition))
    expect(answers).toEqual(expected)
  })

  it('that is null is not even after the first instant there is', () => {
    for (const is of ['after', 'before', 'not-before'] as const) {
      expect(meets(NOTHING, { fact: 'deadline', is, than: 0 })).toBe(false)
    }
    expect(meets(NOTHING, { fact: 'deadline', is: 'not-after', than: 0 })).toBe(true)
  })

  it('that is a flag', () => {
    expect(meets({ ...NOTHING, required: true }, { fact: 'required', is: true })).toBe(true)
    expect(meets({ ...NOTHING, required: true }, { fact: 'required', is: false })).toBe(false)
    expect(meets(NOTHING, { fact: 'suspended', is: false })).toBe(true)
  })
})

describe('the conditions of a phase', () => {
  it('are met by the records in that phase at that time, and by no other', () => {
    fc.assert(
      fc.property(facts, instant, (index, now) => {
        const met = PHASES.filter((phase) => all(index, phaseConditions(phase, now)))
        expect(met).toEqual([phaseOf(index, now)])
      }),
    )
  })
})

describe('the conditions of a filter', () => {
  it('are none where nothing is asked, or only a prefix', () => {
    expect(filterConditions({}, 1)).toEqual([])
    expect(filterConditions({ phase: 'enrolled' }, 1)).toEqual([
      { fact: 'suspended', is: false },
      { fact: 'enrolledAt', is: 'set' },
    ])
    expect(filterConditions({ deadlineBefore: 7 }, 1)).toEqual([
      { fact: 'required', is: true },
      { fact: 'suspended', is: false },
      { fact: 'enrolledAt', is: 'not-set' },
      { fact: 'deadline', is: 'before', than: 7 },
    ])
    expect(filterConditions({ userIdPrefix: 'a', phase: undefined, locked: undefined }, 1)).toEqual([])
  })

  it('are those of all that is asked together', () => {
    const filter = { phase: 'overdue', deadlineBefore: 3, locked: false } as const
    fc.assert(
      fc.property(facts, instant, (index, now) => {
        const isStoppable = index.required && !index.suspended && index.enrolledAt === null
        const isDueBefore = isStoppable && index.deadline !== null && index.deadline < 3
        const isLocked = index.lockedUntil !== null && now < index.lockedUntil
        expect(all(index, filterConditions(filter, now))).toBe(
          phaseOf(index, now) === 'overdue' && isDueBefore && !isLocked,
        )
        expect(all(index, filterConditions({ locked: true }, now))).toBe(isLocked)
        expect(meets(index, lockCondition(false, now))).toBe(!isLocked)
        expect(all(index, STOPPABLE)).toBe(isStoppable)
      }),
    )
  })
})

describe('user ids in the order of their bytes', () => {
  const text = fc.oneof(
    arbitraries(fc).userId(),
    fc.string({
      unit: fc.constantFrom(
        'a',
        'b',
        '\ud7ff',
        '\ue000',
        '\uffff',
        '\u{10000}',
        '\u{103ff}',
        '\u{10400}',
        '\u{10ffff}',
      ),
      maxLength: 4,
    }),
  )
  const bytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

  it('compare as their bytes do, which their UTF-16 units do not', () => {
    expect(compareBytes('\uffff', '\u{10000}')).toBeLessThan(0)
    // Just before, at and after the units that are halves of characters.
    expect(compareBytes('\ud7ff', '\ue000')).toBeLessThan(0)
    expect(compareBytes('A', '\ue000')).toBeLessThan(0)
    expect(compareBytes('\u{103fe}', '\u{103ff}')).toBeLessThan(0)
    expect(compareBytes('\ue000', '\u{103ff}')).toBeLessThan(0)
    expect('\uffff' < '\u{10000}').toBe(false)
    const any = fc.oneof(text, fc.string({ unit: 'binary', maxLength: 3 }))
    fc.assert(
      fc.property(any, any, any, (start, one, other) => {
        expect(Math.sign(compareBytes(one, other))).toBe(bytes(one, other))
        expect(Math.sign(compareBytes(start + one, start + other))).toBe(bytes(start + one, start + other))
      }),
      { numRuns: 1000 },
    )
  })

  it('lie before the end of a prefix if and only if they begin with it or come before it', () => {
    const prefix = text.filter((some) => some !== '')
    fc.assert(
      fc.property(
        prefix,
        fc.oneof(
          text,
          fc.tuple(prefix, text).map((parts) => parts.join('')),
        ),
        (start, other) => {
          for (const id of [other, start + other]) {
            const end = endOfPrefix(start)
            const isInside = bytes(id, start) >= 0 && (end === null || bytes(id, end) < 0)
            expect(isInside).toBe(id.startsWith(start))
          }
        },
      ),
    )
  })

  it('a prefix ends after its last character that has a successor, which no lone surrogate is', () => {
    expect(endOfPrefix('ab')).toBe('ac')
    expect(endOfPrefix('a\u{10ffff}\u{10ffff}')).toBe('b')
    expect(endOfPrefix('\ud7ff')).toBe('\ue000')
    expect(endOfPrefix('\uffff')).toBe('\u{10000}')
    expect(endOfPrefix('\u{10ffff}')).toBe(null)
    expect(endOfPrefix('')).toBe(null)
  })
})

describe('the edges of intervals', () => {
  it('may stand still, and not go back or be no instants', () => {
    for (const edges of [[], [5], [1, 1, 8.64e15]]) expect(() => assertEdges(edges)).not.toThrow()
    expect(() => assertEdges([2, 1])).toThrow(new RangeError('query.edges must not go back'))
    expect(() => assertEdges([-1])).toThrow(RangeError)
    expect(() => assertEdges([-1])).toThrow(/^query\.edges must be /)
    expect(() => assertEdges(['1' as unknown as number])).toThrow(TypeError)
  })
})
