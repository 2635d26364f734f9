// @ts-check
import { ThreadsPoolWorker } from 'vitest/node'

/** @typedef {import('vitest/node').PoolWorker} PoolWorker */
/** @typedef {(value: any) => void} Listener */

/** How many mutants are tried in one thread: Vitest leaves some listeners behind in it at each. */
const MUTANTS = 50

/**
 * Keeps the thread in which tests run, and the modules that it has loaded, from one mutant to the next: most of the time of
 * a mutant would otherwise go into starting them. A mutant that is said to be static, as it is at work while modules are
 * loaded, has a thread of its own.
 * @param {import('vitest/node').VitestPluginContext} context
 */
export function keptThread({ vitest, project }) {
  /** @type {{ thread: ThreadsPoolWorker, ready: Promise<void>, mutants: number } | null} */
  let kept = null

  async function stop() {
    const stopped = kept
    kept = null
    await stopped?.thread.stop()
  }
  vitest.onClose(stop)

  /**
   * What Vitest takes for a thread of one run.
   * @param {import('vitest/node').PoolOptions} options
   * @returns {PoolWorker}
   */
  function createPoolWorker(options) {
    // Stryker tells its tests in this way which mutant is at work, and how.
    const told = /** @type {{ mode?: string, mutantActivation?: string }} */ (project.getProvidedContext())
    const isKept = told.mode === 'mutant' && told.mutantActivation === 'runtime'
    const thread = () => {
      if (kept === null) throw new Error('the thread has not been started, or was stopped')
      return kept.thread
    }
    /** @type {[event: string, listener: Listener][]} */
    let listeners = []

    return {
      name: 'kept-thread',
      async start() {
        if (!isKept || (kept !== null && kept.mutants >= MUTANTS)) await stop()
        if (kept === null) {
          const fresh = new ThreadsPoolWorker(options)
          kept = { thread: fresh, ready: fresh.start(), mutants: 0 }
        }
        kept.mutants += 1
        await kept.ready
      },
      on(event, listener) {
        listeners.push([event, listener])
        thread().on(event, listener)
      },
      off(event, listener) {
        listeners = listeners.filter((one) => one[1] !== listener)
        thread().off(event, listener)
      },
      send(message) {
        const { type } = /** @type {{ type?: string }} */ (message)
        if (type !== 'stop') return thread().send(message)
        // The thread is not told: it would listen to nothing any more.
        for (const [event, listener] of listeners) {
          if (event === 'message') listener({ type: 'stopped', __vitest_worker_response__: true })
        }
      },
      async stop() {
        for (const [event, listener] of listeners) kept?.thread.off(event, listener)
        listeners = []
        if (!isKept) await stop()
      },
      deserialize: (data) => data,
    }
  }

  project.config.pool = 'kept-thread'
  project.config.poolRunner = { name: 'kept-thread', createPoolWorker }
}
