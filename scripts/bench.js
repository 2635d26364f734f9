// @ts-check
// Runs every benchmark in turn, each in a process of its own, so that none warms or crowds the next. Names pick some of them,
// options go to each: `npm run bench -- totp --rounds=20`. With `--write` (`npm run bench:docs`) what they tell goes into
// docs/benchmarks.md, each into its own part; nothing is written of one that fails.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { markdownTable, putInto, today, wrapped } from './marks.js'

/** @typedef {import('../bench/support/report.js').Report} Report */

const PAGE = 'docs/benchmarks.md'
const given = process.argv.slice(2)
const isWritten = given.includes('--write')
const options = given.filter((one) => one.startsWith('--') && one !== '--write')
const wanted = given.filter((one) => !one.startsWith('--'))
const all = readdirSync('bench').flatMap((name) => (name.endsWith('.js') ? [name.slice(0, -3)] : []))
for (const name of wanted)
  if (!all.includes(name)) throw new RangeError(`no such benchmark; there are ${all.join(', ')}`)

/**
 * Runs a benchmark, and answers what it told; null where it failed.
 * @param {string} name
 * @returns {Report | null}
 */
function run(name) {
  console.log(`\n${name}`)
  const file = `temp/bench-${name}-${process.pid}.json`
  mkdirSync('temp', { recursive: true })
  const { status } = spawnSync(process.execPath, ['--expose-gc', `bench/${name}.js`, ...options], {
    stdio: 'inherit',
    env: { ...process.env, LEEWAY_BENCH_REPORT: file },
  })
  if (status !== 0) return null
  const report = JSON.parse(readFileSync(file, 'utf8'))
  rmSync(file)
  return report
}

/**
 * A part of the page.
 * @param {Report} report
 */
function markdown({ on, how, tables }) {
  const parts = tables.flatMap(({ claim, columns, rows, means }) => [
    `### ${claim}`,
    markdownTable(columns, rows),
    wrapped(means),
  ])
  return [wrapped(`Measured ${today()} on ${on}; ${how}.`), ...parts].join('\n\n')
}

for (const name of all.sort()) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const report = run(name)
  if (report === null) process.exitCode = 1
  else if (isWritten) putInto(PAGE, `bench: ${name}`, markdown(report))
}
