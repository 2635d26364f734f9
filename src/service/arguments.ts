/** Reads arguments: each function answers what it was given in the form the service needs, or throws what names it. */

import { assertFunction, assertInstant, assertObject, assertText, assertWhole, isObject } from '../assert.js'
import { assertPeriod, assertResolvedTerms, assertTerms, type Period, type ResolvedTerms } from '../enrollment/terms.js'
import { DAY_MS, instantAfter } from '../enrollment/time.js'
import type { Note } from '../enrollment/user.js'
import type { Signal } from '../platform.js'
import type { Instant } from '../totp/instant.js'
import { assertSecret, type ResolvedTotp, resolveTotp } from '../totp/parameters.js'
import { timeStepAt } from '../totp/totp.js'
import type { Imported } from './evidence.js'
import { copyOf, readFields } from './fields.js'
import { readRecoveryCode } from './recovery-codes.js'

/** What an authenticator is called whose user did not name it. */
export const DEFAULT_LABEL = 'Authenticator app'

/** An administrator's words. */
export function readNote(note: unknown): Note {
  return note === undefined ? {} : readNoteFields(readFields(note, 'note', ['actor', 'reason', 'force']), 'note')
}

/** The same of options that hold a note besides others. */
export function readNoteFields({ actor, reason, force }: Record<string, unknown>, name: string): Note {
  if (actor !== undefined) assertText(actor, `${name}.actor`, 0, 255)
  if (reason !== undefined) assertText(reason, `${name}.reason`, 0, 1000)
  if (force !== undefined && typeof force !== 'boolean') throw new TypeError(`${name}.force must be a boolean`)
  if (force && !reason) throw new TypeError(`${name}.force needs ${name}.reason`)
  return { actor, reason, force }
}

/** Terms, or resolved ones, as the machine takes them. */
export function readTerms(given: unknown): Omit<ResolvedTerms, 'because'> & Partial<Pick<ResolvedTerms, 'because'>> {
  const terms = copyOf(given)
  assertObject(terms, 'terms')
  if ('terms' in terms) {
    assertResolvedTerms(terms)
    return terms
  }
  assertTerms(terms)
  return { terms }
}

/** How a deadline is to be moved. */
export function readDeadlineChange(change: unknown): { addDays: number } | { deadline: Instant } {
  const { addDays, deadline } = readFields(change, 'change', ['addDays', 'deadline'])
  if (addDays !== undefined && deadline !== undefined)
    throw new TypeError('change must be { addDays } or { deadline }, not both')
  if (deadline !== undefined) {
    assertInstant(deadline, 'change.deadline')
    return { deadline }
  }
  assertWhole(addDays, 'change.addDays', -365, 365)
  return { addDays }
}

/** An exemption's end and reason. */
export function readExemption(exemption: unknown): { until: Instant; reason: string } {
  const { until, reason } = readFields(exemption, 'exemption', ['until', 'reason'])
  assertInstant(until, 'exemption.until')
  assertText(reason, 'exemption.reason', 1, 1000)
  return { until, reason }
}

/** What follows a reset. */
export function readGrace(options: unknown): 'none' | 'remaining' | Exclude<Period, 'none'> {
  const grace = copyOf(readFields(options, 'options', ['grace'])['grace'])
  if (grace === 'remaining') return grace
  if (typeof grace === 'string' && grace !== 'none') {
    throw new RangeError("options.grace must be 'none', 'remaining' or a period")
  }
  assertPeriod(grace, 'options.grace')
  return grace
}

/** The one option of a sign-in. */
export function readSensitive(options: unknown): { sensitive?: boolean | undefined } {
  const sensitive = readOptions(options, ['sensitive'])['sensitive']
  if (sensitive !== undefined && typeof sensitive !== 'boolean')
    throw new TypeError('options.sensitive must be a boolean')
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
  return options === undefined ? {} : readFields(options, 'options', known)
}

/** What stops a long run. */
export function readSignal(signal: unknown): Signal | undefined {
  if (signal === undefined) return undefined
  const { aborted, addEventListener } = (isObject(signal) ? signal : {}) as Partial<Signal>
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function') {
    throw new TypeError('options.signal must be an AbortSignal')
  }
  return signal as unknown as Signal
}

/** A function that is told something, where there is one. */
export function readListener<Told>(listener: unknown, name: string): ((told: Told) => void) | undefined {
  if (listener !== undefined) assertFunction(listener, name)
  return listener as ((told: Told) => void) | undefined
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
): {
  imported: Imported
  label: string | undefined
  boundAt: Instant
  lastTimeStep: number | null
  parameters: ResolvedTotp
} {
  const name = 'authenticator'
  const known = ['secret', 'label', 'boundAt', 'lastTimeStep', 'parameters', 'recoveryCodes']
  const {
    secret,
    label,
    boundAt = now,
    lastTimeStep,
    parameters = {},
    recoveryCodes = [],
  } = readFields(authenticator, name, known)
  assertSecret(secret)
  assertInstant(boundAt, `${name}.boundAt`)
  if (boundAt > now) throw new RangeError(`${name}.boundAt must not be ahead of now`)
  if (lastTimeStep !== undefined) assertWhole(lastTimeStep, `${name}.lastTimeStep`, 0, Number.MAX_SAFE_INTEGER)
  const resolved = resolveTotp(
    readFields(parameters, `${name}.parameters`, ['algorithm', 'digits', 'period', 't0']),
    `${name}.parameters`,
  )
  if (resolved.t0 * 1000 > now) throw new RangeError(`${name}.parameters.t0 must not be ahead of now`)
  // Seconds in place of steps would refuse every code for years. A day leaves room to import before the old system stops.
  if (lastTimeStep !== undefined && lastTimeStep > timeStepAt(instantAfter(now, DAY_MS), resolved))
    throw new RangeError(`${name}.lastTimeStep must be at most a day ahead of now`)
  if (!Array.isArray(recoveryCodes)) throw new TypeError(`${name}.recoveryCodes must be an array`)
  if (recoveryCodes.length > 50) throw new RangeError(`${name}.recoveryCodes must be at most 50`)
  const codes = Array.from(recoveryCodes, (code: unknown, at) => {
    const canonical = readRecoveryCode(code, { imported: true })
    if (canonical === null) throw new RangeError(`${name}.recoveryCodes[${at}] must be 8 to 64 letters and digits`)
    return canonical
  })
  return {
    // Not `slice`, with which a Buffer shares its bytes: the copy is wiped after use.
    imported: { secret: new Uint8Array(secret), recoveryCodes: [...new Set(codes)] },
    label: label === undefined ? undefined : readLabel(label, `${name}.label`),
    boundAt,
    lastTimeStep: lastTimeStep ?? null,
    parameters: resolved,
  }
}
