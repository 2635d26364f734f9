import { createHash, randomBytes } from 'node:crypto'
import type { SessionLevel } from 'leeway/http'
import type { Db } from './file.js'

/** One browser that has signed in. */
export interface Session {
  /** what its cookie holds */
  id: string
  userId: string
  level: SessionLevel
  /** when it was made or last raised */
  signedInAt: number
  /** the set-up that it began; whoever knows this id sees the secret, so it never leaves the server */
  setupId: string | null
}

/** The portal's sessions, in the same file as everything else. */
export interface Sessions {
  begin(session: Omit<Session, 'id' | 'setupId'>): Session
  find(id: string): Session | null
  /** raises it to 'mfa' under a new id; throws if it is gone */
  raise(session: Session, signedInAt: number): Session
  end(id: string): void
  /** ends the user's sessions but for this one */
  endOthers(userId: string, keep: string | null): void
  rememberSetup(id: string, setupId: string | null): void
  /** leaves a message for the next page */
  leaveNote(id: string, note: string): void
  takeNote(id: string): string | null
}

const MINUTE = 60_000
/** Gone after an hour in which nothing was asked for, and after twelve in any case. */
const IDLE_MS = 60 * MINUTE
const LONGEST_MS = 12 * 60 * MINUTE

interface Row {
  user_id: string
  level: SessionLevel
  signed_in_at: number
  setup_id: string | null
  note: string | null
  seen_at: number
}

export function sessionStore(db: Db): Sessions {
  const insert = db.prepare('INSERT INTO portal_sessions VALUES (?, ?, ?, ?, NULL, NULL, ?, ?)')
  const alive = db.prepare('SELECT * FROM portal_sessions WHERE digest = ? AND seen_at > ? AND made_at > ?')
  const see = db.prepare('UPDATE portal_sessions SET seen_at = ? WHERE digest = ?')
  const raise = db.prepare("UPDATE portal_sessions SET digest = ?, level = 'mfa', signed_in_at = ? WHERE digest = ?")
  const end = db.prepare('DELETE FROM portal_sessions WHERE digest = ?')
  const endOthers = db.prepare('DELETE FROM portal_sessions WHERE user_id = ? AND digest <> ?')
  const endOld = db.prepare('DELETE FROM portal_sessions WHERE seen_at <= ? OR made_at <= ?')
  const remember = db.prepare('UPDATE portal_sessions SET setup_id = ? WHERE digest = ?')
  const note = db.prepare('UPDATE portal_sessions SET note = ? WHERE digest = ?')
  const find = (id: string, now: number) => alive.get(digestOf(id), now - IDLE_MS, now - LONGEST_MS) as Row | undefined

  return {
    begin({ userId, level, signedInAt }) {
      const id = newId()
      const now = Date.now()
      endOld.run(now - IDLE_MS, now - LONGEST_MS)
      insert.run(digestOf(id), userId, level, signedInAt, now, now)
      return { id, userId, level, signedInAt, setupId: null }
    },
    find(id) {
      const now = Date.now()
      const row = find(id, now)
      if (!row) return null
      if (now - row.seen_at > MINUTE) see.run(now, digestOf(id))
      return { id, userId: row.user_id, level: row.level, signedInAt: row.signed_in_at, setupId: row.setup_id }
    },
    raise(session, signedInAt) {
      const id = newId()
      const { changes } = raise.run(digestOf(id), signedInAt, digestOf(session.id))
      if (changes !== 1) throw new Error('the session is gone')
      return { ...session, id, level: 'mfa', signedInAt }
    },
    end: (id) => void end.run(digestOf(id)),
    endOthers: (userId, keep) => void endOthers.run(userId, keep === null ? '' : digestOf(keep)),
    rememberSetup(id, setupId) {
      const { changes } = remember.run(setupId, digestOf(id))
      if (changes !== 1) throw new Error('the session is gone')
    },
    leaveNote: (id, text) => void note.run(text, digestOf(id)),
    takeNote(id) {
      const text = find(id, Date.now())?.note ?? null
      if (text !== null) note.run(null, digestOf(id))
      return text
    },
  }
}

/** 256 random bits. */
const newId = (): string => randomBytes(32).toString('base64url')

const digestOf = (id: string): string => createHash('sha256').update(id).digest('base64url')
