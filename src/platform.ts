/**
 * All that leeway asks of a JavaScript runtime beyond ECMAScript, in one place: Node, Deno, Bun, workers and browsers
 * have it. Typed here, so that the build needs neither DOM nor Node types.
 */
interface Platform {
  crypto: { getRandomValues<Bytes extends Uint8Array>(bytes: Bytes): Bytes; randomUUID(): string; subtle: SubtleCrypto }
  atob(base64: string): string
  btoa(binary: string): string
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
  AbortController: new () => { readonly signal: Signal; abort(reason?: unknown): void }
  TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> }
  TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string }
}

/** What is needed of an `AbortSignal`. */
export interface Signal {
  readonly aborted: boolean
  readonly reason: unknown
  /** calls the listener once the signal is aborted */
  addEventListener(type: 'abort', listener: () => void): void
  /** calls it no more */
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A key the platform holds; its bytes cannot be read back. */
export interface CryptoKey {
  readonly extractable: boolean
}

type Bytes = Uint8Array<ArrayBuffer>

/** The few operations of WebCrypto that the cipher uses. */
interface SubtleCrypto {
  importKey(
    format: 'raw',
    key: Bytes,
    algorithm: string | object,
    extractable: boolean,
    usages: string[],
  ): Promise<CryptoKey>
  deriveKey(
    algorithm: object,
    base: CryptoKey,
    derived: object,
    extractable: boolean,
    usages: string[],
  ): Promise<CryptoKey>
  digest(algorithm: string, data: Bytes): Promise<ArrayBuffer>
  encrypt(algorithm: object, key: CryptoKey, data: Bytes): Promise<ArrayBuffer>
  decrypt(algorithm: object, key: CryptoKey, data: Bytes): Promise<ArrayBuffer>
  sign(algorithm: string, key: CryptoKey, data: Bytes): Promise<ArrayBuffer>
  verify(algorithm: string, key: CryptoKey, signature: Bytes, data: Bytes): Promise<boolean>
}

/** The runtime's globals, as leeway sees them. */
export const platform: Platform = globalThis as unknown as Platform

/** Bytes from the platform's secure generator: never from `options.random`. */
export function platformRandom(byteLength: number): Uint8Array<ArrayBuffer> {
  return platform.crypto.getRandomValues(new Uint8Array(byteLength))
}
