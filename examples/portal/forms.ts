import { timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { isSameOrigin } from 'leeway/http'
import type { Env } from './env.js'
import type { Form } from './form.js'
import { problemPage } from './problem.js'
import { tokenOf } from './token.js'

/** Lets a form through that a page of this origin made for this browser, and reads it. */
export const checkedForm = createMiddleware<Env>(async (c, next) => {
  if (c.req.method !== 'POST') return next()
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded' && type !== 'multipart/form-data') return problemPage(c, 415)
  if (!isSameOrigin(c.req.raw, { origin: c.var.portal.origin })) return problemPage(c, 403)
  const body = await bodyOf(c)
  if (body === null) return problemPage(c, 400)
  const all = (name: string) => [body[name] ?? []].flat().filter((value) => typeof value === 'string')
  const form: Form = { all, text: (name: string) => all(name)[0] ?? '' }
  if (!isEqual(form.text('token'), tokenOf(c))) return problemPage(c, 403)
  c.set('form', form)
  return next()
})

async function bodyOf(c: Context<Env>): Promise<Record<string, unknown> | null> {
  try {
    return await c.req.parseBody({ all: true })
  } catch {
    return null
  }
}

function isEqual(one: string, other: string): boolean {
  const [bytes, others] = [Buffer.from(one), Buffer.from(other)]
  return bytes.length === others.length && timingSafeEqual(bytes, others)
}
