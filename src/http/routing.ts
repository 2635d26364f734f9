import { Refused } from './problems.js'
import type { Route } from './route.js'

/** What a path leads to: every route that has it, and the ids in it. */
export interface Match {
  routes: readonly Route[]
  params: Readonly<Record<string, string>>
}

/**
 * Finds what a path leads to. It is split at '/' and each id decoded once, so that an id may have any character; a trailing
 * '/' is another path. The ids '.' and '..' never come: URLs have no such segments.
 */
export function matched(routes: readonly Route[], basePath: string, pathname: string): Match {
  if (!pathname.startsWith(`${basePath}/`)) throw new Refused('not-found')
  const segments = pathname.slice(basePath.length).split('/')
  const found = routes.filter(({ path }) => isLike(path.split('/'), segments))
  const [first] = found
  if (first === undefined) throw new Refused('not-found')
  const ids = first.path.split('/').flatMap((name, at): [string, string][] => {
    return isId(name) ? [[name.slice(1, -1), idOf(segments[at] as string)]] : []
  })
  return { routes: found, params: Object.fromEntries(ids) }
}

function isLike(path: readonly string[], segments: readonly string[]): boolean {
  return (
    path.length === segments.length &&
    path.every((name, at) => (isId(name) ? segments[at] !== '' : segments[at] === name))
  )
}

function isId(name: string): boolean {
  return name.startsWith('{')
}

function idOf(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new Refused('invalid-request')
  }
}

/** The methods that a path takes, for Allow. */
export function allowed(routes: readonly Route[]): string {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, 'OPTIONS'].join(', ')
}
