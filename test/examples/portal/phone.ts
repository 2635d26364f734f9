import { execFileSync } from 'node:child_process'
import Database from 'libsql'

/** An authenticator that knows nothing of leeway: oathtool. Each code is asked for once, as each is accepted once. */
export interface Phone {
  secret: string
  /** the code of now; of the next half minute where this one was asked for already */
  next(): string
  /** the last one again */
  again(): string
  /** a code that is none of the ones near */
  wrong(): string
}

const PERIOD_MS = 30_000

export function phone(keyUri: string): Phone {
  const secret = new URL(keyUri).searchParams.get('secret') ?? ''
  const codeAt = (step: number): string => {
    const at = new Date(step * PERIOD_MS).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
    return execFileSync('oathtool', ['--totp', '-b', '--now', at, secret], { encoding: 'utf8' }).trim()
  }
  let last = 0
  return {
    secret,
    next() {
      last = Math.max(last + 1, Math.floor(Date.now() / PERIOD_MS))
      return codeAt(last)
    },
    again: () => codeAt(last),
    wrong() {
      const now = Math.floor(Date.now() / PERIOD_MS)
      const near = new Set([-2, -1, 0, 1, 2].map((steps) => codeAt(now + steps)))
      return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.has(code)) ?? ''
    },
  }
}

/** The authenticator that the demo's own phone has of somebody. */
export function demoPhoneOf(file: string, userId: string): Phone {
  const db = new Database(file, { readonly: true })
  const row = db.prepare('SELECT key_uri FROM demo_phone WHERE user_id = ?').get(userId) as { key_uri: string }
  db.close()
  return phone(row.key_uri)
}
