import type { EnrollmentChange } from '../../ports/index.js'
import { FACT_COLUMNS, movementColumns } from '../sql/index.js'
import { changesOf, inTransaction } from './connection.js'
import type { MysqlConnection, MysqlValue } from './driver.js'
import { isDuplicate } from './errors.js'
import type { MysqlTables } from './schema.js'
import { asciiJson, hexOf, MOST_BYTES } from './values.js'

type Outcome = 'saved' | 'conflict'

/** A change as its rows: all that can be refused is refused before a connection is taken. */
export interface Write {
  userId: string
  /** of the record, in the order of the statements */
  values: MysqlValue[]
  expected: string | null
  /** of each event */
  events: MysqlValue[][]
}

/** The statements that write; those that insert have as many rows as they are made for. */
export interface WriteStatements {
  insert(count: number): string
  update: string
  insertEvents(count: number): string
}

const FACTS = Object.entries(FACT_COLUMNS) as [keyof EnrollmentChange['index'], string][]

/** The statements for these tables: each is prepared once by each connection. */
export function writeStatements({ records, events }: MysqlTables): WriteStatements {
  const columns = FACTS.map(([, column]) => column)
  const row = `(UNHEX(?), ?, ${columns.map(() => '?').join(', ')}, UNHEX(?))`
  const event = '(UNHEX(?), UNHEX(?), UNHEX(?), ?, ?, ?, ?)'
  const rows = (one: string, count: number): string => Array.from({ length: count }, () => one).join(', ')
  return {
    insert: (count) => `INSERT INTO ${records} (version, record, ${columns.join(', ')}, user_id)
 VALUES ${rows(row, count)}`,
    update: `UPDATE ${records} SET version = UNHEX(?), record = ?, ${columns.map((column) => `${column} = ?`).join(', ')}
 WHERE user_id = UNHEX(?) AND version = UNHEX(?)`,
    insertEvents: (count) => `INSERT INTO ${events} (user_id, id, type, at, event, enrolled, required)
 VALUES ${rows(event, count)}`,
  }
}

/** A change as what the statements take. */
export function writeOf(change: EnrollmentChange): Write {
  const userId = hexOf(change.userId, 'userId', MOST_BYTES.userId)
  const { index, expected } = change
  const facts = FACTS.map(([fact]) => {
    const value = index[fact]
    return typeof value === 'boolean' ? Number(value) : value
  })
  return {
    userId,
    values: [hexOf(change.version, 'version', MOST_BYTES.version), asciiJson(change.enrollment), ...facts, userId],
    expected: expected === null ? null : hexOf(expected, 'expected', MOST_BYTES.version),
    events: change.events.map((event) => [
      userId,
      hexOf(event.id, 'event.id', MOST_BYTES.event),
      hexOf(event.type, 'event.type', MOST_BYTES.event),
      event.at,
      asciiJson(event),
      ...movementColumns(event),
    ]),
  }
}

/**
 * Writes each change by itself in one transaction, and answers in their order; null where the server rolled all of it
 * back. No two may be of one user. What is stored is looked at by the writing statement, never before: a transaction that
 * has read goes on reading what was true then.
 */
export async function saveTogether(
  connection: MysqlConnection,
  statements: WriteStatements,
  writes: readonly Write[],
): Promise<Outcome[] | null> {
  return inTransaction(connection, async () => {
    const saved = new Set<Write>()
    for (const creates of runsOf(writes.filter(({ expected }) => expected === null))) {
      for (const write of await created(connection, statements, creates)) saved.add(write)
    }
    for (const write of writes.filter(({ expected }) => expected !== null)) {
      if (await isUpdated(connection, statements, write)) saved.add(write)
    }
    for (const events of runsOf([...saved].flatMap((write) => write.events))) {
      await changesOf(connection, statements.insertEvents(events.length), events.flat())
    }
    return writes.map((write) => (saved.has(write) ? 'saved' : 'conflict'))
  })
}

/** Those of new users who were not there yet: found out one by one where one of them was. */
async function created(
  connection: MysqlConnection,
  statements: WriteStatements,
  writes: readonly Write[],
): Promise<readonly Write[]> {
  try {
    await changesOf(
      connection,
      statements.insert(writes.length),
      writes.flatMap(({ values }) => values),
    )
    return writes
  } catch (error) {
    // A user is there already: nothing else of this statement is unique, and the server undid all of it.
    if (!isDuplicate(error)) throw error
    if (writes.length === 1) return []
    const each: Write[] = []
    for (const write of writes) each.push(...(await created(connection, statements, [write])))
    return each
  }
}

async function isUpdated(
  connection: MysqlConnection,
  { update }: WriteStatements,
  { values, expected }: Write,
): Promise<boolean> {
  // A version always changes, so that a row met is a row changed, whichever of the two the connection counts.
  return (await changesOf(connection, update, [...values, expected])) === 1
}

/** Up to so many rows, a statement has exactly as many as there are. */
const FEW_ROWS = 8

/** Rows as they go into statements: above a few, by powers of two, so that few statements are prepared. */
function runsOf<Row>(rows: readonly Row[]): Row[][] {
  const runs: Row[][] = []
  for (let left = rows.length; left > 0; ) {
    const size = left > FEW_ROWS ? 2 ** Math.floor(Math.log2(left)) : left
    runs.push(rows.slice(rows.length - left, rows.length - left + size))
    left -= size
  }
  return runs
}
