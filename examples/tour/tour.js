// @ts-check
/**
 * A guided tour of leeway in the terminal, on an SQLite file: `npm run tour`. With `--reset` it starts over. The file is
 * tour.db beside this one, or LEEWAY_TOUR_FILE.
 */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { aesGcmCipher, createLeeway } from 'leeway'
import { migrate, sqliteRepository } from 'leeway/sqlite'
import { date, tourClock } from './clock.js'
import { Mistake, openFile, removeFile, START_OVER } from './notes.js'
import * as screen from './screen.js'
import { STORY_STEPS, stepNamed, stepToResumeAt } from './steps.js'

/** A story of 30 days that begins 12 days ago does not wait longer than this between two runs. */
const STALE_AFTER_MS = 14 * 24 * 60 * 60 * 1000

const file = process.env.LEEWAY_TOUR_FILE || fileURLToPath(new URL('tour.db', import.meta.url))

/**
 * What a server does once, when it starts.
 *
 * @param {import('libsql').Database} db
 * @param {Uint8Array} key
 * @param {() => number} clock
 */
async function openLeeway(db, key, clock) {
  await migrate(db)
  return createLeeway({
    issuer: 'leeway tour',
    repository: sqliteRepository(db),
    cipher: aesGcmCipher({ keys: [{ id: '2026-11', key }] }), // yours comes from your secret store
    clock, // only because this tour moves it: leave it out
  })
}

async function main() {
  const options = process.argv.slice(2)
  if (options.some((option) => option !== '--reset')) throw new Mistake('The tour takes one option: --reset.')
  if (options.includes('--reset')) removeFile(file)

  const { key, notes, note, forLeeway } = openFile(file)
  if (notes.step === 'done') return screen.say(`Everything has been shown. ${START_OVER}`)
  if (Date.now() - notes.begun > STALE_AFTER_MS) {
    throw new Mistake(`This tour was begun more than 14 days ago; its deadlines are past. ${START_OVER}`)
  }
  const now = tourClock(notes)
  const leeway = await openLeeway(forLeeway, key, now)
  const tour = { leeway, notes, note, now }

  screen.title('leeway: multi-factor authentication without locking people out')
  if (notes.step === 'assign') {
    screen.say(
      `A tour in ${STORY_STEPS.length} steps. It keeps everything in ${relative('', file)}, and the key beside it. Stop it ` +
        "whenever you like, it goes on from there. The tour's clock is moved, as it says each time: your phone's is not.",
    )
    screen.code(openLeeway)
    await pause()
  } else {
    note({ step: await stepToResumeAt(tour) })
    screen.say(`The tour goes on where it was left. ${START_OVER}`)
  }

  while (notes.step !== 'done') await play(tour)

  screen.say(
    'That was all. Read on: README.md has it in twenty lines, with stores and frameworks; SECURITY.md says what is ' +
      `promised and what is not; \`npm run docs\` makes the reference. ${START_OVER}`,
  )
}

/** @param {import('./steps.js').Tour} tour */
async function play({ leeway, notes, note, now }) {
  const { title, day, text, prepare, run, tell } = stepNamed(notes.step)
  const at = STORY_STEPS.indexOf(notes.step)
  screen.heading(at < 0 ? 'Aside' : `Step ${at + 1} of ${STORY_STEPS.length}`, title)
  if (day !== undefined && day !== notes.days) {
    screen.say(
      `The tour moves its clock ${day - notes.days} days on. It is ${date(Date.now() + day * 86_400_000)} now.`,
    )
    note({ days: day, seconds: 0 })
  } else if (day !== undefined && day !== 0) {
    screen.say(`It is ${date(now())} here: ${Math.abs(day)} days ${day < 0 ? 'before' : 'after'} today.`)
  }
  screen.say(text)
  screen.code(run)

  const input = await prepare?.({ leeway, notes, note, now })
  const result = await run(leeway, input)
  const told = tell(result, { leeway, notes, note, now }, input)
  if (told.answer !== undefined) screen.answer(told.answer)
  if (told.picture !== undefined) screen.picture(told.picture)
  if (told.list !== undefined) screen.list(told.list)
  screen.outcome(told.say)

  const next = told.goTo ?? STORY_STEPS[at + 1]
  // without a person it would be the same answer for ever
  if (next === notes.step && !screen.interactive) throw new Mistake(`The tour's own answer was refused. ${START_OVER}`)
  note({ ...told.note, step: next })
  if (next !== 'done') await pause()
}

/** Leaves time to read, where somebody reads. */
async function pause() {
  await screen.ask('Enter goes on, Ctrl-C stops here.')
}

process.once('SIGINT', leave)

function leave() {
  screen.say('The tour stops here. `npm run tour` goes on from this step.')
  process.exit(0)
}

try {
  await main()
} catch (error) {
  if (error instanceof screen.Leave) leave()
  if (!(error instanceof Mistake)) throw error
  screen.say(error.message)
  process.exitCode = 1
}
