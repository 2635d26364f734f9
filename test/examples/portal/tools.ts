import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

export const CHROMIUM = '/usr/bin/chromium'

/** Why the portal cannot be tried here, or null where it can. In CI a missing tool is a failure, not a skip. */
function missing(): string | null {
  if (!existsSync(CHROMIUM)) return `${CHROMIUM} is not installed`
  const tool = ['zbarimg', 'oathtool'].find((name) => spawnSync(name, ['--version']).error !== undefined)
  return tool === undefined ? null : `${tool} is not installed`
}

const skip = missing()

export const isSkipped: boolean = skip !== null && !process.env['CI']
if (isSkipped) process.stdout.write(`skipped: the portal: ${skip}\n`)
