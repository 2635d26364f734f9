// @ts-check
import { readFileSync, writeFileSync } from 'node:fs'
import { strykerPlugins as vitestPlugins } from '@stryker-mutator/vitest-runner'

/** @typedef {import('@stryker-mutator/api/test-runner').TestRunner} TestRunner */
/** @typedef {import('@stryker-mutator/api/test-runner').MutantRunOptions} Options */
/** @typedef {import('@stryker-mutator/api/test-runner').MutantRunResult} Result */

/** Above this, a file is run as a whole: Vitest looks for each test's name in one pattern of all of them. */
const FEW_TESTS = 30
/** How long the tests of each file took, told to the other processes of this run. */
const COSTS = 'costs.json'
/** No mutant has it. */
const NO_MUTANT = 'none'

/**
 * Stryker's runner for Vitest, on threads that are kept (kept-thread.js). What one mutant leaves behind must not count for
 * the next: a test that fails has to pass again in the same thread without the mutant, or the mutant is tried afresh.
 * @param {{ injectFunction(factory: unknown): TestRunner & { ctx: import('vitest/node').Vitest } }} injector
 */
function createRunner(injector) {
  const runner = injector.injectFunction(vitestPlugins[0].factory)
  const runTests = runner.mutantRun.bind(runner)

  /** @param {Options} options @returns {Promise<Result>} */
  async function tryOnce(options) {
    const result = await runTests(options)
    if (result.status !== 'survived') return result
    // Stryker sees tests that fail, but not files that fail before they have any.
    const broken = runner.ctx.state.getFiles().find((file) => file.result?.state === 'fail')
    if (broken === undefined) return result
    const failureMessage = `${broken.name} cannot be loaded`
    return /** @type {Result} */ ({ status: 'killed', killedBy: [], failureMessage, nrOfTests: result.nrOfTests })
  }

  /** File by file, the quickest first: most mutants need no more. @param {Options} options @returns {Promise<Result>} */
  async function tryByFile(options) {
    /** @type {Map<string, string[]>} */
    const files = new Map()
    for (const id of options.testFilter ?? []) {
      const file = id.slice(0, id.indexOf('#') + 1)
      files.set(file, [...(files.get(file) ?? []), id])
    }
    const costs = readCosts()
    const costOf = (/** @type {string} */ file) => costs[file] ?? 0
    let result = /** @type {Result} */ ({ status: 'survived', nrOfTests: 0 })
    for (const [file, ids] of [...files].sort(([one], [other]) => costOf(one) - costOf(other))) {
      const started = performance.now()
      result = await tryOnce({ ...options, testFilter: ids.length > FEW_TESTS ? [file] : ids })
      const cost = performance.now() - started
      if (cost > costOf(file)) writeFileSync(COSTS, JSON.stringify({ ...readCosts(), [file]: cost }))
      if (result.status !== 'survived') return result
    }
    return result
  }

  /** @param {Options} options @returns {Promise<Result>} */
  runner.mutantRun = async (options) => {
    if (options.testFilter === undefined) return tryOnce(options)
    const result = await tryByFile(options)
    if (result.status !== 'killed' || result.killedBy.length === 0) return result
    const activeMutant = { ...options.activeMutant, id: NO_MUTANT }
    const without = await runTests({ ...options, activeMutant, testFilter: result.killedBy })
    return without.status === 'survived' ? result : tryOnce({ ...options, mutantActivation: 'static' })
  }
  return runner
}
createRunner.inject = ['$injector']

/** @returns {Record<string, number>} */
function readCosts() {
  try {
    return JSON.parse(readFileSync(COSTS, 'utf8'))
  } catch {
    // Nobody has told any yet, or somebody is writing them: they order the files, no more.
    return {}
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'vitest-kept', factory: createRunner }]
export { strykerValidationSchema } from '@stryker-mutator/vitest-runner'
