import { describe, expect, it } from 'vitest'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { type OpenRepository, repositoryCases } from '../../src/testing/index.js'
import { BROKEN, BROKEN_APART } from './broken-repositories.js'

const names = repositoryCases(async () => ({ repository: memoryRepository() })).map(({ name }) => name)

const CASE = 'user ids of different case are different users'
const BLANKS = 'user ids that differ in blanks are different users'
const FORMS = 'user ids of different Unicode normalisation are different users'
const PROPERTIES = 'user ids that are names of object properties are ordinary'
const SEPARATORS = 'user ids with separators, wildcards and quotes are ordinary'
const LONG_IDS = 'user ids of 255 bytes that differ in the last are different users'
const EMPTY = 'null, false, zero and empty values come back'
const NUMBERS = 'numbers come back exactly, up to 8.64e15 and 2^53 - 1'
const TEXT = 'text comes back character for character'
const LISTS = 'lists come back in their order'
const LARGE = 'a record of 64 KiB comes back whole'
const ANSWERED = 'changing what was answered does not change what is stored'
const HANDED_IN = 'changing what was handed in does not change what is stored'
const SIZES = 'facts and events of any size are taken'
const FOUND = 'a saved record is found under the version it was saved with'
const CREATE_OVER = 'a save that expects no record conflicts where there is one'
const REPLACE_NOTHING = 'a save that expects a record conflicts where there is none'
const REPLACE_LATE = 'a save that expects a version gone by conflicts'
const REPLACE_OTHER = 'a save that expects the version of another user conflicts'
const VERSIONS = 'versions are text, and differ where one character does'
const REMOVE = 'a removal with the stored version takes the record away'
const REMOVE_LATE = 'a removal with a version gone by conflicts'
const REMOVE_NOTHING = 'a removal of a user without a record conflicts'
const SECOND_LIFE = 'a removed user can be created again'
const BEFORE_REMOVAL = 'a version from before a removal is worth nothing, before and after the user is created again'
const EVENTS_GO = "a removal takes the user's events along, so that their ids may begin anew"
const NO_EVENTS = 'a save that conflicts leaves no event behind'
const CREATORS = 'of creations at once exactly one is saved'
const REPLACERS = 'of replacements at once exactly one is saved'
const REMOVERS = 'of removals at once exactly one removes'
const BOTH = 'of replacements and removals at once exactly one applies'
const COUNT = 'no write of several writers is lost'
const CONNECTIONS = 'what one connection wrote, every other finds at once and writes over'
const SENT_AGAIN = 'a change that is sent again, as after a lost answer, is applied once'
const NEIGHBOURS = 'users that are written at once do not disturb each other'

const SERVICE =
  'the service over it accepts a code once and tells no failure beyond the limit, whichever call goes wrong'

/** What the service must find, too; where it depends on who is faster, it is not asked. */
const FOUND_BY_SERVICE: readonly string[] = [
  'drops nulls',
  'keeps numbers in 32 bits',
  'keeps lists as objects',
  'refuses facts beyond 32 bits',
  'answers from a cache that saves go past',
  'reports a conflict as saved',
  'reports a conflict and writes',
  'ignores versions',
]

/** What catches each broken repository: these cases and no other, or at least so many where hardly anything works. */
const caughtBy: Record<string, readonly string[] | number> = {
  'folds case': [CASE, FORMS],
  trims: [BLANKS],
  'pads with blanks, as MySQL does': [BLANKS],
  'normalises ids': [FORMS],
  'drops accents, as a collation does': [CASE, FORMS],
  'replaces what is no letter or digit in ids': [CASE, BLANKS, FORMS, SEPARATORS],
  'takes ids for patterns': [SEPARATORS],
  'keeps records as properties of an object': [PROPERTIES],
  'cuts ids to 254 bytes': [LONG_IDS],
  'takes ids that are numbers for numbers': [PROPERTIES],
  'drops nulls': [EMPTY],
  'takes empty text for null': [EMPTY],
  'keeps numbers in 32 bits': [NUMBERS],
  'keeps 15 digits of a number': [NUMBERS],
  'normalises text': [TEXT, FORMS],
  'trims text': [TEXT, BLANKS],
  'knows no characters beyond U+FFFF': [TEXT, FORMS, LONG_IDS],
  'sorts lists': [EMPTY, NUMBERS, TEXT, LISTS],
  'keeps lists as objects': [EMPTY, NUMBERS, TEXT, LISTS, LARGE, ANSWERED, HANDED_IN],
  'keeps lists as sets': [LISTS],
  'cuts records to 32 KiB': [LARGE],
  'refuses facts beyond 32 bits': [SIZES],
  'refuses a save without events': [SIZES],
  'answers its own object': [ANSWERED],
  "keeps the caller's object": [HANDED_IN],
  'answers undefined for nobody': 12,
  'answers an empty record for nobody': 12,
  'answers from a cache that saves go past': [FOUND, COUNT, CONNECTIONS, SENT_AGAIN, NEIGHBOURS],
  'reports a save without writing': 30,
  'reports a conflict as saved': [
    CREATE_OVER,
    REPLACE_NOTHING,
    REPLACE_LATE,
    REPLACE_OTHER,
    VERSIONS,
    BEFORE_REMOVAL,
    NO_EVENTS,
    CREATORS,
    REPLACERS,
    BOTH,
    COUNT,
    SENT_AGAIN,
  ],
  'reports a conflict and writes': [
    CREATE_OVER,
    REPLACE_NOTHING,
    REPLACE_LATE,
    REPLACE_OTHER,
    VERSIONS,
    BEFORE_REMOVAL,
    NO_EVENTS,
    CREATORS,
    REPLACERS,
    BOTH,
    SENT_AGAIN,
  ],
  'reports a save as a conflict': 30,
  'replaces on creation': [CREATE_OVER, CREATORS],
  'creates on replacement': [REPLACE_NOTHING, BEFORE_REMOVAL, BOTH],
  'ignores versions': [
    REPLACE_LATE,
    REPLACE_OTHER,
    VERSIONS,
    REMOVE_LATE,
    BEFORE_REMOVAL,
    NO_EVENTS,
    REPLACERS,
    BOTH,
    COUNT,
    SENT_AGAIN,
  ],
  'makes versions of its own, from 1': 30,
  'asks whether anybody has the version': [REPLACE_OTHER],
  'takes versions for numbers': [VERSIONS],
  'compares the first 16 characters of a version': [VERSIONS],
  'compares the last 16 characters of a version': [VERSIONS],
  'removes whatever the version': [REMOVE_LATE, BEFORE_REMOVAL, BOTH],
  'removes everybody': [REMOVE, CASE, BLANKS, FORMS, PROPERTIES, SEPARATORS, LONG_IDS],
  'reports a removal without removing': 12,
  'reports a removal of nobody': [REMOVE_NOTHING, BEFORE_REMOVAL, REMOVERS, BOTH],
  'never takes a removed user back': [SECOND_LIFE, BEFORE_REMOVAL, EVENTS_GO],
  'takes the version of a removed record for the stored one': [BEFORE_REMOVAL, BOTH],
  'keeps the events of removed users': [EVENTS_GO],
  'writes events on conflict': [NO_EVENTS, SENT_AGAIN],
  'folds the case of the owners of events': [CASE, FORMS],
  'takes event ids to be unique among all users': 13,
  'checks, then creates': [CREATORS],
  'checks, then replaces': [REPLACERS, BOTH, COUNT],
  'checks, then removes': [REMOVERS, BOTH],
  'does again what it did before': [SENT_AGAIN],
  'mixes up users written at once': [CREATORS, REPLACERS, NEIGHBOURS],
  'remembers on each connection what it read there': [CONNECTIONS, NEIGHBOURS],
  'checks, then acts, one call after the other on each connection': [CREATORS, REPLACERS, REMOVERS, BOTH, COUNT],
}

/** All of them, by what they do wrong. */
const FLAWED: Readonly<Record<string, () => OpenRepository>> = {
  ...Object.fromEntries(Object.entries(BROKEN).map(([flaw, make]) => [flaw, () => ({ repository: make() })])),
  ...BROKEN_APART,
}

async function failing(make: () => OpenRepository, flaw = ''): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of repositoryCases(async () => make())) {
    if (name === SERVICE && flaw !== '' && !FOUND_BY_SERVICE.includes(flaw)) continue
    await run().catch(() => failed.push(name))
  }
  return failed
}

describe('the cases of a repository', () => {
  it.each(Object.entries(FLAWED))('catch one that %s', async (flaw, make) => {
    const expected = caughtBy[flaw]
    const caught = await failing(make, flaw)
    if (typeof expected === 'number') expect(caught.length).toBeGreaterThanOrEqual(expected)
    else expect(caught).toEqual(FOUND_BY_SERVICE.includes(flaw) ? [...(expected ?? []), SERVICE] : expected)
  })

  it('find no fault with a sound one', async () => {
    expect(await failing(() => ({ repository: memoryRepository() }))).toEqual([])
  })

  it('find no fault with one over several connections, which only those that race open', async () => {
    let connections = 0
    const cases = repositoryCases(async () => {
      const repository = memoryRepository()
      return {
        repository,
        async another() {
          connections++
          return { ...repository }
        },
      }
    })
    const racing = new Set<string>()
    for (const { name, run } of cases) {
      const before = connections
      await run()
      if (connections > before) racing.add(name)
    }
    expect([...racing]).toEqual([CREATORS, REPLACERS, REMOVERS, BOTH, COUNT, CONNECTIONS, NEIGHBOURS, SERVICE])
    expect(connections).toBe(3 * racing.size)
  })

  it('each catch something', async () => {
    const caught = await Promise.all(Object.entries(FLAWED).map(([flaw, make]) => failing(make, flaw)))
    expect(names.filter((name) => !caught.flat().includes(name))).toEqual([])
    expect(Object.keys(caughtBy).sort()).toEqual(Object.keys(FLAWED).sort())
  })

  it('have names of their own and say which sentence of the contract they prove', () => {
    const cases = repositoryCases(async () => ({ repository: memoryRepository() }))
    expect(new Set(names).size).toBe(cases.length)
    for (const { contract } of cases) expect(contract).toMatch(/^\S.+\.$/)
    expect(Object.isFrozen(cases) && cases.every((each) => Object.isFrozen(each))).toBe(true)
  })

  it('open a repository each, and close it whether the promise was kept or broken', async () => {
    for (const make of [memoryRepository, BROKEN['reports a save without writing'] as () => EnrollmentRepository]) {
      let opened = 0
      let closed = 0
      const cases = repositoryCases(async () => {
        opened++
        return {
          repository: make(),
          async close() {
            closed++
          },
        }
      })
      expect(opened).toBe(0)
      await Promise.allSettled(cases.map(({ run }) => run()))
      expect([opened, closed]).toEqual([cases.length, cases.length])
    }
  })

  it('say what was promised, what was expected and what was done', async () => {
    const [nobody] = repositoryCases(async () => ({
      repository: (BROKEN['answers undefined for nobody'] as () => EnrollmentRepository)(),
    }))
    await expect(nobody?.run()).rejects.toThrow(
      'a user without a record is answered null: what is found of "nobody" should be null and is undefined (The latest committed record; null where there is none.)',
    )
  })

  it('show no more of a large record than helps', async () => {
    const large = repositoryCases(async () => ({
      repository: (BROKEN['cuts records to 32 KiB'] as () => EnrollmentRepository)(),
    }))
    const [error] = (await Promise.allSettled(large.map(({ run }) => run()))).flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as Error] : [],
    )
    expect(error?.message).toMatch(/^a record of 64 KiB comes back whole: .+… and is .+… \(.+\)$/)
    expect(error?.message.length).toBeLessThan(700)
  })

  it('tell of what a repository throws, whatever it is, rather than of a close that fails after it', async () => {
    for (const thrown of [new Error('the disk is full'), 'the disk is full']) {
      const repository = { ...memoryRepository(), find: () => Promise.reject(thrown) }
      const [nobody] = repositoryCases(async () => ({ repository, close: () => Promise.reject(new Error('not open')) }))
      const error = await nobody?.run().catch((caught: Error) => caught)
      expect(error).toMatchObject({
        message: expect.stringContaining('answered null: the disk is full (') as string,
        cause: thrown,
      })
    }
  })

  it('tell of a close that fails after a promise was kept', async () => {
    const close = (): Promise<void> => Promise.reject(new Error('still in use'))
    const [nobody] = repositoryCases(async () => ({ repository: memoryRepository(), close }))
    await expect(nobody?.run()).rejects.toThrow('still in use')
  })

  it('refuse to open nothing', async () => {
    expect(() => repositoryCases({ repository: memoryRepository() } as never)).toThrow(TypeError)
    const [nobody] = repositoryCases(async () => undefined as never)
    await expect(nobody?.run()).rejects.toThrow(new TypeError('what open answers must be an object'))
  })

  it('refuse what nobody would use of what was opened, and close it all the same', async () => {
    let closed = 0
    const close = async (): Promise<void> => void closed++
    const repository = memoryRepository()
    for (const misspelt of [{ anohter: async () => repository }, { clsoe: close }]) {
      const [nobody] = repositoryCases(async () => ({ repository, close, ...misspelt }))
      await expect(nobody?.run()).rejects.toThrow(
        'what open answers has a property that is not known; it takes repository, another, close',
      )
    }
    expect(closed).toBe(2)
  })
})
