import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { aesGcmCipher, type CipherKey } from '../../src/cipher/aes-gcm.js'
import { LeewayError } from '../../src/errors.js'
import type { SecretCipher, SecretContext } from '../../src/ports/index.js'

const keyOf = (id: string, first: number): CipherKey => ({
  id,
  key: Uint8Array.from({ length: 32 }, (_, at) => first + at),
})
const K1 = keyOf('k1', 1)
const K2 = keyOf('k2', 101)
const ADA: SecretContext = { purpose: 'totp-secret', userId: 'ada', id: 'phone' }
const SECRET = Uint8Array.from({ length: 20 }, (_, at) => 200 + at)

const one = aesGcmCipher({ keys: [K1] })

async function refusal(work: Promise<unknown>): Promise<LeewayError> {
  const error = await work.then(
    () => new Error('it was accepted'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(LeewayError)
  expect(error).toMatchObject({ code: 'ERR_CIPHER' })
  return error as LeewayError
}

const contexts = fc.record<SecretContext>({
  purpose: fc.constantFrom('totp-secret', 'recovery-code', 'pass'),
  userId: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\u0000')),
  id: fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\u0000')),
})
const plains = fc.uint8Array({ minLength: 1, maxLength: 128 })
/** All that one flipped bit makes of an ASCII text. */
const flips = (text: string): string[] =>
  Array.from({ length: text.length * 8 }, (_, bit) => {
    const bytes = Buffer.from(text, 'latin1')
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return bytes.toString('latin1')
  })

describe('known answers, computed apart from the code with node:crypto', () => {
  it('derives, frames and digests as written', async () => {
    const { hkdfSync, createHmac } = await import('node:crypto')
    const frame = (...parts: string[]): Buffer =>
      Buffer.concat(
        parts.flatMap((part) => [
          Buffer.from([Buffer.byteLength(part) >> 8, Buffer.byteLength(part) & 255]),
          Buffer.from(part),
        ]),
      )
    const key = hkdfSync('sha256', K1.key, '', frame('digest1'), 32)
    const message = Buffer.concat([frame('digest1', 'k1', 'totp-secret', 'ada', 'phone'), SECRET])
    const mac = createHmac('sha256', Buffer.from(key)).update(message).digest('base64url')
    expect(await one.digest(SECRET, ADA)).toBe(`digest1.k1.${mac}`)
  })

  it('opens what node:crypto sealed under the derived key', async () => {
    const { hkdfSync, createCipheriv } = await import('node:crypto')
    const frame = (...parts: string[]): Buffer =>
      Buffer.concat(parts.flatMap((part) => [Buffer.from([0, Buffer.byteLength(part)]), Buffer.from(part)]))
    const nonce = Buffer.alloc(12, 7)
    const box = createCipheriv('aes-256-gcm', Buffer.from(hkdfSync('sha256', K1.key, '', frame('seal1'), 32)), nonce)
    box.setAAD(frame('seal1', 'k1', 'totp-secret', 'ada', 'phone'))
    const sealed = Buffer.concat([box.update(SECRET), box.final(), box.getAuthTag()])
    const token = `seal1.k1.${nonce.toString('base64url')}.${sealed.toString('base64url')}`
    expect(await aesGcmCipher({ keys: [K1] }).open(token, ADA)).toEqual(SECRET)
  })
})

describe('the memory of the process', () => {
  /** What the platform is handed, by the real calls. */
  const handed = (call: 'encrypt' | 'sign' | 'verify') => vi.spyOn(crypto.subtle, call).mock.calls
  const isWiped = (bytes: unknown) => bytes instanceof Uint8Array && bytes.every((byte) => byte === 0)

  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('holds no copy of what was sealed, digested or compared', async () => {
    const calls = { sealed: handed('encrypt'), digested: handed('sign'), compared: handed('verify') }
    await one.seal(SECRET, ADA)
    expect(await one.matches(await one.digest(SECRET, ADA), SECRET, ADA)).toBe(true)
    expect(calls.sealed.map(([, , bytes]) => isWiped(bytes))).toEqual([true])
    expect(calls.digested.map(([, , bytes]) => isWiped(bytes))).toEqual([true])
    expect(calls.compared.map(([, , , bytes]) => isWiped(bytes))).toEqual([true])
  })

  it('holds keys that the platform gives to nobody, derived once', async () => {
    const deriving = vi.spyOn(crypto.subtle, 'deriveKey')
    const cipher = aesGcmCipher({ keys: [K1] })
    await cipher.open(await cipher.seal(SECRET, ADA), ADA)
    await cipher.matches(await cipher.digest(SECRET, ADA), SECRET, ADA)
    const keys = await Promise.all(
      deriving.mock.results.map(({ value }) => value as ReturnType<typeof crypto.subtle.importKey>),
    )
    expect(keys.map(({ extractable, usages }) => ({ extractable, usages }))).toEqual([
      { extractable: false, usages: ['encrypt', 'decrypt'] },
      { extractable: false, usages: ['sign', 'verify'] },
    ])
  })

  it('has the keys derived again where the platform failed once, whatever it failed at', async () => {
    for (const [method, calls] of [
      ['importKey', 0],
      ['deriveKey', 0],
      ['deriveKey', 1],
    ] as const) {
      const real = crypto.subtle[method].bind(crypto.subtle) as (...given: unknown[]) => Promise<never>
      let called = 0
      vi.spyOn(crypto.subtle, method).mockImplementation((...given: unknown[]) =>
        called++ === calls ? Promise.reject(new Error('no entropy yet')) : real(...given),
      )
      const cipher = aesGcmCipher({ keys: [K1] })
      await expect(cipher.seal(SECRET, ADA)).rejects.toThrow('no entropy yet')
      expect(await one.open(await cipher.seal(SECRET, ADA), ADA)).toEqual(SECRET)
      vi.restoreAllMocks()
    }
  })
})

describe('sealing', () => {
  it('gives back the bytes that were sealed, for every secret and context', async () => {
    await fc.assert(
      fc.asyncProperty(plains, contexts, async (plain, context) => {
        const token = await one.seal(plain, context)
        expect(token).toMatch(/^seal1\.k1\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+$/)
        expect(await one.open(token, context)).toEqual(plain)
      }),
    )
  })

  it('gives another token each time for the same secret', async () => {
    const tokens = await Promise.all(Array.from({ length: 1000 }, () => one.seal(SECRET, ADA)))
    expect(new Set(tokens.map((token) => token.split('.')[2])).size).toBe(1000)
    expect(new Set(tokens.map((token) => token.split('.')[3])).size).toBe(1000)
  })

  it('takes a view of other memory, and what the caller does to it afterwards changes nothing', async () => {
    const plain = Buffer.from('xx-a secret of Ada-xx').subarray(3, 18)
    const sealing = one.seal(plain, ADA)
    const digesting = one.digest(plain, ADA)
    plain.fill(0)
    expect(Buffer.from(await one.open(await sealing, ADA)).toString()).toBe('a secret of Ada')
    expect(await one.matches(await digesting, Buffer.from('a secret of Ada'), ADA)).toBe(true)
  })

  it('leaves what it was handed as it was', async () => {
    const plain = new Uint8Array(SECRET)
    const key = new Uint8Array(K1.key)
    const cipher = aesGcmCipher({ keys: [{ id: 'k1', key }] })
    await cipher.matches(await cipher.digest(plain, ADA), plain, ADA)
    await cipher.seal(plain, ADA)
    expect(plain).toEqual(SECRET)
    expect(key).toEqual(K1.key)
  })

  it('works with the key of the moment it was made, whatever becomes of the array', async () => {
    const key = new Uint8Array(K1.key)
    const cipher = aesGcmCipher({ keys: [{ id: 'k1', key }] })
    key.fill(0)
    expect(await one.open(await cipher.seal(SECRET, ADA), ADA)).toEqual(SECRET)
  })
})

describe('an attacker who can write to the database but has no key', () => {
  it('cannot alter a token in any single bit', async () => {
    const token = await one.seal(SECRET, ADA)
    for (const altered of flips(token)) await refusal(one.open(altered, ADA))
  })

  it('cannot alter a digest in any single bit without being noticed or refused', async () => {
    const digest = await one.digest(SECRET, ADA)
    for (const altered of flips(digest)) {
      expect(await one.matches(altered, SECRET, ADA).catch((error: LeewayError) => error.code)).toBeOneOf([
        false,
        'ERR_CIPHER',
      ])
    }
  })

  it('cannot respell a token by the spare bits of its last character', async () => {
    for (const length of [16, 17, 19, 20, 22, 23]) {
      const token = await one.seal(SECRET.subarray(0, length % 20 || 20), ADA)
      for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        if (!token.endsWith(last)) await refusal(one.open(token.slice(0, -1) + last, ADA))
      }
    }
  })

  it('cannot move a token or digest to another user, authenticator or purpose', async () => {
    await fc.assert(
      fc.asyncProperty(contexts, contexts, plains, async (own, other, plain) => {
        fc.pre(own.userId !== other.userId || own.id !== other.id || own.purpose !== other.purpose)
        await refusal(one.open(await one.seal(plain, own), other))
        expect(await one.matches(await one.digest(plain, own), plain, other)).toBe(false)
      }),
    )
  })

  it.each<[SecretContext, SecretContext]>([
    [
      { ...ADA, userId: 'ab', id: 'c' },
      { ...ADA, userId: 'a', id: 'bc' },
    ],
    [
      { ...ADA, userId: 'é' },
      { ...ADA, userId: 'e\u0301' },
    ],
    [ADA, { ...ADA, userId: 'Ada' }],
    [ADA, { ...ADA, userId: 'ada ' }],
    [ADA, { ...ADA, purpose: 'pass' }],
  ])('cannot pass one context off as its neighbour (%#)', async (own, other) => {
    await refusal(one.open(await one.seal(SECRET, own), other))
    expect(await one.matches(await one.digest(SECRET, own), SECRET, other)).toBe(false)
  })

  it('cannot move bytes between the context and what is digested', async () => {
    const digest = await one.digest(Buffer.from('bc'), { ...ADA, id: 'a' })
    expect(await one.matches(digest, Buffer.from('c'), { ...ADA, id: 'ab' })).toBe(false)
  })

  it('cannot give a token the name of another key of the ring', async () => {
    const ring = aesGcmCipher({ keys: [K1, K2, { id: 'k3', key: K1.key }] })
    const token = await ring.seal(SECRET, ADA)
    await refusal(ring.open(token.replace('.k1.', '.k2.'), ADA))
    await refusal(ring.open(token.replace('.k1.', '.k3.'), ADA))
    expect(await ring.matches((await ring.digest(SECRET, ADA)).replace('.k1.', '.k3.'), SECRET, ADA)).toBe(false)
  })

  it('cannot use a token as a digest, nor a digest as a token', async () => {
    await refusal(one.matches(await one.seal(SECRET, ADA), SECRET, ADA))
    await refusal(one.open(await one.digest(SECRET, ADA), ADA))
  })

  it('cannot cut or lengthen a token', async () => {
    const token = await one.seal(SECRET, ADA)
    for (let length = 0; length < token.length; length++) await refusal(one.open(token.slice(0, length), ADA))
    for (const more of ['A', 'AAAA', '.', '=', '\n', ' ', '\u0000']) {
      await refusal(one.open(token + more, ADA))
      await refusal(one.open(more + token, ADA))
    }
  })
})

describe('what is no token at all', () => {
  const nothing = [
    '',
    '.',
    '...',
    'seal1.k1..',
    'seal2.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA',
    'JBSWY3DPEHPK3PXP',
  ]
  const noText = [undefined, null, 0, {}, [], Symbol('token'), new Uint8Array(64), { toString: () => 'seal1.k1.a.b' }]

  it.each([...nothing, ...noText].map((token) => [token]))(
    'is an infrastructure error, never a wrong code (%#)',
    async (token) => {
      await refusal(one.open(token as string, ADA))
      await refusal(one.matches(token as string, SECRET, ADA))
    },
  )

  it('is in need of resealing, so that it is seen, and never throws', () => {
    for (const token of [...nothing, ...noText]) expect(one.needsReseal(token as string)).toBe(true)
    fc.assert(fc.property(fc.anything(), (token) => one.needsReseal(token as string)))
  })
})

describe('an error', () => {
  it('says what is wrong, and keeps what the platform said', async () => {
    const token = await one.seal(SECRET, ADA)
    const digest = await one.digest(SECRET, ADA)
    const altered = await refusal(one.open(token, { ...ADA, id: 'other' }))
    expect(altered.message).toMatch(/^the token does not open: /)
    expect(altered.cause).toBeInstanceOf(Error)
    for (const [work, told] of [
      [one.open('JBSWY3DPEHPK3PXP', ADA), 'this is not a sealed token'],
      [one.matches(token, SECRET, ADA), 'this is not a digest'],
      [one.open(token.replace('.k1.', '.k2.'), ADA), 'the key of this token or digest is not among options.keys'],
      [one.matches(digest.replace(/.$/, '9'), SECRET, ADA), 'a part of the token or digest is not base64url'],
    ] as const) {
      expect((await refusal(work)).message).toBe(told)
    }
  })
})

describe('digests', () => {
  it('have nothing before them and nothing behind', async () => {
    const digest = await one.digest(SECRET, ADA)
    for (const other of [`${digest}A`, `${digest}.`, `${digest}\n`, `A${digest}`, ` ${digest}`]) {
      expect((await refusal(one.matches(other, SECRET, ADA))).message).toBe('this is not a digest')
    }
  })

  it('are the same for the same bytes and context, and match nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(plains, plains, contexts, async (plain, other, context) => {
        const digest = await one.digest(plain, context)
        expect(digest).toMatch(/^digest1\.k1\.[A-Za-z0-9_-]{43}$/)
        expect(await one.digest(new Uint8Array(plain), { ...context })).toBe(digest)
        expect(await one.matches(digest, plain, context)).toBe(true)
        expect(await one.matches(digest, other, context)).toBe(Buffer.compare(plain, other) === 0)
      }),
    )
  })

  it('differ from key to key', async () => {
    const other = await aesGcmCipher({ keys: [{ ...K2, id: 'k1' }] }).digest(SECRET, ADA)
    expect(await one.matches(other, SECRET, ADA)).toBe(false)
  })
})

describe('rotation', () => {
  it('goes from k1 over k2 in front to k2 alone without losing a secret', async () => {
    const both = aesGcmCipher({ keys: [K2, K1] })
    const late = aesGcmCipher({ keys: [K2] })
    const token = await one.seal(SECRET, ADA)
    const digest = await one.digest(SECRET, ADA)

    expect(both.needsReseal(token)).toBe(true)
    expect(both.needsReseal(digest)).toBe(true)
    expect(await both.matches(digest, SECRET, ADA)).toBe(true)
    const resealed = await both.seal(await both.open(token, ADA), ADA)
    expect(both.needsReseal(resealed)).toBe(false)
    expect(both.needsReseal(await both.digest(SECRET, ADA))).toBe(false)

    expect(await late.open(resealed, ADA)).toEqual(SECRET)
    await refusal(late.open(token, ADA))
    await refusal(late.matches(digest, SECRET, ADA))
    await refusal(one.open(resealed, ADA))
  })
})

describe('a key ring', () => {
  it.each<[string, unknown, ErrorConstructor | TypeErrorConstructor | RangeErrorConstructor]>([
    ['no options', undefined, TypeError],
    ['no keys', {}, TypeError],
    ['keys that are no array', { keys: K1 }, TypeError],
    ['an option nobody reads', { keys: [K1], current: 'k1' }, TypeError],
    ['an empty ring', { keys: [] }, RangeError],
    [
      'more keys than anyone keeps',
      { keys: Array.from({ length: 101 }, (_, at) => ({ ...K1, id: `k${at}` })) },
      RangeError,
    ],
    ['an entry that is no object', { keys: [K1.key.buffer, 'k1'] }, TypeError],
    ['an entry with more', { keys: [{ ...K1, note: '' }] }, TypeError],
    ['an id that is no string', { keys: [{ ...K1, id: 1 }] }, TypeError],
    ['an empty id', { keys: [{ ...K1, id: '' }] }, RangeError],
    ['a long id', { keys: [{ ...K1, id: 'k'.repeat(33) }] }, RangeError],
    ['an id that would end a part', { keys: [{ ...K1, id: 'k.1' }] }, RangeError],
    ['an id with a line end', { keys: [{ ...K1, id: 'k1\n' }] }, RangeError],
    ['an id beyond ASCII', { keys: [{ ...K1, id: 'ké' }] }, RangeError],
    ['two keys of one id', { keys: [K1, { ...K2, id: 'k1' }] }, RangeError],
    ['a passphrase', { keys: [{ id: 'k1', key: 'correct horse battery staple 123' }] }, TypeError],
    ['31 bytes', { keys: [{ id: 'k1', key: new Uint8Array(31).fill(7, 1) }] }, RangeError],
    ['33 bytes', { keys: [{ id: 'k1', key: new Uint8Array(33).fill(7, 1) }] }, RangeError],
    ['zeros', { keys: [{ id: 'k1', key: new Uint8Array(32) }] }, RangeError],
    ['one byte 32 times', { keys: [K2, { id: 'k1', key: new Uint8Array(32).fill(171) }] }, RangeError],
  ])('refuses %s', (_, options, kind) => {
    expect(() => aesGcmCipher(options as never)).toThrow(kind)
    expect(() => aesGcmCipher(options as never)).toThrow(/^options/)
  })

  it('takes ids of 1 and of 32 characters, and 100 keys', async () => {
    const keys = Array.from({ length: 98 }, (_, at) => ({ ...K2, id: `old-${at}` }))
    const cipher = aesGcmCipher({ keys: [{ ...K1, id: 'A_-9'.repeat(8) }, { ...K2, id: 'z' }, ...keys] })
    expect(await cipher.open(await cipher.seal(SECRET, ADA), ADA)).toEqual(SECRET)
  })
})

describe("a caller's mistake", () => {
  const bad: [string, unknown, unknown][] = [
    ['text for bytes', 'JBSWY3DPEHPK3PXP', ADA],
    ['no bytes', new Uint8Array(), ADA],
    ['more than 1024 bytes', new Uint8Array(1025), ADA],
    ['no context', SECRET, undefined],
    ['an unknown purpose', SECRET, { ...ADA, purpose: 'session' }],
    ['a user id that is no string', SECRET, { ...ADA, userId: 1 }],
    ['a user id with a lone surrogate', SECRET, { ...ADA, userId: 'a\ud800' }],
    ['an empty id', SECRET, { ...ADA, id: '' }],
  ]
  it.each(bad)('is refused by name: %s', async (_, plain, context) => {
    const kind = expect.toBeOneOf([TypeError, RangeError])
    const named = { constructor: kind, message: expect.stringMatching(/^(plain|context)/) as string }
    await expect(one.seal(plain as never, context as never)).rejects.toMatchObject(named)
    await expect(one.digest(plain as never, context as never)).rejects.toMatchObject(named)
    await expect(one.matches(await one.digest(SECRET, ADA), plain as never, context as never)).rejects.toMatchObject(
      named,
    )
  })

  it('does not keep a secret of 1024 bytes out', async () => {
    const most = Uint8Array.from({ length: 1024 }, (_, at) => at & 255)
    expect(await one.open(await one.seal(most, ADA), ADA)).toEqual(most)
  })
})

describe('someone who reads logs', () => {
  it('finds neither keys, secrets, tokens nor user ids in the cipher or its errors', async () => {
    const key = Buffer.from('CANARY-KEY-0123456789-0123456789')
    const plain = Buffer.from('CANARY-PLAIN')
    const context: SecretContext = { purpose: 'pass', userId: 'CANARY-USER', id: 'CANARY-ID' }
    const cipher = aesGcmCipher({ keys: [{ id: 'k1', key }] })
    const token = await cipher.seal(plain, context)
    const digest = await cipher.digest(plain, context)
    const tokenParts = [...token.split('.').slice(2), ...digest.split('.').slice(2)]
    const errors = await Promise.all([
      refusal(cipher.open(`${token}CANARY`, context)),
      refusal(cipher.open(token.replace('.k1.', '.CANARY.'), context)),
      refusal(cipher.open('CANARY', context)),
      refusal(cipher.open(token, { ...context, id: 'CANARY-OTHER' })),
      refusal(cipher.open(token.replace(/.{4}$/, '*CAN'), context)),
      refusal(cipher.matches(digest.replace('.k1.', '.CANARY.'), plain, context)),
      refusal(cipher.matches('CANARY', plain, context)),
    ])
    const seen = [cipher, ...errors]
      .map((value) => inspect(value, { showHidden: true, depth: 10 }) + JSON.stringify(value))
      .join('\n')
    // The stack names this file's lines, never their values.
    expect(seen).not.toMatch(/CANARY/)
    for (const part of tokenParts) expect(seen).not.toContain(part)
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      expect(seen).not.toContain(key.toString(form))
      expect(seen).not.toContain(plain.toString(form))
    }
    expect(Object.isFrozen(cipher)).toBe(true)
    expect(Object.keys(cipher satisfies SecretCipher)).toEqual(['seal', 'open', 'needsReseal', 'digest', 'matches'])
  })
})
