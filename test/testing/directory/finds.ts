import type { StoredEnrollment } from '../../../src/ports/index.js'
import { type Broken, but, directory } from './sound.js'

export const BROKEN_FINDS: Broken = {
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
}
