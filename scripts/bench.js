// @ts-check
// Runs every benchmark in turn, each in a process of its own, so that none warms or crowds the next.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const wanted = process.argv.slice(2)
const files = readdirSync('bench').filter(
  (name) => name.endsWith('.js') && (wanted.length === 0 || wanted.includes(name.slice(0, -3))),
)
if (files.length === 0) console.error('no such benchmark')

for (const name of files.sort()) {
  console.log(`\n${name}`)
  if (spawnSync(process.execPath, [`bench/${name}`], { stdio: 'inherit' }).status !== 0) process.exitCode = 1
}
if (files.length === 0) process.exitCode = 1
