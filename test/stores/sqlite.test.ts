import process from 'node:process'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LeewayError } from '../../src/errors.js'
import type { EnrollmentChange, EnrollmentRepository } from '../../src/ports/index.js'
import { migrate, type SqliteDatabase, sqliteRepository, sqliteSchema } from '../../src/stores/sqlite/index.js'
import { repositoryCases } from '../../src/testing/index.js'
import { drivers, type TestDatabase, temporaryFile } from './sqlite-drivers.js'

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

/** Repositories on several connections, which take turns. */
function inTurn(repositories: readonly EnrollmentRepository[]): EnrollmentRepository {
  let turn = 0
  const next = (): EnrollmentRepository => repositories[turn++ % repositories.length] as EnrollmentRepository
  return {
    find: (userId) => next().find(userId),
    save: (saved) => next().save(saved),
    remove: (userId, expected) => next().remove(userId, expected),
  }
}

for (const { name: driver, skip, open } of drivers) {
  if (skip !== null) {
    process.stdout.write(`skipped: sqliteRepository on ${driver}: ${skip}\n`)
    it.skip(`sqliteRepository on ${driver}: ${skip}`)
    continue
  }

  describe(`sqliteRepository on ${driver}`, () => {
    const opened = (path = ':memory:'): TestDatabase => {
      const db = open(path)
      onTestFinished(() => void db.close())
      return db
    }
    async function fresh(
      path?: string,
    ): Promise<{ db: TestDatabase; repository: ReturnType<typeof sqliteRepository> }> {
      const db = opened(path)
      await migrate(db)
      return { db, repository: sqliteRepository(db) }
    }
    const read = (db: TestDatabase, pragma: string): unknown =>
      Object.values(db.prepare(`PRAGMA ${pragma}`).get() as object)[0]

    describe('in memory', () => {
      for (const { name, run } of repositoryCases(async () => {
        const db = open(':memory:')
        await migrate(db)
        return { repository: sqliteRepository(db), close: async () => void db.close() }
      }))
        it(name, run)
    })

    describe('in a file, over three connections', () => {
      for (const { name, run } of repositoryCases(async () => {
        const file = temporaryFile()
        const connections = [open(file), open(file), open(file)] as const
        await migrate(connections[0])
        const close = async (): Promise<void> => connections.forEach((db) => void db.close())
        return { repository: inTurn(connections.map((db) => sqliteRepository(db))), close }
      }))
        it(name, run)
    })

    describe('what is written', () => {
      it('is the record, its version and every fact in a column of its own, whole numbers to the last digit', async () => {
        const { db, repository } = await fresh()
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
        await repository.save(change({ index }))
        const columns = 'required, starts_at, deadline, exempt_until, suspended, enrolled_at, locked_until, remind_at'
        const types = columns.replaceAll(/\w+/g, 'typeof($&)')
        const all = db.prepare(`SELECT user_id, version, record, ${columns}, ${types} FROM leeway`).all()
        expect(all).toHaveLength(1)
        expect(Object.values(all[0] as object).slice(0, 19)).toEqual([
          'ada',
          'v1',
          '{"schemaVersion":1,"userId":"ada"}',
          1,
          1,
          8.64e15,
          2 ** 31,
          0,
          Number.MAX_SAFE_INTEGER,
          8.64e15 - 1,
          null,
          ...Array.from({ length: 7 }, () => 'integer'),
          'null',
        ])
      })

      it('is replaced fact by fact', async () => {
        const { db, repository } = await fresh()
        const all = { startsAt: 1, deadline: 2, exemptUntil: 3, enrolledAt: 4, lockedUntil: 5, remindAt: 6 }
        await repository.save(change())
        await repository.save(
          change({ version: 'v2', expected: 'v1', index: { required: true, suspended: true, ...all } }),
        )
        const row = db.prepare(
          'SELECT starts_at, deadline, exempt_until, enrolled_at, locked_until, remind_at, required, suspended, version FROM leeway',
        )
        expect(Object.values(row.get() as object).slice(0, 9)).toEqual([1, 2, 3, 4, 5, 6, 1, 1, 'v2'])
      })

      it('has its events beside it, each as it is', async () => {
        const { db, repository } = await fresh()
        const event = {
          id: '2',
          type: 'exempted',
          userId: 'ada',
          at: 8.64e15,
          actor: 'root',
          reason: 'é',
          details: { a: null },
        } as const
        await repository.save(change())
        await repository.save(change({ version: 'v2', expected: 'v1', events: [{ ...event, id: '1' }, event] }))
        await repository.save(change({ version: 'v3', expected: 'v1', events: [{ ...event, id: '3' }] }))
        const rows = db.prepare('SELECT user_id, id, type, at, event FROM leeway_events ORDER BY id').all()
        expect(rows.map((row) => Object.values(row as object).slice(0, 4))).toEqual([
          ['ada', '1', 'exempted', 8.64e15],
          ['ada', '2', 'exempted', 8.64e15],
          ['ada', 'v1', 'code-rejected', 1],
        ])
        expect(rows.map((row) => JSON.parse((row as { event: string }).event))[1]).toEqual(event)
      })

      it('is both or nothing: an event that cannot be written takes the record along', async () => {
        const { db, repository } = await fresh()
        await repository.save(change())
        const [event] = change().events
        const refused = repository.save(change({ version: 'v2', expected: 'v1', events: event ? [event] : [] }))
        await expect(refused).rejects.toMatchObject({ code: 'ERR_STORE', cause: expect.any(Error) as Error })
        expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
        expect(db.prepare('SELECT id FROM leeway_events').all()).toHaveLength(1)
      })

      it('goes with the user, and with nobody else', async () => {
        const { db, repository } = await fresh()
        await repository.save(change())
        await repository.save(change({ userId: 'grace' }))
        expect(await repository.remove('ada', 'v0')).toBe('conflict')
        expect(db.prepare('SELECT id FROM leeway_events').all()).toHaveLength(2)
        expect(await repository.remove('ada', 'v1')).toBe('removed')
        expect(db.prepare('SELECT user_id FROM leeway_events').all()).toMatchObject([{ user_id: 'grace' }])
      })

      it('is read from the connection that wrote last, not from what was read before', async () => {
        const file = temporaryFile()
        const [one, other] = [await fresh(file), await fresh(file)]
        await one.repository.save(change())
        await other.repository.find('ada')
        await one.repository.save(change({ version: 'v2', expected: 'v1' }))
        expect(await other.repository.find('ada')).toMatchObject({ version: 'v2' })
        expect(await other.repository.save(change({ version: 'v3', expected: 'v2' }))).toBe('saved')
      })

      it('that something else has spoilt is refused without being quoted', async () => {
        const { db, repository } = await fresh()
        await repository.save(change())
        db.exec(`UPDATE leeway SET record = 'CANARY{'`)
        const error = await repository.find('ada').catch((caught: LeewayError) => caught)
        expect(error).toMatchObject({ code: 'ERR_RECORD' })
        expect(inspect(error)).not.toMatch(/CANARY/)
      })
    })

    describe('a connection', () => {
      it('is made to sync at each commit to a write-ahead log, and to wait five seconds for others', async () => {
        const file = temporaryFile()
        await fresh(file)
        const db = opened(file)
        db.exec('PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 0')
        sqliteRepository(db)
        expect(['journal_mode', 'synchronous', 'busy_timeout'].map((name) => read(db, name))).toEqual(['wal', 2, 5000])
      })

      it('keeps settings that are stricter', async () => {
        const { db } = await fresh(temporaryFile())
        db.exec('PRAGMA synchronous = EXTRA; PRAGMA busy_timeout = 20000')
        sqliteRepository(db)
        expect([read(db, 'synchronous'), read(db, 'busy_timeout')]).toEqual([3, 20_000])
      })

      it('of a rollback-journal database is switched, even while others are about to let go of it', async () => {
        const file = temporaryFile()
        const { db } = await fresh(file)
        db.exec('PRAGMA journal_mode = DELETE')
        // Looks at the lock as a connection does that comes between: the first try meets it, the next does not.
        const other = opened(file)
        other.exec('BEGIN IMMEDIATE')
        const meeting = intercepted(db, (sql) => {
          if (sql.startsWith('BEGIN EXCLUSIVE')) other.exec('ROLLBACK')
        })
        sqliteRepository(meeting)
        expect(read(db, 'journal_mode')).toBe('wal')
      })

      it('that can never switch is refused with what was said last', async () => {
        const { db } = await fresh(temporaryFile())
        db.exec('PRAGMA journal_mode = DELETE')
        const stuck = intercepted(db, (sql) => {
          if (sql === 'PRAGMA journal_mode = WAL') throw new Error('database is locked')
        })
        expect(() => sqliteRepository(stuck)).toThrow(
          expect.objectContaining({ code: 'ERR_STORE', message: expect.stringMatching(/busy_timeout/) }),
        )
      })

      it('to a database in UTF-16 is refused: ids would be in another order', async () => {
        const db = opened()
        db.exec("PRAGMA encoding = 'UTF-16'")
        await expect(migrate(db)).rejects.toMatchObject({ code: 'ERR_STORE', message: expect.stringMatching(/UTF-8/) })
      })

      it('may give whole numbers as bigint', async () => {
        const { db, repository } = await fresh()
        const big = withBigInts(db)
        await migrate(big)
        const other = sqliteRepository(big)
        expect(await other.save(change())).toBe('saved')
        expect(await other.save(change())).toBe('conflict')
        expect(await other.remove('ada', 'v0')).toBe('conflict')
        expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
        expect(await other.counts(0)).toEqual(await repository.counts(0))
        expect(await other.counts(0)).toMatchObject({ total: 1, optional: 1 })
      })

      it('that answers null for no row, as some drivers do, has no record', async () => {
        const { db } = await fresh()
        const nulls = withStatements(db, (statement) => ({
          ...statement,
          get: (...values) => statement.get(...values) ?? null,
        }))
        expect(await sqliteRepository(nulls).find('ada')).toBe(null)
      })

      it.each([undefined, null, {}, 'auth.db', { exec() {} }])('that is none is refused at once (%#)', async (db) => {
        expect(() => sqliteRepository(db as never)).toThrow(TypeError)
        await expect(migrate(db as never)).rejects.toThrow(TypeError)
      })
    })

    describe("a host's transaction on the connection", () => {
      const inside = {
        code: 'ERR_STORE',
        message: expect.stringMatching(/a transaction is open on the connection/) as string,
      }

      it('could roll a failure back, and so nothing is read or written in it', async () => {
        const { db, repository } = await fresh()
        await repository.save(change())
        db.exec('BEGIN')
        await expect(repository.save(change({ version: 'v2', expected: 'v1' }))).rejects.toMatchObject(inside)
        await expect(repository.find('ada')).rejects.toMatchObject(inside)
        await expect(repository.remove('ada', 'v1')).rejects.toMatchObject(inside)
        await expect(migrate(db)).rejects.toMatchObject(inside)
        expect(() => sqliteRepository(db)).toThrow(expect.objectContaining(inside))
        db.exec('COMMIT')
        expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
        expect(await repository.save(change({ version: 'v2', expected: 'v1' }))).toBe('saved')
      })

      it('is noticed on a driver that does not tell of it, before anything is written', async () => {
        const { db } = await fresh()
        const silent = withStatements(db, (statement) => statement)
        const repository = sqliteRepository(silent)
        db.exec('BEGIN')
        await expect(repository.save(change())).rejects.toMatchObject(inside)
      })
    })

    describe('a failure says what to change, and nothing is written', () => {
      it('when another connection holds the database for too long', async () => {
        const file = temporaryFile()
        const { db, repository } = await fresh(file)
        db.exec('PRAGMA busy_timeout = 1')
        const other = opened(file)
        other.exec('BEGIN IMMEDIATE')
        await expect(repository.save(change())).rejects.toMatchObject({
          code: 'ERR_STORE',
          message: expect.stringMatching(/busy_timeout/),
        })
        expect(await repository.find('ada')).toBe(null)
        other.exec('ROLLBACK')
        expect(await repository.save(change())).toBe('saved')
      })

      it('when the disk is full', async () => {
        const { db, repository } = await fresh(temporaryFile())
        await repository.save(change())
        db.exec(`PRAGMA max_page_count = ${Number(read(db, 'page_count'))}`)
        const enrollment = { schemaVersion: 1, userId: 'ada', text: 'x'.repeat(100_000) }
        const refused = repository.save(change({ version: 'v2', expected: 'v1', enrollment }))
        await expect(refused).rejects.toMatchObject({
          code: 'ERR_STORE',
          message: expect.stringMatching(/full/),
          cause: expect.any(Error) as Error,
        })
        expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
        expect(await repository.save(change({ version: 'v3', expected: 'v1' }))).toBe('saved')
      })

      it('when the database can only be read', async () => {
        const { db, repository } = await fresh()
        db.exec('PRAGMA query_only = ON')
        await expect(repository.save(change())).rejects.toMatchObject({
          code: 'ERR_STORE',
          message: expect.stringMatching(/only be read/),
        })
        expect(await repository.find('ada')).toBe(null)
      })

      it('when the tables are missing, from the start or later', async () => {
        const missing = { code: 'ERR_STORE', message: expect.stringMatching(/run migrate first/) as string }
        const { db, repository } = await fresh()
        expect(() => sqliteRepository(opened())).toThrow(expect.objectContaining(missing))
        expect(() => sqliteRepository(db, { table: 'mfa' })).toThrow(expect.objectContaining(missing))
        db.exec('DROP TABLE leeway')
        await expect(repository.find('ada')).rejects.toMatchObject(missing)
        expect(() => sqliteRepository(db)).toThrow(expect.objectContaining(missing))
      })

      it('when the commit fails, whatever SQLite has rolled back by itself', async () => {
        const { db } = await fresh()
        const failing = intercepted(db, (sql) => {
          if (sql !== 'COMMIT') return
          db.exec('ROLLBACK')
          throw new Error('disk I/O error')
        })
        const repository = sqliteRepository(failing)
        const error = {
          code: 'ERR_STORE',
          message: 'SQLite failed; the cause says how',
          cause: new Error('disk I/O error'),
        }
        await expect(repository.save(change())).rejects.toMatchObject(error)
        expect(await repository.find('ada')).toBe(null)
      })

      it('when the connection was closed, which one driver answers by ending the process', async () => {
        const db = open(':memory:')
        await migrate(db)
        const repository = sqliteRepository(db)
        db.close()
        await expect(repository.find('ada')).rejects.toMatchObject({ code: 'ERR_STORE' })
        await expect(repository.save(change())).rejects.toMatchObject({ code: 'ERR_STORE' })
        await expect(repository.remove('ada', 'v1')).rejects.toMatchObject({ code: 'ERR_STORE' })
        await expect(migrate(db)).rejects.toMatchObject({ code: 'ERR_STORE' })
        expect(() => sqliteRepository(db)).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
      })
    })

    describe('a page of a list', () => {
      it.each([
        [{ phase: 'suspended' }, 'suspended'],
        [{ phase: 'enrolled' }, 'enrolled'],
        [{ phase: 'optional' }, 'optional'],
        [{ phase: 'overdue' }, 'stoppable|deadline'],
        [{ phase: 'scheduled' }, 'stoppable'],
        [{ phase: 'enrollment-period' }, 'stoppable|deadline'],
        [{ deadlineBefore: 5 }, 'stoppable|deadline'],
        [{}, 'sqlite_autoindex'],
        [{ userIdPrefix: 'a' }, 'sqlite_autoindex'],
      ] as const)('of %j goes by an index', async (filter, index) => {
        const { db } = await fresh()
        const plans: string[] = []
        const explaining = intercepted(db, (sql) => {
          if (!sql.includes('ORDER BY user_id')) return
          const values = [...sql.matchAll(/\?/g)].map(() => 'a')
          const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[]
          plans.push(rows.map(({ detail }) => detail).join('; '))
        })
        await sqliteRepository(explaining).list({ ...filter, now: 5, after: 'a', limit: 50 })
        expect(plans).toEqual([expect.stringMatching(new RegExp(`INDEX (leeway_)?(${index})`))])
      })
    })

    describe('reminders, movements and pruning', () => {
      it('go by an index each, whichever page it is', async () => {
        const { db } = await fresh()
        const asked: string[] = []
        const repository = sqliteRepository(
          intercepted(db, (sql) => {
            if (/remind_at AS due|GROUP BY at|^DELETE .+ IN /.test(sql)) asked.push(sql)
          }),
        )
        await repository.due({ now: 5, after: null, limit: 50 })
        await repository.due({ now: 5, after: { remindAt: 3, userId: 'ada' }, limit: 50 })
        await repository.movements(5)[Symbol.asyncIterator]().next()
        await repository.pruneHistory(5)
        const plans = asked.map((sql) => {
          const values = [...sql.matchAll(/\?/g)].map(() => 'a')
          const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[]
          return rows.map(({ detail }) => detail).join('; ')
        })
        expect(plans).toEqual([
          'SEARCH leeway USING COVERING INDEX leeway_reminders (remind_at<?)',
          'SEARCH leeway USING COVERING INDEX leeway_reminders ((remind_at,user_id)>(?,?) AND remind_at<?)',
          'SEARCH leeway_events USING COVERING INDEX leeway_movements (at>?)',
          expect.stringMatching(/leeway_events USING PRIMARY KEY .+ INDEX leeway_unmoved \(at>\? AND at<\?\)/),
          expect.stringMatching(/leeway_events USING PRIMARY KEY .+ INDEX leeway_movements \(at>\? AND at<\?\)/),
        ])
      })

      it('prune in steps: before each, others can write, and know how far history goes', async () => {
        const file = temporaryFile()
        const { db, repository } = await fresh(file)
        await repository.save(change({ events: eventsOf('ada', 4500) }))
        const other = await fresh(file)
        const seen: [left: unknown, prunedBefore: number | null][] = []
        const watched = intercepted(db, (sql) => {
          if (sql !== 'BEGIN IMMEDIATE') return
          other.db.exec(
            'INSERT INTO leeway_events (user_id, id, type, at, event) SELECT 1, hex(randomblob(9)), 2, 9000, 3',
          )
          const row = other.db.prepare(
            'SELECT (SELECT count(*) FROM leeway_events WHERE at < 4400), max(pruned_before) FROM leeway_prunings',
          )
          seen.push(Object.values(row.get() as object).slice(0, 2) as [number, number | null])
        })
        expect(await sqliteRepository(watched).pruneHistory(4400)).toBe(4400)
        expect(seen).toEqual([
          [4400, null],
          [4400, 4400],
          [2400, 4400],
          [400, 4400],
          [0, 4400],
        ])
        expect(await repository.history('ada', { after: null, limit: 4500 })).toHaveLength(100)
      })

      it('prune on where one was cut off', async () => {
        const { db, repository } = await fresh()
        await repository.save(change({ events: eventsOf('ada', 2500) }))
        let steps = 0
        const cut = intercepted(db, (sql) => {
          if (/^DELETE .+ IN /.test(sql) && steps++ === 1) throw new Error('disk I/O error')
        })
        await expect(sqliteRepository(cut).pruneHistory(2400)).rejects.toMatchObject({ code: 'ERR_STORE' })
        expect(await repository.prunedBefore()).toBe(2400)
        expect(await repository.pruneHistory(2400)).toBe(400)
      })

      it('move what an event says, and only that is in their index', async () => {
        const { db, repository } = await fresh()
        const [event] = change().events as [EnrollmentChange['events'][number]]
        const details = [{}, { enrolled: true, required: false }, { required: true }]
        await repository.save(change({ events: details.map((one, at) => ({ ...event, id: `${at}`, details: one })) }))
        const rows = db.prepare('SELECT id, enrolled, required FROM leeway_events ORDER BY id').all()
        expect(rows.map((row) => Object.values(row as object).slice(0, 3))).toEqual([
          ['0', null, null],
          ['1', 1, -1],
          ['2', 0, 1],
        ])
      })
    })

    describe('many changes', () => {
      const many = (count: number): EnrollmentChange[] =>
        Array.from({ length: count }, (_, at) => change({ userId: `user ${at}` }))

      it('are synced to the disk 500 at a time, while others of the process go on in between', async () => {
        const { db } = await fresh()
        const done: string[] = []
        const repository = sqliteRepository(intercepted(db, (sql) => void (sql === 'COMMIT' && done.push(sql))))
        setImmediate(() => done.push('another'))
        await repository.saveMany(many(1001))
        expect(done.filter((what) => what === 'COMMIT')).toHaveLength(3)
        expect(done.slice(0, -1)).toContain('another')
        done.length = 0
        expect(await repository.saveMany([])).toEqual([])
        expect(done).toEqual([])
      })

      it('are none of them there where one cannot be written', async () => {
        const { repository } = await fresh()
        const [event] = change().events as [EnrollmentChange['events'][number]]
        const changes = [...many(3), change({ events: [event, event] })]
        await expect(repository.saveMany(changes)).rejects.toMatchObject({ code: 'ERR_STORE' })
        expect(await repository.counts(0)).toMatchObject({ total: 0 })
        expect(await repository.history('user 0', { after: null, limit: 1 })).toEqual([])
      })
    })

    describe('the schema', () => {
      const tables = (db: TestDatabase): unknown[] =>
        db
          .prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name')
          .all()
          .map((row) => Object.values(row as object).slice(0, 3))

      it('is the same whether it was migrated or its statements were run', async () => {
        const [migrated, run] = [opened(), opened()]
        await migrate(migrated, { table: 'mfa' })
        for (const statement of sqliteSchema({ table: 'mfa' })) run.exec(statement)
        expect(tables(run)).toEqual(tables(migrated))
        expect(tables(run)).not.toEqual([])
        expect(await sqliteRepository(run, { table: 'mfa' }).save(change())).toBe('saved')
        await migrate(run, { table: 'mfa' })
        expect(await sqliteRepository(run, { table: 'mfa' }).find('ada')).toMatchObject({ version: 'v1' })
        expect(Object.isFrozen(sqliteSchema())).toBe(true)
      })

      it('is migrated once, and again without harm', async () => {
        const { db, repository } = await fresh()
        const before = tables(db)
        await repository.save(change())
        await migrate(db)
        await migrate(db, {})
        expect(tables(db)).toEqual(before)
        expect(await repository.find('ada')).toMatchObject({ version: 'v1' })
      })

      it('is migrated by one at a time: nobody else can write once it was looked at', async () => {
        const file = temporaryFile()
        const { db } = await fresh(file)
        const other = opened(file)
        other.exec('PRAGMA busy_timeout = 0')
        const outcomes: string[] = []
        const watched = intercepted(db, (sql) => {
          if (!sql.startsWith('SELECT max(version)')) return
          try {
            other.exec('INSERT INTO leeway_schema (version) VALUES (1000)')
            outcomes.push('written')
          } catch (error) {
            outcomes.push(String(error))
          }
        })
        await migrate(watched)
        expect(outcomes).toEqual([expect.stringMatching(/database is locked/)])
      })

      it("leaves the host's user_version and application_id alone", async () => {
        const db = opened()
        db.exec('PRAGMA user_version = 7; PRAGMA application_id = 8')
        await migrate(db)
        expect([read(db, 'user_version'), read(db, 'application_id')]).toEqual([7, 8])
      })

      it('of a later leeway is refused by an earlier one', async () => {
        const later = { code: 'ERR_STORE', message: expect.stringMatching(/later version.+upgrade leeway/) as string }
        const { db } = await fresh()
        db.exec('INSERT INTO leeway_schema (version) VALUES (1000)')
        await expect(migrate(db)).rejects.toMatchObject(later)
        expect(() => sqliteRepository(db)).toThrow(expect.objectContaining(later))
      })

      it('of an earlier leeway is refused until it is migrated', async () => {
        const db = opened()
        db.exec(sqliteSchema()[0] as string)
        const earlier = { code: 'ERR_STORE', message: expect.stringMatching(/run migrate first/) as string }
        expect(() => sqliteRepository(db)).toThrow(expect.objectContaining(earlier))
        await migrate(db)
        expect(await sqliteRepository(db).save(change())).toBe('saved')
      })

      it("never takes another's table for its own, and leaves nothing half done", async () => {
        const db = opened()
        db.exec('CREATE TABLE leeway_events (note TEXT)')
        await expect(migrate(db)).rejects.toMatchObject({
          code: 'ERR_STORE',
          message: expect.stringMatching(/options\.table/),
        })
        expect(tables(db)).toHaveLength(1)
        await migrate(db, { table: 'mfa' })
        expect(await sqliteRepository(db, { table: 'mfa' }).save(change())).toBe('saved')
      })

      it('keeps two sets of tables in one database apart', async () => {
        const { db, repository } = await fresh()
        await migrate(db, { table: 'order' })
        const other = sqliteRepository(db, { table: 'order' })
        await repository.save(change())
        expect(await other.find('ada')).toBe(null)
        expect(await other.save(change())).toBe('saved')
      })

      it.each([
        ['', RangeError],
        ['1st', RangeError],
        ['a b', RangeError],
        ['a"; DROP TABLE users; --', RangeError],
        ['sqlite_leeway', RangeError],
        ['SQLite_leeway', RangeError],
        ['é', RangeError],
        ['a\n', RangeError],
        ['x'.repeat(51), RangeError],
        [7, TypeError],
        [null, TypeError],
      ])('takes no table called %j', async (table, kind) => {
        const options = { table } as { table: string }
        expect(() => sqliteSchema(options)).toThrow(kind)
        expect(() => sqliteRepository(opened(), options)).toThrow(kind)
        await expect(migrate(opened(), options)).rejects.toThrow(kind)
      })

      it('takes the longest name, and no option that nobody reads', async () => {
        const table = `_${'X'.repeat(49)}`
        const db = opened()
        await migrate(db, { table })
        expect(await sqliteRepository(db, { table }).save(change())).toBe('saved')
        expect(() => sqliteSchema({ tables: 'x' } as never)).toThrow(TypeError)
        expect(() => sqliteSchema('mfa' as never)).toThrow(TypeError)
      })
    })
  })
}

describe('a database that cannot have a write-ahead log', () => {
  it('is refused: the file system is not one to keep it on', async () => {
    const [libsql] = drivers
    // This way of locking files is for network file systems, and shares no memory, which the log needs.
    const db = libsql?.open(`file:${temporaryFile()}?vfs=unix-dotfile`) as TestDatabase
    onTestFinished(() => void db.close())
    await expect(migrate(db)).rejects.toMatchObject({ code: 'ERR_STORE', message: expect.stringMatching(/local disk/) })
  })
})

/** The real connection, with something done before each statement that is run or prepared as text. */
function intercepted(db: TestDatabase, before: (sql: string) => void): SqliteDatabase {
  return {
    exec(sql) {
      before(sql)
      return db.exec(sql)
    },
    prepare(sql) {
      before(sql)
      return db.prepare(sql)
    },
  }
}

type Statement = ReturnType<SqliteDatabase['prepare']>

/** The real connection, with other statements, and without a word on transactions. */
function withStatements(db: TestDatabase, wrap: (statement: Statement) => Statement): SqliteDatabase {
  return {
    exec: (sql) => db.exec(sql),
    prepare(sql) {
      const statement = db.prepare(sql)
      return wrap({
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
        run: (...values) => statement.run(...values),
      })
    },
  }
}

/** As drivers do where the host has turned whole numbers into bigint. */
function withBigInts(db: TestDatabase): SqliteDatabase {
  const big = (value: unknown): unknown => (Number.isInteger(value) ? BigInt(value as number) : value)
  const bigRow = (row: unknown): object =>
    Object.fromEntries(Object.entries(row as object).map(([name, value]) => [name, big(value)]))
  return withStatements(db, (statement) => ({
    get(...values) {
      const row = statement.get(...values)
      return row === undefined ? undefined : bigRow(row)
    },
    all: (...values) => statement.all(...values).map(bigRow),
    run: (...values) => ({ changes: BigInt(statement.run(...values).changes) }),
  }))
}
