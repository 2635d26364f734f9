// @ts-check
// Checks the types of everything with the compiler of the named package: both `typescript` packages own the name `tsc`.
import { spawnSync } from 'node:child_process'

const projects = [
  // src as it is built: neither Node's nor the DOM's globals
  ['-p', 'config/tsconfig.build.json', '--noEmit'],
  ['-p', 'tsconfig.json'],
  ['-p', 'config/tsconfig.js.json'],
  // what runs in a browser
  ['-p', 'config/tsconfig.browser.json'],
]

for (const project of projects) {
  const tsc = [`node_modules/${process.argv[2]}/bin/tsc`, ...project]
  if (spawnSync(process.execPath, tsc, { stdio: 'inherit' }).status !== 0) process.exitCode = 1
}
