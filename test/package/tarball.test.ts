import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifest, root, run, succeed } from './support.js'

const entries = Object.keys(manifest.tsup.entry)
const specifiers = entries.map((entry) => (entry === 'index' ? 'leeway' : `leeway/${entry}`))
const withoutFastCheck = specifiers.filter((specifier) => specifier !== 'leeway/testing')

let folder: string
/** an empty project that has nothing but the tarball and what came with it */
let consumer: string
/** the same project with fast-check, which leeway/testing takes its types from */
let beside: string
/** what npm says of the tarball */
let pack: Pack
/** the paths inside it */
let packed: string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leeway-'))
  const told = await succeed('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)
  const parsed = JSON.parse(told) as Pack[] | Record<string, Pack>
  const [only] = Object.values(parsed)
  if (only === undefined) throw new Error('npm packed nothing')
  pack = only
  packed = pack.files.map(({ path }) => path).sort()
  consumer = join(folder, 'consumer')
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  const install = [
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    join(folder, pack.filename),
  ]
  await succeed('npm', install, consumer)
  beside = join(folder, 'beside')
  cpSync(consumer, beside, { recursive: true })
  for (const dependency of ['fast-check', 'pure-rand']) {
    symlinkSync(join(root, 'node_modules', dependency), join(beside, 'node_modules', dependency))
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Pack {
  filename: string
  /** in bytes, packed and unpacked */
  size: number
  unpackedSize: number
  files: { path: string; size: number; mode: number }[]
}

/** Runs a module, ESM or CommonJS by its ending, in a project; throws unless it ends well. */
function script(project: string, name: string, text: string): Promise<string> {
  writeFileSync(join(project, name), text)
  return succeed(process.execPath, ['--unhandled-rejections=strict', name], project)
}

describe('the tarball', () => {
  it('has each entry in both formats with types, the four documents, and nothing else', () => {
    const named = entries.flatMap((entry) => ['js', 'cjs', 'd.ts', 'd.cts'].map((ending) => `dist/${entry}.${ending}`))
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json']
    // What several entries share is in files of its own: that is what keeps each class one class.
    const shared = packed.filter((path) => /^dist\/[\w-]+-[\w-]{8}\.(js|cjs|d\.ts|d\.cts)$/.test(path))
    expect(packed).toEqual([...named, ...shared, ...documents].sort())
  })

  it('has nothing of the machine that it was built on, and no map to sources that are not there', () => {
    const folders = [root, tmpdir(), homedir()].filter((folder) => folder !== '/')
    const telling = packed.filter((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return text.includes('sourceMappingURL') || folders.some((folder) => text.includes(`${folder}/`))
    })
    expect(telling).toEqual([])
  })

  it('is as small as it can be: half a megabyte to download, two on the disk, no program in it', () => {
    expect(pack.size).toBeLessThan(500_000)
    expect(pack.unpackedSize).toBeLessThan(2_000_000)
    expect(pack.files.filter(({ size }) => size > 300_000 || size === 0)).toEqual([])
    expect(pack.files.filter(({ mode }) => (mode & 0o111) !== 0)).toEqual([])
  })

  it('has every shared file in use, and declares LeewayError once for each format', () => {
    const texts = new Map(packed.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
    const shared = packed.filter(
      (path) => path.startsWith('dist/') && !entries.some((entry) => path.startsWith(`dist/${entry}.`)),
    )
    // Declarations name a shared file by the ending of the code they declare.
    const name = (path: string): string => path.slice('dist/'.length).replace(/\.d\.(c?)ts$/, '.$1js')
    const unused = shared.filter(
      (path) => ![...texts].some(([other, text]) => other !== path && text.includes(`./${name(path)}`)),
    )
    expect(unused).toEqual([])
    for (const ending of ['.js', '.cjs']) {
      const declaring = packed.filter(
        (path) => path.endsWith(ending) && /\bLeewayError\b[^{\n]*\bextends Error\b/.test(texts.get(path) ?? ''),
      )
      expect(declaring).toHaveLength(1)
    }
  })

  it('brings along what it depends on, and no more', () => {
    const installed = readdirSync(join(consumer, 'node_modules')).filter((name) => !name.startsWith('.'))
    expect(installed.sort()).toEqual(['@noble', 'leeway', 'qr', 'zod'])
    expect(readdirSync(join(consumer, 'node_modules/@noble'))).toEqual(['hashes'])
  })

  it('has declarations that need neither zod nor noble', () => {
    const naming = packed.filter(
      (path) => /\.d\.c?ts$/.test(path) && /['"](zod|@noble)/.test(readFileSync(join(root, path), 'utf8')),
    )
    expect(naming).toEqual([])
  })
})

describe('the installed package', () => {
  it.each(specifiers)('%s gives the same names to import and to require', async (specifier) => {
    const print = 'console.log(JSON.stringify(Object.keys(given).sort()))'
    const name = specifier.replace('/', '-')
    const imported = await script(consumer, `${name}.mjs`, `import * as given from '${specifier}'\n${print}`)
    const required = await script(consumer, `${name}.cjs`, `const given = require('${specifier}')\n${print}`)
    expect(JSON.parse(imported)).not.toEqual([])
    expect(JSON.parse(required)).toEqual(JSON.parse(imported))
  })

  it('gives no file that is not exported', async () => {
    const text = "await import('leeway/dist/index.js')"
    await expect(script(consumer, 'deep.mjs', text)).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  it.each([
    ['ESM', 'identity.mjs', "import { LeewayError } from 'leeway'\nimport { sqliteRepository } from 'leeway/sqlite'"],
    [
      'CommonJS',
      'identity.cjs',
      "const { LeewayError } = require('leeway')\nconst { sqliteRepository } = require('leeway/sqlite')",
    ],
  ])('throws, from any subpath, the LeewayError of the main entry (%s)', async (_format, name, head) => {
    // A database that fails whatever it is asked: the store has to say so in the error of the main entry.
    const broken = `
      const fail = () => { throw new Error('disk I/O error') }
      async function caught() {
        try {
          await sqliteRepository({ prepare: fail, exec: fail, pragma: fail }).find('ada')
        } catch (error) {
          return error
        }
      }
      caught().then((error) => console.log(error instanceof LeewayError, error?.code, error?.name))`
    expect((await script(consumer, name, head + broken)).trim()).toBe('true ERR_STORE LeewayError')
  })

  it('gives leeway/totp to a project that has no zod', async () => {
    const bare = join(folder, 'bare')
    cpSync(consumer, bare, { recursive: true })
    rmSync(join(bare, 'node_modules/zod'), { recursive: true })
    const use = "console.log(generateTotp(new TextEncoder().encode('12345678901234567890'), 59_000, { digits: 8 }))"
    expect((await script(bare, 'totp.mjs', `import { generateTotp } from 'leeway/totp'\n${use}`)).trim()).toBe(
      '94287082',
    )
    expect((await script(bare, 'totp.cjs', `const { generateTotp } = require('leeway/totp')\n${use}`)).trim()).toBe(
      '94287082',
    )
    // And zod is gone indeed: the main entry needs it.
    await expect(script(bare, 'index.mjs', "import 'leeway'")).rejects.toThrow('ERR_MODULE_NOT_FOUND')
  })
})

describe('the installed types', () => {
  const resolutions = [
    ['node16', { module: 'node16', moduleResolution: 'node16' }],
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ] as const
  const compilers = ['typescript', 'typescript7'] as const
  const cases = compilers.flatMap((compiler) =>
    resolutions.map(([name, options]) => [compiler, name, options] as const),
  )

  /** Compiles modules that import every entry, from ESM and from CommonJS, with the libraries' declarations checked too. */
  async function compile(
    project: string,
    name: string,
    compiler: string,
    options: object,
    use: readonly string[],
    more = '',
  ): Promise<string> {
    const text = use.map(
      (specifier, index) =>
        `import * as entry${index} from '${specifier}'\nexport const names${index}: string[] = Object.keys(entry${index})\n`,
    )
    const files = ['mts', 'cts'].map((ending) => `${compiler}-${name}.${ending}`)
    for (const file of files) writeFileSync(join(project, file), text.join('') + more)
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2022'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      ...options,
    }
    const config = `${compiler}-${name}.json`
    writeFileSync(join(project, config), JSON.stringify({ compilerOptions, files }))
    const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
    return (await run(process.execPath, [tsc, '-p', config], project)).output
  }

  it.each(cases)('check under %s with %s resolution', async (compiler, name, options) => {
    const use = `
import { createLeeway, LeewayError, type Leeway, type SignInDecision } from 'leeway'
import { verifyTotp } from 'leeway/totp'
export async function signIn(leeway: Leeway): Promise<string> {
  const decision: SignInDecision = await leeway.signIn('ada')
  return decision.action === 'deny' ? decision.reason : decision.action
}
export const made: Function = createLeeway
export const code = (error: unknown): string => (error instanceof LeewayError ? error.code : 'other')
export const step: number = ((result) => (result.ok ? result.timeStep : -1))(verifyTotp(new Uint8Array(20), '', { now: 0 }))
`
    expect(await compile(consumer, name, compiler, options, withoutFastCheck, use)).toBe('')
  })

  it.each(cases)(
    'of leeway/testing check beside fast-check, under %s with %s resolution',
    async (compiler, name, options) => {
      expect(await compile(beside, name, compiler, options, specifiers)).toBe('')
    },
  )

  it.each(compilers)('are refused where they are misused, under %s', async (compiler) => {
    const misuse =
      "import { verifyTotp } from 'leeway/totp'\nexport const text: string = verifyTotp('not bytes', '000000', { now: 0 })\n"
    const output = await compile(consumer, 'misuse', compiler, resolutions[1][1], ['leeway'], misuse)
    expect(output).toMatch(/error TS2322/)
    expect(output).toMatch(/error TS2345/)
  })
})
