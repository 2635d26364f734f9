// Measures what the service adds to the work that cannot be avoided: to the cipher's open on the memory store, to the
// driver's statements on SQLite. And counts those statements: a decision is one read, a code check one read and one write.
//
// Run after a build: `node bench/service.js`, `--rounds=60` for more of them. What counts are the ratios of one run: the
// contenders take turns in short rounds, so that a busy machine slows all of them; medians are reported.

import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aesGcmCipher, createLeeway } from 'leeway'
import { memoryRepository } from 'leeway/memory'
import { migrate, sqliteRepository } from 'leeway/sqlite'
import { decodeBase32, prepareTotp, verifyTotp } from 'leeway/totp'
import Database from 'libsql'
import { figure, median, numberOption, publish } from './support/report.js'

const rounds = numberOption('rounds', 30)
const nsPerTurn = 4e7
const step = 30_000

/** @typedef {import('leeway').EnrollmentRepository} Repository */
/** @typedef {import('leeway/sqlite').SqliteDatabase} SqliteDatabase */
/** @typedef {{ run: 'get' | 'run' | 'exec', sql: string, values: (string | number | null)[] }} Statement */

let now = Date.now()
const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] })

/**
 * A service with a user who is required to enroll and has, and the check of a code of his that is right each time.
 * @param {Repository} repository
 * @param {string} userId
 */
async function serve(repository, userId) {
  const leeway = createLeeway({ issuer: 'Example', repository, cipher, clock: () => now })
  await leeway.requireEnrollment(userId, { period: { days: 30 } })
  const begun = await leeway.beginSetup(userId, { accountName: 'ada@example.com' })
  assert(begun.ok)
  const secret = decodeBase32(begun.setup.secret)
  const phone = prepareTotp(secret)
  const confirmed = await leeway.confirmSetup(userId, phone.generate(now))
  assert(confirmed.ok)
  const check = async () => {
    // A step later, for a code is right once.
    now += step
    const { ok } = await leeway.verifyCode(userId, phone.generate(now))
    assert(ok)
  }
  return { leeway, check, secret, id: confirmed.authenticatorId }
}

/**
 * The same connection, with a list of what it was asked.
 * @param {SqliteDatabase} db
 * @returns {SqliteDatabase & { asked: Statement[] }}
 */
function recording(db) {
  /** @type {Statement[]} */
  const asked = []
  return {
    asked,
    get inTransaction() {
      return db.inTransaction
    },
    exec(sql) {
      asked.push({ run: 'exec', sql, values: [] })
      return db.exec(sql)
    },
    prepare(sql) {
      const statement = db.prepare(sql)
      return {
        run(...values) {
          asked.push({ run: 'run', sql, values })
          return statement.run(...values)
        },
        get(...values) {
          asked.push({ run: 'get', sql, values })
          return statement.get(...values)
        },
      }
    },
  }
}

/**
 * The same statements, and nothing else: with a version and an event id of its own each time, as they must be.
 * @param {SqliteDatabase} db
 * @param {readonly Statement[]} statements
 */
function bare(db, statements) {
  let last = statements.find(({ sql }) => sql.startsWith('UPDATE'))?.values[0] ?? ''
  let runs = 0
  const steps = statements.map(({ run, sql, values }) => {
    if (run === 'exec') return () => void db.exec(sql)
    const statement = db.prepare(sql)
    if (run === 'get') return () => void statement.get(...values)
    if (sql.startsWith('INSERT')) return () => void statement.run(values[0], `bare ${runs}`, ...values.slice(2))
    return () => {
      const version = `bare ${++runs}`
      const { changes } = statement.run(version, ...values.slice(1, -1), last)
      assert.equal(Number(changes), 1)
      last = version
    }
  })
  return async () => {
    for (const take of steps) take()
  }
}

/** @param {readonly Statement[]} statements */
const inWords = (statements) => statements.map(({ sql }) => /^\s*(\w+(?: IMMEDIATE)?)/.exec(sql)?.[1]).join(', ')

// ---------------------------------------------------------------------------------------------------- contenders

const memory = memoryRepository()
const inMemory = await serve(memory, 'ada')
const context = /** @type {const} */ ({ purpose: 'totp-secret', userId: 'ada', id: inMemory.id })
const token = await cipher.seal(inMemory.secret, context)

const folder = mkdtempSync(join(tmpdir(), 'leeway-bench-'))
const db = new Database(join(folder, 'auth.db'))
await migrate(db)
const journal = /** @type {any} */ (db.prepare('PRAGMA journal_mode').get()).journal_mode
const recorded = recording(db)
const observed = await serve(sqliteRepository(recorded), 'bare')
recorded.asked.length = 0
await observed.leeway.decide('bare')
const decision = recorded.asked.splice(0)
await observed.check()
const check = recorded.asked.splice(0)
assert.equal(decision.length, 1)
assert.deepEqual(
  check.map(({ run }) => run),
  ['get', 'exec', 'run', 'run', 'exec'],
)
const onSqlite = await serve(sqliteRepository(db), 'ada')

/** @type {Record<string, () => Promise<unknown>>} */
const contenders = {
  'memory: code check': inMemory.check,
  'memory: decision': () => inMemory.leeway.decide('ada'),
  "the cipher's open alone": () => cipher.open(token, context),
  'verifyTotp alone': async () => verifyTotp(inMemory.secret, '123456', { now }),
  'SQLite: code check': onSqlite.check,
  'SQLite: the same statements bare': bare(db, check),
  'SQLite: decision': () => onSqlite.leeway.decide('ada'),
  'SQLite: the same read bare': bare(db, decision),
}

/**
 * Nanoseconds per call, one after the other.
 * @param {() => Promise<unknown>} run
 * @param {number} calls
 */
async function turn(run, calls) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < calls; i++) await run()
  return Number(process.hrtime.bigint() - start) / calls
}

const names = Object.keys(contenders)
/** @type {Record<string, number>} */
const calls = {}
/** @type {Record<string, number[]>} */
const times = {}
for (const name of names) {
  await turn(contenders[name], 300)
  calls[name] = Math.max(1, Math.round(nsPerTurn / (await turn(contenders[name], 100))))
  times[name] = []
}
// The disk's pauses cool whatever runs after them, so that those who wait for it race among themselves.
for (const group of [
  names.filter((name) => !name.startsWith('SQLite')),
  names.filter((name) => name.startsWith('SQLite')),
]) {
  for (let round = 0; round < rounds; round++) {
    // Another order each round, so that nobody always runs after the same neighbour.
    for (let i = 0; i < group.length; i++) {
      const name = group[(i * 3 + round) % group.length]
      times[name].push(await turn(contenders[name], calls[name]))
    }
  }
}
const { version } = /** @type {{ version: string }} */ (db.prepare('SELECT sqlite_version() AS version').get())
db.close()
rmSync(folder, { recursive: true, force: true })

/**
 * How many times as long one takes as another.
 * @param {string} name
 * @param {string} other
 */
function ratio(name, other) {
  return median(times[name].map((time, round) => time / times[other][round])).toFixed(2)
}

/** @param {string} name @param {string} other */
const row = (name, other) => {
  const us = median(times[name]) / 1000
  return [name, figure(us), Math.round(1e6 / us).toLocaleString('en'), ratio(name, other)]
}
const [open, statements, read] = [
  "the cipher's open alone",
  'SQLite: the same statements bare',
  'SQLite: the same read bare',
]
publish({
  versions: [`SQLite ${version} (libsql)`],
  how: `${rounds} rounds of one call after the other, medians`,
  tables: [
    {
      claim: 'What the service adds to opening a sealed secret',
      columns: ['in memory', 'µs a call', 'calls a second', 'times the open'],
      rows: ['memory: code check', 'memory: decision', open, 'verifyTotp alone'].map((name) => row(name, open)),
      means:
        'A code check opens the sealed secret, verifies the code, decides and saves. The open alone is one AES-GCM decryption ' +
        'by WebCrypto, which no check of a sealed secret can do without.',
    },
    {
      claim: 'What the service adds to the driver on SQLite',
      columns: [`a file, ${journal}, synchronous = FULL`, 'µs a call', 'calls a second', 'times bare'],
      rows: [
        row('SQLite: code check', statements),
        row(statements, statements),
        row('SQLite: decision', read),
        row(read, read),
      ],
      means:
        `Bare is the driver with the very statements that the service sent, and nothing else: for a code check ` +
        `${inWords(check)}; for a decision ${inWords(decision)}.`,
    },
  ],
})
