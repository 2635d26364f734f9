import type { Instant } from '../../totp/index.js'

/** Monday, 5 January 2026, 09:00:00 UTC. */
export const NOW: Instant = Date.UTC(2026, 0, 5, 9)

/** The instants from before the first boundary of a crowd to after the last. */
export const AROUND_NOW: readonly Instant[] = [NOW - 2, NOW - 1, NOW, NOW + 1, NOW + 2]
