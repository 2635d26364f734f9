import { assertInstant } from '../../assert.js'
import type { Movement } from '../../ports/directory.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { Instant } from '../../record/conditions.js'
import { movementOf } from '../../record/movements.js'
import { instantSql } from './conditions.js'
import type { SqlDialect } from './dialect.js'

/** Of how many instants one statement answers the movements. */
const INSTANTS_TOGETHER = 1000

/** Rows of movements as every driver gives them: numbers, bigints or text. */
export interface MovementRow {
  at: unknown
  enrolled: unknown
  required: unknown
}

/** What an event changed of the totals, as its row keeps it: null, for both, where that is nothing. */
export function movementColumns(event: EnrollmentChange['events'][number]): [number, number] | [null, null] {
  const { enrolled, required } = movementOf(event)
  return enrolled === 0 && required === 0 ? [null, null] : [enrolled, required]
}

/**
 * How the totals changed from `from` on, the newest first: what happened in the same millisecond as one, a page of
 * instants at a time by `rowsOf`. Nothing is open between two pages.
 */
export async function* movementsOf(
  { events, dialect }: { events: string; dialect: SqlDialect },
  from: Instant,
  rowsOf: (text: string) => Promise<readonly MovementRow[]>,
): AsyncIterable<Movement> {
  assertInstant(from, 'from')
  let earlier = ''
  for (;;) {
    const rows = await rowsOf(`SELECT at, sum(enrolled) AS enrolled, sum(required) AS required FROM ${events}
WHERE ${dialect.moved(true)} AND at >= ${instantSql(from)}${earlier}
GROUP BY at ORDER BY at DESC LIMIT ${INSTANTS_TOGETHER}`)
    const page = rows.map(({ at, enrolled, required }) => ({
      at: Number(at),
      enrolled: Number(enrolled),
      required: Number(required),
    }))
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < INSTANTS_TOGETHER) return
    earlier = ` AND at < ${instantSql(last.at)}`
  }
}
