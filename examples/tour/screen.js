// @ts-check
import { createInterface } from 'node:readline/promises'
import { inspect, styleText } from 'node:util'

/** Thrown by a question that Ctrl-C, Ctrl-D or the end of the input answered. */
export class Leave extends Error {}

const { stdin, stdout } = process
// a terminal that does not know its size says 0
const width = Math.min(stdout.columns || 80, 80)
// false without a terminal, with NO_COLOR and with TERM=dumb
const colours = stdout.isTTY && stdout.hasColors()

/** Whether a person sits in front of it: otherwise nothing is asked and the tour runs through. */
export const interactive = Boolean(stdin.isTTY && stdout.isTTY)

// somebody who pages through the output may stop reading it
stdout.on('error', () => process.exit(0))

/** @type {(style: Parameters<typeof styleText>[0], text: string) => string} */
const paint = (style, text) => (colours ? styleText(style, text) : text)

/** @param {string} [line] */
const print = (line = '') => stdout.write(`${line}\n`)

/**
 * @param {string} text
 * @param {string} [first] what the first line begins with; the others are indented as far
 */
function wrap(text, first = '  ') {
  const lines = ['']
  for (const word of text.split(/\s+/)) {
    const line = lines[lines.length - 1]
    if (line === '') lines[lines.length - 1] = word
    else if (first.length + line.length + 1 + word.length <= width) lines[lines.length - 1] += ` ${word}`
    else lines.push(word)
  }
  return lines.map((line, at) => (at === 0 ? first : ' '.repeat(first.length)) + line)
}

/** @param {string} text */
export function title(text) {
  print()
  print(paint('bold', `  ${text}`))
}

/**
 * @param {string} where
 * @param {string} text
 */
export function heading(where, text) {
  print()
  print(paint('dim', '─'.repeat(width)))
  print(`  ${paint('cyan', where)}  ${paint('bold', text)}`)
}

/** @param {string} text */
export function say(text) {
  print()
  for (const line of wrap(text)) print(line)
}

/**
 * What came of a step.
 *
 * @param {string} text
 */
export function outcome(text) {
  print()
  for (const [at, line] of wrap(text, '  ✓ ').entries()) {
    print(at === 0 ? line.replace('✓', paint('green', '✓')) : line)
  }
}

/**
 * The source of a function that runs, without its first and last line: it cannot say anything else than what is done.
 *
 * @param {Function} what
 */
export function code(what) {
  const lines = what.toString().split('\n').slice(1, -1)
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))
  print()
  for (const line of lines) print(`  ${paint('dim', '│')} ${paint('yellow', line.slice(indent))}`)
}

/** @param {unknown} value */
export function answer(value) {
  const text = inspect(value, { colors: colours, depth: 4, breakLength: width - 6, compact: 3 })
  print()
  for (const [at, line] of text.split('\n').entries()) print(`  ${paint('dim', at === 0 ? '→' : ' ')} ${line}`)
}

/**
 * A QR code of half blocks. White on black whatever the terminal's colours are: many phones do not read inverted ones.
 *
 * @param {string} blocks
 */
export function picture(blocks) {
  print()
  for (const line of blocks.trimEnd().split('\n')) print(`  ${paint(['whiteBright', 'bgBlack'], line)}`)
}

/** @param {readonly string[]} lines */
export function list(lines) {
  print()
  for (const line of lines) print(`    ${paint('bold', line)}`)
}

/**
 * Asks a person; without one the answer is ''.
 *
 * @param {string} question
 * @returns {Promise<string>}
 */
export async function ask(question) {
  if (!interactive) return ''
  const lines = createInterface({ input: stdin, output: stdout })
  const left = new Promise((_resolve, reject) => {
    for (const event of ['SIGINT', 'close']) lines.once(event, () => reject(new Leave()))
  })
  try {
    print()
    return await Promise.race([lines.question(paint('cyan', `  ${question} `)), left])
  } finally {
    // nobody waits for it any more once there is an answer
    left.catch(() => {})
    lines.close()
  }
}
