import process from 'node:process'
import fc from 'fast-check'
import type { TestContext } from 'vitest'
import { type LeewayModelOptions, leewayCommands, leewayModel } from '../../../src/testing/index.js'

/** How much was run, and the seed from which it can be run again. */
export interface Figures extends Record<string, number> {
  runs: number
  commands: number
  seed: number
  milliseconds: number
}

/**
 * The seed of all runs: LEEWAY_SEED, or another one each time. A failure tells it, with the path to its
 * counterexample.
 */
export const SEED: number = Number(process.env['LEEWAY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/**
 * Runs the model beside systems, each made of what `optionsOf` says; rejects, with seed and path, where they part.
 * `lanes` run at once, for stores that are mostly waited for; the first has the seed, each other one the next.
 */
export async function modelRuns(
  optionsOf: () => LeewayModelOptions,
  numRuns: number,
  { seed = SEED, lanes = 1 }: { seed?: number; lanes?: number } = {},
): Promise<Figures> {
  const started = Date.now()
  let runs = 0
  let commands = 0
  const property = fc.asyncProperty(leewayCommands(fc), async (drawn) => {
    runs++
    await fc.asyncModelRun(() => leewayModel(optionsOf()), drawn)
    commands += [...drawn].length
  })
  const share = Math.ceil(numRuns / lanes)
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) => fc.assert(property, { numRuns: share, seed: seed + lane })),
  )
  return { runs, commands, seed, milliseconds: Date.now() - started }
}

/** Says what was run: in the report of the tests, and on the screen. */
export async function told({ annotate, task }: TestContext, figures: Figures, on: string): Promise<void> {
  const text = `model on ${on}: ${figures.runs} runs, ${figures.commands} commands, LEEWAY_SEED=${figures.seed}`
  task.meta.figures = figures
  process.stdout.write(`${text}\n`)
  await annotate(text)
}
