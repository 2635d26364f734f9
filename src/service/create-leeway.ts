import { assertObject } from '../assert.js'
import { statusAt } from '../enrollment/status.js'
import { assertUserId, type UserId } from '../enrollment/user.js'
import { platformRandom } from '../platform.js'
import type { EnrollmentDirectory } from '../ports/directory.js'
import type { EnrollmentRepository } from '../ports/index.js'
import { formatKeyUri } from '../totp/key-uri.js'
import { access } from './access.js'
import { administration } from './administration.js'
import { forgetRecord, readRecord } from './attempt.js'
import { readFields } from './fields.js'
import type { Leeway, LeewayOptions, LeewayWithRollout } from './leeway.js'
import type { Parts } from './parts.js'
import { resolvePolicy, resolveProtect } from './policy.js'
import { rollout } from './rollout.js'
import { setup } from './setup.js'

const DIRECTORY = [
  'findMany',
  'saveMany',
  'list',
  'counts',
  'deadlines',
  'due',
  'movements',
  'totals',
  'history',
  'pruneHistory',
  'prunedBefore',
] as const
const OPTIONS = ['issuer', 'repository', 'cipher', 'policy', 'clock', 'random', 'onEvents'] as const

/**
 * The service: MFA for an auth server whose users each have their own leeway. It holds no state of its own; as many as
 * there are processes may share one repository.
 *
 * Throws a TypeError or RangeError that names the option where one cannot be used.
 *
 * @example
 * ```ts
 * const leeway = createLeeway({
 *   issuer: 'Example',
 *   repository: memoryRepository(),
 *   cipher: aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] }),
 * })
 * await leeway.requireEnrollment('ada', { period: { days: 30 } })
 * const decision = await leeway.signIn('ada')
 * console.log(decision.action, decision.daysLeft) // offer-setup 30
 * ```
 */
export function createLeeway(
  options: LeewayOptions & { repository: EnrollmentRepository & EnrollmentDirectory },
): LeewayWithRollout
export function createLeeway(options: LeewayOptions): Leeway
export function createLeeway(options: LeewayOptions): Leeway {
  const parts = readParts(options)
  return Object.freeze({
    ...(hasDirectory(parts.repository) && { rollout: rollout(parts, parts.repository) }),
    ...administration(parts),
    ...access(parts),
    ...setup(parts),

    async status(userId: UserId) {
      assertUserId(userId)
      const { record, now } = await readRecord(parts, userId)
      return statusAt(record, now)
    },

    async forget(userId: UserId) {
      assertUserId(userId)
      await forgetRecord(parts, userId)
    },
  })
}

/** Whether a repository can also be asked about everybody. */
function hasDirectory(repository: EnrollmentRepository): repository is EnrollmentRepository & EnrollmentDirectory {
  const methods: Partial<EnrollmentDirectory> = repository as object
  return DIRECTORY.every((method) => typeof methods[method] === 'function')
}

function readParts(options: LeewayOptions): Parts {
  const given = readFields(options, 'options', OPTIONS) as unknown as LeewayOptions
  const { issuer, repository, cipher, policy, clock = Date.now, random = platformRandom, onEvents } = given
  // A key URI for nobody: what it refuses of the issuer is refused here rather than at the first set-up.
  formatKeyUri({ secret: new Uint8Array(20), issuer, accountName: 'nobody' })
  assertMethods(repository, 'options.repository', ['find', 'save', 'remove'])
  assertMethods(cipher, 'options.cipher', ['seal', 'open', 'needsReseal', 'digest', 'matches'])
  for (const [name, value] of Object.entries({ clock, random, onEvents })) {
    if (value !== undefined && typeof value !== 'function') throw new TypeError(`options.${name} must be a function`)
  }
  return {
    issuer,
    repository,
    cipher,
    policy: resolvePolicy(policy),
    protect: resolveProtect(policy),
    clock,
    random,
    onEvents,
  }
}

function assertMethods(value: unknown, name: string, methods: readonly string[]): void {
  assertObject(value, name)
  for (const method of methods) {
    if (typeof value[method] !== 'function') throw new TypeError(`${name}.${method} must be a function`)
  }
}
