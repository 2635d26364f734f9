import type { SignInDecision } from 'leeway'
import type { Identity } from 'leeway/http'
import type { Form } from './form.js'
import type { Portal } from './portal.js'
import type { Session } from './sessions.js'
import type { User } from './users.js'

/** What the middleware leaves for the pages. */
export interface Env {
  Variables: {
    portal: Portal
    session: Session | null
    /** names this browser before it has a session */
    visitor: string
    /** of scripts and styles that are the portal's own */
    secureHeadersNonce?: string
    /** what was sent, its token checked */
    form: Form
    /** who passed the guard */
    identity: Identity
    user: User
    decision: SignInDecision
  }
}
