import type { Problem } from '../api.js'
import { duration, many } from '../views/words.js'

/** What a refused code, recovery code or pass is told with. */
export function refusalWords({ reason, triesLeft, clockOffsetSeconds, retryAt }: Problem, now: number): string {
  switch (reason) {
    case 'invalid-code':
      return [
        'That code is not right.',
        clockWords(clockOffsetSeconds ?? null) ?? 'Take the one the app shows now; each is accepted once.',
        triesLeft === undefined ? '' : triesWords(triesLeft),
      ]
        .filter(Boolean)
        .join(' ')
    case 'locked':
      return `Too many wrong codes. They are looked at again in ${duration(Date.parse(retryAt ?? '') - now)}.`
    case 'disabled':
      return 'Codes do not work for this account any more, after too many wrong ones. The help desk can open it.'
    case 'pass-required':
      return 'Type the pass that the help desk gave you.'
    case 'invalid-pass':
      return 'That pass is not right, or it has been used or is too old. The help desk can give you another.'
    case 'proof-required':
      return 'Type a code of an authenticator you have, or a recovery code.'
    case 'too-many-authenticators':
      return 'You have as many authenticators as are allowed. Remove one first.'
    case 'last-authenticator':
      return 'It is your only one, and two-step sign-in is required: add another before you remove it.'
    case 'session-not-raised':
      return 'We could not go on just now. Try again with the next code.'
    default:
      return 'That did not work. Load the page again, and try once more.'
  }
}

function triesWords(left: number): string {
  return left === 0 ? 'That was the last try for this set-up: begin it again.' : `${many(left, 'try', 'tries')} left.`
}

function clockWords(seconds: number | null): string | null {
  if (seconds === null) return null
  const off =
    Math.abs(seconds) < 90 ? many(Math.abs(seconds), 'second') : many(Math.round(Math.abs(seconds) / 60), 'minute')
  const way = seconds > 0 ? 'fast' : 'slow'
  return `It is right for another time: your device’s clock is about ${off} ${way}. Let it set its time by itself, then try again.`
}
