import type { Arbitrary, AsyncCommand, default as fastCheck } from 'fast-check'
import { assertKnownKeys, assertObject, assertWhole } from '../assert.js'
import type { EnrollmentRepository, Instant, Leeway, LeewayOptions, SecretCipher } from '../index.js'
import type { Move } from './model/move.js'
import { type Plan, plansOf } from './model/plans.js'
import { agree, perform, performTogether, type Reference, report, rotate } from './model/reference.js'
import { edgesOf, lockEnd } from './model/seeing.js'
import { type Fault, START, type System, systemOf } from './model/system.js'
import { DAY, newUserModel, STEP, type UserModel } from './model/user-model.js'

/** The reference model of one run, as `fc.asyncModelRun` hands it to the commands. */
export interface LeewayModel {
  /** what the clock of all processes shows, in milliseconds since the Unix epoch */
  readonly now: Instant
}

/** The system under test of one run: two processes with a service each, over your store. */
export interface LeewaySystem {
  /** whom the commands are about: ids that no other run has */
  readonly userIds: readonly string[]
  /** The service of the first process; another one after a crash and after a deployment. */
  leeway(): Leeway
}

/** What the system under test is made of; only the repository is needed. */
export interface LeewayModelOptions {
  repository: EnrollmentRepository
  /** a repository on a further connection to the same data, for the second process; by default the same */
  another?: EnrollmentRepository | undefined
  /** makes the cipher, whenever a key comes or goes; the first key seals. By default `aesGcmCipher` */
  cipher?: ((keys: readonly { id: string; key: Uint8Array }[]) => SecretCipher) | undefined
  /** starts the service of a process, to wrap what it answers. By default `createLeeway` */
  start?: ((options: LeewayOptions) => Leeway) | undefined
}

type Command = AsyncCommand<Reference, System>

/**
 * Commands for model-based tests: what two processes, some users, an administrator and an attacker may do to leeway in
 * any order, over a store, a cipher or a service of your own. After each one the service must say what a small
 * reference model says, which knows who is in which phase, what code was used, what failure locks, and which event is
 * told.
 *
 * They set up, confirm, cancel, sign in, postpone, verify right, wrong, used, early and late codes, use recovery codes,
 * assign all kinds of terms, move deadlines, exempt, suspend, reset, revoke, import, issue passes, forget and rotate
 * keys; they set the clock forward and back, to the very millisecond at which something ends; two calls of a user run
 * at once; a process dies before or after a write, or the answer is lost. Together with {@link leewayModel} for
 * `fc.asyncModelRun`.
 *
 * fast-check is handed in, so that `leeway/testing` can be used without it. `maxCommands` is 1 to 1000, by default 50.
 * Throws a `TypeError` or `RangeError` where either cannot be used.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * await fc.assert(
 *   fc.asyncProperty(leewayCommands(fc), (commands) =>
 *     fc.asyncModelRun(() => leewayModel({ repository }), commands),
 *   ),
 *   { numRuns: 10 }, // 1,000 in your tests
 * )
 * ```
 */
export function leewayCommands(
  fc: typeof fastCheck,
  options: { maxCommands?: number | undefined } = {},
): Arbitrary<Iterable<AsyncCommand<LeewayModel, LeewaySystem>>> {
  assertObject(fc, 'fc')
  assertObject(options, 'options')
  assertKnownKeys(options, ['maxCommands'], 'options')
  const { maxCommands = 50 } = options
  assertWhole(maxCommands, 'options.maxCommands', 1, 1000)

  const plans = plansOf(fc)
  // One of them comes far; the others are there to be taken for him.
  const at = fc.constantFrom(0, 0, 0, 0, 0, 1, 2)

  const act = fc
    .record({ at, plan: plans.any })
    .map(({ at: user, plan }) =>
      command(`user ${user}: ${plan.text}`, (model, system) =>
        perform(model, system, { at: user, move: moveOf(model, user, plan) }),
      ),
    )

  const pair = fc.oneof(
    fc.tuple(plans.any, plans.any),
    plans.code.map((plan): [Plan, Plan] => [plan, plan]),
  )
  const together = fc.record({ at, pair }).map(({ at: user, pair: [one, other] }) =>
    command(`user ${user}, at once: ${one.text}, ${other.text}`, (model, system) => {
      const moves = [moveOf(model, user, one), moveOf(model, user, other)] as const
      return performTogether(model, system, { at: user, moves })
    }),
  )

  const fault: Arbitrary<Fault> = fc.record({
    at: fc.constantFrom(0, 1, 1, 1, 2),
    fault: fc.constantFrom('throws-before' as const, 'throws-after' as const),
    dies: fc.boolean(),
  })
  const failing = fc
    .record({ at, plan: plans.any, fault })
    .map(({ at: user, plan, fault: wrong }) =>
      command(`user ${user}: ${plan.text}${inWords(wrong)}`, (model, system) =>
        perform(model, system, { at: user, move: moveOf(model, user, plan), fault: wrong }),
      ),
    )

  const wait = fc.constantFrom(STEP, STEP, 2 * STEP, 60_000, 600_000, 3_600_000, DAY, 7 * DAY, 31 * DAY)
  const time = fc.oneof(
    { weight: 6, arbitrary: wait.map((ms) => clock(`the clock goes on by ${ms} ms`, ({ now }) => now + ms)) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(1, STEP, 60_000, 3_600_000, DAY)
        .map((ms) => clock(`the clock is set back by ${ms} ms`, ({ now }) => now - ms)),
    },
    {
      weight: 4,
      arbitrary: fc.record({ at, edge: fc.nat(10), before: fc.nat(1) }).map(({ at: user, edge, before }) =>
        clock(`the clock comes to edge ${edge} of user ${user}, less ${before} ms`, ({ users, now }) => {
          const edges = edgesOf(users[user] as UserModel, now)
          return (edges[edge % Math.max(1, edges.length)] ?? now + STEP) - before
        }),
      ),
    },
  )

  const guessing = fc.record({
    at,
    guess: plans.guess,
    times: fc.integer({ min: 2, max: 8 }),
    waits: fc.constantFrom(null, 0, DAY),
  })
  const guesses = guessing.map(({ at: user, guess, times, waits }) =>
    command(
      `user ${user}, ${times} times${waits === null ? '' : `, ${waits} ms after each lock`}: ${guess.text}`,
      async (model, system) => {
        for (let time = 0; time < times; time++) {
          await perform(model, system, { at: user, move: moveOf(model, user, guess) })
          const ended = lockEnd(model.users[user] as UserModel, model.now)
          if (waits !== null && ended !== null) setClock(model, system, ended + waits)
        }
      },
    ),
  )

  const told = fc.record({ at, plans: plans.stories, fault: fc.option(fault, { freq: 3 }) })
  const stories = told.map(({ at: user, plans: all, fault: wrong }) =>
    command(`user ${user}: ${all.map(({ text }) => text).join(', ')}${inWords(wrong)}`, async (model, system) => {
      for (const [step, plan] of all.entries()) {
        // The last move is the one that all comes to.
        const goesWrong = step === all.length - 1 && wrong !== null
        await perform(model, system, { at: user, move: moveOf(model, user, plan), ...(goesWrong && { fault: wrong }) })
      }
    }),
  )

  const terms = fc.constantFrom(
    'optional' as const,
    { period: { days: 7 }, postponements: 1 },
    { period: 'none' as const },
  )
  const deployed = terms.map((newUsers) =>
    command(`new users are deployed: ${fc.stringify(newUsers)}`, async (model, system) => {
      model.newUsers = newUsers
      system.deploy({ newUsers })
      await agree(model, system, 0)
    }),
  )
  const rotated = fc
    .boolean()
    .map((job) =>
      command(`keys are rotated${job ? ', and all that is sealed' : ''}`, (model, system) =>
        rotate(model, system, { job }),
      ),
    )
  const reported = fc.constant(command('reports', report))

  const any = fc.oneof(
    { weight: 60, arbitrary: act },
    { weight: 18, arbitrary: time },
    { weight: 8, arbitrary: failing },
    { weight: 8, arbitrary: stories },
    { weight: 6, arbitrary: together },
    { weight: 2, arbitrary: guesses },
    { weight: 2, arbitrary: rotated },
    { weight: 2, arbitrary: reported },
    { weight: 1, arbitrary: deployed },
  )
  // The model and the system are what `leewayModel` made; that they hold more is nobody's business.
  return fc.commands<Reference, System>([any], { maxCommands, size: 'max' }) as Arbitrary<
    Iterable<AsyncCommand<LeewayModel, LeewaySystem>>
  >
}

/**
 * A fresh system under test and its reference model, for {@link leewayCommands}. Its users have ids of their own, so
 * that one store serves any number of runs, also at once; they stay in it. A repository that can be asked about
 * everybody is asked, and its keys are rotated by `rollout.rotateKeys`. The limits of its policy are low, so that runs
 * reach them.
 *
 * Throws a `TypeError` where there is no repository, and for an option that is none.
 *
 * @example
 * ```ts
 * const { real } = leewayModel({ repository })
 * console.log((await real.leeway().status(real.userIds[0] ?? '')).phase) // optional
 * ```
 */
export function leewayModel(options: LeewayModelOptions): { model: LeewayModel; real: LeewaySystem } {
  assertObject(options, 'options')
  assertKnownKeys(options, ['repository', 'another', 'cipher', 'start'], 'options')
  assertObject(options.repository, 'options.repository')
  const real = systemOf(options)
  const model: Reference = { now: START, users: real.userIds.map(newUserModel), keys: [0], newUsers: 'optional' }
  return { model, real }
}

function command(text: string, run: (model: Reference, system: System) => Promise<void>): Command {
  return { check: () => true, run, toString: () => text }
}

function clock(text: string, timeOf: (model: Reference) => Instant): Command {
  return command(text, async (model, system) => {
    setClock(model, system, timeOf(model))
    await agree(model, system, 0)
  })
}

function setClock(model: Reference, system: System, now: Instant): void {
  model.now = now
  system.clock.set(now)
}

function inWords(fault: Fault | null): string {
  return fault === null ? '' : `; call ${fault.at} ${fault.fault}${fault.dies ? ', and its process dies' : ''}`
}

/** What a plan comes to, with what there is now. */
function moveOf({ users, now }: Reference, at: number, plan: Plan): Move {
  const [user, other] = [users[at], users[(at + 1) % users.length]] as [UserModel, UserModel]
  return plan.move({ user, other, now })
}
