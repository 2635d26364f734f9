import { LeewayError } from '../../errors.js'
import type { PgClient, Pglite, PgPool, PgPoolClient, PostgresDatabase, PostgresSql, PostgresValue } from './driver.js'

/** What leeway asks of a database, however its driver says it. */
export interface Connection {
  /** Runs one statement in a transaction of its own, and answers its rows. */
  query<Row>(text: string, values: readonly PostgresValue[]): Promise<readonly Row[]>
  /** The same for a text that is another one each time: not worth preparing. */
  queryOnce<Row>(text: string, values: readonly PostgresValue[]): Promise<readonly Row[]>
  /** Runs several statements without parameters as one transaction (PostgreSQL, "Multiple Statements in a Simple Query"). */
  script(text: string): Promise<void>
}

/** Recognises the driver by its shape, once. Refuses what is none, and what is part of somebody else's transaction. */
export function connectionOf(db: PostgresDatabase): Connection {
  if (isDriver(db)) {
    if ('savepoint' in db || 'rollback' in db) throw inTransaction()
    if ('unsafe' in db && 'reserve' in db) return ofPostgres(db)
    if ('isInTransaction' in db) return ofPglite(db)
    if ('connect' in db) return 'totalCount' in db ? ofPool(db) : ofClient(db)
  }
  throw new TypeError('db must be a Pool or Client of pg, a PGlite, or the sql of postgres')
}

function isDriver(db: unknown): db is PostgresDatabase {
  return typeof db === 'function' || (typeof db === 'object' && db !== null && 'query' in db)
}

function ofPool(db: PgPool): Connection {
  /** On a connection that was looked at first: a host that forgot to end its transaction may have given it back so. */
  async function onFree<Result>(work: (client: PgPoolClient) => Promise<Result>): Promise<Result> {
    const client = await db.connect()
    // A connection that breaks rejects its statement too.
    const ignore = (): void => {}
    client.on('error', ignore)
    let fault: Error | undefined
    try {
      assertFree(client)
      return await work(client)
    } catch (error) {
      fault = error as Error
      throw error
    } finally {
      client.removeListener('error', ignore)
      // Closed after an error, as by the pool's own `query`: what is open on it, the server rolls back.
      client.release(fault)
    }
  }
  const query: Connection['query'] = (text, values) => onFree((client) => queryOf(client, text, values))
  return { query, queryOnce: query, script: (text) => onFree((client) => scriptOf(client, text)) }
}

/** What each client does last of what it was given here, by whichever repository. */
const lastOf = new WeakMap<PgClient, Promise<unknown>>()

function ofClient(db: PgClient): Connection {
  /** One after another, as pg 9 wants it: what the client tells of a transaction is what its last statement left. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = (lastOf.get(db) ?? Promise.resolve()).then(() => {
      assertFree(db)
      return work()
    })
    lastOf.set(
      db,
      result.catch(() => {}),
    )
    return result
  }
  const query: Connection['query'] = (text, values) => inTurn(() => queryOf(db, text, values))
  return { query, queryOnce: query, script: (text) => inTurn(() => scriptOf(db, text)) }
}

type PgQueryable = Pick<PgClient, 'query' | 'getTransactionStatus'>

function assertFree(client: PgQueryable): void {
  const status = client.getTransactionStatus?.()
  if (status === 'T' || status === 'E') throw inTransaction()
}

async function queryOf<Row>(
  client: PgQueryable,
  text: string,
  values: readonly PostgresValue[],
): Promise<readonly Row[]> {
  return (await client.query(text, values as PostgresValue[])).rows as readonly Row[]
}

async function scriptOf(client: PgQueryable, text: string): Promise<void> {
  await client.query(text)
}

function ofPglite(db: Pglite): Connection {
  // Waiting for the transaction instead would be for ever where it is waiting for leeway.
  const assertFree = (): void => {
    if (db.isInTransaction()) throw inTransaction()
  }
  async function query<Row>(text: string, values: readonly PostgresValue[]): Promise<readonly Row[]> {
    assertFree()
    return (await db.query(text, [...values])).rows as readonly Row[]
  }
  async function script(text: string): Promise<void> {
    assertFree()
    await db.exec(text)
  }
  return { query, queryOnce: query, script }
}

function ofPostgres(db: PostgresSql): Connection {
  const querying =
    (prepare: boolean) =>
    async <Row>(text: string, values: readonly PostgresValue[]): Promise<readonly Row[]> =>
      (await db.unsafe(text, [...values] as string[], { prepare })) as readonly Row[]
  async function script(text: string): Promise<void> {
    await db.unsafe(text)
  }
  // Unprepared, it asks for the types of parameters first: one more round trip. The host's `prepare: false` wins.
  return { query: querying(true), queryOnce: querying(false), script }
}

function inTransaction(): LeewayError {
  return new LeewayError(
    'ERR_STORE',
    'a transaction is open on db: end it before its connection goes back to the pool; a single connection leeway must have to itself',
  )
}
