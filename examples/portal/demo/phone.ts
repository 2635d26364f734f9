/**
 * FOR SHOW ONLY. A phone for those who have none at hand: it keeps secrets in the clear and shows everybody their codes.
 * In the world outside, this is a person's phone and no part of a server.
 */

import { phone } from 'leeway/testing'
import { parseKeyUri } from 'leeway/totp'
import type { Db } from '../file.js'

export interface DemoCode {
  userId: string
  account: string
  code: string
}

export interface DemoPhone {
  scan(userId: string, keyUri: string): void
  codes(): readonly DemoCode[]
}

export function demoPhone(db: Db): DemoPhone {
  const insert = db.prepare('INSERT OR IGNORE INTO demo_phone VALUES (?, ?)')
  const select = db.prepare('SELECT key_uri, user_id FROM demo_phone ORDER BY rowid')
  return {
    scan: (userId, keyUri) => void insert.run(keyUri, userId),
    codes: () =>
      (select.all() as { key_uri: string; user_id: string }[]).map(({ key_uri: keyUri, user_id: userId }) => ({
        userId,
        account: parseKeyUri(keyUri).accountName,
        code: phone(keyUri).codeAt(Date.now()),
      })),
  }
}
