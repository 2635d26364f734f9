import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { assertTerms } from '../../src/enrollment/terms.js'
import { openApiDocument } from '../../src/http/openapi.js'
import { PROBLEMS } from '../../src/http/problems.js'
import { ROUTES } from '../../src/http/routes/index.js'
import { aesGcmCipher, createLeeway, type LeewayWithRollout, type Policy, resolveTerms } from '../../src/index.js'
import { resolvePolicy } from '../../src/service/policy.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { formatKeyUri, generateTotp, prepareTotp, timeStepAt, verifyHotp, verifyTotp } from '../../src/totp/index.js'
import { inPhase } from '../enrollment/given.js'
import { MATRIX } from '../enrollment/matrix.js'
import { type PublicTypes, publicTypes } from './public-types.js'
import { root } from './support.js'

/*
 * docs/reference.md against the types: each of its tables has the names there are, no more and no fewer, and defaults and
 * ranges are those of the code.
 */

type Row = Record<string, string>

/** The tables of a document by the heading they stand under, each row by the heading of its columns. */
function tablesOf(markdown: string): Map<string, Row[]> {
  const tables = new Map<string, Row[]>()
  let heading = ''
  let columns: string[] | null = null
  for (const line of markdown.split('\n')) {
    const cells = /^\|(.*)\|$/
      .exec(line)?.[1]
      ?.split('|')
      .map((cell) => cell.trim())
    if (cells === undefined) columns = null
    else if (columns === null) {
      if (tables.has(heading)) throw new Error(`there are two tables under ${heading}`)
      columns = cells
      tables.set(heading, [])
    } else if (!cells.every((cell) => /^-+$/.test(cell))) {
      const names = columns
      tables.get(heading)?.push(Object.fromEntries(cells.map((cell, at) => [names[at] ?? '', cell])))
    }
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading
  }
  return tables
}

const spansOf = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)

/** What a row is about: each of its first column's names, with each of another column's. */
function keysOf(rows: readonly Row[], ...columns: readonly string[]): string[] {
  return rows.flatMap((row) =>
    columns
      .map((column) => spansOf(row[column]))
      .reduce((keys, names) => keys.flatMap((key) => names.map((name) => `${key} ${name}`))),
  )
}

/** What is in the one and not in the other, by name. */
function differences(written: readonly string[], known: readonly string[]): Record<string, string[]> {
  return {
    missing: known.filter((name) => !written.includes(name)).sort(),
    unknown: written.filter((name) => !known.includes(name)).sort(),
    twice: written.filter((name, at) => written.indexOf(name) !== at),
  }
}
const NONE = { missing: [], unknown: [], twice: [] }

const tables = tablesOf(readFileSync(`${root}/docs/reference.md`, 'utf8'))
const rowsOf = (heading: string): Row[] => {
  const rows = tables.get(heading)
  if (rows === undefined) throw new Error(`there is no table under ${heading}`)
  return rows
}

let types: PublicTypes
beforeAll(() => {
  types = publicTypes()
})

/** What a JSON Schema of an object says of its properties; of alternatives, each. */
interface Shape {
  anyOf?: readonly Shape[]
  properties?: Readonly<Record<string, unknown>>
  required?: readonly string[]
}

/** Names as the table of routes writes them: those that may be left out with a question mark. */
const shapeOf = (names: readonly string[], required: readonly string[]): string =>
  names.length === 0 ? '{}' : `{ ${names.map((name) => (required.includes(name) ? name : `${name}?`)).join(', ')} }`

/** What a route takes, by the OpenAPI document, which is made of the schemas that requests are decoded by. */
function takenBy({ method, path }: { method: string; path: string }): string[] {
  const { paths } = openApiDocument({ basePath: '' }) as { paths: Record<string, Record<string, Operation>> }
  const { parameters = [], requestBody } = paths[path]?.[method.toLowerCase()] ?? {}
  if (requestBody !== undefined) {
    const { schema } = requestBody.content['application/json']
    return (schema.anyOf ?? [schema]).map(({ properties = {}, required = [] }) =>
      shapeOf(Object.keys(properties), required),
    )
  }
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const required = query.filter((parameter) => parameter.required)
  const names = (list: typeof query) => list.map(({ name }) => name)
  return query.length === 0 ? [] : [shapeOf(names(query), names(required))]
}

interface Operation {
  parameters?: readonly { name: string; in: string; required: boolean }[]
  requestBody?: { content: { 'application/json': { schema: Shape } } }
}

/** The heading of a report, of which there are no rows. */
async function csvColumns(): Promise<string[]> {
  let csv = ''
  for await (const chunk of service().rollout.exportCsv()) csv += chunk
  return csv
    .trimEnd()
    .split(',')
    .map((field) => JSON.parse(field) as string)
}

interface Table {
  columns: readonly string[]
  known(): readonly string[] | Promise<readonly string[]>
}

/** The columns that name something, and the names there are. */
const TABLES: Record<string, Table> = {
  createLeeway: { columns: ['option'], known: () => types.properties('LeewayOptions') },
  Policy: { columns: ['option'], known: () => types.properties('Policy') },
  Terms: {
    columns: ['option'],
    known: () => [
      ...types.properties('Terms'),
      ...types.properties('Period', ['Calendar']).map((name) => `period.${name}`),
    ],
  },
  'Resolved terms': { columns: ['property'], known: () => types.properties('ResolvedTerms') },
  Layers: { columns: ['property'], known: () => types.properties('TermsLayer') },
  Notes: { columns: ['option'], known: () => types.properties('Note') },
  'Options of the methods': {
    columns: ['method', 'option'],
    known: () =>
      ['Leeway', 'Rollout'].flatMap((name) => types.signatures(name).options(['userId', 'userIds', 'terms', 'note'])),
  },
  'Options of the functions': {
    columns: ['function', 'option'],
    known: () =>
      types
        .signatures()
        // What comes from elsewhere: drivers, requests, and what leeway itself has told. The last is taken apart at once.
        .options(['db', 'pool', 'client', 'request', 'index', 'decision', '__0'])
        // These have tables of their own.
        .filter((name) => !/^(createLeeway|createGuard|createHandler) /.test(name)),
  },
  Phases: { columns: ['phase'], known: () => types.words('Phase') },
  Decisions: { columns: ['action'], known: () => types.words('SignInDecision.action') },
  'Reasons of a decision': {
    columns: ['action', 'reason'],
    known: () => types.pairs('SignInDecision', 'action', 'reason'),
  },
  Refusals: { columns: ['answered by', 'reason'], known: () => types.signatures('Leeway').reasons() },
  'Other words': {
    columns: ['where', 'word'],
    known: () =>
      [
        ...['ApplyTo', 'AssignFailure', 'AssignedUser.outcome', 'AssignProgress.stoppedBy', 'RolloutPreview.warnings'],
        ...['Explanation.scope', 'Explanation.outcome', 'LockState.state', 'CodeResult.method', 'SessionLevel'],
      ].flatMap((path) => types.words(path).map((word) => `${path} ${word}`)),
  },
  Events: { columns: ['event'], known: () => types.words('EnrollmentEventType') },
  Errors: { columns: ['code'], known: () => types.words('LeewayErrorCode') },
  createGuard: { columns: ['option'], known: () => types.properties('GuardOptions', ['GuardPages']) },
  'Rules of a route': { columns: ['option'], known: () => types.properties('GuardRule') },
  createHandler: { columns: ['option'], known: () => types.properties('HandlerOptions', ['SessionHooks']) },
  Identity: { columns: ['property'], known: () => types.properties('Identity') },
  Routes: { columns: ['route'], known: () => ROUTES.map(({ method, path }) => `${method} ${path}`) },
  Problems: { columns: ['reason'], known: () => Object.keys(PROBLEMS) },
  'CSV columns': { columns: ['column'], known: csvColumns },
}

describe('docs/reference.md', () => {
  it('has no table that nothing is compared with', () => {
    expect(differences([...tables.keys()], Object.keys(TABLES))).toEqual(NONE)
  })

  it.each(Object.entries(TABLES))('has in the table %s what the types have', async (heading, { columns, known }) => {
    const written = keysOf(rowsOf(heading), ...columns)
    expect(written.length).toBeGreaterThan(0)
    expect(differences(written, await known())).toEqual(NONE)
  })

  it('tells of each event the details that it has', () => {
    const seen = new Map<string, Set<string>>()
    for (const { does } of Object.values(MATRIX).flat()) {
      for (const phase of Object.keys(inPhase) as (keyof typeof inPhase)[]) {
        for (const { type, details } of does(phase).events) {
          const names = seen.get(type) ?? new Set()
          seen.set(type, names)
          for (const name of Object.keys(details)) names.add(name)
        }
      }
    }
    const known = [...seen].flatMap(([type, names]) => [...names].map((name) => `${type} ${name}`))
    expect(differences(keysOf(rowsOf('Events'), 'event', 'details'), known)).toEqual(NONE)
  })

  it('tells of each route who may, what it is for, what it takes and what it refuses', () => {
    const written = rowsOf('Routes').map((row) => [
      ...[row['who'], ...spansOf(row['action']), ...spansOf(row['body or query']), row['what it does']],
      ...spansOf(row['also refused as']),
    ])
    const known = ROUTES.map((route) => {
      const { who, action, summary, refusals = [] } = route
      return [who, action, ...takenBy(route), summary, ...refusals]
    })
    expect(written).toEqual(known)
  })

  it('has the columns of a report in their order', async () => {
    expect(keysOf(rowsOf('CSV columns'), 'column')).toEqual(await csvColumns())
  })

  it('has the status of each problem', () => {
    const written = rowsOf('Problems').map(({ reason, status }) => `${spansOf(reason)[0]} ${status}`)
    expect(written).toEqual(Object.entries(PROBLEMS).map(([reason, { status }]) => `${reason} ${status}`))
  })
})

/* ------------------------------------------------------------------------------------------ defaults and ranges */

/** A value as the tables write it: a literal of JavaScript. */
const literalOf = (text: string): unknown =>
  JSON.parse(
    text
      .replace(/(?<=\d)_(?=\d)/g, '')
      .replaceAll("'", '"')
      .replace(/(\w+):/g, '"$1":')
      .replace('{ ', '{')
      .replace(' }', '}'),
  )

/** The ends of a range, or the values of a choice; null: the table says nothing that can be tried. */
function rangeOf(cell = ''): { accepted: unknown[]; refused: unknown[] } | null {
  const range = /^`(-?[\d_]+)` to `([\d_]+)`( characters)?$/.exec(cell)
  if (range !== null) {
    const [least, most] = [Number(literalOf(range[1] ?? '')), Number(literalOf(range[2] ?? ''))]
    if (range[3] === undefined) {
      const isWhole = most < Number.MAX_SAFE_INTEGER
      return { accepted: [least, most], refused: [least - 1, isWhole ? most + 1 : most * 2, least + 0.5] }
    }
    const texts = [least - 1, most + 1].filter((length) => length >= 0).map((length) => 'x'.repeat(length))
    return { accepted: ['x'.repeat(least), 'x'.repeat(most)], refused: [...texts, 5] }
  }
  if (!cell.startsWith('one of ')) {
    if (cell !== '') throw new Error(`this is no range: ${cell}`)
    return null
  }
  const accepted = spansOf(cell).map(literalOf)
  return { accepted, refused: typeof accepted[0] === 'string' ? ['other'] : [Number(accepted.at(-1)) + 1, 'other'] }
}

/** An object with one value deep in it. */
const withValue = (path: string, value: unknown): object =>
  path.split('.').reduceRight<unknown>((held, name) => ({ [name]: held }), value) as object

const DAY = 86_400_000

/** Tries one value of an option; rejects where it is refused. */
type Probe = (value: unknown) => unknown

/** A service of which nobody is known. */
const service = (): LeewayWithRollout =>
  createLeeway({
    issuer: 'Example',
    repository: memoryRepository(),
    cipher: aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] }),
  })

const SECRET: Uint8Array = new Uint8Array(20).fill(7)
const TERMS = { period: { days: 3 } } as const
/** What a table says can be passed is passed as it is, whatever the types say of it. */
type Loose = Record<string, (...args: unknown[]) => Promise<unknown>>
const loose = (object: object): Loose => object as Loose

const rollout = (): Loose => loose(service().rollout)
const leeway = (): Loose => loose(service())
const nobody = ['nobody']

const PROBES: Record<string, Probe> = {
  ...Object.fromEntries(
    rowsOf('Policy').flatMap(({ option }) =>
      spansOf(option).map((path): [string, Probe] => [
        `Policy ${path}`,
        (value) => {
          const isList = path === 'lock.forMs' || path === 'reminders.daysBefore'
          resolvePolicy(withValue(path, isList ? [value] : value) as Policy)
        },
      ]),
    ),
  ),
  ...Object.fromEntries(
    ['days', 'deadline', 'capDays'].map((name): [string, Probe] => [
      `Terms period.${name}`,
      (value) => {
        const others = { days: {}, deadline: {}, capDays: { days: 3, start: 'first-sign-in' } }[name]
        assertTerms({ period: { ...others, [name]: value } })
      },
    ]),
  ),
  'Terms selfEnrollment': (value) => assertTerms({ ...TERMS, selfEnrollment: value }),
  'Terms postponements': (value) => assertTerms({ ...TERMS, postponements: value }),
  'Notes actor': (actor) => leeway()['suspend']?.('ada', { actor }),
  'Notes reason': (reason) => leeway()['suspend']?.('ada', { reason }),
  'changeDeadline addDays': (addDays) => leeway()['changeDeadline']?.('ada', { addDays }),
  'changeDeadline deadline': (deadline) => leeway()['changeDeadline']?.('ada', { deadline }),
  'exempt until': (until) => leeway()['exempt']?.('ada', { until, reason: 'ill' }),
  'exempt reason': (reason) => leeway()['exempt']?.('ada', { until: Date.now() + DAY, reason }),
  'postponeSetup signInId': (signInId) => leeway()['postponeSetup']?.('ada', { signInId }),
  'beginSetup accountName': (accountName) => leeway()['beginSetup']?.('ada', { accountName }),
  'beginSetup label': (label) => leeway()['beginSetup']?.('ada', { accountName: 'ada', label }),
  'importAuthenticator label': (label) => leeway()['importAuthenticator']?.('ada', { secret: SECRET, label }),
  'assign actor': (actor) => rollout()['assign']?.(nobody, TERMS, { actor }),
  'assign reason': (reason) => rollout()['assign']?.(nobody, TERMS, { reason }),
  'list deadlineBefore': (deadlineBefore) => rollout()['list']?.({ deadlineBefore }),
  'list userIdPrefix': (userIdPrefix) => rollout()['list']?.({ userIdPrefix }),
  'exportCsv deadlineBefore': (deadlineBefore) => service().rollout.exportCsv({ deadlineBefore } as object),
  'exportCsv userIdPrefix': (userIdPrefix) => service().rollout.exportCsv({ userIdPrefix } as object),
  'list limit': (limit) => rollout()['list']?.({}, { limit }),
  'history limit': (limit) => rollout()['history']?.('ada', { limit }),
  'forecast days': (days) => rollout()['forecast']?.({ days, timeZone: 'UTC' }),
  'progress days': (days) => rollout()['progress']?.({ days, timeZone: 'UTC' }),
  'sendReminders concurrency': (concurrency) => rollout()['sendReminders']?.(async () => {}, { concurrency }),
  'resolveTerms now': (now) => resolveTerms([], { now: now as number }),
  'verifyTotp window': (window) => verifyTotp(SECRET, '000000', { now: 0, window: window as number }),
  'verifyTotp period': (period) => verifyTotp(SECRET, '000000', { now: 0, period: period as number }),
  'generateTotp period': (period) => generateTotp(SECRET, 0, { period: period as number }),
  'prepareTotp period': (period) => prepareTotp(SECRET, { period: period as number }),
  'timeStepAt period': (period) => timeStepAt(0, { period: period as number }),
  'formatKeyUri period': (period) =>
    formatKeyUri({ secret: SECRET, issuer: 'Example', accountName: 'ada', period: period as number }),
  'verifyHotp lookAhead': (lookAhead) => verifyHotp(SECRET, '000000', { counter: 0, lookAhead: lookAhead as number }),
}

/** Every range that a table tells, by what it is of. */
const RANGES = [...tables].flatMap(([heading, rows]) =>
  rows.flatMap((row) => {
    const range = rangeOf(row['range'])
    if (range === null) return []
    const names =
      'method' in row ? keysOf([row], 'method', 'option') : keysOf([row], 'function' in row ? 'function' : 'option')
    const keys = 'function' in row ? keysOf([row], 'function', 'option') : names
    return keys.map((key) => ({ key: 'method' in row || 'function' in row ? key : `${heading} ${key}`, ...range }))
  }),
)

describe('the ranges of docs/reference.md', () => {
  it('are all tried', () => {
    const tried = Object.keys(PROBES).filter(
      (key) => !key.startsWith('Policy ') || RANGES.some((one) => one.key === key),
    )
    expect(
      differences(
        RANGES.map(({ key }) => key),
        tried,
      ),
    ).toEqual(NONE)
  })

  it.each(RANGES)('$key: the ends are accepted, what is beyond is refused', async ({ key, accepted, refused }) => {
    const probe = PROBES[key]
    const fates = async (values: readonly unknown[]) =>
      Promise.all(
        values.map(async (value) => {
          try {
            await probe?.(value)
            return 'accepted'
          } catch (error) {
            return (error as Error).name
          }
        }),
      )
    expect(await fates(accepted)).toEqual(accepted.map(() => 'accepted'))
    for (const fate of await fates(refused)) expect(fate).toMatch(/^(RangeError|TypeError)$/)
  })
})

describe('the defaults of docs/reference.md', () => {
  const told = (heading: string) =>
    rowsOf(heading).flatMap((row): [string, unknown][] => {
      const [path = ''] = spansOf(row['option'])
      const [value] = spansOf(row['default'])
      return value === undefined ? [] : [[path, literalOf(value)]]
    })

  it('are those of a policy that says nothing, and all of them', () => {
    const { totp, ...others } = resolvePolicy()
    const policy = { ...others, totp: { ...totp.parameters, window: totp.window } }
    const paths = (value: unknown, path: string): [string, unknown][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && path !== 'totp.window'
        ? Object.entries(value).flatMap(([name, held]) => paths(held, path === '' ? name : `${path}.${name}`))
        : [[path, value]]
    const known = paths(policy, '').filter(([, value]) => value !== null)
    expect(Object.fromEntries(told('Policy'))).toEqual(Object.fromEntries(known))
  })

  it('of terms are what terms without them come to', async () => {
    const given = Object.fromEntries(told('Terms'))
    expect(Object.keys(given)).toEqual([
      'period.start',
      'period.capDays',
      'period.calendar.avoid',
      'period.calendar.holidays',
      'selfEnrollment',
    ])
    const calendar = { timeZone: 'Europe/Berlin' }
    const [start, capDays] = [given['period.start'], given['period.capDays']] as ['now', number]
    const [avoid, holidays] = [given['period.calendar.avoid'], given['period.calendar.holidays']] as [[], []]
    const [selfEnrollment] = [given['selfEnrollment']] as ['always']
    const waiting = { days: 14, start: 'first-sign-in' } as const
    const pairs = [
      [{ period: { days: 14 } }, { period: { days: 14, start } }],
      [{ period: waiting }, { period: { ...waiting, capDays } }],
      [{ period: { days: 14, calendar } }, { period: { days: 14, calendar: { ...calendar, avoid, holidays } } }],
      [TERMS, { ...TERMS, selfEnrollment }],
    ] as const
    for (const [without, withThem] of pairs) {
      const one = service()
      expect((await one.requireEnrollment('ada', without)).changed).toBe(true)
      // The same terms again are unchanged.
      expect((await one.requireEnrollment('ada', withThem)).changed).toBe(false)
    }
  })
})
