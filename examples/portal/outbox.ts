import type { Db } from './file.js'

/** A mail that a real portal would have sent. */
export interface Mail {
  key: string
  at: number
  userId: string
  subject: string
  body: string
}

/** The demo sends no mail: it keeps what it would send. */
export interface Outbox {
  /** a mail with a key that was used before is the same mail, and is not sent again */
  send(mail: Mail): void
  latest(): readonly Mail[]
}

export function outbox(db: Db): Outbox {
  const insert = db.prepare('INSERT OR IGNORE INTO portal_outbox VALUES (?, ?, ?, ?, ?)')
  const latest = db.prepare(
    'SELECT key, at, user_id AS userId, subject, body FROM portal_outbox ORDER BY at DESC, key LIMIT 200',
  )
  return {
    send: ({ key, at, userId, subject, body }) => void insert.run(key, at, userId, subject, body),
    latest: () => latest.all() as Mail[],
  }
}
