import { type EnrollmentIndex, phaseOf } from '../../../src/enrollment/phase.js'
import type { PhaseCounts } from '../../../src/ports/directory.js'
import { type Broken, but, directory, made, SOUND } from './sound.js'

export const BROKEN_COUNTS: Broken = {
  'leave index rows of replaced records': () => {
    const sound = directory()
    const former = new Map<string, EnrollmentIndex[]>()
    return {
      ...sound,
      async save(change) {
        const row = sound.rows.get(change.userId)
        const outcome = await sound.save(change)
        if (outcome === 'saved' && row !== undefined) {
          former.set(change.userId, [...(former.get(change.userId) ?? []), row.index])
        }
        return outcome
      },
      async list(query) {
        const page = [...(await sound.list(query))]
        for (const [userId, indices] of former) {
          const stale = indices.some((index) => query.phase !== undefined && phaseOf(index, query.now) === query.phase)
          const row = sound.rows.get(userId)
          if (!stale || row === undefined || page.some(({ enrollment }) => enrollment.userId === userId)) continue
          page.push({ enrollment: JSON.parse(row.text), version: row.version })
        }
        return page
      },
    }
  },
  'forget who is locked in counts': but(({ counts }) => ({
    counts: async (now) => ({ ...(await counts(now)), locked: 0 }),
  })),
  'leave phases of nobody out of counts': but(({ counts }) => ({
    async counts(now) {
      return Object.fromEntries(Object.entries(await counts(now)).filter(([, count]) => count > 0)) as PhaseCounts
    },
  })),
  'count the locked of the required only': but(({ counts, rows }) => ({
    async counts(now) {
      const required = [...rows.values()].filter(({ index }) => index.required && SOUND.locked(index, now))
      return { ...(await counts(now)), locked: required.length }
    },
  })),
  'count the locked out of their phase': but(({ counts, rows }) => ({
    async counts(now) {
      const all = await counts(now)
      for (const { index } of rows.values()) if (SOUND.locked(index, now)) all[phaseOf(index, now)]--
      return all
    },
  })),
  'count removed users': () => {
    const sound = directory()
    let removed = 0
    return {
      ...sound,
      async remove(userId, expected) {
        const outcome = await sound.remove(userId, expected)
        if (outcome === 'removed') removed++
        return outcome
      },
      async counts(now) {
        const all = await sound.counts(now)
        return { ...all, total: all.total + removed }
      },
    }
  },
  'count in text': but(({ counts }) => ({
    counts: async (now) => ({ ...(await counts(now)), total: `${(await counts(now)).total}` as never }),
  })),

  'close intervals of deadlines at both ends': made({
    inside: (deadline, from, to) => from <= deadline && deadline <= to,
  }),
  'open intervals of deadlines where they begin': made({
    inside: (deadline, from, to) => from < deadline && deadline <= to,
  }),
  'count what is outside into the first interval': but(({ rows, deadlines }) => ({
    async deadlines(query) {
      const [first, ...others] = await deadlines(query)
      if (first === undefined) return []
      const early = [...rows.values()].filter(
        ({ index }) => SOUND.stoppable(index, query.now) && (index.deadline ?? Number.NaN) < (query.edges[0] ?? 0),
      )
      return [first + early.length, ...others]
    },
  })),
  'divide deadlines by whole days': but(({ rows }) => ({
    async deadlines({ edges, now }) {
      const day = 86_400_000
      const first = edges[0] ?? 0
      const counts = edges.slice(1).map(() => 0)
      for (const { index } of rows.values()) {
        const at = Math.floor(((index.deadline ?? -1) - first) / day)
        if (SOUND.stoppable(index, now) && counts[at] !== undefined) counts[at]++
      }
      return counts
    },
  })),
  'leave out intervals without a deadline': but(({ deadlines }) => ({
    deadlines: async (query) => (await deadlines(query)).filter((count) => count > 0),
  })),
  'leave deadlines before now out': but(({ deadlines }) => ({
    deadlines: ({ edges, now }) => deadlines({ edges: edges.map((edge) => Math.max(edge, now)), now }),
  })),
  'refuse no edges': but(({ deadlines }) => ({
    async deadlines(query) {
      if (query.edges.length < 2) throw new RangeError('an interval has two edges')
      return deadlines(query)
    },
  })),
  'take 100 edges at most': but(({ deadlines }) => ({
    deadlines: ({ edges, now }) => deadlines({ edges: edges.slice(0, 100), now }),
  })),
}
