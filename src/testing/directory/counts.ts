import { LAST_INSTANT } from '../../assert.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { CaseRow } from '../cases.js'
import { equal } from '../repository-bench.js'
import { type DirectoryBench, tells } from './bench.js'
import { ENDS_OF_TIME } from './crowd.js'
import { ALL_PHASES, countOf, NOBODY, stoppableBefore } from './expected.js'
import { moves, NONE } from './flips.js'
import { AROUND_NOW, NOW } from './instants.js'

const EVERYTHING = 'Everybody who has a record and all that is asked for.'
const COUNTS = 'How many users with a record are in each phase, in all, and locked.'
const PHASES = 'Filters and counts agree with `phaseOf` at every instant.'
const DEADLINES =
  'How many deadlines (of the required, neither enrolled nor suspended) fall into each [edges[i], edges[i + 1]).'

/** What `counts` and `deadlines` promise. */
export const COUNT_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'lists, counts and deadlines follow each write, and no conflict',
    EVERYTHING,
    async ({ repository, put, change, lists }) => {
      const step = { ...NOBODY, total: 1 }
      const first = await put('ada', { required: true, startsAt: NOW - 1, deadline: NOW + 5, lockedUntil: NOW + 1 })
      const edges = [NOW, NOW + 5, NOW + 10]
      await lists({ phase: 'enrollment-period', locked: true }, [first])
      equal(await repository.counts(NOW), { ...step, 'enrollment-period': 1, locked: 1 }, 'counts after a save')
      equal(await repository.deadlines({ edges, now: NOW }), [0, 1], 'deadlines after a save')

      const refused = change('ada', null)
      refused.index = { ...refused.index, suspended: true }
      equal(await repository.save(refused), 'conflict', 'a second creation')
      await lists({ phase: 'suspended' }, [])
      await lists({ phase: 'enrollment-period', locked: true }, [first])

      const moved = change('ada', first.version)
      moved.index = { ...first.index, deadline: NOW + 4, lockedUntil: null }
      equal(await repository.save(moved), 'saved', 'a deadline moved')
      await lists({ locked: true }, [])
      equal(await repository.deadlines({ edges, now: NOW }), [1, 0], 'deadlines after one was moved')

      const enrolled = change('ada', moved.version)
      enrolled.index = { ...moved.index, enrolledAt: NOW }
      equal(await repository.saveMany([enrolled]), ['saved'], 'an authenticator bound')
      await lists({ phase: 'enrollment-period' }, [])
      await lists({ phase: 'enrolled', locked: false }, [enrolled])
      equal(await repository.counts(NOW), { ...step, enrolled: 1 }, 'counts after an authenticator was bound')
      equal(await repository.deadlines({ edges, now: NOW }), [0, 0], 'deadlines after an authenticator was bound')

      equal(await repository.remove('ada', first.version), 'conflict', 'a removal with a version gone by')
      await lists({ phase: 'enrolled' }, [enrolled])
      equal(await repository.remove('ada', enrolled.version), 'removed', 'a removal')
      for (const phase of ALL_PHASES) await lists({ phase }, [])
      await lists({ locked: false }, [])
      equal(await repository.counts(NOW), NOBODY, 'counts after a removal')
    },
  ],
  [
    'counts of an empty store are zero, and nothing is listed, due or told',
    COUNTS,
    async ({ repository, lists }) => {
      equal(await repository.counts(NOW), NOBODY, 'counts of an empty store')
      equal(await repository.deadlines({ edges: [0, NOW, LAST_INSTANT], now: NOW }), [0, 0], 'deadlines of nobody')
      await lists({}, [])
      equal(await repository.due({ now: LAST_INSTANT, after: null, limit: 1 }), [], 'who is due of nobody')
      equal(await repository.totals(), NONE, 'the totals of nobody')
      await moves(repository, [])
      await tells(repository, 'nobody', [])
    },
  ],
  [
    'counts are how many phaseOf says, at the instants around every boundary',
    PHASES,
    async ({ repository, gather }) => {
      const everybody = await gather()
      for (const now of AROUND_NOW) {
        equal(await repository.counts(now), countOf(everybody, now), `counts at ${now - NOW} ms from the boundary`)
      }
    },
  ],
  [
    'counts agree at the first and the last instants that there are',
    PHASES,
    async ({ repository, gather }) => {
      const everybody = await gather(ENDS_OF_TIME)
      for (const now of [0, 1, LAST_INSTANT - 1, LAST_INSTANT]) {
        equal(await repository.counts(now), countOf(everybody, now), `counts at ${now}`)
      }
    },
  ],
  [
    'counts have who is locked in every phase',
    COUNTS,
    async ({ repository, put }) => {
      await put('open')
      await put('ended', { lockedUntil: NOW })
      await put('locked', { lockedUntil: NOW + 1 })
      await put('disabled', { lockedUntil: LAST_INSTANT, suspended: true })
      const expected = { ...NOBODY, optional: 3, suspended: 1, total: 4, locked: 2 }
      equal(await repository.counts(NOW), expected, 'counts with two locked of four')
    },
  ],
  [
    'a deadline at an edge is in the interval that begins there, and one outside is in none',
    DEADLINES,
    async ({ repository, put }) => {
      const [first, second, third] = [NOW + 10, NOW + 20, NOW + 50]
      const deadlines = [first - 1, first, first + 1, second - 1, second, second, third - 1, third, third + 1, 0]
      for (const [at, deadline] of deadlines.entries()) {
        await put(`user ${at}`, { required: true, startsAt: 0, deadline })
      }
      equal(
        await repository.deadlines({ edges: [first, second, third], now: NOW }),
        [3, 3],
        'deadlines of two intervals',
      )
      equal(await repository.deadlines({ edges: [second, second + 1], now: NOW }), [2], 'deadlines of one millisecond')
      equal(await repository.deadlines({ edges: [third + 2, LAST_INSTANT], now: NOW }), [0], 'deadlines after them all')
      equal(await repository.deadlines({ edges: [0, LAST_INSTANT], now: NOW }), [deadlines.length], 'all deadlines')
    },
  ],
  [
    'deadlines are of those whom they can still stop, whatever the time',
    DEADLINES,
    async ({ repository, gather }) => {
      const everybody = await gather()
      for (const now of [0, ...AROUND_NOW, LAST_INSTANT]) {
        const edges = [0, NOW - 1, NOW, NOW + 1, NOW + 2, LAST_INSTANT]
        equal(
          await repository.deadlines({ edges, now }),
          edges.slice(1).map((end, at) => everybody.filter(stoppableBefore(end, edges[at])).length),
          'deadlines of those who are neither enrolled nor suspended',
        )
      }
    },
  ],
  [
    'deadlines take as many edges as there are days in a year, of different lengths, and none',
    DEADLINES,
    async ({ repository, put }) => {
      const hour = 3_600_000
      const edges = [NOW]
      for (let day = 0; day < 366; day++) edges.push((edges[day] as number) + (day % 100 === 7 ? 23 : 24) * hour)
      const saved: EnrollmentChange[] = []
      for (const [at, deadline] of edges.entries()) {
        if (at % 12 > 0) continue
        const terms = { required: true, startsAt: null }
        saved.push(await put(`at ${at}`, { ...terms, deadline }))
        saved.push(await put(`before ${at}`, { ...terms, deadline: deadline - 1 }))
      }
      equal(
        await repository.deadlines({ edges, now: NOW }),
        edges.slice(1).map((end, at) => saved.filter(stoppableBefore(end, edges[at])).length),
        'deadlines of 366 days',
      )
      equal(await repository.deadlines({ edges: [NOW], now: NOW }), [], 'deadlines of one edge')
      equal(await repository.deadlines({ edges: [], now: NOW }), [], 'deadlines of no edge')
    },
  ],
]
