// @ts-check
/**
 * Compiles the recipes against the leeway of this repository, as strictly as leeway itself, and runs what proves them:
 * `npm run recipes` in the root, which installs them first. leeway has to be built.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import process from 'node:process'

process.chdir(import.meta.dirname)

/** @param {string[]} command @param {NodeJS.ProcessEnv} [env] */
async function run(command, env = {}) {
  const [code] = await once(
    spawn(process.execPath, command, { stdio: 'inherit', env: { ...process.env, ...env } }),
    'exit',
  )
  if (code !== 0) process.exit(code ?? 1)
}

// As `npm install leeway` would: a version of the registry would be another than the one that is tested here.
rmSync('node_modules/leeway', { force: true })
symlinkSync('../../..', 'node_modules/leeway', 'dir')

rmSync('build', { recursive: true, force: true })
// Making a client needs no engine; without a path to one, Prisma would load it from the network first.
await run(['node_modules/prisma/build/index.js', 'generate'], { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath })
const tsc = 'node_modules/typescript/bin/tsc'
await Promise.all(['tsconfig.json', 'nextjs/tsconfig.json'].map((project) => run([tsc, '-p', project])))
// Next.js compiles for itself; what runs its handlers without it is CommonJS.
writeFileSync('build/nextjs/package.json', '{ "type": "commonjs" }\n')

const tests = readdirSync('build', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.js'))
await run(['--enable-source-maps', '--test', ...tests.map((name) => `build/${name}`)])
