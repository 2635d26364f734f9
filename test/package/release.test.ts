import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Outcome, root, run } from './support.js'

/** What a project has that can be released. */
const READY = {
  'package.json': {
    name: 'example',
    version: '1.2.3',
    repository: { type: 'git', url: 'git+https://example.com/example.git' },
    scripts: { api: 'node -e ""' },
  } as Record<string, unknown>,
  'package-lock.json': { version: '1.2.3', packages: { '': { version: '1.2.3' } } } as Record<string, unknown>,
  'CHANGELOG.md':
    '# Changelog\n\n## 1.2.3 (2026-11-24)\n\n### Fixed\n\n- A fault.\n\n## 1.2.2 (2026-11-01)\n\n- More.\n',
}

/** Checks a project that is committed, and differs from one that is ready by these. */
async function checked(
  { manifest = {}, changelog = READY['CHANGELOG.md'] }: { manifest?: object; changelog?: string } = {},
  options: { args?: string[]; after?: (folder: string) => void } = {},
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...READY['package.json'], ...manifest }))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(READY['package-lock.json']))
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog)
  const git = (...args: string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: folder })
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '--message=all')
  options.after?.(folder)
  return run(process.execPath, [join(root, 'scripts/release.js'), ...(options.args ?? [])], folder)
}

/** The conditions that did not hold. */
const failures = ({ output }: Outcome): string[] =>
  [...output.matchAll(/^FAILED {2}(.*)$/gm)].map(([, name = '']) => name)

describe('a release', () => {
  it('is ready where everything holds, tagged or not', async () => {
    for (const args of [[], ['--tag', 'v1.2.3']]) {
      const outcome = await checked({}, { args })
      expect(failures(outcome)).toEqual([])
      expect(outcome.code).toBe(0)
      expect(outcome.output).toMatch(/^8 passed, 0 failed$/m)
    }
  })

  it.each([
    ['a version that is none', 'the version is one', { manifest: { version: '1.2' } }],
    ['a version that is not locked', 'the lock file is of this version', { manifest: { version: '1.2.2' } }],
    [
      'no section in the CHANGELOG',
      'the CHANGELOG tells it, with a date',
      { changelog: '## 1.2.30 (2026-11-24)\n\n- A\n' },
    ],
    [
      'a section without a date',
      'the CHANGELOG tells it, with a date',
      { changelog: '## 1.2.3 (unreleased)\n\n- A\n' },
    ],
    [
      'an empty section',
      'the CHANGELOG tells it, with a date',
      { changelog: '## 1.2.3 (2026-11-24)\n\n## 1.2.2\n\n- A\n' },
    ],
    ['no repository', 'the repository is named, as provenance needs it', { manifest: { repository: undefined } }],
    ['a private package', 'the package is public', { manifest: { private: true } }],
    ['an API that differs', 'the API is as reported', { manifest: { scripts: { api: 'node -e "process.exit(1)"' } } }],
  ])('is not ready with %s', async (_what, condition, differences) => {
    const outcome = await checked(differences)
    expect(failures(outcome)).toContain(condition)
    expect(outcome.code).toBe(1)
  })

  it('is not ready under another tag, nor with anything uncommitted', async () => {
    const tagged = await checked({}, { args: ['--tag', 'v1.2.4'] })
    expect([failures(tagged), tagged.code]).toEqual([['the tag is that version'], 1])
    const changed = await checked({}, { after: (folder) => writeFileSync(join(folder, 'new.txt'), '') })
    expect([failures(changed), changed.code]).toEqual([['nothing is uncommitted'], 1])
    expect(changed.output).toContain('new.txt')
  })

  it('is checked by the workflow that publishes, after CI and before npm is asked', () => {
    const workflow = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')
    const steps = ['needs: ci', 'npm run release:check -- --tag "$GITHUB_REF_NAME"', 'npm publish --provenance']
    const places = steps.map((step) => workflow.indexOf(step))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
  })
})

describe('the workflows', () => {
  it.each(['ci.yml', 'release.yml'])('%s runs no action but by its commit', (name) => {
    const workflow = readFileSync(join(root, '.github/workflows', name), 'utf8')
    const actions = [...workflow.matchAll(/uses: (.*)$/gm)].map(([, action = '']) => action)
    expect(actions.length).toBeGreaterThan(0)
    const loose = actions.filter((action) => !/^\.\/|^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))
    expect(loose).toEqual([])
  })
})
