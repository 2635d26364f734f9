import process from 'node:process'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { modelRuns, told } from '../testing/model/runs.js'
import { processStores } from './process-stores.js'
import { openPlace } from './service-places.js'

/** How often it is run on each store; LEEWAY_MODEL_RUNS raises it. */
const RUNS = Number(process.env['LEEWAY_MODEL_RUNS'] ?? 48)
/** How many of them at once, so that stores which wait for their disk do so for several. */
const LANES = RUNS > 1000 ? 16 : 4
/** Against a hang, not a measure. */
const TIMEOUT_MS = 120_000 + RUNS * 5_000

const { stores, remove } = processStores()
afterAll(remove)

for (const { isHere, place } of stores) {
  const { store } = place()

  describe.runIf(isHere)(`a model beside two processes on one ${store}, ${RUNS} times`, { timeout: TIMEOUT_MS }, () => {
    it('says what they say, whatever is asked of them', async (test) => {
      const shared = place()
      const [one, other] = [await openPlace(shared, import.meta.url), await openPlace(shared, import.meta.url)]
      onTestFinished(async () => {
        await one.clear()
        await Promise.all([one.close(), other.close()])
      })
      const options = { repository: one.repository, another: other.repository }
      const figures = await modelRuns(() => options, RUNS, { lanes: LANES })
      await told(test, figures, store)
      expect(figures.runs).toBeGreaterThanOrEqual(RUNS)
    })
  })
}
