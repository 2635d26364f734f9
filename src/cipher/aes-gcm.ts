import { assertBytes, assertKnownKeys, assertObject, assertOneOf, assertText } from '../assert.js'
import { LeewayError } from '../errors.js'
import { type CryptoKey, platform, platformRandom } from '../platform.js'
import type { SecretCipher, SecretContext } from '../ports/index.js'
import { decodeBase64Url, encodeBase64Url } from './base64url.js'

/** A master key: 32 random bytes, and the name that tokens know it by: 1 to 32 characters of A-Z a-z 0-9 _ -. */
export interface CipherKey {
  id: string
  key: Uint8Array
}

/** What {@link aesGcmCipher} takes. */
export interface AesGcmCipherOptions {
  /** the first seals, all open */
  keys: readonly CipherKey[]
}

/** The two keys of one master key, so that neither use can be turned against the other. */
interface DerivedKeys {
  sealing: CryptoKey
  digesting: CryptoKey
}

interface RingKey {
  id: string
  derived: () => Promise<DerivedKeys>
}

type Bytes = Uint8Array<ArrayBuffer>

const SEAL = 'seal1'
const DIGEST = 'digest1'
const KEY_ID = /^[\w-]{1,32}$/
const SEALED = /^seal1\.([\w-]{1,32})\.([\w-]{16})\.([\w-]{23,1387})$/
const DIGESTED = /^digest1\.([\w-]{1,32})\.([\w-]{43})$/
const PURPOSES = ['totp-secret', 'recovery-code', 'pass'] as const
const MOST_KEYS = 100
/** Far more than any secret or code is; what is longer is a mistake. */
const MOST_BYTES = 1024

/**
 * The cipher that leeway comes with: AES-256-GCM over the platform's WebCrypto (NIST SP 800-38D), a 96-bit random nonce
 * for each token, the user, purpose, id and key bound to it as additional data; and HMAC-SHA-256 (RFC 2104) for digests.
 * Both keys are derived from the master key by HKDF-SHA-256 (RFC 5869), once, and held by the platform, unreadable.
 *
 * - Tokens are `seal1.<key id>.<nonce>.<ciphertext and tag>`, digests `digest1.<key id>.<mac>`; parts in base64url.
 * - `keys` is the keyring: the first key seals and digests, all open and compare. To rotate, put the new key in front
 *   and keep the old one until nothing is under it any more. Rotate before 2^32 sealings (SP 800-38D 8.3).
 * - The keys are copied, and the copies wiped at their first use; wiping what you hand in is yours.
 * - Nothing here can tell a random key from a guessable one: never a passphrase, nor a hash of one.
 *
 * Throws a `TypeError` or `RangeError` for keys that are not 32 bytes, all of one byte, or named badly or twice. Its
 * methods throw a {@link LeewayError} `ERR_CIPHER` for a token that was altered or belongs to another context, and for
 * a token or digest that is under a key not there, or is none at all: a fault to look into, not a wrong code.
 *
 * @example
 * ```ts
 * const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: crypto.getRandomValues(new Uint8Array(32)) }] })
 * const context = { purpose: 'totp-secret', userId: 'ada', id: 'phone' } as const
 * const token = await cipher.seal(new Uint8Array(20), context)
 * console.log((await cipher.open(token, context)).length) // 20
 * ```
 */
export function aesGcmCipher(options: AesGcmCipherOptions): SecretCipher {
  const ring = readKeys(options)
  const [first] = ring

  function keyNamed(id: string): RingKey {
    // The id is not repeated: it is part of a token, which may be anything.
    return ring.find((key) => key.id === id) ?? fail('the key of this token or digest is not among options.keys')
  }

  async function seal(plain: Uint8Array, context: SecretContext): Promise<string> {
    assertBytes(plain, 'plain', 1, MOST_BYTES)
    // Copied before anything is awaited: the caller may wipe its own.
    const copy = new Uint8Array(plain)
    try {
      const additionalData = bind(SEAL, first.id, context)
      const iv = platformRandom(12)
      const box = await platform.crypto.subtle.encrypt(
        { name: 'AES-GCM', iv, additionalData },
        (await first.derived()).sealing,
        copy,
      )
      return `${SEAL}.${first.id}.${encodeBase64Url(iv)}.${encodeBase64Url(new Uint8Array(box))}`
    } finally {
      copy.fill(0)
    }
  }

  async function open(token: string, context: SecretContext): Promise<Uint8Array> {
    const [keyId, nonce, box] = partsOf(token, SEALED) ?? fail('this is not a sealed token')
    const parameters = { name: 'AES-GCM', iv: decode(nonce), additionalData: bind(SEAL, keyId, context) }
    const sealed = decode(box)
    const { sealing } = await keyNamed(keyId).derived()
    try {
      return new Uint8Array(await platform.crypto.subtle.decrypt(parameters, sealing, sealed))
    } catch (cause) {
      return fail('the token does not open: it was altered, or belongs to another user, purpose or id', { cause })
    }
  }

  function needsReseal(token: string): boolean {
    // What is neither is not under the first key, and so does not pass unseen.
    const [keyId] = partsOf(token, SEALED) ?? partsOf(token, DIGESTED) ?? []
    return keyId !== first.id
  }

  async function digest(plain: Uint8Array, context: SecretContext): Promise<string> {
    const message = bindPlain(first.id, context, plain)
    try {
      const mac = await platform.crypto.subtle.sign('HMAC', (await first.derived()).digesting, message)
      return `${DIGEST}.${first.id}.${encodeBase64Url(new Uint8Array(mac))}`
    } finally {
      message.fill(0)
    }
  }

  async function matches(digest: string, plain: Uint8Array, context: SecretContext): Promise<boolean> {
    const [keyId, mac] = partsOf(digest, DIGESTED) ?? fail('this is not a digest')
    const expected = decode(mac)
    const key = keyNamed(keyId)
    const message = bindPlain(keyId, context, plain)
    try {
      // `verify` compares in constant time, as the Web Cryptography API asks of HMAC; comparing text would not.
      return await platform.crypto.subtle.verify('HMAC', (await key.derived()).digesting, expected, message)
    } finally {
      message.fill(0)
    }
  }

  return Object.freeze({ seal, open, needsReseal, digest, matches })
}

function readKeys(options: AesGcmCipherOptions): [RingKey, ...RingKey[]] {
  assertObject(options, 'options')
  assertKnownKeys(options, ['keys'], 'options')
  const { keys } = options
  if (!Array.isArray(keys)) throw new TypeError('options.keys must be an array')
  if (keys.length < 1 || keys.length > MOST_KEYS) throw new RangeError(`options.keys must hold 1 to ${MOST_KEYS} keys`)
  const ring = keys.map(readKey)
  if (new Set(ring.map((key) => key.id)).size < ring.length)
    throw new RangeError('options.keys must have ids that differ')
  return ring as [RingKey, ...RingKey[]]
}

function readKey(entry: CipherKey, index: number): RingKey {
  const name = `options.keys[${index}]`
  assertObject(entry, name)
  assertKnownKeys(entry, ['id', 'key'], name)
  const { id, key } = entry
  if (typeof id !== 'string') throw new TypeError(`${name}.id must be a string`)
  if (!KEY_ID.test(id)) throw new RangeError(`${name}.id must be 1 to 32 characters of A-Z a-z 0-9 _ -`)
  assertBytes(key, `${name}.key`, 32, 32)
  if (key.every((byte) => byte === key[0]))
    throw new RangeError(`${name}.key must be random bytes, not one byte 32 times`)
  const copy = new Uint8Array(key)
  let derived: Promise<DerivedKeys> | undefined
  return {
    id,
    derived() {
      // A platform that fails once may do it the next time: the bytes are there until it has.
      derived ??= derive(copy).catch((cause: unknown) => {
        derived = undefined
        throw cause
      })
      return derived
    },
  }
}

/** Both keys of a master key; the bytes are wiped, as the platform holds them from here on. */
async function derive(master: Bytes): Promise<DerivedKeys> {
  const { subtle } = platform.crypto
  const base = await subtle.importKey('raw', master, 'HKDF', false, ['deriveKey'])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array() }
  const sealing = await subtle.deriveKey(
    { ...hkdf, info: frame([SEAL]) },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
  const digesting = await subtle.deriveKey(
    { ...hkdf, info: frame([DIGEST]) },
    base,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign', 'verify'],
  )
  master.fill(0)
  return { sealing, digesting }
}

/** What a token belongs to, as bytes. */
function bind(format: string, keyId: string, context: SecretContext): Bytes {
  assertObject(context, 'context')
  assertOneOf(context.purpose, 'context.purpose', PURPOSES)
  // Lone surrogates all become U+FFFD in UTF-8: two contexts would be one.
  assertText(context.userId, 'context.userId', 1, 255)
  assertText(context.id, 'context.id', 1, 255)
  return frame([format, keyId, context.purpose, context.userId, context.id])
}

/** The same with what is digested behind it; the frame ends by itself, so the two cannot run into each other. */
function bindPlain(keyId: string, context: SecretContext, plain: Uint8Array): Bytes {
  assertBytes(plain, 'plain', 1, MOST_BYTES)
  const bound = bind(DIGEST, keyId, context)
  const message = new Uint8Array(bound.length + plain.length)
  message.set(bound)
  message.set(plain, bound.length)
  return message
}

/** Each part as UTF-8 behind its length in two bytes: ("ab", "c") and ("a", "bc") differ. */
function frame(parts: readonly string[]): Bytes {
  const encoder = new platform.TextEncoder()
  const encoded = parts.map((part) => encoder.encode(part))
  const framed = new Uint8Array(encoded.reduce((length, bytes) => length + 2 + bytes.length, 0))
  let at = 0
  for (const bytes of encoded) {
    framed.set([bytes.length >> 8, bytes.length & 255], at)
    framed.set(bytes, at + 2)
    at += 2 + bytes.length
  }
  return framed
}

/** What stands between the dots behind the format; null for what is no such text, whatever it is. */
function partsOf(text: unknown, pattern: RegExp): [keyId: string, second: string, third: string] | null {
  const found = typeof text === 'string' ? pattern.exec(text) : null
  return found && (found.slice(1) as [string, string, string])
}

function decode(part: string): Bytes {
  return decodeBase64Url(part) ?? fail('a part of the token or digest is not base64url')
}

function fail(message: string, options?: { cause: unknown }): never {
  throw new LeewayError('ERR_CIPHER', message, options)
}
