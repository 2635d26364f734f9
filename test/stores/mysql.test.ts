import { inspect } from 'node:util'
import fc from 'fast-check'
import { createPool as createCallbackPool, createConnection } from 'mysql2'
import type { Pool, PoolConnection } from 'mysql2/promise'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type EnrollmentIndex, PHASES, phaseOf } from '../../src/enrollment/phase.js'
import type { LeewayError } from '../../src/errors.js'
import type { EnrollmentDirectory } from '../../src/ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository } from '../../src/ports/index.js'
import { lockCondition, meets, STOPPABLE } from '../../src/record/conditions.js'
import { type MysqlPool, migrate, mysqlRepository, mysqlSchema } from '../../src/stores/mysql/index.js'
import { directoryCases } from '../../src/testing/directory-cases.js'
import { repositoryCases } from '../../src/testing/index.js'
import { dropTables, pooled, poolsOf, probe, rows, settled, tableName, watched } from './mysql-pools.js'
import { reachable } from './servers.js'

const NEVER = { startsAt: null, deadline: null, exemptUntil: null, enrolledAt: null, lockedUntil: null, remindAt: null }

function change(over: Partial<EnrollmentChange> = {}): EnrollmentChange {
  const { userId = 'ada', version = 'v1', expected = null } = over
  const event = { id: version, type: 'code-rejected', userId, at: 1, actor: null, reason: null, details: {} } as const
  return {
    userId,
    enrollment: { schemaVersion: 1, userId },
    index: { required: false, suspended: false, ...NEVER },
    version,
    expected,
    events: [event],
    ...over,
  }
}

function store(message: RegExp): object {
  return { name: 'LeewayError', code: 'ERR_STORE', message: expect.stringMatching(message) as string }
}

interface Fresh {
  pool: Pool
  table: string
  repository: EnrollmentRepository & EnrollmentDirectory
}

describe.runIf(await reachable('MariaDB', probe))('mysqlRepository on MariaDB', () => {
  /** Empty tables, which go with the test, as the pool of it goes. */
  async function fresh(pool: Pool = pooled()): Promise<Fresh> {
    const table = tableName()
    // Another connection: what a test does to the session of its own must not keep the tables there.
    onTestFinished(async () => {
      const [cleaner] = poolsOf(1) as [Pool]
      await dropTables(cleaner, table)
      await cleaner.end()
    })
    const [maker] = poolsOf(1) as [Pool]
    await migrate(maker, { table })
    await maker.end()
    return { pool, table, repository: mysqlRepository(pool, { table }) }
  }

  /** Empty tables for the cases, on further pools as other processes would have them. */
  function opening(makePool: () => Pool): () => Promise<{
    repository: EnrollmentRepository & EnrollmentDirectory
    another(): Promise<EnrollmentRepository & EnrollmentDirectory>
    close(): Promise<void>
  }> {
    return async () => {
      const table = tableName()
      const pools = [makePool()]
      await migrate(pools[0] as Pool, { table })
      return {
        repository: mysqlRepository(pools[0] as Pool, { table }),
        async another() {
          const pool = makePool()
          pools.push(pool)
          return mysqlRepository(pool, { table })
        },
        async close() {
          await dropTables(pools[0] as Pool, table)
          await Promise.all(pools.map((pool) => pool.end()))
        },
      }
    }
  }

  const several = opening(() => poolsOf(1, { connectionLimit: 4 })[0] as Pool)
  /** What a host may have asked of its pool and of its sessions: another driver, almost. */
  const peculiar = opening(() =>
    settled(
      {
        connectionLimit: 1,
        charset: 'latin1_swedish_ci',
        flags: ['-FOUND_ROWS'],
        nestTables: '_',
        namedPlaceholders: true,
        supportBigNumbers: true,
        bigNumberStrings: true,
        decimalNumbers: true,
        dateStrings: true,
        typeCast: (field) => `cast ${field.string()}`,
      },
      "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE'",
      'SET NAMES latin1 COLLATE latin1_swedish_ci',
      'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE',
      'SET SESSION innodb_snapshot_isolation = ON',
    ),
  )

  describe('over several pools of several connections', () => {
    for (const { name, run } of [...repositoryCases(several), ...directoryCases(several)]) it(name, run)
  })

  describe('over pools of one connection, with settings that change rows, text and transactions', () => {
    for (const { name, run } of [...repositoryCases(peculiar), ...directoryCases(peculiar)]) it(name, run)
  })

  describe('what is written', () => {
    it('is the record, its version and every fact in a column of its own, whole numbers to the last digit', async () => {
      const { pool, table, repository } = await fresh()
      const index = {
        required: true,
        startsAt: 1,
        deadline: 8.64e15,
        exemptUntil: 2 ** 31,
        suspended: false,
        enrolledAt: Number.MAX_SAFE_INTEGER,
        lockedUntil: 8.64e15 - 1,
        remindAt: null,
      }
      const enrollment = { schemaVersion: 1, userId: 'é', label: 'é\u{1f600}\'"\\' } as EnrollmentChange['enrollment']
      await repository.save(change({ userId: 'é', index, enrollment }))
      const facts = 'required, starts_at, deadline, exempt_until, suspended, enrolled_at, locked_until, remind_at'
      const texts = facts.replaceAll(/\w+/g, 'CAST($& AS CHAR) AS $&')
      expect(await rows(pool, `SELECT HEX(user_id) AS id, HEX(version) AS version, ${texts} FROM ${table}`)).toEqual([
        {
          id: 'C3A9',
          version: '7631',
          required: '1',
          starts_at: '1',
          deadline: '8640000000000000',
          exempt_until: '2147483648',
          suspended: '0',
          enrolled_at: '9007199254740991',
          locked_until: '8639999999999999',
          remind_at: null,
        },
      ])
      const [kept] = await rows(pool, `SELECT CONVERT(record USING latin1) AS text FROM ${table}`)
      expect(JSON.parse(String(kept?.['text']))).toEqual(enrollment)
      expect(await repository.find('é')).toEqual({ enrollment, version: 'v1' })
    })

    it('is both or nothing: an event that cannot be written takes the record along, and nobody reads of either', async () => {
      const { pool, table, repository } = await fresh()
      await repository.save(change())
      const enrollment = { schemaVersion: 1, userId: 'ada', secret: 'CANARY' } as EnrollmentChange['enrollment']
      const refused = repository.save(change({ version: 'v2', expected: 'v1', events: change().events, enrollment }))
      const error = await refused.catch((caught: LeewayError) => caught)
      expect(error).toMatchObject({ code: 'ERR_STORE', message: 'MySQL failed; the cause says how' })
      expect(inspect(error, { depth: Infinity })).not.toMatch(/CANARY/)
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      expect(await rows(pool, `SELECT HEX(id) AS id FROM ${table}_events`)).toEqual([{ id: '7631' }])
    })

    it('goes with the user, and with nobody else', async () => {
      const { pool, table, repository } = await fresh()
      await repository.save(change({ events: [] }))
      await repository.save(change({ version: 'v2', expected: 'v1', events: change({ version: 'e' }).events }))
      await repository.save(change({ userId: 'grace' }))
      expect(await repository.remove('ada', 'v1')).toBe('conflict')
      expect(await rows(pool, `SELECT 1 FROM ${table}_events`)).toHaveLength(2)
      expect(await repository.remove('ada', 'v2')).toBe('removed')
      expect(await rows(pool, `SELECT HEX(user_id) AS id FROM ${table}_events`)).toEqual([{ id: '6772616365' }])
    })

    it('is seen by every connection at once, whatever it read before', async () => {
      const { table, repository } = await fresh()
      const other = mysqlRepository(settled0('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ'), { table })
      for (let at = 1; at < 5; at++) {
        const expected = at === 1 ? null : `v${at - 1}`
        expect(await repository.save(change({ version: `v${at}`, expected }))).toBe('saved')
        expect(await other.find('ada')).toMatchObject({ version: `v${at}` })
        expect(await other.save(change({ version: 'v0', expected }))).toBe('conflict')
      }
    })

    it.each([
      ['not JSON', 'CANARY{'],
      ['not UTF-8', '"CANARY\xff"'],
    ])('that something else has spoilt is refused without being quoted: %s', async (_, text) => {
      const { pool, table, repository } = await fresh()
      await repository.save(change())
      await pool.query(`UPDATE ${table} SET record = ?`, [Buffer.from(text, 'latin1')])
      await pool.query(`UPDATE ${table}_events SET event = ?`, [Buffer.from(text, 'latin1')])
      for (const read of [
        () => repository.find('ada'),
        () => repository.findMany(['ada']),
        () => repository.list({ now: 0, after: null, limit: 1 }),
        () => repository.history('ada', { after: null, limit: 1 }),
      ]) {
        const error = await read().catch((caught: LeewayError) => caught)
        expect(error).toMatchObject({ code: 'ERR_RECORD' })
        expect(inspect(error, { depth: Infinity })).not.toMatch(/CANARY/)
      }
    })

    it('is never cut off silently: without strict mode, what is too long is refused', async () => {
      const { pool, repository } = await fresh(settled0("SET SESSION sql_mode = ''"))
      const [long, longer] = ['x'.repeat(64), 'x'.repeat(65)]
      const [event] = change().events as [EnrollmentChange['events'][number]]
      expect(await rows(pool, 'SELECT @@sql_mode AS mode')).toEqual([{ mode: '' }])
      expect(await repository.save(change({ userId: 'x'.repeat(255), version: long }))).toBe('saved')
      expect(await repository.find('x'.repeat(255))).toMatchObject({ version: long })
      for (const refused of [
        () => repository.save(change({ userId: 'x'.repeat(256) })),
        () => repository.save(change({ userId: 'é'.repeat(128) })),
        () => repository.save(change({ version: longer })),
        () => repository.save(change({ expected: longer })),
        () => repository.save(change({ events: [{ ...event, id: longer }] })),
        () => repository.saveMany([change({ version: longer })]),
        () => repository.find('x'.repeat(256)),
        () => repository.findMany(['x'.repeat(256)]),
        () => repository.remove('ada', longer),
      ])
        await expect(refused()).rejects.toThrow(RangeError)
      expect(await repository.find('ada')).toBe(null)
    })
  })

  describe('round trips', () => {
    it('are one to read, four to write with events, three to conflict or remove', async () => {
      const { pool, table } = await fresh()
      const sent: string[] = []
      const repository = mysqlRepository(
        watched(pool, (sql) => void sent.push(sql.split(' ')[0] as string)),
        { table },
      )
      const trips = async (work: () => Promise<unknown>): Promise<string[]> => {
        sent.length = 0
        await work()
        return [...sent]
      }
      // The session and the tables are looked at once.
      expect(await trips(() => repository.find('ada'))).toEqual([...['SELECT', 'SELECT', 'SHOW', 'SHOW'], 'SELECT'])
      expect(await trips(() => repository.find('ada'))).toEqual(['SELECT'])
      const saving = ['ROLLBACK', 'INSERT', 'INSERT', 'COMMIT']
      expect(await trips(() => repository.save(change()))).toEqual(saving)
      const update = change({ version: 'v2', expected: 'v1' })
      const two = [...update.events, ...change({ version: 'e' }).events]
      expect(await trips(() => repository.save({ ...update, events: two }))).toEqual([
        'ROLLBACK',
        'UPDATE',
        'INSERT',
        'COMMIT',
      ])
      expect(await trips(() => repository.save(update))).toEqual(['ROLLBACK', 'UPDATE', 'COMMIT'])
      expect(await trips(() => repository.save(change()))).toEqual(['ROLLBACK', 'INSERT', 'COMMIT'])
      expect(await trips(() => repository.remove('ada', 'v2'))).toEqual(['ROLLBACK', 'DELETE', 'COMMIT'])
      const many = Array.from({ length: 129 }, (_, at) => change({ userId: `${at}` }))
      expect(await trips(() => repository.saveMany(many))).toEqual([...saving, ...saving])
      // 75 = 64 + 8 + 3: what is left after powers of two is a statement of its own when it is small.
      const fewer = Array.from({ length: 75 }, (_, at) => change({ userId: `few ${at}`, events: [] }))
      expect(await trips(() => repository.saveMany(fewer))).toEqual([
        'ROLLBACK',
        'INSERT',
        'INSERT',
        'INSERT',
        'COMMIT',
      ])
      const ids = Array.from({ length: 501 }, (_, at) => `${at}`)
      expect(await trips(() => repository.findMany(ids))).toHaveLength(4)
      expect(await trips(() => repository.findMany([]))).toEqual([])
      expect(await trips(() => repository.counts(0))).toHaveLength(2)
      expect(await trips(() => repository.deadlines({ edges: [0, 1], now: 0 }))).toHaveLength(2)
      expect(await trips(() => repository.deadlines({ edges: [1], now: 0 }))).toHaveLength(0)
      expect(await trips(() => repository.list({ now: 0, after: null, limit: 1 }))).toHaveLength(2)
      expect(await trips(() => repository.history('ada', { after: null, limit: 1 }))).toHaveLength(2)
    })

    it('prepare what is sent often once, however many times and with whatever numbers it is asked', async () => {
      const { pool, repository } = await fresh(pooled({ connectionLimit: 1 }))
      const prepared = async (): Promise<number> =>
        Number((await rows(pool, "SHOW SESSION STATUS LIKE 'Com_stmt_prepare'"))[0]?.['Value'])
      const turn = async (at: number): Promise<void> => {
        await repository.save(change({ version: `v${at}`, expected: at === 0 ? null : `v${at - 1}` }))
        await repository.find(`user ${at}`)
        await repository.list({ now: at, after: `${at}`, limit: at + 1 })
        await repository.counts(at)
        await repository.history('ada', { after: `${at}`, limit: at + 1 })
      }
      await turn(0)
      await turn(1)
      const before = await prepared()
      for (let at = 2; at < 10; at++) await turn(at)
      expect(await prepared()).toBe(before)
    })
  })

  describe('a page', () => {
    it('costs the same wherever it begins, and reads only the records that it answers', async () => {
      const { pool, repository } = await fresh(pooled({ connectionLimit: 1 }))
      const ids = Array.from({ length: 600 }, (_, at) => `${at}`.padStart(3, '0'))
      const index = { required: false, suspended: false, ...NEVER }
      await repository.saveMany(
        ids.map((userId, at) => change({ userId, index: { ...index, suspended: at % 100 === 99 } })),
      )
      const readBy = async (query: object): Promise<number[]> => {
        const reads = await readsOf(pool, () => repository.list({ now: 0, after: null, limit: 10, ...query }))
        return ['read_key', 'read_next', 'read_rnd_next', 'icp_match'].map((name) => reads[name] ?? 0)
      }
      const first = await readBy({ after: '100' })
      expect(await readBy({ after: '580' })).toEqual(first)
      expect(await readBy({ after: '100', phase: 'optional' })).toEqual(
        await readBy({ after: '500', phase: 'optional' }),
      )
      // Of 600 facts along the index, the six that match lead to a record.
      expect((await readBy({ phase: 'suspended' })).at(-1)).toBe(6)
    })
  })

  describe('reminders, movements and pruning', () => {
    /** Writes events of one user behind the store's back: every tenth says that somebody came to be enrolled. */
    async function telling(pool: Pool, table: string, count: number): Promise<void> {
      await pool.query(`INSERT INTO ${table}_events (user_id, id, type, at, event, enrolled, required)
        SELECT 'ada', seq, 't', seq, '', IF(seq % 10 = 0, 1, NULL), IF(seq % 10 = 0, 0, NULL) FROM seq_0_to_${count - 1}`)
    }
    const eventsOf = async (pool: Pool, table: string): Promise<number> =>
      Number((await rows(pool, `SELECT count(*) AS events FROM ${table}_events`))[0]?.['events'])

    it('go along an index each, whichever page it is, and read no more than they are asked for', async () => {
      const { pool, table, repository } = await fresh(pooled({ connectionLimit: 1 }))
      await telling(pool, table, 10_000)
      await pool.query(`INSERT INTO ${table} (user_id, version, record, required, suspended, remind_at)
        SELECT CONCAT('user ', seq), 'v', '{}', 0, 0, IF(seq % 2, NULL, seq DIV 1000) FROM seq_1_to_10000`)
      await pool.query(`ANALYZE TABLE ${table}, ${table}_events`)
      await repository.totals()
      const page = { now: 7, after: null, limit: 50 }
      // A key that is found, and 49 rows after it; what else is read is the setting of the session.
      const due = await readsOf(pool, () => repository.due(page))
      expect(due).toMatchObject({ read_key: 1, read_next: 49 })
      const after = { remindAt: 5, userId: 'user 5500' }
      expect(await readsOf(pool, () => repository.due({ ...page, after }))).toEqual(due)
      const first = () => repository.movements(5000)[Symbol.asyncIterator]().next()
      const movements = await readsOf(pool, first)
      expect(movements).toMatchObject({ read_key: 1 })
      expect((movements['read_prev'] ?? 0) + (movements['read_next'] ?? 0)).toBeLessThanOrEqual(501)
      expect(movements['read_rnd_next'] ?? 0).toBeLessThanOrEqual(2)
      const pruning = await readsOf(pool, () => repository.pruneHistory(1000))
      expect(pruning).toMatchObject({ delete: 1000 })
      expect(pruning['read_next']).toBeLessThanOrEqual(1000)
      expect(pruning['read_rnd_next'] ?? 0).toBeLessThanOrEqual(2)
    })

    it('prune in steps: before each, others can write, and know how far history goes', async () => {
      const { pool, table } = await fresh()
      await telling(pool, table, 4500)
      const seen: unknown[] = []
      const stepping = watched(pool, async (sql) => {
        if (!/^DELETE|^INSERT INTO \S+_prunings/.test(sql)) return
        const known = await mysqlRepository(pool, { table }).prunedBefore()
        seen.push([await eventsOf(pool, table), known])
      })
      expect(await mysqlRepository(stepping, { table }).pruneHistory(4400)).toBe(4400)
      expect(seen).toEqual([
        [4500, null],
        [4500, 4400],
        [2500, 4400],
        [540, 4400],
      ])
    })

    it('prune on where one was cut off, and where the server rolled a step back', async () => {
      const { pool, table, repository } = await fresh()
      await telling(pool, table, 2500)
      let commits = 0
      const failing = watched(pool, async (sql, connection) => {
        if (sql !== 'COMMIT') return
        commits += 1
        if (commits === 5) throw Object.assign(new Error('Connection lost'), { code: 'PROTOCOL_CONNECTION_LOST' })
        // Of the note, and of the first step.
        if (commits !== 1 && commits !== 3) return
        await connection.query({ sql: 'ROLLBACK' } as never)
        throw Object.assign(new Error('Deadlock found'), { errno: 1213 })
      })
      const cut = mysqlRepository(failing, { table })
      await expect(cut.pruneHistory(2400)).rejects.toMatchObject(store(/connection .+ was lost/))
      expect(commits).toBe(5)
      expect(await repository.prunedBefore()).toBe(2400)
      expect(await eventsOf(pool, table)).toBe(500)
      expect(await repository.pruneHistory(2400)).toBe(400)
    })

    it('prune by two processes at once, and count each event once', async () => {
      const { pool, table, repository } = await fresh()
      await telling(pool, table, 6500)
      const others = [pooled(), pooled()].map((other) => mysqlRepository(other, { table }))
      const counts = await Promise.all(others.map((other) => other.pruneHistory(6400)))
      expect(counts.reduce((sum, count) => sum + count)).toBe(6400)
      expect(await eventsOf(pool, table)).toBe(100)
      expect(await repository.prunedBefore()).toBe(6400)
    })
  })

  describe('transactions of others', () => {
    it('that wait for ours in a circle: ours is given up as a conflict, and nothing of it is there', async () => {
      const { pool, table } = await fresh()
      const rival = await rivalOf(pool, table)
      const repository = mysqlRepository(rival.meeting, { table })
      expect(await repository.save(change({ version: 'v2', expected: 'v1' }))).toBe('conflict')
      await rival.end()
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      expect(await repository.history('ada', { after: null, limit: 9 })).toHaveLength(1)
      expect(await repository.save(change({ version: 'v3', expected: 'v1' }))).toBe('saved')
    })

    it('that undo a whole batch cost the others nothing: each has its own try', async () => {
      const { pool, table, repository } = await fresh()
      await repository.saveMany([change({ userId: 'grace' }), change({ userId: 'zoe' })])
      const rival = await rivalOf(pool, table)
      const outcomes = await mysqlRepository(rival.meeting, { table }).saveMany([
        change({ userId: 'zoe', version: 'v2', expected: 'v1' }),
        change({ userId: 'grace', version: 'v2', expected: 'v0' }),
        change({ version: 'v2', expected: 'v1' }),
      ])
      expect(outcomes).toEqual(['saved', 'conflict', 'saved'])
      const found = await repository.findMany(['ada', 'grace', 'zoe'])
      expect(['ada', 'grace', 'zoe'].map((userId) => found.get(userId)?.version)).toEqual(['v2', 'v1', 'v2'])
    })

    it('that undo both a batch and the try of one are a conflict of that one', async () => {
      const { pool, table } = await fresh()
      let commits = 0
      const undone = watched(pool, async (sql, connection) => {
        if (sql !== 'COMMIT' || commits++ > 1) return
        await connection.query({ sql: 'ROLLBACK' } as never)
        throw Object.assign(new Error('Deadlock found'), { errno: 1213 })
      })
      const repository = mysqlRepository(undone, { table })
      expect(await repository.saveMany([change(), change({ userId: 'grace' })])).toEqual(['conflict', 'saved'])
      expect(await repository.find('ada')).toBe(null)
      commits = 0
      expect(await repository.save(change())).toBe('conflict')
      expect(await repository.remove('grace', 'v1')).toBe('conflict')
      expect(await repository.find('grace')).toMatchObject({ version: 'v1' })
    })

    it('that hold a row for too long: an error, since only the statement was undone, and nothing half-written', async () => {
      const { pool, table, repository } = await fresh(settled0('SET SESSION innodb_lock_wait_timeout = 1'))
      const rival = await rivalOf(pool, table)
      await expect(repository.save(change({ version: 'v2', expected: 'v1' }))).rejects.toMatchObject(
        store(/innodb_lock_wait_timeout/),
      )
      await rival.end()
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      expect(await rows(pool, 'SELECT @@in_transaction AS open')).toEqual([{ open: 0 }])
      expect(await repository.save(change({ version: 'v2', expected: 'v1' }))).toBe('saved')
    })

    it('that nobody ended before giving the connection back are told of, and cannot hide what is new', async () => {
      const { pool, table, repository } = await fresh(pooled({ connectionLimit: 1 }))
      const other = mysqlRepository(pooled(), { table })
      await other.save(change())
      const forgotten = await pool.getConnection()
      await forgotten.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
      forgotten.release()
      await other.save(change({ version: 'v2', expected: 'v1' }))
      await expect(repository.find('ada')).rejects.toMatchObject(store(/with a transaction open/))
      // That connection is gone.
      expect(await repository.find('ada')).toMatchObject({ version: 'v2' })
    })
  })

  it('a transaction that nobody ended is rolled back by a write, and never committed', async () => {
    const { pool, table, repository } = await fresh(pooled({ connectionLimit: 1 }))
    await pool.query(`CREATE TABLE ${table}_accounts (cents INT) ENGINE = InnoDB`)
    await pool.query(`INSERT INTO ${table}_accounts VALUES (100)`)
    onTestFinished(async () => void (await pooled().query(`DROP TABLE ${table}_accounts`)))
    await repository.find('ada')
    for (const write of [
      () => repository.save(change()),
      () => repository.saveMany([change({ version: 'v2', expected: 'v1' })]),
      () => repository.remove('ada', 'v2'),
    ]) {
      const forgotten = await pool.getConnection()
      await forgotten.query('START TRANSACTION')
      await forgotten.query(`UPDATE ${table}_accounts SET cents = 0`)
      forgotten.release()
      await write()
      expect(await rows(pool, `SELECT cents FROM ${table}_accounts`)).toEqual([{ cents: 100 }])
    }
    expect(await repository.find('ada')).toBe(null)
  })

  describe('a session', () => {
    const unsound = [
      ['autocommit off', 'SET SESSION autocommit = 0', /autocommit is off/],
      ['READ UNCOMMITTED', 'SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED', /READ UNCOMMITTED/],
    ] as const

    it.each(unsound)('with %s is refused', async (_, sql, message) => {
      const { table, repository } = await fresh(settled0(sql))
      const other = mysqlRepository(pooled(), { table })
      expect(await other.save(change())).toBe('saved')
      for (const call of [
        () => repository.find('ada'),
        () => repository.find('nobody'),
        () => repository.save(change({ userId: 'grace' })),
        () => repository.saveMany([change({ userId: 'grace' })]),
        () => repository.remove('ada', 'v1'),
        () => repository.findMany(['ada']),
        () => repository.list({ now: 0, after: null, limit: 1 }),
        () => repository.counts(0),
        () => repository.deadlines({ edges: [0, 1], now: 0 }),
        () => repository.history('ada', { after: null, limit: 1 }),
        () => migrate(settled0(sql), { table: tableName() }),
      ])
        await expect(call()).rejects.toMatchObject(store(message))
      expect(await other.counts(0)).toMatchObject({ total: 1 })
    })

    it.each(unsound)(
      'that was given %s later is not read in, and what it writes is durable all the same',
      async (_, sql, message) => {
        const { pool, table, repository } = await fresh(pooled({ connectionLimit: 1 }))
        const other = mysqlRepository(pooled(), { table })
        expect(await repository.find('ada')).toBe(null)
        await pool.query(sql)
        expect(await repository.save(change())).toBe('saved')
        expect(await other.find('ada')).toMatchObject({ version: 'v1' })
        for (const read of [
          () => repository.find('ada'),
          () => repository.findMany(['ada']),
          () => repository.list({ now: 0, after: null, limit: 1 }),
          () => repository.counts(0),
          () => repository.deadlines({ edges: [0, 1], now: 0 }),
          () => repository.history('ada', { after: null, limit: 1 }),
        ]) {
          await pool.query(sql)
          await expect(read()).rejects.toMatchObject(store(message))
        }
        // That session is gone.
        expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      },
    )

    it('that can only read, as its user may have set it, is told of when it should write', async () => {
      const { repository } = await fresh(settled0('SET SESSION TRANSACTION READ ONLY'))
      await expect(repository.save(change())).rejects.toMatchObject(store(/pool to the primary/))
      expect(await repository.find('ada')).toBe(null)
    })

    it('on a server that can only read is on a replica, where nothing is looked up', async () => {
      const { pool, table } = await fresh()
      // The server's own setting would be everybody's.
      const replica = watched(pool, (sql) => sql.replaceAll('@@read_only', '1'))
      await expect(mysqlRepository(replica, { table }).find('ada')).rejects.toMatchObject(store(/pool to the primary/))
    })

    it('on a server that may forget what it has committed is refused', async () => {
      const { pool, table } = await fresh()
      // 3 is MariaDB's word for a log that is synced more often still.
      for (const [value, message] of [
        [0, /innodb_flush_log_at_trx_commit to 1/],
        [2, /innodb_flush_log_at_trx_commit to 1/],
        [3, null],
      ] as const) {
        const lax = watched(pool, (sql) => sql.replaceAll('@@innodb_flush_log_at_trx_commit', `${value}`))
        const found = mysqlRepository(lax, { table }).find('ada')
        if (message === null) expect(await found).toBe(null)
        else await expect(found).rejects.toMatchObject(store(message))
      }
    })

    it('is not asked for while another is held: one connection is enough for all at once', async () => {
      const { repository } = await fresh(pooled({ connectionLimit: 1 }))
      const ids = Array.from({ length: 16 }, (_, at) => `${at}`)
      const outcomes = await Promise.all([
        ...ids.map((userId) => repository.save(change({ userId }))),
        repository.saveMany(ids.map((userId) => change({ userId }))),
        repository.counts(0),
      ])
      expect(outcomes.slice(0, 16)).toEqual(ids.map(() => 'saved'))
      expect(outcomes.at(-2)).toEqual(ids.map(() => 'conflict'))
      expect(outcomes.at(-1)).toMatchObject({ total: 16 })
    })
  })

  describe('a failure says what to change, and nothing is written', () => {
    it('when the connection is lost in the middle', async () => {
      const { pool, table } = await fresh()
      const killer = pooled()
      let target = 'INSERT INTO `'
      const cut = watched(pool, async (sql, connection) => {
        if (!sql.startsWith(target)) return
        const [[row]] = (await connection.query({ sql: 'SELECT CONNECTION_ID() AS id' } as never)) as unknown as [
          [{ id: number }],
        ]
        await killer.query(`KILL ${row.id}`)
      })
      const repository = mysqlRepository(cut, { table })
      for (const at of ['INSERT INTO', 'COMMIT', 'ROLLBACK AND']) {
        target = at
        await expect(repository.save(change())).rejects.toMatchObject(store(/connection .+ was lost/))
        target = 'none'
        expect(await repository.find('ada')).toBe(null)
      }
      expect(await repository.save(change())).toBe('saved')
    })

    it('when the answer to the commit is lost: it throws, although the write has landed', async () => {
      const { pool, table } = await fresh()
      const mute = watched(pool, async (sql, connection) => {
        if (sql !== 'COMMIT') return
        await connection.query({ sql } as never)
        throw Object.assign(new Error('Connection lost'), { code: 'PROTOCOL_CONNECTION_LOST' })
      })
      const repository = mysqlRepository(mute, { table })
      await expect(repository.save(change())).rejects.toMatchObject(store(/connection .+ was lost/))
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
    })

    it('when a record is larger than the server takes', async () => {
      const { pool, repository } = await fresh()
      const [limit] = await rows(pool, 'SELECT @@max_allowed_packet AS bytes')
      const enrollment = { schemaVersion: 1, userId: 'ada', text: 'x'.repeat(Number(limit?.['bytes'])) }
      await expect(repository.save(change({ enrollment }))).rejects.toMatchObject(store(/max_allowed_packet/))
      expect(await repository.find('ada')).toBe(null)
      expect(await repository.save(change())).toBe('saved')
    })

    it.each([
      ['ER_RECORD_FILE_FULL', "The table 'leeway' is full", /make room/],
      ['ER_GET_ERRNO', 'Got error 28 "No space left on device" from storage engine InnoDB', /make room/],
      ['ER_OPTION_PREVENTS_STATEMENT', 'running with the --read-only option', /pool to the primary/],
      ['ER_MAX_PREPARED_STMT_COUNT_REACHED', "Can't create more", /max_prepared_stmt_count/],
      ['ER_CON_COUNT_ERROR', 'Too many connections', /connectionLimit/],
      ['ER_OUT_OF_RESOURCES', 'Out of memory', /the cause says how/],
    ])('when the server says %s', async (code, text, message) => {
      const { pool, table } = await fresh()
      const cause = Object.assign(new Error(text), { code })
      const failing = watched(pool, (sql) => {
        if (sql.startsWith('INSERT')) throw cause
      })
      const repository = mysqlRepository(failing, { table })
      await expect(repository.save(change())).rejects.toMatchObject({ ...store(message), cause })
      expect(await repository.find('ada')).toBe(null)
    })

    it('when its user may not read or write', async () => {
      const { pool, table } = await fresh()
      const user = tableName().slice(-16)
      await pool.query(`CREATE USER '${user}'@'%'`)
      onTestFinished(async () => {
        await pool.query(`DROP USER '${user}'@'%'`)
      })
      const limited = pooled({ user })
      const repository = mysqlRepository(limited, { table })
      const grant = (name: string): Promise<unknown> => pool.query(`GRANT SELECT ON ${name} TO '${user}'@'%'`)
      await grant(`${table}_schema`)
      await expect(repository.find('ada')).rejects.toMatchObject(store(/grant SELECT, INSERT/))
      await Promise.all([grant(table), grant(`${table}_events`)])
      expect(await repository.find('ada')).toBe(null)
      await expect(repository.save(change())).rejects.toMatchObject(store(/grant SELECT, INSERT/))
    })

    it('when the tables are missing, from the start or later', async () => {
      const missing = store(/run migrate first/)
      const { pool, table, repository } = await fresh()
      await expect(mysqlRepository(pool, { table: tableName() }).find('ada')).rejects.toMatchObject(missing)
      await repository.find('ada')
      await pool.query(`DROP TABLE ${table}`)
      await expect(repository.find('ada')).rejects.toMatchObject(missing)
      await expect(repository.save(change())).rejects.toMatchObject(missing)
    })

    it('when the index is missing along which lists go', async () => {
      const { pool, table, repository } = await fresh()
      await pool.query(`ALTER TABLE ${table} DROP INDEX facts`)
      const query = { now: 0, after: null, limit: 1 }
      await expect(repository.list(query)).rejects.toMatchObject(store(/run migrate first/))
    })

    it('when there is no database, no server, no connection to be had or no pool any more', async () => {
      const options = { table: tableName() }
      for (const [pool, message] of [
        [pooled({ database: options.table }), /no database that exists/],
        [pooled({ database: undefined as never }), /no database that exists/],
        [pooled({ port: 1 }), /cannot be made/],
      ] as const)
        await expect(mysqlRepository(pool, options).find('ada')).rejects.toMatchObject(store(message))
      const { table } = await fresh()
      const narrow = mysqlRepository(pooled({ connectionLimit: 1, queueLimit: 1 }), { table })
      const outcomes = await Promise.allSettled([narrow.find('a'), narrow.find('b'), narrow.find('c')])
      expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
      expect((outcomes[2] as PromiseRejectedResult).reason).toMatchObject(store(/queueLimit/))
      const [closed] = poolsOf(1) as [Pool]
      const repository = mysqlRepository(closed, { table })
      await closed.end()
      await expect(repository.find('ada')).rejects.toMatchObject(store(/the pool was closed/))
    })
  })

  describe('the schema', () => {
    const definitions = async (pool: Pool, table: string): Promise<string[]> => {
      const names = [table, `${table}_events`, `${table}_prunings`, `${table}_schema`]
      const all = await Promise.all(names.map((name) => rows(pool, `SHOW CREATE TABLE ${name}`)))
      const versions = await rows(pool, `SELECT version FROM ${table}_schema`)
      return [
        ...all.map(([row]) => String(row?.['Create Table']).replaceAll(table, 'leeway')),
        JSON.stringify(versions),
      ]
    }

    it('is the same whether it was migrated or its statements were run', async () => {
      const { pool, table } = await fresh()
      const run = tableName()
      onTestFinished(() => dropTables(pool, run))
      for (const statement of mysqlSchema({ table: run })) await pool.query(statement)
      expect(await definitions(pool, run)).toEqual(await definitions(pool, table))
      expect((await definitions(pool, run)).at(-1)).toBe('[{"version":1}]')
      await migrate(pool, { table: run })
      expect(await mysqlRepository(pool, { table: run }).save(change())).toBe('saved')
      expect(Object.isFrozen(mysqlSchema())).toBe(true)
    })

    it('is migrated again without harm, by any number of processes at once', async () => {
      const { pool, repository, table } = await fresh()
      await repository.save(change())
      const before = await definitions(pool, table)
      await migrate(pool, { table })
      const others = [pooled(), pooled(), pooled()]
      await Promise.all(others.flatMap((other) => [migrate(other, { table }), migrate(other, { table })]))
      expect(await definitions(pool, table)).toEqual(before)
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      const second = tableName()
      onTestFinished(() => dropTables(pool, second))
      await Promise.all(
        others.flatMap((other) => [migrate(other, { table: second }), migrate(other, { table: second })]),
      )
      expect(await definitions(pool, second)).toEqual(before)
    })

    it('that was cut short anywhere is finished by the next run', async () => {
      const { pool, table } = await fresh()
      const whole = await definitions(pool, table)
      for (const statements of [1, 2, 3, 4]) {
        const cut = tableName()
        onTestFinished(() => dropTables(pool, cut))
        for (const statement of mysqlSchema({ table: cut }).slice(0, statements)) await pool.query(statement)
        await expect(mysqlRepository(pool, { table: cut }).find('ada')).rejects.toMatchObject(
          store(/run migrate first/),
        )
        await migrate(pool, { table: cut })
        expect(await definitions(pool, cut)).toEqual(whole)
      }
    })

    it('waits for another process that migrates, though not for ever', async () => {
      const { pool, table } = await fresh()
      const other = await pool.getConnection()
      await other.query(`SELECT GET_LOCK('leeway ${table}', 0)`)
      const impatient = watched(pool, (sql) => sql.replace(', 60)', ', 0)'))
      await expect(migrate(impatient, { table })).rejects.toMatchObject(store(/another process has been migrating/))
      await other.query(`SELECT RELEASE_LOCK('leeway ${table}')`)
      other.release()
      await migrate(impatient, { table })
    })

    it('of a later leeway is refused by an earlier one, and the other way until it is migrated', async () => {
      const { pool, table } = await fresh()
      await pool.query(`INSERT INTO ${table}_schema (version) VALUES (1000)`)
      const later = store(/later version.+upgrade leeway/)
      await expect(migrate(pool, { table })).rejects.toMatchObject(later)
      await expect(mysqlRepository(pool, { table }).find('ada')).rejects.toMatchObject(later)
      await pool.query(`DELETE FROM ${table}_schema`)
      await expect(mysqlRepository(pool, { table }).find('ada')).rejects.toMatchObject(store(/earlier version/))
      await migrate(pool, { table })
      expect(await mysqlRepository(pool, { table }).find('ada')).toBe(null)
    })

    it.each([
      ['another engine, which rolls nothing back', 'ENGINE = MyISAM'],
      ['a collation, which takes ADA for ada', 'MODIFY user_id VARCHAR(255) CHARACTER SET utf8mb4 NOT NULL'],
      ['a binary collation, which takes "ada " for "ada"', 'MODIFY user_id VARCHAR(255) COLLATE utf8mb4_bin NOT NULL'],
      ['records that something else may write anew', 'MODIFY record JSON NOT NULL'],
    ])('with %s is refused', async (_, alteration) => {
      const { pool, table } = await fresh()
      await pool.query(`ALTER TABLE ${table} ${alteration}`)
      const altered = store(/not as migrate makes it \(InnoDB, ids in VARBINARY.+choose another options\.table/)
      const repository = mysqlRepository(pool, { table })
      await expect(repository.find('ada')).rejects.toMatchObject(altered)
      await expect(repository.save(change())).rejects.toMatchObject(altered)
      await expect(migrate(pool, { table })).rejects.toMatchObject(altered)
    })

    it.each(['', '_events', '_prunings', '_schema'])("never takes another's table%s for its own", async (suffix) => {
      const pool = pooled()
      const table = tableName()
      onTestFinished(() => dropTables(pool, table))
      await pool.query(`CREATE TABLE ${table}${suffix} (note TEXT)`)
      await expect(migrate(pool, { table })).rejects.toMatchObject(store(/options\.table/))
      expect(await rows(pool, `SHOW TABLES LIKE '${table}%'`)).toHaveLength(1)
    })

    it('keeps two sets of tables in one database apart', async () => {
      const [one, other] = [await fresh(), await fresh()]
      await one.repository.save(change())
      expect(await other.repository.find('ada')).toBe(null)
      expect(await other.repository.save(change())).toBe('saved')
    })
  })

  describe('the directory', () => {
    const instant = fc.oneof(fc.constantFrom(0, 8.64e15), fc.integer({ min: 995, max: 1005 }))
    const moment = fc.option(instant, { freq: 2 })
    const facts: fc.Arbitrary<EnrollmentIndex> = fc
      .record({
        startsAt: moment,
        deadline: moment,
        exemptUntil: moment,
        suspended: fc.nat(4).map((n) => n === 0),
        enrolledAt: fc.option(instant, { freq: 1 }),
        lockedUntil: moment,
        remindAt: moment,
      })
      // Who is required to enroll has a deadline, and nobody else.
      .map((some) => ({ ...some, required: some.deadline !== null }))

    it('agrees with phaseOf and with the conditions, whatever the facts and the moment', async () => {
      const { pool, table, repository } = await fresh()
      await fc.assert(
        fc.asyncProperty(fc.array(facts, { maxLength: 12 }), instant, instant, async (indexes, now, before) => {
          await pool.query(`DELETE FROM ${table}`)
          await pool.query(`DELETE FROM ${table}_events`)
          const users = indexes.map((index, at) => ({ userId: String.fromCharCode(97 + at), index }))
          await repository.saveMany(users.map((user) => change(user)))
          const listed = async (filter: object): Promise<string> =>
            (await repository.list({ now, after: null, limit: 99, ...filter }))
              .map(({ enrollment }) => enrollment.userId)
              .join('')
          const meeting = (test: (index: EnrollmentIndex) => boolean): string =>
            users
              .filter(({ index }) => test(index))
              .map(({ userId }) => userId)
              .join('')
          const counts = await repository.counts(now)
          for (const phase of PHASES) {
            const expected = meeting((index) => phaseOf(index, now) === phase)
            expect(await listed({ phase })).toBe(expected)
            expect(counts[phase]).toBe(expected.length)
          }
          const locked = meeting((index) => meets(index, lockCondition(true, now)))
          expect(await listed({ locked: true })).toBe(locked)
          expect(counts).toMatchObject({ total: users.length, locked: locked.length })
          const due = { fact: 'deadline', is: 'before', than: before } as const
          const stopped = meeting((index) => [...STOPPABLE, due].every((condition) => meets(index, condition)))
          expect(await listed({ deadlineBefore: before })).toBe(stopped)
          expect(await repository.deadlines({ edges: [0, before], now })).toEqual([stopped.length])
        }),
        { numRuns: 25 },
      )
    })
  })

  describe('what is handed in', () => {
    it('may be a pool of promises or of callbacks', async () => {
      const { table, repository } = await fresh()
      await repository.save(change())
      const callbacks = createCallbackPool({ host: '127.0.0.1', user: 'root', database: 'test' })
      await migrate(callbacks, { table })
      expect(await mysqlRepository(callbacks, { table }).find('ada')).toMatchObject({ version: 'v1' })
      await callbacks.promise().end()
      expect(Object.isFrozen(repository)).toBe(true)
    })

    it('is refused at once where it is no pool: a single connection may be in a transaction', async () => {
      const connection = createConnection({ host: '127.0.0.1', user: 'root' })
      for (const db of [undefined, null, {}, 'mysql://localhost', connection, connection.promise()]) {
        expect(() => mysqlRepository(db as never)).toThrow(TypeError)
        await expect(migrate(db as never)).rejects.toThrow(TypeError)
      }
      await connection.promise().end()
    })
  })

  /** What a pool of one session reads and deletes for this, by the server's own count. */
  async function readsOf(pool: Pool, work: () => Promise<unknown>): Promise<Record<string, number>> {
    const taken = async (): Promise<[string, number][]> =>
      (await rows(pool, "SHOW SESSION STATUS LIKE 'Handler%'")).map((row) => [
        String(row['Variable_name']).slice('Handler_'.length),
        Number(row['Value']),
      ])
    const before = new Map(await taken())
    await work()
    const after = await taken()
    return Object.fromEntries(
      after.map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const).filter(([, reads]) => reads > 0),
    )
  }

  /** A pool of one session that is set like this, and goes with the test. */
  function settled0(sql: string): Pool {
    const pool = settled({ connectionLimit: 1 }, sql)
    onTestFinished(() => pool.end())
    return pool
  }

  /**
   * A transaction that has much to lose, and so is the last to be given up; it holds ada's events. Through `meeting` it
   * wants her record as soon as that is held too, and ends once it has it.
   */
  async function rivalOf(pool: Pool, table: string): Promise<{ meeting: MysqlPool; end(): Promise<void> }> {
    const [rivals] = poolsOf(1) as [Pool]
    await mysqlRepository(pool, { table }).save(change())
    const rival: PoolConnection = await rivals.getConnection()
    onTestFinished(() => rivals.end())
    onTestFinished(() => rival.destroy())
    await rival.query('START TRANSACTION')
    await rival.query(
      `INSERT INTO ${table}_events (user_id, id, type, at, event) SELECT CONCAT('rival', seq), 'e', 't', 0, '' FROM seq_1_to_500`,
    )
    await rival.query(`SELECT * FROM ${table}_events WHERE user_id = 'ada' FOR UPDATE`)
    let ended: Promise<unknown> | undefined
    return {
      meeting: watched(pool, (sql) => {
        if (!sql.startsWith(`INSERT INTO \`${table}_events`)) return
        ended ??= rival
          .query(`UPDATE ${table} SET remind_at = 1 WHERE user_id = 'ada'`)
          .then(() => rival.query('ROLLBACK'))
      }),
      async end() {
        await (ended ?? rival.query('ROLLBACK'))
      },
    }
  }
})

describe('the names of tables', () => {
  const pool: MysqlPool = {
    getConnection: async () => {
      throw new Error('nothing is asked')
    },
  }

  it.each([
    ['', RangeError],
    ['1st', RangeError],
    ['a b', RangeError],
    ['a`; DROP TABLE users; --', RangeError],
    ['é', RangeError],
    ['a\n', RangeError],
    ['x'.repeat(51), RangeError],
    [7, TypeError],
    [null, TypeError],
  ])('are refused where they are none: %j', async (table, kind) => {
    const options = { table } as { table: string }
    expect(() => mysqlSchema(options)).toThrow(kind)
    expect(() => mysqlRepository(pool, options)).toThrow(kind)
    await expect(migrate(pool, options)).rejects.toThrow(kind)
  })

  it('may be of 50 characters, and no option is taken that nobody reads', () => {
    expect(mysqlSchema({ table: `_${'X'.repeat(49)}` })[0]).toMatch(/`_X{49}_schema`/)
    expect(() => mysqlSchema({ tables: 'x' } as never)).toThrow(TypeError)
    expect(() => mysqlSchema('mfa' as never)).toThrow(TypeError)
  })
})
