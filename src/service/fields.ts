import { assertKnownKeys, assertObject, isObject } from '../assert.js'

/** How deep the options of any method go. */
const DEEPEST = 6

/**
 * The properties of what a caller handed in, each read once: what was checked is what is used, whatever the caller, a
 * getter or a proxy does to it afterwards. One that is undefined is left out.
 */
function ownFields(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
}

/** The same of an object that has no other properties than these. */
export function readFields(value: unknown, name: string, known: readonly string[]): Record<string, unknown> {
  assertObject(value, name)
  const fields = ownFields(value)
  assertKnownKeys(fields, known, name)
  return fields
}

/** The same all the way down, for plain data. What goes deeper than any option does is left as it is, to be refused. */
export function copyOf(value: unknown, depth = 0): unknown {
  if (depth > DEEPEST) return value
  if (Array.isArray(value)) return Array.from(value, (one) => copyOf(one, depth + 1))
  if (!isObject(value)) return value
  const fields = Object.entries(ownFields(value)).map(([key, field]) => [key, copyOf(field, depth + 1)])
  return Object.fromEntries(fields)
}
