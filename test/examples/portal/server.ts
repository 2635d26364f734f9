import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** The portal as `npm start` runs it, in a process of its own, on a port and a file of its own. */
export interface Running {
  url: string
  file: string
  /** what it has printed so far */
  printed(): string
  /** ends it as Ctrl-C does; answers how it ended */
  stop(): Promise<number | null>
  /** ends it and starts it again, at the same port and on the same file */
  restart(): Promise<void>
  /** ends it, if it runs, and deletes its folder */
  remove(): Promise<void>
}

export async function startPortal(environment: Record<string, string> = {}): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-portal-'))
  const file = join(folder, 'portal.db')
  let printed = ''
  let child: ChildProcess
  let ended: Promise<number | null>

  async function start(port: string): Promise<string> {
    const started = spawn(process.execPath, ['--import', 'tsx', 'examples/portal/server.ts'], {
      cwd: ROOT,
      env: {
        ...process.env,
        TSX_TSCONFIG_PATH: 'examples/portal/tsconfig.json',
        LEEWAY_PORTAL_FILE: file,
        PORT: port,
        ...environment,
      },
    })
    child = started
    ended = new Promise((resolve) => started.once('close', resolve))
    return new Promise((resolve, reject) => {
      let since = ''
      const read = (chunk: Buffer): void => {
        printed += chunk
        since += chunk
        const address = /http:\/\/localhost:\d+/.exec(since)
        if (address) resolve(address[0])
      }
      started.stdout.on('data', read)
      started.stderr.on('data', read)
      void ended.then(() => reject(new Error(`the portal ended before it was up: ${since}`)))
    })
  }

  const stop = (): Promise<number | null> => {
    child.kill('SIGINT')
    return ended
  }
  const url = await start('0')
  return {
    url,
    file,
    printed: () => printed,
    stop,
    async restart() {
      await stop()
      await start(new URL(url).port)
    },
    async remove() {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

export const PASSWORD = 'velvet-otter-lantern'

export const emailOf = (id: string): string => `${id}@halden.example`
