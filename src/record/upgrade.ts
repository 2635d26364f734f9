import { isObject } from '../assert.js'
import { SCHEMA_VERSION } from '../enrollment/record.js'
import { LeewayError } from '../errors.js'

/** Makes a record of the next schema version out of one of the version it stands at. */
export type Upgrade = (stored: Record<string, unknown>) => Record<string, unknown>

/** `UPGRADES[n]` makes version n + 2 of version n + 1: the first version there was is 1. */
const UPGRADES: readonly Upgrade[] = []

/**
 * A stored record in the shape that this version writes. A record of a newer version is refused, never guessed at: during
 * a roll-out of a new leeway, processes of the old one fail closed.
 */
export function upgrade(
  stored: unknown,
  steps: readonly Upgrade[] = UPGRADES,
  current: number = SCHEMA_VERSION,
): unknown {
  if (!isObject(stored)) return stored
  const version = stored['schemaVersion']
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) return stored
  if (version > current) {
    throw new LeewayError(
      'ERR_RECORD',
      'the stored record was written by a newer version of leeway; upgrade this process',
    )
  }
  try {
    return steps.slice(version - 1).reduce<Record<string, unknown>>((record, step) => step(record), stored)
  } catch (cause) {
    // A step relies on the shape that its version wrote; one that does not find it has met a damaged record.
    throw new LeewayError('ERR_RECORD', `the stored record of schema version ${version} cannot be upgraded`, { cause })
  }
}
