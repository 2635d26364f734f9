// @ts-check
// Mutation testing: changes one spot of the core at a time, and asks whether its tests notice. `node scripts/mutation.js totp
// record` asks for these folders only; without any it asks for all and writes down what came out, here and in the README.
// Results are kept in temp/mutation, so that a second run tries only what has changed, and what survived; with --afresh it
// begins with nothing, and with --report it tries none and tells what the runs before came to. docs/mutation.md says how it
// works, and why some mutants cannot be killed.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Stryker } from '@stryker-mutator/core'

/** @typedef {import('@stryker-mutator/api/core').schema.MutantResult} Mutant */
/** @typedef {{ files: Record<string, { source: string, mutants: Mutant[] }> }} Report */
/** @typedef {{ file: string, code: string, mutant: string, why: string }} Equivalent */

const FOLDERS = ['totp', 'enrollment', 'record', 'service', 'cipher']
const LEAST = 95

/** Where time is compared, windows, replays, locks and phases are decided and records saved: no survivor is unexplained. */
const GUARDED = [
  ...['code', 'hotp', 'instant', 'totp'].map((name) => `src/totp/${name}.ts`),
  ...['access', 'calendar', 'decision', 'factor', 'granted', 'locks', 'phase', 'proof', 'setup', 'step', 'time'].map(
    (name) => `src/enrollment/${name}.ts`,
  ),
  'src/enrollment/transition.ts',
  'src/record/conditions.ts',
  ...['access', 'attempt', 'change', 'evidence', 'save-batch'].map((name) => `src/service/${name}.ts`),
]

const args = process.argv.slice(2)
const wanted = args.filter((arg) => arg !== '--afresh' && arg !== '--report')
for (const folder of wanted) if (!FOLDERS.includes(folder)) throw new Error(`no such folder: ${folder}`)
const folders = wanted.length === 0 ? FOLDERS : wanted

/** @type {readonly Equivalent[]} */
const equivalents = JSON.parse(readFileSync('config/mutation/equivalents.json', 'utf8'))

/**
 * Tries the mutants of a folder, in two runs: code that runs while a test file is loaded and in tests is first tried by the
 * tests alone, which takes a fraction of the time; what survives that, and what only runs while files are loaded, then has
 * a thread of its own.
 * @param {string} folder
 */
async function tryMutantsOf(folder) {
  const file = `temp/mutation/${folder}.json`
  if (args.includes('--report')) return readReport(file)
  if (args.includes('--afresh')) rmSync(file, { force: true })
  process.env['LEEWAY_MUTATED'] = folder
  /** @param {import('@stryker-mutator/api/core').PartialStrykerOptions} options */
  const run = (options) =>
    new Stryker({
      configFile: 'config/stryker.js',
      mutate: [`src/${folder}/**/*.ts`],
      incrementalFile: file,
      ...options,
    }).runMutationTest()
  // What ended by time alone is asked again: the machine may have been busy.
  forget(file, (mutant) => lives(mutant) || mutant.status === 'Timeout')
  await run({ ignoreStatic: true })
  forget(file, (mutant) => lives(mutant) && mutant.static === true)
  // All tests of the folder, which is long on a busy machine.
  await run({ ignoreStatic: false, timeoutMS: 60_000 })
  return readReport(file)
}

/**
 * Forgets some results of the run before, so that these mutants are tried again.
 * @param {string} file
 * @param {(mutant: Mutant) => boolean} which
 */
function forget(file, which) {
  if (!existsSync(file)) return
  const report = readReport(file)
  for (const one of Object.values(report.files)) one.mutants = one.mutants.filter((mutant) => !which(mutant))
  writeFileSync(file, JSON.stringify(report))
}

/** @param {string} file @returns {Report} */
function readReport(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** @param {Pick<Mutant, 'status'>} mutant */
function lives({ status }) {
  return status === 'Survived' || status === 'NoCoverage'
}

/**
 * A mutant by its text, as the table of equivalents names it: the lines it changes, before and after.
 * @param {string} source
 * @param {Mutant} mutant
 */
function inText(source, { location: { start, end }, replacement = '' }) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  const [first = '', last = ''] = [lines[0], lines.at(-1)]
  const oneLine = (/** @type {string} */ text) => text.replaceAll(/\s+/g, ' ').trim()
  return {
    code: oneLine(lines.join(' ')),
    mutant: oneLine(first.slice(0, start.column - 1) + replacement + last.slice(end.column - 1)),
  }
}

/** @param {readonly string[]} cells */
const row = (cells) => `| ${cells.join(' | ')} |`
/** @param {readonly (readonly string[])[]} rows */
const table = ([head = [], ...rows]) => [head, head.map(() => '---'), ...rows].map(row).join('\n')
/** Code as a cell of a table. @param {string} text */
const asCode = (text) => `\`${text.replaceAll('|', '\\|')}\``

/**
 * Puts text in its place in a document.
 * @param {string} file
 * @param {string} name
 * @param {string} text
 */
function write(file, name, text) {
  const [from, to] = [`<!-- ${name}: made by scripts/mutation.js -->`, `<!-- ${name}: end -->`]
  const [before, rest = ''] = readFileSync(file, 'utf8').split(from)
  const [, after] = rest.split(to)
  if (before === undefined || after === undefined) throw new Error(`${file} has no markers for ${name}`)
  writeFileSync(file, `${before}${from}${text}${to}${after}`)
}

mkdirSync('temp/mutation', { recursive: true })

/** @type {(one: Omit<Equivalent, 'why'>) => (other: Omit<Equivalent, 'why'>) => boolean} */
const same = (one) => (other) => one.file === other.file && one.code === other.code && one.mutant === other.mutant

/** @type {Map<string, Mutant[]>} */
const results = new Map()
/** @type {{ file: string, code: string, mutant: string, status: string }[]} */
const survivors = []
for (const folder of folders) {
  const report = await tryMutantsOf(folder)
  /** @type {Mutant[]} */
  const mutants = []
  for (const [file, { source, mutants: found }] of Object.entries(report.files)) {
    for (const mutant of found) {
      const text = { file, ...inText(source, mutant) }
      // What no test can tell was cut off by a machine that was busy.
      if (mutant.status === 'Timeout' && equivalents.some(same(text))) mutant.status = 'Survived'
      if (lives(mutant)) survivors.push({ ...text, status: mutant.status })
      mutants.push(mutant)
    }
  }
  results.set(folder, mutants)
}

const all = [...results.values()].flat()
const known = survivors.filter((one) => equivalents.some(same(one)))
const unexplained = survivors.filter((one) => !equivalents.some(same(one)))
const stale = equivalents.filter(
  ({ file, ...one }) =>
    folders.some((folder) => file.startsWith(`src/${folder}/`)) && !survivors.some(same({ file, ...one })),
)

/**
 * What came of some mutants. Those that time out were noticed: the tests came to no end.
 * @param {readonly Mutant[]} mutants
 * @param {(file: string) => boolean} within
 */
function summary(mutants, within) {
  const count = (/** @type {Mutant['status']} */ status) => mutants.filter((mutant) => mutant.status === status).length
  const [killed, timeout, survived, noCoverage] = [
    count('Killed'),
    count('Timeout'),
    count('Survived'),
    count('NoCoverage'),
  ]
  const tried = killed + timeout + survived + noCoverage
  const equivalent = known.filter(({ file }) => within(file)).length
  const score = (100 * (killed + timeout)) / tried
  return { tried, killed, timeout, survived, noCoverage, equivalent, score, other: mutants.length - tried }
}

/** @param {number} score Never rounded up to what it is not. */
const percent = (score) => `${(Math.floor(score * 10) / 10).toFixed(1)} %`
/** @param {string} name @param {ReturnType<typeof summary>} figures */
function figuresOf(name, { tried, killed, timeout, survived, noCoverage, equivalent, score }) {
  return [name, ...[tried, killed, timeout, survived, noCoverage, equivalent].map(String), percent(score)]
}

const byFolder = [...results].map(([folder, mutants]) => ({
  folder,
  figures: summary(mutants, (file) => file.startsWith(`src/${folder}/`)),
}))
const total = summary(all, () => true)
const figures = table([
  ['folder', 'mutants', 'killed', 'timed out', 'survived', 'not reached', 'of those equivalent', 'score'],
  ...byFolder.map(({ folder, figures }) => figuresOf(`\`${folder}\``, figures)),
  figuresOf('together', total),
])

console.log(`\n${figures}`)
for (const { file, code, mutant, status } of unexplained) console.log(`\n${status}: ${file}\n- ${code}\n+ ${mutant}`)

/** @param {string} fault */
function fail(fault) {
  console.error(fault)
  process.exitCode = 1
}
for (const { folder, figures } of byFolder) if (figures.score < LEAST) fail(`${folder} is under ${LEAST} %`)
if (total.other > 0) fail(`${total.other} mutants could not be tried`)
for (const { file } of unexplained.filter((one) => GUARDED.includes(one.file)))
  fail(`not killed nor explained: ${file}`)
for (const { file, mutant } of stale) fail(`explained, but no survivor: ${file}: ${mutant}`)

if (folders.length === FOLDERS.length) {
  const explained = table([
    ['file', 'code', 'mutant', 'why no test can tell'],
    ...equivalents.map(({ file, code, mutant, why }) => [`\`${file}\``, asCode(code), asCode(mutant), why]),
  ])
  write('docs/mutation.md', 'figures', `\n\n${figures}\n\n`)
  write('docs/mutation.md', 'equivalents', `\n\n${explained}\n\n`)
  const tried = total.tried.toLocaleString('en')
  write('README.md', 'mutation', `${percent(total.score)} of the ${tried} mutants of the core are killed`)
}
