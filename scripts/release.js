// @ts-check
// Whether what is checked out can be published: `npm run release:check`, with `-- --tag v1.2.3` for a release that is
// tagged already. Each condition is a line; it ends with 1 where one does not hold.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** Semantic Versioning 2.0.0 without build metadata, which npm drops. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?$/

const { tag } = parseArgs({ options: { tag: { type: 'string' } } }).values
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const { version } = manifest

/**
 * The heading of this version in the CHANGELOG, and what is below it.
 *
 * @returns {{ heading: string, text: string } | null}
 */
function changelogSection() {
  const sections = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m).slice(1)
  const found = sections.find((section) => section.split(/[\s(]/, 1)[0] === version)
  if (found === undefined) return null
  const [heading = '', ...lines] = found.split('\n')
  return { heading: heading.trim(), text: lines.join('\n').trim() }
}

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {readonly string[]} args
 */
function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return { succeeded: status === 0, printed: `${stdout}${stderr}`.trim() }
}

/** @type {Record<string, () => string | null>} what has to hold; answers what does not */
const CONDITIONS = {
  'the version is one'() {
    return VERSION.test(version) ? null : `${version} is no semantic version`
  },
  'the lock file is of this version'() {
    const locked = [lock.version, lock.packages[''].version]
    return locked.every((other) => other === version) ? null : `it has ${locked.join(' and ')}: npm install`
  },
  'the tag is that version'() {
    return tag === undefined || tag === `v${version}` ? null : `${tag} in place of v${version}`
  },
  'the CHANGELOG tells it, with a date'() {
    const section = changelogSection()
    if (section === null) return `it has no section ${version}`
    if (!/ \(\d{4}-\d\d-\d\d\)$/.test(section.heading)) return `its heading has no date: ${section.heading}`
    return section.text === '' ? 'its section is empty' : null
  },
  'the repository is named, as provenance needs it'() {
    return manifest.repository?.url ? null : 'package.json has no repository.url'
  },
  'the package is public'() {
    return manifest.private === true ? 'package.json says private' : null
  },
  'nothing is uncommitted'() {
    const { succeeded, printed } = run('git', ['status', '--porcelain'])
    return succeeded && printed === '' ? null : printed
  },
  'the API is as reported'() {
    const { succeeded, printed } = run('npm', ['run', '-s', 'api'])
    return succeeded ? null : printed
  },
}

let failed = 0
for (const [name, fault] of Object.entries(CONDITIONS)) {
  const found = fault()
  if (found !== null) failed++
  console.log(found === null ? `ok      ${name}` : `FAILED  ${name}\n${found.replace(/^/gm, '        ')}`)
}
console.log(`${Object.keys(CONDITIONS).length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
