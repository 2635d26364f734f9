import {
  createGuard,
  createHandler,
  type GuardOptions,
  type HandlerOptions,
  type Identity,
} from '../../src/http/index.js'
import type { LeewayWithRollout } from '../../src/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { type FixedClock, faultyRepository } from '../../src/testing/index.js'
import { settingOf } from '../service/setting.js'

/** Which of the host's parts fail. */
export interface Faults {
  identify?: boolean
  raise?: boolean
  endOthers?: boolean
  rememberSetup?: boolean
  store?: boolean
}

/** A request as a case writes it down. */
export interface Sent {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/**
 * An auth server with sessions in a map and a cookie to name them: what the cases need of the server that they are run
 * against, whatever framework it is made with. It serves the handler under `/mfa`, and behind the guard the pages `/inbox`,
 * `/vault` (sensitive), `/enroll` and `/code`, which answer 200 with the user's id.
 */
export interface Host {
  readonly leeway: LeewayWithRollout
  readonly clock: FixedClock
  readonly handler: HandlerOptions<unknown>
  readonly guard: GuardOptions<unknown>
  /** the identities of the sessions there are */
  readonly sessions: Map<string, Identity>
  readonly faults: Faults
  /** what the host was told of errors */
  readonly errors: unknown[]
  /** whose sessions were ended, and whether the one that asked was kept */
  readonly ended: { userId: string; kept: boolean }[]
}

/** What the host keeps of a session, made at the clock's time. */
export function sessionOf(host: Host, userId: string, level: Identity['level'], more: Partial<Identity> = {}): string {
  const id = `s${host.sessions.size}-${Math.random().toString(36).slice(2)}`
  const accountName = `${userId.replaceAll(':', '')}@example.com`
  host.sessions.set(id, { userId, level, accountName, signedInAt: host.clock(), ...more })
  return `sid=${id}`
}

/** The session that a cookie names. */
export function sessionBy(host: Host, cookie: string | null): Identity | undefined {
  const [, id = ''] = /(?:^|; ?)sid=([\w-]+)/.exec(cookie ?? '') ?? []
  return host.sessions.get(id)
}

/** A host on a memory store whose clock stands still. */
export function hostOf(more: Partial<HandlerOptions<unknown>> = {}): Host {
  const faults: Faults = {}
  const errors: unknown[] = []
  const ended: Host['ended'] = []
  const sessions = new Map<string, Identity>()
  const memory = memoryRepository()
  const faulty = faultyRepository(memory, () => (faults.store ? 'throws-before' : null))
  const { leeway, clock } = settingOf({ repository: { ...memory, ...faulty } })
  const failing = (name: keyof Faults): void => {
    if (faults[name]) throw new Error(`${name} failed, with the secret hunter2`)
  }
  const idOf = (request: { headers: { get(name: string): string | null } }): string => {
    const [, id = ''] = /(?:^|; ?)sid=([\w-]+)/.exec(request.headers.get('cookie') ?? '') ?? []
    return id
  }
  const identify = async (request: Request): Promise<Identity | null> => {
    failing('identify')
    const identity = sessions.get(idOf(request))
    return identity === undefined ? null : { ...identity }
  }
  const onError = (error: unknown): void => {
    errors.push(error)
  }
  const host: Host = {
    leeway: leeway as LeewayWithRollout,
    clock,
    sessions,
    faults,
    errors,
    ended,
    guard: {
      leeway,
      identify,
      onError,
      pages: { signIn: '/login', setup: '/enroll', challenge: '/code', denied: '/denied' },
    },
    handler: {
      leeway,
      identify,
      onError,
      sessions: {
        async raise(identity, request) {
          failing('raise')
          const id = idOf(request)
          if (!sessions.delete(id)) throw new Error('the session is gone')
          sessions.set(`${id}x`, { ...identity, level: 'mfa', signedInAt: clock(), setupId: null })
          return [
            ['set-cookie', `sid=${id}x; HttpOnly; Path=/`],
            ['set-cookie', 'seen=1; Path=/'],
          ]
        },
        async endOthers(userId, keep) {
          failing('endOthers')
          ended.push({ userId, kept: keep !== null })
          const kept = keep === null ? null : idOf(keep)
          for (const [id, identity] of sessions) {
            if (identity.userId === userId && id !== kept) sessions.delete(id)
          }
        },
        async rememberSetup(_identity, setupId, request) {
          failing('rememberSetup')
          const identity = sessions.get(idOf(request))
          if (identity === undefined) throw new Error('the session is gone')
          identity.setupId = setupId
        },
      },
      ...more,
    },
  }
  return host
}

/** The pages behind the guard, with the rule of each. */
export const PAGES: Record<string, { sensitive?: boolean }> = {
  '/inbox': {},
  '/vault': { sensitive: true },
  '/enroll': {},
  '/code': {},
  '/login': {},
  '/denied': {},
}

/** The same server on the web's own `Request` and `Response`. */
export function webApp(host: Host): (request: Request) => Promise<Response> {
  const handler = createHandler(host.handler)
  const guard = createGuard(host.guard)
  return async (request) => {
    const { pathname } = new URL(request.url)
    const page = PAGES[pathname]
    if (page === undefined) return handler(request, undefined)
    const result = await guard(request, undefined, page)
    return result.pass ? new Response(result.identity.userId) : result.response
  }
}
