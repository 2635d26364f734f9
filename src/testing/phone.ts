import {
  decodeBase32,
  type Instant,
  type KeyUri,
  parseKeyUri,
  prepareTotp,
  type TotpParameters,
} from '../totp/index.js'

/** An authenticator app with one account. */
export interface Phone {
  /** The code that the app shows at this instant. */
  codeAt(now: Instant): string
}

/**
 * An authenticator app for tests: takes what a user would scan or type and shows codes.
 *
 * `secretOrKeyUri` is the key URI (`otpauth://totp/…`, whose algorithm, digits and period it follows), the secret in
 * base32 as `beginSetup` gives it, or the secret's bytes; the last two mean SHA-1, six digits and 30 seconds. Throws a
 * `TypeError` or `RangeError` for another, as `parseKeyUri` and `decodeBase32` do.
 *
 * @example
 * ```ts
 * console.log(phone('JBSWY3DPEHPK3PXP').codeAt(0)) // 282760
 * ```
 */
export function phone(secretOrKeyUri: string | Uint8Array): Phone {
  const { secret, algorithm, digits, period } = scan(secretOrKeyUri)
  const totp = prepareTotp(secret, { algorithm, digits, period })
  return Object.freeze({ codeAt: (now: Instant) => totp.generate(now) })
}

function scan(secretOrKeyUri: string | Uint8Array): Pick<KeyUri, 'secret'> & TotpParameters {
  if (typeof secretOrKeyUri !== 'string') return { secret: secretOrKeyUri }
  return /^otpauth:/i.test(secretOrKeyUri) ? parseKeyUri(secretOrKeyUri) : { secret: decodeBase32(secretOrKeyUri) }
}
