// @ts-check
import { phone } from 'leeway/testing'
import { timeStepAt } from 'leeway/totp'

/**
 * The tour's own phone, which answers when nobody types a code. It shows each code once: where it has shown the present
 * one already, the tour's clock is moved on to the next, by less than 30 seconds, instead of waiting for it.
 *
 * @param {import('./notes.js').Notes} notes
 * @param {(changes: Partial<import('./notes.js').Notes>) => void} note
 * @param {() => number} now
 */
export function nextCode(notes, note, now) {
  if (notes.keyUri === null) throw new Error('the phone has scanned nothing yet')
  const step = Math.max(timeStepAt(now()), notes.shownStep + 1)
  const waitMs = Math.max(0, step * 30_000 - now())
  // noted before it is shown: after a kill, the next code is another one in any case
  note({ shownStep: step, seconds: notes.seconds + Math.ceil(waitMs / 1000) })
  return { code: phone(notes.keyUri).codeAt(step * 30_000), waited: waitMs > 0 }
}
