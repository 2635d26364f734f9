/**
 * Milliseconds since the Unix epoch: a whole number from 0 to 8.64e15, the last that `Date` knows. The only unit of
 * time here, but for `period` and `t0`, which RFC 6238 counts in seconds.
 */
export type Instant = number
