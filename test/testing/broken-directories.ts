import type { PhaseCounts } from '../../src/ports/directory.js'
import type { OpenRepository } from '../../src/testing/index.js'
import { BROKEN_COUNTS } from './directory/counts.js'
import { BROKEN_FINDS } from './directory/finds.js'
import { BROKEN_HISTORY } from './directory/history.js'
import { BROKEN_LISTS } from './directory/lists.js'
import { BROKEN_PAGES } from './directory/pages.js'
import { BROKEN_PREFIXES } from './directory/prefixes.js'
import { BROKEN_PRUNING } from './directory/pruning.js'
import { BROKEN_REMINDERS } from './directory/reminders.js'
import { BROKEN_REPORTS } from './directory/reports.js'
import { BROKEN_SAVES } from './directory/saves.js'
import { type Broken, directory, type Store } from './directory/sound.js'

/** Directories that each break one promise, by what they do wrong. */
export const BROKEN: Broken = {
  ...BROKEN_FINDS,
  ...BROKEN_SAVES,
  ...BROKEN_LISTS,
  ...BROKEN_PREFIXES,
  ...BROKEN_PAGES,
  ...BROKEN_COUNTS,
  ...BROKEN_REMINDERS,
  ...BROKEN_REPORTS,
  ...BROKEN_HISTORY,
  ...BROKEN_PRUNING,
}

/** Sound over one connection, broken over several. */
export const BROKEN_APART: Readonly<Record<string, () => OpenRepository<Store>>> = {
  'count on each connection what was counted there first': () => {
    const sound = directory()
    const connect = (): Store => {
      let counted: PhaseCounts | null = null
      return {
        ...sound,
        async counts(now) {
          counted ??= await sound.counts(now)
          return counted
        },
      }
    }
    return { repository: sound, another: async () => connect() }
  },
  'know what was pruned on the connection that pruned': () => {
    const connect = (sound: Store): Store => {
      let last: number | null = null
      return {
        ...sound,
        async pruneHistory(before) {
          last = Math.max(last ?? 0, before)
          return sound.pruneHistory(before)
        },
        prunedBefore: async () => last,
      }
    }
    const shared = directory()
    return { repository: connect(shared), another: async () => connect(shared) }
  },
}

/** The sound one that they were made of. */
export const soundDirectory = (): Store => directory()
