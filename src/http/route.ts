import type { Leeway, LeewayWithRollout, Note, SignInDecision, UserId } from '../index.js'
import type { Signal } from '../platform.js'
import { type Reason, Refused } from './problems.js'
import type { Schema } from './schemas.js'
import type { Identity } from './session.js'
import type { Stop } from './standing.js'
import type { WebRequest } from './web.js'

/** What a route may ask of the host, for the request at hand. */
export interface Host {
  /** raises this session, with whatever headers the host gives; 503 session-not-raised where it cannot */
  raise(): Promise<void>
  /** ends the user's sessions, this one too or not; 503 sessions-not-ended where it cannot */
  endSessions(userId: UserId, which: 'others' | 'all'): Promise<void>
  /** keeps a set-up's id in this session; 503 session-not-raised where it cannot */
  rememberSetup(setupId: string | null): Promise<void>
  /** whether this administrator may do to a user what the route does; null: to none in particular */
  permits(userId: UserId | null): Promise<boolean>
  /** whether there is such a user */
  knows(userId: UserId): Promise<boolean>
  /** tells the host of a failure that the answer does not show */
  report(error: unknown): void
}

/** A request that has passed every check, as its route sees it. */
export interface Call<Query, Body> {
  leeway: Leeway | LeewayWithRollout
  identity: Identity
  decision: SignInDecision
  /** the ids in the path */
  userId: UserId
  authenticatorId: string
  query: Query
  body: Body
  request: WebRequest
  host: Host
}

/** How a route is written down. */
export interface RouteSpec<Query, Body> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  /** the name of the method it is for, as `authorize` is asked */
  action: string
  summary: string
  /** the stops that the guard would have for this session and this route does not */
  lifts?: readonly Stop[]
  query?: Schema<Query>
  body?: Schema<Body>
  answer: Answer
  /** what may be refused here besides what may everywhere */
  refusals?: readonly Reason[]
  /** the result that `answer` is of, or a {@link Progressing} one */
  run(call: Call<Query, Body>): Promise<unknown>
}

/** What a route answers with: JSON by a schema, text that is streamed, or nothing. */
export type Answer = { schema: Schema<unknown> } | { type: 'text/csv'; filename: string } | 'nothing'

/** A result that is told bit by bit: it says how far it has come, until the signal says that nobody listens. */
export type Progressing = (tell: (progress: object) => void, signal: Signal) => Promise<unknown>

/** One line of the table that dispatch, Allow and OpenAPI are made of. */
export interface Route extends RouteSpec<never, never> {
  who: 'user' | 'administrator'
}

/** Makes lines of the table, all of them for users or for administrators. */
export function routesFor(who: Route['who']): <Query, Body>(spec: RouteSpec<Query, Body>) => Route {
  return (spec) => ({ ...spec, who }) as Route
}

/** The result of a method that said yes; what it refused, as a problem. */
export function granted<Result extends { ok: boolean }>(result: Result): Extract<Result, { ok: true }> {
  if (result.ok) return result as Extract<Result, { ok: true }>
  const { ok: _, reason, retryAt, ...members } = result as unknown as { ok: false; reason: Reason; retryAt?: number }
  if (retryAt === undefined) throw new Refused(reason, { members })
  // Rounded up: a code is looked at again only once the whole second has come.
  const headers = { 'retry-after': new Date(Math.ceil(retryAt / 1000) * 1000).toUTCString() }
  throw new Refused(reason, { members: { retryAt: new Date(retryAt).toISOString() }, headers })
}

/** What a method makes of what a client wrote, where no schema says all that it takes: its errors name the argument. */
export async function understood<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error
    throw new Refused('invalid-request', { members: { detail: error.message } })
  }
}

/** An administrator's note: his words, and who he is. */
export function noteOf(
  { identity }: Pick<Call<never, never>, 'identity'>,
  { reason, force }: { reason?: string | undefined; force?: boolean | undefined },
): Note {
  return { actor: identity.userId, reason, force }
}

/** The part of the service that is about many users. */
export function rolloutOf(leeway: Leeway | LeewayWithRollout): LeewayWithRollout['rollout'] {
  if (!('rollout' in leeway)) throw new Refused('directory-required')
  return leeway.rollout
}
