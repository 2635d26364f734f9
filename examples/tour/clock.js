// @ts-check

/** @typedef {import('./notes.js').Notes} Notes */

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * The tour's clock: the real time, moved by whole days, so that a month passes while somebody reads. A phone shows codes
 * for the real time; therefore the story begins twelve days ago, arrives at today when it is time to scan, and goes on
 * into the future only when no phone is needed any more.
 *
 * @param {Notes} notes
 * @returns {() => number}
 */
export const tourClock = (notes) => () => Date.now() + notes.days * DAY_MS + notes.seconds * 1000

/** @param {number} instant */
export const date = (instant) =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'Europe/Berlin' }).format(instant)

/**
 * A deadline is the first instant outside the period; people are told the last day inside.
 *
 * @param {number} deadline
 */
export const lastDay = (deadline) => `the end of ${date(deadline - 1)}`
