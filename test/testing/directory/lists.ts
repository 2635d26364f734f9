import { type Phase, phaseOf } from '../../../src/enrollment/phase.js'
import { type Broken, but, directory, made, SOUND } from './sound.js'

export const BROKEN_LISTS: Broken = {
  'take a period for running at its deadline': made({
    phase: (index, now) => (index.deadline === now ? phaseOf(index, now - 1) : phaseOf(index, now)),
  }),
  'take a period for scheduled when it starts': made({
    phase: (index, now) =>
      index.startsAt === now ? phaseOf({ ...index, startsAt: now + 1 }, now) : phaseOf(index, now),
  }),
  'let an exemption hold at its end': made({
    phase: (index, now) =>
      index.exemptUntil === now ? phaseOf({ ...index, exemptUntil: now + 1 }, now) : phaseOf(index, now),
  }),
  'forget exemptions': made({ phase: (index, now) => phaseOf({ ...index, exemptUntil: null }, now) }),
  'put a suspension below an authenticator': made({
    phase: (index, now) => phaseOf({ ...index, suspended: index.suspended && index.enrolledAt === null }, now),
  }),
  'put an exemption above an authenticator': made({
    phase: (index, now) =>
      index.exemptUntil !== null && now < index.exemptUntil
        ? phaseOf({ ...index, enrolledAt: null }, now)
        : phaseOf(index, now),
  }),
  'take a period that waits for a sign-in for scheduled': made({
    phase: (index, now) => phaseOf({ ...index, startsAt: index.required ? (index.startsAt ?? now + 1) : null }, now),
  }),
  'keep seconds': made({
    phase: (index, now) => phaseOf(index, Math.floor(now / 1000) * 1000),
  }),
  'take zero for no instant': made({
    phase: (index, now) =>
      phaseOf({ ...index, enrolledAt: index.enrolledAt || null, deadline: index.deadline || 1 }, now),
  }),
  'compute the phase when saving': () => {
    const phases = new Map<string, Phase>()
    const sound = directory()
    return {
      ...sound,
      async save(change) {
        const outcome = await sound.save(change)
        if (outcome === 'saved') phases.set(change.userId, phaseOf(change.index, Date.UTC(2026, 0, 5, 9)))
        return outcome
      },
      async list(query) {
        const { phase, ...others } = query
        const all = await sound.list(others)
        return phase === undefined ? all : all.filter(({ enrollment }) => phases.get(enrollment.userId) === phase)
      },
    }
  },
  'let a lock hold at its end': made({ locked: ({ lockedUntil }, now) => lockedUntil !== null && now <= lockedUntil }),
  'have nobody unlocked whose lock has ended': made({
    locked: ({ lockedUntil }) => lockedUntil !== null,
  }),
  'leave who was never locked out of the unlocked': but(({ list, rows }) => ({
    async list(query) {
      const all = await list(query)
      if (query.locked !== false) return all
      return all.filter(({ enrollment }) => rows.get(enrollment.userId)?.index.lockedUntil !== null)
    },
  })),
  'take locked: false for no filter': but(({ list }) => ({
    list: ({ locked, ...query }) => list(locked ? { ...query, locked } : query),
  })),
  'list the deadline at the instant itself': made({ before: (deadline, before) => deadline <= before }),
  'list deadlines of the suspended': made({
    stoppable: ({ required, enrolledAt }) => required && enrolledAt === null,
  }),
  'list deadlines of the enrolled': made({ stoppable: ({ required, suspended }) => required && !suspended }),
  'leave deadlines of the exempt out': made({
    stoppable: (index, now) => SOUND.stoppable(index, now) && phaseOf(index, now) !== 'exempt',
  }),
  'leave deadlines gone by out': made({
    before: (deadline, before) => deadline < before && deadline >= Date.UTC(2026, 0, 5, 9),
  }),
  'filter by the first filter only': but(({ list }) => ({
    list: ({ phase, locked, ...query }) =>
      list(phase === undefined ? { ...query, locked } : { ...query, deadlineBefore: undefined, phase }),
  })),
  'forget the prefix where a page begins after an id': but(({ list }) => ({
    list: (query) => list(query.after === null ? query : { ...query, userIdPrefix: undefined }),
  })),
  'order by UTF-16 units': made({ order: (one, other) => (one < other ? -1 : 1) }),
  'order by a locale': made({ order: (one, other) => one.localeCompare(other, 'en') }),
  'keep the order of arrival': made({ order: () => 0 }),
}
