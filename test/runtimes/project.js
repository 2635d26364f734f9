// @ts-check
// The runtimes, and an empty project that has nothing but the packed tarball and what came with it.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const MOST_MS = 120_000
const home = fileURLToPath(new URL('.', import.meta.url))
export const root = fileURLToPath(new URL('../..', import.meta.url))
/** Where the runtimes are. */
export const installed = join(home, 'node_modules')

/** What runs, or is compiled, in the project. */
const SCRIPTS = ['journey.js', 'esm.js', 'commonjs.cjs', 'worker.js', 'page.js', 'server.js', 'sqlite.js']
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error']

/**
 * Runs a program to its end; rejects, with what it said, unless it ends well and says nothing on the side.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: Record<string, string>, mayWarn?: boolean }} options
 * @returns {Promise<string>}
 */
export function output(program, args, { cwd, env: more = {}, mayWarn = false }) {
  // Under `npm run` the environment tells npm which package it is in, which would be the wrong one elsewhere.
  const about = /^npm_(package|lifecycle|command|config_local)/
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !about.test(name)))
  const env = { ...inherited, NO_COLOR: '1', ...more }
  return new Promise((done, reject) => {
    execFile(program, args, { cwd, env, timeout: MOST_MS, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const said = `${stdout.slice(0, 2000)}${stderr}`.trim()
      if (error) reject(new Error(`ended with ${error.code ?? error.signal}: ${said}`))
      else if (stderr !== '' && !mayWarn) reject(new Error(`warned: ${stderr.trim()}`))
      else done(stdout)
    })
  })
}

/** Installs the runtimes, where they are not those of the lock file; answers whether it did. */
export async function installRuntimes() {
  const mark = join(installed, '.installed')
  const files = ['package.json', 'package-lock.json'].map((name) => readFileSync(join(home, name)))
  const digest = createHash('sha256').update(Buffer.concat(files)).digest('hex')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return false
  await output('npm', ['ci', ...QUIET], { cwd: home, mayWarn: true })
  writeFileSync(mark, digest)
  return true
}

/** Packs what was built and installs it into an empty project, beside what is run there; answers the folder. */
export async function installPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [{ filename, files }] = Object.values(JSON.parse(await output('npm', pack, { cwd: root, mayWarn: true })))
  // Packed before a build has ended, it would fail everywhere for no reason of its own.
  if (!files.some((/** @type {{ path: string }} */ { path }) => path === 'dist/testing.d.cts')) {
    throw new Error('the package is not built: npm run build')
  }
  const project = join(folder, 'project')
  cpSync(home, project, {
    recursive: true,
    filter: (path) => path === home || SCRIPTS.some((name) => path.endsWith(name)),
  })
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  await output('npm', ['install', '--prefer-offline', ...QUIET, join(folder, filename)], { cwd: project })
  return project
}

/**
 * The same project with fast-check, whose types leeway/testing has and its users bring, and with these files.
 *
 * @param {string} project
 * @param {Record<string, string>} files
 */
export function typedProject(project, files) {
  const typed = join(project, '../typed')
  cpSync(project, typed, { recursive: true })
  for (const name of ['fast-check', 'pure-rand']) {
    symlinkSync(join(root, 'node_modules', name), join(typed, 'node_modules', name))
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(typed, name), text)
  return typed
}
