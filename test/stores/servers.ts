import process from 'node:process'

/** The servers that stores are tested on, as CI starts them. */
export type ServerName = 'PostgreSQL' | 'MariaDB' | 'Redis'

/**
 * Whether a server answers. Where it does not, its tests are to be skipped and the reason is printed; under CI every
 * server has to be there, and what the probe met is thrown.
 */
export async function reachable(name: ServerName, probe: () => Promise<void>): Promise<boolean> {
  try {
    await probe()
    return true
  } catch (error) {
    if (process.env['CI'] === 'true') throw error
    process.stdout.write(`skipped: what needs ${name}, which does not answer: ${String(error)}\n`)
    return false
  }
}
