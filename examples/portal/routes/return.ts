import type { Context } from 'hono'
import { returnTo } from 'leeway/http'
import type { Env } from '../env.js'

/** Where somebody wanted to go, handed on from page to page as a query; '' where that is the start page. */
export function onward(c: Context<Env>): string {
  const path = returnTo(c.req.raw)
  return path === '/' ? '' : `?return_to=${encodeURIComponent(path)}`
}
