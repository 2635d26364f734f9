import { assertInstant, assertKnownKeys, assertObject, assertOneOf, assertText, LAST_INSTANT } from '../assert.js'
import type { Instant } from '../totp/instant.js'
import { periodInWords, scheduleOf } from './requirement.js'
import { assertTerms, EXPLANATIONS_KEPT, type Explanation, type ResolvedTerms, type Terms } from './terms.js'

/** Terms that apply to a user for one reason: his own, a group's, the organization's. */
export interface TermsLayer {
  /** whose terms they are, in the host's words; 1 to 255 characters */
  source: string
  scope: 'user' | 'group' | 'organization'
  terms: Terms | 'optional'
  /** when this layer began to apply to this user */
  since: Instant
}

const SCOPES = ['user', 'group', 'organization'] as const

/**
 * Picks the terms of one user from what applies to them, and says why: `because` tells every layer, the winner last.
 *
 * A user's own terms beat groups', groups' beat the organization's; within one scope a requirement beats 'optional' and
 * the earliest deadline wins; a tie goes to the earlier layer; no layers: 'optional'. Periods count from `since`, so that
 * joining a group, or resolving again, never moves a deadline later; a first-sign-in period competes with its cap.
 *
 * Throws a TypeError or RangeError that names the property where a layer is not one.
 *
 * @example
 * ```ts
 * const day = 86_400_000
 * const { terms, because } = resolveTerms(
 *   [
 *     { source: 'everyone', scope: 'organization', terms: { period: { days: 90 } }, since: 0 },
 *     { source: 'payroll', scope: 'group', terms: { period: { days: 14 } }, since: 10 * day },
 *   ],
 *   { now: 12 * day },
 * )
 * console.log(terms) // { period: { days: 14 } }
 * console.log(because.map(({ source, outcome }) => `${source} ${outcome}`)) // [ 'everyone overridden', 'payroll applied' ]
 * ```
 */
export function resolveTerms(layers: readonly TermsLayer[], context: { now: Instant }): ResolvedTerms {
  if (!Array.isArray(layers)) throw new TypeError('layers must be an array')
  assertObject(context, 'context')
  assertKnownKeys(context, ['now'], 'context')
  assertInstant(context.now, 'context.now')
  for (const [at, layer] of layers.entries()) assertLayer(layer, `layers[${at}]`)
  const considered = layers.map((layer) => ({ layer, ends: endOf(layer) }))
  // Sorting is stable: of equals the earlier layer stays first.
  const ranked = considered.sort((one, other) => rankOf(one.layer) - rankOf(other.layer) || one.ends - other.ends)
  const winner = ranked[0]?.layer
  if (winner === undefined) return { terms: 'optional', because: [] }
  const because = ranked.slice(0, EXPLANATIONS_KEPT).map(
    ({ layer, ends }): Explanation => ({
      source: layer.source,
      scope: layer.scope,
      deadline: ends === NEVER ? null : ends,
      outcome: layer === winner ? 'applied' : 'overridden',
      text: layer.terms === 'optional' ? 'MFA is optional' : periodInWords(layer.terms.period),
    }),
  )
  return { terms: winner.terms, since: winner.since, because: because.reverse() }
}

/** When a layer that requires nothing ends: later than any deadline. */
const NEVER = LAST_INSTANT + 1

function rankOf({ scope }: TermsLayer): number {
  return SCOPES.indexOf(scope)
}

function assertLayer(value: unknown, name: string): asserts value is TermsLayer {
  assertObject(value, name)
  assertKnownKeys(value, ['source', 'scope', 'terms', 'since'], name)
  assertText(value['source'], `${name}.source`, 1, 255)
  assertOneOf(value['scope'], `${name}.scope`, SCOPES)
  if (value['terms'] !== 'optional') assertTerms(value['terms'], `${name}.terms`)
  assertInstant(value['since'], `${name}.since`)
}

function endOf({ terms, since }: TermsLayer): number {
  return terms === 'optional' ? NEVER : scheduleOf(terms.period, since).deadline
}
