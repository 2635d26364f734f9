// @ts-check
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'

/**
 * What the tour has to remember from one run to the next. It is kept in a table of its own, in the file that leeway's
 * tables are in, and written in one statement: a tour that is killed picks up from it.
 *
 * @typedef {object} Notes
 * @property {number} begun when the tour was begun, in real time
 * @property {string} step the step that comes next
 * @property {number} days how far the tour's clock is from the real one: whole days of the story,
 * @property {number} seconds and the seconds that the tour's own phone was ahead
 * @property {string | null} setupId what a host keeps in its set-up session
 * @property {string | null} keyUri what the tour's own phone scanned
 * @property {number} shownStep the last time step that the tour's own phone showed a code of
 * @property {string | null} code the last code that was accepted
 * @property {string[]} recoveryCodes the sheet of paper they are written on; used ones are crossed out
 */

/** A mistake to tell the person in front of it, without a stack. */
export class Mistake extends Error {}

/** What somebody does who wants the tour from its beginning. */
export const START_OVER = '`npm run tour -- --reset` starts over.'

const TABLE = 'leeway_tour'

/** @type {Omit<Notes, 'begun'>} */
const NOTHING = {
  step: 'assign',
  days: -12,
  seconds: 0,
  setupId: null,
  keyUri: null,
  shownStep: 0,
  code: null,
  recoveryCodes: [],
}

/**
 * Opens the tour's file, or makes it.
 *
 * @param {string} file
 */
export function openFile(file) {
  // the tour's phone and sheet of paper are in it: nobody else's to read
  process.umask(0o077)
  if (existsSync(file)) assertOurs(file)
  const key = loadKey(file)
  const db = new Database(file)
  db.exec(`CREATE TABLE IF NOT EXISTS ${TABLE} (id INTEGER PRIMARY KEY CHECK (id = 1), notes TEXT NOT NULL)`)
  const row = /** @type {{ notes: string } | undefined} */ (db.prepare(`SELECT notes FROM ${TABLE}`).get())
  const write = db.prepare(`INSERT INTO ${TABLE} VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET notes = excluded.notes`)
  /** @type {Notes} */
  const notes = row ? JSON.parse(row.notes) : { ...NOTHING, begun: Date.now() }
  return {
    key,
    notes,
    /** @param {Partial<Notes>} changes */
    note(changes) {
      Object.assign(notes, changes)
      write.run(JSON.stringify(notes))
    },
    // leeway has a connection to itself, so that no transaction of the host's is ever open on it
    forLeeway: new Database(file),
  }
}

/**
 * The key that secrets are sealed with: 32 random bytes beside the file, made at the first run, readable for its owner
 * alone. A real server takes it from its secret store and never keeps it where the database is.
 *
 * @param {string} file
 */
function loadKey(file) {
  const path = `${file}.key`
  if (!existsSync(path)) {
    if (existsSync(file)) throw new Mistake(`${path} is gone, and nothing that it sealed can be opened. ${START_OVER}`)
    mkdirSync(dirname(path), { recursive: true })
    // renamed when it is complete, so that a tour killed here never finds half a key
    writeFileSync(`${path}.new`, randomBytes(32).toString('base64'), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  const key = Buffer.from(readFileSync(path, 'utf8'), 'base64')
  if (key.length !== 32) throw new Mistake(`${path} does not hold a key of 32 bytes. ${START_OVER}`)
  return key
}

/**
 * Deletes the tour's file and key.
 *
 * @param {string} file
 */
export function removeFile(file) {
  if (existsSync(file)) assertOurs(file)
  for (const end of ['', '-wal', '-shm', '.key', '.key.new']) rmSync(file + end, { force: true })
}

/**
 * Refuses a file that somebody else's tables are in: the tour neither writes to it nor deletes it.
 *
 * @param {string} file
 */
function assertOurs(file) {
  let tables
  try {
    const db = new Database(file, { readonly: true })
    tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    db.close()
  } catch (cause) {
    throw new Mistake(`${file} cannot be read as an SQLite file. Choose another with LEEWAY_TOUR_FILE.`, { cause })
  }
  const names = tables.map((table) => /** @type {{ name: string }} */ (table).name)
  if (names.length > 0 && !names.includes(TABLE)) {
    throw new Mistake(`${file} is not a file of this tour. Choose another with LEEWAY_TOUR_FILE.`)
  }
}
