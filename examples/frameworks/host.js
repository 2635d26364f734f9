// @ts-check
/**
 * What an auth server has before it has leeway, accounts and sessions, and what it tells leeway of them. Kept in
 * memory, and apart from the servers beside this file, so that each of those shows what its framework needs and nothing
 * else.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { aesGcmCipher, createLeeway } from 'leeway'
import { memoryRepository } from 'leeway/memory'

/* -------------------------------------------------------------------------------------------------------- accounts */

/** @typedef {{ id: string, email: string, administrator: boolean, passwordHash: Buffer }} User */

export const DEMO_PASSWORD = 'correct horse battery staple'

const SALT_BYTES = 16
/** A longer one would keep the hash busy. */
const LONGEST_PASSWORD = 1024
/** Nobody has signed in when a form arrives: it is not to keep the server busy either. */
export const MOST_FORM_BYTES = 16_384
/** One of the settings that OWASP's cheat sheet for storing passwords has for scrypt. */
const COST = { N: 2 ** 14, r: 8, p: 5 }
const derive = /** @type {(password: string, salt: Buffer, length: number, cost: typeof COST) => Promise<Buffer>} */ (
  promisify(scrypt)
)

/** The salt, and then the hash. @param {string} password @param {Buffer} [salt] @returns {Promise<Buffer>} */
async function hashOf(password, salt = randomBytes(SALT_BYTES)) {
  return Buffer.concat([salt, await derive(password, salt, 32, COST)])
}

/** @type {ReadonlyMap<string, User>} */
const USERS = new Map(
  await Promise.all(
    ['ada', 'ben', 'olivia'].map(async (id) => {
      const passwordHash = await hashOf(DEMO_PASSWORD)
      const user = { id, email: `${id}@example.com`, administrator: id === 'olivia', passwordHash }
      return /** @type {const} */ ([id, user])
    }),
  ),
)
/** Checked where there is no such account, so that the time an answer takes does not tell. */
const NOBODYS = await hashOf(randomBytes(16).toString('hex'))

/** @param {string} id */
export const findUser = (id) => USERS.get(id) ?? null

/**
 * The user whose name and password these are, or null. Limit how often it may be asked: leeway counts wrong codes, not
 * wrong passwords.
 *
 * @param {unknown} id
 * @param {unknown} password
 */
export async function withPassword(id, password) {
  if (typeof id !== 'string' || typeof password !== 'string' || password.length > LONGEST_PASSWORD) return null
  const user = findUser(id)
  const expected = user?.passwordHash ?? NOBODYS
  const isRight = timingSafeEqual(expected, await hashOf(password, expected.subarray(0, SALT_BYTES)))
  return isRight ? user : null
}

/* -------------------------------------------------------------------------------------------------------- sessions */

/**
 * What the server keeps of a browser that has signed in: an `Identity` of leeway's is made of it.
 *
 * @typedef {object} Session
 * @property {string} id what the cookie holds
 * @property {string} userId
 * @property {import('leeway/http').SessionLevel} level
 * @property {number} signedInAt when it was made or last raised
 * @property {string | null} setupId the set-up that it began; never leaves the server: whoever knows it sees the secret
 * @property {number} endsAt
 */

const LIFETIME_MS = 12 * 60 * 60_000
/** Behind TLS: `__Host-sid`, and `Secure`. */
const COOKIE = 'sid'
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Lax'

export function createSessions() {
  /** @type {Map<string, Session>} */
  const sessions = new Map()

  /** @param {Omit<Session, 'id'>} session */
  function keep(session) {
    const id = randomBytes(32).toString('base64url')
    sessions.set(id, { ...session, id })
    return `${COOKIE}=${id}; ${ATTRIBUTES}`
  }

  /** The session of a request, or null. @param {Request} request */
  function find({ headers }) {
    const [, id = ''] = new RegExp(`(?:^|; )${COOKIE}=([\\w-]+)`).exec(headers.get('cookie') ?? '') ?? []
    const session = sessions.get(id)
    return session && Date.now() < session.endsAt ? session : null
  }

  /** Ends the session of a request; answers with the cookie that ends it in the browser. @param {Request} request */
  function end(request) {
    sessions.delete(find(request)?.id ?? '')
    return `${COOKIE}=; ${ATTRIBUTES}; Max-Age=0`
  }

  return {
    find,
    end,
    /**
     * A session in place of the one the browser had: an id that somebody planted there before is worth nothing after.
     * Answers with its cookie, as `raise` does.
     *
     * @param {Request} request
     * @param {string} userId
     * @param {Session['level']} level
     */
    begin(request, userId, level) {
      end(request)
      const now = Date.now()
      for (const { id, endsAt } of sessions.values()) if (endsAt <= now) sessions.delete(id)
      return keep({ userId, level, signedInAt: now, setupId: null, endsAt: now + LIFETIME_MS })
    },
    /** The same session at the level 'mfa', under another id. @param {Request} request */
    raise(request) {
      const session = find(request)
      if (session === null) throw new Error('the session is gone')
      sessions.delete(session.id)
      return keep({ ...session, level: 'mfa', signedInAt: Date.now(), setupId: null })
    },
    /** Ends the user's sessions, but for that of one request. @param {string} userId @param {Request | null} kept */
    endOthers(userId, kept) {
      const keptId = kept && find(kept)?.id
      for (const { id, userId: whose } of sessions.values()) if (whose === userId && id !== keptId) sessions.delete(id)
    },
    /** @param {Request} request @param {string | null} setupId */
    rememberSetup(request, setupId) {
      const session = find(request)
      if (session === null) throw new Error('the session is gone')
      session.setupId = setupId
    },
  }
}

/* ---------------------------------------------------------------------------------------------------------- leeway */

/** Who signs in for the first time has 30 days to set up, and may say "not now" three times. */
export const makeLeeway = () =>
  createLeeway({
    issuer: 'Example',
    repository: memoryRepository(),
    // Yours comes from where secrets are kept: what it has sealed, no other key opens.
    cipher: aesGcmCipher({ keys: [{ id: 'k1', key: randomBytes(32) }] }),
    policy: { newUsers: { period: { days: 30, start: 'first-sign-in' }, postponements: 3 } },
  })

/**
 * @typedef {object} Host
 * @property {import('leeway').LeewayWithRollout} leeway
 * @property {ReturnType<typeof createSessions>} sessions
 * @property {import('leeway/http').GuardOptions<unknown>} guard
 * @property {import('leeway/http').HandlerOptions<unknown>} handler
 */

/** The parts of the server that are the same in every framework. @returns {Host} */
export function createHost() {
  const leeway = makeLeeway()
  const sessions = createSessions()

  /** Who is asking, and how far that session has come. @param {Request} request */
  function identify(request) {
    const session = sessions.find(request)
    const user = session && findUser(session.userId)
    if (!user) return null
    const { userId, level, signedInAt, setupId } = session
    return { userId, level, signedInAt, setupId, accountName: user.email, administrator: user.administrator }
  }
  /** What was answered 5xx. @param {unknown} error */
  const onError = (error) => console.error(error)

  return {
    leeway,
    sessions,
    guard: {
      leeway,
      identify,
      pages: { signIn: '/sign-in', setup: '/set-up', challenge: '/challenge', denied: '/suspended' },
      onError,
    },
    handler: {
      leeway,
      identify,
      sessions: {
        raise: async (_identity, request) => ({ 'set-cookie': sessions.raise(request) }),
        endOthers: async (userId, keep) => sessions.endOthers(userId, keep),
        rememberSetup: async (_identity, setupId, request) => sessions.rememberSetup(request, setupId),
      },
      exists: (userId) => findUser(userId) !== null,
      onError,
    },
  }
}

/* -------------------------------------------------------------------------------------------- on a port of its own */

/** Whether this module is what `node` was started with. @param {string} url its import.meta.url */
export const isMain = (url) => process.argv[1] === fileURLToPath(url)

/** On this machine alone; PORT=0 takes any. */
export const ADDRESS = { port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }

/** @param {number} port */
export function announce(port) {
  console.log(`Listening on http://127.0.0.1:${port}`)
  console.log(`Sign in as ada, ben, or the administrator olivia; the password is: ${DEMO_PASSWORD}`)
}
