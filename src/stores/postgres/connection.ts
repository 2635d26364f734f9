import { LeewayError } from '../../errors.js'
import type { PgClient, Pglite, PgPool, PostgresDatabase, PostgresSql, PostgresValue } from './driver.js'

/** A statement whose text never changes, and a name to prepare it under. */
export interface Statement {
  name: string
  text: string
}

/** What leeway asks of a database, however its driver says it. */
export interface Connection {
  /** Runs one statement, in a transaction of its own and in one round trip, and answers its rows. */
  query<Row>(statement: Statement | string, values: readonly PostgresValue[]): Promise<readonly Row[]>
  /** Runs several statements without parameters as one transaction (PostgreSQL, "Simple Query", 55.2.2.1). */
  script(text: string): Promise<void>
}

const REFUSED = 'db must be a Pool or Client of pg, a PGlite, or the sql of postgres'

/** Recognises the driver by its shape, once. Refuses what is none, and what is part of somebody else's transaction. */
export function connectionOf(db: PostgresDatabase, prepare: boolean): Connection {
  if (typeof db === 'function') return ofPostgres(db as PostgresSql)
  if (typeof db !== 'object' || db === null || !('query' in db)) throw new TypeError(REFUSED)
  if ('isInTransaction' in db) return ofPglite(db)
  // The transaction that PGlite hands to a callback.
  if ('rollback' in db) throw inTransaction()
  if (!('connect' in db)) throw new TypeError(REFUSED)
  return ofPg(db, prepare)
}

function ofPool(db: PgPool): Connection {
  return {
    async query<Row>(text: string, values: readonly PostgresValue[]) {
      return (await db.query(text, values)).rows as readonly Row[]
    },
    async script(text) {
      await db.query(text)
    },
  }
}

function ofClient(db: PgClient): Connection {
  const { query, script } = ofPool(db)
  let last: Promise<unknown> = Promise.resolve()
  /** One after another, as pg 9 wants it: what the client tells of a transaction is what its last statement left. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = last.then(() => {
      const status = db.getTransactionStatus?.()
      if (status === 'T' || status === 'E') throw inTransaction()
      return work()
    })
    last = result.catch(() => {})
    return result
  }
  return {
    query: (text, values) => inTurn(() => query(text, values)),
    script: (text) => inTurn(() => script(text)),
  }
}
function ofPglite(db: Pglite): Connection {
  const assertFree = (): void => {
    // Waiting for it instead would be for ever where it is the transaction that waits for leeway.
    if (db.isInTransaction()) throw inTransaction()
  }
  return {
    async query<Row>(statement: Statement | string, values: readonly PostgresValue[]) {
      assertFree()
      const { rows } = await db.query(typeof statement === 'string' ? statement : statement.text, [...values])
      return rows as readonly Row[]
    },
    async script(text) {
      assertFree()
      await db.exec(text)
    },
  }
}

function ofPostgres(db: PostgresSql): Connection {
  if ('savepoint' in db) throw inTransaction()
  if (typeof db.unsafe !== 'function' || typeof db.reserve !== 'function') throw new TypeError(REFUSED)
  return {
    async query<Row>(statement: Statement | string, values: readonly PostgresValue[]) {
      // Unprepared it would ask for the types first, which is a round trip; the host's own `prepare: false` wins.
      const prepare = typeof statement !== 'string'
      const text = prepare ? statement.text : statement
      const rows = await db.unsafe(text, values as string[], { prepare })
      return rows as readonly Row[]
    },
    async script(text) {
      await db.unsafe(text)
    },
  }
}

function inTransaction(): LeewayError {
  return new LeewayError(
    'ERR_STORE',
    'a transaction is open on db: hand in a pool, or a connection that leeway has to itself',
  )
}
