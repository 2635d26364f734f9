// @ts-check
// Throws a million random and hostile inputs at every parser, and compares what each makes of them with a model of what it
// may. `npm run test:fuzz`, `-- --runs=10000` for fewer, `--seed=7` for the same inputs again, and names or parts of them
// for some targets only. Ends with 1 where a rule was broken, and tells the smallest input that breaks it. `--write` puts
// what came of all targets into docs/fuzzing.md.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { fuzz } from '../test/fuzz/target.js'
import { everyTarget } from '../test/fuzz/targets.js'
import { markdownTable, putInto, today, wrapped } from './marks.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '1000000' }, seed: { type: 'string' }, write: { type: 'boolean' } },
})
const runs = Number(values.runs)
const seed = Number(values.seed ?? crypto.getRandomValues(new Int32Array(1))[0])
if (!Number.isSafeInteger(runs) || runs < 1) throw new RangeError('--runs is a whole number from 1')
if (values.write && positionals.length > 0) throw new RangeError('--write is for all targets')
if (!Number.isInteger(seed) || seed !== (seed | 0)) throw new RangeError('--seed is a whole number of 32 bits')

const targets = await everyTarget()
const wanted = targets.filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
if (wanted.length === 0) throw new RangeError(`no such target; there are ${targets.map(({ name }) => name).join(', ')}`)

const columns = ['runs', 'accepted', 'refused', 'slowest µs', 'each µs']
console.log(`seed ${seed}, Node ${process.version}; each: the processor's time for one run, the model's part with it`)
console.log(['target'.padEnd(40), ...columns.map((name) => name.padStart(12))].join(''))
/** @type {string[][]} */
const rows = []
let broken = 0
for (const target of wanted) {
  const before = process.cpuUsage()
  const { violation, ...report } = await fuzz(target, { runs, seed })
  const { user, system } = process.cpuUsage(before)
  const figures = [report.runs, report.accepted, report.refused, report.slowestUs, (user + system) / report.runs]
  const row = figures.map((figure) => Math.round(figure).toLocaleString('en'))
  rows.push([target.name, ...row])
  console.log([target.name.padEnd(40), ...row.map((cell) => cell.padStart(12))].join(''))
  if (violation === null) continue
  broken++
  console.log(`BROKEN by ${violation.input}\n${violation.message}`)
}
console.log(`${wanted.length - broken} passed, ${broken} failed`)
if (broken > 0) process.exitCode = 1
else if (values.write) {
  const on = `${cpus().length} x ${(cpus()[0]?.model ?? 'unknown').trim()}, Node ${process.version}`
  const how = wrapped(
    `Run ${today()} on ${on}, seed ${seed}: nothing was thrown but what is documented, and nothing accepted outside a model.`,
  )
  putInto('docs/fuzzing.md', 'fuzz', `${how}\n\n${markdownTable(['target', ...columns], rows)}`)
}
