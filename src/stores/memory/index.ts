import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'

interface Row {
  version: string
  record: string
  events: string[]
}

/**
 * A repository that forgets everything with the process: for tests, examples and trying leeway out. Two processes share
 * nothing, so no limit holds across them, and a restart forgets who is enrolled.
 *
 * It keeps text, as a database would: nothing that is handed in or out is shared with it.
 *
 * @example
 * ```ts
 * const repository = memoryRepository()
 * console.log(await repository.find('ada')) // null
 * ```
 */
export function memoryRepository(): EnrollmentRepository {
  // A Map, as `__proto__` is an ordinary user id.
  const rows = new Map<string, Row>()

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const row = rows.get(userId)
    return row === undefined ? null : { enrollment: JSON.parse(row.record), version: row.version }
  }

  async function save(change: EnrollmentChange): Promise<'saved' | 'conflict'> {
    const { userId, version, expected } = change
    const row = rows.get(userId)
    // Nothing is awaited from here to the write: no other call comes between.
    if ((row?.version ?? null) !== expected) return 'conflict'
    const events = row?.events ?? []
    events.push(...change.events.map((event) => JSON.stringify(event)))
    rows.set(userId, { version, record: JSON.stringify(change.enrollment), events })
    return 'saved'
  }

  async function remove(userId: string, expected: string): Promise<'removed' | 'conflict'> {
    if (rows.get(userId)?.version !== expected) return 'conflict'
    rows.delete(userId)
    return 'removed'
  }

  return Object.freeze({ find, save, remove })
}
