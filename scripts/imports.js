// @ts-check
// Judges what dependency-cruiser saw, from its JSON on standard input. A cruise that sees nothing finds no fault, so the
// modules it saw are counted against the files that are there.
import { readdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'

/** @type {{ modules: { source: string }[], summary: { violations: { from: string, to: string, rule: { name: string } }[], totalDependenciesCruised: number } }} */
const { modules, summary } = JSON.parse(await text(process.stdin))

for (const { from, to, rule } of summary.violations) console.error(`${from} -> ${to}: ${rule.name}`)

const seen = modules.filter(({ source }) => source.startsWith('src/')).length
const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).length
if (seen !== files) console.error(`saw ${seen} modules of ${files} files in src`)
if (files === 0) console.error('no files in src')

console.log(`${seen} modules, ${summary.totalDependenciesCruised} dependencies, ${summary.violations.length} faults`)
process.exitCode = summary.violations.length > 0 || seen !== files || files === 0 ? 1 : 0
