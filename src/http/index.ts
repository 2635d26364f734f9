/**
 * leeway over HTTP, on the web's own `Request` and `Response`: a guard for what only people may reach who have done what
 * their enrollment asks, and a handler for users and administrators. No framework, no cookies, no sessions of its own.
 *
 * @module
 */
export type { Signal } from '../platform.js'
export {
  createGuard,
  type Guard,
  type GuardOptions,
  type GuardPages,
  type GuardPass,
  type GuardResult,
  type GuardRule,
} from './guard.js'
export { createHandler, type Handler, type HandlerOptions, type SessionHooks } from './handler.js'
export { type NodeContext, type NodeHandler, type NodeRequest, type NodeResponse, toNode } from './node.js'
export { openApiDocument } from './openapi.js'
export { isSameOrigin, type OriginOptions, type OriginRequest } from './origin.js'
export { returnTo } from './return-to.js'
export { type Identity, levelFor, type SessionLevel } from './session.js'
export type {
  ByteReader,
  HeaderParts,
  RequestParts,
  ResponseParts,
  WebHeadersInit,
  WebRequest,
  WebResponse,
} from './web.js'
