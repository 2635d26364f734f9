import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recoveryCodes, totpCodes } from './codes.js'
import { recordTarget } from './records.js'
import { requestTarget } from './requests.js'
import { fuzz, type Outcome, type Target } from './target.js'
import { everyTarget } from './targets.js'
import { base32, instants, keyUris, returnPaths, tokenTarget, userIds } from './texts.js'

/** A tenth for those that take longer: `npm run test:fuzz` has a million for each. */
const RUNS = 20_000
const COSTLY = /^leeway\.|requests|records|returnTo|toNode/

const targets = await everyTarget()

describe('hostile input', () => {
  it.each(targets)(
    '$name: nothing is accepted or thrown but what its model says',
    { timeout: 240_000 },
    async (target) => {
      const seed = crypto.getRandomValues(new Int32Array(1))[0] as number
      const runs = COSTLY.test(target.name) ? RUNS / 10 : RUNS
      const report = await fuzz(target, { runs, seed })
      expect(report.violation, `seed ${seed}`).toBeNull()
      expect(report.accepted + report.refused).toBe(runs)
      // A target that refuses all, or takes all, would show nothing.
      expect(Math.min(report.accepted, report.refused)).toBeGreaterThan(runs / 100)
    },
  )
})

describe('a planted fault', () => {
  const runs = 20_000

  /** The same target with another parser: what it finds is short, and ASCII. */
  async function found<Input>(target: Target<Input>, parse: Target<Input>['parse']): Promise<string> {
    const { violation } = await fuzz({ ...target, parse }, { runs, seed: 1 })
    expect(violation).not.toBeNull()
    expect(violation?.input).toMatch(/^[ -~]{1,3000}$/)
    return violation?.input ?? ''
  }
  const folded = (value: unknown): unknown => (typeof value === 'string' ? value.normalize('NFKC') : value)

  it('is found: digits of other scripts are digits, a number is a code, other blanks are left out', async () => {
    await found(totpCodes, ({ code, digits }) => totpCodes.parse({ code: folded(code), digits }))
    await found(totpCodes, ({ code, digits }) =>
      totpCodes.parse({ code: typeof code === 'number' ? String(code) : code, digits }),
    )
    await found(totpCodes, ({ code, digits }) =>
      totpCodes.parse({ code: typeof code === 'string' ? code.trim() : code, digits }),
    )
  })

  it('is found: letters that only upper case makes ASCII, or that Crockford left out', async () => {
    const upper = (value: unknown): unknown => (typeof value === 'string' ? value.toUpperCase() : value)
    await found(recoveryCodes, ({ code, imported }) => recoveryCodes.parse({ code: upper(code), imported }))
    await found(recoveryCodes, ({ code }) => recoveryCodes.parse({ code, imported: true }))
    await found(base32, (text) => base32.parse(upper(text)))
  })

  it('is found: padding in the middle, a plus that is a space, a parameter given twice', async () => {
    await found(base32, (text) => base32.parse(typeof text === 'string' ? text.replace(/=+/, '') : text))
    await found(keyUris, (uri) => keyUris.parse(typeof uri === 'string' ? uri.replace('+', '%20') : uri))
    await found(keyUris, (uri) =>
      keyUris.parse(typeof uri === 'string' ? uri.replace(/&issuer=[^&]*(?=.*&issuer=)/, '') : uri),
    )
  })

  it('is found: a missing part of a record has a default, an unknown one is dropped, an owner is not compared', async () => {
    const records = recordTarget()
    const part = (record: unknown, parts: object): unknown =>
      Object(record) === record && !Array.isArray(record) ? { ...parts, ...(record as object) } : record
    await found(records, ({ record, userId }) => records.parse({ record: part(record, { pass: null }), userId }))
    await found(records, async ({ record, userId }): Promise<Outcome> => {
      const { accepted } = (await records.parse({ record, userId })) as { accepted: object }
      return { accepted: part({ eventCount: 0 }, accepted) }
    })
    const ownerOf = (record: unknown): string => (record as { userId?: string } | null)?.userId ?? ''
    await found(records, ({ record }) => records.parse({ record, userId: ownerOf(record) }))
  })

  it('is found: a token that is trimmed, a day that there is not, half a character', async () => {
    const tokens = await tokenTarget()
    await found(tokens, (text) => tokens.parse(typeof text === 'string' ? text.trim() : text))
    await found(instants, (text) =>
      Date.parse(String(text)) >= 0 ? { accepted: Date.parse(String(text)) } : { refused: 'invalid-request' },
    )
    await found(userIds, (id) =>
      typeof id === 'string' && id.length > 0 ? { accepted: id } : { refused: 'invalid-request' },
    )
  })

  it('is found: a link that leads elsewhere, a page of another site, a query that nobody reads', {
    timeout: 240_000,
  }, async () => {
    const link = await found(returnPaths, (path) => (path.startsWith('/') ? { accepted: path } : { refused: '/' }))
    expect(link.length).toBeLessThan(20)
    const requests = await requestTarget()
    const own = { 'sec-fetch-site': 'same-origin' }
    await found(requests, (sent) => requests.parse({ ...sent, headers: { ...sent.headers, ...own } }))
    await found(requests, (sent) => requests.parse({ ...sent, path: sent.path.split('?')[0] ?? '' }))
  })

  it('is found: an error that is not documented, or that repeats what it was given', async () => {
    const picky: Target<string> = {
      name: 'picky',
      inputs: fc.string({ maxLength: 40, size: 'max' }),
      parse: () => ({ accepted: true }),
      throws: ['RangeError'],
      check: () => undefined,
    }
    const thrown = (error: (text: string) => Error) => (text: string) => {
      if (text.length > 24) throw error(text)
      return { accepted: true }
    }
    expect((await fuzz(picky, { runs: 1000, seed: 1 })).violation).toBeNull()
    expect(
      (await fuzz({ ...picky, parse: thrown(() => new RangeError('too long')) }, { runs: 1000, seed: 1 })).violation,
    ).toBeNull()
    const undocumented = await fuzz({ ...picky, parse: thrown(() => new SyntaxError('no')) }, { runs: 1000, seed: 1 })
    expect(undocumented.violation?.message).toMatch(/SyntaxError is not documented/)
    const repeated = await fuzz(
      { ...picky, parse: thrown((text) => new RangeError(`not ${text.slice(2, 24)}`)) },
      { runs: 1000, seed: 1 },
    )
    expect(repeated.violation?.message).toMatch(/repeats its input/)
  })
})

describe('a seed', () => {
  it('is the same inputs again', async () => {
    const figures = async (seed: number): Promise<number[]> => {
      const { runs, accepted, refused } = await fuzz(keyUris, { runs: 500, seed })
      return [runs, accepted, refused]
    }
    expect(await figures(7)).toEqual(await figures(7))
    expect(await figures(7)).not.toEqual(await figures(8))
  })
})
