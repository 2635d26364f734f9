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
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  return encodeBase64Url(bytes) === text ? bytes : null
}
