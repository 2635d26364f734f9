import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PHASES } from '../../src/enrollment/phase.js'
import type { EnrollmentStatus } from '../../src/enrollment/status.js'
import type { Explanation } from '../../src/enrollment/terms.js'
import type { RolloutFilter } from '../../src/ports/directory.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { arbitraries, phone } from '../../src/testing/index.js'
import {
  DAY,
  enroll,
  HOUR,
  NOW,
  type RolloutSetting,
  rejection,
  rolloutSetting,
  STEP,
  type Store,
  users,
  WRONG_RECOVERY_CODE,
  wrongCode,
} from './setting.js'

const HEADING = [
  'user_id',
  'phase',
  'assigned_at',
  'starts_at',
  'deadline',
  'days_left',
  'deadline_because',
  'self_enrollment',
  'postponements_left',
  'exempt_until',
  'exemption_reason',
  'enrolled_at',
  'authenticators',
  'last_used_at',
  'recovery_codes_left',
  'authenticator_lock',
  'recovery_lock',
]

/**
 * Reads CSV as RFC 4180 says it is written, and as strictly as leeway promises it: every field quoted, a quote doubled,
 * lines that end in CRLF, the last one too.
 */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] !== '"') throw new Error(`no quote at ${at}`)
    let field = ''
    for (at++; ; at++) {
      if (at >= text.length) throw new Error('a field that does not end')
      if (text[at] !== '"') field += text[at]
      else if (text[at + 1] === '"') field += text[at++]
      else break
    }
    row.push(field)
    at++
    if (text[at] === ',') at++
    else if (text.startsWith('\r\n', at)) {
      rows.push(row)
      row = []
      at += 2
    } else throw new Error(`neither comma nor end of line at ${at}`)
  }
  if (row.length > 0) throw new Error('a line that does not end')
  return rows
}

/** What stood in a field before it was made harmless to spreadsheets. */
const stripped = (field: string): string => (/^'+[=+\-@\t\r\n]/.test(field) ? field.slice(1) : field)

/** The report as rows of fields by their column, as a program reads it. */
async function exported(
  { leeway }: Pick<RolloutSetting, 'leeway'>,
  filter?: RolloutFilter,
): Promise<Record<string, string>[]> {
  const [heading = [], ...rows] = parseCsv((await partsOf(leeway.rollout.exportCsv(filter))).join(''))
  expect(heading).toEqual(HEADING)
  return rows.map((row) => {
    expect(row).toHaveLength(HEADING.length)
    return Object.fromEntries(row.map((field, at) => [heading[at] as string, stripped(field)]))
  })
}

async function partsOf(report: AsyncIterable<string>): Promise<string[]> {
  const parts: string[] = []
  for await (const part of report) parts.push(part)
  return parts
}

const dated = (instant: number | null | undefined): string =>
  typeof instant === 'number' ? new Date(instant).toISOString() : ''

describe('a report as CSV', () => {
  it('of nobody is its heading', async () => {
    expect(await partsOf(rolloutSetting().leeway.rollout.exportCsv())).toEqual([
      `${HEADING.map((name) => `"${name}"`).join(',')}\r\n`,
    ])
  })

  it('says of each user what his status does', async () => {
    const setting = rolloutSetting({ policy: { recoveryCodes: { count: 4 } } })
    const { leeway, clock } = setting
    const { phone: app, recoveryCodes } = await enroll(setting, 'enrolled')
    await leeway.useRecoveryCode('enrolled', recoveryCodes[0])
    await leeway.verifyCode('enrolled', app.codeAt(clock()))
    const lastUsedAt = clock()
    for (let failure = 0; failure < 5; failure++) await leeway.verifyCode('enrolled', wrongCode(app, clock()))
    for (let failure = 0; failure < 50; failure++) {
      await leeway.useRecoveryCode('enrolled', WRONG_RECOVERY_CODE)
      clock.advance(DAY)
    }
    clock.set(lastUsedAt)
    const terms = { period: { days: 9 }, selfEnrollment: 'during-period', postponements: 3 } as const
    await leeway.requireEnrollment('required', terms)
    await leeway.postponeSetup('required')
    await leeway.requireEnrollment('waiting', { period: { days: 9, start: 'first-sign-in', capDays: 20 } })
    await leeway.requireEnrollment('exempt', { period: 'none' })
    await leeway.exempt('exempt', { until: NOW + 3 * DAY, reason: 'at sea' })

    const [enrolled, exempt, required, waiting] = await exported(setting)
    const empty = Object.fromEntries(HEADING.map((name) => [name, '']))
    const open = { authenticators: '0', recovery_codes_left: '0', authenticator_lock: 'open', recovery_lock: 'open' }
    expect(enrolled).toEqual({
      ...empty,
      user_id: 'enrolled',
      phase: 'enrolled',
      enrolled_at: '2026-01-05T09:00:00.000Z',
      authenticators: '1',
      last_used_at: '2026-01-05T09:00:30.000Z',
      recovery_codes_left: '3',
      authenticator_lock: 'locked until 2026-01-05T09:01:30.000Z',
      recovery_lock: 'disabled',
    })
    expect(exempt).toEqual({
      ...empty,
      ...open,
      user_id: 'exempt',
      phase: 'exempt',
      assigned_at: dated(lastUsedAt),
      starts_at: dated(lastUsedAt),
      deadline: dated(lastUsedAt),
      days_left: '0',
      deadline_because: 'terms: MFA is required at once',
      self_enrollment: 'always',
      exempt_until: '2026-01-08T09:00:00.000Z',
      exemption_reason: 'at sea',
    })
    expect(required).toEqual({
      ...empty,
      ...open,
      user_id: 'required',
      phase: 'enrollment-period',
      assigned_at: dated(lastUsedAt),
      starts_at: dated(lastUsedAt),
      deadline: '2026-01-14T09:00:30.000Z',
      days_left: '9',
      deadline_because: 'terms: 9 days from assignment',
      self_enrollment: 'during-period',
      postponements_left: '2',
    })
    expect(waiting).toMatchObject({
      user_id: 'waiting',
      starts_at: '',
      deadline: '2026-01-25T09:00:30.000Z',
      postponements_left: '',
    })
  })

  it('tells the last use of whichever authenticator was used last', async () => {
    const setting = rolloutSetting()
    const { leeway, clock } = setting
    const { phone: app } = await enroll(setting, 'ada')
    const begun = await leeway.beginSetup('ada', { accountName: 'ada', proof: { code: app.codeAt(clock()) } })
    expect(begun.ok).toBe(true)
    await leeway.importAuthenticator('ada', { secret: new Uint8Array(20).fill(5) })
    await leeway.importAuthenticator('ben', { secret: new Uint8Array(20).fill(6) })
    const [ada, ben] = await exported(setting)
    expect([ada?.['authenticators'], ada?.['last_used_at']]).toEqual(['2', dated(NOW + STEP)])
    expect([ben?.['authenticators'], ben?.['last_used_at']]).toEqual(['1', ''])
    // Now the other of Ada's, and her first one stays as it was.
    clock.advance(HOUR)
    const other = phone(new Uint8Array(20).fill(5))
    expect(await leeway.verifyCode('ada', other.codeAt(clock()))).toMatchObject({ ok: true })
    expect((await exported(setting))[0]?.['last_used_at']).toEqual(dated(clock()))
  })

  it('gives as the reason of a deadline the rules that applied, and not those that were overridden', async () => {
    const setting = rolloutSetting()
    const rule = (source: string, outcome: Explanation['outcome']): Explanation => ({
      source,
      scope: 'group',
      deadline: null,
      outcome,
      text: `by ${source}`,
    })
    const because = [rule('one', 'applied'), rule('two', 'overridden'), rule('three', 'applied')]
    await setting.leeway.requireEnrollment('ada', { terms: { period: { days: 9 } }, because })
    expect((await exported(setting))[0]?.['deadline_because']).toBe('one: by one; three: by three')
    await setting.leeway.changeDeadline('ada', { addDays: 1 }, { actor: 'desk', reason: 'asked nicely' })
    expect((await exported(setting))[0]?.['deadline_because']).toBe('desk: asked nicely')
  })
})

describe('what users and administrators wrote', () => {
  const hostile = [
    '=1+1',
    '=cmd|" /C calc"!A0',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    "'quoted",
    "'=1",
    "''=1",
    "''=",
    '"',
    '""',
    'a"b',
    ',',
    'a,b',
    'line\r\nbreak',
    'line\nbreak',
    '\r\n',
    ' =1',
    'é',
    '👩‍💻',
    ';',
    '|',
    '\ufeffbom',
    '\u2028',
  ]

  it('comes back as it was, whatever it is: quotes, line breaks, formulas', async () => {
    const setting = rolloutSetting()
    for (const text of hostile) await setting.leeway.exempt(text, { until: NOW + DAY, reason: text })
    const rows = await exported(setting)
    expect(rows.map((row) => row['user_id']).toSorted()).toEqual(hostile.toSorted())
    for (const row of rows) expect(row['exemption_reason']).toBe(row['user_id'])
  })

  it('comes back as it was, of any text', async () => {
    const { userId } = arbitraries(fc)
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((one) => !one.includes('\u0000'))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(userId(), text), { selector: ([id]) => id, maxLength: 8 }),
        async (all) => {
          const setting = rolloutSetting()
          for (const [id, reason] of all) {
            await setting.leeway.exempt(id, { until: NOW + DAY, reason })
            await setting.leeway.requireEnrollment(id, { period: { days: 3 } })
            await setting.leeway.changeDeadline(id, { addDays: 1 }, { actor: reason, reason })
          }
          const rows = new Map((await exported(setting)).map((row) => [row['user_id'], row]))
          expect(rows.size).toBe(all.length)
          for (const [id, reason] of all) {
            expect(rows.get(id)).toMatchObject({ exemption_reason: reason, deadline_because: `${reason}: ${reason}` })
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is never a formula, in no spreadsheet (CWE-1236)', async () => {
    const setting = rolloutSetting()
    for (const text of hostile) await setting.leeway.exempt(text, { until: NOW + DAY, reason: text })
    const fields = parseCsv((await partsOf(setting.leeway.rollout.exportCsv())).join('')).flat()
    expect(fields.filter((field) => /^[=+\-@\t\r\n]/.test(field))).toEqual([])
    // An apostrophe goes before what could begin one, and before nothing else.
    expect(fields).toContain("'=1+1")
    expect(fields).toContain("''=1")
    expect(fields).toContain("'quoted")
    expect(fields).toContain('a,b')
  })
})

describe('the report streams', () => {
  /** A store with so many users, and how often it was asked for a page of them. */
  async function counted(count: number): Promise<RolloutSetting & { pages: () => number }> {
    const store = memoryRepository()
    await rolloutSetting({ repository: store }).leeway.rollout.assign(users(count), { period: { days: 9 } })
    let pages = 0
    const repository: Store = {
      ...store,
      list(query) {
        pages++
        return store.list(query)
      },
    }
    return { ...rolloutSetting({ repository }), pages: () => pages }
  }

  it('page by page: nothing is read before it is asked for, nor after its reader left', async () => {
    const { leeway, pages } = await counted(1300)
    const report = leeway.rollout.exportCsv()[Symbol.asyncIterator]()
    expect(pages()).toBe(0)
    expect((await report.next()).value).toContain('"user_id"')
    expect(pages()).toBe(0)
    expect(parseCsv((await report.next()).value)).toHaveLength(500)
    expect(pages()).toBe(1)
    expect(parseCsv((await report.next()).value)).toHaveLength(500)
    expect(pages()).toBe(2)
    await report.return?.()
    expect(await report.next()).toEqual({ done: true, value: undefined })
    expect(pages()).toBe(2)
  })

  it('to its end, each user once, by the key', async () => {
    for (const count of [499, 500, 501, 1300]) {
      const setting = await counted(count)
      expect((await exported(setting)).map((row) => row['user_id'])).toEqual(users(count))
      expect(setting.pages()).toBe(Math.floor(count / 500) + (count % 500 === 0 ? 1 : 2))
    }
  })

  it('as of one instant, whenever its pages are read', async () => {
    const { leeway, clock } = await counted(600)
    const parts: string[] = []
    for await (const part of leeway.rollout.exportCsv()) {
      parts.push(part)
      if (parts.length === 2) clock.advance(10 * DAY)
    }
    const phases = new Set(
      parseCsv(parts.join(''))
        .slice(1)
        .map(([, phase]) => phase),
    )
    expect([...phases]).toEqual(['enrollment-period'])
  })

  it('anew each time it is asked for', async () => {
    const { leeway } = await counted(3)
    const read = async () => (await partsOf(leeway.rollout.exportCsv())).join('')
    expect(await read()).toBe(await read())
  })
})

describe('a filter', () => {
  it('leaves in whom the list has', async () => {
    const setting = rolloutSetting()
    const { leeway } = setting
    await enroll(setting, 'enrolled')
    await leeway.requireEnrollment('a', { period: { days: 1 } })
    await leeway.requireEnrollment('ab', { period: { days: 9 } })
    await leeway.suspend('b')
    const filters: RolloutFilter[] = [
      ...PHASES.map((phase) => ({ phase })),
      { deadlineBefore: NOW + 2 * DAY + HOUR },
      { locked: true },
      { locked: false },
      { userIdPrefix: 'a' },
      {},
    ]
    for (const filter of filters) {
      const { users: listed } = await leeway.rollout.list(filter)
      const rows = await exported(setting, filter)
      const inShort = ({ userId, phase }: Pick<EnrollmentStatus, 'userId' | 'phase'>) => [userId, phase]
      expect(rows.map((row) => [row['user_id'], row['phase']])).toEqual(listed.map(inShort))
    }
  })

  it('that is wrong throws at once, before anything is read', () => {
    const { leeway } = rolloutSetting()
    expect(() => leeway.rollout.exportCsv({ phase: 'late' as never })).toThrow(RangeError)
    expect(() => leeway.rollout.exportCsv({ status: 'late' } as never)).toThrow('filter has a property')
  })

  it('is read at once: what its caller does to it afterwards does not matter', async () => {
    const { leeway } = rolloutSetting()
    await leeway.suspend('ada')
    const filter: RolloutFilter = { userIdPrefix: 'ada' }
    const report = leeway.rollout.exportCsv(filter)
    filter.userIdPrefix = 'ben'
    const parts = await partsOf(report)
    expect(parts).toHaveLength(2)
  })
})

it('a store that fails ends the report with ERR_STORE, and a record that cannot be read with ERR_RECORD', async () => {
  const store = memoryRepository()
  const failing: Store = { ...store, list: () => Promise.reject(new Error('gone')) }
  const unreadable: Store = {
    ...store,
    list: async () => [{ enrollment: { schemaVersion: 9, userId: 'ada' }, version: 'v' }],
  }
  for (const [repository, code] of [
    [failing, 'ERR_STORE'],
    [unreadable, 'ERR_RECORD'],
  ] as const) {
    const parts: string[] = []
    const error = await rejection(async () => {
      for await (const part of rolloutSetting({ repository }).leeway.rollout.exportCsv()) parts.push(part)
    })
    expect(error).toMatchObject({ name: 'LeewayError', code })
    expect(parts).toHaveLength(1)
  }
})
