import type { Instant } from '../../record/conditions.js'
import { instantSql } from './conditions.js'
import type { SqlDialect } from './dialect.js'

/** How many events one step of pruning deletes: few enough that others wait for some milliseconds only. */
const PRUNED_TOGETHER = 2000

/** What a step of pruning came to: `found` counts those too that another process deleted meanwhile. */
export interface PruneStep {
  found: number
  removed: number
}

/** A step that the database undid because it met another write: all that it found is still to do. */
export const UNDONE: PruneStep = { found: PRUNED_TOGETHER, removed: 0 }

/**
 * Which events the next step is about, after a WHERE: the oldest of before an instant, of those that changed the totals or
 * of those that did not, each along an index of its own.
 */
export function prunableSql(moved: boolean, before: Instant, dialect: SqlDialect): string {
  return `${dialect.moved(moved)} AND at < ${instantSql(before)} ORDER BY at LIMIT ${PRUNED_TOGETHER}`
}

/** Rows of {@link prunedBeforeSql}. */
export interface PruningRow {
  latest: unknown
}

/** What history was pruned before, which each pruning notes in a row of its own, before the first event goes. */
export function prunedBeforeSql(prunings: string): string {
  return `SELECT max(pruned_before) AS latest FROM ${prunings}`
}

/** What the row of {@link prunedBeforeSql} says; null where nothing was pruned. */
export function prunedBeforeOf({ latest }: PruningRow): Instant | null {
  return latest === null ? null : Number(latest)
}

/** Takes steps until one finds fewer events than it could have deleted, and answers how many went. */
export async function pruneInSteps(step: (moved: boolean) => Promise<PruneStep>): Promise<number> {
  let total = 0
  for (const moved of [false, true]) {
    for (let left = true; left; ) {
      const { found, removed } = await step(moved)
      total += removed
      left = found === PRUNED_TOGETHER
    }
  }
  return total
}
