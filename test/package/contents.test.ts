import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { root } from './support.js'

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((name) =>
    /\.(ts|cts|mts|js|cjs|mjs|json|md|yml|html|css|sql|txt)$|^\.ci\/|^LICENSE$|^\.gitignore$/.test(name),
  )

/** Every line of the repository that matches, with its place. */
function linesWith(pattern: RegExp, among: (name: string) => boolean = () => true): string[] {
  return files.filter(among).flatMap((name) => {
    const lines = readFileSync(`${root}/${name}`, 'utf8').split('\n')
    return lines.flatMap((line, index) =>
      pattern.test(line) ? [`${name}:${index + 1}: ${line.trim().slice(0, 120)}`] : [],
    )
  })
}

// The words are put together here, so that this file may be searched too.
const word = (...parts: string[]): string => parts.join('')

describe('the repository', () => {
  it('is searched whole', () => {
    expect(files).toEqual(
      expect.arrayContaining(['package.json', 'src/index.ts', 'README.md', '.ci/run', 'test/package/contents.test.ts']),
    )
  })

  it('leaves nothing for later', () => {
    expect(
      linesWith(new RegExp(`\\b(${word('TO', 'DO')}|${word('FIX', 'ME')}|${word('X', 'XX')}|${word('HA', 'CK')})\\b`)),
    ).toEqual([])
  })

  it('knows no path of the machine it was made on', () => {
    const folders = [word('wo', 'rk'), word('t', 'mp'), word('ro', 'ot'), word('ho', 'me'), word('Us', 'ers')].join('|')
    expect(linesWith(new RegExp(`(^|[\\s'"\`(=:])/(${folders})/`))).toEqual([])
  })

  it('locks versions and checksums, not the place they came from', () => {
    const locks = files.filter((name) => /(^|\/)package-lock\.json$/.test(name))
    expect(locks).toEqual(expect.arrayContaining(['package-lock.json', 'test/runtimes/package-lock.json']))
    const isLock = (name: string): boolean => locks.includes(name)
    expect(linesWith(new RegExp(`"${word('resol', 'ved')}": "http`), isLock)).toEqual([])
  })

  it('silences no tool', () => {
    const silencers = [
      word('biome', '-ignore'),
      word('eslint', '-disable'),
      word('@ts', '-ignore'),
      word('@ts', '-nocheck'),
    ]
    const uncounted = [word('v8', ' ignore'), word('c8', ' ignore'), word('istanbul', ' ignore')]
    expect(linesWith(new RegExp([...silencers, ...uncounted].join('|')))).toEqual([])
  })

  it('asks no test to run alone and promises none for later', () => {
    expect(linesWith(/\b(it|test|describe)\.(only|todo)\(/, (name) => name.startsWith('test/'))).toEqual([])
  })
})
