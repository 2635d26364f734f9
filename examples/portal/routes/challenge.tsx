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
  const told = toldBy(refused?.problem)
  const methods = { code: methodOf(decision, 'totp'), recoveryCode: methodOf(decision, 'recovery-code') }
  if (told !== null) methods[kind] = told
  const props = {
    query: onward(c),
    // Where there is no field any more, the page says why.
    errors: refused && methods[kind].state === 'open' ? { [kind]: refused.text } : {},
    code: methods.code,
    recovery: methods.recoveryCode,
    // A check of a code has the real time; what leeway decides by is the demo's.
    now: told === null ? portal.clock.now() : Date.now(),
  }
  const content = kind === 'code' ? <ChallengePage {...props} /> : <RecoveryPage {...props} />
  if (refused === undefined) return page(c, title, content)
  return page(c, `Error: ${title}`, content, { status: methods[kind].state === 'open' ? 422 : 423 })
}

/** What a refusal says of the kind of code that was tried. */
function toldBy(problem: Problem | undefined): Method | null {
  if (problem?.reason === 'disabled') return { state: 'none' }
  if (problem?.reason !== 'locked' || problem.retryAt === undefined) return null
  return { state: 'locked', until: Date.parse(problem.retryAt) }
}

async function check(c: Context<Env>, kind: Kind) {
  const { user, portal, form } = c.var
  const { route, empty } = KINDS[kind]
  const typed = form.text(kind)
  if (typed.trim() === '') return show(c, kind, { text: empty })
  const answer = await ask<Accepted>(c, 'POST', route, { [kind]: typed })
  if (answer.ok) return goTo(c, returnTo(c.req.raw), welcome(kind, answer.body))
  const { problem } = answer
  // A wrong one may have been one too many.
  c.set('decision', await portal.leeway.decide(user.id))
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
