import { Hono } from 'hono'
import type { Env } from '../env.js'
import { administratorsOnly, guarded } from '../middleware.js'
import { clockRoutes } from './admin-clock.js'
import { dashboardRoutes } from './admin-dashboard.js'
import { requireRoutes } from './admin-require.js'
import { userRoutes } from './admin-user.js'
import { usersRoutes } from './admin-users.js'

/** Everything under /admin: for administrators, who have shown a code in this session. */
export const adminRoutes = new Hono<Env>()

adminRoutes.use(guarded({ sensitive: true }), administratorsOnly)
adminRoutes.route('/', dashboardRoutes)
adminRoutes.route('/', usersRoutes)
adminRoutes.route('/', requireRoutes)
adminRoutes.route('/', userRoutes)
adminRoutes.route('/', clockRoutes)
