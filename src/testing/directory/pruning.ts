import { LAST_INSTANT } from '../../assert.js'
import { platform } from '../../platform.js'
import type { Movement } from '../../ports/directory.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { Instant } from '../../totp/index.js'
import type { CaseRow } from '../cases.js'
import { equal, eventOf } from '../repository-bench.js'
import { type DirectoryBench, found, LIMIT, type RepositoryWithDirectory, tells } from './bench.js'
import { countOf } from './expected.js'
import { eventAt, moves, totalsOf } from './flips.js'
import { NOW } from './instants.js'

const PRUNES = 'Deletes the events of before this instant, and answers how many they were.'
const IN_STEPS = 'Deletes the events in steps that others can write between.'
const UNTOUCHED = 'Records are untouched.'
const AGAIN = 'Repeated after it was cut off, it goes on.'
const HISTORY = "A user's events in their order, after the one of the id `after`."
const MOVEMENTS = 'How the totals changed from `from` on, from what `movementOf` reads in the stored events.'
const REMOVE = "Deletes the user's record and all events if the version still matches."
const PRUNED_BEFORE = 'The latest instant that `pruneHistory` was asked for; null: never.'
const KNOWN = 'The latest instant that `pruneHistory` was asked for, known before the first event goes.'

/** What `pruneHistory` and `prunedBefore` promise. */
export const PRUNING_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'pruning deletes exactly the events of before the instant, and says how many',
    PRUNES,
    async ({ repository, change, fill }) => {
      // Clocks go backwards, so what is old is not what comes first.
      const made = [
        [NOW - 1, NOW + 1, NOW - 1000, NOW, 0, LAST_INSTANT, NOW - 1],
        [NOW - 1, NOW - 2],
        [NOW, NOW, NOW + 1],
        [1, NOW - 1, LAST_INSTANT - 1, 10, 9],
        [],
      ].map((instants, user) => {
        const userId = `user ${user}`
        return { ...change(userId, null), events: instants.map((at, number) => eventAt(userId, number, at)) }
      })
      await fill(made)
      let kept = made
      for (const before of [0, 1, 10, NOW, NOW + 1, LAST_INSTANT]) {
        const rest = kept.map((each) => ({ ...each, events: each.events.filter(({ at }) => at >= before) }))
        await prunes(repository, before, countEvents(kept) - countEvents(rest))
        for (const { userId, events } of rest) await tells(repository, userId, events)
        kept = rest
      }
      equal(countEvents(kept), 1, 'how many events are at the last instant')
    },
  ],
  [
    'pruning leaves all records and their facts as they are, though no event is left',
    UNTOUCHED,
    async ({ repository, gather, put, alter, lists }) => {
      const ada = await put('ada', { remindAt: NOW, lockedUntil: NOW + 1 })
      const everybody = [...(await gather()), ada]
      await prunes(repository, LAST_INSTANT, countEvents(everybody))
      await lists({}, everybody)
      equal(await repository.counts(NOW), countOf(everybody, NOW), 'counts after pruning')
      equal(await repository.totals(), totalsOf(everybody), 'the totals after pruning')
      const due = [{ userId: 'ada', remindAt: NOW }]
      equal(await repository.due({ now: NOW, after: null, limit: LIMIT }), due, 'who is due after pruning')
      const later = await alter(ada, { suspended: true })
      found(await repository.findMany(['ada']), [later])
      await tells(repository, 'ada', later.events)
    },
  ],
  [
    'pruning leaves the movements of the events that are left, and the totals',
    MOVEMENTS,
    async ({ repository, change, fill }) => {
      const moved: Movement[] = []
      const made = [-1000, -2, -1, 0, 0, 1, 1000].map((pause, user) => {
        const each = change(`user ${user}`, null)
        const [at, index] = [NOW + pause, { ...each.index, enrolledAt: NOW, required: true }]
        moved.push({ at, enrolled: 1, required: 1 })
        const events = [
          eventAt(each.userId, 1, at, { required: true, enrolled: true }),
          eventAt(each.userId, 2, at - 1),
          eventAt(each.userId, 3, at + 1),
        ]
        return { ...each, index, events }
      })
      await fill(made)
      for (const before of [NOW - 1000, NOW - 1, NOW, NOW + 1, NOW + 2000]) {
        await repository.pruneHistory(before)
        await moves(
          repository,
          moved.filter(({ at }) => at >= before),
        )
        equal(await repository.totals(), totalsOf(made), `the totals after pruning to ${before}`)
      }
    },
  ],
  [
    'a history goes on after pruning, from an event that is gone and with events that come',
    HISTORY,
    async ({ repository, put, alter, change }) => {
      const grace = await put('grace')
      const made = change('ada', null)
      made.events = [1, 2, 3, 4, 5, 6].map((number) => eventAt('ada', number, NOW + number))
      equal(await repository.save(made), 'saved', 'a save with six events')
      await prunes(repository, NOW + 4, 4)
      const rest = made.events.slice(3)
      await tells(repository, 'ada', rest)
      await tells(repository, 'ada', rest.slice(0, 2), { after: eventOf('ada', 2).id, limit: 2 })
      await tells(repository, 'ada', rest.slice(1), { after: eventOf('ada', 4).id, limit: LIMIT })
      const later = await alter(made, {}, [eventAt('ada', 7, NOW + 7), eventAt('ada', 8, NOW + 8)])
      await tells(repository, 'ada', [...rest, ...later.events])
      await tells(repository, 'ada', later.events, { after: eventOf('ada', 6).id, limit: LIMIT })
      const first = await alter(grace, {}, [eventAt('grace', 2, NOW + 9)])
      await tells(repository, 'grace', first.events)
    },
  ],
  [
    'pruning again deletes nothing, but what has come since or was left',
    AGAIN,
    async ({ repository, put, alter }) => {
      const ada = await put('ada')
      await prunes(repository, NOW, 1)
      await prunes(repository, NOW, 0)
      // As a server writes whose clock is behind, or as a run that was cut off leaves them.
      const late = await alter(ada, {}, [eventAt('ada', 2, NOW - 1), eventAt('ada', 3, NOW), eventAt('ada', 4, 5)])
      await tells(repository, 'ada', late.events)
      await prunes(repository, 5, 0)
      await prunes(repository, NOW - 1, 1)
      await prunes(repository, NOW, 1)
      await prunes(repository, NOW, 0)
      await tells(repository, 'ada', late.events.slice(1, 2))
    },
  ],
  [
    'the latest instant that was pruned for is known to all, whatever it found, and never goes back',
    PRUNED_BEFORE,
    async ({ repository, connections, put, erase }) => {
      const known = async (expected: Instant | null): Promise<void> => {
        for (const over of await connections()) equal(await over.prunedBefore(), expected, 'what is known to be pruned')
      }
      await known(null)
      await prunes(repository, 0, 0)
      await known(0)
      const ada = await put('ada')
      await prunes(repository, NOW, 1)
      await known(NOW)
      for (const before of [NOW - 1, 10, 0]) await prunes(repository, before, 0)
      await known(NOW)
      await erase(ada)
      await known(NOW)
      await prunes(repository, LAST_INSTANT, 0)
      await known(LAST_INSTANT)
    },
  ],
  [
    'what is pruned is known before the first event goes',
    KNOWN,
    async ({ repository, connections, change, fill }) => {
      const made = users(200).map((userId) => ({ ...change(userId, null), events: told(userId, 20, NOW - 20) }))
      await fill(made)
      const reader = (await connections()).at(-1) as RepositoryWithDirectory
      let isOver = false
      const pruning = prunes(repository, NOW, countEvents(made)).finally(() => {
        isOver = true
      })
      const watching = async (): Promise<void> => {
        for (let at = 0; !isOver; at++) {
          const { userId, events } = made[(at * 71) % made.length] as EnrollmentChange
          const left = await reader.history(userId, { after: null, limit: LIMIT })
          // In this order: what goes between the two questions is known by then.
          const known = await reader.prunedBefore()
          if (left.length < events.length) equal(known, NOW, 'what is known to be pruned while events go')
          await turn()
        }
      }
      await Promise.all([pruning, watching()])
    },
  ],
  [
    'pruning goes through thousands of events while others save, and nothing that is saved is lost',
    IN_STEPS,
    async ({ repository, together, change, fill, lists }) => {
      const made = users(500).map(
        (userId): EnrollmentChange => ({
          ...change(userId, null),
          events: [...told(userId, 25, NOW - 1000), ...told(userId, 5, NOW, 25)],
        }),
      )
      await fill(made)
      const saved = together(made.slice(0, 100), async (over, first) => {
        const later = [first]
        for (const number of [30, 31, 32]) {
          const next = change(first.userId, later.at(-1)?.version as string, { number })
          next.events = [eventAt(first.userId, number, NOW + number)]
          equal(await over.save(next), 'saved', 'a save while events are pruned')
          later.push(next)
        }
        return later
      })
      const [, saves] = await Promise.all([prunes(repository, NOW, 500 * 25), saved])
      const all = made.map((first, at) => saves[at] ?? [first])
      await lists(
        {},
        all.map((each) => each.at(-1) as EnrollmentChange),
      )
      for (const each of all) {
        const events = each.flatMap((change) => change.events).filter(({ at }) => at >= NOW)
        await tells(repository, each[0]?.userId as string, events)
      }
      await prunes(repository, NOW, 0)
    },
  ],
  [
    'pruning by several at once deletes each event once, and the latest instant is known',
    IN_STEPS,
    async ({ repository, together, change, fill }) => {
      const made = users(100).map((userId) => ({
        ...change(userId, null),
        events: [...told(userId, 10, NOW - 10), ...told(userId, 5, NOW, 10)],
      }))
      await fill(made)
      const removed = await together([NOW + 3, NOW, NOW - 5, NOW + 3, NOW + 1, NOW - 9], (over, before) =>
        over.pruneHistory(before),
      )
      equal(
        removed.reduce((sum, count) => sum + count, 0),
        100 * 13,
        'how many events all have deleted',
      )
      for (const { userId, events } of made) await tells(repository, userId, events.slice(13))
      equal(await repository.prunedBefore(), NOW + 3, 'what is known to be pruned')
    },
  ],
  [
    'pruning knows nothing any more of who was removed, and spares who comes afresh',
    REMOVE,
    async ({ repository, put, change, erase }) => {
      const grace = await put('grace')
      const before = { ...change('ada', null), events: told('ada', 4, NOW - 10) }
      equal(await repository.save(before), 'saved', 'a save with four events')
      await erase(before)
      // The ids of her events begin afresh as well.
      const after = { ...change('ada', null), events: told('ada', 2, NOW) }
      equal(await repository.save(after), 'saved', 'a creation after the removal')
      await prunes(repository, NOW, countEvents([grace]))
      await tells(repository, 'ada', after.events)
      await erase(after)
      await prunes(repository, LAST_INSTANT, 0)
    },
  ],
]

/** Checks that pruning deletes so many events. */
async function prunes(repository: RepositoryWithDirectory, before: Instant, expected: number): Promise<void> {
  equal(await repository.pruneHistory(before), expected, `how many events of before ${before} are deleted`)
}

/** Lets timers come: a store that answers at once would never get to its next step for all the questions. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    platform.setTimeout(resolve, 0)
  })
}

/** Events, a millisecond after each other. */
function told(userId: string, count: number, from: Instant, first = 0): EnrollmentChange['events'] {
  return Array.from({ length: count }, (_, place) => eventAt(userId, first + place, from + place))
}

function users(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `user ${at}`)
}

function countEvents(changes: readonly EnrollmentChange[]): number {
  return changes.reduce((count, { events }) => count + events.length, 0)
}
