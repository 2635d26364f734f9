// @ts-check
/**
 * For tests that are CommonJS, without any flag: @noble/hashes and qr are ES modules alone, and Jest's `require` cannot
 * load such; so they are compiled on the way, and nothing else is.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  testEnvironment: 'node',
  testTimeout: 60_000,
  testMatch: ['<rootDir>/jest.test.cjs'],
  transform: { '/node_modules/(@noble/hashes|qr)/.+\\.js$': '<rootDir>/es-module.cjs' },
  transformIgnorePatterns: ['/node_modules/(?!(@noble/hashes|qr)/)'],
}
