import type { Arbitrary, default as fastCheck } from 'fast-check'
import type { Note, UserId } from '../../index.js'

const TRIPPING_IDS = [
  '__proto__',
  'constructor',
  'Ada',
  'ada',
  'ada ',
  ' ',
  '\u00e9',
  'e\u0301',
  'a}:{b',
  '%',
  "'",
  '0',
  '\u{1f600}'.repeat(63),
]

/** What has broken something somewhere. */
const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000',
  'ada\u0000',
  '\ud800',
  'ada\udc00',
  '\ufeffada',
  'ada\u200b',
  '\u202eada',
  '__proto__',
  'constructor',
  'toString',
  "'; drop table leeway_enrollments; --",
  '<script>alert(1)</script>',
  '=cmd|"/c calc"!A1',
  'a\r\nset-cookie: level=mfa',
  '../../../../etc/passwd',
  '//evil.example',
  '%00',
  '%',
  'null',
  'NaN',
  '-1',
  '1e309',
]

/** User ids, ordinary ones and such as trip stores up. */
export function userIds(fc: typeof fastCheck): Arbitrary<UserId> {
  // 63 code points are at most 252 bytes.
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 63 }).filter((id) => !id.includes('\u0000'))
  return fc.oneof(
    fc.uuid(),
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 255 }),
    text,
    fc.constantFrom(...TRIPPING_IDS),
  )
}

/** Words of people: labels, reasons, sources; 1 to 100 characters. */
export function labels(fc: typeof fastCheck): Arbitrary<string> {
  return fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => text.length <= 100)
}

/** An administrator's words, forceful ones with their reason. */
export function notes(fc: typeof fastCheck): Arbitrary<Note> {
  const words = labels(fc)
  return fc.oneof(
    { withCrossShrink: true },
    fc.record({ actor: words, reason: words }, { requiredKeys: [] }),
    fc.record({ actor: words, reason: words, force: fc.boolean() }),
  )
}

/** Text that no form should have sent. */
export function hostileTexts(fc: typeof fastCheck): Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
    // Surrogates stand alone here.
    { weight: 2, arbitrary: fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)) },
    { weight: 1, arbitrary: fc.constantFrom('a', ' ', '1', '\u{1f600}').map((one) => one.repeat(1_000_000)) },
  )
}

/** Anything at all, much of it made to look like text. */
export function hostileValues(fc: typeof fastCheck): Arbitrary<unknown> {
  // A String object has as many properties as characters.
  const short = hostileTexts(fc).map((text) => text.slice(0, 1000))
  const disguised = short.chain((text) =>
    fc.constantFrom<unknown>([text], { toString: () => text }, Object(text), () => text, Symbol(text)),
  )
  return fc.oneof(hostileTexts(fc), disguised, fc.anything())
}
