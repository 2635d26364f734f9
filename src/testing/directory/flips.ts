import type { EnrollmentIndex } from '../../enrollment/phase.js'
import type { Movement, Totals } from '../../ports/directory.js'
import type { EnrollmentChange } from '../../ports/index.js'
import type { Instant } from '../../totp/index.js'
import { equal, eventOf } from '../repository-bench.js'
import type { RepositoryWithDirectory } from './bench.js'

type EnrollmentEvent = EnrollmentChange['events'][number]

/** An event of this place in its user's history that happened at this instant. */
export function eventAt(
  userId: string,
  number: number,
  at: Instant,
  details: EnrollmentEvent['details'] = { number },
): EnrollmentEvent {
  return { ...eventOf(userId, number), at, details }
}

/** The details that tell what flipped from one state of the facts to another, one at a time, as the machine tells it. */
export function flipsBetween(
  before: EnrollmentIndex | null,
  after: EnrollmentIndex,
): readonly EnrollmentEvent['details'][] {
  const [was, is] = [standOf(before), standOf(after)]
  return [
    ...(was.enrolled === is.enrolled ? [] : [{ enrolled: is.enrolled === 1 }]),
    ...(was.required === is.required ? [] : [{ required: is.required === 1 }]),
  ]
}

/** What a save at this instant changed of the totals, by the facts alone. */
export function movementAt(at: Instant, before: EnrollmentIndex | null, after: EnrollmentIndex): Movement {
  return { at, ...minus(standOf(after), standOf(before)) }
}

/** How many of these have an authenticator bound, and of how many MFA is required. */
export function totalsOf(everybody: readonly EnrollmentChange[]): Totals {
  return everybody.map(({ index }) => standOf(index)).reduce(plus, NONE)
}

/** Nobody. */
export const NONE: Totals = { enrolled: 0, required: 0 }

function standOf(index: EnrollmentIndex | null): Totals {
  if (index === null) return NONE
  return { enrolled: index.enrolledAt === null ? 0 : 1, required: index.required ? 1 : 0 }
}

/** Two totals as one. */
export function plus(one: Totals, other: Totals): Totals {
  return { enrolled: one.enrolled + other.enrolled, required: one.required + other.required }
}

/** How many more the one is than the other. */
export function minus(one: Totals, other: Totals): Totals {
  return { enrolled: one.enrolled - other.enrolled, required: one.required - other.required }
}

/** Checks that what moved from an instant on is what moved of these, the newest first, whatever came as one. */
export async function moves(
  repository: RepositoryWithDirectory,
  all: readonly Movement[],
  from: Instant = 0,
): Promise<void> {
  const answered: Movement[] = []
  for await (const movement of repository.movements(from)) answered.push(movement)
  sameMovements(
    answered,
    all.filter(({ at }) => at >= from),
    `what moved from ${from} on`,
  )
}

/** Refuses movements that are out of order, and other sums. */
export function sameMovements(answered: readonly Movement[], expected: readonly Movement[], what: string): void {
  const instants = answered.map(({ at }) => at)
  const late = instants.findIndex((at, place) => at > (instants[place - 1] ?? at))
  equal(instants[late] ?? null, null, `which instant comes after an earlier one in ${what}`)
  const [sums, wanted] = [byInstant(answered), byInstant(expected)]
  const other = wanted.findIndex((movement, place) => !isSame(movement, sums[place]))
  if (other >= 0) equal(sums[other] ?? null, wanted[other], `the movement ${other} of ${what}`)
  equal(sums, wanted, what)
}

function isSame(one: Movement, other: Movement | undefined): boolean {
  return one.at === other?.at && one.enrolled === other.enrolled && one.required === other.required
}

/** One movement for each instant at which the totals changed, the newest first. */
function byInstant(movements: readonly Movement[]): readonly Movement[] {
  const sums = new Map<Instant, Totals>()
  for (const { at, ...moved } of movements) sums.set(at, plus(sums.get(at) ?? NONE, moved))
  return [...sums]
    .map(([at, sum]) => ({ at, ...sum }))
    .filter(({ enrolled, required }) => enrolled !== 0 || required !== 0)
    .sort((one, other) => other.at - one.at)
}
