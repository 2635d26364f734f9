/**
 * A key URI as a QR code: for a page, or for a terminal.
 *
 * @module
 */
export { type QrSvgOptions, qrSvg } from './svg.js'
export { qrTerminal } from './terminal.js'
