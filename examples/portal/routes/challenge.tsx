import type { Context } from 'hono'
import { Hono } from 'hono'
import { returnTo } from 'leeway/http'
import { ask, type Problem } from '../api.js'
import type { Env } from '../env.js'
import { guarded } from '../middleware.js'
import { goTo, page } from '../pages.js'
import { ChallengePage, type Method, methodOf, RecoveryPage } from '../views/challenge.js'
import { many } from '../views/words.js'
import { refusalWords } from './refusals.js'
import { onward } from './return.js'

export const challengeRoutes = new Hono<Env>()

const challengePage = guarded({ page: 'challenge' })

interface Accepted {
  recoveryCodesLeft: number
  failuresSinceLastSuccess: number
}

/** The two kinds of code, alike but for their names. */
const KINDS = {
  code: { title: 'Type the code', route: '/me/verify', empty: 'Type the six digits that the app shows.' },
  recoveryCode: { title: 'Use a recovery code', route: '/me/recover', empty: 'Type one of your recovery codes.' },
} as const

type Kind = keyof typeof KINDS

challengeRoutes.get('/challenge', challengePage, (c) => show(c, 'code'))
challengeRoutes.post('/challenge', challengePage, (c) => check(c, 'code'))
challengeRoutes.get('/challenge/recovery', challengePage, (c) => show(c, 'recoveryCode'))
challengeRoutes.post('/challenge/recovery', challengePage, (c) => check(c, 'recoveryCode'))

function show(c: Context<Env>, kind: Kind, refused?: { text: string; problem?: Problem }) {
  const { decision, identity, portal } = c.var
  // Nothing to show a code for, or no longer.
  if (decision.action !== 'challenge' || identity.level === 'mfa') return goTo(c, returnTo(c.req.raw))
  const { title } = KINDS[kind]
  const { problem } = refused ?? {}
  const told: Partial<Record<Kind, Method>> =
    problem?.reason === 'locked' && problem.retryAt !== undefined
      ? { [kind]: { state: 'locked', until: Date.parse(problem.retryAt) } }
      : problem?.reason === 'disabled'
        ? { [kind]: { state: 'none' } }
        : {}
  const props = {
    query: onward(c),
    errors: refused && told[kind] === undefined ? { [kind]: refused.text } : {},
    code: told.code ?? methodOf(decision, 'totp'),
    recovery: told.recoveryCode ?? methodOf(decision, 'recovery-code'),
    // What was told just now is real time; what leeway decides by is the demo's.
    now: told[kind] === undefined ? portal.clock.now() : Date.now(),
  }
  const content = kind === 'code' ? <ChallengePage {...props} /> : <RecoveryPage {...props} />
  if (refused === undefined) return page(c, title, content)
  return page(c, `Error: ${title}`, content, { status: problem?.status === 423 ? 423 : 422 })
}

async function check(c: Context<Env>, kind: Kind) {
  const { route, empty } = KINDS[kind]
  const typed = c.var.form.text(kind)
  if (typed.trim() === '') return show(c, kind, { text: empty })
  const answer = await ask<Accepted>(c, 'POST', route, { [kind]: typed })
  if (answer.ok) return goTo(c, returnTo(c.req.raw), welcome(kind, answer.body))
  const { problem } = answer
  return show(c, kind, { text: refusalWords(problem, Date.now()), problem })
}

/** What somebody ought to know who has just come in. */
function welcome(kind: Kind, { recoveryCodesLeft, failuresSinceLastSuccess }: Accepted): string | undefined {
  const left = kind === 'recoveryCode' ? `You have ${many(recoveryCodesLeft, 'recovery code')} left.` : ''
  const failures =
    failuresSinceLastSuccess > 2
      ? `There were ${failuresSinceLastSuccess} wrong codes since your last sign-in. If that was not you, change your password.`
      : ''
  return [left, failures].filter(Boolean).join(' ') || undefined
}
