// #region proxy
import { createGuard } from 'leeway/http'
import { type NextRequest, NextResponse } from 'next/server'
import { guardOptions } from './lib/leeway'

const guard = createGuard(guardOptions)

/** In front of every page: who may not go on is led to sign-in, set-up or challenge. */
export async function proxy(request: NextRequest): Promise<Response> {
  const checked = await guard(request, undefined)
  if (checked.pass) return NextResponse.next()
  const page = checked.response.headers.get('location')
  // Of a proxy Next.js takes whole URLs only; the browser is told the path.
  return page === null ? checked.response : NextResponse.redirect(new URL(page, request.url), 303)
}

// All but what everybody may see, and leeway's own routes, which know by themselves who may do what.
export const config = { matcher: ['/((?!sign-in$|suspended$|mfa/|_next/).*)'] }
// #endregion
