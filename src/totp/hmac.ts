import { sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import type { CHash } from '@noble/hashes/utils.js'
import type { HashAlgorithm } from './parameters.js'

/** A hash of `@noble/hashes`. Only its public calls are used, none of its protected fields. */
type HashState = ReturnType<CHash['create']>

/**
 * What the HMACs of one algorithm work in, made once: most of the time of an HMAC over eight bytes would otherwise go
 * into making objects and collecting them. Sharing is safe because everything here is synchronous and no code of the
 * caller runs from {@link takeKey} to {@link wipeKey}: parameters were read before, and bytes are read by index.
 */
interface Workspace {
  readonly create: () => HashState
  /** never updated: every use starts from it, so that one which a stack overflow cut short cannot spoil the next */
  readonly blank: HashState
  readonly scratch: HashState
  readonly pad: Uint8Array
  readonly padView: DataView
  /** the pad again: noble buffers half a block, but makes a DataView for each whole one */
  readonly padHalves: readonly [Uint8Array, Uint8Array]
  readonly digest: Uint8Array
  readonly digestView: DataView
}

/** A key as HMAC uses it: the hash states after its two padded blocks (RFC 2104 2). As secret as the key itself. */
export interface HmacKey {
  readonly inner: HashState
  readonly outer: HashState
  readonly workspace: Workspace
}

const hashes: Readonly<Record<HashAlgorithm, CHash>> = { SHA1: sha1, SHA256: sha256, SHA512: sha512 }
const sharedKeys: { [algorithm in HashAlgorithm]?: HmacKey } = {}
const counterBytes: Uint8Array<ArrayBuffer> = /* @__PURE__ */ new Uint8Array(8)
const counterView: DataView = /* @__PURE__ */ new DataView(counterBytes.buffer)

/** Made at the first use, so that importing costs nothing and nobody pays for SHA-512 who never meets it. */
function sharedKey(algorithm: HashAlgorithm): HmacKey {
  const made = sharedKeys[algorithm]
  if (made !== undefined) return made
  const { create } = hashes[algorithm]
  const blank = create()
  const pad = new Uint8Array(blank.blockLen)
  const half = blank.blockLen / 2
  const digest = new Uint8Array(blank.outputLen)
  const workspace: Workspace = {
    create,
    blank,
    scratch: create(),
    pad,
    padView: new DataView(pad.buffer),
    padHalves: [pad.subarray(0, half), pad.subarray(half)],
    digest,
    digestView: new DataView(digest.buffer),
  }
  const key = { inner: create(), outer: create(), workspace }
  sharedKeys[algorithm] = key
  return key
}

function absorb(key: HmacKey, secret: Uint8Array): HmacKey {
  const { blank, scratch, pad } = key.workspace
  // A use that was cut short may have left bytes here.
  pad.fill(0)
  if (secret.length > pad.length) {
    // A copy, so that the hash is handed no object of the caller.
    const copy = new Uint8Array(secret)
    blank._cloneInto(scratch)
    scratch.update(copy)
    scratch.digestInto(pad)
    copy.fill(0)
  } else {
    pad.set(secret)
  }
  absorbPad(key.workspace, key.inner, 0x36363636)
  absorbPad(key.workspace, key.outer, 0x36363636 ^ 0x5c5c5c5c)
  pad.fill(0)
  return key
}

function absorbPad({ blank, padView, padHalves }: Workspace, state: HashState, mask: number): void {
  for (let at = 0; at < padView.byteLength; at += 4) padView.setUint32(at, padView.getUint32(at) ^ mask)
  blank._cloneInto(state)
  state.update(padHalves[0])
  state.update(padHalves[1])
}

/**
 * The key of a secret of 1 to 128 bytes, in states that the next call reuses: call {@link wipeKey} before returning to
 * the caller, and nothing of the caller's in between.
 */
export function takeKey(algorithm: HashAlgorithm, secret: Uint8Array): HmacKey {
  return absorb(sharedKey(algorithm), secret)
}

/** The key of a secret of 1 to 128 bytes, in states of its own. Only what it shares with others is ever wiped. */
export function keepKey(algorithm: HashAlgorithm, secret: Uint8Array): HmacKey {
  const { workspace } = sharedKey(algorithm)
  const key = absorb({ inner: workspace.create(), outer: workspace.create(), workspace }, secret)
  wipeWorkspace(key)
  return key
}

/**
 * The 31 bits that RFC 4226 5.3 takes from the HMAC of a counter from 0 to 2^53 - 1. Makes no BigInt and no array: they
 * would cost more than the hash does.
 */
export function truncatedHmac(key: HmacKey, counter: number): number {
  const { scratch, digest, digestView } = key.workspace
  counterView.setUint32(0, counter / 0x1_0000_0000)
  counterView.setUint32(4, counter)
  key.inner._cloneInto(scratch)
  scratch.update(counterBytes)
  scratch.digestInto(digest)
  key.outer._cloneInto(scratch)
  scratch.update(digest)
  scratch.digestInto(digest)
  return digestView.getUint32(digestView.getUint8(digest.length - 1) & 0xf) & 0x7fff_ffff
}

/**
 * Forgets the last HMAC: it is worth one code. A JavaScript engine may have copied any of it, and the message schedule
 * inside the hash library is wiped by the library; this bounds what a later memory dump finds, and promises no more.
 */
export function wipeWorkspace(key: HmacKey): void {
  key.workspace.scratch.destroy()
  key.workspace.digest.fill(0)
}

/** Forgets a key of {@link takeKey}: its states are worth the secret. */
export function wipeKey(key: HmacKey): void {
  key.inner.destroy()
  key.outer.destroy()
  wipeWorkspace(key)
}
