import { describe, expect, it } from 'vitest'
import { memoryRepository } from '../../src/stores/memory/index.js'
import {
  directoryCases,
  type OpenRepository,
  type RepositoryCase,
  type RepositoryWithDirectory,
} from '../../src/testing/index.js'
import { BROKEN, BROKEN_APART, soundDirectory } from './broken-directories.js'

/** What each case catches: the flaws that it is there for, though others catch some of them too. */
const CATCHES: Readonly<Record<string, readonly string[]>> = {
  'findMany answers those who have a record, each under its version, and leaves out the others': [
    'answer null in findMany for nobody',
    'find everybody where findMany asks for nobody',
  ],
  'findMany answers a user once who is asked for twice': ['refuse to find a user twice'],
  'findMany finds hundreds at once among more that are not there': ['find a thousand at most'],
  'findMany tells ids apart byte for byte, and takes them all for ordinary': [
    'find ids without case',
    'answer findMany as an object',
  ],
  'findMany and list answer what was written last': [
    'answer the facts in place of the record',
    'answer findMany from a cache',
  ],
  'what one connection wrote, every other finds, lists, counts and tells at once': [
    'forget the events of saveMany',
    'count on each connection what was counted there first',
  ],
  'changing what findMany, list and history answered does not change what is stored': ['answer their own objects'],
  'saveMany saves each change with its facts and its events': ['forget the facts of saveMany'],
  'saveMany answers in the order of the changes, and a conflict stops no other': [
    'stop saveMany at the first conflict',
    'undo all of saveMany at a conflict',
    'answer saveMany by outcome, not in order',
    'answer saveMany with those saved',
  ],
  'saveMany of one user twice over one version saves one of them': ['look at all versions, then save many'],
  'saveMany of nothing answers nothing': ['refuse to save nothing'],
  'saveMany takes hundreds at once': [
    'answer 100 at most',
    'answer saveMany by outcome, not in order',
    'save at most 100 at once',
  ],
  'saveMany answers a thousand creations, replacements and conflicts at once, mixed, in their order': [
    'save many creations first, and answer them first',
    'answer saveMany by outcome, not in order',
  ],
  'saveMany by several at once, in opposite orders, saves one of them for each user': [
    'look, then save many',
    'lock many in the order of the call',
  ],
  'list answers everybody who has a record, in the order of the bytes of their ids': [
    'order by UTF-16 units',
    'order by a locale',
    'keep the order of arrival',
  ],
  'list takes every id for ordinary': ['order by UTF-16 units'],
  'list of a phase is who phaseOf says, at the instants around every boundary': [
    'take a period for running at its deadline',
    'take a period for scheduled when it starts',
    'let an exemption hold at its end',
    'take a period that waits for a sign-in for scheduled',
    'keep seconds',
    'compute the phase when saving',
  ],
  'an exemption, an authenticator and a suspension hide a requirement while they last': [
    'let an exemption hold at its end',
    'forget exemptions',
    'put a suspension below an authenticator',
    'put an exemption above an authenticator',
  ],
  'list of who is locked, or is not, changes at the instant when the lock ends': [
    'let a lock hold at its end',
    'have nobody unlocked whose lock has ended',
    'leave who was never locked out of the unlocked',
    'take locked: false for no filter',
  ],
  'list by deadline is of those whom it can still stop, and of no deadline at the instant itself': [
    'list the deadline at the instant itself',
    'list deadlines of the suspended',
    'list deadlines of the enrolled',
    'leave deadlines of the exempt out',
    'leave deadlines gone by out',
  ],
  'list agrees at the first and the last instants that there are': ['take zero for no instant'],
  'list by several filters is of those whom all let through': ['filter by the first filter only'],
  'list by prefix takes it for text, whatever it means elsewhere': [
    'take the prefix for a pattern',
    'escape a pattern but not the backslash',
    'take the prefix for a glob',
    'find a prefix anywhere',
  ],
  'list by prefix compares bytes: no case, form or blank is folded': [
    'fold the case of prefixes',
    'normalise prefixes',
    'trim prefixes',
  ],
  'list by prefix ends where the bytes say, beyond U+D7FF, U+FFFF and at the last character': [
    'end prefixes at the next UTF-16 unit',
    'end prefixes at U+FFFF',
  ],
  'list by an empty prefix is of everybody': ['have nobody begin with nothing'],
  'pages follow each other without a gap or a repetition, whatever their size': [
    'page from the start again',
    'page by offset',
    'begin a page with the id that it should follow',
    'limit before they filter',
  ],
  'a page begins after an id that nobody has, too': [
    'forget the prefix where a page begins after an id',
    'page from the place of an id that must be there',
  ],
  'users who come and go between pages move nobody else': ['page by offset', 'take one more than the limit'],
  'lists, counts and deadlines follow each write, and no conflict': [
    'leave index rows of replaced records',
    'count removed users',
  ],
  'counts of an empty store are zero, and nothing is listed, due or told': [
    'leave phases of nobody out of counts',
    'leave out intervals without a deadline',
    'answer no totals of nobody',
  ],
  'counts are how many phaseOf says, at the instants around every boundary': [
    'take a period for running at its deadline',
    'take a period that waits for a sign-in for scheduled',
  ],
  'counts agree at the first and the last instants that there are': ['take zero for no instant'],
  'counts have who is locked in every phase': [
    'forget who is locked in counts',
    'count the locked of the required only',
    'count the locked out of their phase',
    'count in text',
  ],
  'a deadline at an edge is in the interval that begins there, and one outside is in none': [
    'close intervals of deadlines at both ends',
    'open intervals of deadlines where they begin',
    'count what is outside into the first interval',
    'divide deadlines by whole days',
  ],
  'deadlines are of those whom they can still stop, whatever the time': [
    'list deadlines of the suspended',
    'leave deadlines before now out',
  ],
  'deadlines take as many edges as there are days in a year, of different lengths, and none': [
    'refuse no edges',
    'take 100 edges at most',
  ],
  'a reminder is due from its instant on, and not before': [
    'hold a reminder back at its instant',
    'remind within the second',
    'take a reminder at zero for none',
    'take a reminder at the last instant for none',
    'forget reminders of long ago',
  ],
  'a reminder is due whatever else the facts say': [
    'remind nobody who is suspended',
    'remind only whom a deadline can stop',
    'remind 100 at most',
  ],
  'reminders come the earliest first, and those of one instant in the order of the bytes of their ids': [
    'remind the latest first',
    'remind in the order of the ids',
    'remind those of one instant as they came',
    'remind those of one instant by UTF-16 units',
    'order reminders by their instants as text',
  ],
  'pages of reminders follow each other at every cut, within an instant too': [
    'page reminders from the first again',
    'drop the rest of an instant where a page of reminders ends within it',
    'begin a page of reminders with the whole of an instant',
    'page reminders by id alone',
    'page reminders by instant and by id, each by itself',
    'remind one more than the limit',
  ],
  'a page of reminders begins after one that nobody has, too': [
    'page reminders from the place of one that must be there',
    'page reminders from where the last one is now',
  ],
  'reminders that move between pages hold up nobody, and come once each': [
    'page reminders by offset',
    'page reminders through what was due for the first page',
  ],
  'a reminder follows each save, earlier, later and away, no conflict, and goes with its user': [
    'leave a reminder where it was',
    'move a reminder later only',
    'move a reminder by a save that conflicts',
    'forget the reminders of saveMany',
    'remind who was removed',
  ],
  'reminders take every id for ordinary': ['read a reminder up to the next colon'],
  'totals are of all records, in every phase': [
    'count totals by phase',
    'forget the suspended in totals',
    'leave the locked out of totals',
    'leave the enrolled out of the required',
    'count the enrolled among the required only',
    'answer totals in text',
    'add up totals from the events',
  ],
  'totals and movements follow each write, and no conflict': [
    'count totals once and never less',
    'keep the movement of the last event of a save only',
    'write movements of a save that conflicts',
  ],
  'what moved since an instant is what the totals differ by from then': [
    'leave movements of the instant itself out',
    'tell movements from a millisecond before',
    'tell nobody who leaves',
    'tell no movements of the exempt',
    'keep one movement a millisecond',
  ],
  'movements begin at the instant itself, and come the newest first, whatever the order of the saves': [
    'leave movements of the instant itself out',
    'tell movements from a millisecond before',
    'tell movements up to the instant',
    'tell all movements, whenever from',
    'tell movements the oldest first',
    'tell movements as they came',
    'order movements by their instants as text',
  ],
  'a movement is what an event says true or false of, and nothing else': [
    'take any detail of that name for a movement',
    'look for movements in the text of an event',
    'tell movements by the kinds of events',
    'tell one of two facts that moved',
  ],
  'movements of thousands at one instant are all told, with those around it': [
    'drop the rest of an instant where a page of movements ends within it',
    'tell a thousand movements at most',
  ],
  'movements are told once each while others save newer ones': [
    'page movements by offset',
    'let nobody save while movements are read',
  ],
  'reading movements can end early or go on later, and leaves nothing open': [
    'hold a connection until movements are read to the end',
    'have one reader of movements at a time',
    'let nobody save while movements are read',
  ],
  'who is removed takes his movements along, and out of the totals': [
    'count the removed in totals',
    'keep the movements of who was removed',
  ],
  'history tells the events of each save, each as it is': [
    'keep the last save of a history only',
    'drop what is null in events',
  ],
  'history is in the order of the ids, though the clock went backwards': [
    'order events by their time',
    'tell the newest event first',
  ],
  'history goes by pages: after an id, so many at most': [
    'tell the event that a page should follow',
    'tell all events on every page',
    'tell one page only',
    'begin a history only after an event that is there',
  ],
  'history is of one user, whatever the ids of others are like': [
    'tell events of others',
    'tell events of who begins alike',
  ],
  'history goes with the record, and a new one begins afresh': ['keep events after the user is removed'],
  'history tells nothing of a save that met a conflict': ['write events of a save that conflicts'],
  'pruning deletes exactly the events of before the instant, and says how many': [
    'prune the instant itself',
    'prune up to the last that is old',
    'prune up to the first that is not old',
    'keep the latest event of each user',
    'compare instants as text when pruning',
    'say how many users were pruned',
    'answer in text how many were pruned',
    'add up how many were pruned',
  ],
  'pruning leaves all records and their facts as they are, though no event is left': [
    'delete records of which no event is left',
    'forget the facts of whom they prune',
    'write records anew when pruning',
  ],
  'pruning leaves the movements of the events that are left, and the totals': [
    'take what is pruned off the totals',
    'keep the movements of what they prune',
    'forget all movements of whom they prune',
  ],
  'a history goes on after pruning, from an event that is gone and with events that come': [
    'begin a history only after an event that was not pruned',
    'number events by how many there are',
  ],
  'pruning again deletes nothing, but what has come since or was left': [
    'prune once for an instant',
    'refuse events of before what was pruned',
    'add up how many were pruned',
  ],
  'the latest instant that was pruned for is known to all, whatever it found, and never goes back': [
    'forget what was pruned',
    'move what was pruned back',
    'take pruning to zero for never',
    'know only of pruning that found something',
    'forget what was pruned with the last user',
    'know what was pruned on the connection that pruned',
  ],
  'what is pruned is known before the first event goes': ['know what was pruned when all is gone'],
  'pruning goes through thousands of events while others save, and nothing that is saved is lost': [
    'prune ten thousand at most',
    'write back what they read before they pruned',
    'let nobody save while they prune',
  ],
  'pruning by several at once deletes each event once, and the latest instant is known': [
    'look what was pruned, then note it',
    'count what they found, not what they pruned',
  ],
  'pruning knows nothing any more of who was removed, and spares who comes afresh': [
    'prune by an index that keeps who was removed',
    'count who was removed among the pruned',
  ],
}

/** All that is wrong with any of them. */
const FLAWED: Readonly<Record<string, () => OpenRepository<RepositoryWithDirectory>>> = {
  ...Object.fromEntries(Object.entries(BROKEN).map(([flaw, make]) => [flaw, () => ({ repository: make() })])),
  ...BROKEN_APART,
}

function casesOver(make: () => OpenRepository<RepositoryWithDirectory>): readonly RepositoryCase[] {
  return directoryCases(async () => make())
}

const SOUND = casesOver(() => ({ repository: soundDirectory() }))
const IN_MEMORY = casesOver(() => ({ repository: memoryRepository() }))

describe('the cases of a directory', () => {
  for (const [at, { name, contract, run }] of SOUND.entries()) {
    describe(name, () => {
      it('finds no fault with a sound one', run)
      it('finds no fault with the one in memory', () => IN_MEMORY[at]?.run())

      it.each(CATCHES[name] ?? [])('catches those that %s', async (flaw) => {
        const made = FLAWED[flaw]
        if (made === undefined) throw new Error('there is no directory with this flaw')
        const error = await casesOver(made)
          [at]?.run()
          .catch((caught: Error) => caught)
        expect(error).toBeInstanceOf(Error)
        // By the promise that was broken, not by a slip of the case's own.
        expect((error as Error).message).toMatch(
          / should be .+ and is |: (deadlock|duplicate|too many|VALUES|an interval)/,
        )
        expect((error as Error).message).toMatch(name)
        expect((error as Error).message).toMatch(`(${contract})`)
      })
    })
  }

  it('each catch something, and nothing that is broken passes', () => {
    expect(Object.keys(CATCHES)).toEqual(SOUND.map(({ name }) => name))
    expect(Object.values(CATCHES).filter((flaws) => flaws.length === 0)).toEqual([])
    expect([...new Set(Object.values(CATCHES).flat())].sort()).toEqual(Object.keys(FLAWED).sort())
  })

  it('have names of their own and say which sentence of the contract they prove', () => {
    expect(new Set(SOUND.map(({ name }) => name)).size).toBe(SOUND.length)
    for (const { contract } of SOUND) expect(contract).toMatch(/^\S.+\.$/)
    expect(Object.isFrozen(SOUND) && SOUND.every((each) => Object.isFrozen(each))).toBe(true)
  })

  it('find no fault with one over several connections, which only those that race open', async () => {
    let connections = 0
    const cases = directoryCases(async () => {
      const repository = soundDirectory()
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
    expect([...racing]).toEqual([
      'what one connection wrote, every other finds, lists, counts and tells at once',
      'saveMany by several at once, in opposite orders, saves one of them for each user',
      'the latest instant that was pruned for is known to all, whatever it found, and never goes back',
      'what is pruned is known before the first event goes',
      'pruning goes through thousands of events while others save, and nothing that is saved is lost',
      'pruning by several at once deletes each event once, and the latest instant is known',
    ])
    expect(connections).toBe(3 * racing.size)
  })

  it('say who is missing, who is too many and what is out of order', async () => {
    const messageOf = async (flaw: string, name: string): Promise<string> => {
      const made = FLAWED[flaw] as () => OpenRepository<RepositoryWithDirectory>
      const found = casesOver(made).find((each) => each.name === name)
      return found === undefined ? '' : found.run().then(String, (error: Error) => error.message)
    }
    const order = 'list answers everybody who has a record, in the order of the bytes of their ids'
    expect(await messageOf('order by UTF-16 units', order)).toMatch(/who is at the places from \d+ in a list of \{\}/)
    const hidden = 'an exemption, an authenticator and a suspension hide a requirement while they last'
    expect(await messageOf('forget exemptions', hidden)).toContain(
      'who is missing, and who is too many, in a list of {"phase":"overdue"} should be {"missing":[],"others":[]} and is {"missing":[],"others":["exempt"]}',
    )
  })

  it('refuse to open nothing, and what nobody would use', async () => {
    expect(() => directoryCases({ repository: soundDirectory() } as never)).toThrow(TypeError)
    const [first] = directoryCases(async () => ({
      repository: soundDirectory(),
      anohter: async () => soundDirectory(),
    }))
    await expect(first?.run()).rejects.toThrow('it takes repository, another, close')
  })
})
