import type { Instant } from '../../record/conditions.js'
import { instantSql } from './conditions.js'
import type { SqlDialect } from './dialect.js'

/** How many events one step of pruning deletes: few enough that others wait for some milliseconds only. */
const PRUNED_TOGETHER = 2000

/** What a step of pruning came to. */
export interface PruneStep {
  /** how many events it was about, those too that another process deleted meanwhile */
  found: number
  removed: number
  /** of the last of them, where the next step can begin; otherwise that looks from where this one did */
  last?: Instant
}

/** A step that the database undid because it met another write: all that it found is still to do. */
export const UNDONE: PruneStep = { found: PRUNED_TOGETHER, removed: 0 }

/** Which events a step is about: those that changed the totals or those that did not, in [from, before). */
export interface Prunable {
  moved: boolean
  from: Instant
  before: Instant
}

/** The oldest of the events that are to go, after a WHERE, along their index. */
export function prunableSql({ moved, from, before }: Prunable, dialect: SqlDialect): string {
  return `${dialect.moved(moved)} AND at >= ${instantSql(from)} AND at < ${instantSql(before)}
ORDER BY at LIMIT ${PRUNED_TOGETHER}`
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
export async function pruneInSteps(
  before: Instant,
  prune: (prunable: Prunable) => Promise<PruneStep>,
): Promise<number> {
  let total = 0
  for (const moved of [false, true]) {
    for (let from: Instant | null = 0; from !== null; ) {
      const step: PruneStep = await prune({ moved, from, before })
      total += step.removed
      from = step.found < PRUNED_TOGETHER ? null : (step.last ?? from)
    }
  }
  return total
}
