import process from 'node:process'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import type { ApplyTo } from '../../src/enrollment/terms.js'
import { createLeeway } from '../../src/service/create-leeway.js'
import { phone } from '../../src/testing/index.js'
import { openPlace, type Place } from './service-places.js'

/** One call of the service, as text that goes from process to process. */
export interface ServiceCall {
  method: 'verifyCode' | 'useRecoveryCode' | 'confirmSetup' | 'replaceRecoveryCodes' | 'resetMfa'
  args: readonly unknown[]
}

/** What the parent asks of a process that serves the same users as others. */
export type ServiceTask =
  /** makes all of these calls at once, for this user at this time */
  | { kind: 'calls'; userId: string; now: number; calls: readonly ServiceCall[] }
  /** sets users of its own up and checks codes of theirs and of one that all share, until it is killed */
  | { kind: 'live'; prefix: string; now: number; shared: { userId: string; secret: string } }
  /** gives all of these users so many days; answers with what became of it */
  | { kind: 'assign'; userIds: readonly string[]; now: number; days: number; applyTo: ApplyTo }
  /** sends what is due, which is to report it; answers with how many they were */
  | { kind: 'remind'; now: number }

/** What it reports: a call's result is sent once the service has revealed it. */
export type ServiceReport =
  | { kind: 'ready' }
  | { kind: 'results'; results: readonly unknown[] }
  | { kind: 'begun'; userId: string; secret: string }
  | { kind: 'confirmed' | 'accepted' | 'refused'; userId: string; at: number }
  | { kind: 'reminded'; userId: string; key: string }

const STEP = 30_000

const [place, resolveFrom] = process.argv.slice(2) as [string, string]
const { repository } = await openPlace(JSON.parse(place) as Place, resolveFrom)

let now = 0
const leeway = createLeeway({
  issuer: 'Example',
  repository,
  cipher: aesGcmCipher({ keys: [{ id: 'k1', key: Uint8Array.from({ length: 32 }, (_, at) => at + 1) }] }),
  clock: () => now,
})

function report(what: ServiceReport): void {
  process.send?.(what)
}

async function make(userId: string, { method, args }: ServiceCall): Promise<unknown> {
  const call = leeway[method] as (userId: string, ...given: readonly unknown[]) => Promise<unknown>
  return call(userId, ...args).catch((error: unknown) => String(error))
}

/** A check of the code that the phone shows, reported as soon as the service has answered. */
async function check(userId: string, secret: string): Promise<void> {
  const { ok } = await leeway.verifyCode(userId, phone(secret).codeAt(now))
  report({ kind: ok ? 'accepted' : 'refused', userId, at: now })
  // Reports leave only when the event loop turns.
  await new Promise(setImmediate)
}

async function live({ prefix, shared }: ServiceTask & { kind: 'live' }): Promise<void> {
  for (let life = 0; ; life++) {
    const userId = `${prefix}-${life}`
    const begun = await leeway.beginSetup(userId, { accountName: 'ada' })
    if (!begun.ok) throw new Error(begun.reason)
    const { secret } = begun.setup
    report({ kind: 'begun', userId, secret })
    await check(shared.userId, shared.secret)
    const confirmed = await leeway.confirmSetup(userId, phone(secret).codeAt(now))
    if (!confirmed.ok) throw new Error(confirmed.reason)
    report({ kind: 'confirmed', userId, at: now })
    for (let codes = 0; codes < 4; codes++) {
      now += STEP
      await check(userId, secret)
      await check(shared.userId, shared.secret)
    }
  }
}

async function perform(task: ServiceTask): Promise<readonly unknown[]> {
  switch (task.kind) {
    case 'live':
      await live(task)
      return []
    case 'calls':
      return Promise.all(task.calls.map((call) => make(task.userId, call)))
    case 'assign': {
      const { userIds, days, applyTo } = task
      return [await leeway.rollout.assign(userIds, { period: { days } }, { applyTo })]
    }
    case 'remind':
      return [
        await leeway.rollout.sendReminders(async ({ userId, key }) => {
          report({ kind: 'reminded', userId, key })
          await new Promise(setImmediate)
        }),
      ]
  }
}

process.on('message', async (task: ServiceTask) => {
  now = task.now
  report({ kind: 'results', results: await perform(task) })
})
process.on('disconnect', () => process.exit())
report({ kind: 'ready' })
