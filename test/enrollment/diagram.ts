import { phaseAt } from '../../src/enrollment/decision.js'
import { PHASES, type Phase } from '../../src/enrollment/phase.js'
import { MATRIX } from './matrix.js'

/*
 * The phases as a picture and as a table. Where things stand in the picture is written down here; what its arrows say
 * comes from the matrix, and an arrow of the matrix that the picture has no place for is an error.
 */

/** What no command does. */
const TIME: readonly (readonly [from: Phase, to: Phase])[] = [
  ['scheduled', 'enrollment-period'],
  ['enrollment-period', 'overdue'],
  ['exempt', 'optional'],
  ['exempt', 'scheduled'],
  ['exempt', 'enrollment-period'],
  ['exempt', 'overdue'],
]

/** What leads from one phase to another: the matrix's commands, and time. */
export function arrowsOf(): Map<Phase, Map<Phase, Set<string>>> {
  const arrows = new Map<Phase, Map<Phase, Set<string>>>()
  const add = (from: Phase, to: Phase, by: string) => {
    const targets = arrows.get(from) ?? new Map<Phase, Set<string>>()
    arrows.set(from, targets.set(to, (targets.get(to) ?? new Set()).add(by)))
  }
  for (const [from, to] of TIME) add(from, to, 'time')
  for (const [type, ways] of Object.entries(MATRIX)) {
    for (const { does } of ways) {
      for (const phase of PHASES) {
        const { before, record, now } = does(phase)
        if (before === null || record === null) throw new Error('every record of the matrix is stored')
        const [from, to] = [phaseAt(before, now), phaseAt(record, now)]
        // A few rows prepare a record that is in another phase by then.
        if (from === phase && to !== from) add(from, to, type)
      }
    }
  }
  return arrows
}

/** The same as a table in Markdown: a row for each phase, a column for each that it can become. */
export function phaseTableOf(): string {
  const arrows = arrowsOf()
  const line = (cells: readonly string[]) => `|${cells.map((text) => (text === '' ? ' ' : ` ${text} `)).join('|')}|`
  const cell = (from: Phase, to: Phase) => [...(arrows.get(from)?.get(to) ?? [])].sort().join(', ')
  const rows = PHASES.map((from) => line([`from ${from}`, ...PHASES.map((to) => cell(from, to))]))
  const heading = line(['', ...PHASES.map((to) => `to ${to}`)])
  return [heading, line(['', ...PHASES].map(() => '---')), ...rows].join('\n')
}

/* -------------------------------------------------------------------------------------------------- the picture */

interface Box {
  x: number
  y: number
  width: number
  height: number
  label: string
}

const REQUIRED: readonly Phase[] = ['scheduled', 'enrollment-period', 'overdue']
const UNCOVERED: readonly Phase[] = ['optional', ...REQUIRED]
const UNBOUND: readonly Phase[] = ['exempt', ...UNCOVERED]
const UNSUSPENDED: readonly Phase[] = [...UNBOUND, 'enrolled']

const NODES: Record<Phase, Box> = {
  exempt: { x: 420, y: 82, width: 90, height: 36, label: 'exempt' },
  optional: { x: 64, y: 279, width: 90, height: 36, label: 'optional' },
  scheduled: { x: 316, y: 279, width: 90, height: 36, label: 'scheduled' },
  'enrollment-period': { x: 454, y: 279, width: 136, height: 36, label: 'enrollment-period' },
  overdue: { x: 638, y: 279, width: 78, height: 36, label: 'overdue' },
  enrolled: { x: 934, y: 250, width: 90, height: 100, label: 'enrolled' },
  suspended: { x: 920, y: 508, width: 90, height: 36, label: 'suspended' },
}

const BOXES: readonly Box[] = [
  { x: 16, y: 16, width: 1024, height: 444, label: 'not suspended' },
  { x: 32, y: 46, width: 730, height: 400, label: 'nothing is bound' },
  { x: 48, y: 190, width: 698, height: 240, label: 'no exemption' },
  { x: 300, y: 222, width: 432, height: 130, label: 'MFA is required' },
]

/** An arrow from every phase of one group to some of another; its words stand at `at`. */
interface Arrow {
  from: readonly Phase[]
  to: readonly Phase[]
  path: string
  at: readonly [x: number, y: number]
  anchor?: 'start' | 'end'
  /** how many letters a line holds before it is broken */
  letters?: number
}

const ARROWS: readonly Arrow[] = [
  { from: ['scheduled'], to: ['enrollment-period'], path: 'M406 297H448', at: [428, 289] },
  { from: ['enrollment-period'], to: ['overdue'], path: 'M590 297H632', at: [612, 289] },
  { from: REQUIRED, to: REQUIRED, path: 'M420 352V384H612V358', at: [516, 403], letters: 60 },
  { from: ['optional'], to: REQUIRED, path: 'M154 287H294', at: [226, 266] },
  { from: REQUIRED, to: ['optional'], path: 'M300 307H160', at: [226, 322] },
  { from: UNCOVERED, to: ['exempt'], path: 'M446 190V124', at: [438, 160], anchor: 'end' },
  { from: ['exempt'], to: UNCOVERED, path: 'M484 118V184', at: [492, 160], anchor: 'start' },
  { from: UNBOUND, to: ['enrolled'], path: 'M762 272H928', at: [846, 251] },
  { from: ['enrolled'], to: REQUIRED, path: 'M934 328H738', at: [848, 307] },
  { from: UNSUSPENDED, to: ['suspended'], path: 'M948 460V502', at: [940, 488], anchor: 'end' },
  { from: ['suspended'], to: UNSUSPENDED, path: 'M982 508V466', at: [990, 488], anchor: 'start' },
]

const STYLE = `
text{font:13px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#1f2328}
.card{fill:#fff}
.box{fill:none;stroke:#818b98;stroke-dasharray:5 4}
.box-label,.arrow-label{font-size:11.5px;fill:#59636e}
.arrow{fill:none;stroke:#59636e;stroke-width:1.4}
.head{fill:#59636e}
.node{fill:#f6f8fa;stroke:#59636e;stroke-width:1.2}
.overdue{fill:#ffebe9;stroke:#cf222e}
.enrollment-period{fill:#fff8c5;stroke:#9a6700}
.enrolled{fill:#dafbe1;stroke:#1a7f37}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}
.card{fill:#0d1117}
.box{stroke:#656c76}
.box-label,.arrow-label{fill:#b1bac4}
.arrow{stroke:#b1bac4}
.head{fill:#b1bac4}
.node{fill:#151b23;stroke:#9198a1}
.overdue{fill:#3c1618;stroke:#ff7b72}
.enrollment-period{fill:#332a0b;stroke:#d29922}
.enrolled{fill:#12361f;stroke:#3fb950}
}`

/** The picture, as an SVG file with colours for light and dark pages. */
export function pictureOf(): string {
  const arrows = arrowsOf()
  const by = (from: Phase, to: Phase) => arrows.get(from)?.get(to) ?? new Set<string>()
  const covered = new Set<string>()

  // The wide ones first: what they say is not said again between two phases.
  const wideFirst = [...ARROWS].sort((one, other) => other.from.length - one.from.length)
  const drawn = wideFirst.map(({ from, to, path, at: [x, y], anchor = 'middle', letters = 28 }) => {
    const wordsOf = (phase: Phase) =>
      to.flatMap((target) => [...by(phase, target)].filter((word) => !covered.has(`${phase} → ${target}: ${word}`)))
    const [first = [], ...others] = from.map(wordsOf)
    const words = [...new Set(first)].filter((word) => others.every((other) => other.includes(word))).sort()
    if (words.length === 0) throw new Error(`nothing leads from ${from.join(', ')} to ${to.join(', ')}`)
    for (const phase of from) {
      for (const target of to) for (const word of words) covered.add(`${phase} → ${target}: ${word}`)
    }
    const lines = linesOf(words, letters).map(
      (line, index) =>
        `<text class="arrow-label" x="${x}" y="${y + 14 * index}" text-anchor="${anchor}">${line}</text>`,
    )
    return `<path class="arrow" marker-end="url(#head)" d="${path}"/>${lines.join('')}`
  })

  for (const [from, targets] of arrows) {
    for (const [to, words] of targets) {
      for (const word of words) {
        const arrow = `${from} → ${to}: ${word}`
        if (!covered.has(arrow)) throw new Error(`the picture has no place for ${arrow}`)
      }
    }
  }

  const boxes = BOXES.map(
    ({ x, y, width, height, label }) =>
      `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/>` +
      `<text class="box-label" x="${x + 12}" y="${y + 18}">${label}</text>`,
  )
  const nodes = PHASES.map((phase) => {
    const { x, y, width, height, label } = NODES[phase]
    return (
      `<rect class="node ${phase}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>` +
      `<text x="${x + width / 2}" y="${y + height / 2 + 4.5}" text-anchor="middle">${label}</text>`
    )
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1056 560" role="img" aria-labelledby="title desc">
<!-- Made from the transition matrix by npm run docs:update. -->
<title id="title">The phases of an enrollment</title>
<desc id="desc">${descriptionOf(arrows)}</desc>
<style>${STYLE}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>
<rect class="card" width="1056" height="560" rx="12"/>
${[...boxes, ...drawn, ...nodes].join('\n')}
</svg>
`
}

function linesOf(words: readonly string[], letters: number): string[] {
  const lines: string[] = []
  for (const [at, word] of words.entries()) {
    const text = at < words.length - 1 ? `${word},` : word
    const last = lines.at(-1)
    if (last !== undefined && last.length + text.length < letters) lines[lines.length - 1] = `${last} ${text}`
    else lines.push(text)
  }
  return lines
}

/** For those who do not see it. */
function descriptionOf(arrows: ReturnType<typeof arrowsOf>): string {
  const sentences = PHASES.map((from) => {
    const ways = [...(arrows.get(from) ?? [])].map(([to, words]) => `to ${to} by ${[...words].sort().join(', ')}`)
    return `From ${from} ${ways.sort().join('; ')}.`
  })
  return sentences.join(' ')
}
