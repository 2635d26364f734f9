// @ts-check
/**
 * leeway is made for both kinds of modules, but what it hashes with, @noble/hashes, is an ES module alone, which Jest's
 * own `require` cannot load. Two things work: Jest's support for ES modules, as here, which Node wants to be started with
 * `--experimental-vm-modules` for, and no transformation; or, where tests are CommonJS, a transformation of that one
 * package, as docs/testing.md has it.
 *
 * @type {import('jest').Config}
 */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/jest.test.js'],
  transform: {},
  // Properties take their time where the machine is busy.
  testTimeout: 60_000,
}
