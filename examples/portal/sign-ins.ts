import type { SignInDecision } from 'leeway'
import type { Db } from './file.js'

type Outcome = SignInDecision['action']

/** What right passwords led to: leeway decides it, who wants to know about it keeps it. */
export interface SignIns {
  note(at: number, userId: string, outcome: Outcome): void
  /** who was stopped from this instant on, the latest first, each once */
  stoppedSince(from: number): readonly { userId: string; at: number }[]
  /**
   * Counts a password before it is looked at, so that many at once count too; false where there were too many of this
   * address of late. A right one clears the count.
   */
  mayTry(email: string): boolean
  rightPassword(email: string): void
}

const WRONG_PASSWORDS = 10
const WITHIN_MS = 15 * 60_000

export function signInLog(db: Db): SignIns {
  const insert = db.prepare('INSERT INTO portal_sign_ins VALUES (?, ?, ?)')
  const stopped = db.prepare(
    `SELECT user_id AS userId, max(at) AS at FROM portal_sign_ins
     WHERE at >= ? AND outcome = 'require-setup' GROUP BY user_id ORDER BY at DESC`,
  )
  const tried = db.prepare(
    `INSERT INTO portal_wrong_passwords VALUES (?1, 1, ?2) ON CONFLICT (email) DO UPDATE SET
       count = CASE WHEN since > ?2 - ${WITHIN_MS} THEN count + 1 ELSE 1 END,
       since = CASE WHEN since > ?2 - ${WITHIN_MS} THEN since ELSE ?2 END RETURNING count`,
  )
  const right = db.prepare('DELETE FROM portal_wrong_passwords WHERE email = ?')
  const key = (email: string) => email.trim().toLowerCase().slice(0, 255)
  return {
    note: (at, userId, outcome) => void insert.run(at, userId, outcome),
    stoppedSince: (from) => stopped.all(from) as { userId: string; at: number }[],
    mayTry: (email) => (tried.get(key(email), Date.now()) as { count: number }).count <= WRONG_PASSWORDS,
    rightPassword: (email) => void right.run(key(email)),
  }
}
