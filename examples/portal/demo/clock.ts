/**
 * FOR SHOW ONLY. The demo's clock can be moved, so that a month of a roll-out passes in a minute. A server has the
 * system's: leave `clock` out of `createLeeway`, and all of this file.
 */
import type { LeewayWithRollout } from 'leeway'
import type { Db } from '../file.js'

export interface DemoClock {
  now(): number
  /** how far ahead of the real time it is, in milliseconds */
  ahead(): number
  forward(milliseconds: number): void
  backToNow(): void
  /**
   * When a session that begins now was made. After the clock went back that is as late as the clock ever was: else a
   * reset in the future would end the sessions of today.
   */
  signedInAt(): number
}

/** One row of the file, read each time: it survives a restart, and every process has the same time. */
export function demoClock(db: Db): DemoClock {
  db.exec('INSERT OR IGNORE INTO demo_clock VALUES (1, 0, 0)')
  const select = db.prepare('SELECT offset_ms, furthest_ms FROM demo_clock')
  const move = db.prepare('UPDATE demo_clock SET offset_ms = offset_ms + ?')
  const reset = db.prepare('UPDATE demo_clock SET furthest_ms = max(furthest_ms, ?), offset_ms = 0')
  const row = () => select.get() as { offset_ms: number; furthest_ms: number }
  const now = () => Date.now() + row().offset_ms
  return {
    now,
    ahead: () => row().offset_ms,
    forward: (milliseconds) => void move.run(milliseconds),
    backToNow: () => void reset.run(now()),
    signedInAt: () => Math.max(now(), row().furthest_ms),
  }
}

/**
 * Deadlines follow the demo's clock; codes follow the phones, which know nothing of it: whatever checks a code has the
 * real time.
 */
export function codesInRealTime(demo: LeewayWithRollout, real: LeewayWithRollout): LeewayWithRollout {
  return Object.freeze({
    ...demo,
    verifyCode: real.verifyCode,
    useRecoveryCode: real.useRecoveryCode,
    confirmSetup: real.confirmSetup,
    removeAuthenticator: real.removeAuthenticator,
    replaceRecoveryCodes: real.replaceRecoveryCodes,
    async beginSetup(userId, options) {
      // Whoever has an authenticator shows a code of it; for everybody else it is the period that counts.
      const { authenticators } = await demo.status(userId)
      return (authenticators.length > 0 ? real : demo).beginSetup(userId, options)
    },
  } satisfies LeewayWithRollout)
}
