// @ts-check
/**
 * The part of an auth server that leeway decides: where a right password leads, and what a code is good for. Small, but
 * what it does is what has to be done; its tests are beside it, for three test runners.
 */
import { randomUUID } from 'node:crypto'
import { levelFor } from 'leeway/http'

/**
 * @typedef {import('leeway/http').SessionLevel} SessionLevel
 * @typedef {{ page: string, session: string | null }} Answer where the browser is sent, and with which session
 */

/** @type {Record<SessionLevel, string>} */
const PAGES = { password: '/', setup: '/set-up', challenge: '/challenge', mfa: '/' }

/**
 * @param {object} parts
 * @param {Pick<import('leeway').Leeway, 'signIn' | 'verifyCode'>} parts.leeway
 * @param {(userId: string, password: string) => boolean | Promise<boolean>} parts.isPassword
 */
export function createSignIn({ leeway, isPassword }) {
  /** @type {Map<string, { userId: string, level: SessionLevel }>} */
  const sessions = new Map()

  /** @param {string} userId @param {SessionLevel} level */
  function sessionFor(userId, level) {
    const id = randomUUID()
    sessions.set(id, { userId, level })
    return id
  }

  return {
    /** @param {string} userId @param {string} password @returns {Promise<Answer>} */
    async login(userId, password) {
      if (!(await isPassword(userId, password))) return { page: '/sign-in', session: null }
      const decision = await leeway.signIn(userId)
      const level = levelFor(decision)
      if (level === null) return { page: '/suspended', session: null }
      const page = decision.action === 'offer-setup' ? '/offer' : PAGES[level]
      return { page, session: sessionFor(userId, level) }
    },

    /** @param {string | null} session @param {unknown} code as the form sent it @returns {Promise<Answer>} */
    async answerChallenge(session, code) {
      const found = sessions.get(session ?? '')
      if (session === null || found?.level !== 'challenge') return { page: '/sign-in', session: null }
      const result = await leeway.verifyCode(found.userId, code)
      if (!result.ok) return { page: result.reason === 'locked' ? '/locked' : '/challenge', session }
      // Another id: whoever knew the old one has not shown a code.
      sessions.delete(session)
      return { page: '/', session: sessionFor(found.userId, 'mfa') }
    },

    /** @param {string | null} session @returns {SessionLevel | null} */
    levelOf: (session) => sessions.get(session ?? '')?.level ?? null,
  }
}
