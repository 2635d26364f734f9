import { assertObject, assertText, assertWhole } from '../assert.js'
import { encodeBase32, readBase32 } from './base32.js'
import { ALGORITHMS, assertSecret, type HashAlgorithm, resolveTotp, type TotpParameters } from './parameters.js'

/** What a QR code hands to an authenticator app. */
export interface KeyUri extends TotpParameters {
  /** 10 to 128 bytes */
  secret: Uint8Array
  /** who asks for the codes: 1 to 255 characters, no ':' */
  issuer: string
  /** whose codes they are, as the person knows it: 1 to 255 characters, no ':', no space in front */
  accountName: string
}

const LONGEST_NAME = 255
/** Above what {@link formatKeyUri} can write, where each of 255 characters may take nine, twice for the issuer. */
const LONGEST_URI = 8192

/**
 * Writes the key URI that authenticator apps read from a QR code. Holds the secret: show it once, log it never.
 *
 * Spaces are `%20`, never `+`, which apps show as it is. All parameters are written, since apps differ in defaults.
 * Throws a TypeError or RangeError, which repeats nothing, for an issuer or account name that is empty or blank, longer
 * than 255 characters, not well-formed Unicode, or has ':' (it would be ambiguous) or a control character; for an
 * account name with a space in front (apps drop it); for a `t0` other than 0 (apps know none); for a wrong secret or
 * wrong parameters.
 *
 * @example
 * ```ts
 * const secret = decodeBase32('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
 * console.log(formatKeyUri({ secret, issuer: 'My App', accountName: 'ada@example.com' }).slice(0, 45))
 * // otpauth://totp/My%20App:ada%40example.com?sec
 * ```
 */
export function formatKeyUri(key: KeyUri): string {
  assertObject(key, 'key')
  const { secret, issuer, accountName } = key
  assertSecret(secret)
  assertName(issuer, 'issuer')
  assertName(accountName, 'accountName')
  if (accountName.startsWith(' ')) throw new RangeError('accountName must not start with a space')
  const { algorithm, digits, period, t0 } = resolveTotp(key, 'key')
  if (t0 !== 0) throw new RangeError('t0 must be 0 in a key URI')
  const from = encodeURIComponent(issuer)
  const query = `secret=${encodeBase32(secret)}&issuer=${from}&algorithm=${algorithm}&digits=${digits}&period=${period}`
  return `otpauth://totp/${from}:${encodeURIComponent(accountName)}?${query}`
}

/**
 * Reads a key URI, as tolerantly as authenticator apps do where they agree, strictly elsewhere. No error repeats any of
 * it. What the URI leaves out has its default in the answer: SHA1, 6 digits, 30 seconds.
 *
 * Tolerated: upper and lower case in scheme, type and parameter names; an algorithm like `sha-256`; base32 as
 * {@link decodeBase32} reads it; unknown parameters; a ':' in the label as `%3A`; spaces after it; another issuer in
 * the label than in the parameter, which wins; no issuer at all, which is '' in the answer. A '+' is a plus.
 *
 * Throws a TypeError for anything but a string, a RangeError for more than 8192 characters, for HOTP, for characters
 * that no URI has, a fragment, a broken percent-encoding, a parameter given twice, a missing or wrong secret, digits
 * other than 6 to 8, a period other than 1 to 3600, an unknown algorithm, an empty account, and control characters.
 *
 * @example
 * ```ts
 * const key = parseKeyUri('otpauth://totp/Ada?secret=GEZDGNBVGY3TQOJQ&issuer=My%20App')
 * console.log(key.issuer, key.accountName, key.digits) // My App Ada 6
 * ```
 */
export function parseKeyUri(uri: string): KeyUri {
  if (typeof uri !== 'string') throw new TypeError('uri must be a string')
  if (uri.length > LONGEST_URI) throw new RangeError(`uri must be at most ${LONGEST_URI} characters long`)
  // Printable ASCII but '#' and space: a URI has no other, and a fragment has no meaning here.
  if (!/^otpauth:\/\/totp\/[!"$-~]*$/i.test(uri)) throw new RangeError('uri must be an otpauth://totp/ URI')
  const [label, query] = divide(uri.slice('otpauth://totp/'.length), '?')
  const parameters = readQuery(query)
  const secret = readBase32(parameters.get('secret') ?? '', "the uri's secret")
  assertSecret(secret)
  return {
    secret,
    ...readLabel(label, parameters.get('issuer') ?? ''),
    algorithm: readAlgorithm(parameters.get('algorithm') ?? 'SHA1'),
    digits: readWhole(parameters.get('digits') ?? '6', "the uri's digits", 6, 8) as 6 | 7 | 8,
    period: readWhole(parameters.get('period') ?? '30', "the uri's period", 1, 3600),
  }
}

function assertName(value: unknown, name: string): asserts value is string {
  assertText(value, name, 1, LONGEST_NAME)
  if (value.trim() === '') throw new RangeError(`${name} must not be blank`)
  if (value.includes(':')) throw new RangeError(`${name} must not contain ':'`)
  assertNoControl(value, name)
}

function assertNoControl(text: string, name: string): void {
  if (/\p{Cc}/u.test(text)) throw new RangeError(`${name} must not contain control characters`)
}

/** What stands before and after the first `divider`; all of it before, where there is none. */
function divide(text: string, divider: string): [string, string] {
  const at = text.indexOf(divider)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + divider.length)]
}

function readQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    const [written, value] = divide(pair, '=')
    const name = decode(written).toLowerCase()
    if (parameters.has(name)) throw new RangeError('uri must have each parameter only once')
    parameters.set(name, decode(value))
  }
  return parameters
}

function readLabel(label: string, named: string): { issuer: string; accountName: string } {
  const text = decode(label)
  // The parameter tells where the issuer ends, even one with a ':'; else a literal ':' does, before an encoded one.
  let end = text.indexOf(':')
  if (text.startsWith(`${named}:`)) end = named.length
  else if (label.includes(':')) end = decode(divide(label, ':')[0]).length
  const issuer = named === '' ? text.slice(0, Math.max(0, end)) : named
  const accountName = text.slice(end + 1).replace(/^ +/, '')
  assertText(issuer, "the uri's issuer", 0, LONGEST_NAME)
  assertText(accountName, "the uri's account name", 1, LONGEST_NAME)
  assertNoControl(issuer, "the uri's issuer")
  assertNoControl(accountName, "the uri's account name")
  return { issuer, accountName }
}

/** `decodeURIComponent` leaves '+' alone. Its own error would be of another kind than all of ours. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RangeError('uri must be percent-encoded UTF-8')
  }
}

function readAlgorithm(text: string): HashAlgorithm {
  // Lower case: upper case would make S of U+017F.
  const name = text.toLowerCase().replace('sha-', 'sha')
  const algorithm = ALGORITHMS.find((known) => known.toLowerCase() === name)
  if (algorithm === undefined) throw new RangeError("the uri's algorithm must be SHA1, SHA256 or SHA512")
  return algorithm
}

function readWhole(text: string, name: string, least: number, most: number): number {
  const number = /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN
  assertWhole(number, name, least, most)
  return number
}
