import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LAST_INSTANT } from '../../src/assert.js'
import { resolveTerms, type TermsLayer } from '../../src/enrollment/resolve.js'
import { assertResolvedTerms, type Period } from '../../src/enrollment/terms.js'
import { terms } from './actions.js'
import { DAY, given, NOW, recordOf } from './given.js'

const context = { now: NOW }
const SECRET = 'JBSWY3DPEHPK3PXP'

/** A layer of a group that requires this since now. */
function layer(source: string, period: Period | 'optional', facts: Partial<TermsLayer> = {}): TermsLayer {
  return { source, scope: 'group', terms: period === 'optional' ? period : { period }, since: NOW, ...facts }
}

/** The name of the layer that wins. */
function winnerOf(...layers: readonly TermsLayer[]): string | undefined {
  const { because, terms: won } = resolveTerms(layers, context)
  const applied = because.filter(({ outcome }) => outcome === 'applied')
  expect(applied).toHaveLength(1)
  expect(because.at(-1)).toBe(applied[0])
  expect(won).toBe(layers.find(({ source }) => source === applied[0]?.source)?.terms)
  return applied[0]?.source
}

describe('resolveTerms', () => {
  it('without layers nothing is required', () => {
    expect(resolveTerms([], context)).toEqual({ terms: 'optional', because: [] })
  })

  it("a user's own terms beat groups', and groups' the organization's, however strict", () => {
    const own = layer('own', { days: 300 }, { scope: 'user' })
    const group = layer('group', { days: 30 })
    const everyone = layer('everyone', 'none', { scope: 'organization' })
    expect(winnerOf(everyone, group, own)).toBe('own')
    expect(winnerOf(everyone, group)).toBe('group')
    expect(winnerOf(everyone)).toBe('everyone')
    expect(winnerOf(group, layer('own', 'optional', { scope: 'user' }))).toBe('own')
  })

  it("among groups a requirement beats 'optional', even one at the end of time", () => {
    expect(winnerOf(layer('free', 'optional'), layer('late', { deadline: LAST_INSTANT }))).toBe('late')
    expect(winnerOf(layer('late', { deadline: LAST_INSTANT }), layer('free', 'optional'))).toBe('late')
  })

  it('among groups the earliest deadline wins, counted from when each began to apply', () => {
    const old = layer('old', { days: 30 }, { since: NOW - 25 * DAY })
    const recent = layer('recent', { days: 10 })
    expect(winnerOf(recent, old)).toBe('old')
    expect(winnerOf(old, recent, layer('date', { deadline: NOW + 4 * DAY }))).toBe('date')
    expect(winnerOf(old, layer('at once', 'none', { since: NOW - DAY }))).toBe('at once')
  })

  it('a period that waits for the first sign-in competes with its cap', () => {
    const waiting = layer('waiting', { days: 1, start: 'first-sign-in', capDays: 20 })
    expect(winnerOf(waiting, layer('date', { deadline: NOW + 20 * DAY - 1 }))).toBe('date')
    expect(winnerOf(layer('date', { deadline: NOW + 20 * DAY + 1 }), waiting)).toBe('waiting')
  })

  it('a tie goes to the earlier layer', () => {
    const [one, other] = [layer('one', { days: 30 }), layer('other', { days: 30 })]
    expect(winnerOf(one, other)).toBe('one')
    expect(winnerOf(other, one)).toBe('other')
    expect(winnerOf(layer('a', 'optional'), layer('b', 'optional'))).toBe('a')
  })

  it('joining a group never moves a deadline later among groups', () => {
    const layers = fc.array(fc.record({ terms, since: fc.integer({ min: NOW - 300 * DAY, max: NOW }) }), {
      minLength: 1,
    })
    const end = (given: readonly TermsLayer[]): number =>
      resolveTerms(given, context).because.find(({ outcome }) => outcome === 'applied')?.deadline ??
      Number.POSITIVE_INFINITY
    fc.assert(
      fc.property(layers, fc.nat(), (some, at) => {
        const groups = some.map((one, index): TermsLayer => ({ ...one, source: `group ${index}`, scope: 'group' }))
        const joined = at % groups.length
        expect(end(groups)).toBeLessThanOrEqual(end(groups.filter((_, index) => index !== joined)))
      }),
    )
  })

  it('resolving again assigns nothing anew', () => {
    const layers = [
      layer('group', { days: 30 }, { since: NOW - 5 * DAY }),
      layer('everyone', 'none', { scope: 'organization' }),
    ]
    const { terms: won, ...why } = resolveTerms(layers, context)
    const again = resolveTerms(layers, { now: NOW + DAY })
    if (won === 'optional' || again.terms === 'optional') throw new Error('the group requires')
    const story = given(null).when({ type: 'require-enrollment', terms: won, ...why, note: {} })
    expect(recordOf(story).requirement).toMatchObject({ since: NOW - 5 * DAY, deadline: NOW + 25 * DAY })
    const repeated = story.when(
      { type: 'require-enrollment', ...again, terms: again.terms, note: {} },
      { at: NOW + DAY },
    )
    expect(repeated.outcome).toEqual({ changed: false })
  })

  it('says of each layer what became of it, in words, the winner last', () => {
    const { because } = resolveTerms(
      [
        layer('everyone', 'optional', { scope: 'organization' }),
        layer('payroll', { days: 1 }),
        layer('sales', { days: 14, start: 'first-sign-in', calendar: { timeZone: 'Europe/Berlin' } }),
        layer('board', { days: 14, start: NOW + 30 * DAY }),
        layer('all hands', { deadline: NOW + 90 * DAY }),
        layer('interns', { days: 15, start: 'first-sign-in', capDays: 16 }),
      ],
      context,
    )
    expect(because.map(({ source, outcome, deadline, text }) => [source, outcome, deadline, text])).toEqual([
      ['everyone', 'overridden', null, 'MFA is optional'],
      [
        'sales',
        'overridden',
        Date.parse('2027-02-22T23:00Z'),
        '14 days from the first sign-in, at most 90 days from assignment, to the end of a working day in Europe/Berlin',
      ],
      ['all hands', 'overridden', NOW + 90 * DAY, 'MFA is required by a fixed date'],
      ['board', 'overridden', NOW + 44 * DAY, '14 days from a fixed date'],
      ['interns', 'overridden', NOW + 16 * DAY, '15 days from the first sign-in, at most 16 days from assignment'],
      ['payroll', 'applied', NOW + DAY, '1 day from assignment'],
    ])
    expect(resolveTerms([layer('now', 'none')], context).because[0]?.text).toBe('MFA is required at once')
  })

  it('keeps the twenty that came closest', () => {
    const layers = Array.from({ length: 30 }, (_, at) => layer(`group ${at}`, { days: 300 - at }))
    const resolved = resolveTerms(layers, context)
    expect(resolved.because).toHaveLength(20)
    expect(resolved.because.at(-1)).toMatchObject({ source: 'group 29', outcome: 'applied' })
    expect(resolved.because.map(({ source }) => source)).not.toContain('group 9')
    expect(resolved.because.map(({ source }) => source)).toContain('group 10')
  })

  it('answers what requireEnrollment takes, and leaves the layers as they are', () => {
    const scope = fc.constantFrom('user' as const, 'group' as const, 'organization' as const)
    const one = fc.record({
      source: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => !text.includes('\u0000')),
      scope,
      terms: fc.oneof(terms, fc.constant('optional' as const)),
      since: fc.nat(NOW),
    })
    fc.assert(
      fc.property(fc.array(one), (layers) => {
        const before = structuredClone(layers)
        expect(() => assertResolvedTerms(resolveTerms(layers, context))).not.toThrow()
        expect(layers).toEqual(before)
      }),
    )
  })

  it.each<[string, unknown, unknown, 'TypeError' | 'RangeError', string]>([
    ['layers that are no array', {}, context, 'TypeError', 'layers'],
    ['no context', [], undefined, 'TypeError', 'context'],
    ['no now', [], {}, 'TypeError', 'context.now'],
    ['a now before time', [], { now: -1 }, 'RangeError', 'context.now'],
    ['a context with more to it', [], { now: NOW, [SECRET]: 1 }, 'TypeError', 'context'],
    ['a layer as text', [SECRET], context, 'TypeError', 'layers[0]'],
    ['a hole', [layer('a', 'none'), undefined], context, 'TypeError', 'layers[1]'],
    ['no source', [layer('', 'none')], context, 'RangeError', 'layers[0].source'],
    ['too long a source', [layer('s'.repeat(256), 'none')], context, 'RangeError', 'layers[0].source'],
    ['another scope', [{ ...layer('a', 'none'), scope: SECRET }], context, 'RangeError', 'layers[0].scope'],
    ["a rule's scope", [{ ...layer('a', 'none'), scope: 'rule' }], context, 'RangeError', 'layers[0].scope'],
    ['bad terms', [layer('a', { days: 0 })], context, 'RangeError', 'layers[0].terms.period.days'],
    ['terms in a word', [{ ...layer('a', 'none'), terms: SECRET }], context, 'TypeError', 'layers[0].terms'],
    ['no since', [{ source: 'a', scope: 'group', terms: 'optional' }], context, 'TypeError', 'layers[0].since'],
    ['a since before time', [layer('a', 'none', { since: -1 })], context, 'RangeError', 'layers[0].since'],
    ['a layer with more to it', [{ ...layer('a', 'none'), [SECRET]: 1 }], context, 'TypeError', 'layers[0]'],
  ])('refuses %s, naming it', (_, layers, surroundings, kind, name) => {
    const resolve = () => resolveTerms(layers as TermsLayer[], surroundings as { now: number })
    expect(resolve).toThrow(expect.objectContaining({ name: kind }))
    expect(resolve).toThrow(new RegExp(`^${name.replaceAll(/[.[\]]/g, '\\$&')} `))
    expect(resolve).not.toThrow(SECRET)
  })
})
