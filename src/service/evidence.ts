import { isObject } from '../assert.js'
import type {
  CodeFinding,
  ImportFinding,
  PassFinding,
  Question,
  RecoveryFinding,
  ResealFinding,
  SetupFinding,
} from '../enrollment/commands.js'
import type { Authenticator, Pass, RecoveryCode } from '../enrollment/record.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import { platform } from '../platform.js'
import type { SecretContext } from '../ports/index.js'
import { readCode } from '../totp/code.js'
import type { Instant } from '../totp/instant.js'
import { assertSecret } from '../totp/parameters.js'
import { type TotpVerification, verifyTotp } from '../totp/totp.js'
import type { Gather } from './attempt.js'
import { draw, drawId, fromRecord, guarded, type Parts } from './parts.js'
import { drawCode, readRecoveryCode } from './recovery-codes.js'

/** What was handed over to be checked. None of it goes any further than this file. */
export interface Given {
  code?: unknown
  recoveryCode?: unknown
  pass?: unknown
}

/** A secret that is brought over, and the recovery codes that came with it, as they are read. */
export interface Imported {
  secret: Uint8Array
  recoveryCodes: readonly string[]
}

/** New recovery codes, in the clear for their user and digested for the record. */
export interface FreshCodes {
  shown: readonly string[]
  stored: readonly RecoveryCode[]
}

/** How far from now a code is looked for, to tell somebody that his phone's clock is off. */
const CLOCK_SEARCH_STEPS = 10

/**
 * Answers what is asked of one user's record from what was handed over. `recoveryCodes` tells those that were made on the
 * way: the same ones however often the record has to be read anew.
 */
export function evidenceFrom(
  parts: Parts,
  userId: UserId,
  given: Given,
  imported: Imported = { secret: new Uint8Array(), recoveryCodes: [] },
): { gather: Gather; recoveryCodes(): readonly string[] } {
  let fresh: FreshCodes = { shown: [], stored: [] }
  const gather: Gather = async (question, now) => {
    switch (question.ask) {
      case 'code':
        return question.answer(await findCode(parts, userId, question.authenticators, given.code, now))
      case 'recovery-code':
        return question.answer(await findRecoveryCode(parts, userId, question.codes, given.recoveryCode))
      case 'protection':
        return question.answer({ protected: await isProtected(parts, userId) })
      case 'pass':
        return question.answer(await findPass(parts, userId, question.pass, given.pass))
      case 'setup-code': {
        const finding = await findSetupCode(parts, userId, question, given.code, now)
        if (finding.found !== 'match') return question.answer(finding)
        const wanted = question.recoveryCodesWanted
        if (fresh.stored.length !== wanted) fresh = await freshCodes(parts, userId, wanted)
        return question.answer({ ...finding, recoveryCodes: fresh.stored })
      }
      case 'reseal':
        return question.answer(await resealed(parts, userId, question.sealed))
      case 'import':
        return question.answer(await findImported(parts, userId, question, imported))
    }
  }
  return { gather, recoveryCodes: () => fresh.shown }
}

/** What `policy.protect` says of an account. Where it cannot tell, nothing may be changed. */
export async function isProtected({ protect }: Parts, userId: UserId): Promise<boolean> {
  if (protect === undefined) return false
  try {
    return asBoolean(await protect(userId), 'policy.protect')
  } catch (cause) {
    throw new LeewayError('ERR_PROTECTED', 'policy.protect could not tell whether the account is protected', { cause })
  }
}

/** A proof as it is given; anything but one code or one recovery code is the caller's mistake. */
export function readProof(proof: unknown): { method: 'totp' | 'recovery-code'; given: Given } {
  // Read once, and with a code that is undefined: a form may have been sent without its field.
  const [field, ...more] = isObject(proof) ? Object.entries(proof) : []
  if (more.length > 0 || (field?.[0] !== 'code' && field?.[0] !== 'recoveryCode')) {
    throw new TypeError('proof must be { code } or { recoveryCode }')
  }
  return { method: field[0] === 'code' ? 'totp' : 'recovery-code', given: Object.fromEntries([field]) }
}

/** New recovery codes: as many as are wanted, each digested under an id of its own. */
export async function freshCodes(parts: Parts, userId: UserId, count: number): Promise<FreshCodes> {
  const shown = Array.from({ length: count }, () => drawCode((byteLength) => draw(parts, byteLength)))
  const canonical = shown.map((code) => code.replaceAll('-', ''))
  return { shown, stored: await digestCodes(parts, userId, canonical, { imported: false }) }
}

/** Seals a secret for the authenticator or set-up of this id. */
export function sealSecret({ cipher }: Parts, userId: UserId, id: string, secret: Uint8Array): Promise<string> {
  return guarded('ERR_CIPHER', 'the cipher could not seal a secret; see the cause', async () =>
    asText(await cipher.seal(secret, { purpose: 'totp-secret', userId, id })),
  )
}

/** Opens the secret of an authenticator or set-up for as long as `use` takes. */
export async function withSecret<Answer>(
  { cipher }: Parts,
  userId: UserId,
  { id, secret: token }: { id: string; secret: string },
  use: (secret: Uint8Array) => Answer | Promise<Answer>,
): Promise<Answer> {
  const secret = await guarded('ERR_CIPHER', 'the cipher could not open a secret; see the cause', async () => {
    const opened: unknown = await cipher.open(token, { purpose: 'totp-secret', userId, id })
    // What a broken cipher opens is no mistake of whoever asked.
    assertSecret(opened)
    return opened
  })
  try {
    return await use(secret)
  } finally {
    secret.fill(0)
  }
}

/** Digests a code or pass under its context. */
export function digestOf({ cipher }: Parts, canonical: string, context: SecretContext): Promise<string> {
  return guarded('ERR_CIPHER', 'the cipher could not digest a code; see the cause', async () =>
    asText(await cipher.digest(bytesOf(canonical), context)),
  )
}

async function findCode(
  parts: Parts,
  userId: UserId,
  authenticators: readonly Authenticator[],
  code: unknown,
  now: Instant,
): Promise<CodeFinding> {
  // What cannot be a code of any of them opens no secret.
  if (authenticators.every(({ parameters }) => readCode(code, parameters.digits) < 0)) return { found: 'malformed' }
  const checks = await Promise.all(
    authenticators.map(async (authenticator) => ({
      authenticator,
      verification: await verify(parts, userId, authenticator, code, now, authenticator.lastTimeStep ?? undefined),
    })),
  )
  const matches = checks.flatMap(({ authenticator, verification }) =>
    verification.ok ? [{ authenticatorId: authenticator.id, timeStep: verification.timeStep }] : [],
  )
  if (matches.length > 0) {
    // The write that uses the code up also moves secrets to the first key: rotation that needs no job.
    const anew = await resealed(parts, userId, authenticators)
    return { found: 'match', matches, resealed: anew.map(({ id, secret }) => ({ authenticatorId: id, secret })) }
  }
  const replayed = checks.find(({ verification }) => !verification.ok && verification.reason === 'replayed')
  return replayed ? { found: 'replayed', authenticatorId: replayed.authenticator.id } : { found: 'mismatch' }
}

function verify(
  parts: Parts,
  userId: UserId,
  sealed: Pick<Authenticator, 'id' | 'secret' | 'parameters'>,
  code: unknown,
  now: Instant,
  afterTimeStep: number | undefined,
): Promise<TotpVerification> {
  const { window } = parts.policy.totp
  return withSecret(parts, userId, sealed, (secret) =>
    fromRecord(() => verifyTotp(secret, code, { ...sealed.parameters, now, window, afterTimeStep })),
  )
}

/** Of these tokens and digests, those that are not under the cipher's first key. */
export function underOldKeys(parts: Parts, tokens: readonly string[]): Promise<string[]> {
  return guarded('ERR_CIPHER', 'the cipher could not tell the key of a secret; see the cause', async () =>
    tokens.filter((token) => asBoolean(parts.cipher.needsReseal(token))),
  )
}

/** The secrets that are under an old key, sealed anew under the first. */
async function resealed(
  parts: Parts,
  userId: UserId,
  sealed: readonly Pick<Authenticator, 'id' | 'secret'>[],
): Promise<ResealFinding> {
  const tokens = sealed.map(({ secret }) => secret)
  const old = await underOldKeys(parts, tokens)
  return Promise.all(
    sealed
      .filter(({ secret }) => old.includes(secret))
      .map(async (one) => ({
        id: one.id,
        secret: await withSecret(parts, userId, one, (secret) => sealSecret(parts, userId, one.id, secret)),
      })),
  )
}

async function findRecoveryCode(
  parts: Parts,
  userId: UserId,
  codes: readonly RecoveryCode[],
  recoveryCode: unknown,
): Promise<RecoveryFinding> {
  const canonical = readRecoveryCode(recoveryCode, { imported: codes.some(({ imported }) => imported) })
  if (canonical === null) return { found: 'malformed' }
  const same = await matching(parts, userId, codes, canonical)
  const unused = same.find(({ usedAt }) => usedAt === null)
  if (unused !== undefined) return { found: 'match', recoveryCodeId: unused.id }
  return { found: same.length > 0 ? 'replayed' : 'mismatch' }
}

/** Those of the codes that are this one. All are compared, whichever matches. */
async function matching(
  parts: Parts,
  userId: UserId,
  codes: readonly RecoveryCode[],
  canonical: string,
): Promise<RecoveryCode[]> {
  const same = await Promise.all(
    codes.map(({ id, digest }) => isDigestOf(parts, digest, canonical, { purpose: 'recovery-code', userId, id })),
  )
  return codes.filter((_, at) => same[at])
}

async function findPass(parts: Parts, userId: UserId, { id, digest }: Pass, pass: unknown): Promise<PassFinding> {
  const canonical = readRecoveryCode(pass)
  if (canonical === null) return { found: 'malformed' }
  return { found: (await isDigestOf(parts, digest, canonical, { purpose: 'pass', userId, id })) ? 'match' : 'mismatch' }
}

async function findSetupCode(
  parts: Parts,
  userId: UserId,
  { setup, authenticators }: Extract<Question<unknown>, { ask: 'setup-code' }>,
  code: unknown,
  now: Instant,
): Promise<SetupFinding> {
  if (readCode(code, setup.parameters.digits) < 0) return { found: 'malformed' }
  return withSecret(parts, userId, setup, async (secret): Promise<SetupFinding> => {
    const check = { ...setup.parameters, now }
    const { window } = parts.policy.totp
    const verification = fromRecord(() => verifyTotp(secret, code, { ...check, window }))
    if (verification.ok) {
      const bound = await hasSecret(parts, userId, authenticators, secret)
      return { found: 'match', timeStep: verification.timeStep, bound, recoveryCodes: [] }
    }
    const steps = [
      verifyTotp(secret, code, { ...check, window: { past: CLOCK_SEARCH_STEPS, future: 0 } }),
      verifyTotp(secret, code, { ...check, window: { past: 0, future: CLOCK_SEARCH_STEPS } }),
    ].flatMap((nearby) => (nearby.ok ? [nearby.delta] : []))
    const [nearest] = steps.sort((one, other) => Math.abs(one) - Math.abs(other))
    return { found: 'mismatch', clockOffsetSeconds: nearest === undefined ? null : nearest * setup.parameters.period }
  })
}

async function findImported(
  parts: Parts,
  userId: UserId,
  { authenticators, setup, codes }: Extract<Question<unknown>, { ask: 'import' }>,
  { secret, recoveryCodes }: Imported,
): Promise<ImportFinding> {
  const bound = await hasSecret(parts, userId, authenticators, secret)
  const pending = setup !== null && (await hasSecret(parts, userId, [setup], secret))
  if (bound) return { bound, pending, recoveryCodes: [] }
  const known = await Promise.all(recoveryCodes.map((code) => matching(parts, userId, codes, code)))
  const unknown = recoveryCodes.filter((_, at) => known[at]?.length === 0)
  return { bound, pending, recoveryCodes: await digestCodes(parts, userId, unknown, { imported: true }) }
}

/** Whether one of these holds this secret. */
async function hasSecret(
  parts: Parts,
  userId: UserId,
  sealed: readonly Pick<Authenticator, 'id' | 'secret'>[],
  secret: Uint8Array,
): Promise<boolean> {
  const same = await Promise.all(
    sealed.map((one) => withSecret(parts, userId, one, (other) => sameBytes(other, secret))),
  )
  return same.includes(true)
}

function digestCodes(
  parts: Parts,
  userId: UserId,
  canonical: readonly string[],
  { imported }: { imported: boolean },
): Promise<RecoveryCode[]> {
  return Promise.all(
    canonical.map(async (code) => {
      const id = drawId(parts)
      const digest = await digestOf(parts, code, { purpose: 'recovery-code', userId, id })
      return { id, digest, usedAt: null, imported }
    }),
  )
}

function isDigestOf({ cipher }: Parts, digest: string, canonical: string, context: SecretContext): Promise<boolean> {
  return guarded('ERR_CIPHER', 'the cipher could not compare a code; see the cause', async () =>
    asBoolean(await cipher.matches(digest, bytesOf(canonical), context)),
  )
}

/** What the application's own functions answer: anything but yes or no must not pass for yes. */
function asBoolean(answer: unknown, asked = 'the cipher'): boolean {
  if (typeof answer !== 'boolean') throw new TypeError(`${asked} must answer true or false`)
  return answer
}

function asText(answer: unknown): string {
  if (typeof answer !== 'string') throw new TypeError('the cipher must answer a string')
  return answer
}

function bytesOf(text: string): Uint8Array {
  return new platform.TextEncoder().encode(text)
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}
