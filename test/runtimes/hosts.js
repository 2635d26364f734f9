// @ts-check
// Where the journey is not started as a script: in workers and in a page. Each answers the story that it told.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { MOST_MS } from './project.js'

export const CHROMIUM = '/usr/bin/chromium'
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
/** A day that the pinned workerd knows. */
const COMPATIBLE_WITH = '2026-04-01'

const fromHere = createRequire(import.meta.url)

/** The worker in one file, as bundlers for workers make it. @param {string} project */
async function bundled(project) {
  const { build } = fromHere('esbuild')
  const { outputFiles } = await build({
    ...{ entryPoints: [join(project, 'worker.js')], bundle: true, write: false, format: 'esm', target: 'es2022' },
    ...{ platform: 'neutral', mainFields: ['module', 'main'], conditions: ['workerd', 'worker'] },
  })
  return outputFiles[0].text
}

/** @param {{ ok: boolean, text(): Promise<string> }} response */
async function textOf(response) {
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}

/** The worker through miniflare, which is how it is developed. @param {string} project */
export async function inMiniflare(project) {
  const { Miniflare } = fromHere('miniflare')
  const script = await bundled(project)
  const miniflare = new Miniflare({ modules: true, script, compatibilityDate: COMPATIBLE_WITH, cf: false })
  try {
    return await textOf(await miniflare.dispatchFetch('http://localhost/'))
  } finally {
    await miniflare.dispose()
  }
}

/** The worker in workerd alone, which is how it runs. @param {string} project */
export async function inWorkerd(project) {
  writeFileSync(join(project, 'bundle.js'), await bundled(project))
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "bundle.js")], compatibilityDate = "${COMPATIBLE_WITH}"
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
`
  writeFileSync(join(project, 'config.capnp'), config)
  // It tells on descriptor 3 which port it listens on.
  const serve = ['serve', 'config.capnp', '--control-fd=3']
  const { default: workerd } = fromHere('workerd')
  const child = spawn(workerd, serve, { cwd: project, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], timeout: MOST_MS })
  const ended = new Promise((done) => child.once('close', done))
  try {
    /** @type {number} */
    const port = await new Promise((done, reject) => {
      let said = ''
      child.stderr?.on('data', (chunk) => {
        said += chunk
      })
      child.stdio[3]?.on('data', (chunk) => {
        for (const line of `${chunk}`.trim().split('\n')) {
          const event = JSON.parse(line)
          if (event.event === 'listen') done(event.port)
        }
      })
      void ended.then(() => reject(new Error(`workerd ended: ${said}`)))
    })
    return await textOf(await fetch(`http://127.0.0.1:${port}/`))
  } finally {
    child.kill()
    await ended
  }
}

/** What a browser finds under each name that the project's packages export to modules. @param {string} project */
function importMap(project) {
  /** @type {Record<string, string>} */
  const imports = {}
  for (const name of ['leeway', '@noble/hashes', 'qr', 'zod']) {
    const { exports } = JSON.parse(readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8'))
    for (const [subpath, conditions] of Object.entries(exports)) {
      let target = conditions
      while (typeof target === 'object') target = target.import ?? target.default
      imports[join(name, subpath)] = `/node_modules/${join(name, target)}`
    }
  }
  return { imports }
}

/** The package in a page, by an import map. @param {string} project */
export async function inChromium(project) {
  const nonce = 'leeway'
  const page = `<!doctype html><script type="importmap" nonce="${nonce}">${JSON.stringify(importMap(project))}</script>
<script type="module" src="/page.js"></script>`
  const server = createServer((request, response) => {
    const path = join('/', decodeURIComponent(`${request.url}`))
    // Neither inline code nor code from text.
    response.setHeader('content-security-policy', `default-src 'none'; script-src 'self' 'nonce-${nonce}'`)
    if (path === '/') return response.setHeader('content-type', 'text/html').end(page)
    if (extname(path) !== '.js' || !existsSync(join(project, path))) return response.writeHead(404).end()
    return response.setHeader('content-type', 'text/javascript').end(readFileSync(join(project, path)))
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(null)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') })
  try {
    const tab = await browser.newPage()
    const failed = new Promise((_, reject) => tab.once('pageerror', reject))
    await tab.goto(`http://127.0.0.1:${port}/`)
    const story = await Promise.race([failed, tab.locator('pre').textContent({ timeout: MOST_MS })])
    return `${story}`
  } finally {
    await browser.close()
    server.close()
  }
}
