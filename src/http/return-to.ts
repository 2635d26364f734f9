import { web } from './web.js'

/** Stands for this server's origin: nothing of it is answered. */
const HERE = 'http://localhost'

/**
 * Where to send somebody on to: the `return_to` of the request's URL, which the guard put there, as a path with its query.
 * '/' unless it starts with one '/' that no '/' or '\' follows and has no control character: no link leads to another site.
 * Normalised as a URL is, so it is ASCII and fits a Location header. A request of Node's, whose `url` is a path, will do.
 *
 * @example
 * ```ts
 * console.log(returnTo(new Request('https://example.com/login?return_to=%2Finbox%3Fpage%3D2'))) // /inbox?page=2
 * console.log(returnTo(new Request('https://example.com/login?return_to=%2F%2Fevil.example'))) // /
 * ```
 */
export function returnTo({ url = '/' }: { readonly url?: string | undefined }): string {
  const path = parsed(url)?.searchParams.get('return_to') ?? '/'
  const target = isLocal(path) ? parsed(path) : null
  if (target === null) return '/'
  const { pathname, search } = target
  // Dot segments may have hidden a second '/'.
  return isLocal(pathname) ? pathname + search : '/'
}

function parsed(url: string): InstanceType<typeof web.URL> | null {
  try {
    return new web.URL(url, HERE)
  } catch {
    return null
  }
}

/** Whether browsers take a text for a path on this origin: they read '\' as '/', and skip control characters. */
export function isLocal(path: string): boolean {
  return /^\/(?![/\\])\P{Cc}*$/u.test(path)
}
