import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { phaseTableOf, pictureOf } from './diagram.js'
import { tableOf } from './page.js'

/*
 * The maintainers' page holds the transition table and the phases, as a picture and as a table, made from the matrix that
 * the machine is tested by. LEEWAY_UPDATE_DOCS=1 writes them; without it this asserts that they are as they would be
 * written.
 */

const file = fileURLToPath(new URL('../../docs/state-machine.md', import.meta.url))
const picture = fileURLToPath(new URL('../../docs/pictures/phases.svg', import.meta.url))
const laws = readFileSync(fileURLToPath(new URL('laws.test.ts', import.meta.url)), 'utf8')

/** The page with a part between its markers put in place. */
function withPart(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}: made from test/enrollment/matrix.ts -->`, `<!-- ${name}: end -->`]
  const [before, rest = ''] = page.split(start)
  const [, after] = rest.split(end)
  if (before === undefined || after === undefined) throw new Error(`the page has no markers for ${name}`)
  return `${before}${start}\n\n${content}\n\n${end}${after}`
}

describe('docs/state-machine.md', () => {
  it('holds the tables of the machine as it is', () => {
    const page = readFileSync(file, 'utf8')
    const made = withPart(withPart(page, 'table', tableOf()), 'phases', phaseTableOf())
    if (process.env['LEEWAY_UPDATE_DOCS'] === '1') writeFileSync(file, made)
    expect(readFileSync(file, 'utf8')).toBe(made)
  })

  it('shows a picture of the machine as it is, with every arrow of the matrix', () => {
    const made = pictureOf()
    if (process.env['LEEWAY_UPDATE_DOCS'] === '1') writeFileSync(picture, made)
    expect(readFileSync(picture, 'utf8')).toBe(made)
  })

  it('names for each of the ten laws tests that there are', () => {
    const [, section = ''] = readFileSync(file, 'utf8').split('## Laws')
    const rows = [...section.matchAll(/^\| (\d+) \| .* \| (.+) \|$/gm)]
    expect(rows.map(([, law]) => Number(law))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for (const [, law, cited = ''] of rows) {
      const names = [...cited.matchAll(/“([^”]+)”/g)].map(([, name]) => name)
      expect(names.length, `law ${law}`).toBeGreaterThan(0)
      for (const name of names) expect(laws).toContain(name)
    }
  })
})
