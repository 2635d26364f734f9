import { LAST_INSTANT } from '../assert.js'
import type { EnrollmentIndex, Phase } from '../enrollment/phase.js'
import { phaseOf } from '../index.js'
import type { PhaseCounts } from '../ports/directory.js'
import type { EnrollmentChange } from '../ports/index.js'
import type { Instant } from '../totp/index.js'
import { type CaseRow, casesOf, type RepositoryCase } from './cases.js'
import {
  type DirectoryBench,
  directoryBenchOf,
  ENDS_OF_TIME,
  inByteOrder,
  LIMIT,
  NOW,
  type RepositoryWithDirectory,
} from './directory-bench.js'
import { equal, eventOf, type OpenRepository, randomVersion, shown, winner } from './repository-bench.js'

const FIND_MANY = 'The latest committed records of these users; those without one are not in the answer.'
const SAVE_MANY = 'Saves each change by itself, as `save` does, and answers in the same order.'
const ORDER = 'Ids come in the order of their UTF-8 bytes.'
const BY_KEY = 'Pages go by key: the ids after `after`, at most `limit` of them.'
const PHASES = 'Filters and counts agree with `phaseOf` at every instant.'
const LOCKED = 'Whether either factor is locked or disabled now.'
const STOPPABLE = 'Required, neither enrolled nor suspended, and the deadline before this.'
const PREFIX = 'What the id begins with, byte for byte.'
const EVERYTHING = 'Everybody who has a record and all that is asked for.'
const COUNTS = 'How many users with a record are in each phase, in all, and locked.'
const DEADLINES =
  'How many deadlines (of the required, neither enrolled nor suspended) fall into each [edges[i], edges[i + 1]).'
const HISTORY = "A user's events in their order, after the one of the id `after`."
const REMOVE = "Deletes the user's record and all events if the version still matches."
const UNCHANGED = 'The record is stored and answered unchanged.'

const ALL_PHASES: readonly Phase[] = [
  'optional',
  'exempt',
  'scheduled',
  'enrollment-period',
  'overdue',
  'enrolled',
  'suspended',
]

/** Ids that are one to whoever folds, trims, normalises or escapes, and those that are no ordinary keys. */
const TRIPPING_IDS = [
  ...['ada', 'Ada', 'ada ', ' ada', 'ada\t', '\u00e9', 'e\u0301', 'e', '\u212b', '\u00c5'],
  ...['__proto__', 'constructor', 'toString', '0', '00', '-1', 'null', 'a}:{b', 'a:b', 'a/b', 'a.b', 'a,b', 'a|b'],
  ...['a%', 'a_', 'a*', 'a?', 'a\\', 'a"', "a'", "a' OR '1'='1", '$1', ':a', '\ufffd', '\u{10000}', '\u{1f600}'],
  ...[`${'x'.repeat(254)}a`, `${'x'.repeat(254)}b`, `${'\u{1f600}'.repeat(63)}abc`],
]

/** How many go at once where it is a matter of many. */
const MANY = 500

/** The instants from before the first boundary of a crowd to after the last. */
const AROUND_NOW = [NOW - 2, NOW - 1, NOW, NOW + 1, NOW + 2]

/**
 * The contract of `EnrollmentDirectory`, case by case, for any test runner; `repositoryCases` has that of the repository
 * itself, which is proven first.
 *
 * `open` is called once by each case and answers an empty store, on the real thing; `another`, where it is given, opens
 * further connections to the same data, over which racers are spread. `close` is called whatever happens, and closes
 * those too. Cases share nothing; where `open` empties one database, run them one after another.
 *
 * What should come out is computed by `phaseOf` and plain loops over what was saved, never by another store. That a page
 * costs the same wherever it begins has to be measured; it is not here.
 *
 * @example
 * ```ts
 * for (const { name, run } of directoryCases(async () => ({ repository: memoryRepository() }))) {
 *   it(name, run)
 * }
 * ```
 */
export function directoryCases(
  open: () => Promise<OpenRepository<RepositoryWithDirectory>>,
): readonly RepositoryCase[] {
  return casesOf(CASES, open, directoryBenchOf)
}

const CASES: readonly CaseRow<DirectoryBench>[] = [
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
        equal(await writer.saveMany([saved]), ['saved'], 'a save on one connection')
        for (const reader of over) {
          found(await reader.findMany([saved.userId]), [saved])
          const query = { now: NOW, after: null, limit: LIMIT, userIdPrefix: saved.userId }
          equal((await reader.list(query)).length, 1, `how many another connection lists of ${saved.userId}`)
          equal((await reader.counts(NOW)).total, at + 1, 'how many another connection counts')
          const told = await reader.history(saved.userId, { after: null, limit: LIMIT })
          equal(told, saved.events, 'what another connection tells')
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

  [
    'list answers everybody who has a record, in the order of the bytes of their ids',
    ORDER,
    async ({ put, lists }) => {
      const ids = [
        ...[
          'a',
          'B',
          'aa',
          'a!',
          'a\u0001',
          'Z',
          '~',
          '_',
          '-',
          ' ',
          '0',
          '10',
          '9',
          '\u00df',
          'ss',
          '\u00e9',
          'e\u0301',
        ],
        ...['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufeff', '\ufffd', '\uffff'],
        ...['\u{10000}', '\u{1f600}', '\u{10ffff}', 'a\ufffd', 'a\u{10000}', 'x'.repeat(255)],
      ]
      const saved: EnrollmentChange[] = []
      for (const [at, userId] of ids.entries()) saved.push(await put(userId, {}, { at }))
      await lists({}, saved)
    },
  ],
  [
    'list takes every id for ordinary',
    ORDER,
    async ({ put, lists }) => {
      const saved: EnrollmentChange[] = []
      for (const [at, userId] of TRIPPING_IDS.entries()) saved.push(await put(userId, {}, { at }))
      await lists({}, saved)
      for (const [at, { userId }] of inByteOrder(saved).entries()) {
        await lists({ after: userId }, inByteOrder(saved).slice(at + 1))
        await lists({ userIdPrefix: userId }, beginning(saved, userId))
      }
    },
  ],
  [
    'list of a phase is who phaseOf says, at the instants around every boundary',
    PHASES,
    async ({ gather, lists }) => {
      const everybody = await gather()
      for (const now of AROUND_NOW) {
        for (const phase of ALL_PHASES) await lists({ now, phase }, inPhase(everybody, phase, now))
      }
    },
  ],
  [
    'an exemption, an authenticator and a suspension hide a requirement while they last',
    PHASES,
    async ({ put, lists }) => {
      const terms = { required: true, startsAt: NOW - 10, deadline: NOW }
      const bare = await put('bare', terms)
      const exempt = await put('exempt', { ...terms, exemptUntil: NOW + 1 })
      const enrolled = await put('enrolled', { ...terms, exemptUntil: NOW + 1, enrolledAt: NOW - 5 })
      const all = { exemptUntil: NOW + 1, enrolledAt: NOW - 5, suspended: true }
      const suspended = await put('suspended', { ...terms, ...all })
      await lists({ phase: 'overdue' }, [bare])
      await lists({ phase: 'exempt' }, [exempt])
      await lists({ phase: 'enrolled' }, [enrolled])
      await lists({ phase: 'suspended' }, [suspended])
      await lists({ phase: 'overdue', now: NOW + 1 }, [bare, exempt])
      await lists({ phase: 'exempt', now: NOW + 1 }, [])
      await lists({ phase: 'enrollment-period', now: NOW - 1 }, [bare])
    },
  ],
  [
    'list of who is locked, or is not, changes at the instant when the lock ends',
    LOCKED,
    async ({ gather, lists }) => {
      const everybody = await gather()
      for (const now of AROUND_NOW) {
        for (const locked of [true, false]) {
          await lists(
            { now, locked },
            everybody.filter(({ index }) => isLocked(index, now) === locked),
          )
        }
      }
    },
  ],
  [
    'list by deadline is of those whom it can still stop, and of no deadline at the instant itself',
    STOPPABLE,
    async ({ gather, lists }) => {
      const everybody = await gather()
      for (const deadlineBefore of [0, ...AROUND_NOW, LAST_INSTANT]) {
        await lists({ deadlineBefore }, everybody.filter(dueBefore(deadlineBefore)))
      }
    },
  ],
  [
    'list agrees at the first and the last instants that there are',
    PHASES,
    async ({ gather, lists }) => {
      const everybody = await gather(ENDS_OF_TIME)
      for (const now of [0, 1, LAST_INSTANT - 1, LAST_INSTANT]) {
        for (const phase of ALL_PHASES) await lists({ now, phase }, inPhase(everybody, phase, now))
        await lists(
          { now, locked: true },
          everybody.filter(({ index }) => isLocked(index, now)),
        )
        await lists({ now, deadlineBefore: now }, everybody.filter(dueBefore(now)))
      }
    },
  ],
  [
    'list by prefix takes it for text, whatever it means elsewhere',
    PREFIX,
    async ({ put, lists }) => {
      const starts = [
        '%',
        '_',
        '*',
        '?',
        '\\',
        '\\%',
        '[',
        '[a',
        '^',
        '$',
        '.',
        "'",
        '"',
        '(',
        '{',
        '}',
        '#',
        '-',
        '+',
        '@',
      ]
      const ids = new Set(starts.flatMap((start) => [start, `${start}a`, `${start}ab`]))
      const saved: EnrollmentChange[] = []
      for (const userId of [...ids, 'a', 'ab', 'aa', 'b']) saved.push(await put(userId))
      for (const userIdPrefix of [...ids, 'a', 'ab', ...starts.map((start) => `a${start}`), '%a%', '_b', 'abc']) {
        await lists({ userIdPrefix }, beginning(saved, userIdPrefix))
      }
    },
  ],
  [
    'list by prefix compares bytes: no case, form or blank is folded',
    PREFIX,
    async ({ put, lists }) => {
      const ids = [
        'ada',
        'Ada',
        'ADA',
        'adam',
        'ad',
        '\u00e1da',
        'a\u0301da',
        ' ada',
        'ada ',
        'a da',
        '\u00e9',
        'e\u0301a',
        'e',
      ]
      const saved: EnrollmentChange[] = []
      for (const userId of ids) saved.push(await put(userId))
      for (const userIdPrefix of [...ids, 'a', 'A', 'AD', 'a\u0301', '\u00e1', ' ', 'ada  ']) {
        await lists({ userIdPrefix }, beginning(saved, userIdPrefix))
      }
    },
  ],
  [
    'list by prefix ends where the bytes say, beyond U+D7FF, U+FFFF and at the last character',
    PREFIX,
    async ({ put, lists }) => {
      const characters = ['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufffd', '\uffff', '\u{10000}']
      const starts = [...characters, '\u{1f600}', '\u{10ffff}', '\u{10ffff}\u{10ffff}', 'a\u{10ffff}', 'b']
      const ids = new Set(starts.flatMap((start) => [start, `${start}!`, `${start}\u{10ffff}!`]))
      const saved: EnrollmentChange[] = []
      for (const userId of ids) saved.push(await put(userId))
      for (const userIdPrefix of [...starts, 'a', '\u{10ffff}\u{10ffff}\u{10ffff}']) {
        await lists({ userIdPrefix }, beginning(saved, userIdPrefix))
      }
    },
  ],
  [
    'list by an empty prefix is of everybody',
    PREFIX,
    async ({ put, lists }) => {
      const saved = [await put('ada'), await put('\u{10ffff}'), await put('_')]
      await lists({ userIdPrefix: '' }, saved)
      await lists({ userIdPrefix: '', after: 'ada' }, saved.slice(1, 2))
    },
  ],
  [
    'list by several filters is of those whom all let through',
    EVERYTHING,
    async ({ gather, lists }) => {
      const everybody = await gather()
      for (const phase of ALL_PHASES) {
        for (const locked of [true, false]) {
          const both = inPhase(everybody, phase, NOW).filter(({ index }) => isLocked(index, NOW) === locked)
          await lists({ phase, locked }, both)
          await lists({ phase, locked, userIdPrefix: 'user 1' }, beginning(both, 'user 1'))
          const due = both.filter(dueBefore(NOW + 1))
          await lists({ phase, locked, deadlineBefore: NOW + 1 }, due)
          await lists(
            { phase, locked, deadlineBefore: NOW + 1, userIdPrefix: 'user 1', after: 'user 15' },
            beginning(due, 'user 1').filter(({ userId }) => userId > 'user 15'),
          )
        }
      }
    },
  ],
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
    async ({ repository, put, lists }) => {
      const saved = new Map<string, EnrollmentChange>()
      for (let at = 10; at < 30; at += 2) saved.set(`user ${at}`, await put(`user ${at}`))
      const remove = async (userId: string): Promise<void> => {
        const { version } = saved.get(userId) as EnrollmentChange
        equal(await repository.remove(userId, version), 'removed', 'a removal between pages')
      }
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
          edges.slice(1).map((end, at) => everybody.filter(dueBefore(end, edges[at])).length),
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
        edges.slice(1).map((end, at) => saved.filter(dueBefore(end, edges[at])).length),
        'deadlines of 366 days',
      )
      equal(await repository.deadlines({ edges: [NOW], now: NOW }), [], 'deadlines of one edge')
      equal(await repository.deadlines({ edges: [], now: NOW }), [], 'deadlines of no edge')
    },
  ],

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

const NOBODY: PhaseCounts = {
  ...(Object.fromEntries(ALL_PHASES.map((phase) => [phase, 0])) as Record<Phase, number>),
  total: 0,
  locked: 0,
}

/** Refuses what findMany answered unless it is exactly these, each as it was saved. */
function found(
  answered: Awaited<ReturnType<RepositoryWithDirectory['findMany']>>,
  expected: readonly EnrollmentChange[],
): void {
  const ids = expected.map(({ userId }) => userId)
  equal(
    [...answered.keys()].filter((userId) => !ids.includes(userId)),
    [],
    'who else findMany answers',
  )
  for (const { userId, enrollment, version } of expected) {
    equal(answered.get(userId), { enrollment, version }, `what findMany answers of ${shown(userId)}`)
  }
}

/** Checks that exactly these events are told of a user. */
async function tells(
  repository: RepositoryWithDirectory,
  userId: string,
  expected: EnrollmentChange['events'],
  page: { after: string | null; limit: number } = { after: null, limit: LIMIT },
): Promise<void> {
  const answered = await repository.history(userId, page)
  const what = `the history of ${shown(userId)}, page ${shown(page)}`
  equal(
    answered.map(({ id }) => id),
    expected.map(({ id }) => id),
    `the ids in ${what}`,
  )
  for (const [at, event] of expected.entries()) equal(answered[at], event, `event ${event.id} in ${what}`)
}

function inPhase(everybody: readonly EnrollmentChange[], phase: Phase, now: Instant): EnrollmentChange[] {
  return everybody.filter(({ index }) => phaseOf(index, now) === phase)
}

function beginning(everybody: readonly EnrollmentChange[], prefix: string): EnrollmentChange[] {
  return everybody.filter(({ userId }) => userId.startsWith(prefix))
}

function isLocked({ lockedUntil }: EnrollmentIndex, now: Instant): boolean {
  return lockedUntil !== null && now < lockedUntil
}

/** Whose deadline, in `[from, before)`, can still stop them. */
function dueBefore(before: Instant, from: Instant = 0): (change: EnrollmentChange) => boolean {
  return ({ index: { required, suspended, enrolledAt, deadline } }) =>
    required && !suspended && enrolledAt === null && deadline !== null && from <= deadline && deadline < before
}

function countOf(everybody: readonly EnrollmentChange[], now: Instant): PhaseCounts {
  const counts = { ...NOBODY, total: everybody.length }
  for (const { index } of everybody) {
    counts[phaseOf(index, now)]++
    if (isLocked(index, now)) counts.locked++
  }
  return counts
}
