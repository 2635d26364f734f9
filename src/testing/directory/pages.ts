import type { EnrollmentChange } from '../../ports/index.js'
import type { CaseRow } from '../cases.js'
import { type DirectoryBench, LIMIT } from './bench.js'
import { inByteOrder, inPhase } from './expected.js'
import { NOW } from './instants.js'

const BY_KEY = 'Pages go by key: the ids after `after`, at most `limit` of them.'

/** What `list` promises of its pages. */
export const PAGE_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'pages follow each other without a gap or a repetition, whatever their size',
    BY_KEY,
    async ({ gather, lists }) => {
      const everybody = inByteOrder(await gather())
      const overdue = inPhase(everybody, 'overdue', NOW)
      const ids = everybody.map(({ userId }) => userId)
      for (const { filter, start, expected, limits } of [
        { filter: {}, start: null, expected: everybody, limits: [7, everybody.length, LIMIT] },
        { filter: { phase: 'overdue' }, start: null, expected: overdue, limits: [1, 3] },
        { filter: {}, start: ids.at(-21) as string, expected: everybody.slice(-20), limits: [1, 20, 21] },
      ] as const) {
        for (const limit of limits) {
          let after: string | null = start
          for (let at = 0; at < expected.length; at += limit) {
            const page: readonly EnrollmentChange[] = expected.slice(at, at + limit)
            await lists({ ...filter, after, limit }, page)
            after = (page.at(-1) as EnrollmentChange).userId
          }
          await lists({ ...filter, after: ids.at(-1) as string, limit }, [])
        }
      }
    },
  ],
  [
    'a page begins after an id that nobody has, too',
    BY_KEY,
    async ({ put, lists }) => {
      const [b, d] = [await put('b'), await put('d')]
      await lists({ after: 'a' }, [b, d])
      await lists({ after: 'a\u{10ffff}' }, [b, d])
      await lists({ after: 'b\u0001' }, [d])
      await lists({ after: 'c' }, [d])
      await lists({ after: 'd' }, [])
      await lists({ after: '\u{10ffff}' }, [])
      await lists({ after: 'c', userIdPrefix: 'b' }, [])
      await lists({ after: 'a', userIdPrefix: 'b' }, [b])
    },
  ],
  [
    'users who come and go between pages move nobody else',
    BY_KEY,
    async ({ put, erase, lists }) => {
      const saved = new Map<string, EnrollmentChange>()
      for (let at = 10; at < 30; at += 2) saved.set(`user ${at}`, await put(`user ${at}`))
      const remove = (userId: string): Promise<void> => erase(saved.get(userId) as EnrollmentChange)
      const page = (...ids: string[]): EnrollmentChange[] => ids.map((id) => saved.get(id) as EnrollmentChange)
      await lists({ limit: 3 }, page('user 10', 'user 12', 'user 14'))
      // Of the page gone by, one that comes before it, the last of it itself, and one of the next.
      await remove('user 10')
      await put('user 11')
      await remove('user 14')
      await remove('user 18')
      saved.set('user 19', await put('user 19'))
      await lists({ after: 'user 14', limit: 3 }, page('user 16', 'user 19', 'user 20'))
      await put('user 200')
      await lists({ after: 'user 200', limit: 3 }, page('user 22', 'user 24', 'user 26'))
      await remove('user 28')
      await lists({ after: 'user 26', limit: 3 }, [])
    },
  ],
]
