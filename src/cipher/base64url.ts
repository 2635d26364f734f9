import { platform } from '../platform.js'

/** The bytes as base64url without padding (RFC 4648 5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  return platform
    .btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/**
 * The bytes that {@link encodeBase64Url} wrote; null for any other text. The spare bits of the last character must be
 * zero (RFC 4648 3.5): bytes have one spelling, so that no altered token opens.
 */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^(?:[\w-]{4})*(?:[\w-]{2,3})?$/.test(text)) return null
  const binary = platform.atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  // Not `Uint8Array.from`, which goes by iterators and takes three times as long.
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return encodeBase64Url(bytes) === text ? bytes : null
}
