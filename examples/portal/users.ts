import { hash, verify } from '@node-rs/argon2'
import type { Db } from './file.js'

/** An account of the portal. What leeway knows of it, leeway keeps, under the same id. */
export interface User {
  id: string
  /** empty where nobody has given one */
  name: string
  email: string
  team: string
  administrator: boolean
}

/** The portal's accounts. */
export interface Users {
  find(id: string): User | null
  all(): readonly User[]
  /** the user whose password this is, null for anybody else's; the answer takes as long either way */
  withPassword(email: string, password: string): Promise<User | null>
  add(user: User, passwordHash: string): void
}

interface Row extends Omit<User, 'administrator'> {
  administrator: number
  password_hash: string
}

/** Argon2id with 19 MiB and two passes, as OWASP's cheat sheet for storing passwords has it: the library's default. */
export const hashPassword = (password: string): Promise<string> => hash(password)

export function userStore(db: Db): Users {
  const byId = db.prepare('SELECT * FROM portal_users WHERE id = ?')
  const byEmail = db.prepare('SELECT * FROM portal_users WHERE email = ?')
  const everybody = db.prepare('SELECT * FROM portal_users ORDER BY id')
  const insert = db.prepare('INSERT INTO portal_users VALUES (?, ?, ?, ?, ?, ?)')
  // Checked where there is no such account, so that the time an answer takes does not tell.
  const nobodys = hashPassword('nobody has this password')

  return {
    find(id) {
      const row = byId.get(id) as Row | undefined
      return row ? userOf(row) : null
    },
    all: () => (everybody.all() as Row[]).map(userOf),
    async withPassword(email, password) {
      const row = byEmail.get(email.trim().toLowerCase()) as Row | undefined
      const isRight = await verify(row?.password_hash ?? (await nobodys), password)
      return row && isRight ? userOf(row) : null
    },
    add: ({ id, name, email, team, administrator }, passwordHash) =>
      void insert.run(id, name, email, team, administrator ? 1 : 0, passwordHash),
  }
}

function userOf({ id, name, email, team, administrator }: Row): User {
  return { id, name, email, team, administrator: administrator === 1 }
}

/** What a user is called on a page. */
export function nameOf({ name, email }: Pick<User, 'name' | 'email'>): string {
  return name === '' ? email : name
}
