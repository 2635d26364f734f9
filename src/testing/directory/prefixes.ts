import type { EnrollmentChange } from '../../ports/index.js'
import type { CaseRow } from '../cases.js'
import type { DirectoryBench } from './bench.js'
import { beginning } from './expected.js'

const PREFIX = 'What the id begins with, byte for byte.'

/** What `list` promises of prefixes. */
export const PREFIX_CASES: readonly CaseRow<DirectoryBench>[] = [
  [
    'list by prefix takes it for text, whatever it means elsewhere',
    PREFIX,
    async ({ put, lists }) => {
      const starts = [
        '%',
        '_',
        '*',
        '?',
        '\\',
        '\\%',
        '[',
        '[a',
        '^',
        '$',
        '.',
        "'",
        '"',
        '(',
        '{',
        '}',
        '#',
        '-',
        '+',
        '@',
      ]
      const ids = new Set(starts.flatMap((start) => [start, `${start}a`, `${start}ab`]))
      const saved: EnrollmentChange[] = []
      for (const userId of [...ids, 'a', 'ab', 'aa', 'b']) saved.push(await put(userId))
      for (const userIdPrefix of [...ids, 'a', 'ab', ...starts.map((start) => `a${start}`), '%a%', '_b', 'abc']) {
        await lists({ userIdPrefix }, beginning(saved, userIdPrefix))
      }
    },
  ],
  [
    'list by prefix compares bytes: no case, form or blank is folded',
    PREFIX,
    async ({ put, lists }) => {
      const ids = [
        'ada',
        'Ada',
        'ADA',
        'adam',
        'ad',
        '\u00e1da',
        'a\u0301da',
        ' ada',
        'ada ',
        'a da',
        '\u00e9',
        'e\u0301a',
        'e',
      ]
      const saved: EnrollmentChange[] = []
      for (const userId of ids) saved.push(await put(userId))
      for (const userIdPrefix of [...ids, 'a', 'A', 'AD', 'a\u0301', '\u00e1', ' ', 'ada  ']) {
        await lists({ userIdPrefix }, beginning(saved, userIdPrefix))
      }
    },
  ],
  [
    'list by prefix ends where the bytes say, beyond U+D7FF, U+FFFF and at the last character',
    PREFIX,
    async ({ put, lists }) => {
      const characters = ['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufffd', '\uffff', '\u{10000}']
      const starts = [...characters, '\u{1f600}', '\u{10ffff}', '\u{10ffff}\u{10ffff}', 'a\u{10ffff}', 'b']
      const ids = new Set(starts.flatMap((start) => [start, `${start}!`, `${start}\u{10ffff}!`]))
      const saved: EnrollmentChange[] = []
      for (const userId of ids) saved.push(await put(userId))
      for (const userIdPrefix of [...starts, 'a', '\u{10ffff}\u{10ffff}\u{10ffff}']) {
        await lists({ userIdPrefix }, beginning(saved, userIdPrefix))
      }
    },
  ],
  [
    'list by an empty prefix is of everybody',
    PREFIX,
    async ({ put, lists }) => {
      const saved = [await put('ada'), await put('\u{10ffff}'), await put('_')]
      await lists({ userIdPrefix: '' }, saved)
      await lists({ userIdPrefix: '', after: 'ada' }, saved.slice(1, 2))
    },
  ],
]
