/**
 * One-time passwords by themselves: HOTP (RFC 4226), TOTP (RFC 6238), base32 (RFC 4648) and the key URIs of
 * authenticator apps. Pure and synchronous: bytes in, values out, the time an argument.
 *
 * @module
 */
export { decodeBase32, encodeBase32 } from './base32.js'
export { generateHotp, type HotpCheck, type HotpVerification, verifyHotp } from './hotp.js'
export type { Instant } from './instant.js'
export { formatKeyUri, type KeyUri, parseKeyUri } from './key-uri.js'
export type { DriftWindow, HashAlgorithm, HotpParameters, TotpParameters } from './parameters.js'
export { generateSecret } from './secret.js'
export {
  generateTotp,
  type PreparedTotp,
  prepareTotp,
  type TotpCheck,
  type TotpVerification,
  timeStepAt,
  verifyTotp,
} from './totp.js'
