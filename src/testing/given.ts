import { assertFunction, assertInstant, assertKnownKeys, assertObject } from '../assert.js'
import {
  aesGcmCipher,
  createLeeway,
  type EnrollmentEvent,
  type EnrollmentEventType,
  type EnrollmentRepository,
  type EnrollmentStatus,
  type Instant,
  type Leeway,
  type Phase,
  type Policy,
  type SecretCipher,
  type UserId,
} from '../index.js'
import { memoryRepository } from '../stores/memory/index.js'
import { type FixedClock, fixedClock } from './clock.js'
import {
  type CommandAnswers,
  type CommandArguments,
  type CommandName,
  commandOf,
  inWords,
  type Lapse,
  landmarkOf,
  lengthOf,
  type StoryStep,
} from './given/commands.js'
import { differences, type PartOf, projected, shown } from './given/differences.js'
import { perform } from './given/perform.js'
import { type People, type Person, peopleAt } from './given/person.js'
import { assertWords } from './given/words.js'
import { seededRandom } from './random.js'

/** What a story happens in: hand its service to the code under test. */
export interface World {
  readonly leeway: Leeway
  readonly clock: FixedClock
  /** whom the story is about */
  readonly user: Person
  /** anybody, by his id */
  person(userId: UserId): Person
  /** all that the audit trail was told so far */
  readonly events: readonly EnrollmentEvent[]
}

/** What a story is told with; all of it has a default. */
export interface GivenOptions {
  /** whom it is about; by default 'ada' */
  userId?: UserId | undefined
  /** when it begins; by default Monday, 5 January 2026, nine o'clock in the morning, UTC */
  at?: Instant | undefined
  policy?: Policy | undefined
  /** opens a store for each story; by default an empty one in memory */
  repository?: (() => EnrollmentRepository | Promise<EnrollmentRepository>) | undefined
  /** by default one with a key of its own */
  cipher?: SecretCipher | undefined
  /** by default 'Example' */
  issuer?: string | undefined
  /** for stories made up by chance: what leeway refuses in `given` is passed over; by default it fails the test */
  mayBeRefused?: boolean | undefined
}

/** What has happened when a test begins: a step of a story, or any work of your own. */
export type Premise = StoryStep | ((world: World) => unknown)

/** Begins a story: with what has happened so far. */
export type Given = (...steps: Premise[]) => When

/** Goes on with what is tested. */
export interface When {
  /** One command, by its name and what it takes. */
  when<Name extends CommandName>(name: Name, ...given: CommandArguments[Name]): Then<CommandAnswers[Name]>
  /** Your own code, to which the world is handed. */
  when<Answer>(act: (world: World) => Answer): Then<Awaited<Answer>>
  /** Time that goes by. */
  when(lapse: Lapse): Then<undefined>
}

/** Ends with what is expected. */
export interface Then<Answer> {
  /**
   * Tells the story in a world of its own and compares; rejects with an Error that says every difference, so that any
   * test runner will do. Resolves to what came out, for whatever else there is to look at.
   */
  expect(expected: Expected<Answer>): Promise<Told<Answer>>
  /** Tells the story and resolves to what came out, with nothing expected but that nothing throws: for properties. */
  outcome(): Promise<Told<Answer>>
}

/** What should have come of it; whatever is left out may be anything, but something must be said. */
export interface Expected<Answer> {
  /** what was answered: objects by the properties that are named, arrays item by item, the rest as `Object.is` has it */
  answer?: PartOf<Answer> | undefined
  /** where the user stands afterwards */
  phase?: Phase | undefined
  /** what may be shown of the user afterwards, in part */
  status?: PartOf<EnrollmentStatus> | undefined
  /** which events that gave, in their order */
  events?: readonly EnrollmentEventType[] | undefined
  /** that it threw, or rejected, with such an error; otherwise that fails the test */
  error?: { name?: string | undefined; code?: string | undefined; message?: string | undefined } | undefined
}

/** What came of it. */
export interface Told<Answer> {
  /** undefined where it threw */
  readonly answer: Answer
  readonly status: EnrollmentStatus
  /** those of what was tested, not of what was given */
  readonly events: readonly EnrollmentEvent[]
  /** as it is now, to go on in */
  readonly world: World
}

/**
 * Tells a story about one user on the real service, in memory, with a clock that stands still until the story moves it:
 * `given` what happened, `when` something is done, `expect` what comes of it. A step is a method of `Leeway` by its name,
 * with codes in words because only the user's phone knows them, or time that goes by, or a function of your own. Each
 * story has a world of its own, and what is refused in `given` fails the test: its premise would not hold.
 *
 * Throws a `TypeError` for a step that is none or has a property that none takes, and a `RangeError` for a word that means
 * nothing.
 *
 * @example
 * ```ts
 * await given(['requireEnrollment', { period: { days: 30 } }], { days: 31 })
 *   .when('signIn')
 *   .expect({ answer: { action: 'require-setup', reason: 'overdue' }, phase: 'overdue' })
 *
 * await given('setUp', ['verifyCode', 'right'])
 *   .when('verifyCode', 'used')
 *   .expect({ answer: { ok: false, reason: 'invalid-code' }, events: ['code-replayed'] })
 * ```
 */
export function given(...steps: Premise[]): When {
  return givenWith({})(...steps)
}

const OPTIONS = ['userId', 'at', 'policy', 'repository', 'cipher', 'issuer', 'mayBeRefused'] as const
const EXPECTED = ['answer', 'phase', 'status', 'events', 'error'] as const
const MONDAY_MORNING = Date.UTC(2026, 0, 5, 9)

/**
 * {@link given} for another policy, user, store or time.
 *
 * Throws a `TypeError` or `RangeError` that names the option where one cannot be used.
 *
 * @example
 * ```ts
 * const given = givenWith({ policy: { lock: { afterFailures: 2 } } })
 *
 * await given('setUp', ['verifyCode', 'wrong'], ['verifyCode', 'wrong'])
 *   .when('verifyCode', 'right')
 *   .expect({ answer: { ok: false, reason: 'locked' }, status: { lock: { totp: { state: 'locked' } } } })
 * ```
 */
export function givenWith(options: GivenOptions): Given {
  assertObject(options, 'options')
  assertKnownKeys(options, OPTIONS, 'options')
  const { at = MONDAY_MORNING, repository } = options
  assertInstant(at, 'options.at')
  if (repository !== undefined) assertFunction(repository, 'options.repository')
  return (...steps) => {
    for (const [number, step] of steps.entries()) assertStep(step, `step ${number + 1} of given`)
    return Object.freeze({
      when(act: unknown, ...more: readonly unknown[]) {
        const tested = (typeof act === 'string' ? [act, ...more] : act) as Premise
        assertStep(tested, 'what is given to when')
        return Object.freeze({
          expect: async (expected: unknown) => told(options, steps, tested, readExpected(expected)),
          outcome: () => told(options, steps, tested, {}),
        })
      },
    }) as When
  }
}

/** A story under way. */
interface Stage {
  world: World
  people: People
  options: GivenOptions
  status(): Promise<EnrollmentStatus>
}

async function stageOf(options: GivenOptions): Promise<Stage> {
  const { userId = 'ada', at = MONDAY_MORNING, policy, issuer = 'Example' } = options
  const clock = fixedClock(at)
  const random = seededRandom('a story')
  const events: EnrollmentEvent[] = []
  const service = createLeeway({
    issuer,
    repository: (await options.repository?.()) ?? memoryRepository(),
    cipher: options.cipher ?? aesGcmCipher({ keys: [{ id: 'story', key: random(32) }] }),
    policy,
    clock,
    random,
    onEvents: (more) => {
      events.push(...more)
    },
  })
  const people = peopleAt(service, clock)
  const user = people.of(userId)
  const world = Object.freeze({ leeway: people.leeway, clock, user, person: people.of, events })
  return { world, people, options, status: () => service.status(userId) }
}

async function told(
  options: GivenOptions,
  steps: readonly Premise[],
  tested: Premise,
  said: Record<string, unknown>,
): Promise<Told<unknown>> {
  const stage = await stageOf(options)
  for (const step of steps) await premise(stage, step)
  const { world } = stage
  const before = world.events.length
  let outcome: { answer: unknown; error: unknown }
  try {
    outcome = { answer: await act(stage, tested), error: undefined }
  } catch (error) {
    if (!('error' in said)) throw new Error(`${storyOf(steps, tested)}: it threw ${messageOf(error)}`, { cause: error })
    outcome = { answer: undefined, error }
  }
  const status = await stage.status()
  const events = world.events.slice(before)
  const actual = { ...outcome, phase: status.phase, status, events: events.map(({ type }) => type) }
  const found = Object.entries(said).flatMap(([name, part]) =>
    differences(part, actual[name as keyof typeof actual], name),
  )
  if (found.length > 0) {
    const lines = found.map(
      ({ path, ...one }) => `\n  ${path} should be ${shown(one.expected)} and is ${shown(one.actual)}`,
    )
    // Test runners show these two side by side.
    throw Object.assign(new Error(`${storyOf(steps, tested)}:${lines.join('')}`), {
      expected: said,
      actual: projected(said, actual),
    })
  }
  return Object.freeze({ answer: outcome.answer, status, events, world })
}

/** What is really said of what should come of it: a test that expects nothing cannot fail. */
function readExpected(expected: unknown): Record<string, unknown> {
  assertObject(expected, 'expected')
  assertKnownKeys(expected, EXPECTED, 'expected')
  const said = Object.fromEntries(Object.entries(expected).filter(([, part]) => part !== undefined))
  if (Object.keys(said).length === 0) throw new TypeError(`expected must say at least one of ${EXPECTED.join(', ')}`)
  return said
}

/** Takes one step of what is given; what is refused there fails the test, unless that is what the step says. */
async function premise(stage: Stage, step: Premise): Promise<void> {
  const { mayBeRefused = false } = stage.options
  try {
    const answer = await act(stage, step)
    if (mayBeRefused || typeof step === 'function') return
    const command = commandOf(step)
    if (command !== null && isRefused(answer) && isRight(command.given))
      throw new Error(`it was refused, ${answer.reason}`)
  } catch (cause) {
    if (mayBeRefused && isOutOfRange(cause)) return
    throw new Error(`${nameOf(step)}, which is given, does not hold: ${messageOf(cause)}`, { cause })
  }
}

async function act({ world, people, status, options }: Stage, step: Premise): Promise<unknown> {
  if (typeof step === 'function') return step(world)
  const command = commandOf(step)
  if (command !== null) return perform({ leeway: people.leeway, person: people.of(world.user.userId) }, command)
  const lapse = step as Lapse
  const { clock } = world
  if ('at' in lapse) return clock.set(lapse.at)
  const { to } = lapse
  if (to !== undefined) {
    const { passEndsAt } = people.of(world.user.userId)
    const landmark = landmarkOf(await status(), { to, passEndsAt })
    if (landmark === null) {
      if (options.mayBeRefused) return undefined
      throw new Error(`${world.user.userId} has no ${to}`)
    }
    clock.set(landmark)
  }
  return clock.advance(lengthOf(lapse))
}

function assertStep(step: unknown, name: string): asserts step is Premise {
  if (typeof step === 'function') return
  const known = typeof step === 'string' || (typeof step === 'object' && step !== null)
  if (!known) throw new TypeError(`${name} must be a command, a lapse of time or a function`)
  assertWords(step as StoryStep, name)
}

function isRefused(answer: unknown): answer is { ok: false; reason: string } {
  return typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false
}

/** Whether a command hands over nothing but what should be right; a label may be any word. */
function isRight(handed: unknown): boolean {
  if (handed === 'wrong' || handed === 'used') return false
  if (typeof handed !== 'object' || handed === null) return true
  if ('exactly' in handed || 'driftSeconds' in handed) return false
  return Object.entries(handed).every(([key, part]) => key === 'label' || isRight(part))
}

/** Whether leeway refused an argument, as it does one authenticator too many. */
function isOutOfRange(error: unknown): boolean {
  return error instanceof RangeError
}

function storyOf(steps: readonly Premise[], tested: Premise): string {
  const before = steps.length === 0 ? 'nothing' : steps.map(nameOf).join(', ')
  return `given ${before}, when ${nameOf(tested)}`
}

function nameOf(step: Premise): string {
  return typeof step === 'function' ? step.name || 'your code' : inWords(step)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
