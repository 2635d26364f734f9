import type { EnrollmentChange } from '../../ports/index.js'
import type { CaseRow } from '../cases.js'
import { equal, eventOf, randomVersion, winner } from '../repository-bench.js'
import { type DirectoryBench, MANY, tells } from './bench.js'

const SAVE_MANY = 'Saves each change by itself, as `save` does, and answers in the same order.'

/** What `saveMany` promises. */
export const SAVE_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'saveMany saves each change with its facts and its events',
    SAVE_MANY,
    async ({ repository, change, lists }) => {
      const ada = change('ada', null, { of: 'ada' })
      ada.index = { ...ada.index, suspended: true }
      ada.events = [eventOf('ada', 1), eventOf('ada', 2)]
      const grace = { ...change('grace', null, { of: 'grace' }), events: [] }
      equal(await repository.saveMany([ada, grace]), ['saved', 'saved'], 'saveMany of two new users')
      await lists({ phase: 'suspended' }, [ada])
      await lists({ phase: 'optional' }, [grace])
      await tells(repository, 'ada', ada.events)
      await tells(repository, 'grace', [])
      const later = { ...change('ada', ada.version, { step: 2 }), events: [eventOf('ada', 3)] }
      equal(await repository.saveMany([later]), ['saved'], 'saveMany over the stored version')
      await lists({ phase: 'optional' }, [later, grace])
      await tells(repository, 'ada', [...ada.events, ...later.events])
    },
  ],
  [
    'saveMany answers in the order of the changes, and a conflict stops no other',
    SAVE_MANY,
    async ({ repository, put, write, change, lists }) => {
      const [ada, old, alan] = [await put('ada'), await put('grace'), await put('alan')]
      const grace = await write('grace', old.version)
      const [zoe, later, bob] = [change('zoe', null), change('alan', alan.version), change('bob', null)]
      const changes = [
        change('ada', null),
        zoe,
        change('grace', old.version),
        later,
        change('nobody', randomVersion()),
        bob,
        change('edsger', ada.version),
      ]
      equal(
        await repository.saveMany(changes),
        ['conflict', 'saved', 'conflict', 'saved', 'conflict', 'saved', 'conflict'],
        'the answers to changes that conflict among those that do not',
      )
      await lists({}, [ada, grace, zoe, later, bob])
      await tells(repository, 'ada', ada.events)
      await tells(repository, 'grace', [...old.events, ...grace.events])
      await tells(repository, 'alan', [...alan.events, ...later.events])
      await tells(repository, 'nobody', [])
    },
  ],
  [
    'saveMany of one user twice over one version saves one of them',
    SAVE_MANY,
    async ({ repository, put, change, lists }) => {
      const ada = await put('ada')
      const stale = change('ada', null)
      for (const expected of [null, ada.version]) {
        const userId = expected === null ? 'grace' : 'ada'
        const [one, other] = [change(userId, expected, { at: 1 }), change(userId, expected, { at: 2 })]
        const outcomes = await repository.saveMany([one, change(`${userId} too`, null), other])
        equal(outcomes[1], 'saved', 'the change of another user between them')
        const saved = winner([one, other], [`${outcomes[0]}`, `${outcomes[2]}`], 'saved')
        await lists({ userIdPrefix: userId, limit: 1 }, [saved])
        await tells(repository, userId, [...(expected === null ? [] : ada.events), ...saved.events])
      }
      equal(await repository.saveMany([stale, stale]), ['conflict', 'conflict'], 'two changes over a version gone by')
    },
  ],
  [
    'saveMany of nothing answers nothing',
    SAVE_MANY,
    async ({ repository, put, lists }) => {
      const ada = await put('ada')
      equal(await repository.saveMany([]), [], 'saveMany of nothing')
      await lists({}, [ada])
    },
  ],
  [
    'saveMany takes hundreds at once',
    SAVE_MANY,
    async ({ repository, change, lists }) => {
      const text = '.'.repeat(1000)
      const created = Array.from({ length: MANY }, (_, at) => change(`user ${at}`, null, { at, text }))
      equal(
        await repository.saveMany(created),
        Array.from(created, () => 'saved'),
        'saveMany of hundreds of new users',
      )
      await lists({}, created)
      // Every third is over a version gone by.
      const expected = (at: number): string =>
        at % 3 === 0 ? randomVersion() : (created[at] as EnrollmentChange).version
      const replaced = created.map(({ userId }, at) => change(userId, expected(at), { at, text, later: true }))
      equal(
        await repository.saveMany(replaced),
        replaced.map((_, at) => (at % 3 === 0 ? 'conflict' : 'saved')),
        'saveMany of hundreds, a third of them over a version gone by',
      )
      await lists(
        {},
        replaced.map((later, at) => (at % 3 === 0 ? (created[at] as EnrollmentChange) : later)),
      )
    },
  ],
  [
    'saveMany answers a thousand creations, replacements and conflicts at once, mixed, in their order',
    SAVE_MANY,
    async ({ repository, change, fill, lists }) => {
      const userOf = (at: number): string => `user ${(at * 7919) % 10_007}`
      const old = Array.from({ length: 500 }, (_, at) => change(userOf(2 * at), null))
      await fill(old)
      const outcomes: string[] = []
      // Every second is of a user who is there; of both kinds some are over a version that is not.
      const changes = Array.from({ length: 1000 }, (_, at) => {
        const stored = at % 2 === 0 ? (old[at / 2] as EnrollmentChange).version : null
        const isConflict = (at * 5) % 7 < 2
        outcomes.push(isConflict ? 'conflict' : 'saved')
        return change(userOf(at), isConflict ? (stored === null ? randomVersion() : null) : stored, { at })
      })
      equal(await repository.saveMany(changes), outcomes, 'the answers to a thousand changes')
      const written = changes.filter((_, at) => outcomes[at] === 'saved')
      const untouched = old.filter((_, at) => outcomes[2 * at] === 'conflict')
      await lists({}, [...written, ...untouched])
      for (const [at, { userId, events }] of changes.entries()) {
        const before = old[at / 2]?.events ?? []
        await tells(repository, userId, outcomes[at] === 'saved' ? [...before, ...events] : before)
      }
    },
  ],
  [
    'saveMany by several at once, in opposite orders, saves one of them for each user',
    SAVE_MANY,
    async ({ repository, together, change, lists }) => {
      const users = Array.from({ length: 24 }, (_, at) => `user ${at}`)
      let versions = users.map((): string | null => null)
      const told = new Map(users.map((userId): [string, EnrollmentChange['events']] => [userId, []]))
      for (const round of [1, 2, 3]) {
        const callers = Array.from({ length: 4 }, (_, by) => {
          const changes = users.map((userId, at) => change(userId, versions[at] as string | null, { by, round }))
          return by % 2 === 0 ? changes : changes.reverse()
        })
        const outcomes = await together(callers, async (over, changes) => {
          const answered = await over.saveMany(changes)
          return new Map(changes.map((made, at) => [made.userId, { made, outcome: `${answered[at]}` }]))
        })
        const winners = users.map((userId) => {
          const racers = outcomes.map((of) => of.get(userId) as { made: EnrollmentChange; outcome: string })
          return winner(
            racers.map(({ made }) => made),
            racers.map(({ outcome }) => outcome),
            'saved',
          )
        })
        await lists({}, winners)
        versions = winners.map(({ version }) => version)
        for (const { userId, events } of winners) {
          const all = [...(told.get(userId) as EnrollmentChange['events']), ...events]
          told.set(userId, all)
          await tells(repository, userId, all)
        }
      }
    },
  ],
]
