// #region route
import { createHandler } from 'leeway/http'
import { handlerOptions } from '../../../lib/leeway'

const handler = createHandler(handlerOptions)
const route = (request: Request): Promise<Response> => handler(request, undefined)

// Next.js answers other methods itself, and asks for each by name.
export { route as DELETE, route as GET, route as PATCH, route as POST, route as PUT }
// #endregion
