import { inParallel } from './server.js'

/** A part of what is in one bucket, in order. */
export interface Stretch {
  /** where it ends, whatever was found there; null: nothing comes after */
  end: string | null
  found: readonly string[]
}

/** Where the reading of one bucket has come to. */
interface Walk {
  bucket: number
  /** up to where all has been read; '' at the beginning, null when nothing is left */
  at: string | null
  /** found, and not yet given out */
  found: string[]
}

/**
 * What is found in all buckets, in one order, as far as it is asked for: never nothing at a time. `readOn` reads a bucket's
 * next stretch, after the end of the one before, which is '' at first.
 */
export async function* inOrder(
  buckets: number,
  compare: (one: string, other: string) => number,
  readOn: (bucket: number, after: string) => Promise<Stretch>,
): AsyncGenerator<string[], undefined> {
  const walks = Array.from({ length: buckets }, (_, bucket): Walk => ({ bucket, at: '', found: [] }))
  while (walks.some(({ at, found }) => at !== null || found.length > 0)) {
    const dry = walks.filter(({ at, found }) => at !== null && found.length === 0)
    await inParallel(dry, async (walk) => {
      const { end, found } = await readOn(walk.bucket, walk.at as string)
      walk.at = end
      walk.found.push(...found)
    })
    const known = takeKnown(walks, compare)
    if (known.length > 0) yield known
  }
}

/** Takes out, in their order, those that no bucket can still put another before. */
function takeKnown(walks: readonly Walk[], compare: (one: string, other: string) => number): string[] {
  const reached = walks.flatMap(({ at }) => at ?? [])
  const horizon = reached.length === 0 ? null : reached.reduce((one, other) => (compare(one, other) < 0 ? one : other))
  return walks
    .flatMap(({ found }) => {
      const beyond = horizon === null ? -1 : found.findIndex((one) => compare(one, horizon) > 0)
      return found.splice(0, beyond < 0 ? found.length : beyond)
    })
    .sort(compare)
}
