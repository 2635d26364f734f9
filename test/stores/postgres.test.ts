import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { EnrollmentChange } from '../../src/ports/index.js'
import {
  migrate,
  type PgClient,
  type Pglite,
  type PgPool,
  type PostgresDatabase,
  postgresRepository,
  postgresSchema,
} from '../../src/stores/postgres/index.js'
import { repositoryCases } from '../../src/testing/index.js'
import { drivers, dropTables, freshTable, isReachable, type Opened, SERVER } from './postgres-drivers.js'

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

/** As many events of a user, at the instants from 0 on. */
function eventsOf(userId: string, count: number): EnrollmentChange['events'] {
  const [event] = change({ userId }).events as [EnrollmentChange['events'][number]]
  return Array.from({ length: count }, (_, at) => ({ ...event, id: `${at}`, at }))
}

/** The pool, with something done before each statement that is run on a connection of it. */
function watchedPool(pool: pg.Pool, before: (text: string, values?: unknown[]) => unknown): PgPool {
  return {
    totalCount: 1,
    query: (text, values) => pool.query(text, values),
    async connect() {
      const client = await pool.connect()
      return {
        async query(text, values) {
          await before(text, values)
          return client.query(text, values)
        },
        release: (error) => client.release(error),
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        getTransactionStatus: () => client.getTransactionStatus(),
      }
    },
  }
}

const failure = (message: RegExp): object => ({ code: 'ERR_STORE', message: expect.stringMatching(message) as string })

for (const driver of drivers) {
  describe.runIf(driver.isHere)(`postgresRepository on ${driver.name}`, () => {
    const table = freshTable()
    let opened: Opened
    beforeAll(async () => {
      opened = await driver.open()
      await migrate(opened.db, { table })
    })
    afterAll(async () => {
      await opened.run(dropTables(table))
      await opened.close()
    })
    const empty = (): Promise<unknown> => opened.run(`TRUNCATE ${table}, ${table}_events, ${table}_prunings`)

    for (const { name, run } of repositoryCases(async () => {
      await empty()
      return { repository: postgresRepository(opened.db, { table }) }
    }))
      it(name, run)

    it('keeps every fact in a column of its own, and each event as it is', async () => {
      await empty()
      const repository = postgresRepository(opened.db, { table })
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
      const [event] = change().events as [EnrollmentChange['events'][number]]
      const second = { ...event, id: '2', reason: 'é \u{1f600}', details: { a: null, b: 8.64e15 } }
      await repository.save(change({ index, events: [event, second] }))
      const columns = 'starts_at, deadline, exempt_until, enrolled_at, locked_until, remind_at'
      const [row] = await opened.run(
        `SELECT user_id, version, record, required, suspended, ${columns.replaceAll(/\w+/g, 'CAST($& AS text)')} FROM ${table}`,
      )
      expect(Object.values(row as object)).toEqual([
        ...['ada', 'v1', '{"schemaVersion":1,"userId":"ada"}', true, false],
        ...['1', '8640000000000000', '2147483648', '9007199254740991', '8639999999999999', null],
      ])
      const events = await opened.run(`SELECT id, type, CAST(at AS text) AS at, event FROM ${table}_events ORDER BY id`)
      expect(events).toEqual([
        { id: '2', type: 'code-rejected', at: '1', event: JSON.stringify(second) },
        { id: 'v1', type: 'code-rejected', at: '1', event: JSON.stringify(event) },
      ])
      expect(await repository.remove('ada', 'v1')).toBe('removed')
      expect(await opened.run(`SELECT * FROM ${table}_events`)).toEqual([])
    })

    it('says that the tables are missing, and works once they are there', async () => {
      const other = freshTable()
      const repository = postgresRepository(opened.db, { table: other })
      await expect(repository.find('ada')).rejects.toMatchObject(failure(/run migrate first/))
      await expect(repository.save(change())).rejects.toMatchObject(failure(/run migrate first/))
      await migrate(opened.db, { table: other })
      onTestFinished(async () => void (await opened.run(dropTables(other))))
      expect(await repository.save(change())).toBe('saved')
    })

    it('tells what it wrote from text that is not JSON', async () => {
      await empty()
      const repository = postgresRepository(opened.db, { table })
      await repository.save(change())
      await opened.run(`UPDATE ${table} SET record = '{secret'`)
      await opened.run(`UPDATE ${table}_events SET event = '{secret'`)
      for (const ask of [
        () => repository.find('ada'),
        () => repository.findMany(['ada']),
        () => repository.list({ now: 0, after: null, limit: 1 }),
        () => repository.history('ada', { after: null, limit: 1 }),
      ]) {
        const error = await ask().then(String, (reason: unknown) => reason)
        expect(error).toMatchObject({ code: 'ERR_RECORD' })
        expect(inspect(error)).not.toContain('secret')
      }
    })

    it('leaves neither record nor event behind where one of them cannot be written', async () => {
      await empty()
      const repository = postgresRepository(opened.db, { table })
      await repository.save(change())
      const [event] = change().events as [EnrollmentChange['events'][number]]
      // Its id was used: the store was not told the truth.
      await expect(
        repository.save(change({ version: 'v2', expected: 'v1', events: [{ ...event, id: 'v2' }, event] })),
      ).rejects.toMatchObject({ code: 'ERR_STORE', cause: { code: '23505' } })
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      expect(await repository.history('ada', { after: null, limit: 9 })).toEqual([event])
    })

    it('answers each of many by itself, and nobody is written twice in one statement', async () => {
      await empty()
      const repository = postgresRepository(opened.db, { table })
      const ofMany = (userId: string, version: string, expected: string | null): EnrollmentChange =>
        change({ userId, version, expected })
      expect(
        await repository.saveMany([ofMany('a', '1', null), ofMany('b', '1', null), ofMany('c', '1', 'x')]),
      ).toEqual(['saved', 'saved', 'conflict'])
      const again = [ofMany('a', '2', '1'), ofMany('b', '2', null), ofMany('c', '2', null), ofMany('d', '2', 'x')]
      expect(await repository.saveMany(again)).toEqual(['saved', 'conflict', 'saved', 'conflict'])
      expect(await repository.saveMany([ofMany('a', '3', '2'), ofMany('a', '4', '3'), ofMany('a', '5', '3')])).toEqual([
        'saved',
        'saved',
        'conflict',
      ])
      const found = await repository.findMany(['d', 'c', 'b', 'a', 'a'])
      expect([...found].map(([userId, { version }]) => userId + version).sort()).toEqual(['a4', 'b1', 'c2'])
      expect((await repository.history('a', { after: '1', limit: 2 })).map(({ id }) => id)).toEqual(['2', '3'])
      expect(await repository.saveMany([])).toEqual([])
      expect(await repository.deadlines({ edges: [], now: 0 })).toEqual([])
    })

    it('keeps any text of many as it is, and what an event moved', async () => {
      await empty()
      const repository = postgresRepository(opened.db, { table })
      const texts = [
        'NULL',
        'null',
        '',
        '{a,b}',
        '"',
        '\\',
        '\\"',
        'a\nb',
        '\r\n',
        ' ',
        '\u2028',
        "'",
        '\u{1f600}',
        '\\n',
      ]
      const [event] = change().events as [EnrollmentChange['events'][number]]
      const changes = texts.map((text, at) => {
        const [userId, details] = [`user ${text}`, [{ text }, { enrolled: true }, { required: false }][at % 3]]
        const enrollment = { schemaVersion: 1, userId, text }
        const events = [{ ...event, id: `id ${text}`, userId, reason: text, details: details as typeof event.details }]
        return change({ userId, version: `version ${text}`, enrollment, events })
      })
      const saved = texts.map(() => 'saved')
      expect(await repository.saveMany(changes)).toEqual(saved)
      const updates = changes.map((made) => ({
        ...made,
        version: `${made.version}!`,
        expected: made.version,
        events: [],
      }))
      expect(await repository.saveMany(updates)).toEqual(saved)
      for (const { userId, enrollment, version, events } of changes) {
        expect(await repository.find(userId)).toEqual({ enrollment, version: `${version}!` })
        expect(await repository.history(userId, { after: null, limit: 9 })).toEqual(events)
      }
      const moved = await opened.run(`SELECT DISTINCT enrolled, required FROM ${table}_events ORDER BY enrolled`)
      expect(moved).toEqual([
        { enrolled: 0, required: -1 },
        { enrolled: 1, required: 0 },
        { enrolled: null, required: null },
      ])
    })

    it('is migrated once, by several at once and again, without harm', async () => {
      const other = freshTable()
      onTestFinished(async () => void (await opened.run(dropTables(other))))
      await Promise.all(Array.from({ length: 4 }, () => migrate(opened.db, { table: other })))
      const repository = postgresRepository(opened.db, { table: other })
      await repository.save(change())
      await migrate(opened.db, { table: other })
      expect(await opened.run(`SELECT version FROM ${other}_schema`)).toEqual([{ version: 1 }])
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
    })

    it('of a later leeway is refused by an earlier one, and of an earlier until it is migrated', async () => {
      const other = freshTable()
      onTestFinished(async () => void (await opened.run(dropTables(other))))
      await opened.run(postgresSchema({ table: other })[0] as string)
      await opened.run(`CREATE TABLE ${other} (user_id text)`)
      const repository = postgresRepository(opened.db, { table: other })
      await expect(repository.find('ada')).rejects.toMatchObject(failure(/earlier version: run migrate/))
      await opened.run(`INSERT INTO ${other}_schema (version) VALUES (1000)`)
      await expect(repository.find('ada')).rejects.toMatchObject(failure(/later version.+upgrade leeway/))
      await expect(migrate(opened.db, { table: other })).rejects.toMatchObject(failure(/later version/))
    })

    it("never takes another's table for its own, and leaves nothing half done", async () => {
      const other = freshTable()
      onTestFinished(async () => void (await opened.run(dropTables(other))))
      await opened.run(`CREATE TABLE ${other}_events (note text)`)
      await expect(migrate(opened.db, { table: other })).rejects.toMatchObject(failure(/options\.table/))
      const third = freshTable()
      onTestFinished(async () => void (await opened.run(dropTables(third))))
      await opened.run(`CREATE TABLE ${third}_schema (note text)`)
      await expect(migrate(opened.db, { table: third })).rejects.toMatchObject(failure(/options\.table/))
      const left = await opened.run(`SELECT tablename FROM pg_tables WHERE tablename LIKE '${other}%'`)
      expect(left).toEqual([{ tablename: `${other}_events` }])
    })

    it('has the schema of its statements, in the schema that is asked for', async () => {
      const [one, other] = [freshTable(), freshTable()]
      onTestFinished(async () => void (await opened.run(`DROP SCHEMA ${one} CASCADE; DROP SCHEMA ${other} CASCADE`)))
      await expect(migrate(opened.db, { schema: one })).rejects.toMatchObject(failure(/create it first/))
      await opened.run(`CREATE SCHEMA ${one}; CREATE SCHEMA ${other}`)
      await migrate(opened.db, { schema: one })
      for (const statement of postgresSchema({ schema: other })) await opened.run(statement)
      const definitions = async (schema: string): Promise<unknown> => {
        const indexes = await opened.run(`SELECT indexdef FROM pg_indexes WHERE schemaname = '${schema}' ORDER BY 1`)
        const columns = await opened.run(
          `SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns
           WHERE table_schema = '${schema}' ORDER BY 1, 2`,
        )
        expect(columns.length).toBeGreaterThan(10)
        return JSON.parse(JSON.stringify([indexes, columns]).replaceAll(schema, 'there'))
      }
      expect(await definitions(other)).toEqual(await definitions(one))
      const repository = postgresRepository(opened.db, { schema: other })
      expect(await repository.save(change())).toBe('saved')
      await migrate(opened.db, { schema: other })
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
    })
  })
}

describe('what is no database, or part of a transaction, is refused', () => {
  it.each([undefined, null, {}, 'postgres://', () => {}, { query() {} }])('(%#)', async (db) => {
    expect(() => postgresRepository(db as never)).toThrow(TypeError)
    await expect(migrate(db as never)).rejects.toThrow(TypeError)
  })

  it.each([
    [{ table: '' }, RangeError],
    [{ table: '1st' }, RangeError],
    [{ table: 'A' }, RangeError],
    [{ table: 'a"; DROP TABLE users; --' }, RangeError],
    [{ table: 'é' }, RangeError],
    [{ table: 'a\n' }, RangeError],
    [{ table: 'x'.repeat(51) }, RangeError],
    [{ schema: 'a.b' }, RangeError],
    [{ schema: null }, TypeError],
    [{ table: 7 }, TypeError],
    [{ tables: 'x' }, TypeError],
    ['mfa', TypeError],
  ])('as are options like %j', async (options, kind) => {
    expect(() => postgresSchema(options as never)).toThrow(kind)
    expect(() => postgresRepository({} as never, options as never)).toThrow(kind)
    await expect(migrate({} as never, options as never)).rejects.toThrow(kind)
  })

  it('as is a server that nobody knows', () => {
    expect(() => postgresSchema({ server: 'oracle' as never })).toThrow(RangeError)
    expect(Object.isFrozen(postgresSchema())).toBe(true)
  })

  it('on PGlite, whether the transaction is handed in or just open', async () => {
    const db = await PGlite.create()
    onTestFinished(() => db.close())
    await migrate(db)
    const repository = postgresRepository(db)
    await db.transaction(async (transaction) => {
      const handedIn = transaction as unknown as PostgresDatabase
      expect(() => postgresRepository(handedIn)).toThrow(expect.objectContaining(failure(/a transaction is open/)))
    })
    await db.exec('BEGIN')
    await expect(repository.save(change())).rejects.toMatchObject(failure(/a transaction is open/))
    await expect(migrate(db)).rejects.toMatchObject(failure(/a transaction is open/))
    await db.exec('COMMIT')
    expect(await repository.find('ada')).toBe(null)
    expect(await repository.save(change())).toBe('saved')
  })
})

describe('CockroachDB, which has no collation C for columns', () => {
  it('gets plain text, whose order is that of bytes there', () => {
    const statements = postgresSchema({ server: 'cockroachdb' }).join('\n')
    expect(statements).not.toContain('COLLATE')
    expect(postgresSchema().join('\n').replaceAll(' COLLATE "C"', '')).toBe(statements)
  })

  it('is recognised by what it answers, and its collation is not asked for', async () => {
    const lite = await PGlite.create()
    onTestFinished(() => lite.close())
    // The real database under another name.
    const db: Pglite = {
      isInTransaction: () => lite.isInTransaction(),
      exec: (text) => lite.exec(text),
      query: (text, values) => lite.query(text.replace('version()', "'CockroachDB CCL v25.2.0'"), values),
    }
    await migrate(db)
    const { rows } = await lite.query(
      "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_name LIKE 'leeway%'",
    )
    expect(rows).toEqual([{ collation_name: null }])
    expect(await postgresRepository(db).save(change())).toBe('saved')
    await expect(postgresRepository(lite).find('ada')).rejects.toMatchObject(failure(/COLLATE "C"/))
  })
})

describe.runIf(isReachable)('a PostgreSQL server', () => {
  const table = freshTable()
  const admin = new pg.Pool({ ...SERVER, max: 4 })
  beforeAll(() => migrate(admin, { table }))
  afterAll(async () => {
    await admin.query(dropTables(table))
    await admin.end()
  })
  /** Pools end with the test. */
  function poolWith(config: pg.PoolConfig): pg.Pool {
    const pool = new pg.Pool({ ...SERVER, max: 4, ...config })
    // Connections that die while idle are told of here, and would end the process otherwise.
    pool.on('error', () => {})
    onTestFinished(() => pool.end())
    return pool
  }
  async function fresh(): Promise<ReturnType<typeof postgresRepository>> {
    await admin.query(`TRUNCATE ${table}, ${table}_events, ${table}_prunings`)
    return postgresRepository(admin, { table })
  }
  /** Waits until somebody waits for a lock on the table, and answers who. */
  async function waiting(on = table): Promise<number> {
    for (;;) {
      const { rows } = await admin.query(
        `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%"${on}"%'`,
      )
      if (rows.length > 0) return rows[0].pid
      await setImmediate()
    }
  }
  /** Raises an error of the server whenever a row of the table is written for which this holds. */
  async function raising(state: string, on = table, when = 'true'): Promise<void> {
    await admin.query(`CREATE OR REPLACE FUNCTION ${table}_raise() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF ${when} THEN RAISE EXCEPTION 'raised' USING ERRCODE = '${state}'; END IF; RETURN NEW; END $$;
      CREATE OR REPLACE TRIGGER raise BEFORE INSERT OR UPDATE ON ${on} FOR EACH ROW EXECUTE FUNCTION ${table}_raise()`)
    onTestFinished(async () => void (await admin.query(`DROP FUNCTION IF EXISTS ${table}_raise CASCADE`)))
  }

  describe.each(['repeatable read', 'serializable'])('whose connections are %s', (level) => {
    const isolated = new pg.Pool({
      ...SERVER,
      max: 4,
      options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`,
    })
    afterAll(() => isolated.end())

    for (const { name, run } of repositoryCases(async () => {
      await fresh()
      return { repository: postgresRepository(isolated, { table }) }
    }).filter(({ name }) => /at once|no write/.test(name)))
      it(name, run)

    it('prunes what another process prunes too, though the server undoes its statements', async () => {
      const repository = await fresh()
      await repository.save(change({ events: eventsOf('ada', 3) }))
      const [noting, deleting] = [await admin.connect(), await admin.connect()]
      await noting.query('BEGIN')
      await noting.query(`INSERT INTO ${table}_prunings VALUES (2)`)
      await deleting.query('BEGIN')
      await deleting.query(`DELETE FROM ${table}_events WHERE at = 0`)
      const pruning = postgresRepository(isolated, { table }).pruneHistory(2)
      await waiting(`${table}_prunings`)
      await noting.query('COMMIT')
      await waiting(`${table}_events`)
      await deleting.query('COMMIT')
      noting.release()
      deleting.release()
      expect(await pruning).toBe(1)
      expect(await repository.prunedBefore()).toBe(2)
      expect(await repository.history('ada', { after: null, limit: 9 })).toHaveLength(1)
    })

    it('tells the loser of a race that its write was not applied, and is no worse for it afterwards', async () => {
      await fresh()
      const repository = postgresRepository(isolated, { table })
      await repository.save(change())
      const rival = await admin.connect()
      await rival.query('BEGIN')
      await rival.query(`UPDATE ${table} SET version = 'rival'`)
      const losing = repository.save(change({ version: 'v2', expected: 'v1' }))
      await waiting()
      await rival.query('COMMIT')
      rival.release()
      expect(await losing).toBe('conflict')
      expect(await repository.find('ada')).toMatchObject({ version: 'rival' })
      expect(await repository.save(change({ version: 'v3', expected: 'rival' }))).toBe('saved')
    })
  })

  describe('a transaction on the connection that is handed in could roll a failure back', () => {
    it('so nothing is read or written in it, nor in a failed one', async () => {
      await fresh()
      const client = new pg.Client(SERVER)
      await client.connect()
      onTestFinished(() => client.end())
      const repository = postgresRepository(client, { table })
      await repository.save(change())
      for (const statement of ['SELECT 1', 'SELECT 1/0']) {
        await client.query('BEGIN')
        await client.query(statement).catch(() => {})
        const open = failure(/a transaction is open/)
        await expect(repository.save(change({ version: 'v2', expected: 'v1' }))).rejects.toMatchObject(open)
        await expect(repository.find('ada')).rejects.toMatchObject(open)
        await expect(repository.remove('ada', 'v1')).rejects.toMatchObject(open)
        await expect(repository.counts(0)).rejects.toMatchObject(open)
        await expect(migrate(client, { table })).rejects.toMatchObject(open)
        await client.query('ROLLBACK')
      }
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
    })

    it('nor in a failed one of a client that does not tell of it', async () => {
      await fresh()
      const client = new pg.Client(SERVER)
      await client.connect()
      onTestFinished(() => client.end())
      const silent: PgClient = { connect: () => client.connect(), query: (text, values) => client.query(text, values) }
      const repository = postgresRepository(silent, { table })
      expect(await repository.find('ada')).toBe(null)
      await client.query('BEGIN')
      await client.query('SELECT 1/0').catch(() => {})
      await expect(repository.save(change())).rejects.toMatchObject(failure(/failed transaction is open/))
    })

    it('nor in one that a host forgot to end before it gave the connection back to its pool, which is closed then', async () => {
      await fresh()
      for (const statement of ['SELECT 1', 'SELECT 1/0']) {
        const pool = poolWith({ max: 1 })
        const repository = postgresRepository(pool, { table })
        await repository.find('ada')
        for (const call of [
          () => repository.save(change()),
          () => repository.saveMany([change()]),
          () => repository.find('ada'),
          () => migrate(pool, { table }),
        ]) {
          const forgotten = await pool.connect()
          await forgotten.query('BEGIN')
          await forgotten.query(statement).catch(() => {})
          forgotten.release()
          await expect(call()).rejects.toMatchObject(failure(/a transaction is open/))
          expect(await repository.find('ada')).toBe(null)
        }
        expect(await repository.save(change())).toBe('saved')
        expect(await repository.remove('ada', 'v1')).toBe('removed')
      }
    })

    it('nor does a connection that breaks before its statement end the process', async () => {
      await fresh()
      const pool = poolWith({ max: 1 })
      const breaking: PgPool = {
        totalCount: 1,
        query: (text, values) => pool.query(text, values),
        async connect() {
          const client = await pool.connect()
          const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
          return Object.assign(Object.create(client) as typeof client, {
            async query(text: string, values: unknown[]) {
              const broken = once(client, 'error')
              await admin.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
              await broken
              return client.query(text, values)
            },
            release: (error?: Error | boolean) => client.release(error),
            on: client.on.bind(client),
            removeListener: client.removeListener.bind(client),
          })
        },
      }
      await expect(postgresRepository(breaking, { table }).find('ada')).rejects.toMatchObject({ code: 'ERR_STORE' })
      expect(await postgresRepository(pool, { table }).find('ada')).toBe(null)
    })

    it('nor through one transaction or one reserved connection of postgres', async () => {
      const sql = postgres({ ...SERVER, max: 2 })
      onTestFinished(() => sql.end({ timeout: 1 }))
      await sql.begin(async (transaction) => {
        const handedIn = transaction as unknown as PostgresDatabase
        expect(() => postgresRepository(handedIn)).toThrow(expect.objectContaining(failure(/a transaction is open/)))
      })
      const reserved = await sql.reserve()
      expect(() => postgresRepository(reserved as unknown as PostgresDatabase)).toThrow(TypeError)
      reserved.release()
    })
  })

  describe('whose setting breaks a promise is refused, with what to change', () => {
    it.each([
      ['-c synchronous_commit=off', /synchronous_commit is off/],
      ['-c default_transaction_read_only=on', /connect to the primary/],
    ])('%s', async (options, message) => {
      const pool = poolWith({ options })
      await expect(postgresRepository(pool, { table }).find('ada')).rejects.toMatchObject(failure(message))
    })

    it('a collation, which orders ids as people do; what the message says helps', async () => {
      await fresh()
      await admin.query(`ALTER TABLE ${table} ALTER COLUMN user_id TYPE text`)
      const repository = postgresRepository(admin, { table })
      const error = await repository.find('ada').then(String, (reason: Error) => reason.message)
      const [advice] = /ALTER TABLE .+/.exec(String(error)) as RegExpExecArray
      await admin.query(String(advice))
      expect(await repository.find('ada')).toBe(null)
    })

    it('an encoding that lacks most characters', async () => {
      const database = `leeway_${randomBytes(6).toString('hex')}`
      await admin.query(`CREATE DATABASE ${database} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
      const pool = new pg.Pool({ ...SERVER, database, max: 1 })
      onTestFinished(async () => {
        await pool.end()
        await admin.query(`DROP DATABASE ${database}`)
      })
      await migrate(pool)
      await expect(postgresRepository(pool).find('ada')).rejects.toMatchObject(failure(/ENCODING UTF8/))
    })

    it('is asked about once, and from then on a read or a write is one statement', async () => {
      await fresh()
      const statements: string[] = []
      const pool = poolWith({ max: 1 })
      const counting = watchedPool(pool, (text) => {
        statements.push(text)
      })
      const repository = postgresRepository(counting, { table })
      await repository.find('ada')
      expect(statements.length).toBe(2)
      await repository.find('ada')
      expect(statements.length).toBe(3)
      await repository.save(change())
      expect(statements.length).toBe(4)
      const [event] = change().events as [EnrollmentChange['events'][number]]
      const events = ['2', '3', '4'].map((id) => ({ ...event, id }))
      expect(await repository.save(change({ version: 'v2', expected: 'v1', events }))).toBe('saved')
      expect(statements.length).toBe(5)
      await repository.remove('ada', 'v2')
      expect(statements.length).toBe(6)
      await repository.saveMany(['a', 'b', 'c'].map((userId) => change({ userId })))
      expect(statements.length).toBe(7)
      const mixed = ['a', 'b', 'd'].map((userId) => change({ userId, version: 'v2', expected: 'v1' }))
      expect(await repository.saveMany([...mixed, change({ userId: 'e' })])).toEqual([
        ...['saved', 'saved', 'conflict'],
        'saved',
      ])
      expect(statements.length).toBe(9)
    })
  })

  it('reads a page by an index, whomever it is of, and sorts nothing where many are', async () => {
    const other = freshTable()
    onTestFinished(async () => void (await admin.query(dropTables(other))))
    await migrate(admin, { table: other })
    await admin.query(`INSERT INTO ${other} SELECT 'user ' || i, 'v', '{}', i % 5 > 0, 1, CASE WHEN i % 5 > 0 THEN i % 100 END,
      CASE WHEN i % 50 = 0 THEN 100 END, i % 100 = 0, CASE WHEN i % 2 = 0 THEN 1 END, CASE WHEN i % 8 = 1 THEN 100 END, NULL
      FROM generate_series(1, 20000) AS i`)
    await admin.query(`VACUUM ANALYZE ${other}`)
    const plans: string[] = []
    const explaining = watchedPool(admin, async (text, values) => {
      if (!text.includes('ORDER BY user_id')) return
      const { rows } = await admin.query(`EXPLAIN ${text}`, values)
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
    })
    const repository = postgresRepository(explaining, { table: other })
    const page = { now: 50, after: 'user 3', limit: 50 }
    expect(await repository.list({ ...page, phase: 'suspended' })).toHaveLength(50)
    expect(await repository.list({ ...page, phase: 'overdue' })).toHaveLength(50)
    expect(await repository.list({ ...page, phase: 'optional' })).toHaveLength(50)
    expect(await repository.list({ ...page, phase: 'enrolled' })).toHaveLength(50)
    expect(await repository.list({ ...page, deadlineBefore: 30 })).toHaveLength(50)
    expect(await repository.list({ ...page, locked: true })).toHaveLength(50)
    expect(await repository.list({ ...page, userIdPrefix: 'user 5' })).toHaveLength(50)
    expect(await repository.list(page)).toHaveLength(50)
    expect(plans).toHaveLength(8)
    for (const plan of plans) expect(plan).toMatch(/^Limit.*\n\s+->\s+Index Scan/)
  })

  describe('reminders, movements and pruning', () => {
    /** The pool, with something done before each statement. */
    const intercepted = (before: (text: string, values?: unknown[]) => Promise<void>) => watchedPool(admin, before)
    /** Saves a user with events at the instants from 0 on, in as many writes as it takes. */
    async function telling(repository: ReturnType<typeof postgresRepository>, count: number): Promise<void> {
      const events = eventsOf('ada', count)
      for (let at = 0, expected: string | null = null; at < count; at += 2000) {
        await repository.save(change({ version: `${at}`, expected, events: events.slice(at, at + 2000) }))
        expected = `${at}`
      }
    }

    it('go by an index each, whichever page it is, and touch no more than they are asked for', async () => {
      const other = freshTable()
      onTestFinished(async () => void (await admin.query(dropTables(other))))
      await migrate(admin, { table: other })
      await admin.query(`INSERT INTO ${other} SELECT 'user ' || i, 'v', '{}', false, NULL, NULL, NULL, false, NULL, NULL,
        CASE WHEN i % 2 = 0 THEN i / 1000 END FROM generate_series(1, 20000) AS i`)
      await admin.query(`INSERT INTO ${other}_events SELECT 'user ' || i, 'e', 't', i, repeat('x', 300),
        CASE WHEN i % 4 = 0 THEN 1 END, CASE WHEN i % 4 = 0 THEN 0 END FROM generate_series(1, 40000) AS i`)
      await admin.query(`VACUUM ANALYZE ${other}, ${other}_events`)
      const plans: string[] = []
      const explaining = intercepted(async (text, values) => {
        if (!/AS due|GROUP BY at|^WITH found/.test(text)) return
        const { rows } = await admin.query(`EXPLAIN ${text}`, values)
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      })
      const repository = postgresRepository(explaining, { table: other })
      expect(await repository.due({ now: 15, after: null, limit: 50 })).toHaveLength(50)
      expect(await repository.due({ now: 15, after: { remindAt: 3, userId: 'user 35' }, limit: 50 })).toHaveLength(50)
      await repository.movements(5)[Symbol.asyncIterator]().next()
      expect(await repository.pruneHistory(10_000)).toBe(9999)
      expect(plans).toHaveLength(3 + 4 + 2)
      const [due, next, movements, ...pruning] = plans.map((plan) => plan.replaceAll(other, 'leeway')) as [
        ...[string, string, string],
        ...string[],
      ]
      expect(due).toMatch(/^Limit.*\n.*Index Only Scan using leeway_reminders.*\n\s+Index Cond: \(remind_at <= 15\)$/)
      expect(next).toMatch(
        /^Limit.*\n.*Index Only Scan using leeway_reminders.*\n\s+Index Cond: .*ROW\(remind_at, user_id\) > ROW/,
      )
      expect(movements).toMatch(/^Limit.*\n.*GroupAggregate.*\n.*\n.*Index Only Scan Backward using leeway_movements/)
      for (const plan of pruning) {
        expect(plan).toMatch(/(?:Bitmap Index Scan on|Index Scan using) leeway_(?:unmoved|movements)/)
        expect(plan).toMatch(/Index Scan using leeway_events_pkey/)
        expect(plan).not.toMatch(/Seq Scan/)
      }
    })

    it('prune in steps: before each, others can write, and know how far history goes', async () => {
      await telling(await fresh(), 4500)
      const seen: unknown[] = []
      const watched = intercepted(async (text) => {
        if (!/^WITH found|^INSERT INTO \S+_prunings/.test(text)) return
        const { rows } = await admin.query(
          `SELECT count(*)::int AS left, (SELECT max(pruned_before)::int FROM ${table}_prunings) AS before
           FROM ${table}_events WHERE at < 4400`,
        )
        seen.push(rows[0])
      })
      const repository = postgresRepository(watched, { table })
      expect(await repository.pruneHistory(4400)).toBe(4400)
      expect(seen).toEqual([
        { left: 4400, before: null },
        { left: 4400, before: 4400 },
        { left: 2400, before: 4400 },
        { left: 400, before: 4400 },
        { left: 0, before: 4400 },
      ])
    })

    it('prune on where one was cut off', async () => {
      const repository = await fresh()
      await telling(repository, 2500)
      let steps = 0
      const cut = intercepted(async (text) => {
        if (text.startsWith('WITH found') && steps++ === 1) throw new Error('Connection terminated')
      })
      await expect(postgresRepository(cut, { table }).pruneHistory(2400)).rejects.toMatchObject(failure(/network/))
      expect(await repository.prunedBefore()).toBe(2400)
      expect(await repository.pruneHistory(2400)).toBe(400)
    })

    it('prune by two processes at once, and count each event once', async () => {
      const repository = await fresh()
      await telling(repository, 6500)
      const others = [poolWith({}), poolWith({})].map((pool) => postgresRepository(pool, { table }))
      const counts = await Promise.all(others.map((other) => other.pruneHistory(6400)))
      expect(counts.reduce((sum, count) => sum + count)).toBe(6400)
      expect(await repository.history('ada', { after: null, limit: 6500 })).toHaveLength(100)
    })
  })

  it('whose whole numbers the host reads as bigint is counted the same', async () => {
    const repository = await fresh()
    await repository.save(change({ index: { required: true, suspended: false, ...NEVER, deadline: 5 } }))
    const types = {
      getTypeParser: (id: number, format?: 'text' | 'binary') =>
        id === 20 || id === 23 ? BigInt : pg.types.getTypeParser(id, format as 'text'),
    } as pg.CustomTypesConfig
    const pool = poolWith({ types })
    await migrate(pool, { table })
    const other = postgresRepository(pool, { table })
    expect(await other.counts(1)).toMatchObject({ total: 1, 'enrollment-period': 1, overdue: 0, locked: 0 })
    expect(await other.deadlines({ edges: [0, 5, 6], now: 1 })).toEqual([0, 1])
  })

  it('whose columns the host has renamed on the way is read the same', async () => {
    const repository = await fresh()
    const sql = postgres({ ...SERVER, max: 1, transform: postgres.camel })
    onTestFinished(() => sql.end({ timeout: 1 }))
    const renamed = postgresRepository(sql, { table })
    expect(await renamed.saveMany([change()])).toEqual(['saved'])
    expect(await renamed.findMany(['ada'])).toEqual(await repository.findMany(['ada']))
    expect(await renamed.find('ada')).toMatchObject({ version: 'v1' })
    expect(await renamed.counts(0)).toEqual(await repository.counts(0))
  })

  describe('a failure says what to change, and nothing is written', () => {
    it.each([
      ['53100', /disk of the database is full/],
      ['53300', /max_connections/],
      ['26000', /prepare: false/],
      ['53200', /out of memory, disk or connections/],
      ['40003', /read committed/],
      ['42501', /grant/],
      ['25006', /connect to the primary/],
      ['57P01', /shutting down/],
      ['P0001', /the cause says how/],
    ])('of SQLSTATE %s, when a record or an event is written', async (state, message) => {
      const repository = await fresh()
      await repository.save(change())
      for (const on of [table, `${table}_events`]) {
        await raising(state, on)
        const update = change({ version: 'v2', expected: 'v1' })
        await expect(repository.save(update)).rejects.toMatchObject({ ...failure(message), cause: { code: state } })
        await expect(repository.saveMany([update])).rejects.toMatchObject(failure(message))
        await admin.query(`DROP TRIGGER raise ON ${on}`)
      }
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      expect(await repository.history('ada', { after: null, limit: 9 })).toHaveLength(1)
    })

    it('but a deadlock undoes the statement: a conflict; of many, only for those who met it', async () => {
      const repository = await fresh()
      await raising('40P01', table, "NEW.user_id = 'grace'")
      expect(await repository.save(change({ userId: 'grace' }))).toBe('conflict')
      const many = ['ada', 'grace', 'zoe'].map((userId) => change({ userId }))
      expect(await repository.saveMany(many)).toEqual(['saved', 'conflict', 'saved'])
      expect(await repository.findMany(['ada', 'grace', 'zoe'])).toHaveProperty('size', 2)
    })

    it('when the connection is lost in the middle of a write; the next one gets another', async () => {
      const repository = await fresh()
      await repository.save(change())
      const pool = poolWith({ max: 1 })
      const rival = await admin.connect()
      await rival.query('BEGIN')
      await rival.query(`UPDATE ${table} SET version = 'rival'`)
      const other = postgresRepository(pool, { table })
      const lost = other.save(change({ version: 'v2', expected: 'v1' }))
      const outcome = lost.then(String, (reason: unknown) => reason)
      await admin.query('SELECT pg_terminate_backend($1)', [await waiting()])
      expect(await outcome).toMatchObject(failure(/shutting down|see to the network/))
      await rival.query('ROLLBACK')
      rival.release()
      expect(await other.find('ada')).toMatchObject({ version: 'v1' })
      expect(await other.history('ada', { after: null, limit: 9 })).toHaveLength(1)
    })

    it('when another holds the row for longer than the host waits', async () => {
      const repository = await fresh()
      await repository.save(change())
      const rival = await admin.connect()
      await rival.query('BEGIN')
      await rival.query(`UPDATE ${table} SET version = 'rival'`)
      for (const [options, message] of [
        ['-c lock_timeout=1', /lock_timeout/],
        ['-c statement_timeout=100', /statement_timeout/],
      ] as const) {
        const other = postgresRepository(poolWith({ options }), { table })
        await expect(other.save(change({ version: 'v2', expected: 'v1' }))).rejects.toMatchObject(failure(message))
      }
      await rival.query('ROLLBACK')
      rival.release()
      expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
    })

    it.each([
      [{ database: 'leeway_nowhere' }, /database does not exist/],
      [{ port: 1 }, /see to the network and the server/],
    ])('when there is nothing to connect to: %j', async (config, message) => {
      const repository = postgresRepository(poolWith(config), { table })
      await expect(repository.find('ada')).rejects.toMatchObject(failure(message))
      await expect(repository.list({ now: 0, after: null, limit: 1 })).rejects.toMatchObject(failure(message))
    })

    it('when the pool was ended', async () => {
      const pool = new pg.Pool(SERVER)
      await pool.end()
      await expect(postgresRepository(pool, { table }).find('ada')).rejects.toMatchObject({ code: 'ERR_STORE' })
    })
  })
})
