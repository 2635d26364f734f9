import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The root of the repository. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** What these tests read of package.json. */
interface Manifest {
  name: string
  type: string
  sideEffects: boolean
  main: string
  module: string
  types: string
  engines: Record<string, string>
  scripts: Record<string, string>
  files: string[]
  exports: Record<string, string | Record<'import' | 'require', { types: string; default: string }>>
  tsup: { entry: Record<string, string> }
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

/** package.json, as it is published. */
export const manifest: Manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as Manifest

/** What a command came to. */
export interface Outcome {
  code: number
  output: string
}

/** Runs a program to its end, killed after a minute; what it printed is in `output`, whatever its exit code. */
export function run(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  // Under `npm test` the environment tells npm which package it is in, which would be the wrong one elsewhere.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|command|config_local_prefix|config_prefix)/.test(name),
    ),
  )
  return new Promise((resolve) => {
    const options = {
      cwd,
      env: { ...env, NO_COLOR: '1' },
      timeout: 60_000,
      killSignal: 'SIGKILL',
      maxBuffer: 2 ** 26,
    } as const
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, output: stdout + stderr })
    })
  })
}

/** Runs a program that has to succeed, and gives what it printed. */
export async function succeed(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await run(command, args, cwd)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`)
  return output
}
