import { describe, expect, it } from 'vitest'
import type { CommandType } from '../../src/enrollment/commands.js'
import { phaseAt } from '../../src/enrollment/decision.js'
import type { Phase } from '../../src/enrollment/phase.js'
import { inPhase, NOW } from './given.js'
import { cellOf, MATRIX } from './matrix.js'

const PHASES = Object.keys(inPhase) as Phase[]
const COMMANDS = Object.keys(MATRIX) as CommandType[]

describe('the records that the matrix starts from', () => {
  it.each(PHASES)('one is in the phase %s', (phase) => {
    expect(phaseAt(inPhase[phase], NOW)).toBe(phase)
  })

  it('cover seven phases, and the rows every command', () => {
    expect(PHASES).toHaveLength(7)
    expect(COMMANDS).toHaveLength(25)
    expect(COMMANDS.filter((type) => MATRIX[type].length === 0)).toEqual([])
  })
})

describe.each(COMMANDS)('%s', (type) => {
  for (const { when, cells, does } of MATRIX[type]) {
    it.each(PHASES)(`${when || 'at any time'}: %s`, (phase) => {
      expect(cellOf(does(phase))).toBe(cells[phase])
    })
  }

  it('has a row of its own for each way', () => {
    const ways = MATRIX[type].map(({ when }) => when)
    expect(ways).toEqual([...new Set(ways)])
  })
})
