// @ts-check
// What users of the package write in TypeScript, as projects to compile: every public name, each entry point in use.

/** @typedef {Record<string, { values: string[], types: string[] }>} Contract the public names of each entry point */

const USE = `
import { aesGcmCipher, createLeeway, LeewayError, resolveTerms } from 'leeway'
import type { EnrollmentRepository, Leeway, LeewayWithRollout, SignInDecision, Terms } from 'leeway'
import { createGuard, createHandler, type Identity, levelFor } from 'leeway/http'
import { memoryRepository } from 'leeway/memory'
import { migrate as migrateMysql, mysqlRepository } from 'leeway/mysql'
import { migrate as migratePostgres, postgresRepository } from 'leeway/postgres'
import { qrSvg } from 'leeway/qr'
import { redisRepository } from 'leeway/redis'
import { migrate as migrateSqlite, sqliteRepository } from 'leeway/sqlite'
import { fixedClock, phone, repositoryCases } from 'leeway/testing'
import { parseKeyUri, verifyTotp } from 'leeway/totp'

const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: new Uint8Array(32) }] })
const clock = fixedClock(0)
// Over a store with a directory the service can roll out; over any other it cannot.
const options = { issuer: 'Example', cipher, clock, policy: { newUsers: { period: { days: 30 } } } }
export const everybody: LeewayWithRollout = createLeeway({ ...options, repository: memoryRepository() })
declare const own: EnrollmentRepository
export const oneByOne: Leeway = createLeeway({ ...options, repository: own })
// @ts-expect-error no directory, no roll-out
oneByOne.rollout

export const terms: Terms = { period: { days: 10, start: 'first-sign-in', calendar: { timeZone: 'UTC' } } }
// @ts-expect-error there is no such start
export const wrong: Terms = { period: { days: 10, start: 'whenever' } }
const layers = [{ source: 'all', scope: 'group', terms, since: 0 }] as const
export const picked: 'optional' | Terms = resolveTerms(layers, { now: 0 }).terms

// The five actions are all, and each has what belongs to it.
export function next(decision: SignInDecision): string {
  switch (decision.action) {
    case 'allow':
      return '/'
    case 'offer-setup':
      return String(decision.postponementsLeft ?? decision.daysLeft)
    case 'require-setup':
      return decision.passRequired ? decision.reason : '/setup'
    case 'challenge':
      return decision.methods.map(({ method }) => method).join()
    case 'deny':
      return decision.reason
  }
}

export async function signUp(): Promise<readonly string[] | null> {
  const begun = await everybody.beginSetup('ada', { accountName: 'ada', label: undefined })
  if (!begun.ok) throw new Error(begun.reason === 'locked' ? String(begun.retryAt) : begun.reason)
  const svg: string = qrSvg(begun.setup.keyUri)
  const code = phone(begun.setup.secret).codeAt(clock())
  const checked = verifyTotp(parseKeyUri(begun.setup.keyUri).secret, code, { now: clock() })
  const step: number = checked.ok ? checked.timeStep : svg.length
  const confirmed = await everybody.confirmSetup('ada', step)
  for await (const chunk of everybody.rollout.exportCsv({ phase: 'overdue' })) chunk.slice(1)
  return confirmed.ok ? confirmed.recoveryCodes : null
}

const identify = (): Identity | null => null
const nothing = async (): Promise<void> => {}
const sessions = { raise: async () => ({ 'set-cookie': 'sid=1' }), endOthers: nothing, rememberSetup: nothing }
export const handler = createHandler({ leeway: everybody, identify, sessions })
export const guard = createGuard<{ ip: string }>({
  leeway: oneByOne,
  identify: (request, { ip }) => (ip === request.url ? identify() : null),
})
export const level = async (): Promise<string | null> => levelFor(await everybody.signIn('ada'))
export const codeOf = (error: unknown): string => (error instanceof LeewayError ? error.code : 'other')
export const cases = repositoryCases(async () => ({ repository: memoryRepository() })).map(({ name }) => name)

// As libsql and better-sqlite3 are typed: TypeScript before 6 takes such a statement for either of the two.
interface Statement<Parameters extends unknown[]> {
  run(...parameters: Parameters): { changes: number; lastInsertRowid: number | bigint }
  get(...parameters: Parameters): unknown
  all(...parameters: Parameters): unknown[]
}
interface Database {
  exec(sql: string): this
  prepare<Bound extends unknown[] | {} = unknown[]>(
    sql: string,
  ): Bound extends unknown[] ? Statement<Bound> : Statement<[Bound]>
  inTransaction: boolean
  open: boolean
}
declare const sqlite: Database
declare const postgres: Parameters<typeof postgresRepository>[0]
declare const mysql: Parameters<typeof mysqlRepository>[0]
declare const redis: Parameters<typeof redisRepository>[0]
export async function stores(): Promise<LeewayWithRollout[]> {
  await Promise.all([migrateSqlite(sqlite), migratePostgres(postgres), migrateMysql(mysql)])
  const sql = [sqliteRepository(sqlite), postgresRepository(postgres), mysqlRepository(mysql)]
  return [...sql, redisRepository(redis)].map((repository) => createLeeway({ issuer: 'Example', repository, cipher }))
}
`

// The declarations of every package are checked, those that the compiler brings along are not: they are its own.
const STRICT = {
  ...{ target: 'es2022', types: [], noEmit: true, skipLibCheck: false, skipDefaultLibCheck: true, strict: true },
  ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, forceConsistentCasingInFileNames: true },
}
const NODENEXT = { module: 'nodenext', moduleResolution: 'nodenext' }
const TYPESCRIPT = {
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: NODENEXT,
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
}

/** @type {Record<string, string>} the projects, by the names of their files, and what each is */
export const PROJECTS = {
  ...Object.fromEntries(Object.keys(TYPESCRIPT).map((name) => [`${name}.json`, name])),
  'journey.json': 'JavaScript, DOM',
}

/**
 * The files of these projects, which each TypeScript has to compile without a word: a module and CommonJS by each way of
 * resolution, without the DOM's or Node's types; and the journey, which is JavaScript, with the DOM's.
 *
 * @param {Contract} contract
 * @returns {Record<string, string>}
 */
export function filesOf(contract) {
  const names = Object.entries(contract).map(([entry, { values, types }]) => {
    const exported = [...values, ...types.map((name) => `type ${name}`)]
    return `export { ${exported.map((name, at) => `${name} as ${alias(entry, at)}`).join(', ')} } from '${entry}'`
  })
  const modules = { 'names.mts': names.join('\n'), 'names.cts': names.join('\n'), 'use.mts': USE, 'use.cts': USE }
  const files = Object.keys(modules)
  const configs = Object.entries(TYPESCRIPT).map(([name, resolution]) => {
    return [`${name}.json`, { compilerOptions: { ...STRICT, ...resolution, lib: ['es2022'] }, files }]
  })
  const journey = { ...STRICT, ...NODENEXT, lib: ['es2022', 'dom', 'dom.iterable'], checkJs: true }
  configs.push(['journey.json', { compilerOptions: journey, files: ['journey.js'] }])
  return { ...modules, ...Object.fromEntries(configs.map(([name, config]) => [name, JSON.stringify(config)])) }
}

/** Different entry points have the same names. @param {string} entry @param {number} at */
function alias(entry, at) {
  return `${entry.replace(/\W/g, '_')}_${at}`
}
