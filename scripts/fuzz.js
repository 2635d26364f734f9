// @ts-check
// Throws a million random and hostile inputs at every parser, and compares what each makes of them with a model of what it
// may. `npm run test:fuzz`, `-- --runs=10000` for fewer, `--seed=7` for the same inputs again, and names or parts of them
// for some targets only. Ends with 1 where a rule was broken, and tells the smallest input that breaks it.
import { parseArgs } from 'node:util'
import { fuzz } from '../test/fuzz/target.js'
import { everyTarget } from '../test/fuzz/targets.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '1000000' }, seed: { type: 'string' } },
})
const runs = Number(values.runs)
const seed = Number(values.seed ?? crypto.getRandomValues(new Int32Array(1))[0])
if (!Number.isSafeInteger(runs) || runs < 1) throw new RangeError('--runs is a whole number from 1')
if (!Number.isInteger(seed) || seed !== (seed | 0)) throw new RangeError('--seed is a whole number of 32 bits')

const targets = await everyTarget()
const wanted = targets.filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
if (wanted.length === 0) throw new RangeError(`no such target; there are ${targets.map(({ name }) => name).join(', ')}`)

const COLUMNS = ['runs', 'accepted', 'refused', 'slowest', 'each']
console.log(`seed ${seed}, Node ${process.version}; the slowest call and the processor's time for each run, in µs`)
console.log(['target'.padEnd(40), ...COLUMNS.map((name) => name.padStart(10))].join(''))
let broken = 0
for (const target of wanted) {
  const before = process.cpuUsage()
  const report = await fuzz(target, { runs, seed })
  const { user, system } = process.cpuUsage(before)
  const figures = [report.runs, report.accepted, report.refused, report.slowestUs, (user + system) / report.runs]
  const columns = figures.map((figure) => Math.round(figure).toLocaleString('en').padStart(10))
  console.log([target.name.padEnd(40), ...columns].join(''))
  if (report.violation === null) continue
  broken++
  console.log(`BROKEN by ${report.violation.input}\n${report.violation.message}`)
}
console.log(`${wanted.length - broken} passed, ${broken} failed`)
if (broken > 0) process.exitCode = 1
