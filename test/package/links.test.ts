import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Outcome, root, run } from './support.js'

const check = (...args: string[]): Promise<Outcome> =>
  run(process.execPath, [`${root}/scripts/links.js`, ...args], root)

/** Checks a folder that has these files, and gives what is found wrong, one line each. */
async function faultsIn(files: Record<string, string>, ...args: string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-links-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const { code, output } = await check(...args, folder)
    const faults = output.split('\n').filter((line) => /^\S+:\d+: /.test(line))
    expect(code).toBe(faults.length > 0 ? 1 : 0)
    return faults
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the documents and doc comments', () => {
  it('have links that lead to files and headings that are there', async () => {
    const { code, output } = await check()
    expect(output).toMatch(/^\d+ links in \d+ files, 0 broken\n$/)
    expect(code).toBe(0)
  })
})

describe('the checker of links', () => {
  it('finds what leads to no file, no heading, a folder, and out of the repository', async () => {
    const faults = await faultsIn({
      'README.md':
        '# Here\n[a](docs/a.md) [b](docs/b.md#no-such)\n[c](docs)\n<img src="docs/no.png"> [d](../d.md) [e](#here)',
      'docs/b.md': '# Such\n\n[r]: ../README.md#there\n![p](p.svg#x)',
      'docs/p.svg': '<svg id="y"/>',
      'src/index.ts': '/**\n * See [the guide](../docs/c.md).\n */\nexport const a = 1 // [not](a-link.md)\n',
    })
    expect(faults).toEqual([
      'README.md:2: docs/a.md leads to no file',
      'README.md:2: docs/b.md#no-such leads to no heading or id',
      'README.md:3: docs leads to a folder',
      'README.md:4: ../d.md leads out of here',
      'README.md:4: docs/no.png leads to no file',
      'docs/b.md:4: p.svg#x leads to no heading or id',
      'docs/b.md:3: ../README.md#there leads to no heading or id',
      'src/index.ts:2: ../docs/c.md leads to no file',
    ])
  })

  it('knows headings by the ids that they get, the second of a name too, and looks into no code', async () => {
    const text = [
      '# `createLeeway`: what it is',
      '## Nobody’s [link](#again)',
      '## Again\n## Again',
      '[1](#createleeway-what-it-is) [2](#nobodys-link) [3](#again-1)',
      '```md\n[4](#nowhere)\n# Nowhere\n```',
      '`[5](nowhere.md)` and ``[6](`nowhere`)``',
    ].join('\n')
    expect(await faultsIn({ 'README.md': text })).toEqual([])
    expect(await faultsIn({ 'README.md': `${text}\n[7](#nowhere) [8](#again-2)` })).toHaveLength(2)
  })

  it('refuses addresses that nobody else can follow', async () => {
    const faults = await faultsIn({
      'README.md':
        '[1](http://example.com) [2](https://localhost:3000/) [3](https://127.0.0.1/) [4](https://) [5](https://example.com/a#b)',
    })
    expect(faults.map((fault) => fault.replace(/^\S+ /, ''))).toEqual([
      'http://example.com is http: and not https:',
      'https://localhost:3000/ is on no public host',
      'https://127.0.0.1/ is on no public host',
      'https:// is no address',
    ])
  })

  it('finds in a site what leads to no page and no id, a folder being its index', async () => {
    const files = {
      'index.html': '<a href="pages/a.html#one">1</a><a href="pages/">2</a><script>x = \'<a href="no.html">\'</script>',
      'pages/index.html': '<a href="../#two">3</a>\n<use href="../icons.svg#up">',
      'pages/a.html': '<h2 id="one"><a href="?q=1#one">4</a><a href="b.html">5</a></h2>',
      'icons.svg': '<svg id="up"/>',
    }
    expect(await faultsIn(files, '--site')).toEqual([
      'pages/a.html:1: b.html leads to no file',
      'pages/index.html:1: ../#two leads to no heading or id',
    ])
  })

  it('takes a place without any link for the wrong one', async () => {
    const { code, output } = await check('--site', `${root}/config`)
    expect([code, output]).toEqual([1, '0 links in 0 files, 0 broken\n'])
  })
})
