import { type WebRequest, web } from './web.js'

/**
 * Where to send somebody on to: the `return_to` of the request's URL, which the guard put there, as a path with its query.
 * '/' unless it starts with one '/' that no '/' or '\' follows and has no control character: no link leads to another site.
 * Normalised as a URL is, so it is ASCII and fits a Location header.
 *
 * @example
 * ```ts
 * console.log(returnTo(new Request('https://example.com/login?return_to=%2Finbox%3Fpage%3D2'))) // /inbox?page=2
 * console.log(returnTo(new Request('https://example.com/login?return_to=%2F%2Fevil.example'))) // /
 * ```
 */
export function returnTo({ url }: WebRequest): string {
  const { origin, searchParams } = new web.URL(url)
  const path = searchParams.get('return_to') ?? '/'
  if (!isLocal(path)) return '/'
  const { pathname, search } = new web.URL(`${origin}${path}`)
  // Dot segments may have hidden a second '/'.
  return isLocal(pathname) ? pathname + search : '/'
}

/** Whether browsers take a text for a path on this origin: they read '\' as '/', and skip control characters. */
export function isLocal(path: string): boolean {
  return /^\/(?![/\\])\P{Cc}*$/u.test(path)
}
