import { LeewayError } from '../../errors.js'
import { platform } from '../../platform.js'
import type { SqliteDatabase } from './driver.js'

/** How long a write waits for another connection's, at least. */
const BUSY_TIMEOUT_MS = 5000
/** How often the log is asked for: each time after the first, whoever held the lock has let it go. */
const MOST_TRIES = 10

/** Refuses what is not a connection of a synchronous driver; an unopened or promise-based one is an easy mistake. */
export function assertDatabase(db: SqliteDatabase): void {
  if (typeof db?.prepare !== 'function' || typeof db.exec !== 'function') {
    throw new TypeError('db must be an open connection of a synchronous driver: libsql, better-sqlite3 or node:sqlite')
  }
}

/**
 * Refuses a closed connection, and one with a transaction open: what is written in that goes when its owner rolls back,
 * and what is read in it may be old.
 */
export function assertFree(db: SqliteDatabase): void {
  // Asked about its transaction, a closed connection of libsql would end the process.
  if (db.open === false) throw new LeewayError('ERR_STORE', 'the connection was closed')
  if (db.inTransaction === true || db.isTransaction === true) {
    throw new LeewayError(
      'ERR_STORE',
      'a transaction is open on the connection: hand in a connection that leeway has to itself',
    )
  }
}

/**
 * Makes the connection durable and patient: a write-ahead log, a sync at each commit (WAL with NORMAL may lose the last
 * commits when the power fails, and with them a failure count), and a wait for other writers. All but the log belong to
 * the connection and not to the file, so that each connection has to be told.
 */
export function settle(db: SqliteDatabase): void {
  assertFree(db)
  if (Number(pragma(db, 'busy_timeout')) < BUSY_TIMEOUT_MS) db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  if (pragma(db, 'encoding') !== 'UTF-8') {
    // BINARY compares the stored bytes: in UTF-16 the order of user ids would be another one.
    throw new LeewayError(
      'ERR_STORE',
      'the database keeps text as UTF-16: leeway needs one made with PRAGMA encoding = UTF-8',
    )
  }
  const { file } = db.prepare("SELECT file FROM pragma_database_list WHERE name = 'main'").get() as { file: string }
  // A database in memory has no log, and nothing to lose.
  if (file !== '' && pragma(db, 'journal_mode') !== 'wal' && writeAhead(db) !== 'wal') {
    throw new LeewayError(
      'ERR_STORE',
      'the database cannot have a write-ahead log: keep it on a local disk, and let the folder be written to',
    )
  }
  // 3 is EXTRA. What reads as FULL here may be a default that WAL turns into NORMAL, so it is said in any case.
  if (Number(pragma(db, 'synchronous')) !== 3) db.exec('PRAGMA synchronous = FULL')
}

/**
 * Runs `work` in a transaction of its own that can write from the start: a deferred one that reads first and writes
 * later fails at once when another writer comes between, whatever the timeout. `work` must not await.
 */
export function immediately<Result>(db: SqliteDatabase, work: () => Result): Result {
  assertFree(db)
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    try {
      db.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full; the first error is the one that tells.
    }
    throw error
  }
}

/** Lets this process do something else, and connections write that look again some milliseconds apart. */
export function giveWay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => platform.setTimeout(() => resolve(), milliseconds))
}

/**
 * Switches to a write-ahead log and answers the mode that the database is in then. Switching fails at once where
 * another connection holds a lock, whatever the timeout, as when several processes start on a new file; taking the
 * lock does wait.
 */
function writeAhead(db: SqliteDatabase): unknown {
  for (let tries = 1; ; tries++) {
    try {
      return pragma(db, 'journal_mode = WAL')
    } catch (error) {
      if (tries === MOST_TRIES) throw error
      db.exec('BEGIN EXCLUSIVE; COMMIT')
    }
  }
}

/** The one value that a pragma answers, whatever its column is called. */
function pragma(db: SqliteDatabase, source: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${source}`).get() as object)[0]
}
