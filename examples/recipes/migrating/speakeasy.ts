import type { TotpParameters } from 'leeway'
import { decodeBase32 } from 'leeway/totp'

/** What the old code handed to `speakeasy.totp.verify`, besides the code. */
export interface SpeakeasySettings {
  /** how the secret is written; speakeasy takes it for ascii where nothing is said */
  encoding?: 'ascii' | 'hex' | 'base32'
  algorithm?: 'sha1' | 'sha256' | 'sha512'
  digits?: 6 | 7 | 8
  /** seconds */
  step?: number
  /** seconds */
  epoch?: number
}

// #region speakeasy
/** The key that speakeasy computed with, and that is on the phone. */
export function secretOf(stored: string, encoding: SpeakeasySettings['encoding'] = 'ascii'): Uint8Array {
  switch (encoding) {
    case 'ascii':
      // A byte for each character: what looks like a password, and even like base32, is the key itself.
      return Buffer.from(stored, 'latin1')
    case 'hex':
      // Node stops at the first character that is no digit, and the rest of the key would be missing.
      if (!/^([0-9a-f]{2})+$/i.test(stored)) throw new RangeError('a secret is not hexadecimal')
      return Buffer.from(stored, 'hex')
    case 'base32':
      return decodeBase32(stored)
  }
}

export function parametersOf({
  algorithm = 'sha1',
  digits = 6,
  step = 30,
  epoch = 0,
}: SpeakeasySettings): TotpParameters {
  const names = { sha1: 'SHA1', sha256: 'SHA256', sha512: 'SHA512' } as const
  return { algorithm: names[algorithm], digits, period: step, t0: epoch }
}
// #endregion
