// @ts-check
// Measures a whole check of a TOTP code, as a server makes it, against the libraries people use today.
//
// Run after a build: `node bench/totp.js`, `--rounds=500` for more of them. What counts are the ratios of one run.
//
// Every row but the floors does the same: one wrong code of six digits, SHA-1, steps of 30 s, one step either side, a
// secret of 20 bytes, handed over once in the form the library takes. The contenders take turns in short rounds, so that
// a busy machine slows all of them; medians are reported, of the times and of the ratios within each round.

import { strict as assert } from 'node:assert'
import { createHmac } from 'node:crypto'
import { sha1 } from '@noble/hashes/legacy.js'
import { verifyTOTPWithGracePeriod } from '@oslojs/otp'
import { generateTotp, prepareTotp, verifyTotp } from 'leeway/totp'
import * as otpauth from 'otpauth'
import { verifySync } from 'otplib'
import { figure, median, numberOption, publish } from './support/report.js'

const rounds = numberOption('rounds', 100)
const nsPerTurn = 2e6

const secret = Uint8Array.from({ length: 20 }, (_, i) => (i * 37 + 11) & 0xff)
// The clock of oslo cannot be set, so all of them work at the time it is.
const now = Date.now()
const live = [-2, -1, 0, 1, 2].map((steps) => generateTotp(secret, now + steps * 30_000))
const wrong = ['000000', '111111', '222222', '333333', '444444'].find((code) => !live.includes(code)) ?? '555555'

const prepared = prepareTotp(secret)
const totpOfOtpauth = new otpauth.TOTP({ secret: new otpauth.Secret({ buffer: secret.slice().buffer }) })
const counter = new Uint8Array(8)
const state = sha1.create()
const blank = sha1.create()
const eight = new Uint8Array(8 * 64)
const six = new Uint8Array(6 * 64)

/** @param {Uint8Array} bytes */
function compress(bytes) {
  blank._cloneInto(state)
  state.update(bytes)
  return false
}

/** @type {Record<string, () => boolean>} */
const contenders = {
  'leeway, cold': () => verifyTotp(secret, wrong, { now }).ok,
  'leeway, prepared': () => prepared.verify(wrong, { now }).ok,
  'otpauth 9': () => totpOfOtpauth.validate({ token: wrong, timestamp: now, window: 1 }) !== null,
  'otplib 13': () => verifySync({ secret, token: wrong, epoch: Math.floor(now / 1000), epochTolerance: 30 }).valid,
  '@oslojs/otp 1': () => verifyTOTPWithGracePeriod(secret, 30, 6, wrong, 30),
  'createHmac x 3': () => {
    let bytes = 0
    for (let i = 0; i < 3; i++) {
      counter[7] = i
      bytes += createHmac('sha1', secret).update(counter).digest().length
    }
    return bytes === 0
  },
  'floor, cold: 8 bare compressions': () => compress(eight),
  'floor, prepared: 6 bare compressions': () => compress(six),
}

// A contender that throws, or says yes, would be measured doing something else.
for (const [name, run] of Object.entries(contenders)) assert.equal(run(), false, name)
assert.equal(verifyTotp(secret, generateTotp(secret, now), { now }).ok, true)
assert.equal(
  verifySync({ secret, token: generateTotp(secret, now), epoch: Math.floor(now / 1000), epochTolerance: 30 }).valid,
  true,
)
assert.equal(totpOfOtpauth.validate({ token: generateTotp(secret, now), timestamp: now, window: 1 }), 0)

/**
 * Nanoseconds per call.
 * @param {() => unknown} run
 * @param {number} calls
 */
function turn(run, calls) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < calls; i++) run()
  return Number(process.hrtime.bigint() - start) / calls
}

const names = Object.keys(contenders)
/** @type {Record<string, number>} */
const calls = {}
for (const name of names) {
  turn(contenders[name], 20_000)
  calls[name] = Math.max(1, Math.round(nsPerTurn / turn(contenders[name], 2_000)))
}
/** @type {Record<string, number[]>} */
const times = Object.fromEntries(names.map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  // Another order each round, so that nobody always runs after the same neighbour.
  for (let i = 0; i < names.length; i++) {
    const name = names[(i * 3 + round) % names.length]
    times[name].push(turn(contenders[name], calls[name]))
  }
}

const peers = ['otpauth 9', 'otplib 13', '@oslojs/otp 1']
const result = Object.fromEntries(names.map((name) => [name, median(times[name])]))
const fastest = peers.reduce((best, name) => (result[name] < result[best] ? name : best))
/**
 * How many times as fast one is as another.
 * @param {string} name
 * @param {string} other
 */
function ratio(name, other) {
  return median(times[other].map((time, round) => time / times[name][round])).toFixed(2)
}

publish({
  how: `${rounds} rounds, medians`,
  tables: [
    {
      claim: 'A whole check of a code, beside the libraries that people use today',
      columns: [
        'verify ±1, a wrong code, SHA-1',
        'µs a check',
        'checks a second',
        `times ${fastest}`,
        'times createHmac',
      ],
      rows: names.map((name) => [
        name,
        figure(result[name] / 1000),
        Math.round(1e9 / result[name]).toLocaleString('en'),
        ratio(name, fastest),
        ratio(name, 'createHmac x 3'),
      ]),
      means:
        `Above 1 is faster. Every row but the floors is the same whole check of three time steps; ${fastest} is the fastest of ` +
        "the libraries, and three createHmac are the least that a check on Node's own crypto can cost. A floor is that many " +
        'SHA-1 compressions of @noble/hashes in one update, and nothing else: eight are what HMAC of three counters needs with ' +
        'a new key, six with a key whose states are kept.',
    },
  ],
})
