import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { keptThread } from './kept-thread.js'

const fewerRuns = fileURLToPath(new URL('./fewer-runs.js', import.meta.url))

/** What mutants are tried with: the tests of their own folder, which ask nothing of other processes. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  plugins: [
    {
      name: 'fewer-runs',
      enforce: 'pre',
      resolveId: (source, importer) => (source === 'fast-check' && importer !== fewerRuns ? fewerRuns : null),
    },
    { name: 'kept-thread', configureVitest: keptThread },
  ],
  test: {
    include: [`test/${process.env['LEEWAY_MUTATED']}/**/*.test.ts`],
    isolate: false,
    setupFiles: ['config/mutation/setup.js'],
    reporters: [{}],
    testTimeout: 60_000,
  },
})
