import process from 'node:process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { type LeewayModelOptions, leewayCommands, leewayModel } from '../../src/testing/index.js'
import { BROKEN_SYSTEMS } from './model/broken-systems.js'
import { modelRuns, SEED, told } from './model/runs.js'

/** How often it is run on memory; LEEWAY_MODEL_RUNS raises it. */
const RUNS = Number(process.env['LEEWAY_MODEL_RUNS'] ?? 1000)
/** Against a hang, not a measure. */
const TIMEOUT_MS = 120_000 + RUNS * 500

/** More than any broken system here needs. */
const RUNS_TO_CATCH = 1500

describe('the reference model', () => {
  it(`says of a service over memory what the service says, in ${RUNS} runs`, { timeout: TIMEOUT_MS }, async (test) => {
    // A store for each run: reports on memory look at everybody.
    const figures = await modelRuns(() => ({ repository: memoryRepository() }), RUNS)
    await told(test, figures, 'memory')
    expect(figures.runs).toBe(RUNS)
    expect(figures.commands).toBeGreaterThan(RUNS * 10)
  })

  it('needs no more of a store than the three methods of a repository', async () => {
    const { find, save, remove } = memoryRepository()
    const { runs } = await modelRuns(() => ({ repository: { find, save, remove } }), 50)
    expect(runs).toBe(50)
  })

  // From a seed of its own: what catches them today does so tomorrow.
  it.each(Object.entries(BROKEN_SYSTEMS))('parts with %s', async (_, make) => {
    const options = make()
    const property = fc.asyncProperty(leewayCommands(fc), (commands) =>
      fc.asyncModelRun(() => leewayModel(options), commands),
    )
    const { failed, numRuns } = await fc.check(property, { numRuns: RUNS_TO_CATCH, seed: 1, endOnFailure: true })
    expect(failed, `nothing was found in ${numRuns} runs`).toBe(true)
  })

  it('tells by which commands it parted, and the seed and the path that lead there again', async () => {
    const suspended = BROKEN_SYSTEMS['a store that forgets a suspension'] as () => LeewayModelOptions
    const runs = modelRuns(suspended, 1000, { seed: 1 })
    await expect(runs).rejects.toThrow(/seed: 1, path: "[\d:]+"[\s\S]*Counterexample: \[user \d: .*suspend/)
  })

  it('draws the same commands from the same seed', () => {
    const draw = (seed: number) =>
      fc.sample(leewayCommands(fc), { seed, numRuns: 5 }).map((drawn) => [...drawn].map(String))
    expect(draw(SEED)).toEqual(draw(SEED))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it('draws at most as many commands as are wanted', () => {
    const drawn = fc.sample(leewayCommands(fc, { maxCommands: 3 }), { seed: SEED, numRuns: 100 })
    const lengths = drawn.map((commands) => [...commands].length)
    expect(Math.max(...lengths)).toBe(3)
  })

  it('gives each run users of its own', () => {
    const repository = memoryRepository()
    const [one, other] = [leewayModel({ repository }).real, leewayModel({ repository }).real]
    expect(new Set([...one.userIds, ...other.userIds]).size).toBe(6)
  })

  it('refuses what it cannot use', () => {
    expect(() => leewayCommands(undefined as never)).toThrow('fc must be an object')
    expect(() => leewayCommands(fc, null as never)).toThrow('options must be an object')
    expect(() => leewayCommands(fc, { maxCommands: 0 })).toThrow(RangeError)
    expect(() => leewayCommands(fc, { maxComands: 3 } as never)).toThrow(
      new TypeError('options has a property that is not known; it takes maxCommands'),
    )
    expect(() => leewayModel(undefined as never)).toThrow('options must be an object')
    expect(() => leewayModel({} as never)).toThrow('repository')
    const repository = memoryRepository()
    expect(() => leewayModel({ repository, anohter: repository } as never)).toThrow(
      new TypeError('options has a property that is not known; it takes repository, another, cipher, start'),
    )
  })
})
