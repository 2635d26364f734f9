import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import { type EnrollmentIndex, type Phase, phaseOf } from '../../src/enrollment/phase.js'
import type { DirectoryQuery, EnrollmentDirectory, PhaseCounts } from '../../src/ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../src/ports/index.js'
import type { OpenRepository } from '../../src/testing/index.js'

type Store = EnrollmentRepository & EnrollmentDirectory
interface Row {
  version: string
  text: string
  index: EnrollmentIndex
  events: string[]
}
type Rows = Map<string, Row>

/** What a directory is made of, each to be replaced by something wrong. */
interface Parts {
  rows: Rows
  phase(index: EnrollmentIndex, now: number): Phase
  locked(index: EnrollmentIndex, now: number): boolean
  stoppable(index: EnrollmentIndex, now: number): boolean
  before(deadline: number, before: number): boolean
  inside(deadline: number, from: number, to: number): boolean
  begins(userId: string, prefix: string): boolean
  order(one: string, other: string): number
  page(inOrder: readonly string[], query: DirectoryQuery): readonly string[]
  eventsOf(rows: Rows, userId: string): readonly string[]
  eventOrder(one: EnrollmentEvent, other: EnrollmentEvent): number
}

const compare = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))
const isAfter = (one: string, other: string): boolean => compare(one, other) > 0

const SOUND: Omit<Parts, 'rows'> = {
  phase: phaseOf,
  locked: ({ lockedUntil }, now) => lockedUntil !== null && now < lockedUntil,
  stoppable: ({ required, suspended, enrolledAt }) => required && !suspended && enrolledAt === null,
  before: (deadline, before) => deadline < before,
  inside: (deadline, from, to) => from <= deadline && deadline < to,
  begins: (userId, prefix) => userId.startsWith(prefix),
  order: compare,
  page: (inOrder, { after, limit }) =>
    inOrder.filter((userId) => after === null || isAfter(userId, after)).slice(0, limit),
  eventsOf: (rows, userId) => rows.get(userId)?.events ?? [],
  eventOrder: (one, other) => (one.id < other.id ? -1 : 1),
}

/** A sound store on a Map, but for the parts that are replaced. */
function directory(flaws: Partial<Parts> = {}): Store & { rows: Rows } {
  const parts: Parts = { rows: new Map(), ...SOUND, ...flaws }
  const { rows } = parts

  const stored = (row: Row): StoredEnrollment => ({ enrollment: JSON.parse(row.text), version: row.version })
  const find = async (userId: string): Promise<StoredEnrollment | null> => {
    const row = rows.get(userId)
    return row === undefined ? null : stored(row)
  }
  const save = async (change: EnrollmentChange): Promise<'saved' | 'conflict'> => {
    const row = rows.get(change.userId)
    if ((row?.version ?? null) !== change.expected) return 'conflict'
    put(rows, change)
    return 'saved'
  }

  return {
    rows,
    find,
    save,
    async remove(userId, expected) {
      if (rows.get(userId)?.version !== expected) return 'conflict'
      rows.delete(userId)
      return 'removed'
    },
    async findMany(userIds) {
      const answer = new Map<string, StoredEnrollment>()
      for (const userId of userIds) {
        const row = rows.get(userId)
        if (row !== undefined) answer.set(userId, stored(row))
      }
      return answer
    },
    async saveMany(changes) {
      const outcomes: ('saved' | 'conflict')[] = []
      for (const change of changes) outcomes.push(await save(change))
      return outcomes
    },
    async list(query) {
      const { now, phase, deadlineBefore, locked, userIdPrefix } = query
      const chosen = [...rows].filter(
        ([userId, { index }]) =>
          (phase === undefined || parts.phase(index, now) === phase) &&
          (deadlineBefore === undefined ||
            (parts.stoppable(index, now) && index.deadline !== null && parts.before(index.deadline, deadlineBefore))) &&
          (locked === undefined || parts.locked(index, now) === locked) &&
          (userIdPrefix === undefined || parts.begins(userId, userIdPrefix)),
      )
      const inOrder = chosen.map(([userId]) => userId).sort(parts.order)
      return parts.page(inOrder, query).map((userId) => stored(rows.get(userId) as Row))
    },
    async counts(now) {
      const counts = { ...EMPTY, total: rows.size }
      for (const { index } of rows.values()) {
        counts[parts.phase(index, now)]++
        if (parts.locked(index, now)) counts.locked++
      }
      return counts
    },
    async deadlines({ edges, now }) {
      return edges.slice(1).map((end, at) => {
        const inside = ({ index }: Row): boolean =>
          parts.stoppable(index, now) && index.deadline !== null && parts.inside(index.deadline, edges[at] ?? 0, end)
        return [...rows.values()].filter(inside).length
      })
    },
    async history(userId, { after, limit }) {
      const events = parts.eventsOf(rows, userId).map((text) => JSON.parse(text) as EnrollmentEvent)
      return events
        .filter(({ id }) => after === null || id > after)
        .sort(parts.eventOrder)
        .slice(0, limit)
    },
  }
}

const EMPTY: PhaseCounts = {
  optional: 0,
  exempt: 0,
  scheduled: 0,
  'enrollment-period': 0,
  overdue: 0,
  enrolled: 0,
  suspended: 0,
  total: 0,
  locked: 0,
}

function put(rows: Rows, { userId, version, enrollment, index, events }: EnrollmentChange): void {
  const before = rows.get(userId)?.events ?? []
  const told = events.map((event) => JSON.stringify(event))
  rows.set(userId, { version, text: JSON.stringify(enrollment), index: { ...index }, events: [...before, ...told] })
}

/** Overrides methods of a sound one. */
function but(flaw: (sound: Store & { rows: Rows }) => Partial<Store>): () => Store {
  return () => {
    const sound = directory()
    return { ...sound, ...flaw(sound) }
  }
}

/** Replaces parts of a sound one. */
const made =
  (flaws: Partial<Parts>): (() => Store) =>
  (): Store =>
    directory(flaws)

/** Like SQL's LIKE, whose escape character is a backslash. */
function isLike(text: string, pattern: string): boolean {
  const source = pattern.replaceAll(/\\(.)|[\s\S]/g, (each, escaped: string | undefined) => {
    if (escaped === undefined && each === '%') return '.*'
    if (escaped === undefined && each === '_') return '.'
    return (escaped ?? each).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 's').test(text)
}

/** The last UTF-16 unit of the prefix, and the next. */
function beforeNextUnit(userId: string, prefix: string): boolean {
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
  return prefix === '' || (!isAfter(prefix, userId) && isAfter(end, userId))
}

/** Directories that each break one promise, by what they do wrong. */
export const BROKEN: Readonly<Record<string, () => Store>> = {
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

  'take the prefix for a pattern': made({ begins: (userId, prefix) => isLike(userId, `${prefix}%`) }),
  'escape a pattern but not the backslash': made({
    begins: (userId, prefix) => isLike(userId, `${prefix.replaceAll(/[%_]/g, '\\$&')}%`),
  }),
  'take the prefix for a glob': made({
    begins: (userId, prefix) =>
      isLike(
        userId,
        `${prefix
          .replaceAll(/[%_\\]/g, '\\$&')
          .replaceAll('*', '%')
          .replaceAll('?', '_')}%`,
      ),
  }),
  'fold the case of prefixes': made({
    begins: (userId, prefix) => userId.toLowerCase().startsWith(prefix.toLowerCase()),
  }),
  'normalise prefixes': made({
    begins: (userId, prefix) => userId.normalize('NFC').startsWith(prefix.normalize('NFC')),
  }),
  'trim prefixes': made({ begins: (userId, prefix) => userId.startsWith(prefix.trim()) }),
  'find a prefix anywhere': made({ begins: (userId, prefix) => userId.includes(prefix) }),
  'end prefixes at the next UTF-16 unit': made({ begins: beforeNextUnit }),
  'end prefixes at U+FFFF': made({
    begins: (userId, prefix) => userId === prefix || (!isAfter(prefix, userId) && isAfter(`${prefix}\uffff`, userId)),
  }),
  'have nobody begin with nothing': made({ begins: (userId, prefix) => prefix !== '' && userId.startsWith(prefix) }),

  'order by UTF-16 units': made({ order: (one, other) => (one < other ? -1 : 1) }),
  'order by a locale': made({ order: (one, other) => one.localeCompare(other, 'en') }),
  'keep the order of arrival': made({ order: () => 0 }),
  'page from the start again': made({ page: (inOrder, { limit }) => inOrder.slice(0, limit) }),
  'page by offset': () => {
    let offset = 0
    return directory({
      page(inOrder, { after, limit }) {
        const from = after === null ? 0 : offset
        offset = from + limit
        return inOrder.slice(from, offset)
      },
    })
  },
  'page from the place of an id that must be there': made({
    page: (inOrder, { after, limit }) => {
      const from = after === null ? 0 : inOrder.indexOf(after) + 1
      return inOrder.slice(from, from + limit)
    },
  }),
  'begin a page with the id that it should follow': made({
    page: (inOrder, { after, limit }) =>
      inOrder.filter((userId) => after === null || !isAfter(after, userId)).slice(0, limit),
  }),
  'limit before they filter': () => {
    const sound = directory()
    return {
      ...sound,
      async list({ phase, locked, deadlineBefore, ...query }) {
        const page = await sound.list(query)
        const chosen = await sound.list({ ...query, phase, locked, deadlineBefore, limit: 1e6 })
        const ids = new Set(chosen.map(({ enrollment }) => enrollment.userId))
        return page.filter(({ enrollment }) => ids.has(enrollment.userId))
      },
    }
  },
  'take one more than the limit': made({
    page: (inOrder, query) => SOUND.page(inOrder, { ...query, limit: query.limit + 1 }),
  }),
  'answer 100 at most': made({
    page: (inOrder, query) => SOUND.page(inOrder, { ...query, limit: Math.min(query.limit, 100) }),
  }),
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
  'answer the facts in place of the record': but(({ list, rows }) => ({
    async list(query) {
      return (await list(query)).map(({ enrollment, version }) => ({
        enrollment: { schemaVersion: 1, userId: enrollment.userId, ...rows.get(enrollment.userId)?.index },
        version,
      }))
    },
  })),

  'answer null in findMany for nobody': but(({ findMany }) => ({
    async findMany(userIds) {
      const answer = new Map(await findMany(userIds))
      for (const userId of userIds) if (!answer.has(userId)) answer.set(userId, null as never)
      return answer
    },
  })),
  'find everybody where findMany asks for nobody': but(({ findMany, rows }) => ({
    findMany: (userIds) => findMany(userIds.length === 0 ? [...rows.keys()] : userIds),
  })),
  'refuse to find a user twice': but(({ findMany }) => ({
    async findMany(userIds) {
      if (new Set(userIds).size < userIds.length) throw new Error('duplicate keys')
      return findMany(userIds)
    },
  })),
  'find a thousand at most': but(({ findMany }) => ({
    async findMany(userIds) {
      if (userIds.length > 1000) throw new Error('too many SQL variables')
      return findMany(userIds)
    },
  })),
  'find ids without case': but(({ find, rows }) => ({
    async findMany(userIds) {
      const answer = new Map<string, StoredEnrollment>()
      const wanted = userIds.map((userId) => userId.toLowerCase())
      for (const userId of rows.keys()) {
        const stored = wanted.includes(userId.toLowerCase()) ? await find(userId) : null
        if (stored !== null) answer.set(userId, stored)
      }
      return answer
    },
  })),
  'answer findMany as an object': but(({ findMany }) => ({
    async findMany(userIds) {
      return new Map(
        Object.entries(Object.fromEntries([...(await findMany(userIds))].map(([id, at]) => [`${id}`.trim(), at]))),
      )
    },
  })),
  'answer findMany from a cache': () => {
    const sound = directory()
    const cache = new Map<string, StoredEnrollment>()
    return {
      ...sound,
      async findMany(userIds) {
        for (const [userId, stored] of await sound.findMany(userIds)) {
          if (!cache.has(userId)) cache.set(userId, stored)
        }
        return structuredClone(new Map([...cache].filter(([userId]) => userIds.includes(userId))))
      },
    }
  },
  'answer their own objects': () => {
    const sound = directory()
    const objects = new Map<string, StoredEnrollment>()
    return {
      ...sound,
      async findMany(userIds) {
        const answer = new Map<string, StoredEnrollment>()
        for (const [userId, stored] of await sound.findMany(userIds)) {
          const known = objects.get(stored.version) ?? stored
          objects.set(stored.version, known)
          answer.set(userId, known)
        }
        return answer
      },
    }
  },

  'stop saveMany at the first conflict': but(({ save }) => ({
    async saveMany(changes) {
      const outcomes: ('saved' | 'conflict')[] = []
      for (const change of changes) outcomes.push(outcomes.includes('conflict') ? 'conflict' : await save(change))
      return outcomes
    },
  })),
  'undo all of saveMany at a conflict': but(({ rows, save }) => ({
    async saveMany(changes) {
      const before = new Map(rows)
      const outcomes: ('saved' | 'conflict')[] = []
      for (const change of changes) outcomes.push(await save(change))
      if (!outcomes.includes('conflict')) return outcomes
      rows.clear()
      for (const [userId, row] of before) rows.set(userId, row)
      return changes.map(() => 'conflict')
    },
  })),
  'answer saveMany by outcome, not in order': but(({ saveMany }) => ({
    saveMany: async (changes) => [...(await saveMany(changes))].sort(),
  })),
  'answer saveMany with those saved': but(({ saveMany }) => ({
    saveMany: async (changes) => (await saveMany(changes)).filter((outcome) => outcome === 'saved'),
  })),
  'look at all versions, then save many': but(({ rows }) => ({
    async saveMany(changes) {
      const versions = changes.map(({ userId }) => rows.get(userId)?.version ?? null)
      const outcomes = changes.map(({ expected }, at) => (versions[at] === expected ? 'saved' : 'conflict'))
      for (const [at, change] of changes.entries()) if (outcomes[at] === 'saved') put(rows, change)
      return outcomes
    },
  })),
  'look, then save many': but(({ rows }) => ({
    async saveMany(changes) {
      const outcomes: ('saved' | 'conflict')[] = []
      for (const change of changes) {
        const matches = (rows.get(change.userId)?.version ?? null) === change.expected
        await null
        if (matches) put(rows, change)
        outcomes.push(matches ? 'saved' : 'conflict')
      }
      return outcomes
    },
  })),
  'lock many in the order of the call': () => {
    const sound = directory()
    const held = new Map<string, object>()
    return {
      ...sound,
      async saveMany(changes) {
        const own: object = {}
        try {
          for (const { userId } of changes) {
            for (let turns = 0; held.has(userId) && held.get(userId) !== own; turns++) {
              if (turns > 100) throw new Error('deadlock detected')
              await null
            }
            held.set(userId, own)
            await null
          }
          return await sound.saveMany(changes)
        } finally {
          for (const [userId, owner] of held) if (owner === own) held.delete(userId)
        }
      },
    }
  },
  'save at most 100 at once': but(({ saveMany }) => ({
    async saveMany(changes) {
      if (changes.length > 100) throw new RangeError('too many parameters')
      return saveMany(changes)
    },
  })),
  'refuse to save nothing': but(({ saveMany }) => ({
    async saveMany(changes) {
      if (changes.length === 0) throw new SyntaxError('VALUES of nothing')
      return saveMany(changes)
    },
  })),
  'forget the events of saveMany': but(({ saveMany }) => ({
    saveMany: (changes) => saveMany(changes.map((change) => ({ ...change, events: [] }))),
  })),
  'forget the facts of saveMany': but(({ saveMany }) => ({
    saveMany: (changes) =>
      saveMany(changes.map((change) => ({ ...change, index: { ...change.index, suspended: false } }))),
  })),

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

  'tell events of others': made({ eventsOf: (rows) => [...rows.values()].flatMap(({ events }) => events) }),
  'tell events of who begins alike': made({
    eventsOf: (rows, userId) => [...rows].filter(([id]) => id.startsWith(userId)).flatMap(([, { events }]) => events),
  }),
  'order events by their time': made({ eventOrder: (one, other) => one.at - other.at }),
  'tell the newest event first': made({ eventOrder: (one, other) => (one.id > other.id ? -1 : 1) }),
  'tell the event that a page should follow': but(({ history }) => ({
    history: (userId, { after, limit }) =>
      history(userId, { after: after === null ? null : `${after.slice(0, -1)}${Number(after.at(-1)) - 1}`, limit }),
  })),
  'tell all events on every page': but(({ history }) => ({
    history: (userId, { limit }) => history(userId, { after: null, limit }),
  })),
  'tell one page only': but(({ history }) => ({
    history: (userId, { after }) => history(userId, { after, limit: 1000 }),
  })),
  'begin a history only after an event that is there': but(({ history }) => ({
    async history(userId, { after, limit }) {
      const all = await history(userId, { after: null, limit: 1000 })
      const at = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
      return at === 0 && after !== null ? [] : all.slice(at, at + limit)
    },
  })),
  'keep the last save of a history only': () => {
    const sound = directory()
    const last = new Map<string, number>()
    return {
      ...sound,
      async save(change) {
        const outcome = await sound.save(change)
        if (outcome === 'saved') last.set(change.userId, change.events.length)
        return outcome
      },
      async history(userId, { after, limit }) {
        const all = await sound.history(userId, { after: null, limit: 1000 })
        const kept = all.slice(all.length - (last.get(userId) ?? all.length))
        return kept.filter(({ id }) => after === null || id > after).slice(0, limit)
      },
    }
  },
  'keep events after the user is removed': () => {
    const sound = directory()
    const removed = new Map<string, readonly EnrollmentEvent[]>()
    return {
      ...sound,
      async remove(userId, expected) {
        const events = await sound.history(userId, { after: null, limit: 1000 })
        const outcome = await sound.remove(userId, expected)
        if (outcome === 'removed') removed.set(userId, events)
        return outcome
      },
      async history(userId, page) {
        return [...(page.after === null ? (removed.get(userId) ?? []) : []), ...(await sound.history(userId, page))]
      },
    }
  },
  'drop what is null in events': but(({ history }) => ({
    async history(userId, page) {
      const dropping = (_: string, value: unknown): unknown =>
        typeof value === 'object' && value !== null && 'none' in value ? { ...value, none: undefined } : value
      return JSON.parse(JSON.stringify(await history(userId, page), dropping))
    },
  })),
  'write events of a save that conflicts': () => {
    const sound = directory()
    return {
      ...sound,
      async save(change) {
        const outcome = await sound.save(change)
        if (outcome === 'conflict') {
          sound.rows.get(change.userId)?.events.push(...change.events.map((event) => JSON.stringify(event)))
        }
        return outcome
      },
    }
  },
}

/** Sound over one connection, broken over several. */
export const BROKEN_APART: Readonly<Record<string, () => OpenRepository<Store>>> = {
  'count on each connection what was counted there first': () => {
    const sound = directory()
    const connect = (): Store => {
      let counted: PhaseCounts | null = null
      return {
        ...sound,
        async counts(now) {
          counted ??= await sound.counts(now)
          return counted
        },
      }
    }
    return { repository: sound, another: async () => connect() }
  },
}

/** The sound one that they were made of. */
export const soundDirectory = (): Store => directory()
