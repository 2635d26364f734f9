import type { Route } from '../route.js'
import { ownRoutes } from './me.js'
import { rolloutRoutes } from './rollout.js'
import { userRoutes } from './users.js'

/** The one table of routes: dispatch, Allow and the OpenAPI document are made of it. */
export const ROUTES: readonly Route[] = [...ownRoutes, ...userRoutes, ...rolloutRoutes]
