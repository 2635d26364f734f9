import { assertInstant } from '../../assert.js'
import type { EnrollmentDirectory, Movement, PhaseCounts, Totals } from '../../ports/directory.js'
import { assertEdges, compareBytes, type Instant, PHASES } from '../../record/conditions.js'
import { movementRange, parseMovement } from './events.js'
import { deadlineRange, type IndexRange, lockedRange, phaseRanges, totalsRanges } from './facts.js'
import { inParallel, type Server } from './server.js'
import { inOrder } from './walks.js'

/** How many movements one call reads. */
const MOVEMENTS_AT_ONCE = 100

/** What is counted of the users, now and back in time. */
export function reportsOf({
  run,
  buckets,
  everyBucket,
}: Server): Pick<EnrollmentDirectory, 'counts' | 'deadlines' | 'totals' | 'movements'> {
  /** How many members of the index are in each range, in all buckets. */
  async function count(ranges: readonly IndexRange[]): Promise<number[]> {
    const values = ranges.flat()
    const sums = ranges.map(() => 0)
    await inParallel(everyBucket, async (bucket) => {
      const reply = (await run('count', bucket, values)) as (number | string)[]
      for (const [at, sum] of sums.entries()) sums[at] = sum + Number(reply[at])
    })
    return sums
  }

  async function counts(now: Instant): Promise<PhaseCounts> {
    assertInstant(now, 'now')
    const phases = PHASES.map((phase) => phaseRanges(phase, now))
    const [locked, ...rest] = await count([
      lockedRange(now),
      ...phases.flatMap(({ into, outOf }) => [...into, ...outOf]),
    ])
    const counted = { total: 0, locked } as PhaseCounts
    for (const [at, phase] of PHASES.entries()) {
      const { into, outOf } = phases[at] as (typeof phases)[number]
      counted[phase] = sumOf(rest.splice(0, into.length)) - sumOf(rest.splice(0, outOf.length))
      counted.total += counted[phase]
    }
    return counted
  }

  async function deadlines({ edges }: { edges: readonly Instant[] }): Promise<readonly number[]> {
    assertEdges(edges)
    const ranges = edges.slice(1).map((to, at) => deadlineRange(edges[at] as Instant, to))
    return ranges.length === 0 ? [] : await count(ranges)
  }

  async function totals(): Promise<Totals> {
    const { enrolled, required } = totalsRanges()
    const sums = await count([...enrolled, ...required])
    return { enrolled: sumOf(sums.slice(0, enrolled.length)), required: sumOf(sums.slice(enrolled.length)) }
  }

  async function* movements(from: Instant): AsyncGenerator<Movement, undefined> {
    assertInstant(from, 'from')
    const [newest, to] = movementRange(from)
    const members = inOrder(
      buckets.count,
      (one, other) => compareBytes(other, one),
      async (bucket, at) => {
        const values = [at === '' ? newest : `(${at}`, to, `${MOVEMENTS_AT_ONCE}`]
        const found = (await run('movements', bucket, values)) as string[]
        return { end: found[MOVEMENTS_AT_ONCE - 1] ?? null, found }
      },
    )
    for await (const known of members) yield* summed(known.map(parseMovement))
  }

  return { counts, deadlines, totals, movements }
}

/** Movements in order, those of the same millisecond as one. */
function summed(movements: readonly Movement[]): readonly Movement[] {
  const sums: Movement[] = []
  for (const { at, enrolled, required } of movements) {
    const last = sums.at(-1)
    if (last?.at === at) {
      last.enrolled += enrolled
      last.required += required
    } else {
      sums.push({ at, enrolled, required })
    }
  }
  return sums
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
