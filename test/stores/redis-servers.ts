import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

/** A server of the tests' own, on loopback, in a folder of its own. */
export interface TestServer {
  port: number
  stop(): Promise<void>
}

/** Why servers cannot be started here; null where they can. Under CI they have to be. */
export const missing: string | null = whyMissing()

function whyMissing(): string | null {
  const { error } = spawnSync('redis-server', ['--version'])
  if (error === undefined) return null
  if (process.env['CI'] === 'true') throw error
  const reason = `redis-server is not installed: ${String(error)}`
  process.stdout.write(`skipped: what needs a Redis of its own: ${reason}\n`)
  return reason
}

/** Starts a server on a free port, with more settings, as in `['--maxmemory', '10mb']`. */
export async function startServer(settings: readonly string[] = []): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'leeway-redis-'))
  for (;;) {
    const port = await freePort()
    const child = spawn('redis-server', [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--daemonize', 'no'],
      ...settings,
    ])
    if (await isReady(child)) return { port, stop: () => stopped(child, dir) }
    // Somebody else took the port in between.
  }
}

/** Starts a cluster of three nodes without replicas. */
export async function startCluster(): Promise<TestServer> {
  const nodes = await Promise.all(Array.from({ length: 3 }, () => startServer(['--cluster-enabled', 'yes'])))
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  const [first] = nodes
  if (first === undefined) throw new Error('no node')
  try {
    const run = promisify(execFile)
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes', '--cluster-replicas', '0'])
    // Each node has to agree: what is asked of one that does not is refused.
    for (const { port } of nodes) {
      let state = ''
      while (!state.includes('cluster_state:ok')) {
        state = (await run('redis-cli', ['-p', `${port}`, 'cluster', 'info'])).stdout
      }
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { port: first.port, stop }
}

/** A port below those that connections get by themselves, and whose bus port, 10,000 above, is one too. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const probe = createServer().listen(port, '127.0.0.1')
    const isFree = await Promise.race([
      once(probe, 'listening').then(() => true),
      once(probe, 'error').then(() => false),
    ])
    probe.close()
    if (isFree) return port
  }
}

async function isReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.once('error', reject)
    child.once('exit', () => resolve(false))
    child.stdout?.on('data', (text: Buffer) => {
      said += text.toString()
      if (said.includes('Ready to accept connections')) resolve(true)
    })
  })
}

async function stopped(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(dir, { recursive: true, force: true })
}
