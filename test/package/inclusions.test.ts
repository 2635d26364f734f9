import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { withInclusions } from './inclusions.js'
import { root } from './support.js'

const read = (name: string): string => readFileSync(`${root}/${name}`, 'utf8')
const docs = existsSync(`${root}/docs`) ? readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' }) : []

describe('what the documents repeat of files', () => {
  /** LEEWAY_UPDATE_DOCS=1 brings it up to date; without it this asserts that it is. */
  it.each(docs.filter((name) => name.endsWith('.md')))('is what they are: docs/%s', (name) => {
    const made = withInclusions(read(`docs/${name}`), read)
    if (process.env['LEEWAY_UPDATE_DOCS'] === '1') writeFileSync(`${root}/docs/${name}`, made)
    expect(read(`docs/${name}`)).toBe(made)
  })
})

describe('an inclusion', () => {
  const file = [
    "import x from 'x'",
    '// #region one',
    'const a = 1',
    '// #endregion',
    '  // #region two',
    '  if (a) {',
    '    a()',
    '',
    '  }',
    '  // #endregion',
    '',
  ].join('\n')
  const made = (markdown: string): string => withInclusions(markdown, () => file)

  it('is a region of a file, at the margin, or all of it', () => {
    const one = (old: string): string => `a\n<!-- from: a.ts#one -->\n\`\`\`ts\n${old}\`\`\`\nb`
    expect(made(one('old\n'))).toBe(one('const a = 1\n'))
    const two = (old: string): string => `<!-- from: a.ts#two -->\n\`\`\`ts\n${old}\`\`\``
    expect(made(two(''))).toBe(two('if (a) {\n  a()\n\n}\n'))
    expect(made(`${two('')}\nbetween\n${two('')}`)).toBe(`${made(two(''))}\nbetween\n${made(two(''))}`)
    const all = (old: string): string => `<!-- from: a.ts -->\n\`\`\`ts\n${old}\`\`\``
    expect(made(all(''))).toBe(all(file))
  })

  it('leaves other code as it is', () => {
    expect(made('```ts\nconst a = 2\n```')).toBe('```ts\nconst a = 2\n```')
  })

  it('names a region that is there, and stands right above a fence', () => {
    expect(() => made('<!-- from: a.ts#three -->\n```ts\n```')).toThrow('a.ts has no region three')
    expect(() => made('<!-- from: a.ts#one -->\n\n```ts\n```')).toThrow('is above no fence')
  })
})
