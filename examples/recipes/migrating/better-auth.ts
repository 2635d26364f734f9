import { symmetricDecrypt } from 'better-auth/crypto'
import type { Leeway } from 'leeway'
import { decodeBase32, timeStepAt } from 'leeway/totp'

/** A row of better-auth's table `twoFactor`. */
export interface TwoFactorRow {
  userId: string
  secret: string
  backupCodes: string
  /** not in tables of older releases, where there was no row before the first code */
  verified?: boolean | null
}

// #region better-auth
export interface Cutover {
  /** what better-auth has as its `secret` */
  key: string
  /** when the last process ended that took codes by better-auth; milliseconds */
  takenUntil: number
}

/** Brings one user over; does nothing where that is done. */
export async function importTwoFactor(
  leeway: Leeway,
  row: TwoFactorRow,
  { key, takenUntil }: Cutover,
): Promise<boolean> {
  // Set-up was begun there, and no code ever shown.
  if (row.verified === false) return false
  const secret = await symmetricDecrypt({ key, data: row.secret })
  const { changed } = await leeway.importAuthenticator(
    row.userId,
    {
      // The text itself is the key, but for those that better-auth had from yet another system.
      secret: secret.startsWith('base32:') ? decodeBase32(secret.slice(7)) : Buffer.from(secret, 'utf8'),
      // It does not record which codes were used, and takes that of the next step too.
      lastTimeStep: timeStepAt(takenUntil) + 1,
      recoveryCodes: JSON.parse(await symmetricDecrypt({ key, data: row.backupCodes })),
    },
    { actor: 'migration', reason: 'from better-auth' },
  )
  return changed
}
// #endregion
