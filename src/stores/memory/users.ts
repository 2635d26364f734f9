import type { Totals } from '../../ports/directory.js'
import type { StoredEnrollment } from '../../ports/index.js'
import { compareBytes, type EnrollmentIndex, type Instant } from '../../record/conditions.js'

/** All that the repository remembers. */
export interface Users {
  /** By user id, in a Map, as `__proto__` is an ordinary one. */
  rows: Map<string, Row>
  /** All ids in the order of their bytes; null until a page is asked for, and when a user came or went. */
  ordered: readonly string[] | null
  prunedBefore: Instant | null
}

/** A user: as text, as a database would keep it. */
export interface Row {
  version: string
  record: string
  index: EnrollmentIndex
  events: Told[]
}

/** An event as text, what it is looked for by, and what it changed of the totals. */
export interface Told {
  id: string
  at: Instant
  event: string
  moved: Totals
}

/** What is stored of a user. */
export function storedOf({ version, record }: Row): StoredEnrollment {
  return { enrollment: JSON.parse(record), version }
}

/** All ids in the order of their bytes. */
export function inOrder(users: Users): readonly string[] {
  users.ordered ??= [...users.rows.keys()].sort(compareBytes)
  return users.ordered
}

/** Where the ids after this one begin, by halves. */
export function placeAfter(ordered: readonly string[], userId: string): number {
  let [from, to] = [0, ordered.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (compareBytes(ordered[middle] as string, userId) > 0) to = middle
    else from = middle + 1
  }
  return from
}
