// @ts-check
// Measures a roll-out to everybody on PostgreSQL: assignments beside the best multi-row insert of the very same rows that
// we could write by hand, in turns; what a preview, reminders and a report of them cost, and how far the heap grows.
//
// Run after a build, with a server at PGHOST, PGPORT, PGUSER and PGDATABASE: `node --expose-gc bench/rollout.js`,
// `--users=100000` for fewer users than a million. What counts are the ratios within one run.

import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { aesGcmCipher, createLeeway } from 'leeway'
import { migrate, postgresRepository } from 'leeway/postgres'
import pg from 'pg'
import { figure, median, numberOption, publish } from './support/report.js'

const users = numberOption('users', 1_000_000)
const turns = 10
const perTurn = Math.ceil(users / turns)
const now = Date.UTC(2027, 0, 4, 8)

const pool = new pg.Pool({
  host: process.env['PGHOST'] ?? '127.0.0.1',
  user: process.env['PGUSER'] ?? 'postgres',
  database: process.env['PGDATABASE'] ?? 'test',
})
const table = `leeway_bench_${randomBytes(4).toString('hex')}`
const bare = `${table}_bare`

/** @param {number} at */
const idOf = (at) => `user-${String((at * 2_654_435_761) % 4_294_967_296).padStart(10, '0')}`

/** @param {number} from @param {number} count */
function* ids(from, count) {
  for (let at = from; at < from + count; at++) yield idOf(at)
}

const collect = globalThis.gc ?? (() => undefined)
let most = 0
/** What the heap holds, and at most held since the last time. */
function heap() {
  most = Math.max(most, process.memoryUsage().heapUsed)
}

/**
 * Seconds that a run takes, and by how many megabytes the heap was larger meanwhile than before.
 * @param {() => Promise<unknown>} run
 */
async function measure(run) {
  collect()
  const before = process.memoryUsage().heapUsed
  most = before
  const watch = setInterval(heap, 20)
  const start = process.hrtime.bigint()
  await run()
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  clearInterval(watch)
  const peak = (most - before) / 1e6
  collect()
  return { seconds, peak, kept: (process.memoryUsage().heapUsed - before) / 1e6 }
}

/** @type {string[][]} */
const rows = []

/**
 * Keeps what a run came to as a row.
 * @param {string} what
 * @param {{ seconds: number, peak: number, kept: number }} figures
 */
function tell(what, { seconds, peak, kept }) {
  const row = [what, figure(seconds), figure(peak), figure(kept)]
  rows.push(row)
  // A million users take a while: whoever waits sees how far it has come.
  console.log(row.join('  '))
}

const leeway = createLeeway({
  issuer: 'Example',
  repository: postgresRepository(pool, { table }),
  cipher: aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] }),
  clock: () => now,
})
const { rollout } = leeway

/** Terms of each user's own. @param {string} userId */
const termsOf = (userId) => ({ period: { days: 8 + (userId.charCodeAt(userId.length - 1) % 4) * 20 } })

const COLUMNS = [
  ...['user_id', 'version', 'record', 'required', 'starts_at', 'deadline', 'exempt_until', 'suspended'],
  ...['enrolled_at', 'locked_until', 'remind_at'],
]

/**
 * The rows of some users as leeway wrote them, read back and made text once more: what the insert by hand is given.
 * @param {number} from
 */
async function rowsOf(from) {
  const userIds = [...ids(from, perTurn)]
  const records = await pool.query(`SELECT ${COLUMNS.join(', ')} FROM ${table} WHERE user_id = ANY ($1)`, [userIds])
  const events = await pool.query(`SELECT * FROM ${table}_events WHERE user_id = ANY ($1)`, [userIds])
  return { records: records.rows, events: events.rows, eventColumns: events.fields.map(({ name }) => name) }
}

/**
 * A multi-row insert of a thousand rows a statement, as fast as pg takes them: named, so that it is parsed once.
 * @param {string} into @param {readonly string[]} columns @param {readonly Record<string, unknown>[]} rows
 */
async function insert(into, columns, rows) {
  const perStatement = 1000
  for (let at = 0; at < rows.length; at += perStatement) {
    const some = rows.slice(at, at + perStatement)
    let position = 0
    const values = some.map(() => `(${columns.map(() => `$${++position}`).join(',')})`).join(',')
    const text = `INSERT INTO ${into} (${columns.join(',')}) VALUES ${values}`
    const name = some.length === perStatement ? `insert into ${into}` : undefined
    await pool.query({
      text,
      values: some.flatMap((row) => columns.map((column) => row[column])),
      ...(name && { name }),
    })
  }
}

/**
 * One turn of both, in a function of its own: the rows that are read back must not be counted as what comes after.
 * @param {number} from
 */
async function turn(from) {
  const ours = await measure(async () => {
    const done = await rollout.assign(ids(from, perTurn), termsOf, { actor: 'olivia', reason: 'MFA for everybody' })
    assert.deepEqual([done.changed, done.failedCount, done.stoppedBy], [perTurn, 0, null])
  })
  const { records, events, eventColumns } = await rowsOf(from)
  assert.deepEqual([records.length, events.length], [perTurn, perTurn])
  const byHand = await measure(async () => {
    for (let at = 0; at < perTurn; at += 1000) {
      await insert(bare, COLUMNS, records.slice(at, at + 1000))
      await insert(`${bare}_events`, eventColumns, events.slice(at, at + 1000))
    }
  })
  console.log(`${from + perTurn} assigned: ${figure(ours.seconds)} s, by hand ${figure(byHand.seconds)} s`)
  return { ours: ours.seconds, bare: byHand.seconds, peak: ours.peak }
}

async function assigning() {
  /** @type {{ ours: number, bare: number, peak: number }[]} */
  const done = []
  for (let from = 0; from < users; from += perTurn) done.push(await turn(from))
  const sum = (/** @type {'ours' | 'bare'} */ whose) => done.reduce((total, one) => total + one[whose], 0)
  const peak = Math.max(...done.map((one) => one.peak))
  const perSecond = (/** @type {number} */ seconds) => Math.round((turns * perTurn) / seconds).toLocaleString('en')
  const rate = median(done.map((one) => one.bare / one.ours)).toFixed(2)
  return [
    ['leeway: rollout.assign', figure(sum('ours')), perSecond(sum('ours')), rate, figure(peak)],
    ['the insert by hand', figure(sum('bare')), perSecond(sum('bare')), '1.00', ''],
  ]
}

try {
  await migrate(pool, { table })
  await migrate(pool, { table: bare })
  const assigned = await assigning()
  await pool.query(`VACUUM ANALYZE ${table}`)

  tell(
    'assign once more, unchanged',
    await measure(async () => {
      assert.equal((await rollout.assign(ids(0, users), termsOf)).unchanged, users)
    }),
  )
  tell(
    'preview',
    await measure(async () => {
      const preview = await rollout.preview(ids(0, users), { period: 'none' }, { applyTo: 'replace' })
      assert.equal(preview.stoppedNowCount, users)
    }),
  )

  // A thousand whose deadline is tomorrow, among the others whose day is in a week or later.
  await rollout.assign(ids(0, 1000), { period: { days: 1 } }, { applyTo: 'replace' })
  for (const what of ['1,000 reminders due', 'none due']) {
    let sent = 0
    const figures = await measure(() =>
      rollout.sendReminders(async () => {
        sent += 1
      }),
    )
    assert.equal(sent, what === 'none due' ? 0 : 1000)
    tell(`sendReminders, ${what}`, figures)
  }
  tell('counts', await measure(() => rollout.counts()))
  tell('forecast of 90 days', await measure(() => rollout.forecast({ days: 90, timeZone: 'Europe/Berlin' })))
  tell('progress of 30 days', await measure(() => rollout.progress({ days: 30, timeZone: 'Europe/Berlin' })))
  tell(
    'exportCsv',
    await measure(async () => {
      let rows = 0
      for await (const chunk of rollout.exportCsv()) rows += chunk.split('\r\n').length - 1
      assert.equal(rows, users + 1)
    }),
  )
  const { rows: versions } = await pool.query("SELECT current_setting('server_version') AS version")
  const many = users.toLocaleString('en')
  publish({
    versions: [`PostgreSQL ${versions[0].version}`],
    how: `${many} users, in ${turns} turns`,
    tables: [
      {
        claim: 'Assigning terms to everybody, beside a multi-row insert by hand',
        columns: [`${many} users, terms of their own`, 'seconds', 'users a second', 'rate', 'heap, MB more'],
        rows: assigned,
        means:
          'By hand are the very rows that leeway wrote, events too, a thousand a statement. The rate is the median of the turns, ' +
          'and 1 would be as fast; the heap is the most that it grew by meanwhile.',
      },
      {
        claim: 'What other work on everybody takes',
        columns: [`${many} users`, 'seconds', 'heap, MB more at most', 'heap, MB kept'],
        rows,
        means:
          'The heap is that of Node: by how much it grew at most meanwhile, and what of that was left once it was collected.',
      },
    ],
  })
} finally {
  for (const name of [table, bare])
    await pool.query(`DROP TABLE IF EXISTS ${name}, ${name}_events, ${name}_prunings, ${name}_schema`)
  await pool.end()
}
