import type { Enrollment, EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../src/ports/index.js'
import type { OpenRepository } from '../../src/testing/index.js'

type Rows = Map<string, { version: string; text: string }>

/** A sound repository on a Map, and the Map: what the broken ones break. */
function sound(rows: Rows = new Map()): EnrollmentRepository & { rows: Rows } {
  return {
    rows,
    async find(userId) {
      const row = rows.get(userId)
      return row === undefined ? null : { enrollment: JSON.parse(row.text), version: row.version }
    },
    async save(change) {
      if ((rows.get(change.userId)?.version ?? null) !== change.expected) return 'conflict'
      put(rows, change)
      return 'saved'
    },
    async remove(userId, expected) {
      if (rows.get(userId)?.version !== expected) return 'conflict'
      rows.delete(userId)
      return 'removed'
    },
  }
}

function put(rows: Rows, { userId, version, enrollment }: EnrollmentChange): void {
  rows.set(userId, { version, text: JSON.stringify(enrollment) })
}

/** Looks users up by something made of their ids. */
function keyed(keyOf: (userId: string) => string): EnrollmentRepository {
  const { find, save, remove } = sound()
  return {
    find: (userId) => find(keyOf(userId)),
    save: (change) => save({ ...change, userId: keyOf(change.userId) }),
    remove: (userId, expected) => remove(keyOf(userId), expected),
  }
}

/** Stores something made of the record, value by value. */
function coded(replace: (value: unknown) => unknown): EnrollmentRepository {
  const base = sound()
  const copy = (enrollment: Enrollment): Enrollment =>
    JSON.parse(JSON.stringify(enrollment, (_, value) => replace(value)))
  return { ...base, save: (change) => base.save({ ...change, enrollment: copy(change.enrollment) }) }
}

/** Compares versions by something made of them. */
function versioned(sameVersion: (one: string, other: string) => boolean): EnrollmentRepository {
  const { rows, find } = sound()
  const matches = (userId: string, expected: string | null): boolean => {
    const version = rows.get(userId)?.version ?? null
    return version === null || expected === null ? version === expected : sameVersion(version, expected)
  }
  return {
    find,
    async save(change) {
      if (!matches(change.userId, change.expected)) return 'conflict'
      put(rows, change)
      return 'saved'
    },
    async remove(userId, expected) {
      if (!matches(userId, expected)) return 'conflict'
      rows.delete(userId)
      return 'removed'
    },
  }
}

/** Keeps events under a unique key, as a table does. */
function withEvents(options: {
  onConflict?: boolean
  stay?: boolean
  ownerOf?: (userId: string) => string
}): EnrollmentRepository {
  const { ownerOf = (userId: string) => userId } = options
  const base = sound()
  const events = new Map<string, Set<string>>()
  return {
    ...base,
    async save(change) {
      const outcome = await base.save(change)
      if (outcome === 'conflict' && !options.onConflict) return outcome
      const owner = ownerOf(change.userId)
      const kept = events.get(owner) ?? new Set()
      events.set(owner, kept)
      for (const { id } of change.events) {
        if (kept.has(id)) throw new Error('UNIQUE constraint failed')
        kept.add(id)
      }
      return outcome
    },
    async remove(userId, expected) {
      const outcome = await base.remove(userId, expected)
      if (!options.stay && outcome === 'removed') events.delete(ownerOf(userId))
      return outcome
    },
  }
}

/** Waits between looking and writing, where `when` says so. */
function checksThenActs(
  when: (change: EnrollmentChange | 'remove') => boolean,
  rows: Rows = new Map(),
): EnrollmentRepository {
  const { find } = sound(rows)
  return {
    find,
    async save(change) {
      if ((rows.get(change.userId)?.version ?? null) !== change.expected) return 'conflict'
      if (when(change)) await null
      put(rows, change)
      return 'saved'
    },
    async remove(userId, expected) {
      if (rows.get(userId)?.version !== expected) return 'conflict'
      if (when('remove')) await null
      rows.delete(userId)
      return 'removed'
    },
  }
}

/** Overrides parts of a sound repository. */
function but(
  flaw: (base: EnrollmentRepository & { rows: Rows }) => Partial<EnrollmentRepository>,
): () => EnrollmentRepository {
  return () => {
    const base = sound()
    return { ...base, ...flaw(base) }
  }
}

/** Like SQL's LIKE. */
function matchesPattern(text: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, 's').test(text)
}

/** Repositories that each break one promise, by what they do wrong: mistakes that stores have been seen to make. */
export const BROKEN: Readonly<Record<string, () => EnrollmentRepository>> = {
  'folds case': () => keyed((id) => id.toLowerCase()),
  trims: () => keyed((id) => id.trim()),
  'pads with blanks, as MySQL does': () => keyed((id) => id.replace(/ +$/, '')),
  'normalises ids': () => keyed((id) => id.normalize('NFC')),
  'drops accents, as a collation does': () => keyed((id) => id.normalize('NFD').replaceAll(/\p{Mark}/gu, '')),
  'replaces what is no letter or digit in ids': () => keyed((id) => id.replaceAll(/\W/g, '_')),
  'takes ids for patterns': but(({ rows, find }) => ({
    async find(userId) {
      const key = [...rows.keys()].find((candidate) => matchesPattern(candidate, userId))
      return key === undefined ? null : find(key)
    },
  })),
  'keeps records as properties of an object': () => {
    const rows: Record<string, { version: string; text: string }> = {}
    return {
      async find(userId) {
        const row = rows[userId]
        return row ? { enrollment: JSON.parse(row.text), version: row.version } : null
      },
      async save(change) {
        if ((rows[change.userId]?.version ?? null) !== change.expected) return 'conflict'
        rows[change.userId] = { version: change.version, text: JSON.stringify(change.enrollment) }
        return 'saved'
      },
      async remove(userId, expected) {
        if (rows[userId]?.version !== expected) return 'conflict'
        delete rows[userId]
        return 'removed'
      },
    }
  },
  'cuts ids to 254 bytes': () => keyed((id) => Buffer.from(id).subarray(0, 254).toString('latin1')),
  'takes ids that are numbers for numbers': () => keyed((id) => (/^-?\d+$/.test(id) ? `${Number(id)}` : id)),

  'drops nulls': () =>
    coded((value) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null))
        : value,
    ),
  'takes empty text for null': () => coded((value) => (value === '' ? null : value)),
  'keeps numbers in 32 bits': () => coded((value) => (typeof value === 'number' ? value | 0 : value)),
  'keeps 15 digits of a number': () =>
    coded((value) => (typeof value === 'number' ? Number(value.toPrecision(15)) : value)),
  'normalises text': () => coded((value) => (typeof value === 'string' ? value.normalize('NFC') : value)),
  'trims text': () => coded((value) => (typeof value === 'string' ? value.trim() : value)),
  'knows no characters beyond U+FFFF': () =>
    coded((value) => (typeof value === 'string' ? value.replaceAll(/[\u{10000}-\u{10ffff}]/gu, '?') : value)),
  'sorts lists': () => coded((value) => (Array.isArray(value) ? [...value].sort() : value)),
  'keeps lists as objects': () => coded((value) => (Array.isArray(value) ? { ...value } : value)),
  'keeps lists as sets': () => coded((value) => (Array.isArray(value) ? [...new Set(value)] : value)),
  'cuts records to 32 KiB': () =>
    coded((value) => (Array.isArray(value) && JSON.stringify(value).length > 32_768 ? value.slice(0, 500) : value)),
  'refuses facts beyond 32 bits': but(({ save }) => ({
    async save(change) {
      if (Object.values(change.index).some((fact) => Number(fact) > 2 ** 31 - 1))
        throw new RangeError('integer out of range')
      return save(change)
    },
  })),
  'refuses a save without events': but(({ save }) => ({
    async save(change) {
      if (change.events.length === 0) throw new SyntaxError('VALUES of nothing')
      return save(change)
    },
  })),

  'answers its own object': () => {
    const { rows, save, remove } = sound()
    const answered = new Map<string, StoredEnrollment>()
    return {
      async find(userId) {
        const row = rows.get(userId)
        if (row === undefined) return null
        const known = answered.get(row.version) ?? { enrollment: JSON.parse(row.text), version: row.version }
        answered.set(row.version, known)
        return known
      },
      save,
      remove,
    }
  },
  "keeps the caller's object": () => {
    const objects = new Map<string, EnrollmentChange>()
    return {
      async find(userId) {
        const kept = objects.get(userId)
        return kept === undefined ? null : structuredClone({ enrollment: kept.enrollment, version: kept.version })
      },
      async save(change) {
        if ((objects.get(change.userId)?.version ?? null) !== change.expected) return 'conflict'
        objects.set(change.userId, change)
        return 'saved'
      },
      async remove(userId, expected) {
        if (objects.get(userId)?.version !== expected) return 'conflict'
        objects.delete(userId)
        return 'removed'
      },
    }
  },

  'answers undefined for nobody': but(({ find }) => ({
    find: async (userId) => (await find(userId)) ?? (undefined as unknown as null),
  })),
  'answers an empty record for nobody': but(({ find }) => ({
    find: async (userId) => (await find(userId)) ?? { enrollment: { schemaVersion: 1, userId }, version: '' },
  })),
  'answers from a cache that saves go past': () => {
    const { find, save, remove } = sound()
    const cache = new Map<string, StoredEnrollment | null>()
    return {
      async find(userId) {
        const cached = cache.get(userId) ?? (await find(userId))
        if (cached !== null) cache.set(userId, cached)
        return structuredClone(cached)
      },
      save,
      async remove(userId, expected) {
        cache.delete(userId)
        return remove(userId, expected)
      },
    }
  },
  'reports a save without writing': () => ({ ...sound(), save: async () => 'saved' }),
  'reports a conflict as saved': but(({ save }) => ({
    async save(change) {
      await save(change)
      return 'saved'
    },
  })),
  'reports a conflict and writes': but(({ rows, save }) => ({
    async save(change) {
      const outcome = await save(change)
      put(rows, change)
      return outcome
    },
  })),
  'reports a save as a conflict': but(({ save }) => ({
    async save(change) {
      await save(change)
      return 'conflict'
    },
  })),
  'replaces on creation': but(({ rows, save }) => ({
    async save(change) {
      if (change.expected === null) rows.delete(change.userId)
      return save(change)
    },
  })),
  'creates on replacement': but(({ rows, save }) => ({
    async save(change) {
      return save({ ...change, expected: rows.has(change.userId) ? change.expected : null })
    },
  })),
  'ignores versions': () => versioned(() => true),
  'makes versions of its own, from 1': but(({ rows, save }) => ({
    async save(change) {
      const version = `${Number(rows.get(change.userId)?.version ?? 0) + 1}`
      return save({ ...change, version })
    },
  })),
  'asks whether anybody has the version': but(({ rows }) => ({
    async save(change) {
      const versions = [...rows.values()].map(({ version }) => version)
      const known = change.expected === null ? !rows.has(change.userId) : versions.includes(change.expected)
      if (!known) return 'conflict'
      put(rows, change)
      return 'saved'
    },
  })),
  'takes versions for numbers': () => versioned((one, other) => one === other || Number(one) === Number(other)),
  'compares the first 16 characters of a version': () =>
    versioned((one, other) => one.slice(0, 16) === other.slice(0, 16)),
  'compares the last 16 characters of a version': () => versioned((one, other) => one.slice(-16) === other.slice(-16)),

  'removes whatever the version': but(({ rows }) => ({
    remove: async (userId) => (rows.delete(userId) ? 'removed' : 'conflict'),
  })),
  'removes everybody': but(({ rows, remove }) => ({
    async remove(userId, expected) {
      const outcome = await remove(userId, expected)
      if (outcome === 'removed') rows.clear()
      return outcome
    },
  })),
  'reports a removal without removing': () => ({ ...sound(), remove: async () => 'removed' }),
  'reports a removal of nobody': but(({ rows, remove }) => ({
    remove: async (userId, expected) => (rows.has(userId) ? remove(userId, expected) : 'removed'),
  })),
  'never takes a removed user back': but(({ save, remove }) => {
    const removed = new Set<string>()
    return {
      save: async (change) => (removed.has(change.userId) ? 'conflict' : save(change)),
      async remove(userId, expected) {
        removed.add(userId)
        return remove(userId, expected)
      },
    }
  }),
  'takes the version of a removed record for the stored one': but(({ rows, save, remove }) => {
    const removed = new Map<string, string>()
    return {
      async save(change) {
        if (removed.has(change.userId) && removed.get(change.userId) === change.expected) {
          put(rows, change)
          return 'saved'
        }
        return save(change)
      },
      async remove(userId, expected) {
        removed.set(userId, expected)
        return remove(userId, expected)
      },
    }
  }),
  'keeps the events of removed users': () => withEvents({ stay: true }),
  'writes events on conflict': () => withEvents({ onConflict: true }),
  'folds the case of the owners of events': () => withEvents({ ownerOf: (userId) => userId.toLowerCase() }),
  'takes event ids to be unique among all users': () => withEvents({ ownerOf: () => '' }),

  'checks, then creates': () => checksThenActs((change) => change !== 'remove' && change.expected === null),
  'checks, then replaces': () => checksThenActs((change) => change !== 'remove' && change.expected !== null),
  'checks, then removes': () => checksThenActs((change) => change === 'remove'),
  'does again what it did before': but(({ rows, save }) => {
    const done = new Set<string>()
    return {
      async save(change) {
        const outcome = done.has(change.version) ? 'saved' : await save(change)
        if (outcome === 'saved') put(rows, change)
        done.add(change.version)
        return outcome
      },
    }
  }),
  'mixes up users written at once': () => {
    const { find, save, remove } = sound()
    let bound: EnrollmentChange
    return {
      find,
      async save(change) {
        bound = change
        await null
        return save({ ...bound, expected: change.expected, userId: change.userId })
      },
      remove,
    }
  },
}

/** Stores that are sound over one connection and break a promise over several. */
export const BROKEN_APART: Readonly<Record<string, () => OpenRepository>> = {
  'remembers on each connection what it read there': () => {
    const rows: Rows = new Map()
    const connect = (): EnrollmentRepository => {
      const { find, save, remove } = sound(rows)
      const read = new Map<string, StoredEnrollment | null>()
      return {
        async find(userId) {
          const known = read.get(userId) ?? (await find(userId))
          read.set(userId, known)
          return structuredClone(known)
        },
        async save(change) {
          const outcome = await save(change)
          read.delete(change.userId)
          return outcome
        },
        async remove(userId, expected) {
          read.delete(userId)
          return remove(userId, expected)
        },
      }
    }
    return { repository: connect(), another: async () => connect() }
  },
  'checks, then acts, one call after the other on each connection': () => {
    const rows: Rows = new Map()
    const connect = (): EnrollmentRepository => {
      const { save, remove, find } = checksThenActs(() => true, rows)
      let last: Promise<unknown> = Promise.resolve()
      const inTurn = <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
        const next = last.then(work)
        last = next
        return next
      }
      return {
        find,
        save: (change) => inTurn(() => save(change)),
        remove: (userId, expected) => inTurn(() => remove(userId, expected)),
      }
    }
    return { repository: connect(), another: async () => connect() }
  },
}
