// @ts-check
// Races, kills and the reference model, as often as it takes to trust them: 500 rounds of each race across processes,
// 1,000 kills and 10,000 runs of the model on each store, where the tests of every day do some tens; on memory the
// model alone. `node scripts/long.js Redis MariaDB` asks only these stores, LEEWAY_SEED draws the model's commands once
// more, and LEEWAY_ONLY=model (or processes) leaves the rest out.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'

/** @typedef {{ fullName: string, status: string, meta: { figures?: Record<string, number> } }} Test */

const { LEEWAY_ROUNDS = '500', LEEWAY_KILLS = '1000', LEEWAY_MODEL_RUNS = '10000', LEEWAY_ONLY = '' } = process.env
const STORES = ['memory', 'SQLite', 'PostgreSQL', 'MariaDB', 'Redis']
/** @type {Record<string, string>} */
const SUITES = { model: 'test/stores/model.test.ts', processes: 'test/stores/service-processes.test.ts' }
if (LEEWAY_ONLY !== '' && !(LEEWAY_ONLY in SUITES)) throw new Error(`no such suite: ${LEEWAY_ONLY}`)
const suites = Object.entries(SUITES).flatMap(([name, file]) => (['', name].includes(LEEWAY_ONLY) ? [file] : []))
const wanted = process.argv.slice(2)
const stores = wanted.length === 0 ? STORES : wanted
for (const store of stores) if (!STORES.includes(store)) throw new Error(`no such store: ${store}`)

/**
 * Runs the suites of one store, and answers what they did.
 * @param {string} store
 * @returns {readonly Test[]}
 */
function run(store) {
  const report = `temp/long-${store}-${process.pid}.json`
  mkdirSync('temp', { recursive: true })
  const onMemory = store === 'memory'
  const files = onMemory ? ['test/testing/model.test.ts'] : suites
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      ...['run', '--config', 'config/vitest.ts', ...files],
      // The tests of a store are told by their names.
      ...[
        '-t',
        onMemory ? 'over memory' : `on one ${store}`,
        '--reporter=verbose',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
    ],
    // A server that is not there fails: it would have shown nothing.
    { stdio: 'inherit', env: { ...process.env, CI: 'true', LEEWAY_ROUNDS, LEEWAY_KILLS, LEEWAY_MODEL_RUNS } },
  )
  if (status !== 0) process.exitCode = 1
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  rmSync(report)
  return testResults.flatMap((/** @type {{ assertionResults: Test[] }} */ file) => file.assertionResults)
}

/** @type {string[]} */
const lines = []
for (const store of stores) {
  const tests = run(store).filter(({ status }) => status !== 'pending' && status !== 'skipped')
  lines.push('', store)
  if (tests.length === 0) process.exitCode = 1
  for (const { fullName, status, meta } of tests) {
    const { milliseconds = 0, ...figures } = meta.figures ?? {}
    const told = Object.entries(figures).map(([name, figure]) => `${figure} ${name}`)
    const name = fullName.replace(/^.*? (rounds|times) /, '')
    lines.push(`  ${status}: ${name}`, `    ${[...told, `${Math.round(milliseconds / 1000)} s`].join(', ')}`)
  }
}
console.log(lines.join('\n'))
