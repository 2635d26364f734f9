import type { EnrollmentChange } from '../../ports/index.js'
import type { CaseRow } from '../cases.js'
import { equal } from '../repository-bench.js'
import { type DirectoryBench, found, LIMIT, MANY } from './bench.js'
import { TRIPPING_IDS } from './crowd.js'
import { eventAt, moves } from './flips.js'
import { NOW } from './instants.js'

const FIND_MANY = 'The latest committed records of these users; those without one are not in the answer.'
const UNCHANGED = 'The record is stored and answered unchanged.'

/** What `findMany` promises, and what all reads do. */
export const FIND_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'findMany answers those who have a record, each under its version, and leaves out the others',
    FIND_MANY,
    async ({ repository, put }) => {
      const [ada, grace] = [await put('ada', {}, { of: 'ada' }), await put('grace', {}, { of: 'grace' })]
      await put('edsger')
      found(await repository.findMany(['grace', 'nobody', 'ada', 'no one']), [ada, grace])
      found(await repository.findMany(['nobody']), [])
      found(await repository.findMany([]), [])
    },
  ],
  [
    'findMany answers a user once who is asked for twice',
    FIND_MANY,
    async ({ repository, put }) => {
      const [ada, grace] = [await put('ada'), await put('grace')]
      found(await repository.findMany(['ada', 'nobody', 'ada', 'grace', 'ada', 'nobody']), [ada, grace])
    },
  ],
  [
    'findMany finds hundreds at once among more that are not there',
    FIND_MANY,
    async ({ repository, change }) => {
      const ids = Array.from({ length: 3 * MANY }, (_, at) => `user ${at}`)
      const saved = ids.filter((_, at) => at % 3 === 1).map((userId, at) => change(userId, null, { at }))
      equal(
        await repository.saveMany(saved),
        Array.from(saved, () => 'saved'),
        'saveMany of hundreds of new users',
      )
      found(await repository.findMany(ids), saved)
    },
  ],
  [
    'findMany tells ids apart byte for byte, and takes them all for ordinary',
    FIND_MANY,
    async ({ repository, put }) => {
      const saved: EnrollmentChange[] = []
      for (const [at, userId] of TRIPPING_IDS.entries()) if (at % 2 === 0) saved.push(await put(userId, {}, { at }))
      found(await repository.findMany(TRIPPING_IDS), saved)
      for (const [at, userId] of TRIPPING_IDS.entries()) {
        if (at % 2 === 1) saved.push(await put(userId, {}, { at }))
      }
      found(await repository.findMany(TRIPPING_IDS), saved)
      for (const change of saved) found(await repository.findMany([change.userId]), [change])
    },
  ],
  [
    'findMany and list answer what was written last',
    FIND_MANY,
    async ({ repository, put, write, lists }) => {
      const first = await put('ada', {}, { step: 1 })
      const grace = await put('grace')
      found(await repository.findMany(['ada', 'grace']), [first, grace])
      await lists({}, [first, grace])
      const second = await write('ada', first.version, { step: 2 })
      found(await repository.findMany(['ada', 'grace']), [second, grace])
      await lists({}, [second, grace])
      equal(await repository.remove('grace', grace.version), 'removed', 'a removal')
      found(await repository.findMany(['ada', 'grace']), [second])
      await lists({}, [second])
    },
  ],
  [
    'what one connection wrote, every other finds, lists, counts and tells at once',
    FIND_MANY,
    async ({ connections, change }) => {
      const over = await connections()
      for (const [at, writer] of over.entries()) {
        const saved = change(`user ${at}`, null, { at })
        saved.index = { ...saved.index, required: true, deadline: NOW, remindAt: NOW + at }
        saved.events = [eventAt(saved.userId, 1, NOW + at, { required: true })]
        equal(await writer.saveMany([saved]), ['saved'], 'a save on one connection')
        for (const reader of over) {
          found(await reader.findMany([saved.userId]), [saved])
          const query = { now: NOW, after: null, limit: LIMIT, userIdPrefix: saved.userId }
          equal((await reader.list(query)).length, 1, `how many another connection lists of ${saved.userId}`)
          equal((await reader.counts(NOW)).total, at + 1, 'how many another connection counts')
          const told = await reader.history(saved.userId, { after: null, limit: LIMIT })
          equal(told, saved.events, 'what another connection tells')
          const due = await reader.due({ now: NOW + at, after: null, limit: LIMIT })
          equal(due.at(-1), { userId: saved.userId, remindAt: NOW + at }, 'whom another connection reminds last')
          equal(await reader.totals(), { enrolled: 0, required: at + 1 }, 'the totals over another connection')
          await moves(reader, [{ at: NOW + at, enrolled: 0, required: 1 }], NOW + at)
        }
      }
    },
  ],
  [
    'changing what findMany, list and history answered does not change what is stored',
    UNCHANGED,
    async ({ repository, put, lists }) => {
      const ada = await put('ada', {}, { list: [1] })
      const page = { after: null, limit: LIMIT }
      const answered = [
        (await repository.findMany(['ada'])).get('ada')?.enrollment,
        (await repository.list({ now: NOW, ...page }))[0]?.enrollment,
      ]
      for (const enrollment of answered) (enrollment as unknown as { list: number[] }).list.push(2)
      for (const { details } of await repository.history('ada', page)) Object.assign(details, { at: 'changed' })
      found(await repository.findMany(['ada']), [ada])
      await lists({}, [ada])
      equal(await repository.history('ada', page), ada.events, 'the events of "ada"')
    },
  ],
]
