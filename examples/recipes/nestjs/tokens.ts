/** What the module provides: the service for everybody, the others for itself. */
export const LEEWAY: unique symbol = Symbol('leeway')
export const OPTIONS: unique symbol = Symbol('options of the leeway module')
export const GUARD: unique symbol = Symbol('guard of leeway/http')
