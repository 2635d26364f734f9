import { strict as assert } from 'node:assert'
import fc from 'fast-check'

/** What a parser made of an input: a value, or the reason of a refusal, the name or code of an error among them. */
export type Outcome = { accepted: unknown } | { refused: string }

/** One parser, with what is thrown at it and what may come of that. */
export interface Target<Input> {
  name: string
  inputs: fc.Arbitrary<Input>
  /** the parser itself */
  parse(input: Input): Outcome | Promise<Outcome>
  /** the names or codes of the errors that it is documented to throw */
  throws: readonly string[]
  /** throws where the outcome is not what the model says; it shares no line with the parser */
  check(outcome: Outcome, input: Input): void
}

/** How many inputs, and which: the same seed is the same inputs. */
export interface FuzzOptions {
  runs: number
  seed: number
}

/** What a run came to. */
export interface FuzzReport {
  name: string
  runs: number
  accepted: number
  refused: number
  /** of one call of the parser, in microseconds */
  slowestUs: number
  violation: Violation | null
}

/** The smallest input found that breaks a rule, in ASCII, and the rule. */
export interface Violation {
  input: string
  message: string
}

/** Throws that many inputs at a target, up to the first that breaks its rules, which is shrunk. */
export async function fuzz<Input>(target: Target<Input>, { runs, seed }: FuzzOptions): Promise<FuzzReport> {
  const report: FuzzReport = { name: target.name, runs: 0, accepted: 0, refused: 0, slowestUs: 0, violation: null }
  const property = fc.asyncProperty(target.inputs, async (input) => {
    const { outcome, us } = await timed(target, input)
    // Whoever is slower than all before is asked again: a pause of the machine does not come twice.
    if (us > report.slowestUs)
      report.slowestUs = Math.max(report.slowestUs, Math.min(us, (await timed(target, input)).us))
    if ('accepted' in outcome) report.accepted++
    else report.refused++
    target.check(outcome, input)
  })
  const { numRuns, failed, counterexample, errorInstance } = await fc.check(property, { numRuns: runs, seed })
  if (!failed) return { ...report, runs: numRuns }
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  return { ...report, runs: numRuns, violation: { input: shown(counterexample?.[0]), message: escaped(message) } }
}

/** The rule of most targets: the outcome is the one of the model, neither more nor less. */
export function exactly<Input>(model: (input: Input) => Outcome): Target<Input>['check'] {
  return (outcome, input) => assert.deepStrictEqual(outcome, model(input))
}

async function timed<Input>(target: Target<Input>, input: Input): Promise<{ outcome: Outcome; us: number }> {
  const start = performance.now()
  const outcome = await outcomeOf(target, input)
  return { outcome, us: (performance.now() - start) * 1000 }
}

async function outcomeOf<Input>(target: Target<Input>, input: Input): Promise<Outcome> {
  try {
    return await target.parse(input)
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    const { name, code = name, message } = Object(error) as Error & { code?: string }
    if (!target.throws.includes(code)) throw new Error(`${code} is not documented: ${message}`)
    if (typeof input === 'string' && repeats(message, input)) throw new Error(`the error repeats its input: ${message}`)
    return { refused: code }
  }
}

/** Whether a message has twenty characters in a row of a text: fewer are in sentences of its own. */
function repeats(message: string, text: string): boolean {
  for (let at = 0; at + 20 <= message.length; at++) if (text.includes(message.slice(at, at + 20))) return true
  return false
}

const LONGEST_SHOWN = 2000

/** Any value as ASCII, so that nothing of it hides in a terminal. */
function shown(value: unknown): string {
  return escaped(fc.stringify(value))
}

function escaped(text: string): string {
  const ascii = text.replace(/[^\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return ascii.length <= LONGEST_SHOWN ? ascii : `${ascii.slice(0, LONGEST_SHOWN)}… of ${ascii.length} characters`
}
