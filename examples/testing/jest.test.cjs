// @ts-check
/** Stories in CommonJS: `npx jest --config examples/testing/jest.config.cjs` */
const { describe, it } = require('@jest/globals')
const { levelFor } = require('leeway/http')
const { given } = require('leeway/testing')

describe('a session', () => {
  it('is made for set-up alone once the deadline is over', async () => {
    await given(['requireEnrollment', { period: { days: 30 } }], { to: 'deadline' })
      .when(async ({ leeway }) => levelFor(await leeway.signIn('ada')))
      .expect({ answer: 'setup' })
  })

  it('is not made at all for somebody who is suspended', async () => {
    await given('suspend')
      .when(async ({ leeway }) => levelFor(await leeway.signIn('ada')))
      .expect({ answer: null })
  })
})
