import { hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'

/** A connection to the file. */
export type Db = Database.Database

/** A mistake to tell the person who started the portal, without a stack. */
export class Mistake extends Error {}

/** Everything the portal keeps: one SQLite file, and the key beside it. */
export interface PortalFile {
  /** the portal's own tables */
  db: Db
  /** leeway has a connection to itself, so that no transaction of the portal's is ever open on it */
  forLeeway: Db
  /** seals authenticators' secrets */
  sealingKey: Uint8Array
  /** signs the tokens in forms */
  formKey: Uint8Array
  close(): void
}

/**
 * A session's id is a password for as long as it lives: only its digest is stored. Instants are milliseconds; those of
 * sessions are real time, `signed_in_at` is the demo clock's.
 */
const TABLES = `
  CREATE TABLE IF NOT EXISTS portal_users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, team TEXT NOT NULL,
    administrator INTEGER NOT NULL, password_hash TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS portal_sessions (
    digest TEXT PRIMARY KEY, user_id TEXT NOT NULL, level TEXT NOT NULL, signed_in_at INTEGER NOT NULL,
    setup_id TEXT, note TEXT, made_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS portal_sessions_user ON portal_sessions (user_id);
  CREATE TABLE IF NOT EXISTS portal_sign_ins (
    at INTEGER NOT NULL, user_id TEXT NOT NULL, outcome TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS portal_sign_ins_at ON portal_sign_ins (at);
  CREATE TABLE IF NOT EXISTS portal_wrong_passwords (
    email TEXT PRIMARY KEY, count INTEGER NOT NULL, since INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS portal_outbox (
    key TEXT PRIMARY KEY, at INTEGER NOT NULL, user_id TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS demo_clock (
    id INTEGER PRIMARY KEY CHECK (id = 1), offset_ms INTEGER NOT NULL, furthest_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS demo_phone (
    key_uri TEXT PRIMARY KEY, user_id TEXT NOT NULL
  ) STRICT;
`

/** What `user_version` says of a file that has everything in it. */
const COMPLETE = 1

const START_OVER = '`npm start -- --reset` starts over.'

/**
 * Opens the file, or makes it: complete or not at all. `fill` puts the first content into a new one; a file that was not
 * filled to its end is made anew.
 */
export async function openFile(path: string, fill: (file: PortalFile) => Promise<void>): Promise<PortalFile> {
  // Sealed or not, what is in it is nobody else's to read.
  process.umask(0o077)
  if (existsSync(path) && isComplete(path)) return open(path, readKey(path))
  removeFile(path)
  mkdirSync(dirname(path), { recursive: true })
  const file = open(path, makeKey(path))
  await fill(file)
  file.db.exec(`PRAGMA user_version = ${COMPLETE}`)
  return file
}

/** Deletes the file and its key, if they are the portal's. */
export function removeFile(path: string): void {
  if (existsSync(path)) isComplete(path)
  for (const end of ['', '-wal', '-shm', '.key', '.key.new']) rmSync(path + end, { force: true })
}

function open(path: string, key: Uint8Array): PortalFile {
  const db = new Database(path)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000')
  db.exec(TABLES)
  const forLeeway = new Database(path)
  return {
    db,
    forLeeway,
    sealingKey: derived(key, 'sealing'),
    formKey: derived(key, 'forms'),
    close() {
      forLeeway.close()
      db.close()
    },
  }
}

/** One key for each purpose out of the one that is kept. */
function derived(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', `leeway portal: ${purpose}`, 32))
}

/**
 * 32 random bytes beside the file, made with it, readable for their owner alone. A real server takes them from its secret
 * store and never keeps them where the database is.
 */
function makeKey(path: string): Uint8Array {
  const key = randomBytes(32)
  // Renamed when it is complete, so that a portal killed here never finds half a key.
  writeFileSync(`${path}.key.new`, key.toString('base64'), { mode: 0o600 })
  renameSync(`${path}.key.new`, `${path}.key`)
  return key
}

function readKey(path: string): Uint8Array {
  if (!existsSync(`${path}.key`)) {
    throw new Mistake(`${path}.key is gone, and nothing that it sealed can be opened. ${START_OVER}`)
  }
  const key = Buffer.from(readFileSync(`${path}.key`, 'utf8'), 'base64')
  if (key.length !== 32) throw new Mistake(`${path}.key does not hold a key of 32 bytes. ${START_OVER}`)
  return key
}

/** Whether the file was filled to its end. One that somebody else's tables are in is refused, neither written nor deleted. */
function isComplete(path: string): boolean {
  try {
    const db = new Database(path, { readonly: true })
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]
    const [version] = db.prepare('PRAGMA user_version').raw().get() as [number]
    db.close()
    if (tables.length > 0 && !tables.some(({ name }) => name === 'portal_users')) {
      throw new Mistake(`${path} is not a file of this portal. Choose another with LEEWAY_PORTAL_FILE.`)
    }
    return version === COMPLETE
  } catch (cause) {
    if (cause instanceof Mistake) throw cause
    throw new Mistake(`${path} cannot be read as an SQLite file. Choose another with LEEWAY_PORTAL_FILE.`, { cause })
  }
}
