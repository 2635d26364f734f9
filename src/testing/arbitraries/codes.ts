import type { Arbitrary, default as fastCheck } from 'fast-check'
import { LAST_INSTANT } from '../../assert.js'
import {
  type DriftWindow,
  generateTotp,
  type HashAlgorithm,
  type Instant,
  type KeyUri,
  type TotpParameters,
  timeStepAt,
} from '../../totp/index.js'
import { hostileValues } from './text.js'

const ALGORITHMS = ['SHA1', 'SHA256', 'SHA512'] as const
/** Crockford's base32, of which recovery codes and passes are made. */
const SYMBOLS = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ']
/** Longer text is no code, nor a recovery code. */
const LONGEST_CODE = 128
const LETTERS_AND_DIGITS = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ']

/** A secret, when a code of it is checked, and how. */
export interface CodeOf extends TotpParameters {
  secret: Uint8Array
  now: Instant
  /** by default one time step either way */
  window?: DriftWindow | number | undefined
}

/** Secrets as they are issued, and from the shortest to the longest. */
export function secrets(fc: typeof fastCheck): Arbitrary<Uint8Array> {
  return fc.oneof(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.uint8Array({ minLength: 10, maxLength: 128 }))
}

/** Parameters with any of their parts. */
export function parametersOf(fc: typeof fastCheck): Arbitrary<TotpParameters> {
  return fc.record(
    {
      algorithm: fc.constantFrom<HashAlgorithm>(...ALGORITHMS),
      digits: fc.constantFrom<6 | 7 | 8>(6, 7, 8),
      period: fc.integer({ min: 1, max: 3600 }),
    },
    { requiredKeys: [] },
  )
}

/** What QR codes hold. */
export function keyUris(fc: typeof fastCheck): Arbitrary<KeyUri> {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((text) => !/^\s|:|\p{Cc}/u.test(text) && text.length <= 255)
  return fc
    .tuple(fc.record({ secret: secrets(fc), issuer: name, accountName: name }), parametersOf(fc))
    .map(([named, parameters]) => ({ ...named, ...parameters }))
}

/** Digits as people type them: in groups, or not. */
function typed(fc: typeof fastCheck, code: Arbitrary<string>): Arbitrary<string> {
  const group = fc.constantFrom(
    (text: string) => text,
    (text: string) => text.replace(/^(\d{3})/, '$1 '),
    (text: string) => text.replace(/^(\d{3})/, '$1-'),
    (text: string) => ` ${text} `,
    (text: string) => [...text].join(' '),
  )
  return fc.tuple(code, group).map(([text, grouped]) => grouped(text))
}

/** The codes that are accepted, the present one first. */
function codesInWindow({ secret, now, window = 1, ...parameters }: CodeOf): readonly string[] {
  const { past, future } = typeof window === 'number' ? { past: window, future: window } : window
  const { period = 30, t0 = 0 } = parameters
  const step = timeStepAt(now, parameters)
  const last = timeStepAt(LAST_INSTANT, parameters)
  const offsets = [0, ...range(-past, -1), ...range(1, future)]
  return offsets
    .map((offset) => step + offset)
    .filter((at) => at >= 0 && at <= last)
    .map((at) => generateTotp(secret, (at * period + t0) * 1000, parameters))
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at)
}

/** Every way to type a code that is right. */
export function rightCodes(fc: typeof fastCheck, of: CodeOf): Arbitrary<string> {
  return typed(fc, fc.constantFrom(...codesInWindow(of)))
}

/** Codes of the right form that are not right. */
export function wrongCodes(fc: typeof fastCheck, of: CodeOf): Arbitrary<string> {
  const right = new Set(codesInWindow(of))
  const { digits = 6 } = of
  const guess = fc.nat(10 ** digits - 1).map((number) => String(number).padStart(digits, '0'))
  return typed(
    fc,
    guess.filter((code) => !right.has(code)),
  )
}

/** What is no code of any authenticator, whatever its digits. */
export function hostileCodes(fc: typeof fastCheck): Arbitrary<unknown> {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 6, maxLength: 8 })
  const zero = fc.constantFrom(0xff10, 0x0660, 0x0966, 0x1d7ce)
  const foreign = fc
    .tuple(digits, zero)
    .map(([text, first]) => [...text].map((digit) => String.fromCodePoint(first + Number(digit))).join(''))
  const spoilt = fc
    .tuple(digits, fc.constantFrom('\u0000', '\n', '\u200b', '\ud800', '+', '.', 'e', '0x', '\u00a0'))
    .map(([text, mark]) => text.slice(0, 3) + mark + text.slice(3))
  const wrongLength = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 5 }),
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 65, maxLength: 100 }),
    fc.constant('1'.repeat(1_000_000)),
  )
  const other = digits.chain((text) => fc.constantFrom<unknown>(Number(text), BigInt(text), [text], Object(text)))
  // Nothing that some authenticator, or a recovery code, could be.
  const isCode = (value: unknown): boolean =>
    typeof value === 'string' && value.length <= LONGEST_CODE && /^[ -]*([0-9a-z][ -]*){6,64}$/i.test(value)
  return fc.oneof(foreign, spoilt, wrongLength, other, hostileValues(fc)).filter((value) => !isCode(value))
}

/** Recovery codes and passes of the right form, which nobody was given. */
export function recoveryCodesOf(fc: typeof fastCheck): Arbitrary<string> {
  const group = fc.string({ unit: fc.constantFrom(...SYMBOLS), minLength: 5, maxLength: 5 })
  return fc.tuple(group, group, group, group, group).map((groups) => groups.join('-'))
}

/** Every way to type a recovery code or a pass. */
export function spellings(fc: typeof fastCheck, code: string): Arbitrary<string> {
  const cased = fc.constantFrom(code, code.toLowerCase())
  const separator = fc.constantFrom('-', '', ' ', ' - ')
  const zero = fc.constantFrom('0', 'O', 'o')
  const one = fc.constantFrom('1', 'I', 'l', 'L', 'i')
  return fc
    .tuple(cased, separator, zero, one)
    .map(([text, between, o, i]) => text.replaceAll('-', between).replaceAll('0', o).replaceAll('1', i))
}

/** Recovery codes as other systems issue them. */
export function foreignRecoveryCodes(fc: typeof fastCheck): Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...LETTERS_AND_DIGITS), minLength: 8, maxLength: 64 })
}
