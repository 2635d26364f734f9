import type { EnrollmentChange, EnrollmentRepository } from '../../ports/index.js'
import { FACT_COLUMNS, movementColumns } from '../sql/index.js'
import type { Connection } from './connection.js'
import { unlessUndone } from './errors.js'
import type { PostgresTables } from './schema.js'

type Outcome = 'saved' | 'conflict'

/** Saves many changes, each by itself: those of new users in one statement, and those of others in another. */
export function saveManyOf(
  connection: Connection,
  tables: PostgresTables,
  save: EnrollmentRepository['save'],
): (changes: readonly EnrollmentChange[]) => Promise<readonly Outcome[]> {
  const { create, update } = statementsOf(tables)

  async function saveMany(changes: readonly EnrollmentChange[]): Promise<readonly Outcome[]> {
    // In one statement a user can be written once; what follows upon each other has to be one after another.
    if (new Set(changes.map(({ userId }) => userId)).size < changes.length) return inTurn(changes)
    const created = await savedBy(
      create,
      changes.filter(({ expected }) => expected === null),
    )
    const updated = await savedBy(
      update,
      changes.filter(({ expected }) => expected !== null),
    )
    const saved = new Set([...created, ...updated])
    return changes.map(({ userId }) => (saved.has(userId) ? 'saved' : 'conflict'))
  }

  /** Whose changes a statement wrote. */
  async function savedBy(statement: string, changes: readonly EnrollmentChange[]): Promise<readonly string[]> {
    if (changes.length === 0) return []
    const rows = await unlessUndone(() => connection.query<{ owner: string }>(statement, valuesOf(changes)))
    if (rows !== null) return rows.map(({ owner }) => owner)
    // All of it is undone because one of them met another write: by itself, each gets its own answer.
    const outcomes = await inTurn(changes)
    return changes.filter((_, at) => outcomes[at] === 'saved').map(({ userId }) => userId)
  }

  async function inTurn(changes: readonly EnrollmentChange[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    for (const change of changes) outcomes.push(await save(change))
    return outcomes
  }

  return saveMany
}

/** A column of what the statements are given, as an array of its values for all rows. */
interface Column<Row> {
  name: string
  type: 'text' | 'boolean' | 'bigint' | 'smallint' | 'json'
  of(row: Row): unknown
}

/** An event, and whose it is. */
interface Told {
  owner: string
  event: EnrollmentChange['events'][number]
}

const FACTS: readonly Column<EnrollmentChange>[] = Object.entries(FACT_COLUMNS).map(([fact, name]) => ({
  name,
  type: ['required', 'suspended'].includes(name) ? 'boolean' : 'bigint',
  of: ({ index }) => index[fact as keyof typeof index],
}))

const CHANGES: readonly Column<EnrollmentChange>[] = [
  { name: 'user_id', type: 'text', of: ({ userId }) => userId },
  { name: 'expected', type: 'text', of: ({ expected }) => expected },
  { name: 'version', type: 'text', of: ({ version }) => version },
  { name: 'record', type: 'json', of: ({ enrollment }) => enrollment },
  ...FACTS,
]

const EVENTS: readonly Column<Told>[] = [
  { name: 'user_id', type: 'text', of: ({ owner }) => owner },
  { name: 'id', type: 'text', of: ({ event }) => event.id },
  { name: 'type', type: 'text', of: ({ event }) => event.type },
  { name: 'at', type: 'bigint', of: ({ event }) => event.at },
  { name: 'event', type: 'json', of: ({ event }) => event },
  { name: 'enrolled', type: 'smallint', of: ({ event }) => movementColumns(event)[0] },
  { name: 'required', type: 'smallint', of: ({ event }) => movementColumns(event)[1] },
]

/** The parameters of both statements. */
function valuesOf(changes: readonly EnrollmentChange[]): string[] {
  const told = changes.flatMap(({ userId, events }) => events.map((event): Told => ({ owner: userId, event })))
  return [...CHANGES.map((column) => arrayOf(column, changes)), ...EVENTS.map((column) => arrayOf(column, told))]
}

/** All of a column in one text, which every driver passes on as it is. */
function arrayOf<Row>({ type, of }: Column<Row>, rows: readonly Row[]): string {
  // No JSON has a line break in it: one value a line, and the server has no escapes to read.
  if (type === 'json') return rows.map((row) => JSON.stringify(of(row))).join('\n')
  const elements = rows.map((row) => {
    const value = of(row)
    if (value === null) return 'NULL'
    return type === 'text' ? quoted(String(value)) : value
  })
  return `{${elements.join(',')}}`
}

/** A text within an array (PostgreSQL, 8.15.6). */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** The columns as rows, from the parameters that begin with this one. */
function rowsSql(columns: readonly Column<never>[], first: number, name: string): string {
  const arrays = columns.map(({ type }, at) => {
    const parameter = `$${first + at}`
    if (type === 'json') return `string_to_array(CAST(${parameter} AS text), chr(10))`
    return `CAST(${parameter} AS ${type}[])`
  })
  return `unnest(${arrays.join(', ')}) AS ${name}(${namesOf(columns).join(', ')})`
}

const namesOf = (columns: readonly Column<never>[]): readonly string[] => columns.map(({ name }) => name)

function statementsOf({ records, events }: PostgresTables): Readonly<Record<'create' | 'update', string>> {
  const [told, written] = [namesOf(EVENTS), ['version', 'record', ...namesOf(FACTS)]]

  /** A write and its events in one statement; `saved` has the ids of those whom it wrote. */
  const telling = (saved: string): string => `WITH change AS (
  SELECT * FROM ${rowsSql(CHANGES, 1, 'change')}
), ${saved}, told AS (
  INSERT INTO ${events} (${told.join(', ')})
  SELECT event.* FROM saved JOIN ${rowsSql(EVENTS, CHANGES.length + 1, 'event')} ON event.user_id = saved.user_id
) SELECT user_id AS owner FROM saved`

  return {
    // Both meet rows in the order of their ids, so that two batches wait for each other and do not deadlock.
    create: telling(`saved AS (
  INSERT INTO ${records} (user_id, ${written.join(', ')})
  SELECT user_id, ${written.join(', ')} FROM change ORDER BY user_id
  ON CONFLICT (user_id) DO NOTHING RETURNING user_id
)`),
    update: telling(`held AS (
  SELECT stored.user_id FROM ${records} AS stored JOIN change ON stored.user_id = change.user_id
  WHERE stored.version = change.expected ORDER BY stored.user_id FOR UPDATE OF stored
), saved AS (
  UPDATE ${records} AS stored SET ${written.map((column) => `${column} = change.${column}`).join(', ')}
  FROM change JOIN held ON held.user_id = change.user_id
  WHERE stored.user_id = change.user_id AND stored.version = change.expected RETURNING stored.user_id
)`),
  }
}
