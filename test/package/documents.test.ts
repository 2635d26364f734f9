import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { blocksOf, faultsOf } from './blocks.js'
import { root } from './support.js'

const docs = existsSync(`${root}/docs`) ? readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' }) : []
const documents = ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
const read = (name: string): string => readFileSync(`${root}/${name}`, 'utf8')

describe('the documents', () => {
  it('have all of their code run: it compiles, ends, and prints what its comments say', {
    timeout: 240_000,
  }, async () => {
    const groups = documents.map((name) => blocksOf(name, read(name))).filter((blocks) => blocks.length > 0)
    expect(await faultsOf(groups)).toEqual([])
    // Counted again by other means, so that nothing is left out in silence.
    const counted = (pattern: RegExp): number => documents.flatMap((name) => read(name).match(pattern) ?? []).length
    const fences = counted(/^[ \t]*(```|~~~)[ \t]*(ts|js|typescript|javascript|mjs|cjs|mts|tsx|jsx)\b/gm)
    // What repeats a file is run there; inclusions.test.ts holds it to the file.
    const repeated = counted(/^<!-- from: \S+ -->\n```(ts|js)$/gm)
    expect(groups.flat().length).toBe(fences - repeated)
    expect(groups.flatMap((blocks) => blocks.slice(0, 1)).map(({ file }) => file)).toContain('README.md')
  })
})

describe('the runner of documents', () => {
  const block = (text: string, line = 1) => ({ file: 'a.md', line, text })

  it('finds a type error, with its place', async () => {
    expect(await faultsOf([[block('const a: number = 1\n'), block('a.toUpperCase()\n', 7)]])).toEqual([
      expect.stringContaining('a.md:7: Property'),
      expect.stringContaining('ended with 1'),
    ])
  })

  it('finds code that throws, a comment that says what is not printed, and an exit code', async () => {
    const faults = await faultsOf([
      [block("throw new Error('no')\n")],
      [block('console.log(1 + 1) // 3\n')],
      [block('process.exitCode = 3\n')],
    ])
    expect(faults).toHaveLength(3)
    expect(faults.join()).toMatch(/printed 2 where the comment says 3/)
  })

  it('lets a block follow from the one before and name things anew', async () => {
    const first = block("import { sep } from 'node:path'\nexport const a = sep.length\n")
    const second = block("import { join, sep } from 'node:path'\nconst b = a + 1\n{ const a = join('x', sep) }\n", 9)
    const third = block("const a = 'new'\nconsole.log(a, { b }) // new { b: 2 }\nconsole.log(process.pid) // …\n", 20)
    expect(await faultsOf([[first, second, third]])).toEqual([])
  })

  it('refuses fences that would not be run', () => {
    expect(() => blocksOf('a.md', '```ts no-run\n```')).toThrow(/says more/)
    expect(() => blocksOf('a.md', '```\nconst a = 1\n```')).toThrow(/unknown language/)
    expect(() => blocksOf('a.md', '```typescript\n```')).toThrow(/unknown language/)
    expect(() => blocksOf('a.md', '```ts\n')).toThrow(/never closed/)
    const markdown = '<!-- from: a.ts#b -->\n```ts\nlet a\n```\n```ts\nlet b\n```'
    expect(blocksOf('a.md', markdown)).toEqual([block('let b\n', 6)])
    expect(blocksOf('a.md', 'a\n```sh\n```ts\n```\n\n  ```ts\n  let a\n  ```')).toEqual([block('let a\n', 7)])
  })
})
