import { type HeaderParts, type WebResponse, web } from './web.js'

/** Every reason for a refusal, with its status and what it says to people. */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request cannot be read as what this address takes' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  'sign-in-again': { status: 401, title: 'This session is over; sign in again' },
  suspended: { status: 403, title: 'This account is suspended' },
  'setup-required': { status: 403, title: 'Multi-factor authentication must be set up first' },
  'challenge-required': { status: 403, title: 'A code must be shown first' },
  forbidden: { status: 403, title: 'This is not allowed to you' },
  'cross-origin': { status: 403, title: 'The request comes from another site' },
  'pass-required': { status: 403, title: 'Set-up needs a pass from an administrator' },
  'proof-required': { status: 403, title: 'A code of an authenticator, or a recovery code, must be shown with this' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'unknown-authenticator': { status: 404, title: 'There is no such authenticator' },
  'method-not-allowed': { status: 405, title: 'This address takes other methods' },
  'no-setup': { status: 409, title: 'This session has no set-up under way' },
  expired: { status: 409, title: 'The set-up took too long; begin it anew' },
  'last-authenticator': { status: 409, title: 'The last authenticator must stay while MFA is required' },
  'too-many-authenticators': { status: 409, title: 'There are as many authenticators as are allowed' },
  protected: { status: 409, title: 'This would stop a protected account at its next sign-in' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The content type must be application/json' },
  'invalid-code': { status: 422, title: 'The code is not right' },
  'invalid-pass': { status: 422, title: 'The pass is not right' },
  locked: { status: 423, title: 'Too many wrong codes; wait' },
  disabled: { status: 423, title: 'Too many wrong codes; an administrator must unlock this' },
  internal: { status: 500, title: 'Something went wrong here' },
  'directory-required': { status: 501, title: 'The store cannot be asked about many users' },
  'store-unavailable': { status: 503, title: 'The store did not answer; try again' },
  contended: { status: 503, title: 'Too many changes at once; try again' },
  'session-not-raised': { status: 503, title: 'The session could not be changed; try again, with a new code' },
  'sessions-not-ended': { status: 503, title: 'The change is made, but sessions could not be ended; send it again' },
} as const

/** Why something was refused; the end of a problem's `type`. */
export type Reason = keyof typeof PROBLEMS

/** What else a problem says: members of its document, and headers. */
export interface Particulars {
  members?: Readonly<Record<string, unknown>>
  headers?: Readonly<Record<string, string>>
}

/** Ends the work on a request with a problem. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly reason: Reason
  readonly particulars: Particulars

  constructor(reason: Reason, particulars: Particulars = {}, options?: { cause?: unknown }) {
    super(PROBLEMS[reason].title, options)
    this.reason = reason
    this.particulars = particulars
  }
}

/** What a thrown LeewayError is to a client; all else is `internal`. */
const REASONS: Record<string, Reason> = {
  ERR_STORE: 'store-unavailable',
  ERR_CONTENDED: 'contended',
  ERR_DIRECTORY_REQUIRED: 'directory-required',
  ERR_PROTECTED: 'protected',
}

/** What was thrown, as a refusal. The client is told nothing of an error's message: it is for whoever runs the server. */
export function refusalOf(thrown: unknown): Refused {
  if (thrown instanceof Refused) return thrown
  // By name and code: the error may come from another copy of leeway.
  const { name, code } = thrown instanceof Error ? (thrown as Error & { code?: unknown }) : {}
  const reason = name === 'LeewayError' && typeof code === 'string' ? REASONS[code] : undefined
  return new Refused(reason ?? 'internal', {}, { cause: thrown })
}

/** A problem document (RFC 9457), as an object. */
export function problemDocument({ reason, particulars }: Refused): Record<string, unknown> {
  const { status, title } = PROBLEMS[reason]
  return { type: `urn:leeway:${reason}`, title, status, ...particulars.members }
}

/** A problem document (RFC 9457) as an answer. */
export function problemResponse(refused: Refused): WebResponse {
  const { status } = PROBLEMS[refused.reason]
  const headers = headersOf('application/problem+json', refused.particulars.headers)
  if (status === 503) headers.set('retry-after', '1')
  return new web.Response(JSON.stringify(problemDocument(refused)), { status, headers })
}

/** The headers of every answer: it is for whoever asked, now, and it is of the type it says. */
export function headersOf(contentType: string | null, more: Readonly<Record<string, string>> = {}): HeaderParts {
  const headers = new web.Headers(Object.entries(more))
  headers.set('cache-control', 'no-store')
  headers.set('x-content-type-options', 'nosniff')
  if (contentType !== null) headers.set('content-type', contentType)
  return headers
}

/** Tells the host what went wrong, by what was thrown first. An `onError` that fails itself changes nothing. */
export function reporter<Request>(
  onError: ((error: unknown, request: Request) => void) | undefined,
): (thrown: unknown, request: Request) => void {
  return (thrown, request) => {
    try {
      onError?.(thrown instanceof Refused ? (thrown.cause ?? thrown) : thrown, request)
    } catch {
      // There is nobody left to tell.
    }
  }
}

/** The answer to what was thrown; the host is told where it is the server's fault. */
export function answerTo(thrown: unknown, report: (error: unknown) => void): WebResponse {
  const refused = refusalOf(thrown)
  if (isServersFault(refused)) report(refused)
  return problemResponse(refused)
}

/** Whether a refusal is answered 5xx. */
export function isServersFault({ reason }: Refused): boolean {
  return PROBLEMS[reason].status >= 500
}
