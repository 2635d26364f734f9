import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // Properties and child processes on a busy machine: against a hang, not a measure.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most of the time is spent waiting, for servers, disks and browsers.
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'json-summary'],
      reportOnFailure: true,
      thresholds: { lines: 100, functions: 100, branches: 100, statements: 100 },
    },
  },
})
