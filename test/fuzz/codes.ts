import fc from 'fast-check'
import type { EnrollmentDirectory } from '../../src/ports/directory.js'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import { readRecoveryCode } from '../../src/service/recovery-codes.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { verifyTotp } from '../../src/totp/index.js'
import { enroll, settingOf } from '../service/setting.js'
import { oracleHotp, rfcSecret } from '../totp/oracle.js'
import published from '../vectors/rfc4226.json' with { type: 'json' }
import { hostile } from './hostile.js'
import { exactly, type Outcome, type Target } from './target.js'

/* ------------------------------------------------------------------------------------------------------ what is allowed */

/** The digits of a code as it is documented, or null: ASCII digits, spaces and hyphens anywhere, 32 characters at most. */
function digitsOf(code: unknown): string | null {
  if (typeof code !== 'string' || code.length > 32) return null
  return /^[0-9 -]*$/.test(code) ? code.split(/[ -]/).join('') : null
}

const LOOKALIKES: Record<string, string> = { O: '0', I: '1', L: '1' }

/** The canonical form of a recovery code or pass, letter by letter, or null. */
function canonicalOf(code: unknown): string | null {
  if (typeof code !== 'string' || code.length > 128) return null
  let canonical = ''
  for (const letter of code) {
    if (letter === ' ' || letter === '-') continue
    const place = 'abcdefghijklmnopqrstuvwxyz'.indexOf(letter)
    const upper = place < 0 ? letter : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.charAt(place)
    if (!'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'.includes(upper)) return null
    canonical += LOOKALIKES[upper] ?? upper
  }
  return canonical
}

/* ---------------------------------------------------------------------------------------------------------- the parsers */

interface Typed {
  code: unknown
  digits: 6 | 7 | 8
}

/** The codes of time steps 0 to 2 as RFC 4226 prints them, cut to the digits. */
const codesOf = (digits: number): string[] =>
  published.codes.slice(0, 3).map(({ truncated }) => String(truncated).padStart(10, '0').slice(-digits))

/** What `verifyTotp` reads, at time step 1 of the RFCs' secret. */
export const totpCodes: Target<Typed> = {
  name: 'verifyTotp: the code',
  inputs: fc.oneof(
    ...([6, 7, 8] as const).map((digits) =>
      fc.record({ digits: fc.constant(digits), code: hostile(fc.constantFrom(...codesOf(digits))) }),
    ),
  ),
  parse({ code, digits }) {
    const answer = verifyTotp(rfcSecret, code, { now: 59_000, digits })
    return answer.ok ? { accepted: answer.timeStep } : { refused: answer.reason }
  },
  throws: [],
  check: exactly(({ code, digits }) => {
    const typed = digitsOf(code)
    if (typed?.length !== digits) return { refused: 'malformed' }
    const timeStep = codesOf(digits).indexOf(typed)
    return timeStep < 0 ? { refused: 'mismatch' } : { accepted: timeStep }
  }),
}

interface TypedRecoveryCode {
  code: unknown
  imported: boolean
}

/** What recovery codes and passes are read by, those of other systems too. */
export const recoveryCodes: Target<TypedRecoveryCode> = {
  name: 'recovery codes and passes: the form',
  inputs: fc.record({
    imported: fc.boolean(),
    code: hostile(
      fc.constantFrom('01234-56789-ABCDE-FGHJK-MNPQR', 'zyxwv tsrqp nmkjh gfedc ba987', 'OIL0oil1', 'a1b2c3d4'),
    ),
  }),
  parse({ code, imported }) {
    const canonical = readRecoveryCode(code, { imported })
    return canonical === null ? { refused: 'malformed' } : { accepted: canonical }
  },
  throws: [],
  check: exactly(({ code, imported }) => {
    const canonical = canonicalOf(code)
    const isCode =
      canonical !== null &&
      (imported ? canonical.length >= 8 && canonical.length <= 64 : canonical.length === 25 && !canonical.includes('U'))
    return isCode ? { accepted: canonical } : { refused: 'malformed' }
  }),
}

/* ---------------------------------------------------------------------------------------------------------- the service */

/** How people write down what they were shown. */
const SPELLINGS: readonly ((code: string) => string)[] = [
  (code) => code,
  (code) => code.toLowerCase(),
  (code) => code.split('-').join(' '),
  (code) => code.replace(/0/g, 'o').replace(/1/g, 'l'),
]

type Store = EnrollmentRepository & EnrollmentDirectory

/** A store that takes what it is told and forgets it, so that each input meets the very same record. */
export function forgetful(store: Store): Store {
  return {
    ...store,
    save: async () => 'saved',
    saveMany: async (changes) => changes.map(() => 'saved' as const),
    remove: async () => 'removed',
  }
}

const outcomeOf = (answer: { ok: true } | { ok: false; reason: string }): Outcome =>
  answer.ok ? { accepted: true } : { refused: answer.reason }

/** The three calls that take what people type, all the way to the sealed secrets and digests of one user. */
export async function serviceTargets(): Promise<Target<unknown>[]> {
  const memory = memoryRepository()
  const before = settingOf({ repository: memory })
  const { secret, recoveryCodes: codes } = await enroll(before, 'ada')
  await before.leeway.requireEnrollment('bob', { period: { days: 30 }, selfEnrollment: 'with-pass' })
  const { pass } = await before.leeway.issuePass('bob')
  const { leeway } = settingOf({ repository: forgetful(memory), clock: before.clock })

  // The step before was used up when she set up.
  const step = before.clock() / 30_000
  const key = Buffer.from(secretBytes(secret))
  const right = [step, step + 1].map((at) => oracleHotp(key, at))
  const near = [step - 1, step, step + 1].map((at) => oracleHotp(key, at))
  const canonical = codes.map((code) => code.split('-').join(''))
  const spelt = (...of: readonly string[]): fc.Arbitrary<string> =>
    fc.tuple(fc.constantFrom(...of), fc.constantFrom(...SPELLINGS)).map(([code, spell]) => spell(code))

  return [
    {
      name: 'leeway.verifyCode',
      inputs: hostile(fc.constantFrom(...near)),
      parse: async (code) => outcomeOf(await leeway.verifyCode('ada', code)),
      throws: [],
      check: exactly((code) =>
        right.includes(digitsOf(code) ?? '') ? { accepted: true } : { refused: 'invalid-code' },
      ),
    },
    {
      name: 'leeway.useRecoveryCode',
      inputs: hostile(spelt(...codes)),
      parse: async (code) => outcomeOf(await leeway.useRecoveryCode('ada', code)),
      throws: [],
      check: exactly((code) =>
        canonical.includes(canonicalOf(code) ?? '') ? { accepted: true } : { refused: 'invalid-code' },
      ),
    },
    {
      name: 'leeway.beginSetup: the pass',
      inputs: hostile(spelt(pass)),
      parse: async (given) =>
        outcomeOf(await leeway.beginSetup('bob', { accountName: 'bob@example.com', pass: given as string })),
      throws: [],
      check: exactly((given) => {
        if (given === undefined) return { refused: 'pass-required' }
        return canonicalOf(given) === pass.split('-').join('') ? { accepted: true } : { refused: 'invalid-pass' }
      }),
    },
  ]
}

/** Base32 by arithmetic: the secret is as leeway showed it. */
function secretBytes(text: string): Uint8Array {
  let bits = 0n
  for (const digit of text) bits = bits * 32n + BigInt('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit))
  return Uint8Array.from(Buffer.from(bits.toString(16).padStart(40, '0'), 'hex'))
}
