// @ts-check
/**
 * Compiles the recipes against the leeway of this repository, as strictly as leeway itself, and runs what proves them:
 * `npm run recipes` in the root, which installs them first. leeway has to be built.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import process from 'node:process'

process.chdir(import.meta.dirname)

/** @param {string[]} command @param {NodeJS.ProcessEnv} [env] */
function run(command, env = {}) {
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit', env: { ...process.env, ...env } })
  if (status !== 0) process.exit(status ?? 1)
}

// As `npm install leeway` would: a version of the registry would be another than the one that is tested here.
rmSync('node_modules/leeway', { force: true })
symlinkSync('../../..', 'node_modules/leeway', 'dir')

rmSync('build', { recursive: true, force: true })
// Making a client needs no engine; without a path to one, Prisma would load it from the network first.
run(['node_modules/prisma/build/index.js', 'generate'], { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath })
const tsc = 'node_modules/typescript/bin/tsc'
run([tsc, '-p', 'tsconfig.json'])
run([tsc, '-p', 'nextjs/tsconfig.json'])
// Next.js compiles for itself; what runs its handlers without it is CommonJS.
writeFileSync('build/nextjs/package.json', '{ "type": "commonjs" }\n')

const tests = readdirSync('build', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.js'))
run(['--enable-source-maps', '--test', ...tests.map((name) => `build/${name}`)])
