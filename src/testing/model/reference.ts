import type { EnrollmentEventType, Instant, Terms } from '../../index.js'
import { equal } from '../repository-bench.js'
import { answered, follow, type Move, seen, sees } from './move.js'
import { reseal } from './proving.js'
import { decisionAt, phaseAt } from './seeing.js'
import type { Fault, Landed, System } from './system.js'
import { copyOf, type Moment, type UserModel } from './user-model.js'

/** The reference model: its users, and what is the same for all. */
export interface Reference {
  now: Instant
  users: UserModel[]
  /** the generations of the keys that open, the one that seals first */
  keys: number[]
  newUsers: 'optional' | Terms
}

/** The model as a call finds it. */
export function momentOf({ now, keys, newUsers }: Reference): Moment {
  return { now, key: keys[0] as number, newUsers }
}

/** One user makes a move, perhaps with a fault on the way, and everybody is looked at. */
export async function perform(
  model: Reference,
  system: System,
  { at, move, fault }: { at: number; move: Move; fault?: Fault },
): Promise<void> {
  const userId = system.userIds[at] as string
  const called = await system.call((leeway) => move.call(leeway, userId), { ...(fault && { fault }) })
  const user = model.users[at] as UserModel
  const writes = system.landed()
  // What was lost on the way did all of it or nothing, and told nobody.
  if (called.lost) tells(system, [])
  if (called.lost && writes.length > 0) followed(model, user, { move, answer: undefined, writes })
  if (!called.lost) tells(system, followed(model, user, { move, answer: called.answer, writes }))
  await agree(model, system, at)
}

/** Two moves of one user at once, by two processes: together they are what one after the other would have been. */
export async function performTogether(
  model: Reference,
  system: System,
  { at, moves }: { at: number; moves: readonly [Move, Move] },
): Promise<void> {
  const before = model.users[at] as UserModel
  const called = await Promise.all(
    moves.map((move, process) => system.call((leeway) => move.call(leeway, before.userId), { process })),
  )
  const told = typesOf(system)
  const landed = system.landed()
  const first = landed[0]?.process ?? 0
  const errors: unknown[] = []
  // The one that wrote first was first, or else the other was: in the wrong order their versions do not follow.
  for (const order of [[first, 1 - first] as const, [1 - first, first] as const]) {
    const user = copyOf(before)
    try {
      const events = order.flatMap((process) => {
        const { answer } = { answer: undefined, ...called[process] }
        const writes = landed.filter((write) => write.process === process)
        return followed(model, user, { move: moves[process] as Move, answer, writes })
      })
      equal(told, events.sort(), 'the events that are told')
      model.users[at] = user
      return await agree(model, system, at)
    } catch (error) {
      errors.push(error)
    }
  }
  throw errors[0]
}

/** A move is followed. It is one write, on what was there, where it changes anything, and else none. */
function followed(
  model: Reference,
  user: UserModel,
  { move, answer, writes }: { move: Move; answer: unknown; writes: readonly Landed[] },
): EnrollmentEventType[] {
  const before = JSON.stringify(user)
  const events = follow(move, user, answer, momentOf(model))
  const isChanged = JSON.stringify(user) !== before
  equal(writes.length, isChanged ? 1 : 0, 'how often a call wrote')
  land(model, user, writes)
  return events
}

/** Each write was made of what the one before left. */
function land({ users }: Reference, user: UserModel | null, writes: readonly Landed[]): void {
  for (const { userId, expected, version } of writes) {
    const written = user ?? (users.find((one) => one.userId === userId) as UserModel)
    equal(expected, written.version, 'the version that a write is made on')
    written.version = version
  }
}

/** Of a set-up and a pass whose time is over, a rotation drops all where one is under another key than the first. */
function dropExpired(user: UserModel, now: Instant, key: number): void {
  const [setup = null] = live(user.setup, now)
  const [pass = null] = live(user.pass, now)
  const expired = [setup === null ? user.setup : null, pass === null ? user.pass : null]
  if (expired.some((one) => one !== null && one.key !== key)) Object.assign(user, { setup, pass })
}

/** What is not over yet: what is opens nothing any more. */
const live = <Passing extends { expiresAt: Instant }>(one: Passing | null, now: Instant): Passing[] =>
  one !== null && now < one.expiresAt ? [one] : []

/** All keys move on; where the store can be asked about everybody, so does all that is sealed. */
export async function rotate(model: Reference, system: System, { job }: { job: boolean }): Promise<void> {
  const key = (model.keys[0] as number) + 1
  model.keys = [key, ...model.keys]
  system.deploy({ keys: model.keys })
  const rollout = system.rollout()
  if (!job || rollout === null) return agree(model, system, null)
  const done = await rollout.rotateKeys()
  const stored = model.users.filter((user) => user.stored)
  const resealed = stored.flatMap((user) => {
    dropExpired(user, model.now, key)
    const events = reseal([...user.authenticators, ...live(user.setup, model.now)], key)
    user.events.push(...events)
    return events
  })
  const digests = stored.flatMap(({ recoveryCodes, pass }) => [...recoveryCodes, ...live(pass, model.now)])
  const digestsUnderOldKeys = digests.filter((digest) => digest.key !== key).length
  equal(done, { scanned: stored.length, resealed: resealed.length, digestsUnderOldKeys }, 'what a rotation tells')
  tells(system, resealed)
  land(model, null, system.landed())
  // Then, and only then, may the old keys go.
  if (digestsUnderOldKeys === 0) model.keys = [key]
  system.deploy({ keys: model.keys })
  await agree(model, system, null)
}

/** Reports say what the users' own records do, and the trail has every event once, in order. */
export async function report(model: Reference, system: System): Promise<void> {
  const rollout = system.rollout()
  if (rollout === null) return
  const { users } = await rollout.list({}, { limit: 1000 })
  const phases = Object.fromEntries(users.map(({ userId, phase }) => [userId, phase]))
  const stored = model.users.filter((user) => user.stored)
  equal(phases, Object.fromEntries(stored.map((user) => [user.userId, phaseAt(user, model.now)])), 'the phases listed')
  for (const user of model.users) {
    const { events } = await rollout.history(user.userId, { limit: 1000 })
    equal(
      events.map(({ type }) => type),
      user.events,
      `the events stored of ${JSON.stringify(user.userId)}`,
    )
    equal(
      events.map(({ id }) => id),
      events.map(({ id }) => id).sort(),
      'the ids of events, in order,',
    )
  }
}

/** Everybody's status is the model's, and so is what the other process would let the one do who acted. */
export async function agree(model: Reference, system: System, at: number | null): Promise<void> {
  const leeway = system.leeway()
  for (const user of model.users) sees(seen(user, momentOf(model)), await leeway.status(user.userId), model.now)
  const user = at === null ? undefined : model.users[at]
  if (user === undefined) return
  for (const sensitive of [false, true]) {
    const asked = { occasion: 'session', sensitive } as const
    const expected = decisionAt(seen(user, momentOf(model)), model.now, asked)
    answered(await system.leeway(1).decide(user.userId, { sensitive }), expected, 'a decision')
  }
}

/** The listener was told these events. */
function tells(system: System, events: readonly EnrollmentEventType[]): void {
  equal(typesOf(system), [...events].sort(), 'the events that are told')
}

function typesOf(system: System): EnrollmentEventType[] {
  return system
    .told()
    .map(({ type }) => type)
    .sort()
}
