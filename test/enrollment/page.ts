import { phaseAt } from '../../src/enrollment/decision.js'
import type { Phase } from '../../src/enrollment/phase.js'
import { inPhase } from './given.js'
import { MATRIX } from './matrix.js'

/** What no command does. */
const TIME = [
  'scheduled --> enrollment_period',
  'enrollment_period --> overdue',
  ...['optional', 'scheduled', 'enrollment_period', 'overdue'].map((covered) => `exempt --> ${covered}`),
]

const PHASES = Object.keys(inPhase) as Phase[]

/** The matrix as a table in Markdown: a row for each way of each command, a column for each phase. */
export function tableOf(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rows = Object.entries(MATRIX).flatMap(([type, ways]) =>
    ways.map(({ when, cells }) => line([`\`${type}\``, when, ...PHASES.map((phase) => cells[phase])])),
  )
  const heading = ['command', 'when', ...PHASES]
  return [line(heading), line(heading.map(() => '---')), ...rows].join('\n')
}

/** Which phases the matrix's commands lead to from which, as a state diagram in Mermaid. */
export function diagramOf(): string {
  const arrows = new Map<string, Set<string>>()
  for (const [type, ways] of Object.entries(MATRIX)) {
    for (const { does } of ways) {
      for (const phase of PHASES) {
        const { before, record, now } = does(phase)
        if (before === null || record === null) throw new Error('every record of the matrix is stored')
        const [from, to] = [phaseAt(before, now), phaseAt(record, now)]
        // A few rows prepare a record that is in another phase by then.
        if (from !== phase || to === from) continue
        const arrow = `${nameOf(phase)} --> ${nameOf(to)}`
        arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(type))
      }
    }
  }
  const states = PHASES.map((phase) => `  state "${phase}" as ${nameOf(phase)}`)
  const lines = [...arrows].sort().map(([arrow, types]) => `  ${arrow}: ${[...types].sort().join(', ')}`)
  return ['stateDiagram-v2', ...states, ...TIME.map((arrow) => `  ${arrow}: time`), ...lines].join('\n')
}

function nameOf(phase: Phase): string {
  return phase.replaceAll('-', '_')
}
