import type { Context } from 'hono'
import { generateCookie } from 'hono/cookie'
import { aesGcmCipher, createLeeway, type LeewayOptions, type LeewayWithRollout } from 'leeway'
import { createGuard, createHandler, type Guard, type Handler, type Identity } from 'leeway/http'
import { migrate, sqliteRepository } from 'leeway/sqlite'
import { COMPANY } from './company.js'
import { codesInRealTime, type DemoClock, demoClock } from './demo/clock.js'
import { type DemoPhone, demoPhone } from './demo/phone.js'
import type { Env } from './env.js'
import type { PortalFile } from './file.js'
import { type Outbox, outbox } from './outbox.js'
import { type Session, type Sessions, sessionStore } from './sessions.js'
import { type SignIns, signInLog } from './sign-ins.js'
import { type Users, userStore } from './users.js'

/** The portal without its pages: accounts, sessions, leeway, and what leeway/http makes of them. */
export interface Portal {
  users: Users
  sessions: Sessions
  signIns: SignIns
  outbox: Outbox
  leeway: LeewayWithRollout
  /** whose reminder is due now */
  reminderDue(): Promise<readonly string[]>
  /** may a request reach a page */
  guard: Guard<Context<Env>>
  /** the API under /mfa: the pages change everything through it, and so could an app */
  handler: Handler<Context<Env>>
  clock: DemoClock
  phone: DemoPhone
  formKey: Uint8Array
  origin: string | undefined
  cookieFor(session: Session): string
}

export interface PortalOptions {
  /** as browsers see it, where TLS ends in front of this server: https://portal.example.com */
  origin?: string | undefined
}

const SESSION_COOKIE = 'session'

/** Cookies that no other host and no page without TLS can set or read, where there is TLS. */
export const isSecure = (origin: string | undefined): boolean => origin?.startsWith('https:') === true

export async function openPortal(file: PortalFile, { origin }: PortalOptions = {}): Promise<Portal> {
  await migrate(file.forLeeway)
  const users = userStore(file.db)
  const sessions = sessionStore(file.db)
  const clock = demoClock(file.db)
  const repository = sqliteRepository(file.forLeeway)

  const options: LeewayOptions & { repository: typeof repository } = {
    issuer: COMPANY,
    repository,
    cipher: aesGcmCipher({ keys: [{ id: '2026-11', key: file.sealingKey }] }),
    policy: {
      // Nobody is to be locked out of the room in which this is undone.
      protect: (userId) => users.find(userId)?.administrator === true,
      maxGrantedDays: 180,
    },
  }
  // FOR SHOW ONLY: yours is `const leeway = createLeeway(options)`.
  const leeway = codesInRealTime(createLeeway({ ...options, clock: clock.now }), createLeeway(options))

  const cookieFor = ({ id }: Session) =>
    generateCookie(SESSION_COOKIE, id, {
      path: '/',
      httpOnly: true,
      sameSite: 'Lax',
      ...(isSecure(origin) && { secure: true, prefix: 'host' }),
    })

  const identify = (_request: Request, c: Context<Env>): Identity | null => {
    const { session } = c.var
    const user = session && users.find(session.userId)
    if (!user) return null
    const { userId, level, signedInAt, setupId } = session
    return { userId, level, signedInAt, setupId, accountName: user.email, administrator: user.administrator }
  }
  const onError = (error: unknown) => console.error(error)

  return {
    users,
    sessions,
    signIns: signInLog(file.db),
    outbox: outbox(file.db),
    leeway,
    async reminderDue() {
      const due = await repository.due({ now: clock.now(), after: null, limit: 1000 })
      return due.map(({ userId }) => userId)
    },
    guard: createGuard<Context<Env>>({
      leeway,
      identify,
      pages: { signIn: '/sign-in', setup: '/required', challenge: '/challenge', denied: '/suspended' },
      onError,
    }),
    handler: createHandler<Context<Env>>({
      leeway,
      identify,
      sessions: {
        async raise(_identity, _request, c) {
          const raised = sessions.raise(sessionOf(c), clock.signedInAt())
          c.set('session', raised)
          return { 'set-cookie': cookieFor(raised) }
        },
        async endOthers(userId, keep, c) {
          sessions.endOthers(userId, keep && sessionOf(c).id)
        },
        async rememberSetup(_identity, setupId, _request, c) {
          const session = sessionOf(c)
          sessions.rememberSetup(session.id, setupId)
          c.set('session', { ...session, setupId })
        },
      },
      exists: (userId) => users.find(userId) !== null,
      origin,
      onError,
    }),
    clock,
    phone: demoPhone(file.db),
    formKey: file.formKey,
    origin,
    cookieFor,
  }
}

function sessionOf(c: Context<Env>): Session {
  const { session } = c.var
  if (session === null) throw new Error('there is no session')
  return session
}
