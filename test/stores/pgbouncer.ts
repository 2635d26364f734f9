import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Address } from './service-places.js'

/** A PgBouncer of the tests' own, on loopback. */
export interface Bouncer {
  address: Address
  stop(): Promise<void>
}

/** The version that is installed, as in `[1, 24]`; null where there is none. Under CI there has to be one. */
export const version: readonly [number, number] | null = installed()

function installed(): readonly [number, number] | null {
  const { error, stdout } = spawnSync('pgbouncer', ['--version'], { encoding: 'utf8' })
  if (error === undefined) {
    const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(stdout) ?? []
    return [Number(major), Number(minor)]
  }
  if (process.env['CI'] === 'true') throw error
  process.stdout.write(`skipped: what needs PgBouncer, which is not installed: ${String(error)}\n`)
  return null
}

/** Starts one in transaction mode in front of a server, with more settings, as in `['max_prepared_statements = 0']`. */
export async function startBouncer(server: Address, settings: readonly string[]): Promise<Bouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-pgbouncer-'))
  // It does not run as root, and then has to read what root wrote.
  const isRoot = process.getuid?.() === 0
  chmodSync(folder, 0o755)
  for (;;) {
    const port = await freePort()
    const file = join(folder, 'pgbouncer.ini')
    const lines = [
      '[databases]',
      `${server.database} = host=${server.host} port=${server.port} user=${server.user}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      // Fewer than its clients have, so that they take turns on each.
      'default_pool_size = 3',
      ...settings,
    ]
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o644 })
    const child = spawn('pgbouncer', [...(isRoot ? ['-u', 'postgres'] : []), file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    const isUp = await new Promise<boolean>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => resolve(false))
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('process up')) resolve(true)
      })
    })
    if (isUp) {
      return {
        address: { ...server, host: '127.0.0.1', port },
        async stop() {
          child.kill('SIGKILL')
          await once(child, 'exit')
          rmSync(folder, { recursive: true, force: true })
        },
      }
    }
    // Somebody else may have taken the port in between; whatever else it is will be no better the next time.
    if (!said.includes('Address already in use')) throw new Error(`PgBouncer did not start: ${said}`)
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}
