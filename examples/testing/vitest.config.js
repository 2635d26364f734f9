// @ts-check
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Properties take their time where the machine is busy.
  test: { include: ['vitest.test.js'], testTimeout: 60_000 },
})
