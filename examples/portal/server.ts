/**
 * The portal: `npm start`. Everything is in portal.db beside this file, or in LEEWAY_PORTAL_FILE; PORT is where it listens,
 * 0 for any. Behind TLS, LEEWAY_PORTAL_ORIGIN is what browsers see, as in https://portal.example.com. With `--reset` it
 * starts over.
 */
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { serve } from '@hono/node-server'
import { createApp } from './app.js'
import { DEMO_PASSWORD, FEATURED } from './demo/people.js'
import { seed } from './demo/seed.js'
import { Mistake, openFile, removeFile } from './file.js'
import { openPortal } from './portal.js'

const path = process.env['LEEWAY_PORTAL_FILE'] || fileURLToPath(new URL('portal.db', import.meta.url))

async function main() {
  const options = process.argv.slice(2)
  if (options.some((option) => option !== '--reset')) throw new Mistake('The portal takes one option: --reset.')
  if (options.includes('--reset')) removeFile(path)

  const origin = originOf(process.env['LEEWAY_PORTAL_ORIGIN'])
  const port = portOf(process.env['PORT'])
  const file = await openFile(path, seed)
  const portal = await openPortal(file, { origin })
  const { fetch } = createApp(portal)

  const server = serve({ fetch, port, hostname: '127.0.0.1' }, ({ port }: AddressInfo) => {
    console.log(`\n  The portal is at http://localhost:${port}`)
    console.log(`  Sign in as ${FEATURED[1]?.email} or, for the administrator's side, ${FEATURED[0]?.email}`)
    console.log(`  Everybody's password is ${DEMO_PASSWORD}\n`)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    console.error(error.code === 'EADDRINUSE' ? 'The port is taken. Choose another: PORT=0 npm start' : error)
    process.exitCode = 1
    file.close()
  })

  const stop = () => {
    // Answers what is under way, then lets the file go.
    server.close(() => file.close())
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

function originOf(text = ''): string | undefined {
  if (text === '') return undefined
  if (URL.canParse(text) && new URL(text).origin === text) return text
  throw new Mistake('LEEWAY_PORTAL_ORIGIN must be an origin, as in https://portal.example.com')
}

function portOf(text = ''): number {
  const port = text === '' ? 3000 : Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Mistake('PORT must be a number from 0 to 65535.')
  return port
}

try {
  await main()
} catch (error) {
  if (!(error instanceof Mistake)) throw error
  console.error(error.message)
  process.exitCode = 1
}
