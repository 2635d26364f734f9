// #region otplib-12
/** The key that `totp` of otplib 12 computed with; `authenticator` has base32, and is `decodeBase32(stored)`. */
export function secretOf(
  stored: string,
  {
    encoding = 'ascii',
    algorithm = 'sha1',
  }: { encoding?: 'ascii' | 'hex'; algorithm?: 'sha1' | 'sha256' | 'sha512' } = {},
): Uint8Array {
  const bytes = Buffer.from(stored, encoding === 'hex' ? 'hex' : 'latin1')
  // What is shorter than the hash is said again, once for each character that it lacks, and cut to that length.
  const length = { sha1: 20, sha256: 32, sha512: 64 }[algorithm]
  const lacking = length - stored.length
  return lacking > 0 ? Buffer.concat(Array(lacking).fill(bytes)).subarray(0, length) : bytes
}
// #endregion
