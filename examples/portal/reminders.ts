import type { Reminder } from 'leeway'
import type { Mail } from './outbox.js'
import { nameOf, type User } from './users.js'
import { lastDay, timeLeft, ZONE_NAME } from './views/words.js'

/** A reminder as a mail. Its key is the reminder's, so that none goes out twice. */
export function reminderMail({ key, userId, deadline }: Reminder, user: User, now: number): Mail {
  return {
    key,
    at: now,
    userId,
    subject: `Two-step sign-in: ${timeLeft(deadline, now)}`,
    body: `Hello ${nameOf(user)}, set up two-step sign-in until ${lastDay(deadline)} (${ZONE_NAME}). It takes three minutes: sign in and choose “Set up now”.`,
  }
}
