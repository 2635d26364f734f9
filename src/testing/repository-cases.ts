import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../ports/index.js'
import { type CaseRow, casesOf, type RepositoryCase } from './cases.js'
import {
  type Bench,
  benchOf,
  equal,
  eventOf,
  type OpenRepository,
  type Proof,
  randomVersion,
  shown,
  winner,
} from './repository-bench.js'
import { limitsHold } from './service-case.js'

const RACERS = 16
/** Races that a store loses only sometimes are run more than once. */
const ROUNDS = 4

const ROUND_TRIP = 'The record is stored and answered unchanged.'
const COMPARE_AND_SET =
  'Writes the record, and the events with it, if and only if the stored version is still `expected`.'
const EXACTLY_ONE = 'Under concurrent calls with the same `expected` exactly one is saved.'
const CERTAIN = "'saved' only once durable; 'conflict' only when certainly not applied."
const REMOVE = "Deletes the user's record and all events if the version still matches."
const BYTE_FOR_BYTE = 'User ids are compared byte for byte.'

/**
 * The contract of `EnrollmentRepository`, case by case, for any test runner: prove your own store with it before an
 * auth server trusts it.
 *
 * `open` is called once by each case and answers an empty repository, on the real thing. A race that one connection
 * cannot lose proves nothing: let `another` open further ones to the same data, and the racers are spread over them.
 * `close` is called whatever happens, and closes those too. Cases share nothing; where `open` empties one database, run
 * them one after another.
 *
 * What only a power cut, a failover or a full disk can show is not here.
 *
 * @example
 * ```ts
 * for (const { name, run } of repositoryCases(async () => ({ repository: memoryRepository() }))) {
 *   it(name, run)
 * }
 * ```
 */
export function repositoryCases(open: () => Promise<OpenRepository>): readonly RepositoryCase[] {
  return casesOf(CASES, open, benchOf)
}

const CASES: readonly CaseRow<Bench>[] = [
  [
    'a user without a record is answered null',
    'The latest committed record; null where there is none.',
    async ({ holds }) => {
      await holds('nobody', null)
    },
  ],
  [
    'a saved record is found under the version it was saved with',
    'A record as a store answers it, with the version it was saved under.',
    async ({ write, holds }) => {
      const first = await write('ada', null, { step: 1 })
      await holds('ada', first)
      await holds('ada', await write('ada', first.version, { step: 2 }))
    },
  ],
  [
    'null, false, zero and empty values come back',
    ROUND_TRIP,
    async ({ write, holds }) => {
      const contents = {
        none: null,
        no: false,
        zero: 0,
        text: '',
        list: [],
        object: {},
        deep: [{ a: [null, { b: null }] }],
      }
      await holds('ada', await write('ada', null, contents))
    },
  ],
  [
    'numbers come back exactly, up to 8.64e15 and 2^53 - 1',
    ROUND_TRIP,
    async ({ write, holds }) => {
      const whole = [2 ** 31, 2 ** 32 + 1, 8.64e15, 8.64e15 - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
      await holds('ada', await write('ada', null, { whole, fractions: [0.1, -1.5] }))
    },
  ],
  [
    'text comes back character for character',
    ROUND_TRIP,
    async ({ write, holds }) => {
      const texts = [
        '\u00e9',
        'e\u0301',
        ' a ',
        '\t\r\n',
        '"\'`\\',
        '\ufeff\u200b\u2028',
        '\u{1f600}',
        '\u0001\u007f',
        '\\u0041 %s $1 ?',
      ]
      await holds('ada', await write('ada', null, { texts }))
    },
  ],
  [
    'lists come back in their order',
    ROUND_TRIP,
    async ({ write, holds }) => {
      await holds('ada', await write('ada', null, { list: [3, 1, 2, 1, 'b', 'a', [2, 1]] }))
    },
  ],
  [
    'a record of 64 KiB comes back whole',
    ROUND_TRIP,
    async ({ write, holds }) => {
      const list = Array.from({ length: 1024 }, (_, at) => `${at}`.padStart(64, '.'))
      await holds('ada', await write('ada', null, { list }))
    },
  ],
  [
    'facts and events of any size are taken',
    COMPARE_AND_SET,
    async ({ repository, change, holds }) => {
      const last = 8.64e15
      const times = {
        startsAt: last,
        deadline: last,
        exemptUntil: last,
        enrolledAt: last,
        lockedUntil: last,
        remindAt: last,
      }
      const largest = change('ada', null)
      largest.index = { required: true, suspended: true, ...times }
      const details = { text: '\u{1f600}'.repeat(200), count: Number.MAX_SAFE_INTEGER, no: false, none: null }
      const words = { actor: 'a'.repeat(255), reason: '\u00e9'.repeat(1000) }
      largest.events = [1, 2, 3].map((at) => ({ ...eventOf('ada', at), ...words, at: last, details }))
      equal(await repository.save(largest), 'saved', 'a save with the largest facts')
      const smallest = change('ada', largest.version)
      smallest.index = { ...smallest.index, startsAt: 0, deadline: 0, exemptUntil: 0 }
      smallest.events = []
      equal(await repository.save(smallest), 'saved', 'a save with the smallest facts and no events')
      await holds('ada', smallest)
    },
  ],
  [
    'changing what was answered does not change what is stored',
    ROUND_TRIP,
    async ({ repository, write, holds }) => {
      const saved = await write('ada', null, { list: [1] })
      const found = await repository.find('ada')
      const answered = found?.enrollment as unknown as { list: number[] }
      answered.list.push(2)
      await holds('ada', saved)
    },
  ],
  [
    'changing what was handed in does not change what is stored',
    ROUND_TRIP,
    async ({ repository, change, holds }) => {
      const list = [1]
      const handedIn = change('ada', null, { list })
      equal(await repository.save(handedIn), 'saved', 'a first save')
      list.push(2)
      await holds('ada', { ...handedIn, enrollment: { ...handedIn.enrollment, ...{ list: [1] } } })
    },
  ],
  [
    'a save that expects no record conflicts where there is one',
    COMPARE_AND_SET,
    async ({ repository, change, write, holds }) => {
      const saved = await write('ada', null)
      equal(await repository.save(change('ada', null, { other: true })), 'conflict', 'a second creation')
      await holds('ada', saved)
    },
  ],
  [
    'a save that expects a record conflicts where there is none',
    COMPARE_AND_SET,
    async ({ repository, change, holds }) => {
      equal(await repository.save(change('ada', randomVersion())), 'conflict', 'a save over nothing')
      await holds('ada', null)
    },
  ],
  [
    'a save that expects a version gone by conflicts',
    COMPARE_AND_SET,
    async ({ repository, change, write, holds }) => {
      const first = await write('ada', null, { step: 1 })
      const second = await write('ada', first.version, { step: 2 })
      equal(
        await repository.save(change('ada', first.version, { step: 3 })),
        'conflict',
        'a save over a version gone by',
      )
      await holds('ada', second)
    },
  ],
  [
    'a save that expects the version of another user conflicts',
    COMPARE_AND_SET,
    async ({ repository, change, write, holds }) => {
      const ada = await write('ada', null)
      const grace = await write('grace', null)
      equal(await repository.save(change('ada', grace.version)), 'conflict', "a save over another user's version")
      await holds('ada', ada)
    },
  ],
  [
    'versions are text, and differ where one character does',
    COMPARE_AND_SET,
    async ({ repository, change, holds }) => {
      const zeros = '0'.repeat(29)
      for (const [stored, expected] of [
        // As numbers, these two are one.
        [`${zeros}010`, `${zeros}1e1`],
        [`${zeros}00a`, `${zeros}00b`],
        [`a${zeros}00`, `b${zeros}00`],
      ] as const) {
        const first = { ...change(`user ${stored}`, null), version: stored }
        equal(await repository.save(first), 'saved', 'a first save')
        equal(
          await repository.save(change(first.userId, expected)),
          'conflict',
          `a save over ${stored} that expects ${expected}`,
        )
        await holds(first.userId, first)
      }
    },
  ],
  [
    'a removal with the stored version takes the record away',
    REMOVE,
    async ({ repository, write, holds }) => {
      const ada = await write('ada', null)
      const grace = await write('grace', null)
      equal(await repository.remove('ada', ada.version), 'removed', 'a removal')
      await holds('ada', null)
      await holds('grace', grace)
    },
  ],
  [
    'a removal with a version gone by conflicts',
    REMOVE,
    async ({ repository, write, holds }) => {
      const first = await write('ada', null)
      const second = await write('ada', first.version)
      equal(await repository.remove('ada', first.version), 'conflict', 'a removal with a version gone by')
      await holds('ada', second)
    },
  ],
  [
    'a removal of a user without a record conflicts',
    REMOVE,
    async ({ repository }) => {
      equal(await repository.remove('nobody', randomVersion()), 'conflict', 'a removal of nothing')
    },
  ],
  [
    'a removed user can be created again',
    REMOVE,
    async ({ repository, write, holds }) => {
      const before = await write('ada', null, { life: 1 })
      equal(await repository.remove('ada', before.version), 'removed', 'a removal')
      await holds('ada', await write('ada', null, { life: 2 }))
    },
  ],
  [
    'a version from before a removal is worth nothing, before and after the user is created again',
    CERTAIN,
    async ({ repository, change, write, holds }) => {
      const before = await write('ada', null)
      equal(await repository.remove('ada', before.version), 'removed', 'a removal')
      equal(
        await repository.save(change('ada', before.version)),
        'conflict',
        "a save over the removed record's version",
      )
      equal(await repository.remove('ada', before.version), 'conflict', 'a second removal')
      await holds('ada', null)
      const after = await write('ada', null)
      equal(await repository.save(change('ada', before.version)), 'conflict', 'a slow save from before the removal')
      equal(await repository.remove('ada', before.version), 'conflict', 'a slow removal from before the removal')
      await holds('ada', after)
    },
  ],
  [
    "a removal takes the user's events along, so that their ids may begin anew",
    REMOVE,
    async ({ repository, change, write }) => {
      const before = await write('ada', null)
      equal(await repository.remove('ada', before.version), 'removed', 'a removal')
      equal(
        await repository.save({ ...change('ada', null), events: before.events }),
        'saved',
        'a creation with the event ids of before',
      )
    },
  ],
  [
    'a save that conflicts leaves no event behind',
    CERTAIN,
    async ({ repository, change, write, holds }) => {
      const first = await write('ada', null)
      const refused = change('ada', randomVersion())
      equal(await repository.save(refused), 'conflict', 'a save over another version')
      const again = { ...change('ada', first.version), events: refused.events }
      equal(await repository.save(again), 'saved', 'a save with the events of one that conflicted')
      await holds('ada', again)
    },
  ],
  [
    'user ids of different case are different users',
    BYTE_FOR_BYTE,
    apart(['ada', 'Ada', 'ADA', '\u0131', 'i', 'I', '\u0130', 'stra\u00dfe', 'strasse']),
  ],
  [
    'user ids that differ in blanks are different users',
    BYTE_FOR_BYTE,
    apart(['a', ' a', 'a ', 'a  ', 'a\t', 'a\n', 'a\u00a0', 'a\u200b', '\ufeffa', ' ']),
  ],
  [
    'user ids of different Unicode normalisation are different users',
    BYTE_FOR_BYTE,
    apart(['\u00e9', 'e\u0301', 'e', '\u212b', '\u00c5', 'A\u030a', '\ufb01', 'fi', '\u{1d400}', 'A', '\uff21']),
  ],
  [
    'user ids that are names of object properties are ordinary',
    BYTE_FOR_BYTE,
    apart([
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'prototype',
      '0',
      '00',
      '-1',
      'null',
      'undefined',
    ]),
  ],
  [
    'user ids with separators, wildcards and quotes are ordinary',
    BYTE_FOR_BYTE,
    apart([
      'a}:{b',
      'a:b',
      '{a}b',
      'a/b',
      '../a',
      'a.b',
      'a b',
      'a%',
      'a_',
      'a*',
      'ab',
      'a\\',
      "a'",
      "a' OR '1'='1",
      '"a"',
      'a;--',
      'a?',
      '$1',
      'a,b',
      'a|b',
    ]),
  ],
  [
    'user ids of 255 bytes that differ in the last are different users',
    BYTE_FOR_BYTE,
    apart([
      `${'x'.repeat(254)}a`,
      `${'x'.repeat(254)}b`,
      'x'.repeat(254),
      `${'\u{1f600}'.repeat(63)}\u00e9a`,
      `${'\u{1f600}'.repeat(63)}\u00e9b`,
    ]),
  ],
  [
    'of creations at once exactly one is saved',
    EXACTLY_ONE,
    async ({ together, change, holds }) => {
      for (let round = 0; round < ROUNDS; round++) {
        const racers = Array.from({ length: RACERS }, (_, at) => change(`ada ${round}`, null, { at }))
        const outcomes = await together(racers, (repository, racer) => repository.save(racer))
        await holds(`ada ${round}`, winner(racers, outcomes, 'saved'))
      }
    },
  ],
  [
    'of replacements at once exactly one is saved',
    EXACTLY_ONE,
    async ({ together, change, write, holds }) => {
      for (let round = 0; round < ROUNDS; round++) {
        const { userId, version } = await write(`ada ${round}`, null)
        const racers = Array.from({ length: RACERS }, (_, at) => change(userId, version, { at }))
        const outcomes = await together(racers, (repository, racer) => repository.save(racer))
        await holds(userId, winner(racers, outcomes, 'saved'))
      }
    },
  ],
  [
    'of removals at once exactly one removes',
    REMOVE,
    async ({ together, write, holds }) => {
      for (let round = 0; round < ROUNDS; round++) {
        const { userId, version } = await write(`ada ${round}`, null)
        const racers = Array.from({ length: RACERS }, () => version)
        const outcomes = await together(racers, (repository, expected) => repository.remove(userId, expected))
        winner(racers, outcomes, 'removed')
        await holds(userId, null)
      }
    },
  ],
  [
    'of replacements and removals at once exactly one applies',
    EXACTLY_ONE,
    async ({ together, change, write, holds }) => {
      for (let round = 0; round < ROUNDS; round++) {
        const { userId, version } = await write(`ada ${round}`, null)
        // Each kind goes first in turn.
        const racers = Array.from({ length: RACERS }, (_, at) =>
          (at + round) % 2 === 0 ? change(userId, version, { at }) : null,
        )
        const outcomes = await together(racers, async (repository, racer) => {
          const outcome = await (racer === null ? repository.remove(userId, version) : repository.save(racer))
          return outcome === 'conflict' ? outcome : 'applied'
        })
        await holds(userId, winner(racers, outcomes, 'applied'))
      }
    },
  ],
  [
    'no write of several writers is lost',
    EXACTLY_ONE,
    async ({ repository, together, change, write }) => {
      await write('ada', null, { count: 0 })
      const increment = async (over: EnrollmentRepository): Promise<void> => {
        // Each conflict is another writer's success, of which there are fewer than racers.
        for (let tries = 0; tries < RACERS; tries++) {
          const found = await over.find('ada')
          const next = change('ada', found?.version ?? null, { count: countOf(found) + 1 })
          if ((await over.save(next)) === 'saved') return
        }
        throw new Error(`a writer that began anew ${RACERS} times never met a version that was still stored`)
      }
      await together(Array.from({ length: RACERS }), increment)
      equal(countOf(await repository.find('ada')), RACERS, `the count after ${RACERS} increments`)
    },
  ],
  [
    'what one connection wrote, every other finds at once and writes over',
    'The latest committed record, read from the primary.',
    async ({ connections, change, write }) => {
      const over = await connections()
      let latest = await write('ada', null, { step: 0 })
      for (let step = 0; step < 2 * over.length; step++) {
        for (const reader of over) {
          const found = await reader.find('ada')
          equal(found, { enrollment: latest.enrollment, version: latest.version }, 'what another connection finds')
        }
        const writer = over[step % over.length] as EnrollmentRepository
        latest = change('ada', latest.version, { step: step + 1 })
        equal(await writer.save(latest), 'saved', 'a save over what another connection wrote')
      }
    },
  ],
  [
    'a change that is sent again, as after a lost answer, is applied once',
    CERTAIN,
    async ({ repository, change, write, holds }) => {
      const first = await write('ada', null, { step: 1 })
      const second = change('ada', first.version, { step: 2 })
      equal(await repository.save(second), 'saved', 'a save')
      // A store that knows its own write again may answer 'saved'; it may not throw, and it may not write.
      const again = await repository.save(second)
      equal(['saved', 'conflict'].includes(again), true, `whether ${shown(again)} is an answer to a save sent again`)
      await holds('ada', second)
      const third = await write('ada', second.version, { step: 3 })
      equal(await repository.save(second), 'conflict', 'a save sent again after another')
      await holds('ada', third)
    },
  ],
  [
    'users that are written at once do not disturb each other',
    COMPARE_AND_SET,
    async ({ together, change, holds }) => {
      const created = Array.from({ length: RACERS }, (_, at) => change(`user ${at}`, null, { at, step: 1 }))
      const replaced = created.map(({ userId, version }, at) => change(userId, version, { at, step: 2 }))
      for (const racers of [created, replaced]) {
        const outcomes = await together(racers, (repository, racer) => repository.save(racer))
        equal(
          outcomes,
          Array.from(racers, () => 'saved'),
          'saves of as many users at once',
        )
        await Promise.all(racers.map((racer) => holds(racer.userId, racer)))
      }
    },
  ],
  [
    'the service over it accepts a code once and tells no failure beyond the limit, whichever call goes wrong',
    EXACTLY_ONE,
    limitsHold,
  ],
]

/** All are created beside each other, found by themselves, and one goes without the others. */
function apart(userIds: readonly string[]): Proof {
  return async ({ repository, write, holds }) => {
    const changes: EnrollmentChange[] = []
    for (const userId of userIds) {
      await holds(userId, null)
      changes.push(await write(userId, null))
    }
    for (const change of changes) await holds(change.userId, change)
    for (const [at, { userId, version }] of changes.entries()) {
      equal(await repository.remove(userId, version), 'removed', `a removal of ${shown(userId)}`)
      await holds(userId, null)
      for (const change of changes.slice(at + 1)) await holds(change.userId, change)
    }
  }
}

function countOf(found: StoredEnrollment | null): number {
  return Number((found?.enrollment as { count?: unknown } | undefined)?.count)
}
