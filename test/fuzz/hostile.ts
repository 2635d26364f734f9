import fc from 'fast-check'

/** Single characters, and halves of them, that are taken for others, vanish, or end something. */
const CHARACTERS = [
  ...'0123456789abcxyzABCOILUXYZ',
  ...' -_.,:;/\\|+=&?#%@~!*()[]{}<>$^\'"`',
  // digits of other scripts, all of which \p{Nd} knows
  ...['\uff10', '\uff11', '\uff19', '\u0660', '\u0663', '\u06f3', '\u0967', '\u1811', '\u{1d7ce}', '\u{1d7d7}'],
  // letters that turn into ASCII in the other case, and some that only look like it
  ...['\u017f', '\u0131', '\u0130', '\u212a', '\uff21', '\u041e', '\u0391', '\u00df', '\ufb01'],
  // blanks and hyphens that are none here
  ...['\t', '\n', '\v', '\f', '\r', '\u0085', '\u00a0', '\u2003', '\u2028', '\u3000', '\u00ad', '\u2010', '\u2011'],
  ...['\u2212', '\uff0d', '\u200b', '\u200d', '\u2060', '\ufeff', '\u202e', '\u0301', '\ufe0f'],
  ...['\u0000', '\u0001', '\u001b', '\u007f', '\u009f', '\ufffd', '\uffff', '\ud800', '\udbff', '\udc00', '\u{1f600}'],
]

/** Words that mean something to some parser. */
const WORDS = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'length', 'undefined', 'null'],
  ...['true', 'NaN', 'Infinity', '-0', '-1', '1e3', '1e309', '0x10', '0b1', '1_000', '9007199254740993', '00000000'],
  ...['%00', '%2F', '%2e%2e', '%C0%AF', '%ED%A0%80', '%', '%u0041', '&amp;', '\\u0000', '\\x00', '../../'],
  ...['//evil.example', '/\\evil.example', '\r\n\r\n', '\ufeff{', ';;=;', 'Bearer ', ', '],
  ...['javascript:', '\r\nset-cookie: a=b', "' OR '1'='1", '{{7*7}}', '<script>', '=cmd|', 'secret=', '&issuer=x'],
]

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(...[0, -0, 1, -1, 0.5, 6, 123456, 2147483648, 4294967296, 9007199254740992, -9007199254740992]),
  fc.constantFrom(...[8.64e15, 8640000000000001, 1e21, 1e308]),
)

/** A piece of text: a character, a word, any units at all. */
const piece: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...CHARACTERS) },
  { weight: 2, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) },
)

/** Text of no form at all; one in some thousands is up to a million characters long. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3000, arbitrary: fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')) },
  {
    weight: 1000,
    arbitrary: fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  },
  { weight: 500, arbitrary: fc.constantFrom(...WORDS) },
  {
    weight: 1,
    arbitrary: fc.tuple(piece, fc.nat(1_000_000)).map(([text, length]) => text.repeat(Math.ceil(length / text.length))),
  },
)

type EditKind = 'insert' | 'replace' | 'remove' | 'cut' | 'double' | 'swap' | 'case' | 'repeat'

interface Edit {
  kind: EditKind
  place: number
  text: string
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom<EditKind>('insert', 'replace', 'remove', 'cut', 'double', 'swap', 'case', 'repeat'),
  place: fc.nat(4095),
  text: piece,
})

/** Valid text, none, one or some places of it changed: what a parser is likeliest to let through. */
export function mutated(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(valid, fc.array(edit, { maxLength: 3 })).map(([text, edits]) => edits.reduce(apply, text))
}

function apply(text: string, { kind, place, text: piece }: Edit): string {
  const at = place % (text.length + 1)
  const before = text.slice(0, at)
  switch (kind) {
    case 'insert':
      return before + piece + text.slice(at)
    case 'replace':
      return before + piece + text.slice(at + 1)
    case 'remove':
      return before + text.slice(at + 1)
    case 'cut':
      return before
    case 'double':
      return before + text
    case 'swap':
      return before + text.charAt(at + 1) + text.charAt(at) + text.slice(at + 2)
    case 'case':
      return text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase()
    case 'repeat':
      return before + piece.repeat(place % 40) + text.slice(at)
  }
}

/** What looks like a text, and is none. */
const DISGUISES: readonly ((text: string) => unknown)[] = [
  (text) => [text],
  (text) => Object(text.slice(0, 1000)),
  (text) => ({ toString: () => text, valueOf: () => text, length: text.length }),
  (text) => () => text,
  (text) => new Map([[text, text]]),
  (text) => new TextEncoder().encode(text),
]

/** Anything but text, much of it made to look like this text. */
function disguised(text: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  return fc.oneof(
    number,
    fc.constantFrom<unknown>(undefined, null, true, false, 0n, 123456n, Symbol('code'), new Date(0), /a/),
    fc.tuple(text, fc.constantFrom(...DISGUISES)).map(([of, disguise]) => disguise(of)),
    fc.anything({ maxDepth: 2 }),
  )
}

/** What a parser of text is handed: near misses mostly, text of no form, and now and then no text at all. */
export function hostile(valid: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const near = mutated(valid)
  return fc.oneof(
    { weight: 12, arbitrary: near },
    { weight: 5, arbitrary: hostileText },
    { weight: 1, arbitrary: disguised(near) },
  )
}

/** What a header may hold, and a socket hand over: bytes without controls. */
export function asHeader(text: string): string {
  return text.slice(0, 300).replace(/[^\t -~\u0080-\u00ff]/g, '?')
}

/** Makes JSON values and, as stores may hand over more than JSON, others. Anew each time: they may be written on. */
const maker: fc.Arbitrary<() => unknown> = fc.oneof(
  { weight: 4, arbitrary: number.map((value) => () => value) },
  { weight: 4, arbitrary: fc.array(piece, { maxLength: 3 }).map((pieces) => () => pieces.join('')) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<() => unknown>(
      ...[null, true, false, '', 'none', 'now', 'always', 'SHA256', 7, 365].map((value) => () => value),
      ...[() => [], () => ({}), () => [null], () => ['a'], () => [0]],
      ...[() => undefined, () => Number.NaN, () => Infinity, () => 1n, () => Symbol('a')],
      ...[() => new Date(0), () => new Map(), () => Object('a'), () => nested(10), () => nested(5000)],
    ),
  },
)

function nested(depth: number): unknown {
  let value: unknown = 0
  for (let at = 0; at < depth; at++) value = at % 2 === 0 ? [value] : { a: value }
  return value
}

/** One change of one place of a JSON document. */
export interface Change {
  /** which child to go down to, level by level */
  way: readonly number[]
  kind: 'set' | 'remove' | 'add' | 'nudge' | 'swap'
  name: string
  make: () => unknown
}

const change: fc.Arbitrary<Change> = fc.record({
  way: fc.array(fc.nat(60), { minLength: 1, maxLength: 5 }),
  kind: fc.constantFrom('set', 'set', 'remove', 'add', 'nudge', 'swap'),
  name: piece,
  make: maker,
})

/** None, one or some changes of a JSON document. */
export const changes: fc.Arbitrary<readonly Change[]> = fc.array(change, { maxLength: 3 })

/** A JSON document with these changes. */
export function withChanges(text: string, made: readonly Change[]): unknown {
  return made.reduce(changed, JSON.parse(text) as unknown)
}

function changed(json: unknown, { way, kind, name, make }: Change): unknown {
  let place = json
  let parent: Record<string, unknown> | null = null
  let key = ''
  for (const step of way) {
    const keys = typeof place === 'object' && place !== null ? Object.keys(place) : []
    if (keys.length === 0) break
    parent = place as Record<string, unknown>
    key = keys[step % keys.length] as string
    place = parent[key]
  }
  if (parent === null) return kind === 'set' ? make() : json
  switch (kind) {
    case 'set':
      put(parent, key, make())
      break
    case 'add':
      add(typeof place === 'object' && place !== null ? place : parent, name, make())
      break
    case 'nudge':
      put(parent, key, typeof place === 'number' ? place + (key.length % 2 === 0 ? 1 : -1) : make())
      break
    case 'swap':
      put(parent, key, Object.values(parent)[0])
      break
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1)
      else Reflect.deleteProperty(parent, key)
  }
  return json
}

/** Arrays in JSON have no names. */
function add(to: object, name: string, value: unknown): void {
  if (Array.isArray(to)) to.push(value)
  else put(to, name, value)
}

/** As JSON.parse does it: `__proto__` is a name like any other. */
function put(object: object, name: string, value: unknown): void {
  Reflect.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}
