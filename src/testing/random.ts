import { assertWhole } from '../assert.js'
import type { Random } from '../ports/index.js'

/**
 * Bytes that look random and are the same for the same seed, on every runtime and from release to release, so that a
 * failing test can be run again; hand it to `createLeeway` as `random`. For tests only: whoever knows the seed, or has
 * seen some bytes, knows all that follow.
 *
 * `seed` is a finite number or a string; `1` and `'1'` are two seeds. Throws a `TypeError` or `RangeError` for another.
 *
 * @example
 * ```ts
 * const random = seededRandom('a failing case')
 * console.log(random(20).length) // 20
 * ```
 */
export function seededRandom(seed: number | string): Random {
  if (typeof seed !== 'number' && typeof seed !== 'string') throw new TypeError('seed must be a number or a string')
  if (typeof seed === 'number' && !Number.isFinite(seed)) throw new RangeError('seed must be finite')
  const next = sfc32(`${typeof seed}:${seed}`)
  return (byteLength) => {
    assertWhole(byteLength, 'byteLength', 0, 65_536)
    return Uint8Array.from({ length: byteLength }, () => next() >>> 24)
  }
}

/** Chris Doty-Humphrey's sfc32, from PractRand: 128 bits of state in whole-number steps that no runtime rounds. */
function sfc32(seed: string): () => number {
  let [a, b, c, counter] = [fnv1a(seed, 1), fnv1a(seed, 2), fnv1a(seed, 3), 1]
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum
  }
  // Seeds that differ in one bit have run apart after a dozen rounds.
  for (let round = 0; round < 12; round++) next()
  return next
}

/** FNV-1a over the UTF-16 units, begun apart for each word of the state. */
function fnv1a(text: string, word: number): number {
  let hash = Math.imul(0x811c9dc5 ^ word, 0x01000193)
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
