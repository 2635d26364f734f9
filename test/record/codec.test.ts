import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod/mini'
import { LAST_INSTANT } from '../../src/assert.js'
import { type EnrollmentRecord, SCHEMA_VERSION } from '../../src/enrollment/record.js'
import type { Explanation, Period } from '../../src/enrollment/terms.js'
import { LeewayError } from '../../src/errors.js'
import { decodeRecord, encodeRecord, nameOf } from '../../src/record/codec.js'
import { type Upgrade, upgrade } from '../../src/record/upgrade.js'
import { reached } from '../enrollment/actions.js'
import { given, importOf, inPhase, NOW, recordOf, requiring, USER } from '../enrollment/given.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Path = readonly (string | number)[]

/** A record with something in every place. */
const FULL: EnrollmentRecord = {
  ...recordOf(
    given(inPhase.enrolled)
      .when(
        requiring({
          period: {
            days: 30,
            start: 'first-sign-in',
            capDays: 60,
            calendar: { timeZone: 'Europe/Berlin', avoid: ['sunday'], holidays: ['2026-12-25'] },
          },
          postponements: 3,
        }),
      )
      .when(importOf('tablet', { lastTimeStep: 7 }), { finding: { bound: false, pending: false, recoveryCodes: [] } })
      .when({ type: 'exempt', until: NOW + 1, reason: 'on leave', note: {} })
      .when({ type: 'issue-pass', id: 'pass', digest: 'digest', note: {} })
      .when({ type: 'suspend', note: {} }),
  ),
  setup: {
    ...{ id: 'new', label: 'Phone', secret: 'sealed', expiresAt: NOW, triesLeft: 5, proven: true },
    parameters: { algorithm: 'SHA256', digits: 8, period: 60, t0: 0 },
  },
  lock: {
    totp: { failures: 5, ladder: 5, lockedUntil: NOW, disabled: false, recent: [NOW, NOW] },
    recovery: { failures: 0, ladder: 0, lockedUntil: null, disabled: true, recent: [] },
  },
  reminders: {
    at: NOW,
    claim: { deadline: NOW, daysBefore: 3, id: 'claim', until: NOW },
    sent: [{ deadline: NOW, daysBefore: 7 }],
  },
}

function stored(record: EnrollmentRecord): Json {
  return JSON.parse(JSON.stringify(encodeRecord(record))) as Json
}

/** Every place in a value, from the outside in. */
function placesIn(value: Json, path: Path = []): { path: Path; value: Json }[] {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return [
    { path, value },
    ...parts.flatMap(([key, part]) => placesIn(part as Json, [...path, Array.isArray(value) ? Number(key) : key])),
  ]
}

/** A copy with one place changed; nothing in its stead takes it away. */
function changed(value: Json, path: Path, to: Json | undefined): Json {
  const copy = structuredClone(value)
  const last = path.at(-1)
  if (last === undefined) return to ?? null
  const parent = path.slice(0, -1).reduce<Json>((part, key) => (part as Record<string, Json>)[key] as Json, copy)
  if (to !== undefined) (parent as Record<string, Json>)[last] = to
  else if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else delete (parent as Record<string, Json>)[last]
  return copy
}

/** The refusal of a record, which holds none of its values. */
function refusalOf(value: unknown, userId: string = USER): LeewayError {
  try {
    decodeRecord(value, userId)
  } catch (error) {
    if (!(error instanceof LeewayError)) throw error
    expect(error.code).toBe('ERR_RECORD')
    return error
  }
  throw new Error('the record was read')
}

const LEAKED = 'JBSWY3DPEHPK3PXP'
const PLACES = placesIn(stored(FULL))
const name = (path: Path): string => path.join('.') || 'the record'

describe('a record that was stored', () => {
  it('is read as it was written, from every reachable state', () => {
    fc.assert(
      fc.property(reached, ({ record }) => {
        expect(decodeRecord(stored(record), USER)).toEqual(record)
      }),
      { numRuns: 300 },
    )
  })

  it('is read with something in every place, and is plain JSON', () => {
    expect(decodeRecord(stored(FULL), USER)).toEqual(FULL)
    expect(PLACES.length).toBeGreaterThan(100)
    expect(stored(FULL)).toEqual(FULL)
  })

  it('is read with the last instant, the highest count and every weekday', () => {
    const requirement = FULL.requirement as NonNullable<EnrollmentRecord['requirement']>
    const avoid = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
    const record: EnrollmentRecord = {
      ...FULL,
      eventCount: Number.MAX_SAFE_INTEGER,
      requirement: { ...requirement, deadline: LAST_INSTANT, calendar: { timeZone: 'UTC', avoid } },
    }
    expect(decodeRecord(stored(record), USER)).toEqual(record)
  })

  it('is read with each word that may stand in it', () => {
    const requirement = FULL.requirement as NonNullable<EnrollmentRecord['requirement']>
    const because = (scope: Explanation['scope']): Explanation => ({
      scope,
      source: 'terms',
      deadline: NOW,
      outcome: 'applied',
      text: 'why',
    })
    const setup = FULL.setup as NonNullable<EnrollmentRecord['setup']>
    const periods: readonly Period[] = [
      'none',
      { days: 3, start: 'now' },
      { days: 3, start: 'first-sign-in' },
      { days: 3, start: NOW },
      { deadline: NOW },
      { deadline: NOW, start: 'now' },
      { deadline: NOW, start: NOW },
    ]
    const records: readonly EnrollmentRecord[] = [
      ...periods.map((period) => ({ ...FULL, requirement: { ...requirement, period } })),
      ...(['user', 'group', 'organization', 'rule'] as const).map((scope) => ({
        ...FULL,
        requirement: { ...requirement, because: [because(scope)] },
      })),
      ...(['SHA1', 'SHA256', 'SHA512'] as const).map((algorithm) => ({
        ...FULL,
        setup: { ...setup, parameters: { ...setup.parameters, algorithm } },
      })),
    ]
    for (const record of records) expect(decodeRecord(stored(record), USER)).toEqual(record)
  })

  it('is read into a copy: what the store keeps is not what the machine works on', () => {
    const kept = stored(FULL)
    const read = decodeRecord(kept, USER)
    expect(read).not.toBe(kept)
    expect(read.authenticators).not.toBe((kept as { authenticators?: Json }).authenticators)
  })
})

describe('a record that is damaged', () => {
  // What may be left out in a record: options of a period, and entries of lists.
  const optional = new Set(['start', 'capDays', 'calendar', 'avoid', 'holidays'])
  const removable = ({ path }: { path: Path }) => {
    const last = path.at(-1)
    return (
      typeof last === 'string' && !(path.some((key) => key === 'period' || key === 'calendar') && optional.has(last))
    )
  }

  it.each(PLACES.filter(removable).map(({ path }) => [name(path), path] as const))('without %s', (place, path) => {
    const refusal = refusalOf(changed(stored(FULL), path, undefined))
    expect(refusal.message).toContain(place.startsWith('requirement.period') ? 'requirement.period' : place)
  })

  it.each(PLACES.map(({ path, value }) => [name(path), path, value] as const))(
    'with another kind of %s',
    (place, path, value) => {
      // Of another kind than any that the place may hold.
      const other: Json =
        typeof value === 'boolean' ? 0 : typeof value === 'string' ? { text: LEAKED } : [[LEAKED], LEAKED]
      const refusal = refusalOf(changed(stored(FULL), path, other))
      expect(refusal.message).toContain(place.startsWith('requirement.period') ? 'requirement.period' : place)
      expect(refusal.message).not.toContain(LEAKED)
    },
  )

  // The version is told apart before anything else is looked at.
  const numbers = PLACES.filter(({ path, value }) => typeof value === 'number' && path[0] !== 'schemaVersion')

  it.each(numbers.map(({ path, value }) => [name(path), path, value] as const))(
    'with a number out of range: %s',
    (place, path, value) => {
      const tooLarge = { days: 366, capDays: 366, daysOnceStarted: 366, period: 3601, digits: 9, t0: 8.64e12 + 1 }[
        String(path.at(-1))
      ]
      // Instants end before the numbers that are exact do.
      for (const wrong of [-1, 0.5, 1e300, tooLarge ?? (Number(value) > 1e12 ? 8.64e15 + 1 : 2 ** 53)]) {
        const refusal = refusalOf(changed(stored(FULL), path, wrong))
        expect(refusal.message).toContain(place.startsWith('requirement.period') ? 'requirement.period' : place)
        expect(refusal.message).not.toContain(String(wrong))
      }
      expect(() => decodeRecord(changed(stored(FULL), path, Number.NaN), USER)).toThrow(LeewayError)
    },
  )

  const objects = PLACES.filter(({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value))

  it.each(objects.map(({ path, value }) => [name(path), path, value] as const))(
    'with a property that nobody knows: %s',
    (place, path, value) => {
      const refusal = refusalOf(changed(stored(FULL), path, { ...(value as Record<string, Json>), [LEAKED]: LEAKED }))
      expect(refusal.message).toContain(place.startsWith('requirement.period') ? 'requirement.period' : place)
      expect(refusal.message).not.toContain(LEAKED)
    },
  )

  it.each<[string, Path]>([
    ['a hash', ['authenticators', 0, 'parameters', 'algorithm']],
    ['a scope', ['requirement', 'because', 0, 'scope']],
    ['an outcome', ['requirement', 'because', 0, 'outcome']],
    ['a self-enrollment', ['requirement', 'selfEnrollment']],
    ['a weekday', ['requirement', 'calendar', 'avoid', 0]],
  ])('with %s that there is not', (_, path) => {
    const refusal = refusalOf(changed(stored(FULL), path, LEAKED))
    expect(refusal.message).toBe(`the stored record of "ada" cannot be read; look at ${name(path)}`)
  })

  it('with digits that no code has', () => {
    for (const digits of [0, 5, 9]) {
      const path = ['setup', 'parameters', 'digits']
      expect(refusalOf(changed(stored(FULL), path, digits)).message).toContain('setup.parameters.digits')
    }
  })

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['text', LEAKED],
    ['a list', [LEAKED]],
    ['a number', 7],
  ])('that is %s', (_, value) => {
    expect(refusalOf(value).message).toBe('the stored record of "ada" cannot be read; look at the record')
  })

  it('names every place at fault', () => {
    const twice = changed(changed(stored(FULL), ['eventCount'], -1), ['lock', 'totp', 'failures'], LEAKED)
    expect(refusalOf(twice).message).toBe(
      'the stored record of "ada" cannot be read; look at eventCount, lock.totp.failures',
    )
  })

  /** Somebody who can write to the table, and puts a row of his own in the place of another user's. */
  it("that is another user's", () => {
    for (const userId of ['ADA', 'ada ', 'adа', 'eve']) {
      const refusal = refusalOf(stored(FULL), userId)
      expect(refusal.message).toMatch(/another user/)
      expect(refusal.message).not.toContain(userId)
    }
  })
})

/** As under a Content-Security-Policy without 'unsafe-eval', or in a worker. */
describe('where the platform lets no code be made from text', () => {
  afterEach(() => {
    z.config({ jitless: false })
    vi.resetModules()
  })

  it('a record is read alike, and refused for the same', async () => {
    vi.resetModules()
    z.config({ jitless: true })
    const elsewhere = await import('../../src/record/codec.js')
    const told = (decode: typeof decodeRecord, value: Json): unknown => {
      try {
        return decode(value, USER)
      } catch (error) {
        return (error as Error).message
      }
    }
    const values = PLACES.flatMap(({ path, value }) => [
      changed(stored(FULL), path, undefined),
      changed(stored(FULL), path, LEAKED),
      changed(stored(FULL), path, -1),
      changed(stored(FULL), path, typeof value === 'object' ? { ...value, [LEAKED]: 1 } : null),
    ])
    const made = vi.spyOn(globalThis, 'Function')
    const there = [stored(FULL), ...values].map((value) => told(elsewhere.decodeRecord, value))
    expect(made).not.toHaveBeenCalled()
    expect(there).toEqual([stored(FULL), ...values].map((value) => told(decodeRecord, value)))
    expect(there[0]).toEqual(FULL)
  })
})

describe('a user among many', () => {
  it('is named as JSON, so that his id is nothing else to whoever reads the log', () => {
    for (const [userId, named] of [
      ['ada', '"ada"'],
      ['a"b\n[31m', '"a\\"b\\n[31m"'],
      ['\ud800', '"\\ud800"'],
      ['x'.repeat(300), `"${'x'.repeat(255)}"`],
      [undefined, '"undefined"'],
      [{ toString: null }, '"object"'],
    ] as const) {
      expect(nameOf(userId)).toBe(named)
    }
  })
})

describe('a record of another schema version', () => {
  it('of a newer one is refused and never guessed at', () => {
    for (const version of [SCHEMA_VERSION + 1, 99]) {
      expect(refusalOf({ schemaVersion: version }).message).toMatch(/newer version of leeway/)
      expect(refusalOf({ ...FULL, schemaVersion: version }).message).toMatch(/newer version of leeway/)
    }
  })

  it.each<[string, unknown]>([
    ['none', undefined],
    ['0', 0],
    ['a negative one', -1],
    ['half a one', 1.5],
    ['text', '1'],
    ['null', null],
    ['not a number', Number.NaN],
  ])('of %s is damaged', (_, schemaVersion) => {
    expect(refusalOf({ ...FULL, schemaVersion }).message).toBe(
      'the stored record of "ada" cannot be read; look at schemaVersion',
    )
  })

  describe('of an older one', () => {
    const steps: readonly Upgrade[] = [
      (record) => ({ ...record, schemaVersion: 2, name: record['nickname'], nickname: undefined }),
      (record) => ({ ...record, schemaVersion: 3, names: [record['name']] }),
    ]

    it('is upgraded step by step, from whichever it is', () => {
      expect(upgrade({ schemaVersion: 1, nickname: 'ada' }, steps, 3)).toEqual({
        schemaVersion: 3,
        name: 'ada',
        names: ['ada'],
      })
      expect(upgrade({ schemaVersion: 2, name: 'ada' }, steps, 3)).toEqual({
        schemaVersion: 3,
        name: 'ada',
        names: ['ada'],
      })
    })

    it('the current one is left as it is, the very object', () => {
      const current = { schemaVersion: 3, name: 'ada' }
      expect(upgrade(current, steps, 3)).toBe(current)
      for (const schemaVersion of [0, -1, 0.5, '1', null, undefined]) {
        const none = { schemaVersion, nickname: 'ada' }
        expect(upgrade(none, steps, 3)).toBe(none)
      }
    })

    it('a newer one is refused by its version alone', () => {
      expect(() => upgrade({ schemaVersion: 4 }, steps, 3)).toThrow(expect.objectContaining({ code: 'ERR_RECORD' }))
    })

    it('is not changed by being upgraded', () => {
      const old = Object.freeze({ schemaVersion: 1, nickname: 'ada' })
      upgrade(old, steps, 3)
      expect(old).toEqual({ schemaVersion: 1, nickname: 'ada' })
    })

    it('one that a step cannot make sense of is damaged, and is not repeated', () => {
      const strict: Upgrade = (record) => ({ ...record, name: (record['nickname'] as string).trim() })
      const attempt = () => upgrade({ schemaVersion: 1, secret: LEAKED }, [strict], 2)
      expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_RECORD', cause: expect.any(TypeError) }))
      expect(attempt).toThrow('the stored record of schema version 1 cannot be upgraded')
    })
  })
})
