import type { EnrollmentChange } from '../../ports/index.js'
import { FACT_COLUMNS } from '../sql/index.js'
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
  /** of each event, one after another */
  eventValues: MysqlValue[]
  eventCount: number
}

/** The statements that write; those with events have as many rows as there are. */
export interface WriteStatements {
  insert: string
  update: string
  insertEvents(count: number): string
}

const FACTS = Object.entries(FACT_COLUMNS) as [keyof EnrollmentChange['index'], string][]

/** The statements for these tables: each is prepared once by each connection. */
export function writeStatements({ records, events }: MysqlTables): WriteStatements {
  const columns = FACTS.map(([, column]) => column)
  return {
    insert: `INSERT INTO ${records} (version, record, ${columns.join(', ')}, user_id)
 VALUES (UNHEX(?), ?, ${columns.map(() => '?').join(', ')}, UNHEX(?))`,
    update: `UPDATE ${records} SET version = UNHEX(?), record = ?, ${columns.map((column) => `${column} = ?`).join(', ')}
 WHERE user_id = UNHEX(?) AND version = UNHEX(?)`,
    insertEvents: (count) => `INSERT INTO ${events} (user_id, id, type, at, event)
 VALUES ${Array.from({ length: count }, () => '(UNHEX(?), UNHEX(?), UNHEX(?), ?, ?)').join(', ')}`,
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
    eventValues: change.events.flatMap((event) => [
      userId,
      hexOf(event.id, 'event.id', MOST_BYTES.event),
      hexOf(event.type, 'event.type', MOST_BYTES.event),
      event.at,
      asciiJson(event),
    ]),
    eventCount: change.events.length,
  }
}

/**
 * Writes each change by itself in one transaction, and answers in their order; null where the server rolled all of it
 * back. What is stored is looked at by the writing statement, never before: a transaction that has read goes on reading
 * what was true then.
 */
export async function saveTogether(
  connection: MysqlConnection,
  statements: WriteStatements,
  writes: readonly Write[],
): Promise<Outcome[] | null> {
  return inTransaction(connection, async () => {
    const outcomes: Outcome[] = []
    for (const write of writes) outcomes.push(await written(connection, statements, write))
    return outcomes
  })
}

async function written(connection: MysqlConnection, statements: WriteStatements, write: Write): Promise<Outcome> {
  if (!(await isRecordWritten(connection, statements, write))) return 'conflict'
  if (write.eventCount > 0) {
    await changesOf(connection, statements.insertEvents(write.eventCount), write.eventValues)
  }
  return 'saved'
}

async function isRecordWritten(
  connection: MysqlConnection,
  { insert, update }: WriteStatements,
  { values, expected }: Write,
): Promise<boolean> {
  // A version always changes, so that a row met is a row changed, whichever of the two the connection counts.
  if (expected !== null) return (await changesOf(connection, update, [...values, expected])) === 1
  try {
    await changesOf(connection, insert, values)
    return true
  } catch (error) {
    // The user is there already; nothing else of this statement is unique.
    if (isDuplicate(error)) return false
    throw error
  }
}
