import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seenUsers } from '../../src/service/seen-users.js'
import { arbitraries } from '../../src/testing/index.js'

const { userId } = arbitraries(fc)

describe('users that a walk has met', () => {
  it('are told from new ones as a set does it, whatever their ids are', () => {
    fc.assert(
      fc.property(fc.array(userId(), { maxLength: 60 }), (ids) => {
        const seen = seenUsers()
        const set = new Set<string>()
        for (const id of [...ids, ...ids]) {
          expect(seen.add(id)).toBe(!set.has(id))
          set.add(id)
        }
      }),
    )
  })

  it('are remembered by the thousand, while the table grows', () => {
    for (const of of [511, 512, 513, 5000]) {
      const seen = seenUsers()
      const ids = Array.from({ length: of }, (_, at) => `user ${at}`)
      expect(ids.filter((id) => !seen.add(id))).toEqual([])
      expect(ids.filter((id) => seen.add(id))).toEqual([])
    }
  })

  // With 64 bits no two of these are taken for one, but once in some billion runs.
  const families: Record<string, (at: number) => string> = {
    numbers: (at) => `${at}`,
    'numbers of one length': (at) => String(at).padStart(40, '0'),
    'e-mail addresses': (at) => `user.${at}@example.com`,
    'ids that differ in one character, anywhere': (at) =>
      `${'x'.repeat(at % 40)}${String.fromCodePoint(0x4e00 + Math.floor(at / 40))}${'x'.repeat(40 - (at % 40))}`,
    'ids with two characters of all kinds': (at) =>
      `${String.fromCharCode(0x100 + (at % 317))}${String.fromCharCode(0x3000 + Math.floor(at / 317))}`,
  }
  for (const [what, idOf] of Object.entries(families)) {
    it(`are remembered by the hundred thousand: ${what}`, () => {
      const seen = seenUsers()
      const COUNT = 100_000
      let taken = 0
      for (let at = 0; at < COUNT; at++) if (!seen.add(idOf(at))) taken++
      expect(taken).toBe(0)
      let forgotten = 0
      for (let at = 0; at < COUNT; at++) if (seen.add(idOf(at))) forgotten++
      expect(forgotten).toBe(0)
      expect(seen.add('somebody else')).toBe(true)
    })
  }

  it('are each walk’s own', () => {
    const [one, other] = [seenUsers(), seenUsers()]
    expect(one.add('ada')).toBe(true)
    expect(other.add('ada')).toBe(true)
    expect(one.add('ada')).toBe(false)
  })
})
