import { LAST_INSTANT } from '../../assert.js'
import type { Movement, Totals } from '../../ports/directory.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { Instant } from '../../totp/index.js'
import type { CaseRow } from '../cases.js'
import { seededRandom } from '../random.js'
import { equal, randomVersion } from '../repository-bench.js'
import type { DirectoryBench } from './bench.js'
import { eventAt, flipsBetween, minus, movementAt, moves, NONE, plus, sameMovements, totalsOf } from './flips.js'
import { AROUND_NOW, NOW } from './instants.js'

const TOTALS = 'How many records have an authenticator bound, and of how many MFA is required, whatever their phase.'
const MOVEMENTS = 'How the totals changed from `from` on, the newest first, from what `movementOf` reads in the events.'
const BY_PAGE = 'Read as it is asked for, a page at a time.'
const REMOVE = "Deletes the user's record and all events if the version still matches."

/** What `totals` and `movements` promise. */
export const REPORT_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'totals are of all records, in every phase',
    TOTALS,
    async ({ repository, gather }) => {
      const everybody = await gather()
      equal(await repository.totals(), totalsOf(everybody), 'the totals of a crowd')
    },
  ],
  [
    'totals and movements follow each write, and no conflict',
    MOVEMENTS,
    async (bench) => {
      const { repository, change } = bench
      const moved: Movement[] = []
      const grace = await move(bench, 'grace', null, NOW, { required: true }, moved)
      let ada: EnrollmentChange | null = null
      for (const [at, facts] of [
        { required: true, deadline: NOW },
        { enrolledAt: NOW + 1 },
        { suspended: true },
        { enrolledAt: null },
        { required: false, deadline: null },
        { enrolledAt: NOW + 5, required: true, deadline: NOW },
        { enrolledAt: null, required: false, deadline: null },
        { enrolledAt: NOW + 7 },
      ].entries()) {
        ada = await move(bench, 'ada', ada, NOW + at, facts, moved)
        equal(await repository.totals(), totalsOf([grace, ada]), `the totals after save ${at}`)
        await moves(repository, moved)
        for (const expected of [null, randomVersion()]) {
          const refused = change('ada', expected)
          refused.index = { ...refused.index, required: true }
          refused.events = [eventAt('ada', 100, NOW, { required: true, enrolled: false })]
          equal(await repository.save(refused), 'conflict', 'a save over another version')
          equal(await repository.saveMany([refused]), ['conflict'], 'saveMany over another version')
        }
        equal(await repository.totals(), totalsOf([grace, ada]), `the totals after conflicts with save ${at}`)
        await moves(repository, moved)
      }
    },
  ],
  [
    'what moved since an instant is what the totals differ by from then',
    MOVEMENTS,
    async (bench) => {
      const { repository } = bench
      const { moved, stood, last } = await wander(bench)
      const totals = await repository.totals()
      equal(totals, totalsOf(last), 'the totals after all saves')
      for (const { at, before } of stood) {
        let since = NONE
        for await (const { enrolled, required } of repository.movements(at)) since = plus(since, { enrolled, required })
        equal(minus(totals, since), before, `the totals before ${at}, by what moved since`)
        await moves(repository, moved, at)
      }
    },
  ],
  [
    'movements begin at the instant itself, and come the newest first, whatever the order of the saves',
    MOVEMENTS,
    async (bench) => {
      const moved: Movement[] = []
      // As text, 9 comes after 10.
      const instants = [NOW, 10, LAST_INSTANT, ...AROUND_NOW, 9, 0, NOW - 1000, 1, LAST_INSTANT - 1, 100]
      let [ada, isRequired]: [EnrollmentChange | null, boolean] = [null, false]
      for (const [at, instant] of instants.entries()) {
        isRequired = !isRequired
        ada = await move(bench, 'ada', ada, instant, { required: isRequired }, moved)
        await move(bench, `user ${at}`, null, instant, { enrolledAt: instant, required: at % 2 === 0 }, moved)
      }
      for (const from of [...instants, NOW - 500, NOW + 3]) await moves(bench.repository, moved, from)
    },
  ],
  [
    'a movement is what an event says true or false of, and nothing else',
    MOVEMENTS,
    async ({ repository, change }) => {
      const made = change('ada', null)
      const told = [
        { details: { enrolled: true }, moved: { enrolled: 1, required: 0 } },
        { details: { enrolled: false }, moved: { enrolled: -1, required: 0 } },
        { details: { required: true }, moved: { enrolled: 0, required: 1 } },
        { details: { required: false }, moved: { enrolled: 0, required: -1 } },
        { details: { required: true, enrolled: true }, moved: { enrolled: 1, required: 1 } },
        { details: { required: false, enrolled: true }, moved: { enrolled: 1, required: -1 } },
        { details: { required: true, enrolled: 1 }, moved: { enrolled: 0, required: 1 } },
        { details: { required: 'false', enrolled: false }, moved: { enrolled: -1, required: 0 } },
        { details: { required: null, enrolled: 0 }, moved: NONE },
        { details: { required: 'true', enrolled: 'enrolled' }, moved: NONE },
        { details: { text: '"required":true,"enrolled":true' }, moved: NONE },
        { details: {}, moved: NONE },
      ]
      made.events = told.map(({ details }, at) => ({
        ...eventAt('ada', at, NOW + at, details),
        type: 'authenticator-bound',
      }))
      equal(await repository.save(made), 'saved', 'a save with many events')
      await moves(
        repository,
        told.map(({ moved }, at) => ({ at: NOW + at, ...moved })),
      )
    },
  ],
  [
    'movements of thousands at one instant are all told, with those around it',
    BY_PAGE,
    async (bench) => {
      const moved = await moveMany(bench, 2500, (at) => (at % 100 === 0 ? NOW + (at % 3) - 1 : NOW))
      await moves(bench.repository, moved)
      await moves(bench.repository, moved, NOW)
    },
  ],
  [
    'movements are told once each while others save newer ones',
    BY_PAGE,
    async (bench) => {
      const moved = await moveMany(bench, 1200, (at) => NOW + ((at * 7) % 1200))
      const [answered, later]: [Movement[], Movement[]] = [[], []]
      for await (const movement of bench.repository.movements(0)) {
        if (answered.length % 100 === 0) {
          const at = NOW + 5000 + answered.length
          for (let saves = 0; saves < 3; saves++) {
            await move(bench, `later ${at + saves}`, null, at + saves, { required: true }, later)
          }
        }
        answered.push(movement)
      }
      sameMovements(answered, moved, 'what moved before others saved')
      await moves(bench.repository, [...moved, ...later])
    },
  ],
  [
    'reading movements can end early or go on later, and leaves nothing open',
    BY_PAGE,
    async (bench) => {
      const { repository } = bench
      const moved = await moveMany(bench, 12, (at) => NOW + at)
      // More often than a pool has connections.
      for (let times = 0; times < 24; times++) {
        for await (const movement of repository.movements(0)) {
          equal(movement, moved.at(-1), 'the newest movement')
          break
        }
      }
      const [one, other] = [repository.movements(0), repository.movements(NOW + 10)].map((each) =>
        each[Symbol.asyncIterator](),
      ) as [AsyncIterator<Movement>, AsyncIterator<Movement>]
      const instants: Instant[] = []
      for (const reader of [one, other, other, one, other, one]) {
        const { done, value } = await reader.next()
        instants.push(done ? 0 : value.at - NOW)
      }
      equal(instants, [11, 11, 10, 10, 0, 9], 'what two readers are told, by turns')
      await move(bench, 'ada', null, NOW, { required: true }, moved)
      await moves(repository, moved)
      await one.return?.()
    },
  ],
  [
    'who is removed takes his movements along, and out of the totals',
    REMOVE,
    async (bench) => {
      const { repository, erase } = bench
      const [kept, moved]: [Movement[], Movement[]] = [[], []]
      const grace = await move(bench, 'grace', null, NOW, { required: true, enrolledAt: NOW }, kept)
      const first = await move(bench, 'ada', null, NOW, { required: true }, moved)
      const ada = await move(bench, 'ada', first, NOW + 1, { enrolledAt: NOW + 1 }, moved)
      await moves(repository, [...kept, ...moved])
      equal(await repository.remove('ada', first.version), 'conflict', 'a removal with a version gone by')
      await moves(repository, [...kept, ...moved])
      await erase(ada)
      equal(await repository.totals(), totalsOf([grace]), 'the totals after a removal')
      await moves(repository, kept)
      const again = await move(bench, 'ada', null, NOW + 2, { required: true }, kept)
      equal(await repository.totals(), totalsOf([grace, again]), 'the totals after a creation afresh')
      await moves(repository, kept)
    },
  ],
]

/** Saves over what was saved last, or anew, with these facts and the events that tell what they flipped; notes the movement. */
async function move(
  { repository, change }: DirectoryBench,
  userId: string,
  last: EnrollmentChange | null,
  at: Instant,
  facts: Partial<EnrollmentChange['index']>,
  moved: Movement[],
): Promise<EnrollmentChange> {
  const made = change(userId, last?.version ?? null)
  made.index = { ...(last ?? made).index, ...facts }
  // A save has two of them at most.
  const number = Number(made.events[0]?.id) * 2
  made.events = flipsBetween(last?.index ?? null, made.index).map((details, place) =>
    eventAt(userId, number + place, at, details),
  )
  equal(await repository.save(made), 'saved', `a save that moves "${userId}" at ${at}`)
  moved.push(movementAt(at, last?.index ?? null, made.index))
  return made
}

/** As many new users at these instants, each of whom is required, enrolled, or both. */
async function moveMany(
  { change, fill }: DirectoryBench,
  count: number,
  instantOf: (at: number) => Instant,
): Promise<Movement[]> {
  const moved: Movement[] = []
  const changes = Array.from({ length: count }, (_, at) => {
    const made = change(`user ${at}`, null)
    const index = { ...made.index, required: at % 3 > 0, enrolledAt: at % 3 < 2 ? NOW : null }
    moved.push(movementAt(instantOf(at), null, index))
    const details: EnrollmentChange['events'][number]['details'] = Object.assign({}, ...flipsBetween(null, index))
    return { ...made, index, events: [eventAt(made.userId, 1, instantOf(at), details)] }
  })
  await fill(changes)
  return moved
}

/** What came of saves at random. */
interface Wandered {
  /** what each changed of the totals */
  moved: readonly Movement[]
  /** what the store's totals were before the first save at each instant */
  stood: readonly { at: Instant; before: Totals }[]
  /** the last save of each user */
  last: readonly EnrollmentChange[]
}

/** Saves of a few users, several in a millisecond, in which they come to be enrolled, required, exempt and suspended, or not. */
async function wander(bench: DirectoryBench): Promise<Wandered> {
  const random = seededRandom('movements')
  const last = new Map<string, EnrollmentChange>()
  const moved: Movement[] = []
  const stood = [{ at: NOW, before: await bench.repository.totals() }]
  for (let [save, at] = [0, NOW]; save < 80; save++) {
    const [who = 0, what = 0, pause = 0] = random(3)
    if (pause % 2 > 0) {
      at += (pause % 3) + 1
      stood.push({ at, before: await bench.repository.totals() })
    }
    const userId = `user ${who % 9}`
    const isRequired = (what & 1) > 0
    const facts = {
      required: isRequired,
      deadline: isRequired ? NOW : null,
      enrolledAt: (what & 2) > 0 ? at : null,
      suspended: (what & 4) > 0,
      exemptUntil: (what & 8) > 0 ? LAST_INSTANT : null,
    }
    last.set(userId, await move(bench, userId, last.get(userId) ?? null, at, facts, moved))
  }
  return { moved, stood, last: [...last.values()] }
}
