/** What a {@link LeewayError} is about. Stable: decide by it, not by the message. */
export type LeewayErrorCode =
  | 'ERR_STORE'
  | 'ERR_CONTENDED'
  | 'ERR_CIPHER'
  | 'ERR_RECORD'
  | 'ERR_DIRECTORY_REQUIRED'
  | 'ERR_PROTECTED'

/**
 * The one error thrown for infrastructure: a store, a cipher or a record that does not do its part.
 * A wrong code is never an error, and a caller's mistake is a `TypeError` or `RangeError`.
 *
 * - `ERR_STORE`: the repository failed, or what it did cannot be told; nothing is revealed
 * - `ERR_CONTENDED`: sixteen tries met a conflicting write each
 * - `ERR_CIPHER`: a secret could not be sealed, opened, digested or compared
 * - `ERR_RECORD`: a stored record cannot be read, or belongs to another user
 * - `ERR_DIRECTORY_REQUIRED`: the repository has no directory, which the call needs
 * - `ERR_PROTECTED`: the change would stop an account that the policy protects
 *
 * The message says what to do and holds no secret; `cause` is what was caught, where there is one.
 *
 * @example
 * ```ts
 * try {
 *   await leeway.verifyCode('ada', '123456')
 * } catch (error) {
 *   if (error instanceof LeewayError && error.code === 'ERR_CONTENDED') console.log('try again')
 *   else throw error
 * }
 * ```
 */
export class LeewayError extends Error {
  override readonly name = 'LeewayError'
  readonly code: LeewayErrorCode

  constructor(code: LeewayErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
