import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { manifest, root } from './support.js'

const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
const nameOf = (subpath: string): string => (subpath === '.' ? 'index' : subpath.slice(2))

describe('package.json', () => {
  it('exports every entry that is built, and builds every entry that is exported', () => {
    expect(subpaths.map(nameOf).sort()).toEqual(Object.keys(manifest.tsup.entry).sort())
  })

  it.each(subpaths)('%s has types before code, for import and require alike', (subpath) => {
    const name = nameOf(subpath)
    const conditions = manifest.exports[subpath]
    expect(conditions).toEqual({
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    })
    // Node and TypeScript take the first condition that holds: the order is part of the meaning.
    expect(JSON.stringify(conditions)).toMatch(/^\{"import":\{"types":.*"default":.*"require":\{"types":/)
  })

  it.each(Object.entries(manifest.tsup.entry))('the entry %s is a file of src', (_name, source) => {
    expect(existsSync(`${root}/${source}`)).toBe(true)
  })

  it('names the main entry for tools that do not read exports', () => {
    expect(manifest).toMatchObject({ main: './dist/index.cjs', module: './dist/index.js', types: './dist/index.d.ts' })
  })

  it('runs nothing when it is installed', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare', 'dependencies']
    expect(Object.keys(manifest.scripts).filter((name) => hooks.includes(name))).toEqual([])
  })

  it('can be shaken by bundlers and says which Node it needs', () => {
    expect(manifest).toMatchObject({ type: 'module', sideEffects: false, engines: { node: '>=20.19' } })
  })

  it('pins what it depends on', () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, version]) => !/^(npm:[a-z]+@)?\d+\.\d+\.\d+$/.test(version),
    )
    expect(loose).toEqual([])
  })
})
