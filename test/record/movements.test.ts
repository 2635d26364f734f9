import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import { movementOf } from '../../src/record/movements.js'
import { life, live } from '../enrollment/actions.js'
import { binding, given, inPhase, NOW, PHONE, requiring } from '../enrollment/given.js'

const enrolled = (record: EnrollmentRecord | null): number => (record !== null && record.enrolledAt !== null ? 1 : 0)
const required = (record: EnrollmentRecord | null): number => (record !== null && record.requirement !== null ? 1 : 0)

describe('movementOf', () => {
  it.each<[string, Parameters<typeof movementOf>[0]['details'], enrolled: number, required: number]>([
    ['no detail', {}, 0, 0],
    ['an enrollment', { enrolled: true }, 1, 0],
    ['the end of one', { enrolled: false }, -1, 0],
    ['a requirement', { required: true }, 0, 1],
    ['the end of one', { required: false }, 0, -1],
    ['both at once', { enrolled: false, required: true }, -1, 1],
    ['what is no flip', { enrolled: 1, required: 'true' }, 0, 0],
    ['null', { enrolled: null, required: null }, 0, 0],
  ])('%s: %j', (_, details, enrolled, required) => {
    expect(movementOf({ details })).toEqual({ enrolled, required })
  })

  it('an event says of a total only what it changed', () => {
    const assigned = given(null).when(requiring({ period: { days: 30 } }))
    expect(assigned.events.map(movementOf)).toEqual([{ enrolled: 0, required: 1 }])
    const again = assigned.when(requiring({ period: { days: 7 } }))
    expect(again.events.map(movementOf)).toEqual([{ enrolled: 0, required: 0 }])
    const bound = binding(again, PHONE)
    expect(bound.events.map(({ type }) => type)).toEqual(['first-sign-in', 'authenticator-bound'])
    expect(bound.events.map(movementOf)).toEqual([
      { enrolled: 0, required: 0 },
      { enrolled: 1, required: 0 },
    ])
    const reset = bound.when({ type: 'reset-mfa', grace: 'remaining', note: {} }, { at: NOW + 1 })
    expect(reset.events.map(movementOf)).toEqual([{ enrolled: -1, required: 0 }])
    const free = given(inPhase.enrolled).when({ type: 'make-optional', note: {} })
    expect(free.events.map(movementOf)).toEqual([{ enrolled: 0, required: -1 }])
    const both = free.when({ type: 'reset-mfa', grace: 'none', note: {} })
    expect(both.events.map(movementOf)).toEqual([{ enrolled: -1, required: 1 }])
  })

  it('over any life, what the stored events add up to is what the record came to, at each write', () => {
    fc.assert(
      fc.property(life, (one) => {
        const totals = { enrolled: 0, required: 0 }
        for (const { decided, before, after } of live(one)) {
          if (decided.record === null) continue
          const moves = decided.events.map(movementOf)
          for (const move of moves) {
            totals.enrolled += move.enrolled
            totals.required += move.required
          }
          expect(totals).toEqual({ enrolled: enrolled(after), required: required(after) })
          // One event at most tells a flip: what flips and back again within one write would be told twice.
          const flips = moves.filter((move) => move.enrolled !== 0).length
          expect(flips).toBe(Math.abs(enrolled(after) - enrolled(before)))
        }
      }),
      { numRuns: 1000 },
    )
  })
})
