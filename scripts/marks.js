// @ts-check
// What scripts put into pages: between two comments that the page has for it, and nowhere else.
import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Replaces what stands between `<!-- name -->` and `<!-- end of name -->`.
 * @param {string} page
 * @param {string} name
 * @param {string} markdown
 */
export function putInto(page, name, markdown) {
  const text = readFileSync(page, 'utf8')
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} has no place for ${name}`)
  writeFileSync(page, `${text.slice(0, from + start.length)}\n${markdown}\n\n${text.slice(to)}`)
}

/**
 * A table, its first column in words and the others figures.
 * @param {readonly string[]} columns
 * @param {readonly (readonly string[])[]} rows
 */
export function markdownTable(columns, rows) {
  const sides = columns.map((_, at) => (at === 0 ? '---' : '---:'))
  return [columns, sides, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/**
 * Text in lines of at most 120 characters.
 * @param {string} text
 */
export function wrapped(text) {
  /** @type {string[]} */
  const lines = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= 120) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}

/** Today, as pages say it. */
export const today = () => new Date().toISOString().slice(0, 10)
