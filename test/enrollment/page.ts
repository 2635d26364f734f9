import type { Phase } from '../../src/enrollment/phase.js'
import { inPhase } from './given.js'
import { MATRIX } from './matrix.js'

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
