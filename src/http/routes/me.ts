import * as z from 'zod/mini'
import { qrSvg } from '../../qr/index.js'
import * as answers from '../answers.js'
import { Refused } from '../problems.js'
import { type Call, granted, type Host, type Route, rolloutOf, routesFor } from '../route.js'
import { code, page, proof, words } from '../schemas.js'
import { stopOf } from '../standing.js'

const route = routesFor('user')

const label = words(1, 100)
const codeBody = z.strictObject({ code })
const proofBody = z.strictObject({ proof })

/** What a check of a code can refuse. */
const CODE_REFUSALS = ['invalid-code', 'locked', 'disabled', 'suspended'] as const

/** What users do for themselves. No answer here carries administrators' words. */
export const ownRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/me',
    action: 'decide',
    summary: 'What this session may do next, and where the user stands unless a code must be shown first',
    lifts: ['setup-required', 'challenge-required'],
    answer: { schema: answers.self },
    async run({ leeway, identity, decision }) {
      const isChallenged = stopOf(identity, decision) === 'challenge-required'
      return { decision, status: isChallenged ? null : await leeway.status(identity.userId) }
    },
  }),
  route({
    method: 'GET',
    path: '/me/history',
    action: 'history',
    summary: "The user's own events, oldest first",
    query: z.strictObject(page),
    answer: { schema: answers.history },
    refusals: ['directory-required'],
    async run({ leeway, identity, query }) {
      const { events, next } = await rolloutOf(leeway).history(identity.userId, query)
      return { events: events.map((event) => answers.onWire({ ...event, reason: null })), next }
    },
  }),
  route({
    method: 'POST',
    path: '/me/postpone',
    action: 'postponeSetup',
    summary: '"Not now": counts once for each sign-in',
    answer: { schema: answers.decision },
    run: ({ leeway, identity }) => leeway.postponeSetup(identity.userId, { signInId: String(identity.signedInAt) }),
  }),
  route({
    method: 'POST',
    path: '/me/setup',
    action: 'beginSetup',
    summary: 'Begins a set-up, or goes on with the one that this session began',
    lifts: ['setup-required'],
    body: z.strictObject({
      label: z.optional(label),
      pass: z.optional(code),
      proof: z.optional(proof),
      restart: z.optional(z.boolean()),
    }),
    answer: { schema: answers.setup },
    refusals: [
      'pass-required',
      'invalid-pass',
      'proof-required',
      'too-many-authenticators',
      ...CODE_REFUSALS,
      'session-not-raised',
    ],
    async run({ leeway, identity, body: { restart = false, ...given }, host }) {
      const { userId, accountName, setupId } = identity
      const own = restart ? undefined : (setupId ?? undefined)
      const begun = granted(await leeway.beginSetup(userId, { accountName, setupId: own, ...given }))
      const { id, ...setup } = begun.setup
      if (!setup.resumed) await rememberOrCancel({ leeway, identity, host }, id)
      return { ...setup, qr: qrOf(setup.keyUri, accountName) }
    },
  }),
  route({
    method: 'POST',
    path: '/me/setup/confirm',
    action: 'confirmSetup',
    summary: 'Binds the set-up that this session began; recovery codes are told this once',
    lifts: ['setup-required'],
    body: codeBody,
    answer: { schema: answers.confirmed },
    refusals: ['no-setup', 'expired', 'invalid-code', 'suspended'],
    async run({ leeway, identity, body, host }) {
      const { userId } = identity
      const confirmed = granted(await leeway.confirmSetup(userId, body.code, { setupId: ownSetup(identity) }))
      // The codes are shown this once: whatever fails from here on, they are told.
      await regardless(host, () => host.rememberSetup(null))
      await regardless(host, () => host.endSessions(userId, 'others'))
      await regardless(host, () => host.raise())
      return confirmed
    },
  }),
  route({
    method: 'POST',
    path: '/me/setup/cancel',
    action: 'cancelSetup',
    summary: 'Drops the set-up that this session began',
    lifts: ['setup-required'],
    answer: 'nothing',
    refusals: ['no-setup'],
    async run({ leeway, identity, host }) {
      await leeway.cancelSetup(identity.userId, { setupId: ownSetup(identity) })
      // A session that remembers a set-up which is gone can do nothing with it.
      await regardless(host, () => host.rememberSetup(null))
    },
  }),
  route({
    method: 'POST',
    path: '/me/verify',
    action: 'verifyCode',
    summary: 'Shows a code of an authenticator, and raises the session',
    lifts: ['challenge-required'],
    body: codeBody,
    answer: { schema: answers.accepted },
    refusals: [...CODE_REFUSALS, 'session-not-raised'],
    async run({ leeway, identity, body, host }) {
      const accepted = granted(await leeway.verifyCode(identity.userId, body.code))
      await host.raise()
      return accepted
    },
  }),
  route({
    method: 'POST',
    path: '/me/recover',
    action: 'useRecoveryCode',
    summary: 'Uses a recovery code up, and raises the session',
    lifts: ['challenge-required'],
    body: z.strictObject({ recoveryCode: code }),
    answer: { schema: answers.accepted },
    refusals: [...CODE_REFUSALS, 'session-not-raised'],
    async run({ leeway, identity, body, host }) {
      const accepted = granted(await leeway.useRecoveryCode(identity.userId, body.recoveryCode))
      await host.raise()
      return accepted
    },
  }),
  route({
    method: 'PATCH',
    path: '/me/authenticators/{authenticatorId}',
    action: 'renameAuthenticator',
    summary: 'Changes what an authenticator is called',
    body: z.strictObject({ label }),
    answer: { schema: answers.ownChanged },
    refusals: ['unknown-authenticator'],
    async run({ leeway, identity, authenticatorId, body }) {
      const renamed = await leeway.renameAuthenticator(identity.userId, authenticatorId, body.label)
      if (!renamed.authenticators.some(({ id }) => id === authenticatorId)) throw new Refused('unknown-authenticator')
      return renamed
    },
  }),
  route({
    method: 'POST',
    path: '/me/authenticators/{authenticatorId}/remove',
    action: 'removeAuthenticator',
    summary: 'Removes an authenticator; the last one stays while MFA is required',
    body: proofBody,
    answer: { schema: answers.done },
    refusals: ['last-authenticator', 'unknown-authenticator', ...CODE_REFUSALS],
    run: async ({ leeway, identity, authenticatorId, body }) =>
      granted(await leeway.removeAuthenticator(identity.userId, authenticatorId, body.proof)),
  }),
  route({
    method: 'POST',
    path: '/me/recovery-codes',
    action: 'replaceRecoveryCodes',
    summary: 'Makes the recovery codes anew; they are told this once',
    body: proofBody,
    answer: { schema: answers.recoveryCodes },
    refusals: CODE_REFUSALS,
    run: async ({ leeway, identity, body }) => granted(await leeway.replaceRecoveryCodes(identity.userId, body.proof)),
  }),
]

type Own = Pick<Call<never, never>, 'leeway' | 'identity' | 'host'>

/** Whoever knows a set-up's id sees its secret: it lives in the session that began it, or the set-up does not. */
async function rememberOrCancel({ leeway, identity, host }: Own, setupId: string): Promise<void> {
  try {
    await host.rememberSetup(setupId)
  } catch (error) {
    await regardless(host, () => leeway.cancelSetup(identity.userId, { setupId }))
    throw error
  }
}

/** The set-up that this session began: it neither confirms nor cancels another's. */
function ownSetup({ setupId }: Own['identity']): string {
  if (setupId === null || setupId === undefined) throw new Refused('no-setup')
  return setupId
}

/** Does what the answer does not depend on. */
async function regardless(host: Host, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    host.report(error)
  }
}

/** The QR code of a key URI; null where names make it longer than any: its secret can still be typed. */
function qrOf(keyUri: string, accountName: string): string | null {
  try {
    return qrSvg(keyUri, { label: `QR code for ${accountName}` })
  } catch {
    return null
  }
}
