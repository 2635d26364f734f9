/**
 * Checks of arguments. Each names the argument and never its value, which may be a secret:
 * a TypeError for the wrong kind of value, a RangeError for one out of range.
 */

/** The last instant that ECMAScript's Date knows, in milliseconds since the Unix epoch (ECMA-262 21.4.1.1). */
export const LAST_INSTANT = 8.64e15

/** Whether a value is a plain object, of this realm or another. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Refuses all but an object. */
export function assertObject(value: unknown, name: string): asserts value is Record<string, unknown> {
  if (!isObject(value)) throw new TypeError(`${name} must be an object`)
}

/** Refuses all but a function. */
export function assertFunction(value: unknown, name: string): asserts value is (...given: never[]) => unknown {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function`)
}

/** Refuses properties that nobody reads: a misspelt option would otherwise be a silent default. */
export function assertKnownKeys(value: Record<string, unknown>, known: readonly string[], name: string): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new TypeError(`${name} has a property that is not known; it takes ${known.join(', ')}`)
  }
}

/** Refuses all but a whole number from `least` to `most`. */
export function assertWhole(value: unknown, name: string, least: number, most: number): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}`)
  }
}

/** Refuses all but milliseconds since the Unix epoch, whole, from 0 to 8.64e15. */
export function assertInstant(value: unknown, name: string): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of milliseconds since the Unix epoch`)
  if (!Number.isInteger(value) || value < 0 || value > LAST_INSTANT) {
    throw new RangeError(`${name} must be whole milliseconds since the Unix epoch, from 0 to ${LAST_INSTANT}`)
  }
}

/** Refuses all but bytes; the platform's `Buffer` is one kind of them. */
export function assertBytes(value: unknown, name: string, least: number, most: number): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`)
  if (value.length < least || value.length > most)
    throw new RangeError(`${name} must be ${least} to ${most} bytes long`)
}

/** Refuses all but one of the listed strings. */
export function assertOneOf<const Choice extends string>(
  value: unknown,
  name: string,
  choices: readonly Choice[],
): asserts value is Choice {
  if (typeof value !== 'string') throw new TypeError(`${name} must be one of ${choices.join(', ')}`)
  if (!(choices as readonly string[]).includes(value))
    throw new RangeError(`${name} must be one of ${choices.join(', ')}`)
}

/** Refuses text that is not well-formed Unicode of `least` to `most` UTF-16 units: every store must keep it as it is. */
export function assertText(value: unknown, name: string, least: number, most: number): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
  if (value.length < least || value.length > most)
    throw new RangeError(`${name} must be ${least} to ${most} characters long`)
  if (!isWellFormed(value) || value.includes('\u0000'))
    throw new RangeError(`${name} must be well-formed Unicode without U+0000`)
}

/** Whether no surrogate stands alone. String.prototype.isWellFormed is ES2024; Unicode-aware matching tells the same. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
