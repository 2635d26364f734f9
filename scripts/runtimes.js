// @ts-check
// Tries the packed tarball, installed into an empty project, on every runtime and with every TypeScript that leeway is
// for: `npm run test:runtimes`, or only some: `npm run test:runtimes -- Bun 'Node 26'`. What is written for it is in
// test/runtimes; the runtimes have a lock file of their own there and are installed when it changes.
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { CHROMIUM, inChromium, inMiniflare, inWorkerd } from '../test/runtimes/hosts.js'
import { installed, installPackage, installRuntimes, output, root, typedProject } from '../test/runtimes/project.js'
import { filesOf, PROJECTS } from '../test/runtimes/types.js'

/** @typedef {{ chapters: number, told: string[], runsText: boolean }} Story what test/runtimes/journey.js tells */
/**
 * @typedef {object} Row a line of the table
 * @property {string} name
 * @property {string} format how the package gets in, or what is checked
 * @property {string | null} [skip] why it cannot be tried here
 * @property {() => Promise<string>} run answers what was seen; rejects where something is not as it should be
 */

const startedAt = performance.now()
/** @param {number} from */
const secondsSince = (from) => ((performance.now() - from) / 1000).toFixed(1)

if (await installRuntimes()) console.log(`runtimes installed in ${secondsSince(startedAt)} s`)
const project = await installPackage()

/** @type {Promise<readonly string[]> | null} */
let first = null

/**
 * Compares a story with the one that the Node told which runs this, line by line.
 *
 * @param {string} printed
 * @param {{ runsText?: boolean, http?: boolean }} [expected]
 */
async function compared(printed, { runsText = true, http = true } = {}) {
  /** @type {Story} */
  const story = JSON.parse(printed)
  const lines = (await reference()).filter((line) => http || !line.startsWith('leeway/http,'))
  for (const [at, line] of lines.entries()) {
    const other = story.told[at] ?? 'nothing'
    if (line === other) continue
    const place = [...line].findIndex((character, index) => character !== other[index])
    const near = [line, other].map((text) => text.slice(Math.max(0, place - 60), place + 60))
    throw new Error(`${line.split(':')[0]}: …${near[1]}… where Node ${process.version} has …${near[0]}…`)
  }
  if (story.told.length !== lines.length) throw new Error(`told ${story.told.length} lines of ${lines.length}`)
  if (story.runsText !== runsText) throw new Error(`${runsText ? 'refuses' : 'runs'} code that is made of text`)
  return `${story.chapters} chapters, ${story.told.length} lines${runsText ? '' : ', no code from text'}`
}

function reference() {
  first ??= output(process.execPath, ['esm.js'], { cwd: project }).then((printed) => JSON.parse(printed).told)
  return first
}

/** A Node of its own for each line, or the one that runs this where it is of that line. @param {string} name */
function program(name) {
  const own = join(installed, name, 'bin/node')
  return !existsSync(own) && process.version.startsWith(`v${name.slice(4)}.`) ? process.execPath : own
}

/** @param {string} name @returns {string | null} */
function missing(name) {
  return existsSync(program(name)) ? null : `there is no ${name} for ${process.platform} ${process.arch}`
}

/**
 * The rows of a program that runs scripts, as a module and as CommonJS.
 *
 * @param {string} name
 * @param {string} command
 * @param {{ skip?: string | null, esm?: readonly string[], commonJs?: readonly string[] }} [options] the flags for each
 * @returns {Row[]}
 */
function scripts(name, command, { skip = null, esm = [], commonJs = esm } = {}) {
  return [
    {
      ...{ name, skip, format: 'ESM' },
      run: async () => compared(await output(command, [...esm, 'esm.js'], { cwd: project })),
    },
    {
      ...{ name, skip, format: 'CommonJS' },
      run: async () => compared(await output(command, [...commonJs, 'commonjs.cjs'], { cwd: project })),
    },
  ]
}

const NODES = ['20', '22', '24', '26']
const bun = join(installed, '.bin/bun')
const deno = join(installed, '.bin/deno')
const DENO = ['run', '--no-remote', '--cached-only', '--node-modules-dir=manual']

/** @type {Row[]} */
const programs = [
  ...NODES.flatMap((line) => {
    return scripts(`Node ${line}`, program(`node${line}`), { skip: missing(`node${line}`) })
  }),
  {
    ...{ name: 'Node 26', format: 'ESM, locked down', skip: missing('node26') },
    async run() {
      // No code from text, no file but the project's, no network, no process, no worker.
      const flags = ['--disallow-code-generation-from-strings', '--permission', `--allow-fs-read=${project}`]
      return compared(await output(program('node26'), [...flags, 'esm.js'], { cwd: project }), { runsText: false })
    },
  },
  ...scripts('Bun', bun),
  // As a module it needs no permission at all; `require` looks at files.
  ...scripts('Deno', deno, { esm: DENO, commonJs: [...DENO, '--allow-read'] }),
]

/** @type {Row[]} */
const elsewhere = [
  {
    ...{ name: 'workerd', format: 'ESM, bundled' },
    run: async () => compared(await inWorkerd(project), { runsText: false }),
  },
  {
    ...{ name: 'miniflare', format: 'ESM, bundled' },
    run: async () => compared(await inMiniflare(project), { runsText: false }),
  },
  {
    ...{ name: 'Chromium', format: 'ESM, import map', skip: existsSync(CHROMIUM) ? null : `there is no ${CHROMIUM}` },
    run: async () => compared(await inChromium(project), { runsText: false, http: false }),
  },
]

/**
 * The handler and the guard behind a runtime's `node:http`.
 *
 * @param {string} name
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string | null} [skip]
 * @returns {Row}
 */
function server(name, command, args, skip = null) {
  return {
    ...{ name, format: 'node:http', skip },
    async run() {
      const count = await output(command, [...args, 'server.js'], { cwd: project })
      return `${count.trim()} answers`
    },
  }
}

/** @type {Row[]} */
const servers = [
  ...NODES.map((line) => server(`Node ${line}`, program(`node${line}`), [], missing(`node${line}`))),
  server('Bun', bun, []),
  server('Deno', deno, [...DENO, '--allow-net']),
]

/**
 * A runtime's own SQLite, under every case of a repository and a directory.
 *
 * @param {string} name
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} driver
 * @param {string | null} [skip]
 * @returns {Row}
 */
function sqlite(name, command, args, driver, skip = null) {
  // What is asked here is whether they understand each other, not whether the disk keeps it: memory is faster to sync.
  const env = existsSync('/dev/shm') ? { TMPDIR: '/dev/shm' } : {}
  return {
    ...{ name, format: driver, skip },
    async run() {
      const count = await output(command, [...args, 'sqlite.js', driver], { cwd: project, env })
      return `${count.trim()} cases`
    },
  }
}

/** @type {Row[]} */
const databases = [
  // Node 20 brings none along.
  ...NODES.slice(1).map((line) => {
    return sqlite(`Node ${line}`, program(`node${line}`), ['--no-warnings'], 'node:sqlite', missing(`node${line}`))
  }),
  sqlite('Bun', bun, [], 'bun:sqlite'),
  sqlite('Deno', deno, [...DENO, '--allow-all'], 'node:sqlite'),
]

const contract = JSON.parse(readFileSync(join(root, 'test/package/contract.json'), 'utf8'))
const typed = typedProject(project, filesOf(contract))

/** @type {Row[]} */
const compilers = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7.0'].flatMap((version) => {
  const tsc = join(installed, `typescript${version}`, 'bin/tsc')
  return Object.entries(PROJECTS).map(([config, format]) => ({
    ...{ name: `TypeScript ${version}`, format },
    async run() {
      const listed = await output(process.execPath, [tsc, '-p', config, '--listFiles'], { cwd: typed })
      const read = listed.split('\n').filter((line) => line.includes('/leeway/dist/'))
      if (read.length === 0) throw new Error('it read nothing of leeway')
      return `${read.length} declaration files`
    },
  }))
})

const wanted = process.argv.slice(2)
const rows = [...programs, ...elsewhere, ...servers, ...databases, ...compilers].filter(({ name, format }) => {
  return wanted.length === 0 || wanted.some((part) => `${name}, ${format}`.includes(part))
})
const counts = { passed: 0, failed: 0, skipped: 0 }

/** @param {Row} row @returns {Promise<string[]>} */
async function tried({ name, format, skip = null, run }) {
  const from = performance.now()
  if (skip !== null && !process.env['CI']) {
    counts.skipped++
    return [name, format, 'skipped', skip, '']
  }
  try {
    if (skip !== null) throw new Error(skip)
    const seen = await run()
    counts.passed++
    return [name, format, 'ok', seen, `${secondsSince(from)} s`]
  } catch (error) {
    counts.failed++
    return [name, format, 'FAILED', error instanceof Error ? error.message : `${error}`, `${secondsSince(from)} s`]
  }
}

const waiting = rows.map((row, at) => ({ row, at }))
/** @type {string[][]} */
const table = []
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) table[next.at] = await tried(next.row)
  }),
)
const widths = [0, 1, 2].map((column) => Math.max(...table.map((cells) => `${cells[column]}`.length)))
for (const cells of table) {
  const padded = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0))
  console.log(padded.join('  ').trimEnd())
}
console.log(`${counts.skipped} skipped, ${secondsSince(startedAt)} s`)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
