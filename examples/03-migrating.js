// @ts-check
/**
 * An auth server moves its users from otplib to leeway while it runs: docs/migrating.md says why each step is as it is.
 * What it had is made with otplib itself; the move is killed half-way and run again. The clock is the example's own, so
 * that it ends at once. `node examples/03-migrating.js`
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { aesGcmCipher, createLeeway } from 'leeway'
import { migrate, sqliteRepository } from 'leeway/sqlite'
import { decodeBase32, timeStepAt } from 'leeway/totp'
import Database from 'libsql'
import { generateSecret, generateSync, verifySync } from 'otplib'

const DAY = 86_400_000
const STEP = 30_000
const PEOPLE = 300
/** What an environment variable or a vault holds; both processes of this example need the same. */
const KEY = process.env.LEEWAY_KEY ?? randomBytes(32).toString('base64')

/** @typedef {{ id: string, otp_secret: string | null, otp_confirmed_at: number | null, otp_last_step: number | null, otp_recovery_codes: string, otp_moved_at: number | null }} Row */

const [, , job, folder = mkdtempSync(join(tmpdir(), 'leeway-migrating-')), clock, killedAt] = process.argv
let now = Number(clock ?? Date.UTC(2027, 0, 4, 9))

/* ------------------------------------------------------------------------- what there was: otplib and a few columns */

const old = new Database(join(folder, 'old.db'))
// One process moves people while others sign them in.
old.exec('PRAGMA busy_timeout = 10000')

function makeOldUsers() {
  old.exec(`CREATE TABLE users (
    id TEXT PRIMARY KEY, otp_secret TEXT, otp_confirmed_at INTEGER, otp_last_step INTEGER,
    otp_recovery_codes TEXT NOT NULL DEFAULT '[]'
  )`)
  const insert = old.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?)')
  old.transaction(() => {
    for (let at = 0; at < PEOPLE; at++) {
      const id = `user-${String(at).padStart(3, '0')}`
      const codes = JSON.stringify(
        ['1f3a-9c07-b2d4', '77aa-0e1b-c9f2'].map((code) => `${code}-${String(at).padStart(4, '0')}`),
      )
      // Of three people one has set up, one has begun and never confirmed, one has nothing.
      if (at % 3 === 0) insert.run(id, generateSecret(), now - 100 * DAY, null, codes)
      else insert.run(id, at % 3 === 1 ? generateSecret() : null, null, null, '[]')
    }
  })()
}

/** @param {string} id */
const oldRow = (id) => /** @type {Row} */ (old.prepare('SELECT * FROM users WHERE id = ?').get(id))

// #region old
/**
 * Sign-in as it was, with one condition more: whoever has moved is leeway's. The check and the record of the step are one
 * statement, so that a code is taken here or there, whichever process asks.
 *
 * @param {string} id
 * @param {string} token
 */
function verifyWithOtplib(id, token) {
  const { otp_secret: secret, otp_last_step: last } = oldRow(id)
  const result = verifySync({
    secret: secret ?? '',
    token,
    epoch: now / 1000,
    epochTolerance: 30,
    ...(last !== null && { afterTimeStep: last }),
  })
  if (!result.valid || !('timeStep' in result)) return false
  const record = `UPDATE users SET otp_last_step = ? WHERE id = ? AND otp_last_step IS ? AND otp_moved_at IS NULL`
  return old.prepare(record).run(result.timeStep, id, last).changes === 1
}
// #endregion

/* ------------------------------------------------------------------------------------------------- what there will be */

const db = new Database(join(folder, 'leeway.db'))
await migrate(db)
const leeway = createLeeway({
  issuer: 'Example', // as the old key URIs had it, for those who set up anew
  repository: sqliteRepository(db),
  cipher: aesGcmCipher({ keys: [{ id: 'k1', key: Buffer.from(KEY, 'base64') }] }),
  clock: () => now,
  // What otplib's tolerance of 30 seconds accepted.
  policy: { totp: { window: { past: 1, future: 1 } } },
})

// #region move
/**
 * From here on the old sign-in takes nothing of this user's: what it took last is in the row that this answers.
 *
 * @param {string} id
 */
function takeOver(id) {
  old.prepare('UPDATE users SET otp_moved_at = coalesce(otp_moved_at, ?) WHERE id = ?').run(now, id)
  return oldRow(id)
}

/**
 * Brings a user over that was taken over; does nothing where that is done. By as many processes as you like.
 *
 * @param {Row} row
 */
async function bring(row) {
  // A secret that was never confirmed is on no phone: leeway asks its user to set up.
  if (row.otp_secret === null || row.otp_confirmed_at === null) return false
  const authenticator = {
    secret: decodeBase32(row.otp_secret),
    boundAt: row.otp_confirmed_at,
    lastTimeStep: row.otp_last_step ?? undefined,
    recoveryCodes: JSON.parse(row.otp_recovery_codes),
  }
  const { changed } = await leeway.importAuthenticator(row.id, authenticator, { actor: 'migration' })
  return changed
}
// #endregion

/** The ids of everybody, a page at a time. @returns {Iterable<string>} */
function* everybody() {
  const page = old.prepare('SELECT id FROM users WHERE id > ? ORDER BY id LIMIT 50').pluck()
  for (let ids = page.all(''); ids.length > 0; ids = page.all(ids.at(-1))) yield* /** @type {string[]} */ (ids)
}

/* ------------------------------------------------------------------------------- the job that moves everybody at once */

if (job === 'move') {
  let moved = 0
  for (const id of everybody()) {
    const row = takeOver(id)
    // The worst moment: the old sign-in refuses, and leeway does not know yet.
    if (id === killedAt) process.kill(process.pid, 'SIGKILL')
    if (await bring(row)) moved++
  }
  process.stdout.write(`${moved}`)
  process.exit()
}

/** Runs the job in a process of its own, which is killed at one user. @param {string} [killed] */
function runJob(killed = '') {
  const { signal, stdout } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), 'move', folder, `${now}`, killed],
    { env: { ...process.env, LEEWAY_KEY: KEY }, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
  )
  return { signal, moved: Number(stdout) }
}

/* ------------------------------------------------------------------------------------------------------- the change-over */

makeOldUsers()
const ids = [...everybody()]
const had = ids.filter((id) => oldRow(id).otp_confirmed_at !== null)
const secretOf = (/** @type {string} */ id) => oldRow(id).otp_secret ?? ''
const codeOf = (/** @type {string} */ id) => generateSync({ secret: secretOf(id), epoch: now / 1000 })

// 1. One column more, and the old sign-in looks at it. This is deployed everywhere before anybody moves.
old.exec('ALTER TABLE users ADD COLUMN otp_moved_at INTEGER')
const [ada = '', ben = '', cleo = ''] = had
assert.equal(verifyWithOtplib(ada, codeOf(ada)), true)

// 2. Whoever signs in is moved on the way.
assert.equal(await bring(takeOver(ada)), true)
assert.equal((await leeway.signIn(ada)).action, 'challenge')
assert.equal(verifyWithOtplib(ada, codeOf(ada)), false)
// The code that the old system took a moment ago is used up here too.
assert.deepEqual(await leeway.verifyCode(ada, codeOf(ada)), { ok: false, reason: 'invalid-code' })

// 3. Everybody else by a job. It is killed half-way, and run again.
const half = had[50] ?? ''
assert.equal(runJob(half).signal, 'SIGKILL')
const before = (await leeway.rollout.counts()).enrolled
assert.equal(before, 50)
// Whom it died at signs in meanwhile: neither lets him in without a code.
assert.equal(verifyWithOtplib(half, codeOf(half)), false)
assert.equal(await bring(takeOver(half)), true)
assert.equal((await leeway.signIn(half)).action, 'challenge')
assert.deepEqual(runJob(), { signal: null, moved: had.length - 51 })
assert.deepEqual(runJob(), { signal: null, moved: 0 })
console.log(`${had.length} moved, ${before} of them before the job was killed; none twice`)

// 4. The phones go on as they were; a code works once, and so does a recovery code that was printed years ago.
now += STEP
for (const id of had) assert.equal((await leeway.verifyCode(id, codeOf(id))).ok, true)
assert.deepEqual(await leeway.verifyCode(ada, codeOf(ada)), { ok: false, reason: 'invalid-code' })
const [printed = ''] = JSON.parse(oldRow(ben).otp_recovery_codes)
assert.equal((await leeway.useRecoveryCode(ben, printed.toUpperCase())).ok, true)
assert.deepEqual(await leeway.useRecoveryCode(ben, printed), { ok: false, reason: 'invalid-code' })
console.log(`${had.length} phones go on as they were`)

// 5. Who had not set up gets time for it. Who had is required to keep what he has.
const rolledOut = await leeway.rollout.assign(
  ids,
  { period: { days: 30 } },
  { actor: 'root', reason: 'MFA for everybody' },
)
assert.deepEqual([rolledOut.changed, rolledOut.failedCount], [PEOPLE, 0])
const counts = await leeway.rollout.counts()
assert.deepEqual([counts.enrolled, counts['enrollment-period']], [had.length, PEOPLE - had.length])
console.log(`${counts['enrollment-period']} have 30 days to set up`)

// 6. And back, while the old columns are there: the old code takes whatever leeway has not seen.
const goBack = old.prepare(
  'UPDATE users SET otp_moved_at = NULL, otp_last_step = max(coalesce(otp_last_step, 0), ?) WHERE id = ?',
)
goBack.run(timeStepAt(now) + 1, cleo)
assert.equal(verifyWithOtplib(cleo, codeOf(cleo)), false)
now += 2 * STEP
assert.equal(verifyWithOtplib(cleo, codeOf(cleo)), true)
console.log('and the old sign-in works again')

old.close()
db.close()
rmSync(folder, { recursive: true })
