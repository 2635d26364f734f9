import { createContext } from 'hono/jsx'
import type { User } from '../users.js'

/** What the frame of a page needs to know. */
export interface PageFacts {
  token: string
  nonce: string
  path: string
  /** whose page this is, once he may go everywhere */
  user: User | null
  signedIn: boolean
  administrator: boolean
  note: string | null
  now: number
  /** how far the demo's clock is ahead */
  ahead: number
}

export const PageContext = createContext<PageFacts>({
  token: '',
  nonce: '',
  path: '/',
  user: null,
  signedIn: false,
  administrator: false,
  note: null,
  now: 0,
  ahead: 0,
})
