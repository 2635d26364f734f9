import type { EnrollmentDirectory } from '../../ports/directory.js'
import type { EnrollmentChange, EnrollmentRepository, StoredEnrollment } from '../../ports/index.js'
import { movementOf } from '../../record/movements.js'
import { directoryOf } from './directory.js'
import { storedOf, type Users } from './users.js'

/**
 * A repository that forgets everything with the process: for tests, examples and trying leeway out. Two processes share
 * nothing, so no limit holds across them, and a restart forgets who is enrolled.
 *
 * It keeps text, as a database would: nothing that is handed in or out is shared with it. It has no indexes: reports, and
 * each page of reminders, look at everybody.
 *
 * @example
 * ```ts
 * const repository = memoryRepository()
 * console.log(await repository.find('ada')) // null
 * ```
 */
export function memoryRepository(): EnrollmentRepository & EnrollmentDirectory {
  const users: Users = { rows: new Map(), ordered: null, prunedBefore: null }
  const { rows } = users

  async function find(userId: string): Promise<StoredEnrollment | null> {
    const row = rows.get(userId)
    return row === undefined ? null : storedOf(row)
  }

  async function save(change: EnrollmentChange): Promise<'saved' | 'conflict'> {
    const { userId, version, expected } = change
    const row = rows.get(userId)
    // Nothing is awaited from here to the write: no other call comes between.
    if ((row?.version ?? null) !== expected) return 'conflict'
    if (row === undefined) users.ordered = null
    const events = row?.events ?? []
    for (const event of change.events) {
      events.push({ id: event.id, at: event.at, event: JSON.stringify(event), moved: movementOf(event) })
    }
    rows.set(userId, { version, record: JSON.stringify(change.enrollment), index: { ...change.index }, events })
    return 'saved'
  }

  async function remove(userId: string, expected: string): Promise<'removed' | 'conflict'> {
    if (rows.get(userId)?.version !== expected) return 'conflict'
    users.ordered = null
    rows.delete(userId)
    return 'removed'
  }

  return Object.freeze({ find, save, remove, ...directoryOf(users, save) })
}
