import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** Yours are in a database; one is enough here. */
const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>
const salt = randomBytes(16)
const ada = { id: 'ada', email: 'ada@example.com', hash: derive('correct horse battery staple', salt, 32) }

/** The user whose name and password these are, or null. Limit how often it may be asked. */
export async function withPassword(id: unknown, password: unknown): Promise<{ id: string; email: string } | null> {
  if (typeof id !== 'string' || typeof password !== 'string' || password.length > 1024) return null
  const isRight = timingSafeEqual(await ada.hash, await derive(password, salt, 32))
  return isRight && id === ada.id ? ada : null
}
