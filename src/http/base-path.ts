/** Where the routes begin: '/mfa' by default, '' for a handler that is mounted. */
export function readBasePath(basePath: unknown = '/mfa'): string {
  if (typeof basePath !== 'string') throw new TypeError('options.basePath must be a string')
  if (!/^(\/[\w.~!$&'()*+,;=:@%-]+)*$/.test(basePath)) {
    throw new RangeError("options.basePath must be '' or a path such as /mfa, without a '/' at its end")
  }
  return basePath
}
