import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import { decoded } from '../../src/http/body.js'
import { returnTo, toNode } from '../../src/http/index.js'
import type { NodeRequest, NodeResponse } from '../../src/http/node.js'
import { instant, userId } from '../../src/http/schemas.js'
import { decodeBase32, type KeyUri, parseKeyUri } from '../../src/totp/index.js'
import { K1 } from '../service/setting.js'
import { asHeader, hostile, hostileText, mutated } from './hostile.js'
import { exactly, type Outcome, type Target } from './target.js'

/* --------------------------------------------------------------------------------------------------------------- base32 */

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The bytes that base32 text stands for by RFC 4648 6, as a row of bits; null for what is none. */
function bytesOf(text: string): Uint8Array | null {
  const [, body, padding = ''] = /^([A-Za-z2-7]*)(=*)$/.exec(text.replace(/[ -]/g, '')) ?? []
  if (body === undefined) return null
  const padded: Record<number, number> = { 0: 0, 2: 6, 4: 4, 5: 3, 7: 1 }
  const missing = padded[body.length % 8]
  if (missing === undefined || (padding !== '' && padding.length !== missing)) return null
  const digits = Array.from(body, (letter) => DIGITS.indexOf(letter.toUpperCase()).toString(2).padStart(5, '0'))
  const bits = digits.join('')
  return Uint8Array.from({ length: bits.length >> 3 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2))
}

/** Base32 as people type it and other systems write it. */
export const base32: Target<unknown> = {
  name: 'decodeBase32',
  inputs: hostile(
    fc.constantFrom('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 'gezd gnbv gy3t qojq', 'MY======', 'MZXW6YQ=', 'MZXW6===', ''),
  ),
  parse: (text) => ({ accepted: decodeBase32(text as string) }),
  throws: ['TypeError', 'RangeError'],
  check: exactly((text) => {
    if (typeof text !== 'string') return { refused: 'TypeError' }
    const bytes = bytesOf(text)
    return bytes === null ? { refused: 'RangeError' } : { accepted: bytes }
  }),
}

/* -------------------------------------------------------------------------------------------------------------- key URIs */

const KEY_URIS = [
  'otpauth://totp/Example:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&algorithm=SHA1&digits=6&period=30',
  'OTPAUTH://TOTP/My%20App%3A%20ada?SECRET=gezdgnbvgy3tqojqgezdgnbvgy3tqojq&issuer=My%20App&algorithm=sha-256&digits=8',
  'otpauth://totp/ada?secret=GEZDGNBVGY3TQOJQ',
  'otpauth://totp/Other:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Example&period=60&image=https%3A%2F%2Fexample.com',
]

/** Percent-decoding (RFC 3986 2.1) by bytes; null where they are no UTF-8. */
function unescaped(text: string): string | null {
  if (/%(?![0-9a-f]{2})/i.test(text)) return null
  const bytes = text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const buffer = Buffer.from(bytes, 'latin1')
  const decodedText = buffer.toString('utf8')
  return Buffer.from(decodedText, 'utf8').equals(buffer) ? decodedText : null
}

function keyOf(uri: string): KeyUri | null {
  if (uri.length > 8192 || /[^!-~]|#/.test(uri)) return null
  const [, label, query = ''] = /^otpauth:\/\/totp\/([^?]*)(?:\?(.*))?$/i.exec(uri) ?? []
  if (label === undefined) return null
  const parameters: Record<string, string> = Object.create(null)
  for (const pair of query.split('&')) {
    const [, name = '', value = ''] = /^([^=]*)(?:=(.*))?$/.exec(pair) ?? []
    const [plainName, plainValue] = [unescaped(name)?.toLowerCase(), unescaped(value)]
    if (plainName === undefined || plainValue === null || plainName in parameters) return null
    parameters[plainName] = plainValue
  }
  const { secret: encoded = '', issuer: named = '', algorithm = 'SHA1', digits = '6', period = '30' } = parameters
  const secret = bytesOf(encoded)
  if (secret === null || secret.length < 10 || secret.length > 128) return null
  const hash = /^sha-?(1|256|512)$/i.exec(algorithm)?.[1]
  // Without the u flag /i folds ASCII alone.
  if (hash === undefined || !/^[678]$/.test(digits)) return null
  if (!/^[1-9][0-9]{0,3}$/.test(period) || Number(period) > 3600) return null
  const names = namesOf(label, named)
  if (names === null) return null
  return { secret, ...names, algorithm: `SHA${hash}` as 'SHA1', digits: Number(digits) as 6, period: Number(period) }
}

function namesOf(label: string, named: string): { issuer: string; accountName: string } | null {
  const whole = unescaped(label)
  if (whole === null) return null
  const [head = '', ...tail] = label.split(':')
  const [front, back] = whole.startsWith(`${named}:`)
    ? [named, whole.slice(named.length + 1)]
    : tail.length > 0
      ? [unescaped(head) ?? '', unescaped(tail.join(':')) ?? '']
      : whole.includes(':')
        ? [whole.slice(0, whole.indexOf(':')), whole.slice(whole.indexOf(':') + 1)]
        : ['', whole]
  const issuer = named || front
  let accountName = back
  while (accountName.startsWith(' ')) accountName = accountName.slice(1)
  const isName = (text: string, least: number): boolean =>
    text.length >= least &&
    text.length <= 255 &&
    ![...text].some((one) => one < ' ' || (one >= '\u007f' && one <= '\u009f'))
  return isName(issuer, 0) && isName(accountName, 1) ? { issuer, accountName } : null
}

/** Key URIs of QR codes that anybody may have made. */
export const keyUris: Target<unknown> = {
  name: 'parseKeyUri',
  inputs: hostile(fc.constantFrom(...KEY_URIS)),
  parse: (uri) => ({ accepted: parseKeyUri(uri as string) }),
  throws: ['TypeError', 'RangeError'],
  check: exactly((uri) => {
    if (typeof uri !== 'string') return { refused: 'TypeError' }
    const key = keyOf(uri)
    return key === null ? { refused: 'RangeError' } : { accepted: key }
  }),
}

/* ---------------------------------------------------------------------------------------------------- tokens in a record */

/** Sealed secrets and digests, of which nothing may open but the very text that was written. */
export async function tokenTarget(): Promise<Target<unknown>> {
  const cipher = aesGcmCipher({ keys: [K1] })
  const context = { purpose: 'totp-secret', userId: 'ada', id: 'phone' } as const
  const plain = new Uint8Array(20).fill(7)
  const token = await cipher.seal(plain, context)
  const digest = await cipher.digest(plain, context)
  return {
    name: 'aesGcmCipher: tokens and digests',
    inputs: hostile(fc.constantFrom(token, digest)),
    async parse(text) {
      // Which of the two it is meant to be is told by how it begins; not all that comes can be made a text.
      const isDigest = typeof text === 'string' && text.startsWith('digest1')
      if (!isDigest) return { accepted: await cipher.open(text as string, context) }
      return (await cipher.matches(text as string, plain, context)) ? { accepted: true } : { refused: 'mismatch' }
    },
    throws: ['ERR_CIPHER'],
    check(outcome, text) {
      if (text === token) assert.deepStrictEqual(outcome, { accepted: plain })
      else if (text === digest) assert.deepStrictEqual(outcome, { accepted: true })
      else assert('refused' in outcome, 'an altered token was taken')
    },
  }
}

/* ----------------------------------------------------------------------------------------------------------- leeway/http */

const SITE = 'https://example.com'

/** Where a browser on that page would go. */
function leadsTo(location: string): URL {
  return new URL(location, `${SITE}/login`)
}

/** The `return_to` of a link: whatever it says, people stay on this site. */
export const returnPaths: Target<string> = {
  name: 'returnTo',
  inputs: fc.oneof(
    {
      weight: 3,
      arbitrary: mutated(
        fc.constantFrom(
          '/inbox',
          '/inbox?page=2#top',
          '/a/../b',
          '//evil.example/x',
          '/\\evil.example',
          '/.//evil.example',
        ),
      ),
    },
    { weight: 1, arbitrary: hostileText },
  ),
  parse(path) {
    const answer = returnTo(new Request(`${SITE}/login?${new URLSearchParams({ return_to: path })}`))
    return answer === '/' ? { refused: '/' } : { accepted: answer }
  },
  throws: [],
  check(outcome, path) {
    assert.deepStrictEqual(outcome, pathOf(path))
    if ('refused' in outcome) return
    const answer = String(outcome.accepted)
    assert.match(answer, /^\/(?![/\\])[!-~]*$/)
    const { origin, href, hash } = leadsTo(answer)
    assert.deepStrictEqual({ origin, href, hash }, { origin: SITE, href: SITE + answer, hash: '' })
  },
}

function pathOf(path: string): Outcome {
  // Lone surrogates do not survive a query.
  const text = path.replace(/\p{Surrogate}/gu, '\ufffd')
  const isPath = text.startsWith('/') && !['/', '\\'].includes(text.charAt(1))
  const hasControl = [...text].some((one) => one < ' ' || (one >= '\u007f' && one <= '\u009f'))
  if (!isPath || hasControl) return { refused: '/' }
  const { origin, pathname, search } = leadsTo(text)
  const answer = pathname + search
  return origin !== SITE || pathname.startsWith('//') || answer === '/' ? { refused: '/' } : { accepted: answer }
}

const ISO = /^(\d{4}|\+\d{6})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?Z$/

function schemaOutcome(work: () => unknown): Outcome {
  try {
    return { accepted: work() }
  } catch (error) {
    // The one error of the readers of requests, which the handler answers by its status.
    const { name, reason } = error as { name: string; reason?: string }
    if (name !== 'Refused') throw error
    return { refused: String(reason) }
  }
}

/** Instants on the wire: ISO 8601, and only dates that there are. */
export const instants: Target<unknown> = {
  name: 'leeway/http: instants',
  inputs: hostile(
    fc.constantFrom(
      '2026-02-28T09:00:00.000Z',
      '2024-02-29T23:59:59Z',
      '1970-01-01T00:00Z',
      '+275760-09-13T00:00:00.000Z',
    ),
  ),
  parse: (text) => schemaOutcome(() => decoded(instant, text)),
  throws: [],
  check: exactly((text) => {
    const [, year, ...rest] = (typeof text === 'string' && ISO.exec(text)) || []
    const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = rest.slice(0, 5).map((part) => Number(part ?? 0))
    const at = new Date(0)
    at.setUTCFullYear(Number(year), month - 1, day)
    const isDay = at.getUTCFullYear() === Number(year) && at.getUTCMonth() === month - 1 && at.getUTCDate() === day
    const isMidnight = hour === 24 && minute === 0 && second === 0 && Number(rest[5] ?? 0) === 0
    const isTime = (hour < 24 && minute < 60 && second < 60) || isMidnight
    const milliseconds = at.setUTCHours(hour, minute, second, Number((rest[5] ?? '').padEnd(3, '0')))
    if (year === undefined || !isDay || !isTime || !(milliseconds >= 0)) return { refused: 'invalid-request' }
    return { accepted: milliseconds }
  }),
}

/** User ids on the wire: what every store keeps as it is. */
export const userIds: Target<unknown> = {
  name: 'leeway/http: user ids',
  inputs: hostile(
    fc.constantFrom('ada', 'ada@example.com', '\u00e9'.repeat(127), 'a'.repeat(255), '\u{1f600}'.repeat(63)),
  ),
  parse: (id) => schemaOutcome(() => decoded(userId, id)),
  throws: [],
  check: exactly((id) => {
    const isId =
      typeof id === 'string' &&
      id !== '' &&
      !/\p{Surrogate}/u.test(id) &&
      !id.includes('\u0000') &&
      Buffer.byteLength(id) <= 255
    return isId ? { accepted: id } : { refused: 'invalid-request' }
  }),
}

interface RequestLine {
  host: string
  target: string
}

/** Node's own parsers let no other characters through, over HTTP/1.1 or HTTP/2. */
function asTarget(text: string): string {
  return text.slice(0, 300).replace(/[^!-~\u0080-\u00ff]/g, '')
}

/** The first line and the Host of a request to Node: the URL is on that host, or there is none. */
export const nodeUrls: Target<RequestLine> = {
  name: 'toNode: Host and request target',
  inputs: fc.record({
    host: fc
      .oneof(mutated(fc.constantFrom('example.com', 'example.com:8443', '[::1]:3000', 'localhost')), hostileText)
      .map(asHeader),
    target: fc
      .oneof(
        mutated(
          fc.constantFrom(
            '/mfa/me',
            '/mfa/users?after=a',
            'http://evil.example/mfa/me',
            '//evil.example/mfa',
            'javascript:0',
            '*',
          ),
        ),
        hostileText,
      )
      .map(asTarget),
  }),
  async parse({ host, target }) {
    let url = ''
    const answer = { statusCode: 0, destroyed: false, writableFinished: true }
    const ignore = (): undefined => undefined
    const response = { ...answer, setHeader: ignore, appendHeader: ignore, write: () => true, end: ignore }
    const res: NodeResponse = { ...response, destroy: ignore, once: ignore }
    const req = { method: 'GET', url: target, headers: { host }, on: ignore, pause: ignore, resume: ignore }
    await toNode(async (request) => {
      url = request.url
      return new Response(null, { status: 204 })
    })(req as NodeRequest, res)
    return url === '' ? { refused: String(res.statusCode) } : { accepted: url }
  },
  throws: [],
  check(outcome, { host }) {
    if ('refused' in outcome) return assert.deepStrictEqual(outcome, { refused: '400' })
    const { origin, username, password } = new URL(String(outcome.accepted))
    assert.equal(username + password, '')
    assert.equal(origin, new URL(`http://${host}`).origin)
    assert.doesNotMatch(host, /[/?#@\\]/)
  },
}
