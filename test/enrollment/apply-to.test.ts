import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ResolvedPolicy } from '../../src/enrollment/policy.js'
import type { EnrollmentRecord } from '../../src/enrollment/record.js'
import type { ApplyTo, Period, Terms } from '../../src/enrollment/terms.js'
import { resolvePolicy } from '../../src/service/policy.js'
import { reached, terms } from './actions.js'
import { DAY, given, inPhase, NOW, recordOf, requiring, type Story } from './given.js'

const APPLY_TO: readonly ApplyTo[] = ['new', 'shorten', 'extend', 'replace']

const under = (period: Period): Story => given(null).when(requiring({ period }))

const assign = (story: Story, period: Period, applyTo: ApplyTo) => story.when({ ...requiring({ period }), applyTo })

/** By which of the ways another period replaces one that stands. */
function replacedBy(story: Story, period: Period): readonly ApplyTo[] {
  return APPLY_TO.filter((applyTo) => assign(story, period, applyTo).outcome.changed)
}

describe('what stands is replaced', () => {
  const waiting = (days: number, capDays: number): Period => ({ days, start: 'first-sign-in', capDays })

  it.each<[string, Period, Period, readonly ApplyTo[]]>([
    ['by an earlier deadline', { days: 30 }, { days: 20 }, ['shorten', 'replace']],
    ['by a later deadline', { days: 30 }, { days: 40 }, ['extend', 'replace']],
    ['by none at all', { days: 30 }, 'none', ['shorten', 'replace']],
    ['by the same dates, said otherwise', { days: 30 }, { deadline: NOW + 30 * DAY }, ['replace']],
    ['by another start of the same end', { days: 30 }, { days: 20, start: NOW + 10 * DAY }, ['replace']],
    ['by one that waits, and ends earlier in any case', { days: 30 }, waiting(5, 29), ['shorten', 'replace']],
    ['by one that waits, and ends earlier or then', { days: 30 }, waiting(5, 30), ['shorten', 'replace']],
    ['by one that waits, and ends earlier or later', { days: 30 }, waiting(5, 31), ['replace']],
    ['by one that waits, and ends then or later', { days: 30 }, waiting(30, 31), ['extend', 'replace']],
    ['by one that waits, and ends later in any case', { days: 30 }, waiting(31, 60), ['extend', 'replace']],
    ['where it waits, by a date between', waiting(5, 30), { days: 20 }, ['replace']],
    ['where it waits, by a date before the earliest', waiting(5, 30), { days: 4 }, ['shorten', 'replace']],
    ['where it waits, by a date at the cap', waiting(5, 30), { days: 30 }, ['extend', 'replace']],
    ['where both wait, by a later cap alone', waiting(5, 30), waiting(5, 40), ['extend', 'replace']],
    ['where both wait, by fewer days alone', waiting(5, 30), waiting(4, 30), ['shorten', 'replace']],
    ['where both wait, by fewer days and a later cap', waiting(5, 30), waiting(4, 40), ['replace']],
    ['where both wait, by days that no cap leaves', waiting(40, 30), waiting(50, 30), ['replace']],
  ])('%s', (_, before, after, applied) => {
    expect(replacedBy(under(before), after)).toEqual(applied)
  })

  it('as its deadline stands now: moved by hand, or put off while its user is suspended', () => {
    const moved = under({ days: 30 }).when({ type: 'change-deadline', change: { addDays: -20 }, note: {} })
    expect(replacedBy(moved, { days: 20 })).toEqual(['extend', 'replace'])
    const suspended = under({ days: 30 }).when({ type: 'suspend', note: {} })
    // Denied, it writes nothing: five days later all is as it was.
    const later = suspended.when({ type: 'sign-in' }, { at: NOW + 5 * DAY })
    expect(replacedBy(later, { deadline: NOW + 34 * DAY })).toEqual(['shorten', 'replace'])
    expect(replacedBy(later, { deadline: NOW + 36 * DAY })).toEqual(['extend', 'replace'])
  })

  it('by as much of the new terms as is left of what may be granted', () => {
    const policy = resolvePolicy({ maxGrantedDays: 30 })
    const story = given(null).when(requiring({ period: { days: 25 } }), { policy })
    const extended = story.when(
      { ...requiring({ period: { days: 90 } }), applyTo: 'extend' },
      { at: NOW + DAY, policy },
    )
    expect(recordOf(extended).requirement?.deadline).toBe(NOW + 30 * DAY)
    const again = extended.when({ ...requiring({ period: { days: 91 } }), applyTo: 'extend' }, { policy })
    expect(again).toMatchObject({ outcome: { changed: false }, written: false })
  })

  it('with the same period keeps its dates, and so is neither shorter nor longer', () => {
    const story = under({ days: 30 })
    for (const applyTo of APPLY_TO) {
      const told = story.when({ ...requiring({ period: { days: 30 }, postponements: 3 }), applyTo }, { at: NOW + DAY })
      expect(told.outcome.changed).toBe(applyTo === 'replace')
      expect(recordOf(told).requirement?.deadline).toBe(NOW + 30 * DAY)
    }
  })

  it('where nothing is said', () => {
    expect(under({ days: 30 }).when(requiring({ period: { days: 40 } })).outcome).toEqual({ changed: true })
    expect(under({ days: 30 }).when({ type: 'make-optional', note: {} }).outcome).toEqual({ changed: true })
  })
})

describe('who has no requirement gets the terms', () => {
  it('and an unseen user, whatever the policy has for new ones', () => {
    const policy = resolvePolicy({ newUsers: { period: { days: 5 } } })
    for (const applyTo of APPLY_TO) {
      const told = given(null).when({ ...requiring({ period: { days: 9 } }), applyTo }, { policy })
      expect(recordOf(told).requirement?.deadline).toBe(NOW + 9 * DAY)
      const free = given(null).when({ type: 'make-optional', applyTo, note: {} }, { policy })
      expect(free).toMatchObject({ outcome: { changed: true }, types: ['made-optional'] })
      expect(recordOf(free).requirement).toBeNull()
    }
  })

  it('be they optional: then there is nothing to do', () => {
    for (const applyTo of APPLY_TO) {
      const told = given(inPhase.optional).when({ type: 'make-optional', applyTo, note: {} })
      expect(told).toMatchObject({ outcome: { changed: false }, written: false })
    }
  })
})

/* --------------------------------------------------------------------------------------------- properties */

interface Reached {
  record: EnrollmentRecord
  now: number
  policy: ResolvedPolicy
}

/** When a period ends if its user signs in at once, and if he never does; a suspension lifted, which would hide both. */
function endsOf({ record, now, policy }: Reached): readonly number[] {
  const lifted = given(record, now).when({ type: 'resume', note: {} }, { policy })
  const signedIn = lifted.when({ type: 'sign-in' }, { policy })
  return [lifted, signedIn].map((story) => recordOf(story).requirement?.deadline ?? Number.POSITIVE_INFINITY)
}

/** How each of two ends moves: -1 earlier, 1 later. */
function movesBetween(before: Reached, after: Reached): readonly number[] {
  const [old, ends] = [endsOf(before), endsOf(after)]
  return ends.map((end, at) => (end === old[at] ? 0 : end < (old[at] ?? 0) ? -1 : 1))
}

const required = reached.filter(({ record }) => record.requirement !== null)
const anyTerms = fc.oneof({ weight: 6, arbitrary: terms }, { weight: 1, arbitrary: fc.constant('optional' as const) })

/** What some terms make of a record, by this way of applying them. */
function applied({ record, now, policy }: Reached, chosen: Terms | 'optional', applyTo: ApplyTo) {
  const story = given(record, now)
  if (chosen === 'optional') return story.when({ type: 'make-optional', applyTo, note: {} }, { policy })
  return story.when({ ...requiring(chosen), applyTo }, { policy })
}

describe('for any record and any terms', () => {
  it("'shorten' moves no deadline later, 'extend' none earlier, and both all that move the other way alone", () => {
    fc.assert(
      fc.property(required, anyTerms, (before, chosen) => {
        const replaced = applied(before, chosen, 'replace')
        const moves = movesBetween(before, { ...before, record: recordOf(replaced) })
        for (const [applyTo, wanted] of [
          ['shorten', -1],
          ['extend', 1],
        ] as const) {
          const told = applied(before, chosen, applyTo)
          const fits = moves.includes(wanted) && !moves.includes(-wanted)
          expect(told.outcome).toEqual({ changed: fits })
          // What is applied is what replacing would have come to, and what is not leaves all as it was.
          expect(told.record).toEqual(fits ? replaced.record : before.record)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it("'new' leaves whatever is required as it is", () => {
    fc.assert(
      fc.property(required, anyTerms, (before, chosen) => {
        expect(applied(before, chosen, 'new')).toMatchObject({ outcome: { changed: false }, written: false })
      }),
      { numRuns: 500 },
    )
  })

  it('the same terms again are unchanged under all four, whatever has happened to their dates', () => {
    fc.assert(
      fc.property(
        required,
        fc.constantFrom(...APPLY_TO),
        fc.boolean(),
        ({ record, now, policy }, applyTo, saysSince) => {
          const { period, selfEnrollment, postponements, since } = record.requirement ?? {}
          if (period === undefined) return
          const same: Terms = { period, selfEnrollment, postponements: postponements ?? undefined }
          const command = { ...requiring(same), applyTo, ...(saysSince && { since }) }
          expect(given(record, now).when(command, { policy })).toMatchObject({
            outcome: { changed: false },
            written: false,
          })
        },
      ),
      { numRuns: 500 },
    )
  })

  it('who has no requirement gets the same under all four', () => {
    const free = reached.filter(({ record }) => record.requirement === null)
    fc.assert(
      fc.property(free, terms, (before, chosen) => {
        const replaced = applied(before, chosen, 'replace')
        expect(replaced.outcome).toEqual({ changed: true })
        for (const applyTo of APPLY_TO) expect(applied(before, chosen, applyTo).record).toEqual(replaced.record)
      }),
      { numRuns: 300 },
    )
  })
})
