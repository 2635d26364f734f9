// @ts-check
// Starts the portal as `npm start` does, in a process of its own, on a new file and any port.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const PASSWORD = 'velvet-otter-lantern'

/** @returns {Promise<{ url: string, file: string, stop(): Promise<void> }>} */
export async function startPortal() {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-portal-'))
  const file = join(folder, 'portal.db')
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/portal/server.ts'], {
    env: { ...process.env, TSX_TSCONFIG_PATH: 'examples/portal/tsconfig.json', LEEWAY_PORTAL_FILE: file, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const address = /http:\/\/localhost:\d+/.exec(printed)
      if (address) resolve(address[0])
    })
    void ended.then(() => reject(new Error('the portal ended before it was up')))
  })
  return {
    url,
    file,
    async stop() {
      child.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}
