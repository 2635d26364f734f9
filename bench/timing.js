// @ts-check
// Asks of the time that `verifyTotp` takes whether it tells anything of the secret or of the code that was right: Welch's
// t-test between two classes of codes, as dudect does it (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?",
// 2017). Both classes are codes that were drawn before anything is measured, one after the other in random order, each in a
// string of its own; the test is made of all times and of those below each of ten percentiles, since what interrupts a
// machine is in the slowest, and the largest |t| counts.
//
// Run after a build: `node bench/timing.js`, `--samples=1000000` for more than 200,000 of each comparison. |t| below 4.5 is
// no evidence of a difference. It is no proof of none: more samples find smaller ones.

import { strict as assert } from 'node:assert'
import { generateTotp, prepareTotp, verifyTotp } from 'leeway/totp'
import { figure, numberOption, publish } from './support/report.js'

const samples = numberOption('samples', 200_000)
const step = 30_000
const now = 59 * step

const secret = crypto.getRandomValues(new Uint8Array(20))
const codes = [-1, 0, 1].map((delta) => generateTotp(secret, now + delta * step))
const [before = '', current = '', after = ''] = codes

/** A whole number below a bound, from the platform's generator. @param {number} bound */
const below = (bound) => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % bound

/** Six digits, none of the three that are right. */
function wrong() {
  for (;;) {
    const code = String(below(1_000_000)).padStart(6, '0')
    if (!codes.includes(code)) return code
  }
}

/** The first digits of the current code, and others after them. @param {number} right */
function prefixed(right) {
  for (;;) {
    const code = current.slice(0, right) + wrong().slice(right)
    if (!codes.includes(code)) return code
  }
}

/** The same in a string of its own, as one that came over the wire. @param {string} code */
const fresh = (code) => Buffer.from(code, 'latin1').toString('latin1')

const prepared = prepareTotp(secret)
/** @param {string} code */
const cold = (code) => verifyTotp(secret, code, { now }).ok
/** @param {string} code */
const kept = (code) => prepared.verify(code, { now }).ok
/** Compares as text, digit by digit, and stops where one differs: what this must be able to see. @param {string} code */
const leaking = (code) => {
  let at = 0
  while (at < 6 && code[at] === current[at]) {
    at++
    for (let i = 0; i < 20; i++) wasted = (wasted * 31 + i) | 0
  }
  return at === 6
}
let wasted = 1

/** @param {string} code */
const byLength = (code) => verifyTotp(secret, code, { now, digits: code.length === 8 ? 8 : 6 }).ok

/**
 * Two classes of codes and what takes them, and whether they ought to take as long as each other.
 * @typedef {{ what: string, run: (code: string) => boolean, one: () => string, other: () => string, ought: string }} Comparison
 */

/** @type {Comparison[]} */
const comparisons = [
  { what: 'wrong, wrong', run: cold, one: wrong, other: wrong, ought: 'yes: the same class' },
  { what: 'five right digits first, none', run: cold, one: () => prefixed(5), other: () => prefixed(0), ought: 'yes' },
  { what: 'three right digits first, none', run: cold, one: () => prefixed(3), other: () => prefixed(0), ought: 'yes' },
  { what: 'five right digits first, none; prepared', run: kept, one: () => prefixed(5), other: wrong, ought: 'yes' },
  { what: 'match at the oldest step, at the newest', run: cold, one: () => before, other: () => after, ought: 'yes' },
  { what: 'match at the current step, at the newest', run: cold, one: () => current, other: () => after, ought: 'yes' },
  { what: 'right, wrong', run: cold, one: () => current, other: wrong, ought: 'no: the answer tells' },
  {
    what: 'wrong of eight digits, of six',
    run: byLength,
    one: () => `${below(90) + 10}${wrong()}`,
    other: wrong,
    ought: 'no: no secret',
  },
  { what: 'malformed, wrong', run: cold, one: () => wrong().slice(1), other: wrong, ought: 'no: no secret' },
  {
    what: 'planted leak: five right digits first, none',
    run: leaking,
    one: () => prefixed(5),
    other: () => prefixed(0),
    ought: 'no: planted',
  },
]

/**
 * Times of both classes, in nanoseconds.
 * @param {Comparison} comparison
 */
function measure({ run, one, other }) {
  const classes = Uint8Array.from({ length: samples }, () => below(2))
  const inputs = Array.from(classes, (side) => fresh(side === 0 ? one() : other()))
  const times = new Float64Array(samples)
  let yes = 0
  for (let at = 0; at < samples; at++) {
    const code = inputs[at] ?? ''
    const start = performance.now()
    const ok = run(code)
    times[at] = (performance.now() - start) * 1e6
    yes += ok ? 1 : 0
  }
  // Whoever takes nothing for an answer would let the engine leave the work out.
  assert(yes <= samples)
  return { classes, times }
}

/**
 * Welch's t of the times not above a limit.
 * @param {Uint8Array} classes
 * @param {Float64Array} times
 * @param {number} limit
 */
function welch(classes, times, limit) {
  const moments = [
    { n: 0, mean: 0, squares: 0 },
    { n: 0, mean: 0, squares: 0 },
  ]
  for (const [at, time] of times.entries()) {
    const side = moments[classes[at] ?? 0]
    if (time > limit || side === undefined) continue
    side.n++
    const delta = time - side.mean
    side.mean += delta / side.n
    side.squares += delta * (time - side.mean)
  }
  const [one, other] = /** @type {[typeof moments[0], typeof moments[0]]} */ (moments)
  const spread = one.squares / (one.n - 1) / one.n + other.squares / (other.n - 1) / other.n
  return { t: spread > 0 ? (one.mean - other.mean) / Math.sqrt(spread) : 0, difference: one.mean - other.mean }
}

/** The percentiles that are looked at, of both classes together; the last is all of them. */
const KEPT = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1]

/** @param {Comparison} comparison */
function compare(comparison) {
  // What is compiled on the way is no difference of the classes.
  for (let at = 0; at < 20_000; at++) comparison.run(fresh(at % 2 === 0 ? comparison.one() : comparison.other()))
  const { classes, times } = measure(comparison)
  const ordered = times.toSorted()
  const crops = KEPT.map((part) => {
    const limit = ordered[Math.ceil(part * samples) - 1] ?? Number.POSITIVE_INFINITY
    return { part, ...welch(classes, times, limit) }
  })
  const largest = crops.reduce((most, crop) => (Math.abs(crop.t) > Math.abs(most.t) ? crop : most))
  const median = ordered[samples >> 1] ?? Number.NaN
  return { ...comparison, ...largest, median }
}

const THRESHOLD = 4.5
const results = comparisons.map(compare)
publish({
  how: `${samples.toLocaleString('en')} samples of each comparison, in random order`,
  tables: [
    {
      claim: 'What the time of a check tells',
      columns: [
        'one class of codes, another',
        'median ns',
        'difference ns',
        't',
        `of the fastest`,
        `below ${THRESHOLD}`,
        'ought to be equal',
      ],
      rows: results.map(({ what, median, difference, t, part, ought }) => [
        what,
        figure(median),
        figure(difference),
        t.toFixed(2),
        `${Math.round(part * 100)} %`,
        Math.abs(t) < THRESHOLD ? 'yes' : 'NO',
        ought,
      ]),
      means:
        "Welch's t of two classes of codes in random order, the largest of eleven: of all times, and of the fastest 95, 90 … 10 %. " +
        'Below 4.5 is no evidence of a difference, which is not a proof of none.',
    },
  ],
})
