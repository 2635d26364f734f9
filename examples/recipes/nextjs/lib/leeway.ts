import { randomBytes } from 'node:crypto'
import { aesGcmCipher, createLeeway, type LeewayWithRollout } from 'leeway'
import type { GuardOptions, HandlerOptions } from 'leeway/http'
import { memoryRepository } from 'leeway/memory'
import * as sessions from './sessions'

/** Next.js bundles proxy, pages and route handlers apart, and loads a module again when it changes: one service for all. */
const kept = globalThis as { leeway?: LeewayWithRollout }

kept.leeway ??= createLeeway({
  issuer: 'Example',
  // Yours is a database, as for your accounts: `postgresRepository(pool)`, or a recipe for Prisma or Drizzle.
  repository: memoryRepository(),
  cipher: aesGcmCipher({ keys: [{ id: 'k1', key: randomBytes(32) }] }),
  policy: { newUsers: { period: { days: 30, start: 'first-sign-in' }, postponements: 3 } },
})

export const leeway: LeewayWithRollout = kept.leeway

// #region options
/** This server's own origin, wherever TLS ends in front of it. */
export const ORIGIN = process.env['ORIGIN'] ?? 'http://127.0.0.1:3000'

export const guardOptions: GuardOptions<unknown> = {
  leeway,
  identify: (request) => sessions.find(request.headers)?.identity ?? null,
  pages: { signIn: '/sign-in', setup: '/set-up', challenge: '/challenge', denied: '/suspended' },
}

export const handlerOptions: HandlerOptions<unknown> = {
  leeway,
  identify: guardOptions.identify,
  origin: ORIGIN,
  sessions: {
    raise: async (identity, request) => {
      sessions.end(request.headers)
      return { 'set-cookie': sessions.begin({ ...identity, level: 'mfa', signedInAt: Date.now() }) }
    },
    endOthers: async (userId, keep) => sessions.endOthers(userId, keep?.headers ?? null),
    rememberSetup: async (identity, setupId) => {
      identity.setupId = setupId
    },
  },
}
// #endregion
