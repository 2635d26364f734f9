// @ts-check
// What a benchmark tells: tables, each of one claim, for whoever looks on, and for the page that scripts/bench.js writes.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

/**
 * @typedef {object} Table
 * @property {string} claim what it is about, in a sentence
 * @property {string} means how to read it
 * @property {readonly string[]} columns
 * @property {readonly (readonly string[])[]} rows the first column in words, the others figures
 */

/**
 * @typedef {object} Report
 * @property {string} on the machine and the versions
 * @property {string} how the settings of this run
 * @property {readonly Table[]} tables
 */

/**
 * A number of the command line, as in `--rounds=20`.
 * @param {string} name
 * @param {number} otherwise
 */
export function numberOption(name, otherwise) {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
  const number = Number(given ?? otherwise)
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`--${name} is a whole number from 1`)
  return number
}

/** @param {readonly number[]} values */
export function median(values) {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN
}

/**
 * A figure with three digits that count, and thousands apart.
 * @param {number} value
 */
export function figure(value) {
  const decimals = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toLocaleString('en', {
    minimumFractionDigits: Math.min(decimals, 2),
    maximumFractionDigits: Math.min(decimals, 2),
  })
}

/**
 * Prints the tables, and hands them to whoever started this.
 * @param {{ versions?: readonly string[], how: string, tables: readonly Table[] }} told
 */
export function publish({ versions = [], how, tables }) {
  const [{ model } = { model: 'unknown' }] = cpus()
  const on = [`${cpus().length} x ${model.trim()}`, `Node ${process.version}`, ...versions].join(', ')
  console.log(`\n${on}; ${how}`)
  for (const { claim, columns, rows, means } of tables)
    console.log(['', claim, ...aligned([columns, ...rows]), means].join('\n'))
  /** @type {Report} */
  const report = { on, how, tables }
  const file = process.env['LEEWAY_BENCH_REPORT']
  if (file !== undefined) writeFileSync(file, JSON.stringify(report))
}

/** @param {readonly (readonly string[])[]} rows */
function aligned(rows) {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart((widths[at] ?? 0) + 2))).join(''),
  )
}
