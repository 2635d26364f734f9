// @ts-check
import { fileURLToPath } from 'node:url'

/**
 * How mutants are tried; scripts/mutation.js says which, and docs/mutation.md why it is done so.
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  plugins: [fileURLToPath(new URL('./mutation/runner.js', import.meta.url))],
  testRunner: 'vitest-kept',
  vitest: { configFile: 'config/mutation/vitest.ts', related: false },
  coverageAnalysis: 'perTest',
  incremental: true,
  concurrency: 3,
  // For a busy machine: only mutants that end by themselves are in question.
  timeoutMS: 20_000,
  timeoutFactor: 1,
  disableTypeChecks: false,
  tempDirName: 'temp/stryker',
  // Only what these tests read: whatever else is written meanwhile must not stop a run.
  ignorePatterns: ['/*', '!/config', '!/docs', '!/src', '!/test', '!/package.json', '!/tsconfig.json', '/test/*.ts'],
  reporters: ['progress-append-only'],
  allowConsoleColors: false,
  warnings: false,
}
