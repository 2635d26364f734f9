/** Reads arguments: each function answers what it was given in the form the service needs, or throws what names it. */

import { assertInstant, assertKnownKeys, assertObject, assertText, assertWhole } from '../assert.js'
import {
  assertPeriod,
  assertResolvedTerms,
  assertTerms,
  type Explanation,
  type Period,
  type Terms,
} from '../enrollment/terms.js'
import type { Note } from '../enrollment/user.js'
import type { Instant } from '../totp/instant.js'
import { assertSecret, type ResolvedTotp, resolveTotp } from '../totp/parameters.js'
import type { Imported } from './evidence.js'
import { readRecoveryCode } from './recovery-codes.js'

/** What an authenticator is called whose user did not name it. */
export const DEFAULT_LABEL = 'Authenticator app'

/** An administrator's words. */
export function readNote(note: unknown): Note {
  if (note === undefined) return {}
  assertObject(note, 'note')
  assertKnownKeys(note, ['actor', 'reason'], 'note')
  if (note['actor'] !== undefined) assertText(note['actor'], 'note.actor', 0, 255)
  if (note['reason'] !== undefined) assertText(note['reason'], 'note.reason', 0, 1000)
  return { actor: note['actor'], reason: note['reason'] }
}

/** Terms, or resolved ones, as the machine takes them. */
export function readTerms(
  terms: unknown,
): { terms: Terms | 'optional'; since?: Instant | undefined; because?: readonly Explanation[] | undefined } {
  assertObject(terms, 'terms')
  if (!('terms' in terms)) {
    assertTerms(terms)
    return { terms: copyOf(terms) }
  }
  assertResolvedTerms(terms)
  return { terms: copyOf(terms.terms), since: terms.since, because: copyOf(terms.because) }
}

/** How a deadline is to be moved. */
export function readDeadlineChange(change: unknown): { addDays: number } | { deadline: Instant } {
  assertObject(change, 'change')
  if ('deadline' in change) {
    assertKnownKeys(change, ['deadline'], 'change')
    assertInstant(change['deadline'], 'change.deadline')
    return { deadline: change['deadline'] }
  }
  assertKnownKeys(change, ['addDays'], 'change')
  assertWhole(change['addDays'], 'change.addDays', -365, 365)
  return { addDays: change['addDays'] }
}

/** An exemption's end and reason. */
export function readExemption(exemption: unknown): { until: Instant; reason: string } {
  assertObject(exemption, 'exemption')
  assertKnownKeys(exemption, ['until', 'reason'], 'exemption')
  assertInstant(exemption['until'], 'exemption.until')
  assertText(exemption['reason'], 'exemption.reason', 1, 1000)
  return { until: exemption['until'], reason: exemption['reason'] }
}

/** What follows a reset. */
export function readGrace(options: unknown): 'none' | 'remaining' | Exclude<Period, 'none'> {
  assertObject(options, 'options')
  assertKnownKeys(options, ['grace'], 'options')
  const { grace } = options
  if (grace === 'remaining') return grace
  if (typeof grace === 'string' && grace !== 'none') {
    throw new RangeError("options.grace must be 'none', 'remaining' or a period")
  }
  assertPeriod(grace, 'options.grace')
  return copyOf(grace)
}

/** The one option of a sign-in. */
export function readSensitive(options: unknown): { sensitive?: boolean | undefined } {
  const sensitive = readOptions(options, ['sensitive'])['sensitive']
  if (sensitive !== undefined && typeof sensitive !== 'boolean') throw new TypeError('options.sensitive must be a boolean')
  return { sensitive }
}

/** The one option of a postponement. */
export function readSignInId(options: unknown): { signInId?: string | undefined } {
  const signInId = readOptions(options, ['signInId'])['signInId']
  if (signInId !== undefined) assertText(signInId, 'options.signInId', 1, 255)
  return { signInId }
}

/** The one option of what is done to a set-up. */
export function readSetupId(options: unknown): { setupId?: string | undefined } {
  const setupId = readOptions(options, ['setupId'])['setupId']
  if (setupId !== undefined) assertString(setupId, 'options.setupId')
  return { setupId }
}

/** Options that may be left out altogether. */
export function readOptions(options: unknown, known: readonly string[]): Record<string, unknown> {
  if (options === undefined) return {}
  assertObject(options, 'options')
  assertKnownKeys(options, known, 'options')
  return options
}

/** What a user knows an authenticator by. */
export function readLabel(label: unknown, name: string): string {
  assertText(label, name, 1, 100)
  return label
}

/** An id of the service's own making, which may be any text: an unknown one is not a mistake. */
export function assertString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
}

/** What is brought over from another system. */
export function readImport(
  authenticator: unknown,
  now: Instant,
): { imported: Imported; label: string | undefined; boundAt: Instant; lastTimeStep: number | null; parameters: ResolvedTotp } {
  const name = 'authenticator'
  assertObject(authenticator, name)
  assertKnownKeys(authenticator, ['secret', 'label', 'boundAt', 'lastTimeStep', 'parameters', 'recoveryCodes'], name)
  const { secret, label, boundAt = now, lastTimeStep, parameters = {}, recoveryCodes = [] } = authenticator
  assertSecret(secret)
  assertInstant(boundAt, `${name}.boundAt`)
  if (boundAt > now) throw new RangeError(`${name}.boundAt must not be ahead of now`)
  if (lastTimeStep !== undefined) assertWhole(lastTimeStep, `${name}.lastTimeStep`, 0, Number.MAX_SAFE_INTEGER)
  if (!Array.isArray(recoveryCodes)) throw new TypeError(`${name}.recoveryCodes must be an array`)
  if (recoveryCodes.length > 50) throw new RangeError(`${name}.recoveryCodes must be at most 50`)
  const codes = recoveryCodes.map((code: unknown, at) => {
    const canonical = readRecoveryCode(code, { imported: true })
    if (canonical === null) throw new RangeError(`${name}.recoveryCodes[${at}] must be 8 to 64 letters and digits`)
    return canonical
  })
  return {
    imported: { secret: secret.slice(), recoveryCodes: [...new Set(codes)] },
    label: label === undefined ? undefined : readLabel(label, `${name}.label`),
    boundAt,
    lastTimeStep: lastTimeStep ?? null,
    parameters: resolveTotp(parameters as object, `${name}.parameters`),
  }
}

/** What the caller may change afterwards, as it is now. */
function copyOf<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value
}
