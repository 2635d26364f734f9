import { aesGcmCipher } from '../../../src/cipher/aes-gcm.js'
import type { EnrollmentRecord } from '../../../src/enrollment/record.js'
import type {
  EnrollmentChange,
  EnrollmentRepository,
  SecretCipher,
  StoredEnrollment,
} from '../../../src/ports/index.js'
import { createLeeway } from '../../../src/service/create-leeway.js'
import type { Leeway, LeewayOptions } from '../../../src/service/leeway.js'
import { memoryRepository } from '../../../src/stores/memory/index.js'
import type { LeewayModelOptions } from '../../../src/testing/index.js'

type Keys = Parameters<NonNullable<LeewayModelOptions['cipher']>>[0]

const DAY = 86_400_000

/** A sound store with something done otherwise. */
function store(flaw: (sound: EnrollmentRepository) => Partial<EnrollmentRepository>): () => LeewayModelOptions {
  return () => {
    const sound = memoryRepository()
    return { repository: { ...sound, ...flaw(sound) } }
  }
}

/** A store that changes records on their way in. */
function altering(alter: (record: EnrollmentRecord, before: EnrollmentRecord | null) => Partial<EnrollmentRecord>) {
  return store(({ find, save }) => ({
    async save(change) {
      const before = await find(change.userId)
      const record = change.enrollment as EnrollmentRecord
      const altered = alter(record, before && (before.enrollment as EnrollmentRecord))
      return save({ ...change, enrollment: { ...record, ...altered } })
    },
  }))
}

/** A sound service with something around it. */
function service(
  flaw: (sound: Leeway, options: LeewayOptions) => Partial<Leeway>,
  alter: (options: LeewayOptions) => Partial<LeewayOptions> = () => ({}),
): () => LeewayModelOptions {
  return () => ({
    repository: memoryRepository(),
    start(given) {
      const options = { ...given, ...alter(given) }
      const sound = createLeeway(options)
      return { ...sound, ...flaw(sound, options) }
    },
  })
}

/** A sound cipher with something done otherwise. */
function cipher(flaw: (sound: SecretCipher, keys: Keys) => Partial<SecretCipher>): () => LeewayModelOptions {
  return () => ({
    repository: memoryRepository(),
    cipher(keys) {
      const sound = aesGcmCipher({ keys })
      return { ...sound, ...flaw(sound, keys) }
    },
  })
}

/** Systems that break one promise each, by what they do wrong. */
export const BROKEN_SYSTEMS: Readonly<Record<string, () => LeewayModelOptions>> = {
  'a store that answers saved without saving': store(() => ({ save: async () => 'saved' })),
  'a store that loses every tenth write': store(({ save }) => {
    let writes = 0
    return { save: async (change) => (++writes % 10 === 0 ? 'saved' : save(change)) }
  }),
  'a store that answers the record before the last write': store(({ find, save }) => {
    const before = new Map<string, StoredEnrollment | null>()
    return {
      find: async (userId) => before.get(userId) ?? find(userId),
      async save(change) {
        const stored = await find(change.userId)
        const answer = await save(change)
        before.set(change.userId, stored)
        return answer
      },
    }
  }),
  'a store that ignores which version is expected': store(({ find, save }) => ({
    async save(change) {
      const expected = (await find(change.userId))?.version ?? null
      return save({ ...change, expected })
    },
  })),
  'a store that looks, waits and then writes': store(({ find, save }) => ({
    async save(change) {
      if (((await find(change.userId))?.version ?? null) !== change.expected) return 'conflict'
      await new Promise((resolve) => setImmediate(resolve))
      const expected = (await find(change.userId))?.version ?? null
      return save({ ...change, expected })
    },
  })),
  'a store that folds the case of ids': store(({ find, save, remove }) => {
    const names = new Map<string, string>()
    const fold = (userId: string): string => userId.toLowerCase()
    return {
      async find(userId) {
        const found = await find(fold(userId))
        return found && { ...found, enrollment: { ...found.enrollment, userId } }
      },
      async save(change: EnrollmentChange) {
        names.set(fold(change.userId), change.userId)
        return save({ ...change, userId: fold(change.userId) })
      },
      remove: (userId, expected) => remove(fold(userId), expected),
    }
  }),
  'a store that trims ids': store(({ find, save, remove }) => ({
    async find(userId) {
      const found = await find(userId.trim())
      return found && { ...found, enrollment: { ...found.enrollment, userId } }
    },
    save: (change) => save({ ...change, userId: change.userId.trim() }),
    remove: (userId, expected) => remove(userId.trim(), expected),
  })),
  'a store that removes nothing': store(() => ({ remove: async () => 'removed' })),
  'a store that drops every fifth event': () => {
    const repository = memoryRepository()
    let events = 0
    return {
      repository: {
        ...repository,
        save: (change) => repository.save({ ...change, events: change.events.filter(() => ++events % 5 !== 0) }),
      },
    }
  },
  'a store that forgets which step was used last': altering(({ authenticators }) => ({
    authenticators: authenticators.map((one) => ({ ...one, lastTimeStep: null })),
  })),
  'a store that lets a used recovery code be used again': altering(({ recoveryCodes }) => ({
    recoveryCodes: recoveryCodes.map((code) => ({ ...code, usedAt: null })),
  })),
  'a store that forgets failures': altering(({ lock }) => ({
    lock: { ...lock, totp: { ...lock.totp, failures: 0, ladder: 0 } },
  })),
  'a store that forgets what the rolling cap counts': altering(({ lock }) => ({
    lock: { totp: { ...lock.totp, recent: [] }, recovery: { ...lock.recovery, recent: [] } },
  })),
  'a store that ends a lock a millisecond early': altering(({ lock }) => ({
    lock: { ...lock, totp: { ...lock.totp, lockedUntil: lock.totp.lockedUntil && lock.totp.lockedUntil - 1 } },
  })),
  'a store that keeps a pass that was used': altering((record, before) => ({
    pass: record.pass ?? before?.pass ?? null,
  })),
  'a store that gives fresh tries to a set-up': altering(({ setup }) => ({
    setup: setup && { ...setup, triesLeft: 3 },
  })),
  'a store that forgets the first sign-in': altering(() => ({ signedInAt: null })),
  'a store that forgets a suspension': altering(() => ({ suspension: null })),
  'a store that keeps the pending set-up of a phone that is revoked': altering((record, before) => ({
    setup: record.setup ?? (record.authenticators.length > 0 ? (before?.setup ?? null) : null),
  })),

  'a cipher that loses old keys': cipher((_, keys) => aesGcmCipher({ keys: keys.slice(0, 1) })),
  'a cipher that never asks for a reseal': cipher(() => ({ needsReseal: () => false })),
  'a cipher for which every recovery code is right': cipher(({ matches }) => ({
    matches: async (digest, plain, context) => context.purpose === 'recovery-code' || matches(digest, plain, context),
  })),

  'a service that accepts a replay': service((sound, { clock = Date.now }) => {
    const accepted = new Set<string>()
    return {
      async verifyCode(userId, code) {
        const result = await sound.verifyCode(userId, code)
        const key = `${userId} ${String(code)} ${Math.floor(clock() / 30_000)}`
        if (result.ok) accepted.add(key)
        if (result.ok || !accepted.has(key)) return result
        return { ok: true, method: 'totp', authenticatorId: null, recoveryCodesLeft: 0, failuresSinceLastSuccess: 0 }
      },
    }
  }),
  'a service that tells a replay from a wrong code': service((sound, options) => {
    let isReplay = false
    const listening = createLeeway({
      ...options,
      onEvents(events) {
        isReplay = events.some(({ type }) => type === 'code-replayed')
        return options.onEvents?.(events)
      },
    })
    return {
      ...listening,
      async verifyCode(userId, code) {
        isReplay = false
        const result = await listening.verifyCode(userId, code)
        return isReplay ? { ok: false, reason: 'replayed' as 'invalid-code' } : result
      },
      decide: sound.decide,
    }
  }),
  'a service that looks at codes while locked': service((sound) => ({
    async verifyCode(userId, code) {
      const result = await sound.verifyCode(userId, code)
      return !result.ok && result.reason === 'locked' ? { ok: false, reason: 'invalid-code' } : result
    },
  })),
  'a service that forgets a failure': service((sound) => {
    const failed = new Map<string, number>()
    return {
      async verifyCode(userId, code) {
        const times = failed.get(userId) ?? 0
        if (code === '000000') failed.set(userId, times + 1)
        return code === '000000' && times % 2 === 1
          ? { ok: false, reason: 'invalid-code' }
          : sound.verifyCode(userId, code)
      },
    }
  }),
  'a service that lets users in after their deadline': service((sound) => ({
    async decide(userId, asked) {
      const decision = await sound.decide(userId, asked)
      return decision.phase === 'overdue' ? { ...decision, action: 'allow' } : decision
    },
  })),
  'a service for which the deadline is still inside the period': service((sound, options) => {
    const early = createLeeway({ ...options, clock: () => (options.clock ?? Date.now)() - 1 })
    return {
      async decide(userId, asked) {
        const [decision, before] = [await sound.decide(userId, asked), await early.decide(userId, asked)]
        return decision.phase === 'overdue' && before.phase === 'enrollment-period' ? before : decision
      },
    }
  }),
  'a service that ends an exemption an hour late': service((sound) => ({
    exempt: (userId, exemption, note) =>
      sound.exempt(userId, { ...exemption, until: exemption.until + 3_600_000 }, note),
  })),
  'a service that counts a postponement twice': service((sound) => ({
    async postponeSetup(userId, asked) {
      await sound.postponeSetup(userId, { signInId: `${asked?.signInId} again` })
      return sound.postponeSetup(userId, asked)
    },
  })),
  'a service that lets a suspended user in': service((sound) => ({
    async signIn(userId, asked) {
      const decision = await sound.signIn(userId, asked)
      return decision.action === 'deny' ? { ...decision, action: 'allow' } : decision
    },
  })),
  'a service that gives a day more than was asked for': service((sound) => ({
    changeDeadline: (userId, change, note) =>
      sound.changeDeadline(
        userId,
        'addDays' in change && change.addDays > 0 ? { addDays: change.addDays + 1 } : change,
        note,
      ),
  })),
  'a service that sets up without a pass': service((sound) => ({
    async beginSetup(userId, asked) {
      const begun = await sound.beginSetup(userId, asked)
      if (begun.ok || begun.reason !== 'pass-required') return begun
      return sound.beginSetup(userId, { ...asked, pass: (await sound.issuePass(userId)).pass })
    },
  })),
  'a service that shows a fresh secret for a set-up that is resumed': service((sound) => ({
    beginSetup: (userId, { setupId: _, ...asked }) => sound.beginSetup(userId, asked),
  })),
  'a service that removes whatever the proof': service((sound) => ({
    async removeAuthenticator(userId, authenticatorId, proof) {
      const removed = await sound.removeAuthenticator(userId, authenticatorId, proof)
      if (removed.ok || removed.reason !== 'invalid-code') return removed
      return { ok: (await sound.revokeAuthenticator(userId, authenticatorId)).changed as true }
    },
  })),
  'a service that tells listeners before it is saved': service(
    () => ({}),
    ({ repository, onEvents }) => ({
      repository: {
        find: (userId) => repository.find(userId),
        async save(change) {
          await onEvents?.(change.events)
          return repository.save(change)
        },
        remove: (userId, expected) => repository.remove(userId, expected),
      },
    }),
  ),
  'a service that throws what it should answer': service((sound) => ({
    async useRecoveryCode(userId, code) {
      const result = await sound.useRecoveryCode(userId, code)
      if (!result.ok) throw new Error(`refused: ${result.reason}`)
      return result
    },
  })),
  'a service that takes a wider drift window': service(
    () => ({}),
    ({ policy }) => ({ policy: { ...policy, totp: { window: 2 } } }),
  ),
  'a service that locks after one more failure': service(
    () => ({}),
    ({ policy }) => ({ policy: { ...policy, lock: { ...policy?.lock, afterFailures: 4 } } }),
  ),
  'a service whose periods have at most a week': service(
    () => ({}),
    ({ policy }) => ({ policy: { ...policy, maxGrantedDays: 7 } }),
  ),
  'a service whose clock is a day ahead for reports': service((sound, options) => ({
    status: (userId) => createLeeway({ ...options, clock: () => (options.clock ?? Date.now)() + DAY }).status(userId),
    decide: sound.decide,
  })),
}
