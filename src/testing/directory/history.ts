import { LAST_INSTANT } from '../../assert.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { CaseRow } from '../cases.js'
import { equal, eventOf, randomVersion, shown } from '../repository-bench.js'
import { type DirectoryBench, LIMIT, tells } from './bench.js'
import { TRIPPING_IDS } from './crowd.js'
import { NOW } from './instants.js'

const HISTORY = "A user's events in their order, after the one of the id `after`."
const REMOVE = "Deletes the user's record and all events if the version still matches."

/** What `history` promises. */
export const HISTORY_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'history tells the events of each save, each as it is',
    HISTORY,
    async ({ repository, change }) => {
      const details = { text: '\u{1f600} "\'\\', count: Number.MAX_SAFE_INTEGER, share: 0.1, no: false, none: null }
      const first = change('ada', null)
      first.events = [
        { ...eventOf('ada', 1), details },
        { ...eventOf('ada', 2), type: 'exempted', actor: 'root', reason: '\u00e9e\u0301 ', at: LAST_INSTANT },
        { ...eventOf('ada', 3), details: {}, at: 0 },
      ]
      equal(await repository.save(first), 'saved', 'a save with three events')
      const silent = { ...change('ada', first.version), events: [] }
      equal(await repository.save(silent), 'saved', 'a save without events')
      const last = { ...change('ada', silent.version), events: [eventOf('ada', 4)] }
      equal(await repository.save(last), 'saved', 'a save with one event')
      await tells(repository, 'ada', [...first.events, ...last.events])
    },
  ],
  [
    'history is in the order of the ids, though the clock went backwards',
    HISTORY,
    async ({ repository, change }) => {
      const told: EnrollmentChange['events'][number][] = []
      let version: string | null = null
      for (let save = 0; save < 6; save++) {
        const made: EnrollmentChange = change('ada', version)
        made.events = [0, 1].map((at) => ({ ...eventOf('ada', 8 + 2 * save + at), at: NOW - save * 1000 }))
        equal(await repository.save(made), 'saved', 'a save')
        told.push(...made.events)
        version = made.version
      }
      await tells(repository, 'ada', told)
    },
  ],
  [
    'history goes by pages: after an id, so many at most',
    HISTORY,
    async ({ repository, change }) => {
      const made = change('ada', null)
      made.events = Array.from({ length: 25 }, (_, at) => eventOf('ada', at + 1))
      equal(await repository.save(made), 'saved', 'a save with 25 events')
      const ids = made.events.map(({ id }) => id)
      for (const limit of [1, 7, 24, 25, LIMIT]) {
        for (let at = 0; at <= made.events.length; at += limit) {
          const after = at === 0 ? null : (ids[at - 1] as string)
          await tells(repository, 'ada', made.events.slice(at, at + limit), { after, limit })
        }
      }
      await tells(repository, 'ada', [], { after: ids.at(-1) as string, limit: 1 })
      await tells(repository, 'ada', made.events.slice(3, 5), { after: `${ids[2]}!`, limit: 2 })
    },
  ],
  [
    'history is of one user, whatever the ids of others are like',
    HISTORY,
    async ({ repository, change }) => {
      const saved: EnrollmentChange[] = []
      for (const userId of [...TRIPPING_IDS, 'ad', 'adam', 'ada:1', 'ada/', 'ada#']) {
        // The ids of events are a user's own: all have the same.
        const made = { ...change(userId, null), events: [eventOf(userId, 1), eventOf(userId, 2)] }
        equal(await repository.save(made), 'saved', `a first save of ${shown(userId)}`)
        saved.push(made)
      }
      for (const { userId, events } of saved) {
        await tells(repository, userId, events)
        await tells(repository, userId, events.slice(1), { after: eventOf(userId, 1).id, limit: LIMIT })
      }
      await tells(repository, 'nobody', [])
    },
  ],
  [
    'history goes with the record, and a new one begins afresh',
    REMOVE,
    async ({ repository, put, change }) => {
      const grace = await put('grace')
      const before = { ...change('ada', null), events: [1, 2, 3].map((at) => eventOf('ada', at)) }
      equal(await repository.save(before), 'saved', 'a save')
      equal(await repository.remove('ada', randomVersion()), 'conflict', 'a removal with another version')
      await tells(repository, 'ada', before.events)
      equal(await repository.remove('ada', before.version), 'removed', 'a removal')
      await tells(repository, 'ada', [])
      const after = { ...change('ada', null), events: [eventOf('ada', 1)] }
      equal(await repository.save(after), 'saved', 'a creation after the removal')
      await tells(repository, 'ada', after.events)
      await tells(repository, 'grace', grace.events)
    },
  ],
  [
    'history tells nothing of a save that met a conflict',
    HISTORY,
    async ({ repository, put, change }) => {
      const ada = await put('ada')
      for (const expected of [null, randomVersion()]) {
        equal(await repository.save(change('ada', expected)), 'conflict', 'a save over another version')
        equal(await repository.saveMany([change('ada', expected)]), ['conflict'], 'saveMany over another version')
        equal(await repository.save(change('nobody', randomVersion())), 'conflict', 'a save over nothing')
      }
      await tells(repository, 'ada', ada.events)
      await tells(repository, 'nobody', [])
    },
  ],
]
