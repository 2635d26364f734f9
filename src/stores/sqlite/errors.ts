import { LeewayError } from '../../errors.js'

/** SQLite's own messages: all that every driver passes on unchanged; their codes have four shapes. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /is locked/,
    'another connection held the database for longer than busy_timeout: end its transaction sooner, or set a longer busy_timeout before handing the connection in',
  ],
  [/is full/, 'the disk, or the database by its max_page_count, is full: make room'],
  [
    /readonly/,
    'the database can only be read: open the connection for writing, and check who may write to the file and its folder',
  ],
  [/no such (?:table|column)/, 'a table or column is missing: run migrate first, with the same options'],
  [/already exists/, 'a table of that name is there and was not made by migrate: choose another options.table'],
  [/within a transaction/, 'a transaction is open on the connection: hand in a connection that leeway has to itself'],
]

/** What a driver threw, as the error of a repository that says what to change. */
export function storeError(cause: unknown): LeewayError {
  const text = String(cause)
  const advice = ADVICE.find(([pattern]) => pattern.test(text))?.[1]
  return new LeewayError('ERR_STORE', advice ?? 'SQLite failed; the cause says how', { cause })
}

/** Runs what calls the driver; whatever that throws becomes a LeewayError. */
export function attempt<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw error instanceof LeewayError ? error : storeError(error)
  }
}
