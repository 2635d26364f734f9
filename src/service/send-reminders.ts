import { assertFunction, assertWhole } from '../assert.js'
import type { ReminderId } from '../enrollment/record.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import { platform, type Signal } from '../platform.js'
import type { DueQuery, DueReminder, EnrollmentDirectory } from '../ports/directory.js'
import type { Instant } from '../totp/instant.js'
import { readOptions, readSignal } from './arguments.js'
import { attempt, newVersion } from './attempt.js'
import { evidenceFrom } from './evidence.js'
import { guarded, hex, type Parts, readClock } from './parts.js'

/** What is to be sent to one user. */
export interface Reminder {
  /** the same for the same reminder, whoever sends it, 64 hexadecimal digits: receivers deduplicate by it */
  key: string
  userId: UserId
  deadline: Instant
  /** which of the policy's reminders it is; 0: the deadline's own */
  daysBefore: number
  /** whole days, rounded up, for display only; 0 once over */
  daysLeft: number
}

/** Sends one reminder. The signal is aborted when the claim on it ends, or the whole run is to end. */
export type SendReminder = (reminder: Reminder, context: { signal: Signal }) => Promise<void>

/** How many due reminders are asked for at a time. */
const PAGE = 500

/** Sends what is due: what `Rollout.sendReminders` does. */
export async function sendReminders(
  parts: Parts,
  directory: EnrollmentDirectory,
  send: unknown,
  options: unknown,
): Promise<{ sent: number; failed: number }> {
  assertFunction(send, 'send')
  const given = readOptions(options, ['signal', 'concurrency'])
  const signal = readSignal(given['signal'])
  const { concurrency = 8 } = given
  assertWhole(concurrency, 'options.concurrency', 1, 100)

  const done = { sent: 0, failed: 0 }
  const queue = dueReminders(parts, directory)
  const work = async () => {
    for await (const { userId } of queue) {
      if (signal?.aborted) return
      const outcome = await remind(parts, userId, send as SendReminder, signal)
      if (outcome !== 'none') done[outcome] += 1
    }
  }
  // All take from one queue, which the first that fails closes; what the others are sending is waited for.
  const ends = await Promise.allSettled(Array.from({ length: concurrency }, work))
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return done
}

/** Whose reminders are due, the earliest first, each once however it goes with it. */
async function* dueReminders(parts: Parts, directory: EnrollmentDirectory): AsyncGenerator<DueReminder> {
  let after: DueReminder | null = null
  for (;;) {
    const query: DueQuery = { now: readClock(parts), after, limit: PAGE }
    const page: readonly DueReminder[] = await guarded(
      'ERR_STORE',
      'the repository could not tell which reminders are due; see the cause',
      () => directory.due(query),
    )
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last
  }
}

/** Claims one user's reminder, sends it, and records that it was sent. */
async function remind(
  parts: Parts,
  userId: UserId,
  send: SendReminder,
  signal: Signal | undefined,
): Promise<'sent' | 'failed' | 'none'> {
  const { gather } = evidenceFrom(parts, userId, {})
  // Of the platform's randomness: two seeded processes must not take each other's claim for their own.
  const id = newVersion()
  try {
    const { outcome, now } = await attempt(parts, userId, { type: 'claim-reminder', id }, gather)
    if (outcome.claimed === null) return 'none'
    const { daysLeft, ...reminder } = outcome.claimed
    const key = await keyOf(userId, reminder)
    const end = signal?.aborted
      ? 'none'
      : await sendOnce({ key, userId, ...reminder, daysLeft }, send, claimLeftMs(parts, now), signal)
    await attempt(parts, userId, { type: 'settle-reminder', id, reminder, sent: end === 'sent' }, gather)
    return end
  } catch (error) {
    // One user's record, or other writes for him, must not keep the others from being reminded.
    if (error instanceof LeewayError && error.code !== 'ERR_STORE') return 'failed'
    throw error
  }
}

/** How much is left of a claim of this instant: storing it took time, and a clock that went back gives none. */
function claimLeftMs(parts: Parts, claimedAt: Instant): number {
  const { leaseMs } = parts.policy.reminders
  return Math.min(leaseMs, claimedAt + leaseMs - readClock(parts))
}

/** Whether `send` got it done before the claim ended; where none of it is left, it is not begun. */
function sendOnce(
  reminder: Reminder,
  send: SendReminder,
  leftMs: number,
  signal: Signal | undefined,
): Promise<'sent' | 'failed'> {
  if (leftMs <= 0) return Promise.resolve('failed')
  const controller = new platform.AbortController()
  const abort = () => controller.abort(signal?.reason)
  return new Promise((resolve) => {
    const timer = platform.setTimeout(() => {
      controller.abort(new LeewayError('ERR_CONTENDED', 'the claim on this reminder has ended'))
      settle('failed')
    }, leftMs)
    function settle(end: 'sent' | 'failed'): void {
      platform.clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      resolve(end)
    }
    signal?.addEventListener('abort', abort)
    const sending = async () => send(reminder, { signal: controller.signal })
    sending().then(
      () => settle('sent'),
      () => settle('failed'),
    )
  })
}

/** A name for this reminder of this user, which tells nothing of either: the SHA-256 of both. */
async function keyOf(userId: UserId, { deadline, daysBefore }: ReminderId): Promise<string> {
  const text = new platform.TextEncoder().encode(`leeway reminder\n${deadline}\n${daysBefore}\n${userId}`)
  return hex(new Uint8Array(await platform.crypto.subtle.digest('SHA-256', text)))
}
