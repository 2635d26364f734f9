import { LAST_INSTANT } from '../../assert.js'
import type { DueQuery, DueReminder } from '../../ports/directory.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { Instant } from '../../totp/index.js'
import type { CaseRow } from '../cases.js'
import { equal, randomVersion, shown } from '../repository-bench.js'
import { type DirectoryBench, LIMIT, type RepositoryWithDirectory } from './bench.js'
import { BOUNDARIES, crowd, TRIPPING_IDS } from './crowd.js'
import { inByteOrder } from './expected.js'
import { AROUND_NOW, NOW } from './instants.js'

const DUE = 'Whose `remindAt` is at or before `now`.'
const ORDER = 'The earliest first, and of the same instant in the order of their ids.'
const PAGES = 'Those after `after`, at most `limit` of them.'

/** What `due` promises. That it costs what it finds has to be measured; it is not here. */
export const REMINDER_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'a reminder is due from its instant on, and not before',
    DUE,
    async ({ repository, put }) => {
      const everybody: EnrollmentChange[] = []
      for (const [at, remindAt] of [null, 0, 1, ...AROUND_NOW, LAST_INSTANT - 1, LAST_INSTANT].entries()) {
        everybody.push(await put(`user ${at}`, { remindAt }))
      }
      for (const now of [0, 1, ...AROUND_NOW, LAST_INSTANT - 1, LAST_INSTANT]) {
        await reminds(repository, { now }, dueOf(everybody, now))
      }
    },
  ],
  [
    'a reminder is due whatever else the facts say',
    DUE,
    async ({ repository, change, fill }) => {
      const everybody = crowd(BOUNDARIES).map((facts, at) => {
        const made = change(`user ${at}`, null)
        return { ...made, index: { ...made.index, ...facts, remindAt: at % 5 === 0 ? null : NOW - (at % 5) } }
      })
      await fill(everybody)
      await reminds(repository, {}, dueOf(everybody, NOW))
    },
  ],
  [
    'reminders come the earliest first, and those of one instant in the order of the bytes of their ids',
    ORDER,
    async ({ repository, put }) => {
      const everybody: EnrollmentChange[] = []
      // As text, 9 comes after 10; as UTF-16 units, U+FFFF comes after U+10000.
      for (const [at, remindAt] of [NOW, 10, 9, NOW - 1, 100, 0].entries()) {
        for (const start of ['b', '\uffff', 'a', 'B', '\u{10000}', 'aa', '\u00e9', '\ud7ff']) {
          everybody.push(await put(`${start}${at}`, { remindAt }))
        }
      }
      await reminds(repository, {}, dueOf(everybody, NOW))
    },
  ],
  [
    'pages of reminders follow each other at every cut, within an instant too',
    PAGES,
    async ({ repository, put }) => {
      const everybody: EnrollmentChange[] = []
      for (const [at, remindAt] of [NOW, NOW - 1, NOW, 7, NOW + 1, NOW, 7, NOW - 1, NOW, null, 0, NOW].entries()) {
        everybody.push(await put(`user ${(at * 5) % 12}`, { remindAt }))
      }
      const due = dueOf(everybody, NOW)
      for (const limit of [1, 2, due.length - 1, due.length, LIMIT]) {
        await reminds(repository, { limit }, due.slice(0, limit))
        for (const [at, after] of due.entries()) {
          await reminds(repository, { after, limit }, due.slice(at + 1, at + 1 + limit))
        }
      }
    },
  ],
  [
    'a page of reminders begins after one that nobody has, too',
    PAGES,
    async ({ repository, put }) => {
      const due = dueOf(
        [await put('a', { remindAt: 7 }), await put('c', { remindAt: NOW }), await put('b', { remindAt: NOW })],
        NOW,
      )
      for (const [userId, remindAt, from] of [
        ['z', 6, 0],
        ['A', 7, 0],
        ['a!', 7, 1],
        ['z', NOW - 1, 1],
        ['a', NOW, 1],
        ['b\u0001', NOW, 2],
        ['d', NOW, 3],
        ['a', NOW + 1, 3],
      ] as const) {
        await reminds(repository, { after: { userId, remindAt } }, due.slice(from))
      }
    },
  ],
  [
    'reminders that move between pages hold up nobody, and come once each',
    PAGES,
    async ({ repository, put, alter, erase }) => {
      const saved: EnrollmentChange[] = []
      for (let at = 10; at < 22; at++) saved.push(await put(`user ${at}`, { remindAt: NOW - 40 + at }))
      const nth = (at: number): EnrollmentChange => saved[at] as EnrollmentChange
      const due = dueOf(saved, NOW)
      await reminds(repository, { limit: 3 }, due.slice(0, 3))
      // Two of the page gone by are claimed, and one is removed, as is one of the next; somebody is late to come.
      const claimed = [await alter(nth(0), { remindAt: NOW + 1 }), await alter(nth(1), { remindAt: NOW + 1 })]
      await erase(nth(2))
      await erase(nth(4))
      await put('user 9', { remindAt: NOW - 100 })
      const rest = [...due.slice(3, 4), ...due.slice(5)]
      await reminds(repository, { after: due[2] as DueReminder, limit: 4 }, rest.slice(0, 4))
      await reminds(repository, { after: rest[3] as DueReminder }, rest.slice(4))
      await reminds(repository, { now: NOW + 1, after: rest.at(-1) as DueReminder }, dueOf(claimed, NOW + 1))
    },
  ],
  [
    'a reminder follows each save, earlier, later and away, no conflict, and goes with its user',
    DUE,
    async ({ repository, put, alter, change, erase }) => {
      const grace = await put('grace', { remindAt: NOW - 5 })
      const reminded = (...some: EnrollmentChange[]): Promise<void> =>
        reminds(repository, {}, dueOf([grace, ...some], NOW))
      const first = await put('ada', { remindAt: NOW })
      await reminded(first)
      const earlier = await alter(first, { remindAt: NOW - 10 })
      await reminded(earlier)
      const later = await alter(earlier, { remindAt: NOW + 1 })
      await reminded()
      const back = await alter(later, { remindAt: NOW - 1 })
      await reminded(back)
      for (const expected of [null, randomVersion()]) {
        const refused = change('ada', expected)
        refused.index = { ...refused.index, remindAt: NOW - 20 }
        equal(await repository.save(refused), 'conflict', 'a save over another version')
        equal(await repository.saveMany([refused]), ['conflict'], 'saveMany over another version')
        await reminded(back)
      }
      const away = await alter(back, { remindAt: null })
      await reminded()
      const again = change('ada', away.version)
      again.index = { ...again.index, remindAt: NOW - 2 }
      equal(await repository.saveMany([again]), ['saved'], 'saveMany over the stored version')
      await reminded(again)
      await erase(again)
      await reminded()
      await reminded(await put('ada', { remindAt: NOW - 3 }))
    },
  ],
  [
    'reminders take every id for ordinary',
    ORDER,
    async ({ repository, put }) => {
      const everybody: EnrollmentChange[] = []
      for (const userId of TRIPPING_IDS) everybody.push(await put(userId, { remindAt: NOW }))
      const due = dueOf(everybody, NOW)
      await reminds(repository, {}, due)
      for (const [at, after] of due.entries()) {
        await reminds(repository, { after, limit: 1 }, due.slice(at + 1, at + 2))
      }
    },
  ],
]

/** Checks that exactly these are due, in this order. */
async function reminds(
  repository: RepositoryWithDirectory,
  query: Partial<DueQuery>,
  expected: readonly DueReminder[],
): Promise<void> {
  const answered = await repository.due({ now: NOW, after: null, limit: LIMIT, ...query })
  const at = expected.findIndex(({ userId }, place) => userId !== answered[place]?.userId)
  if (at >= 0) equal(answered.slice(at, at + 3), expected.slice(at, at + 3), `who is due at the places from ${at}`)
  equal(answered, expected, `who is due for ${shown(query)}`)
}

/** Who is due of these. */
function dueOf(everybody: readonly EnrollmentChange[], now: Instant): readonly DueReminder[] {
  return inByteOrder(everybody)
    .map(({ userId, index }) => ({ userId, remindAt: index.remindAt }))
    .filter((reminder): reminder is DueReminder => reminder.remindAt !== null && reminder.remindAt <= now)
    .sort((one, other) => one.remindAt - other.remindAt)
}
