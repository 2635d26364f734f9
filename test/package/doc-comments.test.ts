import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { type Block, blocksOf, faultsOf } from './blocks.js'
import { exported } from './exported.js'
import { root } from './support.js'

const sources = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`)

/** The code of every example in the doc comments of a file. */
function examplesOf(file: string): Block[] {
  const text = readFileSync(`${root}/${file}`, 'utf8')
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const line = text.slice(0, comment.index).split('\n').length
    const plain = comment[0].replace(/^\/\*\*|\s*\*\/$/g, '').replace(/^[ \t]*\* ?/gm, '')
    return plain.includes('@example') ? blocksOf(file, plain, line) : []
  })
}

// What an example may take for granted, in the order it is made: a test runner, a driver, and a service on memory.
const given: readonly (readonly [name: string, text: string])[] = [
  ['it', 'const it = (_name: string, run: () => Promise<void>): Promise<void> => run()'],
  ['Database', "import Database from 'libsql'"],
  ['key', 'const key = globalThis.crypto.getRandomValues(new Uint8Array(32))'],
  ['cipher', "const cipher = aesGcmCipher({ keys: [{ id: '2026', key }] })"],
  ['repository', 'const repository = memoryRepository()'],
  ['leeway', "const leeway = createLeeway({ issuer: 'Example', repository, cipher })"],
]

const uses = (text: string, name: string): boolean => new RegExp(`(?<![\\w$.'-])${name}(?![\\w$'-])`).test(text)
const makes = (text: string, name: string): boolean =>
  new RegExp(`(const|let|function|class|type|interface)\\s+${name}\\b|import[^;\\n]*\\b${name}\\b[^;\\n]*from`).test(
    text,
  )

/** An example with what it leaves out: imports of what this package exports, and what is given. */
function completed(example: Block): Block[] {
  let before = ''
  for (const [name, text] of [...given].reverse()) {
    if ((uses(example.text, name) && !makes(example.text, name)) || uses(before, name)) before = `${text}\n${before}`
  }
  const whole = before + example.text
  const imports = [...exported()].flatMap(([entry, names]) =>
    [...names.values, ...names.types.map((name) => `type ${name}`)]
      .filter((name) => uses(whole, name.replace(/^type /, '')) && !makes(whole, name.replace(/^type /, '')))
      .map((name) => `import { ${name} } from '${entry}'\n`),
  )
  return [{ file: example.file, line: example.line, text: imports.join('') + before }, example]
}

describe('the doc comments', () => {
  it('have examples that compile against the built package, run, and print what their comments say', {
    timeout: 120_000,
  }, async () => {
    const examples = sources.flatMap(examplesOf)
    expect(await faultsOf(examples.map(completed))).toEqual([])
    const announced = sources.flatMap(
      (file) => readFileSync(`${root}/${file}`, 'utf8').match(/^\s*\* @example\b/gm) ?? [],
    )
    expect(examples.length).toBeGreaterThanOrEqual(announced.length)
    expect(announced.length).toBeGreaterThan(0)
  })

  it('show an example of every function that is exported', () => {
    const bare = [...exported()].flatMap(([entry, { symbols }]) =>
      symbols
        .filter((symbol) => (symbol.flags & ts.SymbolFlags.Function) !== 0)
        .filter((symbol) => !symbol.getJsDocTags().some(({ name }) => name === 'example'))
        .map((symbol) => `${entry}: ${symbol.name}`),
    )
    expect(bare).toEqual([])
  })
})
