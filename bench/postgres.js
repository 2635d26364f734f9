// @ts-check
// Measures what leeway adds to PostgreSQL: decisions and code checks at 16 a time, beside the very same statements sent
// bare through the same pool; and reports over many users, beside the best SQL that we could write by hand.
//
// Run after a build, with a server at PGHOST, PGPORT, PGUSER and PGDATABASE: `node bench/postgres.js`, `--rounds=20` for
// more of them, `--users=100000` for fewer users than a million. What counts are the ratios within each round of one run.

import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { aesGcmCipher, createLeeway } from 'leeway'
import { migrate, postgresRepository } from 'leeway/postgres'
import { decodeBase32, prepareTotp } from 'leeway/totp'
import pg from 'pg'
import { figure, median, numberOption, publish } from './support/report.js'

const rounds = numberOption('rounds', 9)
const users = numberOption('users', 1_000_000)
const workers = 16
const perTurn = 60
const step = 30_000

const pool = new pg.Pool({
  host: process.env['PGHOST'] ?? '127.0.0.1',
  user: process.env['PGUSER'] ?? 'postgres',
  database: process.env['PGDATABASE'] ?? 'test',
  max: workers,
})
const table = `leeway_bench_${randomBytes(4).toString('hex')}`

/** @type {{ text: string, values: unknown[] }[]} */
let asked = []
/** @type {import('leeway/postgres').PgPool} */
const recording = {
  totalCount: workers,
  query: (text, values) => pool.query(text, values),
  async connect() {
    const client = await pool.connect()
    return {
      query(text, values = []) {
        asked.push({ text, values })
        return client.query(text, values)
      },
      release: (error) => client.release(error),
      on: (event, listener) => client.on(event, listener),
      removeListener: (event, listener) => client.removeListener(event, listener),
    }
  },
}

/**
 * Calls per second, with all workers at it.
 * @param {(worker: number) => Promise<unknown>} run
 */
async function perSecond(run) {
  const start = process.hrtime.bigint()
  const work = Array.from({ length: workers }, async (_, worker) => {
    for (let i = 0; i < perTurn; i++) await run(worker)
  })
  await Promise.all(work)
  return (workers * perTurn) / (Number(process.hrtime.bigint() - start) / 1e9)
}

/**
 * Milliseconds that one call takes.
 * @param {() => Promise<unknown>} run
 */
async function milliseconds(run) {
  const start = process.hrtime.bigint()
  await run()
  return Number(process.hrtime.bigint() - start) / 1e6
}

/** @typedef {'serving' | 'reports' | 'growth'} Part */

/** @type {Record<Part, string[][]>} */
const rows = { serving: [], reports: [], growth: [] }

/**
 * Measures two contenders in turn, and keeps what came of it as a row.
 * @template {unknown[]} Given
 * @param {Part} part
 * @param {string} what
 * @param {(run: (...given: Given) => Promise<unknown>) => Promise<number>} measure
 * @param {{ ours: (...given: Given) => Promise<unknown>, bare: (...given: Given) => Promise<unknown> }} contenders
 */
async function compare(part, what, measure, { ours, bare }) {
  /** @type {{ ours: number, bare: number }[]} */
  const turns = []
  await measure(ours)
  await measure(bare)
  for (let round = 0; round < rounds; round++) turns.push({ ours: await measure(ours), bare: await measure(bare) })
  const [leeway, without] = [median(turns.map((turn) => turn.ours)), median(turns.map((turn) => turn.bare))]
  const ratio = median(turns.map((turn) => turn.ours / turn.bare))
  const row = [what, figure(leeway), figure(without), ratio.toFixed(2)]
  rows[part].push(row)
  // A million users take a while: whoever waits sees how far it has come.
  console.log(row.join('  '))
}

async function serving() {
  const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] })
  const repository = postgresRepository(recording, { table })
  // A clock each, as a code is right once and a worker's next one is a step later.
  const served = await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const userId = `user ${worker}`
      let now = Date.now()
      const leeway = createLeeway({ issuer: 'Example', repository, cipher, clock: () => now })
      await leeway.requireEnrollment(userId, { period: { days: 30 } })
      const begun = await leeway.beginSetup(userId, { accountName: 'ada@example.com' })
      assert(begun.ok)
      const phone = prepareTotp(decodeBase32(begun.setup.secret))
      assert((await leeway.confirmSetup(userId, phone.generate(now))).ok)
      const check = async () => {
        now += step
        assert((await leeway.verifyCode(userId, phone.generate(now))).ok)
      }
      return { leeway, userId, check }
    }),
  )
  const one = /** @type {(typeof served)[number]} */ (served[0])

  asked = []
  await one.leeway.decide(one.userId)
  const [read] = asked
  assert(read && asked.length === 1, 'a decision is one statement')
  asked = []
  await one.check()
  const [, write] = asked
  assert(write && asked.length === 2, 'a code check is two statements')
  asked.length = 0

  await compare('serving', 'decisions', perSecond, {
    ours: async (worker) => {
      asked.length = 0
      await served[worker]?.leeway.decide(`user ${worker}`)
    },
    bare: (worker) => pool.query(read.text, [`user ${worker}`]),
  })

  // Users of their own, whose versions and event ids go on as those of the service do.
  await pool.query(`INSERT INTO ${table} SELECT 'bare ' || substr(user_id, 6), 'v0', record, required, starts_at, deadline,
    exempt_until, suspended, enrolled_at, locked_until, remind_at FROM ${table}`)
  const counters = Array.from({ length: workers }, () => 0)
  await compare('serving', 'code checks', perSecond, {
    ours: async (worker) => {
      asked.length = 0
      await served[worker]?.check()
    },
    bare: async (worker) => {
      const count = /** @type {number} */ (counters[worker])
      counters[worker] = count + 1
      await pool.query(read.text, [`bare ${worker}`])
      const values = [...write.values]
      values[0] = `bare ${worker}`
      values[1] = `v${count + 1}`
      values[11] = `v${count}`
      values[12] = `${count}`.padStart(16, '0')
      assert.equal((await pool.query(write.text, values)).rowCount, 1)
    },
  })
}

/**
 * Users in every phase, in SQL, with a record of the usual size.
 * @param {string} name
 * @param {number} count
 * @param {number} now
 */
async function fill(name, count, now) {
  await migrate(pool, { table: name })
  await pool.query(`ALTER TABLE ${name} SET UNLOGGED`)
  const day = 86_400_000
  await pool.query(`INSERT INTO ${name}
    SELECT 'user ' || lpad(to_hex(i * 2654435761 % 4294967296), 8, '0'), md5(i::text),
      '{"schemaVersion":1,"userId":"user ' || lpad(to_hex(i * 2654435761 % 4294967296), 8, '0') || '","filler":"' || repeat(md5(i::text), 12) || '"}',
      i % 10 > 0, ${now} - i % 60 * ${day}::bigint, CASE WHEN i % 10 > 0 THEN ${now} + (i % 90 - 20) * ${day}::bigint END,
      CASE WHEN i % 50 = 0 THEN ${now} + ${day} END, i % 200 = 0, CASE WHEN i % 2 = 0 THEN ${now} - ${day} END,
      CASE WHEN i % 100 = 0 THEN ${now} + (i % 3 - 1) * ${day}::bigint END, NULL
    FROM generate_series(1::bigint, ${count}) AS i`)
  await pool.query(`VACUUM ANALYZE ${name}`)
}

async function reporting() {
  const now = Date.now()
  const [many, few] = [`${table}_many`, `${table}_few`]
  await fill(many, users, now)
  await fill(few, 10_000, now)
  const [large, small] = [postgresRepository(pool, { table: many }), postgresRepository(pool, { table: few })]

  await compare('reports', 'counts', milliseconds, {
    ours: () => large.counts(now),
    bare: () =>
      pool.query(
        `SELECT count(*), count(*) FILTER (WHERE locked_until > $1), count(*) FILTER (WHERE suspended),
  count(*) FILTER (WHERE NOT suspended AND enrolled_at IS NOT NULL),
  count(*) FILTER (WHERE open AND exempt_until > $1), count(*) FILTER (WHERE free AND NOT required),
  count(*) FILTER (WHERE free AND required AND (deadline IS NULL OR deadline <= $1)),
  count(*) FILTER (WHERE free AND required AND deadline > $1 AND starts_at > $1)
FROM (SELECT *, NOT suspended AND enrolled_at IS NULL AS open,
  NOT suspended AND enrolled_at IS NULL AND (exempt_until IS NULL OR exempt_until <= $1) AS free FROM ${many}) AS facts`,
        [now],
      ),
  })
  const stoppable = 'required AND NOT suspended AND enrolled_at IS NULL'
  const free = `(exempt_until IS NULL OR exempt_until <= $2)`
  const columns = 'user_id, version, record'
  const end = `ORDER BY user_id LIMIT 50`
  /** @type {[string, object, string, unknown[]][]} */
  const pages = [
    ['everybody', {}, `SELECT ${columns} FROM ${many} WHERE user_id > $1 ${end}`, []],
    [
      'overdue',
      { phase: 'overdue' },
      `SELECT ${columns} FROM ${many} WHERE ${stoppable} AND ${free} AND deadline <= $2 AND user_id > $1 ${end}`,
      [now],
    ],
    [
      'deadline within three days',
      { deadlineBefore: now + 3 * 86_400_000 },
      `SELECT ${columns} FROM ${many} WHERE ${stoppable} AND deadline < $2 AND user_id > $1 ${end}`,
      [now + 3 * 86_400_000],
    ],
    ['suspended', { phase: 'suspended' }, `SELECT ${columns} FROM ${many} WHERE suspended AND user_id > $1 ${end}`, []],
    [
      'locked',
      { locked: true },
      `SELECT ${columns} FROM ${many} WHERE locked_until > $2 AND user_id > $1 ${end}`,
      [now],
    ],
  ]
  for (const [what, filter, text, values] of pages) {
    const page = { ...filter, now, after: 'user 8', limit: 50 }
    await compare('reports', `a page of 50: ${what}`, milliseconds, {
      ours: () => large.list(page),
      bare: () => pool.query(text, ['user 8', ...values]),
    })
    await compare('growth', `a page of 50: ${what}`, milliseconds, {
      ours: () => large.list(page),
      bare: () => small.list(page),
    })
  }
  const edges = Array.from({ length: 31 }, (_, at) => now + at * 86_400_000)
  await compare('reports', 'deadlines of 30 days', milliseconds, {
    ours: () => large.deadlines({ edges, now }),
    bare: () =>
      pool.query(
        `SELECT width_bucket(deadline, CAST($1 AS bigint[])), count(*) FROM ${many}
WHERE ${stoppable} AND deadline >= $2 AND deadline < $3 GROUP BY 1`,
        [edges, edges[0], edges.at(-1)],
      ),
  })
}

try {
  await migrate(pool, { table })
  await serving()
  await reporting()
  const { rows: versions } = await pool.query("SELECT current_setting('server_version') AS version")
  const many = users.toLocaleString('en')
  publish({
    versions: [`PostgreSQL ${versions[0].version}`],
    how: `${rounds} rounds, medians`,
    tables: [
      {
        claim: 'What the service adds to the driver on PostgreSQL',
        columns: [`${workers} at a time`, 'leeway, a second', 'bare, a second', 'ratio'],
        rows: rows.serving,
        means:
          'Bare is the same pool with the very statements that leeway sends, and nothing else: one read for a decision, one read ' +
          'and one write for a code check. A ratio of 1 would be a service that costs nothing.',
      },
      {
        claim: 'Reports, beside the best SQL that we could write by hand',
        columns: [`${many} users`, 'leeway, ms', 'by hand, ms', 'ratio'],
        rows: rows.reports,
        means: 'Below 1 is faster than by hand.',
      },
      {
        claim: 'A page of a list among many users, beside the same among ten thousand',
        columns: ['the same page', `of ${many}, ms`, 'of 10,000, ms', 'ratio'],
        rows: rows.growth,
        means: 'A ratio near 1 is a page that an index finds.',
      },
    ],
  })
} finally {
  for (const name of [table, `${table}_many`, `${table}_few`]) {
    await pool.query(`DROP TABLE IF EXISTS ${name}, ${name}_events, ${name}_prunings, ${name}_schema`)
  }
  await pool.end()
}
