// @ts-check
/**
 * A whole roll-out for 10,000 people on SQLite: read from CSV, tried out, given to everybody in a stream, reminded, and
 * reported as CSV. The clock is the example's own, so that it ends at once. `node examples/02-rollout.js [folder]`
 */
import assert from 'node:assert/strict'
import { createReadStream, createWriteStream, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { aesGcmCipher, createLeeway, resolveTerms } from 'leeway'
import { migrate, sqliteRepository } from 'leeway/sqlite'
import { phone } from 'leeway/testing'
import Database from 'libsql'

const DAY = 86_400_000
const PEOPLE = 10_000
const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'leeway-rollout-'))
const peopleFile = join(folder, 'people.csv')
const reportFile = join(folder, 'report.csv')

/** Monday, 4 January 2027, nine o'clock in Berlin. */
let now = Date.UTC(2027, 0, 4, 8)

/* ---------------------------------------------------- what the company's directory exports, made up for the example */

/** @param {number} at */
const teamOf = (at) => (at % 50 === 0 ? 'administrators' : at % 20 === 10 ? 'payroll' : 'everyone else')

/** @param {number} at */
function rowOf(at) {
  const joined = new Date(now - (at % 400) * DAY).toISOString().slice(0, 10)
  // Some names are what a spreadsheet would run.
  const id = at % 1000 === 999 ? `=cmd|'/c calc'!A${at}` : `user-${String(at).padStart(5, '0')}`
  return `"${id}","${teamOf(at)}","${joined}"\r\n`
}

writeFileSync(peopleFile, `id,team,joined\r\n${Array.from({ length: PEOPLE }, (_, at) => rowOf(at)).join('')}`)

/* ------------------------------------------------------------------------------------------------- the auth server */

const db = new Database(join(folder, 'leeway.db'))
await migrate(db)
const leeway = createLeeway({
  issuer: 'Example',
  repository: sqliteRepository(db),
  cipher: aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] }),
  clock: () => now,
  policy: {
    // Nobody is to be locked out of the room in which this is undone.
    protect: (userId) => userId === 'user-00000',
    maxGrantedDays: 90,
    reminders: { daysBefore: [7, 1] },
  },
})
const { rollout } = leeway

/* ------------------------------------------------------------------------------------- who gets which terms, and why */

/** A deadline falls at the end of a working day. @type {import('leeway').Calendar} */
const calendar = { timeZone: 'Europe/Berlin', avoid: ['saturday', 'sunday'], holidays: ['2027-01-06'] }
const announced = now

/** @typedef {{ id: string, team: string, joined: string }} Person */

/** Reads the people as they are needed, some rows at a time. @returns {AsyncIterable<Person>} */
const people = () => createReadStream(peopleFile).pipe(parse({ columns: true }))

/** What the directory said of whom the stream is at. @type {Map<string, Person>} */
const known = new Map()

async function* ids() {
  for await (const person of people()) {
    known.set(person.id, person)
    yield person.id
  }
}

/** @param {string} id */
function termsOf(id) {
  const person = /** @type {Person} */ (known.get(id))
  known.delete(id)
  /** @type {import('leeway').TermsLayer[]} */
  const layers = [
    {
      source: 'the company',
      scope: 'organization',
      terms: { period: { days: 60, calendar } },
      since: announced,
    },
  ]
  if (person.team === 'payroll') {
    layers.push({ source: 'payroll', scope: 'group', terms: { period: { days: 14, calendar } }, since: announced })
  }
  if (person.team === 'administrators') {
    const terms = /** @type {const} */ ({ period: 'none', selfEnrollment: 'with-pass' })
    layers.push({ source: 'administrators', scope: 'group', terms, since: announced })
  }
  return resolveTerms(layers, { now })
}

/** @param {string} text */
const note = (text) => console.log(`\n${text}`)

/* ---------------------------------------------------------------------------------------------------- 1: try it out */

const preview = await rollout.preview(ids(), termsOf)
note(`Preview: ${preview.users} people, ${preview.changed} would get terms`)
console.log(`  ${preview.stoppedNowCount} would be stopped at the next sign-in, from ${preview.stoppedNow[0]} on`)
console.log(`  ${preview.stoppedWithinSevenDays} within seven days, if nobody acted`)
console.log(`  ${preview.failedCount} cannot be given any:`, preview.failed)

/* ------------------------------------------------------------------------------------------------ 2: give it to all */

const { stdout } = process
const assigned = await rollout.assign(ids(), termsOf, {
  actor: 'olivia',
  reason: 'MFA for everybody, ticket 4711',
  onProgress: ({ done, changed }) => {
    const bar = '#'.repeat((done / PEOPLE) * 40).padEnd(40, '.')
    if (stdout.isTTY) stdout.write(`\r  ${bar} ${done} done, ${changed} changed`)
  },
})
note(`Assigned: ${assigned.done} done, ${assigned.changed} changed, ${assigned.failedCount} failed`)
assert.deepEqual(
  [assigned.changed, assigned.unchanged, assigned.failedCount],
  [preview.changed, preview.unchanged, preview.failedCount],
)

// A run that was cut off is gone on with by the same call: who has the terms is left alone.
const again = await rollout.assign(ids(), termsOf)
console.log(`  once more: ${again.changed} changed, ${again.unchanged} unchanged`)
assert.equal(again.changed, 0)

/* --------------------------------------------------------------- 3: two weeks in which people set up, and are reminded */

/** @param {number} at */
async function setUp(at) {
  const userId = `user-${String(at).padStart(5, '0')}`
  const pass = teamOf(at) === 'administrators' ? (await leeway.issuePass(userId)).pass : undefined
  const begun = await leeway.beginSetup(userId, { accountName: `${userId}@example.com`, pass })
  assert(begun.ok)
  assert((await leeway.confirmSetup(userId, phone(begun.setup.keyUri).codeAt(now))).ok)
}

/** @type {Map<string, string[]>} */
const sent = new Map()
for (let day = 0; day <= 14; day++) {
  for (let at = 10 * (day + 1); at < PEOPLE; at += 200) await setUp(at)
  // A job of every hour; here of every day.
  await rollout.sendReminders(async ({ userId, daysBefore, deadline }) => {
    // Here your mail goes out, with `key` as its idempotency key.
    const what = `${daysBefore} before ${new Date(deadline).toISOString()}`
    sent.set(what, [...(sent.get(what) ?? []), userId])
  })
  now += DAY
}
note('Reminders, by days before the deadline:')
for (const [what, users] of sent) console.log(`  ${what}: ${users.length}, ${users[0]} the first`)

/* ------------------------------------------------------------------------------------------------------ 4: report */

note('Where it stands:')
for (const [phase, count] of Object.entries(await rollout.counts())) if (count > 0) console.log(`  ${phase}: ${count}`)
const forecast = await rollout.forecast({ days: 60, timeZone: calendar.timeZone })
console.log(
  '  deadlines ahead:',
  forecast.filter(({ deadlines }) => deadlines > 0),
)
const progress = await rollout.progress({ days: 22, timeZone: calendar.timeZone })
note('Enrolled at the end of every third day:')
for (const { date, enrolled } of progress.filter((_, at) => at % 3 === 0)) console.log(`  ${date}  ${enrolled}`)

await pipeline(rollout.exportCsv(), createWriteStream(reportFile))

// Read back by a library that never heard of leeway.
let [rows, enrolled] = [0, 0]
/** @type {AsyncIterable<{ user_id: string, phase: string }>} */
const report = createReadStream(reportFile).pipe(parse({ columns: true }))
for await (const { user_id: userId, phase } of report) {
  rows += 1
  if (phase === 'enrolled') enrolled += 1
  assert(!userId.startsWith('='), 'no field is a formula')
}
note(`Report: ${rows} rows, ${enrolled} enrolled, in ${process.argv[2] ? reportFile : 'a folder for temporary files'}`)
const total = (await rollout.counts()).total
assert.equal(rows, total)
db.close()
