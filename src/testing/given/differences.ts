/** A value of which only what matters is said: objects by some of their properties, arrays item by item. */
export type PartOf<Value> = Value extends readonly (infer Item)[]
  ? readonly PartOf<Item>[]
  : Value extends (...given: never[]) => unknown
    ? Value
    : Value extends object
      ? { [Key in keyof Value]?: PartOf<Value[Key]> | undefined }
      : Value

/** What is told of one place where two values differ. */
export interface Difference {
  /** where it is, as `answer.methods[0].method` */
  path: string
  expected: unknown
  actual: unknown
}

/**
 * Where `actual` is not what is expected of it: plain objects are compared by the properties that are named, arrays item
 * by item, everything else by `Object.is`.
 */
export function differences(expected: unknown, actual: unknown, path: string): readonly Difference[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [{ path, expected, actual }]
    if (actual.length !== expected.length) return [{ path, expected, actual }]
    return expected.flatMap((item, at) => differences(item, actual[at], `${path}[${at}]`))
  }
  if (isPlain(expected)) {
    if (typeof actual !== 'object' || actual === null) return [{ path, expected, actual }]
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(value, (actual as Record<string, unknown>)[key], `${path}.${key}`),
    )
  }
  return Object.is(expected, actual) ? [] : [{ path, expected, actual }]
}

/** What is there of what is expected, so that a test runner can show the two side by side. */
export function projected(expected: unknown, actual: unknown): unknown {
  if (!isPlain(expected) || typeof actual !== 'object' || actual === null) return actual
  return Object.fromEntries(
    Object.entries(expected).map(([key, value]) => [key, projected(value, (actual as Record<string, unknown>)[key])]),
  )
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  // By its name: a test runner may run each file in a realm of its own.
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A value as an error shows it, whatever it is. */
export function shown(value: unknown): string {
  const text = asText(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function asText(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
