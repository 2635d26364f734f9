import {
  aesGcmCipher,
  createLeeway,
  type EnrollmentDirectory,
  type EnrollmentEvent,
  type EnrollmentRepository,
  type Instant,
  type Leeway,
  LeewayError,
  type LeewayOptions,
  type Rollout,
  type SecretCipher,
  type Terms,
} from '../../index.js'
import { platform } from '../../platform.js'
import { type FixedClock, fixedClock } from '../clock.js'
import { faultyRepository, type RepositoryFault } from '../faulty-repository.js'
import { seededRandom } from '../random.js'
import { LIMITS } from './user-model.js'

/** What a system under test is made of. */
export interface SystemParts {
  repository: EnrollmentRepository
  /** a repository on a further connection to the same data, through which the second process goes */
  another?: EnrollmentRepository | undefined
  /**
   * by default `aesGcmCipher`; called anew whenever a key comes or goes, the first of the keys being the one that
   * seals
   */
  cipher?: ((keys: readonly { id: string; key: Uint8Array }[]) => SecretCipher) | undefined
  /** how a process starts its service, by default `createLeeway`: for what you wrap around it */
  start?: ((options: LeewayOptions) => Leeway) | undefined
}

/** A call that goes wrong, and whether the process dies with it. */
export interface Fault {
  /** which call of the store, from 0 */
  at: number
  fault: Extract<RepositoryFault, 'throws-before' | 'throws-after'>
  dies: boolean
}

/** A write that landed: from which version to which, null being no record. */
export interface Landed {
  /** null for the job that rotates keys */
  process: number | null
  userId: string
  expected: string | null
  version: string | null
}

/** What came of a call; `lost` where its process died, or the store failed and it could not be told what it did. */
export type Called = { lost: true } | { lost: false; answer: unknown }

/** Two processes and a rotation job over one store, on one clock. */
export interface System {
  readonly userIds: readonly string[]
  readonly clock: FixedClock
  /** Calls the service of a process, perhaps with a fault on the way; a process that died is started again. */
  call(make: (leeway: Leeway) => Promise<unknown>, options?: { process?: number; fault?: Fault }): Promise<Called>
  /** The service of a process, by default of the first. */
  leeway(process?: number): Leeway
  /** What reports on these users alone; null where the store cannot be asked about everybody. */
  rollout(): Rollout | null
  /**
   * Starts all processes anew, as a deployment does: with these keys, by their generations, and terms for new users.
   */
  deploy(next: { keys?: readonly number[]; newUsers?: 'optional' | Terms }): void
  /** Takes what the listeners were told since it was last asked. */
  told(): readonly EnrollmentEvent[]
  /** Takes the writes that landed since it was last asked. */
  landed(): readonly Landed[]
}

/** The clock's start: a Monday, the first millisecond of a time step. */
export const START: Instant = Date.UTC(2026, 0, 5, 9)

/** Ids that are easily taken for each other, and nobody else's: one store serves any number of runs. */
const NAMES = ['ada', 'Ada', 'ada ']

/** The system of one run. */
export function systemOf({ repository, another = repository, cipher, start = createLeeway }: SystemParts): System {
  const run = platform.crypto.randomUUID()
  const clock = fixedClock(START)
  // Of secrets, codes and ids; a process that starts anew goes on where the stream is.
  const random = seededRandom('leewayModel')
  const sealedBy = cipher ?? ((keys) => aesGcmCipher({ keys }))
  let told: EnrollmentEvent[] = []
  let landed: Landed[] = []
  let keys: readonly number[] = [0]
  let newUsers: 'optional' | Terms = 'optional'

  function begin(store: EnrollmentRepository): Leeway {
    const options = { issuer: 'Example', cipher: sealedBy(keys.map(keyOf)), clock, random }
    const onEvents = (events: readonly EnrollmentEvent[]) => void told.push(...events)
    return start({ ...options, repository: store, policy: { ...LIMITS, newUsers }, onEvents })
  }

  const processes = [repository, another].map((store, process) => {
    let fault: Fault | null = null
    let calls = 0
    let isDead = false
    const plan = () => {
      if (isDead) return 'throws-before'
      if (fault === null || calls++ !== fault.at) return null
      isDead = fault.dies
      return fault.fault
    }
    const over = faultyRepository(
      watched(store, (write) => landed.push({ process, ...write })),
      plan,
    )
    let leeway = begin(over)
    return {
      leeway: () => leeway,
      restart() {
        leeway = begin(over)
      },
      async call(make: (leeway: Leeway) => Promise<unknown>, next: Fault | null): Promise<Called> {
        fault = next
        calls = 0
        try {
          return { lost: false, answer: await make(leeway) }
        } catch (error) {
          // Nothing but a fault that came to pass excuses a call that fails.
          const isFaults = fault !== null && calls > fault.at
          if (isFaults && error instanceof LeewayError && error.code === 'ERR_STORE') return { lost: true }
          throw error
        } finally {
          fault = null
          if (isDead) leeway = begin(over)
          isDead = false
        }
      },
    }
  })
  const reporting = scoped(repository, run, (write) => landed.push({ process: null, ...write }))
  let job = begin(reporting)

  return {
    userIds: NAMES.map((name) => `${run} ${name}`),
    clock,
    call: (make, { process = 0, fault } = {}) =>
      (processes[process] as (typeof processes)[number]).call(make, fault ?? null),
    leeway: (process = 0) => (processes[process] as (typeof processes)[number]).leeway(),
    rollout: () => ('rollout' in job ? (job.rollout as Rollout) : null),
    deploy(next) {
      keys = next.keys ?? keys
      newUsers = next.newUsers ?? newUsers
      for (const process of processes) process.restart()
      job = begin(reporting)
    },
    told() {
      const taken = told
      told = []
      return taken
    },
    landed() {
      const taken = landed
      landed = []
      return taken
    },
  }
}

/** A key by its generation. */
function keyOf(generation: number): { id: string; key: Uint8Array } {
  return { id: `k${generation}`, key: Uint8Array.from({ length: 32 }, (_, at) => (generation * 37 + at) % 256) }
}

/** The store, with somebody told of each write that it says it made. */
function watched(store: EnrollmentRepository, tell: (write: Omit<Landed, 'process'>) => void): EnrollmentRepository {
  async function telling<Answer extends string>(
    write: Omit<Landed, 'process'>,
    landing: Promise<Answer>,
  ): Promise<Answer> {
    const answer = await landing
    if (answer !== 'conflict') tell(write)
    return answer
  }
  return {
    find: (userId) => store.find(userId),
    save(change) {
      const { userId, expected, version } = change
      return telling({ userId, expected, version }, store.save(change))
    },
    remove: (userId, expected) => telling({ userId, expected, version: null }, store.remove(userId, expected)),
  }
}

/** The store as it is, but that only the users of this run are listed: what is sealed for others has other keys. */
function scoped(
  store: EnrollmentRepository & Partial<EnrollmentDirectory>,
  run: string,
  tell: (write: Omit<Landed, 'process'>) => void,
): EnrollmentRepository {
  const list: EnrollmentDirectory['list'] = (query) =>
    (store as EnrollmentDirectory).list({ ...query, userIdPrefix: run })
  const own: object = { ...watched(store, tell), list }
  // Not a proxy of the store itself: what a frozen one has could not be replaced.
  return new Proxy({} as EnrollmentRepository, {
    get(_, name) {
      const theirs: unknown = Reflect.get(store, name)
      if (typeof theirs !== 'function') return theirs
      return Reflect.get(own, name) ?? theirs.bind(store)
    },
  })
}
