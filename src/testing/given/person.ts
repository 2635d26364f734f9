import { LAST_INSTANT } from '../../assert.js'
import type { Instant, Leeway, Proof, UserId } from '../../index.js'
import { type KeyUri, parseKeyUri, prepareTotp, timeStepAt } from '../../totp/index.js'
import type { FixedClock } from '../clock.js'
import type { Phone } from '../phone.js'
import type { CodeShown, TextShown } from './commands.js'

/** A user as a story knows him: with his phones, and with whatever leeway has shown him. */
export interface Person {
  readonly userId: UserId
  /** authenticator apps that are bound, the oldest first */
  readonly phones: readonly Phone[]
  /** those that were shown to him and that he has not used */
  readonly recoveryCodes: readonly string[]
  /** the last one that was issued to him, used or not */
  readonly pass: string | null
  /**
   * What his newest phone shows. Where leeway has accepted that already, he waits: the clock moves to the next time step.
   * Throws where he has no phone.
   */
  nextCode(): string
}

/** Everybody of a story, and the service that they learn from. */
export interface People {
  /** the service, at which people look: what it shows them they know */
  leeway: Leeway
  of(userId: UserId): Known
}

/** A person with what commands in words need besides. */
export interface Known extends Person {
  readonly setupId: string | undefined
  readonly passEndsAt: Instant | null
  /** the id of the authenticator with this number */
  authenticatorId(which: number): string
  /** what is handed over as a code: of a bound phone, or of the one that scanned the set-up begun last */
  code(shown: CodeShown, of: 'bound' | 'setup'): unknown
  recoveryCode(shown: TextShown): unknown
  passText(shown: TextShown): unknown
}

/** A recovery code, or pass, of the right form that nobody was given. */
const NOBODYS = '00000-00000-00000-00000-00000'
/** How far from now codes are looked at, in time steps; no drift window is wider. */
const NEAR = 10

/** What a phone has scanned. */
type Key = Pick<KeyUri, 'secret' | 'algorithm' | 'digits' | 'period' | 't0'>

/** A phone with one account. */
interface Scanned extends Phone {
  key: Key
  /** the last time step of which leeway has accepted a code */
  accepted: number | null
}

/** What one user knows. */
interface Memory {
  /** by the ids of their authenticators, the oldest first */
  phones: Map<string, Scanned>
  setup: { id: string; phone: Scanned } | null
  recoveryCodes: string[]
  usedRecoveryCode: string
  pass: { text: string; endsAt: Instant } | null
  usedCode: string | null
}

/** The people of a story: each learns from what the service answers about him, whoever called it. */
export function peopleAt(service: Leeway, clock: FixedClock): People {
  const memories = new Map<UserId, Memory>()

  function memoryOf(userId: UserId): Memory {
    const known = memories.get(userId) ?? {
      phones: new Map(),
      setup: null,
      recoveryCodes: [],
      usedRecoveryCode: NOBODYS,
      pass: null,
      usedCode: null,
    }
    memories.set(userId, known)
    return known
  }

  /** Notes that a code was accepted, and of which time step. */
  function accepted(memory: Memory, code: unknown): void {
    memory.usedCode = String(code)
    for (const scanned of memory.phones.values()) {
      const current = stepOf(scanned, clock())
      for (let step = Math.max(0, current - NEAR); step <= current + NEAR; step++) {
        if (scanned.codeAt(instantOf(scanned, step)) === code) scanned.accepted = step
      }
    }
  }

  function usedUp(memory: Memory, recoveryCode: unknown): void {
    memory.usedRecoveryCode = String(recoveryCode)
    memory.recoveryCodes = memory.recoveryCodes.filter((code) => code !== recoveryCode)
  }

  function proven(memory: Memory, proof: Proof): void {
    if ('code' in proof) accepted(memory, proof.code)
    else usedUp(memory, proof.recoveryCode)
  }

  /** Drops the phones that are bound no more, and with the last of them the recovery codes. */
  function keepBound(memory: Memory, bound: readonly { id: string }[]): void {
    const ids = bound.map(({ id }) => id)
    for (const id of memory.phones.keys()) if (!ids.includes(id)) memory.phones.delete(id)
    if (memory.phones.size === 0) memory.recoveryCodes = []
  }

  const leeway: Leeway = Object.freeze({
    ...service,

    async beginSetup(userId, options) {
      const answer = await service.beginSetup(userId, options)
      if (!answer.ok) return answer
      const memory = memoryOf(userId)
      // Nobody looks at a proof before there is something to prove it with.
      if (!answer.setup.resumed && memory.phones.size > 0) proven(memory, options.proof as Proof)
      memory.setup = { id: answer.setup.id, phone: scan(parseKeyUri(answer.setup.keyUri)) }
      return answer
    },

    async confirmSetup(userId, code, options) {
      const answer = await service.confirmSetup(userId, code, options)
      if (!answer.ok) return answer
      const memory = memoryOf(userId)
      if (memory.setup !== null) memory.phones.set(answer.authenticatorId, memory.setup.phone)
      memory.setup = null
      accepted(memory, code)
      if (answer.recoveryCodes !== null) memory.recoveryCodes = [...answer.recoveryCodes]
      return answer
    },

    async verifyCode(userId, code) {
      const answer = await service.verifyCode(userId, code)
      if (answer.ok) accepted(memoryOf(userId), code)
      return answer
    },

    async useRecoveryCode(userId, recoveryCode) {
      const answer = await service.useRecoveryCode(userId, recoveryCode)
      if (answer.ok) usedUp(memoryOf(userId), recoveryCode)
      return answer
    },

    async replaceRecoveryCodes(userId, proof) {
      const answer = await service.replaceRecoveryCodes(userId, proof)
      if (!answer.ok) return answer
      const memory = memoryOf(userId)
      proven(memory, proof)
      memory.recoveryCodes = [...answer.recoveryCodes]
      return answer
    },

    async removeAuthenticator(userId, authenticatorId, proof) {
      const answer = await service.removeAuthenticator(userId, authenticatorId, proof)
      if (!answer.ok) return answer
      const memory = memoryOf(userId)
      proven(memory, proof)
      keepBound(memory, (await service.status(userId)).authenticators)
      return answer
    },

    async revokeAuthenticator(userId, authenticatorId, note) {
      const answer = await service.revokeAuthenticator(userId, authenticatorId, note)
      keepBound(memoryOf(userId), answer.authenticators)
      return answer
    },

    async resetMfa(userId, options, note) {
      const answer = await service.resetMfa(userId, options, note)
      keepBound(memoryOf(userId), answer.authenticators)
      return answer
    },

    async importAuthenticator(userId, authenticator, note) {
      const answer = await service.importAuthenticator(userId, authenticator, note)
      const memory = memoryOf(userId)
      const fresh = answer.authenticators.find(({ id }) => !memory.phones.has(id))
      if (fresh === undefined) return answer
      memory.phones.set(fresh.id, scan({ secret: authenticator.secret, ...authenticator.parameters }))
      memory.recoveryCodes.push(...(authenticator.recoveryCodes ?? []))
      return answer
    },

    async issuePass(userId, note) {
      const answer = await service.issuePass(userId, note)
      memoryOf(userId).pass = { text: answer.pass, endsAt: answer.expiresAt }
      return answer
    },

    async forget(userId) {
      await service.forget(userId)
      memories.delete(userId)
    },
  } satisfies Leeway)

  function of(userId: UserId): Known {
    const memory = (): Memory => memoryOf(userId)
    const newest = (): Scanned | undefined => [...memory().phones.values()].at(-1)

    function nextCode(): string {
      const own = newest()
      if (own === undefined) throw new Error(`${userId} has no phone: give him one with 'setUp'`)
      return own.codeAt(waitFor(own))
    }

    /** Waits until a phone shows what leeway has not accepted yet, unless that is far off: then its clock was set back. */
    function waitFor(own: Scanned): Instant {
      const step = stepOf(own, clock())
      if (own.accepted !== null && step <= own.accepted && own.accepted - step <= NEAR)
        clock.set(instantOf(own, own.accepted + 1))
      return clock()
    }

    function wrongCode(): string {
      const { phones, setup } = memory()
      const all = [...phones.values(), ...(setup === null ? [] : [setup.phone])]
      const digits = all.at(-1)?.key.digits ?? 6
      const near = new Set(
        all.flatMap((own) =>
          Array.from({ length: 2 * NEAR + 1 }, (_, at) =>
            own.codeAt(instantOf(own, Math.max(0, stepOf(own, clock()) + at - NEAR))),
          ),
        ),
      )
      let guess = 0
      while (near.has(String(guess).padStart(digits, '0'))) guess++
      return String(guess).padStart(digits, '0')
    }

    return Object.freeze({
      userId,
      nextCode,
      get phones() {
        return [...memory().phones.values()]
      },
      get recoveryCodes() {
        return [...memory().recoveryCodes]
      },
      get pass() {
        return memory().pass?.text ?? null
      },
      get passEndsAt() {
        return memory().pass?.endsAt ?? null
      },
      get setupId() {
        return memory().setup?.id
      },
      authenticatorId: (which: number) => [...memory().phones.keys()][which] ?? 'nobody',
      code(shown: CodeShown, kind: 'bound' | 'setup'): unknown {
        if (typeof shown === 'object' && 'exactly' in shown) return shown.exactly
        const own = kind === 'bound' ? newest() : memory().setup?.phone
        if (shown === 'used') return memory().usedCode ?? wrongCode()
        if (shown === 'wrong' || own === undefined) return wrongCode()
        if (shown === 'right') return own.codeAt(waitFor(own))
        return own.codeAt(Math.min(Math.max(0, clock() + shown.driftSeconds * 1000), LAST_INSTANT))
      },
      recoveryCode(shown: TextShown): unknown {
        if (typeof shown === 'object') return shown.exactly
        const { recoveryCodes, usedRecoveryCode } = memory()
        if (shown === 'used') return usedRecoveryCode
        return (shown === 'right' ? recoveryCodes[0] : undefined) ?? NOBODYS
      },
      // A pass that was used is the one that was issued: it is worth nothing any more.
      passText(shown: TextShown): unknown {
        if (typeof shown === 'object') return shown.exactly
        return (shown === 'wrong' ? undefined : memory().pass?.text) ?? NOBODYS
      },
    })
  }

  return { leeway, of }
}

/** A phone that has this key; a copy of it, since the caller may wipe his own. */
function scan({ secret, algorithm, digits, period, t0 }: Key): Scanned {
  const key = { secret: new Uint8Array(secret), algorithm, digits, period, t0 }
  const totp = prepareTotp(key.secret, { algorithm, digits, period, t0 })
  return { key, accepted: null, codeAt: (now) => totp.generate(now) }
}

function stepOf({ key }: Scanned, now: Instant): number {
  return timeStepAt(now, { period: key.period, t0: key.t0 })
}

/** The first instant of a time step. */
function instantOf({ key: { period = 30, t0 = 0 } }: Scanned, step: number): Instant {
  return Math.min((step * period + t0) * 1000, LAST_INSTANT)
}
