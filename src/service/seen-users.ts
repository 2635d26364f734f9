import { platformRandom } from '../platform.js'

/** Which users a walk has met already. */
export interface SeenUsers {
  /** whether this one is new */
  add(userId: string): boolean
}

/**
 * Remembers users by 64 bits each: a million take 16 MB where their ids would take a hundred. That one of a million is
 * taken for another has a chance of one in thirty million. The hash is keyed anew each time, so that two who are taken for
 * one are not the next time; it is no cryptographic one, and nothing but the sums of a report may depend on it.
 */
export function seenUsers(): SeenUsers {
  const [keyHigh, keyLow] = Array.from(new Uint32Array(platformRandom(8).buffer)) as [number, number]
  let table = new Uint32Array(2 * 1024)
  let count = 0

  function add(userId: string): boolean {
    if (4 * count >= table.length) grow()
    const isNew = insert(table, hashOf(userId, keyHigh, 0x9e3779b1), hashOf(userId, keyLow, 0x5f356495))
    if (isNew) count += 1
    return isNew
  }

  function grow(): void {
    const old = table
    table = new Uint32Array(2 * old.length)
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== 0 || old[at + 1] !== 0) insert(table, old[at] as number, old[at + 1] as number)
    }
  }

  return { add }
}

/** Puts a pair into the table, unless it is there. Two zeros mark a free place; whose hash they are is taken for met. */
function insert(table: Uint32Array, high: number, low: number): boolean {
  const places = table.length / 2
  for (let place = low % places; ; place = (place + 1) % places) {
    const at = 2 * place
    if (table[at] === high && table[at + 1] === low) return false
    if (table[at] === 0 && table[at + 1] === 0) {
      table[at] = high
      table[at + 1] = low
      return true
    }
  }
}

/** 32 bits of a text: its UTF-16 units multiplied in one by one from a secret beginning, and MurmurHash3's finalizer. */
function hashOf(text: string, key: number, multiplier: number): number {
  let hash = key
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), multiplier)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
