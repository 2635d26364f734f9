import { LeewayError } from '../../errors.js'

/** By the codes of Redis, which both clients pass on in the message, and by what each client says of a connection. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /\bEVICTS\b/,
    'the server may evict keys when memory is short, and with them failure counts and requirements, or does not tell: set maxmemory-policy noeviction, or no maxmemory',
  ],
  [/\bREADONLY\b/, 'the server is a replica: connect to the primary, for reads too'],
  [/\bOOM\b/, 'the memory that maxmemory allows is full: make room, or raise it'],
  [
    /\bMISCONF\b/,
    'the server cannot write to its disk, which may be full: make room, and see what its log says of RDB and AOF',
  ],
  [/\bNOREPLICAS\b/, 'fewer replicas are there than min-replicas-to-write asks for: bring them back'],
  [/\bWRONGTYPE\b/, 'a key under this prefix holds something else: choose another options.prefix'],
  [
    /\b(?:NOAUTH|WRONGPASS|NOPERM)\b|can't run this command/,
    'the server does not let this user in, or not run what is needed: allow eval, evalsha, info, type, get, set, +@hash, +@list and +@sortedset on the keys of options.prefix',
  ],
  [
    /\b(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)\b|Cluster redirections/,
    'the server is starting, busy with a script, or the cluster is being repaired: try again later',
  ],
  [
    /clos(?:ed|ing)|offline|writeable|retries per request|tim(?:ed|e) ?out|disconnect|root nodes|startup nodes|slots cache|ECONN|EPIPE|ENOTFOUND/i,
    'the connection was lost, or there is none: see that the server can be reached and that the client is connected; what was being written may have been',
  ],
]

/** What a client threw, as the error of a repository that says what to change. */
export function storeError(cause: unknown): LeewayError {
  const text = String(cause)
  const advice = ADVICE.find(([pattern]) => pattern.test(text))?.[1]
  return new LeewayError('ERR_STORE', advice ?? 'Redis failed; the cause says how', { cause })
}

/** Whether the server does not know a script yet, and so has not run it. */
export function isUnknownScript(error: unknown): boolean {
  return /\bNOSCRIPT\b/.test(String(error))
}
