/**
 * What any server with `leeway/http` in it answers, case by case: requests and their answers, for no particular framework
 * and no test runner. A server is run against them by a function like `fetch`, on paths of its own origin.
 */

import { administratorCases } from './cases/administrators.js'
import type { Case } from './cases/asking.js'
import { bodyCases } from './cases/bodies.js'
import { guardCases } from './cases/guard.js'
import { hookCases } from './cases/hooks.js'
import { originCases } from './cases/origins.js'
import { ownCases } from './cases/own.js'
import { pathCases } from './cases/paths.js'
import { rolloutCases } from './cases/rollout.js'

export type { Fetch } from './cases/asking.js'

/** Every case. Each is to be run on a server, and a host, of its own. */
export const cases: readonly Case[] = [
  ...guardCases,
  ...pathCases,
  ...originCases,
  ...bodyCases,
  ...ownCases,
  ...hookCases,
  ...administratorCases,
  ...rolloutCases,
]
